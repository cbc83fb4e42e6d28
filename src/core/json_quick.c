/* json_quick.c - the usual way through JSON that a machine has written.
 *
 * Nine of ten members are a key that was predicted and a short string, a number or a word behind it.  This loop reads
 * those, and opens and closes containers, with what it needs in registers and without asking for the end of the text,
 * which is at least JN_QUICK_MARGIN bytes away.  At anything else it stops and leaves the step to json_read.c: keys that
 * were not predicted, stacks that are full, mistakes, the last bytes of the text.  So no mistake is found, and no
 * message written, here; whatever this loop accepts json_read.c would have accepted with the same outcome. */
#include "core/json_reader.h"

struct quick {
    const char *p;
    jn_value *top;                      /* behind the last value of the stack */
    struct jn_frame *f;                 /* the innermost */
    const struct jn_key *key;           /* the one predicted next; NULL in an array */
    const struct jn_key *keys_end;
    struct jn_reader *r;
};

/* A key longer than that is left to json_read.c. */
enum { LONGEST_KEY = JN_KEY_PAD - 3 };

/* Is `"name":` what stands at p? */
static inline bool same_key(const char *p, const struct jn_key *k)
{
    const char *const text = k->name.data - 1;
    const size_t n = k->name.len + 3;
#if JN_SSE2
    if (JN_LIKELY(n <= 16)) {
        const unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(jn_load16(p), jn_load16(text)));
        return (~same & ((1u << n) - 1)) == 0;
    }
    if (JN_UNLIKELY(n > JN_KEY_PAD))
        return false;
    const __m128i a = _mm_cmpeq_epi8(jn_load16(p), jn_load16(text));
    const __m128i b = _mm_cmpeq_epi8(jn_load16(p + 16), jn_load16(text + 16));
    const unsigned same = (unsigned)_mm_movemask_epi8(a) | (unsigned)_mm_movemask_epi8(b) << 16;
    return (~same & (UINT32_MAX >> (32 - n))) == 0;
#else
    return n <= JN_KEY_PAD && memcmp(p, text, n) == 0;
#endif
}

/* Makes `f` the innermost frame, n keys of which are passed. */
static inline void enter_frame(struct quick *q, struct jn_frame *f, size_t n)
{
    const struct jn_shape *s = f->shape;
    q->f = f;
    q->key = q->keys_end = NULL;
    if (!s)
        return;
    q->key = s->keys + n;
    q->keys_end = s->plain && s->shared ? s->keys + s->len : q->key;
}

static inline size_t count_members(const struct quick *q, const struct jn_frame *f)
{
    return (size_t)(q->top - q->r->values) - f->base;
}

/* Takes over from json_read.c: with a value ahead, its key is passed but no member yet. */
static inline struct quick take_over(struct jn_reader *r, const char *p)
{
    struct quick q = { .p = p, .r = r, .top = r->values + r->len };
    struct jn_frame *f = &r->frames[r->depth];
    enter_frame(&q, f, count_members(&q, f) + (r->stage == JN_AT_VALUE));
    return q;
}

static inline const char *hand_back(struct quick *q, enum jn_stage stage)
{
    struct jn_reader *r = q->r;
    r->len = (uint32_t)(q->top - r->values);
    r->depth = (size_t)(q->f - r->frames);
    r->stage = stage;
    return q->p;
}

static inline bool skip_space(struct quick *q)
{
    if ((unsigned char)*q->p > ' ')
        return false;
    const char *p = jn_source_skip(&q->r->src, q->p);
    const bool some = p != q->p;
    q->p = p;
    return some;
}

/* Members from `from` on up to q->top, to the container's own place. */
static inline void move_members(jn_value *to, const jn_value *from, size_t n)
{
    for (const jn_value *end = to + n; to < end; to += 4, from += 4)
        memcpy(to, from, 4 * sizeof *to);
}

/* Room for a container and n members, and for what move_members() writes behind them; NULL: leave it to others. */
static inline void *place_for(struct quick *q, size_t head, size_t n)
{
    struct jn_arena *a = q->r->src.a;
    const size_t size = (head + n * sizeof(jn_value) + 15) & ~(size_t)15;
    if (JN_UNLIKELY((size_t)(a->end - a->at) < size + JN_OVERCOPY * sizeof(jn_value)))
        return NULL;
    void *place = a->at;
    a->at += size;
    return place;
}

static inline bool close_array(struct quick *q)
{
    struct jn_frame *f = q->f;
    jn_value *base = q->r->values + f->base;
    const size_t n = (size_t)(q->top - base);
    struct jn_array *x = place_for(q, sizeof *x, n);
    if (JN_UNLIKELY(!x))
        return false;
    jn_value *items = (jn_value *)(x + 1);
    *x = (struct jn_array){ .items = n ? items : NULL, .len = (uint32_t)n, .cap = (uint32_t)n, .span = f->start,
                            .span_len = (uint32_t)(q->p + 1 - f->start), .canonical = f->start >= q->r->src.clean_from };
    move_members(items, base, n);
    *base = jn_array_value(x, 0);
    q->top = base + 1;
    return true;
}

static inline bool close_object(struct quick *q)
{
    struct jn_frame *f = q->f;
    struct jn_reader *r = q->r;
    jn_value *base = r->values + f->base;
    const size_t n = (size_t)(q->top - base);
    struct jn_shape *shape = f->shape;
    if (JN_UNLIKELY(!shape->shared))
        return false;
    if (JN_UNLIKELY(shape->len != n))
        shape = jn_shape_prefix(shape, (uint32_t)n);
    if (JN_UNLIKELY(shape->order))
        return false;
    struct jn_object *o = place_for(q, sizeof *o, n);
    if (JN_UNLIKELY(!o))
        return false;
    struct jn_shape **entry = jn_reader_site_entry(r, f->site);
    if (*entry != shape)
        *entry = shape;
    f[-1].child = shape;
    jn_value *values = (jn_value *)(o + 1);
    *o = (struct jn_object){ .shape = shape, .values = n ? values : NULL, .cap = (uint32_t)n,
                             .span_len = (uint32_t)(q->p + 1 - f->start), .span = f->start,
                             .canonical = f->start >= r->src.clean_from };
    move_members(values, base, n);
    *base = jn_object_value(o);
    q->top = base + 1;
    return true;
}

/* p is at a bracket.  False when it does not close the innermost container, or not in the usual way. */
static inline bool close_container(struct quick *q)
{
    struct jn_frame *f = q->f;
    if (JN_UNLIKELY(f == q->r->frames))
        return false;
    if (q->key ? *q->p != '}' || !close_object(q) : *q->p != ']' || !close_array(q))
        return false;
    q->p++;
    q->f = f - 1;
    return true;
}

static inline bool open_container(struct quick *q, bool is_object, const char *safe)
{
    struct jn_reader *r = q->r;
    struct jn_frame *outer = q->f, *f = outer + 1;
    const size_t depth = (size_t)(f - r->frames);
    if (JN_UNLIKELY(depth >= r->frames_cap || depth > r->max_depth || q->p >= safe))
        return false;
    const uint32_t n = (uint32_t)(q->top - r->values) - outer->base;
    *f = (struct jn_frame){ .start = q->p, .base = (uint32_t)(q->top - r->values), .site = jn_reader_site(outer, n) };
    if (is_object) {
        struct jn_shape *last = *jn_reader_site_entry(r, f->site);
        f->shape = last ? last : outer->child ? outer->child : r->shapes->root;
    }
    q->p++;
    enter_frame(q, f, 0);
    return true;
}

/* The string at p; false: leave it to others (a failed one too: p is NULL then). */
static inline bool read_string(struct quick *q, const char *safe)
{
    const char *first = q->p + 1, *at = first;
#if JN_SSE2
    unsigned mask;
    while (JN_UNLIKELY((mask = jn_mask_string(jn_load16(at))) == 0)) {
        at += 16;
        if (JN_UNLIKELY(at > safe))
            return false;
    }
    at += __builtin_ctz(mask);
#else
    at = jn_scan_string(at, safe);
#endif
    if (JN_LIKELY(*at == '"')) {
        *q->top = jn_string((jn_str){ first, (size_t)(at - first) }, JN_STR_ASCII | JN_STR_PLAIN);
        q->p = at + 1;
    } else {
        q->p = jn_source_string(&q->r->src, q->p, q->top);
    }
    q->top++;
    return true;
}

static inline bool read_word(struct quick *q)
{
    if (memcmp(q->p, "true", 4) == 0) {
        *q->top++ = jn_boolean(true);
        q->p += 4;
        return true;
    }
    if (memcmp(q->p, "null", 4) == 0) {
        *q->top++ = jn_null();
        q->p += 4;
        return true;
    }
    if (memcmp(q->p, "false", 5) == 0) {
        *q->top++ = jn_boolean(false);
        q->p += 5;
        return true;
    }
    return false;
}

const char *jn_read_quickly(struct jn_reader *r, const char *p)
{
    if (r->src.end - p < JN_QUICK_MARGIN || r->frames[r->depth].again)
        return p;
    const char *const safe = r->src.end - JN_QUICK_MARGIN;
    struct quick q = take_over(r, p);
    const jn_value *limit = r->values + r->cap;
    if (r->stage == JN_AFTER_VALUE)
        goto after;
    if (r->stage == JN_AT_KEY)
        goto key;

value:
    if (JN_UNLIKELY(q.top == limit))
        return hand_back(&q, JN_AT_VALUE);
    if (*q.p == '"') {
        if (JN_UNLIKELY(!read_string(&q, safe)))
            return hand_back(&q, JN_AT_VALUE);
        if (JN_UNLIKELY(!q.p))
            return NULL;
    } else if (*q.p == '-' || (unsigned char)(*q.p - '0') < 10) {
        const char *end = jn_source_short_number(&r->src, q.p, q.top);
        if (JN_UNLIKELY(!end) && !(end = jn_source_number(&r->src, q.p, q.top)))
            return NULL;
        q.top++;
        q.p = end;
    } else if (*q.p == '{') {
        if (JN_UNLIKELY(!open_container(&q, true, safe)))
            return hand_back(&q, JN_AT_VALUE);
        if (JN_LIKELY(*q.p == '"'))
            goto key;
        if (JN_UNLIKELY(*q.p != '}'))
            return hand_back(&q, JN_AT_KEY);
        goto closing;
    } else if (*q.p == '[') {
        if (JN_UNLIKELY(!open_container(&q, false, safe)))
            return hand_back(&q, JN_AT_VALUE);
        if (JN_UNLIKELY(*q.p == ']'))
            goto closing;
        goto value;
    } else if (JN_UNLIKELY(!read_word(&q))) {
        if (q.p <= safe && skip_space(&q) && q.p <= safe)
            goto value;
        return hand_back(&q, JN_AT_VALUE);
    }

after:
    if (JN_UNLIKELY(q.p > safe))
        return hand_back(&q, JN_AFTER_VALUE);
    if (JN_LIKELY(*q.p == ',')) {
        q.p++;
        if (q.key)
            goto key;
        goto value;
    }
closing:
    if (JN_LIKELY(close_container(&q))) {
        enter_frame(&q, q.f, count_members(&q, q.f));
        if (JN_LIKELY(!q.f->again))
            goto after;
        return hand_back(&q, JN_AFTER_VALUE);
    }
    if (q.p <= safe && skip_space(&q) && q.p <= safe)
        goto after;
    return hand_back(&q, JN_AFTER_VALUE);

key:
    if (JN_UNLIKELY(q.key == q.keys_end)) {
        struct jn_shape *longer = q.f->shape->child;
        if (!longer || !longer->plain)
            return hand_back(&q, JN_AT_KEY);
        q.key = longer->keys + longer->len - 1;
        q.keys_end = q.key + 1;
        if (!same_key(q.p, q.key)) {
            q.keys_end = q.key;
            if (q.p <= safe && skip_space(&q) && q.p <= safe)
                goto key;
            return hand_back(&q, JN_AT_KEY);
        }
        q.f->shape = longer;
    } else if (JN_UNLIKELY(!same_key(q.p, q.key))) {
        if (q.p <= safe && skip_space(&q) && q.p <= safe)
            goto key;
        return hand_back(&q, JN_AT_KEY);
    }
    q.p += q.key->name.len + 3;
    q.key++;
    goto value;
}
