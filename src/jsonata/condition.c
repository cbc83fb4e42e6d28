/* condition.c - a ? b : c, and the two short forms a ?: b and a ?? b.
 *
 * The short forms stand for `a ? a : b` and `$exists(a) ? a : b`, and the reference evaluates `a` twice.  Here once is
 * enough wherever nobody could tell: where `a` binds no variable, and calls nothing but built-ins that always give the
 * same.  Whether a name still means the built-in is known when the program runs (jsonata_eval.has_overrides), and so is
 * what $exists means. */
#include "jsonata/compile.h"

struct condition_node {
    struct node node;
    const struct node *test, *then, *otherwise;     /* otherwise may be NULL */
};

static jn_value eval_condition(const struct node *n, struct jsonata_eval *e, jn_value context,
                               struct jsonata_frame *f)
{
    const struct condition_node *c = (const struct condition_node *)n;
    if (!node_enter(n, e))
        return jn_undefined();
    const jn_value test = node_eval(c->test, e, context, f);
    const bool is_true = test.type == JN_BOOLEAN ? jn_bool(test) : jsonata_is_true(e, test);
    const struct node *next = is_true ? c->then : c->otherwise;
    const jn_value v = next && !jsonata_failed(e) ? node_eval(next, e, context, f) : jn_undefined();
    node_leave(e);
    return node_done(n, v);
}

/* ---- what can be seen to be evaluated twice ------------------------------------------------------------------- */

enum effect {
    EFFECT_KNOWN = 1,           /* the tree's note is valid */
    EFFECT_BINDS = 2,           /* a variable outside of the expression */
    EFFECT_CALLS = 4,           /* something unknown, or something that gives another value each time */
};

static unsigned effects(struct compiler *c, struct ast_node *ast);

static unsigned effects_of_list(struct compiler *c, const struct ast_list *l)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < l->len; i++)
        found |= effects(c, l->at[i]);
    return found;
}

static bool is_in(const char *const *names, jn_str name)
{
    for (; *names; names++)
        if (jn_str_eq(name, jn_str_of(*names)))
            return true;
    return false;
}

/* Built-ins that call a function they are given, which is then known only if it is written there. */
static bool calls_functions(jn_str name)
{
    static const char *const names[] = { "map",   "filter", "single", "reduce",   "sift", "each",
                                         "sort", "match",  "replace", "contains", "split", NULL };
    return is_in(names, name);
}

static bool varies(jn_str name)
{
    static const char *const names[] = { "random", "shuffle", "eval", NULL };
    return is_in(names, name);
}

static bool is_written_out(const struct ast_node *ast)
{
    return ast->kind == AST_LAMBDA || ast->kind == AST_REGEX || ast->kind == AST_STRING || ast->kind == AST_NUMBER;
}

/* `first`: 1 when the first argument stands elsewhere, before a ~>. */
static unsigned effects_of_builtin(struct compiler *c, const struct ast_node *call, uint32_t first)
{
    const jn_str name = call->left->text;
    struct place *places;
    if (c->program->is_dynamic || scope_find(c, name, &places) || varies(name) || !scope_builtin(c, name))
        return EFFECT_CALLS;
    for (uint32_t i = 1 - first; calls_functions(name) && i < call->items.len; i++)
        if (!is_written_out(call->items.at[i]))
            return EFFECT_CALLS;
    return 0;
}

static unsigned effects_of_call(struct compiler *c, const struct ast_node *call, uint32_t first)
{
    const struct ast_node *procedure = call->left;
    if (procedure->kind == AST_VARIABLE && !procedure->rare->predicates.len && !procedure->rare->group)
        return effects_of_builtin(c, call, first);
    return procedure->kind == AST_LAMBDA ? 0 : EFFECT_CALLS;
}

/* Of the node alone; what is below it is looked at anyway. */
static unsigned own_effects(struct compiler *c, const struct ast_node *ast)
{
    switch (ast->kind) {
    case AST_CALL:
        return effects_of_call(c, ast, 0);
    case AST_APPLY:
        return ast->right->kind == AST_CALL ? effects_of_call(c, ast->right, 1) : EFFECT_CALLS;
    case AST_BIND:
        return EFFECT_BINDS;
    default:
        return 0;
    }
}

/* All but the left operand. */
static unsigned effects_of_parts(struct compiler *c, const struct ast_node *ast)
{
    unsigned found = own_effects(c, ast) | effects_of_list(c, &ast->items);
    if (ast->rare != &ast_rare_none)
        found |= effects_of_list(c, &ast->rare->predicates) | effects_of_list(c, &ast->rare->stages);
    if (ast->right && !ast_is_shared(ast))
        found |= effects(c, ast->right);
    if (ast->third)
        found |= effects(c, ast->third);
    if (ast->rare->group)
        found |= effects(c, ast->rare->group);
    if (ast->kind == AST_BLOCK || ast->kind == AST_LAMBDA)
        found &= ~(unsigned)EFFECT_BINDS;       // variables of its own
    return found;
}

/* What evaluating the tree does besides giving a value.  Left operands may be many: the loop goes down, and only the
 * top keeps the note, so that a tree in a tree in a tree is looked at once. */
static unsigned effects(struct compiler *c, struct ast_node *ast)
{
    if (ast->effects & EFFECT_KNOWN)
        return ast->effects & ~(unsigned)EFFECT_KNOWN;
    unsigned found = 0;
    for (struct ast_node *at = ast; at; at = at->left) {
        if (at->effects & EFFECT_KNOWN) {
            found |= at->effects & ~(unsigned)EFFECT_KNOWN;
            break;
        }
        found |= effects_of_parts(c, at);
    }
    ast->effects = (uint8_t)(found | EFFECT_KNOWN);
    return found;
}

/* ---- a ?: b, a ?? b -------------------------------------------------------------------------------------------- */

struct default_node {
    struct node node;
    const struct node *value, *otherwise;
    const struct node *exists;  /* ??: the call of $exists */
    uint32_t exists_global;     /* ... and the number of that name; its meaning when there is no other */
    jn_value exists_default;
    bool is_seen;               /* it can be seen whether `value` is evaluated twice */
};

/* The value again, as the result; `v` is what the condition has made of it. */
static jn_value value_again(const struct default_node *d, struct jsonata_eval *e, jn_value v, jn_value context,
                            struct jsonata_frame *f)
{
    if (!d->is_seen && !e->has_overrides)
        return v;
    return jsonata_step(e) ? node_eval(d->value, e, context, f) : jn_undefined();
}

static jn_value eval_default(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct default_node *d = (const struct default_node *)n;
    if (!node_enter(n, e))
        return jn_undefined();
    jn_value v = node_eval(d->value, e, context, f);
    const bool is_true = jsonata_is_true(e, v);
    if (jsonata_failed(e))
        v = jn_undefined();
    else
        v = is_true ? value_again(d, e, v, context, f) : node_eval(d->otherwise, e, context, f);
    node_leave(e);
    return node_done(n, v);
}

static bool exists_is_ours(const struct default_node *d, const struct jsonata_eval *e)
{
    return d->exists_default.type == JN_FUNCTION &&
           e->globals[d->exists_global].as.function == d->exists_default.as.function;
}

/* $exists is bound to something else. */
static jn_value eval_coalesce_called(const struct default_node *d, struct jsonata_eval *e, jn_value context,
                                     struct jsonata_frame *f)
{
    const bool is_true = jsonata_is_true(e, node_eval(d->exists, e, context, f));
    return jsonata_failed(e) ? jn_undefined() : node_eval(is_true ? d->value : d->otherwise, e, context, f);
}

static jn_value eval_coalesce(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct default_node *d = (const struct default_node *)n;
    jn_value v = jn_undefined();
    if (!node_enter(n, e))
        return v;
    if (!exists_is_ours(d, e)) {
        v = eval_coalesce_called(d, e, context, f);
    } else if (node_enter(d->exists, e)) {          // it is an evaluation too
        v = node_eval(d->value, e, context, f);
        node_leave(e);
        if (!jsonata_failed(e))
            v = jn_is_undefined(v) ? node_eval(d->otherwise, e, context, f) : value_again(d, e, v, context, f);
    }
    node_leave(e);
    return jsonata_failed(e) ? jn_undefined() : node_done(n, v);
}

/* What $exists means by itself, where no variable of that name is in sight. */
static void settle_exists(struct compiler *c, struct default_node *d)
{
    struct place *places;
    if (c->program->is_dynamic || c->program->is_plain || scope_find(c, JN_STR("exists"), &places) || c->failed)
        return;
    d->exists_global = scope_global(c, JN_STR("exists"));
    if (!c->failed)
        d->exists_default = c->program->global_default[d->exists_global];
}

static struct node *compile_default(struct compiler *c, const struct ast_node *ast)
{
    struct default_node *d = COMPILE_NEW(c, struct default_node);
    const bool is_coalesce = ast->left != ast->right;
    compile_init(&d->node, ast, is_coalesce ? eval_coalesce : eval_default);
    d->is_seen = c->program->is_plain || effects(c, ast->right);
    d->value = compile_node(c, ast->right);
    if (is_coalesce) {
        c->ready_ast = ast->right;
        c->ready_node = (struct node *)d->value;
        d->exists = compile_node(c, ast->left);
        compile_needs(&d->node, d->exists);
        settle_exists(c, d);
    }
    compile_needs(&d->node, d->value);
    d->otherwise = compile_node(c, ast->third);
    return &d->node;
}

struct node *compile_condition(struct compiler *c, const struct ast_node *ast)
{
    if (ast_is_shared(ast))
        return compile_default(c, ast);
    struct condition_node *n = COMPILE_NEW(c, struct condition_node);
    compile_init(&n->node, ast, eval_condition);
    n->test = compile_node(c, ast->left);
    n->then = compile_node(c, ast->right);
    n->otherwise = ast->third ? compile_node(c, ast->third) : NULL;
    compile_needs(&n->node, n->test);
    return &n->node;
}
