/* json_source.c - strings with escapes or other characters than ASCII, words, numbers; and what to say about mistakes.
 *
 * A string is looked at twice when it has escapes: first validated up to its closing quote, so that mistakes are found
 * in order and its length is known, then decoded.  Grammar: RFC 8259, sections 3, 6 and 7; UTF-8: RFC 3629. */
#include "core/json_source.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- mistakes ------------------------------------------------------------------------------------------------ */

const char *jn_source_fail(struct jn_source *s, const char *at, const char *fmt, ...)
{
    char sentence[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    s->failed = jn_fail_at(s->err, (jn_str){ s->start, (size_t)(s->end - s->start) }, (size_t)(at - s->start), "%s",
                           sentence);
    return NULL;
}

const char *jn_source_no_memory(struct jn_source *s)
{
    const enum jn_status why = jn_arena_failed(s->a) == JN_LIMIT ? JN_LIMIT : JN_NO_MEMORY;
    s->failed = jn_fail(s->err, why, why == JN_LIMIT ? "the JSON text needs more memory than its limit allows"
                                                     : "no memory for reading JSON");
    return NULL;
}

static void describe(char out[static 32], const char *p, const char *end)
{
    const unsigned char c = p < end ? (unsigned char)*p : 0;
    const size_t n = p < end && c >= 0x80 ? jn_utf8_sequence(p, end) : 0;
    if (p == end)
        snprintf(out, 32, "the end of the text");
    else if (c < 0x20 || c == 0x7f)
        snprintf(out, 32, "control character U+%04X", c);
    else if (c < 0x80)
        snprintf(out, 32, "'%c'", c);
    else if (n)
        snprintf(out, 32, "'%.*s'", (int)n, p);
    else
        snprintf(out, 32, "byte 0x%02X", c);
}

const char *jn_source_expected(struct jn_source *s, const char *at, const char *what)
{
    char found[32];
    describe(found, at, s->end);
    return jn_source_fail(s, at, "expected %s, found %s", what, found);
}

const char *jn_source_skip(struct jn_source *s, const char *p)
{
    const char *after = jn_scan_space(p, s->end);
    if (after > p)
        jn_source_spoil(s, after - 1);
    return after;
}

/* ---- escapes ------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of four hexadecimal digits, which have been checked. */
static unsigned code_unit(const char *p)
{
    unsigned u = 0;
    for (int i = 0; i < 4; i++)
        u = u << 4 | (unsigned)hex_digit(p[i]);
    return u;
}

static bool is_high(unsigned unit)
{
    return (unit & 0xfc00) == 0xd800;
}

static bool is_low(unsigned unit)
{
    return (unit & 0xfc00) == 0xdc00;
}

static uint32_t join(unsigned high, unsigned low)
{
    return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
}

/* True when a whole \uXXXX of a low surrogate stands at p. */
static bool low_follows(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++)
        if (hex_digit(p[i]) < 0)
            return false;
    return is_low(code_unit(p + 2));
}

/* Is \uXXXX, with the digits at p, what the writer would choose?  Only for control characters without a letter, and for
 * surrogates without a partner, in lower case.  (A low surrogate after its partner is not asked about.) */
static bool writer_chooses(const char *p, const char *end)
{
    const unsigned unit = code_unit(p);
    for (int i = 0; i < 4; i++)
        if (p[i] >= 'A' && p[i] <= 'F')
            return false;
    if (unit < 0x20)
        return !(unit >= '\b' && unit <= '\r' && unit != '\v');
    return (is_high(unit) && !low_follows(p + 4, end)) || is_low(unit);
}

/* May `c` follow a backslash by itself? */
static bool is_escape(char c)
{
    switch (c) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return true;
    default:
        return false;
    }
}

/* Checks the escape at p (its backslash).  escape := '\' ( ["\/bfnrt] | 'u' hex hex hex hex ) */
static const char *check_escape(struct jn_source *s, const char *p)
{
    if (s->end - p < 2)
        return jn_source_fail(s, s->end, "a string is not closed: the text ends after a backslash");
    if (p[1] != 'u') {
        if (p[1] && !is_escape(p[1]))
            return jn_source_expected(s, p + 1, "one of \" \\ / b f n r t u after a backslash in a string");
        if (!p[1])
            return jn_source_fail(s, p + 1, "control character U+0000 after a backslash in a string");
        if (p[1] == '/')
            jn_source_spoil(s, p);
        return p + 2;
    }
    for (const char *digit = p + 2; digit < p + 6; digit++)
        if (digit >= s->end || hex_digit(*digit) < 0)
            return jn_source_expected(s, digit < s->end ? digit : s->end, "four hexadecimal digits after \\u");
    if (!writer_chooses(p + 2, s->end))
        jn_source_spoil(s, p);
    if (is_high(code_unit(p + 2)) && low_follows(p + 6, s->end))
        return p + 12;
    return p + 6;
}

/* Decodes the checked escape at *p and moves *p behind it. */
static uint32_t decode_escape(const char **p, const char *end)
{
    static const char letters[] = { ['b' - 'b'] = '\b', ['f' - 'b'] = '\f', ['n' - 'b'] = '\n',
                                    ['r' - 'b'] = '\r', ['t' - 'b'] = '\t' };
    const char c = (*p)[1];
    if (c != 'u') {
        *p += 2;
        return (unsigned char)(c >= 'b' ? letters[c - 'b'] : c);
    }
    const unsigned unit = code_unit(*p + 2);
    *p += 6;
    if (!is_high(unit) || !low_follows(*p, end))
        return unit;
    const unsigned low = code_unit(*p + 2);
    *p += 6;
    return join(unit, low);
}

/* ---- strings ------------------------------------------------------------------------------------------------- */

static const char *fail_in_string(struct jn_source *s, const char *start, const char *p)
{
    struct jn_error where = { 0 };
    if (p < s->end) {
        const char *shorter = *p == '\n' ? "; write \\n" : *p == '\t' ? "; write \\t" : *p == '\r' ? "; write \\r" : "";
        return jn_source_fail(s, p, "control character U+%04X in a string%s", (unsigned char)*p, shorter);
    }
    jn_error_place(&where, (jn_str){ s->start, (size_t)(s->end - s->start) }, (size_t)(start - s->start));
    return jn_source_fail(s, p, "a string is not closed; it begins at line %u, column %u", where.line, where.column);
}

/* A text that ends inside a character fails at its end, other bytes where they begin. */
static const char *fail_utf8(struct jn_source *s, const char *p)
{
    const size_t left = (size_t)(s->end - p);
    char padded[4];
    for (size_t n = left + 1; n <= 4; n++) {
        // Could continuation bytes make it whole?  Each lead byte accepts the first of them or the last.
        for (int fill = 0x80; fill <= 0xbf; fill += 0x3f) {
            memset(padded, fill, sizeof padded);
            memcpy(padded, p, left);
            if (jn_utf8_sequence(padded, padded + n) == n)
                return jn_source_fail(s, s->end, "the text ends inside a character of a string");
        }
    }
    return jn_source_fail(s, p, "byte 0x%02X in a string is not UTF-8", (unsigned char)*p);
}

/* Skips characters from U+0080 on; p is at one. */
static const char *skip_characters(struct jn_source *s, const char *p)
{
    do {
        const size_t n = jn_utf8_sequence(p, s->end);
        if (!n)
            return fail_utf8(s, p);
        p += n;
    } while (p < s->end && (unsigned char)*p >= 0x80);
    return p;
}

static jn_str decode(struct jn_arena *a, const char *p, const char *end)
{
    char *const text = jn_arena_alloc(a, (size_t)(end - p) + 1);
    char *to = text;
    if (!text)
        return (jn_str){ NULL, 0 };
    while (p < end) {
        const char *stop = memchr(p, '\\', (size_t)(end - p));
        const size_t run = (size_t)((stop ? stop : end) - p);
        memcpy(to, p, run);
        to += run;
        p += run;
        if (stop)
            to += jn_utf8_put(to, decode_escape(&p, end));
    }
    *to = '\0';
    return (jn_str){ text, (size_t)(to - text) };
}

/* Validates the string that begins with the quote at `start`; the result is at its closing quote. */
static const char *check_string(struct jn_source *s, const char *start, bool *ascii, bool *escapes)
{
    const char *p = start + 1;
    while (p) {
        p = jn_scan_string(p, s->end);
        if (p == s->end)
            return fail_in_string(s, start, p);
        if (*p == '"')
            break;
        if ((unsigned char)*p >= 0x80) {
            *ascii = false;
            p = skip_characters(s, p);
        } else if (*p == '\\') {
            *escapes = true;
            p = check_escape(s, p);
        } else {
            return fail_in_string(s, start, p);
        }
    }
    return p;
}

const char *jn_source_check_string(struct jn_source *s, const char *p)
{
    bool ascii = true, escapes = false;
    const char *quote = check_string(s, p, &ascii, &escapes);
    return quote ? quote + 1 : NULL;
}

const char *jn_source_string(struct jn_source *s, const char *p, jn_value *out)
{
    bool ascii = true, escapes = false;
    const char *const first = p + 1, *const quote = check_string(s, p, &ascii, &escapes);
    if (!quote)
        return NULL;
    if (!escapes) {
        *out = jn_string((jn_str){ first, (size_t)(quote - first) }, JN_STR_PLAIN | (ascii ? JN_STR_ASCII : 0));
        return quote + 1;
    }
    const jn_str text = decode(s->a, first, quote);
    if (!text.data)
        return jn_source_no_memory(s);
    *out = jn_string(text, ascii && jn_utf8_is_ascii(text) ? JN_STR_ASCII : 0);
    return quote + 1;
}

/* ---- words and numbers --------------------------------------------------------------------------------------- */

static bool is_digit(const char *p, const char *end)
{
    return p < end && (unsigned char)(*p - '0') < 10;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}

/* number := '-'? ( '0' | [1-9] digit* ) ( '.' digit+ )? ( [eE] [+-]? digit+ )? */
const char *jn_source_number(struct jn_source *s, const char *p, jn_value *out)
{
    const char *const start = p, *const end = s->end;
    p += *p == '-';
    if (!is_digit(p, end))
        return jn_source_expected(s, p, "a digit after '-'");
    if (*p == '0' && is_digit(p + 1, end))
        return jn_source_fail(s, p + 1, "a number does not begin with 0 and another digit");
    p = skip_digits(p, end);
    if (p < end && *p == '.') {
        if (!is_digit(p + 1, end))
            return jn_source_expected(s, p + 1, "a digit after the decimal point");
        p = skip_digits(p + 1, end);
    }
    if (p < end && (*p | 0x20) == 'e') {
        p += p + 1 < end && (p[1] == '+' || p[1] == '-') ? 2 : 1;
        if (!is_digit(p, end))
            return jn_source_expected(s, p, "a digit in the exponent of a number");
        p = skip_digits(p, end);
    }
    const jn_str text = { start, (size_t)(p - start) };
    const bool canonical = jn_number_is_canonical(text);
    if (!canonical)
        jn_source_spoil(s, start);
    *out = (jn_value){ .type = JN_NUMBER, .flags = JN_NUM_TEXT | (canonical ? JN_NUM_CANONICAL : 0),
                       .len = (uint32_t)text.len, .as.text = start };
    return p;
}

/* Compares letter by letter, so that a mistake is reported where it is. */
static const char *expect_word(struct jn_source *s, const char *p, const char *word)
{
    char what[16];
    for (const char *letter = word; *letter; letter++, p++) {
        if (p < s->end && *p == *letter)
            continue;
        snprintf(what, sizeof what, "the word %s", word);
        return jn_source_expected(s, p, what);
    }
    return p;
}

const char *jn_source_word(struct jn_source *s, const char *p, jn_value *out)
{
    const char c = p < s->end ? *p : '\0';
    if (c == 't') {
        *out = jn_boolean(true);
        return expect_word(s, p, "true");
    }
    if (c == 'f') {
        *out = jn_boolean(false);
        return expect_word(s, p, "false");
    }
    if (c == 'n') {
        *out = jn_null();
        return expect_word(s, p, "null");
    }
    if (c == '\'')
        return jn_source_fail(s, p, "expected a value, found '\\''; strings stand in double quotes");
    if (c == '+' || c == '.')
        return jn_source_fail(s, p, "expected a value, found '%c'; a number begins with a digit or '-'", c);
    return jn_source_expected(s, p, "a value");
}
