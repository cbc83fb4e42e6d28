/* number_exact.h - the slow but exact way between decimal and binary, for the few numbers that need it.  Private to
 * core. */
#ifndef JN_NUMBER_EXACT_H
#define JN_NUMBER_EXACT_H

#include "core/str.h"

/* A positive number as it is written: digits x 10^exponent.  Of more than JN_EXACT_DIGITS significant digits the rest
 * is summed up in `more`: whether any of them is not 0. */
struct jn_decimal {
    const char *digits;         /* may hold one '.', and begins with a digit other than 0 */
    size_t len;                 /* bytes, the '.' included */
    int exponent;               /* of the last digit of `digits` */
    bool more;                  /* a digit other than 0 follows */
};

/* A midpoint between two doubles has at most 767 significant digits, so 769 and "is there more" decide everything. */
enum { JN_EXACT_DIGITS = 769 };

/* Compares d with m x 2^k: < 0, 0, > 0.  d between 1e-400 and 1e400, m not 0 and below 2^56, k from -1100 to 1000. */
int jn_exact_compare(struct jn_decimal d, uint64_t m, int k);

/* The double nearest to d, ties to even.  `guess` is near the result; the nearer, the faster. */
double jn_exact_nearest(struct jn_decimal d, double guess);

#endif
