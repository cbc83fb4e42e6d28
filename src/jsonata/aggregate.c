/* aggregate.c - $sum(a.b) and its like as one node: the path runs into a tally (tally.c) instead of a sequence.
 *
 * The call as it is written stays at hand.  It is evaluated instead whenever the short way could be told from it: the
 * name means something else in this evaluation, the host's functions could be called twice, a limit counts the members
 * of sequences, the tally is odd, or the path has raised an error, which may not be the first that the reference meets.
 *
 * In a value of a grouping the tally is not taken here at all, but while the groups are made: see tally.h. */
#include "jsonata/context.h"
#include "jsonata/tally.h"

enum { NO_SLOT = UINT32_MAX };

struct aggregate_node {
    struct node node;
    enum tally_kind kind;
    struct node *call;              /* as it is written; of TALLY_PATH the path */
    const struct node *named;       /* the call by name in it, or NULL */
    const struct path_node *path;
    uint32_t global;                /* the number of the built-in's name */
    uint32_t slot;                  /* in the plan of the grouping around */
    bool is_tail;
};

/* ---- evaluating ---------------------------------------------------------------------------------------------- */

/* Whether the name is that of the built-in. */
static bool is_builtin(const struct aggregate_node *a, const struct jsonata_eval *e)
{
    const struct jsonata *p = e->program;
    return e->globals[a->global].as.function == p->global_default[a->global].as.function;
}

static bool is_usual(const struct aggregate_node *a, const struct jsonata_eval *e)
{
    return !e->is_ordered && e->repeats < JSONATA_MOST_REPEATS && e->max_sequence == UINT32_MAX &&
           !e->context->registered && is_builtin(a, e);
}

/* As it is written, after the short way. */
static jn_value eval_again(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    e->repeats++;
    const jn_value v = node_eval(n, e, context, f);
    e->repeats--;
    return v;
}

static void run(const struct aggregate_node *a, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
                struct tally *t)
{
    struct tally_sink end;
    tally_sink_init(&end, a->kind, e, t);
    if (!a->is_tail)
        e->depth++;
    e->fused++;
    if (node_enter(&a->path->node, e))
        path_push(a->path, e, context, f, &end.sink);
    e->fused--;
}

static jn_value eval_aggregate(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct aggregate_node *a = (const struct aggregate_node *)n;
    if (!is_usual(a, e) || jsonata_failed(e) || !node_enter_deep(n, e))
        return node_eval(a->call, e, context, f);
    const uint32_t depth = --e->depth;
    jn_value *top = e->top;
    struct tally t = { 0 };
    run(a, e, context, f, &t);
    e->depth = depth;
    if (jsonata_failed(e)) {
        if (e->fused || !path_can_repeat(e))
            return jn_undefined();
        e->fault = (struct jsonata_fault){ .code = NULL };
        e->top = top;
        t.is_odd = true;
    }
    const jn_value v = tally_end(&t, a->kind, e);
    if (t.is_odd)
        return eval_again(a->call, e, context, f);
    if (a->named)
        call_remember(a->named, e, e->globals[a->global]);
    return node_done(n, v);
}

/* In a value of a grouping: what was tallied, if it was. */
static jn_value eval_tallied(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct aggregate_node *a = (const struct aggregate_node *)n;
    struct tally *t = e->tallies ? &e->tallies[a->slot] : NULL;
    if (t && (a->kind == TALLY_PATH || is_builtin(a, e))) {
        const jn_value v = tally_end(t, a->kind, e);
        if (!t->is_odd && a->named)
            call_remember(a->named, e, e->globals[a->global]);
        if (!t->is_odd)
            return node_done(n, v);
        return eval_again(a->call, e, context, f);
    }
    return a->kind == TALLY_PATH ? node_eval(a->call, e, context, f) : eval_aggregate(n, e, context, f);
}

void aggregate_raw(struct node *n)
{
    n->raw = true;
    if (n->eval == eval_aggregate || n->eval == eval_tallied)
        ((struct aggregate_node *)n)->call->raw = true;
}

/* ---- what may be tallied beforehand --------------------------------------------------------------------------- */

enum {
    HAS_CALL = 1,               /* of built-ins that always do the same */
    HAS_VARIABLE = 2,           /* but $ and $$ */
    HAS_BINDING = 4,            /* :=, lambdas, @, # */
    HAS_OTHER = 8,              /* whatever must not be evaluated more than once, or in vain */
};

/* A look at an expression.  Trees can be deep and share their parts, so it is a limited one. */
struct survey {
    unsigned traits;
    uint32_t left;              /* nodes */
    uint32_t depth, deepest;
};

/* $name, without filters or a group that would make something else of it. */
static bool is_plain_variable(const struct ast_node *ast)
{
    return ast->kind == AST_VARIABLE && !ast->rare->predicates.len && !ast->rare->group && !ast->keep_array;
}

static unsigned call_traits(const struct ast_node *ast)
{
    static const char *const changing[] = { "random", "shuffle", "eval" };
    const struct ast_node *procedure = ast->left;
    if (!is_plain_variable(procedure) || !jsonata_library_find(procedure->text))
        return HAS_OTHER;
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
        if (jn_str_eq(procedure->text, jn_str_of(changing[i])))
            return HAS_OTHER;
    }
    return HAS_CALL;
}

static unsigned own_traits(const struct ast_node *ast)
{
    if (ast->tuple || ast->rare->focus.data || ast->rare->index.data)
        return HAS_BINDING | HAS_OTHER;
    switch (ast->kind) {
    case AST_PATH: case AST_BINARY: case AST_NEGATE: case AST_ARRAY: case AST_OBJECT: case AST_NAME: case AST_STRING:
    case AST_NUMBER: case AST_VALUE: case AST_WILDCARD: case AST_CONDITION: case AST_BLOCK: case AST_FILTER:
    case AST_GROUP:
        return 0;
    case AST_VARIABLE:
        return ast->text.len == 0 || jn_str_eq(ast->text, JN_STR("$")) ? 0 : HAS_VARIABLE;
    case AST_CALL:
        return call_traits(ast);
    case AST_BIND: case AST_LAMBDA: case AST_INDEX:
        return HAS_BINDING | HAS_OTHER;
    default:
        return HAS_OTHER;
    }
}

static void survey(struct survey *s, const struct ast_node *ast);

static void survey_list(struct survey *s, const struct ast_list *l)
{
    for (uint32_t i = 0; i < l->len; i++)
        survey(s, l->at[i]);
}

static void survey(struct survey *s, const struct ast_node *ast)
{
    if (!ast)
        return;
    if (s->left == 0 || --s->left == 0) {
        s->traits = HAS_CALL | HAS_VARIABLE | HAS_BINDING | HAS_OTHER;
        return;
    }
    s->traits |= own_traits(ast);
    if (++s->depth > s->deepest)
        s->deepest = s->depth;
    if (ast->kind != AST_CALL || !is_plain_variable(ast->left))
        survey(s, ast->left);
    survey(s, ast->right);
    survey(s, ast->third);
    survey_list(s, &ast->items);
    survey_list(s, &ast->rare->predicates);
    survey_list(s, &ast->rare->stages);
    survey(s, ast->rare->group);
    s->depth--;
}

static struct survey survey_of(const struct ast_node *ast)
{
    enum { ENOUGH = 300 };
    struct survey s = { .left = ENOUGH };
    survey(&s, ast);
    return s;
}

/* ---- plans --------------------------------------------------------------------------------------------------- */

struct tally_plan *tally_plan_new(struct compiler *c, const struct ast_node *group)
{
    if (c->program->is_plain || c->program->is_dynamic)
        return NULL;
    struct tally_plan *p = COMPILE_NEW(c, struct tally_plan);
    p->is_fixed = !(survey_of(group).traits & HAS_BINDING);
    return p;
}

bool tally_plan_fits(const struct tally_plan *p, const struct jsonata_eval *e)
{
    return p && p->len && !e->is_ordered && e->repeats < JSONATA_MOST_REPEATS && e->max_sequence == UINT32_MAX &&
           e->depth + p->nesting <= e->max_depth &&
           !(p->has_calls && e->context->registered);
}

static bool plan_grow(struct compiler *c, struct tally_plan *p)
{
    if (p->len < p->cap)
        return true;
    const uint32_t cap = p->cap ? p->cap * 2 : 8;
    void *at = jn_arena_grow(c->arena, p->at, p->cap * sizeof *p->at, cap * sizeof *p->at);
    if (!at) {
        c->failed = true;
        return false;
    }
    p->at = at;
    p->cap = cap;
    return true;
}

/* A first step $ hands the items on; any other variable, and filters on it, look at all of them. */
static bool starts_at_item(const struct path_node *path, uint32_t *from)
{
    const struct step *first = path->steps;
    *from = first->is_variable;
    if (!first->is_variable)
        return true;
    return path->len > 1 && first->node->kind == NODE_CONTEXT && !first->filters.len && !first->keep_array;
}

static bool are_names(const struct path_node *path, uint32_t from)
{
    for (uint32_t i = from; i < path->len; i++) {
        if (path->steps[i].kind != STEP_NAME || path->steps[i].filters.len || path->steps[i].keep_array)
            return false;
    }
    return true;
}

/* The slot of a new tally, or NO_SLOT. */
static uint32_t plan_add(struct compiler *c, struct tally_plan *p, enum tally_kind kind, const struct ast_node *ast,
                         const struct path_node *path)
{
    const struct survey s = survey_of(ast);
    uint32_t from;
    if (s.traits & HAS_OTHER || (s.traits & HAS_VARIABLE && !p->is_fixed) || !starts_at_item(path, &from))
        return NO_SLOT;
    if (!plan_grow(c, p))
        return NO_SLOT;
    p->has_calls = p->has_calls || s.traits & HAS_CALL;
    p->nesting = p->nesting > 4 * s.deepest ? p->nesting : 4 * s.deepest;     // evaluations that one node counts for
    p->at[p->len] = (struct tally_entry){ kind, path, from, p->pair, are_names(path, from) };
    return p->len++;
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

static const struct path_node *path_of(const struct node *n)
{
    const struct path_node *p = (const struct path_node *)n;
    const bool is_path = n->kind == NODE_PATH || n->kind == NODE_NAME;
    return is_path && path_is_simple(p) ? p : NULL;
}

static struct aggregate_node *aggregate_new(struct compiler *c, const struct ast_node *ast, enum tally_kind kind,
                                            struct node *call, const struct path_node *path)
{
    struct aggregate_node *a = COMPILE_NEW(c, struct aggregate_node);
    compile_init(&a->node, ast, eval_aggregate);
    a->kind = kind;
    a->call = call;
    a->path = path;
    a->slot = NO_SLOT;
    a->node.need = call->need;
    return a;
}

struct node *compile_tallied_path(struct compiler *c, const struct ast_node *ast, struct node *n)
{
    const struct path_node *path = c->failed ? NULL : path_of(n);
    const uint32_t slot = path ? plan_add(c, c->plan, TALLY_PATH, ast, path) : NO_SLOT;
    if (slot == NO_SLOT)
        return n;
    struct aggregate_node *a = aggregate_new(c, ast, TALLY_PATH, n, path);
    a->node.eval = eval_tallied;
    a->node.need = n->kind == NODE_NAME ? 2 : 1;        // as compile_needs() has it for a name
    a->slot = slot;
    return &a->node;
}

static enum tally_kind kind_of(jn_str name)
{
    static const char *const names[] = {
#define X(kind, name) name,
        TALLY_KINDS(X)
#undef X
    };
    enum tally_kind k = 0;
    while (k < TALLY_FIRST && (!name.len || names[k][0] != name.data[0] || !jn_str_eq(name, jn_str_of(names[k]))))
        k++;
    return k;
}

/* An aggregate's name, at a place where it can only be the built-in or a global. */
static bool is_aggregate(struct compiler *c, const struct ast_node *procedure)
{
    struct place *places;
    return !c->program->is_plain && !c->program->is_dynamic && !c->failed && is_plain_variable(procedure) &&
           kind_of(procedure->text) < TALLY_FIRST && scope_find(c, procedure->text, &places) == 0;
}

/* Filters around a call in tail position see the call and not its value. */
static bool is_filtered_tail(const struct compiler *c, const struct ast_node *ast)
{
    return ast->tail_call && c->shells;
}

/* x.[...]: arrays that stay one item each, at which a tally would give up. */
static bool ends_in_array(const struct ast_node *path)
{
    return path->items.len && path->items.at[path->items.len - 1]->kind == AST_ARRAY;
}

struct node *compile_aggregate(struct compiler *c, const struct ast_node *ast)
{
    if (ast->items.len != 1 || ast->items.at[0]->kind != AST_PATH || !is_aggregate(c, ast->left) ||
        ends_in_array(ast->items.at[0]) || is_filtered_tail(c, ast))
        return compile_call(c, ast);
    struct tally_plan *plan = c->plan;
    c->plan = NULL;
    struct node *call = compile_call(c, ast);
    c->plan = plan;
    const struct path_node *path = c->failed ? NULL : path_of(call_argument(call, 0));
    if (!path)
        return call;
    enum tally_kind kind = kind_of(ast->left->text);
    struct aggregate_node *a = aggregate_new(c, ast, kind, call, path);
    a->named = call;
    a->global = scope_global(c, ast->left->text);
    a->is_tail = ast->tail_call;
    a->node.is_boolean = kind == TALLY_EXISTS;
    if (kind == TALLY_EXISTS && !path->can_raise)
        a->kind = TALLY_FIRST;
    if (plan)
        a->slot = plan_add(c, plan, kind, ast->items.at[0], path);
    if (a->slot != NO_SLOT)
        a->node.eval = eval_tallied;
    return &a->node;
}

struct node *compile_applied(struct compiler *c, const struct ast_node *ast, struct node *n, const struct node *left,
                             const struct node *right)
{
    const bool is_call = ast->right->kind == AST_CALL;
    const struct ast_node *procedure = is_call ? ast->right->left : ast->right;
    const struct path_node *path = c->failed ? NULL : path_of(left);
    if (!path || !is_aggregate(c, procedure) || (is_call && ast->right->items.len))
        return n;
    const enum tally_kind kind = kind_of(procedure->text);
    struct aggregate_node *a = aggregate_new(c, ast, kind, n, path);
    a->named = is_call ? right : NULL;
    a->global = scope_global(c, procedure->text);
    a->node.is_boolean = kind == TALLY_EXISTS;
    return &a->node;
}
