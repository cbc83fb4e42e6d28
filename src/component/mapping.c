/* mapping.c - see mapping.h.  The result is written strictly: what JSON cannot hold is an error here, although
 * JSON.stringify would quietly print null, since a function that receives null in place of a price does harm. */
#include "component/mapping.h"

#include <stdlib.h>

struct component_mapping {
    struct jsonata *program;        /* NULL: bodies pass through */
    struct jsonata_context *context;
    jn_str expression;              /* a copy, for places in errors */
};

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
    struct jsonata_error e = { 0 };
    enum jn_status s = jsonata_compile(m->expression, NULL, &m->program, &e);
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
    free((char *)m->expression.data);
    free(m);
}

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

static enum jn_status apply(struct component_mapping *m, jn_str body, struct jn_buf *payload, struct jn_error *err)
{
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(m->context) };
    jn_value input;
    enum jn_status s = jn_read(jsonata_context_arena(m->context), body, &opt, &input, NULL, err);
    if (s) {
        jn_error_prefix(err, "the message is not JSON");
        return s;
    }
    if (!m->program) {
        jn_buf_append(payload, body);
        return payload->failed ? jn_fail(err, payload->failed, "no memory for the payload") : JN_OK;
    }
    jn_value result;
    struct jsonata_error e = { 0 };
    s = jsonata_evaluate(m->program, m->context, input, (jn_value){ 0 }, &result, &e);
    return s ? fail_evaluation(m, s, &e, err) : write_result(result, payload, err);
}

enum jn_status component_mapping_apply(struct component_mapping *m, jn_str body, struct jn_buf *payload,
                                       struct jn_error *err)
{
    enum jn_status s = apply(m, body, payload, err);
    jsonata_context_reset(m->context);
    return s;
}
