/* answer.c - see answer.h. */
#include "component/answer.h"

#include "core/value.h"

/* The AWS response object, members in the order of the service's model. */
static jn_value response_object(struct jn_arena *a, const struct lambda_invoked *in)
{
    const jn_value o = jn_make_object(a, 3);
    bool ok = jn_object_put(a, o, JN_STR("StatusCode"), jn_make_number(in->status));
    if (in->executed_version.data)
        ok = ok && jn_object_put(a, o, JN_STR("ExecutedVersion"), jn_make_string(in->executed_version));
    ok = ok && jn_object_put(a, o, JN_STR("Payload"), jn_make_string(jn_utf8_repair(a, in->payload)));
    return ok ? o : jn_undefined();
}

enum jn_status component_answer_body(struct jn_arena *a, const struct lambda_invoked *in, struct jn_buf *out,
                                     struct jn_error *err)
{
    jn_value v;
    if (jn_read(a, in->payload, NULL, &v, NULL, NULL) != JN_OK)
        v = response_object(a, in);
    if (jn_is_undefined(v))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the answer");
    return jn_write(out, v, NULL, err);
}

enum jn_status component_answer_failure(struct jn_arena *a, const struct lambda_invoked *in,
                                        struct component_result *r)
{
    struct lambda_function_error e = { 0 };
    enum jn_status s = lambda_read_function_error(a, in->payload, &e);
    if (s)
        return jn_fail(&r->error, s, "no memory for the function's error");
    r->stack = e.stack;
    r->stack_lines = e.stack_lines;
    const jn_str name = e.type.len ? e.type : in->function_error;
    if (e.message.len)
        return jn_fail_code(&r->error, JN_REMOTE, name, "%.*s", JN_ARG(e.message));
    const jn_str shown = jn_str_sub(jn_utf8_repair(a, in->payload), 0, 200);
    return jn_fail_code(&r->error, JN_REMOTE, name, "the function failed and said: %.*s", JN_ARG(shown));
}
