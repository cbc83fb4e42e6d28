/* demand.c - what an expression looks at in its input, for readers that need not build the rest (core/demand.h).
 *
 * Asked only of expressions that select and pass on: paths of names, constructors around them, constants, $count and
 * $exists.  In these, who looks at what can be told from the text:
 *
 *   - $ and $$ are the input, since no name of such a path is evaluated in another context.
 *   - A name looks at the members of the objects it is applied to.  Each path from the input marks its places, so those
 *     objects are built; arrays are built anyway.
 *   - What a path ends at is passed on.  Until it is written, the evaluator copies it, puts it in arrays and objects,
 *     unwraps arrays of one member and counts their members: it asks for its type and for the members of arrays, never
 *     of objects.
 *   - $count and $exists ask for no more than that, and nothing in such an expression can bind their names; the host
 *     can, and then nothing is left unread (evaluate.c).
 *   - None of it raises an error that would hand a part of the input to the host.
 *
 * Everything else (predicates, which take an object for true or false by its members; operators, which compare them;
 * variables, functions, wildcards, parents) is not understood here, and makes the whole input wanted.  That is no great
 * loss: what such expressions save by it was measured, and is a few parts in a hundred. */
#include "core/demand.h"
#include "jsonata/compile.h"

/* Bounds for the time that reading spends on finding a member's demand, and for nesting here. */
enum { MOST_PLACES = 64, DEEPEST = 24 };

/* A place of the input, array indices left out. */
struct spot {
    jn_str key;
    struct spot *first, *next;         /* the places below, and the next one beside */
    uint32_t below;
};

struct analysis {
    struct jn_arena *a;
    uint32_t places;
    bool failed;
};

static struct spot *place_below(struct analysis *x, struct spot *p, jn_str key)
{
    for (struct spot *q = p->first; q; q = q->next)
        if (jn_str_eq(q->key, key))
            return q;
    struct spot *q = ++x->places <= MOST_PLACES ? jn_arena_zalloc(x->a, sizeof *q) : NULL;
    if (!q) {
        x->failed = true;
        return p;
    }
    *q = (struct spot){ .key = key, .next = p->first };
    p->first = q;
    p->below++;
    return q;
}

/* Nothing hangs on the node that would do something with its result. */
static bool is_bare(const struct ast_node *n)
{
    const struct ast_rare *r = n->rare;
    return !r->predicates.len && !r->stages.len && !r->group && !r->focus.data && !r->index.data && !r->ancestor &&
           !n->tuple && !n->keep_array && !n->keep_singleton_array;
}

/* `$` or `$$`, which are the same where no step of a path is around them. */
static bool is_input(const struct ast_node *n)
{
    return n->kind == AST_VARIABLE && (n->text.len == 0 || jn_str_eq(n->text, JN_STR("$"))) && is_bare(n);
}

/* path := ( name | '$' | '$$' ) ( '.' name )* */
static bool mark_path(struct analysis *x, const struct ast_node *path, struct spot *p)
{
    if (path->items.len > DEEPEST)
        return false;
    for (uint32_t i = 0; i < path->items.len; i++) {
        const struct ast_node *step = path->items.at[i];
        if (i == 0 && is_input(step))
            continue;
        if (step->kind != AST_NAME || !is_bare(step))
            return false;
        p = place_below(x, p, step->text);
    }
    return !x->failed;
}

const jn_str jsonata_counting[] = { JN_STR_INIT("count"), JN_STR_INIT("exists"), JN_STR_INIT("") };

static bool is_counting(const struct ast_node *call)
{
    const struct ast_node *function = call->left;
    if (call->items.len != 1 || function->kind != AST_VARIABLE || !is_bare(function))
        return false;
    const jn_str *name = jsonata_counting;
    while (name->len && !jn_str_eq(*name, function->text))
        name++;
    return name->len;
}

static bool mark(struct analysis *x, const struct ast_node *n, struct spot *input, unsigned depth);

static bool mark_all(struct analysis *x, const struct ast_list *items, struct spot *input, unsigned depth)
{
    for (uint32_t i = 0; i < items->len; i++)
        if (!mark(x, items->at[i], input, depth + 1))
            return false;
    return true;
}

static bool has_constant_keys(const struct ast_node *object)
{
    for (uint32_t i = 0; i < object->items.len; i += 2)
        if (object->items.at[i]->kind != AST_STRING)
            return false;
    return true;
}

/* Marks what is looked at for the value of `n`, which is passed on.  False when that cannot be told. */
static bool mark(struct analysis *x, const struct ast_node *n, struct spot *input, unsigned depth)
{
    if (depth > DEEPEST || !is_bare(n))
        return false;
    switch (n->kind) {
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:
        return true;
    case AST_VARIABLE:
        return is_input(n);
    case AST_PATH:
        return mark_path(x, n, input);
    case AST_CALL:
        return is_counting(n) && mark_all(x, &n->items, input, depth);
    case AST_OBJECT:
        return has_constant_keys(n) && mark_all(x, &n->items, input, depth);
    case AST_ARRAY:
        return mark_all(x, &n->items, input, depth);
    default:
        return false;
    }
}

static const struct jn_demand *demand_at(struct jn_arena *a, const struct spot *p)
{
    struct jn_demand *d = jn_arena_zalloc(a, sizeof *d);
    struct jn_demand_member *members = jn_arena_zalloc(a, p->below * sizeof *members);
    if (!d || !members)
        return NULL;
    for (const struct spot *q = p->first; q; q = q->next, d->len++) {
        members[d->len] = (struct jn_demand_member){ q->key, demand_at(a, q) };
        if (!members[d->len].value)
            return NULL;
    }
    d->members = members;
    return d;
}

const struct jn_demand *jsonata_demand(struct jn_arena *a, const struct ast_node *tree)
{
    struct analysis x = { .a = a };
    struct spot input = { .below = 0 };
    return mark(&x, tree, &input, 0) && !x.failed ? demand_at(a, &input) : NULL;
}
