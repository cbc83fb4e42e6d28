/* operator.c - arithmetic, comparison, `and or in & ..`, unary minus, and ~> (spec 7.7).
 *
 * Both operands are evaluated before either is looked at; `and` and `or` alone stop early.  The ordinary case of two
 * numbers is decided in the node's own function; everything else in the slow function of its family. */
#include "jsonata/compile.h"

#include <math.h>

struct binary_node {
    struct node node;
    const struct node *left, *right;
    enum ast_op op;
    double constant;            /* right, when it is a literal number */
    uint32_t slot;              /* left, when it is a variable of this frame */
};

static jn_value raise_at(struct jsonata_eval *e, const struct binary_node *b, const char *code, jn_value v,
                         jn_value v2)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = code, .position = b->node.position,
                                                    .token = jn_str_of(ast_op_text(b->op)),
                                                    .value = v, .value2 = v2 });
}

/* ---- arithmetic ---------------------------------------------------------------------------------------------- */

/* False after raising: neither number nor nothing. */
static bool is_operand(struct jsonata_eval *e, const struct binary_node *b, jn_value v, const char *code)
{
    if (jn_is_undefined(v))
        return true;
    const double d = v.type == JN_NUMBER ? jn_num(v) : NAN;
    if (isnan(d))
        raise_at(e, b, code, v, jn_undefined());
    else if (isinf(d))
        raise_at(e, b, "D1001", v, jn_undefined());
    return isfinite(d);
}

static jn_value arithmetic_slow(struct jsonata_eval *e, const struct binary_node *b, jn_value l, jn_value r)
{
    if (!jsonata_failed(e) && is_operand(e, b, l, "T2001"))
        is_operand(e, b, r, "T2002");
    return jn_undefined();
}

static inline bool both_numbers(struct jsonata_eval *e, jn_value l, jn_value r, double *x, double *y)
{
    if (l.type != JN_NUMBER || r.type != JN_NUMBER)
        return false;
    *x = jsonata_number(e, l);
    *y = jsonata_number(e, r);
    return isfinite(*x) && isfinite(*y);
}

/* ---- comparison ---------------------------------------------------------------------------------------------- */

static bool is_comparable(jn_value v)
{
    return jn_is_undefined(v) || v.type == JN_STRING || v.type == JN_NUMBER;
}

/* Everything but two numbers.  Text is compared by UTF-16 code units. */
static jn_value compare_slow(struct jsonata_eval *e, const struct binary_node *b, jn_value l, jn_value r)
{
    if (jsonata_failed(e))
        return jn_undefined();
    if (!is_comparable(l) || !is_comparable(r))
        return raise_at(e, b, "T2010", l.type == JN_STRING || l.type == JN_NUMBER ? r : l, jn_undefined());
    if (jn_is_undefined(l) || jn_is_undefined(r))
        return jn_undefined();
    if (l.type != r.type)
        return raise_at(e, b, "T2009", l, r);
    double x = 0, y = 0;
    if (l.type == JN_NUMBER)
        x = jn_num(l), y = jn_num(r);
    else
        x = jn_utf16_compare(jn_text(l), jn_text(r));
    switch (b->op) {
    case OP_LESS:           return jn_boolean(x < y);
    case OP_LESS_EQUAL:     return jn_boolean(x <= y);
    case OP_GREATER:        return jn_boolean(x > y);
    default:                return jn_boolean(x >= y);
    }
}

/* fmod(), by a division of integers where both are: the remainder has the sign of x, also when it is zero. */
static inline double modulo(double x, double y)
{
    if (!(fabs(x) <= INT32_MAX) || !(fabs(y) <= INT32_MAX))
        return fmod(x, y);
    const int32_t a = (int32_t)x, b = (int32_t)y;
    if (a != x || b != y || b == 0)
        return fmod(x, y);
    const int32_t rest = a % b;
    return rest ? rest : copysign(0.0, x);
}

/* ---- the two families' nodes --------------------------------------------------------------------------------- */

/* Three functions per operator: any operands; a literal number on the right; that and a variable on the left. */
#define BINARY(name, slow, result)                                                                                  \
    static jn_value name(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)   \
    {                                                                                                               \
        const struct binary_node *b = (const struct binary_node *)n;                                                \
        double x, y;                                                                                                \
        if (!node_enter_deep(n, e))                                                                                 \
            return jn_undefined();                                                                                  \
        const jn_value l = node_eval(b->left, e, context, f);                                                       \
        const jn_value r = node_eval(b->right, e, context, f);                                                      \
        node_leave(e);                                                                                              \
        return both_numbers(e, l, r, &x, &y) ? (result) : slow(e, b, l, r);                                            \
    }                                                                                                               \
    static jn_value name##_constant(const struct node *n, struct jsonata_eval *e, jn_value context,                 \
                                    struct jsonata_frame *f)                                                        \
    {                                                                                                               \
        const struct binary_node *b = (const struct binary_node *)n;                                                \
        if (!node_enter_deep(n, e))                                                                                 \
            return jn_undefined();                                                                                  \
        const jn_value l = node_eval(b->left, e, context, f);                                                       \
        node_leave(e);                                                                                              \
        double x, y;                                                                                                \
        const jn_value r = jn_number(b->constant);                                                                  \
        return both_numbers(e, l, r, &x, &y) ? (result) : slow(e, b, l, r);                                            \
    }                                                                                                               \
    static jn_value name##_slot(const struct node *n, struct jsonata_eval *e, jn_value context,                     \
                                struct jsonata_frame *f)                                                            \
    {                                                                                                               \
        const struct binary_node *b = (const struct binary_node *)n;                                                \
        const jn_value l = f->slot[b->slot];                                                                        \
        double x, y;                                                                                                \
        const jn_value r = jn_number(b->constant);                                                                  \
        if (both_numbers(e, l, r, &x, &y) && e->depth + 1 + n->need <= e->max_depth)                                   \
            return (result);                                                                                        \
        return name##_constant(n, e, context, f);                                                                   \
    }

BINARY(eval_add, arithmetic_slow, jn_number(x + y))
BINARY(eval_subtract, arithmetic_slow, jn_number(x - y))
BINARY(eval_multiply, arithmetic_slow, jn_number(x * y))
BINARY(eval_divide, arithmetic_slow, jn_number(x / y))
BINARY(eval_modulo, arithmetic_slow, jn_number(modulo(x, y)))
BINARY(eval_less, compare_slow, jn_boolean(x < y))
BINARY(eval_less_equal, compare_slow, jn_boolean(x <= y))
BINARY(eval_greater, compare_slow, jn_boolean(x > y))
BINARY(eval_greater_equal, compare_slow, jn_boolean(x >= y))

/* ---- equality ------------------------------------------------------------------------------------------------ */

/* Nothing on either side: false for both = and !=. */
static inline jn_value equality(struct jsonata_eval *e, jn_value l, jn_value r, bool wanted)
{
    if (jn_is_undefined(l) || jn_is_undefined(r))
        return jn_boolean(false);
    if (l.type != r.type)
        return jn_boolean(!wanted);
    if (l.type == JN_STRING)
        return jn_boolean(jn_str_eq(jn_text(l), jn_text(r)) == wanted);
    if (l.type == JN_NUMBER)
        return jn_boolean((jn_num(l) == jn_num(r)) == wanted);
    return jn_boolean(jsonata_equal(e, l, r) == wanted);
}

static jn_value eval_equal(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct binary_node *b = (const struct binary_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value l = node_eval(b->left, e, context, f);
    const jn_value r = node_eval(b->right, e, context, f);
    node_leave(e);
    return equality(e, l, r, b->op == OP_EQUAL);
}

static jn_value eval_equal_slot(const struct node *n, struct jsonata_eval *e, jn_value context,
                                struct jsonata_frame *f)
{
    const struct binary_node *b = (const struct binary_node *)n;
    const jn_value l = f->slot[b->slot];
    if (l.type != JN_NUMBER || e->depth + 1 + n->need > e->max_depth)
        return eval_equal(n, e, context, f);
    return jn_boolean((jn_num(l) == b->constant) == (b->op == OP_EQUAL));
}

static jn_value eval_in(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct binary_node *b = (const struct binary_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value l = node_eval(b->left, e, context, f);
    const jn_value r = node_eval(b->right, e, context, f);
    node_leave(e);
    if (jn_is_undefined(l) || jn_is_undefined(r))
        return jn_boolean(false);
    const struct jn_array one = { .items = (jn_value[]){ r }, .len = 1 };
    return jn_boolean(member_in(e, l, r.type == JN_ARRAY ? r.as.array : &one));
}

/* x in ["a", "b"]: the array need not be made. */
struct in_node {
    struct binary_node binary;
    struct jn_array literals;
};

static jn_value eval_in_literals(const struct node *n, struct jsonata_eval *e, jn_value context,
                                 struct jsonata_frame *f)
{
    const struct in_node *in = (const struct in_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value l = node_eval(in->binary.left, e, context, f);
    node_leave(e);
    return jn_boolean(!jn_is_undefined(l) && member_in(e, l, &in->literals));
}

static bool is_literal(const struct ast_node *ast)
{
    const bool is_scalar = ast->kind == AST_STRING || ast->kind == AST_NUMBER || ast->kind == AST_VALUE;
    return is_scalar && !ast->rare->predicates.len && !ast->rare->group && !ast->keep_array;
}

static bool are_literals(const struct ast_node *ast)
{
    if (ast->kind != AST_ARRAY || ast->rare->predicates.len || ast->rare->group || ast->keep_array)
        return false;
    for (uint32_t i = 0; i < ast->items.len; i++) {
        if (!is_literal(ast->items.at[i]))
            return false;
    }
    return true;
}

static struct node *compile_in_literals(struct compiler *c, const struct ast_node *ast)
{
    struct in_node *in = COMPILE_NEW(c, struct in_node);
    compile_init(&in->binary.node, ast, eval_in_literals);
    in->binary.op = ast->op;
    in->binary.left = compile_node(c, ast->left);
    compile_needs(&in->binary.node, in->binary.left);
    if (in->binary.node.need < 2)
        in->binary.node.need = 2;           // the array and a literal in it
    in->binary.node.is_boolean = true;
    const uint32_t n = ast->right->items.len;
    in->literals = (struct jn_array){ .items = compile_alloc(c, n * sizeof(jn_value)), .len = n, .cap = n };
    for (uint32_t i = 0; i < n && !c->failed; i++)
        in->literals.items[i] = ast->right->items.at[i]->literal;
    return &in->binary.node;
}

/* ---- and, or ------------------------------------------------------------------------------------------------- */

/* An error from the right operand, or from the cast of either, is reported as the operator's own. */
static void stamp(struct jsonata_eval *e, const struct binary_node *b)
{
    if (!e->fault.code)
        return;
    e->fault.position = b->node.position;
    e->fault.token = jn_str_of(ast_op_text(b->op));
    e->fault.literal = jn_undefined();
}

static jn_value eval_and(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct binary_node *b = (const struct binary_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value l = node_eval(b->left, e, context, f);
    bool is_true = false;
    if (!jsonata_failed(e)) {
        is_true = jsonata_is_true(e, l);
        if (is_true != (b->op == OP_OR) && !jsonata_failed(e))
            is_true = jsonata_is_true(e, node_eval(b->right, e, context, f));
        if (jsonata_failed(e))
            stamp(e, b);
    }
    node_leave(e);
    return jn_boolean(is_true);
}

/* ---- & ------------------------------------------------------------------------------------------------------- */

static jn_str concat_text(struct jsonata_eval *e, jn_value v)
{
    if (v.type != JN_STRING)
        v = jsonata_to_string(e, v, false);
    return v.type == JN_STRING ? jn_text(v) : (jn_str){ "", 0 };
}

/* A high surrogate that ends the left text and a low one that begins the right become one character. */
static bool may_join(jn_str l, jn_str r)
{
    return l.len >= 3 && r.len >= 3 && (unsigned char)l.data[l.len - 3] == 0xed && (unsigned char)r.data[0] == 0xed;
}

/* Where surrogates meet, the end of the left text changes: that takes a copy. */
static jn_value concat_halves(struct jsonata_eval *e, jn_str l, jn_str r)
{
    const size_t len = l.len + r.len;
    char *text = jsonata_string_begin(e, len);
    if (!text)
        return jn_undefined();
    memcpy(text, l.data, l.len);
    memcpy(text + l.len, r.data, r.len);
    return jsonata_string_end(e, text, len, jn_wtf8_join(text, len, l.len));
}

/* Else the left text may be the result of another &, and then have room at its end. */
static jn_value concat(struct jsonata_eval *e, jn_str l, jn_str r, unsigned flags)
{
    if (may_join(l, r))
        return concat_halves(e, l, r);
    char *text = jsonata_string_append(e, l, r.len);
    if (!text)
        return jn_undefined();
    if (r.len)
        memcpy(text + l.len, r.data, r.len);
    return jn_string((jn_str){ text, l.len + r.len }, flags);
}

static jn_value eval_concat(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct binary_node *b = (const struct binary_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value l = node_eval(b->left, e, context, f);
    const jn_value r = node_eval(b->right, e, context, f);
    node_leave(e);
    if (jsonata_failed(e))
        return jn_undefined();
    const jn_str x = concat_text(e, l), y = concat_text(e, r);
    if (jsonata_failed(e)) {
        stamp(e, b);
        return jn_undefined();
    }
    const bool both = l.type == JN_STRING && r.type == JN_STRING;
    return concat(e, x, y, both ? l.flags & r.flags : 0);
}

/* ---- a..b ---------------------------------------------------------------------------------------------------- */

static bool is_integer(jn_value v)
{
    if (v.type != JN_NUMBER)
        return jn_is_undefined(v);
    const double d = jn_num(v);
    return isfinite(d) && d == floor(d);
}

bool range_bounds(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
                  double *first, uint32_t *len)
{
    enum { MAX_RANGE = 10000000 };      /* the reference's ceiling, spec 7.7 */
    const struct binary_node *b = (const struct binary_node *)n;
    if (!node_enter_deep(n, e))
        return false;
    const jn_value l = node_eval(b->left, e, context, f);
    const jn_value r = node_eval(b->right, e, context, f);
    node_leave(e);
    if (jsonata_failed(e))
        return false;
    if (!is_integer(l))
        raise_at(e, b, "T2003", l, jn_undefined());
    else if (!is_integer(r))
        raise_at(e, b, "T2004", r, jn_undefined());
    if (jsonata_failed(e) || jn_is_undefined(l) || jn_is_undefined(r))
        return false;
    const double from = jn_num(l), count = jn_num(r) - from + 1;
    if (count < 1)
        return false;
    if (count > MAX_RANGE)
        raise_at(e, b, "D2014", jn_number(count), jn_undefined());
    else if (count > e->max_sequence)
        raise_at(e, b, "D2015/size", jn_number(count), jn_undefined());
    *first = from;
    *len = jsonata_failed(e) ? 0 : (uint32_t)count;
    return *len > 0;
}

static jn_value eval_range(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    double first;
    uint32_t len;
    if (!range_bounds(n, e, context, f, &first, &len))
        return jn_undefined();
    const jn_value v = jsonata_array(e, len, JN_SEQUENCE);
    if (jsonata_failed(e))
        return jn_undefined();
    for (uint32_t i = 0; i < len; i++)
        v.as.array->items[i] = jn_number(first + i);
    v.as.array->len = len;
    return node_done(n, v);
}

/* ---- compiling binary operators ------------------------------------------------------------------------------ */

struct binary_kind {
    node_fn *any, *constant, *slot;
    bool is_boolean;
};

static const struct binary_kind binary_kinds[] = {
    [OP_ADD] = { eval_add, eval_add_constant, eval_add_slot, false },
    [OP_SUBTRACT] = { eval_subtract, eval_subtract_constant, eval_subtract_slot, false },
    [OP_MULTIPLY] = { eval_multiply, eval_multiply_constant, eval_multiply_slot, false },
    [OP_DIVIDE] = { eval_divide, eval_divide_constant, eval_divide_slot, false },
    [OP_MODULO] = { eval_modulo, eval_modulo_constant, eval_modulo_slot, false },
    [OP_LESS] = { eval_less, eval_less_constant, eval_less_slot, true },
    [OP_LESS_EQUAL] = { eval_less_equal, eval_less_equal_constant, eval_less_equal_slot, true },
    [OP_GREATER] = { eval_greater, eval_greater_constant, eval_greater_slot, true },
    [OP_GREATER_EQUAL] = { eval_greater_equal, eval_greater_equal_constant, eval_greater_equal_slot, true },
    [OP_EQUAL] = { eval_equal, NULL, eval_equal_slot, true },
    [OP_NOT_EQUAL] = { eval_equal, NULL, eval_equal_slot, true },
    [OP_IN] = { eval_in, NULL, NULL, true },
    [OP_AND] = { eval_and, NULL, NULL, true },
    [OP_OR] = { eval_and, NULL, NULL, true },
    [OP_CONCAT] = { eval_concat, NULL, NULL, false },
    [OP_RANGE] = { eval_range, NULL, NULL, false },
};

static void specialise(struct binary_node *b, const struct binary_kind *k)
{
    const struct constant_node *right = (const struct constant_node *)b->right;
    if (b->right->kind != NODE_CONSTANT || right->value.type != JN_NUMBER)
        return;
    b->constant = jn_num(right->value);
    if (k->constant)
        b->node.eval = k->constant;
    if (k->slot && b->left->kind == NODE_LOCAL) {
        b->slot = ((const struct variable_node *)b->left)->place[0].slot;
        b->node.eval = k->slot;
    }
}

/* Whether the operand of `in` can hold a container, which it compares by identity. */
static bool may_hold_container(const struct ast_node *ast)
{
    if (ast->kind != AST_ARRAY)
        return ast->kind != AST_STRING && ast->kind != AST_NUMBER && ast->kind != AST_VALUE;
    for (uint32_t i = 0; i < ast->items.len; i++) {
        const enum ast_kind kind = ast->items.at[i]->kind;
        if (kind != AST_STRING && kind != AST_NUMBER && kind != AST_VALUE)
            return true;
    }
    return false;
}

struct node *compile_binary(struct compiler *c, const struct ast_node *ast)
{
    if (ast->op == OP_IN && !c->program->is_plain && are_literals(ast->right))
        return compile_in_literals(c, ast);
    struct binary_node *b = COMPILE_NEW(c, struct binary_node);
    const struct binary_kind *k = &binary_kinds[ast->op];
    compile_init(&b->node, ast, k->any);
    b->op = ast->op;
    b->left = compile_node(c, ast->left);
    b->right = compile_node(c, ast->right);
    compile_needs(&b->node, b->left);
    if (ast->op != OP_AND && ast->op != OP_OR)
        compile_needs(&b->node, b->right);
    b->node.is_boolean = k->is_boolean;
    if (ast->op == OP_IN && may_hold_container(ast->left) && may_hold_container(ast->right))
        c->program->tells_apart = true;
    if (!c->failed && !c->program->is_plain)
        specialise(b, k);
    return &b->node;
}

/* ---- -x ------------------------------------------------------------------------------------------------------ */

struct unary_node {
    struct node node;
    const struct node *operand;
};

static jn_value eval_negate(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    if (!node_enter(n, e))
        return jn_undefined();
    const jn_value v = node_eval(((const struct unary_node *)n)->operand, e, context, f);
    node_leave(e);
    if (jn_is_undefined(v))
        return v;
    const double d = v.type == JN_NUMBER ? jn_num(v) : NAN;
    if (isnan(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1002", .position = n->position,
                                                        .token = JN_STR("-"), .value = v });
    if (isinf(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = v });
    return jn_number(-d);
}

struct node *compile_negate(struct compiler *c, const struct ast_node *ast)
{
    struct unary_node *u = COMPILE_NEW(c, struct unary_node);
    compile_init(&u->node, ast, eval_negate);
    u->operand = compile_node(c, ast->left);
    compile_needs(&u->node, u->operand);
    return &u->node;
}

/* ---- a ~> b -------------------------------------------------------------------------------------------------- */

struct apply_node {
    struct node node;
    const struct node *left, *right;
    bool is_call;               /* right is a call: it takes the left value as first argument */
};

static jn_value apply_value(const struct apply_node *a, struct jsonata_eval *e, jn_value context,
                            struct jsonata_frame *f)
{
    const jn_value l = node_eval(a->left, e, context, f);
    if (jsonata_failed(e))
        return jn_undefined();
    if (a->is_call)
        return call_with_first(a->right, e, l, context, f);
    const jn_value r = node_eval(a->right, e, context, f);
    if (jsonata_failed(e))
        return jn_undefined();
    if (r.type != JN_FUNCTION)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T2006", .position = a->node.position, .value = r });
    if (l.type == JN_FUNCTION)
        return function_compose(e, l, r);
    jn_value *base = function_open(e, 1);
    if (!base)
        return jn_undefined();
    base[1] = l;
    return function_invoke(e, base, r, 1, jn_null(), NULL);
}

static jn_value eval_apply(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value v = apply_value((const struct apply_node *)n, e, context, f);
    node_leave(e);
    return node_done(n, v);
}

struct node *compile_apply(struct compiler *c, const struct ast_node *ast)
{
    struct apply_node *a = COMPILE_NEW(c, struct apply_node);
    compile_init(&a->node, ast, eval_apply);
    a->left = compile_node(c, ast->left);
    a->is_call = ast->right->kind == AST_CALL;
    /* Filters on the right side's call do not count: the reference calls it without the shell around it. */
    a->right = a->is_call ? compile_call(c, ast->right) : compile_node(c, ast->right);
    compile_needs(&a->node, a->left);
    return compile_applied(c, ast, &a->node, a->left, a->right);
}
