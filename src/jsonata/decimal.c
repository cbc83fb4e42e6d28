/* decimal.c - a double is a binary fraction of at most 1074 places, so its decimal digits come out exactly by
 * multiplying by ten again and again. */
#include "jsonata/decimal.h"

#include <math.h>
#include <stdio.h>

/* ---- rounding ------------------------------------------------------------------------------------------------ */

/* d x 10^places, computed on the shortest decimal text: no error but the last rounding to a double. */
static double shift(double d, int places)
{
    char digits[17], text[40] = "0.";
    int exponent;
    if (d == 0)
        return 0;
    const int n = jn_number_digits(digits, &exponent, d);
    memcpy(text + 2, digits, (size_t)n);
    const int tail = snprintf(text + 2 + n, sizeof text - 2 - (size_t)n, "e%d", exponent + places);
    const double shifted = jn_number_parse((jn_str){ text, (size_t)(2 + n + tail) });
    return signbit(d) ? -shifted : shifted;
}

/* ECMAScript's Math.round(), but ties to even. */
static double round_whole(double d)
{
    if (!(fabs(d) < 4503599627370496.0))
        return d;                       // from 2^52 on an integer already, to which + 0.5 would not do what it should
    double whole = floor(d + 0.5);
    if (whole - d == 0.5 && fmod(whole, 2) != 0)
        whole -= 1;
    else if (whole - d > 0.5)
        whole -= 1;                     // the addition rounded up: 0.49999999999999994
    return whole;
}

double jsonata_round(double d, int places)
{
    if (places == 0)
        return round_whole(d) + 0.0;    // no -0
    const double shifted = isfinite(d) ? shift(d, places) : NAN;
    return isfinite(shifted) ? shift(round_whole(shifted), -places) + 0.0 : NAN;
}

/* ---- fixed notation ------------------------------------------------------------------------------------------ */

enum { WORDS = 34 };                    /* 1088 bits behind the binary point */

struct fraction {
    uint32_t word[WORDS];               /* most significant first */
};

/* The fraction of a double below 2^53: bits of m x 2^-e, e > 0, behind the point. */
static void fraction_of(struct fraction *f, double d)
{
    memset(f, 0, sizeof *f);
    d -= floor(d);
    for (size_t i = 0; d > 0 && i < WORDS; i++) {
        d *= 4294967296.0;              // exact: a power of two
        f->word[i] = (uint32_t)d;
        d -= floor(d);
    }
}

/* Multiplies by ten; what leaves on the left is the next digit. */
static int next_digit(struct fraction *f)
{
    uint64_t carry = 0;
    for (size_t i = WORDS; i-- > 0;) {
        carry += (uint64_t)f->word[i] * 10;
        f->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (int)carry;
}

static size_t put_whole(char *digits, double d)
{
    char reversed[40];
    size_t n = 0;
    unsigned __int128 whole = (unsigned __int128)d;
    do
        reversed[n++] = (char)('0' + (int)(whole % 10));
    while (whole /= 10);
    for (size_t i = 0; i < n; i++)
        digits[i] = reversed[n - 1 - i];
    return n;
}

static size_t put_large(char *digits, double d)
{
    int exponent;
    const size_t n = (size_t)jn_number_digits(digits, &exponent, d);
    memset(digits + n, '0', (size_t)exponent - n);
    return (size_t)exponent;
}

/* Adds one to the last digit; a carry out of the first makes the number longer. */
static size_t increment(char *digits, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        if (digits[i] != '9') {
            digits[i]++;
            return n;
        }
        digits[i] = '0';
    }
    memmove(digits + 1, digits, n);
    digits[0] = '1';
    return n + 1;
}

size_t jsonata_fixed(char *digits, double d, size_t places)
{
    struct fraction f;
    size_t n = d < 1e21 ? put_whole(digits, d) : put_large(digits, d);
    fraction_of(&f, d);
    for (size_t i = 0; i < places; i++)
        digits[n++] = (char)('0' + next_digit(&f));
    return f.word[0] >> 31 ? increment(digits, n) : n;
}
