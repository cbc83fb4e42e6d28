/* expression.h - the JSONata expressions of a step.  Each is compiled once; all share a scope: what they see of the
 * message at hand, and the memory of evaluations, which stays warm from message to message.
 *
 * Expressions have the platform's functions besides those of JSONata (the platform's documentation of its own engine):
 * $getPassthrough() and $getFlowVariables(), which are functions of ours registered with libjsonata. */
#ifndef COMPONENT_EXPRESSION_H
#define COMPONENT_EXPRESSION_H

#include "base/log.h"
#include "core/buf.h"
#include "jsonata/jsonata.h"

/* What the platform hands to a step; the first two are JSON, and all are absent when data is NULL. */
struct component_message {
    jn_str body;
    jn_str passthrough;         /* step id -> message: $getPassthrough(), and the member `elasticio` of the body */
    jn_str traceparent;         /* W3C trace context, plain text */
};

/* ---- what expressions see ------------------------------------------------------------------------------------ */

struct component_scope;

/* `log` (may be NULL) is where the line of a faulty expression is shown. */
enum jn_status component_scope_new(const struct base_log *log, struct component_scope **out, struct jn_error *err);
void component_scope_free(struct component_scope *s);

/* Offers the flow's variables, an object, as $getFlowVariables(); without this, calling that is the error T1006.  They
 * are copied.  JN_BAD_TEXT when they are not a JSON object. */
enum jn_status component_scope_offer_variables(struct component_scope *s, jn_str variables, struct jn_error *err);

/* The expressions to come see this message: its body, with the passthrough as `elasticio`.  Its texts are borrowed
 * until component_scope_end(), which forgets everything and keeps the memory. */
void component_scope_begin(struct component_scope *s, const struct component_message *message);

/* The same for the answer to a message: the input is `result`, and the members of `bindings` are variables; both are in
 * the scope's arena. */
void component_scope_begin_result(struct component_scope *s, const struct component_message *message, jn_value result,
                                  jn_value bindings);
void component_scope_end(struct component_scope *s);

/* Where to make values for what is to be evaluated next; and JSON read into it, `what` being its name in errors. */
struct jn_arena *component_scope_arena(struct component_scope *s);
enum jn_status component_scope_read(struct component_scope *s, jn_str text, const char *what, jn_value *out,
                                    struct jn_error *err);

/* ---- expressions --------------------------------------------------------------------------------------------- */

struct component_expression;

/* `field` is what its owner calls it in sentences, and lives as long as the expression.  JN_BAD_TEXT for a faulty one:
 * field, line, column, token, and the line; code and place are in `err`, too. */
enum jn_status component_expression_new(struct component_scope *s, const char *field, jn_str text,
                                        struct component_expression **out, struct jn_error *err);
void component_expression_free(struct component_expression *e);

/* Whether the variable `name` may be looked at, so that it has to be there. */
bool component_expression_may_use(const struct component_expression *e, const char *name);

/* Evaluates; the value lives until component_scope_end().
 *   JN_BAD_TEXT     the body is not JSON: line and column
 *   JN_EVALUATION   the expression raised an error (code)
 *   JN_BAD_VALUE    with a passthrough, the body has a member `elasticio` already, or is no object
 *   JN_LIMIT, JN_NO_MEMORY */
enum jn_status component_expression_value(struct component_expression *e, jn_value *out, struct jn_error *err);

/* Evaluates and appends the result as JSON.  Also JN_EVALUATION: for nothing (code NothingToSend), a function or a
 * number that JSON cannot hold (NotJson).  `purpose` ends "so there is no ...". */
enum jn_status component_expression_write(struct component_expression *e, const char *purpose, struct jn_buf *out,
                                          struct jn_error *err);

/* Evaluates: whether the result is true as JSONata itself casts it ($boolean); nothing is false. */
enum jn_status component_expression_test(struct component_expression *e, bool *out, struct jn_error *err);

/* Appends `v` strictly; what is no JSON is an error in the name of the expression. */
enum jn_status component_expression_put(const struct component_expression *e, jn_value v, const char *purpose,
                                        struct jn_buf *out, struct jn_error *err);

/* ---- texts that may be expressions --------------------------------------------------------------------------- */

/* A field that holds a fixed text, or JSONata between {% and %}. */
struct component_text {
    const char *field;
    jn_str fixed;               /* a copy; without data when it is an expression */
    struct component_expression *expression;
};

/* `t` may be cleared in any case. */
enum jn_status component_text_init(struct component_text *t, struct component_scope *s, const char *field, jn_str text,
                                   struct jn_error *err);
void component_text_clear(struct component_text *t);

/* The text for the message at hand: the fixed one, or what the expression yields, appended to `buf`.  Whole numbers are
 * texts, too; nothing, null and "" are an empty one; all else is JN_EVALUATION (code NotText). */
enum jn_status component_text_value(struct component_text *t, struct jn_buf *buf, jn_str *out, struct jn_error *err);

#endif
