/* json_read.c - text -> value, in one pass and without recursion (RFC 8259).
 *
 * Members gather on a stack of values; the closing bracket copies those of its container into the arena, in one piece.
 * A frame per open container remembers where its members begin.  Strings without escapes and numbers stay in the text.
 *
 *     {"a":[1,2,      frames:  {        [
 *                     values:  ^ (a's)  ^ 1  2
 *
 * Shapes.  Machine-made JSON repeats itself: a frame starts with the shape that was read last at the same site, and
 * compares each key with the one predicted, quotes included, in a few instructions.  A site is a place of the document
 * without its array indices (`orders[].customer.address`), hashed; a collision costs a wrong guess, nothing more.
 * A key that was not predicted is read, looked up, and the shape extended; objects whose keys do not fit the table of
 * shapes get a private one.
 *
 * Canonical spans.  `clean_from` is the place behind the last thing that the writer would write differently: white
 * space, 1.0, "\/", a duplicate key.  A container that begins at or after it is canonical when its end is reached.
 *
 * The first mistake ends the reading; its line and column are computed only then. */
#include "core/json_source.h"
#include "core/map.h"

enum { VALUES_AT_HAND = 256, FRAMES_AT_HAND = 32, DEFAULT_DEPTH = 10000 };

struct frame {
    const char *start;          /* the opening bracket */
    struct jn_shape *shape;     /* objects: its first keys are those read so far; arrays: NULL */
    struct jn_shape *child;     /* of the latest member that was an object with a shared shape */
    uint32_t base;              /* where its members begin among the values */
    uint32_t site;
    uint32_t again;             /* slot + 1 of the duplicate key whose value is being read, or 0 */
};

struct reader {
    struct jn_source src;
    jn_value *values;
    uint32_t len, cap;          /* of values */
    struct frame *frames;       /* frames[0] stands for the document */
    size_t depth, max_depth, frames_cap;
    struct jn_shapes *shapes;
};

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define APART __attribute__((noinline))     /* keeps what is rarely done out of what is always done */

static inline struct frame *innermost(const struct reader *r)
{
    return &r->frames[r->depth];
}

static inline char closing_bracket(const struct frame *f)
{
    return f->shape ? '}' : ']';
}

/* ---- the stacks ---------------------------------------------------------------------------------------------- */

static APART bool grow_values(struct reader *r)
{
    jn_value *values = r->cap > UINT32_MAX / 2 ? NULL : jn_arena_alloc(r->src.a, r->cap * (size_t)2 * sizeof *values);
    if (!values)
        return false;
    memcpy(values, r->values, r->len * sizeof *values);
    r->values = values;
    r->cap *= 2;
    return true;
}

static inline bool push_value(struct reader *r, jn_value v)
{
    if (UNLIKELY(r->len == r->cap) && !grow_values(r))
        return false;
    r->values[r->len++] = v;
    return true;
}

static APART bool grow_frames(struct reader *r)
{
    struct frame *frames = jn_arena_alloc(r->src.a, r->frames_cap * 2 * sizeof *frames);
    if (!frames)
        return false;
    memcpy(frames, r->frames, r->frames_cap * sizeof *frames);
    r->frames = frames;
    r->frames_cap *= 2;
    return true;
}

static APART const char *too_deep(struct reader *r, const char *p)
{
    struct jn_source *s = &r->src;
    if (s->err && !s->err->status) {
        jn_fail(s->err, JN_LIMIT, "arrays and objects are nested deeper than %zu levels", r->max_depth);
        jn_error_place(s->err, (jn_str){ s->start, (size_t)(s->end - s->start) }, (size_t)(p - s->start));
    }
    s->failed = JN_LIMIT;
    return NULL;
}

static inline const char *skip_space(struct reader *r, const char *p)
{
    return p < r->src.end && (unsigned char)*p <= ' ' ? jn_source_skip(&r->src, p) : p;
}

/* ---- sites and keys ------------------------------------------------------------------------------------------ */

static uint32_t site_of_child(const struct reader *r, const struct frame *f)
{
    // Members of an array share a site, and so do those of a private shape, whose keys are rather data than names.
    const uint32_t which = f->shape && f->shape->shared ? r->len - f->base + 1 : 0;
    const uint32_t mixed = (f->site ^ which) * UINT32_C(0x9e3779b1);
    return mixed ^ mixed >> 15;
}

static struct jn_shape **site_entry(const struct reader *r, uint32_t site)
{
    return &r->shapes->sites[site % JN_SHAPE_SITES];
}

/* Is `"name"` what stands at p?  Only for shapes that are plain: see map.h. */
static inline bool key_matches(const struct jn_key *k, const char *p, const char *end)
{
    const size_t n = k->name.len + 2;
#if JN_SSE2
    if (LIKELY(n <= 16 && end - p >= 16)) {
        const __m128i same = _mm_cmpeq_epi8(jn_load16(p), jn_load16(k->name.data - 1));
        return (~(unsigned)_mm_movemask_epi8(same) & ((1u << n) - 1)) == 0;
    }
#endif
    return (size_t)(end - p) >= n && memcmp(p, k->name.data - 1, n) == 0;
}

/* Puts a key that is not in `f->shape` behind its first n keys. */
static bool add_key(struct reader *r, struct frame *f, jn_str key, uint32_t n)
{
    struct jn_arena *a = r->src.a;
    if (f->shape->shared) {
        struct jn_shape *longer = jn_shapes_extend(r->shapes, f->shape, key);
        if (longer) {
            f->shape = longer;
            return true;
        }
        struct jn_shape *own = jn_shape_private(a, f->shape, n, n * 2 + 4);
        if (!own)
            return false;
        f->shape = own;
    }
    return jn_shape_add(a, f->shape, key, jn_hash(key));
}

/* A key that was not predicted. */
static APART const char *read_new_key(struct reader *r, struct frame *f, const char *p)
{
    jn_value key;
    if (p == r->src.end || *p != '"')
        return jn_source_expected(&r->src, p, "a key in double quotes");
    const char *const after = jn_source_string(&r->src, p, &key);
    if (!after)
        return NULL;
    const uint32_t n = r->len - f->base;
    if (f->shape->shared)
        f->shape = jn_shape_prefix(f->shape, n);
    const int slot = jn_shape_find(f->shape, jn_text(key));
    if (slot >= 0) {
        f->again = (uint32_t)slot + 1;
        jn_source_spoil(&r->src, p);
    } else if (!add_key(r, f, jn_text(key), n)) {
        return jn_source_no_memory(&r->src);
    }
    return after;
}

/* Reads a key and its colon; p is at the key, the result at the value. */
static inline const char *read_key(struct reader *r, const char *p)
{
    struct frame *f = innermost(r);
    struct jn_shape *s = f->shape;
    const uint32_t n = r->len - f->base;
    if (UNLIKELY(n == s->len) && s->child)
        s = s->child;               // beyond the prediction: as the last time that an object went on
    if (LIKELY(n < s->len && s->plain) && LIKELY(key_matches(&s->keys[n], p, r->src.end))) {
        f->shape = s;
        p += s->keys[n].name.len + 2;
    } else if (!(p = read_new_key(r, f, p))) {
        return NULL;
    }
    p = skip_space(r, p);
    if (UNLIKELY(p == r->src.end || *p != ':'))
        return jn_source_expected(&r->src, p, "':' after a key");
    return skip_space(r, p + 1);
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static bool close_array(struct reader *r, struct frame *f, const char *after)
{
    const uint32_t n = r->len - f->base;
    struct jn_array *x = jn_array_new(r->src.a, n);
    if (!x)
        return false;
    x->len = n;
    x->span = f->start;
    x->span_len = (uint32_t)(after - f->start);
    x->canonical = f->start >= r->src.clean_from;
    if (n)
        memcpy(x->items, r->values + f->base, n * sizeof *x->items);
    r->len = f->base;
    r->depth--;
    return push_value(r, jn_array_value(x, 0));
}

static bool close_object(struct reader *r, struct frame *f, const char *after)
{
    const uint32_t n = r->len - f->base;
    struct jn_shape *shape = f->shape;
    if (shape->shared) {
        shape = jn_shape_prefix(shape, n);
        *site_entry(r, f->site) = shape;
        f[-1].child = shape;
    }
    struct jn_object *o = jn_object_of(r->src.a, shape);
    if (!o)
        return false;
    o->span = f->start;
    o->span_len = (uint32_t)(after - f->start);
    o->canonical = f->start >= r->src.clean_from && !shape->order;
    if (shape->order)
        jn_source_spoil(&r->src, f->start);
    if (n)
        memcpy(o->values, r->values + f->base, n * sizeof *o->values);
    r->len = f->base;
    r->depth--;
    return push_value(r, jn_object_value(o));
}

/* p is at the closing bracket. */
static const char *close_container(struct reader *r, const char *p)
{
    struct frame *f = innermost(r);
    if (f->shape ? close_object(r, f, p + 1) : close_array(r, f, p + 1))
        return p + 1;
    return jn_source_no_memory(&r->src);
}

/* Opens the container at p.  The result is at its first member's value; or, if there is none, behind the container,
 * which has been closed again (*done). */
static const char *open_container(struct reader *r, const char *p, bool *done)
{
    if (UNLIKELY(r->depth == r->max_depth))
        return too_deep(r, p);
    if (UNLIKELY(r->depth + 1 == r->frames_cap) && !grow_frames(r))
        return jn_source_no_memory(&r->src);
    struct frame *outer = innermost(r), *f = outer + 1;
    *f = (struct frame){ .start = p, .base = r->len, .site = site_of_child(r, outer) };
    if (*p == '{') {
        struct jn_shape *last = *site_entry(r, f->site);
        f->shape = last ? last : outer->child ? outer->child : r->shapes->root;
    }
    r->depth++;
    p = skip_space(r, p + 1);
    *done = p < r->src.end && *p == closing_bracket(f);
    if (*done)
        return close_container(r, p);
    return f->shape ? read_key(r, p) : p;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

static inline const char *read_string(struct reader *r, const char *p, jn_value *out)
{
    const char *const stop = jn_scan_string(p + 1, r->src.end);
    if (UNLIKELY(stop == r->src.end || *stop != '"'))
        return jn_source_string(&r->src, p, out);
    *out = jn_string((jn_str){ p + 1, (size_t)(stop - p - 1) }, JN_STR_ASCII | JN_STR_PLAIN);
    return stop + 1;
}

static inline const char *read_number(struct reader *r, const char *p, jn_value *out)
{
    const char *after = jn_source_short_number(&r->src, p, out);
    return LIKELY(after != NULL) ? after : jn_source_number(&r->src, p, out);
}

static inline const char *read_word(struct reader *r, const char *p, jn_value *out)
{
    if (LIKELY(r->src.end - p >= 5)) {
        if (memcmp(p, "true", 4) == 0) {
            *out = jn_boolean(true);
            return p + 4;
        }
        if (memcmp(p, "null", 4) == 0) {
            *out = jn_null();
            return p + 4;
        }
        if (memcmp(p, "false", 5) == 0) {
            *out = jn_boolean(false);
            return p + 5;
        }
    }
    return jn_source_word(&r->src, p, out);
}

/* Scalars are built where they are to stay: copying 16 bytes right after storing them in parts stalls the processor. */
static inline const char *read_scalar(struct reader *r, const char *p)
{
    if (UNLIKELY(r->len == r->cap) && !grow_values(r))
        return jn_source_no_memory(&r->src);
    jn_value *const place = &r->values[r->len];
    if (UNLIKELY(p == r->src.end))
        return jn_source_word(&r->src, p, place);
    if (*p == '"')
        p = read_string(r, p, place);
    else if (*p == '-' || (unsigned char)(*p - '0') < 10)
        p = read_number(r, p, place);
    else
        p = read_word(r, p, place);
    r->len++;
    return p;
}

/* The value of a duplicate key takes the place of the first one's. */
static void settle_duplicate(struct reader *r, struct frame *f)
{
    r->values[f->base + f->again - 1] = r->values[--r->len];
    f->again = 0;
}

/* What follows a member: ',' and the next one (the result is at its value), or nothing of the kind (the result is where
 * it was). */
static const char *after_comma(struct reader *r, const char *p)
{
    const struct frame *f = innermost(r);
    p = skip_space(r, p);
    if (p < r->src.end && (*p == '}' || *p == ']'))
        return jn_source_fail(&r->src, p, "expected another member after ',', found '%c'", *p);
    return f->shape ? read_key(r, p) : p;
}

static const char *no_member_follows(struct reader *r, const char *p)
{
    return jn_source_expected(&r->src, p,
                              innermost(r)->shape ? "',' or '}' after a member" : "',' or ']' after a member");
}

/* A member is complete.  Closes containers until one goes on, or until the document's value is complete (depth 0). */
static inline const char *after_member(struct reader *r, const char *p)
{
    while (r->depth) {
        struct frame *f = innermost(r);
        if (UNLIKELY(f->again))
            settle_duplicate(r, f);
        p = skip_space(r, p);
        if (UNLIKELY(p == r->src.end))
            return no_member_follows(r, p);
        if (LIKELY(*p == ','))
            return after_comma(r, p + 1);
        if (UNLIKELY(*p != closing_bracket(f)))
            return no_member_follows(r, p);
        if (!(p = close_container(r, p)))
            return NULL;
    }
    return p;
}

/* Reads one value, with p at its first byte; returns the place behind it. */
static const char *read_value(struct reader *r, const char *p)
{
    for (;;) {
        bool done = true;
        if (p < r->src.end && (*p == '{' || *p == '['))
            p = open_container(r, p, &done);
        else
            p = read_scalar(r, p);
        if (UNLIKELY(!p))
            return NULL;
        if (!done)
            continue;
        if (UNLIKELY(!(p = after_member(r, p))))
            return NULL;
        if (r->depth == 0)
            return p;
    }
}

/* A number is over where its grammar says; but "1x" and "01" are mistakes even where another value may follow. */
static bool ends_badly(const char *p, const char *end, jn_value v)
{
    if (!jn_is(v, JN_NUMBER) || p == end)
        return false;
    const unsigned char c = (unsigned char)*p, letter = c | 0x20;
    return c >= 0x80 || (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '+' || c == '-';
}

static const char *read_document(struct reader *r, bool prefix)
{
    struct jn_source *s = &r->src;
    const char *p = skip_space(r, s->start);
    if (s->end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        return jn_source_fail(s, p, "a byte order mark (U+FEFF) is not allowed in JSON; remove the first three bytes");
    p = read_value(r, p);
    if (!p)
        return NULL;
    if (prefix && ends_badly(p, s->end, r->values[0]))
        return jn_source_expected(s, p, "white space or the end of the text after a number");
    p = skip_space(r, p);
    if (!prefix && p != s->end)
        return jn_source_expected(s, p, "the end of the text after the value");
    return p;
}

/* ---- json.h -------------------------------------------------------------------------------------------------- */

static enum jn_status check_size(jn_str text, const struct jn_read_options *opt, struct jn_error *err)
{
    const size_t most = opt->max_bytes && opt->max_bytes < UINT32_MAX ? opt->max_bytes : UINT32_MAX;
    if (text.len <= most)
        return JN_OK;
    return jn_fail(err, JN_LIMIT, "the JSON text has %zu bytes; the limit is %zu", text.len, most);
}

enum jn_status jn_read(struct jn_arena *a, jn_str text, const struct jn_read_options *opt,
                       jn_value *out, size_t *used, struct jn_error *err)
{
    static const struct jn_read_options usual;
    if (!opt)
        opt = &usual;
    enum jn_status refused = check_size(text, opt, err);
    if (refused)
        return refused;
    if (!text.data)
        text = JN_STR("");

    jn_value values[VALUES_AT_HAND];
    struct frame frames[FRAMES_AT_HAND];
    struct reader r = { .values = values, .cap = VALUES_AT_HAND, .frames = frames, .frames_cap = FRAMES_AT_HAND };
    r.src = (struct jn_source){ .start = text.data, .end = text.data + text.len, .clean_from = text.data, .a = a,
                                .err = err };
    r.max_depth = opt->max_depth ? opt->max_depth : DEFAULT_DEPTH;
    r.shapes = opt->shapes ? opt->shapes : jn_shapes_in(a, 0);
    frames[0] = (struct frame){ .site = 1 };
    if (!r.shapes) {
        jn_source_no_memory(&r.src);
        return r.src.failed;
    }
    const char *after = read_document(&r, opt->prefix);
    if (!after)
        return r.src.failed;
    *out = r.values[0];
    if (used)
        *used = (size_t)(after - text.data);
    return JN_OK;
}
