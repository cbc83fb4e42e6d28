/* decimal.h - decimal arithmetic on doubles that the libc would do by its locale: rounding and fixed notation. */
#ifndef JSONATA_DECIMAL_H
#define JSONATA_DECIMAL_H

#include "core/number.h"

/* `d` rounded to `places` decimal places, ties to even.  The tie is looked for in the shortest decimal text,
 * as people see it: 1.005 rounds to 1, as its nearest double is 1.00499999999999989... but prints as 1.005.  NaN when
 * so many places would leave the range of doubles. */
double jsonata_round(double d, int places);

/* Appends to `digits` the exact value of d >= 0 with `places` decimals, ties up, without a point (ECMA-262,
 * Number.prototype.toFixed; from 1e21 on the shortest digits and zeros).  Returns how many digits there are; the last
 * `places` of them are the fraction.  `digits` has room for JSONATA_FIXED_MAX + places. */
enum { JSONATA_FIXED_MAX = 320 };
size_t jsonata_fixed(char *digits, double d, size_t places);

#endif
