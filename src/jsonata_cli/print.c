/* print.c - see print.h.  Without colours, sorting and the like, the text is the library's own; else containers are
 * walked here, and the library writes what is in them.  The colours are jq's. */
#include "print.h"

#include "deadline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 10000 };         /* as the library's writer */

struct printer {
    FILE *out;
    const struct print_options *opt;
    struct jn_error *err;
    int64_t deadline_ms;
    unsigned *values;               /* how many were begun */
};

static bool is_late(const struct printer *p)
{
    if (!deadline_is_over(p->deadline_ms))
        return false;
    *p->err = (struct jn_error){ .status = JN_LIMIT };
    snprintf(p->err->message, sizeof p->err->message, "writing the result took longer than the time limit");
    return true;
}

static const char NO_COLOUR[] = "\033[0m", BRACKET[] = "\033[1;39m", KEY[] = "\033[34;1m";

static const char *colour_of(jn_value v)
{
    switch (v.type) {
    case JN_NULL:
        return "\033[1;30m";
    case JN_STRING:
        return "\033[0;32m";
    default:
        return "\033[0;39m";
    }
}

static void put_coloured(const struct printer *p, const char *colour, const char *text)
{
    if (p->opt->colour)
        fprintf(p->out, "%s%s%s", colour, text, NO_COLOUR);
    else
        fputs(text, p->out);
}

/* ---- ASCII ------------------------------------------------------------------------------------------------------- */

/* The character at `s` (of valid text) and the bytes it takes. */
static uint32_t decode(const char *s, size_t *len)
{
    const unsigned char lead = (unsigned char)*s;
    *len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t c = *len == 1 ? lead : lead & (0x7fU >> *len);
    for (size_t i = 1; i < *len; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3fU);
    return c;
}

/* JSON text with everything above ASCII as \u. */
static void put_ascii(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        const uint32_t c = decode(text + i, &n);
        if (c < 0x80)
            fputc((int)c, out);
        else if (c < 0x10000)
            fprintf(out, "\\u%04x", c);
        else
            fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
}

/* A text may be long, and goes out in pieces; a character never is in two. */
static bool put_piece(void *host, const char *text, size_t len)
{
    const struct printer *p = host;
    if (p->opt->ascii)
        put_ascii(p->out, text, len);
    else
        fwrite(text, 1, len, p->out);
    return !ferror(p->out) && !deadline_is_over(p->deadline_ms);
}

static bool put_text(const struct printer *p, jn_value v, const struct jn_write_options *how)
{
    if (jn_write_to(put_piece, (void *)(uintptr_t)p, v, how, p->err) == JN_OK)
        return true;
    is_late(p);
    return false;
}

/* ---- walking ----------------------------------------------------------------------------------------------------- */

static bool put_scalar(const struct printer *p, const char *colour, jn_value v)
{
    if (v.type == JN_FUNCTION)
        v = jn_make_string((jn_str){ "", 0 });      // in a container, as JSON.stringify and $string have it
    fputs(p->opt->colour ? colour : "", p->out);
    const bool ok = put_text(p, v, NULL);
    fputs(p->opt->colour ? NO_COLOUR : "", p->out);
    return ok;
}

static void put_line_end(const struct printer *p, unsigned depth)
{
    const struct jn_write_options *w = &p->opt->write;
    if (w->tabs || w->indent)
        fputc('\n', p->out);
    for (unsigned i = 0; i < depth * (w->tabs ? 1 : w->indent); i++)
        fputc(w->tabs ? '\t' : ' ', p->out);
}

struct member {
    jn_str key;
    size_t index;
    bool has_key;
};

/* By code points, which is by bytes. */
static int compare_keys(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
    const int order = memcmp(x->key.data, y->key.data, len);
    return order ? order : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* The members in the order to print them in, to be freed. */
static struct member *members_of(const struct printer *p, jn_value v)
{
    const size_t n = jn_length(v);
    struct member *m = calloc(n + 1, sizeof *m);
    for (size_t i = 0; m && i < n; i++)
        m[i] = (struct member){ jn_key_at(v, i), i, true };
    if (m && p->opt->sort)
        qsort(m, n, sizeof *m, compare_keys);
    return m;
}

static bool put_value(const struct printer *p, jn_value v, unsigned depth);

static bool put_member(const struct printer *p, jn_value v, const struct member *m, unsigned depth)
{
    if (m->has_key) {
        put_scalar(p, KEY, jn_make_string(m->key));
        put_coloured(p, BRACKET, ":");
        fputs(p->opt->write.tabs || p->opt->write.indent ? " " : "", p->out);
    }
    return put_value(p, jn_at(v, m->index), depth);
}

static bool put_members(const struct printer *p, jn_value v, unsigned depth)
{
    const size_t n = jn_length(v);
    struct member *sorted = v.type == JN_OBJECT ? members_of(p, v) : NULL;
    bool ok = v.type == JN_ARRAY || sorted;
    for (size_t i = 0; ok && i < n; i++) {
        if (i)
            put_coloured(p, BRACKET, ",");
        put_line_end(p, depth + 1);
        ok = put_member(p, v, sorted ? &sorted[i] : &(struct member){ .index = i }, depth + 1);
    }
    free(sorted);
    return ok;
}

static bool put_value(const struct printer *p, jn_value v, unsigned depth)
{
    if (v.type != JN_ARRAY && v.type != JN_OBJECT)
        return put_scalar(p, colour_of(v), v);
    enum { UNSEEN = 1024 };             // values between two looks at the clock
    if (++*p->values % UNSEEN == 0 && is_late(p))
        return false;
    if (depth == MAX_DEPTH) {
        snprintf(p->err->message, sizeof p->err->message, "the result is nested too deep");
        return false;
    }
    const bool is_array = v.type == JN_ARRAY;
    if (jn_length(v) == 0) {
        put_coloured(p, BRACKET, is_array ? "[]" : "{}");
        return true;
    }
    put_coloured(p, BRACKET, is_array ? "[" : "{");
    if (!put_members(p, v, depth))
        return false;
    put_line_end(p, depth);
    put_coloured(p, BRACKET, is_array ? "]" : "}");
    return true;
}

/* A string as it is; half of a surrogate pair has no UTF-8 and becomes U+FFFD. */
static void put_raw(FILE *out, jn_str text)
{
    size_t from = 0;
    for (size_t i = 0; i + 2 < text.len; i++) {
        if ((unsigned char)text.data[i] != 0xed || (unsigned char)text.data[i + 1] < 0xa0)
            continue;
        fwrite(text.data + from, 1, i - from, out);
        fputs("\xef\xbf\xbd", out);
        from = i + 3;
    }
    fwrite(text.data + from, 1, text.len - from, out);
}

bool print_value(FILE *out, jn_value v, const struct print_options *opt, int64_t limit_ms, struct jn_error *err)
{
    unsigned values = 0;
    const struct printer p = { out, opt, err, deadline_in(limit_ms), &values };
    if (opt->raw && v.type == JN_STRING) {
        put_raw(out, jn_get_string(v));
        return true;
    }
    if ((opt->colour || opt->sort) && v.type != JN_FUNCTION && v.type != JN_UNDEFINED)
        return put_value(&p, v, 0);
    return put_text(&p, v, &opt->write);
}
