/* values.c - see values.h.  A value that does not read because the text ends too early is tried again with twice as much
 * text, so that even a huge document is looked at a constant number of times per byte. */
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_READ = 64 << 10 };

static void fail(struct jn_error *err, enum jn_status s, const char *name, const char *reason)
{
    err->status = s;
    snprintf(err->message, sizeof err->message, "%s: %s", name, reason);
}

static bool open_next(struct values *v, struct jn_error *err)
{
    const bool from_stdin = !v->has_started && !*v->files;
    v->has_started = true;
    v->name = from_stdin || strcmp(*v->files, "-") == 0 ? "standard input" : *v->files;
    v->file = strcmp(v->name, "standard input") == 0 ? stdin : fopen(*v->files, "rb");
    if (!v->file)
        fail(err, JN_IO, *v->files, strerror(errno));
    if (!from_stdin)
        v->files++;
    v->at = v->len = 0;
    v->line = 1;
    v->has_ended = false;
    return v->file != NULL;
}

static void close_file(struct values *v)
{
    if (v->file && v->file != stdin)
        fclose(v->file);
    v->file = NULL;
}

/* Moves what is left to the front and reads as much again, a page at least.  False when that failed. */
static bool read_more(struct values *v, struct jn_error *err)
{
    if (v->at)
        memmove(v->data, v->data + v->at, v->len - v->at);
    v->len -= v->at;
    v->at = 0;
    const size_t room = v->len > FIRST_READ ? v->len : FIRST_READ;
    if (v->cap < v->len + room) {
        char *grown = realloc(v->data, v->len + room);
        if (!grown) {
            fail(err, JN_NO_MEMORY, v->name, "no memory for a value of this size");
            return false;
        }
        v->data = grown;
        v->cap = v->len + room;
    }
    const size_t n = fread(v->data + v->len, 1, room, v->file);
    v->len += n;
    v->has_ended = n < room;
    if (ferror(v->file))
        fail(err, JN_IO, v->name, strerror(errno));
    return !ferror(v->file);
}

static void count_lines(struct values *v, size_t n)
{
    if (n == 0)
        return;                 // there may be no buffer yet
    const char *p = v->data + v->at, *end = p + n;
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        v->line++;
        p++;
    }
    v->at += n;
}

static void skip_space(struct values *v)
{
    size_t n = 0;
    while (v->at + n < v->len && strchr(" \t\r\n", v->data[v->at + n]) && v->data[v->at + n])
        n++;
    count_lines(v, n);
}

/* The place in the file, in front of the reader's sentence. */
static void tell_place(const struct values *v, struct jn_error *err)
{
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    snprintf(err->message, sizeof err->message, "%s, line %llu, column %u: %.*s", v->name,
             (unsigned long long)(v->line + err->line - 1), err->column, (int)sizeof message - 100, message);
}

/* One value from the current file. */
static enum values_result next_here(struct values *v, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out,
                                    struct jn_error *err)
{
    for (;;) {
        skip_space(v);
        const size_t left = v->len - v->at;
        if (left == 0 && v->has_ended)
            return VALUES_END;
        const struct jn_read_options opt = { .prefix = true, .shapes = shapes };
        size_t used = 0;
        struct jn_error e = { 0 };
        const jn_str text = { v->data + v->at, left };
        const enum jn_status s = left ? jn_read(a, text, &opt, out, &used, &e) : JN_BAD_TEXT;
        /* What reaches the end of the text may go on behind it. */
        const bool is_open = s ? left == 0 || (s == JN_BAD_TEXT && e.offset >= left) : used == left;
        if (!v->has_ended && is_open) {
            jn_arena_reset(a);
            if (!read_more(v, err))
                return VALUES_FAILED;
            continue;
        }
        if (s) {
            *err = e;
            tell_place(v, err);
            return VALUES_FAILED;
        }
        count_lines(v, used);
        return VALUES_ONE;
    }
}

enum values_result values_next(struct values *v, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out,
                               struct jn_error *err)
{
    for (;;) {
        if (!v->file) {
            if (v->has_started && !*v->files)
                return VALUES_END;
            if (!open_next(v, err))
                return VALUES_FAILED;
        }
        const enum values_result r = next_here(v, a, shapes, out, err);
        if (r != VALUES_END)
            return r;
        close_file(v);
    }
}

void values_close(struct values *v)
{
    close_file(v);
    free(v->data);
    v->data = NULL;
}

char *values_slurp(const char *path, size_t *len, struct jn_error *err)
{
    char *const none[] = { NULL };
    struct values v = { .files = none, .name = path, .file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb") };
    if (!v.file) {
        fail(err, JN_IO, path, strerror(errno));
        return NULL;
    }
    bool ok = true;
    while (ok && !v.has_ended)
        ok = read_more(&v, err);
    close_file(&v);
    char *text = ok ? realloc(v.data, v.len + 1) : NULL;
    if (!text) {
        free(v.data);
        return NULL;
    }
    text[v.len] = '\0';
    *len = v.len;
    return text;
}
