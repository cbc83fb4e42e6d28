/* transform.c - | pattern | update, delete | (spec 7.10).
 *
 * The node gives a function.  Called, it clones its argument and changes the clone: the pattern's matches are objects
 * in it, and each is updated in place.  An update's containers are copied before they go in, so that the result never
 * contains itself (spec 16.11). */
#include "jsonata/compile.h"

struct transform_node {
    struct node node;
    const struct node *pattern, *update, *remove;   /* remove may be NULL */
    const struct node *clone;                       /* the variable $clone */
    const struct jsonata *program;
};

static jn_value raise_at(struct jsonata_eval *e, const struct node *n, const char *code, jn_value v)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = code, .position = n->position, .value = v });
}

static bool is_default_clone(jn_value clone)
{
    const struct jsonata_function *fn = jsonata_function_of(clone);
    return fn && fn->kind == FUNCTION_BUILTIN && !strcmp(fn->as.builtin->name, "clone");
}

static jn_value clone_input(const struct transform_node *t, struct jsonata_eval *e, jn_value v, jn_value context,
                            struct jsonata_frame *f)
{
    const jn_value clone = node_eval(t->clone, e, context, f);
    if (clone.type != JN_FUNCTION)
        return raise_at(e, &t->node, "T2013", jn_undefined());
    return is_default_clone(clone) ? jsonata_clone(e, v) : jsonata_call_function(e, clone, &v, 1);
}

static void merge_update(struct jsonata_eval *e, struct jn_object *o, const struct jn_object *update)
{
    const struct jn_shape *shape = update->shape;
    for (uint32_t i = 0; i < shape->len && jsonata_step(e); i++) {
        const uint32_t slot = jn_shape_slot(shape, i);
        jn_value v = update->values[slot];
        if (v.type == JN_ARRAY || v.type == JN_OBJECT)
            v = jn_deep_copy(e->arena, v);
        if (jn_is_undefined(v) || !jn_object_set(e->arena, o, shape->keys[slot].name, v))
            jsonata_raise_memory(e);
    }
}

static void remove_keys(const struct transform_node *t, struct jsonata_eval *e, struct jn_object *o, jn_value keys)
{
    const bool is_array = keys.type == JN_ARRAY;
    const uint32_t n = is_array ? keys.as.array->len : 1;
    for (uint32_t i = 0; i < n; i++) {
        if ((is_array ? keys.as.array->items[i] : keys).type != JN_STRING) {
            raise_at(e, t->remove, "T2012", keys);
            return;
        }
    }
    for (uint32_t i = 0; i < n && !jsonata_failed(e); i++) {
        const jn_value key = is_array ? keys.as.array->items[i] : keys;
        if (jn_shape_find(o->shape, jn_text(key)) >= 0 && !jn_object_remove(e->arena, o, jn_text(key)))
            jsonata_raise_memory(e);
    }
}

/* Matches may be scalars (|**|...|): there is nothing to update in them, and nothing to remove. */
static void change(const struct transform_node *t, struct jsonata_eval *e, jn_value match, struct jsonata_frame *f)
{
    const jn_value update = node_eval(t->update, e, match, f);
    if (jsonata_failed(e))
        return;
    if (!jn_is_undefined(update)) {
        const bool is_empty = update.type == JN_OBJECT && jn_object_len(update) == 0;
        if (update.type != JN_OBJECT || (match.type != JN_OBJECT && !is_empty)) {
            raise_at(e, t->update, "T2011", update.type == JN_OBJECT ? match : update);
            return;
        }
        if (!is_empty)
            merge_update(e, match.as.object, update.as.object);
    }
    const jn_value keys = t->remove && !jsonata_failed(e) ? node_eval(t->remove, e, match, f) : jn_undefined();
    if (!jn_is_undefined(keys) && !jsonata_failed(e) && match.type == JN_OBJECT)
        remove_keys(t, e, match.as.object, keys);
}

static jn_value transform(const struct transform_node *t, struct jsonata_eval *e, jn_value v, jn_value context,
                          struct jsonata_frame *f)
{
    const jn_value clone = clone_input(t, e, v, context, f);
    if (jsonata_failed(e))
        return jn_undefined();
    const jn_value found = node_eval(t->pattern, e, clone, f);
    const bool is_array = found.type == JN_ARRAY;
    const uint32_t n = is_array ? found.as.array->len : !jn_is_undefined(found);
    for (uint32_t i = 0; i < n && jsonata_step(e); i++)
        change(t, e, is_array ? found.as.array->items[i] : found, f);
    return jsonata_failed(e) ? jn_undefined() : clone;
}

jn_value transform_call(struct jsonata_eval *e, const struct jsonata_function *fn, const jn_value *args,
                        uint32_t count)
{
    const struct transform_node *t = fn->as.transform.code;
    if (!count || jn_is_undefined(args[0]))
        return jn_undefined();
    if (args[0].type != JN_OBJECT && args[0].type != JN_ARRAY)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 1, .value = args[0] });
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

struct node *compile_transform(struct compiler *c, const struct ast_node *ast)
{
    struct transform_node *t = COMPILE_NEW(c, struct transform_node);
    compile_init(&t->node, ast, eval_transform);
    t->pattern = compile_node(c, ast->left);
    t->update = compile_node(c, ast->right);
    t->remove = ast->third ? compile_node(c, ast->third) : NULL;
    t->program = c->program;
    t->clone = compile_variable_named(c, ast, JN_STR("clone"));
    return &t->node;
}
