/* answer.c - see answer.h. */
#include "component/answer.h"

#include "core/members.h"
#include "core/value.h"
#include "sailor/message.h"

/* ---- bodies -------------------------------------------------------------------------------------------------- */

static void put_text(struct jn_arena *a, jn_value o, jn_str key, jn_str text)
{
    if (text.data)
        jn_object_put(a, o, key, jn_make_string(text));
}

/* The AWS response object, members as in the service's model. */
static jn_value response_object(struct jn_arena *a, const struct lambda_invoked *in)
{
    const jn_value o = jn_make_object(a, 5);
    jn_object_put(a, o, JN_STR("StatusCode"), jn_make_number(in->status));
    put_text(a, o, JN_STR("FunctionError"), in->function_error);
    put_text(a, o, JN_STR("ExecutedVersion"), in->executed_version);
    put_text(a, o, JN_STR("LogResult"), in->log_result);
    put_text(a, o, JN_STR("Payload"), jn_utf8_repair(a, in->payload));
    return jn_arena_failed(a) ? jn_undefined() : o;
}

enum jn_status component_answer_body(struct jn_arena *a, const struct lambda_invoked *in, struct jn_buf *out,
                                     jn_str *body, bool *is_json, struct jn_error *err)
{
    *body = in->payload;
    *is_json = in->payload.len && jn_validate(in->payload, NULL) == JN_OK;
    if (*is_json)
        return JN_OK;
    const jn_value v = response_object(a, in);
    if (jn_is_undefined(v))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the answer");
    const enum jn_status s = jn_write(out, v, NULL, err);
    *body = jn_buf_str(out);
    return s;
}

jn_value component_answer_response(struct jn_arena *a, const struct lambda_outcome *o)
{
    const struct lambda_invoked *in = &o->invoked;
    const jn_value r = jn_make_object(a, 8);
    jn_object_put(a, r, JN_STR("StatusCode"), jn_make_number(in->status));
    put_text(a, r, JN_STR("FunctionError"), in->function_error);
    put_text(a, r, JN_STR("ExecutedVersion"), in->executed_version);
    put_text(a, r, JN_STR("RequestId"), in->request_id);
    put_text(a, r, JN_STR("LogResult"), in->log);
    jn_object_put(a, r, JN_STR("DurationMs"), jn_make_number((double)o->duration_us / 1000));
    jn_object_put(a, r, JN_STR("Attempts"), jn_make_number(o->attempts));
    return jn_arena_failed(a) ? jn_undefined() : r;
}

static void put_header(struct jn_buf *out, const char *name, jn_str value)
{
    if (!value.data || !value.len)
        return;
    jn_buf_append_fmt(out, "%s\"%s\":", jn_str_ends(jn_buf_str(out), JN_STR("{")) ? "" : ",", name);
    sailor_put_string(out, value);
}

void component_answer_headers(const struct lambda_invoked *in, struct jn_buf *out)
{
    jn_buf_append_char(out, '{');
    put_header(out, "x-amzn-requestid", in->request_id);
    put_header(out, "x-amz-executed-version", in->executed_version);
    put_header(out, "x-amz-function-error", in->function_error);
    put_header(out, "x-amz-log-result", in->log_result);
    jn_buf_append_char(out, '}');
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

enum jn_status component_answer_failure(struct jn_arena *a, const struct lambda_invoked *in,
                                        struct component_result *r)
{
    struct lambda_function_error e = { 0 };
    enum jn_status s = lambda_read_function_error(a, in->payload, &e);
    if (s)
        return jn_fail(&r->error, s, "no memory for the function's error");
    r->stack = e.stack;
    r->stack_lines = e.stack_lines;
    const jn_str name = r->error_type = e.type.len ? e.type : in->function_error;
    if (e.message.len) {
        r->error_message = e.message;
        return jn_fail_code(&r->error, JN_REMOTE, name, "%.*s", JN_ARG(e.message));
    }
    const jn_str shown = jn_str_sub(jn_utf8_repair(a, in->payload), 0, 200);
    return jn_fail_code(&r->error, JN_REMOTE, name, "the function failed and said: %.*s", JN_ARG(shown));
}

void component_answer_error(const struct component_result *r, struct jn_buf *out)
{
    jn_buf_append_z(out, "{\"error\":{\"name\":");
    sailor_put_string(out, component_result_name(r));
    jn_buf_append_z(out, ",\"message\":");
    sailor_put_string(out, component_result_message(r));
    jn_buf_append_char(out, '}');
    if (r->http_status)
        jn_buf_append_fmt(out, ",\"statusCode\":%d", r->http_status);
    if (r->request_id.len) {
        jn_buf_append_z(out, ",\"requestId\":");
        sailor_put_string(out, r->request_id);
    }
    jn_buf_append_fmt(out, ",\"attempts\":%u", r->attempts);
    if (r->outcome_unknown)
        jn_buf_append_z(out, ",\"outcomeUnknown\":true");
    jn_buf_append_char(out, '}');
}
