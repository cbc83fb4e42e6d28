/* cred_driver.c - asks the credential chain once and tells what came of it, for credentials_test.py:
 *
 *   cred_driver [PROFILE]     {"access":"AKIA...","token":"...","expires":"2026-...","source":"..."}, {"failed":"..."}
 *
 * The secret is printed as its digest: enough to compare. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "lambda/cred.h"

struct answer {
    struct base_loop *loop;
    struct lambda_cred *cred;
    struct jn_buf out;
};

static void put(struct jn_buf *out, const char *name, jn_str value)
{
    jn_buf_append_fmt(out, "%s\"%s\":\"", out->len ? "," : "{", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            jn_buf_append_char(out, '\\');
        jn_buf_append_char(out, value.data[i]);
    }
    jn_buf_append_char(out, '"');
}

static void put_keys(struct answer *a, const struct lambda_keys *keys)
{
    unsigned char digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1], end[32] = "";
    base_sha256(digest, lambda_keys_secret(keys));
    base_hex(hex, digest, sizeof digest);
    if (lambda_keys_expires_ms(keys))
        base_time_iso(end, lambda_keys_expires_ms(keys));
    put(&a->out, "access", lambda_keys_access(keys));
    put(&a->out, "secret_sha256", jn_str_of(hex));
    put(&a->out, "token", lambda_keys_token(keys));
    put(&a->out, "expires", jn_str_of(end));
    put(&a->out, "source", jn_str_of(lambda_cred_source(a->cred)));
}

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct answer *a = arg;
    if (keys)
        put_keys(a, keys);
    else
        put(&a->out, "failed", jn_str_of(failed->message));
    base_loop_stop(a->loop);
}

static enum jn_status ask(struct answer *a, const char *profile, struct jn_error *err)
{
    const struct lambda_cred_options opt = { .profile = profile, .env = base_env_system(),
                                             .clock = base_clock_system() };
    enum jn_status s = lambda_cred_new(a->loop, &opt, &a->cred, err);
    if (!s)
        s = lambda_cred_get(a->cred, on_keys, a, err);
    if (!s)
        base_loop_run(a->loop);
    return s;
}

int main(int argc, char **argv)
{
    struct answer a = { 0 };
    struct jn_error err = { 0 };
    jn_buf_init(&a.out, 0);
    if (base_loop_new(&a.loop, &err))
        return 1;
    if (ask(&a, argc > 1 ? argv[1] : NULL, &err))
        put(&a.out, "failed", jn_str_of(err.message));
    printf("%s}\n", a.out.data ? a.out.data : "{");
    lambda_cred_free(a.cred);
    base_loop_free(a.loop);
    jn_buf_clear(&a.out);
    return 0;
}
