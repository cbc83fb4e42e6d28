/* name.c - taking function names apart.  The service's own pattern decides what is a name (our spec, section 1.1):
 *
 *   name      := [head] ['function:'] function [':' qualifier]
 *   head      := 'arn:' partition ':lambda:' region ':' account ':'  |  [region ':'] [account ':']
 *
 * A word that could be a region, an account or the keyword is one only if more follows: "123456789012" alone is a
 * function, "function:x" is the function x. */
#include "lambda/name.h"

#include "core/utf8.h"

enum { MAX_TEXT = 256, MAX_PARTS = 9, MAX_BARE = 64, MAX_QUALIFIER = 128 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower((char)(c | 32));
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

/* ---- kinds of words ------------------------------------------------------------------------------------------ */

static bool is_account(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]))
            return false;
    }
    return s.len == 12;
}

static bool take(jn_str *s, jn_str head)
{
    if (!jn_str_starts(*s, head))
        return false;
    *s = jn_str_sub(*s, head.len, s->len);
    return true;
}

static void take_iso(jn_str *s)
{
    jn_str rest = *s;
    if (!take(&rest, JN_STR("-iso")))
        return;
    if (rest.len && is_lower(rest.data[0]))
        rest = jn_str_sub(rest, 1, rest.len);
    if (rest.len && rest.data[0] == '-')
        *s = rest;
}

/* region := ['eusc-'] lower lower ['-gov' | '-iso' [lower]] '-' lower+ '-' digit */
static bool is_region(jn_str s)
{
    take(&s, JN_STR("eusc-"));
    if (s.len < 2 || !is_lower(s.data[0]) || !is_lower(s.data[1]))
        return false;
    s = jn_str_sub(s, 2, s.len);
    if (jn_str_starts(s, JN_STR("-gov-")))
        s = jn_str_sub(s, 4, s.len);
    else
        take_iso(&s);
    size_t word = 1;
    while (word < s.len && is_lower(s.data[word]))
        word++;
    return s.len == word + 2 && word > 1 && s.data[0] == '-' && s.data[word] == '-' && is_digit(s.data[word + 1]);
}

static bool is_partition(jn_str s)
{
    if (s.len == 0)
        return true;
    if (!take(&s, JN_STR("aws")))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter(s.data[i]) && s.data[i] != '-')
            return false;
    }
    return true;
}

/* ---- refusing ------------------------------------------------------------------------------------------------ */

/* The character at `i`, whole, as far as it is one. */
static jn_str character_at(jn_str s, size_t i)
{
    size_t end = i + 1;
    while (end < s.len && end < i + 4 && ((unsigned char)s.data[end] & 0xc0) == 0x80)
        end++;
    const jn_str c = jn_str_sub(s, i, end);
    return jn_utf8_invalid(c) == c.len ? c : JN_STR("?");
}

static jn_str shown(jn_str text)
{
    return jn_str_sub(text, 0, jn_utf8_invalid(jn_str_sub(text, 0, MAX_TEXT)));
}

static enum jn_status refuse_character(jn_str text, jn_str part, size_t i, const char *what, struct jn_error *err)
{
    const unsigned char c = (unsigned char)part.data[i];
    if (c <= ' ' || c == 0x7f)
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not a function's name: a blank or control character in its %s",
                       JN_ARG(shown(text)), what);
    return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not a function's name: '%.*s' is not allowed in its %s, only "
                   "letters, digits, '-' and '_'", JN_ARG(shown(text)), JN_ARG(character_at(part, i)), what);
}

static enum jn_status check_function(jn_str text, jn_str function, bool is_bare, struct jn_error *err)
{
    if (function.len == 0)
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" names no function", JN_ARG(shown(text)));
    for (size_t i = 0; i < function.len; i++) {
        if (!is_word(function.data[i]) && function.data[i] != '.')
            return refuse_character(text, function, i, "name", err);
    }
    if (is_bare && function.len > MAX_BARE)
        return jn_fail(err, JN_BAD_VALUE, "the function's name \"%.*s\" has %zu characters; %d are allowed",
                       JN_ARG(function), function.len, MAX_BARE);
    return JN_OK;
}

enum jn_status lambda_qualifier_check(jn_str q, struct jn_error *err)
{
    if (jn_str_eq(q, JN_STR("$LATEST")) || jn_str_eq(q, JN_STR("$LATEST.PUBLISHED")))
        return JN_OK;
    if (q.len < 1 || q.len > MAX_QUALIFIER)
        return jn_fail(err, JN_BAD_VALUE, "a qualifier has 1 to %d characters, this one %zu", MAX_QUALIFIER, q.len);
    for (size_t i = 0; i < q.len; i++) {
        if (!is_word(q.data[i]))
            return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not a qualifier: give a version (a number), an alias "
                           "(letters, digits, '-' and '_') or $LATEST", JN_ARG(shown(q)));
    }
    return JN_OK;
}

/* ---- taking apart -------------------------------------------------------------------------------------------- */

static size_t split(jn_str text, jn_str parts[MAX_PARTS])
{
    size_t count = 0;
    for (size_t at = 0; count < MAX_PARTS;) {
        const size_t colon = count == MAX_PARTS - 1 ? SIZE_MAX : jn_str_find(text, JN_STR(":"), at);
        parts[count++] = jn_str_sub(text, at, colon);
        if (colon == SIZE_MAX)
            break;
        at = colon + 1;
    }
    return count;
}

/* The parts before 'function' or the name; their number, or 0 with `err` filled for a broken ARN. */
static size_t take_arn_head(jn_str text, const jn_str *part, size_t count, struct lambda_name *n, struct jn_error *err)
{
    const bool ok = count >= 6 && is_partition(part[1]) && jn_str_eq(part[2], JN_STR("lambda")) && is_region(part[3]) &&
                    is_account(part[4]);
    if (!ok) {
        jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not the ARN of a function; it would look like "
                "arn:aws:lambda:us-east-1:123456789012:function:my-function", JN_ARG(shown(text)));
        return 0;
    }
    n->partition = part[1];
    n->region = part[3];
    n->account = part[4];
    return 5;
}

static size_t take_partial_head(const jn_str *part, size_t count, struct lambda_name *n)
{
    size_t i = 0;
    if (count - i > 1 && is_region(part[i]))
        n->region = part[i++];
    if (count - i > 1 && is_account(part[i]))
        n->account = part[i++];
    return i;
}

enum jn_status lambda_name_parse(jn_str text, struct lambda_name *out, struct jn_error *err)
{
    if (text.len == 0)
        return jn_fail(err, JN_BAD_VALUE, "the function's name is empty; give a name or an ARN");
    if (text.len > MAX_TEXT)
        return jn_fail(err, JN_BAD_VALUE, "the function's name has %zu characters; %d are allowed", text.len, MAX_TEXT);
    jn_str part[MAX_PARTS];
    struct lambda_name n = { 0 };
    const size_t count = split(text, part);
    const bool is_arn = count > 1 && jn_str_eq(part[0], JN_STR("arn"));
    size_t i = is_arn ? take_arn_head(text, part, count, &n, err) : take_partial_head(part, count, &n);
    if (is_arn && i == 0)
        return JN_BAD_VALUE;
    const bool is_bare = i == 0;
    if (count - i > 1 && jn_str_eq(part[i], JN_STR("function")))
        i++;
    n.function = part[i++];
    enum jn_status s = check_function(text, n.function, is_bare, err);
    if (s)
        return s;
    if (count - i > 1)
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" has more parts than a function's name: after \"%.*s\" only a "
                       "version or alias may follow", JN_ARG(shown(text)), JN_ARG(n.function));
    if (i < count) {
        n.qualifier = part[i];
        s = lambda_qualifier_check(n.qualifier, err);
    }
    if (!s)
        *out = n;
    return s;
}
