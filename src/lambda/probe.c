/* probe.c - see probe.h. */
#include "lambda/probe.h"

#include <stdlib.h>

#include "lambda/call.h"
#include "lambda/retry_class.h"

enum { TIMEOUT_MS = 15000 };

/* ---- the endpoint -------------------------------------------------------------------------------------------- */

struct probe {
    const struct base_clock *clock;
    lambda_probe_fn *fn;
    void *arg;
};

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct probe *x = arg;
    struct lambda_probe p = { .answer = r };
    int64_t server_ms;
    p.has_clock = !r->status && lambda_server_time(r->headers, r->header_count, &server_ms);
    if (p.has_clock)                        // "Date" knows whole seconds
        p.clock_offset_ms = server_ms + 500 - x->clock->wall_ms(x->clock);
    x->fn(&p, x->arg);
    free(x);
}

enum jn_status lambda_client_probe(struct lambda_client *c, lambda_probe_fn *fn, void *arg, struct jn_error *err)
{
    struct probe *x = malloc(sizeof *x);
    struct jn_buf url;
    if (!x)
        return jn_fail(err, JN_NO_MEMORY, "no memory to ask the endpoint");
    *x = (struct probe){ .clock = c->clock, .fn = fn, .arg = arg };
    jn_buf_init(&url, 0);
    jn_buf_append(&url, jn_buf_str(&c->target.endpoint));
    jn_buf_append_char(&url, '/');
    const struct base_http_request request = {
        .method = "GET", .url = url.data, .connect_timeout_ms = c->connect_timeout_ms, .total_timeout_ms = TIMEOUT_MS,
        .wants_peer = true,
    };
    const enum jn_status s = url.failed ? jn_fail(err, JN_NO_MEMORY, "no memory to ask the endpoint")
                                        : base_http_send(c->http, &request, on_answer, x, NULL, err);
    jn_buf_clear(&url);
    if (s)
        free(x);
    return s;               // NOLINT(clang-analyzer-unix.Malloc): on_answer() frees it
}

/* ---- the keys ------------------------------------------------------------------------------------------------ */

struct whoami {
    struct lambda_client *client;
    struct lambda_target target;
    struct lambda_whoami found;
    lambda_whoami_fn *fn;
    void *arg;
};

static void end(struct whoami *x)
{
    x->fn(&x->found, x->arg);
    lambda_target_clear(&x->target);
    free(x);
}

static void on_identity(const struct jn_error *failed, const struct lambda_identity *who, void *arg)
{
    struct whoami *x = arg;
    x->found.failed = failed;
    x->found.who = failed ? NULL : who;
    end(x);
}

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct whoami *x = arg;
    struct jn_error err = { 0 };
    x->found.no_keys = failed;
    if (failed) {
        end(x);
        return;
    }
    lambda_key_mask(lambda_keys_access(keys), x->found.access_key);
    x->found.has_session = lambda_keys_token(keys).data;
    x->found.expires_ms = lambda_keys_expires_ms(keys);
    const struct lambda_sts_options sts = { .http = x->client->http, .clock = x->client->clock, .keys = keys,
                                            .timeout_ms = TIMEOUT_MS, .target = &x->target };
    if (lambda_sts_ask(&sts, on_identity, x, NULL, &err) == JN_OK)
        return;
    x->found.failed = &err;
    end(x);
}

enum jn_status lambda_client_whoami(struct lambda_client *c, const struct base_env *env, lambda_whoami_fn *fn,
                                    void *arg, struct jn_error *err)
{
    struct whoami *x = calloc(1, sizeof *x);
    if (!x)
        return jn_fail(err, JN_NO_MEMORY, "no memory to ask who the keys belong to");
    *x = (struct whoami){ .client = c, .fn = fn, .arg = arg };
    const struct lambda_target_options target = { .service = "sts", .region = lambda_client_region(c), .env = env,
                                                  .cred = c->cred };
    enum jn_status s = lambda_target_init(&x->target, &target, err);
    if (!s)
        s = lambda_cred_get(c->cred, on_keys, x, err);
    if (s) {
        lambda_target_clear(&x->target);
        free(x);
    }
    return s;
}
