/* tally.c - adding up what a path finds, item by item, in its order: the results are those of the built-ins over the
 * whole sequence, to the last bit. */
#include "jsonata/tally.h"

#include <math.h>

static bool be_odd(struct tally *t)
{
    t->is_odd = true;
    return false;
}

/* ---- numbers ------------------------------------------------------------------------------------------------- */

/* False: no finite number. */
static inline bool take_number(struct jsonata_eval *e, struct tally *t, jn_value v, double *d)
{
    *d = v.type == JN_NUMBER ? jsonata_number(e, v) : NAN;
    if (!isfinite(*d))
        return be_odd(t);
    t->count++;
    return true;
}

static inline bool add_to_sum(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    double d;
    if (!take_number(e, t, v, &d))
        return false;
    t->number += d;
    return true;
}

static inline bool add_to_max(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    double d;
    if (!take_number(e, t, v, &d))
        return false;
    if (t->count == 1 || d > t->number)
        t->number = d;
    return true;
}

static inline bool add_to_min(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    double d;
    if (!take_number(e, t, v, &d))
        return false;
    if (t->count == 1 || d < t->number)
        t->number = d;
    return true;
}

/* ---- anything ------------------------------------------------------------------------------------------------ */

static inline bool add_to_count(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    (void)e;
    t->count++;
    t->has_special = t->has_special || v.type == JN_ARRAY || v.type == JN_FUNCTION || jn_is_undefined(v);
    return true;
}

static inline bool add_to_exists(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    (void)e;
    t->count++;
    t->has_special = t->has_special || v.type == JN_FUNCTION;
    return !jn_is_undefined(v) || be_odd(t);
}

/* The first item settles it. */
static inline bool add_to_first(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    add_to_exists(e, t, v);
    return false;
}

enum { FEW = 8 };           /* as many are compared one by one */

/* The set of the members, with room to double. */
static bool distinct_hash(struct jsonata_eval *e, struct tally *t)
{
    const struct jn_array *x = t->found.array.as.array;
    if (!t->seen)
        t->seen = jn_arena_alloc(e->arena, sizeof *t->seen);
    if (!t->seen || !hash_set_init(e, t->seen, 2 * x->len)) {
        jsonata_raise_memory(e);
        return false;
    }
    for (uint32_t i = 0; i < x->len; i++) {
        if (!hash_is_nan(x->items[i]))
            hash_set_has(e, t->seen, x->items, x->items[i], i);
    }
    return true;
}

static inline bool is_equal(struct jsonata_eval *e, jn_value a, jn_value b)
{
    if (a.type != b.type)
        return false;
    if (a.type == JN_STRING)
        return a.len == b.len && !memcmp(a.as.text, b.as.text, a.len);
    return jsonata_equal(e, a, b);
}

static bool distinct_has(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    const struct jn_array *x = t->found.array.as.array;
    if (hash_is_nan(v))
        return false;
    if (x->len > FEW)
        return hash_set_has(e, t->seen, x->items, v, x->len);
    for (uint32_t i = 0; i < x->len; i++) {
        if (is_equal(e, x->items[i], v))
            return true;
    }
    return false;
}

static bool distinct_push(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    if (distinct_has(e, t, v))
        return !jsonata_failed(e);
    jsonata_push(e, t->found.array, v);
    const uint32_t len = t->found.array.as.array->len;
    if ((len == FEW + 1 || (len > FEW && (len & (len - 1)) == 0)) && !jsonata_failed(e))
        distinct_hash(e, t);
    return !jsonata_failed(e);
}

static inline bool add_to_distinct(struct jsonata_eval *e, struct tally *t, jn_value v)
{
    if (jn_is_undefined(v))
        return be_odd(t);
    if (t->count++ == 0) {
        t->has_special = t->has_special || v.type == JN_FUNCTION;
        t->found.single = v;
        return true;
    }
    if (t->count == 2) {
        t->found.array = jsonata_array(e, 4, JN_SEQUENCE);
        if (jsonata_failed(e) || !distinct_push(e, t, t->found.single))
            return false;
    }
    return distinct_push(e, t, v);
}

/* ---- sinks --------------------------------------------------------------------------------------------------- */

static inline bool give_members(struct sink *s, jn_value v,
                                bool (*add)(struct jsonata_eval *e, struct tally *t, jn_value v))
{
    struct tally *t = ((struct tally_sink *)s)->to;
    t->results++;
    if (v.type != JN_ARRAY)
        return add(s->e, t, v);
    if (v.flags & JN_CONS)
        return be_odd(t);
    t->has_special = t->has_special || !(v.flags & JN_SEQUENCE);
    for (uint32_t i = 0; i < v.as.array->len; i++) {
        if (!jsonata_step(s->e) || !add(s->e, t, v.as.array->items[i]))
            return false;
    }
    return true;
}

static inline bool take_item(struct sink *s, jn_value v,
                             bool (*add)(struct jsonata_eval *e, struct tally *t, jn_value v))
{
    struct tally *t = ((struct tally_sink *)s)->to;
    t->results++;
    return add(s->e, t, v);
}

#define SINK(name)                                                                                                  \
    static bool give_to_##name(struct sink *s, jn_value v) { return give_members(s, v, add_to_##name); }            \
    static bool item_to_##name(struct sink *s, jn_value v) { return take_item(s, v, add_to_##name); }

SINK(count)
SINK(exists)
SINK(first)
SINK(sum)
SINK(max)
SINK(min)
SINK(distinct)

static bool give_to_path(struct sink *s, jn_value v)
{
    found_give(&((struct tally_sink *)s)->to->found, s->e, v);
    return !jsonata_failed(s->e);
}

static bool item_to_path(struct sink *s, jn_value v)
{
    found_item(&((struct tally_sink *)s)->to->found, s->e, v);
    return !jsonata_failed(s->e);
}

void tally_sink_init(struct tally_sink *s, enum tally_kind kind, struct jsonata_eval *e, struct tally *to)
{
    static const struct {
        bool (*give)(struct sink *s, jn_value v);
        bool (*item)(struct sink *s, jn_value v);
    } sinks[TALLY_KINDS_LEN] = {
        [TALLY_COUNT] = { give_to_count, item_to_count },
        [TALLY_EXISTS] = { give_to_exists, item_to_exists },
        [TALLY_FIRST] = { give_to_first, item_to_first },
        [TALLY_SUM] = { give_to_sum, item_to_sum },
        [TALLY_AVERAGE] = { give_to_sum, item_to_sum },
        [TALLY_MAX] = { give_to_max, item_to_max },
        [TALLY_MIN] = { give_to_min, item_to_min },
        [TALLY_DISTINCT] = { give_to_distinct, item_to_distinct },
        [TALLY_PATH] = { give_to_path, item_to_path },
    };
    s->sink = (struct sink){ .give = sinks[kind].give, .item = sinks[kind].item, .e = e };
    s->to = to;
}

/* ---- results ------------------------------------------------------------------------------------------------- */

/* A lone array is what the built-in would have looked into, an empty one that is the only result is an argument, and a
 * lone function would be composed with by ~>. */
static bool is_odd(const struct tally *t, enum tally_kind kind)
{
    if (kind == TALLY_DISTINCT && t->results == 1 && t->has_special)
        return true;
    return t->is_odd || (t->has_special && (t->count == 1 || (t->count == 0 && t->results == 1)));
}

jn_value tally_end(struct tally *t, enum tally_kind kind, struct jsonata_eval *e)
{
    if (kind == TALLY_PATH)
        return found_end(&t->found, e, false);
    t->is_odd = is_odd(t, kind);
    if (t->is_odd)
        return jn_undefined();
    if (kind == TALLY_COUNT)
        return jn_number(t->count);
    if (kind == TALLY_EXISTS || kind == TALLY_FIRST)
        return jn_boolean(t->count);
    if (!t->count)
        return jn_undefined();
    if (kind == TALLY_DISTINCT)
        return t->count == 1 ? t->found.single : t->found.array;
    return jn_number(kind == TALLY_AVERAGE ? t->number / t->count : t->number);
}

/* ---- all groups of a grouping -------------------------------------------------------------------------------- */

static uint32_t count_steps(const struct tally_plan *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->len; i++)
        n += p->at[i].path->len;
    return n;
}

void tallies_open(struct tallies *t, const struct tally_plan *plan, struct jsonata_eval *e, struct jsonata_frame *f)
{
    *t = (struct tallies){ .e = e };
    if (!tally_plan_fits(plan, e))
        return;
    t->ends = jn_arena_alloc(e->arena, plan->len * sizeof *t->ends);
    t->heads = jn_arena_alloc(e->arena, plan->len * sizeof(struct sink *));
    struct sink *sinks = jn_arena_alloc(e->arena, count_steps(plan) * sizeof *sinks);
    if (!t->ends || !t->heads || !sinks) {
        jsonata_raise_memory(e);
        return;
    }
    for (uint32_t i = 0; i < plan->len; i++) {
        const struct tally_entry *x = &plan->at[i];
        tally_sink_init(&t->ends[i], x->kind, e, NULL);
        t->heads[i] = path_sinks(x->path, e, f, x->from, sinks, &t->ends[i].sink);
        sinks += x->path->len;
    }
    t->plan = plan;
}

static bool make_room(struct tallies *t, uint32_t group)
{
    if (group < t->cap)
        return true;
    const uint32_t cap = t->cap ? t->cap * 2 : 8;
    const size_t size = t->plan->len * sizeof *t->at;
    struct tally *at = jn_arena_grow(t->e->arena, t->at, t->cap * size, cap * size);
    if (!at) {
        jsonata_raise_memory(t->e);
        return false;
    }
    memset(&at[(size_t)t->cap * t->plan->len], 0, (cap - t->cap) * size);
    t->at = at;
    t->cap = cap;
    return true;
}

/* The ordinary way of names: from object to object.  False when there are arrays on it. */
static bool push_names(struct tallies *t, uint32_t i, jn_value item)
{
    const struct path_node *p = t->plan->at[i].path;
    jn_value v = item;
    for (uint32_t k = t->plan->at[i].from; k < p->len; k++) {
        if (v.type != JN_OBJECT)
            return v.type != JN_ARRAY;
        v = path_field(t->e, p->steps[k].site, p->steps[k].name, v.as.object);
    }
    if (v.type == JN_ARRAY && v.flags & JN_SEQUENCE)
        return false;
    if (!jn_is_undefined(v))
        t->ends[i].sink.give(&t->ends[i].sink, v);
    return true;
}

/* An error is not ours to report: the value may never be asked for, and others may come before it. */
static void push(struct tallies *t, uint32_t i, struct tally *to, jn_value item)
{
    struct jsonata_eval *e = t->e;
    jn_value *top = e->top;
    const uint32_t depth = e->depth;
    t->ends[i].to = to;
    if (t->plan->at[i].is_names && push_names(t, i, item))
        return;
    e->fused++;
    t->heads[i]->item(t->heads[i], item);
    e->fused--;
    if (jsonata_failed(e) && path_can_repeat(e)) {
        e->fault = (struct jsonata_fault){ .code = NULL };
        e->top = top;
        e->depth = depth;
        to->is_odd = true;
    }
}

void tallies_add(struct tallies *t, uint32_t group, uint32_t pair, jn_value item)
{
    if (!t->plan || !make_room(t, group))
        return;
    const bool is_plain = item.type != JN_ARRAY && !jn_is_undefined(item);     // others are more or less than one item
    struct tally *to = tallies_of(t, group);
    for (uint32_t i = 0; i < t->plan->len; i++) {
        if (t->plan->at[i].pair != pair || to[i].is_odd)
            continue;
        if (is_plain)
            push(t, i, &to[i], item);
        else
            to[i].is_odd = true;
    }
}
