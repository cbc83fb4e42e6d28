/* keys.c - a set of keys, shared by reference.  One block of memory, wiped when the last user lets go. */
#include <assert.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "lambda/cred_source.h"

struct lambda_keys {
    unsigned refs;
    int64_t expires_ms;
    size_t size;                        /* of the whole block, for wiping */
    jn_str access, secret, token;       /* in `text` */
    char text[];
};

static jn_str put(char **at, jn_str s)
{
    if (s.len)
        memcpy(*at, s.data, s.len);
    const jn_str copy = { *at, s.len };
    *at += s.len;
    return copy;
}

struct lambda_keys *lambda_keys_new(jn_str access_key, jn_str secret_key, jn_str session_token, int64_t expires_ms)
{
    const size_t size = sizeof(struct lambda_keys) + access_key.len + secret_key.len + session_token.len;
    struct lambda_keys *k = malloc(size);
    if (!k)
        return NULL;
    *k = (struct lambda_keys){ .refs = 1, .expires_ms = expires_ms, .size = size };
    char *at = k->text;
    k->access = put(&at, access_key);
    k->secret = put(&at, secret_key);
    if (session_token.len)
        k->token = put(&at, session_token);
    return k;
}

struct lambda_keys *lambda_keys_ref(struct lambda_keys *k)
{
    k->refs++;
    return k;
}

void lambda_keys_unref(struct lambda_keys *k)
{
    if (!k)
        return;
    assert(k->refs > 0);
    if (--k->refs > 0)
        return;
    base_wipe(k, k->size);
    free(k);
}

jn_str lambda_keys_access(const struct lambda_keys *k)
{
    return k->access;
}

jn_str lambda_keys_secret(const struct lambda_keys *k)
{
    return k->secret;
}

jn_str lambda_keys_token(const struct lambda_keys *k)
{
    return k->token;
}

int64_t lambda_keys_expires_ms(const struct lambda_keys *k)
{
    return k->expires_ms;
}
