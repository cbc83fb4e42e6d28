/* picture_decimal.c - decimal digits by picture: the numbering that takes most of $formatInteger, $parseInteger and
 * dates.
 *
 * The reference works on the number's text in code units: it pads it on the left, shifts its characters to the
 * picture's digits, and then inserts separators counted from the right.  What comes of separators in places that the
 * number does not reach, and of numbers that have an exponent, follows from that and is kept. */
#include "jsonata/picture.h"

#include <math.h>

#include "jsonata/picture_line.h"

/* ---- formatting ---------------------------------------------------------------------------------------------- */

static void append(struct line *l, uint32_t character)
{
    const uint16_t pair[] = { (uint16_t)(0xD7C0 + (character >> 10)), (uint16_t)(0xDC00 + (character & 0x3FF)) };
    const uint16_t single = (uint16_t)character;
    line_append(l, character >= 0x10000 ? (struct units_text){ pair, 2 } : (struct units_text){ &single, 1 });
}

/* The number's text, padded, in the digits of the picture, and with the separators of a regular one. */
static void put_text(struct line *l, double value, const struct jsonata_integer_picture *p)
{
    char text[JN_NUMBER_MAX];
    const size_t len = jn_number_format(text, value), total = len < p->mandatory ? p->mandatory : len;
    if (!line_reserve(l, total))
        return;
    for (size_t i = 0; i < total && jsonata_step(l->e); i++) {
        const char c = i < total - len ? '0' : text[i - (total - len)];
        if (i && p->regular && (total - i) % p->regular == 0)
            append(l, p->separators[0].character);
        append(l, (uint16_t)((unsigned char)c + p->zero - '0'));
    }
}

/* Puts `character` before the last `right` units.  Where there are fewer, the start is lost: ECMAScript's substr()
 * takes a negative start from the end of the text. */
static void insert(struct line *l, uint32_t character, uint32_t right)
{
    struct line separator;
    line_begin(&separator, l->e);
    append(&separator, character);
    if (right > l->len && right - l->len < l->len)
        line_remove(l, 0, l->len - (right - l->len));
    line_insert(l, right < l->len ? (int64_t)(l->len - right) : 0, line_text(&separator));
}

static void put_ordinal_suffix(struct jsonata_output *out, const struct line *l)
{
    const uint16_t last = l->len ? l->at[l->len - 1] : 0;
    const bool is_teen = l->len > 1 && l->at[l->len - 2] == '1';
    const char *suffix = is_teen || last < '1' || last > '3' ? "th" : last == '1' ? "st" : last == '2' ? "nd" : "rd";
    jsonata_output_append(out, jn_str_of(suffix), JN_STR_ASCII | JN_STR_PLAIN);
}

/* Small numbers in ASCII, at once: most of all numbers in dates. */
static bool put_quickly(struct jsonata_output *out, double value, const struct jsonata_integer_picture *p)
{
    char text[32], *at = text + sizeof text;
    if (!(value < 1e9) || p->mandatory > 9 || p->zero != '0' || p->is_ordinal || (p->separator_count && !p->regular)
        || (p->regular && (p->separators[0].character >= 0x7F || p->separators[0].character < ' ')))
        return false;
    uint32_t rest = (uint32_t)value, digits = 0;
    do {
        if (p->regular && digits && digits % p->regular == 0)
            *--at = (char)p->separators[0].character;
        *--at = (char)('0' + rest % 10);
        rest /= 10;
        digits++;
    } while (rest || digits < p->mandatory);
    const bool is_plain = !p->regular || (p->separators[0].character != '"' && p->separators[0].character != '\\');
    jsonata_output_append(out, (jn_str){ at, (size_t)(text + sizeof text - at) },
                          JN_STR_ASCII | (is_plain ? JN_STR_PLAIN : 0));
    return true;
}

void jsonata_put_decimal(struct jsonata_output *out, double value, const struct jsonata_integer_picture *p)
{
    struct line l;
    if (put_quickly(out, value, p))
        return;
    line_begin(&l, out->e);
    put_text(&l, value, p);
    for (uint32_t i = 0; !p->regular && i < p->separator_count && jsonata_step(l.e); i++)
        insert(&l, p->separators[i].character, p->separators[i].position);
    for (size_t i = 0; i < l.len && jsonata_step(out->e); i++)
        jsonata_output_char(out, l.at[i]);
    if (p->is_ordinal)
        put_ordinal_suffix(out, &l);
}

/* ---- parsing ------------------------------------------------------------------------------------------------- */

bool jsonata_is_blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0xFEFF || c == 0x1680
           || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static int digit_value(uint16_t c, int radix)
{
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10 : radix;
    return digit < radix ? digit : -1;
}

/* The digits from `at` on; NaN when there are none. */
static double read_hex(const struct line *l, size_t at)
{
    double value = at < l->len && digit_value(l->at[at], 16) >= 0 ? 0 : NAN;
    for (; at < l->len && digit_value(l->at[at], 16) >= 0; at++)
        value = value * 16 + digit_value(l->at[at], 16);
    return value;
}

static double read_digits(struct jsonata_eval *e, const struct line *l, size_t at)
{
    const size_t first = at;
    while (at < l->len && l->at[at] == '0')
        at++;
    const size_t start = at;
    while (at < l->len && digit_value(l->at[at], 10) >= 0)
        at++;
    if (at == start)
        return at > first ? 0 : NAN;
    char *text = jn_arena_alloc(e->arena, at - start);
    if (!text) {
        jsonata_raise_memory(e);
        return NAN;
    }
    for (size_t i = start; i < at; i++)
        text[i - start] = (char)l->at[i];
    return jn_number_parse((jn_str){ text, at - start });
}

/* ECMAScript's parseInt(): blank* ('-' | '+')? ('0x' hex | digits), and whatever follows. */
static double parse_int(struct jsonata_eval *e, const struct line *l)
{
    size_t at = 0;
    while (at < l->len && jsonata_is_blank(l->at[at]))
        at++;
    const bool is_negative = at < l->len && l->at[at] == '-';
    at += is_negative || (at < l->len && l->at[at] == '+');
    const bool is_hex = l->len - at >= 2 && l->at[at] == '0' && (l->at[at + 1] | 0x20) == 'x';
    const double value = is_hex ? read_hex(l, at + 2) : read_digits(e, l, at);
    return is_negative ? -value : value;
}

/* Takes all `c` out. */
static void remove_all(struct line *l, uint32_t c)
{
    const bool is_pair = c >= 0x10000;
    const uint16_t first = (uint16_t)(is_pair ? 0xD7C0 + (c >> 10) : c), second = (uint16_t)(0xDC00 + (c & 0x3FF));
    size_t kept = 0;
    for (size_t i = 0; i < l->len; i++)
        if (l->at[i] != first || (is_pair && (i + 1 == l->len || l->at[i + 1] != second)))
            l->at[kept++] = l->at[i];
        else
            i += is_pair;
    l->len = kept;
}

/* Without the last two units of "1st", and without separators; a regular one is a comma, whatever the picture has. */
static void strip(struct jsonata_eval *e, struct line *l, const struct jsonata_integer_picture *p)
{
    l->len -= !p->is_ordinal ? 0 : l->len < 2 ? l->len : 2;
    if (p->regular)
        remove_all(l, ',');
    for (uint32_t i = p->separator_count; !p->regular && i-- > 0 && jsonata_step(e);)
        remove_all(l, p->separators[i].character);
}

/* The digits of the picture as ASCII has them.  What is below them makes the reference fail. */
static bool shift(struct jsonata_eval *e, struct line *l, jn_str text, uint32_t zero)
{
    for (size_t i = 0; i < l->len; i++) {
        if (l->at[i] + (uint32_t)'0' < zero) {
            jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 1, .value = jsonata_string(e, text) });
            return false;
        }
        l->at[i] = (uint16_t)(l->at[i] + '0' - zero);
    }
    return true;
}

static bool read_line(struct jsonata_eval *e, struct line *l, jn_str text, const struct jsonata_integer_picture *p)
{
    line_begin(l, e);
    line_append(l, units_text_of(e->arena, text));
    strip(e, l, p);
    return !jsonata_failed(e) && shift(e, l, text, p->zero);
}

/* Digits in ASCII, few enough to be exact: most of all texts. */
static bool parse_quickly(jn_str text, const struct jsonata_integer_picture *p, double *value)
{
    uint32_t n = 0;
    if (p->zero != '0' || p->is_ordinal || !text.len || text.len > 9)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        n = n * 10 + (uint32_t)(text.data[i] - '0');
    }
    *value = n;
    return true;
}

double jsonata_parse_decimal(struct jsonata_eval *e, jn_str text, const struct jsonata_integer_picture *p)
{
    struct line l;
    double value;
    if (parse_quickly(text, p, &value))
        return value;
    return read_line(e, &l, text, p) ? parse_int(e, &l) : NAN;
}
