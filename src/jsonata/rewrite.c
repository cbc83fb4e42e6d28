/* rewrite.c - the parsed tree, normalised (spec, section 5): dots become one list of steps, predicates and stages hang
 * on what they filter, order-by becomes a step, % finds the step that is its ancestor, tail calls are marked.
 *
 * Left operands may be nested as deeply as the text is long (1+1+1+...), so rewrite() walks down them with a loop and
 * back up by the `up` links; everything else recurses, and was bounded by the parser's max_depth.
 *
 * Ancestors.  Each % has a slot: how many levels up it looks.  A slot that finds no ancestor in the node at hand waits
 * in that node's `seeking` list, which moves upwards until a path can serve it: there, each step to the left that has
 * one item per level takes one level off, and the step where none is left binds its item under the slot's label. */
#include "jsonata/parse.h"

#include "core/arena.h"

enum { MAX_SEEK_STEPS = 10 * 1000 * 1000 };     /* steps looked at for all % together: hostile text is quadratic */

struct rewriter {
    struct jn_arena *arena;
    struct jsonata_fault *fault;
    uint32_t labels;
    uint32_t seek_steps;
    struct ast_node spare;          /* stands for nodes that memory does not suffice for */
};

static struct ast_node *rewrite(struct rewriter *r, struct ast_node *n);

static bool failed(const struct rewriter *r)
{
    return r->fault->code || jn_arena_failed(r->arena);
}

static void fail(struct rewriter *r, struct jsonata_fault fault)
{
    if (!failed(r))
        *r->fault = fault;
}

/* ---- ancestors ------------------------------------------------------------------------------------------------ */

static void add_slot(struct rewriter *r, struct ast_slots *l, struct ast_slot *slot)
{
    if (l->len == l->cap) {
        const uint32_t cap = l->cap ? l->cap * 2 : 1;
        struct ast_slot **at = jn_arena_grow(r->arena, l->at, l->cap * sizeof *at, cap * sizeof *at);
        if (!at)
            return;
        l->at = at;
        l->cap = cap;
    }
    l->at[l->len++] = slot;
}

/* Lets `to` wait for the ancestors that `from`, a part of it, waits for.  A list that comes first is handed over whole,
 * so that long rows of operators cost no copies. */
static void float_slots(struct rewriter *r, struct ast_node *to, struct ast_node *from)
{
    if (from->kind == AST_PARENT && from->slot)
        add_slot(r, &from->seeking, from->slot);
    if (to->seeking.len == 0) {
        to->seeking = from->seeking;
        from->seeking = (struct ast_slots){ 0 };
        return;
    }
    for (uint32_t i = 0; i < from->seeking.len; i++)
        add_slot(r, &to->seeking, from->seeking.at[i]);
}

/* A name or wildcard is one level.  The first slot that ends here gives the step its label; later ones share it. */
static void seek_in_step(struct ast_node *step, struct ast_slot *slot)
{
    if (--slot->level != 0)
        return;
    if (step->ancestor)
        slot->label = step->ancestor->label;
    step->ancestor = slot;
    step->tuple = true;
}

static void seek(struct rewriter *r, struct ast_node *n, struct ast_slot *slot);

static void seek_in_path(struct rewriter *r, struct ast_node *path, struct ast_slot *slot)
{
    path->tuple = true;
    uint32_t i = path->items.len;
    do
        seek(r, path->items.at[--i], slot);
    while (slot->level > 0 && i > 0 && !failed(r));
}

/* Looks for the ancestor of `slot` in `n`, a step before the one that asks.  It recurses as deep as blocks do. */
static void seek(struct rewriter *r, struct ast_node *n, struct ast_slot *slot)
{
    if (failed(r))
        return;
    if (++r->seek_steps > MAX_SEEK_STEPS)
        fail(r, (struct jsonata_fault){ .code = "S0201/parents", .position = n->position });
    switch (n->kind) {
    case AST_NAME:
    case AST_WILDCARD:
        seek_in_step(n, slot);
        break;
    case AST_PARENT:
        slot->level++;
        break;
    case AST_BLOCK:
        if (n->items.len == 0)
            break;
        n->tuple = true;
        seek(r, n->items.at[n->items.len - 1], slot);
        break;
    case AST_PATH:
        seek_in_path(r, n, slot);
        break;
    default:
        fail(r, (struct jsonata_fault){ .code = "S0217", .position = n->position,
                                        .token = jn_str_of(ast_kind_name(n->kind)) });
    }
}

/* Looks for `slot` in the steps before the last one, from right to left.  A run of steps that bind a focus counts as
 * one, since the context does not move along it.  What is not found waits with the path. */
static void seek_before_last(struct rewriter *r, struct ast_node *path, struct ast_slot *slot)
{
    uint32_t i = path->items.len - 1;       // steps [0, i) are still to be looked at
    while (slot->level > 0 && !failed(r)) {
        if (i == 0) {
            add_slot(r, &path->seeking, slot);
            return;
        }
        const struct ast_node *step = path->items.at[--i];
        while (i > 0 && step->focus.data && path->items.at[i - 1]->focus.data && !failed(r)) {
            step = path->items.at[--i];
            r->seek_steps++;
        }
        seek(r, path->items.at[i], slot);
    }
}

/* Serves the ancestors that the last step of `path` waits for. */
static void resolve_ancestors(struct rewriter *r, struct ast_node *path)
{
    struct ast_node *last = path->items.at[path->items.len - 1];
    if (last->kind == AST_PARENT && last->slot)
        add_slot(r, &last->seeking, last->slot);
    for (uint32_t i = 0; i < last->seeking.len && !failed(r); i++)
        seek_before_last(r, path, last->seeking.at[i]);
}

/* ---- paths ---------------------------------------------------------------------------------------------------- */

static void push(struct rewriter *r, struct ast_list *l, struct ast_node *n)
{
    ast_push(r->arena, l, n);               // failure shows in the arena
}

/* A path of one step; a path stays as it is. */
static struct ast_node *path_of(struct rewriter *r, struct ast_node *step)
{
    if (step->kind == AST_PATH)
        return step;
    struct ast_node *path = ast_new(r->arena, AST_PATH, step->position);
    if (!path || !ast_push(r->arena, &path->items, step))
        return &r->spare;
    return path;
}

static struct ast_node *last_step(struct ast_node *path)
{
    return path->items.at[path->items.len - 1];
}

static void move_predicates_to_stages(struct ast_node *step)
{
    if (step->predicates.len == 0)
        return;
    step->stages = step->predicates;
    step->predicates = (struct ast_list){ 0 };
}

/* Checks and adjusts one step of a path that was written with dots. */
static void adjust_step(struct rewriter *r, struct ast_node *path, struct ast_node *step)
{
    if (step->kind == AST_NUMBER || step->kind == AST_VALUE)
        fail(r, (struct jsonata_fault){ .code = "S0213", .position = step->position, .value = step->literal });
    if (step->kind == AST_STRING) {
        step->kind = AST_NAME;
        step->text = jn_text(step->literal);
    }
    path->keep_singleton_array |= step->keep_array;
}

/* a . b      One list of steps; string literals in it are names. */
static struct ast_node *rewrite_dot(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *left = n->left, *rest = rewrite(r, n->right);
    if (failed(r))
        return n;
    struct ast_node *path = path_of(r, left);
    if (left->kind == AST_PARENT)
        add_slot(r, &path->seeking, left->slot);
    const uint32_t last = path->items.len - 1;      // it and the first may not have been seen by a dot yet
    if (rest->kind == AST_PATH) {
        for (uint32_t i = 0; i < rest->items.len; i++)
            push(r, &path->items, rest->items.at[i]);
    } else {
        move_predicates_to_stages(rest);
        push(r, &path->items, rest);
    }
    if (failed(r))
        return n;
    adjust_step(r, path, path->items.at[0]);
    for (uint32_t i = last; i < path->items.len; i++)
        adjust_step(r, path, path->items.at[i]);
    if (path->items.at[0]->kind == AST_ARRAY)
        path->items.at[0]->cons_array = true;
    if (last_step(path)->kind == AST_ARRAY)
        last_step(path)->cons_array = true;
    resolve_ancestors(r, path);
    return path;
}

/* a [ p ]    A stage of the last step, or a predicate of what is no path. */
static struct ast_node *rewrite_filter(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    struct ast_node *step = result->kind == AST_PATH ? last_step(result) : result;
    if (step->group)
        fail(r, (struct jsonata_fault){ .code = "S0209", .position = n->position });
    struct ast_node *condition = rewrite(r, n->right);
    struct ast_slots *slots = &condition->seeking;
    for (uint32_t i = 0; i < slots->len && !failed(r); i++)
        if (slots->at[i]->level == 1)
            seek(r, step, slots->at[i]);
        else
            slots->at[i]->level--;
    if (slots->len)                 // a condition that is % and nothing else finds no ancestor, nor looks for one
        float_slots(r, step, condition);

    n->left = condition;
    n->right = n->third = NULL;
    push(r, result->kind == AST_PATH ? &step->stages : &step->predicates, n);
    return result;
}

static void rewrite_items(struct rewriter *r, struct ast_node *n)
{
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++)
        n->items.at[i] = rewrite(r, n->items.at[i]);
}

static void float_from_items(struct rewriter *r, struct ast_node *n)
{
    for (uint32_t i = 0; i < n->items.len; i++)
        float_slots(r, n, n->items.at[i]);
}

/* a { k: v }     Hangs on what it groups.  Its % do not look outside. */
static struct ast_node *rewrite_group(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    if (result->group)
        fail(r, (struct jsonata_fault){ .code = "S0210", .position = n->position });
    n->left = NULL;
    rewrite_items(r, n);
    result->group = n;
    return result;
}

/* a ^ ( terms )      One more step. */
static struct ast_node *rewrite_sort(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *path = path_of(r, n->left);
    n->left = NULL;
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++) {
        struct ast_node *term = n->items.at[i];
        term->left = rewrite(r, term->left);
        float_slots(r, n, term->left);
    }
    push(r, &path->items, n);
    if (!failed(r))
        resolve_ancestors(r, path);
    return path;
}

/* a @ $v     The last step binds its items and leaves the context where it was. */
static struct ast_node *rewrite_focus(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    struct ast_node *step = result->kind == AST_PATH ? last_step(result) : result;
    if (step->stages.len || step->predicates.len)
        fail(r, (struct jsonata_fault){ .code = "S0215", .position = n->position });
    if (step->kind == AST_SORT)
        fail(r, (struct jsonata_fault){ .code = "S0216", .position = n->position });
    step->keep_array |= n->keep_array;
    step->focus = n->text;
    step->tuple = true;
    return result;
}

/* a # $v     The last step counts its items; after filters, a stage counts what they let through. */
static struct ast_node *rewrite_index(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *step = n->left, *path = path_of(r, step);
    if (failed(r))
        return n;
    if (path == step)
        step = last_step(path);
    else
        move_predicates_to_stages(step);
    n->left = n->right = NULL;
    if (step->stages.len)
        push(r, &step->stages, n);
    else
        step->index = n->text;
    step->tuple = true;
    return path;
}

/* ---- other operators ------------------------------------------------------------------------------------------ */

static struct ast_node *rewrite_binary(struct rewriter *r, struct ast_node *n)
{
    n->right = rewrite(r, n->right);
    float_slots(r, n, n->left);
    float_slots(r, n, n->right);
    return n;
}

static struct ast_node *rewrite_apply(struct rewriter *r, struct ast_node *n)
{
    n->right = rewrite(r, n->right);
    n->keep_array |= n->left->keep_array || n->right->keep_array;
    return n;
}

/* The name that errors report for a call: what was written before the parenthesis. */
static jn_str call_name(const struct ast_node *procedure)
{
    if (procedure->kind == AST_PATH && procedure->items.len)
        procedure = procedure->items.at[0];
    return procedure->kind == AST_NAME || procedure->kind == AST_VARIABLE ? procedure->text : JN_STR("");
}

static struct ast_node *rewrite_call(struct rewriter *r, struct ast_node *n)
{
    rewrite_items(r, n);
    float_from_items(r, n);
    n->text = call_name(n->left);
    return n;
}

/* - a        Folded when `a` is a literal number. */
static struct ast_node *rewrite_negation(struct rewriter *r, struct ast_node *n)
{
    n->left = rewrite(r, n->left);
    if (n->left->kind == AST_NUMBER) {
        n->left->literal = jn_number(-jn_num(n->left->literal));
        return n->left;
    }
    float_slots(r, n, n->left);
    return n;
}

/* a ? b : c      In a ?: b and a ?? b the condition holds the same node as the first branch: rewritten once. */
static struct ast_node *rewrite_condition(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *test = n->left, *shared = n->right;
    const bool is_default = test == shared;
    const bool is_coalesce = test->kind == AST_CALL && test->items.len == 1 && test->items.at[0] == shared;
    n->right = rewrite(r, shared);
    if (is_default) {
        n->left = n->right;
    } else if (is_coalesce) {
        test->items.at[0] = n->right;
        test->text = test->left->text;
    } else {
        n->left = rewrite(r, test);
        float_slots(r, n, n->left);
    }
    float_slots(r, n, n->right);
    if (n->third) {
        n->third = rewrite(r, n->third);
        float_slots(r, n, n->third);
    }
    return n;
}

static bool starts_with_cons(const struct ast_node *n)
{
    return n->cons_array || (n->kind == AST_PATH && n->items.len && n->items.at[0]->cons_array);
}

static struct ast_node *rewrite_block(struct rewriter *r, struct ast_node *n)
{
    rewrite_items(r, n);
    float_from_items(r, n);
    for (uint32_t i = 0; i < n->items.len; i++)
        n->cons_array |= starts_with_cons(n->items.at[i]);
    return n;
}

static bool is_shared(const struct ast_node *condition)
{
    const struct ast_node *test = condition->left;
    return test == condition->right ||
           (test->kind == AST_CALL && test->items.len == 1 && test->items.at[0] == condition->right);
}

/* Marks the calls whose value is the value of the lambda.  A branch that the condition shares is evaluated as the
 * condition too, where it is no tail; filters and groupings on the way still have work to do with the value. */
static void mark_tail_calls(struct ast_node *n)
{
    if (n->predicates.len || n->group)
        return;
    if (n->kind == AST_CALL)
        n->tail_call = true;
    if (n->kind == AST_BLOCK && n->items.len)
        mark_tail_calls(n->items.at[n->items.len - 1]);
    if (n->kind == AST_CONDITION && !is_shared(n))
        mark_tail_calls(n->right);
    if (n->kind == AST_CONDITION && n->third)
        mark_tail_calls(n->third);
}

static struct ast_node *rewrite_lambda(struct rewriter *r, struct ast_node *n)
{
    n->right = rewrite(r, n->right);
    if (!failed(r))
        mark_tail_calls(n->right);
    return n;
}

static struct ast_node *rewrite_transform(struct rewriter *r, struct ast_node *n)
{
    n->left = rewrite(r, n->left);
    n->right = rewrite(r, n->right);
    if (n->third)
        n->third = rewrite(r, n->third);
    return n;
}

static struct ast_node *rewrite_bind(struct rewriter *r, struct ast_node *n)
{
    n->right = rewrite(r, n->right);
    float_slots(r, n, n->right);
    return n;
}

/* ---- operands ------------------------------------------------------------------------------------------------- */

static struct ast_node *rewrite_name(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *path = path_of(r, n);
    path->keep_singleton_array = n->keep_array;
    return path;
}

static struct ast_node *rewrite_parent(struct rewriter *r, struct ast_node *n)
{
    n->slot = jn_arena_alloc(r->arena, sizeof *n->slot);
    if (n->slot)
        *n->slot = (struct ast_slot){ .label = r->labels++, .level = 1 };
    return n;
}

static struct ast_node *rewrite_list(struct rewriter *r, struct ast_node *n)
{
    rewrite_items(r, n);
    float_from_items(r, n);
    return n;
}

/* ---- the walk ------------------------------------------------------------------------------------------------- */

/* Nodes whose `left` is rewritten before them, by the loop in rewrite(). */
static bool has_left_operand(const struct ast_node *n)
{
    switch (n->kind) {
    case AST_PATH:
    case AST_FILTER:
    case AST_GROUP:
    case AST_SORT:
    case AST_FOCUS:
    case AST_INDEX:
    case AST_BINARY:
    case AST_APPLY:
    case AST_CALL:
    case AST_PARTIAL:
        return true;
    default:
        return false;
    }
}

static struct ast_node *rewrite_node(struct rewriter *r, struct ast_node *n)
{
    switch (n->kind) {
    case AST_PATH:
        return rewrite_dot(r, n);
    case AST_FILTER:
        return rewrite_filter(r, n);
    case AST_GROUP:
        return rewrite_group(r, n);
    case AST_SORT:
        return rewrite_sort(r, n);
    case AST_FOCUS:
        return rewrite_focus(r, n);
    case AST_INDEX:
        return rewrite_index(r, n);
    case AST_BINARY:
        return rewrite_binary(r, n);
    case AST_APPLY:
        return rewrite_apply(r, n);
    case AST_CALL:
    case AST_PARTIAL:
        return rewrite_call(r, n);
    case AST_NEGATE:
        return rewrite_negation(r, n);
    case AST_CONDITION:
        return rewrite_condition(r, n);
    case AST_BLOCK:
        return rewrite_block(r, n);
    case AST_LAMBDA:
        return rewrite_lambda(r, n);
    case AST_TRANSFORM:
        return rewrite_transform(r, n);
    case AST_BIND:
        return rewrite_bind(r, n);
    case AST_ARRAY:
    case AST_OBJECT:
        return rewrite_list(r, n);
    case AST_NAME:
        return rewrite_name(r, n);
    case AST_PARENT:
        return rewrite_parent(r, n);
    case AST_END:
        fail(r, (struct jsonata_fault){ .code = "S0207", .position = n->position, .token = JN_STR("(end)") });
        return n;
    default:
        return n;               // literals, variables, wildcards, regexes, the ? of a partial application
    }
}

static struct ast_node *rewrite(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *bottom = n, *done = NULL;
    n->up = NULL;
    for (; has_left_operand(bottom); bottom = bottom->left)
        bottom->left->up = bottom;
    for (struct ast_node *at = bottom, *up; at && !failed(r); at = up) {
        up = at->up;            // rewriting may use the node for something else
        if (done)
            at->left = done;
        const bool keep_array = at->keep_array;
        done = rewrite_node(r, at);
        done->keep_array |= keep_array;
    }
    return done ? done : n;
}

struct ast_node *jsonata_rewrite(struct jn_arena *a, struct ast_node *tree, struct jsonata_fault *fault)
{
    struct rewriter r = { .arena = a, .fault = fault, .spare = { .kind = AST_END, .text = JN_STR("") } };
    *fault = (struct jsonata_fault){ 0 };
    tree = rewrite(&r, tree);
    if (!failed(&r) && (tree->kind == AST_PARENT || tree->seeking.len))
        fail(&r, (struct jsonata_fault){ .code = "S0217/top", .position = tree->position,
                                         .token = jn_str_of(ast_kind_name(tree->kind)) });
    return failed(&r) ? NULL : tree;
}
