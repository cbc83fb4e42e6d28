/* fn_object.c - $keys, $lookup, $spread, $merge, $clone, $sift and $each (spec 9).
 * Members come in the order of iteration (spec 6).  Objects made here get shared shapes as long as the context's table
 * has room, so that rows merged or sifted alike look alike to the field accesses that follow. */
#include "jsonata/fn.h"

/* ---- making objects ------------------------------------------------------------------------------------------ */

/* An object in the making: of a shared shape while `shape` is set, else `object`. */
struct maker {
    struct jsonata_eval *e;
    struct jn_shape *shape;
    jn_value *values;           /* of the shared shape's keys */
    uint32_t cap;
    struct jn_object *object;
};

static bool maker_room(struct maker *m, uint32_t cap)
{
    if (cap <= m->cap && m->values)
        return true;
    jn_value *wider = jn_arena_alloc(m->e->arena, cap * sizeof *wider);
    if (!wider) {
        jsonata_raise_memory(m->e);
        return false;
    }
    if (m->shape && m->values)
        memcpy(wider, m->values, m->shape->len * sizeof *wider);
    m->values = wider;
    m->cap = cap;
    return true;
}

/* Starts with the members of `from` (NULL: none) when its shape is shared; expects up to `more` further ones. */
static void maker_start(struct maker *m, struct jsonata_eval *e, const struct jn_object *from, uint32_t more)
{
    *m = (struct maker){ .e = e };
    struct jn_shape *shape = from && from->shape->shared ? from->shape : jn_shapes_root(e->shapes);
    if (!shape || !maker_room(m, shape->len + (more < JN_SHAPE_MAX ? more : JN_SHAPE_MAX)))
        return;
    m->shape = shape;
    if (from && shape == from->shape && shape->len)
        memcpy(m->values, from->values, shape->len * sizeof *m->values);
}

/* Goes on without a shared shape. */
static void maker_leave(struct maker *m)
{
    struct jn_arena *a = m->e->arena;
    m->object = jn_object_new(a, m->shape ? m->shape->len + 1 : 8);
    for (uint32_t i = 0; m->object && m->shape && i < m->shape->len; i++)
        if (!jn_object_set(a, m->object, m->shape->keys[i].name, m->values[i]))
            m->object = NULL;
    m->shape = NULL;
    if (!m->object)
        jsonata_raise_memory(m->e);
}

/* Puts into the shared shape, or the one beside it that has `key` as well.  False when there is none. */
static bool put_shared(struct maker *m, const struct jn_key *key, jn_value v)
{
    const int slot = jn_shape_find_hash(m->shape, key->name, key->hash);
    if (slot >= 0) {
        m->values[slot] = v;
        return true;
    }
    struct jn_shape *wider = jn_shapes_extend(m->e->shapes, m->shape, key->name);
    if (!wider || !maker_room(m, wider->len <= m->cap ? wider->len : wider->len + 4))
        return false;
    m->shape = wider;
    m->values[wider->len - 1] = v;
    return true;
}

static void maker_put(struct maker *m, const struct jn_key *key, jn_value v)
{
    if (jsonata_failed(m->e) || (m->shape && put_shared(m, key, v)))
        return;
    if (!m->object)
        maker_leave(m);
    if (m->object && !jn_object_set(m->e->arena, m->object, key->name, v))
        jsonata_raise_memory(m->e);
}

static uint32_t maker_len(const struct maker *m)
{
    return m->shape ? m->shape->len : m->object ? m->object->shape->len : 0;
}

static jn_value maker_end(struct maker *m)
{
    if (!m->shape && !m->object)
        maker_leave(m);
    if (m->shape) {
        m->object = jn_arena_zalloc(m->e->arena, sizeof *m->object);
        if (!m->object)
            return jsonata_raise_memory(m->e);
        *m->object = (struct jn_object){ .shape = m->shape, .values = m->values, .cap = m->cap };
    }
    return jsonata_failed(m->e) ? jn_undefined() : jn_object_value(m->object);
}

static void put_all(struct maker *m, const struct jn_object *o)
{
    for (uint32_t i = 0; i < o->shape->len && jsonata_step(m->e); i++) {
        const uint32_t slot = jn_shape_slot(o->shape, i);
        maker_put(m, &o->shape->keys[slot], o->values[slot]);
    }
}

/* ---- walking nested arrays ----------------------------------------------------------------------------------- */

/* The members of an array and of the arrays in it, to any depth, one by one.  The way back is kept in the arena, not on
 * the C stack: how deep data is nested is not ours to choose. */
struct walk {
    struct jsonata_eval *e;
    struct level {
        const struct jn_array *array;
        uint32_t next;
    } *level;
    uint32_t len, cap;
};

static void descend(struct walk *w, const struct jn_array *x)
{
    if (w->len == w->cap) {
        const uint32_t cap = w->cap ? w->cap * 2 : 8;
        w->level = jn_arena_grow(w->e->arena, w->level, w->cap * sizeof *w->level, cap * sizeof *w->level);
        if (!w->level) {
            jsonata_raise_memory(w->e);
            w->len = w->cap = 0;
            return;
        }
        w->cap = cap;
    }
    w->level[w->len++] = (struct level){ x, 0 };
}

static void walk_start(struct walk *w, struct jsonata_eval *e, jn_value array)
{
    *w = (struct walk){ .e = e };
    descend(w, array.as.array);
}

/* The next member that is no array; false at the end or after a failure. */
static bool walk_next(struct walk *w, jn_value *v)
{
    while (w->len && jsonata_step(w->e)) {
        struct level *top = &w->level[w->len - 1];
        if (top->next == top->array->len) {
            w->len--;
            continue;
        }
        *v = top->array->items[top->next++];
        if (!jn_is(*v, JN_ARRAY))
            return true;
        descend(w, v->as.array);
    }
    return false;
}

/* ---- $keys, $lookup, $spread, $merge ------------------------------------------------------------------------- */

static jn_value keys_of(struct jsonata_eval *e, const struct jn_shape *s)
{
    const jn_value result = jsonata_array(e, s->len, JN_SEQUENCE);
    for (uint32_t i = 0; i < s->len && !jsonata_failed(e); i++)
        jsonata_push(e, result, jn_string(s->keys[jn_shape_slot(s, i)].name, s->plain ? JN_STR_PLAIN : 0));
    return jsonata_failed(e) ? jn_undefined() : result;
}

/* The keys of all objects in nested arrays, each once.  Neighbours mostly have the same keys, and then the same
 * shape. */
static jn_value union_of_keys(struct jsonata_eval *e, jn_value array)
{
    struct jn_object *all = jn_object_new(e->arena, 8);
    if (!all)
        return jsonata_raise_memory(e);
    struct walk w;
    walk_start(&w, e, array);
    const struct jn_shape *last = NULL;
    for (jn_value v; walk_next(&w, &v);) {
        if (!jn_is(v, JN_OBJECT) || v.as.object->shape == last)
            continue;
        last = v.as.object->shape;
        for (uint32_t i = 0; i < last->len; i++)
            if (!jn_object_set(e->arena, all, last->keys[jn_shape_slot(last, i)].name, jn_null()))
                return jsonata_raise_memory(e);
    }
    return jsonata_failed(e) ? jn_undefined() : keys_of(e, all->shape);
}

BUILTIN(fn_keys)
{
    if (jn_is(args[0], JN_OBJECT))
        return keys_of(e, args[0].as.object->shape);
    return jn_is(args[0], JN_ARRAY) ? union_of_keys(e, args[0]) : jsonata_array(e, 0, JN_SEQUENCE);
}

/* A missing name is a property key like all else is to JavaScript: its text. */
BUILTIN(fn_lookup)
{
    return jsonata_lookup(e, args[0], jn_is_undefined(args[1]) ? JN_STR("undefined") : jn_text(args[1]));
}

/* One object per member of `o`. */
static void spread_object(struct jsonata_eval *e, jn_value result, const struct jn_object *o)
{
    for (uint32_t i = 0; i < o->shape->len && jsonata_step(e); i++) {
        const uint32_t slot = jn_shape_slot(o->shape, i);
        struct maker m;
        maker_start(&m, e, NULL, 1);
        maker_put(&m, &o->shape->keys[slot], o->values[slot]);
        const jn_value single = maker_end(&m);
        if (!jsonata_failed(e))
            jsonata_push(e, result, single);
    }
}

static bool has_member(jn_value array)
{
    for (uint32_t i = 0; i < jn_array_len(array); i++) {
        if (!jn_is_undefined(jn_array_at(array, i)))
            return true;
    }
    return false;
}

/* An object gives a sequence.  An array gives what its members give in a plain array; one without any,
 * an empty sequence. */
BUILTIN(fn_spread)
{
    const bool is_object = jn_is(args[0], JN_OBJECT);
    if (!is_object && !jn_is(args[0], JN_ARRAY))
        return args[0];
    const bool is_sequence = is_object || !has_member(args[0]);
    const jn_value result = jsonata_array(e, 8, is_sequence ? JN_SEQUENCE : 0);
    if (jn_is_undefined(result))
        return result;
    if (is_object) {
        spread_object(e, result, args[0].as.object);
        return jsonata_failed(e) ? jn_undefined() : result;
    }
    struct walk w;
    walk_start(&w, e, args[0]);
    for (jn_value v; walk_next(&w, &v);) {
        if (jn_is(v, JN_OBJECT))
            spread_object(e, result, v.as.object);
        else
            jsonata_push(e, result, v);
    }
    return jsonata_failed(e) ? jn_undefined() : result;
}

/* $merge([$all, $more]), again and again, with few members in $more that are new: then $all is not copied.  NULL when
 * it is not so. */
static struct jn_object *merge_longer(struct jsonata_eval *e, const struct jn_object *all, const struct jn_object *more)
{
    enum { LONG = 64 };
    const struct jn_shape *s = more->shape;
    if (all->shape->len < LONG || s->len == 0 || s->len > LONG)
        return NULL;
    for (uint32_t i = 0; i < s->len; i++) {
        const struct jn_key *key = &s->keys[i];
        if (!jn_object_can_join(all, key) || jn_shape_find_hash(all->shape, key->name, key->hash) >= 0)
            return NULL;
    }
    struct jn_object *both = (struct jn_object *)(uintptr_t)all;
    for (uint32_t i = 0; both && i < s->len; i++)
        both = jn_object_join(e->arena, both, &s->keys[i], more->values[i]);
    if (!both)
        jsonata_raise_memory(e);
    return both;
}

BUILTIN(fn_merge)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const struct jn_array *x = args[0].as.array;
    struct jn_object *both = x->len == 2 ? merge_longer(e, x->items[0].as.object, x->items[1].as.object) : NULL;
    if (both || jsonata_failed(e))
        return jsonata_failed(e) ? jn_undefined() : jn_object_value(both);
    struct maker m;
    maker_start(&m, e, x->len ? x->items[0].as.object : NULL, 8);
    // A first object whose shape is not shared was not taken over.
    const bool is_taken = x->len && m.shape == x->items[0].as.object->shape;
    for (uint32_t i = is_taken; i < x->len && !jsonata_failed(e); i++)
        put_all(&m, x->items[i].as.object);
    return maker_end(&m);
}

/* An input that is an array comes wrapped when it is the context; a clone is of the array itself. */
BUILTIN(fn_clone)
{
    const jn_value v = args[0];
    const bool is_wrapped = jn_is(v, JN_ARRAY) && v.flags & JN_OUTER_WRAPPER && jn_array_len(v);
    return jn_is_undefined(v) ? v : jsonata_clone(e, is_wrapped ? jn_array_at(v, 0) : v);
}

/* ---- $sift, $each -------------------------------------------------------------------------------------------- */

/* Calls `f` with (value, key, object) for the member in `slot`. */
static jn_value call_for(struct jsonata_eval *e, jn_value f, uint32_t given, jn_value object, uint32_t slot)
{
    const struct jn_object *o = object.as.object;
    const jn_value args[] = { o->values[slot], jn_string(o->shape->keys[slot].name, 0), object };
    return jsonata_call_function(e, f, args, given);
}

/* The signature of $sift lets the function be left out, which only an empty object can do without. */
static bool lacks_function(struct jsonata_eval *e, const jn_value *args)
{
    const bool lacks = jn_object_len(args[0]) && jn_is_undefined(args[1]);
    if (lacks)
        jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 2 });
    return lacks;
}

BUILTIN(fn_sift)
{
    if (jn_is_undefined(args[0]) || lacks_function(e, args))
        return jn_undefined();
    const struct jn_object *o = args[0].as.object;
    const uint32_t given = fn_hof_count(args[1]);
    struct maker m;
    maker_start(&m, e, NULL, o->shape->len);
    for (uint32_t i = 0; i < o->shape->len && jsonata_step(e); i++) {
        const uint32_t slot = jn_shape_slot(o->shape, i);
        if (jsonata_is_true(e, call_for(e, args[1], given, args[0], slot)))
            maker_put(&m, &o->shape->keys[slot], o->values[slot]);
    }
    return maker_len(&m) ? maker_end(&m) : jn_undefined();
}

/* Of nothing: a sequence without members, which a filter around the call tells from nothing. */
BUILTIN(fn_each)
{
    if (jn_is_undefined(args[0]))
        return jsonata_array(e, 0, JN_SEQUENCE);
    const struct jn_object *o = args[0].as.object;
    const uint32_t given = fn_hof_count(args[1]);
    const jn_value result = jsonata_array(e, o->shape->len, JN_SEQUENCE);
    for (uint32_t i = 0; i < o->shape->len && jsonata_step(e); i++) {
        const jn_value v = call_for(e, args[1], given, args[0], jn_shape_slot(o->shape, i));
        if (!jn_is_undefined(v) && !jsonata_failed(e))
            jsonata_push(e, result, v);
    }
    return jsonata_failed(e) ? jn_undefined() : result;
}

const struct jsonata_builtin jsonata_fn_object[] = {
    { "keys", "<x-:a<s>>", 1, fn_keys },
    { "lookup", "<x-s:x>", 2, fn_lookup },
    { "spread", "<x-:a<o>>", 1, fn_spread },
    { "merge", "<a<o>:o>", 1, fn_merge },
    { "clone", "<(oa)-:o>", 1, fn_clone },
    { "sift", "<o-f?:o>", 2, fn_sift },
    { "each", "<o-f:a>", 2, fn_each },
    { 0 },
};
