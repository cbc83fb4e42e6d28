/* expression_error.c - see expression_error.h. */
#include "component/expression_error.h"

#include <stdio.h>

#include "core/buf.h"

enum { LINE_BEFORE = 70, LINE_AFTER = 50 };     /* octets of a line that are shown around a mistake */

/* Where a mistake is. */
struct place {
    struct jn_error at;         /* offset, line, column */
    jn_str line;                /* the part of the line that is shown */
    char text[200];             /* " at line 2, column 7, near \"b\"" */
};

static bool is_middle(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The line around `at`, or what there is room for of it, without breaking characters. */
static jn_str line_around(jn_str text, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && text.data[from - 1] != '\n' && (at - from < LINE_BEFORE || is_middle(text.data[from])))
        from--;
    while (to < text.len && text.data[to] != '\n' && (to - at < LINE_AFTER || is_middle(text.data[to])))
        to++;
    return jn_str_sub(text, from, to);
}

/* Positions point behind the token that they mean, mostly. */
static size_t start_of(jn_str text, size_t at, jn_str token)
{
    return token.len && jn_str_ends(jn_str_sub(text, 0, at), token) ? at - token.len : at;
}

static struct place find_place(jn_str text, const struct jsonata_error *x)
{
    struct place p = { .line = { NULL, 0 } };
    if (x->position < 0)
        return p;
    const jn_str whole = jn_get_string(x->token), token = jn_str_sub(whole, 0, 60);
    const size_t offset = start_of(text, jsonata_byte_offset(text, x->position), whole);
    jn_fail_at(&p.at, text, offset, "x");
    p.line = line_around(text, offset < text.len ? offset : text.len);
    const int n = snprintf(p.text, sizeof p.text, " at line %u, column %u", p.at.line, p.at.column);
    if (token.len && n > 0)
        snprintf(p.text + n, sizeof p.text - (size_t)n, ", near \"%.*s\"", JN_ARG(token));
    return p;
}

/* The line and, under it, a caret; tabs are blanks in both. */
static void show_line(const struct base_log *log, jn_str text, const struct place *p)
{
    struct jn_buf line, caret;
    jn_buf_init(&line, 0);
    jn_buf_init(&caret, 0);
    const size_t at = (size_t)(text.data + p->at.offset - p->line.data);
    for (size_t i = 0; i < p->line.len; i++) {
        jn_buf_append_char(&line, p->line.data[i] == '\t' ? ' ' : p->line.data[i]);
        if (i < at && !is_middle(p->line.data[i]))
            jn_buf_append_char(&caret, ' ');
    }
    jn_buf_append_char(&caret, '^');
    if (!line.failed && !caret.failed) {
        base_log(log, BASE_ERROR, NULL, "    %.*s", JN_ARG(jn_buf_str(&line)));
        base_log(log, BASE_ERROR, NULL, "    %.*s", JN_ARG(jn_buf_str(&caret)));
    }
    jn_buf_clear(&line);
    jn_buf_clear(&caret);
}

enum jn_status component_fail_compile(const struct component_source *source, enum jn_status s,
                                      const struct jsonata_error *x, const struct base_log *log, struct jn_error *err)
{
    if (s != JN_BAD_TEXT)
        return jn_fail(err, s, "%s could not be compiled: %s", source->field, x->message);
    const struct place p = find_place(source->text, x);
    const jn_str line = jn_str_trim(p.line);
    jn_fail_code(err, s, jn_str_of(x->code), "%s is faulty%s: %s%s%.*s", source->field, p.text, x->message,
                 line.len ? "; the line reads: " : "", JN_ARG(line));
    if (err && p.at.line) {
        err->offset = p.at.offset;
        err->line = p.at.line;
        err->column = p.at.column;
    }
    if (p.line.data && log)
        show_line(log, source->text, &p);
    return s;
}

enum jn_status component_fail_evaluation(const struct component_source *source, enum jn_status s,
                                         const struct jsonata_error *x, struct jn_error *err)
{
    if (s != JN_EVALUATION)
        return jn_fail(err, s, "%s could not be evaluated: %s", source->field, x->message);
    const struct place p = find_place(source->text, x);
    return jn_fail_code(err, s, jn_str_of(x->code), "%s failed%s: %s", source->field, p.text, x->message);
}
