/* input.c - see input.h.  A pushdown automaton over bytes: a state, and the stack of open containers. */
#include "cli/input.h"

#include <stdlib.h>

enum state {
    BETWEEN,        /* white space between values */
    VALUE,          /* a value must begin: after ',' in an array, after ':' */
    FIRST_MEMBER,   /* just after '[' */
    FIRST_KEY,      /* just after '{' */
    KEY,            /* after ',' in an object */
    COLON,          /* after a key */
    AFTER,          /* after a member: ',' or the closing bracket */
    IN_STRING, IN_KEY,
    ESCAPE, KEY_ESCAPE,     /* after a backslash */
    SCALAR,         /* in a number or a literal */
    RESYNC,         /* a mistake at c->at: skipping the faulty value */
    SKIPPING,       /* ... and its end was not in sight; c->at is how far we looked */
};

void input_init(struct input_cutter *c, size_t max_bytes)
{
    *c = (struct input_cutter){ .line = 1 };
    jn_buf_init(&c->pending, max_bytes);
}

void input_clear(struct input_cutter *c)
{
    jn_buf_clear(&c->pending);
    free(c->stack);
    *c = (struct input_cutter){ 0 };
}

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    return lines;
}

/* Drops the bytes handed out by the previous call. */
static void drop_taken(struct input_cutter *c)
{
    if (!c->taken)
        return;
    c->line += count_lines(c->pending.data, c->taken);
    c->seen += c->taken;
    jn_buf_consume(&c->pending, c->taken);
    c->at -= c->taken;
    c->start = 0;
    c->taken = 0;
}

enum jn_status input_add(struct input_cutter *c, jn_str data)
{
    drop_taken(c);
    if (data.len == 0)
        c->at_end = true;
    jn_buf_append(&c->pending, data);
    return c->pending.failed;
}

size_t input_pending(const struct input_cutter *c)
{
    return c->pending.len - c->taken;
}

static bool push(struct input_cutter *c, unsigned char bracket)
{
    if (c->depth == c->stack_cap) {
        const size_t cap = c->stack_cap ? c->stack_cap * 2 : 64;
        unsigned char *grown = realloc(c->stack, cap);
        if (!grown)
            return false;
        c->stack = grown;
        c->stack_cap = cap;
    }
    c->stack[c->depth++] = bracket;
    return true;
}

static bool is_space(unsigned char ch)
{
    return ch == ' ' || ch == '\n' || ch == '\t' || ch == '\r';
}

static bool begins_scalar(unsigned char ch)
{
    return ch == '-' || (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z');
}

static bool is_scalar(unsigned char ch)
{
    return begins_scalar(ch) || ch == '+' || ch == '.' || ch == 'E';
}

/* A word at top level: a number, or one of JSON's three. */
static bool is_literal(jn_str word)
{
    return word.data[0] == '-' || (word.data[0] >= '0' && word.data[0] <= '9') || jn_str_eq(word, JN_STR("true")) ||
           jn_str_eq(word, JN_STR("false")) || jn_str_eq(word, JN_STR("null"));
}

enum verdict { GO_ON, DONE, DONE_BEFORE, MISTAKE };

static enum verdict begin_value(struct input_cutter *c, unsigned char ch)
{
    if (ch == '"')
        c->state = IN_STRING;
    else if (ch == '{' || ch == '[')
        c->state = push(c, ch) ? (ch == '{' ? FIRST_KEY : FIRST_MEMBER) : RESYNC;
    else if (begins_scalar(ch))
        c->state = SCALAR;
    else
        return MISTAKE;
    return GO_ON;
}

static enum verdict end_value(struct input_cutter *c)
{
    c->state = c->depth ? AFTER : BETWEEN;
    return c->depth ? GO_ON : DONE;
}

static enum verdict close_container(struct input_cutter *c, unsigned char ch)
{
    if (c->depth == 0 || c->stack[c->depth - 1] != (ch == '}' ? '{' : '['))
        return MISTAKE;
    c->depth--;
    return end_value(c);
}

static enum verdict after_member(struct input_cutter *c, unsigned char ch)
{
    if (ch != ',')
        return ch == '}' || ch == ']' ? close_container(c, ch) : MISTAKE;
    c->state = c->stack[c->depth - 1] == '{' ? KEY : VALUE;
    return GO_ON;
}

/* A byte of a string.  A raw newline cannot be in one: it shows that the closing quote is missing. */
static enum verdict in_string(struct input_cutter *c, unsigned char ch)
{
    const bool is_key = c->state == IN_KEY;
    if (ch == '\\')
        c->state = is_key ? KEY_ESCAPE : ESCAPE;
    else if (ch == '"' && is_key)
        c->state = COLON;
    else if (ch == '"')
        return end_value(c);
    else if (ch == '\n')
        return MISTAKE;
    return GO_ON;
}

static enum verdict structural(struct input_cutter *c, unsigned char ch)
{
    if (is_space(ch))
        return GO_ON;
    switch (c->state) {
    case FIRST_KEY:
        if (ch == '}')
            return close_container(c, ch);
        /* fall through */
    case KEY:
        c->state = IN_KEY;
        return ch == '"' ? GO_ON : MISTAKE;
    case COLON:
        c->state = VALUE;
        return ch == ':' ? GO_ON : MISTAKE;
    case AFTER:
        return after_member(c, ch);
    case FIRST_MEMBER:
        if (ch == ']')
            return close_container(c, ch);
        /* fall through */
    default:
        return begin_value(c, ch);
    }
}

/* A scalar at top level ends at white space, or where another value begins. */
static enum verdict end_scalar(const struct input_cutter *c, unsigned char ch)
{
    const bool may_end = is_space(ch) || ch == '"' || ch == '{' || ch == '[';
    return may_end && is_literal(jn_str_sub(jn_buf_str(&c->pending), c->start, c->at)) ? DONE_BEFORE : MISTAKE;
}

static enum verdict step(struct input_cutter *c, unsigned char ch)
{
    switch (c->state) {
    case IN_STRING:
    case IN_KEY:
        return in_string(c, ch);
    case ESCAPE:
    case KEY_ESCAPE:
        c->state = c->state == KEY_ESCAPE ? IN_KEY : IN_STRING;
        return ch == '\n' ? MISTAKE : GO_ON;
    case SCALAR:
        if (is_scalar(ch))
            return GO_ON;
        if (c->depth == 0)
            return end_scalar(c, ch);
        c->state = AFTER;
        return structural(c, ch);
    default:
        return structural(c, ch);
    }
}

/* Could a new value begin on the line at `p`?  Lines that are indented or begin with a closing bracket or a comma
 * belong to the faulty value above them. */
static bool looks_new(unsigned char first)
{
    return !is_space(first) && first != '}' && first != ']' && first != ',' && first != ':';
}

/* End of the faulty text that begins at c->start; SIZE_MAX when it is not in sight yet.  A mistake on a line that
 * itself looks like a new value ends the text before that line. */
static size_t resync_end(const struct input_cutter *c)
{
    const char *data = c->pending.data;
    size_t line = c->at;
    while (c->state == RESYNC && line > c->start && data[line - 1] != '\n')
        line--;
    if (c->state == RESYNC && line > c->start && line < c->pending.len && looks_new((unsigned char)data[line]))
        return line;
    for (size_t i = c->at; i + 1 < c->pending.len; i++) {
        if (data[i] == '\n' && looks_new((unsigned char)data[i + 1]))
            return i + 1;
    }
    return c->at_end ? c->pending.len : SIZE_MAX;
}

static bool hand_out(struct input_cutter *c, size_t end, bool is_faulty, struct input_value *out)
{
    out->line = c->line + count_lines(c->pending.data, c->start);
    out->text = (jn_str){ c->pending.data + c->start, end - c->start };
    out->is_faulty = is_faulty;
    c->at = c->taken = end;
    c->depth = 0;
    c->state = BETWEEN;
    return true;
}

static bool skip_faulty(struct input_cutter *c, struct input_value *out)
{
    const size_t end = resync_end(c);
    if (end != SIZE_MAX) {
        hand_out(c, end, true, out);
        out->text = jn_str_trim(out->text);
        return true;
    }
    if (c->pending.len - 1 > c->at)
        c->at = c->pending.len - 1;
    c->state = SKIPPING;
    return false;
}

/* White space before a value is dropped at once, so that it never piles up. */
static bool find_start(struct input_cutter *c)
{
    while (c->at < c->pending.len && is_space((unsigned char)c->pending.data[c->at]))
        c->at++;
    c->start = c->at;
    c->taken = c->at;
    drop_taken(c);
    return c->at < c->pending.len;
}

/* What is left when the input has ended: a scalar is complete, anything else is not. */
static bool at_end_of_input(struct input_cutter *c, struct input_value *out)
{
    if (!c->at_end)
        return false;
    return hand_out(c, c->pending.len, !(c->state == SCALAR && c->depth == 0), out);
}

bool input_next(struct input_cutter *c, struct input_value *out)
{
    drop_taken(c);
    if (c->state == BETWEEN && !find_start(c))
        return false;
    while (c->state < RESYNC && c->at < c->pending.len) {
        const enum verdict v = step(c, (unsigned char)c->pending.data[c->at]);
        if (v == DONE || v == DONE_BEFORE)
            return hand_out(c, c->at + (v == DONE), false, out);
        if (v == MISTAKE)
            c->state = RESYNC;
        else if (c->state < RESYNC)
            c->at++;
    }
    if (c->state >= RESYNC)
        return skip_faulty(c, out);
    return at_end_of_input(c, out);
}
