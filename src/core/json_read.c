/* json_read.c - text -> value, in one pass and without recursion (RFC 8259).
 *
 * Members gather on a stack of values; the closing bracket copies those of its container into the arena, in one piece.
 * A frame per open container remembers where its members begin.  Strings without escapes and numbers stay in the text.
 *
 *     {"a":[1,2,      frames:  {        [
 *                     values:  ^ (a's)  ^ 1  2
 *
 * Most of a text goes through json_quick.c.  Here is the general way, one step at a time, which knows every case and
 * finds every mistake; the first one ends the reading, and its line and column are computed only then.
 *
 * Shapes.  Machine-made JSON repeats itself: a frame starts with the shape that was read last at the same site, and
 * compares each key with the one predicted.  A site is a place of the document without its array indices
 * (`orders[].customer.address`), hashed; a collision costs a wrong guess, nothing more.  A key that was not predicted
 * is read, looked up, and the shape extended; objects whose keys do not fit the table of shapes get a private one.
 *
 * Canonical spans.  `clean_from` is the place behind the last thing that the writer would write differently: white
 * space, 1.0, "\/", a duplicate key.  A container that begins at or after it is canonical when its end is reached. */
#include "core/json_reader.h"

enum { VALUES_AT_HAND = 256, FRAMES_AT_HAND = 32, DEFAULT_DEPTH = 10000 };

static inline struct jn_frame *innermost(const struct jn_reader *r)
{
    return &r->frames[r->depth];
}

static inline uint32_t count_members(const struct jn_reader *r, const struct jn_frame *f)
{
    return (uint32_t)(r->values + r->len - f->base);
}

static inline char closing_bracket(const struct jn_frame *f)
{
    return f->shape ? '}' : ']';
}

/* ---- the stacks ---------------------------------------------------------------------------------------------- */

static JN_APART bool grow_values(struct jn_reader *r)
{
    if (r->cap > UINT32_MAX / 2)
        return false;
    jn_value *values = jn_arena_alloc(r->src.a, (r->cap * (size_t)2 + JN_OVERCOPY) * sizeof *values);
    if (!values)
        return false;
    memcpy(values, r->values, r->len * sizeof *values);
    for (size_t i = 0; i <= r->depth; i++)
        r->frames[i].base = values + (r->frames[i].base - r->values);
    r->values = values;
    r->cap *= 2;
    return true;
}

static inline bool push_value(struct jn_reader *r, jn_value v)
{
    if (JN_UNLIKELY(r->len == r->cap) && !grow_values(r))
        return false;
    r->values[r->len++] = v;
    return true;
}

static JN_APART bool grow_frames(struct jn_reader *r)
{
    struct jn_frame *frames = jn_arena_alloc(r->src.a, r->frames_cap * 2 * sizeof *frames);
    if (!frames)
        return false;
    memcpy(frames, r->frames, r->frames_cap * sizeof *frames);
    r->frames = frames;
    r->frames_cap *= 2;
    return true;
}

static JN_APART const char *too_deep(struct jn_reader *r, const char *p)
{
    struct jn_source *s = &r->src;
    if (s->err && !s->err->status) {
        jn_fail(s->err, JN_LIMIT, "arrays and objects are nested deeper than %zu levels", r->max_depth);
        jn_error_place(s->err, (jn_str){ s->start, (size_t)(s->end - s->start) }, (size_t)(p - s->start));
    }
    s->failed = JN_LIMIT;
    return NULL;
}

static inline const char *skip_space(struct jn_reader *r, const char *p)
{
    return p < r->src.end && (unsigned char)*p <= ' ' ? jn_source_skip(&r->src, p) : p;
}

/* ---- sites and keys ------------------------------------------------------------------------------------------ */

/* Is `"name"` what stands at p?  Only for shapes that are plain: see map.h. */
static inline bool key_matches(const struct jn_key *k, const char *p, const char *end)
{
    const size_t n = k->name.len + 2;
#if JN_SSE2
    if (JN_LIKELY(n <= 16 && end - p >= 16)) {
        const __m128i same = _mm_cmpeq_epi8(jn_load16(p), jn_load16(k->name.data - 1));
        return (~(unsigned)_mm_movemask_epi8(same) & ((1u << n) - 1)) == 0;
    }
#endif
    return (size_t)(end - p) >= n && memcmp(p, k->name.data - 1, n) == 0;
}

/* Puts a key that is not in `f->shape` behind its first n keys. */
static bool add_key(struct jn_reader *r, struct jn_frame *f, jn_str key, uint32_t n)
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
static JN_APART const char *read_new_key(struct jn_reader *r, struct jn_frame *f, const char *p)
{
    jn_value key;
    if (p == r->src.end || *p != '"')
        return jn_source_expected(&r->src, p, "a key in double quotes");
    const char *const after = jn_source_string(&r->src, p, &key);
    if (!after)
        return NULL;
    const uint32_t n = count_members(r, f);
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

/* A key and its colon. */
static const char *read_key(struct jn_reader *r, const char *p)
{
    struct jn_frame *f = innermost(r);
    struct jn_shape *s = f->shape;
    const uint32_t n = count_members(r, f);
    if (n == s->len && s->child)
        s = s->child;               // beyond the prediction: as the last time that an object went on
    if (n < s->len && s->plain && key_matches(&s->keys[n], p, r->src.end)) {
        f->shape = s;
        p += s->keys[n].name.len + 2;
    } else if (!(p = read_new_key(r, f, p))) {
        return NULL;
    }
    p = skip_space(r, p);
    if (p == r->src.end || *p != ':')
        return jn_source_expected(&r->src, p, "':' after a key");
    r->stage = JN_AT_VALUE;
    return p + 1;
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static bool close_array(struct jn_reader *r, struct jn_frame *f, const char *after)
{
    const uint32_t n = count_members(r, f);
    struct jn_array *x = jn_array_new(r->src.a, n);
    if (!x)
        return false;
    x->len = n;
    x->span = f->start;
    x->span_len = (uint32_t)(after - f->start);
    x->canonical = f->start >= r->src.clean_from;
    if (n)
        memcpy(x->items, f->base, n * sizeof *x->items);
    r->len = (uint32_t)(f->base - r->values);
    r->depth--;
    return push_value(r, jn_array_value(x, 0));
}

static bool close_object(struct jn_reader *r, struct jn_frame *f, const char *after)
{
    const uint32_t n = count_members(r, f);
    struct jn_shape *shape = f->shape;
    if (shape->shared) {
        shape = jn_shape_prefix(shape, n);
        *jn_reader_site_entry(r, f->site) = shape;
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
        memcpy(o->values, f->base, n * sizeof *o->values);
    r->len = (uint32_t)(f->base - r->values);
    r->depth--;
    return push_value(r, jn_object_value(o));
}

/* p is at the closing bracket. */
static const char *close_container(struct jn_reader *r, const char *p)
{
    struct jn_frame *f = innermost(r);
    if (f->shape ? close_object(r, f, p + 1) : close_array(r, f, p + 1)) {
        r->stage = JN_AFTER_VALUE;
        return p + 1;
    }
    return jn_source_no_memory(&r->src);
}

static uint32_t site_here(const struct jn_reader *r)
{
    return jn_reader_site(innermost(r), count_members(r, innermost(r)));
}

/* What is asked of the value at hand. */
static const struct jn_demand *demand_here(const struct jn_reader *r)
{
    const struct jn_frame *f = innermost(r);
    if (!f->demand || !f->shape)
        return f->demand;
    const uint32_t slot = f->again ? f->again - 1 : count_members(r, f);
    return jn_demand_of(f->demand, f->shape->keys[slot].name);
}

/* Text with white space has to be written differently anyway: it is better read at once. */
const char *jn_reader_skip(struct jn_reader *r, const char *p, uint32_t site, jn_value *out)
{
    const char *after = r->src.end - p > 1 && p[1] == '"' ? jn_skip_object(r, p, site) : NULL;
    if (!after)
        return p;
    struct jn_object *o = jn_object_of(r->src.a, r->shapes->root);
    if (!o)
        return jn_source_no_memory(&r->src);
    o->span = p;
    o->span_len = (uint32_t)(after - p);
    o->canonical = p >= r->src.clean_from;
    o->unread = true;
    *out = jn_object_value(o);
    return after;
}

/* Leaves the object at p unread; p when it is to be read. */
static const char *skip_object(struct jn_reader *r, const char *p)
{
    if (r->len == r->cap && !grow_values(r))
        return jn_source_no_memory(&r->src);
    const char *after = jn_reader_skip(r, p, site_here(r), &r->values[r->len]);
    if (after && after != p) {
        r->len++;
        r->stage = JN_AFTER_VALUE;
    }
    return after;
}

/* Opens the container at p; whether it has members is seen in the next step. */
static const char *open_container(struct jn_reader *r, const char *p)
{
    const struct jn_demand *demand = demand_here(r);
    if (demand && demand->len == 0 && *p == '{' && r->depth && !r->is_plain) {
        const char *after = skip_object(r, p);
        if (after != p)
            return after;
    }
    if (r->depth == r->max_depth)
        return too_deep(r, p);
    if (r->depth + 1 == r->frames_cap && !grow_frames(r))
        return jn_source_no_memory(&r->src);
    struct jn_frame *outer = innermost(r), *f = outer + 1;
    *f = (struct jn_frame){ .start = p, .base = r->values + r->len, .site = site_here(r), .demand = demand };
    if (*p == '{') {
        struct jn_shape *last = *jn_reader_site_entry(r, f->site);
        f->shape = last ? last : outer->child ? outer->child : r->shapes->root;
    }
    r->depth++;
    r->stage = f->shape ? JN_AT_KEY : JN_AT_VALUE;
    return p + 1;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

static inline const char *read_string(struct jn_reader *r, const char *p, jn_value *out)
{
    const char *const stop = jn_scan_string(p + 1, r->src.end);
    if (JN_UNLIKELY(stop == r->src.end || *stop != '"'))
        return jn_source_string(&r->src, p, out);
    *out = jn_string((jn_str){ p + 1, (size_t)(stop - p - 1) }, JN_STR_ASCII | JN_STR_PLAIN);
    return stop + 1;
}

static inline const char *read_number(struct jn_reader *r, const char *p, jn_value *out)
{
    const char *after = jn_source_short_number(&r->src, p, out);
    return JN_LIKELY(after != NULL) ? after : jn_source_number(&r->src, p, out);
}

static inline const char *read_word(struct jn_reader *r, const char *p, jn_value *out)
{
    if (JN_LIKELY(r->src.end - p >= 5)) {
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
static inline const char *read_scalar(struct jn_reader *r, const char *p)
{
    if (JN_UNLIKELY(r->len == r->cap) && !grow_values(r))
        return jn_source_no_memory(&r->src);
    jn_value *const place = &r->values[r->len];
    if (JN_UNLIKELY(p == r->src.end))
        return jn_source_word(&r->src, p, place);
    if (*p == '"')
        p = read_string(r, p, place);
    else if (*p == '-' || (unsigned char)(*p - '0') < 10)
        p = read_number(r, p, place);
    else
        p = read_word(r, p, place);
    r->len++;
    r->stage = JN_AFTER_VALUE;
    return p;
}

/* The value of a duplicate key takes the place of the first one's. */
static void settle_duplicate(struct jn_reader *r, struct jn_frame *f)
{
    f->base[f->again - 1] = r->values[--r->len];
    f->again = 0;
}

static const char *no_member_follows(struct jn_reader *r, const char *p)
{
    return jn_source_expected(&r->src, p,
                              innermost(r)->shape ? "',' or '}' after a member" : "',' or ']' after a member");
}

/* A member is complete: goes behind its comma, or behind the container that ends here. */
static const char *after_member(struct jn_reader *r, const char *p)
{
    struct jn_frame *f = innermost(r);
    if (f->again)
        settle_duplicate(r, f);
    p = skip_space(r, p);
    if (p == r->src.end)
        return no_member_follows(r, p);
    if (*p == closing_bracket(f))
        return close_container(r, p);
    if (*p != ',')
        return no_member_follows(r, p);
    r->stage = f->shape ? JN_AT_KEY : JN_AT_VALUE;
    return p + 1;
}

/* Is p, where a closing bracket stands, behind a comma? */
static bool follows_comma(const struct jn_reader *r, const char *p)
{
    while (p > r->src.start && jn_is_space(p[-1]))
        p--;
    return p > r->src.start && p[-1] == ',';
}

/* Is p, where white space has been skipped, at the end of a container without members? */
static bool ends_empty(const struct jn_reader *r, const char *p)
{
    const struct jn_frame *f = innermost(r);
    return r->depth && count_members(r, f) == 0 && *p == closing_bracket(f) &&
           r->stage == (f->shape ? JN_AT_KEY : JN_AT_VALUE);
}

/* One step of the general way. */
static const char *step(struct jn_reader *r, const char *p)
{
    if (r->stage == JN_AFTER_VALUE)
        return after_member(r, p);
    p = skip_space(r, p);
    if (p < r->src.end && (*p == '}' || *p == ']')) {
        if (follows_comma(r, p))
            return jn_source_fail(&r->src, p, "expected another member after ',', found '%c'", *p);
        if (ends_empty(r, p))
            return close_container(r, p);
    }
    if (r->stage == JN_AT_KEY)
        return read_key(r, p);
    return p < r->src.end && (*p == '{' || *p == '[') ? open_container(r, p) : read_scalar(r, p);
}

/* Reads one value, with p at its first byte; returns the place behind it. */
static const char *read_value(struct jn_reader *r, const char *p)
{
    r->stage = JN_AT_VALUE;
    do {
        if (!r->is_plain)
            p = jn_read_quickly(r, p);
        if (p && (r->depth || r->stage != JN_AFTER_VALUE))
            p = step(r, p);
    } while (p && (r->depth || r->stage != JN_AFTER_VALUE));
    return p;
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

static const char *read_document(struct jn_reader *r, bool prefix)
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

    jn_value values[VALUES_AT_HAND + JN_OVERCOPY];
    struct jn_frame frames[FRAMES_AT_HAND];
    struct jn_reader r = { .values = values, .cap = VALUES_AT_HAND, .frames = frames, .frames_cap = FRAMES_AT_HAND };
    r.src = (struct jn_source){ .start = text.data, .end = text.data + text.len, .clean_from = text.data, .a = a,
                                .err = err };
    r.is_plain = opt->plain;
    r.max_depth = opt->max_depth ? opt->max_depth : DEFAULT_DEPTH;
    r.shapes = opt->shapes ? opt->shapes : jn_shapes_in(a, 0);
    frames[0] = (struct jn_frame){ .demand = opt->demand, .base = values, .site = 1 };
    frames[0].again = 1;        // keeps json_quick.c away
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
