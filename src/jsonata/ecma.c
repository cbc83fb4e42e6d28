/* ecma.c - conversions as JavaScript does them by itself: what a pattern makes of its arguments when a program calls it,
 * or gives it to a function that does (ECMA-262, "ToString" and "ToNumber"). */
#include "jsonata/ecma.h"

#include "jsonata/compile.h"
#include "jsonata/output.h"
#include "jsonata/picture.h"

#include <math.h>

/* ---- text ---------------------------------------------------------------------------------------------------- */

static void add_ecma(struct jsonata_output *out, jn_value v);

static void add_ecma_members(struct jsonata_output *out, jn_value v)
{
    for (uint32_t i = 0; i < v.as.array->len && jsonata_step(out->e); i++) {
        const jn_value m = v.as.array->items[i];
        if (i)
            jsonata_output_char(out, ',');
        if (m.type != JN_NULL && !jn_is_undefined(m))
            add_ecma(out, m);
    }
}

static void add_ecma(struct jsonata_output *out, jn_value v)
{
    char text[JN_NUMBER_MAX];
    const unsigned plain = JN_STR_ASCII | JN_STR_PLAIN;
    switch (v.type) {
    case JN_STRING:     jsonata_output_append(out, jn_text(v), v.flags); break;
    case JN_NULL:       jsonata_output_append(out, JN_STR("null"), plain); break;
    case JN_BOOLEAN:    jsonata_output_append(out, jn_bool(v) ? JN_STR("true") : JN_STR("false"), plain); break;
    case JN_NUMBER:     jsonata_output_append(out, (jn_str){ text, jn_number_format(text, jn_num(v)) }, plain); break;
    case JN_UNDEFINED:  jsonata_output_append(out, JN_STR("undefined"), plain); break;
    case JN_ARRAY:
        if (node_has_stack(out->e))
            add_ecma_members(out, v);
        break;
    default:            jsonata_output_append(out, JN_STR("[object Object]"), plain);
    }
}

jn_value jsonata_ecma_string(struct jsonata_eval *e, jn_value v)
{
    if (v.type == JN_STRING)
        return v;
    struct jsonata_output out;
    jsonata_output_begin(&out, e, 32);
    add_ecma(&out, v);
    return jsonata_output_end(&out);
}

/* ---- numbers ------------------------------------------------------------------------------------------------- */

/* The bits that a digit of base 2, 8 or 16 is worth for the letter after the 0, or 0. */
static int bits_of_prefix(char letter)
{
    switch (letter | 0x20) {
    case 'x': return 4;
    case 'o': return 3;
    case 'b': return 1;
    default: return 0;
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/* What no longer fits into the 64 bits leaves one sticky bit, eleven places below the last one of a double. */
bool jsonata_parse_radix(jn_str s, double *out)
{
    const int bits = s.len > 2 && s.data[0] == '0' ? bits_of_prefix(s.data[1]) : 0;
    uint64_t head = 0;
    int dropped = 0;
    for (size_t i = 2; bits && i < s.len; i++) {
        const int digit = digit_value(s.data[i]);
        if (digit >> bits)
            return false;
        if (head >> 59)
            head |= digit != 0, dropped += dropped < 4096 ? bits : 0;
        else
            head = head << bits | (uint64_t)digit;
    }
    *out = ldexp((double)head, dropped);
    return bits != 0;
}

/* StrUnsignedDecimalLiteral := (digits ('.' digits?)? | '.' digits) (('e' | 'E') ('+' | '-')? digits)? */
struct decimal_text {
    jn_str whole, fraction, exponent;       /* digits; the exponent with its sign */
};

static jn_str digits_at(jn_str s, size_t *at)
{
    const size_t from = *at;
    while (*at < s.len && s.data[*at] >= '0' && s.data[*at] <= '9')
        ++*at;
    return jn_str_sub(s, from, *at);
}

static bool has_at(jn_str s, size_t at, const char *characters)
{
    return at < s.len && s.data[at] && strchr(characters, s.data[at]);
}

static bool split_decimal(jn_str s, struct decimal_text *out)
{
    size_t at = 0;
    *out = (struct decimal_text){ .whole = digits_at(s, &at) };
    if (has_at(s, at, ".")) {
        at++;
        out->fraction = digits_at(s, &at);
    }
    if (!out->whole.len && !out->fraction.len)
        return false;
    if (has_at(s, at, "eE")) {
        const size_t from = ++at;
        at += has_at(s, at, "+-");
        if (!digits_at(s, &at).len)
            return false;
        out->exponent = jn_str_sub(s, from, at);
    }
    return at == s.len;
}

static size_t put(char *out, size_t len, jn_str mark, jn_str s)
{
    if (!s.len)
        return len;
    memcpy(out + len, mark.data, mark.len);
    memcpy(out + len + mark.len, s.data, s.len);
    return len + mark.len + s.len;
}

/* The number is written as JSON would have it, and read as such. */
static double decimal_number(struct jsonata_eval *e, jn_str s)
{
    enum { MARKS = 3 };                     // 0 . e
    struct decimal_text d;
    if (jn_str_eq(s, JN_STR("Infinity")))
        return INFINITY;
    if (!split_decimal(s, &d))
        return NAN;
    char *text = jn_arena_alloc(e->arena, s.len + MARKS);
    if (!text) {
        jsonata_raise_memory(e);
        return NAN;
    }
    while (d.whole.len && *d.whole.data == '0')
        d.whole = jn_str_sub(d.whole, 1, d.whole.len);
    size_t len = put(text, 0, JN_STR(""), d.whole.len ? d.whole : JN_STR("0"));
    len = put(text, len, JN_STR("."), d.fraction);
    len = put(text, len, JN_STR("e"), d.exponent);
    return jn_number_parse((jn_str){ text, len });
}

static jn_str trimmed(jn_str s)
{
    size_t from = s.len, to = 0;
    for (size_t at = 0, before = 0; at < s.len; before = at) {
        if (jsonata_is_blank(jn_utf8_next(s, &at)))
            continue;
        from = from < before ? from : before;
        to = at;
    }
    return to ? jn_str_sub(s, from, to) : JN_STR("");
}

static double text_number(struct jsonata_eval *e, jn_str s)
{
    double d;
    s = trimmed(s);
    if (!s.len)
        return 0;
    if (jsonata_parse_radix(s, &d))
        return d;
    const bool is_signed = *s.data == '-' || *s.data == '+';
    d = decimal_number(e, jn_str_sub(s, is_signed, s.len));
    return *s.data == '-' ? -d : d;
}

double jsonata_ecma_number(struct jsonata_eval *e, jn_value v)
{
    switch (v.type) {
    case JN_NUMBER:     return jn_num(v);
    case JN_BOOLEAN:    return jn_bool(v);
    case JN_NULL:       return 0;
    case JN_STRING:     return text_number(e, jn_text(v));
    case JN_ARRAY:      v = jsonata_ecma_string(e, v); return jsonata_failed(e) ? NAN : text_number(e, jn_text(v));
    default:            return NAN;
    }
}
