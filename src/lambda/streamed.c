/* streamed.c - the answer to InvokeWithResponseStream on its way through a call: chunks are given on as they come, and
 * the event that ends the stream is kept for outcome.c.
 *
 * Whoever gets a chunk may end the call, or free the client; so after each nothing is touched before that is known. */
#include "lambda/call.h"

struct feeding {
    struct lambda_call *call;
    bool is_freed;                          /* the client, and with it the call */
};

static bool give_chunk(struct feeding *f, jn_str chunk)
{
    struct lambda_call *call = f->call;
    struct lambda_client *c = call->client;
    call->streamed.has_given = call->is_giving = true;
    c->is_freed = &f->is_freed;
    call->req.on_chunk(chunk, call->arg);
    if (f->is_freed)
        return false;
    c->is_freed = NULL;
    call->is_giving = false;
    return !call->is_cancelled;
}

static void keep_end(struct lambda_call *call, const struct lambda_stream_event *e)
{
    call->streamed.has_ended = true;
    call->streamed.end = (struct lambda_stream_event){
        .kind = e->kind,
        .code = jn_arena_copy(&call->arena, e->code),
        .message = jn_arena_copy(&call->arena, e->message),
        .payload = jn_arena_copy(&call->arena, e->payload),
    };
}

static bool on_event(const struct lambda_stream_event *e, void *arg)
{
    struct feeding *f = arg;
    if (e->kind == LAMBDA_STREAM_CHUNK)
        return e->payload.len == 0 || give_chunk(f, e->payload);
    if (e->kind != LAMBDA_STREAM_OTHER)
        keep_end(f->call, e);
    return true;
}

/* What is no event stream at all is told by its type: a checksum says nothing to anyone then. */
static enum jn_status fail_type(const struct base_http_response *so_far, struct jn_error *err)
{
    const jn_str type = base_header_get(so_far->headers, so_far->header_count, "content-type");
    if (jn_str_starts(type, JN_STR("application/vnd.amazon.eventstream")))
        return err->status;
    *err = (struct jn_error){ 0 };
    return jn_fail(err, JN_BAD_TEXT, "the answer is %.*s, not an event stream",
                   JN_ARG(type.len ? jn_str_sub(type, 0, 60) : JN_STR("of no type")));
}

enum jn_status lambda_call_feed(struct lambda_call *call, const struct base_http_response *so_far, jn_str piece,
                                struct jn_error *err)
{
    struct feeding f = { .call = call };
    const enum jn_status s = lambda_stream_feed(&call->streamed.stream, piece, on_event, &f, err);
    if (s == JN_CANCELLED && !f.is_freed)
        lambda_call_give_back(call);
    return s == JN_BAD_TEXT ? fail_type(so_far, err) : s;
}
