/* units.h - a string seen as UTF-16 code units, which is how ECMAScript counts, cuts and matches (spec 11.3).  An ASCII
 * string is its own view; any other gets a copy in UTF-16 and an index back to its bytes, made once. */
#ifndef JSONATA_UNITS_H
#define JSONATA_UNITS_H

#include "jsonata/eval.h"

struct jsonata_units {
    jn_str text;
    bool is_ascii;
    unsigned flags;             /* JN_STR_ASCII and JN_STR_PLAIN that hold for every part as well */
    size_t len;                 /* in code units */
    const uint16_t *wide;       /* NULL for ASCII */
    const uint32_t *index;      /* byte offset of the character that unit 64 * i belongs to */
};

/* Prepares the view of the string `v`, in the evaluation's arena.  False after raising. */
bool jsonata_units_open(struct jsonata_eval *e, jn_value v, struct jsonata_units *u);

/* The part from unit `from` to unit `to`, which must be in order and in range.  It borrows from the text, unless it
 * cuts a surrogate pair in two: then it is a copy.  undefined after raising. */
jn_value jsonata_units_slice(struct jsonata_eval *e, const struct jsonata_units *u, size_t from, size_t to);

/* True when `needle` could be found inside a surrogate pair: it begins with a lone low half or ends with a high one. 
 * Such a text must be searched for in units; any other may be in bytes. */
bool jsonata_may_split_pairs(jn_str needle);

/* Place of `needle` in `s` at or after `from`, in units; SIZE_MAX when there is none, or after raising. */
size_t jsonata_units_find(struct jsonata_eval *e, const struct jsonata_units *s, const struct jsonata_units *needle,
                          size_t from);

#endif
