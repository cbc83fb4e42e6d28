/* regex_class.h - sets of code units: what \d \w \s and [...] mean. */
#ifndef JSONATA_REGEX_CLASS_H
#define JSONATA_REGEX_CLASS_H

#include "core/arena.h"

/* A set of code units, one bit each: what is being put together. */
struct jsonata_unit_set {
    uint64_t bits[1024];
};

void jsonata_set_add(struct jsonata_unit_set *set, uint32_t first, uint32_t last);

/* Adds the set behind the letter of an escape: d D w W s S.  False, without effect, for other letters. */
bool jsonata_set_add_escape(struct jsonata_unit_set *set, uint16_t letter);

/* Adds the line terminators: what `.` does not match and ^ $ stand beside. */
void jsonata_set_add_line_ends(struct jsonata_unit_set *set);

void jsonata_set_invert(struct jsonata_unit_set *set);

bool jsonata_set_is_ascii(const struct jsonata_unit_set *set);

/* The same set as ranges, ascending and apart: what is kept. */
struct jsonata_range {
    uint16_t first, last;
};

struct jsonata_ranges {
    const struct jsonata_range *at;     /* NULL when the arena has failed */
    uint32_t count;
};

struct jsonata_ranges jsonata_set_ranges(struct jn_arena *a, const struct jsonata_unit_set *set);

/* True when the ranges hold `unit`. */
bool jsonata_ranges_have(const struct jsonata_range *at, uint32_t count, uint16_t unit);

static inline bool jsonata_is_line_end(uint16_t unit)
{
    return unit == '\n' || unit == '\r' || unit == 0x2028 || unit == 0x2029;
}

static inline bool jsonata_is_word(uint16_t unit)
{
    return (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || (unit >= '0' && unit <= '9')
           || unit == '_';
}

/* ---- regex_fold.c: what /i takes as equal -------------------------------------------------------------------- */

/* Canonicalize() of ECMA-262 for one code unit: its upper case when that is one code unit and not ASCII by accident. */
uint16_t jsonata_fold_unit(uint16_t unit);

/* All units that fold to the same as `unit`, itself included; gives how many. */
enum { JSONATA_FOLD_MOST = 8 };
uint32_t jsonata_fold_peers(uint16_t unit, uint16_t peers[JSONATA_FOLD_MOST]);

/* Adds to the set every unit that folds to the same as one of its members. */
void jsonata_fold_set(struct jsonata_unit_set *set);

#endif
