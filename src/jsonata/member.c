/* member.c - `v in array` (spec 7.7).
 *
 * Members are compared one by one, containers and functions by identity.  A long array that is asked again gets a set
 * of its scalars, for the rest of the evaluation.  Nothing may be forgotten then: the memory of an array that is gone
 * could become another one. */
#include "jsonata/compile.h"
#include "jsonata/hash_set.h"

enum { LONG = 16, SETS = 8 };       /* members that are worth a set; sets that are looked through at each `in` */

struct member_set {
    const struct jn_array *array;
    uint32_t len;
    struct hash_set set;
    struct member_set *next;
};

static bool is_same(jn_value a, jn_value b)
{
    if (a.type != b.type)
        return false;
    if (a.type == JN_ARRAY || a.type == JN_OBJECT || a.type == JN_FUNCTION)
        return a.as.function == b.as.function;
    return jn_equal(a, b);
}

static bool look_through(struct jsonata_eval *e, jn_value v, const struct jn_array *x)
{
    for (uint32_t i = 0; i < x->len && jsonata_step(e); i++) {
        if (is_same(v, x->items[i]))
            return true;
    }
    return false;
}

static bool fill(struct jsonata_eval *e, struct member_set *m)
{
    const struct jn_array *x = m->array;
    if (!hash_set_init(e, &m->set, x->len))
        return false;
    for (uint32_t i = 0; i < x->len && jsonata_step(e); i++) {
        if (hash_is_scalar(x->items[i]) && !hash_is_nan(x->items[i]))
            hash_set_has(e, &m->set, x->items, x->items[i], i);
    }
    return !jsonata_failed(e);
}

static struct member_set *make_set(struct jsonata_eval *e, const struct jn_array *x)
{
    e->keeps_memory = true;
    struct member_set *m = jn_arena_alloc(e->arena, sizeof *m);
    if (!m) {
        jsonata_raise_memory(e);
        return NULL;
    }
    *m = (struct member_set){ .array = x, .len = x->len };
    if (!fill(e, m))
        return NULL;
    m->next = e->member_sets;
    return e->member_sets = m;
}

/* NULL when there is none (yet). */
static struct member_set *find_set(struct jsonata_eval *e, const struct jn_array *x)
{
    unsigned n = 0;
    for (struct member_set *m = e->member_sets; m; m = m->next, n++) {
        if (m->array == x && m->len == x->len)
            return m;
    }
    const struct jn_array **met = &e->members_met[((uintptr_t)x >> 5) % JSONATA_ARRAYS_MET];
    if (*met == x && n < SETS)
        return make_set(e, x);
    *met = x;
    return NULL;
}

bool member_in(struct jsonata_eval *e, jn_value v, const struct jn_array *x)
{
    if (x->len < LONG || !hash_is_scalar(v) || e->program->is_plain)
        return look_through(e, v, x);
    struct member_set *m = find_set(e, x);
    return m ? !hash_is_nan(v) && hash_set_has(e, &m->set, x->items, v, NO_PLACE) : look_through(e, v, x);
}
