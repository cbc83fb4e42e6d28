/* clone.c - the copy of a value that a JSON round trip would give: $clone, transforms, the text of containers.
 *
 * $clone goes through $string, so that numbers come out at 15 digits, and functions as "" (spec 11.2).  What the round
 * trip would not change need not be copied: a clone shares it, since nobody changes a value in place.  A container
 * whose text is canonical (core/value.h) is such a thing without a look at its members.
 *
 * Only `in` can tell a container from a copy of it, and a transform without a plain pattern changes its clone in place:
 * for those there is a clone that shares nothing but scalars.  What a function of the host is given has no holes: that
 * is a copy, too, in which nothing else changes. */
#include "jsonata/compile.h"

#include <math.h>

/* ---- copies -------------------------------------------------------------------------------------------------- */

static struct jn_object *copy_object(struct jn_arena *a, const struct jn_object *from)
{
    struct jn_shape *shape = from->shape;
    if (shape->shared) {
        struct jn_object *o = jn_object_of(a, shape);
        if (o && shape->len)
            memcpy(o->values, from->values, shape->len * sizeof *o->values);
        return o;
    }
    struct jn_object *o = jn_object_new(a, shape->len);
    for (uint32_t i = 0; o && i < shape->len; i++) {
        if (!jn_object_set(a, o, shape->keys[i].name, from->values[i]))
            return NULL;
    }
    return o;
}

static struct jn_array *copy_array(struct jn_arena *a, const struct jn_array *from)
{
    struct jn_array *x = jn_array_new(a, from->len);
    if (x && from->len)
        memcpy(x->items, from->items, from->len * sizeof *x->items);
    if (x)
        x->len = from->len;
    return x;
}

jn_value jsonata_copy(struct jsonata_eval *e, jn_value v)
{
    const jn_value copy = v.type == JN_ARRAY ? jn_array_value(copy_array(e->arena, v.as.array), 0)
                                             : jn_object_value(copy_object(e->arena, v.as.object));
    return jn_is_undefined(copy) ? jsonata_raise_memory(e) : copy;
}

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static jn_value clone_number(struct jsonata_eval *e, jn_value v)
{
    if (v.flags & JN_NUM_CANONICAL)
        return v;           /* at most 15 digits */
    const double d = jn_num(v);
    if (isnan(d))
        return jn_null();
    if (isinf(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = v });
    return jn_number(d == floor(d) ? d + 0.0 : jn_number_round15(d));      // -0 becomes 0
}

/* Tells -0 from 0, and NaNs from nothing. */
static inline uint64_t bits_of(jn_value number)
{
    uint64_t bits;
    memcpy(&bits, &number.as.number, sizeof bits);
    return bits;
}

enum manner { SHARING, APART, FILLING_HOLES };

/* False when the clone of the scalar is `v` itself. */
static inline bool is_changed(struct jsonata_eval *e, enum manner manner, jn_value v, jn_value *clone)
{
    if (manner == FILLING_HOLES && !jn_is_undefined(v))
        return false;
    switch (v.type) {
    case JN_NUMBER:
        if (v.flags & JN_NUM_CANONICAL)
            return false;
        *clone = clone_number(e, v);
        return v.flags & JN_NUM_TEXT || clone->type != JN_NUMBER || bits_of(*clone) != bits_of(v);
    case JN_FUNCTION:
        *clone = jn_string(JN_STR(""), JN_STR_ASCII | JN_STR_PLAIN);
        return true;
    case JN_UNDEFINED:
        *clone = jn_null();
        return true;
    default:
        return false;
    }
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static bool is_container(jn_value v)
{
    return v.type == JN_ARRAY || v.type == JN_OBJECT;
}

/* Known to be its own clone. */
static bool is_canonical(jn_value v)
{
    if (v.type == JN_ARRAY)
        return !v.flags && v.as.array->span && v.as.array->canonical;
    return v.as.object->span && v.as.object->canonical;
}

/* A container being cloned: `v` until a member changes, then a copy.  Depth is the data's, so the levels stand in the
 * arena and not on the C stack. */
struct level {
    jn_value v;
    jn_value *members;
    uint32_t at, len;
    bool is_copied;
    struct level *up;
};

struct cloning {
    struct jsonata_eval *e;
    enum manner manner;
    struct level *top, *free;
};

static void look_at(struct level *l)
{
    l->members = l->v.type == JN_ARRAY ? l->v.as.array->items : l->v.as.object->values;
    l->len = l->v.type == JN_ARRAY ? l->v.as.array->len : l->v.as.object->shape->len;
}

/* From now on the level's members are its own.  Members of a copied object stand in the same slots. */
static bool copy_level(struct jsonata_eval *e, struct level *l)
{
    const jn_value copy = jsonata_copy(e, l->v);
    if (jsonata_failed(e))
        return false;
    l->v = copy;
    l->is_copied = true;
    look_at(l);
    return true;
}

static bool open_level(struct cloning *c, jn_value v)
{
    struct level *l = c->free ? c->free : jn_arena_alloc(c->e->arena, sizeof *l);
    if (!l)
        return !jn_is_undefined(jsonata_raise_memory(c->e));
    if (c->free)
        c->free = l->up;
    *l = (struct level){ .v = v, .up = c->top };
    look_at(l);
    c->top = l;
    return c->manner != APART || copy_level(c->e, l);
}

/* Puts what member number `i` of the level becomes. */
static bool put(struct cloning *c, uint32_t i, jn_value v)
{
    struct level *l = c->top;
    if (jsonata_failed(c->e) || (!l->is_copied && !copy_level(c->e, l)))
        return false;
    l->members[i] = v;
    return true;
}

/* Goes on with the members of the top level, up to a container that needs a level of its own (true) or the end. */
static bool next_container(struct cloning *c, jn_value *found)
{
    struct level *l = c->top;
    while (l->at < l->len && jsonata_step(c->e)) {
        const uint32_t i = l->at++;
        const jn_value m = l->members[i];
        jn_value clone;
        if (is_container(m)) {
            if (c->manner != APART && is_canonical(m))
                continue;
            *found = m;
            return true;
        }
        if (is_changed(c->e, c->manner, m, &clone) && !put(c, i, clone))
            return false;
    }
    return false;
}

/* The top level is through: the one above gets it, unless it is what stands there already. */
static bool close_level(struct cloning *c, jn_value *clone)
{
    struct level *l = c->top;
    const bool is_new = l->is_copied || (l->v.type == JN_ARRAY && l->v.flags);
    jn_value v = l->v;
    if (v.type == JN_ARRAY)
        v.flags = 0;
    c->top = l->up;
    l->up = c->free;
    c->free = l;
    if (!c->top)
        *clone = v;
    return !c->top || !is_new || put(c, c->top->at - 1, v);
}

static jn_value clone(struct jsonata_eval *e, jn_value v, enum manner manner)
{
    struct cloning c = { .e = e, .manner = manner };
    jn_value result = v, m;
    if (!is_container(v))
        return !jn_is_undefined(v) && is_changed(e, manner, v, &result) ? result : v;
    if (manner != APART && is_canonical(v))
        return v;
    bool more = open_level(&c, v);
    while (more && c.top && !jsonata_failed(e))
        more = next_container(&c, &m) ? open_level(&c, m) : !jsonata_failed(e) && close_level(&c, &result);
    return jsonata_failed(e) ? jn_undefined() : result;
}

jn_value jsonata_clone_shared(struct jsonata_eval *e, jn_value v)
{
    return clone(e, v, SHARING);
}

jn_value jsonata_clone_apart(struct jsonata_eval *e, jn_value v)
{
    return clone(e, v, APART);
}

jn_value jsonata_clone(struct jsonata_eval *e, jn_value v)
{
    const struct jsonata *p = e->program;
    return clone(e, v, !p->is_plain && !p->is_dynamic && !p->tells_apart ? SHARING : APART);
}

jn_value jsonata_without_holes(struct jsonata_eval *e, jn_value v)
{
    return e->has_holes ? clone(e, v, FILLING_HOLES) : v;
}
