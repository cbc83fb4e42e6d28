/* fn_array.c - $count, $append, $reverse, $shuffle, $sort, $distinct and $zip (spec 9, 9.1).
 *
 * $sort with a function is the reference's merge sort step by step: which pairs a comparator sees, and what an
 * inconsistent one makes of the array, is visible.  Without a function members are all numbers or all strings, and a
 * stable sort on extracted keys gives the same result many times faster.  $distinct hashes. */
#include "jsonata/fn.h"
#include "jsonata/hash_set.h"
#include "jsonata/unicode.h"

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

/* A member with what its order depends on: a number as it is, of a string the first eight bytes. */
struct sort_key {
    union {
        double number;
        uint64_t prefix;
    } by;
    uint32_t index;
};

typedef bool goes_before_fn(const struct jn_array *x, const struct sort_key *a, const struct sort_key *b);

static bool number_before(const struct jn_array *x, const struct sort_key *a, const struct sort_key *b)
{
    (void)x;
    return a->by.number < b->by.number;
}

static bool string_before(const struct jn_array *x, const struct sort_key *a, const struct sort_key *b)
{
    if (a->by.prefix != b->by.prefix)
        return a->by.prefix < b->by.prefix;
    return jn_utf16_compare(jn_text(x->items[a->index]), jn_text(x->items[b->index])) < 0;
}

/* Sorts runs of this many by insertion before merging. */
enum { SORT_RUN = 12 };

static inline void insert_run(const struct jn_array *x, struct sort_key *k, uint32_t len, goes_before_fn *before)
{
    for (uint32_t i = 1; i < len; i++) {
        const struct sort_key moving = k[i];
        uint32_t at = i;
        for (; at > 0 && before(x, &moving, &k[at - 1]); at--)
            k[at] = k[at - 1];
        k[at] = moving;
    }
}

static inline void merge_runs(const struct jn_array *x, const struct sort_key *from, uint32_t half, uint32_t len,
                              struct sort_key *to, goes_before_fn *before)
{
    uint32_t left = 0, right = half;
    if (half < len && before(x, &from[half], &from[half - 1]))      // else they are in order as they stand
        while (left < half && right < len)
            *to++ = before(x, &from[right], &from[left]) ? from[right++] : from[left++];
    memcpy(to, from + left, (half - left) * sizeof *to);
    memcpy(to + (half - left), from + right, (len - right) * sizeof *to);
}

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Bottom-up merge sort, stable; gives back whichever of `k` and `spare` holds the result.  Inline, so that each
 * order has its own copy with the comparison inside. */
static inline struct sort_key *sort_keys(const struct jn_array *x, struct sort_key *k, struct sort_key *spare,
                                         goes_before_fn *before)
{
    const uint32_t len = x->len;
    for (uint32_t i = 0; i < len; i += smaller(SORT_RUN, len - i))
        insert_run(x, k + i, smaller(SORT_RUN, len - i), before);
    for (uint32_t run = SORT_RUN; run < len; run = run < len / 2 ? run * 2 : len) {
        for (uint32_t i = 0; i < len;) {
            const uint32_t half = smaller(run, len - i), pair = half + smaller(run, len - i - half);
            merge_runs(x, k + i, half, pair, spare + i, before);
            i += pair;
        }
        struct sort_key *const sorted = spare;
        spare = k;
        k = sorted;
    }
    return k;
}

/* Bytes in the order of UTF-16 code units: those of U+E000 to U+FFFF come after the surrogates of higher planes. */
static uint64_t prefix_of(jn_str s)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; i++) {
        const unsigned char c = i < s.len ? (unsigned char)s.data[i] : 0;
        prefix = prefix << 8 | (c >= 0xee && c <= 0xef ? c + 7u : c);
    }
    return prefix;
}

static bool has_surrogate(jn_str s)
{
    for (size_t i = 0; i < 8 && i < s.len; i++)
        if (jsonata_is_surrogate(s, i))
            return true;
    return false;
}

/* False when there is a member that is no number.  Raises D1001 for an infinity, as the reference's test does. */
static bool number_keys(struct jsonata_eval *e, const struct jn_array *x, struct sort_key *k)
{
    for (uint32_t i = 0; i < x->len; i++) {
        const double d = jn_is(x->items[i], JN_NUMBER) ? jn_num(x->items[i]) : NAN;
        if (isinf(d))
            jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = x->items[i] });
        if (!isfinite(d))
            return false;
        k[i] = (struct sort_key){ .by.number = d, .index = i };
    }
    return true;
}

/* False when there is a member that is no string.  A lone surrogate sorts between the halves of pairs, which bytes
 * do not show: then all prefixes are made equal, and the strings decide. */
static bool string_keys(const struct jn_array *x, struct sort_key *k)
{
    bool is_bytewise = true;
    for (uint32_t i = 0; i < x->len; i++) {
        if (!jn_is(x->items[i], JN_STRING))
            return false;
        k[i] = (struct sort_key){ .by.prefix = prefix_of(jn_text(x->items[i])), .index = i };
        is_bytewise = is_bytewise && !has_surrogate(jn_text(x->items[i]));
    }
    for (uint32_t i = 0; !is_bytewise && i < x->len; i++)
        k[i].by.prefix = 0;
    return true;
}

static jn_value sort_plain(struct jsonata_eval *e, const struct jn_array *x)
{
    const jn_value result = array_of(e, x->len);
    const jn_mark mark = jn_arena_mark(e->arena);
    struct sort_key *k = jn_arena_alloc(e->arena, x->len * sizeof *k);
    struct sort_key *spare = jn_arena_alloc(e->arena, x->len * sizeof *k);
    if (jn_is_undefined(result) || !k || !spare)
        return jsonata_raise_memory(e);
    if (number_keys(e, x, k))
        k = sort_keys(x, k, spare, number_before);
    else if (!jsonata_failed(e) && string_keys(x, k))
        k = sort_keys(x, k, spare, string_before);
    else
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3070", .index = 1 });
    for (uint32_t i = 0; i < x->len; i++)
        result.as.array->items[i] = x->items[k[i].index];
    jn_arena_rewind(e->arena, mark);
    return result;
}

BUILTIN(fn_sort)
{
    if (is_trivial(args[0]))
        return args[0];
    return jn_is_undefined(args[1]) ? sort_plain(e, args[0].as.array) : sort_with(e, args[0].as.array, args[1]);
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
            jsonata_push(e, result, x->items[i]);
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
