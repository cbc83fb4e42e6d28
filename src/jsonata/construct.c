/* construct.c - [ ... ] and { ... } (spec 7.7, 7.9).
 *
 * An object constructor is grouping over its context.  The ordinary one has constant keys and one item: then the keys
 * are a shape that the context of evaluations prepares once, and the values are evaluated in order and put in.
 * Everything else is group.c's. */
#include "jsonata/group.h"

/* ---- arrays -------------------------------------------------------------------------------------------------- */

struct array_member {
    const struct node *node;
    bool is_element;            /* written as [...]: one element, whatever it holds */
    bool is_range;              /* a..b */
};

struct array_node {
    struct node node;
    struct array_member *members;
    uint32_t len;
    bool is_cons;
};

static void add_member(struct jsonata_eval *e, jn_value out, const struct array_member *m, jn_value v)
{
    if (v.type != JN_ARRAY || m->is_element)
        jsonata_push(e, out, v);
    else if (!jsonata_failed(e) && jsonata_moved(e, v.as.array->len) && !jn_array_push_all(e->arena, out.as.array, v.as.array))
        jsonata_raise_memory(e);
}

/* Members are appended, and so limited. */
static void check_length(struct jsonata_eval *e, uint64_t len)
{
    if (!jsonata_failed(e) && len > e->max_sequence)
        jsonata_raise(e, (struct jsonata_fault){ .code = "D2015/size", .value = jn_number((double)len) });
}

/* The members after the first, and then all of them: mostly [$all, $one_more], again and again. */
static jn_value array_longer(const struct array_node *a, struct jsonata_eval *e, const struct jn_array *first,
                             jn_value context, struct jsonata_frame *f)
{
    const jn_value more = jsonata_array(e, a->len, 0);
    for (uint32_t i = 1; i < a->len && !jsonata_failed(e); i++) {
        add_member(e, more, &a->members[i], node_eval(a->members[i].node, e, context, f));
        if (!jsonata_failed(e))
            check_length(e, (uint64_t)first->len + jn_array_len(more));
    }
    if (jsonata_failed(e))
        return jn_undefined();
    struct jn_array *all = jn_array_join(e->arena, first, more.as.array->items, jn_array_len(more));
    if (all && all->items != first->items)
        jsonata_moved(e, first->len);
    return all ? jn_array_value(all, a->is_cons ? JN_CONS : 0) : jsonata_raise_memory(e);
}

static jn_value array_members(const struct array_node *a, struct jsonata_eval *e, jn_value context,
                              struct jsonata_frame *f)
{
    const jn_value first = a->len ? node_eval(a->members[0].node, e, context, f) : jn_undefined();
    if (jsonata_failed(e))
        return jn_undefined();
    if (first.type == JN_ARRAY && !a->members[0].is_element) {
        check_length(e, jn_array_len(first));
        if (a->len > 1)
            return array_longer(a, e, first.as.array, context, f);
        if (a->members[0].is_range)
            return jn_array_value(first.as.array, a->is_cons ? JN_CONS : 0);    /* nobody else's */
    }
    const jn_value out = jsonata_array(e, a->len, a->is_cons ? JN_CONS : 0);
    for (uint32_t i = 0; i < a->len && !jsonata_failed(e); i++) {
        add_member(e, out, &a->members[i], i ? node_eval(a->members[i].node, e, context, f) : first);
        if (!jsonata_failed(e))
            check_length(e, jn_array_len(out));
    }
    return out;
}

static jn_value eval_array(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    if (!node_enter(n, e))
        return jn_undefined();
    const jn_value v = array_members((const struct array_node *)n, e, context, f);
    node_leave(e);
    return jsonata_failed(e) ? jn_undefined() : v;
}

/* Its array was made for us alone. */
static bool is_range(const struct ast_node *ast)
{
    return ast->kind == AST_BINARY && ast->op == OP_RANGE && !ast->rare->predicates.len && !ast->rare->group &&
           !ast->keep_array;
}

struct node *compile_array(struct compiler *c, const struct ast_node *ast)
{
    struct array_node *a = COMPILE_NEW(c, struct array_node);
    compile_init(&a->node, ast, eval_array);
    a->is_cons = ast->cons_array;
    a->members = compile_alloc(c, ast->items.len * sizeof *a->members);
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        a->members[i].node = compile_node(c, ast->items.at[i]);
        a->members[i].is_element = ast->items.at[i]->kind == AST_ARRAY;
        a->members[i].is_range = is_range(ast->items.at[i]);
        compile_needs(&a->node, a->members[i].node);
        a->len++;
    }
    if (a->len == 1 && a->members[0].is_range && !c->program->is_plain)
        a->node.kind = NODE_RANGE_ARRAY;
    return &a->node;
}

const struct node *array_range(const struct node *array)
{
    return ((const struct array_node *)array)->members[0].node;
}

/* ---- objects ------------------------------------------------------------------------------------------------- */

/* The shape of the keys whose values are there; NULL when the table of shapes is full. */
static struct jn_shape *shape_of(const struct group *g, struct jsonata_eval *e, const jn_value *values)
{
    struct jn_shape *s = jn_shapes_root(e->shapes);
    for (uint32_t i = 0; s && i < g->len; i++) {
        if (!values || !jn_is_undefined(values[i]))
            s = jn_shapes_extend(e->shapes, s, g->pairs[i].name);
    }
    return s;
}

static struct jn_shape *whole_shape(const struct group *g, struct jsonata_eval *e)
{
    if (g->site == NO_SITE)
        return shape_of(g, e, NULL);
    struct jn_shape **site = &e->site_shapes[g->site];
    if (!*site)
        *site = shape_of(g, e, NULL);
    return *site;
}

static jn_value object_without_shape(const struct group *g, struct jsonata_eval *e, const jn_value *values)
{
    struct jn_object *o = jn_object_new(e->arena, g->len);
    for (uint32_t i = 0; o && i < g->len; i++) {
        if (!jn_is_undefined(values[i]) && !jn_object_set(e->arena, o, g->pairs[i].name, values[i]))
            o = NULL;
    }
    return o ? jn_object_value(o) : jsonata_raise_memory(e);
}

static jn_value object_of(const struct group *g, struct jsonata_eval *e, const jn_value *values, bool complete)
{
    struct jn_shape *shape = complete ? whole_shape(g, e) : shape_of(g, e, values);
    if (!shape)
        return object_without_shape(g, e, values);
    struct jn_object *o = jn_object_of(e->arena, shape);
    if (!o)
        return jsonata_raise_memory(e);
    if (complete && g->len)
        memcpy(o->values, values, g->len * sizeof *values);
    for (uint32_t i = 0, k = 0; i < g->len && !complete; i++) {
        if (!jn_is_undefined(values[i]))
            o->values[k++] = values[i];
    }
    return jn_object_value(o);
}

jn_value object_constant(const struct group *g, struct jsonata_eval *e, jn_value item, struct jsonata_frame *f)
{
    jn_value *base = function_open(e, g->len);      /* the value stack holds the values meanwhile */
    if (!base)
        return jn_undefined();
    jn_value *values = base + 1;
    bool complete = true;
    for (uint32_t i = 0; i < g->len && !jsonata_failed(e); i++) {
        const jn_value v = node_eval(g->pairs[i].value, e, item, f);
        values[i] = v;
        complete = complete && !jn_is_undefined(v);
    }
    const jn_value v = jsonata_failed(e) ? jn_undefined() : object_of(g, e, values, complete);
    e->top = base;
    return v;
}

struct object_node {
    struct node node;
    const struct group *group;
};

static jn_value eval_object(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct group *g = ((const struct object_node *)n)->group;
    if (!node_enter(n, e))
        return jn_undefined();
    jn_value v;
    if (context.type == JN_ARRAY)
        v = group_eval(g, e, context.as.array->items, context.as.array->len, f);
    else if (g->is_constant)
        v = object_constant(g, e, context, f);      // one item, in the group of every key
    else
        v = group_eval(g, e, &context, 1, f);
    node_leave(e);
    return v;
}

struct node *compile_object(struct compiler *c, const struct ast_node *ast)
{
    struct object_node *o = COMPILE_NEW(c, struct object_node);
    compile_init(&o->node, ast, eval_object);
    o->group = compile_group(c, ast, NULL);
    o->node.need = 1;
    return &o->node;
}
