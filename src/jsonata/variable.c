/* variable.c - constants, variables, bindings, blocks: the nodes that move values about.
 *
 * A variable's places are settled (scope.c).  The common case is one slot in the frame at hand; a slot may still be
 * VALUE_UNBOUND when `:=` has not been reached, and then the next place counts, at last the global of that name. */
#include "jsonata/compile.h"

/* ---- frames -------------------------------------------------------------------------------------------------- */

struct jsonata_frame *frame_new(struct jsonata_eval *e, uint32_t slots, struct jsonata_frame *outer)
{
    struct jsonata_frame *f = jn_arena_alloc(e->arena, sizeof *f + slots * sizeof(jn_value));
    if (!f) {
        jsonata_raise_memory(e);
        return NULL;
    }
    f->outer = outer;
    f->names = NULL;
    for (uint32_t i = 0; i < slots; i++)
        f->slot[i] = (jn_value){ .type = VALUE_UNBOUND };
    return f;
}

void frame_bind(struct jsonata_eval *e, struct jsonata_frame *f, jn_str name, jn_value v)
{
    for (struct jsonata_binding *b = f->names; b; b = b->next) {
        if (jn_str_eq(b->name, name)) {
            b->value = v;
            return;
        }
    }
    struct jsonata_binding *b = jn_arena_alloc(e->arena, sizeof *b);
    if (!b) {
        jsonata_raise_memory(e);
        return;
    }
    *b = (struct jsonata_binding){ name, v, f->names };
    f->names = b;
}

/* For programs with $eval, whose frames know names. */
static jn_value frame_find(struct jsonata_eval *e, const struct jsonata_frame *f, jn_str name)
{
    for (; f; f = f->outer) {
        for (const struct jsonata_binding *b = f->names; b; b = b->next) {
            if (jn_str_eq(b->name, name))
                return b->value;
        }
    }
    return context_global(e, name);
}

/* ---- constants and variables --------------------------------------------------------------------------------- */

static jn_value eval_constant(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)e, (void)context, (void)f;
    return ((const struct constant_node *)n)->value;
}

struct node *compile_constant(struct compiler *c, const struct ast_node *ast, jn_value v)
{
    struct constant_node *n = COMPILE_NEW(c, struct constant_node);
    n->value = v;
    n->node.kind = NODE_CONSTANT;
    n->node.is_boolean = v.type == JN_BOOLEAN;
    return compile_init(&n->node, ast, eval_constant);
}

/* $ */
static jn_value eval_context(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)e, (void)f;
    if (context.type == JN_ARRAY && context.flags & JN_OUTER_WRAPPER)
        return context.as.array->items[0];
    return node_done(n, context);
}

static jn_value eval_places(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct variable_node *v = (const struct variable_node *)n;
    (void)context;
    for (uint32_t i = 0; i < v->places; i++) {
        const struct jsonata_frame *at = f;
        for (uint32_t h = v->place[i].hops; h; h--)
            at = at->outer;
        const jn_value x = at->slot[v->place[i].slot];
        if (x.type != VALUE_UNBOUND)
            return node_done(n, x);
    }
    return node_done(n, e->globals[v->global]);
}

static jn_value eval_local(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const jn_value *x = &f->slot[((const struct variable_node *)n)->place[0].slot];
    return x->type != VALUE_UNBOUND && x->type != JN_ARRAY ? *x : eval_places(n, e, context, f);
}

static jn_value eval_global(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)context, (void)f;
    return node_done(n, e->globals[((const struct variable_node *)n)->global]);
}

static jn_value eval_named(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)context;
    return node_done(n, frame_find(e, f, ((const struct variable_node *)n)->name));
}

static void settle_places(struct compiler *c, struct variable_node *v)
{
    v->node.kind = NODE_VARIABLE;
    v->node.eval = eval_named;
    if (c->program->is_dynamic)
        return;
    scope_settle(c, v);
    v->node.eval = v->places ? eval_places : eval_global;
    if (v->places && v->place[0].hops == 0) {
        v->node.kind = NODE_LOCAL;
        v->node.eval = eval_local;
    }
}

struct node *compile_variable_named(struct compiler *c, const struct ast_node *ast, jn_str name)
{
    struct variable_node *v = COMPILE_NEW(c, struct variable_node);
    compile_init(&v->node, ast, NULL);
    v->name = name;
    settle_places(c, v);
    return &v->node;
}

struct node *compile_variable(struct compiler *c, const struct ast_node *ast)
{
    if (ast->text.len)
        return compile_variable_named(c, ast, ast->text);
    struct node *n = compile_init(COMPILE_NEW(c, struct node), ast, eval_context);
    n->kind = NODE_CONTEXT;
    return n;
}

/* ---- := ------------------------------------------------------------------------------------------------------ */

struct bind_node {
    struct node node;
    const struct node *value;
    jn_str name;
    uint32_t slot;
};

static jn_value eval_bind(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct bind_node *b = (const struct bind_node *)n;
    if (!node_enter(n, e))
        return jn_undefined();
    const jn_value v = node_eval(b->value, e, context, f);
    node_leave(e);
    f->slot[b->slot] = v;
    return node_done(n, v);
}

static jn_value eval_bind_named(const struct node *n, struct jsonata_eval *e, jn_value context,
                                struct jsonata_frame *f)
{
    const struct bind_node *b = (const struct bind_node *)n;
    if (!node_enter(n, e))
        return jn_undefined();
    const jn_value v = node_eval(b->value, e, context, f);
    node_leave(e);
    if (!jsonata_failed(e))
        frame_bind(e, f, b->name, v);
    return node_done(n, v);
}

struct node *compile_bind(struct compiler *c, const struct ast_node *ast)
{
    struct bind_node *b = COMPILE_NEW(c, struct bind_node);
    compile_init(&b->node, ast, c->program->is_dynamic ? eval_bind_named : eval_bind);
    b->name = ast->text;
    b->value = compile_node(c, ast->right);
    compile_needs(&b->node, b->value);
    if (!c->program->is_dynamic)
        b->slot = scope_place(c, ast->text).slot;
    return &b->node;
}

/* ---- blocks -------------------------------------------------------------------------------------------------- */

struct block_node {
    struct node node;
    const struct node **items;
    uint32_t len;
    struct scope_layout scope;
};

static jn_value eval_items(const struct block_node *b, struct jsonata_eval *e, jn_value context,
                           struct jsonata_frame *f)
{
    jn_value v = jn_undefined();
    for (uint32_t i = 0; i < b->len; i++) {
        v = node_eval(b->items[i], e, context, f);
        if (jsonata_failed(e) && i + 1 < b->len)
            return jn_undefined();
    }
    return v;               // after an error, too: it may be a tail call's, see eval_tail_call()
}

static jn_value eval_block(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct block_node *b = (const struct block_node *)n;
    if (!node_enter(n, e))
        return jn_undefined();
    if (b->scope.has_frame) {
        f = frame_new(e, b->scope.slots, f);
        if (!f)
            return jn_undefined();
    } else {
        for (uint32_t i = 0; i < b->scope.count; i++)
            f->slot[b->scope.first + i].type = VALUE_UNBOUND;
    }
    const jn_value v = eval_items(b, e, context, f);
    node_leave(e);
    return node_done(n, v);
}

struct node *compile_block(struct compiler *c, const struct ast_node *ast)
{
    struct block_node *b = COMPILE_NEW(c, struct block_node);
    compile_init(&b->node, ast, eval_block);
    struct scope *outer = scope_enter(c, ast);
    b->scope = scope_layout(c->scope);
    b->items = compile_alloc(c, ast->items.len * sizeof *b->items);
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        b->items[i] = compile_node(c, ast->items.at[i]);
        compile_needs(&b->node, b->items[i]);
        b->node.is_boolean = b->items[i]->is_boolean;
        b->len++;
    }
    scope_leave(c, outer);
    return &b->node;
}
