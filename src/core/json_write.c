/* json_write.c - value -> text, byte for byte what ECMAScript's JSON.stringify gives (ECMA-262, "SerializeJSONProperty").
 *
 * Containers being written wait on a stack of our own, so that nesting costs memory and never the C stack.  In compact
 * form a container whose span of the source is canonical (value.h) is copied with one memcpy.
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
    struct jn_buf *b;
    struct jn_error *err;
    enum jn_status failed;
    bool compact, tabs, strict;
    unsigned indent;
    size_t max_depth, depth, cap;
    struct frame *frames;
    struct frame at_hand[FRAMES_AT_HAND];
};

/* ---- strings ------------------------------------------------------------------------------------------------- */

static const char hex[] = "0123456789abcdef";

static void append_code_unit(struct jn_buf *b, unsigned unit)
{
    const char text[6] = { '\\', 'u', hex[unit >> 12], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15] };
    jn_buf_append(b, (jn_str){ text, sizeof text });
}

/* Writes what stands at `at`, where jn_scan_escape() stopped; returns how many bytes that is. */
static size_t append_special(struct jn_buf *b, jn_str s, size_t at)
{
    static const char letters[0x20] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    const unsigned char c = (unsigned char)s.data[at];
    if (c == 0xed) {
        if (s.len - at < 3 || (unsigned char)s.data[at + 1] < 0xa0) {
            jn_buf_append_char(b, (char)c);     // U+D000 to U+D7FF: characters like any other
            return 1;
        }
        size_t after = at;
        append_code_unit(b, jn_utf8_next(s, &after));
        return after - at;
    }
    const char letter = c < 0x20 ? letters[c] : (char)c;
    if (letter)
        jn_buf_append(b, (jn_str){ (const char[]){ '\\', letter }, 2 });
    else
        append_code_unit(b, c);
    return 1;
}

static void append_escaped(struct jn_buf *b, jn_str s)
{
    const char *const end = s.data + s.len;
    jn_buf_append_char(b, '"');
    for (size_t at = 0;;) {
        const size_t stop = (size_t)(jn_scan_escape(s.data + at, end) - s.data);
        jn_buf_append(b, jn_str_sub(s, at, stop));
        if (stop == s.len)
            break;
        at = stop + append_special(b, s, stop);
    }
    jn_buf_append_char(b, '"');
}

static void append_plain(struct jn_buf *b, jn_str s)
{
    char *to = jn_buf_reserve(b, s.len + 2);
    if (!to)
        return;
    to[0] = '"';
    if (s.len)
        memcpy(to + 1, s.data, s.len);
    to[s.len + 1] = '"';
    jn_buf_commit(b, s.len + 2);
}

static void write_string(struct jn_buf *b, jn_str s, bool known_plain)
{
    if (known_plain || (s.len && jn_scan_escape(s.data, s.data + s.len) == s.data + s.len))
        append_plain(b, s);
    else
        append_escaped(b, s);
}

static void fail(struct writer *w, enum jn_status s, const char *sentence)
{
    if (!w->failed)
        w->failed = jn_fail(w->err, s, "%s", sentence);
}

/* The place of the member under way: "lines[2].price"; "" at the root. */
static void name_place(const struct writer *w, struct jn_buf *out)
{
    for (size_t i = 0; i < w->depth; i++) {
        const struct frame *f = &w->frames[i];
        const uint32_t member = f->next - 1;
        if (f->shape)
            jn_buf_append_fmt(out, "%s%.*s", i ? "." : "", JN_ARG(f->shape->keys[jn_shape_slot(f->shape, member)].name));
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

static void write_number(struct writer *w, jn_value v)
{
    struct jn_buf *b = w->b;
    if (v.flags & JN_NUM_CANONICAL) {
        jn_buf_append(b, jn_text(v));
        return;
    }
    const double d = jn_num(v);
    if (!isfinite(d)) {
        if (w->strict)
            refuse(w, isnan(d) ? "not a number (NaN)" : "an infinite number");
        jn_buf_append(b, JN_STR("null"));
        return;
    }
    char *to = jn_buf_reserve(b, JN_NUMBER_MAX);
    if (to)
        jn_buf_commit(b, jn_number_format(to, d));
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static bool grow_frames(struct writer *w)
{
    struct frame *old = w->frames == w->at_hand ? NULL : w->frames;
    struct frame *frames = realloc(old, w->cap * 2 * sizeof *frames);
    if (!frames) {
        fail(w, JN_NO_MEMORY, "no memory for writing deeply nested JSON");
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
        jn_buf_append(w->b, f.shape ? JN_STR("{}") : JN_STR("[]"));
        return;
    }
    if (w->depth == w->max_depth && !w->failed)
        w->failed = jn_fail(w->err, JN_LIMIT, "the value is nested deeper than %zu levels", w->max_depth);
    if (w->failed || (w->depth == w->cap && !grow_frames(w)))
        return;
    jn_buf_append_char(w->b, f.shape ? '{' : '[');
    w->frames[w->depth++] = f;
}

static void write_array(struct writer *w, const struct jn_array *x)
{
    if (w->compact && x->span && x->canonical)
        jn_buf_append(w->b, (jn_str){ x->span, x->span_len });
    else
        open_container(w, (struct frame){ .members = x->items, .len = x->len });
}

static void write_object(struct writer *w, const struct jn_object *o)
{
    if (w->compact && o->span && o->canonical)
        jn_buf_append(w->b, (jn_str){ o->span, o->span_len });
    else
        open_container(w, (struct frame){ .members = o->values, .shape = o->shape, .len = o->shape->len });
}

static void write_value(struct writer *w, jn_value v)
{
    switch (v.type) {
    case JN_BOOLEAN:
        jn_buf_append(w->b, jn_bool(v) ? JN_STR("true") : JN_STR("false"));
        break;
    case JN_NUMBER:
        write_number(w, v);
        break;
    case JN_STRING:
        write_string(w->b, jn_text(v), v.flags & JN_STR_PLAIN);
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
        jn_buf_append(w->b, JN_STR("\"\""));
        break;
    default:
        jn_buf_append(w->b, JN_STR("null"));
    }
}

static void new_line(struct writer *w)
{
    if (w->compact)
        return;
    const size_t n = w->tabs ? w->depth : w->depth * w->indent;
    char *to = jn_buf_reserve(w->b, n + 1);
    if (!to)
        return;
    to[0] = '\n';
    memset(to + 1, w->tabs ? '\t' : ' ', n);
    jn_buf_commit(w->b, n + 1);
}

static void write_key(struct writer *w, const struct jn_shape *s, uint32_t slot)
{
    const jn_str name = s->keys[slot].name;
    if (s->shared && s->plain) {
        jn_buf_append(w->b, (jn_str){ name.data - 1, name.len + 3 });   // see map.h
    } else {
        write_string(w->b, name, false);
        jn_buf_append_char(w->b, ':');
    }
    if (!w->compact)
        jn_buf_append_char(w->b, ' ');
}

/* One step: the next member of the innermost container, or its end. */
static void step(struct writer *w)
{
    struct frame *f = &w->frames[w->depth - 1];
    if (f->next == f->len) {
        const char bracket = f->shape ? '}' : ']';
        w->depth--;
        new_line(w);
        jn_buf_append_char(w->b, bracket);
        return;
    }
    if (f->next)
        jn_buf_append_char(w->b, ',');
    new_line(w);
    uint32_t slot = f->next++;
    if (f->shape) {
        slot = jn_shape_slot(f->shape, slot);
        write_key(w, f->shape, slot);
    }
    write_value(w, f->members[slot]);
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
    while (w.depth && !w.failed && !b->failed)
        step(&w);
    if (b->failed)
        fail(&w, b->failed, b->failed == JN_LIMIT ? "the JSON text is longer than its limit" : "no memory for JSON text");
    if (w.failed)
        jn_buf_truncate(b, before);
    if (w.frames != w.at_hand)
        free(w.frames);
    return w.failed;
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
