/* fn_number.c - $number, $floor, $ceil, $abs, $sqrt, $round, $power, $random, $formatBase and the aggregates $sum,
 * $max, $min, $average (spec 9, 11.1).  Numbers are doubles; sums go from left to right, so that results are the
 * reference's to the last bit. */
#include "jsonata/decimal.h"
#include "jsonata/ecma.h"
#include "jsonata/fn.h"
#include "jsonata/power.h"

#include <math.h>

/* ---- $number ------------------------------------------------------------------------------------------------- */

/* JSON's numbers, with leading zeros allowed. */
static bool parse_decimal(jn_str s, double *out)
{
    const bool is_negative = s.len && s.data[0] == '-';
    jn_str digits = jn_str_sub(s, is_negative, s.len);
    while (digits.len > 1 && digits.data[0] == '0' && digits.data[1] >= '0' && digits.data[1] <= '9')
        digits = jn_str_sub(digits, 1, digits.len);
    if (!digits.len || digits.data[0] == '-' || jn_number_scan(digits) != digits.len)
        return false;
    const double d = jn_number_parse(digits);
    *out = is_negative ? -d : d;
    return true;
}

BUILTIN(fn_number)
{
    const jn_value v = args[0];
    double d;
    if (jn_is(v, JN_BOOLEAN))
        return jn_number(jn_bool(v));
    if (!jn_is(v, JN_STRING))
        return v;
    if ((parse_decimal(jn_text(v), &d) || jsonata_parse_radix(jn_text(v), &d)) && isfinite(d))
        return jn_number(d);
    return jsonata_raise(e, (struct jsonata_fault){ .code = "D3030", .value = v, .index = 1 });
}

/* ---- rounding ------------------------------------------------------------------------------------------------ */

/* Rounding by a multiplication, when that is exact enough to tell: unless the shifted value is so near a tie that
 * its error could matter.  The division of two exact numbers then gives the nearest double, as reading the decimal
 * text would. */
static bool round_quickly(double d, double precision, double *out)
{
    static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
    enum { POWERS = sizeof powers / sizeof *powers };
    if (!(precision > 0 && precision < POWERS))
        return false;
    const double scale = powers[(int)precision], shifted = d * scale, whole = rint(shifted);
    if (!(fabs(shifted) < 0x1p50) || fabs(fabs(shifted - whole) - 0.5) <= fabs(shifted) * 0x1p-50)
        return false;
    *out = whole / scale + 0.0;
    return true;
}

enum { FARTHEST = 700 };            // decimal places; moves any double out of range

/* Half to even at `precision` decimals; negative: at tens, hundreds, ...  As the reference, not a number when the
 * precision is no integer, or when so many decimals would leave the range of doubles. */
static double round_to(double d, double precision)
{
    if (fabs(precision) >= 1e21)        // its text has an exponent of its own, and two make no number
        return NAN;
    if (isnan(precision) || precision == 0)
        return rint(d) + 0.0;
    if (!isfinite(d) || !isfinite(precision) || precision != trunc(precision))
        return NAN;
    double quick;
    if (round_quickly(d, precision, &quick))
        return quick;
    if (d == 0 || precision < -FARTHEST)
        return 0;
    return precision > FARTHEST ? NAN : jsonata_round(d, (int)precision);
}

BUILTIN(fn_round)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    return jn_number(round_to(jn_num(args[0]), jn_is_undefined(args[1]) ? 0 : jn_num(args[1])));
}

BUILTIN(fn_floor)
{
    return jn_is_undefined(args[0]) ? args[0] : jn_number(floor(jn_num(args[0])));
}

BUILTIN(fn_ceil)
{
    return jn_is_undefined(args[0]) ? args[0] : jn_number(ceil(jn_num(args[0])));
}

BUILTIN(fn_abs)
{
    return jn_is_undefined(args[0]) ? args[0] : jn_number(fabs(jn_num(args[0])));
}

BUILTIN(fn_sqrt)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double d = jn_num(args[0]);
    if (d < 0)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3060", .value = args[0], .index = 1 });
    return jn_number(sqrt(d));
}

BUILTIN(fn_power)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double d = jn_is_undefined(args[1]) ? NAN : jsonata_power(jn_num(args[0]), jn_num(args[1]));
    if (!isfinite(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3061", .value = args[0], .index = 1 });
    return jn_number(d);
}

BUILTIN(fn_random)
{
    return jn_number(jsonata_random(e));
}

/* ---- $formatBase --------------------------------------------------------------------------------------------- */

enum { MOST_BINARY_DIGITS = 1024 };     // of the largest double

/* The digits of an integer.  A double has 53 bits: as ECMAScript's engines do, digits whose place is worth less than
 * its last bit are written as zeros. */
static jn_value format_integer_in(struct jsonata_eval *e, double value, int radix)
{
    char text[MOST_BINARY_DIGITS + 2];
    char *at = text + sizeof text;
    double left = fabs(value);
    for (; left / radix >= 0x1p53; left /= radix)
        *--at = '0';
    do {
        const double digit = fmod(left, radix);
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)digit];
        left = (left - digit) / radix;
    } while (left > 0);
    if (value < 0)
        *--at = '-';
    return jsonata_string(e, (jn_str){ at, (size_t)(text + sizeof text - at) });
}

BUILTIN(fn_format_base)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double value = round_to(jn_num(args[0]), 0);
    const double radix = jn_is_undefined(args[1]) ? 10 : round_to(jn_num(args[1]), 0);
    if (!(radix >= 2 && radix <= 36))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3100", .value = jn_number(radix) });
    if (isfinite(value) && radix != 10)
        return format_integer_in(e, value, (int)radix);
    char text[JN_NUMBER_MAX];
    return jsonata_string(e, (jn_str){ text, jn_number_format(text, value) });
}

/* ---- aggregates ---------------------------------------------------------------------------------------------- */

static double sum_of(const struct jn_array *x)
{
    double total = 0;
    for (uint32_t i = 0; i < x->len; i++)
        total += jn_num(x->items[i]);
    return total;
}

BUILTIN(fn_sum)
{
    return jn_is_undefined(args[0]) ? args[0] : jn_number(sum_of(args[0].as.array));
}

BUILTIN(fn_average)
{
    if (jn_is_undefined(args[0]) || !jn_array_len(args[0]))
        return jn_undefined();
    return jn_number(sum_of(args[0].as.array) / jn_array_len(args[0]));
}

/* The largest member times `sign`; not a number when one member is. */
static jn_value extreme(jn_value array, double sign)
{
    if (jn_is_undefined(array) || !jn_array_len(array))
        return jn_undefined();
    double best = sign * jn_num(jn_array_at(array, 0));
    for (uint32_t i = 1; i < jn_array_len(array); i++) {
        const double d = sign * jn_num(jn_array_at(array, i));
        best = isnan(d) || d > best ? d : best;
    }
    return jn_number(sign * best);
}

BUILTIN(fn_max)
{
    return extreme(args[0], 1);
}

BUILTIN(fn_min)
{
    return extreme(args[0], -1);
}

const struct jsonata_builtin jsonata_fn_number[] = {
    { "number", "<(nsb)-:n>", 1, fn_number },
    { "floor", "<n-:n>", 1, fn_floor },
    { "ceil", "<n-:n>", 1, fn_ceil },
    { "abs", "<n-:n>", 1, fn_abs },
    { "sqrt", "<n-:n>", 1, fn_sqrt },
    { "round", "<n-n?:n>", 2, fn_round },
    { "power", "<n-n:n>", 2, fn_power },
    { "random", "<:n>", 0, fn_random },
    { "formatBase", "<n-n?:s>", 2, fn_format_base },
    { "sum", "<a<n>:n>", 1, fn_sum },
    { "max", "<a<n>:n>", 1, fn_max },
    { "min", "<a<n>:n>", 1, fn_min },
    { "average", "<a<n>:n>", 1, fn_average },
    { 0 },
};
