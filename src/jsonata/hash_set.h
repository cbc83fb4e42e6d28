/* hash_set.h - hashes of values, and the set of values met so far that $distinct, `in` and joins are made of. */
#ifndef JSONATA_HASH_SET_H
#define JSONATA_HASH_SET_H

#include "jsonata/eval.h"

/* Equal values (jn_equal) have equal hashes.  Of containers only a part is looked at, bounded in stack and time. */
uint64_t hash_value(jn_value v);

/* The same for what is not a container. */
static inline bool hash_is_scalar(jn_value v)
{
    return v.type == JN_NULL || v.type == JN_BOOLEAN || v.type == JN_NUMBER || v.type == JN_STRING;
}

/* NaN equals nothing, itself included. */
bool hash_is_nan(jn_value v);

/* Two hashes as one; order counts. */
static inline uint64_t hash_mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* Places in an array by the hash of what stands there: open addressing. */
struct hash_set {
    uint32_t *place;            /* index + 1, 0 is free */
    uint64_t *hash;             /* by index */
    uint64_t mask;
};

/* An empty set with room for `len` members, in the evaluation's arena.  False after raising. */
bool hash_set_init(struct jsonata_eval *e, struct hash_set *s, uint32_t len);

/* Whether one of items[0..], whose places are in the set, equals `v`.  If not, and `add` is not NO_PLACE, the set
 * learns that `v` is going to stand at items[add]. */
enum { NO_PLACE = UINT32_MAX };
bool hash_set_has(struct jsonata_eval *e, struct hash_set *s, const jn_value *items, jn_value v, uint32_t add);

#endif
