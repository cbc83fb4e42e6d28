/* outcome.c - what an attempt of a call came to, in words and in facts. */
#include "lambda/call.h"

#include <stdio.h>

#include "core/utf8.h"
#include "lambda/explain.h"
#include "lambda/retry_class.h"

/* No answer came.  `why` is the HTTP client's sentence; ours says which call, and what is known of it. */
static void read_failure(const struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_client *c = call->client;
    const jn_str label = jn_str_sub(call->req.label, 0, 100);
    o->status = r->status;
    o->outcome_unknown = r->sent && !call->req.is_harmless;
    const char *known = o->outcome_unknown      ? "; the function may have run"
                        : call->may_have_run    ? "; the function may have run by an earlier attempt"
                        : call->req.is_harmless ? "" : "; the function did not run";
    jn_fail_code(&o->error, r->status, jn_str_of(r->error.code), "cannot %s%s%.*s%s at %.*s: %.*s%s",
                 call->req.purpose, label.len ? " \"" : "", JN_ARG(label), label.len ? "\"" : "",
                 JN_ARG(jn_str_sub(jn_buf_str(&c->target.endpoint), 0, 120)),
                 JN_ARG(jn_str_sub(jn_str_of(r->error.message), 0, 220)), known);
}

static jn_str qualifier_of(const struct lambda_call_request *req)
{
    for (size_t i = 0; i < req->query_count; i++) {
        if (strcmp(req->query[i].name, "Qualifier") == 0)
            return req->query[i].value;
    }
    return (jn_str){ NULL, 0 };
}

/* The sentence about an error of the service. */
static void explain(const struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_client *c = call->client;
    const int64_t now_ms = c->clock->wall_ms(c->clock) + call->offset_ms;
    const bool is_redirect = r->http_status >= 300 && r->http_status < 400;
    const struct lambda_explain x = {
        .service = &o->service,
        .http_status = r->http_status,
        .function = call->req.label,
        .qualifier = qualifier_of(&call->req),
        .action = call->req.action,
        .region = jn_buf_str(&c->target.region),
        .endpoint = jn_buf_str(&c->target.endpoint),
        .access_key = lambda_keys_access(call->keys),
        .location = is_redirect ? base_header_get(r->headers, r->header_count, "location") : (jn_str){ NULL, 0 },
        .skew_ms = lambda_clock_skew(r->headers, r->header_count, now_ms),
    };
    o->status = lambda_explain(&x, &o->error);
}

/* The service, or something in between, refused. */
static void read_refusal(struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_client *c = call->client;
    const int64_t now_ms = c->clock->wall_ms(c->clock) + call->offset_ms;
    o->status = lambda_read_service_error(&call->arena, "lambda", r->http_status, r->headers, r->header_count, r->body,
                                          now_ms, &o->service);
    if (o->status) {
        jn_fail(&o->error, o->status, "no memory to read the error that the service answered with");
        return;
    }
    explain(call, r, o);
    // A 5xx without a code is a proxy's: what became of the request behind it, nobody knows.
    o->outcome_unknown = r->http_status >= 500 && o->service.code.len == 0 && !call->req.is_harmless;
}

/* ---- event streams ------------------------------------------------------------------------------------------- */

/* What is known of the transfer, corrected by what the stream says: its last event counts more than how the connection
 * ended after it, and an end without one is none. */
static struct base_http_response judge_stream(const struct lambda_call *call, const struct base_http_response *r)
{
    struct base_http_response judged = *r;
    if (call->streamed.has_ended) {
        judged.status = JN_OK;
    } else if (!judged.status) {
        judged.status = lambda_stream_end(&call->streamed.stream, &judged.error);
        judged.sent = true;
    }
    return judged;
}

/* An exception or error within the stream: the function was running, and nobody knows how far it got. */
static void read_stream_error(struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_stream_event *e = &call->streamed.end;
    o->invoked = (struct lambda_invoked){ 0 };
    o->status = lambda_read_stream_error(&call->arena, r->headers, r->header_count, e->code, e->message, e->payload,
                                         &o->service);
    if (o->status)
        jn_fail(&o->error, o->status, "no memory to read the error in the event stream");
    else if (o->service.code.len)
        explain(call, r, o);
    else
        o->status = jn_fail(&o->error, JN_REMOTE, "the event stream ended with an error that has no name%s%.*s",
                            o->service.message.len ? ": " : "", JN_ARG(jn_str_sub(o->service.message, 0, 300)));
}

static void read_stream(struct lambda_call *call, const struct base_http_response *r, struct lambda_outcome *o)
{
    const struct lambda_stream_event *e = &call->streamed.end;
    if (jn_arena_failed(&call->arena))
        o->status = jn_fail(&o->error, jn_arena_failed(&call->arena), "no memory for the end of the event stream");
    else if (e->kind == LAMBDA_STREAM_COMPLETE)
        o->status = lambda_read_complete(&call->arena, e->payload, &o->invoked, &o->error);
    else
        read_stream_error(call, r, o);
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static bool is_success(int http_status)
{
    return http_status == 200 || http_status == 202 || http_status == 204;
}

/* The service took the call, and this came of it. */
static void read_success(struct lambda_call *call, const struct base_http_response *r, bool is_streamed,
                         struct lambda_outcome *o)
{
    o->status = lambda_read_invoked(&call->arena, r->http_status, r->headers, r->header_count, r->body, &o->invoked,
                                    &o->error);
    if (!o->status && is_streamed)
        read_stream(call, r, o);
    o->outcome_unknown = o->status && !call->req.is_harmless;       // it ran, but what came of it is lost
}

void lambda_call_read(struct lambda_call *call, const struct base_http_response *r)
{
    const bool is_streamed = call->req.on_chunk && r->http_status == 200;
    const struct base_http_response judged = is_streamed ? judge_stream(call, r) : *r;
    struct lambda_outcome *o = &call->outcome;
    const int64_t waited_us = o->waited_us;
    *o = (struct lambda_outcome){ .http_status = r->http_status, .duration_us = r->total_us, .waited_us = waited_us };
    if (judged.status)
        read_failure(call, &judged, o);
    else if (is_success(r->http_status))
        read_success(call, &judged, is_streamed, o);
    else
        read_refusal(call, r, o);
    o->attempts = call->attempts;
    o->arena = &call->arena;
    call->may_have_run = call->may_have_run || o->outcome_unknown;
}

/* Why an attempt failed, in a word or two. */
static const char *reason_of(const struct lambda_outcome *o, char out[64])
{
    if (o->status == JN_REMOTE && o->service.code.len)
        snprintf(out, 64, "%.*s", JN_ARG(jn_str_sub(o->service.code, 0, 63)));
    else if (o->status == JN_REMOTE)
        snprintf(out, 64, "HTTP %d", o->http_status);
    else if (o->status == JN_TIMEOUT && o->outcome_unknown)
        snprintf(out, 64, "no answer in time");
    else
        snprintf(out, 64, o->outcome_unknown ? "a broken connection" : "no connection");
    return out;
}

/* One that is repeated for the same reason is not listed again. */
void lambda_call_note_reason(struct lambda_call *call)
{
    char text[64];
    const jn_str reason = jn_str_of(reason_of(&call->outcome, text)), all = jn_str_of(call->reasons);
    if (jn_str_ends(all, reason) || all.len + reason.len + 3 > sizeof call->reasons)
        return;
    snprintf(call->reasons + all.len, sizeof call->reasons - all.len, "%s%s", all.len ? ", " : "", text);
}

/* Adds to a sentence, which is cut where both do not fit. */
static void add_to_message(struct jn_error *e, const char *tail)
{
    const size_t room = sizeof e->message - 1 - strlen(tail);
    jn_str head = jn_str_sub(jn_str_of(e->message), 0, room);
    head = jn_str_sub(head, 0, jn_utf8_invalid(head));
    memcpy(e->message + head.len, tail, strlen(tail) + 1);
}

void lambda_call_tell_attempts(struct lambda_call *call)
{
    struct lambda_outcome *o = &call->outcome;
    const struct lambda_client *c = call->client;
    const int64_t taken_ms = (c->clock->monotonic_us(c->clock) - call->begun_us) / 1000;
    char text[240], last[64];
    if (o->outcome_unknown && o->status == JN_REMOTE)
        add_to_message(&o->error, "; the function may have run");
    if (call->attempts > 1) {
        const bool is_other = call->reasons[0] && strcmp(call->reasons, reason_of(o, last)) != 0;
        snprintf(text, sizeof text, "; tried %u times in %lld.%lld s, %lld.%lld s of it waiting%s%s", call->attempts,
                 (long long)(taken_ms / 1000), (long long)(taken_ms / 100 % 10), (long long)(o->waited_us / 1000000),
                 (long long)(o->waited_us / 100000 % 10), is_other ? ", before this after " : "",
                 is_other ? call->reasons : "");
        add_to_message(&o->error, text);
    }
    if (call->is_quota_empty)
        add_to_message(&o->error, "; not tried again, since too many calls have failed lately");
}
