/* map.h - what the reader and the writer know of shapes beyond value.h; private to core.
 *
 * Keys of a shared shape are kept as they stand in compact JSON, `"name":`, with name.data pointing behind the first
 * quote and at least JN_KEY_PAD readable bytes from that quote on: the reader compares, and the writer copies, the
 * whole of it.  For a shape that is not `plain` the text has unescaped characters in it and only the name counts. */
#ifndef JN_MAP_H
#define JN_MAP_H

#include "core/value.h"

enum {
    JN_KEY_PAD = 32,
    JN_SHAPE_SITES = 256,           /* a power of two */
};

struct jn_shapes {
    struct jn_arena own;            /* memory of a table made by jn_shapes_new_on() */
    struct jn_arena *memory;        /* where shapes live: &own, or the caller's */
    struct jn_shape *root;
    struct jn_shape **known;        /* open addressing by parent and key; never more than half full */
    uint32_t known_mask, count, limit;
    uint16_t *marks;                /* of shapes that were refused once; NULL at first */
    struct jn_shape *sites[JN_SHAPE_SITES];     /* the shape last read at a place of a document; see json_read.c */
};

/* The shared shape that holds the first `len` keys of `s`. */
static inline struct jn_shape *jn_shape_prefix(struct jn_shape *s, uint32_t len)
{
    while (s->len > len)
        s = s->parent;
    return s;
}

/* A private shape with the first `len` keys of `from` (NULL: none) and room for `cap`; NULL when the arena failed. */
struct jn_shape *jn_shape_private(struct jn_arena *a, const struct jn_shape *from, uint32_t len, uint32_t cap);

/* Appends a key (borrowed) that is not in the private shape `s` yet. */
bool jn_shape_add(struct jn_arena *a, struct jn_shape *s, jn_str key, uint32_t hash);

/* A new immutable shape with the keys of `from`, another such shape, and `key` (copied); NULL when the arena has
 * failed. Does not look whether there is one already. */
struct jn_shape *jn_shape_shared_child(struct jn_arena *a, struct jn_shape *from, jn_str key, uint32_t hash);

#endif
