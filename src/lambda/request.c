/* request.c - headers of an Invoke, and the checks in front of it.  Limits are AWS's quotas of
 * November 2026 (AWS Lambda Developer Guide, "Quotas"); checking here saves the upload of what would be refused. */
#include "lambda/request.h"

/* ---- checks -------------------------------------------------------------------------------------------------- */

enum jn_status lambda_name_check_qualifier(const struct lambda_name *name, jn_str qualifier, struct jn_error *err)
{
    if (!qualifier.data)
        return JN_OK;
    const enum jn_status s = lambda_qualifier_check(qualifier, err);
    if (s || !name->qualifier.data || jn_str_eq(name->qualifier, qualifier))
        return s;
    return jn_fail(err, JN_BAD_VALUE, "the function's name says qualifier \"%.*s\", the setting says \"%.*s\"; leave "
                   "out one of them", JN_ARG(name->qualifier), JN_ARG(qualifier));
}

enum jn_status lambda_name_check(jn_str function, jn_str region, struct lambda_name *name, struct jn_error *err)
{
    const enum jn_status s = lambda_name_parse(function, name, err);
    if (s || !name->region.data || jn_str_eq(name->region, region))
        return s;
    return jn_fail(err, JN_BAD_VALUE, "function \"%.*s\" is in region %.*s, but calls go to %.*s; choose region %.*s",
                   JN_ARG(name->function), JN_ARG(name->region), JN_ARG(region), JN_ARG(name->region));
}

static enum jn_status check_size(const struct lambda_invoke *req, struct jn_error *err)
{
    const bool is_event = req->type == LAMBDA_EVENT;
    const size_t limit = is_event ? LAMBDA_MAX_EVENT : LAMBDA_MAX_SYNC;
    if (req->payload.len <= limit)
        return JN_OK;
    return jn_fail(err, JN_LIMIT, "the payload has %zu bytes; AWS Lambda takes %zu (%d MB) %s", req->payload.len, limit,
                   is_event ? 1 : 6, is_event ? "with an event" : "with a synchronous call");
}

static bool is_base64(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '/' || c == '=';
}

static enum jn_status check_client_context(jn_str text, struct jn_error *err)
{
    if (text.len > LAMBDA_MAX_CLIENT_CONTEXT)
        return jn_fail(err, JN_LIMIT, "the client context has %zu characters of base64; AWS Lambda takes %d", text.len,
                       LAMBDA_MAX_CLIENT_CONTEXT);
    for (size_t i = 0; i < text.len; i++) {
        if (!is_base64(text.data[i]))
            return jn_fail(err, JN_BAD_VALUE, "the client context is not base64: see position %zu of %zu", i + 1,
                           text.len);
    }
    return JN_OK;
}

enum jn_status lambda_invoke_check(const struct lambda_invoke *req, jn_str region, struct lambda_name *name,
                                   struct jn_error *err)
{
    enum jn_status s = lambda_name_check(req->function, region, name, err);
    if (!s)
        s = lambda_name_check_qualifier(name, req->qualifier, err);
    if (!s)
        s = check_size(req, err);
    if (!s && req->log_tail && req->type != LAMBDA_REQUEST_RESPONSE)
        s = jn_fail(err, JN_BAD_VALUE, "the log tail comes with synchronous calls only: choose invocation type "
                    "RequestResponse, or no log");
    if (!s && req->on_chunk && req->type == LAMBDA_EVENT)
        s = jn_fail(err, JN_BAD_VALUE, "an event has no answer that could be streamed: choose invocation type "
                    "RequestResponse");
    return s ? s : check_client_context(req->client_context, err);
}

/* ---- headers ------------------------------------------------------------------------------------------------- */

size_t lambda_invoke_headers(const struct lambda_invoke *req, struct base_header out[LAMBDA_INVOKE_HEADERS])
{
    static const jn_str types[] = {
        [LAMBDA_REQUEST_RESPONSE] = JN_STR_INIT("RequestResponse"),
        [LAMBDA_EVENT] = JN_STR_INIT("Event"),
        [LAMBDA_DRY_RUN] = JN_STR_INIT("DryRun"),
    };
    size_t n = 0;
    out[n++] = (struct base_header){ JN_STR("Content-Type"), JN_STR("application/json") };
    out[n++] = (struct base_header){ JN_STR("X-Amz-Invocation-Type"), types[req->type] };
    if (req->log_tail)
        out[n++] = (struct base_header){ JN_STR("X-Amz-Log-Type"), JN_STR("Tail") };
    if (req->client_context.len)
        out[n++] = (struct base_header){ JN_STR("X-Amz-Client-Context"), req->client_context };
    if (req->trace_id.len)
        out[n++] = (struct base_header){ JN_STR("X-Amzn-Trace-Id"), req->trace_id };
    if (req->traceparent.len)
        out[n++] = (struct base_header){ JN_STR("traceparent"), req->traceparent };
    return n;
}
