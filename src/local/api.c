/* api.c - the service's door. */
#include "local/api.h"

#include <stdio.h>

#include "local/auth.h"
#include "local/sts_api.h"

/* ---- answers -------------------------------------------------------------------------------------------------- */

void local_answer_add(struct local_answer *a, const char *name, jn_str value)
{
    a->headers[a->count++] = (struct base_header){ jn_str_of(name), value };
}

void local_answer_add_common(struct local_answer *a, const char *id)
{
    local_answer_add(a, "x-amzn-RequestId", jn_str_of(id));
    local_answer_add(a, "x-amzn-Remapped-Content-Length", JN_STR("0"));
}

static void log_refusal(const struct local_site *site, const struct base_httpd_request *req, const char *id,
                        const struct local_refusal *r)
{
    const jn_str message = jn_buf_str(&r->message);
    const jn_str first_line = jn_str_sub(message, 0, jn_str_find(message, JN_STR("\n"), 0));
    const struct base_field fields[] = { { "request", jn_str_of(id) }, { "path", base_httpd_path(req) },
                                         { NULL, { NULL, 0 } } };
    base_log(site->log, BASE_WARN, fields, "refused with %d %s: %.*s", local_refusal_status(r->kind),
             local_refusal_code(r->kind), JN_ARG(first_line));
}

void local_reply_refusal(const struct local_site *site, struct base_httpd_request *req, const char *id,
                         const struct local_refusal *r)
{
    struct local_answer a = { .count = 0 };
    struct jn_buf body;
    char seconds[16];
    jn_buf_init(&body, 0);
    snprintf(seconds, sizeof seconds, "%d", r->retry_after_s);
    local_put_refusal(&body, r);
    local_answer_add(&a, "Content-Type", JN_STR("application/json"));
    local_answer_add_common(&a, id);
    local_answer_add(&a, "x-amzn-ErrorType", jn_str_of(local_refusal_code(r->kind)));
    if (r->kind == LOCAL_REFUSED_THROTTLED)
        local_answer_add(&a, "Retry-After", jn_str_of(seconds));
    log_refusal(site, req, id, r);
    base_httpd_reply(req, local_refusal_status(r->kind), a.headers, a.count, jn_buf_str(&body));
    jn_buf_clear(&body);
}

void local_reply_stopping(const struct local_site *site, struct base_httpd_request *req, const char *id)
{
    struct local_refusal r;
    local_refusal_init(&r);
    local_refuse(&r, LOCAL_REFUSED_UNAVAILABLE, "The local Lambda is stopping.");
    local_reply_refusal(site, req, id, &r);
    local_refusal_clear(&r);
}

/* ---- requests ------------------------------------------------------------------------------------------------- */

static bool is_sts(const struct local_request *q)
{
    return q->operation.kind == LOCAL_OP_STS;
}

static bool is_invoke(const struct local_request *q)
{
    return q->operation.kind == LOCAL_OP_INVOKE || q->operation.kind == LOCAL_OP_INVOKE_STREAMED ||
           q->operation.kind == LOCAL_OP_INVOKE_ASYNC;
}

static bool is_ours(const struct local_request *q)
{
    return q->operation.kind >= LOCAL_OP_GET_FAULTS;
}

static bool check_signature(const struct local_request *q, struct local_refusal *r)
{
    if (is_ours(q))
        return true;
    const struct local_site *site = q->api->site;
    struct lambda_sigv4_request s = {
        .method = base_httpd_method(q->http), .path = base_httpd_path(q->http), .query = base_httpd_query(q->http),
        .body = base_httpd_body(q->http),
    };
    s.headers = base_httpd_headers(q->http, &s.header_count);
    return local_auth_check(site, &s, is_sts(q) ? "sts" : "lambda", site->clock->wall_ms(site->clock), r);
}

static bool check_size(const struct local_request *q, struct local_refusal *r)
{
    if (is_invoke(q))
        return local_invoke_check_request_size(q, r);
    return !base_httpd_too_large(q->http) ||
           local_refuse(r, LOCAL_REFUSED_TOO_LARGE, "Request must be smaller than %zu bytes.",
                        base_httpd_body_size(q->http));
}

static bool run(struct local_request *q, struct local_refusal *r)
{
    if (is_sts(q))
        return local_sts_run(q, r);
    if (is_ours(q))
        return local_fault_run(q, r);
    if (is_invoke(q))
        return local_invoke_run(q, r);
    if (q->operation.kind != LOCAL_NO_OPERATION)
        return local_control_run(q, r);
    const jn_str method = base_httpd_method(q->http), path = base_httpd_path(q->http);
    return local_refuse(r, LOCAL_REFUSED_UNKNOWN_OPERATION, "Unable to determine service/operation name to be "
                        "authorized: there is no %.*s %.*s here", JN_ARG(method), JN_ARG(path));
}

static void refuse(const struct local_request *q, const struct local_refusal *r)
{
    if (is_sts(q))
        local_sts_reply_refusal(q, r);
    else
        local_reply_refusal(q->api->site, q->http, q->id, r);
}

/* The size comes before the signature, since a body that was not kept cannot be hashed. */
static void handle(struct local_request *q)
{
    struct local_refusal r;
    struct jn_arena memory;
    local_refusal_init(&r);
    jn_arena_init(&memory, 0);
    q->memory = &memory;
    q->operation = local_operation_find(base_httpd_method(q->http), base_httpd_path(q->http));
    const bool is_admitted = q->was_held || (check_size(q, &r) && check_signature(q, &r));
    if (!is_admitted || !run(q, &r))
        refuse(q, &r);
    q->memory = NULL;
    jn_arena_clear(&memory);
    local_refusal_clear(&r);
}

void local_api_handle(struct base_httpd_request *req, void *arg)
{
    struct local_api *api = arg;
    struct local_request q = { .api = api, .http = req };
    base_random_uuid(api->site->random, q.id);
    if (api->is_stopping)
        local_reply_stopping(api->site, req, q.id);
    else
        handle(&q);
}

void local_api_resume(struct local_api *api, struct base_httpd_request *req, const char *id)
{
    struct local_request q = { .api = api, .http = req, .was_held = true };
    memcpy(q.id, id, sizeof q.id);
    handle(&q);
}
