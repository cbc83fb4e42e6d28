/* invoke.c - Invoke and InvokeWithResponseStream: the request checked, copied, and handed to call.c. */
#include "lambda/call.h"
#include "lambda/request.h"

_Static_assert((int)LAMBDA_INVOKE_HEADERS <= (int)LAMBDA_CALL_HEADERS, "a call has room for the headers of Invoke");

/* All but the payload, so that the caller's texts may be gone when the next attempt is made. */
static jn_str copy(struct lambda_call *call, jn_str text)
{
    return text.data ? jn_arena_copy(&call->arena, text) : text;
}

static void fill(struct lambda_call *call, const struct lambda_invoke *invoke)
{
    struct lambda_call_request *req = &call->req;
    struct base_header headers[LAMBDA_INVOKE_HEADERS];
    req->purpose = "call function";
    req->action = "lambda:InvokeFunction";
    req->method = "POST";
    req->pattern = invoke->on_chunk ? LAMBDA_STREAM_PATH : LAMBDA_INVOKE_PATH;
    req->label = copy(call, invoke->function);
    if (invoke->qualifier.data)
        req->query[req->query_count++] = (struct lambda_query){ "Qualifier", copy(call, invoke->qualifier) };
    req->header_count = lambda_invoke_headers(invoke, headers);
    for (size_t i = 0; i < req->header_count; i++)
        req->headers[i] = (struct base_header){ headers[i].name, copy(call, headers[i].value) };
    req->body = invoke->payload;
    req->max_attempts = invoke->max_attempts;
    req->is_harmless = invoke->type == LAMBDA_DRY_RUN;
    req->is_retryable = invoke->is_retryable;
    req->on_chunk = invoke->on_chunk;
}

enum jn_status lambda_invoke_start(struct lambda_client *c, const struct lambda_invoke *req, lambda_done_fn *done,
                                   void *arg, struct lambda_call **out, struct jn_error *err)
{
    struct lambda_name name;
    enum jn_status s = lambda_invoke_check(req, jn_buf_str(&c->target.region), &name, err);
    if (s)
        return s;
    struct lambda_call *call = lambda_call_take(c);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    fill(call, req);
    s = lambda_call_begin(call, done, arg, err);
    if (!s && out)
        *out = call;
    return s;
}
