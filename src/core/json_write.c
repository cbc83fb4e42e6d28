/* json_write.c - value -> text, byte for byte what ECMAScript's JSON.stringify gives (ECMA-262,
 * "SerializeJSONProperty").
 *
 * Containers being written wait on a stack of our own, so that nesting costs memory and never the C stack.  In compact
 * form a container whose span of the source is canonical (value.h) is copied with one memcpy, or goes to a sink as it
 * is.
 * On failure the buffer is cut back to what it held before: half a text never leaves this file. */
#include "core/buf.h"
#include "core/map.h"
#include "core/scan.h"

#include <math.h>
#include <stdlib.h>

enum { FRAMES_AT_HAND = 64, DEFAULT_DEPTH = 10000 };

struct frame {
    const jn_value *members;            /* of an array, or an object's by slot */
    const struct jn_shape *shape;       /* NULL for an array */
    uint32_t next, len;
};

struct writer {
    char *at, *limit;                   /* where to write; NULL until the buffer has memory */
    struct jn_buf *b;
    struct jn_error *err;
    enum jn_status failed;
    bool compact, tabs, strict;
    unsigned indent;
    size_t max_depth, depth, cap;
    struct frame *frames;
    struct frame at_hand[FRAMES_AT_HAND];
    struct jn_arena scratch;            /* for objects that were left unread; see write_unread() */
    struct jn_shapes *known;            /* while that is used */
};

/* ---- room ---------------------------------------------------------------------------------------------------- */

/* The buffer's len is set when the writer is through with it; in between `at` knows better. */
static void settle(struct writer *w)
{
    if (w->at)
        jn_buf_commit(w->b, (size_t)(w->at - w->b->data) - w->b->len);
}

static void fail(struct writer *w, enum jn_status s, const char *sentence)
{
    if (!w->failed)
        w->failed = jn_fail(w->err, s, "%s", sentence);
}

static char *more_room(struct writer *w, size_t n)
{
    struct jn_buf *b = w->b;
    if (w->failed)
        return NULL;
    settle(w);
    w->at = jn_buf_reserve(b, n);
    if (!w->at) {
        fail(w, b->failed,
             b->failed == JN_LIMIT  ? "the JSON text is longer than its limit"
             : b->failed == JN_IO   ? "the JSON text could not be passed on"
                                    : "no memory for JSON text");
        w->limit = NULL;
        return NULL;
    }
    w->limit = b->data + b->cap - 1;    // the last byte is for the NUL
    return w->at;
}

/* Room for n bytes at w->at; NULL once the writer has failed. */
static inline char *room(struct writer *w, size_t n)
{
    return (size_t)(w->limit - w->at) >= n && w->at ? w->at : more_room(w, n);
}

static inline void put(struct writer *w, const char *text, size_t n)
{
    char *to = room(w, n);
    if (!to)
        return;
    memcpy(to, text, n);
    w->at = to + n;
}

static inline void put_char(struct writer *w, char c)
{
    char *to = room(w, 1);
    if (!to)
        return;
    *to = c;
    w->at = to + 1;
}

/* Text of the source.  A sink gets a long one as it is: then not even the spans of a large value are copied. */
static void put_span(struct writer *w, const char *text, size_t n)
{
    enum { LONG_SPAN = 32 * 1024 };
    struct jn_buf *b = w->b;
    if (!b->sink || n < LONG_SPAN || w->failed) {
        put(w, text, n);
        return;
    }
    settle(w);
    jn_buf_pass(b, (jn_str){ text, n });
    if (w->at)
        w->at = b->data;
    if (b->failed)
        fail(w, b->failed, "the JSON text could not be passed on");
}

/* ---- strings ------------------------------------------------------------------------------------------------- */

static const char hex[] = "0123456789abcdef";

static void put_code_unit(struct writer *w, unsigned unit)
{
    const char text[6] = { '\\', 'u', hex[unit >> 12], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15] };
    put(w, text, sizeof text);
}

/* Writes what stands at p, where jn_scan_escape() stopped; returns the place behind it. */
static const char *put_special(struct writer *w, const char *p, const char *end)
{
    static const char letters[0x20] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    const unsigned char c = (unsigned char)*p;
    if (c == 0xed) {
        if (end - p < 3 || (unsigned char)p[1] < 0xa0) {
            put_char(w, (char)c);       // U+D000 to U+D7FF: characters like any other
            return p + 1;
        }
        size_t at = 0;
        put_code_unit(w, jn_utf8_next((jn_str){ p, 3 }, &at));
        return p + 3;
    }
    const char letter = c < 0x20 ? letters[c] : (char)c;
    if (letter)
        put(w, (const char[]){ '\\', letter }, 2);
    else
        put_code_unit(w, c);
    return p + 1;
}

static void put_escaped(struct writer *w, const char *p, const char *end)
{
    for (;;) {
        const char *stop = jn_scan_escape(p, end);
        put(w, p, (size_t)(stop - p));
        if (stop == end)
            return;
        p = put_special(w, stop, end);
    }
}

/* `"s"` and then `behind`, if that is not NUL. */
static inline void put_string(struct writer *w, jn_str s, bool known_plain, char behind)
{
    char *to = room(w, s.len + 2 + (behind != 0));
    if (!to)
        return;
    *to++ = '"';
    w->at = to;
    if (known_plain && s.len) {
        memcpy(to, s.data, s.len);
        w->at = to + s.len;
    } else if (s.len) {
        put_escaped(w, s.data, s.data + s.len);
    }
    put_char(w, '"');
    if (behind)
        put_char(w, behind);
}

/* ---- what JSON cannot hold ----------------------------------------------------------------------------------- */

/* The place of the member under way: "lines[2].price"; "" at the root. */
static void name_place(const struct writer *w, struct jn_buf *out)
{
    for (size_t i = 0; i < w->depth; i++) {
        const struct frame *f = &w->frames[i];
        const uint32_t member = f->next - 1;
        if (f->shape)
            jn_buf_append_fmt(out, "%s%.*s", i ? "." : "",
                              JN_ARG(f->shape->keys[jn_shape_slot(f->shape, member)].name));
        else
            jn_buf_append_fmt(out, "[%u]", member);
    }
}

/* Strict writing: `what` is not JSON. */
static void refuse(struct writer *w, const char *what)
{
    struct jn_buf place;
    jn_buf_init(&place, 200);
    name_place(w, &place);
    if (!w->failed)
        w->failed = place.len ? jn_fail(w->err, JN_BAD_VALUE, "%.*s is %s", (int)place.len, place.data, what)
                              : jn_fail(w->err, JN_BAD_VALUE, "it is %s", what);
    jn_buf_clear(&place);
}

/* ---- numbers ------------------------------------------------------------------------------------------------- */

static void put_number(struct writer *w, jn_value v)
{
    if (v.flags & JN_NUM_CANONICAL) {
        put(w, v.as.text, v.len);
        return;
    }
    const double d = jn_num(v);
    if (!isfinite(d)) {
        if (w->strict)
            refuse(w, isnan(d) ? "not a number (NaN)" : "an infinite number");
        put(w, "null", 4);
        return;
    }
    if ((size_t)(w->limit - w->at) >= JN_NUMBER_MAX && w->at) {
        w->at += jn_number_format(w->at, d);
        return;
    }
    char text[JN_NUMBER_MAX];               // room is asked for what is needed only: there may be a ceiling above it
    const size_t len = jn_number_format(text, d);
    put(w, text, len);
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static bool grow_frames(struct writer *w)
{
    struct frame *old = w->frames == w->at_hand ? NULL : w->frames;
    bool refused;
    struct frame *frames = jn_budget_resize(w->b->budget, old, old ? w->cap * sizeof *frames : 0,
                                            w->cap * 2 * sizeof *frames, &refused);
    if (!frames) {
        fail(w, refused ? JN_LIMIT : JN_NO_MEMORY, "no memory for writing deeply nested JSON");
        return false;
    }
    if (!old)
        memcpy(frames, w->at_hand, sizeof w->at_hand);
    w->frames = frames;
    w->cap *= 2;
    return true;
}

static void open_container(struct writer *w, struct frame f)
{
    if (f.len == 0) {
        put(w, f.shape ? "{}" : "[]", 2);
        return;
    }
    if (w->depth == w->max_depth && !w->failed)
        w->failed = jn_fail(w->err, JN_LIMIT, "the value is nested deeper than %zu levels", w->max_depth);
    if (w->failed || (w->depth == w->cap && !grow_frames(w)))
        return;
    put_char(w, f.shape ? '{' : '[');
    w->frames[w->depth++] = f;
}

/* Makes room for a container that was read from a text of n bytes, since what is written will be about as long: so a
 * long one is not moved again and again, and takes no more than it needs.  Only a hint: it must not fail by itself. */
static void expect(struct writer *w, size_t n)
{
    enum { LONG_TEXT = 64 * 1024 };
    const struct jn_buf *b = w->b;
    const struct jn_budget *budget = b->budget;
    if (!w->compact || n < LONG_TEXT || b->sink || n > (b->ceiling - b->len) / 2)
        return;
    if (!budget || (budget->used < budget->limit && n < (budget->limit - budget->used) / 4))
        room(w, n);
}

static void write_array(struct writer *w, const struct jn_array *x)
{
    if (w->compact && x->span && x->canonical) {
        put_span(w, x->span, x->span_len);
        return;
    }
    expect(w, x->span ? x->span_len : 0);
    open_container(w, (struct frame){ .members = x->items, .len = x->len });
}

static void write_unread(struct writer *w, const struct jn_object *o);

static void open_object(struct writer *w, const struct jn_object *o)
{
    expect(w, o->span ? o->span_len : 0);
    open_container(w, (struct frame){ .members = o->values, .shape = o->shape, .len = o->shape->len });
}

static void write_object(struct writer *w, const struct jn_object *o)
{
    if (w->compact && o->span && o->canonical)
        put_span(w, o->span, o->span_len);
    else if (o->unread)
        write_unread(w, o);
    else
        open_object(w, o);
}

static inline void write_value(struct writer *w, jn_value v)
{
    switch (v.type) {
    case JN_BOOLEAN:
        put(w, jn_bool(v) ? "true" : "false", jn_bool(v) ? 4 : 5);
        break;
    case JN_NUMBER:
        put_number(w, v);
        break;
    case JN_STRING:
        put_string(w, jn_text(v), v.flags & JN_STR_PLAIN, '\0');
        break;
    case JN_ARRAY:
        write_array(w, v.as.array);
        break;
    case JN_OBJECT:
        write_object(w, v.as.object);
        break;
    case JN_FUNCTION:
        if (w->strict)
            refuse(w, "a function");
        put(w, "\"\"", 2);
        break;
    default:
        put(w, "null", 4);
    }
}

static void new_line(struct writer *w)
{
    const size_t n = w->tabs ? w->depth : w->depth * w->indent;
    char *to = room(w, n + 1);
    if (!to)
        return;
    to[0] = '\n';
    memset(to + 1, w->tabs ? '\t' : ' ', n);
    w->at = to + n + 1;
}

static inline void write_key(struct writer *w, const struct jn_shape *s, uint32_t slot)
{
    const jn_str name = s->keys[slot].name;
    if (s->shared && s->plain)
        put(w, name.data - 1, name.len + 3);    // with its quotes and colon: see map.h
    else
        put_string(w, name, false, ':');
    if (!w->compact)
        put_char(w, ' ');
}

/* Writes what is left of the innermost container, up to its end or up to a member that is a container itself. */
static void write_members(struct writer *w)
{
    const size_t depth = w->depth;
    struct frame *f;
    // Looked up each time: a member that was left unread may make the frames move.
    while (f = &w->frames[depth - 1], f->next < f->len) {
        if (f->next)
            put_char(w, ',');
        if (!w->compact)
            new_line(w);
        uint32_t slot = f->next++;
        if (f->shape) {
            slot = jn_shape_slot(f->shape, slot);
            write_key(w, f->shape, slot);
        }
        write_value(w, f->members[slot]);
        if (w->depth != depth || w->failed)
            return;
    }
    w->depth--;
    if (!w->compact)
        new_line(w);
    put_char(w, f->shape ? '}' : ']');
}

/* Writes an object that its reader left in the text (demand.h) otherwise than it stands there: reads it now.  What is
 * read so is complete, so that this happens within itself no more. */
static void write_unread(struct writer *w, const struct jn_object *o)
{
    if (!w->known) {
        jn_arena_init(&w->scratch, 0);
        w->scratch.budget = w->b->budget;
        w->known = jn_shapes_new_on(w->b->budget, 0);
        if (!w->known) {
            fail(w, JN_NO_MEMORY, "no memory for JSON text");
            return;
        }
    }
    jn_arena_reset(&w->scratch);
    const struct jn_read_options opt = { .shapes = w->known };
    jn_value v;
    const enum jn_status s = jn_read(&w->scratch, (jn_str){ o->span, o->span_len }, &opt, &v, NULL, w->err);
    if (s && !w->failed)
        w->failed = s;
    if (w->failed)
        return;
    const size_t depth = w->depth;
    write_value(w, v);
    while (w->depth > depth && !w->failed)
        write_members(w);
}

static void drop_scratch(struct writer *w)
{
    if (!w->known)
        return;
    jn_shapes_free(w->known);
    jn_arena_clear(&w->scratch);
}

/* ---- json.h -------------------------------------------------------------------------------------------------- */

enum jn_status jn_write(struct jn_buf *b, jn_value v, const struct jn_write_options *opt, struct jn_error *err)
{
    static const struct jn_write_options usual;
    if (!opt)
        opt = &usual;
    if (jn_is(v, JN_UNDEFINED) || jn_is(v, JN_FUNCTION))
        return jn_fail(err, JN_BAD_VALUE, "%s has no JSON text", jn_is(v, JN_FUNCTION) ? "a function" : "undefined");

    struct writer w = { .b = b, .err = err, .tabs = opt->tabs, .indent = opt->indent, .cap = FRAMES_AT_HAND };
    w.strict = opt->strict;
    w.compact = !opt->tabs && opt->indent == 0;
    w.max_depth = opt->max_depth ? opt->max_depth : DEFAULT_DEPTH;
    w.frames = w.at_hand;
    const size_t before = b->len;
    write_value(&w, v);
    while (w.depth && !w.failed)
        write_members(&w);
    settle(&w);
    if (w.failed)
        jn_buf_truncate(b, before);
    if (w.frames != w.at_hand) {
        jn_budget_give(b->budget, w.cap * sizeof *w.frames);
        free(w.frames);
    }
    drop_scratch(&w);
    return w.failed;
}

enum jn_status jn_write_to(jn_sink_fn *sink, void *host, jn_value v, const struct jn_write_options *opt,
                           struct jn_error *err)
{
    enum { PIECE = 65536 };
    struct jn_buf b;
    jn_buf_init(&b, 0);
    enum jn_status s = jn_buf_reserve(&b, PIECE) ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for JSON text");
    b.sink = sink;
    b.host = host;
    if (!s)
        s = jn_write(&b, v, opt, err);
    if (!s) {
        jn_buf_flush(&b);
        s = b.failed ? jn_fail(err, JN_IO, "the JSON text could not be passed on") : JN_OK;
    }
    jn_buf_clear(&b);
    return s;
}

char *jn_write_text(jn_value v, const struct jn_write_options *opt, size_t *len, struct jn_error *err)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    if (jn_write(&b, v, opt, err)) {
        jn_buf_clear(&b);
        return NULL;
    }
    if (len)
        *len = b.len;
    return jn_buf_detach(&b);
}
