/* expression.c - see expression.h.  Results are written strictly: what JSON cannot hold is an error here, although
 * JSON.stringify would quietly print null, since a function that receives null in place of a price does harm. */
#include "component/expression.h"

#include <stdlib.h>

#include "component/expression_error.h"

struct component_scope {
    const struct base_log *log;
    struct jsonata_context *context;
    struct jsonata *truth;              /* $boolean($) */
    struct jn_arena *lasting;           /* of the flow's variables; NULL: none */
    jn_value variables;
    struct component_message message;   /* the one at hand */
    bool has_input;                     /* `input` has been made of it */
    jn_value input, bindings, passthrough;
};

/* ---- the platform's functions -------------------------------------------------------------------------------- */

static jn_value give_variables(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call, (void)args, (void)count;
    return ((const struct component_scope *)host)->variables;
}

enum jn_status component_scope_read(struct component_scope *s, jn_str text, const char *what, jn_value *out,
                                    struct jn_error *err)
{
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(s->context) };
    const enum jn_status status = jn_read(jsonata_context_arena(s->context), text, &opt, out, NULL, err);
    if (status)
        jn_error_prefix(err, "the %s is not JSON", what);
    return status;
}

/* Read when it is first asked for: the input of a result expression does not have it as a member. */
static jn_value give_passthrough(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)args, (void)count;
    struct component_scope *s = host;
    struct jn_error err = { 0 };
    if (s->message.passthrough.data && s->passthrough.type == JN_UNDEFINED &&
        component_scope_read(s, s->message.passthrough, "passthrough", &s->passthrough, &err))
        return jsonata_call_fail(call, "", err.message);
    return s->passthrough;
}

static enum jn_status offer(struct component_scope *s, const char *name, jsonata_native_fn *fn, struct jn_error *err)
{
    struct jsonata_error e;
    const enum jn_status status = jsonata_context_register(s->context, name, NULL, fn, s, &e);
    return status ? jn_fail(err, status, "$%s could not be offered: %s", name, e.message) : JN_OK;
}

enum jn_status component_scope_offer_variables(struct component_scope *s, jn_str variables, struct jn_error *err)
{
    if (!s->lasting && !(s->lasting = jn_arena_new(0)))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the flow's variables");
    jn_arena_reset(s->lasting);
    s->variables = (jn_value){ .type = JN_UNDEFINED };
    const jn_value copy = jn_copy_string(s->lasting, variables);
    if (copy.type != JN_STRING)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the flow's variables");
    jn_value v;
    const enum jn_status status = jn_read(s->lasting, jn_get_string(copy), NULL, &v, NULL, err);
    if (status) {
        jn_error_prefix(err, "the flow's variables are not JSON");
        return status;
    }
    if (v.type != JN_OBJECT)
        return jn_fail(err, JN_BAD_TEXT, "the flow's variables must be an object, not %s", jn_type_name(v));
    s->variables = v;
    return offer(s, "getFlowVariables", give_variables, err);
}

/* ---- scopes -------------------------------------------------------------------------------------------------- */

enum jn_status component_scope_new(const struct base_log *log, struct component_scope **out, struct jn_error *err)
{
    struct component_scope *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory for expressions");
    s->log = log;
    s->context = jsonata_context_new(NULL);
    struct jsonata_error e = { 0 };
    enum jn_status status = s->context ? jsonata_compile(JN_STR("$boolean($)"), NULL, &s->truth, &e) : JN_NO_MEMORY;
    if (status)
        jn_fail(err, status, "no memory for expressions");
    else
        status = offer(s, "getPassthrough", give_passthrough, err);
    if (status)
        component_scope_free(s);
    else
        *out = s;
    return status;
}

void component_scope_free(struct component_scope *s)
{
    if (!s)
        return;
    jsonata_free(s->truth);
    jsonata_context_free(s->context);
    jn_arena_free(s->lasting);
    free(s);
}

struct jn_arena *component_scope_arena(struct component_scope *s)
{
    return jsonata_context_arena(s->context);
}

void component_scope_begin(struct component_scope *s, const struct component_message *message)
{
    s->message = *message;
    s->has_input = false;
    s->input = s->bindings = s->passthrough = (jn_value){ .type = JN_UNDEFINED };
}

void component_scope_begin_result(struct component_scope *s, const struct component_message *message, jn_value result,
                                  jn_value bindings)
{
    component_scope_begin(s, message);
    s->has_input = true;
    s->input = result;
    s->bindings = bindings;
}

void component_scope_end(struct component_scope *s)
{
    component_scope_begin(s, &(struct component_message){ .body = { NULL, 0 } });
    jsonata_context_reset(s->context);
}

/* The body that an expression sees: with a passthrough it has one member more.  (Sections 9.1 and 9.2 of our notes on
 * the platform: `elasticio` is reserved, and there even when the passthrough is empty.) */
static enum jn_status add_passthrough(struct component_scope *s, jn_value body, struct jn_error *err)
{
    const jn_str name = JN_STR("elasticio");
    const enum jn_status status = component_scope_read(s, s->message.passthrough, "passthrough", &s->passthrough, err);
    if (status)
        return status;
    if (body.type != JN_OBJECT)
        return jn_fail(err, JN_BAD_VALUE, "a message with a passthrough must be an object, not %s", jn_type_name(body));
    if (jn_member(body, name).type != JN_UNDEFINED)
        return jn_fail(err, JN_BAD_VALUE, "elasticio property is reserved: the body must not have one of its own");
    return jn_object_put(component_scope_arena(s), body, name, s->passthrough)
               ? JN_OK
               : jn_fail(err, JN_NO_MEMORY, "no memory for the passthrough");
}

static enum jn_status make_input(struct component_scope *s, struct jn_error *err)
{
    if (s->has_input)
        return JN_OK;
    enum jn_status status = component_scope_read(s, s->message.body, "message", &s->input, err);
    if (!status && s->message.passthrough.data)
        status = add_passthrough(s, s->input, err);
    s->has_input = !status;
    return status;
}

/* ---- expressions --------------------------------------------------------------------------------------------- */

struct component_expression {
    struct component_scope *scope;
    struct jsonata *program;
    struct component_source source;
};

/* A copy that may hold a NUL, as a form's text can; {NULL, 0} without memory. */
static jn_str copy_text(jn_str text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return (jn_str){ NULL, 0 };
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return (jn_str){ copy, text.len };
}

static enum jn_status compile(struct component_expression *e, jn_str text, struct jn_error *err)
{
    e->source.text = copy_text(text);
    if (!e->source.text.data)
        return jn_fail(err, JN_NO_MEMORY, "no memory to compile %s", e->source.field);
    struct jsonata_error x = { 0 };
    const enum jn_status s = jsonata_compile(e->source.text, NULL, &e->program, &x);
    return s ? component_fail_compile(&e->source, s, &x, e->scope->log, err) : JN_OK;
}

enum jn_status component_expression_new(struct component_scope *s, const char *field, jn_str text,
                                        struct component_expression **out, struct jn_error *err)
{
    struct component_expression *e = calloc(1, sizeof *e);
    if (!e)
        return jn_fail(err, JN_NO_MEMORY, "no memory to compile %s", field);
    e->scope = s;
    e->source.field = field;
    const enum jn_status status = compile(e, text, err);
    if (status)
        component_expression_free(e);
    else
        *out = e;
    return status;
}

void component_expression_free(struct component_expression *e)
{
    if (!e)
        return;
    jsonata_free(e->program);
    free((char *)e->source.text.data);
    free(e);
}

bool component_expression_may_use(const struct component_expression *e, const char *name)
{
    // An expression made at run time ($eval) may use anything.
    return jn_str_find(e->source.text, jn_str_of(name), 0) != SIZE_MAX ||
           jn_str_find(e->source.text, JN_STR("eval"), 0) != SIZE_MAX;
}

enum jn_status component_expression_value(struct component_expression *e, jn_value *out, struct jn_error *err)
{
    struct component_scope *s = e->scope;
    enum jn_status status = make_input(s, err);
    if (status)
        return status;
    struct jsonata_error x = { 0 };
    status = jsonata_evaluate(e->program, s->context, s->input, s->bindings, out, &x);
    return status ? component_fail_evaluation(&e->source, status, &x, err) : JN_OK;
}

enum jn_status component_expression_put(const struct component_expression *e, jn_value v, const char *purpose,
                                        struct jn_buf *out, struct jn_error *err)
{
    const char *field = e->source.field;
    if (v.type == JN_UNDEFINED)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NothingToSend"),
                            "%s yields nothing for this message, so there is no %s; check the names in it, or give a "
                            "default with `?? null`", field, purpose);
    if (v.type == JN_FUNCTION)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotJson"),
                            "%s yields a function, which is not JSON; call it, or name a value", field);
    struct jn_error cause = { 0 };
    const enum jn_status s = jn_write(out, v, &(struct jn_write_options){ .strict = true }, &cause);
    if (s == JN_BAD_VALUE)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotJson"), "what %s yields is not JSON: %s", field,
                            cause.message);
    return s ? jn_fail(err, s, "what %s yields could not be written: %s", field, cause.message) : JN_OK;
}

enum { LONG_TEXT = 64 * 1024 };     /* bytes: a longer text is handed on, not copied */

static bool take_text(struct component_expression *e, jn_str text, struct jn_buf *out)
{
    const size_t before = out->len;
    if (before == 0 && text.len > LONG_TEXT) {
        char *detached = jsonata_detach_text(e->scope->context);
        if (detached)
            jn_buf_attach(out, detached, text.len);
        return detached != NULL;
    }
    jn_buf_append(out, text);
    return out->len == before + text.len && !out->failed;
}

/* The usual message, in one step.  False when it is not usual: what is wrong with a text or a result is then said by
 * the other way, in words of ours. */
static bool write_at_once(struct component_expression *e, struct jn_buf *out)
{
    const struct jn_write_options strict = { .strict = true };
    struct component_scope *s = e->scope;
    jn_str text;
    if (s->has_input || s->message.passthrough.data || !s->message.body.data ||
        jsonata_evaluate_text(e->program, s->context, s->message.body, (jn_value){ 0 }, &strict, &text, NULL) ||
        !text.data)
        return false;
    return take_text(e, text, out);
}

enum jn_status component_expression_write(struct component_expression *e, const char *purpose, struct jn_buf *out,
                                          struct jn_error *err)
{
    if (write_at_once(e, out))
        return JN_OK;
    if (!e->scope->has_input)
        jsonata_context_reset(e->scope->context);
    jn_value v;
    const enum jn_status s = component_expression_value(e, &v, err);
    return s ? s : component_expression_put(e, v, purpose, out, err);
}

enum jn_status component_expression_test(struct component_expression *e, bool *out, struct jn_error *err)
{
    jn_value v, truth;
    enum jn_status s = component_expression_value(e, &v, err);
    if (s)
        return s;
    struct jsonata_error x = { 0 };
    s = jsonata_evaluate(e->scope->truth, e->scope->context, v, (jn_value){ 0 }, &truth, &x);
    if (s)
        return component_fail_evaluation(&e->source, s, &x, err);
    *out = jn_get_boolean(truth);
    return JN_OK;
}

/* ---- texts that may be expressions --------------------------------------------------------------------------- */

/* text := '{%' expression '%}' | anything without '{%' */
static enum jn_status take_expression(struct component_text *t, struct component_scope *s, jn_str text,
                                      struct jn_error *err)
{
    if (!jn_str_starts(text, JN_STR("{%")) || !jn_str_ends(text, JN_STR("%}")) || text.len < 4)
        return jn_fail(err, JN_BAD_VALUE, "%s has {%% in it, but is not one expression from {%% to %%}; write for "
                       "example {%% \"orders-\" & country %%}", t->field);
    return component_expression_new(s, t->field, jn_str_sub(text, 2, text.len - 2), &t->expression, err);
}

enum jn_status component_text_init(struct component_text *t, struct component_scope *s, const char *field, jn_str text,
                                   struct jn_error *err)
{
    *t = (struct component_text){ .field = field };
    text = jn_str_trim(text);
    if (jn_str_find(text, JN_STR("{%"), 0) != SIZE_MAX)
        return take_expression(t, s, text, err);
    t->fixed = copy_text(text);
    return t->fixed.data ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for %s", field);
}

void component_text_clear(struct component_text *t)
{
    component_expression_free(t->expression);
    free((char *)t->fixed.data);
    *t = (struct component_text){ .field = t->field };
}

static enum jn_status append_text(const struct component_text *t, jn_value v, struct jn_buf *buf, struct jn_error *err)
{
    const double number = v.type == JN_NUMBER ? jn_get_number(v) : 0.5;
    if (v.type == JN_STRING)
        jn_buf_append(buf, jn_str_trim(jn_get_string(v)));
    else if (number >= 0 && number < 1e15 && number == (double)(int64_t)number)
        jn_buf_append_fmt(buf, "%lld", (long long)number);
    else if (v.type != JN_UNDEFINED && v.type != JN_NULL)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotText"), "%s has to yield a text, not %s", t->field,
                            v.type == JN_NUMBER ? "this number" : jn_type_name(v));
    return buf->failed ? jn_fail(err, buf->failed, "no memory for %s", t->field) : JN_OK;
}

enum jn_status component_text_value(struct component_text *t, struct jn_buf *buf, jn_str *out, struct jn_error *err)
{
    if (!t->expression) {
        *out = t->fixed;
        return JN_OK;
    }
    jn_value v;
    const size_t start = buf->len;
    enum jn_status s = component_expression_value(t->expression, &v, err);
    if (!s)
        s = append_text(t, v, buf, err);
    if (!s)
        *out = jn_str_sub(jn_buf_str(buf), start, buf->len);
    return s;
}
