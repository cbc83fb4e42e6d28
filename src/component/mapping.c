/* mapping.c - see mapping.h.  The result is written strictly: what JSON cannot hold is an error here, although
 * JSON.stringify would quietly print null, since a function that receives null in place of a price does harm. */
#include "component/mapping.h"

#include <stdlib.h>

struct component_mapping {
    struct jsonata *program;        /* NULL: bodies pass through */
    struct jsonata_context *context;
    jn_str expression;              /* a copy, for places in errors */
    struct jn_arena *lasting;       /* of the flow's variables; NULL: none */
    jn_value variables;
    jn_value passthrough;           /* of the message at hand */
};

/* ---- the platform's functions -------------------------------------------------------------------------------- */

static jn_value give(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call, (void)args, (void)count;
    return *(const jn_value *)host;
}

static enum jn_status offer(struct component_mapping *m, const char *name, jn_value *value, struct jn_error *err)
{
    struct jsonata_error e;
    const enum jn_status s = jsonata_context_register(m->context, name, NULL, give, value, &e);
    return s ? jn_fail(err, s, "$%s could not be offered: %s", name, e.message) : JN_OK;
}

enum jn_status component_mapping_offer_variables(struct component_mapping *m, jn_str variables, struct jn_error *err)
{
    if (!m->lasting && !(m->lasting = jn_arena_new(0)))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the flow's variables");
    jn_arena_reset(m->lasting);
    m->variables = (jn_value){ .type = JN_UNDEFINED };
    const jn_value copy = jn_copy_string(m->lasting, variables);
    if (copy.type != JN_STRING)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the flow's variables");
    jn_value v;
    enum jn_status s = jn_read(m->lasting, jn_get_string(copy), NULL, &v, NULL, err);
    if (s) {
        jn_error_prefix(err, "the flow's variables are not JSON");
        return s;
    }
    if (v.type != JN_OBJECT)
        return jn_fail(err, JN_BAD_TEXT, "the flow's variables must be an object, not %s", jn_type_name(v));
    m->variables = v;
    return offer(m, "getFlowVariables", &m->variables, err);
}

/* ---- making one ---------------------------------------------------------------------------------------------- */

static enum jn_status fail_compile(const struct component_mapping *m, const struct jsonata_error *e,
                                   struct jn_error *err)
{
    if (e->position < 0)
        return jn_fail_code(err, JN_BAD_TEXT, jn_str_of(e->code), "the expression is faulty: %s", e->message);
    struct jn_error place = { 0 };
    jn_fail_at(&place, m->expression, jsonata_byte_offset(m->expression, e->position), "x");
    jn_fail_code(err, JN_BAD_TEXT, jn_str_of(e->code), "the expression is faulty at line %u, column %u: %s", place.line,
                 place.column, e->message);
    if (err) {
        err->offset = place.offset;
        err->line = place.line;
        err->column = place.column;
    }
    return JN_BAD_TEXT;
}

static enum jn_status compile(struct component_mapping *m, jn_str expression, struct jn_error *err)
{
    m->context = jsonata_context_new(NULL);
    char *copy = malloc(expression.len + 1);
    if (copy)
        memcpy(copy, expression.data, expression.len);
    m->expression = (jn_str){ copy, copy ? expression.len : 0 };
    if (!m->context || !copy)
        return jn_fail(err, JN_NO_MEMORY, "no memory to compile the expression");
    enum jn_status s = offer(m, "getPassthrough", &m->passthrough, err);
    if (s)
        return s;
    struct jsonata_error e = { 0 };
    s = jsonata_compile(m->expression, NULL, &m->program, &e);
    if (s == JN_BAD_TEXT)
        return fail_compile(m, &e, err);
    return s ? jn_fail(err, s, "the expression could not be compiled: %s", e.message) : JN_OK;
}

enum jn_status component_mapping_new(jn_str expression, struct component_mapping **out, struct jn_error *err)
{
    struct component_mapping *m = calloc(1, sizeof *m);
    if (!m)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a mapping");
    const bool passes_through = jn_str_trim(expression).len == 0;
    enum jn_status s = compile(m, passes_through ? JN_STR("$") : expression, err);
    if (!s && passes_through) {
        jsonata_free(m->program);
        m->program = NULL;
    }
    if (s)
        component_mapping_free(m);
    else
        *out = m;
    return s;
}

void component_mapping_free(struct component_mapping *m)
{
    if (!m)
        return;
    jsonata_free(m->program);
    jsonata_context_free(m->context);
    jn_arena_free(m->lasting);
    free((char *)m->expression.data);
    free(m);
}

/* ---- applying it --------------------------------------------------------------------------------------------- */

/* The expression's own failure, with the place in it. */
static enum jn_status fail_evaluation(const struct component_mapping *m, enum jn_status s,
                                      const struct jsonata_error *e, struct jn_error *err)
{
    if (s != JN_EVALUATION)
        return jn_fail(err, s, "the expression could not be evaluated: %s", e->message);
    if (e->position < 0)
        return jn_fail_code(err, s, jn_str_of(e->code), "the expression failed: %s", e->message);
    struct jn_error place = { 0 };
    jn_fail_at(&place, m->expression, jsonata_byte_offset(m->expression, e->position), "x");
    return jn_fail_code(err, s, jn_str_of(e->code), "the expression failed at line %u, column %u: %s", place.line,
                        place.column, e->message);
}

static enum jn_status write_result(jn_value result, struct jn_buf *payload, struct jn_error *err)
{
    if (result.type == JN_UNDEFINED)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NothingToSend"),
                            "the expression yields nothing for this message, so there is no payload to send; check the "
                            "names in it, or give a default with `?? null`");
    if (result.type == JN_FUNCTION)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotJson"),
                            "the expression yields a function, which is not JSON; call it, or name a value");
    struct jn_error cause = { 0 };
    const struct jn_write_options strict = { .strict = true };
    enum jn_status s = jn_write(payload, result, &strict, &cause);
    if (s == JN_BAD_VALUE)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotJson"), "the expression's result is not JSON: %s",
                            cause.message);
    return s ? jn_fail(err, s, "the payload could not be written: %s", cause.message) : JN_OK;
}

static enum jn_status read_text(struct component_mapping *m, jn_str text, const char *what, jn_value *out,
                                struct jn_error *err)
{
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(m->context) };
    enum jn_status s = jn_read(jsonata_context_arena(m->context), text, &opt, out, NULL, err);
    if (s)
        jn_error_prefix(err, "the %s is not JSON", what);
    return s;
}

/* The body that the expression sees: with a passthrough it has one member more.  (Sections 9.1 and 9.2 of our notes on
 * the platform: `elasticio` is reserved, and there even when the passthrough is empty.) */
static enum jn_status prepare(struct component_mapping *m, const struct component_message *message, jn_value *body,
                              struct jn_error *err)
{
    const jn_str name = JN_STR("elasticio");
    enum jn_status s = read_text(m, message->body, "message", body, err);
    if (s || !message->passthrough.data)
        return s;
    s = read_text(m, message->passthrough, "passthrough", &m->passthrough, err);
    if (s)
        return s;
    if (body->type != JN_OBJECT)
        return jn_fail(err, JN_BAD_VALUE, "a message with a passthrough must be an object, not %s",
                       jn_type_name(*body));
    if (jn_member(*body, name).type != JN_UNDEFINED)
        return jn_fail(err, JN_BAD_VALUE, "elasticio property is reserved: the body must not have one of its own");
    return jn_object_put(jsonata_context_arena(m->context), *body, name, m->passthrough)
               ? JN_OK
               : jn_fail(err, JN_NO_MEMORY, "no memory for the passthrough");
}

static enum jn_status apply_by_value(struct component_mapping *m, const struct component_message *message,
                                     struct jn_buf *payload, struct jn_error *err)
{
    jn_value input, result;
    jsonata_context_reset(m->context);
    enum jn_status s = prepare(m, message, &input, err);
    if (s)
        return s;
    if (!m->program) {
        jn_buf_append(payload, message->body);
        return payload->failed ? jn_fail(err, payload->failed, "no memory for the payload") : JN_OK;
    }
    struct jsonata_error e = { 0 };
    s = jsonata_evaluate(m->program, m->context, input, (jn_value){ 0 }, &result, &e);
    return s ? fail_evaluation(m, s, &e, err) : write_result(result, payload, err);
}

/* The usual message, in one step.  False when it is not usual: what is wrong with a text or a result is then said by
 * the other way, in words of ours. */
static bool apply_at_once(struct component_mapping *m, const struct component_message *message, struct jn_buf *payload)
{
    const struct jn_write_options strict = { .strict = true };
    jn_str out;
    if (!m->program || message->passthrough.data || !message->body.data ||
        jsonata_evaluate_text(m->program, m->context, message->body, (jn_value){ 0 }, &strict, &out, NULL) || !out.data)
        return false;
    const size_t before = payload->len;
    jn_buf_append(payload, out);
    return payload->len == before + out.len && !payload->failed;
}

enum jn_status component_mapping_apply(struct component_mapping *m, const struct component_message *message,
                                       struct jn_buf *payload, struct jn_error *err)
{
    m->passthrough = (jn_value){ .type = JN_UNDEFINED };
    const bool is_done = apply_at_once(m, message, payload);
    const enum jn_status s = is_done ? JN_OK : apply_by_value(m, message, payload, err);
    m->passthrough = (jn_value){ .type = JN_UNDEFINED };
    jsonata_context_reset(m->context);
    return s;
}
