/* value.h - how a jn_value is kept, and the fast way to look at one.  For core and the engine; users have json.h.
 *
 *   type      len            as                       flags
 *   BOOLEAN   0 or 1
 *   NUMBER                   .number                  -
 *   NUMBER    text bytes     .text                    NUM_TEXT [NUM_CANONICAL]   digits as read, converted on demand
 *   STRING    bytes          .text                    [STR_ASCII] [STR_PLAIN]
 *   ARRAY                    .array -> jn_array       the array flags below
 *   OBJECT                   .object -> jn_object
 *   FUNCTION                 .function -> the engine's struct jsonata_function
 *
 * Array flags belong to the value, not to the array: they travel with every copy of the value (JSONata's sequences,
 * spec "value model").
 *
 * An object is a shape (its keys, in order of insertion) and one value per key.  A shared shape is interned in a
 * jn_shapes table and never changes, so that objects with the same keys have the same shape pointer and a field site
 * can remember `shape -> slot`.  A private shape belongs to one object and grows with it: objects with many or
 * unpredictable keys.  The two look the same to readers.
 *
 * Containers read from text remember their span of it.  A canonical span is one that writing the container again would
 * reproduce byte for byte; the writer copies it.  Changing a container forgets its span. */
#ifndef JN_VALUE_H
#define JN_VALUE_H

#include "core/arena.h"
#include "core/number.h"
#include "core/utf8.h"

enum {
    JN_NUM_TEXT = 1,            /* kept as the digits it was read from */
    JN_NUM_CANONICAL = 2,       /* ... which are also what the writer would print */

    JN_STR_ASCII = 1,           /* known to be ASCII; not set means not known */
    JN_STR_PLAIN = 2,           /* known to need no escape in JSON; not set means not known */

    JN_SEQUENCE = 1,            /* made by a path, filter, ...: unwraps when it has one member */
    JN_KEEP_SINGLETON = 2,      /* ... except when this is set too: x[] */
    JN_CONS = 4,                /* written as [...] in a path: not flattened */
    JN_OUTER_WRAPPER = 8,       /* the input array, wrapped */
    JN_TUPLE_STREAM = 16,       /* members are the engine's tuples */
};

struct jn_array {
    jn_value *items;
    uint32_t len, cap;
    const char *span;           /* the text it was read from, or NULL */
    uint32_t span_len;
    bool canonical;             /* span may be copied to output */
};

struct jn_key {
    jn_str name;
    uint32_t hash;
    uint32_t index_like;        /* its value when it is a canonical array index, else UINT32_MAX */
};

struct jn_shape {
    struct jn_key *keys;        /* in order of insertion */
    uint32_t len, cap;
    bool shared;                /* interned and immutable */
    bool plain;                 /* known: no key needs an escape when written */
    bool usual;                 /* shared, plain, and without an order of its own: what the reader predicts quickly */
    bool unsorted;              /* private shapes: `order` is to be sorted before it is used; see jn_shape_slot() */
    uint32_t *order;            /* slots in order of iteration, or NULL when that is the order of insertion */
    uint32_t *table;            /* open addressing over keys: slot + 1, 0 is free; NULL up to JN_SHAPE_LINEAR keys */
    uint32_t table_mask;
    struct jn_shapes *owner;    /* shared shapes: the table that knows it */
    struct jn_shape *parent;    /* shared shapes: the one without the last key */
    struct jn_shape *child;     /* shared shapes: the one with one key more that was reached last */
};

enum { JN_SHAPE_LINEAR = 8 };

struct jn_object {
    struct jn_shape *shape;
    jn_value *values;           /* by slot: values[i] belongs to shape->keys[i] */
    uint32_t cap : 30;          /* room in values */
    uint32_t canonical : 1;     /* as for arrays; a bit of its own would make 40 bytes of 32 */
    uint32_t unread : 1;        /* there are members, but only in the span: see demand.h */
    uint32_t span_len;
    const char *span;
};

/* ---- making -------------------------------------------------------------------------------------------------- */

static inline jn_value jn_undefined(void) { return (jn_value){ .type = JN_UNDEFINED }; }
static inline jn_value jn_null(void) { return (jn_value){ .type = JN_NULL }; }
static inline jn_value jn_boolean(bool b) { return (jn_value){ .type = JN_BOOLEAN, .len = b }; }
static inline jn_value jn_number(double d) { return (jn_value){ .type = JN_NUMBER, .as.number = d }; }

/* Borrows `s`.  Flags: what is known of it (JN_STR_...). */
static inline jn_value jn_string(jn_str s, unsigned flags)
{
    return (jn_value){ .type = JN_STRING, .flags = (uint8_t)flags, .len = (uint32_t)s.len, .as.text = s.data };
}

static inline jn_value jn_array_value(struct jn_array *x, unsigned flags)
{
    return x ? (jn_value){ .type = JN_ARRAY, .flags = (uint8_t)flags, .as.array = x } : jn_undefined();
}

static inline jn_value jn_object_value(struct jn_object *o)
{
    return o ? (jn_value){ .type = JN_OBJECT, .as.object = o } : jn_undefined();
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static inline bool jn_is(jn_value v, enum jn_type t) { return v.type == (uint8_t)t; }
static inline bool jn_is_undefined(jn_value v) { return v.type == JN_UNDEFINED; }

/* The double; converts when the number is kept as text. */
static inline double jn_num(jn_value v)
{
    return v.flags & JN_NUM_TEXT ? jn_number_parse((jn_str){ v.as.text, v.len }) : v.as.number;
}

static inline jn_str jn_text(jn_value v) { return (jn_str){ v.as.text, v.len }; }
static inline bool jn_bool(jn_value v) { return v.len != 0; }
static inline uint32_t jn_array_len(jn_value v) { return v.as.array->len; }
static inline jn_value jn_array_at(jn_value v, uint32_t i) { return v.as.array->items[i]; }
static inline uint32_t jn_object_len(jn_value v) { return v.as.object->shape->len; }

/* Sorts the order of iteration of a private shape that has got index-like keys since it was last looked at. */
void jn_shape_sort(const struct jn_shape *s);

/* Slot of the i-th member in order of iteration. */
static inline uint32_t jn_shape_slot(const struct jn_shape *s, uint32_t i)
{
    if (s->unsorted)
        jn_shape_sort(s);
    return s->order ? s->order[i] : i;
}

/* ---- arrays -------------------------------------------------------------------------------------------------- */

/* An empty array with room for `cap`; NULL when the arena has failed. */
struct jn_array *jn_array_new(struct jn_arena *a, uint32_t cap);

bool jn_array_grow(struct jn_arena *a, struct jn_array *x, uint32_t cap);

/* Appends one value (undefined is the caller's mistake: asserted). */
static inline bool jn_array_push(struct jn_arena *a, struct jn_array *x, jn_value v)
{
    if (x->len == x->cap && !jn_array_grow(a, x, x->len + 1))
        return false;
    x->items[x->len++] = v;
    x->span = NULL;
    return true;
}

/* Appends all members of `from`. */
bool jn_array_push_all(struct jn_arena *a, struct jn_array *x, const struct jn_array *from);

/* An array of the members of `x` and `n` more; `x` stays as it is.  Arrays made longer bit by bit cost what they are
 * long: see jn_arena_append().  NULL when the arena has failed or the array would be too long. */
struct jn_array *jn_array_join(struct jn_arena *a, const struct jn_array *x, const jn_value *more, uint32_t n);

/* ---- shapes and objects -------------------------------------------------------------------------------------- */

/* A table of shared shapes with memory of its own, `limit` shapes at most (0: 2,000); its memory counts against the
 * budget (NULL: none).  Not for two threads at once. */
struct jn_shapes *jn_shapes_new_on(struct jn_budget *budget, uint32_t limit);
void jn_shapes_free(struct jn_shapes *t);

/* A table in an arena: freed with it. */
struct jn_shapes *jn_shapes_in(struct jn_arena *a, uint32_t limit);

/* The shared shape without keys; and the one that adding `key` (copied) to `from` gives, or NULL: then go on with
 * a private shape.  The table is full, or full enough to want to be asked twice; memory is out; `from`
 * has JN_SHAPE_MAX keys. */
struct jn_shape *jn_shapes_root(struct jn_shapes *t);
struct jn_shape *jn_shapes_extend(struct jn_shapes *t, struct jn_shape *from, jn_str key);

enum { JN_SHAPE_MAX = 64 };

uint32_t jn_hash(jn_str key);

/* Slot of `key`, or -1. */
int jn_shape_find(const struct jn_shape *s, jn_str key);
int jn_shape_find_hash(const struct jn_shape *s, jn_str key, uint32_t hash);

/* An empty object with a private shape and room for `cap` members. */
struct jn_object *jn_object_new(struct jn_arena *a, uint32_t cap);

/* An object of a shared shape; its shape->len values are to be filled in by the caller. */
struct jn_object *jn_object_of(struct jn_arena *a, struct jn_shape *shape);

/* Sets `key` (borrowed).  An object of a shared shape gets a private copy of it first when the key is new. */
bool jn_object_set(struct jn_arena *a, struct jn_object *o, jn_str key, jn_value v);

/* An object of the members of `o` and a new one; `o` stays as it is.  Objects made longer bit by bit cost what they are
 * long: see jn_arena_append().  Neither must be changed afterwards.  NULL when the arena has failed. */
struct jn_object *jn_object_join(struct jn_arena *a, const struct jn_object *o, const struct jn_key *key, jn_value v);

/* For objects with private shapes, and neither they nor the key in need of an order of iteration. */
bool jn_object_can_join(const struct jn_object *o, const struct jn_key *key);

/* Removes `key` if it is there; the others keep their order. */
bool jn_object_remove(struct jn_arena *a, struct jn_object *o, jn_str key);

/* The member, or undefined. */
static inline jn_value jn_object_get(const struct jn_object *o, jn_str key)
{
    const int slot = jn_shape_find(o->shape, key);
    return slot < 0 ? jn_undefined() : o->values[slot];
}

/* Asked at every container on the way through values: false stops the walk.  Values can share their parts so often that
 * a small one takes for ever to go through. */
typedef bool jn_go_on_fn(void *arg);

/* jn_equal() with its working memory in an arena: false when that fails, which the arena tells, or when `go_on` says
 * so. */
bool jn_equal_in(struct jn_arena *scratch, jn_value a, jn_value b, jn_go_on_fn *go_on, void *arg);

/* A copy of everything below `v` that does not borrow from the text or arena it came from; functions are shared.
 * undefined when `a` has failed. */
jn_value jn_deep_copy(struct jn_arena *a, jn_value v);

#endif
