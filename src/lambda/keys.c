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

/* ---- pairs --------------------------------------------------------------------------------------------------- */

/* Keys are printable ASCII without blanks; anything else is a slip of copy and paste, and would break a header. */
static enum jn_status check_text(jn_str text, const char *name, const char *place, struct jn_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c > ' ' && c < 0x7f)
            continue;
        const char *what = c == ' ' ? "a blank" : c == '\n' || c == '\r' ? "a line break" : "a character no key has";
        return jn_fail(err, JN_BAD_VALUE, "%s in %s holds %s at position %zu of %zu; copy it again", name, place, what,
                       i + 1, text.len);
    }
    return JN_OK;
}

enum jn_status lambda_keys_of(const struct lambda_key_pair *pair, struct lambda_keys **out, struct jn_error *err)
{
    const bool has_access = pair->access.len > 0, has_secret = pair->secret.len > 0;
    if (!has_access && !has_secret)
        return JN_NOT_FOUND;
    if (has_access != has_secret)
        return jn_fail(err, JN_BAD_VALUE, "%s is missing in %s: %s is set, and AWS needs both",
                       has_access ? pair->secret_name : pair->access_name, pair->place,
                       has_access ? pair->access_name : pair->secret_name);
    enum jn_status s = check_text(pair->access, pair->access_name, pair->place, err);
    if (!s)
        s = check_text(pair->secret, pair->secret_name, pair->place, err);
    if (!s)
        s = check_text(pair->token, pair->token_name, pair->place, err);
    if (s)
        return s;
    struct lambda_keys *keys = lambda_keys_new(pair->access, pair->secret, pair->token, pair->expires_ms);
    if (!keys)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS keys");
    *out = keys;
    return JN_OK;
}
