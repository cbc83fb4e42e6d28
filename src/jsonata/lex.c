/* lex.c - text to tokens (spec, section 3).
 *
 * The text is UTF-8 (or WTF-8) and validated once, at the start, so that everything after it may step from byte to
 * byte; what the language counts is UTF-16 code units, so the place is kept twice: `at` in bytes, `position` in
 * units.  A token's position is the place just after it; an error says which place it means.
 *
 * Whether '/' divides or opens a regex depends on the grammar, so the parser says for each token whether an operand has
 * just ended. */
#include "jsonata/lex.h"

#include "core/arena.h"

static const struct {
    const char *text;
    int power;
} tokens[] = {
#define X(kind, text, power) { text, power },
    TOKENS(X)
#undef X
};

const char *token_text(enum token_kind k)
{
    return tokens[k].text;
}

int token_power(enum token_kind k)
{
    return tokens[k].power;
}

/* ---- characters ---------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What ends a name: blanks and the first characters of operators.  Quotes and backslashes do not. */
static bool ends_name(char c)
{
    return is_blank(c) || (c != '\0' && strchr(".[]{}(),@#;:?+-*/%|=<>^&!~", c) != NULL);
}

/* UTF-16 code units that a byte stands for: 0 for the second and later bytes of a sequence. */
static unsigned units_of(char c)
{
    const unsigned char byte = (unsigned char)c;
    return (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
}

/* The byte `ahead` of the current one; NUL beyond the end (a NUL in the text is a name character like any other). */
static char peek(const struct lexer *l, size_t ahead)
{
    return ahead < l->text.len - l->at ? l->text.data[l->at + ahead] : '\0';
}

static bool at_end(const struct lexer *l)
{
    return l->at >= l->text.len;
}

static void skip(struct lexer *l, size_t bytes)
{
    for (; bytes && !at_end(l); bytes--)
        l->position += units_of(l->text.data[l->at++]);
}

static jn_str since(const struct lexer *l, size_t from)
{
    return jn_str_sub(l->text, from, l->at);
}

/* ---- tokens -------------------------------------------------------------------------------------------------- */

static struct token token(const struct lexer *l, enum token_kind kind, jn_str text)
{
    return (struct token){ .kind = kind, .text = text, .position = l->position };
}

static struct token end(const struct lexer *l)
{
    return token(l, TOKEN_END, JN_STR("(end)"));
}

/* Records the first error and gives the end of the text from now on. */
static struct token fail(struct lexer *l, const char *code, int64_t position, jn_str what)
{
    if (!l->fault.code)
        l->fault = (struct jsonata_fault){ .code = code, .position = position, .token = what };
    l->at = l->text.len;
    return end(l);
}

/* comment := '/' '*' ... '*' '/'     Not nested. */
static bool skip_comment(struct lexer *l)
{
    const int64_t start = l->position;
    const size_t close = jn_str_find(l->text, JN_STR("*/"), l->at + 2);
    if (close == SIZE_MAX) {
        fail(l, "S0106", start, (jn_str){ 0 });
        return false;
    }
    skip(l, close + 2 - l->at);
    return true;
}

static void skip_blank(struct lexer *l)
{
    for (;;) {
        while (!at_end(l) && is_blank(peek(l, 0)))
            skip(l, 1);
        if (peek(l, 0) != '/' || peek(l, 1) != '*' || !skip_comment(l))
            return;
    }
}

/* regex := '/' body '/' ('i' | 'm')*
 * The body ends at a '/' outside all brackets that no odd number of backslashes precedes.  Brackets count wherever they
 * stand, also in a character class, unless the character before is a backslash: so the reference has it. */
static struct token regex(struct lexer *l)
{
    skip(l, 1);
    const size_t start = l->at;
    int64_t depth = 0;
    bool escaped = false;           /* an odd number of backslashes precedes */
    for (char before = '/'; !at_end(l); skip(l, 1)) {
        const char c = peek(l, 0);
        if (c == '/' && depth == 0 && !escaped)
            break;
        if (before != '\\' && (c == '(' || c == '[' || c == '{'))
            depth++;
        if (before != '\\' && (c == ')' || c == ']' || c == '}'))
            depth--;
        escaped = c == '\\' && !escaped;
        before = c;
    }
    if (at_end(l))
        return fail(l, "S0302", l->position, (jn_str){ 0 });
    const jn_str body = since(l, start);
    if (body.len == 0)
        return fail(l, "S0301", l->position, (jn_str){ 0 });
    skip(l, 1);
    struct token t = token(l, TOKEN_REGEX, body);
    for (; peek(l, 0) == 'i' || peek(l, 0) == 'm'; skip(l, 1)) {
        t.ignore_case |= peek(l, 0) == 'i';
        t.multiline |= peek(l, 0) == 'm';
    }
    t.position = l->position;
    return t;
}

/* Kinds between TOKEN_LEFT_BRACKET and the end of the table are operators; longer texts win. */
static bool operator_of(const struct lexer *l, size_t len, enum token_kind *kind)
{
    const jn_str text = jn_str_sub(l->text, l->at, l->at + len);
    if (text.len != len || !ends_name(text.data[0]))
        return false;
    for (size_t k = TOKEN_LEFT_BRACKET; k < sizeof tokens / sizeof *tokens; k++)
        if (jn_str_eq(jn_str_of(tokens[k].text), text)) {
            *kind = (enum token_kind)k;
            return true;
        }
    return false;
}

/* Value of the hex digits at `from`, at most four; -1 when there is none, or something else among the four. */
static int escape_value(jn_str text, size_t from)
{
    int value = -1;
    for (size_t i = from; i < from + 4 && i < text.len; i++) {
        const int digit = hex_digit(text.data[i]);
        if (digit < 0)
            return -1;
        value = (value < 0 ? 0 : value) * 16 + digit;
    }
    return value;
}

static const char escape_names[] = "\"\\/bfnrt", escape_values[] = "\"\\/\b\f\n\r\t";

/* Finds the closing quote; false after an error.  `*escapes`: the body needs decoding. */
static bool scan_string(struct lexer *l, char quote, bool *escapes)
{
    for (; !at_end(l) && peek(l, 0) != quote; skip(l, 1)) {
        if (peek(l, 0) != '\\')
            continue;
        *escapes = true;
        skip(l, 1);
        const char c = peek(l, 0);
        if (c == 'u' && escape_value(l->text, l->at + 1) < 0) {
            fail(l, "S0104", l->position, (jn_str){ 0 });
            return false;
        }
        if (c != 'u' && (c == '\0' || !strchr(escape_names, c))) {
            size_t next = l->at;
            if (!at_end(l))
                jn_utf8_next(l->text, &next);
            fail(l, "S0103", l->position, jn_str_sub(l->text, l->at, next));
            return false;
        }
        if (c == 'u')
            skip(l, 4);
    }
    if (at_end(l))
        fail(l, "S0101", l->position, (jn_str){ 0 });
    return !l->fault.code;
}

/* Decoded text is never longer than its source.  Halves of a surrogate pair written as two escapes become one. */
static jn_str decode_string(struct jn_arena *a, jn_str body)
{
    char *out = jn_arena_alloc(a, body.len);
    size_t len = 0;
    for (size_t i = 0; out && i < body.len; i++) {
        if (body.data[i] != '\\') {
            out[len++] = body.data[i];
            continue;
        }
        const char c = body.data[++i];
        if (c != 'u') {
            out[len++] = escape_values[strchr(escape_names, c) - escape_names];
            continue;
        }
        const size_t seam = len;
        len += jn_utf8_put(out + len, (uint32_t)escape_value(body, i + 1));
        len = jn_wtf8_join(out, len, seam);
        i += 4;
    }
    return out ? (jn_str){ out, len } : JN_STR("");
}

/* string := '"' char* '"' | "'" char* "'"     Escapes as in JSON; newlines may stand in it. */
static struct token string(struct lexer *l)
{
    const char quote = peek(l, 0);
    skip(l, 1);
    const size_t start = l->at;
    bool escapes = false;
    if (!scan_string(l, quote, &escapes))
        return end(l);
    const jn_str body = since(l, start);
    skip(l, 1);
    struct token t = token(l, TOKEN_STRING, escapes ? decode_string(l->arena, body) : body);
    t.value = jn_string(t.text, 0);
    return t;
}

static size_t digits_at(const struct lexer *l, size_t ahead)
{
    size_t n = 0;
    while (is_digit(peek(l, ahead + n)))
        n++;
    return n;
}

/* number := ('0' | [1-9][0-9]*) ('.' [0-9]+)? ([eE] [-+]? [0-9]+)?     No sign: that is an operator. */
static struct token number(struct lexer *l)
{
    const size_t start = l->at;
    const int64_t position = l->position;
    size_t len = peek(l, 0) == '0' ? 1 : digits_at(l, 0);
    if (peek(l, len) == '.' && is_digit(peek(l, len + 1)))
        len += 1 + digits_at(l, len + 1);
    if (peek(l, len) == 'e' || peek(l, len) == 'E') {
        const size_t sign = peek(l, len + 1) == '-' || peek(l, len + 1) == '+';
        const size_t digits = digits_at(l, len + 1 + sign);
        len += digits ? 1 + sign + digits : 0;
    }
    skip(l, len);
    struct token t = token(l, TOKEN_NUMBER, since(l, start));
    const double d = jn_number_parse(t.text);
    if (d - d != 0)
        return fail(l, "S0102", position, t.text);
    t.value = jn_number(d);
    return t;
}

/* quoted := '`' [^`]* '`' */
static struct token quoted_name(struct lexer *l)
{
    const size_t start = l->at + 1;
    const size_t close = jn_str_find(l->text, JN_STR("`"), start);
    skip(l, close == SIZE_MAX ? l->text.len : close + 1 - l->at);
    if (close == SIZE_MAX)
        return fail(l, "S0105", l->position, (jn_str){ 0 });
    return token(l, TOKEN_NAME, jn_str_sub(l->text, start, close));
}

static struct token value_token(struct token t, jn_value v)
{
    t.kind = TOKEN_VALUE;
    t.value = v;
    return t;
}

/* Names that are operators or values.  They may still be used as names where an operand is wanted (parse.c). */
static struct token keyword(struct token t)
{
    if (jn_str_eq(t.text, JN_STR("and")))
        t.kind = TOKEN_AND;
    else if (jn_str_eq(t.text, JN_STR("or")))
        t.kind = TOKEN_OR;
    else if (jn_str_eq(t.text, JN_STR("in")))
        t.kind = TOKEN_IN;
    else if (jn_str_eq(t.text, JN_STR("true")))
        return value_token(t, jn_boolean(true));
    else if (jn_str_eq(t.text, JN_STR("false")))
        return value_token(t, jn_boolean(false));
    else if (jn_str_eq(t.text, JN_STR("null")))
        return value_token(t, jn_null());
    return t;
}

/* name := everything up to a blank or an operator;  variable := '$' name? */
static struct token name(struct lexer *l)
{
    const size_t start = l->at;
    while (!at_end(l) && !ends_name(peek(l, 0)))
        skip(l, 1);
    const jn_str text = since(l, start);
    if (text.data[0] == '$')
        return token(l, TOKEN_VARIABLE, jn_str_sub(text, 1, text.len));
    return keyword(token(l, TOKEN_NAME, text));
}

/* ---- well-formed text ------------------------------------------------------------------------------------------ */

/* A surrogate in its three-byte form at `at`. */
static bool is_surrogate_at(jn_str s, size_t at)
{
    return at + 3 <= s.len && (unsigned char)s.data[at] == 0xED && ((unsigned char)s.data[at + 1] & 0xE0) == 0xA0 &&
           ((unsigned char)s.data[at + 2] & 0xC0) == 0x80;
}

/* Offset of the first byte that is not WTF-8: lone surrogates may stand in an expression, which may itself come from a
 * JSON string, but not a pair as two three-byte forms. */
static size_t first_invalid(jn_str s)
{
    for (size_t at = 0;; at += 3) {
        at += jn_utf8_invalid(jn_str_sub(s, at, s.len));
        if (!is_surrogate_at(s, at))
            return at;
        const bool is_high = ((unsigned char)s.data[at + 1] & 0xF0) == 0xA0;
        if (is_high && is_surrogate_at(s, at + 3) && ((unsigned char)s.data[at + 4] & 0xF0) == 0xB0)
            return at;
    }
}

/* ---- the two ways in ----------------------------------------------------------------------------------------- */

void lexer_init(struct lexer *l, struct jn_arena *a, jn_str text)
{
    *l = (struct lexer){ .arena = a, .text = text };
    if (text.len > UINT32_MAX) {
        fail(l, "S0201/long", 0, (jn_str){ 0 });
        return;
    }
    const size_t invalid = first_invalid(text);
    if (invalid < text.len)
        fail(l, "S0201/utf8", (int64_t)jn_utf16_count(jn_str_sub(text, 0, invalid)), (jn_str){ 0 });
}

struct token lexer_next(struct lexer *l, bool infix)
{
    skip_blank(l);
    if (at_end(l))
        return end(l);
    const char c = peek(l, 0);
    if (c == '/' && !infix)
        return regex(l);
    enum token_kind kind;
    for (size_t len = 2; len > 0; len--)
        if (operator_of(l, len, &kind)) {
            const size_t start = l->at;
            skip(l, len);
            return token(l, kind, since(l, start));
        }
    if (c == '"' || c == '\'')
        return string(l);
    if (is_digit(c))
        return number(l);
    if (c == '`')
        return quoted_name(l);
    return name(l);
}
