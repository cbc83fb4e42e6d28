/* ecma.h - conversions as JavaScript does them by itself, where the reference leaves them to it. */
#ifndef JSONATA_ECMA_H
#define JSONATA_ECMA_H

#include "jsonata/eval.h"

/* String(v), which patterns match when they are called with what is no string: `nothing` is "undefined", arrays are
 * their members with commas between.  undefined after raising. */
jn_value jsonata_ecma_string(struct jsonata_eval *e, jn_value v);

/* Number(v); NaN also after raising. */
double jsonata_ecma_number(struct jsonata_eval *e, jn_value v);

/* 0xHH 0oOO 0bBB, rounded once, to nearest and even.  False when `s` has not this form. */
bool jsonata_parse_radix(jn_str s, double *out);

#endif
