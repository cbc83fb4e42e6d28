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
    struct ast_errors *errors;      /* recover mode, else NULL */
    uint32_t labels;
    uint32_t seek_steps;
    struct ast_node spare;          /* stands for nodes that memory does not suffice for */
    struct ast_slots spare_slots;   /* the same for lists of slots, and for what few nodes have */
    struct ast_rare spare_rare;
};

static struct ast_node *rewrite_tree(struct rewriter *r, struct ast_node *n);

/* Operands that stay what they are. */
static inline bool is_settled(const struct ast_node *n)
{
    switch (n->kind) {
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:
    case AST_VARIABLE:
    case AST_WILDCARD:
    case AST_DESCENDANTS:
    case AST_REGEX:
    case AST_PLACEHOLDER:
        return true;
    default:
        return false;
    }
}

static inline bool is_row_of_names(const struct ast_node *n)
{
    return n->kind == AST_PATH && !n->left && !n->keep_array;
}

static inline struct ast_node *rewrite(struct rewriter *r, struct ast_node *n)
{
    if (is_settled(n))
        return n;
    if (!is_row_of_names(n))
        return rewrite_tree(r, n);
    n->position = n->items.at[0]->position;
    return n;
}

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

static struct ast_rare *rare(struct rewriter *r, struct ast_node *n)
{
    return ast_rare(r->arena, n, &r->spare_rare);
}

static struct ast_slots *new_slots(struct rewriter *r)
{
    struct ast_slots *l = jn_arena_zalloc(r->arena, sizeof *l);
    return l ? l : &r->spare_slots;
}

/* Lets `n` wait for one slot more. */
static void wait_for(struct rewriter *r, struct ast_node *n, struct ast_slot *slot)
{
    if (!n->rare->seeking)
        rare(r, n)->seeking = new_slots(r);
    ast_mark(n, HAS_SEEKING);
    add_slot(r, n->rare->seeking, slot);
}

/* The slots that a part waits for, itself included when it is a %.  NULL: none. */
static struct ast_slots *slots_of(struct rewriter *r, struct ast_node *part)
{
    if (part->kind != AST_PARENT || !part->rare->slot)
        return part->rare->seeking;
    struct ast_slots *l = part->rare->seeking ? part->rare->seeking : new_slots(r);
    add_slot(r, l, part->rare->slot);
    return l;
}

/* Lets `to` wait for the ancestors that `from`, a part of it, waits for.  A list that comes first is shared from then
 * on, as the reference has it, so that long rows of operators cost no copies. */
static void float_slots(struct rewriter *r, struct ast_node *to, struct ast_node *from)
{
    if (from->rare == &ast_rare_none)
        return;                         // nearly always: a % has its slot there
    struct ast_slots *l = slots_of(r, from);
    if (!l)
        return;
    if (!to->rare->seeking) {
        rare(r, to)->seeking = l;
        ast_mark(to, HAS_SEEKING);
        return;
    }
    const uint32_t n = l->len;          // the two may be one list
    for (uint32_t i = 0; i < n; i++)
        add_slot(r, to->rare->seeking, l->at[i]);
}

static void set_tuple(struct ast_node *n)
{
    n->tuple = true;
    n->is_unscoped = false;
    ast_mark(n, HAS_TUPLE);
}

/* A name or wildcard is one level.  The first slot that ends here gives the step its label; later ones share it. */
static void seek_in_step(struct rewriter *r, struct ast_node *step, struct ast_slot *slot)
{
    if (--slot->level != 0)
        return;
    if (step->rare->ancestor)
        slot->label = step->rare->ancestor->label;
    rare(r, step)->ancestor = slot;
    ast_mark(step, HAS_ANCESTOR);
    set_tuple(step);
}

static void seek(struct rewriter *r, struct ast_node *n, struct ast_slot *slot);

static void seek_in_path(struct rewriter *r, struct ast_node *path, struct ast_slot *slot)
{
    set_tuple(path);
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
        seek_in_step(r, n, slot);
        break;
    case AST_PARENT:
        slot->level++;
        break;
    case AST_BLOCK:
        if (n->items.len == 0)
            break;
        set_tuple(n);
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
            wait_for(r, path, slot);
            return;
        }
        const struct ast_node *step = path->items.at[--i];
        while (i > 0 && step->rare->focus.data && path->items.at[i - 1]->rare->focus.data && !failed(r)) {
            step = path->items.at[--i];
            r->seek_steps++;
        }
        seek(r, path->items.at[i], slot);
    }
}

/* Serves the ancestors that the last step of `path` waits for. */
static void resolve_ancestors(struct rewriter *r, struct ast_node *path)
{
    struct ast_slots *l = slots_of(r, path->items.at[path->items.len - 1]);
    for (uint32_t i = 0; l && i < l->len && !failed(r); i++)
        seek_before_last(r, path, l->at[i]);
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
    enum { STEPS = 2 };             // room for a dot
    struct one_path {
        struct ast_node path;
        struct ast_node *steps[STEPS];
    } *p = jn_arena_alloc(r->arena, sizeof *p);
    if (!p)
        return &r->spare;
    p->path = (struct ast_node){ .kind = AST_PATH, .position = step->position, .text = JN_STR(""),
                                 .items = { p->steps, 1, STEPS }, .rare = &ast_rare_none };
    p->steps[0] = step;
    return &p->path;
}

static struct ast_node *last_step(struct ast_node *path)
{
    return path->items.at[path->items.len - 1];
}

static void move_predicates_to_stages(struct rewriter *r, struct ast_node *step)
{
    if (step->rare->predicates.len == 0)
        return;
    struct ast_rare *x = rare(r, step);
    x->stages = x->predicates;
    x->predicates = (struct ast_list){ 0 };
    ast_mark(step, HAS_STAGES);
}

static void keep_singleton(struct ast_node *path)
{
    path->keep_singleton_array = true;
    ast_mark(path, HAS_KEEP_SINGLETON);
}

static void set_cons(struct ast_node *n)
{
    n->cons_array = true;
    ast_mark(n, HAS_CONS);
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
    if (step->keep_array)
        keep_singleton(path);
}

/* a . b      One list of steps; string literals in it are names. */
static struct ast_node *rewrite_dot(struct rewriter *r, struct ast_node *n)
{
    if (!n->left) {                 // a row of names
        n->position = n->items.at[0]->position;
        return n;
    }
    struct ast_node *left = n->left, *path = path_of(r, left), *rest = rewrite(r, n->right);
    if (failed(r))
        return n;
    if (left->kind == AST_PARENT)
        wait_for(r, path, left->rare->slot);
    const uint32_t last = path->items.len - 1;      // it and the first may not have been seen by a dot yet
    if (rest->kind == AST_PATH) {
        for (uint32_t i = 0; i < rest->items.len; i++)
            push(r, &path->items, rest->items.at[i]);
    } else {
        move_predicates_to_stages(r, rest);
        push(r, &path->items, rest);
    }
    if (failed(r))
        return n;
    adjust_step(r, path, path->items.at[0]);
    for (uint32_t i = last; i < path->items.len; i++)
        adjust_step(r, path, path->items.at[i]);
    if (path->items.at[0]->kind == AST_ARRAY)
        set_cons(path->items.at[0]);
    if (last_step(path)->kind == AST_ARRAY)
        set_cons(last_step(path));
    resolve_ancestors(r, path);
    return path;
}

/* a [ p ]    A stage of the last step, or a predicate of what is no path. */
static struct ast_node *rewrite_filter(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    struct ast_node *step = result->kind == AST_PATH ? last_step(result) : result;
    if (step->rare->group)
        fail(r, (struct jsonata_fault){ .code = "S0209", .position = n->position });
    ast_mark(step, result->kind == AST_PATH ? HAS_STAGES : HAS_PREDICATES);
    step->is_unscoped = false;              // in a.b{}[x] it was known without its stages
    struct ast_node *condition = rewrite(r, n->right);
    const struct ast_slots *slots = condition->rare->seeking;
    for (uint32_t i = 0; slots && i < slots->len && !failed(r); i++)
        if (slots->at[i]->level == 1)
            seek(r, step, slots->at[i]);
        else
            slots->at[i]->level--;
    if (slots)                      // a condition that is % and nothing else finds no ancestor, nor looks for one
        float_slots(r, step, condition);

    n->left = condition;
    n->right = n->third = NULL;
    push(r, result->kind == AST_PATH ? &rare(r, step)->stages : &rare(r, step)->predicates, n);
    return result;
}

static void rewrite_items(struct rewriter *r, struct ast_node *n)
{
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++)
        n->items.at[i] = rewrite(r, n->items.at[i]);
}

/* The same, and lets `n` wait for what they wait for. */
static void rewrite_parts(struct rewriter *r, struct ast_node *n)
{
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++) {
        n->items.at[i] = rewrite(r, n->items.at[i]);
        float_slots(r, n, n->items.at[i]);
    }
    ast_mark(n, HAS_ITEMS);
}

/* a { k: v }     Hangs on what it groups.  Its % do not look outside. */
static struct ast_node *rewrite_group(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    if (result->rare->group)
        fail(r, (struct jsonata_fault){ .code = "S0210", .position = n->position });
    n->left = NULL;
    rewrite_items(r, n);
    rare(r, result)->group = n;
    ast_mark(result, HAS_GROUP);
    return result;
}

/* a ^ ( terms )      One more step. */
static struct ast_node *rewrite_sort(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *path = path_of(r, n->left);
    n->left = NULL;
    n->keep_array = false;          // the path's, not the step's
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++) {
        struct ast_node *term = n->items.at[i];
        term->left = rewrite(r, term->left);
        float_slots(r, n, term->left);
    }
    ast_mark(n, HAS_ITEMS);
    push(r, &path->items, n);
    if (!failed(r))
        resolve_ancestors(r, path);
    return path;
}

static void keep_array(struct ast_node *n)
{
    n->keep_array = true;
    ast_mark(n, HAS_KEEP_ARRAY);
}

/* a @ $v     The last step binds its items and leaves the context where it was. */
static struct ast_node *rewrite_focus(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *result = n->left;
    struct ast_node *step = result->kind == AST_PATH ? last_step(result) : result;
    if (step->rare->stages.len || step->rare->predicates.len)
        fail(r, (struct jsonata_fault){ .code = "S0215", .position = n->position });
    if (step->kind == AST_SORT)
        fail(r, (struct jsonata_fault){ .code = "S0216", .position = n->position });
    if (n->keep_array)
        keep_array(step);
    rare(r, step)->focus = n->text;
    ast_mark(step, HAS_FOCUS);
    set_tuple(step);
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
        move_predicates_to_stages(r, step);
    n->left = n->right = NULL;
    if (step->rare->stages.len) {
        push(r, &rare(r, step)->stages, n);
    } else {
        rare(r, step)->index = n->text;
        ast_mark(step, HAS_INDEX);
    }
    set_tuple(step);
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
    if (n->left->keep_array || n->right->keep_array)
        keep_array(n);
    return n;
}

/* The name that errors report for a call: what was written before the parenthesis. */
static jn_str call_name(const struct ast_node *procedure)
{
    if (procedure->kind == AST_PATH && procedure->items.len)
        procedure = procedure->items.at[0];
    return procedure->kind == AST_NAME || procedure->kind == AST_VARIABLE ? procedure->text : JN_STR("");
}

/* The arguments come before the procedure: rewrite() has done them. */
static struct ast_node *rewrite_call(struct ast_node *n)
{
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

/* The call of $exists that a ?? b begins with. */
static void rewrite_exists(struct rewriter *r, struct ast_node *call)
{
    rewrite_parts(r, call);
    rewrite_call(call);
}

/* a ? b : c      In a ?: b and a ?? b the condition holds the same node as the first branch: rewritten once. */
static struct ast_node *rewrite_condition(struct rewriter *r, struct ast_node *n)
{
    const bool is_shared = ast_is_shared(n), is_default = n->left == n->right;
    if (is_shared && !is_default)
        rewrite_exists(r, n->left);
    else
        n->left = rewrite(r, n->left);
    float_slots(r, n, n->left);
    if (is_shared)
        n->right = is_default ? n->left : n->left->items.at[0];
    else
        n->right = rewrite(r, n->right);
    ast_mark(n, HAS_THEN);
    float_slots(r, n, n->right);
    if (n->third) {
        n->third = rewrite(r, n->third);
        ast_mark(n, HAS_ELSE);
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
    for (uint32_t i = 0; i < n->items.len && !failed(r); i++) {
        n->items.at[i] = rewrite(r, n->items.at[i]);
        float_slots(r, n, n->items.at[i]);
        if (starts_with_cons(n->items.at[i]))
            set_cons(n);
    }
    ast_mark(n, HAS_ITEMS);
    return n;
}

/* A call that still has its value to filter is no tail, one that has to group it is: so the reference has it, which
 * then forgets the grouping.  What surrounds the call does not matter; see eval_shell(). */
static bool has_tail_call(const struct ast_node *n)
{
    switch (n->kind) {
    case AST_CALL:
        return !n->rare->predicates.len;
    case AST_BLOCK:
        return n->items.len && has_tail_call(n->items.at[n->items.len - 1]);
    case AST_CONDITION:
        return has_tail_call(n->right) || (n->third && has_tail_call(n->third));
    default:
        return false;
    }
}

/* The node with its own list of items: the first branch of a ?: b is a tail where the condition, the same node until
 * now, is none.  What is below the tail calls stays shared. */
static struct ast_node *apart(struct rewriter *r, const struct ast_node *n)
{
    struct ast_node *copy = jn_arena_alloc(r->arena, sizeof *copy);
    if (!copy)
        return &r->spare;
    *copy = *n;
    copy->items = (struct ast_list){ 0 };
    for (uint32_t i = 0; i < n->items.len; i++)
        push(r, &copy->items, n->items.at[i]);
    return copy;
}

static struct ast_node *mark_tail_calls(struct rewriter *r, struct ast_node *n, bool is_shared);

/* A part in tail position; `is_shared`: of something that stands elsewhere, too. */
static struct ast_node *mark_tail(struct rewriter *r, struct ast_node *part, bool is_shared)
{
    return part && has_tail_call(part) && !failed(r) ? mark_tail_calls(r, part, is_shared) : part;
}

/* Marks the calls whose value is the value of the lambda. */
static struct ast_node *mark_tail_calls(struct rewriter *r, struct ast_node *n, bool is_shared)
{
    if (is_shared)
        n = apart(r, n);
    if (n->kind == AST_CALL) {
        n->tail_call = true;        // has_tail_call() has looked
    } else if (n->kind == AST_BLOCK && n->items.len) {
        struct ast_node **last = &n->items.at[n->items.len - 1];
        *last = mark_tail(r, *last, is_shared);
    } else if (n->kind == AST_CONDITION) {
        n->right = mark_tail(r, n->right, is_shared || ast_is_shared(n));
        n->third = mark_tail(r, n->third, is_shared);
    }
    return n;
}

static struct ast_node *rewrite_lambda(struct rewriter *r, struct ast_node *n)
{
    n->right = rewrite(r, n->right);
    n->right = mark_tail(r, n->right, false);
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
    if (n->keep_array)
        keep_singleton(path);
    return path;
}

static struct ast_node *rewrite_parent(struct rewriter *r, struct ast_node *n)
{
    struct ast_slot *slot = jn_arena_alloc(r->arena, sizeof *slot);
    rare(r, n)->slot = slot;
    if (slot)
        *slot = (struct ast_slot){ .label = r->labels, .index = r->labels, .level = 1 };
    r->labels++;
    return n;
}

static struct ast_node *rewrite_list(struct rewriter *r, struct ast_node *n)
{
    rewrite_parts(r, n);
    return n;
}

/* An operand is missing. */
static struct ast_node *rewrite_end(struct rewriter *r, struct ast_node *n)
{
    const struct jsonata_fault fault = { .code = "S0207", .position = n->position, .token = JN_STR("(end)") };
    struct ast_error *error = r->errors ? recover_record(r->arena, r->errors, &fault, NULL) : NULL;
    if (!error) {
        fail(r, fault);
        return n;
    }
    n->kind = AST_ERROR;
    rare(r, n)->error = error;
    return n;
}

/* ---- the walk ------------------------------------------------------------------------------------------------- */

/* Nodes whose `left` is rewritten before them, by the loop in rewrite(). */
static bool has_left_operand(const struct ast_node *n)
{
    switch (n->kind) {
    case AST_PATH:
        return n->left != NULL;
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
    case AST_ERROR:
        return n->left != NULL;
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
        return rewrite_call(n);
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
        return rewrite_end(r, n);
    case AST_ERROR:
        return n->left ? n->left : n;
    default:
        return n;               // literals, variables, wildcards, regexes, the ? of a partial application
    }
}

static struct ast_node *rewrite_tree(struct rewriter *r, struct ast_node *n)
{
    struct ast_node *bottom = n, *done = NULL;
    n->up = NULL;
    for (; has_left_operand(bottom); bottom = bottom->left) {
        if (bottom->kind == AST_CALL || bottom->kind == AST_PARTIAL)
            rewrite_parts(r, bottom);
        bottom->left->up = bottom;
    }
    for (struct ast_node *at = bottom, *up; at && !failed(r); at = up) {
        up = at->up;            // rewriting may use the node for something else
        at->up = NULL;          // the compiler's `scope` from now on
        if (done)
            at->left = done;
        const bool has_keep = at->keep_array;
        done = rewrite_node(r, at);
        if (has_keep)
            keep_array(done);
    }
    return done ? done : n;
}

/* The reference's paths and % have no position. */
static bool has_place(const struct ast_node *n)
{
    return n->kind != AST_PATH && n->kind != AST_PARENT;
}

struct ast_node *jsonata_rewrite(struct jn_arena *a, struct ast_node *tree, struct ast_errors *errors,
                                 struct jsonata_fault *fault)
{
    struct rewriter r = { .arena = a, .fault = fault, .errors = errors };
    r.spare = (struct ast_node){ .kind = AST_END, .text = JN_STR(""), .rare = &ast_rare_none };
    *fault = (struct jsonata_fault){ 0 };
    tree = rewrite(&r, tree);
    if (!failed(&r) && (tree->kind == AST_PARENT || tree->rare->seeking))
        fail(&r, (struct jsonata_fault){ .code = "S0217/top", .position = has_place(tree) ? tree->position : -1,
                                         .token = jn_str_of(ast_kind_name(tree->kind)) });
    return failed(&r) ? NULL : tree;
}
