/* sort.c - order-by: items^(key, >key) (spec 7.8).
 *
 * Keys are evaluated when the reference would first compare them, and once per item.  The merge is the reference's too:
 * top-down, split at half, so that of several faulty keys the same pair is met first. */
#include "jsonata/compile.h"

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
    return *k = f ? node_eval(s->step->terms[term].key, s->e, v, f) : jn_undefined();
}

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

static jn_value gather(struct sorting *s, const uint32_t *order, uint32_t n, unsigned flags)
{
    jn_value sorted = jsonata_array(s->e, n, flags);
    for (uint32_t i = 0; i < n; i++)
        jsonata_push(s->e, sorted, s->items[order[i]]);
    return sorted;
}

jn_value sort_items(const struct step *step, struct jsonata_eval *e, jn_value items, struct jsonata_frame *f,
                    const struct tuple_layout *tuples)
{
    if (items.type != JN_ARRAY || items.as.array->len < 2)
        return items;
    const uint32_t n = items.as.array->len;
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
    merge_sort(&s, order, order + n, n);
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
