/* step.c - what the steps of a path do with an item, and what becomes of the items at the path's end (spec 7.3).
 *
 * Each step has a sink: `item` evaluates the step for one item and gives the result to the next sink; `give` takes such
 * a result, and calls `item` for each member when it is an array.  The last sink is a collector, which knows the rules
 * of the end: one result that is an array stays what it is, everything else becomes a sequence. */
#include "jsonata/path.h"

/* ---- fields -------------------------------------------------------------------------------------------------- */

jn_value path_field_slow(struct jsonata_eval *e, uint32_t site, jn_str name, const struct jn_object *o)
{
    const int slot = jn_shape_find(o->shape, name);
    /* Only shapes of the context's own table live as long as the memory of the site. */
    if (site != NO_SITE && o->shape->shared && o->shape->owner == e->shapes)
        e->sites[site] = (struct jsonata_site){ o->shape, slot };
    return slot < 0 ? jn_undefined() : o->values[slot];
}

/* The value of a name step.  A sequence may have got into an object by a constructor. */
static inline jn_value name_value(struct jsonata_eval *e, const struct step *step, jn_value item)
{
    jn_value v;
    if (item.type == JN_OBJECT)
        v = path_field(e, step->site, step->name, item.as.object);
    else if (item.type == JN_ARRAY)
        v = jsonata_lookup(e, item, step->name);
    else
        return jn_undefined();
    if (v.type != JN_ARRAY || !(v.flags & JN_SEQUENCE))
        return v;
    if (step->keep_array)
        v.flags |= JN_KEEP_SINGLETON;
    return jsonata_unwrap(v);
}

/* ---- what is found ------------------------------------------------------------------------------------------- */

static void found_spread(struct found *to, struct jsonata_eval *e, jn_value v)
{
    if (v.type == JN_ARRAY && !(v.flags & JN_CONS)) {
        if (to->array.type == JN_ARRAY && jsonata_has_place(e, to->array, v.as.array->len) &&
            jsonata_moved(e, v.as.array->len) && !jn_array_push_all(e->arena, to->array.as.array, v.as.array))
            jsonata_raise_memory(e);
    } else {
        jsonata_push(e, to->array, v);
    }
}

/* A second result or item is coming: from now on there is an array. */
static void found_many(struct found *to, struct jsonata_eval *e)
{
    to->array = jsonata_array(e, 8, JN_SEQUENCE);
    if (to->state == FOUND_RESULT)
        found_spread(to, e, to->single);
    else if (to->state == FOUND_ITEM)
        jsonata_push_item(e, to->array, to->single);
    to->state = FOUND_MANY;
}

void found_give(struct found *to, struct jsonata_eval *e, jn_value v)
{
    if (to->state == FOUND_NONE) {
        to->state = FOUND_RESULT;
        to->single = v;
        return;
    }
    if (to->state != FOUND_MANY)
        found_many(to, e);
    found_spread(to, e, v);
}

void found_item(struct found *to, struct jsonata_eval *e, jn_value v)
{
    if (to->state == FOUND_NONE) {
        to->state = FOUND_ITEM;
        to->single = v;
        return;
    }
    if (to->state != FOUND_MANY)
        found_many(to, e);
    jsonata_push_item(e, to->array, v);
}

jn_value jsonata_sequence(struct jsonata_eval *e, jn_value v)
{
    jn_value s = jsonata_array(e, 1, JN_SEQUENCE);
    jsonata_push_item(e, s, v);
    return s;
}

jn_value found_end(const struct found *f, struct jsonata_eval *e, bool wrap)
{
    jn_value v = f->single;
    if (f->state == FOUND_MANY) {
        v = f->array;
    } else if (f->state == FOUND_RESULT && v.type == JN_ARRAY) {
        if (!(v.flags & JN_SEQUENCE))
            return v;                       /* that array is the result */
        v.flags = JN_SEQUENCE;
    } else {
        return wrap && f->state != FOUND_NONE ? jsonata_sequence(e, v) : v;
    }
    return wrap ? v : jsonata_unwrap(v);
}

/* ---- the collector ------------------------------------------------------------------------------------------- */

static bool collect_give(struct sink *s, jn_value v)
{
    found_give(&((struct collector *)s)->found, s->e, v);
    return !jsonata_failed(s->e);
}

static bool collect_item(struct sink *s, jn_value v)
{
    found_item(&((struct collector *)s)->found, s->e, v);
    return !jsonata_failed(s->e);
}

void collector_init(struct collector *c, struct jsonata_eval *e)
{
    *c = (struct collector){ .sink = { .give = collect_give, .item = collect_item, .e = e } };
}

jn_value collector_end(const struct collector *c, bool wrap)
{
    return found_end(&c->found, c->sink.e, wrap);
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

/* A step's result: members are the items of the next step. */
static inline bool spread(struct sink *s, jn_value v, bool (*item)(struct sink *, jn_value))
{
    if (v.type != JN_ARRAY || v.flags & JN_CONS)
        return item(s, v);
    const struct jn_array *x = v.as.array;
    for (uint32_t i = 0; i < x->len; i++) {
        if (!jsonata_step(s->e) || !item(s, x->items[i]))
            return false;
    }
    return true;
}

static bool item_name(struct sink *s, jn_value item)
{
    const jn_value v = name_value(s->e, s->step, item);
    return jn_is_undefined(v) || s->next->give(s->next, v);
}

static bool give_name(struct sink *s, jn_value v)
{
    return spread(s, v, item_name);
}

/* Hands a step's value on, through the filters that belong to it. */
static bool give_filtered(struct sink *s, jn_value v)
{
    const struct filters *fs = &s->step->filters;
    if (fs->len == 0 || jsonata_failed(s->e))
        return jn_is_undefined(v) ? !jsonata_failed(s->e) : s->next->give(s->next, v);
    if (fs->len == 1)
        return filter_give(fs->at, s->e, v, s->f, s->next);
    v = filters_apply(fs, s->e, v, s->f);
    return !jsonata_failed(s->e) && s->next->give(s->next, v);
}

static bool item_name_filtered(struct sink *s, jn_value item)
{
    return give_filtered(s, name_value(s->e, s->step, item));
}

static bool give_name_filtered(struct sink *s, jn_value v)
{
    return spread(s, v, item_name_filtered);
}

static bool item_node(struct sink *s, jn_value item)
{
    return give_filtered(s, node_eval(s->step->node, s->e, item, s->f));
}

static bool give_node(struct sink *s, jn_value v)
{
    return spread(s, v, item_node);
}

/* ---- ** ------------------------------------------------------------------------------------------------------ */

/* The item and everything below it, without collecting it first. */
static bool push_descendants(struct sink *s, jn_value v)
{
    struct jsonata_eval *e = s->e;
    if (!node_has_stack(e))
        return false;
    if (v.type == JN_ARRAY) {
        for (uint32_t i = 0; i < v.as.array->len; i++) {
            if (!jsonata_step(e) || !push_descendants(s, v.as.array->items[i]))
                return false;
        }
        return true;
    }
    if (!s->next->item(s->next, v))
        return false;
    for (uint32_t i = 0; v.type == JN_OBJECT && i < jn_object_len(v); i++) {
        const jn_value m = v.as.object->values[jn_shape_slot(v.as.object->shape, i)];
        if (!jsonata_step(e) || !push_descendants(s, m))
            return false;
    }
    return true;
}

static bool item_descendants(struct sink *s, jn_value item)
{
    return jn_is_undefined(item) || push_descendants(s, item);
}

static bool give_descendants(struct sink *s, jn_value v)
{
    return spread(s, v, item_descendants);
}

/* ** followed by a name: scalars have no fields, so that only containers are looked at.  Objects of different shapes
 * come in turn, hence a memory for several. */
enum { SHAPES = 16 };

struct descent {
    struct sink *s;                 /* of ** ; its next is the name's */
    const struct jn_shape *shape[SHAPES];
    int slot[SHAPES];
};

static inline jn_value descent_field(struct descent *d, const struct jn_object *o)
{
    const unsigned at = ((uintptr_t)o->shape >> 5) % SHAPES;
    if (d->shape[at] != o->shape) {
        d->shape[at] = o->shape;
        d->slot[at] = jn_shape_find(o->shape, d->s->next->step->name);
    }
    return d->slot[at] < 0 ? jn_undefined() : o->values[d->slot[at]];
}

static bool descend(struct descent *d, jn_value v);

static inline bool descend_members(struct descent *d, const jn_value *m, uint32_t n, const struct jn_shape *order)
{
    for (uint32_t i = 0; i < n; i++) {
        const jn_value x = m[order ? jn_shape_slot(order, i) : i];
        if ((x.type == JN_OBJECT || x.type == JN_ARRAY) && !descend(d, x))
            return false;
    }
    return true;
}

static bool descend(struct descent *d, jn_value v)
{
    struct sink *after = d->s->next->next;
    if (!node_has_stack(d->s->e) || !jsonata_step(d->s->e))
        return false;
    if (v.type == JN_ARRAY)
        return descend_members(d, v.as.array->items, v.as.array->len, NULL);
    jn_value found = descent_field(d, v.as.object);
    if (found.type == JN_ARRAY && found.flags & JN_SEQUENCE)
        found = jsonata_unwrap(found);
    if (!jn_is_undefined(found) && !after->give(after, found))
        return false;
    const struct jn_shape *shape = v.as.object->shape;
    return descend_members(d, v.as.object->values, shape->len, shape->order || shape->unsorted ? shape : NULL);
}

static bool item_descend(struct sink *s, jn_value item)
{
    struct descent d = { .s = s };
    return (item.type != JN_OBJECT && item.type != JN_ARRAY) || descend(&d, item);
}

static bool give_descend(struct sink *s, jn_value v)
{
    return spread(s, v, item_descend);
}

/* ---- * ------------------------------------------------------------------------------------------------------- */

/* Arrays are flattened completely. */
static bool push_flat(struct sink *next, jn_value v)
{
    if (v.type != JN_ARRAY)
        return next->item(next, v);
    if (!node_has_stack(next->e))
        return false;
    for (uint32_t i = 0; i < v.as.array->len; i++) {
        if (!jsonata_step(next->e) || !push_flat(next, v.as.array->items[i]))
            return false;
    }
    return true;
}

static bool has_array(const struct jn_object *o)
{
    for (uint32_t i = 0; i < o->shape->len; i++) {
        if (o->values[i].type == JN_ARRAY)
            return true;
    }
    return false;
}

/* The members of an object, one by one.  With an array among them all of them are one plain array, which at the end of
 * a path is something else than its members. */
static bool item_members(struct sink *s, jn_value item)
{
    if (item.type != JN_OBJECT || (s->step->is_last && has_array(item.as.object)))
        return item_node(s, item);
    const struct jn_object *o = item.as.object;
    for (uint32_t i = 0; i < o->shape->len; i++) {
        if (!jsonata_step(s->e) || !push_flat(s->next, o->values[jn_shape_slot(o->shape, i)]))
            return false;
    }
    return true;
}

static bool give_members(struct sink *s, jn_value v)
{
    return spread(s, v, item_members);
}

jn_value path_step_value(const struct step *step, struct jsonata_eval *e, jn_value item, struct jsonata_frame *f)
{
    return step->kind == STEP_NAME ? name_value(e, step, item) : node_eval(step->node, e, item, f);
}

/* ---- choosing ------------------------------------------------------------------------------------------------ */

static bool is_bare(const struct ast_node *ast, const struct step *s, enum ast_kind kind)
{
    return ast->kind == kind && !ast->rare->predicates.len && !ast->keep_array && !ast->rare->group && !s->filters.len;
}

void step_sinks_of_name(struct step *s)
{
    s->give = give_name;
    s->item = item_name;
}

void step_sinks(struct compiler *c, struct step *s, const struct ast_node *ast)
{
    s->give = give_node;
    s->item = item_node;
    if (s->kind == STEP_NAME) {
        s->give = s->filters.len ? give_name_filtered : give_name;
        s->item = s->filters.len ? item_name_filtered : item_name;
    } else if (c->program->is_plain) {
        return;
    } else if (is_bare(ast, s, AST_DESCENDANTS)) {
        s->give = give_descendants;
        s->item = item_descendants;
    } else if (is_bare(ast, s, AST_WILDCARD)) {
        s->give = give_members;
        s->item = item_members;
    }
}

void step_join(struct step *s, const struct step *next)
{
    if (s->item == item_descendants && next->item == item_name && !next->keep_array) {
        s->give_joined = give_descend;
        s->item_joined = item_descend;
    }
}
