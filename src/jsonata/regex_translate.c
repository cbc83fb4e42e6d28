/* regex_translate.c - one pass over an ECMAScript pattern that checks it and writes the same in PCRE2's dialect.
 *
 * Nothing is copied through unread: every construct is recognised here and written in a form that means one thing to
 * PCRE2, so what only PCRE2 knows (possessive and atomic groups, \h, \A, \Q, POSIX classes, inline options, verbs) has
 * become the error or the literal that ECMAScript makes of it.  Accepted is the grammar of annex B: unknown escapes are
 * literals, so is a brace that is no quantifier, and \1 without such a group is octal.
 *
 * Where PCRE2 cannot follow: captures inside a repeated group keep the value of an earlier round, an empty round of a
 * loop counts as a round, a back-reference under /i folds ASCII only, and each alternative of a look-behind must have a
 * fixed length. */
#include "jsonata/regex_class.h"

enum { MAX_REPEAT = 65535 };            /* PCRE2's own limit of a counted repetition */

struct translator {
    const uint16_t *units;
    size_t len, at;
    bool wide, ignore_case, multiline;
    bool has_names;                     /* some group has a name: then \k is a reference */
    uint32_t total;                     /* captures in the whole pattern: tells \1 from octal */
    uint32_t opened;                    /* captures so far */
    uint32_t nesting;
    struct jsonata_unit_set *set;       /* scratch for the class at hand */
    struct jsonata_regex_text *out;
};

struct quantifier {
    uint32_t min, max;                  /* max UINT32_MAX: no end */
    bool is_lazy;
};

static bool fail(struct translator *t, const char *why, size_t at)
{
    if (!t->out->error) {
        t->out->error = why;
        t->out->error_at = at;
    }
    return false;
}

/* The unit `ahead` places on; 0 beyond the end, which no caller takes for a NUL in the pattern because it asks for
 * something else. */
static uint16_t peek(const struct translator *t, size_t ahead)
{
    return t->at + ahead < t->len ? t->units[t->at + ahead] : 0;
}

static bool at_end(const struct translator *t)
{
    return t->at >= t->len;
}

static bool is_digit(uint16_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint16_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int hex_value(uint16_t c)
{
    if (is_digit(c))
        return c - '0';
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* ---- looking ahead for groups -------------------------------------------------------------------------------- */

/* Moves *at to the next '(' that captures, at or after *at; false when there is none. */
static bool next_capture(const struct translator *t, size_t *at)
{
    bool in_class = false;
    for (; *at < t->len; ++*at) {
        const uint16_t c = t->units[*at];
        if (c == '\\') {
            ++*at;
        } else if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
        } else if (c == '(') {
            const uint16_t *u = t->units + *at;
            const size_t left = t->len - *at;
            if (left < 2 || u[1] != '?' || (left > 3 && u[2] == '<' && u[3] != '=' && u[3] != '!'))
                return true;
        }
    }
    return false;
}

static bool is_named(const struct translator *t, size_t at)
{
    return t->len - at > 3 && t->units[at + 1] == '?';
}

static void count_captures(struct translator *t)
{
    for (size_t at = 0; next_capture(t, &at); at++) {
        t->total++;
        t->has_names |= is_named(t, at);
    }
}

/* Number of the first group called units[name, name + len), 0 when there is none. */
static uint32_t group_number(const struct translator *t, size_t name, size_t len)
{
    uint32_t number = 0;
    for (size_t at = 0; next_capture(t, &at); at++) {
        number++;
        if (is_named(t, at) && t->len - at > len + 3 && t->units[at + 3 + len] == '>'
            && memcmp(t->units + at + 3, t->units + name, len * sizeof *t->units) == 0)
            return number;
    }
    return 0;
}

/* name := '<' start part* '>', t->at behind the '<'.  Gives its length and moves behind the '>'. */
static bool read_name(struct translator *t, size_t *name, size_t *len)
{
    *name = t->at;
    while (!at_end(t) && (is_letter(peek(t, 0)) || is_digit(peek(t, 0)) || peek(t, 0) == '_' || peek(t, 0) == '$'
                          || peek(t, 0) >= 0x80))
        t->at++;
    *len = t->at - *name;
    if (*len == 0 || is_digit(t->units[*name]) || peek(t, 0) != '>')
        return fail(t, "a group name must be letters, digits, _ and $ in <>", *name);
    t->at++;
    return true;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void put(struct translator *t, const char *text)
{
    jn_buf_append_z(&t->out->text, text);
}

/* Something that is not one plain unit: the pattern as a whole is no literal then. */
static void put_special(struct translator *t, const char *text)
{
    t->out->is_literal = false;
    put(t, text);
}

static void put_set(struct translator *t)
{
    t->out->is_literal = false;
    jsonata_set_write(&t->out->text, t->set, t->wide ? 0xFFFF : 0x7F);
}

static void clear_set(struct translator *t)
{
    memset(t->set, 0, sizeof *t->set);
}

/* One unit as itself.  PCRE2 folds ASCII on its own; other units become the class of all that fold to the same. */
static void put_unit(struct translator *t, uint16_t c)
{
    if (c >= 0x80 && (t->ignore_case || !t->wide)) {
        clear_set(t);
        jsonata_set_add(t->set, c, c);
        if (t->ignore_case)
            jsonata_fold_set(t->set);
        put_set(t);
    } else if (is_letter(c) || is_digit(c) || c == '_' || c == ' ') {
        jn_buf_append_char(&t->out->text, (char)c);
    } else {
        jn_buf_append_fmt(&t->out->text, c > ' ' && c < 0x7F ? "\\%c" : "\\x{%x}", c);
    }
    if (c < 0x80)
        jn_buf_append_char(&t->out->literal, (char)c);
    else
        t->out->is_literal = false;
}

/* ---- escapes ------------------------------------------------------------------------------------------------- */

/* octal := [0-3] [0-7]{0,2} | [4-7] [0-7]?, t->at at its first digit */
static uint16_t read_octal(struct translator *t)
{
    uint16_t value = 0;
    for (int i = 0; i < 3 && peek(t, 0) >= '0' && peek(t, 0) <= '7' && value * 8 + (peek(t, 0) - '0') <= 0377; i++)
        value = (uint16_t)(value * 8 + (t->units[t->at++] - '0'));
    return value;
}

/* `count` hex digits behind the letter at t->at, or the letter itself. */
static uint16_t read_hex(struct translator *t, size_t count)
{
    uint32_t value = 0;
    const uint16_t letter = t->units[t->at];
    for (size_t i = 1; i <= count; i++) {
        const int digit = t->at + i < t->len ? hex_value(t->units[t->at + i]) : -1;
        if (digit < 0) {
            t->at++;
            return letter;
        }
        value = value * 16 + (uint32_t)digit;
    }
    t->at += 1 + count;
    return (uint16_t)value;
}

/* CharacterEscape, t->at behind the backslash: the one unit it stands for.  A backslash before a c that is followed by
 * no control letter stands for itself, and the c is read again (annex B). */
static uint16_t read_character_escape(struct translator *t, bool in_class)
{
    const uint16_t c = t->units[t->at];
    switch (c) {
    case 'f': t->at++; return '\f';
    case 'n': t->at++; return '\n';
    case 'r': t->at++; return '\r';
    case 't': t->at++; return '\t';
    case 'v': t->at++; return '\v';
    case 'x': return read_hex(t, 2);
    case 'u': return read_hex(t, 4);
    case 'c': {
        const uint16_t control = peek(t, 1);
        if (!is_letter(control) && !(in_class && (is_digit(control) || control == '_')))
            return '\\';
        t->at += 2;
        return control & 31;
    }
    default:
        if (c >= '0' && c <= '7')
            return read_octal(t);
        t->at++;
        return c;
    }
}

/* In a group of its own: PCRE2 10.42 takes a quantified reference to an unset group as a failure. */
static void put_reference(struct translator *t, uint32_t number)
{
    t->out->is_literal = false;
    jn_buf_append_fmt(&t->out->text, "(?:\\g{%u})", (unsigned)number);
}

/* \1 and the like: a reference when there are that many groups.  False, without effect, when it is something else. */
static bool reference(struct translator *t)
{
    size_t end = t->at;
    uint32_t number = 0;
    for (; end < t->len && is_digit(t->units[end]); end++)
        number = number > t->total ? number : number * 10 + (t->units[end] - '0');
    if (number == 0 || number > t->total)
        return false;
    t->at = end;
    put_reference(t, number);
    return true;
}

/* \k<name>, t->at at the k. */
static void named_reference(struct translator *t)
{
    const size_t start = t->at - 1;
    size_t name, len;
    if (peek(t, 1) != '<') {
        fail(t, "\\k needs the name of a group in <>", start);
        return;
    }
    t->at += 2;
    if (!read_name(t, &name, &len))
        return;
    const uint32_t number = group_number(t, name, len);
    if (!number)
        fail(t, "there is no group of that name", start);
    put_reference(t, number);
}

/* A set such as \d.  PCRE2's own \d \w (without Unicode properties) are ECMAScript's; its \s lacks the blanks beyond
 * ASCII. */
static bool class_escape(struct translator *t, uint16_t letter)
{
    const bool is_space = letter == 's' || letter == 'S';
    if (is_space && t->wide) {
        clear_set(t);
        jsonata_set_add_escape(t->set, letter);
        put_set(t);
        return true;
    }
    if (!is_space && letter != 'd' && letter != 'D' && letter != 'w' && letter != 'W')
        return false;
    put_special(t, (const char[]){ '\\', (char)letter, '\0' });
    return true;
}

/* An escape outside a class.  True when a quantifier may follow. */
static bool escape(struct translator *t)
{
    const size_t start = t->at++;
    if (at_end(t))
        return fail(t, "a backslash at the end of the pattern", start);
    const uint16_t c = peek(t, 0);
    if (c == 'b' || c == 'B') {
        t->at++;
        put_special(t, c == 'b' ? "\\b" : "\\B");
        return false;
    }
    if (class_escape(t, c)) {
        t->at++;
        return true;
    }
    if (c == 'k' && t->has_names)
        named_reference(t);
    else if (!is_digit(c) || !reference(t))
        put_unit(t, read_character_escape(t, false));
    return true;
}

/* ---- classes ------------------------------------------------------------------------------------------------- */

/* One member of a class.  True when it is a single unit, which is in *unit; a set such as \d is added at once. */
static bool class_atom(struct translator *t, uint16_t *unit)
{
    *unit = t->units[t->at++];
    if (*unit != '\\' || at_end(t))
        return true;
    const uint16_t c = peek(t, 0);
    if (jsonata_set_add_escape(t->set, c)) {
        t->at++;
        return false;
    }
    if (c == 'b') {
        t->at++;
        *unit = '\b';
        return true;
    }
    if (c == 'k' && t->has_names)
        return fail(t, "\\k in a class", t->at - 1);
    *unit = read_character_escape(t, true);
    return true;
}

/* member := atom | atom '-' atom.  With a set on either side the hyphen is a hyphen. */
static void class_member(struct translator *t)
{
    const size_t start = t->at;
    uint16_t first, last;
    const bool is_unit = class_atom(t, &first);
    if (peek(t, 0) != '-' || t->at + 1 >= t->len || peek(t, 1) == ']') {
        if (is_unit)
            jsonata_set_add(t->set, first, first);
        return;
    }
    t->at++;
    if (class_atom(t, &last) && is_unit) {
        if (last < first)
            fail(t, "a range whose end comes before its start", start);
        else
            jsonata_set_add(t->set, first, last);
        return;
    }
    jsonata_set_add(t->set, '-', '-');
    if (is_unit)
        jsonata_set_add(t->set, first, first);
    else
        jsonata_set_add(t->set, last, last);
}

/* class := '[' '^'? member* ']' */
static void character_class(struct translator *t)
{
    const size_t start = t->at++;
    const bool is_inverted = peek(t, 0) == '^';
    t->at += is_inverted;
    clear_set(t);
    while (!at_end(t) && peek(t, 0) != ']' && !t->out->error)
        class_member(t);
    if (at_end(t)) {
        fail(t, "a class without its closing ]", start);
        return;
    }
    t->at++;
    if (t->ignore_case)
        jsonata_fold_set(t->set);
    if (is_inverted)
        jsonata_set_invert(t->set);
    put_set(t);
}

/* ---- quantifiers --------------------------------------------------------------------------------------------- */

static uint32_t read_count(const struct translator *t, size_t *at)
{
    uint32_t n = 0;
    for (; *at < t->len && is_digit(t->units[*at]); ++*at)
        n = n > MAX_REPEAT ? n : n * 10 + (t->units[*at] - '0');
    return n;
}

/* braces := '{' n '}' | '{' n ',' '}' | '{' n ',' m '}'.  False, without effect, for any other brace. */
static bool read_braces(struct translator *t, struct quantifier *q)
{
    size_t at = t->at + 1;
    if (at >= t->len || !is_digit(t->units[at]))
        return false;
    q->min = q->max = read_count(t, &at);
    if (at < t->len && t->units[at] == ',') {
        at++;
        q->max = at < t->len && is_digit(t->units[at]) ? read_count(t, &at) : UINT32_MAX;
    }
    if (at >= t->len || t->units[at] != '}')
        return false;
    t->at = at + 1;
    return true;
}

/* quantifier := ('*' | '+' | '?' | braces) '?'? */
static bool read_quantifier(struct translator *t, struct quantifier *q)
{
    const size_t start = t->at;
    const uint16_t c = peek(t, 0);
    *q = (struct quantifier){ .min = c == '+', .max = c == '?' ? 1 : UINT32_MAX };
    if (c == '*' || c == '+' || c == '?')
        t->at++;
    else if (c != '{' || !read_braces(t, q))
        return false;
    if (peek(t, 0) == '?') {
        t->at++;
        q->is_lazy = true;
    }
    if (q->min > q->max)
        return fail(t, "a repetition whose numbers are out of order", start);
    if (q->min > MAX_REPEAT)
        return fail(t, "a repetition of more than 65,535 times", start);
    if (q->max > MAX_REPEAT)
        q->max = UINT32_MAX;
    return true;
}

static void put_quantifier(struct translator *t, const struct quantifier *q)
{
    t->out->is_literal = false;
    if (q->max == UINT32_MAX && q->min <= 1)
        put(t, q->min ? "+" : "*");
    else if (q->min == 0 && q->max == 1)
        put(t, "?");
    else if (q->max == UINT32_MAX)
        jn_buf_append_fmt(&t->out->text, "{%u,}", (unsigned)q->min);
    else
        jn_buf_append_fmt(&t->out->text, "{%u,%u}", (unsigned)q->min, (unsigned)q->max);
    if (q->is_lazy)
        put(t, "?");
}

/* A look-ahead that may be left out is never asked: in ECMAScript an empty round of a loop does not count.  Its
 * captures keep their numbers, so it stays in the text, zero times.  `from` is where it starts there. */
static void drop_assertion(struct translator *t, size_t from)
{
    struct jn_buf *b = &t->out->text;
    put(t, "(?:");
    if (b->failed)
        return;
    memmove(b->data + from + 3, b->data + from, b->len - from - 3);
    memcpy(b->data + from, "(?:", 3);
    put(t, "){0}");
}

/* ---- the pattern --------------------------------------------------------------------------------------------- */

static void disjunction(struct translator *t);

static void body(struct translator *t, size_t start)
{
    if (++t->nesting > JSONATA_REGEX_MAX_NESTING)
        fail(t, "groups nested more than 200 deep", start);
    else
        disjunction(t);
    t->nesting--;
    if (peek(t, 0) != ')' || at_end(t))
        fail(t, "a group without its closing )", start);
    t->at++;
    put(t, ")");
}

static void named_group(struct translator *t, size_t start)
{
    size_t name, len;
    t->at += 3;
    if (!read_name(t, &name, &len))
        return;
    if (group_number(t, name, len) != t->opened + 1) {
        fail(t, "two groups of the same name", start);
        return;
    }
    t->opened++;
    put(t, "(");
    body(t, start);
}

/* group := '(' ('?:' | '?=' | '?!' | '?<=' | '?<!' | '?<name>')? disjunction ')'.  True when a quantifier may follow;
 * *is_ahead tells a look-ahead. */
static bool group(struct translator *t, bool *is_ahead)
{
    static const char *const openings[] = { "(?:", "(?=", "(?!", "(?<=", "(?<!" };
    const size_t start = t->at;
    t->out->is_literal = false;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        size_t n = 0;
        while (openings[i][n] && peek(t, n) == (uint16_t)openings[i][n])
            n++;
        if (openings[i][n])
            continue;
        t->at += n;
        put(t, openings[i]);
        body(t, start);
        *is_ahead = i == 1 || i == 2;
        return i < 3;
    }
    if (peek(t, 1) != '?') {
        t->at++;
        t->opened++;
        put(t, "(");
        body(t, start);
        return true;
    }
    if (peek(t, 2) != '<')
        return fail(t, "a group that starts with (? must go on with : = ! <= <! or <name>", start);
    named_group(t, start);
    return true;
}

/* Line terminators are LF, CR, LS and PS: none of PCRE2's newline conventions. */
static void put_line_start(struct translator *t)
{
    if (!t->multiline)
        put_special(t, "^");
    else
        put_special(t, t->wide ? "(?<![^\\n\\r\\x{2028}\\x{2029}])" : "(?<![^\\n\\r])");
}

static void put_line_end(struct translator *t)
{
    if (!t->multiline)
        put_special(t, "\\z");
    else
        put_special(t, t->wide ? "(?![^\\n\\r\\x{2028}\\x{2029}])" : "(?![^\\n\\r])");
}

/* The atom or assertion at t->at.  True when a quantifier may follow. */
static bool atom(struct translator *t, bool *is_ahead)
{
    struct quantifier ignored;
    const uint16_t c = peek(t, 0);
    switch (c) {
    case '^': t->at++; put_line_start(t); return false;
    case '$': t->at++; put_line_end(t); return false;
    case '.': t->at++; put_special(t, t->wide ? "[^\\n\\r\\x{2028}\\x{2029}]" : "[^\\n\\r]"); return true;
    case '(': return group(t, is_ahead);
    case '[': character_class(t); return true;
    case '\\': return escape(t);
    case '*': case '+': case '?':
        return fail(t, "nothing to repeat", t->at);
    case '{':
        if (read_braces(t, &ignored))
            return fail(t, "nothing to repeat", t->at - 1);
        break;
    default:
        break;
    }
    t->at++;
    put_unit(t, c);
    return true;
}

static void term(struct translator *t)
{
    const size_t from = t->out->text.len;
    bool is_ahead = false;
    struct quantifier q;
    if (!atom(t, &is_ahead) || t->out->error || at_end(t) || !read_quantifier(t, &q))
        return;
    if (!is_ahead)
        put_quantifier(t, &q);
    else if (q.min == 0)
        drop_assertion(t, from);
}

/* disjunction := term* ('|' term*)* */
static void disjunction(struct translator *t)
{
    while (!at_end(t) && peek(t, 0) != ')' && !t->out->error) {
        if (peek(t, 0) == '|') {
            t->at++;
            put_special(t, "|");
        } else {
            term(t);
        }
    }
}

bool jsonata_regex_translate(const struct jsonata_regex_source *source, bool wide, struct jsonata_regex_text *out)
{
    struct jsonata_unit_set set;
    struct translator t = {
        .units = source->units, .len = source->len, .wide = wide, .ignore_case = source->ignore_case,
        .multiline = source->multiline, .set = &set, .out = out,
    };
    out->is_literal = !source->ignore_case;
    if (source->len > JSONATA_REGEX_MAX_UNITS)
        return fail(&t, "longer than 20,000 characters", JSONATA_REGEX_MAX_UNITS);
    count_captures(&t);
    disjunction(&t);
    if (!at_end(&t))
        fail(&t, "a closing ) without its group", t.at);
    out->groups = t.opened;
    return !out->error && !out->text.failed && !out->literal.failed;
}
