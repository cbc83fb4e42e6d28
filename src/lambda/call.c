/* call.c - see call.h.
 *
 *   lambda_call_begin -> [waits for its turn] -> [asks for keys] -> sent -> judged -> over
 *                                 ^                                           |
 *                                 +------------ waits before the next --------+
 *
 * Each attempt is signed when it is sent, with the date of that moment.  What follows a failed one is decided by what
 * can have happened:
 *
 *   surely not run        no connection, throttled, refused or failed by the service itself (any error with a code of
 *                         AWS's): repeated, if its class says that this makes sense
 *   outcome unknown       silence after the request was out, half an answer, a proxy's error page: repeated only where
 *                         the caller allows that the function runs twice
 *   our own fault         a wrong clock, expired keys: put right and repeated, once each
 *
 * Calls that ended are kept with their memory for the next ones, so that in steady state a call takes none from the
 * system here. */
#include "lambda/call.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lambda/retry_class.h"

enum { MAX_IDLE = 64 };                     // ended calls that are kept

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
    lambda_keys_unref(call->keys);
    base_timer_free(call->timer);
    lambda_stream_clear(&call->streamed.stream);
    jn_arena_clear(&call->arena);
    free(call);
}

void lambda_calls_free(struct lambda_call *call)
{
    while (call) {
        struct lambda_call *next = call->next;
        free_call(call);
        call = next;
    }
}

struct lambda_call *lambda_call_take(struct lambda_client *c)
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
        lambda_stream_init(&call->streamed.stream);
    }
    link_call(&c->calls, call);
    return call;
}

/* Everything is forgotten but the memory. */
static void clean(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    struct base_timer *timer = call->timer;
    struct jn_arena arena = call->arena;
    struct lambda_stream stream = call->streamed.stream;
    lambda_keys_unref(call->keys);
    jn_arena_reset(&arena);
    lambda_stream_reset(&stream);
    *call = (struct lambda_call){ .client = c, .timer = timer, .arena = arena, .streamed.stream = stream };
}

void lambda_call_give_back(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    if (call->state == LAMBDA_CALL_SENT)
        base_http_cancel(call->http);
    if (call->timer)
        base_timer_stop(call->timer);
    if (call->state == LAMBDA_CALL_ASKS_KEYS || call->is_giving) {
        call->is_cancelled = true;          // whoever has it in hand gives it back
        call->state = call->is_giving ? LAMBDA_CALL_IDLE : call->state;
        return;
    }
    unlink_call(call);
    if (c->idle_count == MAX_IDLE) {
        free_call(call);
        return;
    }
    clean(call);
    link_call(&c->idle, call);
    c->idle_count++;
}

/* ---- the end of a call --------------------------------------------------------------------------------------- */

/* Reports the outcome.  The callback may free the client, and with it the call. */
static void finish(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    struct lambda_outcome *o = &call->outcome;
    bool is_freed = false;
    call->state = LAMBDA_CALL_IDLE;
    o->arena = &call->arena;
    o->attempts = call->attempts;
    if (o->status) {
        o->outcome_unknown = o->outcome_unknown || call->may_have_run;
        lambda_call_tell_attempts(call);
    }
    base_trace(c->log, BASE_TRACE_LAMBDA, "%.*s: %s%s%s, HTTP %d, %lld us, request %.*s", JN_ARG(call->req.label),
               o->status ? jn_status_text(o->status) : "answered", o->status ? ": " : "",
               o->status ? o->error.message : "", o->http_status, (long long)o->duration_us,
               JN_ARG(o->status == JN_REMOTE ? o->service.request_id : o->invoked.request_id));
    c->is_freed = &is_freed;
    call->done(o, call->arg);
    if (is_freed)
        return;
    c->is_freed = NULL;
    lambda_call_give_back(call);
}

/* Something of our own went wrong between two attempts, or before the first. */
static void fail_local(struct lambda_call *call, const struct jn_error *why)
{
    const int64_t waited_us = call->outcome.waited_us;
    call->outcome = (struct lambda_outcome){ .status = why->status, .error = *why, .waited_us = waited_us };
    finish(call);
}

/* ---- putting right what is wrong here ------------------------------------------------------------------------ */

/* Learns the service's clock from its answers, if nobody in between can have forged them (our spec, section 5.4). */
static void learn_clock(struct lambda_call *call, const struct base_http_response *r)
{
    struct lambda_client *c = call->client;
    const int64_t now_ms = c->clock->wall_ms(c->clock);
    int64_t server_ms;
    if (!c->corrects_clock || !c->target.url.is_https || r->status || r->total_us > LAMBDA_STALE_US ||
        !lambda_server_time(r->headers, r->header_count, &server_ms))
        return;
    const int64_t offset = lambda_clock_offset(server_ms - now_ms), change = offset - c->clock_offset_ms;
    if (llabs(change) >= LAMBDA_SKEW_MS)
        base_log(c->log, BASE_WARN, NULL, "the clock of this machine is %lld s %s that of AWS; requests are signed with "
                 "AWS's time", llabs(offset) / 1000, offset < 0 ? "ahead of" : "behind");
    c->clock_offset_ms = offset;
}

static bool was_clock_wrong(const struct lambda_call *call)
{
    const struct lambda_client *c = call->client;
    return call->outcome.status == JN_REMOTE && call->outcome.service.retry == LAMBDA_RETRY_CLOCK_SKEW &&
           !call->has_corrected_clock && c->clock_offset_ms != call->offset_ms &&
           llabs(c->clock_offset_ms - call->offset_ms) >= LAMBDA_SKEW_MS;
}

static bool has_keys_expired(const struct lambda_call *call)
{
    const jn_str code = call->outcome.service.code;
    return call->outcome.status == JN_REMOTE &&
           (jn_str_eq(code, JN_STR("ExpiredTokenException")) || jn_str_eq(code, JN_STR("ExpiredToken")));
}

/* True: another attempt will not fail for the reason this one did.  Keys that have expired are refused even if there is
 * none, so that the next call does not meet them. */
static bool put_right(struct lambda_call *call)
{
    if (was_clock_wrong(call))
        return call->has_corrected_clock = true;
    if (!has_keys_expired(call) || !lambda_cred_refuse(call->client->cred, call->keys) || call->has_refused_keys)
        return false;
    return call->has_refused_keys = true;
}

/* ---- whether to go on ---------------------------------------------------------------------------------------- */

/* What AWS's clients make of it.  A wrong clock is not waited for. */
static enum lambda_retry usual_class(const struct lambda_outcome *o)
{
    switch (o->status) {
    case JN_REMOTE:
        return o->service.retry == LAMBDA_RETRY_CLOCK_SKEW ? LAMBDA_RETRY_NONE : o->service.retry;
    case JN_IO:
    case JN_TIMEOUT:
    case JN_TLS:
        return LAMBDA_RETRY_TRANSIENT;
    default:
        return LAMBDA_RETRY_NONE;
    }
}

/* LAMBDA_RETRY_NONE: it ends here. */
static enum lambda_retry choose(struct lambda_call *call)
{
    const struct lambda_outcome *o = &call->outcome;
    const bool is_right = put_right(call);
    enum lambda_retry class = usual_class(o);
    if (call->attempts >= call->max_attempts || call->streamed.has_given)
        return LAMBDA_RETRY_NONE;
    if (is_right)
        return LAMBDA_RETRY_TRANSIENT;
    if (call->req.is_retryable)
        class = !call->req.is_retryable(o, call->arg) ? LAMBDA_RETRY_NONE
                : class == LAMBDA_RETRY_NONE          ? LAMBDA_RETRY_TRANSIENT : class;
    return o->outcome_unknown && !call->client->retry_unknown_outcome ? LAMBDA_RETRY_NONE : class;
}

static void log_attempt(const struct lambda_call *call, const char *next)
{
    const struct lambda_outcome *o = &call->outcome;
    const struct base_field fields[] = {
        { "awsRequestId", o->status == JN_REMOTE ? o->service.request_id : JN_STR("") },
        { "invocationId", jn_str_of(call->id) },
        { NULL, { NULL, 0 } },
    };
    const char *quote = call->req.label.len ? "\"" : "";
    base_log(call->client->log, BASE_DEBUG, fields, "attempt %u of %u to %s%s%s%.*s%s failed, %s: %s", call->attempts,
             call->max_attempts, call->req.purpose, *quote ? " " : "", quote, JN_ARG(call->req.label), quote, next,
             o->error.message);
}

static enum jn_status begin_wait(struct lambda_call *call, int64_t ms, struct jn_error *err);

/* Waits for the next attempt; false: there is none. */
static bool begin_retry(struct lambda_call *call, enum lambda_retry class)
{
    struct lambda_client *c = call->client;
    char next[64];
    call->is_quota_empty = !lambda_quota_take(&c->quota, class);
    if (call->is_quota_empty)
        return false;
    const int64_t hint_ms = call->outcome.status == JN_REMOTE ? call->outcome.service.retry_after_ms : -1;
    const int64_t wait_ms = lambda_backoff_ms(class, call->attempts - 1, base_random_unit(c->random), hint_ms);
    if (begin_wait(call, wait_ms, NULL))
        return false;
    call->last_retry = class;
    lambda_call_note_reason(call);
    snprintf(next, sizeof next, "%s, the next in %lld ms", lambda_retry_text(class), (long long)wait_ms);
    log_attempt(call, next);
    return true;
}

static void settle(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    if (!call->outcome.status) {
        lambda_quota_give(&c->quota, call->last_retry);
        finish(call);
        return;
    }
    const enum lambda_retry class = choose(call);
    if (class != LAMBDA_RETRY_NONE && begin_retry(call, class))
        return;
    log_attempt(call, call->is_quota_empty             ? "the quota of retries is used up"
                      : class != LAMBDA_RETRY_NONE         ? "no memory for another"
                      : call->attempts >= call->max_attempts ? "the last"
                      : call->streamed.has_given           ? "pieces of its answer were given on, not repeated"
                      : call->outcome.outcome_unknown      ? "outcome unknown, not repeated" : "not repeated");
    finish(call);
}

/* The attempt is over, and read. */
static void conclude(struct lambda_call *call)
{
    struct lambda_client *c = call->client;
    call->http = NULL;
    call->state = LAMBDA_CALL_IDLE;
    if (c->mode == LAMBDA_ADAPTIVE)
        lambda_limiter_after(&c->limiter, (double)c->clock->monotonic_us(c->clock) / 1e6,
                             usual_class(&call->outcome) == LAMBDA_RETRY_THROTTLING);
    settle(call);
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct lambda_call *call = arg;
    lambda_call_read(call, r);
    learn_clock(call, r);
    conclude(call);
}

/* A piece of an event stream.  One that cannot be understood ends the attempt: the server would go on for long. */
static void on_data(const struct base_http_response *so_far, jn_str piece, void *arg)
{
    struct lambda_call *call = arg;
    struct base_http_response broken = *so_far;
    broken.status = lambda_call_feed(call, so_far, piece, &broken.error);
    if (!broken.status || broken.status == JN_CANCELLED)
        return;
    broken.sent = true;
    lambda_call_read(call, &broken);
    base_http_cancel(call->http);
    conclude(call);
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static size_t fill_headers(struct lambda_call *call, struct base_header out[LAMBDA_SIGNED_HEADERS])
{
    size_t n = call->req.header_count;
    snprintf(call->attempt_text, sizeof call->attempt_text, "attempt=%u; max=%u", call->attempts + 1,
             call->max_attempts);
    if (n)
        memcpy(out, call->req.headers, n * sizeof *out);
    out[n++] = (struct base_header){ JN_STR("amz-sdk-invocation-id"), jn_str_of(call->id) };
    out[n++] = (struct base_header){ JN_STR("amz-sdk-request"), jn_str_of(call->attempt_text) };
    return n;
}

static void keep_keys(struct lambda_call *call, struct lambda_keys *keys)
{
    struct lambda_keys *old = call->keys;
    call->keys = lambda_keys_ref(keys);
    lambda_keys_unref(old);
}

/* The next attempt, with `headers` for its headers. */
static struct lambda_signed_request attempt_of(struct lambda_call *call, struct lambda_keys *keys,
                                               struct base_header headers[LAMBDA_SIGNED_HEADERS])
{
    const struct lambda_client *c = call->client;
    const struct lambda_call_request *req = &call->req;
    return (struct lambda_signed_request){
        .target = &c->target, .service = "lambda", .method = req->method, .pattern = req->pattern, .label = req->label,
        .query = req->query, .query_count = req->query_count,
        .headers = headers, .header_count = fill_headers(call, headers), .body = req->body,
        .keys = keys, .now_ms = c->clock->wall_ms(c->clock) + call->offset_ms,
        .connect_timeout_ms = c->connect_timeout_ms, .total_timeout_ms = c->call_timeout_ms,
        .stall_timeout_ms = c->stall_timeout_ms, .on_data = req->on_chunk ? on_data : NULL, .is_secret = req->is_secret,
    };
}

static enum jn_status send_attempt(struct lambda_call *call, struct lambda_keys *keys, struct jn_error *err)
{
    struct lambda_client *c = call->client;
    struct base_header headers[LAMBDA_SIGNED_HEADERS];
    const struct lambda_call_request *req = &call->req;
    jn_arena_rewind(&call->arena, call->request_end);
    lambda_stream_reset(&call->streamed.stream);
    call->streamed.has_ended = false;
    keep_keys(call, keys);
    call->offset_ms = c->clock_offset_ms;
    const struct lambda_signed_request request = attempt_of(call, keys, headers);
    const enum jn_status s = lambda_signed_send(&c->sender, c->http, &request, on_answer, call, &call->http, err);
    if (s)
        return s;
    call->attempts++;
    call->state = LAMBDA_CALL_SENT;
    base_trace(c->log, BASE_TRACE_LAMBDA, "%.*s: %s %s, %zu bytes, key %.*s, %s", JN_ARG(req->label), req->method,
               lambda_signed_url(&c->sender), req->body.len, JN_ARG(lambda_keys_access(keys)), call->attempt_text);
    return JN_OK;
}

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct lambda_call *call = arg;
    struct jn_error err = { 0 };
    call->state = LAMBDA_CALL_IDLE;
    if (call->is_cancelled)
        lambda_call_give_back(call);
    else if (!keys)
        fail_local(call, failed);
    else if (send_attempt(call, keys, &err))
        fail_local(call, &err);
}

static enum jn_status begin_attempt(struct lambda_call *call, struct jn_error *err)
{
    struct lambda_client *c = call->client;
    if (c->mode == LAMBDA_ADAPTIVE) {
        const double wait_s = lambda_limiter_take(&c->limiter, (double)c->clock->monotonic_us(c->clock) / 1e6);
        if (wait_s > 0)
            return begin_wait(call, (int64_t)ceil(wait_s * 1000), err);
    }
    struct lambda_keys *keys = lambda_cred_cached(c->cred);
    if (keys)
        return send_attempt(call, keys, err);
    const enum jn_status s = lambda_cred_get(c->cred, on_keys, call, err);
    if (!s)
        call->state = LAMBDA_CALL_ASKS_KEYS;
    return s;
}

static void on_waited(struct base_timer *t, void *arg)
{
    struct lambda_call *call = arg;
    struct lambda_client *c = call->client;
    struct jn_error err = { 0 };
    (void)t;
    call->state = LAMBDA_CALL_IDLE;
    call->outcome.waited_us += c->clock->monotonic_us(c->clock) - call->wait_begun_us;
    if (begin_attempt(call, &err))
        fail_local(call, &err);
}

static enum jn_status begin_wait(struct lambda_call *call, int64_t ms, struct jn_error *err)
{
    struct lambda_client *c = call->client;
    if (!call->timer) {
        const enum jn_status s = base_timer_new(c->loop, on_waited, call, &call->timer, err);
        if (s)
            return s;
    }
    call->wait_begun_us = c->clock->monotonic_us(c->clock);
    call->state = LAMBDA_CALL_WAITS;
    base_timer_start(call->timer, ms);
    return JN_OK;
}

/* The request is there in full. */
static enum jn_status set_out(struct lambda_call *call, struct jn_error *err)
{
    struct lambda_client *c = call->client;
    call->max_attempts = call->req.max_attempts ? call->req.max_attempts : c->max_attempts;
    call->begun_us = c->clock->monotonic_us(c->clock);
    call->request_end = jn_arena_mark(&call->arena);
    call->offset_ms = c->clock_offset_ms;
    base_random_uuid(c->random, call->id);
    return jn_arena_failed(&call->arena) ? jn_fail(err, JN_NO_MEMORY, "no memory for the call") : JN_OK;
}

enum jn_status lambda_call_build(struct lambda_call *call, struct lambda_keys *keys,
                                 struct base_header headers[LAMBDA_WIRE_HEADERS], struct base_http_request *out,
                                 struct jn_error *err)
{
    struct base_header own[LAMBDA_SIGNED_HEADERS];
    const enum jn_status s = set_out(call, err);
    if (s)
        return s;
    const struct lambda_signed_request request = attempt_of(call, keys, own);
    return lambda_signed_build(&call->client->sender, &request, headers, out, err);
}

enum jn_status lambda_call_begin(struct lambda_call *call, lambda_done_fn *done, void *arg, struct jn_error *err)
{
    call->done = done;
    call->arg = arg;
    enum jn_status s = set_out(call, err);
    if (!s)
        s = begin_attempt(call, err);
    if (s)
        lambda_call_give_back(call);
    return s;
}

void lambda_call_cancel(struct lambda_call *call)
{
    base_trace(call->client->log, BASE_TRACE_LAMBDA, "%.*s: cancelled", JN_ARG(call->req.label));
    lambda_call_give_back(call);
}
