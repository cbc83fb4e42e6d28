/* transform.c - | pattern | update, delete | (spec 7.10).
 *
 * The node gives a function.  Called, it clones its argument and changes the clone: the pattern's matches are objects
 * in it, and each is updated in place.  What an update puts in is not copied, so that of an object that is in two
 * places both see the changes, as in the reference; unless it might hold the match itself: the result never contains
 * itself (spec 16.11).  What a pattern finds outside of the clone (|$$.a|...|) stays as it is: it is the host's.
 *
 * Mostly the pattern is a path of names.  What it can find is then known, and only the containers on the way there
 * need to be our own; the rest of the clone is shared with the argument.  Objects that get and lose the same members
 * have the same shapes before and after, so that the change is worked out once and then done by moving values. */
#include "jsonata/compile.h"
#include "jsonata/join.h"

enum { SPINE_NAMES = 16 };

struct transform_node {
    struct node node;
    const struct node *pattern, *update, *remove;   /* remove may be NULL */
    const struct node *clone;                       /* the variable $clone */
    const struct jsonata *program;
    bool has_spine;                                 /* the pattern is a path of these names, with conditions perhaps */
    jn_str names[SPINE_NAMES];
    uint32_t name_count;
    bool is_constant;                               /* what is removed: these keys, always */
    jn_str *keys;
    uint32_t key_count;
    int64_t update_position, remove_position;       /* for errors; 0: the reference has none, as of all paths */
};

static jn_value raise_at(struct jsonata_eval *e, int64_t position, const char *code, jn_value v)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = code, .position = position, .value = v });
}

static bool is_default_clone(jn_value clone)
{
    const struct jsonata_function *fn = jsonata_function_of(clone);
    return fn && fn->kind == FUNCTION_BUILTIN && !strcmp(fn->as.builtin->name, "clone");
}

/* ---- the spine ----------------------------------------------------------------------------------------------- */

static bool own_names(const struct transform_node *t, struct jsonata_eval *e, jn_value *v, uint32_t next);

/* Members of an array are what the next name looks into.  False for arrays in arrays, which it would look through. */
static bool own_members(const struct transform_node *t, struct jsonata_eval *e, jn_value array, uint32_t next)
{
    struct jn_array *x = array.as.array;
    for (uint32_t i = 0; i < x->len && jsonata_step(e); i++) {
        if (x->items[i].type == JN_ARRAY || (x->items[i].type == JN_OBJECT && !own_names(t, e, &x->items[i], next)))
            return false;
    }
    return !jsonata_failed(e);
}

/* Replaces what `*v` holds by a copy, and so on along the names from number `next` on: what the pattern can find is
 * nobody else's then. */
static bool own_names(const struct transform_node *t, struct jsonata_eval *e, jn_value *v, uint32_t next)
{
    if (v->type != JN_OBJECT && v->type != JN_ARRAY)
        return true;
    const jn_value own = jsonata_copy(e, *v);
    if (jsonata_failed(e))
        return false;
    *v = own;
    if (own.type == JN_ARRAY)
        return own_members(t, e, own, next);
    if (next == t->name_count)
        return true;
    const int slot = jn_shape_find(own.as.object->shape, t->names[next]);
    return slot < 0 || own_names(t, e, &own.as.object->values[slot], next + 1);
}

/* Whatever the program's own $clone gives may be anybody's. */
static jn_value own_copy(struct jsonata_eval *e, jn_value v)
{
    const jn_value copy = jsonata_failed(e) || jn_is_undefined(v) ? v : jn_deep_copy(e->arena, v);
    return jn_is_undefined(copy) && !jn_is_undefined(v) ? jsonata_raise_memory(e) : copy;
}

/* The clone to be changed; *has_spine tells whether only what the pattern finds may be. */
static jn_value clone_input(const struct transform_node *t, struct jsonata_eval *e, jn_value v, jn_value context,
                            struct jsonata_frame *f, bool *has_spine)
{
    const jn_value clone = node_eval(t->clone, e, context, f);
    if (clone.type != JN_FUNCTION)
        return raise_at(e, t->node.position, "T2013", jn_undefined());
    if (!is_default_clone(clone))
        return own_copy(e, jsonata_call_function(e, clone, &v, 1));
    jn_value shared = t->has_spine && !t->program->tells_apart ? jsonata_clone_shared(e, v) : jn_undefined();
    *has_spine = !jn_is_undefined(shared) && own_names(t, e, &shared, 0);
    return *has_spine || jsonata_failed(e) ? shared : jsonata_clone_apart(e, v);
}

/* ---- changing a match in general ----------------------------------------------------------------------------- */

/* Whether a value of an update could hold the match itself, which is without a span: false is certain, true is not. */
static bool may_hold_at(jn_value v, const struct jn_object *match, unsigned levels, unsigned *looks)
{
    if (v.type == JN_ARRAY ? v.as.array->span != NULL : v.type != JN_OBJECT || v.as.object->span)
        return false;
    if (v.type == JN_OBJECT && v.as.object == match)
        return true;
    const uint32_t n = v.type == JN_ARRAY ? v.as.array->len : v.as.object->shape->len;
    const jn_value *members = v.type == JN_ARRAY ? v.as.array->items : v.as.object->values;
    if (n && (levels == 0 || *looks < n))
        return true;
    *looks -= n;
    for (uint32_t i = 0; i < n; i++) {
        if (may_hold_at(members[i], match, levels - 1, looks))
            return true;
    }
    return false;
}

static bool may_hold(jn_value v, const struct jn_object *match)
{
    enum { LEVELS = 8, LOOKS = 256 };
    unsigned looks = LOOKS;
    return may_hold_at(v, match, LEVELS, &looks);
}

static void merge_update(struct jsonata_eval *e, struct jn_object *o, const struct jn_object *update)
{
    const struct jn_shape *shape = update->shape;
    for (uint32_t i = 0; i < shape->len && jsonata_step(e); i++) {
        const uint32_t slot = jn_shape_slot(shape, i);
        jn_value v = update->values[slot];
        if (may_hold(v, o))
            v = jn_deep_copy(e->arena, v);
        if (jn_is_undefined(v) || !jn_object_set(e->arena, o, shape->keys[slot].name, v))
            jsonata_raise_memory(e);
    }
}

/* From something that is no object there is nothing to remove, but the keys are looked at. */
static void remove_keys(const struct transform_node *t, struct jsonata_eval *e, jn_value match, jn_value keys)
{
    const bool is_array = keys.type == JN_ARRAY;
    const uint32_t n = is_array ? keys.as.array->len : 1;
    for (uint32_t i = 0; i < n; i++) {
        if ((is_array ? keys.as.array->items[i] : keys).type != JN_STRING) {
            raise_at(e, t->remove_position, "T2012", keys);
            return;
        }
    }
    struct jn_object *o = match.as.object;
    for (uint32_t i = 0; match.type == JN_OBJECT && i < n && !jsonata_failed(e); i++) {
        const jn_value key = is_array ? keys.as.array->items[i] : keys;
        if (jn_shape_find(o->shape, jn_text(key)) >= 0 && !jn_object_remove(e->arena, o, jn_text(key)))
            jsonata_raise_memory(e);
    }
}

/* ---- changes worked out once --------------------------------------------------------------------------------- */

/* What an object of shape `from` becomes with the members of a `with` object (NULL: none), without the constant
 * keys. */
struct change {
    const struct jn_shape *from, *with;
    struct jn_shape *to;                    /* NULL: to be done the general way */
    uint8_t source[JN_SHAPE_MAX];           /* by slot of `to`: slot of `from`, or FROM_UPDATE + slot of `with` */
};

enum { FROM_UPDATE = 128, CHANGES = 8 };

/* One call of a transform. */
struct run {
    const struct transform_node *t;
    struct jsonata_eval *e;
    struct jsonata_frame *f;
    bool has_spine;
    jn_mark before;                         /* whatever is the clone's was made since */
    struct change changes[CHANGES];
    uint32_t next;
};

/* The keys of an object under change, in order. */
struct draft {
    jn_str name[2 * JN_SHAPE_MAX];
    uint8_t source[2 * JN_SHAPE_MAX];
    uint32_t len;
};

static uint32_t draft_find(const struct draft *d, jn_str name)
{
    uint32_t i = 0;
    while (i < d->len && !jn_str_eq(d->name[i], name))
        i++;
    return i;
}

static void draft_put(struct draft *d, jn_str name, uint32_t source)
{
    const uint32_t at = draft_find(d, name);
    d->name[at] = name;
    d->source[at] = (uint8_t)source;
    d->len += at == d->len;
}

static void draft_remove(struct draft *d, jn_str name)
{
    const uint32_t at = draft_find(d, name);
    if (at == d->len)
        return;
    d->len--;
    memmove(d->name + at, d->name + at + 1, (d->len - at) * sizeof *d->name);
    memmove(d->source + at, d->source + at + 1, d->len - at);
}

static void work_out(struct run *r, struct change *c)
{
    struct draft d = { .len = 0 };
    for (uint32_t i = 0; i < c->from->len; i++)
        draft_put(&d, c->from->keys[i].name, i);
    for (uint32_t i = 0; c->with && i < c->with->len; i++) {
        const uint32_t slot = jn_shape_slot(c->with, i);
        draft_put(&d, c->with->keys[slot].name, FROM_UPDATE + slot);
    }
    for (uint32_t i = 0; i < r->t->key_count; i++)
        draft_remove(&d, r->t->keys[i]);
    c->to = d.len <= JN_SHAPE_MAX ? jn_shapes_root(r->e->shapes) : NULL;
    for (uint32_t i = 0; c->to && i < d.len; i++)
        c->to = jn_shapes_extend(r->e->shapes, c->to, d.name[i]);
    if (c->to)
        memcpy(c->source, d.source, d.len);
}

static const struct change *find_change(struct run *r, const struct jn_shape *from, const struct jn_shape *with)
{
    if (!from->shared || (with && !with->shared) || from->len > JN_SHAPE_MAX || (with && with->len > JN_SHAPE_MAX))
        return NULL;
    for (uint32_t i = 0; i < CHANGES; i++) {
        if (r->changes[i].from == from && r->changes[i].with == with)
            return r->changes[i].to ? &r->changes[i] : NULL;
    }
    struct change *c = &r->changes[r->next++ % CHANGES];
    *c = (struct change){ .from = from, .with = with };
    work_out(r, c);
    return c->to ? c : NULL;
}

static bool update_may_hold(const struct jn_object *update, const struct jn_object *match)
{
    for (uint32_t i = 0; update && i < update->shape->len; i++) {
        if (may_hold(update->values[i], match))
            return true;
    }
    return false;
}

/* False when nothing was done. */
static bool change_at_once(struct run *r, struct jn_object *o, const struct jn_object *update)
{
    const struct change *c = find_change(r, o->shape, update ? update->shape : NULL);
    if (!c || update_may_hold(update, o))
        return false;
    jn_value values[JN_SHAPE_MAX];
    const jn_value *added = update ? update->values : NULL;
    for (uint32_t i = 0; i < c->to->len; i++)
        values[i] = c->source[i] < FROM_UPDATE || !added ? o->values[c->source[i]] : added[c->source[i] - FROM_UPDATE];
    if (c->to->len > o->cap) {
        jn_value *wider = jn_arena_alloc(r->e->arena, c->to->len * sizeof *wider);
        if (!wider)
            return !jn_is_undefined(jsonata_raise_memory(r->e));
        o->values = wider;
        o->cap = c->to->len;
    }
    if (c->to->len)
        memcpy(o->values, values, c->to->len * sizeof *values);
    o->shape = c->to;
    o->span = NULL;
    o->canonical = false;
    return true;
}

/* ---- matches ------------------------------------------------------------------------------------------------- */

/* The keys are the same for all matches, and evaluating them again could not even reach a guardrail. */
static bool knows_keys(const struct run *r)
{
    enum { KEYS_DEPTH = 64 };
    return r->has_spine && (!r->t->remove || r->t->is_constant) && r->e->max_depth - r->e->depth > KEYS_DEPTH;
}

/* Members put into an array would be seen by nobody, unless they are called like its places. */
static bool is_lost_or_empty(jn_value match, const struct jn_object *update)
{
    for (uint32_t i = 0; i < update->shape->len; i++) {
        if (update->shape->keys[i].index_like != UINT32_MAX || jn_str_eq(update->shape->keys[i].name, JN_STR("length")))
            return false;
    }
    return match.type == JN_ARRAY || !update->shape->len;
}

static bool is_ours(const struct run *r, jn_value match)
{
    return r->has_spine || match.type != JN_OBJECT || jn_arena_is_since(r->e->arena, r->before, match.as.object);
}

/* Matches may be scalars (|**|...|): there is nothing to update in them, and nothing to remove. */
static void change(struct run *r, jn_value match)
{
    const struct transform_node *t = r->t;
    struct jsonata_eval *e = r->e;
    const jn_value update = node_eval(t->update, e, match, r->f);
    if (jsonata_failed(e))
        return;
    const bool is_object = update.type == JN_OBJECT;
    const bool is_empty = jn_is_undefined(update) || (is_object && is_lost_or_empty(match, update.as.object));
    if ((!is_object && !jn_is_undefined(update)) || (match.type != JN_OBJECT && !is_empty)) {
        raise_at(e, t->update_position, "T2011", is_object ? match : update);
        return;
    }
    const bool is_own = is_ours(r, match);
    if (is_own)
        join_forget(e);
    if (is_own && knows_keys(r) && match.type == JN_OBJECT &&
        change_at_once(r, match.as.object, is_empty ? NULL : update.as.object))
        return;
    if (is_own && !is_empty && !jsonata_failed(e))
        merge_update(e, match.as.object, update.as.object);
    const jn_value keys = t->remove && !jsonata_failed(e) ? node_eval(t->remove, e, match, r->f) : jn_undefined();
    if (!jn_is_undefined(keys) && !jsonata_failed(e))
        remove_keys(t, e, is_own ? match : jn_undefined(), keys);
}

static jn_value transform(const struct transform_node *t, struct jsonata_eval *e, jn_value v, jn_value context,
                          struct jsonata_frame *f)
{
    struct run r = { .t = t, .e = e, .f = f, .before = jn_arena_mark(e->arena) };
    const jn_value clone = clone_input(t, e, v, context, f, &r.has_spine);
    if (jsonata_failed(e))
        return jn_undefined();
    const jn_value found = node_eval(t->pattern, e, clone, f);
    const bool is_array = found.type == JN_ARRAY;
    const uint32_t n = is_array ? found.as.array->len : !jn_is_undefined(found);
    for (uint32_t i = 0; i < n && jsonata_step(e); i++)
        change(&r, is_array ? found.as.array->items[i] : found);
    return jsonata_failed(e) ? jn_undefined() : clone;
}

jn_value transform_call(struct jsonata_eval *e, const struct jsonata_function *fn, const jn_value *args,
                        uint32_t count)
{
    const struct transform_node *t = fn->as.transform.code;
    const bool fits = count && (jn_is_undefined(args[0]) || args[0].type == JN_OBJECT || args[0].type == JN_ARRAY);
    if (!fits)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 1,
                                                        .value = count ? args[0] : jn_undefined() });
    if (count > 1)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 2, .value = args[1] });
    if (jn_is_undefined(args[0]))
        return args[0];
    if (t->program == e->program || t->program->is_dynamic)
        return transform(t, e, args[0], fn->as.transform.context, fn->as.transform.frame);
    struct program_state outer;
    if (!context_switch(e, t->program, &outer))
        return jn_undefined();
    const jn_value v = transform(t, e, args[0], fn->as.transform.context, fn->as.transform.frame);
    context_leave(e, outer);
    return v;
}

static jn_value eval_transform(const struct node *n, struct jsonata_eval *e, jn_value context,
                               struct jsonata_frame *f)
{
    struct jsonata_function *fn = jsonata_function_new(e, FUNCTION_TRANSFORM, 1);
    if (!fn)
        return jn_undefined();
    fn->as.transform.code = n;
    fn->as.transform.frame = f;
    fn->as.transform.context = context;
    return jsonata_function_value(fn);
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

static bool is_plain_step(const struct ast_node *ast)
{
    for (uint32_t i = 0; i < ast->rare->stages.len; i++) {
        if (ast->rare->stages.at[i]->kind != AST_FILTER)
            return false;
    }
    return !ast->rare->predicates.len && !ast->rare->group && !ast->tuple && !ast->rare->focus.data &&
           !ast->rare->index.data && !ast->rare->ancestor;
}

static bool is_context(const struct ast_node *ast)
{
    return ast->kind == AST_VARIABLE && !ast->text.len && is_plain_step(ast);
}

/* a.b[condition].c, $.a.b, $: what they find is reached by these names and nothing else. */
static bool find_spine(const struct ast_node *pattern, struct transform_node *t)
{
    if (is_context(pattern))
        return !pattern->rare->stages.len && !pattern->keep_array;
    if (pattern->kind != AST_PATH || pattern->rare->predicates.len || pattern->rare->group || pattern->tuple)
        return false;
    for (uint32_t i = 0; i < pattern->items.len; i++) {
        const struct ast_node *step = pattern->items.at[i];
        if (i == 0 && is_context(step))
            continue;
        if (step->kind != AST_NAME || !is_plain_step(step) || t->name_count == SPINE_NAMES)
            return false;
        t->names[t->name_count++] = step->text;
    }
    return true;
}

static bool is_literal_string(const struct ast_node *ast)
{
    return ast->kind == AST_STRING && !ast->rare->predicates.len && !ast->rare->group && !ast->keep_array;
}

/* "a" or ["a", "b"] */
static void find_keys(struct compiler *c, const struct ast_node *remove, struct transform_node *t)
{
    const bool is_one = is_literal_string(remove);
    if (!is_one && (remove->kind != AST_ARRAY || remove->rare->predicates.len || remove->rare->group ||
                    remove->keep_array))
        return;
    const uint32_t n = is_one ? 1 : remove->items.len;
    t->keys = compile_alloc(c, n * sizeof *t->keys);
    for (uint32_t i = 0; t->keys && i < n; i++) {
        const struct ast_node *key = is_one ? remove : remove->items.at[i];
        if (!is_literal_string(key))
            return;
        t->keys[i] = jn_text(key->literal);
    }
    t->key_count = n;
    t->is_constant = t->keys != NULL;
}

static int64_t position_of(const struct ast_node *ast)
{
    return ast->kind == AST_PATH ? 0 : ast->position;
}

struct node *compile_transform(struct compiler *c, const struct ast_node *ast)
{
    struct transform_node *t = COMPILE_NEW(c, struct transform_node);
    compile_init(&t->node, ast, eval_transform);
    t->pattern = compile_node(c, ast->left);
    t->update = compile_node(c, ast->right);
    t->remove = ast->third ? compile_node(c, ast->third) : NULL;
    t->program = c->program;
    t->update_position = position_of(ast->right);
    t->remove_position = ast->third ? position_of(ast->third) : 0;
    t->clone = compile_variable_named(c, ast, JN_STR("clone"));
    if (c->program->is_plain || c->program->is_dynamic || c->failed)
        return &t->node;
    t->has_spine = find_spine(ast->left, t);
    if (ast->third)
        find_keys(c, ast->third, t);
    return &t->node;
}
