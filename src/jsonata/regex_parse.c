/* regex_parse.c - one pass over an ECMAScript pattern that checks it and makes its tree.
 *
 *      disjunction := sequence ('|' sequence)*
 *      sequence    := (atom quantifier?)*
 *      atom        := '^' | '$' | '.' | '(' ... ')' | '[' ... ']' | '\' escape | any other unit
 *
 * Accepted is the grammar of annex B: unknown escapes are literals, so is a brace that is no quantifier, and \1 without
 * such a group is octal.  What engines other than ECMAScript's know (possessive and atomic groups, \h, \A, \Q, POSIX
 * classes, inline options, verbs) is thereby the error or the literal that ECMAScript makes of it. */
#include "jsonata/regex_tree.h"

#include "jsonata/unicode.h"

#include <string.h>

/* A capture's name; len 0: it has none. */
struct name {
    size_t at, len;
};

struct parser {
    const uint16_t *units;
    size_t len, at;
    bool ignore_case, multiline;
    bool has_names;                     /* some group has a name: then \k is a reference */
    uint32_t total;                     /* captures in the whole pattern: tells \1 from octal */
    struct name *names;                 /* theirs, from 1 */
    uint32_t opened;                    /* captures so far */
    uint32_t nesting;
    struct jsonata_unit_set *set;       /* scratch for the class at hand */
    struct jn_arena *a;
    struct jsonata_regex_tree *tree;
    struct regex_node spare;            /* stands in where there is an error, or no memory */
};

struct quantifier {
    uint32_t min, max;
    bool is_lazy;
};

static bool fail(struct parser *p, const char *why, size_t at)
{
    if (!p->tree->error) {
        p->tree->error = why;
        p->tree->error_at = at;
    }
    return false;
}

static bool has_failed(const struct parser *p)
{
    return p->tree->error || jn_arena_failed(p->a);
}

/* The unit `ahead` places on; 0 beyond the end, which no caller takes for a NUL in the pattern because it asks for
 * something else. */
static uint16_t peek(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->len ? p->units[p->at + ahead] : 0;
}

static bool at_end(const struct parser *p)
{
    return p->at >= p->len;
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
static bool next_capture(const struct parser *p, size_t *at)
{
    bool in_class = false;
    for (; *at < p->len; ++*at) {
        const uint16_t c = p->units[*at];
        if (c == '\\') {
            ++*at;
        } else if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
        } else if (c == '(') {
            const uint16_t *u = p->units + *at;
            const size_t left = p->len - *at;
            if (left < 2 || u[1] != '?' || (left > 3 && u[2] == '<' && u[3] != '=' && u[3] != '!'))
                return true;
        }
    }
    return false;
}

static bool is_named(const struct parser *p, size_t at)
{
    return p->len - at > 3 && p->units[at + 1] == '?';
}

/* 'u' hex{4} | 'u' '{' hex+ '}', *at behind the backslash.  False when it is neither. */
static bool read_unicode_escape(const struct parser *p, size_t *at, uint32_t *c)
{
    size_t i = *at + 1;
    const bool is_braced = i < p->len && p->units[i] == '{';
    const size_t first = i += is_braced, most = is_braced ? p->len : first + 4;
    *c = 0;
    if (*at >= p->len || p->units[*at] != 'u')
        return false;
    for (; i < p->len && i < most && hex_value(p->units[i]) >= 0 && *c <= 0x10FFFF; i++)
        *c = *c * 16 + (uint32_t)hex_value(p->units[i]);
    *at = i + is_braced;
    return is_braced ? i > first && *c <= 0x10FFFF && i < p->len && p->units[i] == '}' : i == first + 4;
}

/* One unit of a name, or an escape of one. */
static bool read_name_unit(const struct parser *p, size_t *at, uint32_t *c)
{
    if (*at >= p->len)
        return false;
    *c = p->units[(*at)++];
    return *c != '\\' || read_unicode_escape(p, at, c);
}

/* One character of a name, whose halves may be escapes. */
static bool read_name_character(const struct parser *p, size_t *at, uint32_t *c)
{
    uint32_t low;
    if (!read_name_unit(p, at, c))
        return false;
    size_t next = *at;
    if ((*c & 0xFFFFFC00) != 0xD800 || !read_name_unit(p, &next, &low) || (low & 0xFFFFFC00) != 0xDC00)
        return true;
    *c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00);
    *at = next;
    return true;
}

static size_t end_of_name(const struct parser *p, size_t from)
{
    uint32_t c;
    size_t end = from;
    for (size_t at = from; read_name_character(p, &at, &c) && jsonata_is_name_part(c, end == from);)
        end = at;
    return end;
}

static bool is_same_name(const struct parser *p, struct name a, struct name b)
{
    const size_t a_end = a.at + a.len, b_end = b.at + b.len;
    uint32_t c = 0, d = 0;
    while (a.at < a_end && b.at < b_end && c == d) {
        read_name_character(p, &a.at, &c);
        read_name_character(p, &b.at, &d);
    }
    return c == d && a.at == a_end && b.at == b_end;
}

/* Counts captures and lists the places of their names. */
static bool find_captures(struct parser *p)
{
    for (size_t at = 0; next_capture(p, &at); at++)
        p->total++;
    p->names = jn_arena_zalloc(p->a, (p->total + 1) * sizeof *p->names);
    uint32_t number = 0;
    for (size_t at = 0; p->names && next_capture(p, &at); at++) {
        const bool has_name = is_named(p, at);
        const size_t from = at + 3, end = has_name ? end_of_name(p, from) : from;
        p->names[++number] = (struct name){ from, end < p->len && p->units[end] == '>' ? end - from : 0 };
        p->has_names |= has_name;
    }
    return p->names;
}

/* Number of the first group of that name, 0 when there is none. */
static uint32_t group_number(const struct parser *p, struct name name)
{
    for (uint32_t i = 1; i <= p->total; i++)
        if (p->names[i].len && is_same_name(p, p->names[i], name))
            return i;
    return 0;
}

/* name := start part* '>', p->at behind the '<'; moves behind the '>'. */
static bool read_name(struct parser *p, struct name *name)
{
    const size_t end = end_of_name(p, p->at);
    *name = (struct name){ p->at, end - p->at };
    if (!name->len || end >= p->len || p->units[end] != '>')
        return fail(p, "a group name must be an identifier in <>", p->at);
    p->at = end + 1;
    return true;
}

/* ---- nodes --------------------------------------------------------------------------------------------------- */

/* When memory is out, a node that stands in: the parser stops soon, and what it made is dropped. */
static struct regex_node *new_node(struct parser *p, enum regex_kind kind)
{
    struct regex_node *n = jn_arena_zalloc(p->a, sizeof *n);
    if (!n) {
        n = &p->spare;
        *n = (struct regex_node){ 0 };
    }
    n->kind = kind;
    n->least = n->most = kind == REGEX_UNIT || kind == REGEX_SET;
    return n;
}

static uint32_t add(uint32_t a, uint32_t b)
{
    return a > REGEX_ENDLESS - b ? REGEX_ENDLESS : a + b;
}

static uint32_t times(uint32_t a, uint32_t b)
{
    const uint64_t product = (uint64_t)a * b;
    return product > REGEX_ENDLESS ? REGEX_ENDLESS : (uint32_t)product;
}

/* What `n` knows of its captures and references it also knows of its child's. */
static void take_over(struct regex_node *n, const struct regex_node *child)
{
    n->has_group |= child->has_group;
    n->has_unsure_group |= child->has_unsure_group;
    n->has_reference |= child->has_reference;
}

static struct regex_node *unit_node(struct parser *p, uint16_t unit)
{
    struct regex_node *n = new_node(p, REGEX_UNIT);
    n->unit = p->ignore_case ? jsonata_fold_unit(unit) : unit;
    return n;
}

static void clear_set(struct parser *p)
{
    memset(p->set, 0, sizeof *p->set);
}

static struct regex_node *set_node(struct parser *p)
{
    struct regex_node *n = new_node(p, REGEX_SET);
    n->set = jsonata_set_ranges(p->a, p->set);
    return n;
}

static struct regex_node *any_node(struct parser *p)
{
    clear_set(p);
    jsonata_set_add_line_ends(p->set);
    jsonata_set_invert(p->set);
    return set_node(p);
}

/* A reference may match nothing, and anything that its group may. */
static struct regex_node *reference_node(struct parser *p, uint32_t number)
{
    struct regex_node *n = new_node(p, REGEX_REFERENCE);
    n->number = number;
    n->most = REGEX_ENDLESS;
    n->has_reference = true;
    return n;
}

static struct regex_node *group_node(struct parser *p, uint32_t number, struct regex_node *child)
{
    struct regex_node *n = new_node(p, REGEX_GROUP);
    n->number = number;
    n->first = child;
    n->least = child->least;
    n->most = child->most;
    take_over(n, child);
    n->has_group = true;
    return n;
}

/* Captures inside a negative one are never seen. */
static struct regex_node *look_node(struct parser *p, bool is_behind, bool is_negative, struct regex_node *child)
{
    struct regex_node *n = new_node(p, REGEX_LOOK);
    n->first = child;
    n->is_behind = is_behind;
    n->is_negative = is_negative;
    take_over(n, child);
    if (is_negative)
        n->has_group = n->has_unsure_group = false;
    return n;
}

/* An assertion, or nothing at all, is asked for once or never: in ECMAScript an empty round of a loop beyond its
 * minimum does not count. */
static struct regex_node *repeat_node(struct parser *p, struct regex_node *child, struct quantifier q,
                                      uint32_t groups_from)
{
    if (child->most == 0)
        q = (struct quantifier){ .min = q.min > 0, .max = q.min > 0 };
    if (q.min == 1 && q.max == 1)
        return child;
    struct regex_node *n = new_node(p, REGEX_REPEAT);
    n->first = child;
    n->min = q.min;
    n->max = q.max;
    n->is_lazy = q.is_lazy;
    n->groups_from = groups_from;
    n->groups_to = p->opened + 1;
    n->least = times(child->least, q.min);
    n->most = times(child->most, q.max);
    take_over(n, child);
    n->has_unsure_group |= q.min == 0 && child->has_group;
    return n;
}

/* ---- escapes ------------------------------------------------------------------------------------------------- */

/* octal := [0-3] [0-7]{0,2} | [4-7] [0-7]?, p->at at its first digit */
static uint16_t read_octal(struct parser *p)
{
    uint16_t value = 0;
    for (int i = 0; i < 3 && peek(p, 0) >= '0' && peek(p, 0) <= '7' && value * 8 + (peek(p, 0) - '0') <= 0377; i++)
        value = (uint16_t)(value * 8 + (p->units[p->at++] - '0'));
    return value;
}

/* `count` hex digits behind the letter at p->at, or the letter itself. */
static uint16_t read_hex(struct parser *p, size_t count)
{
    uint32_t value = 0;
    const uint16_t letter = p->units[p->at];
    for (size_t i = 1; i <= count; i++) {
        const int digit = p->at + i < p->len ? hex_value(p->units[p->at + i]) : -1;
        if (digit < 0) {
            p->at++;
            return letter;
        }
        value = value * 16 + (uint32_t)digit;
    }
    p->at += 1 + count;
    return (uint16_t)value;
}

/* CharacterEscape, p->at behind the backslash: the one unit it stands for.  A backslash before a c that is followed by
 * no control letter stands for itself, and the c is read again (annex B). */
static uint16_t read_character_escape(struct parser *p, bool in_class)
{
    const uint16_t c = p->units[p->at];
    switch (c) {
    case 'f': p->at++; return '\f';
    case 'n': p->at++; return '\n';
    case 'r': p->at++; return '\r';
    case 't': p->at++; return '\t';
    case 'v': p->at++; return '\v';
    case 'x': return read_hex(p, 2);
    case 'u': return read_hex(p, 4);
    case 'c': {
        const uint16_t control = peek(p, 1);
        if (!is_letter(control) && !(in_class && (is_digit(control) || control == '_')))
            return '\\';
        p->at += 2;
        return control & 31;
    }
    default:
        if (c >= '0' && c <= '7')
            return read_octal(p);
        p->at++;
        return c;
    }
}

/* \1 and the like: a reference when there are that many groups.  NULL, without effect, when it is something else. */
static struct regex_node *reference(struct parser *p)
{
    size_t end = p->at;
    uint32_t number = 0;
    for (; end < p->len && is_digit(p->units[end]); end++)
        number = number > p->total ? number : number * 10 + (p->units[end] - '0');
    if (number == 0 || number > p->total)
        return NULL;
    p->at = end;
    return reference_node(p, number);
}

/* \k<name>, p->at at the k. */
static struct regex_node *named_reference(struct parser *p)
{
    const size_t start = p->at - 1;
    struct name name;
    if (peek(p, 1) != '<') {
        fail(p, "\\k needs the name of a group in <>", start);
        return &p->spare;
    }
    p->at += 2;
    if (!read_name(p, &name))
        return &p->spare;
    const uint32_t number = group_number(p, name);
    if (!number)
        fail(p, "there is no group of that name", start);
    return reference_node(p, number);
}

/* An escape outside a class. */
static struct regex_node *escape(struct parser *p, bool *is_atom)
{
    const size_t start = p->at++;
    if (at_end(p)) {
        fail(p, "a backslash at the end of the pattern", start);
        return &p->spare;
    }
    const uint16_t c = peek(p, 0);
    if (c == 'b' || c == 'B') {
        p->at++;
        *is_atom = false;
        return new_node(p, c == 'b' ? REGEX_EDGE : REGEX_NO_EDGE);
    }
    clear_set(p);
    if (jsonata_set_add_escape(p->set, c)) {
        p->at++;
        return set_node(p);
    }
    if (c == 'k' && p->has_names)
        return named_reference(p);
    struct regex_node *n = is_digit(c) ? reference(p) : NULL;
    return n ? n : unit_node(p, read_character_escape(p, false));
}

/* ---- classes ------------------------------------------------------------------------------------------------- */

/* One member of a class.  True when it is a single unit, which is in *unit; a set such as \d is added at once. */
static bool class_atom(struct parser *p, uint16_t *unit)
{
    *unit = p->units[p->at++];
    if (*unit != '\\' || at_end(p))
        return true;
    const uint16_t c = peek(p, 0);
    if (jsonata_set_add_escape(p->set, c)) {
        p->at++;
        return false;
    }
    if (c == 'b') {
        p->at++;
        *unit = '\b';
        return true;
    }
    if (c == 'k' && p->has_names)
        return fail(p, "\\k in a class", p->at - 1);
    *unit = read_character_escape(p, true);
    return true;
}

/* member := atom | atom '-' atom.  With a set on either side the hyphen is a hyphen. */
static void class_member(struct parser *p)
{
    const size_t start = p->at;
    uint16_t first, last;
    const bool is_unit = class_atom(p, &first);
    if (peek(p, 0) != '-' || p->at + 1 >= p->len || peek(p, 1) == ']') {
        if (is_unit)
            jsonata_set_add(p->set, first, first);
        return;
    }
    p->at++;
    if (class_atom(p, &last) && is_unit) {
        if (last < first)
            fail(p, "a range whose end comes before its start", start);
        else
            jsonata_set_add(p->set, first, last);
        return;
    }
    jsonata_set_add(p->set, '-', '-');
    if (is_unit)
        jsonata_set_add(p->set, first, first);
    else
        jsonata_set_add(p->set, last, last);
}

/* class := '[' '^'? member* ']' */
static struct regex_node *character_class(struct parser *p)
{
    const size_t start = p->at++;
    const bool is_inverted = peek(p, 0) == '^';
    p->at += is_inverted;
    clear_set(p);
    while (!at_end(p) && peek(p, 0) != ']' && !has_failed(p))
        class_member(p);
    if (at_end(p)) {
        fail(p, "a class without its closing ]", start);
        return &p->spare;
    }
    p->at++;
    if (p->ignore_case)
        jsonata_fold_set(p->set);
    if (is_inverted)
        jsonata_set_invert(p->set);
    return set_node(p);
}

/* ---- quantifiers --------------------------------------------------------------------------------------------- */

/* Numbers beyond what a text can be long mean the same as no end. */
static uint32_t read_count(const struct parser *p, size_t *at)
{
    uint32_t n = 0;
    for (; *at < p->len && is_digit(p->units[*at]); ++*at)
        n = add(times(n, 10), p->units[*at] - '0');
    return n;
}

/* braces := '{' n '}' | '{' n ',' '}' | '{' n ',' m '}'.  False, without effect, for any other brace. */
static bool read_braces(struct parser *p, struct quantifier *q)
{
    size_t at = p->at + 1;
    if (at >= p->len || !is_digit(p->units[at]))
        return false;
    q->min = q->max = read_count(p, &at);
    if (at < p->len && p->units[at] == ',') {
        at++;
        q->max = at < p->len && is_digit(p->units[at]) ? read_count(p, &at) : REGEX_ENDLESS;
    }
    if (at >= p->len || p->units[at] != '}')
        return false;
    p->at = at + 1;
    return true;
}

/* quantifier := ('*' | '+' | '?' | braces) '?'? */
static bool read_quantifier(struct parser *p, struct quantifier *q)
{
    const size_t start = p->at;
    const uint16_t c = peek(p, 0);
    *q = (struct quantifier){ .min = c == '+', .max = c == '?' ? 1 : REGEX_ENDLESS };
    if (at_end(p))
        return false;
    if (c == '*' || c == '+' || c == '?')
        p->at++;
    else if (c != '{' || !read_braces(p, q))
        return false;
    if (peek(p, 0) == '?') {
        p->at++;
        q->is_lazy = true;
    }
    return q->min <= q->max || fail(p, "a repetition whose numbers are out of order", start);
}

/* ---- the pattern --------------------------------------------------------------------------------------------- */

static struct regex_node *disjunction(struct parser *p);

static struct regex_node *body(struct parser *p, size_t start)
{
    struct regex_node *n = &p->spare;
    if (++p->nesting > JSONATA_REGEX_MAX_NESTING)
        fail(p, "groups nested more than 200 deep", start);
    else
        n = disjunction(p);
    p->nesting--;
    if (peek(p, 0) != ')' || at_end(p))
        fail(p, "a group without its closing )", start);
    p->at++;
    return n;
}

static struct regex_node *capture(struct parser *p, size_t start)
{
    const uint32_t number = ++p->opened;
    return group_node(p, number, body(p, start));
}

static struct regex_node *named_group(struct parser *p, size_t start)
{
    struct name name;
    p->at += 3;
    if (!read_name(p, &name))
        return &p->spare;
    if (group_number(p, name) == p->opened + 1)
        return capture(p, start);
    fail(p, "two groups of the same name", start);
    return &p->spare;
}

/* True, and moves on, when the pattern goes on with `text`. */
static bool take(struct parser *p, const char *text)
{
    size_t n = 0;
    while (text[n] && peek(p, n) == (uint16_t)text[n])
        n++;
    if (text[n])
        return false;
    p->at += n;
    return true;
}

/* group := '(' ('?:' | '?=' | '?!' | '?<=' | '?<!' | '?<name>')? disjunction ')' */
static struct regex_node *group(struct parser *p, bool *is_atom)
{
    const size_t start = p->at;
    if (take(p, "(?:"))
        return body(p, start);
    if (take(p, "(?="))
        return look_node(p, false, false, body(p, start));
    if (take(p, "(?!"))
        return look_node(p, false, true, body(p, start));
    if (take(p, "(?<=") || take(p, "(?<!")) {
        const bool is_negative = p->units[p->at - 1] == '!';
        *is_atom = false;
        return look_node(p, true, is_negative, body(p, start));
    }
    if (peek(p, 1) == '?' && peek(p, 2) == '<')
        return named_group(p, start);
    if (peek(p, 1) == '?') {
        fail(p, "a group that starts with (? must go on with : = ! <= <! or <name>", start);
        return &p->spare;
    }
    p->at++;
    return capture(p, start);
}

static struct regex_node *nothing_to_repeat(struct parser *p, size_t at)
{
    fail(p, "nothing to repeat", at);
    return &p->spare;
}

/* The atom or assertion at p->at; *is_atom tells whether a quantifier may follow. */
static struct regex_node *atom(struct parser *p, bool *is_atom)
{
    struct quantifier ignored;
    const uint16_t c = peek(p, 0);
    switch (c) {
    case '^':
    case '$':
        p->at++;
        *is_atom = false;
        return new_node(p, c == '^' ? (p->multiline ? REGEX_LINE_START : REGEX_START)
                                    : (p->multiline ? REGEX_LINE_END : REGEX_END));
    case '.': p->at++; return any_node(p);
    case '(': return group(p, is_atom);
    case '[': return character_class(p);
    case '\\': return escape(p, is_atom);
    case '*': case '+': case '?':
        return nothing_to_repeat(p, p->at);
    case '{':
        if (read_braces(p, &ignored))
            return nothing_to_repeat(p, p->at - 1);
        break;
    default:
        break;
    }
    p->at++;
    return unit_node(p, c);
}

static struct regex_node *term(struct parser *p)
{
    const uint32_t groups_from = p->opened + 1;
    bool is_atom = true;
    struct quantifier q;
    struct regex_node *n = atom(p, &is_atom);
    return is_atom && !has_failed(p) && read_quantifier(p, &q) ? repeat_node(p, n, q, groups_from) : n;
}

/* One alternative: up to the next '|' or ')'. */
static struct regex_node *sequence(struct parser *p)
{
    struct regex_node *list = new_node(p, REGEX_SEQUENCE), **link = &list->first;
    while (!at_end(p) && peek(p, 0) != ')' && peek(p, 0) != '|' && !has_failed(p)) {
        struct regex_node *n = term(p);
        list->least = add(list->least, n->least);
        list->most = add(list->most, n->most);
        take_over(list, n);
        if (has_failed(p))
            break;
        *link = n;
        link = &n->next;
    }
    return list->first && !list->first->next ? list->first : list;
}

static struct regex_node *disjunction(struct parser *p)
{
    struct regex_node *n = sequence(p);
    if (at_end(p) || peek(p, 0) != '|' || has_failed(p))
        return n;
    struct regex_node *choice = new_node(p, REGEX_CHOICE), **link = &choice->first;
    choice->least = n->least;
    for (;;) {
        choice->least = n->least < choice->least ? n->least : choice->least;
        choice->most = n->most > choice->most ? n->most : choice->most;
        take_over(choice, n);
        *link = n;
        link = &n->next;
        if (at_end(p) || peek(p, 0) != '|' || has_failed(p))
            break;
        p->at++;
        n = sequence(p);
    }
    choice->has_unsure_group = choice->has_group;
    return choice;
}

bool jsonata_regex_parse(struct jn_arena *a, const struct jsonata_regex_source *source,
                         struct jsonata_regex_tree *tree)
{
    struct jsonata_unit_set set;
    struct parser p = {
        .units = source->units, .len = source->len, .ignore_case = source->ignore_case,
        .multiline = source->multiline, .set = &set, .a = a, .tree = tree,
    };
    *tree = (struct jsonata_regex_tree){ .ignore_case = source->ignore_case };
    if (source->len > JSONATA_REGEX_MAX_UNITS)
        return fail(&p, "longer than 65,536 characters", JSONATA_REGEX_MAX_UNITS);
    if (!find_captures(&p))
        return false;
    tree->root = disjunction(&p);
    if (!at_end(&p))
        fail(&p, "a closing ) without its group", p.at);
    tree->groups = p.opened;
    return !has_failed(&p);
}
