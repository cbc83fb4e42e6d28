/* recover.c - what recover mode keeps of a syntax error (spec 15.2): the error itself, and the tokens that were left.
 * Who goes on after it, and how, is the parser's; how it is shown, ast_json.c's. */
#include "jsonata/parse.h"

#include "core/arena.h"

static bool is_operator(enum token_kind k)
{
    return (k >= TOKEN_LEFT_BRACKET && k != TOKEN_ERROR) || k == TOKEN_EXCLAMATION || k == TOKEN_TILDE;
}

/* What the reference calls a token's type. */
static const char *type_of(enum token_kind k)
{
    static const char *const types[] = {
        [TOKEN_END] = "(end)",       [TOKEN_NAME] = "name",   [TOKEN_VARIABLE] = "variable", [TOKEN_STRING] = "string",
        [TOKEN_NUMBER] = "number",   [TOKEN_VALUE] = "value", [TOKEN_REGEX] = "regex",
    };
    return k == TOKEN_ERROR ? "(error)" : is_operator(k) ? "operator" : types[k];
}

/* A token's value as JSON has it, in which a regular expression is an empty object. */
static jn_value value_of(struct jn_arena *a, const struct token *t)
{
    if (t->kind == TOKEN_NUMBER || t->kind == TOKEN_VALUE)
        return t->value;
    return t->kind == TOKEN_REGEX ? jn_object_value(jn_object_new(a, 0)) : jn_string(t->text, 0);
}

static bool add_token(struct jn_arena *a, struct jn_array *to, const struct token *t)
{
    struct jn_object *o = jn_object_new(a, 3);
    return o && jn_object_set(a, o, JN_STR("type"), jn_string(jn_str_of(type_of(t->kind)), 0)) &&
           jn_object_set(a, o, JN_STR("value"), value_of(a, t)) &&
           (t->kind == TOKEN_ERROR || jn_object_set(a, o, JN_STR("position"), jn_number((double)t->position))) &&
           jn_array_push(a, to, jn_object_value(o));
}

struct ast_error *recover_record(struct jn_arena *a, struct ast_errors *errors, const struct jsonata_fault *fault,
                                 const struct token *token)
{
    struct ast_error *error = jn_arena_zalloc(a, sizeof *error);
    if (errors->len == errors->cap) {
        const uint32_t cap = errors->cap ? errors->cap * 2 : 4;
        struct ast_error **at = jn_arena_grow(a, errors->at, errors->cap * sizeof *at, cap * sizeof *at);
        if (!at)
            return NULL;
        errors->at = at;
        errors->cap = cap;
    }
    if (!error)
        return NULL;
    error->fault = *fault;
    if (token)
        error->token = value_of(a, token);
    else if (fault->token.data)
        error->token = jn_is_undefined(fault->literal) ? jn_string(fault->token, 0) : fault->literal;
    return errors->at[errors->len++] = error;
}

bool recover_remaining(struct jn_arena *a, struct ast_error *error, struct lexer *l, const struct token *before)
{
    struct jn_array *x = jn_array_new(a, 4);
    if (!x)
        return false;
    error->remaining = jn_array_value(x, 0);
    if (before->kind != TOKEN_END && !add_token(a, x, before))
        return false;
    for (;;) {
        struct token t;
        lexer_next(l, false, &t);
        if (t.kind == TOKEN_END)
            return !l->fault.code;
        if (!add_token(a, x, &t))
            return false;
    }
}
