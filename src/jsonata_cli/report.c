/* report.c - see report.h.  An error is shown with the line of the expression that it is about:
 *
 *     jsonata: T2001: the left side of "-" must be a number, not "a"
 *       12 | total - "a" - 1
 *                        ^
 *
 * Positions count UTF-16 code units and point behind the token they mean, mostly.  What goes to the terminal is made
 * harmless: control characters of an expression or of data become "?". */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

jn_str text_of(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

/* ---- text for a terminal ----------------------------------------------------------------------------------------- */

struct character {
    size_t len;                     /* bytes */
    int width;                      /* columns; -1: a control character or no character */
};

static struct character look_at(jn_str text, size_t at)
{
    ucs4_t code;
    const int len = u8_mbtoucr(&code, (const uint8_t *)text.data + at, text.len - at);
    if (len <= 0)
        return (struct character){ 1, -1 };
    return (struct character){ (size_t)len, uc_width(code, "UTF-8") };
}

static void put_text(jn_str text, const char *also)
{
    for (size_t i = 0; i < text.len;) {
        const struct character c = look_at(text, i);
        if (c.width < 0 && !(text.data[i] && strchr(also, text.data[i])))
            fputc('?', stderr);
        else
            fwrite(text.data + i, 1, c.len, stderr);
        i += c.len;
    }
}

/* As much room as the text takes. */
static void put_blank(jn_str text)
{
    for (size_t i = 0; i < text.len;) {
        const struct character c = look_at(text, i);
        if (text.data[i] == '\t')
            fputc('\t', stderr);
        else
            fprintf(stderr, "%*s", c.width < 0 ? 1 : c.width, "");
        i += c.len;
    }
}

static void put_carets(jn_str text)
{
    int columns = 0;
    for (size_t i = 0; i < text.len;) {
        const struct character c = look_at(text, i);
        columns += c.width < 0 ? 1 : c.width;
        i += c.len;
    }
    do
        fputc('^', stderr);
    while (--columns > 0);
}

int complain(int status, const char *what)
{
    fputs("jsonata: ", stderr);
    put_text(text_of(what), "\n\t");
    fputc('\n', stderr);
    return status;
}

/* ---- the place --------------------------------------------------------------------------------------------------- */

struct span {
    size_t from, to;                /* bytes */
};

static jn_str part(jn_str text, size_t from, size_t to)
{
    return (jn_str){ text.data + from, to - from };
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static bool has_at(jn_str text, size_t at, jn_str what)
{
    return what.len && at <= text.len && text.len - at >= what.len && memcmp(text.data + at, what.data, what.len) == 0;
}

/* The token if it stands before the position, or at it, else the character before it. */
static struct span find_place(jn_str text, const struct jsonata_error *e)
{
    const size_t at = jsonata_byte_offset(text, e->position);
    const jn_str token = jn_get_string(e->token);
    if (at >= token.len && has_at(text, at - token.len, token))
        return (struct span){ at - token.len, at };
    if (at > token.len && text.data[at - 1] == '(' && has_at(text, at - 1 - token.len, token))
        return (struct span){ at - 1 - token.len, at - 1 };     // the function of a call
    if (has_at(text, at, token))
        return (struct span){ at, at + token.len };
    if (at == 0 || has_at(token, 0, text_of("(end)")))
        return (struct span){ at, at };
    size_t from = at - 1;
    while (from > 0 && is_inside_character(text.data[from]))
        from--;
    return (struct span){ from, at };
}

enum { SHOWN_BEFORE = 60, SHOWN_AFTER = 40 };       /* bytes of a long line around the place */

/* The line with the place, or as much of it as can be shown; a place never reaches into the next line. */
static struct span find_line(jn_str text, struct span *place)
{
    struct span line = *place;
    while (line.from > 0 && text.data[line.from - 1] != '\n' &&
           (place->from - line.from < SHOWN_BEFORE || is_inside_character(text.data[line.from])))
        line.from--;
    line.to = line.from;
    while (line.to < text.len && text.data[line.to] != '\n' &&
           (line.to < place->from + SHOWN_AFTER || is_inside_character(text.data[line.to])))
        line.to++;
    if (place->to > line.to)
        place->to = line.to > place->from ? line.to : place->from;
    return line;
}

/* "  12 | " when there are several lines; gives the width. */
static int put_margin(jn_str text, size_t at)
{
    unsigned line = 1;
    if (!memchr(text.data, '\n', text.len))
        return fprintf(stderr, "  ");
    for (size_t i = 0; i < at; i++)
        line += text.data[i] == '\n';
    return fprintf(stderr, "%4u | ", line);
}

static void show_place(jn_str text, const struct jsonata_error *e)
{
    struct span place = find_place(text, e);
    const struct span line = find_line(text, &place);
    const bool is_cut = line.from > 0 && text.data[line.from - 1] != '\n';
    const bool goes_on = line.to < text.len && text.data[line.to] != '\n';
    const int margin = put_margin(text, place.from);
    fputs(is_cut ? "..." : "", stderr);
    put_text(part(text, line.from, line.to), "\t");
    fprintf(stderr, "%s\n%*s", goes_on ? "..." : "", margin + (is_cut ? 3 : 0), "");
    put_blank(part(text, line.from, place.from));
    put_carets(part(text, place.from, place.to));
    fputc('\n', stderr);
}

void report_error(jn_str expression, const struct jsonata_error *e)
{
    fprintf(stderr, "jsonata: %s%s", e->code, *e->code ? ": " : "");
    put_text(text_of(e->message), "\n\t");
    fputc('\n', stderr);
    if (e->position >= 0 && expression.len)
        show_place(expression, e);
}
