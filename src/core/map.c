/* map.c - shapes and objects.
 *
 * Shared shapes form a tree: the root has no keys, and each child has one key more than its parent.
 *
 *     {} -- id -- id,name -- id,name,tags
 *              \- id,price
 *
 * The table of shapes (struct jn_shapes) finds the child for a key by hashing the pair, so that a document cannot make
 * one shape's list of children long and walk it again and again.  A first child shares its parent's array of keys.
 *
 * Order of iteration (json.h) is computed when a shared shape is made, and lazily for a private one: sorting at every
 * insertion would make a group-by over integers quadratic.
 *
 * What is bounded, since shapes outlive documents: their number (`limit`), keys per shape (JN_SHAPE_MAX), bytes per
 * key (LONGEST_SHARED_KEY).  What does not fit gets a private shape in the document's arena.  Once the table is half
 * full, a shape gets in when it is met for the second time: documents whose keys are data, new ones every time, would
 * otherwise fill the table with what never comes back, and leave no place for those that do. */
#include "core/map.h"

#include <assert.h>
#include <stdlib.h>

#include "core/wide.h"

enum { LONGEST_SHARED_KEY = 256, DEFAULT_LIMIT = 2000, NOT_INDEX = UINT32_MAX };

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    const struct jn_wide p = jn_multiply(a, b);
    return p.high ^ p.low;
}

/* The last one to eight bytes of a key: loads of a fixed size, which may overlap, in place of a call. */
static uint64_t load_tail(const char *p, size_t n)
{
    if (n >= 4)
        return jn_load4(p) | (uint64_t)jn_load4(p + n - 4) << 32;
    return (unsigned char)p[0] | (unsigned)(unsigned char)p[n / 2] << 8 | (unsigned)(unsigned char)p[n - 1] << 16;
}

/* The address of this constant differs from process to process where code is loaded at random addresses, and with it
 * the hash: keys that collide here are of no use elsewhere.  Nothing that anybody sees depends on hashes. */
static const char process_salt;

static inline uint32_t hash_of(jn_str key)
{
    uint64_t h = (uint64_t)(uintptr_t)&process_salt ^ (key.len * 0x9e3779b97f4a7c15u);
    size_t i = 0;
    for (; key.len - i > 8; i += 8)
        h = fold(h ^ jn_load8(key.data + i), 0xe7037ed1a0b428dbu);
    if (key.len)
        h = fold(h ^ load_tail(key.data + i, key.len - i), 0xa0761d6478bd642fu);
    h = fold(h, 0x8ebc6af09c88c6e3u);
    return (uint32_t)(h ^ h >> 32);
}

uint32_t jn_hash(jn_str key)
{
    return hash_of(key);
}

/* The value of a canonical array index (ECMA-262, "array index"): 0 to 2^32 - 2, no sign, no leading zero. */
static uint32_t index_of_key(jn_str key)
{
    if (key.len == 0 || key.len > 10 || key.data[0] > '9' || (key.data[0] == '0' && key.len > 1))
        return NOT_INDEX;
    uint64_t n = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] < '0' || key.data[i] > '9')
            return NOT_INDEX;
        n = n * 10 + (uint64_t)(key.data[i] - '0');
    }
    return n < NOT_INDEX ? (uint32_t)n : NOT_INDEX;
}

static bool needs_no_escape(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 || c == '"' || c == '\\')
            return false;
        if (c == 0xed && i + 1 < s.len && (unsigned char)s.data[i + 1] >= 0xa0)
            return false;           // a lone surrogate
    }
    return true;
}

/* ---- finding ------------------------------------------------------------------------------------------------- */

static int find_linear(const struct jn_shape *s, jn_str key)
{
    for (uint32_t i = 0; i < s->len; i++)
        if (jn_str_eq(s->keys[i].name, key))
            return (int)i;
    return -1;
}

/* From the first place of the table on. */
JN_APART static int find_probing(const struct jn_shape *s, jn_str key, uint32_t hash)
{
    for (uint32_t i = hash & s->table_mask; s->table[i]; i = (i + 1) & s->table_mask) {
        const uint32_t slot = s->table[i] - 1;
        const struct jn_key *k = &s->keys[slot];
        // Beyond s->len are keys of longer objects: jn_object_join().
        if (k->hash == hash && slot < s->len && jn_str_eq(k->name, key))
            return (int)slot;
    }
    return -1;
}

/* The same for a shape with a table.  Mostly the first place decides, and keys are short. */
static inline int find_in_table(const struct jn_shape *s, jn_str key, uint32_t hash)
{
    enum { SHORT = 16 };
    const uint32_t first = s->table[hash & s->table_mask];
    if (!first)
        return -1;
    const struct jn_key *k = &s->keys[first - 1];
    if (k->hash == hash && first <= s->len && key.len <= SHORT && jn_str_eq(k->name, key))
        return (int)first - 1;
    return find_probing(s, key, hash);
}

int jn_shape_find_hash(const struct jn_shape *s, jn_str key, uint32_t hash)
{
    return s->table ? find_in_table(s, key, hash) : find_linear(s, key);
}

int jn_shape_find(const struct jn_shape *s, jn_str key)
{
    return s->table ? find_in_table(s, key, hash_of(key)) : find_linear(s, key);
}

static void table_insert(struct jn_shape *s, uint32_t slot)
{
    uint32_t i = s->keys[slot].hash & s->table_mask;
    while (s->table[i])
        i = (i + 1) & s->table_mask;
    s->table[i] = slot + 1;
}

/* Makes the table fit for `len` keys; existing keys are put into it. */
static bool table_for(struct jn_arena *a, struct jn_shape *s, uint32_t len)
{
    if (len <= JN_SHAPE_LINEAR || (s->table && len <= (s->table_mask + 1) / 2))
        return true;
    uint32_t size = 32;
    while (size / 4 < len && size < UINT32_C(1) << 31)
        size *= 2;
    uint32_t *table = jn_arena_zalloc(a, size * sizeof *table);
    if (!table)
        return false;
    s->table = table;
    s->table_mask = size - 1;
    for (uint32_t i = 0; i < s->len; i++)
        table_insert(s, i);
    return true;
}

/* ---- order of iteration -------------------------------------------------------------------------------------- */

/* Index-like keys by their value, then the others by slot. */
static bool comes_before(const struct jn_shape *s, uint32_t a, uint32_t b)
{
    const uint32_t x = s->keys[a].index_like, y = s->keys[b].index_like;
    return x != y ? x < y : a < b;
}

static void sift_down(const struct jn_shape *s, uint32_t from, uint32_t len)
{
    uint32_t *heap = s->order;
    for (uint32_t child; (child = 2 * from + 1) < len; from = child) {
        if (child + 1 < len && comes_before(s, heap[child], heap[child + 1]))
            child++;
        if (!comes_before(s, heap[from], heap[child]))
            return;
        const uint32_t t = heap[from];
        heap[from] = heap[child];
        heap[child] = t;
    }
}

/* Heap sort: needs no memory, so that looking at an object cannot fail. */
static void sort_order(struct jn_shape *s)
{
    for (uint32_t i = s->len / 2; i-- > 0;)
        sift_down(s, i, s->len);
    for (uint32_t n = s->len; n-- > 1;) {
        const uint32_t t = s->order[0];
        s->order[0] = s->order[n];
        s->order[n] = t;
        sift_down(s, 0, n);
    }
    s->unsorted = false;
}

void jn_shape_sort(const struct jn_shape *s)
{
    sort_order((struct jn_shape *)s);       // private shapes are never in read-only memory, nor shared by threads
}

/* True when the key at `slot`, the last one, may be iterated last. */
static bool is_in_order(const struct jn_shape *s, uint32_t slot)
{
    return s->keys[slot].index_like == NOT_INDEX || slot == 0 ||
           s->keys[slot - 1].index_like < s->keys[slot].index_like;
}

/* Gives `s` an order of iteration with room for its capacity, the order of insertion at first. */
static bool order_start(struct jn_arena *a, struct jn_shape *s)
{
    uint32_t *order = jn_arena_alloc(a, s->cap * sizeof *order);
    if (!order)
        return false;
    for (uint32_t i = 0; i < s->len; i++)
        order[i] = i;
    s->order = order;
    return true;
}

/* ---- private shapes ------------------------------------------------------------------------------------------ */

struct jn_shape *jn_shape_private(struct jn_arena *a, const struct jn_shape *from, uint32_t len, uint32_t cap)
{
    if (cap < 4)
        cap = 4;
    if (cap < len)
        cap = len;
    struct jn_shape *s = jn_arena_zalloc(a, sizeof *s);
    struct jn_key *keys = jn_arena_alloc(a, cap * sizeof *keys);
    if (!s || !keys)
        return NULL;
    s->keys = keys;
    s->cap = cap;
    if (len)
        memcpy(keys, from->keys, len * sizeof *keys);
    s->len = len;
    if (!table_for(a, s, len))
        return NULL;
    if (len && from->order) {
        if (!order_start(a, s))
            return NULL;
        sort_order(s);
    }
    return s;
}

static bool grow_keys(struct jn_arena *a, struct jn_shape *s)
{
    if (s->cap > UINT32_MAX / 4)
        return false;
    const uint32_t cap = s->cap * 2;
    struct jn_key *keys = jn_arena_grow(a, s->keys, s->cap * sizeof *keys, cap * sizeof *keys);
    if (!keys)
        return false;
    s->keys = keys;
    if (s->order) {
        uint32_t *order = jn_arena_grow(a, s->order, s->cap * sizeof *order, cap * sizeof *order);
        if (!order)
            return false;
        s->order = order;
    }
    s->cap = cap;
    return true;
}

bool jn_shape_add(struct jn_arena *a, struct jn_shape *s, jn_str key, uint32_t hash)
{
    const uint32_t slot = s->len;
    if ((slot == s->cap && !grow_keys(a, s)) || !table_for(a, s, slot + 1))
        return false;
    s->keys[slot] = (struct jn_key){ key, hash, index_of_key(key) };
    const bool in_order = is_in_order(s, slot);
    if (!in_order && !s->order && !order_start(a, s))
        return false;
    s->len++;
    if (s->order) {
        s->order[slot] = slot;
        s->unsorted |= s->keys[slot].index_like != NOT_INDEX;
    }
    if (s->table)
        table_insert(s, slot);
    s->plain = false;
    return true;
}

static void shape_remove(struct jn_shape *s, uint32_t slot)
{
    s->len--;
    memmove(s->keys + slot, s->keys + slot + 1, (s->len - slot) * sizeof *s->keys);
    if (s->table) {
        memset(s->table, 0, (s->table_mask + (size_t)1) * sizeof *s->table);
        for (uint32_t i = 0; i < s->len; i++)
            table_insert(s, i);
    }
    if (s->order) {
        for (uint32_t i = 0; i < s->len; i++)
            s->order[i] = i;
        s->unsorted = true;
    }
}

/* ---- shared shapes ------------------------------------------------------------------------------------------- */

static bool shapes_init(struct jn_shapes *t, struct jn_arena *memory, uint32_t limit)
{
    enum { FIRST_SIZE = 32 };
    t->memory = memory;
    t->limit = limit ? limit : DEFAULT_LIMIT;
    t->known = jn_arena_zalloc(memory, FIRST_SIZE * sizeof(struct jn_shape *));
    t->known_mask = FIRST_SIZE - 1;
    t->root = jn_arena_zalloc(memory, sizeof *t->root);
    struct jn_key *none = jn_arena_zalloc(memory, sizeof *none);
    if (!t->known || !t->root || !none)
        return false;
    t->root->keys = none;           // never NULL: the reader counts keys by pointers
    t->root->shared = t->root->plain = t->root->usual = true;
    t->root->owner = t;
    return true;
}

struct jn_shapes *jn_shapes_new_on(struct jn_budget *budget, uint32_t limit)
{
    struct jn_shapes *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    jn_arena_init(&t->own, 0);
    t->own.budget = budget;
    if (shapes_init(t, &t->own, limit))
        return t;
    jn_shapes_free(t);
    return NULL;
}

void jn_shapes_free(struct jn_shapes *t)
{
    if (!t)
        return;
    jn_arena_clear(&t->own);
    free(t);
}

struct jn_shapes *jn_shapes_in(struct jn_arena *a, uint32_t limit)
{
    struct jn_shapes *t = jn_arena_zalloc(a, sizeof *t);
    return t && shapes_init(t, a, limit) ? t : NULL;
}

struct jn_shape *jn_shapes_root(struct jn_shapes *t)
{
    return t->root;
}

static uint32_t place_of(const struct jn_shapes *t, const struct jn_shape *parent, uint32_t hash)
{
    return (uint32_t)fold((uintptr_t)parent ^ (uint64_t)hash << 32, 0x9e3779b97f4a7c15u) & t->known_mask;
}

static struct jn_shape *find_child(const struct jn_shapes *t, const struct jn_shape *from, jn_str key, uint32_t hash)
{
    for (uint32_t i = place_of(t, from, hash); t->known[i]; i = (i + 1) & t->known_mask) {
        struct jn_shape *s = t->known[i];
        const struct jn_key *last = &s->keys[s->len - 1];
        if (s->parent == from && last->hash == hash && jn_str_eq(last->name, key))
            return s;
    }
    return NULL;
}

static void remember(struct jn_shapes *t, struct jn_shape *s)
{
    uint32_t i = place_of(t, s->parent, s->keys[s->len - 1].hash);
    while (t->known[i])
        i = (i + 1) & t->known_mask;
    t->known[i] = s;
}

/* Keeps the table at most half full. */
static bool make_room(struct jn_shapes *t)
{
    if (t->count < (t->known_mask + 1) / 2)
        return true;
    const uint32_t old_size = t->known_mask + 1;
    struct jn_shape **old = t->known, **grown = jn_arena_zalloc(t->memory, old_size * 2 * sizeof(struct jn_shape *));
    if (!grown)
        return false;
    t->known = grown;
    t->known_mask = old_size * 2 - 1;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i])
            remember(t, old[i]);
    return true;
}

/* A copy of `key` as described in map.h; data is NULL when memory is out. */
static jn_str keep_key(struct jn_arena *a, jn_str key)
{
    const size_t size = key.len + 3 > JN_KEY_PAD ? key.len + 3 : JN_KEY_PAD;
    char *text = jn_arena_zalloc(a, size);
    if (!text)
        return (jn_str){ NULL, 0 };
    text[0] = '"';
    if (key.len)
        memcpy(text + 1, key.data, key.len);
    text[key.len + 1] = '"';
    text[key.len + 2] = ':';
    return (jn_str){ text + 1, key.len };
}

/* Keys of a child: the parent's array when the place behind its keys is free, which only its first child can claim. */
static struct jn_key *child_keys(struct jn_arena *a, const struct jn_shape *from, uint32_t *cap)
{
    *cap = from->cap;
    if (!from->child && from->len < from->cap)
        return from->keys;
    *cap = from->len < 4 ? 8 : from->len * 2;
    struct jn_key *keys = jn_arena_alloc(a, *cap * sizeof *keys);
    if (keys && from->len)
        memcpy(keys, from->keys, from->len * sizeof *keys);
    return keys;
}

struct jn_shape *jn_shape_shared_child(struct jn_arena *a, struct jn_shape *from, jn_str key, uint32_t hash)
{
    struct jn_shape *s = jn_arena_zalloc(a, sizeof *s);
    if (!s)
        return NULL;
    s->keys = child_keys(a, from, &s->cap);
    const jn_str name = keep_key(a, key);
    if (!s->keys || !name.data)
        return NULL;
    s->keys[from->len] = (struct jn_key){ name, hash, index_of_key(key) };
    s->len = from->len + 1;
    s->shared = true;
    s->plain = from->plain && needs_no_escape(key);
    s->owner = from->owner;
    s->parent = from;
    const bool in_order = !from->order && is_in_order(s, from->len);
    if (!table_for(a, s, s->len) || (!in_order && !order_start(a, s)))
        return NULL;
    if (s->order)
        sort_order(s);
    s->usual = s->plain && !s->order;
    from->child = s;
    return s;
}

/* Has this key been asked for behind these before?  May be a wrong no, when much else was asked for since. */
static bool comes_back(struct jn_shapes *t, const struct jn_shape *from, uint32_t hash)
{
    enum { MARKS = 4096 };
    if (!t->marks && !(t->marks = jn_arena_zalloc(t->memory, MARKS * sizeof *t->marks)))
        return false;
    const uint64_t mixed = fold((uintptr_t)from ^ (uint64_t)hash << 32, 0xe7037ed1a0b428dbu);
    uint16_t *const mark = &t->marks[mixed % MARKS];
    const uint16_t own = (uint16_t)(mixed >> 32 | 1);
    const bool known = *mark == own;
    *mark = own;
    return known;
}

/* Whether the table takes another shape. */
static bool admits(struct jn_shapes *t, const struct jn_shape *from, uint32_t hash)
{
    return t->count < t->limit && (t->count < t->limit / 2 || comes_back(t, from, hash)) && make_room(t);
}

struct jn_shape *jn_shapes_extend(struct jn_shapes *t, struct jn_shape *from, jn_str key)
{
    if (from->owner != t || from->len >= JN_SHAPE_MAX || key.len > LONGEST_SHARED_KEY)
        return NULL;
    const uint32_t hash = jn_hash(key);
    struct jn_shape *s = find_child(t, from, key, hash);
    if (s) {
        from->child = s;
        return s;
    }
    assert(jn_shape_find(from, key) < 0);
    if (!admits(t, from, hash))
        return NULL;
    s = jn_shape_shared_child(t->memory, from, key, hash);
    if (!s)
        return NULL;
    remember(t, s);
    t->count++;
    return s;
}

/* ---- objects ------------------------------------------------------------------------------------------------- */

struct jn_object *jn_object_new(struct jn_arena *a, uint32_t cap)
{
    if (cap < 4)
        cap = 4;
    struct jn_object *o = jn_arena_zalloc(a, sizeof *o);
    struct jn_shape *shape = jn_shape_private(a, NULL, 0, cap);
    jn_value *values = jn_arena_alloc(a, cap * sizeof *values);
    if (!o || !shape || !values)
        return NULL;
    o->shape = shape;
    o->values = values;
    o->cap = cap;
    return o;
}

struct jn_object *jn_object_of(struct jn_arena *a, struct jn_shape *shape)
{
    struct jn_object *o = jn_arena_alloc(a, sizeof *o + shape->len * sizeof(jn_value));
    if (!o)
        return NULL;
    // Without values the pointer stays NULL: jn_arena_grow() must not take it for the end of the block.
    *o = (struct jn_object){ .shape = shape, .values = shape->len ? (jn_value *)(o + 1) : NULL, .cap = shape->len };
    return o;
}

/* Makes the shape one that may be changed. */
static bool own_shape(struct jn_arena *a, struct jn_object *o)
{
    if (!o->shape->shared)
        return true;
    const uint32_t len = o->shape->len;
    struct jn_shape *s = jn_shape_private(a, o->shape, len, len + len / 2 + 4);
    if (!s)
        return false;
    o->shape = s;
    return true;
}

static bool grow_values(struct jn_arena *a, struct jn_object *o)
{
    if (o->cap > INT32_MAX / 4)
        return false;
    const uint32_t cap = o->cap < 4 ? 8 : o->cap * 2U;
    jn_value *values = jn_arena_grow(a, o->values, o->cap * sizeof *values, cap * sizeof *values);
    if (!values)
        return false;
    o->values = values;
    o->cap = cap;
    return true;
}

static void forget_span(struct jn_object *o)
{
    o->span = NULL;
    o->canonical = false;
}

bool jn_object_set(struct jn_arena *a, struct jn_object *o, jn_str key, jn_value v)
{
    assert(!jn_is_undefined(v));
    const uint32_t hash = jn_hash(key);
    const int found = jn_shape_find_hash(o->shape, key, hash);
    if (found >= 0) {
        forget_span(o);
        o->values[found] = v;
        return true;
    }
    const uint32_t slot = o->shape->len;
    if (!own_shape(a, o) || (slot == o->cap && !grow_values(a, o)) || !jn_shape_add(a, o->shape, key, hash))
        return false;
    forget_span(o);
    o->values[slot] = v;
    return true;
}

bool jn_object_can_join(const struct jn_object *o, const struct jn_key *key)
{
    return !o->shape->shared && !o->shape->order && key->index_like == NOT_INDEX;
}

/* The shape of `from`, which is private and has no order of its own, and one key more.  Keys that stay in place are at
 * the end of a line of such shapes: then the table may go on, too, since the shorter ones look no further than they are
 * long. */
static struct jn_shape *shape_join(struct jn_arena *a, const struct jn_shape *from, const struct jn_key *key)
{
    const uint32_t n = from->len;
    struct jn_shape *s = jn_arena_zalloc(a, sizeof *s);
    struct jn_key *keys = jn_arena_append(a, from->keys, n * sizeof *keys, sizeof *keys);
    if (!s || !keys)
        return NULL;
    if (keys == from->keys) {
        s->table = from->table;
        s->table_mask = from->table_mask;
    }
    s->keys = keys;
    s->len = n;
    s->cap = n + 1;
    if (!table_for(a, s, n + 1))
        return NULL;
    keys[n] = *key;
    s->len = n + 1;
    if (s->table)
        table_insert(s, n);
    return s;
}

struct jn_object *jn_object_join(struct jn_arena *a, const struct jn_object *o, const struct jn_key *key, jn_value v)
{
    const uint32_t n = o->shape->len;
    struct jn_object *to = n < UINT32_MAX / 4 ? jn_arena_zalloc(a, sizeof *to) : NULL;
    struct jn_shape *shape = to ? shape_join(a, o->shape, key) : NULL;
    jn_value *values = shape ? jn_arena_append(a, o->values, n * sizeof *values, sizeof *values) : NULL;
    if (!values)
        return NULL;
    values[n] = v;
    *to = (struct jn_object){ .shape = shape, .values = values, .cap = n + 1 };
    return to;
}

bool jn_object_remove(struct jn_arena *a, struct jn_object *o, jn_str key)
{
    const int slot = jn_shape_find(o->shape, key);
    if (slot < 0)
        return true;
    if (!own_shape(a, o))
        return false;
    forget_span(o);
    shape_remove(o->shape, (uint32_t)slot);
    memmove(o->values + slot, o->values + slot + 1, (o->shape->len - (uint32_t)slot) * sizeof *o->values);
    return true;
}
