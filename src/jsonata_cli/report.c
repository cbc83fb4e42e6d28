/* report.c - see report.h. */
#include "report.h"

#include <stdio.h>
#include <string.h>

jn_str text_of(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

int complain(int status, const char *what)
{
    fprintf(stderr, "jsonata: %s\n", what);
    return status;
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

enum { SHOWN_BEFORE = 70, SHOWN_AFTER = 40 };       /* bytes of a long line around the place */

static void find_window(jn_str text, size_t at, size_t *from, size_t *to)
{
    *from = *to = at;
    while (*from > 0 && text.data[*from - 1] != '\n' &&
           (at - *from < SHOWN_BEFORE || is_inside_character(text.data[*from])))
        --*from;
    while (*to < text.len && text.data[*to] != '\n' && (*to - at < SHOWN_AFTER || is_inside_character(text.data[*to])))
        ++*to;
}

/* The line of the expression with a caret under the place. */
static void show_place(jn_str text, int64_t position)
{
    const size_t end = jsonata_byte_offset(text, position);
    const size_t at = end > 0 ? end - 1 : 0;        // positions are just after what they mean
    size_t from, to;
    find_window(text, at, &from, &to);
    const bool is_cut = from > 0 && text.data[from - 1] != '\n';
    const bool goes_on = to < text.len && text.data[to] != '\n';
    fprintf(stderr, "  %s%.*s%s\n  %s", is_cut ? "..." : "", (int)(to - from), text.data + from, goes_on ? "..." : "",
            is_cut ? "   " : "");
    for (size_t i = from; i < at; i++) {
        if (!is_inside_character(text.data[i + 1]))
            fputc(text.data[i] == '\t' ? '\t' : ' ', stderr);
    }
    fputs("^\n", stderr);
}

void report_error(jn_str expression, const struct jsonata_error *e)
{
    fprintf(stderr, "jsonata: %s%s%s\n", e->code, *e->code ? ": " : "", e->message);
    if (e->position >= 0)
        show_place(expression, e->position);
}
