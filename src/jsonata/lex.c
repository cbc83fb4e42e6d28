/* lex.c - text to tokens (spec, section 3).
 *
 * The text is UTF-8 (or WTF-8) and validated once, at the start, so that everything after it may step from byte to
 * byte; what the language counts is UTF-16 code units, so the lexer knows how many of the bytes before it are no units
 * of their own.  A token's position is the place just after it; an error says which place it means.
 *
 * Whether '/' divides or opens a regex depends on the grammar, so the parser says for each token whether an operand has
 * just ended. */
#include "jsonata/lex.h"

#include "core/arena.h"

const uint8_t token_powers[] = {
#define X(kind, text, power) power,
    TOKENS(X)
#undef X
};

const char *token_text(enum token_kind k)
{
    static const char *const texts[] = {
#define X(kind, text, power) text,
        TOKENS(X)
#undef X
    };
    return texts[k];
}

/* ---- characters ---------------------------------------------------------------------------------------------- */

/* FOLLOWING: second and later bytes of a character.  QUOTE: begins a token of its own kind, but may stand in names. */
enum { BLANK = 1, DIGIT = 2, OPERATOR = 4, FOLLOWING = 8, QUOTE = 16 };

static const uint8_t classes[256] = {
    [' '] = BLANK,    ['\t'] = BLANK,   ['\n'] = BLANK,   ['\r'] = BLANK,   ['\v'] = BLANK,
    ['0'] = DIGIT,    ['1'] = DIGIT,    ['2'] = DIGIT,    ['3'] = DIGIT,    ['4'] = DIGIT,
    ['5'] = DIGIT,    ['6'] = DIGIT,    ['7'] = DIGIT,    ['8'] = DIGIT,    ['9'] = DIGIT,
    ['.'] = OPERATOR, ['['] = OPERATOR, [']'] = OPERATOR, ['{'] = OPERATOR, ['}'] = OPERATOR,
    ['('] = OPERATOR, [')'] = OPERATOR, [','] = OPERATOR, ['@'] = OPERATOR, ['#'] = OPERATOR,
    [';'] = OPERATOR, [':'] = OPERATOR, ['?'] = OPERATOR, ['+'] = OPERATOR, ['-'] = OPERATOR,
    ['*'] = OPERATOR, ['/'] = OPERATOR, ['%'] = OPERATOR, ['|'] = OPERATOR, ['='] = OPERATOR,
    ['<'] = OPERATOR, ['>'] = OPERATOR, ['^'] = OPERATOR, ['&'] = OPERATOR, ['!'] = OPERATOR,
    ['~'] = OPERATOR, ['"'] = QUOTE,    ['\''] = QUOTE,   ['`'] = QUOTE,    [0x80 ... 0xBF] = FOLLOWING,
};

static unsigned class_of(char c)
{
    return classes[(unsigned char)c];
}

static bool is_blank(char c)
{
    return class_of(c) & BLANK;
}

static bool is_digit(char c)
{
    return class_of(c) & DIGIT;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* UTF-16 code units that a byte stands for: 0 for the second and later bytes of a sequence. */
static unsigned units_of(char c)
{
    return class_of(c) & FOLLOWING ? 0 : (unsigned char)c >= 0xF0 ? 2 : 1;
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

/* UTF-16 code units before the current byte. */
static inline int64_t position_of(const struct lexer *l)
{
    return (int64_t)l->at - l->surplus;
}

JN_APART static void count_surplus(struct lexer *l, size_t to)
{
    for (size_t i = l->at; i < to; i++)
        l->surplus += 1 - (int64_t)units_of(l->text.data[i]);
}

/* Goes on to an offset.  Over ASCII, bytes are units. */
static inline void go_to(struct lexer *l, size_t to)
{
    if (!l->is_ascii)
        count_surplus(l, to);
    l->at = to;
}

static inline void skip(struct lexer *l, size_t bytes)
{
    const size_t left = l->text.len - l->at;
    go_to(l, l->at + (bytes < left ? bytes : left));
}

static inline jn_str since(const struct lexer *l, size_t from)
{
    return (jn_str){ l->text.data + from, l->at - from };
}

/* The first byte from `at` on that is of one of the classes, or the end. */
static inline size_t find_class(const struct lexer *l, size_t at, unsigned wanted)
{
    const char *text = l->text.data;
    const size_t len = l->text.len;
    while (at < len && !(class_of(text[at]) & wanted))
        at++;
    return at;
}

/* ---- tokens -------------------------------------------------------------------------------------------------- */

/* Tokens are written where they are wanted, member by member: they are too large to be handed about. */
static inline void put_token(const struct lexer *l, struct token *t, enum token_kind kind, jn_str text)
{
    t->kind = kind;
    t->ignore_case = t->multiline = false;
    t->text = text;
    t->position = (int32_t)position_of(l);
}

static void put_end(const struct lexer *l, struct token *t)
{
    put_token(l, t, TOKEN_END, JN_STR("(end)"));
}

/* Records the first error and goes to the end of the text. */
static void fail(struct lexer *l, const char *code, int64_t position, jn_str what)
{
    if (!l->fault.code)
        l->fault = (struct jsonata_fault){ .code = code, .position = position, .token = what };
    l->at = l->text.len;
}

static void fail_token(struct lexer *l, struct token *t, const char *code, int64_t position, jn_str what)
{
    fail(l, code, position, what);
    put_end(l, t);
}

/* comment := '/' '*' ... '*' '/'     Not nested. */
static bool skip_comment(struct lexer *l)
{
    const int64_t start = position_of(l);
    const size_t close = jn_str_find(l->text, JN_STR("*/"), l->at + 2);
    if (close == SIZE_MAX) {
        fail(l, "S0106", start, (jn_str){ 0 });
        return false;
    }
    skip(l, close + 2 - l->at);
    return true;
}

/* regex := '/' body '/' ('i' | 'm')*
 * The body ends at a '/' outside all brackets that no odd number of backslashes precedes.  Brackets count wherever they
 * stand, also in a character class, unless the character before is a backslash: so the reference has it. */
static void regex(struct lexer *l, struct token *t)
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
    if (at_end(l)) {
        fail_token(l, t, "S0302", position_of(l), (jn_str){ 0 });
        return;
    }
    const jn_str body = since(l, start);
    if (body.len == 0) {
        fail_token(l, t, "S0301", position_of(l), (jn_str){ 0 });
        return;
    }
    skip(l, 1);
    put_token(l, t, TOKEN_REGEX, body);
    for (; peek(l, 0) == 'i' || peek(l, 0) == 'm'; skip(l, 1)) {
        t->ignore_case |= peek(l, 0) == 'i';
        t->multiline |= peek(l, 0) == 'm';
    }
    t->position = position_of(l);
}

/* What an operator's first character is by itself, and together with a second one.  Of ? that is not all. */
struct operator_kind {
    uint8_t alone, both;
    char second;
};

static const struct operator_kind operator_kinds[128] = {
    ['.'] = { TOKEN_DOT, TOKEN_RANGE, '.' },
    [':'] = { TOKEN_COLON, TOKEN_BIND, '=' },
    ['!'] = { TOKEN_EXCLAMATION, TOKEN_NOT_EQUAL, '=' },
    ['>'] = { TOKEN_GREATER, TOKEN_GREATER_EQUAL, '=' },
    ['<'] = { TOKEN_LESS, TOKEN_LESS_EQUAL, '=' },
    ['*'] = { TOKEN_STAR, TOKEN_DESCENDANTS, '*' },
    ['~'] = { TOKEN_TILDE, TOKEN_CHAIN, '>' },
    ['?'] = { TOKEN_QUESTION, TOKEN_COALESCE, '?' },
    ['['] = { .alone = TOKEN_LEFT_BRACKET },
    [']'] = { .alone = TOKEN_RIGHT_BRACKET },
    ['{'] = { .alone = TOKEN_LEFT_BRACE },
    ['}'] = { .alone = TOKEN_RIGHT_BRACE },
    ['('] = { .alone = TOKEN_LEFT_PAREN },
    [')'] = { .alone = TOKEN_RIGHT_PAREN },
    [','] = { .alone = TOKEN_COMMA },
    ['@'] = { .alone = TOKEN_AT },
    ['#'] = { .alone = TOKEN_HASH },
    [';'] = { .alone = TOKEN_SEMICOLON },
    ['+'] = { .alone = TOKEN_PLUS },
    ['-'] = { .alone = TOKEN_MINUS },
    ['/'] = { .alone = TOKEN_SLASH },
    ['%'] = { .alone = TOKEN_PERCENT },
    ['|'] = { .alone = TOKEN_BAR },
    ['='] = { .alone = TOKEN_EQUAL },
    ['^'] = { .alone = TOKEN_CARET },
    ['&'] = { .alone = TOKEN_AMPERSAND },
};

/* The operator that begins here with `c`: the longer one wins. */
JN_APART static void operator(struct lexer *l, struct token *t, char c)
{
    const struct operator_kind *o = &operator_kinds[c & 0x7F];
    const size_t start = l->at;
    enum token_kind kind = o->alone;
    l->at = start + 1;
    if (o->second && !at_end(l)) {
        const char second = l->text.data[start + 1];
        if (second == o->second)
            kind = o->both;
        else if (c == '?' && second == ':')
            kind = TOKEN_ELVIS;
        l->at += kind != o->alone;
    }
    put_token(l, t, kind, since(l, start));
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

/* The next quote or backslash, or the end. */
static inline size_t plain_end(const struct lexer *l, char quote)
{
    size_t at = l->at;
    while (at < l->text.len && l->text.data[at] != quote && l->text.data[at] != '\\')
        at++;
    return at;
}

/* Finds the closing quote; false after an error.  `*escapes`: the body needs decoding. */
static bool scan_string(struct lexer *l, char quote, bool *escapes)
{
    for (;; skip(l, 1)) {
        go_to(l, plain_end(l, quote));
        if (at_end(l) || l->text.data[l->at] == quote)
            break;
        *escapes = true;
        skip(l, 1);
        const char c = peek(l, 0);
        if (c == 'u' && escape_value(l->text, l->at + 1) < 0) {
            fail(l, "S0104", position_of(l), (jn_str){ 0 });
            return false;
        }
        if (c != 'u' && (c == '\0' || !strchr(escape_names, c))) {
            size_t next = l->at;
            if (!at_end(l))
                jn_utf8_next(l->text, &next);
            fail(l, "S0103", position_of(l), jn_str_sub(l->text, l->at, next));
            return false;
        }
        if (c == 'u')
            skip(l, 4);
    }
    if (at_end(l))
        fail(l, "S0101", position_of(l), (jn_str){ 0 });
    return !l->fault.code;
}

/* A surrogate in its three-byte form at `at`. */
static bool is_surrogate_at(jn_str s, size_t at)
{
    return at + 3 <= s.len && (unsigned char)s.data[at] == 0xED && ((unsigned char)s.data[at + 1] & 0xE0) == 0xA0 &&
           ((unsigned char)s.data[at + 2] & 0xC0) == 0x80;
}

/* Decoded text is never longer than its source.  Halves of a surrogate pair become one, however each is written. */
static jn_str decode_string(struct jn_arena *a, jn_str body)
{
    char *out = jn_arena_alloc(a, body.len);
    size_t len = 0;
    for (size_t i = 0; out && i < body.len; i++) {
        if (is_surrogate_at(body, i)) {
            memcpy(out + len, body.data + i, 3);
            len = jn_wtf8_join(out, len + 3, len);
            i += 2;
            continue;
        }
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
static void string(struct lexer *l, struct token *t)
{
    const char quote = l->text.data[l->at++];
    const size_t start = l->at;
    bool escapes = false;
    if (!scan_string(l, quote, &escapes)) {
        put_end(l, t);
        return;
    }
    const jn_str body = since(l, start);
    skip(l, 1);
    put_token(l, t, TOKEN_STRING, escapes ? decode_string(l->arena, body) : body);
    t->value = jn_string(t->text, 0);
}

static size_t digits_at(const struct lexer *l, size_t ahead)
{
    size_t n = 0;
    while (is_digit(peek(l, ahead + n)))
        n++;
    return n;
}

/* number := ('0' | [1-9][0-9]*) ('.' [0-9]+)? ([eE] [-+]? [0-9]+)?     No sign: that is an operator. */
static void number(struct lexer *l, struct token *t)
{
    const size_t start = l->at;
    const int64_t position = position_of(l);
    size_t len = peek(l, 0) == '0' ? 1 : digits_at(l, 0);
    if (peek(l, len) == '.' && is_digit(peek(l, len + 1)))
        len += 1 + digits_at(l, len + 1);
    if (peek(l, len) == 'e' || peek(l, len) == 'E') {
        const size_t sign = peek(l, len + 1) == '-' || peek(l, len + 1) == '+';
        const size_t digits = digits_at(l, len + 1 + sign);
        len += digits ? 1 + sign + digits : 0;
    }
    skip(l, len);
    put_token(l, t, TOKEN_NUMBER, since(l, start));
    const double d = jn_number_parse(t->text);
    if (d - d != 0) {
        fail_token(l, t, "S0102", position, t->text);
        return;
    }
    t->value = jn_number(d);
}

/* quoted := '`' [^`]* '`' */
static void quoted_name(struct lexer *l, struct token *t)
{
    const size_t start = l->at + 1;
    const size_t close = jn_str_find(l->text, JN_STR("`"), start);
    skip(l, close == SIZE_MAX ? l->text.len : close + 1 - l->at);
    if (close == SIZE_MAX) {
        fail_token(l, t, "S0105", position_of(l), (jn_str){ 0 });
        return;
    }
    put_token(l, t, TOKEN_NAME, jn_str_sub(l->text, start, close));
}

static void set_value(struct token *t, jn_value v)
{
    t->kind = TOKEN_VALUE;
    t->value = v;
}

/* Names that are operators or values.  They may still be used as names where an operand is wanted (parse.c). */
static void set_keyword(struct token *t)
{
    switch (t->text.len) {
    case 2:
        if (jn_str_eq(t->text, JN_STR("or")))
            t->kind = TOKEN_OR;
        else if (jn_str_eq(t->text, JN_STR("in")))
            t->kind = TOKEN_IN;
        break;
    case 3:
        if (jn_str_eq(t->text, JN_STR("and")))
            t->kind = TOKEN_AND;
        break;
    case 4:
        if (jn_str_eq(t->text, JN_STR("true")))
            set_value(t, jn_boolean(true));
        else if (jn_str_eq(t->text, JN_STR("null")))
            set_value(t, jn_null());
        break;
    case 5:
        if (jn_str_eq(t->text, JN_STR("false")))
            set_value(t, jn_boolean(false));
        break;
    default:
        break;
    }
}

/* name := everything up to a blank or an operator, quotes and backslashes included;  variable := '$' name? */
JN_APART static void name(struct lexer *l, struct token *t)
{
    const size_t start = l->at;
    go_to(l, find_class(l, start, BLANK | OPERATOR));
    const jn_str text = since(l, start);
    if (*text.data == '$') {
        put_token(l, t, TOKEN_VARIABLE, (jn_str){ text.data + 1, text.len - 1 });
        return;
    }
    put_token(l, t, TOKEN_NAME, text);
    set_keyword(t);
}

/* ---- well-formed text ------------------------------------------------------------------------------------------ */

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
    if (text.len > INT32_MAX) {
        fail(l, "S0201/long", 0, (jn_str){ 0 });
        return;
    }
    l->is_ascii = jn_utf8_is_ascii(text);
    const size_t invalid = l->is_ascii ? text.len : first_invalid(text);
    if (invalid < text.len)
        fail(l, "S0201/utf8", (int64_t)jn_utf16_count(jn_str_sub(text, 0, invalid)), (jn_str){ 0 });
}

static inline void skip_blank(struct lexer *l)
{
    size_t at = l->at;
    while (at < l->text.len && is_blank(l->text.data[at]))
        at++;
    l->at = at;
}

static bool is_at_comment(const struct lexer *l)
{
    return peek(l, 0) == '/' && peek(l, 1) == '*';
}

/* Comments, and then the next token. */
static void after_comments(struct lexer *l, bool infix, struct token *t)
{
    while (is_at_comment(l)) {
        if (!skip_comment(l))
            break;
        skip_blank(l);
    }
    lexer_next(l, infix, t);        // nested once, since there is no comment there
}

/* Numbers, strings and quoted names, and whatever begins with '/'. */
JN_APART static void other(struct lexer *l, bool infix, struct token *t, char c)
{
    if (is_digit(c))
        number(l, t);
    else if (c == '`')
        quoted_name(l, t);
    else if (c != '/')
        string(l, t);
    else if (is_at_comment(l))
        after_comments(l, infix, t);
    else if (infix)
        operator(l, t, c);
    else
        regex(l, t);
}

void lexer_next(struct lexer *l, bool infix, struct token *t)
{
    skip_blank(l);
    if (at_end(l)) {
        put_end(l, t);
        return;
    }
    const char c = l->text.data[l->at];
    if (!(class_of(c) & (OPERATOR | DIGIT | QUOTE)))
        name(l, t);
    else if (class_of(c) & OPERATOR && c != '/')
        operator(l, t, c);
    else
        other(l, infix, t, c);
}
