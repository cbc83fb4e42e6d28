/* fn_array.c - $count, $append, $reverse, $shuffle, $sort, $distinct and $zip (spec 9, 9.1).
 *
 * $sort with a function is the reference's merge sort step by step: which pairs a comparator sees, and what an
 * inconsistent one makes of the array, is visible.  Without a function members are all numbers or all strings, and a
 * stable sort on extracted keys gives the same result many times faster; so it does for functions that do nothing but
 * compare such keys (sort.c knows them).  $distinct hashes. */
#include "jsonata/path.h"
#include "jsonata/fn.h"
#include "jsonata/hash_set.h"
#include "jsonata/sort_keys.h"

#include <math.h>

BUILTIN(fn_count)
{
    return jn_number(jn_is_undefined(args[0]) ? 0 : jn_array_len(args[0]));
}

BUILTIN(fn_append)
{
    return jsonata_append(e, args[0], args[1]);
}

/* A plain array of the same length with its members still to be written; undefined after raising. */
static jn_value array_of(struct jsonata_eval *e, uint32_t len)
{
    const jn_value v = jsonata_array(e, len, 0);
    if (!jn_is_undefined(v))
        v.as.array->len = len;
    return v;
}

/* $reverse, $shuffle and $sort give back, flags and all, what has at most one member. */
static bool is_trivial(jn_value v)
{
    return jn_is_undefined(v) || jn_array_len(v) <= 1;
}

BUILTIN(fn_reverse)
{
    if (is_trivial(args[0]))
        return args[0];
    const struct jn_array *x = args[0].as.array;
    const jn_value result = array_of(e, x->len);
    for (uint32_t i = 0; !jn_is_undefined(result) && i < x->len; i++)
        result.as.array->items[i] = x->items[x->len - 1 - i];
    return result;
}

/* Fisher and Yates, from the front: each member changes places with one of those before it or itself. */
BUILTIN(fn_shuffle)
{
    if (is_trivial(args[0]))
        return args[0];
    const struct jn_array *x = args[0].as.array;
    const jn_value result = array_of(e, x->len);
    for (uint32_t i = 0; !jn_is_undefined(result) && i < x->len; i++) {
        const uint32_t j = (uint32_t)(jsonata_random(e) * (i + 1.0));
        result.as.array->items[i] = result.as.array->items[j];
        result.as.array->items[j] = x->items[i];
    }
    return result;
}

/* The i-th member of each argument side by side, as far as the shortest goes; what is no array has no members. */
BUILTIN(fn_zip)
{
    uint32_t len = count ? UINT32_MAX : 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t n = jn_is(args[k], JN_ARRAY) ? jn_array_len(args[k]) : 0;
        len = n < len ? n : len;
    }
    const jn_value result = jsonata_array(e, len, 0);
    for (uint32_t i = 0; i < len && jsonata_step(e); i++) {
        const jn_value row = array_of(e, count);
        if (jn_is_undefined(row))
            break;
        for (uint32_t k = 0; k < count; k++)
            row.as.array->items[k] = jn_array_at(args[k], i);
        jsonata_push(e, result, row);
    }
    return jsonata_failed(e) ? jn_undefined() : result;
}

/* ---- $sort with a function ----------------------------------------------------------------------------------- */

/* JavaScript's idea of true, which is not JSONata's: an empty array is true. */
static bool is_truthy(jn_value v)
{
    switch (v.type) {
    case JN_UNDEFINED: case JN_NULL:
        return false;
    case JN_BOOLEAN: case JN_STRING:
        return v.len != 0;
    case JN_NUMBER:
        return jn_num(v) != 0 && !isnan(jn_num(v));
    default:
        return true;
    }
}

/* Merges from[0..half) and from[half..len) into `to`; the right one goes first when `f` says so. */
static void merge_by(struct jsonata_eval *e, jn_value f, const jn_value *from, uint32_t half, uint32_t len,
                     jn_value *to)
{
    uint32_t left = 0, right = half, out = 0;
    while (left < half && right < len && jsonata_step(e)) {
        const jn_value pair[] = { from[left], from[right] };
        to[out++] = is_truthy(jsonata_call_function(e, f, pair, 2)) ? from[right++] : from[left++];
    }
    if (left < half)
        memcpy(to + out, from + left, (half - left) * sizeof *to);
    else if (right < len)
        memcpy(to + out, from + right, (len - right) * sizeof *to);
}

/* Sorts `from`, which is used up, into `to`; both hold the same members.  Depth is the logarithm of the length. */
static void sort_by(struct jsonata_eval *e, jn_value f, jn_value *from, uint32_t len, jn_value *to)
{
    if (len < 2 || jsonata_failed(e))
        return;
    const uint32_t half = len / 2;
    sort_by(e, f, to, half, from);
    sort_by(e, f, to + half, len - half, from + half);
    if (!jsonata_failed(e))
        merge_by(e, f, from, half, len, to);
}

static jn_value sort_with(struct jsonata_eval *e, const struct jn_array *x, jn_value f)
{
    const jn_value result = array_of(e, x->len);
    jn_value *other = jn_arena_alloc(e->arena, x->len * sizeof *other);
    if (jn_is_undefined(result) || !other)
        return jsonata_raise_memory(e);
    memcpy(result.as.array->items, x->items, x->len * sizeof *other);
    memcpy(other, x->items, x->len * sizeof *other);
    sort_by(e, f, other, x->len, result.as.array->items);
    return jsonata_failed(e) ? jn_undefined() : result;
}

/* ---- $sort without ------------------------------------------------------------------------------------------- */

/* The kind that all values are, number or string; undefined when they are of several.  Raises D1001 for an infinity
 * anywhere among them, as the reference's test does. */
static enum jn_type common_kind(struct jsonata_eval *e, const jn_value *values, uint32_t n)
{
    const enum jn_type kind = (enum jn_type)values[0].type;
    bool is_common = kind == JN_NUMBER || kind == JN_STRING;
    for (uint32_t i = 0; i < n; i++) {
        const double d = values[i].type == JN_NUMBER ? jn_num(values[i]) : 0;
        if (isinf(d))
            jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = values[i] });
        is_common = is_common && values[i].type == (uint8_t)kind && isfinite(d);
    }
    return is_common ? kind : JN_UNDEFINED;
}

/* The members of `x` in the order that sorting `values`, of the same length, gives. */
static jn_value sort_as(struct jsonata_eval *e, const struct jn_array *x, const struct sort_column *column,
                        bool is_reversed)
{
    const jn_value result = array_of(e, x->len);
    const jn_mark mark = jn_arena_mark(e->arena);
    struct sort_key *k = jn_arena_alloc(e->arena, 2 * (size_t)x->len * sizeof *k);
    if (jn_is_undefined(result) || !k)
        return jsonata_raise_memory(e);
    for (uint32_t i = 0; i < x->len; i++)
        k[i].index = is_reversed ? x->len - 1 - i : i;
    sort_keys(column, k, k + x->len, x->len);
    for (uint32_t i = 0; i < x->len; i++)
        result.as.array->items[i] = x->items[k[i].index];
    jn_arena_rewind(e->arena, mark);
    return result;
}

/* What a comparator of the form function($a, $b){ $a.x > $b.x } compares, for all members; NULL when there is one that
 * has nothing there, or is no object, so that the comparator must say what becomes of it. */
static jn_value *compared_values(struct jsonata_eval *e, const struct jn_array *x, const struct node *key)
{
    jn_value *values = jn_arena_alloc(e->arena, x->len * sizeof *values);
    for (uint32_t i = 0; values && i < x->len && jsonata_step(e); i++) {
        const jn_value m = x->items[i];
        values[i] = m.type == JN_OBJECT ? node_eval(key, e, m, NULL) : jn_undefined();
        if (values[i].type != JN_NUMBER && values[i].type != JN_STRING)
            return NULL;
    }
    return jsonata_failed(e) ? NULL : values;
}

static bool all_finite(const jn_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (values[i].type == JN_NUMBER && !isfinite(jn_num(values[i])))
            return false;
    return true;
}

/* Sorts by such a comparator without calling it; undefined when it has to be called. */
static jn_value sort_by_order(struct jsonata_eval *e, const struct jn_array *x, const struct sort_order *order)
{
    enum { CALL_DEPTH = 64 };           /* where a guardrail might stop the calls, call */
    if (!order || e->max_depth - e->depth < CALL_DEPTH)
        return jn_undefined();
    const jn_value *values = order->key ? compared_values(e, x, order->key) : x->items;
    if (!values || !all_finite(values, x->len))
        return jn_undefined();
    const enum jn_type kind = common_kind(e, values, x->len);
    if (kind == JN_UNDEFINED)
        return jn_undefined();
    const struct sort_column column = { values, 1, kind == JN_STRING, order->is_descending };
    return sort_as(e, x, &column, order->is_reversed);
}

static const struct sort_order *order_of(jn_value f)
{
    const struct jsonata_function *fn = jsonata_function_of(f);
    return fn && fn->kind == FUNCTION_LAMBDA ? fn->as.lambda.code->order : NULL;
}

static jn_value sort_plain(struct jsonata_eval *e, const struct jn_array *x)
{
    const enum jn_type kind = common_kind(e, x->items, x->len);
    if (kind == JN_UNDEFINED)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3070", .index = 1 });
    const struct sort_column column = { .values = x->items, .stride = 1, .is_text = kind == JN_STRING };
    return sort_as(e, x, &column, false);
}

BUILTIN(fn_sort)
{
    if (is_trivial(args[0]))
        return args[0];
    const struct jn_array *x = args[0].as.array;
    if (jn_is_undefined(args[1]))
        return sort_plain(e, x);
    const jn_value sorted = sort_by_order(e, x, order_of(args[1]));
    return jn_is_undefined(sorted) && !jsonata_failed(e) ? sort_with(e, x, args[1]) : sorted;
}

/* ---- $distinct ----------------------------------------------------------------------------------------------- */

/* Of equal members the first; single values, and arrays of at most one member, as they are.  NaN equals nothing, and is
 * kept out of the set, where any number of them would fall into one chain. */
BUILTIN(fn_distinct)
{
    if (!jn_is(args[0], JN_ARRAY) || jn_array_len(args[0]) <= 1)
        return args[0];
    const struct jn_array *x = args[0].as.array;
    const jn_value result = jsonata_array(e, x->len, args[0].flags & JN_SEQUENCE);
    const jn_mark mark = jn_arena_mark(e->arena);
    struct hash_set seen;
    if (jn_is_undefined(result) || !hash_set_init(e, &seen, x->len))
        return jn_undefined();
    struct jn_array *kept = result.as.array;
    for (uint32_t i = 0; i < x->len && jsonata_step(e); i++)
        if (hash_is_nan(x->items[i]) || !hash_set_has(e, &seen, kept->items, x->items[i], kept->len))
            jsonata_push_item(e, result, x->items[i]);
    jn_arena_rewind(e->arena, mark);
    return jsonata_failed(e) ? jn_undefined() : result;
}

const struct jsonata_builtin jsonata_fn_array[] = {
    { "count", "<a:n>", 1, fn_count },
    { "append", "<xx:a>", 2, fn_append },
    { "reverse", "<a:a>", 1, fn_reverse },
    { "shuffle", "<a:a>", 1, fn_shuffle },
    { "sort", "<af?:a>", 2, fn_sort },
    { "distinct", "<x:x>", 1, fn_distinct },
    { "zip", "<a+>", 0, fn_zip },
    { 0 },
};
