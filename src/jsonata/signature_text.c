/* signature_text.c - the text of a signature, put together from tokens.
 *
 * The reference reads a signature with the lexer of everything else and joins the values of the tokens: blanks and
 * comments are gone, strings have lost their quotes, a number is written as its value is, and what happened to look like
 * a regular expression is the text that JavaScript gives a RegExp. */
#include "jsonata/signature_text.h"

#include "core/arena.h"
#include "core/number.h"

static bool add(struct jn_arena *a, struct signature_text *to, jn_str text)
{
    if (to->len + text.len > to->cap) {
        const size_t cap = 2 * (to->len + text.len) + 32;
        char *data = jn_arena_grow(a, to->data, to->cap, cap);
        if (!data)
            return false;
        to->data = data;
        to->cap = cap;
    }
    if (text.len)                       // the end has no text at all
        memcpy(to->data + to->len, text.data, text.len);
    to->len += text.len;
    return true;
}

static bool add_number(struct jn_arena *a, struct signature_text *to, jn_value v)
{
    char number[JN_NUMBER_MAX];
    const size_t len = jn_number_format(number, jn_num(v));
    return add(a, to, (jn_str){ number, len });
}

/* ---- regular expressions ------------------------------------------------------------------------------------- */

/* What stands behind the backslash for a line terminator; nothing for other characters. */
static jn_str line_end(jn_str character)
{
    static const char *const table[][2] = {
        { "\n", "n" }, { "\r", "r" }, { "\xE2\x80\xA8", "u2028" }, { "\xE2\x80\xA9", "u2029" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (jn_str_eq(character, jn_str_of(table[i][0])))
            return jn_str_of(table[i][1]);
    }
    return (jn_str){ 0 };
}

/* EscapeRegExpPattern of ECMAScript, as V8 has it: slashes outside of classes and line terminators are escaped, unless
 * the pattern has done so; a line terminator is then spelled all the same. */
static bool add_source(struct jn_arena *a, struct signature_text *to, jn_str pattern)
{
    bool is_escaped = false, in_class = false, ok = true;
    for (size_t at = 0, from = 0; at < pattern.len && ok; from = at) {
        const uint32_t c = jn_utf8_next(pattern, &at);
        const jn_str character = jn_str_sub(pattern, from, at), spelling = line_end(character);
        if (!is_escaped && (spelling.len || (c == '/' && !in_class)))
            ok = add(a, to, JN_STR("\\"));
        if (!is_escaped && (c == '[' || c == ']'))
            in_class = c == '[';
        ok = ok && add(a, to, spelling.len ? spelling : character);
        is_escaped = c == '\\' && !is_escaped;
    }
    return ok;
}

static bool add_regex(struct jn_arena *a, struct signature_text *to, const struct token *t)
{
    return add(a, to, JN_STR("/")) && add_source(a, to, t->text) && add(a, to, JN_STR("/g")) &&
           add(a, to, t->ignore_case ? JN_STR("i") : JN_STR("")) && add(a, to, t->multiline ? JN_STR("m") : JN_STR(""));
}

bool signature_text_add(struct jn_arena *a, struct signature_text *to, const struct token *t)
{
    switch (t->kind) {
    case TOKEN_NUMBER: return add_number(a, to, t->value);
    case TOKEN_REGEX: return add_regex(a, to, t);
    default: return add(a, to, t->text);
    }
}
