/* sort.c - order-by: items^(key, >key) (spec 7.8).
 *
 * The quick way sorts by columns (sort_keys.c): all items by the first key, those that are equal by the second, and so
 * on.  Which keys are evaluated is the same as in the reference, whose comparisons, like anybody's, must look at every
 * two items that end up side by side; in which order they are can be seen only when one of them raises an error, or is
 * neither number nor string, or not of the same kind as the others.
 *
 * Then the general way begins anew, with the keys that are known already.  Keys are evaluated when the reference would
 * first compare them, and once per item.  The merge is the reference's too: top-down, split at half, so that of several
 * faulty keys the same pair is met first. */
#include "jsonata/path.h"
#include "jsonata/sort_keys.h"

#include <math.h>

struct sorting {
    const struct step *step;
    struct jsonata_eval *e;
    struct jsonata_frame *f;
    const struct tuple_layout *tuples;
    const jn_value *items;
    jn_value *keys;             /* by item and term; VALUE_UNBOUND: not evaluated yet */
};

static jn_value sort_key(struct sorting *s, uint32_t item, uint32_t term)
{
    jn_value *k = &s->keys[(size_t)item * s->step->term_count + term];
    if (k->type != VALUE_UNBOUND)
        return *k;
    jn_value v = s->items[item];
    struct jsonata_frame *f = s->f;
    if (s->tuples) {
        f = tuple_frame(s->e, s->tuples, tuple_of(v), s->f);
        v = tuple_of(v)->item;
    }
    const jn_value key = f ? node_eval(s->step->terms[term].key, s->e, v, f) : jn_undefined();
    if (!jsonata_failed(s->e))
        *k = key;
    return key;
}

/* ---- the general way ----------------------------------------------------------------------------------------- */

static bool is_sortable(jn_value v)
{
    return v.type == JN_NUMBER || v.type == JN_STRING;
}

static int compare_keys(struct sorting *s, jn_value a, jn_value b)
{
    struct jsonata_fault fault = { .position = s->step->position };
    if (!is_sortable(a) || !is_sortable(b)) {
        fault.code = "T2008";
        fault.value = is_sortable(a) ? b : a;
    } else if (a.type != b.type) {
        fault.code = "T2007";
        fault.value = a;
        fault.value2 = b;
    } else if (a.type == JN_STRING) {
        return jn_utf16_compare(jn_text(a), jn_text(b));
    } else {
        const double x = jn_num(a), y = jn_num(b);
        return x < y ? -1 : x == y ? 0 : 1;
    }
    jsonata_raise(s->e, fault);
    return 0;
}

/* Missing keys come last, in either direction. */
static bool comes_after(struct sorting *s, uint32_t a, uint32_t b)
{
    for (uint32_t t = 0; t < s->step->term_count; t++) {
        const jn_value x = sort_key(s, a, t), y = sort_key(s, b, t);
        if (jsonata_failed(s->e))
            return false;
        if (jn_is_undefined(x) || jn_is_undefined(y)) {
            if (jn_is_undefined(x) == jn_is_undefined(y))
                continue;
            return jn_is_undefined(x);
        }
        const int order = compare_keys(s, x, y);
        if (order)
            return s->step->terms[t].is_descending ? order < 0 : order > 0;
    }
    return false;
}

static void merge(struct sorting *s, uint32_t *at, uint32_t *spare, uint32_t half, uint32_t n)
{
    memcpy(spare, at, half * sizeof *at);
    uint32_t l = 0, r = half, to = 0;
    while (l < half && r < n)
        at[to++] = comes_after(s, spare[l], at[r]) ? at[r++] : spare[l++];
    while (l < half)
        at[to++] = spare[l++];
}

static void merge_sort(struct sorting *s, uint32_t *at, uint32_t *spare, uint32_t n)
{
    if (n < 2 || !jsonata_step(s->e))
        return;
    const uint32_t half = n / 2;
    merge_sort(s, at, spare, half);
    merge_sort(s, at + half, spare, n - half);
    merge(s, at, spare, half, n);
}

/* ---- the quick way ------------------------------------------------------------------------------------------- */

/* The kind of key that all of k[0..n) have, and how many have none; undefined when the general way must decide. */
static enum jn_type kind_of_keys(struct sorting *s, const struct sort_key *k, uint32_t n, uint32_t term,
                                 uint32_t *missing)
{
    enum jn_type kind = JN_NULL;
    *missing = 0;
    for (uint32_t i = 0; i < n; i++) {
        const jn_value v = sort_key(s, k[i].index, term);
        if (!jsonata_step(s->e))
            return JN_UNDEFINED;
        if (jn_is_undefined(v)) {
            ++*missing;
            continue;
        }
        if (kind == JN_NULL)
            kind = (enum jn_type)v.type;
        if (!is_sortable(v) || v.type != (uint8_t)kind || (kind == JN_NUMBER && isnan(jn_num(v))))
            return JN_UNDEFINED;
    }
    return kind;
}

/* Missing keys come last, in either direction. */
static void put_missing_last(struct sorting *s, struct sort_key *k, struct sort_key *spare, uint32_t n, uint32_t term)
{
    uint32_t to = 0, missing = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (jn_is_undefined(sort_key(s, k[i].index, term)))
            spare[missing++] = k[i];
        else
            k[to++] = k[i];
    }
    memcpy(k + to, spare, missing * sizeof *k);
}

/* Sorts k[0..n), which are equal in all terms before `term`.  False when that takes the general way. */
static bool sort_quickly(struct sorting *s, struct sort_key *k, struct sort_key *spare, uint32_t n, uint32_t term)
{
    if (n < 2 || term == s->step->term_count)
        return true;
    uint32_t missing;
    const enum jn_type kind = kind_of_keys(s, k, n, term, &missing);
    if (kind == JN_UNDEFINED)
        return false;
    if (missing && missing < n)
        put_missing_last(s, k, spare, n, term);
    const struct sort_column column = { s->keys + term, s->step->term_count, kind == JN_STRING,
                                        s->step->terms[term].is_descending };
    const uint32_t there = n - missing;
    sort_keys(&column, k, spare, there);
    for (uint32_t i = 0, equal; i < there; i += equal) {
        equal = sort_keys_equal(&column, k + i, there - i);
        if (!sort_quickly(s, k + i, spare, equal, term + 1))
            return false;
    }
    return sort_quickly(s, k + there, spare, missing, term + 1);
}

/* The items' order by the quick way; false when it has to be the other. */
static bool order_quickly(struct sorting *s, uint32_t *order, uint32_t n)
{
    enum { TERMS = 32 };        /* the C stack's sake */
    struct jsonata_eval *e = s->e;
    if (e->program->is_plain || e->repeats >= JSONATA_MOST_REPEATS || s->step->term_count > TERMS)
        return false;
    jn_value *top = e->top;
    const uint32_t depth = e->depth;
    struct sort_key *k = jn_arena_alloc(e->arena, 2 * (size_t)n * sizeof *k);
    if (!k)
        return false;
    for (uint32_t i = 0; i < n; i++)
        k[i] = (struct sort_key){ .index = i };
    const bool is_sorted = sort_quickly(s, k, k + n, n, 0);
    for (uint32_t i = 0; is_sorted && i < n; i++)
        order[i] = k[i].index;
    if (!is_sorted && e->fault.code && !e->has_tripped) {
        e->fault = (struct jsonata_fault){ .code = NULL };
        e->top = top;
        e->depth = depth;
    }
    return is_sorted;
}

/* ---- sorting ------------------------------------------------------------------------------------------------- */

static jn_value gather(struct sorting *s, const uint32_t *order, uint32_t n, unsigned flags)
{
    jn_value sorted = jsonata_array(s->e, n, flags);
    for (uint32_t i = 0; i < n; i++)
        jsonata_push_item(s->e, sorted, s->items[order[i]]);
    return sorted;
}

jn_value sort_items(const struct step *step, struct jsonata_eval *e, jn_value items, struct jsonata_frame *f,
                    const struct tuple_layout *tuples)
{
    if (items.type != JN_ARRAY || items.as.array->len < 2)
        return items;
    const uint32_t n = items.as.array->len;
    if (n > e->max_sequence) {
        jsonata_sequence_full(e);       // the reference sorts a sequence of the step before
        return jn_undefined();
    }
    const size_t cells = (size_t)n * step->term_count;
    struct sorting s = { step, e, f, tuples, items.as.array->items,
                         jn_arena_alloc(e->arena, cells * sizeof(jn_value)) };
    uint32_t *order = jn_arena_alloc(e->arena, 2 * (size_t)n * sizeof *order);
    if (!s.keys || !order)
        return jsonata_raise_memory(e);
    for (size_t i = 0; i < cells; i++)
        s.keys[i].type = VALUE_UNBOUND;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    if (!order_quickly(&s, order, n)) {
        e->repeats++;
        merge_sort(&s, order, order + n, n);
        e->repeats--;
    }
    if (jsonata_failed(e))
        return jn_undefined();
    return gather(&s, order, n, tuples ? JN_SEQUENCE | JN_TUPLE_STREAM : 0);
}

void compile_sort(struct compiler *c, const struct ast_node *ast, struct step *step)
{
    step->terms = compile_alloc(c, ast->items.len * sizeof *step->terms);
    step->position = ast->position;
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        step->terms[i].key = compile_node(c, ast->items.at[i]->left);
        step->terms[i].is_descending = ast->items.at[i]->is_descending;
        step->term_count++;
    }
}

/* ---- comparators of $sort ------------------------------------------------------------------------------------ */

static bool is_bare(const struct ast_node *ast)
{
    return !ast->rare->predicates.len && !ast->rare->stages.len && !ast->rare->group && !ast->keep_array &&
           !ast->tuple &&
           !ast->keep_singleton_array;
}

/* $v or $v.name.name...: its variable; NULL for anything else. */
static const struct ast_node *compared_variable(const struct ast_node *ast)
{
    if (!is_bare(ast))
        return NULL;
    if (ast->kind != AST_PATH)
        return ast->kind == AST_VARIABLE ? ast : NULL;
    for (uint32_t i = 0; i < ast->items.len; i++) {
        const struct ast_node *step = ast->items.at[i];
        if (!is_bare(step) || step->kind != (i ? AST_NAME : AST_VARIABLE))
            return NULL;
    }
    return ast->items.at[0];
}

static uint32_t names_of(const struct ast_node *ast)
{
    return ast->kind == AST_PATH ? ast->items.len - 1 : 0;
}

static bool same_names(const struct ast_node *a, const struct ast_node *b)
{
    const uint32_t n = names_of(a);
    if (names_of(b) != n)
        return false;
    for (uint32_t i = 1; i <= n; i++) {
        if (!jn_str_eq(a->items.at[i]->text, b->items.at[i]->text))
            return false;
    }
    return true;
}

/* The names of the path $v.name.name... as a path of their own. */
static const struct node *compile_names(struct compiler *c, const struct ast_node *ast)
{
    if (!names_of(ast))
        return NULL;
    struct ast_node names = { .kind = AST_PATH, .position = ast->position, .rare = &ast_rare_none };
    names.items = (struct ast_list){ .at = ast->items.at + 1, .len = names_of(ast), .cap = names_of(ast) };
    return compile_path(c, &names);
}

const struct sort_order *compile_order(struct compiler *c, const struct ast_node *lambda)
{
    const struct ast_node *body = lambda->right;
    if (c->failed || c->program->is_plain || c->program->is_dynamic || lambda->items.len != 2 || lambda->text.len ||
        body->kind != AST_BINARY || !is_bare(body) || body->op < OP_LESS || body->op > OP_GREATER_EQUAL)
        return NULL;
    const struct ast_node *left = compared_variable(body->left), *right = compared_variable(body->right);
    const jn_str first = lambda->items.at[0]->text, second = lambda->items.at[1]->text;
    if (!left || !right || jn_str_eq(first, second) || !same_names(body->left, body->right))
        return NULL;
    const bool is_straight = jn_str_eq(left->text, first) && jn_str_eq(right->text, second);
    if (!is_straight && !(jn_str_eq(left->text, second) && jn_str_eq(right->text, first)))
        return NULL;
    /* True takes the second one first: $a > $b puts the small ones in front. */
    const bool is_greater = body->op == OP_GREATER || body->op == OP_GREATER_EQUAL;
    struct sort_order *o = COMPILE_NEW(c, struct sort_order);
    o->is_descending = is_greater != is_straight;
    o->is_reversed = body->op == OP_LESS_EQUAL || body->op == OP_GREATER_EQUAL;
    o->key = compile_names(c, body->left);
    return o;
}
