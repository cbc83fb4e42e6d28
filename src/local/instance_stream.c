/* instance_stream.c - a response that the process sends in pieces.
 *
 * A caller who takes pieces gets each as it comes, and when he is slow the process is not read from meanwhile; for
 * everybody else they are collected.  The time of the call runs on while its caller is slow, as it does on AWS.  What
 * is too long is swallowed, and makes the invocation fail at its end.
 *
 * The call may get its outcome in between, by its deadline: pieces that come later are swallowed, too. */
#include "local/instance_internal.h"

static void on_go_on(void *host)
{
    const struct local_instance *i = host;
    local_runtime_api_go_on(i->api);
}

void local_instance_reset_stream(struct local_instance *i)
{
    i->has_streamed = i->is_streaming = false;
}

bool local_instance_on_stream(jn_str id, void *arg)
{
    struct local_instance *i = arg;
    struct local_call *c = i->call;
    if (!c || i->state != STATE_busy || i->has_streamed || !jn_str_eq(id, jn_str_of(c->id)))
        return false;
    i->has_streamed = i->is_streaming = true;
    c->go_on = on_go_on;
    c->host = i;
    return true;
}

bool local_instance_on_piece(jn_str piece, void *arg)
{
    const struct local_instance *i = arg;
    struct local_call *c = i->call;
    if (!c || i->state != STATE_busy)
        return true;
    c->streamed += piece.len;
    if (c->streamed > local_call_stream_limit(c))
        return true;
    if (c->on_piece)
        c->on_piece(c, piece, c->arg);
    else
        jn_buf_append(&c->payload, piece);
    return !c->is_full;
}

enum local_verdict local_instance_on_stream_end(jn_str error, void *arg)
{
    struct local_instance *i = arg;
    struct local_call *c = i->call;
    i->is_streaming = false;
    if (!c || i->state != STATE_busy)
        return LOCAL_WRONG_STATE;
    const bool is_oversized = c->streamed > local_call_stream_limit(c);
    if (is_oversized) {
        local_instance_fail_oversized(i, local_call_stream_limit(c));
    } else if (error.data) {
        c->failure = LOCAL_FAILURE_FUNCTION;
        jn_buf_truncate(&c->payload, 0);
        jn_buf_append(&c->payload, error);
    }
    local_instance_set_duration(i, c);
    local_instance_conclude(i);
    if (is_oversized)
        return c->on_piece ? LOCAL_OVERSIZED_STREAM : LOCAL_OVERSIZED;
    return LOCAL_ACCEPTED;
}

/* The process has not answered yet, and may still post an error. */
void local_instance_on_stream_broken(void *arg)
{
    struct local_instance *i = arg;
    i->is_streaming = false;
}
