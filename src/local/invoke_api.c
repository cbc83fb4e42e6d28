/* invoke_api.c - Invoke requests in, answers out.
 *
 * A request is checked (invoke_check.c), becomes a call (call.h) and goes to a process of its version.  The call
 * outlives its caller: whoever hangs up does not stop the function, as on AWS.  `struct exchange` ties the two
 * together.  A caller of InvokeWithResponseStream is answered in pieces (stream_events.c), as the function sends them,
 * and holds the function back when he does not take them. */
#include "local/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "local/invoke_check.h"
#include "local/stream_events.h"

enum { UNSENT_MAX = 1 << 20 };  /* bytes that wait for a slow caller; his function waits above it */

struct exchange {
    struct local_api *api;
    struct base_httpd_request *req;     /* NULL: answered, or the caller is gone */
    struct local_call *call;
    bool wants_log, is_streamed;
    bool has_begun;                     /* the stream's head was sent */
    struct local_late *stream;          /* then, until its end */
    struct local_lateness late;         /* how the answer is to be */
};

/* ---- answers -------------------------------------------------------------------------------------------------- */

static void reply_outcome(struct exchange *x)
{
    const struct local_call *c = x->call;
    struct local_answer a = { .count = 0 };
    struct jn_buf text, log;
    jn_buf_init(&text, 0);
    jn_buf_init(&log, 0);
    local_answer_add(&a, "Content-Type", JN_STR("application/json"));
    local_answer_add_common(&a, c->id);
    local_answer_add(&a, "X-Amz-Executed-Version", jn_str_of(c->version->number));
    local_answer_add(&a, "X-Amzn-Trace-Id", jn_str_of(c->trace_id));
    if (c->failure)
        local_answer_add(&a, "X-Amz-Function-Error", jn_str_of(local_call_error_word(c)));
    if (x->wants_log) {
        local_tail_copy(&c->tail, &text);
        base_base64_encode(&log, jn_buf_str(&text));
        local_answer_add(&a, "X-Amz-Log-Result", jn_buf_str(&log));
    }
    local_late_reply(&x->api->lates, x->req, 200, a.headers, a.count, jn_buf_str(&c->payload), &x->late);
    jn_buf_clear(&text);
    jn_buf_clear(&log);
}

/* 202 for an event, 204 for a dry run: no body, no version. */
static void reply_empty(const struct local_request *q, int status, const char *trace_id,
                        const struct local_lateness *late)
{
    struct local_answer a = { .count = 0 };
    local_answer_add_common(&a, q->id);
    if (trace_id)
        local_answer_add(&a, "X-Amzn-Trace-Id", jn_str_of(trace_id));
    local_late_reply(&q->api->lates, q->http, status, a.headers, a.count, JN_STR(""), late);
}

/* ---- streamed answers ------------------------------------------------------------------------------------------ */

static void begin_stream(struct exchange *x)
{
    struct local_answer a = { .count = 0 };
    local_answer_add(&a, "Content-Type", JN_STR("application/vnd.amazon.eventstream"));
    local_answer_add_common(&a, x->call->id);
    local_answer_add(&a, "X-Amz-Executed-Version", jn_str_of(x->call->version->number));
    local_answer_add(&a, "X-Amzn-Trace-Id", jn_str_of(x->call->trace_id));
    x->stream = local_late_begin(&x->api->lates, x->req, 200, a.headers, a.count, &x->late);
    x->has_begun = true;
    if (!x->stream)
        x->req = NULL;
}

/* Takes `events`.  Without memory the stream is cut, which a caller sees, and nothing that follows is sent. */
static void send_events(struct exchange *x, struct jn_buf *events)
{
    if (!x->has_begun)
        begin_stream(x);
    if (events->failed && x->req) {
        local_late_drop(x->stream);
        x->req = NULL;
    }
    if (x->req)
        local_late_write(x->stream, jn_buf_str(events));
    jn_buf_clear(events);
}

static void on_drain(void *arg)
{
    const struct exchange *x = arg;
    local_call_go_on(x->call);
}

/* For who has hung up it is swallowed. */
static void on_piece(struct local_call *c, jn_str piece, void *arg)
{
    struct exchange *x = arg;
    struct jn_buf events;
    if (!x->req)
        return;
    jn_buf_init(&events, 0);
    local_put_chunks(&events, piece);
    send_events(x, &events);
    if (!x->req || local_late_unsent(x->stream) <= UNSENT_MAX)
        return;
    c->is_full = true;
    local_late_on_drain(x->stream, on_drain, x);
}

/* One that is to be cut off lacks its last event. */
static void end_stream(struct exchange *x)
{
    struct jn_buf events;
    jn_buf_init(&events, 0);
    if (x->late.is_cut)
        local_put_chunks(&events, x->call->failure ? JN_STR("") : jn_buf_str(&x->call->payload));
    else if (x->call->cancelled)
        local_put_stream_cancelled(&events);
    else
        local_put_stream_end(&events, x->call, x->wants_log);
    send_events(x, &events);
    if (x->req)
        local_late_end(x->stream);
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

static void reply_memory(const struct exchange *x)
{
    struct local_refusal r;
    local_refusal_init(&r);
    local_refuse_memory(&r);
    local_reply_refusal(x->api->site, x->req, x->call->id, &r);
    local_refusal_clear(&r);
}

static void free_exchange(struct exchange *x)
{
    local_call_free(x->call);
    free(x);
}

static void on_done(struct local_call *c, void *arg)
{
    struct exchange *x = arg;
    local_fleet_leave(x->api->fleet, c);
    if (x->req && c->cancelled && !x->has_begun)
        local_reply_stopping(x->api->site, x->req, c->id);
    else if (x->req && c->payload.failed && !x->has_begun)
        reply_memory(x);
    else if (x->req && x->is_streamed)
        end_stream(x);
    else if (x->req)
        reply_outcome(x);
    free_exchange(x);
}

static void on_gone(struct base_httpd_request *req, void *arg)
{
    (void)req;
    struct exchange *x = arg;
    x->req = NULL;
    if (x->has_begun)
        local_late_free(x->stream);
    local_call_go_on(x->call);
}

/* The caller's trace when it looks like one, else a new one.  Sampled=0: nobody collects it. */
static char *trace_id(const struct local_api *api, jn_str given)
{
    char *text = NULL, hex[33];
    unsigned char id[20];
    if (jn_str_starts(given, JN_STR("Root=")) && given.len <= 256)
        return strndup(given.data, given.len);
    base_random_bytes(api->site->random, id, sizeof id);
    base_hex(hex, id, 12);
    char parent[17];
    base_hex(parent, id + 12, 8);
    const int64_t now_s = api->site->clock->wall_ms(api->site->clock) / 1000;
    return asprintf(&text, "Root=1-%08" PRIx64 "-%s;Parent=%s;Sampled=0", now_s, hex, parent) < 0 ? NULL : text;
}

/* A call for a checked request; NULL without memory. */
static struct local_call *make_call(struct local_api *api, const struct local_invoke *v, const char *id,
                                    jn_str trace)
{
    struct local_call *c = local_call_new(v->target.version);
    if (!c)
        return NULL;
    memcpy(c->id, id, sizeof c->id);
    c->arn = strdup(v->target.arn);
    c->trace_id = trace_id(api, trace);
    c->client_context = v->client_context ? strdup(v->client_context) : NULL;
    jn_buf_append(&c->event, v->body.len > 0 ? v->body : JN_STR("{}"));
    if (c->arn && c->trace_id && (c->client_context || !v->client_context) && !c->event.failed)
        return c;
    local_call_free(c);
    return NULL;
}

static struct exchange *make_exchange(struct local_api *api, const struct local_invoke *v, const char *id,
                                      jn_str trace)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->api = api;
    x->wants_log = v->wants_log;
    x->is_streamed = local_invoke_is_streamed(v);
    x->call = make_call(api, v, id, trace);
    if (!x->call) {
        free(x);
        return NULL;
    }
    x->call->on_piece = x->is_streamed ? on_piece : NULL;
    x->call->done = on_done;
    x->call->arg = x;
    return x;
}

/* A process that cannot be started is the function's failure, and so an answer, not a refusal. */
static bool answer_unstartable(struct exchange *x, const struct jn_error *why)
{
    local_call_open_log(x->call);
    local_call_fail(x->call, LOCAL_FAILURE_ENTRYPOINT, jn_str_of(why->message));
    local_call_close_log(x->call);
    on_done(x->call, x);
    return true;
}

/* Takes the call on its way; its caller waits.  False: refused, not answered. */
static bool submit(struct exchange *x, struct base_httpd_request *req, struct local_refusal *r)
{
    struct local_call *c = x->call;
    struct jn_error err = { 0 };
    local_throttle why = NULL;
    const enum jn_status s = local_fleet_submit(x->api->fleet, c, &why, &err);
    if (s == JN_LIMIT || s == JN_NO_MEMORY) {
        free_exchange(x);
        r->reason = why;
        return s == JN_LIMIT ? local_refuse(r, LOCAL_REFUSED_THROTTLED, "Rate Exceeded.") : local_refuse_memory(r);
    }
    x->req = req;
    base_httpd_on_gone(req, on_gone, x);
    return s == JN_OK || answer_unstartable(x, &err);
}

/* Answered once it is on the disk. */
static bool accept_event(const struct local_request *q, const struct local_invoke *v, const struct local_lateness *late,
                         struct local_refusal *r)
{
    struct jn_error err = { 0 };
    char *trace = trace_id(q->api, base_httpd_header(q->http, "X-Amzn-Trace-Id"));
    const struct local_event event = {
        .request_id = jn_str_of(q->id), .function = jn_str_of(v->target.function->name),
        .qualifier = v->target.qualifier.data ? v->target.qualifier : JN_STR(""), .arn = jn_str_of(v->target.arn),
        .trace_id = jn_str_of(trace ? trace : ""), .payload = v->body.len > 0 ? v->body : JN_STR("{}"),
    };
    const enum jn_status s = trace ? local_events_accept(q->api->events, &event, &err) : JN_NO_MEMORY;
    if (!s)
        reply_empty(q, 202, trace, late);
    free(trace);
    if (s == JN_NO_MEMORY)
        return local_refuse_memory(r);
    return !s || local_refuse(r, LOCAL_REFUSED_SERVICE, "The event cannot be kept: %s", err.message);
}

static struct local_invoke read_request(const struct local_request *q)
{
    return (struct local_invoke){
        .operation = q->operation,
        .query = base_httpd_query(q->http),
        .type_header = base_httpd_header(q->http, "X-Amz-Invocation-Type"),
        .log_header = base_httpd_header(q->http, "X-Amz-Log-Type"),
        .context_header = base_httpd_header(q->http, "X-Amz-Client-Context"),
        .body = base_httpd_body(q->http),
        .body_size = base_httpd_body_size(q->http),
        .is_oversized = base_httpd_too_large(q->http),
        .memory = q->memory,
    };
}

bool local_invoke_check_request_size(const struct local_request *q, struct local_refusal *r)
{
    const struct local_invoke v = read_request(q);
    return local_invoke_check_size(&v, r);
}

bool local_invoke_run(struct local_request *q, struct local_refusal *r)
{
    struct local_invoke v = read_request(q);
    if (!local_invoke_check(&v, q->api->site, q->api->registry, r))
        return false;
    struct local_lateness late = { 0 };
    const enum local_fate fate = local_fault_decide(q, jn_str_of(v.target.function->name), v.target.qualifier, &late, r);
    if (fate != LOCAL_FATE_RUNS)
        return fate == LOCAL_FATE_TAKEN;
    if (v.type == LOCAL_DRY_RUN) {
        reply_empty(q, 204, NULL, &late);
        return true;
    }
    if (v.type == LOCAL_EVENT)
        return accept_event(q, &v, &late, r);
    struct exchange *x = make_exchange(q->api, &v, q->id, base_httpd_header(q->http, "X-Amzn-Trace-Id"));
    if (!x)
        return local_refuse_memory(r);
    x->late = late;
    return submit(x, q->http, r);
}
