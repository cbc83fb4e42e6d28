/* fn_string.c - $string, $substring, $substringBefore, $substringAfter, $lowercase, $uppercase, $length, $trim, $pad
 * and $join (spec 9).  The ones that take a pattern are in fn_regex.c.
 *
 * Lengths and places count code points; what is only a piece of its argument borrows the argument's bytes.  Results
 * that are put together are measured first and written once.  Where pieces meet, a lone high surrogate and a lone
 * low one become a pair, as they do in JavaScript. */
#include "jsonata/fn.h"
#include "jsonata/unicode.h"
#include "jsonata/units.h"

#include <math.h>

/* What is known of a string holds for its pieces. */
static jn_value piece_of(jn_value s, size_t from, size_t to)
{
    return jn_string(jn_str_sub(jn_text(s), from, to), s.flags);
}

static bool is_ascii(jn_value s)
{
    return s.flags & JN_STR_ASCII || jn_utf8_is_ascii(jn_text(s));
}

/* ---- putting text together ----------------------------------------------------------------------------------- */

struct text {
    char *data;
    size_t len;
};

static void put(struct text *t, jn_str s)
{
    if (!s.len)
        return;
    const size_t seam = t->len;
    memcpy(t->data + seam, s.data, s.len);
    t->len += s.len;
    if (seam && jsonata_is_low_surrogate(s, 0))
        t->len = jn_wtf8_join(t->data, t->len, seam);
}

BUILTIN(fn_string)
{
    return jsonata_to_string(e, args[0], jn_is(args[1], JN_BOOLEAN) && jn_bool(args[1]));
}

BUILTIN(fn_length)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    return jn_number(args[0].flags & JN_STR_ASCII ? args[0].len : (double)jn_utf8_count(jn_text(args[0])));
}

BUILTIN(fn_uppercase)
{
    return jn_is_undefined(args[0]) ? args[0] : jsonata_upper(e, jn_text(args[0]));
}

BUILTIN(fn_lowercase)
{
    return jn_is_undefined(args[0]) ? args[0] : jsonata_lower(e, jn_text(args[0]));
}

/* ---- pieces -------------------------------------------------------------------------------------------------- */

/* A place as ECMAScript's String.prototype.slice takes it: truncated, counted from the end when negative, clamped. */
static size_t slice_place(double place, size_t len)
{
    const double whole = isnan(place) ? 0 : trunc(place);
    if (whole < 0)
        return -whole >= (double)len ? 0 : len - (size_t)-whole;
    return whole >= (double)len ? len : (size_t)whole;
}

static double number_or_nan(jn_value v)
{
    return jn_is_undefined(v) ? NAN : jn_num(v);
}

BUILTIN(fn_substring)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const jn_str s = jn_text(args[0]);
    const bool ascii = is_ascii(args[0]), has_length = !jn_is_undefined(args[2]);
    const size_t len = ascii ? s.len : jn_utf8_count(s);
    const double length = number_or_nan(args[2]);
    double start = number_or_nan(args[1]);
    if ((double)len + start < 0)
        start = 0;
    if (has_length && length <= 0)
        return TEXT_VALUE("");
    const size_t from = slice_place(start, len);
    const size_t to = !has_length ? len : slice_place(start >= 0 ? start + length : (double)len + start + length, len);
    if (from >= to)
        return TEXT_VALUE("");
    if (ascii)
        return piece_of(args[0], from, to);
    const size_t first = jn_utf8_offset(s, from);
    return piece_of(args[0], first, first + jn_utf8_offset(jn_str_sub(s, first, s.len), to - from));
}

/* What is before or after `needle`, code unit by code unit. */
static jn_value cut_units(struct jsonata_eval *e, jn_value v, jn_value needle, bool after)
{
    struct jsonata_units s, n;
    if (!jsonata_units_open(e, v, &s) || !jsonata_units_open(e, needle, &n))
        return jn_undefined();
    const size_t at = jsonata_units_find(e, &s, &n, 0);
    if (jsonata_failed(e))
        return jn_undefined();
    if (at == SIZE_MAX)
        return v;
    return after ? jsonata_units_slice(e, &s, at + n.len, s.len) : jsonata_units_slice(e, &s, 0, at);
}

/* What is before or after the first `needle` in `v`; all of it when there is none. */
static jn_value cut(struct jsonata_eval *e, jn_value v, jn_value needle, bool after)
{
    if (jn_is_undefined(v) || jn_is_undefined(needle))
        return v;
    if (jsonata_may_split_pairs(jn_text(needle)))
        return cut_units(e, v, needle, after);
    const size_t at = jn_str_find(jn_text(v), jn_text(needle), 0);
    if (at == SIZE_MAX)
        return v;
    return after ? piece_of(v, at + needle.len, v.len) : piece_of(v, 0, at);
}

/* A text to look for that is missing is the text "undefined" to ECMAScript's indexOf(). */
BUILTIN(fn_substring_before)
{
    const jn_value missing = jn_string(JN_STR("undefined"), JN_STR_ASCII);
    return cut(e, args[0], jn_is_undefined(args[1]) ? missing : args[1], false);
}

BUILTIN(fn_substring_after)
{
    return cut(e, args[0], args[1], true);
}

/* ---- $trim --------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* True when every run of blanks in `s` is one space. */
static bool is_normal(jn_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_blank(s.data[i]) && (s.data[i] != ' ' || (i + 1 < s.len && is_blank(s.data[i + 1]))))
            return false;
    return true;
}

BUILTIN(fn_trim)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const jn_str s = jn_text(args[0]);
    size_t from = 0, to = s.len;
    while (from < to && is_blank(s.data[from]))
        from++;
    while (to > from && is_blank(s.data[to - 1]))
        to--;
    if (is_normal(jn_str_sub(s, from, to)))
        return piece_of(args[0], from, to);
    char *out = fn_text_begin(e, to - from);
    if (!out)
        return jn_undefined();
    size_t len = 0;
    for (size_t i = from; i < to; i++)
        if (!is_blank(s.data[i]))
            out[len++] = s.data[i];
        else if (!is_blank(s.data[i - 1]))      // the text does not begin with a blank any more
            out[len++] = ' ';
    return jsonata_string_end(e, out, to - from, len);
}

/* ---- $pad ---------------------------------------------------------------------------------------------------- */

/* `times` copies of `unit`, then the first `rest` bytes of it. */
static void put_cycled(struct jsonata_eval *e, struct text *t, jn_str unit, uint64_t times, size_t rest)
{
    if (unit.len == 1) {
        memset(t->data + t->len, unit.data[0], times);
        t->len += times;
        return;
    }
    while (times-- && jsonata_step(e))
        put(t, unit);
    put(t, jn_str_sub(unit, 0, rest));
}

/* What a text is padded with: `head` once, then `unit` again and again. */
struct padding {
    jn_str head, unit;
};

/* A unit that begins with a low surrogate and ends with a high one grows together with its copies: behind the first
 * character, what comes again is the rest with the pair at its end.  False when memory is out. */
static bool padding_of(struct jsonata_eval *e, jn_str unit, struct padding *p)
{
    enum { SURROGATE = 3 };
    *p = (struct padding){ .unit = unit };
    if (unit.len < 2 * SURROGATE || !jsonata_is_low_surrogate(unit, 0) ||
        !jsonata_is_high_surrogate(unit, unit.len - SURROGATE))
        return true;
    struct text t = { .data = fn_text_begin(e, unit.len) };
    if (!t.data)
        return false;
    p->head = jn_str_sub(unit, 0, SURROGATE);
    put(&t, jn_str_sub(unit, SURROGATE, unit.len));
    put(&t, p->head);
    p->unit = (jn_str){ t.data, t.len };
    return true;
}

/* `fill` code points of `p` after `s`, or before it. */
static jn_value pad(struct jsonata_eval *e, jn_str s, uint64_t fill, const struct padding *p, bool is_left)
{
    const uint64_t cycled = fill - jn_utf8_count(p->head), unit_count = jn_utf8_count(p->unit);
    const uint64_t times = cycled / unit_count;
    const size_t rest = jn_utf8_offset(p->unit, cycled % unit_count);
    const uint64_t size = s.len + p->head.len + times * p->unit.len + rest;     // cycled is below 2^32, so is unit.len
    struct text t = { .data = fn_text_begin(e, size) };
    if (!t.data)
        return jn_undefined();
    if (!is_left)
        put(&t, s);
    put(&t, p->head);
    put_cycled(e, &t, p->unit, times, rest);
    if (is_left)
        put(&t, s);
    return jsonata_failed(e) ? jn_undefined() : jsonata_string_end(e, t.data, size, t.len);
}

BUILTIN(fn_pad)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const jn_str s = jn_text(args[0]);
    const double width = number_or_nan(args[1]), fill = trunc(fabs(width)) - (double)jn_utf8_count(s);
    if (!(fill > 0))
        return args[0];
    jn_str unit = jn_is_undefined(args[2]) ? JN_STR(" ") : jn_text(args[2]);
    if (!unit.len)
        unit = JN_STR(" ");
    struct padding p;
    if (!padding_of(e, unit, &p))
        return jn_undefined();
    return pad(e, s, fill < UINT32_MAX ? (uint64_t)fill : UINT32_MAX, &p, width < 0);
}

/* ---- $join --------------------------------------------------------------------------------------------------- */

BUILTIN(fn_join)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const struct jn_array *x = args[0].as.array;
    const jn_str separator = jn_is_undefined(args[1]) ? JN_STR("") : jn_text(args[1]);
    uint64_t size = x->len ? (x->len - (uint64_t)1) * separator.len : 0;
    for (uint32_t i = 0; i < x->len; i++)
        size += x->items[i].len;
    struct text t = { .data = fn_text_begin(e, size) };
    if (!t.data)
        return jn_undefined();
    for (uint32_t i = 0; i < x->len; i++) {
        if (i)
            put(&t, separator);
        put(&t, jn_text(x->items[i]));
    }
    return jsonata_string_end(e, t.data, size, t.len);
}

const struct jsonata_builtin jsonata_fn_string[] = {
    { "string", "<x-b?:s>", 1, fn_string },
    { "substring", "<s-nn?:s>", 3, fn_substring },
    { "substringBefore", "<s-s:s>", 2, fn_substring_before },
    { "substringAfter", "<s-s:s>", 2, fn_substring_after },
    { "lowercase", "<s-:s>", 1, fn_lowercase },
    { "uppercase", "<s-:s>", 1, fn_uppercase },
    { "length", "<s-:n>", 1, fn_length },
    { "trim", "<s-:s>", 1, fn_trim },
    { "pad", "<s-ns?:s>", 3, fn_pad },
    { "join", "<a<s>s?:s>", 2, fn_join },
    { 0 },
};
