/* json_quick.c - the usual way through JSON that a machine has written.
 *
 * Nine of ten members are a key that was predicted and a short string, a number or a word behind it.  This loop reads
 * those, and opens and closes containers, with what it needs in registers and without asking for the end of the text,
 * which is at least JN_QUICK_MARGIN bytes away.  At anything else it stops and leaves the step to json_read.c: keys
 * that were not predicted, stacks that are full, mistakes, the last bytes of the text.  So no mistake is found, and no
 * message written, here; whatever this loop accepts json_read.c would have accepted with the same outcome. */
#include "core/json_reader.h"
#include "core/json_window.h"

/* Everything is inlined into one function, so that the members of struct quick are registers. */
#define QUICK JN_INLINE

enum outcome { READ, FAILED, OTHER };

struct quick {
    const char *p;
    jn_value *top;                      /* behind the last value of the stack */
    const struct jn_key *key;           /* the one predicted next */
    const struct jn_key *keys_end;
    struct jn_frame *f;                 /* the innermost */
    struct jn_window w;
    const char *safe;
    jn_value *limit;                    /* of the stack of values */
    struct jn_frame *last_frame;        /* that can be opened */
    struct jn_reader *r;
};

/* Makes `f` the innermost frame, n keys of which are passed. */
static QUICK void enter_frame(struct quick *q, struct jn_frame *f, size_t n)
{
    const struct jn_shape *s = f->shape;
    q->f = f;
    if (!s)
        return;
    q->key = s->keys + n;
    q->keys_end = s->usual ? s->keys + s->len : q->key;
}

static inline size_t count_members(const struct quick *q, const struct jn_frame *f)
{
    return (size_t)(q->top - f->base);
}

/* Takes over from json_read.c: with a value ahead, its key is passed but no member yet. */
static QUICK struct quick take_over(struct jn_reader *r, const char *p)
{
    struct quick q = { .p = p, .r = r, .top = r->values + r->len, .safe = r->src.end - JN_QUICK_MARGIN,
                       .limit = r->values + r->cap };
    struct jn_frame *f = &r->frames[r->depth];
    q.last_frame = r->frames + (r->max_depth < r->frames_cap ? r->max_depth : r->frames_cap - 1);
    enter_frame(&q, f, count_members(&q, f) + (r->stage == JN_AT_VALUE));
    return q;
}

static QUICK const char *hand_back(struct quick *q, enum jn_stage stage)
{
    struct jn_reader *r = q->r;
    r->len = (uint32_t)(q->top - r->values);
    r->depth = (size_t)(q->f - r->frames);
    r->stage = stage;
    return q->p;
}

/* Behind the white space at p; p when there is none, or when what follows is near the end of the text. */
static JN_APART const char *skip_space(struct jn_reader *r, const char *p)
{
    if (r->src.end - p < JN_QUICK_MARGIN || (unsigned char)*p > ' ')
        return p;
    const char *after = jn_source_skip(&r->src, p);
    return r->src.end - after >= JN_QUICK_MARGIN ? after : p;
}

static QUICK bool skipped_space(struct quick *q)
{
    const char *before = q->p;
    q->p = skip_space(q->r, before);
    return q->p != before;
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static inline void move_members(jn_value *to, const jn_value *from, size_t n)
{
    for (const jn_value *end = to + n; to < end; to += 4, from += 4)
        memcpy(to, from, 4 * sizeof *to);
}

/* Room for a container and n members, and for what move_members() writes behind them; false: leave it to others. */
static QUICK bool room_for(struct quick *q, size_t head, size_t n, void **place)
{
    struct jn_arena *a = q->r->src.a;
    const size_t size = (head + n * sizeof(jn_value) + 15) & ~(size_t)15;
    if (JN_UNLIKELY((size_t)(a->end - a->at) < size + JN_OVERCOPY * sizeof(jn_value)))
        return false;
    *place = a->at;
    a->at += size;
    return true;
}

/* p is at the bracket; false: leave it to others. */
static QUICK bool close_array(struct quick *q)
{
    struct jn_frame *f = q->f;
    jn_value *base = f->base;
    const size_t n = (size_t)(q->top - base);
    void *place;
    if (JN_UNLIKELY(!room_for(q, sizeof(struct jn_array), n, &place)))
        return false;
    struct jn_array *x = place;
    q->p++;
    q->f--;
    jn_value *items = (jn_value *)(x + 1);
    *x = (struct jn_array){ .items = n ? items : NULL, .len = (uint32_t)n, .cap = (uint32_t)n, .span = f->start,
                            .span_len = (uint32_t)(q->p - f->start), .canonical = f->start >= q->r->src.clean_from };
    move_members(items, base, n);
    *base = jn_array_value(x, 0);
    q->top = base + 1;
    return true;
}

static QUICK bool close_object(struct quick *q)
{
    struct jn_frame *f = q->f;
    struct jn_reader *r = q->r;
    jn_value *base = f->base;
    const size_t n = (size_t)(q->top - base);
    struct jn_shape *shape = f->shape;
    void *place;
    if (JN_UNLIKELY(!shape->usual || !room_for(q, sizeof(struct jn_object), n, &place)))
        return false;
    if (JN_UNLIKELY(shape->len != n))
        shape = jn_shape_prefix(shape, (uint32_t)n);
    struct jn_object *o = place;
    q->p++;
    q->f--;
    struct jn_shape **entry = jn_reader_site_entry(r, f->site);
    if (*entry != shape)
        *entry = shape;
    f[-1].child = shape;
    jn_value *values = (jn_value *)(o + 1);
    *o = (struct jn_object){ .shape = shape, .values = n ? values : NULL, .cap = (uint32_t)n,
                             .span_len = (uint32_t)(q->p - f->start), .span = f->start,
                             .canonical = f->start >= r->src.clean_from };
    move_members(values, base, n);
    *base = jn_object_value(o);
    q->top = base + 1;
    return true;
}

/* What is asked of the value at p. */
static const struct jn_demand *demand_here(const struct quick *q)
{
    const struct jn_frame *f = q->f;
    return f->shape ? jn_demand_of(f->demand, q->key[-1].name) : f->demand;
}

static QUICK uint32_t site_here(const struct quick *q)
{
    return jn_reader_site(q->f, (uint32_t)(q->top - q->f->base));
}

/* Opens the container at p, of which `d` is asked; false: leave it to others. */
static QUICK bool open_container(struct quick *q, bool is_object, const struct jn_demand *d)
{
    struct jn_reader *r = q->r;
    struct jn_frame *outer = q->f, *f = outer + 1;
    if (JN_UNLIKELY(outer >= q->last_frame || q->p >= q->safe))
        return false;
    *f = (struct jn_frame){ .start = q->p, .base = q->top, .site = site_here(q), .demand = d };
    if (is_object) {
        struct jn_shape *last = *jn_reader_site_entry(r, f->site);
        f->shape = last ? last : outer->child ? outer->child : r->shapes->root;
    }
    q->p++;
    enter_frame(q, f, 0);
    return true;
}

/* Leaves the object at p unread if it can be; OTHER: it is to be read. */
static QUICK enum outcome skip_object(struct quick *q)
{
    const char *const p = q->p;
    q->r->depth = (size_t)(q->f - q->r->frames);
    q->p = jn_reader_skip(q->r, p, site_here(q), q->top);
    if (JN_UNLIKELY(!q->p))
        return FAILED;
    if (q->p == p)
        return OTHER;
    q->top++;
    jn_window_open(&q->w, q->p, q->r->src.end);
    return READ;
}

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static QUICK enum outcome read_string(struct quick *q)
{
    const char *const first = q->p + 1, *const stop = jn_window_special(&q->w, first, q->r->src.end);
    if (JN_UNLIKELY(!stop))
        return OTHER;
    if (JN_UNLIKELY(*stop != '"')) {
        q->p = jn_source_string(&q->r->src, q->p, q->top);
        q->top++;
        return q->p ? READ : FAILED;
    }
    *q->top = jn_string((jn_str){ first, (size_t)(stop - first) }, JN_STR_ASCII | JN_STR_PLAIN);
    q->top++;
    q->p = stop + 1;
    return READ;
}

static QUICK enum outcome read_number(struct quick *q)
{
    const char *end = jn_source_short_number(&q->r->src, q->p, q->top);
    if (JN_UNLIKELY(!end) && !(end = jn_source_number(&q->r->src, q->p, q->top)))
        return FAILED;
    q->top++;
    q->p = end;
    return READ;
}

static QUICK enum outcome read_word(struct quick *q)
{
    jn_value v = jn_null();
    size_t n = 4;
    if (memcmp(q->p, "true", 4) == 0)
        v = jn_boolean(true);
    else if (memcmp(q->p, "false", 5) == 0)
        n = 5, v = jn_boolean(false);
    else if (memcmp(q->p, "null", 4) != 0)
        return OTHER;
    *q->top++ = v;
    q->p += n;
    return READ;
}

static QUICK enum outcome read_scalar(struct quick *q)
{
    if (JN_UNLIKELY(q->top == q->limit))
        return OTHER;
    if (*q->p == '"')
        return read_string(q);
    if (*q->p == '-' || (unsigned char)(*q->p - '0') < 10)
        return read_number(q);
    if (*q->p == '{' || *q->p == '[')
        return OTHER;
    return read_word(q);
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

/* A key beyond the prediction: as the last time that an object went on. */
static QUICK bool predict_longer(struct quick *q)
{
    struct jn_shape *longer = q->f->shape->child;
    if (!longer || !longer->usual || !jn_key_follows(q->p, &longer->keys[longer->len - 1]))
        return false;
    q->f->shape = longer;
    q->keys_end = longer->keys + longer->len;
    q->key = q->keys_end - 1;
    return true;
}

static QUICK bool read_key(struct quick *q)
{
    if (JN_UNLIKELY(q->key == q->keys_end)) {
        if (!predict_longer(q))
            return false;
    } else if (JN_UNLIKELY(!jn_key_follows(q->p, q->key))) {
        return false;
    }
    q->p += q->key->name.len + 3;
    q->key++;
    return true;
}

/* A machine whose states are places in the code, so that each has branches of its own for the processor to learn; this
 * once, `goto` is what says it best.
 *
 *     array    item  --scalar-->  after_item    --','-->  item     --']'-->  close_array   --> closed
 *     object   key  --> value  --scalar-->  after_member  --','-->  key      --'}'-->  close_object  --> closed
 *     both     "{" or "[" in place of a scalar: other, which opens;  closed: after_item or after_member of the outer
 *
 * Whatever does not fit hands the reading back, in the stage that the state stands for. */
const char *jn_read_quickly(struct jn_reader *r, const char *p)
{
    if (r->src.end - p < JN_QUICK_MARGIN || r->frames[r->depth].again)
        return p;
    struct quick q = take_over(r, p);
    jn_window_open(&q.w, p, r->src.end);
    if (r->stage == JN_AFTER_VALUE)
        goto after;
    if (r->stage == JN_AT_KEY)
        goto key;
    if (q.f->shape)
        goto value;

item:
    switch (read_scalar(&q)) {
    case READ:
        break;
    case FAILED:
        return NULL;
    case OTHER:
        goto other;
    }
after_item:
    if (JN_UNLIKELY(q.p > q.safe))
        goto out_after;
    if (JN_LIKELY(*q.p == ',')) {
        q.p++;
        goto item;
    }
    if (JN_UNLIKELY(*q.p != ']')) {
        if (skipped_space(&q))
            goto after_item;
        goto out_after;
    }
close_array:
    if (JN_UNLIKELY(!close_array(&q)))
        goto out_after;
    goto closed;

key:
    if (JN_UNLIKELY(!read_key(&q))) {
        if (skipped_space(&q))
            goto key;
        return hand_back(&q, JN_AT_KEY);
    }
value:
    switch (read_scalar(&q)) {
    case READ:
        break;
    case FAILED:
        return NULL;
    case OTHER:
        goto other;
    }
after_member:
    if (JN_UNLIKELY(q.p > q.safe))
        goto out_after;
    if (JN_LIKELY(*q.p == ',')) {
        q.p++;
        goto key;
    }
    if (JN_UNLIKELY(*q.p != '}')) {
        if (skipped_space(&q))
            goto after_member;
        goto out_after;
    }
close_object:
    if (JN_UNLIKELY(!close_object(&q)))
        goto out_after;

closed:
    if (JN_UNLIKELY(q.f->again))
        goto out_after;
    enter_frame(&q, q.f, count_members(&q, q.f));
after:
    if (q.f->shape)
        goto after_member;
    goto after_item;

other:
    if (JN_UNLIKELY(q.top == q.limit))
        return hand_back(&q, JN_AT_VALUE);
    const struct jn_demand *d = JN_LIKELY(!q.f->demand) ? NULL : demand_here(&q);
    if (*q.p == '{') {
        if (d && d->len == 0 && q.f != q.r->frames) {
            const enum outcome skipped = skip_object(&q);
            if (skipped == FAILED)
                return NULL;
            if (skipped == READ)
                goto after;
        }
        if (JN_UNLIKELY(!open_container(&q, true, d)))
            return hand_back(&q, JN_AT_VALUE);
        if (JN_LIKELY(*q.p == '"'))
            goto key;
        skipped_space(&q);
        if (*q.p == '}')
            goto close_object;
        goto key;
    }
    if (*q.p == '[') {
        if (JN_UNLIKELY(!open_container(&q, false, d)))
            return hand_back(&q, JN_AT_VALUE);
        if (JN_UNLIKELY((unsigned char)*q.p <= ' '))
            skipped_space(&q);
        if (JN_UNLIKELY(*q.p == ']'))
            goto close_array;
        goto item;
    }
    if (skipped_space(&q)) {
        if (q.f->shape)
            goto value;
        goto item;
    }
    return hand_back(&q, JN_AT_VALUE);

out_after:
    return hand_back(&q, JN_AFTER_VALUE);
}
