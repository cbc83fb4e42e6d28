/* wildcard.c - * and **: all members, and everything below (spec 7.6). */
#include "jsonata/compile.h"

/* ---- * ------------------------------------------------------------------------------------------------------- */

/* Arrays are flattened completely; their holes stay: [*].x without input. */
static void push_flat(struct jsonata_eval *e, jn_value out, jn_value v)
{
    if (v.type != JN_ARRAY) {
        jsonata_push_item(e, out, v);
        return;
    }
    if (!node_has_stack(e))
        return;
    for (uint32_t i = 0; i < v.as.array->len && jsonata_step(e); i++)
        push_flat(e, out, v.as.array->items[i]);
}

/* Gives the flag that the result loses: with a member that is an array, all that was found is one plain array, which
 * is not unwrapped. */
static unsigned push_member(struct jsonata_eval *e, jn_value out, jn_value v)
{
    push_flat(e, out, v);
    return v.type == JN_ARRAY ? JN_SEQUENCE : 0;
}

/* To the reference an array's flags are members like others, though `*` has no reason to see them: [*].x */
static void push_flags(struct jsonata_eval *e, jn_value out, unsigned flags)
{
    if (flags & JN_SEQUENCE)
        jsonata_push(e, out, jn_boolean(true));
    if (flags & JN_KEEP_SINGLETON)
        jsonata_push(e, out, jn_boolean(true));
}

static jn_value eval_wildcard(const struct node *n, struct jsonata_eval *e, jn_value context,
                              struct jsonata_frame *f)
{
    (void)f;
    if (context.type == JN_ARRAY && context.flags & JN_OUTER_WRAPPER)
        context = context.as.array->items[0];
    jn_value out = jsonata_array(e, 8, JN_SEQUENCE);
    for (uint32_t i = 0; context.type == JN_ARRAY && i < context.as.array->len && jsonata_step(e); i++)
        out.flags &= (uint8_t)~push_member(e, out, context.as.array->items[i]);
    if (context.type == JN_ARRAY)
        push_flags(e, out, context.flags);
    const struct jn_object *o = context.type == JN_OBJECT ? context.as.object : NULL;
    for (uint32_t i = 0; o && i < o->shape->len && jsonata_step(e); i++)
        out.flags &= (uint8_t)~push_member(e, out, o->values[jn_shape_slot(o->shape, i)]);
    return jsonata_failed(e) ? jn_undefined() : node_done(n, out);
}

struct node *compile_wildcard(struct compiler *c, const struct ast_node *ast)
{
    c->program->is_deep = true;         /* as deep as the data */
    return compile_init(COMPILE_NEW(c, struct node), ast, eval_wildcard);
}

/* ---- ** ------------------------------------------------------------------------------------------------------ */

/* The value itself unless it is an array, then what is below, depth first.  Holes count as for `*`. */
static void push_below(struct jsonata_eval *e, jn_value out, jn_value v)
{
    if (!node_has_stack(e))
        return;
    if (v.type != JN_ARRAY)
        jsonata_push_item(e, out, v);
    for (uint32_t i = 0; v.type == JN_ARRAY && i < v.as.array->len && jsonata_step(e); i++)
        push_below(e, out, v.as.array->items[i]);
    for (uint32_t i = 0; v.type == JN_OBJECT && i < jn_object_len(v) && jsonata_step(e); i++)
        push_below(e, out, v.as.object->values[jn_shape_slot(v.as.object->shape, i)]);
}

static jn_value eval_descendants(const struct node *n, struct jsonata_eval *e, jn_value context,
                                 struct jsonata_frame *f)
{
    (void)f;
    if (jn_is_undefined(context))
        return context;
    jn_value out = jsonata_array(e, 16, JN_SEQUENCE);
    push_below(e, out, context);
    if (jsonata_failed(e))
        return jn_undefined();
    return out.as.array->len == 1 ? out.as.array->items[0] : node_done(n, out);
}

struct node *compile_descendants(struct compiler *c, const struct ast_node *ast)
{
    c->program->is_deep = true;
    return compile_init(COMPILE_NEW(c, struct node), ast, eval_descendants);
}
