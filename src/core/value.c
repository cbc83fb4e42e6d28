/* value.c - the accessors of json.h, arrays, equality and deep copies.  Nothing here recurses: values built by a
 * program may be nested as deep as memory allows, and the C stack must not be what ends them. */
#include "core/value.h"

#include <assert.h>
#include <stdlib.h>

#include "core/map.h"

/* ---- json.h: making and looking ------------------------------------------------------------------------------ */

const char *jn_type_name(jn_value v)
{
    static const char *const names[] = {
        [JN_UNDEFINED] = "undefined", [JN_NULL] = "null",   [JN_BOOLEAN] = "boolean", [JN_NUMBER] = "number",
        [JN_STRING] = "string",       [JN_ARRAY] = "array", [JN_OBJECT] = "object",   [JN_FUNCTION] = "function",
    };
    return v.type < sizeof names / sizeof *names ? names[v.type] : "unknown";
}

jn_value jn_make_null(void)
{
    return jn_null();
}

jn_value jn_make_boolean(bool b)
{
    return jn_boolean(b);
}

jn_value jn_make_number(double d)
{
    return jn_number(d);
}

jn_value jn_make_string(jn_str s)
{
    return s.len <= UINT32_MAX ? jn_string(s, 0) : jn_undefined();
}

jn_value jn_copy_string(struct jn_arena *a, jn_str s)
{
    if (s.len > UINT32_MAX)
        return jn_undefined();
    const jn_str copy = jn_arena_copy(a, s);
    return copy.data ? jn_string(copy, 0) : jn_undefined();
}

static uint32_t as_capacity(size_t n)
{
    return n < UINT32_MAX / sizeof(jn_value) ? (uint32_t)n : UINT32_MAX / sizeof(jn_value);
}

jn_value jn_make_array(struct jn_arena *a, size_t capacity)
{
    return jn_array_value(jn_array_new(a, as_capacity(capacity)), 0);
}

jn_value jn_make_object(struct jn_arena *a, size_t capacity)
{
    return jn_object_value(jn_object_new(a, as_capacity(capacity)));
}

bool jn_get_boolean(jn_value v)
{
    return jn_is(v, JN_BOOLEAN) && jn_bool(v);
}

double jn_get_number(jn_value v)
{
    return jn_is(v, JN_NUMBER) ? jn_num(v) : 0;
}

jn_str jn_get_string(jn_value v)
{
    return jn_is(v, JN_STRING) ? jn_text(v) : JN_STR("");
}

size_t jn_length(jn_value v)
{
    return jn_is(v, JN_ARRAY) ? jn_array_len(v) : jn_is(v, JN_OBJECT) ? jn_object_len(v) : 0;
}

jn_value jn_at(jn_value container, size_t i)
{
    if (i >= jn_length(container))
        return jn_undefined();
    if (jn_is(container, JN_ARRAY))
        return jn_array_at(container, (uint32_t)i);
    const struct jn_object *o = container.as.object;
    return o->values[jn_shape_slot(o->shape, (uint32_t)i)];
}

jn_str jn_key_at(jn_value object, size_t i)
{
    if (!jn_is(object, JN_OBJECT) || i >= jn_length(object))
        return JN_STR("");
    const struct jn_shape *s = object.as.object->shape;
    return s->keys[jn_shape_slot(s, (uint32_t)i)].name;
}

jn_value jn_member(jn_value object, jn_str key)
{
    return jn_is(object, JN_OBJECT) ? jn_object_get(object.as.object, key) : jn_undefined();
}

bool jn_array_add(struct jn_arena *a, jn_value array, jn_value member)
{
    return jn_is(array, JN_ARRAY) && !jn_is_undefined(member) && jn_array_push(a, array.as.array, member);
}

bool jn_object_put(struct jn_arena *a, jn_value object, jn_str key, jn_value member)
{
    return jn_is(object, JN_OBJECT) && !jn_is_undefined(member) && jn_object_set(a, object.as.object, key, member);
}

/* ---- arrays -------------------------------------------------------------------------------------------------- */

struct jn_array *jn_array_new(struct jn_arena *a, uint32_t cap)
{
    struct jn_array *x = jn_arena_alloc(a, sizeof *x + cap * sizeof(jn_value));
    if (!x)
        return NULL;
    // Without room the pointer stays NULL: jn_arena_grow() must not take it for the end of the block.
    *x = (struct jn_array){ .items = cap ? (jn_value *)(x + 1) : NULL, .cap = cap };
    return x;
}

bool jn_array_grow(struct jn_arena *a, struct jn_array *x, uint32_t cap)
{
    if (cap <= x->cap)
        return cap != 0 || x->len == 0;     // 0 is what len + 1 becomes at the end of uint32_t
    const uint32_t twice = x->cap > UINT32_MAX / 2 ? UINT32_MAX : x->cap * 2;
    if (cap < twice)
        cap = twice;
    if (cap < 4)
        cap = 4;
    jn_value *items = jn_arena_grow(a, x->items, x->cap * sizeof *items, cap * sizeof *items);
    if (!items)
        return false;
    x->items = items;
    x->cap = cap;
    return true;
}

bool jn_array_push_all(struct jn_arena *a, struct jn_array *x, const struct jn_array *from)
{
    const uint32_t n = from->len;           // `from` may be `x`
    if (n == 0)
        return true;
    if (n > UINT32_MAX - x->len || !jn_array_grow(a, x, x->len + n))
        return false;
    memcpy(x->items + x->len, from->items, n * sizeof *x->items);
    x->len += n;
    x->span = NULL;
    x->canonical = false;
    return true;
}

struct jn_array *jn_array_join(struct jn_arena *a, const struct jn_array *x, const jn_value *more, uint32_t n)
{
    if (n > UINT32_MAX - x->len)
        return NULL;
    struct jn_array *both = jn_array_new(a, 0);
    jn_value *items = jn_arena_append(a, x->items, x->len * sizeof *items, n * sizeof *items);
    if (!both || !items)
        return NULL;
    if (n)
        memcpy(items + x->len, more, n * sizeof *items);
    both->items = items;
    both->len = both->cap = x->len + n;
    return both;
}

/* ---- equality ------------------------------------------------------------------------------------------------ */

/* Two containers of one kind and length, compared up to member `next`. */
struct pair {
    jn_value a, b;
    uint32_t next;
};

enum { PAIRS_AT_HAND = 32 };

/* Pairs being compared, outermost first.  Most values are flat, so that the system is rarely asked for memory. */
struct pairs {
    struct jn_arena *arena;         /* where the list grows; NULL: malloc */
    jn_go_on_fn *go_on;             /* NULL: always */
    void *arg;
    struct pair *at;
    size_t len, cap;
    struct pair at_hand[PAIRS_AT_HAND];
};

static bool grow_pairs(struct pairs *s)
{
    const size_t size = s->cap * sizeof *s->at;
    struct pair *at = s->arena ? jn_arena_alloc(s->arena, 2 * size) : malloc(2 * size);
    if (!at)
        return false;
    memcpy(at, s->at, size);
    if (!s->arena && s->at != s->at_hand)
        free(s->at);
    s->at = at;
    s->cap *= 2;
    return true;
}

static bool push_pair(struct pairs *s, jn_value a, jn_value b)
{
    if ((s->len == s->cap && !grow_pairs(s)) || (s->go_on && !s->go_on(s->arg)))
        return false;
    s->at[s->len++] = (struct pair){ a, b, 0 };
    return true;
}

static bool equal_numbers(jn_value a, jn_value b)
{
    if (a.flags & b.flags & JN_NUM_TEXT && jn_str_eq(jn_text(a), jn_text(b)))
        return true;
    return jn_num(a) == jn_num(b);
}

/* Compares what can be compared at once; containers that may be equal go to the stack. */
static bool equal_or_push(struct pairs *s, jn_value a, jn_value b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case JN_BOOLEAN:
        return jn_bool(a) == jn_bool(b);
    case JN_NUMBER:
        return equal_numbers(a, b);
    case JN_STRING:
        return jn_str_eq(jn_text(a), jn_text(b));
    case JN_FUNCTION:
        return a.as.function == b.as.function;
    case JN_ARRAY:
        return a.as.array == b.as.array || (jn_array_len(a) == jn_array_len(b) && push_pair(s, a, b));
    case JN_OBJECT:
        return a.as.object == b.as.object || (jn_object_len(a) == jn_object_len(b) && push_pair(s, a, b));
    default:
        return true;
    }
}

/* The next two members of the pair, false at its end or when `b` lacks the key (*missing). */
static bool next_members(struct pair *p, jn_value *a, jn_value *b, bool *missing)
{
    if (p->next == jn_length(p->a))
        return false;
    const uint32_t i = p->next++;
    if (jn_is(p->a, JN_ARRAY)) {
        *a = jn_array_at(p->a, i);
        *b = jn_array_at(p->b, i);
        return true;
    }
    const struct jn_object *x = p->a.as.object, *y = p->b.as.object;
    const int slot = x->shape == y->shape ? (int)i : jn_shape_find_hash(y->shape, x->shape->keys[i].name,
                                                                        x->shape->keys[i].hash);
    *missing = slot < 0;
    if (*missing)
        return false;
    *a = x->values[i];
    *b = y->values[slot];
    return true;
}

static bool equal_all(struct pairs *s, jn_value a, jn_value b)
{
    bool equal = equal_or_push(s, a, b), missing = false;
    while (equal && s->len) {
        jn_value x, y;
        if (next_members(&s->at[s->len - 1], &x, &y, &missing))
            equal = equal_or_push(s, x, y);
        else if (missing)
            equal = false;
        else
            s->len--;
    }
    return equal;
}

/* Without memory for the list, which only values nested very deep need, the answer is "not equal". */
static bool equal_deep(struct jn_arena *arena, jn_value a, jn_value b, jn_go_on_fn *go_on, void *arg)
{
    struct pairs s;                 // not zeroed: the places at hand are many
    s.arena = arena;
    s.go_on = go_on;
    s.arg = arg;
    s.at = s.at_hand;
    s.len = 0;
    s.cap = PAIRS_AT_HAND;
    const bool equal = equal_all(&s, a, b);
    if (!arena && s.at != s.at_hand)
        free(s.at);
    return equal;
}

bool jn_equal(jn_value a, jn_value b)
{
    return equal_deep(NULL, a, b, NULL, NULL);
}

bool jn_equal_in(struct jn_arena *scratch, jn_value a, jn_value b, jn_go_on_fn *go_on, void *arg)
{
    const jn_mark mark = jn_arena_mark(scratch);
    const bool equal = equal_deep(scratch, a, b, go_on, arg);
    if (scratch->at != mark.at)
        jn_arena_rewind(scratch, mark);
    return equal;
}

/* ---- deep copies --------------------------------------------------------------------------------------------- */

enum { COPIED_SHAPES = 16 };

/* Containers are copied with their members as they are, and wait in a list until those are copied too.  The list goes
 * through `span`, which a finished copy does not have: so the work needs no stack at all. */
struct copying {
    struct jn_arena *a;
    struct jn_array *arrays;
    struct jn_object *objects;
    struct {
        const struct jn_shape *from;
        struct jn_shape *to;
    } shapes[COPIED_SHAPES];        // of objects already copied; a later one may take the place of an earlier one
};

/* An immutable shape with copies of the keys, in the new arena. */
static struct jn_shape *copy_shape(struct copying *c, const struct jn_shape *from)
{
    const size_t place = ((uintptr_t)from >> 4) % COPIED_SHAPES;
    if (c->shapes[place].from == from)
        return c->shapes[place].to;
    struct jn_shape *to = jn_arena_zalloc(c->a, sizeof *to);
    if (!to)
        return NULL;
    to->shared = to->plain = true;
    for (uint32_t i = 0; to && i < from->len; i++)
        to = jn_shape_shared_child(c->a, to, from->keys[i].name, from->keys[i].hash);
    if (to && from->shared) {
        c->shapes[place].from = from;
        c->shapes[place].to = to;
    }
    return to;
}

/* A private copy: linear in the number of keys, which a chain of immutable shapes is not. */
static struct jn_shape *copy_private_shape(struct copying *c, const struct jn_shape *from)
{
    struct jn_shape *to = jn_shape_private(c->a, NULL, 0, from->len);
    for (uint32_t i = 0; to && i < from->len; i++) {
        const jn_str name = jn_arena_copy(c->a, from->keys[i].name);
        if (!name.data || !jn_shape_add(c->a, to, name, from->keys[i].hash))
            return NULL;
    }
    return to;
}

static jn_value copy_array(struct copying *c, jn_value v)
{
    struct jn_array *from = v.as.array, *to = jn_array_new(c->a, from->len);
    if (!to)
        return jn_undefined();
    if (from->len)
        memcpy(to->items, from->items, from->len * sizeof *to->items);
    to->len = from->len;
    to->span = (const char *)c->arrays;
    c->arrays = to;
    return jn_array_value(to, v.flags);
}

static jn_value copy_object(struct copying *c, const struct jn_object *from)
{
    struct jn_shape *shape = from->shape->shared ? copy_shape(c, from->shape) : copy_private_shape(c, from->shape);
    struct jn_object *to = shape ? jn_object_of(c->a, shape) : NULL;
    if (!to)
        return jn_undefined();
    if (shape->len)
        memcpy(to->values, from->values, shape->len * sizeof *to->values);
    to->span = (const char *)c->objects;
    c->objects = to;
    return jn_object_value(to);
}

/* A string, or a number that is kept as text. */
static jn_value copy_text(struct copying *c, jn_value v)
{
    v.as.text = jn_arena_copy(c->a, jn_text(v)).data;
    return v.as.text ? v : jn_undefined();
}

static jn_value copy_one(struct copying *c, jn_value v)
{
    switch (v.type) {
    case JN_ARRAY:
        return copy_array(c, v);
    case JN_OBJECT:
        return copy_object(c, v.as.object);
    case JN_NUMBER:
        return v.flags & JN_NUM_TEXT ? copy_text(c, v) : v;
    case JN_STRING:
        return copy_text(c, v);
    default:
        return v;
    }
}

static void copy_members(struct copying *c, jn_value *members, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        members[i] = copy_one(c, members[i]);
}

jn_value jn_deep_copy(struct jn_arena *a, jn_value v)
{
    struct copying c = { .a = a };
    const jn_value copy = copy_one(&c, v);
    while ((c.arrays || c.objects) && !jn_arena_failed(a)) {
        if (c.arrays) {
            struct jn_array *x = c.arrays;
            c.arrays = (struct jn_array *)x->span;
            x->span = NULL;
            copy_members(&c, x->items, x->len);
        } else {
            struct jn_object *o = c.objects;
            c.objects = (struct jn_object *)o->span;
            o->span = NULL;
            copy_members(&c, o->values, o->shape->len);
        }
    }
    return jn_arena_failed(a) ? jn_undefined() : copy;
}
