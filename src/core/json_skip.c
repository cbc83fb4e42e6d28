/* json_skip.c - validating an object without building it.
 *
 * Keys are compared with the shapes that were read at the same sites before, which have no duplicates and keep their
 * order when they are written; so the object is canonical when nothing in it spoils it.  What is not usual is not
 * skipped but read like everything else: keys that were not predicted, deep nesting, mistakes. */
#include "core/json_window.h"

enum { DEEPEST = 64 };

struct level {
    const struct jn_key *key, *keys_end;    /* predicted next; objects only */
    struct jn_shape *shape;
    uint32_t site;
    bool is_object;
};

struct skip {
    const char *p, *end;
    struct jn_window w;
    struct level *top;          /* the innermost container */
    struct jn_reader *r;
    struct level *last;         /* that may be opened */
};

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static JN_INLINE bool skip_string(struct skip *s)
{
    const char *const stop = jn_window_special(&s->w, s->p + 1, s->end);
    if (JN_LIKELY(stop && *stop == '"')) {
        s->p = stop + 1;
        return true;
    }
    const char *after = jn_source_check_string(&s->r->src, s->p);
    if (after)
        s->p = after;
    return after != NULL;
}

static JN_INLINE bool skip_number(struct skip *s)
{
    jn_value v;
    const char *after = jn_source_short_number(&s->r->src, s->p, &v);
    if (JN_UNLIKELY(!after))
        after = jn_source_number(&s->r->src, s->p, &v);
    if (after)
        s->p = after;
    return after != NULL;
}

static JN_INLINE bool skip_word(struct skip *s)
{
    if (JN_UNLIKELY(s->end - s->p < 5))
        return false;
    if (memcmp(s->p, "true", 4) == 0 || memcmp(s->p, "null", 4) == 0)
        s->p += 4;
    else if (memcmp(s->p, "false", 5) == 0)
        s->p += 5;
    else
        return false;
    return true;
}

/* The first byte that is not white space; NUL at the end of the text. */
static JN_INLINE char next_byte(struct skip *s)
{
    if (JN_UNLIKELY(s->p >= s->end))
        return '\0';
    if (JN_UNLIKELY((unsigned char)*s->p <= ' ')) {
        s->p = jn_source_skip(&s->r->src, s->p);
        return s->p < s->end ? *s->p : '\0';
    }
    return *s->p;
}

/* ---- containers and keys ------------------------------------------------------------------------------------- */

/* Members of an array share a site: see json_read.c. */
static JN_INLINE uint32_t site_below(const struct level *l)
{
    const uint32_t which = l->is_object ? (uint32_t)(l->key - l->shape->keys) : 0;
    return jn_reader_mix(l->site, which);
}

static JN_INLINE bool open_container(struct skip *s, bool is_object, uint32_t site)
{
    if (JN_UNLIKELY(s->top == s->last))
        return false;
    struct level *l = s->top + 1;
    l->is_object = is_object;
    l->site = site;
    if (is_object) {
        l->shape = *jn_reader_site_entry(s->r, site);
        if (JN_UNLIKELY(!l->shape || !l->shape->usual))
            return false;
        l->key = l->shape->keys;
        l->keys_end = l->key + l->shape->len;
    }
    s->top = l;
    s->p++;
    return true;
}

/* An object that has ended before its prediction is predicted so the next time. */
static JN_INLINE void close_object(struct skip *s)
{
    struct level *l = s->top;
    if (JN_UNLIKELY(l->key != l->keys_end))
        *jn_reader_site_entry(s->r, l->site) = jn_shape_prefix(l->shape, (uint32_t)(l->key - l->shape->keys));
}

static JN_INLINE bool skip_key(struct skip *s)
{
    struct level *l = s->top;
    if (JN_UNLIKELY(l->key == l->keys_end || s->end - s->p < JN_KEY_PAD || !jn_key_follows(s->p, l->key)))
        return false;
    s->p += l->key->name.len + 3;
    l->key++;
    return true;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

/* States as in json_quick.c, for objects and arrays alike. */
const char *jn_skip_object(struct jn_reader *r, const char *p, uint32_t site)
{
    struct level levels[DEEPEST + 1];       // levels[0] stands for what is around
    const size_t deepest = r->max_depth - r->depth < DEEPEST ? r->max_depth - r->depth : DEEPEST;
    struct skip s = { .p = p, .end = r->src.end, .r = r, .top = levels, .last = levels + deepest };
    jn_window_open(&s.w, p, s.end);
    if (!open_container(&s, true, site))
        return NULL;
    goto opened;

value:
    switch (next_byte(&s)) {
    case '"':
        if (JN_UNLIKELY(!skip_string(&s)))
            return NULL;
        break;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9': case '-':
        if (JN_UNLIKELY(!skip_number(&s)))
            return NULL;
        break;
    case '{':
    case '[':
        if (JN_UNLIKELY(!open_container(&s, *s.p == '{', site_below(s.top))))
            return NULL;
        goto opened;
    default:
        if (JN_UNLIKELY(!skip_word(&s)))
            return NULL;
    }

after:
    if (JN_LIKELY(next_byte(&s) == ',')) {
        s.p++;
        if (!s.top->is_object)
            goto value;
        next_byte(&s);
        goto key;
    }
closing:
    if (JN_UNLIKELY(s.p >= s.end || *s.p != (s.top->is_object ? '}' : ']')))
        return NULL;
    if (s.top->is_object)
        close_object(&s);
    s.p++;
    if (--s.top == levels)
        return s.p;
    goto after;

opened:
    if (JN_UNLIKELY(next_byte(&s) == (s.top->is_object ? '}' : ']')))
        goto closing;
    if (!s.top->is_object)
        goto value;
key:
    if (JN_UNLIKELY(s.p >= s.end || !skip_key(&s)))
        return NULL;
    goto value;
}
