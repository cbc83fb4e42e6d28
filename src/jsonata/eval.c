/* eval.c - the services of an evaluation: raising, making values, finding members. Turning values into booleans, texts
 * and clones is convert.c's; calling is function.c's; guardrails are evaluate.c's. */
#include "jsonata/eval.h"
/* ---- raising ------------------------------------------------------------------------------------------------- */

jn_value jsonata_raise(struct jsonata_eval *e, struct jsonata_fault fault)
{
    if (!jsonata_failed(e))
        e->fault = fault;
    return jn_undefined();
}

jn_value jsonata_raise_memory(struct jsonata_eval *e)
{
    if (!jsonata_failed(e))
        e->status = jn_arena_failed(e->arena) ? jn_arena_failed(e->arena) : JN_NO_MEMORY;
    return jn_undefined();
}

/* ---- making values ------------------------------------------------------------------------------------------- */

jn_value jsonata_array(struct jsonata_eval *e, uint32_t cap, unsigned flags)
{
    struct jn_array *x = jn_array_new(e->arena, cap);
    return x ? jn_array_value(x, flags) : jsonata_raise_memory(e);
}

bool jsonata_sequence_full(struct jsonata_eval *e)
{
    jsonata_raise(e, (struct jsonata_fault){ .code = "D2015", .value = jn_number(e->max_sequence) });
    return false;
}

void jsonata_push(struct jsonata_eval *e, jn_value array, jn_value v)
{
    if (array.type != JN_ARRAY || jn_is_undefined(v) || !jsonata_has_place(e, array, 1))
        return;
    if (!jn_array_push(e->arena, array.as.array, v))
        jsonata_raise_memory(e);
}

void jsonata_push_item(struct jsonata_eval *e, jn_value array, jn_value v)
{
    e->has_holes = e->has_holes || jn_is_undefined(v);
    if (array.type == JN_ARRAY && jsonata_has_place(e, array, 1) && !jn_array_push(e->arena, array.as.array, v))
        jsonata_raise_memory(e);
}

/* A container on the way down.  What has a span of text was read and not changed since, and so has no holes; those that
 * were seen get an empty one, since values can share their parts many times over. */
struct hole_level {
    jn_value *members;
    uint32_t left;
    struct hole_level *up;
};

static struct hole_level *hole_open(struct jsonata_eval *e, jn_value v, struct hole_level *up)
{
    const char **span = v.type == JN_ARRAY ? &v.as.array->span : v.type == JN_OBJECT ? &v.as.object->span : NULL;
    if (!span || *span)
        return up;
    *span = "";
    struct hole_level *l = jn_arena_alloc(e->arena, sizeof *l);
    if (!l) {
        jsonata_raise_memory(e);
        return NULL;
    }
    if (v.type == JN_ARRAY) {
        v.as.array->canonical = false;
        *l = (struct hole_level){ v.as.array->items, v.as.array->len, up };
    } else {
        v.as.object->canonical = false;
        *l = (struct hole_level){ v.as.object->values, jn_object_len(v), up };
    }
    return l;
}

void jsonata_fill_holes(struct jsonata_eval *e, jn_value v)
{
    struct hole_level *l = hole_open(e, v, NULL);
    while (l) {
        if (l->left == 0) {
            l = l->up;
            continue;
        }
        jn_value *m = l->members++;
        l->left--;
        if (jn_is_undefined(*m))
            *m = jn_null();
        l = hole_open(e, *m, l);
    }
}

static bool is_too_long(struct jsonata_eval *e, size_t len)
{
    if (len <= UINT32_MAX - 16)
        return false;
    e->arena->failed = JN_LIMIT;
    jsonata_raise_memory(e);
    return true;
}

char *jsonata_string_begin(struct jsonata_eval *e, size_t cap)
{
    char *p = is_too_long(e, cap) ? NULL : jn_arena_alloc(e->arena, cap);
    if (!p)
        jsonata_raise_memory(e);
    return p;
}

char *jsonata_string_append(struct jsonata_eval *e, jn_str s, size_t more)
{
    char *p = is_too_long(e, s.len + more) ? NULL : jn_arena_append(e->arena, s.data, s.len, more);
    if (!p)
        jsonata_raise_memory(e);
    return p;
}

/* Gives back what was not used, when nothing was allocated since. */
static void trim(struct jsonata_eval *e, const char *text, size_t cap, size_t len)
{
    const size_t had = cap ? (cap + 15) & ~(size_t)15 : 16, uses = len ? (len + 15) & ~(size_t)15 : 16;
    if (e->arena->at == text + had)
        e->arena->at -= had - uses;
}

jn_value jsonata_string_end(struct jsonata_eval *e, char *text, size_t cap, size_t len)
{
    if (!text)
        return jn_undefined();
    trim(e, text, cap, len);
    return jn_string((jn_str){ text, len }, 0);
}

jn_value jsonata_string(struct jsonata_eval *e, jn_str s)
{
    char *p = jsonata_string_begin(e, s.len);
    if (!p)
        return jn_undefined();
    if (s.len)
        memcpy(p, s.data, s.len);
    return jn_string((jn_str){ p, s.len }, 0);
}

jn_value jsonata_unwrap(jn_value v)
{
    if (v.type != JN_ARRAY || !(v.flags & JN_SEQUENCE) || v.flags & JN_TUPLE_STREAM)
        return v;
    if (v.as.array->len == 0)
        return jn_undefined();
    if (v.as.array->len == 1 && !(v.flags & JN_KEEP_SINGLETON))
        return v.as.array->items[0];
    return v;
}

static void push_members(struct jsonata_eval *e, jn_value to, jn_value v)
{
    if (v.type != JN_ARRAY)
        jsonata_push(e, to, v);
    else if (jsonata_has_place(e, to, v.as.array->len) && jsonata_moved(e, v.as.array->len) &&
             !jn_array_push_all(e->arena, to.as.array, v.as.array))
        jsonata_raise_memory(e);
}

static uint32_t member_count(jn_value v)
{
    return v.type == JN_ARRAY ? v.as.array->len : 1;
}

static const jn_value *members_of(const jn_value *v)
{
    return v->type == JN_ARRAY ? v->as.array->items : v;
}

jn_value jsonata_append(struct jsonata_eval *e, jn_value a, jn_value b)
{
    if (jn_is_undefined(a))
        return b;
    if (jn_is_undefined(b))
        return a;
    const uint64_t n = (uint64_t)member_count(a) + member_count(b);
    if (n > e->max_sequence)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D2015/size", .value = jn_number((double)n) });
    const struct jn_array one = { .items = &a, .len = 1 };
    struct jn_array *both = jn_array_join(e->arena, a.type == JN_ARRAY ? a.as.array : &one, members_of(&b),
                                          member_count(b));
    if (both)
        jsonata_moved(e, both->items == members_of(&a) ? member_count(b) : both->len);
    return both ? jn_array_value(both, 0) : jsonata_raise_memory(e);
}

/* ---- finding members ----------------------------------------------------------------------------------------- */

/* Arrays in arrays in arrays: data may nest deeper than the C stack allows, so this walks with a stack of its own. */
struct lookup_level {
    const struct jn_array *array;
    uint32_t at;
    jn_value found;             /* of this array: a sequence */
    struct lookup_level *up;
};

static struct lookup_level *lookup_open(struct jsonata_eval *e, const struct jn_array *x, struct lookup_level *up)
{
    struct lookup_level *l = jn_arena_alloc(e->arena, sizeof *l);
    if (!l) {
        jsonata_raise_memory(e);
        return NULL;
    }
    *l = (struct lookup_level){ x, 0, jsonata_array(e, x->len < 4 ? x->len : 4, JN_SEQUENCE), up };
    return l;
}

static void lookup_spread(struct jsonata_eval *e, jn_value to, jn_value v)
{
    if (!jn_is_undefined(v))
        push_members(e, to, v);
}

static jn_value lookup_array(struct jsonata_eval *e, const struct jn_array *x, jn_str name)
{
    struct lookup_level *l = lookup_open(e, x, NULL);
    while (l && !jsonata_failed(e)) {
        if (l->at == l->array->len) {
            if (!l->up)
                return l->found;
            lookup_spread(e, l->up->found, l->found);
            l = l->up;
            continue;
        }
        const jn_value v = l->array->items[l->at++];
        if (v.type == JN_OBJECT)
            lookup_spread(e, l->found, jn_object_get(v.as.object, name));
        else if (v.type == JN_ARRAY)
            l = lookup_open(e, v.as.array, l);
    }
    return jn_undefined();
}

jn_value jsonata_lookup(struct jsonata_eval *e, jn_value v, jn_str name)
{
    if (v.type == JN_OBJECT)
        return jn_object_get(v.as.object, name);
    return v.type == JN_ARRAY ? lookup_array(e, v.as.array, name) : jn_undefined();
}

/* ---- chance -------------------------------------------------------------------------------------------------- */

/* xorshift128+: two words of state, 53 good bits.  (S. Vigna, "Further scramblings of Marsaglia's xorshift
 * generators", 2017.)  Not for secrets. */
double jsonata_random(struct jsonata_eval *e)
{
    uint64_t x = e->random[0];
    const uint64_t y = e->random[1];
    e->random[0] = y;
    x ^= x << 23;
    e->random[1] = x ^ y ^ (x >> 18) ^ (y >> 5);
    return (double)((e->random[1] + y) >> 11) * 0x1p-53;
}
