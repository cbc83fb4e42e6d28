/* number.c - doubles to their shortest text and back, without libc's help, so that no locale has a say.
 *
 * To text: the method of R. Giulietti, "The Schubfach way to render doubles" (2020).  The double v = c x 2^q and the
 * two ends of the interval that reads back as v are scaled by a power of ten such that the shortest decimal in that
 * interval is one of four candidates; three multiplications by a 128-bit power, rounded to odd, decide among them
 * exactly.
 *
 * From text: W. Clinger's fast path where both the digits and the power of ten are doubles; else the method of M. Eisel
 * and D. Lemire ("Number Parsing at a Gigabyte per Second", 2021), a 64 x 128-bit product that is almost always enough
 * to round; else number_exact.c.
 *
 * Layout of the text: ECMA-262, Number::toString. */
#include "core/number.h"

#include <float.h>
#include <math.h>

#include "core/number_exact.h"
#include "core/wide.h"

enum { LEAST_POWER = -342, MOST_POWER = 324 };

/* The first 128 bits of 10^e, truncated, at e - LEAST_POWER; made by powers_gen.c. */
static const struct jn_wide powers[] = {
#include "core/powers.inc"
};

_Static_assert(sizeof powers / sizeof *powers == MOST_POWER - LEAST_POWER + 1, "the table is as powers_gen.c makes it");

static struct jn_wide power_of_10(int e)
{
    return powers[e - LEAST_POWER];
}

/* Floors of logarithms by integer arithmetic; exact for all exponents of doubles.  (>> of a negative int is arithmetic
 * in every compiler we support.) */
static int floor_log2_of_power_of_10(int e)
{
    return (e * 1741647) >> 19;
}

static int floor_log10_of_power_of_2(int e)
{
    return (e * 1262611) >> 22;
}

static int floor_log10_of_three_quarters_power_of_2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

enum { FRACTION_BITS = 52, EXPONENT_MASK = 0x7ff, BIAS = 1075 };
#define FRACTION_MASK ((UINT64_C(1) << FRACTION_BITS) - 1)
#define HIDDEN_BIT (UINT64_C(1) << FRACTION_BITS)

/* ---- to digits ----------------------------------------------------------------------------------------------- */

struct decimal {
    uint64_t digits;
    int exponent;               /* value = digits x 10^exponent */
};

/* floor(g x c / 2^128) for the 128-bit g, with the last bit set when anything was cut off: "round to odd" keeps
 * comparisons with even numbers exact. */
static uint64_t round_to_odd(struct jn_wide g, uint64_t c)
{
    const struct jn_wide x = jn_multiply(g.low, c), y = jn_multiply(g.high, c);
    const uint64_t middle = y.low + x.high;
    return (y.high + (middle < y.low)) | (middle > 1);
}

/* The shortest decimal that reads back as c x 2^q, and of those the closest.  `narrow`: the gap below is half the one
 * above, as it is for powers of two. */
static struct decimal shortest(uint64_t c, int q, bool narrow)
{
    const int k = narrow ? floor_log10_of_three_quarters_power_of_2(q) : floor_log10_of_power_of_2(q);
    const int h = q + floor_log2_of_power_of_10(-k) + 1;
    struct jn_wide g = power_of_10(-k);
    g.high += ++g.low == 0;     // the method wants the next larger value of 128 bits

    // All in quarters of a unit, so that the middles to the neighbours are integers too.
    const uint64_t low = round_to_odd(g, (4 * c - 2 + narrow) << h);
    const uint64_t value = round_to_odd(g, 4 * c << h);
    const uint64_t high = round_to_odd(g, (4 * c + 2) << h);
    const bool even = c % 2 == 0;       // then the ends of the interval read back as v as well
    const uint64_t least = low + !even, most = high - !even;

    const uint64_t s = value / 4, tens = s / 10;
    if (tens) {
        const bool down = least <= 40 * tens, up = 40 * tens + 40 <= most;
        if (down != up)
            return (struct decimal){ tens + up, k + 1 };
    }
    const bool down = least <= 4 * s, up = 4 * s + 4 <= most;
    if (down != up)
        return (struct decimal){ s + up, k };
    const uint64_t middle = 4 * s + 2;
    return (struct decimal){ s + (value > middle || (value == middle && s % 2)), k };
}

/* Halves the number of zeros that are still to be tried: short decimals like 0.25 come with a dozen of them. */
static struct decimal drop_zeros(struct decimal d)
{
    if (d.digits % 100000000 == 0) {
        d.digits /= 100000000;
        d.exponent += 8;
    }
    if (d.digits % 10000 == 0) {
        d.digits /= 10000;
        d.exponent += 4;
    }
    for (; d.digits % 10 == 0; d.exponent++)
        d.digits /= 10;
    return d;
}

static struct decimal decimal_of(double d)
{
    const uint64_t bits = bits_of(d), fraction = bits & FRACTION_MASK;
    const int biased = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    const struct decimal s = biased ? shortest(fraction | HIDDEN_BIT, biased - BIAS, fraction == 0 && biased > 1)
                                    : shortest(fraction, 1 - BIAS, false);
    return drop_zeros(s);
}

static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
    "99";

/* Writes `n` in decimal; returns how many digits, up to 20. */
static int put_integer(char out[static 20], uint64_t n)
{
    char text[20];
    int at = 20;
    for (; n >= 100; n /= 100)
        memcpy(text + (at -= 2), two_digits + n % 100 * 2, 2);
    if (n >= 10)
        memcpy(text + (at -= 2), two_digits + n * 2, 2);
    else
        text[--at] = (char)('0' + n);
    memcpy(out, text + at, (size_t)(20 - at));
    return 20 - at;
}

int jn_number_digits(char digits[17], int *exponent, double d)
{
    const struct decimal s = decimal_of(d);
    char text[20];
    const int n = put_integer(text, s.digits);
    memcpy(digits, text, (size_t)n);
    *exponent = n + s.exponent;
    return n;
}

/* ---- layout -------------------------------------------------------------------------------------------------- */

static char *put_exponent(char *p, int e)
{
    *p++ = 'e';
    *p++ = e < 0 ? '-' : '+';
    char text[20];
    const int n = put_integer(text, (uint64_t)(e < 0 ? -e : e));
    memcpy(p, text, (size_t)n);
    return p + n;
}

/* 0.d1d2...dn x 10^e as Number::toString lays it out. */
static char *put_decimal(char *p, const char *digits, int n, int e)
{
    const size_t count = (size_t)n;
    if (e > 21 || e <= -6) {
        *p++ = digits[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, digits + 1, count - 1);
            p += n - 1;
        }
        return put_exponent(p, e - 1);
    }
    if (e <= 0) {
        memset(p, '0', 7);          // up to five zeros follow the point
        p[1] = '.';
        memcpy(p + 2 - e, digits, count);
        return p + 2 - e + n;
    }
    if (n <= e) {
        memcpy(p, digits, count);
        memset(p + n, '0', (size_t)(e - n));
        return p + e;
    }
    memcpy(p, digits, (size_t)e);
    p[e] = '.';
    memcpy(p + e + 1, digits + e, (size_t)(n - e));
    return p + n + 1;
}

static char *put_text(char *p, jn_str s)
{
    memcpy(p, s.data, s.len);
    return p + s.len;
}

/* Writes the text of what has no digits, and the sign of what has.  False when nothing is left to write. */
static bool has_digits(char **p, double *d)
{
    if (isnan(*d)) {
        *p = put_text(*p, JN_STR("NaN"));
        return false;
    }
    if (*d == 0) {
        *p = put_text(*p, JN_STR("0"));
        return false;
    }
    if (*d < 0) {
        *(*p)++ = '-';
        *d = -*d;
    }
    if (isinf(*d))
        *p = put_text(*p, JN_STR("Infinity"));
    return !isinf(*d);
}

/* Hundredths, which prices and their like are: 12.5, 0.07.  Up to 15 digits come back from a double as they were, and
 * no two such numbers are the same double, so that these are the shortest digits.  0 when `d`, which is positive, is
 * none. */
static size_t format_hundredths(char *out, double d)
{
    if (FLT_EVAL_METHOD != 0 || !(d < 1e12 && d >= 0.01))
        return 0;
    const uint64_t n = (uint64_t)(d * 100 + 0.5);
    if ((double)n / 100 != d)
        return 0;
    const unsigned part = (unsigned)(n % 100);
    size_t len = (size_t)put_integer(out, n / 100);
    out[len++] = '.';
    memcpy(out + len, two_digits + part * 2, 2);
    return len + 2 - (part % 10 == 0);
}

size_t jn_number_format(char out[JN_NUMBER_MAX], double d)
{
    char *p = out;
    if (!has_digits(&p, &d))
        return (size_t)(p - out);
    if (d < 0x1p53 && d == (double)(uint64_t)d)
        return (size_t)(p - out) + (size_t)put_integer(p, (uint64_t)d);
    const size_t len = format_hundredths(p, d);
    if (len)
        return (size_t)(p - out) + len;
    char digits[17];
    int e;
    const int n = jn_number_digits(digits, &e, d);
    return (size_t)(put_decimal(p, digits, n, e) - out);
}

/* ---- fifteen digits ------------------------------------------------------------------------------------------ */

enum { ROUNDED = 15 };

/* Should the 16th and 17th digit of the shortest text round up?  The shortest text and the exact value are on the same
 * side of the middle, unless the text is the middle: then only the exact value knows.  Ties round up (ECMA-262,
 * Number.prototype.toPrecision: "pick the larger"). */
static bool rounds_up(const char *digits, int n, int e, double d)
{
    if (n != ROUNDED + 1 || digits[ROUNDED] != '5')
        return digits[ROUNDED] >= '5';
    const uint64_t bits = bits_of(d);
    const int biased = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    const uint64_t c = biased ? (bits & FRACTION_MASK) | HIDDEN_BIT : bits & FRACTION_MASK;
    const struct jn_decimal middle = { digits, (size_t)n, e - n, false };
    return jn_exact_compare(middle, c, (biased ? biased : 1) - BIAS) <= 0;
}

/* Rounds digits d1...dn of the positive d to 15; returns how many are left without zeros at the end. */
static int round_digits(char *digits, int n, int *e, double d)
{
    if (n <= ROUNDED)
        return n;
    const bool up = rounds_up(digits, n, *e, d);
    n = ROUNDED;
    if (up) {
        while (n > 0 && digits[n - 1] == '9')
            n--;
        if (n > 0) {
            digits[n - 1]++;
            return n;
        }
        digits[0] = '1';        // 0.999... has become 1
        ++*e;
        return 1;
    }
    while (digits[n - 1] == '0')
        n--;
    return n;
}

/* The nearest number of hundredths, when `d` is the double for it or next to that one: then it is what rounding to 15
 * digits gives.  For hundredths below 10^15 have 15 digits, which come back unchanged from a double; and units of the
 * 15th digit are at least 4.5 times as far apart as doubles, so that a neighbour is nearer to them than to any other.
 * Prices and their sums and products are mostly of this kind.  NaN when it does not apply. */
static double round_hundredths(double d)
{
    if (FLT_EVAL_METHOD != 0 || !(d < 1e12 && d > 0.01))
        return NAN;
    const double near = (double)(int64_t)(d * 100 + 0.5) / 100;
    const uint64_t a = bits_of(near), b = bits_of(d);
    return a - b + 1 <= 2 ? near : NAN;
}

double jn_number_round15(double d)
{
    const double hundredths = round_hundredths(fabs(d));
    if (hundredths > 0)
        return d < 0 ? -hundredths : hundredths;
    if (!isfinite(d) || d == 0)
        return d;
    char digits[17], text[JN_NUMBER_MAX];
    int e;
    const int all = jn_number_digits(digits, &e, d);
    if (all <= ROUNDED)
        return d;
    const int n = round_digits(digits, all, &e, fabs(d));
    const double rounded = jn_number_parse((jn_str){ text, (size_t)(put_decimal(text, digits, n, e) - text) });
    return d < 0 ? -rounded : rounded;
}

size_t jn_number_format15(char out[JN_NUMBER_MAX], double d)
{
    const double size = fabs(d);
    if (!(size < 0x1p53) || d == (double)(int64_t)d)
        return jn_number_format(out, d);
    if (size < 1e-290)          // so near to the subnormal numbers 15 digits may not read back as themselves
        return jn_number_format(out, jn_number_round15(d));
    char *p = out, digits[17];
    if (d < 0)
        *p++ = '-';
    const size_t len = format_hundredths(p, size);
    if (len)
        return (size_t)(p - out) + len;
    int e;
    const int all = jn_number_digits(digits, &e, size), n = round_digits(digits, all, &e, size);
    return (size_t)(put_decimal(p, digits, n, e) - out);
}

/* ---- from text ----------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The parts of a number's text. */
struct parts {
    uint64_t first;             /* the first 19 significant digits */
    int64_t exponent;           /* value = first x 10^exponent, but for digits beyond the 19th */
    bool cut;                   /* there were such digits */
    const char *digits;         /* from the first significant digit on, with a '.' perhaps */
    size_t len;                 /* up to the exponent */
};

enum { FIRST_DIGITS = 19 };     /* as many as 64 bits hold, whichever they are */

static int64_t parse_exponent(const char *p, const char *end)
{
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    int64_t e = 0;
    for (; p < end; p++)
        if (e < INT64_C(1000000000000))     // further digits change nothing: the number is 0 or infinite long since
            e = e * 10 + (*p - '0');
    return negative ? -e : e;
}

/* Takes apart the text of a number without its sign. */
static struct parts take_apart(const char *p, const char *end)
{
    struct parts x = { 0 };
    int count = 0;
    bool fraction = false;
    for (; p < end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (count == 0 && *p != '0')
            x.digits = p;
        if (x.digits && count < FIRST_DIGITS) {
            x.first = x.first * 10 + (uint64_t)(*p - '0');
            count++;
            x.exponent -= fraction;
        } else if (x.digits) {
            x.cut = true;
            x.exponent += !fraction;
        } else {
            x.exponent -= fraction;
        }
    }
    x.len = x.digits ? (size_t)(p - x.digits) : 0;
    if (p < end)
        x.exponent += parse_exponent(p + 1, end);
    return x;
}

/* The powers of ten that are doubles. */
static const double small[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* w x 10^e when both are doubles and so is all that the hardware rounds: W. Clinger, 1990. */
static bool fast_path(uint64_t w, int64_t e, double *out)
{
    if (FLT_EVAL_METHOD != 0 || w > UINT64_C(1) << 53 || e < -22 || e > 22)
        return false;
    *out = e < 0 ? (double)w / small[-e] : (double)w * small[e];
    return true;
}

/* w x 10^e by Eisel and Lemire; false when the truncated product cannot tell how to round, and where the result is
 * subnormal. */
static bool product_path(uint64_t w, int e, double *out)
{
    const struct jn_wide power = power_of_10(e);
    const int shift = __builtin_clzll(w);
    w <<= shift;
    int exponent = floor_log2_of_power_of_10(e) + 64 + 1023 - shift;
    struct jn_wide x = jn_multiply(w, power.high);
    if ((x.high & 0x1ff) == 0x1ff && x.low + w < w) {      // the lower half of the power may matter
        const struct jn_wide y = jn_multiply(w, power.low);
        const struct jn_wide sum = { x.high + (x.low + y.high < x.low), x.low + y.high };
        if ((sum.high & 0x1ff) == 0x1ff && sum.low + 1 == 0 && y.low + w < w)
            return false;
        x = sum;
    }
    const unsigned top = (unsigned)(x.high >> 63);
    uint64_t m = x.high >> (top + 9);
    exponent -= 1 - (int)top;
    if (x.low == 0 && (x.high & 0x1ff) == 0 && (m & 3) == 1)
        return false;           // half way, as far as one can see
    m = (m + (m & 1)) >> 1;
    if (m >> 53) {
        m >>= 1;
        exponent++;
    }
    if (exponent < 1 || exponent >= EXPONENT_MASK)
        return false;
    *out = double_of((uint64_t)exponent << FRACTION_BITS | (m & FRACTION_MASK));
    return true;
}

/* Near enough to start from. */
static double estimate(uint64_t w, int e)
{
    const int shift = __builtin_clzll(w);
    const struct jn_wide x = jn_multiply(w << shift, power_of_10(e).high);
    return ldexp((double)x.high, floor_log2_of_power_of_10(e) + 1 - shift);
}

static double exact_path(const struct parts *x, double guess)
{
    struct jn_decimal d = { .digits = x->digits };
    int count = 0;
    for (; d.len < x->len && count < JN_EXACT_DIGITS; d.len++)
        count += x->digits[d.len] != '.';
    for (size_t i = d.len; i < x->len && !d.more; i++)
        d.more = x->digits[i] != '.' && x->digits[i] != '0';
    // x->exponent belongs to digit number 19; each one that is used beyond it stands for a tenth.
    d.exponent = (int)x->exponent - (count > FIRST_DIGITS ? count - FIRST_DIGITS : 0);
    return jn_exact_nearest(d, guess);
}

static double parse_positive(const char *p, const char *end)
{
    const struct parts x = take_apart(p, end);
    double d, above;
    if (!x.digits)
        return 0;
    if (!x.cut && fast_path(x.first, x.exponent, &d))
        return d;
    if (x.exponent < LEAST_POWER)
        return 0;
    if (x.exponent > 308)
        return INFINITY;
    const int e = (int)x.exponent;
    if (product_path(x.first, e, &d) && (!x.cut || (product_path(x.first + 1, e, &above) && above == d)))
        return d;
    return exact_path(&x, estimate(x.first, e));
}

/* ---- from short text, eight characters at once ----------------------------------------------------------------- */

static const uint64_t EVERY = UINT64_C(0x0101010101010101);     /* times a byte: that byte everywhere */

/* Up to eight characters as a word: the last one in the highest byte, and '0' before the first. */
static uint64_t load_word(const char *p, size_t len)
{
    uint64_t w = 0;
    if (len >= 4) {                 // the two halves overlap
        w = jn_low_first4(jn_load4(p)) | (uint64_t)jn_low_first4(jn_load4(p + len - 4)) << 8 * (len - 4);
    } else {
        w = (unsigned char)p[0] | (uint64_t)(unsigned char)p[len / 2] << 8 * (len / 2) |
            (uint64_t)(unsigned char)p[len - 1] << 8 * (len - 1);
    }
    const unsigned missing = 8 * (unsigned)(8 - len);
    return w << missing | EVERY * '0' >> 1 >> (63 - missing);
}

static bool are_digits(uint64_t w)
{
    const uint64_t high = EVERY * 0xF0;
    return ((w & high) | ((w + EVERY * 6) & high) >> 4) == EVERY * 0x33;
}

/* The number that eight digits are: neighbours are joined to pairs, these to fours, these to the whole. */
static uint32_t number_of(uint64_t digits)
{
    const uint64_t d = digits - EVERY * '0', pairs = d * 10 + (d >> 8), mask = UINT64_C(0x000000FF000000FF);
    const uint64_t first = (pairs & mask) * (100 + (UINT64_C(1000000) << 32));
    const uint64_t second = (pairs >> 16 & mask) * (1 + (UINT64_C(10000) << 32));
    return (uint32_t)((first + second) >> 32);
}

/* Takes the first point out; gives the number of characters after it, or 8 when none follows. */
static unsigned take_point(uint64_t *w)
{
    const uint64_t x = *w ^ EVERY * '.', points = (x - EVERY) & ~x & EVERY * 0x80;
    if (!points)
        return 0;
    const unsigned at = (unsigned)__builtin_ctzll(points) / 8;
    if (at == 7)
        return 8;
    const uint64_t before = *w & ((UINT64_C(1) << 8 * at) - 1), after = *w >> 8 * (at + 1) << 8 * (at + 1);
    *w = after | before << 8 | '0';
    return 7 - at;
}

/* Eight characters at most, digits and a point perhaps.  -1 for all others. */
static inline double parse_word(const char *p, size_t len)
{
    if (FLT_EVAL_METHOD != 0 || len - 1 > 7)
        return -1;
    uint64_t w = load_word(p, len);
    const unsigned decimals = take_point(&w);
    return decimals < 8 && are_digits(w) ? number_of(w) / small[decimals] : -1;
}

/* Up to 15 digits, a point perhaps, and nothing else: what most numbers are.  -1 for all others. */
static double parse_short(const char *p, const char *end)
{
    const char *point = end - 1;
    uint64_t w = 0;
    if (FLT_EVAL_METHOD != 0 || end - p > 16 || p == end)
        return -1;
    for (; p < end; p++) {
        const unsigned digit = (unsigned char)(*p - '0');
        if (digit < 10)
            w = w * 10 + digit;
        else if (*p == '.' && point == end - 1)
            point = p;
        else
            return -1;
    }
    return w < UINT64_C(1000000000000000) ? (double)w / small[end - 1 - point] : -1;
}

JN_APART static double parse_longer(const char *p, const char *end)
{
    const double d = parse_short(p, end);
    return d < 0 ? parse_positive(p, end) : d;
}

double jn_number_parse(jn_str text)
{
    const bool negative = text.len && text.data[0] == '-';
    double d = parse_word(text.data + negative, text.len - negative);
    if (d < 0)
        d = parse_longer(text.data + negative, text.data + text.len);
    return negative ? -d : d;
}

/* ---- grammar ------------------------------------------------------------------------------------------------- */

static size_t count_digits(jn_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && is_digit(s.data[at + n]))
        n++;
    return n;
}

size_t jn_number_scan(jn_str s)
{
    size_t at = s.len && s.data[0] == '-';
    size_t n = count_digits(s, at);
    if (!n)
        return 0;
    at += s.data[at] == '0' ? 1 : n;
    if (at < s.len && s.data[at] == '.' && (n = count_digits(s, at + 1)) != 0)
        at += 1 + n;
    if (at < s.len && (s.data[at] == 'e' || s.data[at] == 'E')) {
        const size_t sign = at + 1 < s.len && (s.data[at + 1] == '+' || s.data[at + 1] == '-');
        if ((n = count_digits(s, at + 1 + sign)) != 0)
            at += 1 + sign + n;
    }
    return at;
}

/* Integers up to 2^53 are doubles, each of them. */
static bool is_exact_integer(const char *digits, size_t n)
{
    return n <= 15 || (n == 16 && memcmp(digits, "9007199254740992", 16) <= 0);
}

/* At most 15 digits survive the way through a double; beyond that only the conversion itself would tell. */
bool jn_number_is_canonical(jn_str text)
{
    const size_t sign = text.len && text.data[0] == '-';
    const size_t whole = count_digits(text, sign);
    const size_t point = sign + whole;
    if (whole == 0 || (text.data[sign] == '0' && whole > 1))
        return false;
    if (point == text.len)
        return is_exact_integer(text.data + sign, whole) && !(sign && text.data[1] == '0');
    if (text.data[point] != '.' || text.data[text.len - 1] == '0')
        return false;
    const size_t part = count_digits(text, point + 1);
    if (part == 0 || point + 1 + part != text.len || whole + part > 15)
        return false;
    // Below 1e-6 ECMAScript writes an exponent.
    return text.data[sign] != '0' || part <= 6 || memcmp(text.data + point + 1, "000000", 6) != 0;
}
