/* hash_set.c - hashes of values and the set that remembers places by them: $distinct, `in`, joins. */
#include "jsonata/hash_set.h"

#include <math.h>

/* ---- hashes -------------------------------------------------------------------------------------------------- */

static uint64_t hash_number(double d)
{
    uint64_t bits;
    d += 0.0;                   // -0 equals 0
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

/* What a hash looks at: so many levels, so many members at both ends of an array, so large objects.  Enough to tell
 * real records apart, and a bound for stack and time: values can share their parts many times over. */
enum { HASHED_LEVELS = 3, HASHED_ENDS = 16, HASHED_KEYS = 32 };

static uint64_t hash(jn_value v, int levels);

/* Order counts. */
static uint64_t hash_array(jn_value v, int levels)
{
    const uint32_t len = jn_array_len(v);
    uint64_t h = hash_mix(JN_ARRAY, len);
    for (uint32_t i = 0; levels && i < len; i++) {
        if (i == HASHED_ENDS && len > 2 * HASHED_ENDS)
            i = len - HASHED_ENDS;
        h = hash_mix(h, hash(jn_array_at(v, i), levels - 1));
    }
    return h;
}

/* Order does not count. */
static uint64_t hash_object(jn_value v, int levels)
{
    const struct jn_object *o = v.as.object;
    const uint32_t len = jn_object_len(v);
    uint64_t h = hash_mix(JN_OBJECT, len);
    for (uint32_t i = 0; len <= HASHED_KEYS && i < len; i++)
        h += hash_mix(o->shape->keys[i].hash, levels ? hash(o->values[i], levels - 1) : 0);
    return h;
}

static uint64_t hash(jn_value v, int levels)
{
    switch (v.type) {
    case JN_NUMBER:
        return hash_mix(JN_NUMBER, hash_number(jn_num(v)));
    case JN_STRING:
        return hash_mix(JN_STRING, jn_hash(jn_text(v)));
    case JN_FUNCTION:
        return hash_mix(JN_FUNCTION, (uintptr_t)v.as.function);
    case JN_ARRAY:
        return hash_array(v, levels);
    case JN_OBJECT:
        return hash_object(v, levels);
    default:
        return hash_mix(v.type, jn_bool(v));
    }
}

uint64_t hash_value(jn_value v)
{
    return hash(v, HASHED_LEVELS);
}

bool hash_is_nan(jn_value v)
{
    return v.type == JN_NUMBER && !(v.flags & JN_NUM_TEXT) && isnan(v.as.number);
}

/* ---- the set ------------------------------------------------------------------------------------------------- */

bool hash_set_init(struct jsonata_eval *e, struct hash_set *s, uint32_t len)
{
    uint64_t size = 16;
    while (size < (uint64_t)len * 2)
        size *= 2;
    *s = (struct hash_set){ .mask = size - 1 };
    s->place = jn_arena_zalloc(e->arena, size * sizeof *s->place);
    s->hash = jn_arena_alloc(e->arena, len * sizeof *s->hash);
    if (!s->place || !s->hash)
        jsonata_raise_memory(e);
    return s->place && s->hash;
}

bool hash_set_has(struct jsonata_eval *e, struct hash_set *s, const jn_value *items, jn_value v, uint32_t add)
{
    const uint64_t h = hash_value(v);
    uint64_t at = h & s->mask;
    for (; s->place[at] && jsonata_step(e); at = (at + 1) & s->mask) {
        const uint32_t i = s->place[at] - 1;
        if (s->hash[i] == h && jsonata_equal(e, items[i], v))
            return true;
    }
    if (add != NO_PLACE) {
        s->hash[add] = h;
        s->place[at] = add + 1;
    }
    return false;
}
