/* invoke.c - Invoke and InvokeWithResponseStream: the request checked, copied, and handed to call.c. */
#include "lambda/call.h"
#include "lambda/preview.h"
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

/* A call that is checked and filled. */
static enum jn_status make(struct lambda_client *c, const struct lambda_invoke *req, struct lambda_call **out,
                           struct jn_error *err)
{
    struct lambda_name name;
    const enum jn_status s = lambda_invoke_check(req, jn_buf_str(&c->target.region), &name, err);
    if (s)
        return s;
    struct lambda_call *call = lambda_call_take(c);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    fill(call, req);
    *out = call;
    return JN_OK;
}

enum jn_status lambda_invoke_start(struct lambda_client *c, const struct lambda_invoke *req, lambda_done_fn *done,
                                   void *arg, struct lambda_call **out, struct jn_error *err)
{
    struct lambda_call *call = NULL;
    enum jn_status s = make(c, req, &call, err);
    if (!s)
        s = lambda_call_begin(call, done, arg, err);
    if (!s && out)
        *out = call;
    return s;
}

/* ---- a preview ----------------------------------------------------------------------------------------------- */

/* Those that need no asking, or some that stand in for them. */
static struct lambda_keys *keys_at_hand(const struct lambda_client *c, bool *are_real)
{
    struct lambda_keys *keys = lambda_cred_cached(c->cred);
    *are_real = keys != NULL;
    return keys ? lambda_keys_ref(keys) : lambda_keys_new(JN_STR("none"), JN_STR("none"), (jn_str){ NULL, 0 }, 0);
}

static enum jn_status preview(struct lambda_call *call, struct lambda_preview *p, struct lambda_keys *keys,
                              lambda_preview_fn *fn, void *arg, struct jn_error *err)
{
    struct base_header headers[LAMBDA_WIRE_HEADERS];
    struct base_http_request request;
    char masked[LAMBDA_MASKED_KEY];
    struct jn_buf authorization;
    jn_buf_init(&authorization, 0);
    enum jn_status s = lambda_call_build(call, keys, headers, &request, err);
    if (!s) {
        lambda_key_mask(p->has_keys ? lambda_keys_access(keys) : (jn_str){ NULL, 0 }, masked);
        lambda_preview_hide(headers, request.header_count, masked, &authorization);
        s = authorization.failed ? jn_fail(err, JN_NO_MEMORY, "no memory for the preview") : JN_OK;
    }
    if (!s) {
        p->request = &request;          // cppcheck-suppress autoVariables ; taken back below
        p->access_key = masked;
        fn(p, arg);
        p->request = NULL;
    }
    jn_buf_clear(&authorization);
    return s;
}

enum jn_status lambda_invoke_preview(struct lambda_client *c, const struct lambda_invoke *req, lambda_preview_fn *fn,
                                     void *arg, struct jn_error *err)
{
    struct lambda_call *call = NULL;
    struct lambda_preview p = { .invoke = req };
    enum jn_status s = make(c, req, &call, err);
    if (s)
        return s;
    struct lambda_keys *keys = keys_at_hand(c, &p.has_keys);
    p.has_session = keys && lambda_keys_token(keys).data;
    s = keys ? preview(call, &p, keys, fn, arg, err) : jn_fail(err, JN_NO_MEMORY, "no memory for the preview");
    lambda_keys_unref(keys);
    lambda_call_give_back(call);
    return s;
}
