/* group.c - grouping: a{key: value} (spec 7.9).
 *
 * The general way makes groups by key, in two rounds: all keys of all items first, then the values in order of the
 * keys.  What the values ask for by aggregates of plain paths is tallied in the first round (tally.h). */
#include "jsonata/group.h"
#include "jsonata/tally.h"

/* ---- groups under construction ------------------------------------------------------------------------------- */

/* `keys` maps a key to its number, which is its slot. */
struct entry {
    uint32_t pair;
    jn_value first;             /* the only item, as it is */
    struct jn_array *more;      /* two and more: all of them, arrays spread */
    jn_value rows;              /* tuples: the rows */
};

struct grouping {
    const struct group *g;
    struct jsonata_eval *e;
    struct jsonata_frame *f;
    struct jn_object *keys;
    struct entry *entries;
    uint32_t cap;
    struct tallies tallies;
};

static void append(struct jsonata_eval *e, struct jn_array *to, jn_value v)
{
    if (jn_is_undefined(v) || (v.type == JN_ARRAY && !jsonata_moved(e, v.as.array->len)))
        return;
    const bool done = v.type == JN_ARRAY ? jn_array_push_all(e->arena, to, v.as.array) : jn_array_push(e->arena, to, v);
    if (!done)
        jsonata_raise_memory(e);
}

static void entry_add(struct grouping *w, struct entry *x, jn_value item)
{
    struct jsonata_eval *e = w->e;
    if (w->g->tuples) {
        jsonata_push(e, x->rows, item);
        return;
    }
    if (jn_is_undefined(item) || (jn_is_undefined(x->first) && !x->more)) {
        x->first = jn_is_undefined(item) ? x->first : item;
        return;
    }
    if (!x->more) {
        x->more = jn_array_new(e->arena, 4);
        if (!x->more) {
            jsonata_raise_memory(e);
            return;
        }
        append(e, x->more, x->first);
    }
    append(e, x->more, item);
}

static void entry_new(struct grouping *w, jn_str key, uint32_t pair, jn_value item)
{
    struct jsonata_eval *e = w->e;
    const uint32_t n = w->keys->shape->len;
    if (n == w->cap) {
        const uint32_t cap = w->cap ? w->cap * 2 : 8;
        w->entries = jn_arena_grow(e->arena, w->entries, w->cap * sizeof *w->entries, cap * sizeof *w->entries);
        w->cap = cap;
    }
    if (!w->entries || !jn_object_set(e->arena, w->keys, key, jn_null())) {
        jsonata_raise_memory(e);
        return;
    }
    w->entries[n] = (struct entry){ .pair = pair, .first = item };
    if (w->g->tuples) {
        w->entries[n].rows = jsonata_array(e, 4, JN_TUPLE_STREAM);
        jsonata_push(e, w->entries[n].rows, item);
    }
}

static bool is_reserved(jn_str key)
{
    return jn_str_eq(key, JN_STR("_jsonata_lambda")) || jn_str_eq(key, JN_STR("_jsonata_function"));
}

/* Puts an item under the key that one pair gives for it. */
static void group_item(struct grouping *w, uint32_t pair, jn_value key, jn_value item)
{
    struct jsonata_eval *e = w->e;
    if (jn_is_undefined(key) || jsonata_failed(e))
        return;
    if (key.type != JN_STRING) {
        jsonata_raise(e, (struct jsonata_fault){ .code = "T1003", .position = w->g->position, .value = key });
        return;
    }
    if (is_reserved(jn_text(key))) {
        jsonata_raise(e, (struct jsonata_fault){ .code = "D1013", .position = w->g->position, .value = key });
        return;
    }
    const uint32_t groups = w->keys->shape->len;
    const int slot = jn_shape_find(w->keys->shape, jn_text(key));
    if (slot < 0)
        entry_new(w, jn_text(key), pair, item);
    else if (w->entries[slot].pair != pair)
        jsonata_raise(e, (struct jsonata_fault){ .code = "D1009", .position = w->g->position, .value = key });
    else
        entry_add(w, &w->entries[slot], item);
    if (!jsonata_failed(e))
        tallies_add(&w->tallies, slot < 0 ? groups : (uint32_t)slot, pair, item);
}

static void collect_keys(struct grouping *w, const jn_value *items, uint32_t n)
{
    const struct group *g = w->g;
    for (uint32_t i = 0; i < n && jsonata_step(w->e); i++) {
        jn_value item = items[i];
        struct jsonata_frame *f = w->f;
        if (g->tuples) {
            f = tuple_frame(w->e, g->tuples, tuple_of(items[i]), w->f);
            item = tuple_of(items[i])->item;
        }
        for (uint32_t k = 0; k < g->len && !jsonata_failed(w->e); k++)
            group_item(w, k, node_eval(g->pairs[k].key, w->e, item, f), items[i]);
    }
}

/* Several rows as one: every column is what its values append to. */
static const struct tuple *merge_rows(struct grouping *w, const struct jn_array *rows)
{
    struct jsonata_eval *e = w->e;
    const struct tuple_layout *t = w->g->tuples;
    if (rows->len == 1)
        return tuple_of(rows->items[0]);
    struct tuple *all = jn_arena_zalloc(e->arena, sizeof *all + t->len * sizeof(jn_value));
    if (!all) {
        jsonata_raise_memory(e);
        return NULL;
    }
    all->layout = t;
    for (uint32_t k = 0; k < t->len; k++)
        all->column[k].type = VALUE_UNBOUND;
    for (uint32_t k = 0; k <= t->len && !jsonata_failed(e); k++) {
        jn_value *to = k < t->len ? &all->column[k] : &all->item;
        uint32_t found = 0;
        struct jn_array *list = NULL;
        for (uint32_t i = 0; i < rows->len && !jsonata_failed(e); i++) {
            const struct tuple *row = tuple_of(rows->items[i]);
            const jn_value v = k < t->len ? row->column[k] : row->item;
            if (v.type == VALUE_UNBOUND || jn_is_undefined(v))
                continue;
            if (found++ == 0) {
                *to = v;
                continue;
            }
            if (!list && (list = jn_array_new(e->arena, rows->len)))
                append(e, list, *to);
            if (list)
                append(e, list, v);
            *to = jn_array_value(list, 0);
        }
    }
    return all;
}

static jn_value entry_value(struct grouping *w, const struct entry *x)
{
    const struct node *value = w->g->pairs[x->pair].value;
    if (!w->g->tuples)
        return node_eval(value, w->e, x->more ? jn_array_value(x->more, 0) : x->first, w->f);
    const struct tuple *row = merge_rows(w, x->rows.as.array);
    if (!row || jsonata_failed(w->e))
        return jn_undefined();
    struct jsonata_frame *f = tuple_frame(w->e, w->g->tuples, row, w->f);
    const jn_value item = row->item;
    /* The reference takes the item out of a row that is alone in its group: another group does not find it there. */
    if (x->rows.as.array->len == 1)
        tuple_of(x->rows.as.array->items[0])->item = jn_undefined();
    return f ? node_eval(value, w->e, item, f) : jn_undefined();
}

/* The second round: values, in order of the keys. */
static jn_value collect_values(struct grouping *w)
{
    struct jsonata_eval *e = w->e;
    struct jn_shape *shape = w->keys->shape;
    const uint32_t n = shape->len;
    bool complete = true;
    for (uint32_t i = 0; i < n && jsonata_step(e); i++) {
        const uint32_t slot = jn_shape_slot(shape, i);
        if (w->g->plan)
            e->tallies = tallies_of(&w->tallies, slot);
        w->keys->values[slot] = entry_value(w, &w->entries[slot]);
        complete = complete && !jn_is_undefined(w->keys->values[slot]);
    }
    if (jsonata_failed(e))
        return jn_undefined();
    if (complete)
        return jn_object_value(w->keys);
    struct jn_object *some = jn_object_new(e->arena, n);
    for (uint32_t slot = 0; some && slot < n; slot++) {
        if (!jn_is_undefined(w->keys->values[slot]) &&
            !jn_object_set(e->arena, some, shape->keys[slot].name, w->keys->values[slot]))
            some = NULL;
    }
    return some ? jn_object_value(some) : jsonata_raise_memory(e);
}

static jn_value group_general(const struct group *g, struct jsonata_eval *e, const jn_value *items, uint32_t n,
                              struct jsonata_frame *f)
{
    struct grouping w = { .g = g, .e = e, .f = f, .keys = jn_object_new(e->arena, 8) };
    if (!w.keys)
        return jsonata_raise_memory(e);
    tallies_open(&w.tallies, g->plan, e, f);
    collect_keys(&w, items, n);
    if (jsonata_failed(e))
        return jn_undefined();
    struct tally *outer = e->tallies;
    const jn_value v = collect_values(&w);
    e->tallies = outer;
    return v;
}

/* ---- constant keys ------------------------------------------------------------------------------------------- */

/* Neither arrays, which would be spread, nor nothing. */
static bool are_plain(const jn_value *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].type == JN_ARRAY || jn_is_undefined(items[i]))
            return false;
    }
    return true;
}

/* Every item is in the group of every key. */
static jn_value group_constant(const struct group *g, struct jsonata_eval *e, const jn_value *items, uint32_t n,
                               struct jsonata_frame *f)
{
    struct tally *outer = e->tallies;
    struct tallies t;
    jn_value all = items[0];
    if (g->plan)
        e->tallies = NULL;
    if (n > 1) {
        struct jn_array *x = jn_arena_alloc(e->arena, sizeof *x);
        if (!x)
            return jsonata_raise_memory(e);
        *x = (struct jn_array){ .items = (jn_value *)items, .len = n, .cap = n };
        all = jn_array_value(x, 0);
        tallies_open(&t, g->plan, e, f);
        for (uint32_t i = 0; t.plan && i < n && jsonata_step(e); i++) {
            for (uint32_t k = 0; k < g->len; k++)
                tallies_add(&t, 0, k, items[i]);
        }
        if (g->plan)
            e->tallies = tallies_of(&t, 0);
    }
    const jn_value v = object_constant(g, e, all, f);
    e->tallies = outer;
    return v;
}

jn_value group_eval(const struct group *g, struct jsonata_eval *e, const jn_value *items, uint32_t n,
                    struct jsonata_frame *f)
{
    const jn_value nothing = jn_undefined();
    if (n == 0 && !g->tuples) {
        items = &nothing;
        n = 1;
    }
    if (g->is_constant && (n == 1 || are_plain(items, n)))
        return group_constant(g, e, items, n, f);
    return group_general(g, e, items, n, f);
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

/* Literal keys that are different, not reserved, and not array indices, which would come first. */
static bool keys_are_constant(struct compiler *c, const struct group *g)
{
    struct jn_object *seen = jn_object_new(c->arena, g->len);
    for (uint32_t i = 0; seen && i < g->len; i++) {
        const jn_str name = g->pairs[i].name;
        if (!name.data || is_reserved(name) || !jn_object_set(c->arena, seen, name, jn_null()))
            return false;
        if (seen->shape->len <= i || seen->shape->keys[i].index_like != UINT32_MAX)     // the same key twice; a number
            return false;
    }
    return seen && g->len <= JN_SHAPE_MAX;
}

static jn_str constant_name(const struct ast_node *key)
{
    const bool is_plain = key->kind == AST_STRING && !key->rare->predicates.len && !key->rare->group;
    return is_plain ? jn_text(key->literal) : (jn_str){ NULL, 0 };
}

/* The values of an object constructor see the context that it has itself, when every item is in every group. */
static struct tally_plan *plan_for(struct compiler *c, const struct ast_node *ast, const struct tuple_layout *tuples)
{
    if (ast->kind == AST_GROUP)
        return tuples ? NULL : tally_plan_new(c, ast);
    for (uint32_t i = 0; i < ast->items.len; i += 2) {
        if (!constant_name(ast->items.at[i]).data)
            return NULL;
    }
    return c->plan;
}

const struct group *compile_group(struct compiler *c, const struct ast_node *ast, struct tuple_layout *tuples)
{
    const struct ast_list *pairs = &ast->items;
    struct group *g = COMPILE_NEW(c, struct group);
    const uint32_t n = pairs->len / 2;
    struct tally_plan *outer = c->plan, *plan = plan_for(c, ast, tuples);
    const bool is_own = plan && ast->kind == AST_GROUP;
    g->tuples = tuples;
    g->site = NO_SITE;
    g->position = ast->position;
    g->pairs = compile_alloc(c, n * sizeof *g->pairs);
    for (uint32_t i = 0; i < n && !c->failed; i++) {
        c->plan = NULL;
        g->pairs[i].key = compile_node(c, pairs->at[2 * i]);
        if (is_own)
            plan->pair = i;
        c->plan = plan;
        g->pairs[i].value = compile_node(c, pairs->at[2 * i + 1]);
        g->pairs[i].name = constant_name(pairs->at[2 * i]);
        g->len++;
    }
    c->plan = outer;
    if (is_own && plan->len)
        g->plan = plan;
    g->is_constant = !c->failed && !tuples && keys_are_constant(c, g);
    if (g->is_constant && !c->program->is_dynamic)
        g->site = c->program->site_shapes++;
    return g;
}
