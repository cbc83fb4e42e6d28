/* picture_integer.c - integers by picture: $formatInteger, $parseInteger and the components of dates (spec 13.2, after
 * XPath's fn:format-integer).
 *
 * The picture is `primary` or `primary;modifier`.  A primary of A a I i W w Ww is a numbering of its own; any other is
 * a pattern of decimal digits, # for digits that may be missing, and separators. */
#include "jsonata/picture.h"

#include "jsonata/picture_cache.h"
#include "jsonata/power.h"

#include <math.h>

enum { MAX_ROMAN = 10000000 };          /* ten thousand times M */

/* The zeros of Unicode's decimal digits in the basic plane. */
static const uint16_t zeros[] = {
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
};

/* The digit 0 of the family that `c` is a digit of; 0 when it is no digit. */
static uint32_t zero_of(uint32_t c)
{
    if (c < 0x660)                                      // all but the first are beyond
        return c >= '0' && c <= '9' ? '0' : 0;
    for (size_t i = 1; i < sizeof zeros / sizeof *zeros; i++)
        if (c >= zeros[i] && c <= zeros[i] + 9u)
            return zeros[i];
    return 0;
}

/* ---- analysing ----------------------------------------------------------------------------------------------- */

static const struct {
    jn_str text;
    enum jsonata_numbering numbering;
    enum jsonata_letter_case letter_case;
} numberings[] = {
    { JN_STR_INIT("A"), NUMBERING_LETTERS, CASE_UPPER }, { JN_STR_INIT("a"), NUMBERING_LETTERS, CASE_LOWER },
    { JN_STR_INIT("I"), NUMBERING_ROMAN, CASE_UPPER },   { JN_STR_INIT("i"), NUMBERING_ROMAN, CASE_LOWER },
    { JN_STR_INIT("W"), NUMBERING_WORDS, CASE_UPPER },   { JN_STR_INIT("w"), NUMBERING_WORDS, CASE_LOWER },
    { JN_STR_INIT("Ww"), NUMBERING_WORDS, CASE_TITLE },
};

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool has_position(const struct jsonata_integer_picture *p, uint32_t position)
{
    for (uint32_t i = 0; i < p->separator_count; i++)
        if (p->separators[i].position == position)
            return true;
    return false;
}

/* Separators are regular when they are one character at all multiples of a distance, as far as the picture goes. */
static uint32_t regular_distance(const struct jsonata_integer_picture *p)
{
    uint32_t distance = 0;
    for (uint32_t i = 0; i < p->separator_count; i++) {
        if (p->separators[i].character != p->separators[0].character)
            return 0;
        distance = gcd(distance, p->separators[i].position);
    }
    for (uint32_t i = 1; distance && i <= p->separator_count; i++)
        if (!has_position(p, i * distance))
            return 0;
    return distance;
}

/* Counts digits and collects separators; their positions count digits from the left here. */
static bool read_pattern(struct jsonata_eval *e, jn_str primary, struct jsonata_integer_picture *p)
{
    for (size_t at = 0; at < primary.len;) {
        const uint32_t c = jn_utf8_next(primary, &at);
        const uint32_t zero = zero_of(c);
        if (zero && p->zero && zero != p->zero) {
            jsonata_raise(e, (struct jsonata_fault){ .code = "D3131" });
            return false;
        }
        if (zero) {
            p->zero = zero;
            p->mandatory++;
        } else if (c == '#') {
            p->optional++;
        } else {
            p->separators[p->separator_count++] = (struct jsonata_separator){ p->mandatory + p->optional, c };
        }
    }
    for (uint32_t i = 0; i < p->separator_count; i++)
        p->separators[i].position = p->mandatory + p->optional - p->separators[i].position;
    return true;
}

static bool read_primary(struct jsonata_eval *e, struct jn_arena *a, jn_str primary, struct jsonata_integer_picture *p)
{
    for (size_t i = 0; i < sizeof numberings / sizeof *numberings; i++)
        if (jn_str_eq(primary, numberings[i].text)) {
            p->numbering = numberings[i].numbering;
            p->letter_case = numberings[i].letter_case;
            return true;
        }
    p->separators = jn_arena_alloc(a, primary.len * sizeof *p->separators);
    if (!p->separators || !read_pattern(e, primary, p))
        return false;
    p->regular = regular_distance(p);
    p->numbering = p->mandatory ? NUMBERING_DECIMAL : NUMBERING_NONE;
    p->token = primary;
    return true;
}

struct jsonata_integer_picture *jsonata_integer_picture(struct jsonata_eval *e, struct jn_arena *a, jn_str picture)
{
    struct jsonata_integer_picture *p = jn_arena_zalloc(a, sizeof *p);
    if (!p)
        return NULL;
    size_t end = picture.len;
    while (end > 0 && picture.data[end - 1] != ';')
        end--;
    p->is_ordinal = end > 0 && end < picture.len && picture.data[end] == 'o';
    return read_primary(e, a, jn_str_sub(picture, 0, end > 0 ? end - 1 : picture.len), p) ? p : NULL;
}

static void *analyse(struct jsonata_eval *e, struct jn_arena *a, jn_str picture, const void *arg)
{
    (void)arg;
    return jsonata_integer_picture(e, a, picture);
}

const struct jsonata_integer_picture *jsonata_integer_picture_get(struct jsonata_eval *e, jn_str picture)
{
    return jsonata_picture_get(e, analyse, picture, NULL);
}

/* ---- formatting ---------------------------------------------------------------------------------------------- */

/* A, B, ... Z, AA, AB, ...: base 26 without a zero. */
static void put_letters(struct jsonata_output *out, double value, enum jsonata_letter_case letter_case)
{
    char letters[300];                                  // a double has 218 digits in base 26 at most
    size_t at = sizeof letters;
    for (; value > 0 && at > 0; value = floor((value - 1) / 26))
        letters[--at] = (char)((letter_case == CASE_UPPER ? 'A' : 'a') + (int)fmod(value - 1, 26));
    jsonata_output_append(out, (jn_str){ letters + at, sizeof letters - at }, JN_STR_ASCII | JN_STR_PLAIN);
}

static const struct {
    int value;
    const char *upper, *lower;
} romans[] = {
    { 1000, "M", "m" }, { 900, "CM", "cm" }, { 500, "D", "d" }, { 400, "CD", "cd" }, { 100, "C", "c" },
    { 90, "XC", "xc" }, { 50, "L", "l" }, { 40, "XL", "xl" }, { 10, "X", "x" }, { 9, "IX", "ix" }, { 5, "V", "v" },
    { 4, "IV", "iv" }, { 1, "I", "i" },
};

static void put_roman(struct jsonata_output *out, double value, enum jsonata_letter_case letter_case)
{
    if (value >= MAX_ROMAN) {
        jsonata_raise(out->e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(value) });
        return;
    }
    int rest = (int)value;
    for (size_t i = 0; i < sizeof romans / sizeof *romans; i++)
        for (; rest >= romans[i].value; rest -= romans[i].value)
            jsonata_output_append(out, jn_str_of(letter_case == CASE_UPPER ? romans[i].upper : romans[i].lower),
                                  JN_STR_ASCII | JN_STR_PLAIN);
}

static void raise_token(struct jsonata_eval *e, const struct jsonata_integer_picture *p)
{
    jsonata_raise(e, (struct jsonata_fault){ .code = "D3130", .value = jsonata_string(e, p->token) });
}

/* Infinities have no letters, and neither they nor NaN words: the reference does not come to an end with them. */
static bool is_endless(double value, const struct jsonata_integer_picture *p)
{
    return (isinf(value) && p->numbering != NUMBERING_DECIMAL && p->numbering != NUMBERING_NONE)
           || (isnan(value) && p->numbering == NUMBERING_WORDS);
}

void jsonata_put_integer(struct jsonata_output *out, double value, const struct jsonata_integer_picture *p)
{
    if (is_endless(value, p)) {
        jsonata_raise(out->e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(value) });
        return;
    }
    if (value < 0 && p->numbering != NUMBERING_NONE)
        jsonata_output_char(out, '-');
    value = fabs(value);
    switch (p->numbering) {
    case NUMBERING_DECIMAL: jsonata_put_decimal(out, value, p); break;
    case NUMBERING_LETTERS: put_letters(out, value, p->letter_case); break;
    case NUMBERING_ROMAN: put_roman(out, value, p->letter_case); break;
    case NUMBERING_WORDS: jsonata_put_words(out, value, p->letter_case, p->is_ordinal); break;
    case NUMBERING_NONE: raise_token(out->e, p); break;
    }
}

jn_value jsonata_format_integer(struct jsonata_eval *e, double value, jn_str picture)
{
    struct jsonata_output out;
    jsonata_output_begin(&out, e, 128);
    const jn_mark scratch = jsonata_output_mark(&out);
    const struct jsonata_integer_picture *p = jsonata_integer_picture_get(e, picture);
    if (p)
        jsonata_put_integer(&out, floor(value), p);
    return jsonata_output_end_scratch(&out, scratch);
}

/* ---- parsing ------------------------------------------------------------------------------------------------- */

/* The character that ends before byte *at; moves *at to its start. */
static uint32_t previous(jn_str s, size_t *at)
{
    do
        --*at;
    while (*at && ((unsigned char)s.data[*at] & 0xC0) == 0x80);
    size_t next = *at;
    return jn_utf8_next(s, &next);
}

/* From the right, as the reference adds them up: the order shows in numbers beyond 2^53. */
static double parse_letters(jn_str text, enum jsonata_letter_case letter_case)
{
    double value = 0;
    const int first = letter_case == CASE_UPPER ? 'A' : 'a';
    int place = 0;
    for (size_t at = text.len; at > 0;) {
        const uint32_t c = previous(text, &at);
        if (c >= 0x10000)
            value += ((int)(0xDC00 + (c & 0x3FF)) - first + 1) * jsonata_power(26, place++);
        value += ((int)(c >= 0x10000 ? 0xD7C0 + (c >> 10) : c) - first + 1) * jsonata_power(26, place++);
    }
    return value;
}

/* Lower case is read as what it is in upper case, and so is the dotless i. */
static int roman_digit(uint32_t c, enum jsonata_letter_case letter_case)
{
    if (letter_case == CASE_LOWER && c >= 'a' && c <= 'z')
        c = c - 'a' + 'A';
    switch (c) {
    case 'M': return 1000;
    case 'D': return 500;
    case 'C': return 100;
    case 'L': return 50;
    case 'X': return 10;
    case 'V': return 5;
    case 'I': return 1;
    case 0x131: return letter_case == CASE_LOWER;
    default: return 0;
    }
}

/* From the right: a digit smaller than the largest so far is subtracted. */
static double parse_roman(jn_str text, enum jsonata_letter_case letter_case)
{
    double value = 0;
    int largest = 1;
    for (size_t at = text.len; at > 0;) {
        const int digit = roman_digit(previous(text, &at), letter_case);
        if (!digit)
            return NAN;
        value += digit < largest ? -digit : digit;
        if (digit > largest)
            largest = digit;
    }
    return value;
}

double jsonata_parse_integer(struct jsonata_eval *e, jn_str text, const struct jsonata_integer_picture *p)
{
    switch (p->numbering) {
    case NUMBERING_LETTERS: return parse_letters(text, p->letter_case);
    case NUMBERING_ROMAN: return parse_roman(text, p->letter_case);
    case NUMBERING_WORDS: return jsonata_parse_words(text);
    case NUMBERING_DECIMAL: return jsonata_parse_decimal(e, text, p);
    case NUMBERING_NONE: break;
    }
    raise_token(e, p);
    return NAN;
}
