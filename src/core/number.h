/* number.h - doubles and their text, the same in every locale.  Text is ECMAScript's Number::toString (ECMA-262,
 * "Number::toString"): the shortest digits that read back, plain up to 21 digits, then with an exponent. */
#ifndef JN_NUMBER_H
#define JN_NUMBER_H

#include "core/str.h"

enum { JN_NUMBER_MAX = 32 };    /* bytes that jn_number_format() needs at most */

/* Writes the text of `d`; returns its length.  -0 gives "0", NaN "NaN", infinities "Infinity" and "-Infinity". */
size_t jn_number_format(char out[JN_NUMBER_MAX], double d);

/* The same after rounding to 15 significant digits unless `d` is integral: what $string and & print. */
size_t jn_number_format15(char out[JN_NUMBER_MAX], double d);

/* `d` rounded to 15 significant digits (JavaScript's Number(d.toPrecision(15))). */
double jn_number_round15(double d);

/* Digits and exponent of the shortest text: value = 0.d1d2...dn x 10^exponent.  d finite, not 0; sign ignored.
 * Returns n, 1 to 17. */
int jn_number_digits(char digits[17], int *exponent, double d);

/* The nearest double to JSON number text (-?int frac? exp?), which must be well-formed.  Exact for any length. */
double jn_number_parse(jn_str text);

/* Length of the JSON number at the start of `s`; 0 when there is none. */
size_t jn_number_scan(jn_str s);

/* True when formatting the number read from well-formed `text` gives `text` again; may say false for some that would
 * (exponents; more than 15 digits, unless it is an integer up to 2^53).  Rounding to 15 digits, which leaves integers
 * alone, changes nothing of such a number either. */
bool jn_number_is_canonical(jn_str text);

#endif
