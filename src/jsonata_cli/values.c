/* values.c - see values.h.  A value that does not read because the text ends too early is tried again when its brackets
 * are closed, or with twice as much text, which finds mistakes early; so even a huge document that comes in small
 * pieces is looked at a constant number of times per byte.  A file of moderate size is read at once.  Reading is
 * read(2)'s, so that what a slow peer has sent is answered before it sends more. */
#include "values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

enum { FIRST_READ = 64 << 10, AT_ONCE = 32 << 20 };

static bool fail(struct jn_error *err, enum jn_status s, const char *name, const char *reason)
{
    err->status = s;
    snprintf(err->message, sizeof err->message, "%s: %s", name, reason);
    return false;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static bool open_file(struct values *v, const char *path, struct jn_error *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    v->name = is_stdin ? "standard input" : path;
    v->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    v->is_open = v->fd >= 0;
    v->has_ended = v->has_room = false;
    return v->is_open || fail(err, JN_IO, path, strerror(errno));
}

static void close_file(struct values *v)
{
    if (v->is_open && v->fd != STDIN_FILENO)
        close(v->fd);
    v->is_open = false;
}

/* The next file; false when there is none or it cannot be opened. */
static bool open_next(struct values *v, struct jn_error *err)
{
    const bool from_stdin = !v->has_started && !*v->files;
    v->has_started = true;
    v->at = v->len = v->scanned = 0;
    v->line = 1;
    if (from_stdin)
        return open_file(v, "-", err);
    return *v->files && open_file(v, *v->files++, err);
}

/* How much room to read into: as much as there is already, and all of a file that is not large. */
static size_t room_wanted(struct values *v)
{
    struct stat st;
    if (v->len == 0 && fstat(v->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= FIRST_READ &&
        st.st_size < AT_ONCE) {
        v->has_room = true;
        return (size_t)st.st_size + 1;          // one more, to see the end without more room
    }
    return v->len > FIRST_READ ? v->len : FIRST_READ;
}

/* Moves what is left to the front and makes room behind it. */
static bool make_room(struct values *v, struct jn_error *err)
{
    if (v->at && v->data)
        memmove(v->data, v->data + v->at, v->len - v->at);
    v->len -= v->at;
    v->at = 0;
    if (v->cap - v->len >= (v->has_room ? 1 : FIRST_READ))
        return true;
    const size_t room = room_wanted(v);
    if (v->cap - v->len >= room)
        return true;
    char *grown = realloc(v->data, v->len + room);
    if (!grown)
        return fail(err, JN_NO_MEMORY, v->name, "no memory for a value of this size");
    v->data = grown;
    v->cap = v->len + room;
    return true;
}

/* Reads until the room is full, the file ends, or a peer pauses.  False when that failed. */
static bool read_more(struct values *v, struct jn_error *err)
{
    if (!make_room(v, err))
        return false;
    fflush(stdout);
    for (;;) {
        const ssize_t n = read(v->fd, v->data + v->len, v->cap - v->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(err, JN_IO, v->name, strerror(errno));
        v->len += (size_t)n;
        v->has_ended = n == 0;
        return true;
    }
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

/* ---- values ------------------------------------------------------------------------------------------------------ */

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
    char message[sizeof err->message], column[32] = "";
    const unsigned long long line = v->line + (err->line ? err->line - 1 : 0);
    memcpy(message, err->message, sizeof message);
    if (err->line)                  // else it is about the value as a whole
        snprintf(column, sizeof column, ", column %u", err->column);
    snprintf(err->message, sizeof err->message, "%s, line %llu%s: %.*s", v->name, line, column,
             (int)sizeof message - 100, message);
}

/* Whether more text could change what was read: a failure at its end, or a number or word that reaches it. */
static bool may_go_on(jn_str text, enum jn_status s, size_t used, const struct jn_error *e)
{
    if (text.len == 0)
        return true;
    if (s)
        return s == JN_BAD_TEXT && e->offset >= text.len;
    return used == text.len && !strchr("}]\" \t\r\n", text.data[text.len - 1]);
}

/* The outline of a value whose text has not all come: its brackets and strings.  It tells when the text may be complete
 * without reading all of it again for each piece. */
struct outline {
    size_t tried;                   /* bytes that were not enough; 0: none yet */
    size_t seen, depth;
    bool in_string, is_escaped;
};

/* Takes one character; true when the value ends with it. */
static bool outline_ends(struct outline *o, char c)
{
    if (o->in_string) {
        o->in_string = o->is_escaped || c != '"';
        o->is_escaped = !o->is_escaped && c == '\\';
        return !o->in_string && !o->depth;
    }
    o->in_string = c == '"';
    if (c == '{' || c == '[')
        o->depth++;
    return (c == '}' || c == ']') && --o->depth == 0;
}

/* Whether it is worth trying to read the value. */
static bool is_due(struct outline *o, jn_str text)
{
    if (!text.len || !o->tried || text.len / 2 >= o->tried || !strchr("{[\"", *text.data))
        return true;
    while (o->seen < text.len)
        if (outline_ends(o, text.data[o->seen++]))
            return true;
    return false;
}

/* One value from the current file. */
static enum values_result next_here(struct values *v, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out,
                                    struct jn_error *err)
{
    for (struct outline o = { .tried = 0 };;) {
        skip_space(v);
        const jn_str text = { v->data + v->at, v->len - v->at };
        if (text.len == 0 && v->has_ended)
            return VALUES_END;
        const struct jn_read_options opt = { .prefix = true, .shapes = shapes };
        size_t used = 0;
        struct jn_error e = { 0 };
        const bool tries = v->has_ended || is_due(&o, text);
        const enum jn_status s = tries && text.len ? jn_read(a, text, &opt, out, &used, &e) : JN_BAD_TEXT;
        if (!v->has_ended && (!tries || may_go_on(text, s, used, &e))) {
            jn_arena_reset(a);
            o.tried = tries ? text.len : o.tried;
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
        if (!v->is_open && !open_next(v, err))
            return err->status ? VALUES_FAILED : VALUES_END;
        const enum values_result r = next_here(v, a, shapes, out, err);
        if (r != VALUES_END)
            return r;
        close_file(v);
    }
}

/* The texts are kept in the arena, since values borrow from them. */
static bool add_values(const char *path, struct jn_arena *a, struct jn_shapes *shapes, jn_value all,
                       struct jn_error *err)
{
    size_t len;
    char *text = values_slurp(path, &len, err);
    if (!text)
        return false;
    const jn_str kept = jn_get_string(jn_copy_string(a, (jn_str){ text, len }));
    free(text);
    if (kept.len < len)
        return fail(err, JN_NO_MEMORY, path, "no memory for all of it");
    struct values v = { .name = strcmp(path, "-") == 0 ? "standard input" : path, .data = (char *)kept.data,
                        .len = len, .line = 1, .has_ended = true };
    for (;;) {
        jn_value one;
        const enum values_result r = next_here(&v, a, shapes, &one, err);
        if (r != VALUES_ONE)
            return r == VALUES_END;
        if (!jn_array_add(a, all, one))
            return fail(err, JN_NO_MEMORY, path, "no memory for all values");
    }
}

bool values_all(char *const *files, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out, struct jn_error *err)
{
    char *const from_stdin[] = { (char[]){ "-" }, NULL };
    *out = jn_make_array(a, 16);
    for (char *const *file = *files ? files : from_stdin; *file; file++) {
        if (!add_values(*file, a, shapes, *out, err))
            return false;
    }
    return true;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static const char REPLACEMENT[] = "\xef\xbf\xbd";

/* Each byte that is no part of a character is replaced, in `out` if there is one; gives the length. */
static size_t repair(jn_str bytes, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes.len;) {
        ucs4_t code;
        const int n = u8_mbtoucr(&code, (const uint8_t *)bytes.data + i, bytes.len - i);
        const jn_str piece = n > 0 ? (jn_str){ bytes.data + i, (size_t)n } : (jn_str){ REPLACEMENT, 3 };
        if (out)
            memcpy(out + len, piece.data, piece.len);
        len += piece.len;
        i += n > 0 ? (size_t)n : 1;
    }
    return len;
}

jn_value values_string(struct jn_arena *a, jn_str bytes)
{
    if (bytes.len == 0 || !u8_check((const uint8_t *)bytes.data, bytes.len))
        return jn_make_string(bytes);
    const size_t len = repair(bytes, NULL);
    char *text = malloc(len);
    if (!text)
        return (jn_value){ 0 };
    repair(bytes, text);
    const jn_value v = jn_copy_string(a, (jn_str){ text, len });
    free(text);
    return v;
}

bool values_all_text(char *const *files, struct jn_arena *a, jn_value *out, struct jn_error *err)
{
    char *const from_stdin[] = { (char[]){ "-" }, NULL };
    struct values all = { .name = "the input" };
    bool ok = true;
    for (char *const *file = *files ? files : from_stdin; ok && *file; file++) {
        ok = open_file(&all, *file, err);
        while (ok && !all.has_ended)
            ok = read_more(&all, err);
        close_file(&all);
    }
    *out = ok ? jn_copy_string(a, jn_get_string(values_string(a, (jn_str){ all.data, all.len }))) : (jn_value){ 0 };
    free(all.data);
    return ok && (out->type == JN_STRING || fail(err, JN_NO_MEMORY, "the input", "no memory for all of it"));
}

/* ---- lines and whole files --------------------------------------------------------------------------------------- */

static jn_str take_line(struct values *v, size_t len, size_t most)
{
    const jn_str line = { len > most ? NULL : v->data + v->at, len };
    v->at += len + (v->at + len < v->len);
    v->scanned = 0;
    v->line++;
    return line;
}

/* A line that is too long loses what was read of it, and so takes no more memory. */
static void drop_excess(struct values *v, size_t most, size_t *dropped)
{
    if (*dropped == 0 && v->scanned <= most)
        return;
    *dropped += v->scanned;
    v->at += v->scanned;
    v->scanned = 0;
}

static enum values_result next_line_here(struct values *v, size_t most, jn_str *out, struct jn_error *err)
{
    for (size_t dropped = 0;;) {
        const size_t left = v->len - v->at;
        const char *start = v->data ? v->data + v->at : "";
        const char *lf = left ? memchr(start + v->scanned, '\n', left - v->scanned) : NULL;
        if (lf || (v->has_ended && (left || dropped))) {
            *out = take_line(v, lf ? (size_t)(lf - start) : left, dropped ? 0 : most);
            if (dropped)
                *out = (jn_str){ NULL, out->len + dropped };
            return VALUES_ONE;
        }
        if (v->has_ended)
            return VALUES_END;
        v->scanned = left;
        drop_excess(v, most, &dropped);
        if (!read_more(v, err))
            return VALUES_FAILED;
    }
}

enum values_result values_next_line(struct values *v, size_t most, jn_str *out, struct jn_error *err)
{
    for (;;) {
        if (!v->is_open && !open_next(v, err))
            return err->status ? VALUES_FAILED : VALUES_END;
        const enum values_result r = next_line_here(v, most, out, err);
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
    struct values v = { .files = NULL };
    bool ok = open_file(&v, path, err);
    while (ok && !v.has_ended)
        ok = read_more(&v, err);
    close_file(&v);
    char *text = ok ? realloc(v.data, v.len + 1) : NULL;
    if (!text) {
        free(v.data);
        if (!err->status)
            fail(err, JN_NO_MEMORY, path, "no memory for all of it");
        return NULL;
    }
    text[v.len] = '\0';
    *len = v.len;
    return text;
}
