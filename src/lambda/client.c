/* client.c - invoking functions: a call's life from the check of its request to the meaning of its answer.
 *
 *   lambda_invoke_start -> [waiting for keys] -> sent -> answered -> the callback -> idle
 *
 * A call is sent once.  It is signed when it is sent, with the date of that moment.  Calls that ended are kept with
 * their memory for the next ones, so that in steady state a call takes none from the system here.  Signing and
 * building a URL happen between two events of the loop: one set of buffers in the client serves all calls. */
#include "lambda/client.h"

#include <stdlib.h>

#include "core/arena.h"
#include "lambda/explain.h"
#include "lambda/request.h"
#include "lambda/retry_class.h"
#include "lambda/signed.h"

enum {
    MAX_IDLE = 64,                          /* ended calls that are kept */
    CONNECT_TIMEOUT_MS = 5000,
    CALL_TIMEOUT_MS = 910 * 1000,           /* 900 s is a function's longest run */
};

struct lambda_call {
    struct lambda_client *client;
    struct lambda_call *next, **self;       /* among the client's calls in flight, or its idle ones */
    struct base_http_call *http;            /* NULL: waiting for keys */
    bool is_cancelled;                      /* while waiting for keys, which still come */
    struct lambda_invoke req;               /* texts in `arena`, except the payload, which is borrowed */
    jn_str access_key;                      /* the one it was signed with, for sentences */
    lambda_done_fn *done;
    void *arg;
    struct jn_arena arena;
};

struct lambda_client {
    struct base_http *http;
    struct lambda_cred *cred;
    const struct base_clock *clock;
    const struct base_log *log;
    struct lambda_target target;
    int64_t connect_timeout_ms, call_timeout_ms;
    struct lambda_signed sender;
    struct lambda_call *calls, *idle;
    unsigned idle_count;
    bool *is_freed;                         /* set while a callback runs: told if it frees the client */
};

/* ---- calls that are kept ------------------------------------------------------------------------------------- */

static void link_call(struct lambda_call **list, struct lambda_call *call)
{
    call->next = *list;
    call->self = list;
    if (*list)
        (*list)->self = &call->next;
    *list = call;
}

static void unlink_call(struct lambda_call *call)
{
    *call->self = call->next;
    if (call->next)
        call->next->self = call->self;
}

static void free_call(struct lambda_call *call)
{
    jn_arena_clear(&call->arena);
    free(call);
}

static void free_calls(struct lambda_call *call)
{
    while (call) {
        struct lambda_call *next = call->next;
        free_call(call);
        call = next;
    }
}

/* A call in flight with nothing in it; NULL without memory. */
static struct lambda_call *take_call(struct lambda_client *c)
{
    struct lambda_call *call = c->idle;
    if (call) {
        unlink_call(call);
        c->idle_count--;
    } else {
        call = calloc(1, sizeof *call);
        if (!call)
            return NULL;
        call->client = c;
        jn_arena_init(&call->arena, 0);
    }
    link_call(&c->calls, call);
    return call;
}

static void give_back(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    unlink_call(call);
    if (c->idle_count == MAX_IDLE) {
        free_call(call);
        return;
    }
    jn_arena_reset(&call->arena);
    call->http = NULL;
    call->is_cancelled = false;
    link_call(&c->idle, call);
    c->idle_count++;
}

/* ---- life of the client -------------------------------------------------------------------------------------- */

static enum jn_status set_up(struct lambda_client *c, struct base_loop *l, const struct lambda_client_options *opt,
                             struct jn_error *err)
{
    enum jn_status s = lambda_cred_new(l, &opt->cred, &c->cred, err);
    if (s)
        return s;
    const struct lambda_target_options target = { .service = "lambda", .region = opt->region,
                                                  .endpoint = opt->endpoint, .env = opt->cred.env, .cred = c->cred };
    s = lambda_target_init(&c->target, &target, err);
    if (s)
        return s;
    const struct base_http_options http = {
        .ca_bundle = lambda_ca_bundle(opt->ca_bundle, opt->cred.env, c->cred), .log = opt->log,
    };
    return base_http_new(l, &http, &c->http, err);
}

enum jn_status lambda_client_new(struct base_loop *l, const struct lambda_client_options *opt,
                                 struct lambda_client **out, struct jn_error *err)
{
    struct lambda_client *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the Lambda client");
    c->clock = opt->cred.clock;
    c->log = opt->log;
    c->connect_timeout_ms = opt->connect_timeout_ms ? opt->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    c->call_timeout_ms = opt->call_timeout_ms ? opt->call_timeout_ms : CALL_TIMEOUT_MS;
    lambda_signed_init(&c->sender);
    const enum jn_status s = set_up(c, l, opt, err);
    if (s) {
        lambda_client_free(c);
        return s;
    }
    base_trace(c->log, BASE_TRACE_LAMBDA, "client for %s, region %s", lambda_client_endpoint(c),
               lambda_client_region(c));
    *out = c;
    return JN_OK;
}

void lambda_client_free(struct lambda_client *c)
{
    if (!c)
        return;
    if (c->is_freed)
        *c->is_freed = true;
    if (c->http)
        base_http_free(c->http);
    lambda_cred_free(c->cred);              // from here on nobody calls back
    free_calls(c->calls);
    free_calls(c->idle);
    lambda_target_clear(&c->target);
    lambda_signed_clear(&c->sender);
    free(c);
}

const char *lambda_client_endpoint(const struct lambda_client *c)
{
    return c->target.endpoint.data;
}

const char *lambda_client_region(const struct lambda_client *c)
{
    return c->target.region.data;
}

/* ---- the end of a call --------------------------------------------------------------------------------------- */

/* Reports the outcome.  The callback may free the client, and with it the call. */
static void finish(struct lambda_call *call, struct lambda_outcome *o)
{
    struct lambda_client *c = call->client;
    bool is_freed = false;
    o->arena = &call->arena;
    base_trace(c->log, BASE_TRACE_LAMBDA, "%.*s: %s%s%s, HTTP %d, %lld us, request %.*s", JN_ARG(call->req.function),
               o->status ? jn_status_text(o->status) : "answered", o->status ? ": " : "",
               o->status ? o->error.message : "",
               o->http_status, (long long)o->duration_us,
               JN_ARG(o->status == JN_REMOTE ? o->service.request_id : o->invoked.request_id));
    c->is_freed = &is_freed;
    call->done(o, call->arg);
    if (is_freed)
        return;
    c->is_freed = NULL;
    give_back(call);
}

/* No answer came.  `why` is the HTTP client's sentence; ours says which call, and what is known of it. */
static void fail_transport(const struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_client *c = call->client;
    const jn_str function = jn_str_sub(call->req.function, 0, 100);
    o->status = r->status;
    o->outcome_unknown = r->sent && call->req.type != LAMBDA_DRY_RUN;
    const char *known = o->outcome_unknown ? "; the function may have run"
                        : r->refused       ? "; the function did not run" : "";
    jn_fail_code(&o->error, r->status, jn_str_of(r->error.code), "cannot call function \"%.*s\" at %.*s: %.*s%s",
                 JN_ARG(function), JN_ARG(jn_str_sub(jn_buf_str(&c->target.endpoint), 0, 120)),
                 JN_ARG(jn_str_sub(jn_str_of(r->error.message), 0, 220)), known);
}

/* The service, or something in between, refused. */
static void fail_remote(struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_client *c = call->client;
    const int64_t now_ms = c->clock->wall_ms(c->clock);
    o->status = lambda_read_service_error(&call->arena, "lambda", r->http_status, r->headers, r->header_count, r->body,
                                          now_ms, &o->service);
    if (o->status) {
        jn_fail(&o->error, o->status, "no memory to read the error that the service answered with");
        return;
    }
    const bool is_redirect = r->http_status >= 300 && r->http_status < 400;
    const struct lambda_explain x = {
        .service = &o->service,
        .http_status = r->http_status,
        .function = call->req.function,
        .qualifier = call->req.qualifier,
        .region = jn_buf_str(&c->target.region),
        .endpoint = jn_buf_str(&c->target.endpoint),
        .access_key = call->access_key,
        .location = is_redirect ? base_header_get(r->headers, r->header_count, "location") : (jn_str){ NULL, 0 },
        .skew_ms = lambda_clock_skew(r->headers, r->header_count, now_ms),
    };
    o->status = lambda_explain(&x, &o->error);
    // A 5xx without a code is a proxy's: what became of the request behind it, nobody knows.
    o->outcome_unknown = r->http_status >= 500 && o->service.code.len == 0 && call->req.type != LAMBDA_DRY_RUN;
}

static bool is_success(int http_status)
{
    return http_status == 200 || http_status == 202 || http_status == 204;
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct lambda_call *call = arg;
    struct lambda_outcome o = { .http_status = r->http_status, .attempts = 1, .duration_us = r->total_us };
    call->http = NULL;
    if (r->status) {
        fail_transport(call, r, &o);
    } else if (is_success(r->http_status)) {
        o.status = lambda_read_invoked(&call->arena, r->http_status, r->headers, r->header_count, r->body, &o.invoked,
                                       &o.error);
        o.outcome_unknown = o.status != JN_OK;      // it ran, but what came of it is lost
    } else {
        fail_remote(call, r, &o);
    }
    finish(call, &o);
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static enum jn_status send_call(struct lambda_call *call, const struct lambda_keys *keys, struct jn_error *err)
{
    struct lambda_client *c = call->client;
    call->access_key = jn_arena_copy(&call->arena, lambda_keys_access(keys));
    if (jn_arena_failed(&call->arena))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    struct base_header headers[LAMBDA_INVOKE_HEADERS];
    const struct lambda_query qualifier = { "Qualifier", call->req.qualifier };
    const struct lambda_signed_request request = {
        .target = &c->target, .service = "lambda",
        .method = "POST", .pattern = LAMBDA_INVOKE_PATH, .label = call->req.function,
        .query = &qualifier, .query_count = qualifier.value.data != NULL,
        .headers = headers, .header_count = lambda_invoke_headers(&call->req, headers), .body = call->req.payload,
        .keys = keys, .now_ms = c->clock->wall_ms(c->clock),
        .connect_timeout_ms = c->connect_timeout_ms, .total_timeout_ms = c->call_timeout_ms,
    };
    const enum jn_status s = lambda_signed_send(&c->sender, c->http, &request, on_answer, call, &call->http, err);
    base_trace(c->log, BASE_TRACE_LAMBDA, "%.*s: POST %s, %zu bytes, key %.*s", JN_ARG(call->req.function),
               lambda_signed_url(&c->sender), call->req.payload.len, JN_ARG(call->access_key));
    return s;
}

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct lambda_call *call = arg;
    if (call->is_cancelled) {
        give_back(call);
        return;
    }
    struct lambda_outcome o = { 0 };
    if (keys) {
        o.status = send_call(call, keys, &o.error);
    } else {
        o.status = failed->status;
        o.error = *failed;
    }
    if (o.status)
        finish(call, &o);
}

/* Everything but the payload, so that the caller's request may be gone when the keys come. */
static enum jn_status copy_request(struct lambda_call *call, const struct lambda_invoke *req, struct jn_error *err)
{
    call->req = *req;
    call->req.function = jn_arena_copy(&call->arena, req->function);
    if (req->qualifier.data)
        call->req.qualifier = jn_arena_copy(&call->arena, req->qualifier);
    if (req->client_context.data)
        call->req.client_context = jn_arena_copy(&call->arena, req->client_context);
    if (req->trace_id.data)
        call->req.trace_id = jn_arena_copy(&call->arena, req->trace_id);
    if (req->traceparent.data)
        call->req.traceparent = jn_arena_copy(&call->arena, req->traceparent);
    return jn_arena_failed(&call->arena) ? jn_fail(err, JN_NO_MEMORY, "no memory for the call") : JN_OK;
}

enum jn_status lambda_invoke_start(struct lambda_client *c, const struct lambda_invoke *req, lambda_done_fn *done,
                                   void *arg, struct lambda_call **out, struct jn_error *err)
{
    struct lambda_name name;
    enum jn_status s = lambda_invoke_check(req, jn_buf_str(&c->target.region), &name, err);
    if (s)
        return s;
    struct lambda_call *call = take_call(c);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    call->done = done;
    call->arg = arg;
    s = copy_request(call, req, err);
    if (!s) {
        const struct lambda_keys *keys = lambda_cred_cached(c->cred);
        s = keys ? send_call(call, keys, err) : lambda_cred_get(c->cred, on_keys, call, err);
    }
    if (s)
        give_back(call);
    else if (out)
        *out = call;
    return s;
}

void lambda_call_cancel(struct lambda_call *call)
{
    base_trace(call->client->log, BASE_TRACE_LAMBDA, "%.*s: cancelled", JN_ARG(call->req.function));
    if (call->http) {
        base_http_cancel(call->http);
        give_back(call);
    } else {
        call->is_cancelled = true;
    }
}
