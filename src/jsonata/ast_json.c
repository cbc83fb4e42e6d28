/* ast_json.c - the tree as the reference shows it: what its ast() gives, as a JSON value.
 *
 * Members stand in the order in which the reference's parser sets them.  Each kind of node begins with members of its
 * own (`forms`); what comes later, in an order that depends on the expression, the node has noted in `order`.  What the
 * reference keeps in its nodes by accident is shown too: the slots that a % waited in (seekingParent), and the lambda
 * without parameters (thunk) that stands around a call in tail position.
 *
 * Parameters of lambdas are never rewritten, there or here; in recover mode they may be any expression, and are shown
 * in the form that the parser gave them. */
#include "jsonata/ast.h"

#include "core/arena.h"

struct writer {
    struct jn_arena *arena;
    bool is_raw;                /* showing what was not rewritten */
    const struct ast_node *ready_node;
    jn_value ready;             /* its value: the lower part of a long chain of left operands */
};

static jn_value node_json(struct writer *w, const struct ast_node *n);

/* ---- values ---------------------------------------------------------------------------------------------------- */

static jn_value object(struct writer *w)
{
    return jn_object_value(jn_object_new(w->arena, 4));
}

static jn_value array(struct writer *w, uint32_t cap)
{
    struct jn_array *x = jn_array_new(w->arena, cap);
    return x ? jn_array_value(x, 0) : jn_undefined();
}

/* Failures show in the arena. */
static void put(struct writer *w, jn_value to, const char *name, jn_value v)
{
    if (to.type == JN_OBJECT && !jn_is_undefined(v))
        jn_object_set(w->arena, to.as.object, jn_str_of(name), v);
}

static void add(struct writer *w, jn_value to, jn_value v)
{
    if (to.type == JN_ARRAY)
        jn_array_push(w->arena, to.as.array, v);
}

static jn_value text(const char *z)
{
    return jn_string(jn_str_of(z), 0);
}

static void put_true(struct writer *w, jn_value to, const char *name)
{
    put(w, to, name, jn_boolean(true));
}

static void put_position(struct writer *w, jn_value to, const struct ast_node *n)
{
    if (n->position > AST_NOWHERE)
        put(w, to, "position", jn_number((double)n->position));
}

/* ---- parts ----------------------------------------------------------------------------------------------------- */

static jn_value slot_json(struct writer *w, const struct ast_slot *slot)
{
    char digits[JN_NUMBER_MAX + 1] = "!";
    const size_t len = 1 + jn_number_format(digits + 1, slot->label);
    const jn_value v = object(w);
    put(w, v, "label", jn_string(jn_arena_copy(w->arena, (jn_str){ digits, len }), 0));
    put(w, v, "level", jn_number(slot->level));
    put(w, v, "index", jn_number(slot->index));
    return v;
}

static jn_value slots_json(struct writer *w, const struct ast_slots *l)
{
    const jn_value v = array(w, l->len);
    for (uint32_t i = 0; i < l->len; i++)
        add(w, v, slot_json(w, l->at[i]));
    return v;
}

static jn_value list_json(struct writer *w, const struct ast_list *l)
{
    const jn_value v = array(w, l->len);
    for (uint32_t i = 0; i < l->len; i++)
        add(w, v, node_json(w, l->at[i]));
    return v;
}

/* [[key, value], ...] */
static jn_value pairs_json(struct writer *w, const struct ast_list *l)
{
    const jn_value v = array(w, l->len / 2);
    for (uint32_t i = 0; i + 1 < l->len; i += 2) {
        const jn_value pair = array(w, 2);
        add(w, pair, node_json(w, l->at[i]));
        add(w, pair, node_json(w, l->at[i + 1]));
        add(w, v, pair);
    }
    return v;
}

static jn_value terms_json(struct writer *w, const struct ast_list *l)
{
    const jn_value v = array(w, l->len);
    for (uint32_t i = 0; i < l->len; i++) {
        const jn_value term = object(w);
        put(w, term, "descending", jn_boolean(l->at[i]->is_descending));
        put(w, term, "expression", node_json(w, l->at[i]->left));
        add(w, v, term);
    }
    return v;
}

/* The filters of a node and the variables bound among them. */
static jn_value stages_json(struct writer *w, const struct ast_list *l)
{
    const jn_value v = array(w, l->len);
    for (uint32_t i = 0; i < l->len; i++) {
        const struct ast_node *n = l->at[i];
        const jn_value stage = object(w);
        put(w, stage, "type", text(ast_kind_name(n->kind)));
        if (n->kind == AST_INDEX)
            put(w, stage, "value", jn_string(n->text, 0));
        else
            put(w, stage, "expr", node_json(w, n->left));
        put_position(w, stage, n);
        add(w, v, stage);
    }
    return v;
}

static jn_value group_json(struct writer *w, const struct ast_node *group)
{
    const jn_value v = object(w);
    put(w, v, "lhs", pairs_json(w, &group->items));
    put_position(w, v, group);
    return v;
}

static jn_value signature_json(struct writer *w, const struct ast_node *lambda)
{
    if (!lambda->text.len)
        return jn_undefined();
    const jn_value v = object(w);
    put(w, v, "definition", jn_string(lambda->text, 0));
    return v;
}

static jn_value parameters_json(struct writer *w, const struct ast_list *l)
{
    const bool was_raw = w->is_raw;
    w->is_raw = true;
    const jn_value v = list_json(w, l);
    w->is_raw = was_raw;
    return v;
}

/* ---- errors ---------------------------------------------------------------------------------------------------- */

static jn_value attributes(struct writer *w, jn_value v, const struct ast_node *n);

/* Of recover mode.  One that is a node has its members in another order, and may have come by filters since. */
static jn_value error_json(struct writer *w, const struct ast_error *e)
{
    const jn_value v = object(w);
    const jn_value position = e->fault.position >= 0 ? jn_number((double)e->fault.position) : jn_undefined();
    put(w, v, "code", text(e->fault.code));
    if (!e->is_node)
        put(w, v, "position", position);
    put(w, v, "token", e->token);
    if (e->is_node)
        put(w, v, "position", position);
    put(w, v, "value", e->fault.value);
    put(w, v, "remaining", e->remaining);
    if (e->is_node)
        put(w, v, "type", text("error"));
    return e->node ? attributes(w, v, e->node) : v;
}

/* The node around an error that is none itself. */
static jn_value error_node_json(struct writer *w, const struct ast_error *e)
{
    const jn_value v = object(w);
    put(w, v, "type", text("error"));
    put(w, v, "error", error_json(w, e));
    return v;
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

/* A token that became a node: the operator or name, the kind, the place. */
static jn_value token_json(struct writer *w, const struct ast_node *n, const char *type)
{
    const jn_value v = object(w);
    const bool is_constant = n->kind == AST_STRING || n->kind == AST_NUMBER || n->kind == AST_VALUE;
    if (n->kind == AST_REGEX)
        put(w, v, "value", object(w));
    else
        put(w, v, "value", is_constant ? n->literal : jn_string(ast_token(w->arena, n), 0));
    put(w, v, "type", text(type));
    put_position(w, v, n);
    return v;
}

/* A node that was made for the finished tree; most keep the token's text. */
static jn_value made_json(struct writer *w, const struct ast_node *n, bool has_value)
{
    const jn_value v = object(w);
    put(w, v, "type", text(ast_kind_name(n->kind)));
    if (has_value)
        put(w, v, "value", jn_string(ast_token(w->arena, n), 0));
    put_position(w, v, n);
    return v;
}

static jn_value variable_json(struct writer *w, const struct ast_node *n)
{
    if (n->position != AST_NOWHERE)
        return token_json(w, n, "variable");
    const jn_value v = object(w);               // the $exists of a ?? b
    put(w, v, "type", text("variable"));
    put(w, v, "value", jn_string(n->text, 0));
    return v;
}

static jn_value lambda_json(struct writer *w, const struct ast_node *n)
{
    const jn_value v = object(w);
    put(w, v, "type", text("lambda"));
    put(w, v, "arguments", parameters_json(w, &n->items));
    put(w, v, "signature", signature_json(w, n));
    put_position(w, v, n);
    put(w, v, "body", node_json(w, n->right));
    return v;
}

static jn_value bind_json(struct writer *w, const struct ast_node *n)
{
    const jn_value v = made_json(w, n, true);
    put(w, v, "lhs", node_json(w, n->left));
    put(w, v, "rhs", node_json(w, n->right));
    return v;
}

/* The members that a finished node begins with. */
static jn_value head_json(struct writer *w, const struct ast_node *n)
{
    jn_value v;
    switch (n->kind) {
    case AST_PATH:
        v = object(w);
        put(w, v, "type", text("path"));
        put(w, v, "steps", list_json(w, &n->items));
        return v;
    case AST_PARENT:
        v = object(w);
        put(w, v, "type", text("parent"));
        put(w, v, "slot", n->rare->slot ? slot_json(w, n->rare->slot) : jn_undefined());
        return v;
    case AST_CONDITION:
        v = made_json(w, n, false);
        put(w, v, "condition", node_json(w, n->left));
        return v;
    case AST_TRANSFORM:
        v = made_json(w, n, false);
        put(w, v, "pattern", node_json(w, n->left));
        put(w, v, "update", node_json(w, n->right));
        put(w, v, "delete", n->third ? node_json(w, n->third) : jn_undefined());
        return v;
    case AST_NEGATE:
        v = made_json(w, n, true);
        put(w, v, "expression", node_json(w, n->left));
        return v;
    case AST_BINARY:
    case AST_APPLY:
    case AST_BIND:
        return bind_json(w, n);
    case AST_BLOCK:
    case AST_SORT:
        return made_json(w, n, false);
    case AST_ARRAY:
    case AST_OBJECT:
    case AST_CALL:
    case AST_PARTIAL:
        return made_json(w, n, true);
    case AST_LAMBDA:
        return lambda_json(w, n);
    case AST_ERROR:
        return n->rare->error->is_node ? error_json(w, n->rare->error) : error_node_json(w, n->rare->error);
    case AST_VARIABLE:
        return variable_json(w, n);
    default:
        return token_json(w, n, ast_kind_name(n->kind));
    }
}

/* `items`, under the name that the kind gives them. */
static void put_items(struct writer *w, jn_value v, const struct ast_node *n)
{
    switch (n->kind) {
    case AST_OBJECT:
        put(w, v, "lhs", pairs_json(w, &n->items));
        break;
    case AST_SORT:
        put(w, v, "terms", terms_json(w, &n->items));
        break;
    case AST_CALL:
    case AST_PARTIAL:
        put(w, v, "arguments", list_json(w, &n->items));
        put(w, v, "procedure", node_json(w, n->left));
        break;
    default:
        put(w, v, "expressions", list_json(w, &n->items));
    }
}

static void put_attribute(struct writer *w, jn_value v, const struct ast_node *n, enum ast_attribute a)
{
    switch (a) {
    case HAS_NOTHING:        break;
    case HAS_ITEMS:          put_items(w, v, n); break;
    case HAS_THEN:           put(w, v, "then", node_json(w, n->right)); break;
    case HAS_ELSE:           put(w, v, "else", node_json(w, n->third)); break;
    case HAS_KEEP_ARRAY:     put_true(w, v, "keepArray"); break;
    case HAS_KEEP_SINGLETON: put_true(w, v, "keepSingletonArray"); break;
    case HAS_CONS:           put_true(w, v, "consarray"); break;
    case HAS_TUPLE:          put_true(w, v, "tuple"); break;
    case HAS_FOCUS:          put(w, v, "focus", jn_string(n->rare->focus, 0)); break;
    case HAS_INDEX:          put(w, v, "index", jn_string(n->rare->index, 0)); break;
    case HAS_ANCESTOR:       put(w, v, "ancestor", slot_json(w, n->rare->ancestor)); break;
    case HAS_STAGES:         put(w, v, "stages", stages_json(w, &n->rare->stages)); break;
    case HAS_GROUP:          put(w, v, "group", group_json(w, n->rare->group)); break;
    case HAS_SEEKING:        put(w, v, "seekingParent", slots_json(w, n->rare->seeking)); break;
    case HAS_PREDICATES:
        if (n->rare->predicates.len)                  // else they have become stages
            put(w, v, "predicate", stages_json(w, &n->rare->predicates));
        break;
    }
}

static jn_value attributes(struct writer *w, jn_value v, const struct ast_node *n)
{
    for (uint64_t order = n->order; order; order >>= 4)
        put_attribute(w, v, n, (enum ast_attribute)(order & 15));
    return v;
}

/* The lambda that stands for a call in tail position. */
static jn_value thunk_json(struct writer *w, const struct ast_node *call, jn_value body)
{
    const jn_value v = object(w);
    put(w, v, "type", text("lambda"));
    put_true(w, v, "thunk");
    put(w, v, "arguments", array(w, 0));
    put_position(w, v, call);
    put(w, v, "body", body);
    return v;
}

/* ---- what was not rewritten ------------------------------------------------------------------------------------ */

static void put_raw_parts(struct writer *w, jn_value v, const struct ast_node *n)
{
    switch (n->kind) {
    case AST_CALL:
    case AST_PARTIAL:
    case AST_LAMBDA:
        put(w, v, "procedure", n->left ? node_json(w, n->left) : jn_undefined());
        put(w, v, "arguments", list_json(w, &n->items));
        put(w, v, "body", n->right ? node_json(w, n->right) : jn_undefined());
        break;
    case AST_OBJECT:
        put(w, v, "lhs", pairs_json(w, &n->items));
        break;
    case AST_ARRAY:
    case AST_BLOCK:
        put(w, v, "expressions", list_json(w, &n->items));
        break;
    case AST_GROUP:
    case AST_SORT:
        put(w, v, "lhs", node_json(w, n->left));
        put(w, v, "rhs", n->kind == AST_SORT ? terms_json(w, &n->items) : pairs_json(w, &n->items));
        break;
    case AST_NEGATE:
        put(w, v, "expression", node_json(w, n->left));
        break;
    default:
        put(w, v, n->kind == AST_CONDITION ? "condition" : "lhs", n->left ? node_json(w, n->left) : jn_undefined());
        put(w, v, n->kind == AST_CONDITION ? "then" : "rhs", n->right ? node_json(w, n->right) : jn_undefined());
        if (n->third && n->kind != AST_FILTER)
            put(w, v, "else", node_json(w, n->third));
    }
}

/* What an error has cut short. */
static jn_value raw_error_json(struct writer *w, const struct ast_node *n)
{
    const jn_value v = object(w);
    put(w, v, "type", text("error"));
    put(w, v, "lhs", node_json(w, n->left));
    put(w, v, "remaining", array(w, 0));
    return v;
}

static jn_value raw_end_json(struct writer *w, const struct ast_node *n)
{
    const jn_value v = object(w);
    put(w, v, "value", text("(end)"));
    put(w, v, "id", text("(end)"));
    put(w, v, "lbp", jn_number(0));
    put_position(w, v, n);
    return v;
}

/* As the parser left it: the token, then its parts in the order they were read. */
static jn_value raw_json(struct writer *w, const struct ast_node *n)
{
    if (n->kind == AST_ERROR)
        return n->left ? raw_error_json(w, n) : error_json(w, n->rare->error);
    if (n->kind == AST_END)
        return raw_end_json(w, n);
    const bool is_binary = n->kind == AST_PATH || n->kind == AST_FILTER || n->kind == AST_APPLY ||
                           n->kind == AST_GROUP || n->kind == AST_SORT || n->kind == AST_FOCUS ||
                           n->kind == AST_INDEX || n->kind == AST_BIND;
    const jn_value v = token_json(w, n, is_binary ? "binary" : ast_kind_name(n->kind));
    put_raw_parts(w, v, n);
    if (n->keep_array)
        put_true(w, v, "keepArray");
    return v;
}

/* ---- the walk -------------------------------------------------------------------------------------------------- */

static jn_value one_json(struct writer *w, const struct ast_node *n)
{
    if (w->is_raw)
        return raw_json(w, n);
    const jn_value v = attributes(w, head_json(w, n), n);
    return n->tail_call ? thunk_json(w, n, v) : v;
}

/* Left operands that may be as many as the text is long. */
static const struct ast_node *left_operand(const struct ast_node *n)
{
    return n->kind == AST_BINARY || n->kind == AST_APPLY || n->kind == AST_CALL || n->kind == AST_PARTIAL ? n->left
                                                                                                         : NULL;
}

/* a ?: b shows `a` twice; made once. */
static jn_value condition_json(struct writer *w, const struct ast_node *n)
{
    const jn_value shared = node_json(w, n->right);
    w->ready_node = n->right;
    w->ready = shared;
    const jn_value v = one_json(w, n);
    return v;
}

static jn_value node_json(struct writer *w, const struct ast_node *n)
{
    enum { SHORT = 32 };
    if (!n || n == w->ready_node)
        return n ? w->ready : jn_undefined();
    uint32_t len = 0;
    for (const struct ast_node *a = n; (a = left_operand(a)) && a != w->ready_node;)
        len++;
    if (len <= SHORT)
        return ast_is_shared(n) ? condition_json(w, n) : one_json(w, n);
    const struct ast_node **chain = jn_arena_alloc(w->arena, len * sizeof *chain);
    if (!chain)
        return jn_undefined();
    for (uint32_t i = 0; i < len; i++)
        chain[i] = left_operand(i ? chain[i - 1] : n);
    for (uint32_t i = len; i-- > 0;) {
        const jn_value v = one_json(w, chain[i]);
        w->ready = v;
        w->ready_node = chain[i];
    }
    return one_json(w, n);
}

jn_value ast_json(struct jn_arena *a, const struct ast_node *tree, const struct ast_errors *errors)
{
    struct writer w = { .arena = a };
    const jn_value v = node_json(&w, tree);
    if (errors && errors->len) {
        const jn_value list = array(&w, errors->len);
        for (uint32_t i = 0; i < errors->len; i++)
            add(&w, list, error_json(&w, errors->at[i]));
        put(&w, v, "errors", list);
    }
    return jn_arena_failed(a) ? jn_undefined() : v;
}
