/* call.c - the nodes that make and call functions: lambdas, calls, partial applications.  What a call does once callee
 * and arguments are known is function.c's. */
#include "jsonata/path.h"
#include "jsonata/signature.h"

#include <math.h>

/* ---- lambdas ------------------------------------------------------------------------------------------------- */

struct lambda_node {
    struct node node;
    struct jsonata_program_lambda code;
};

static jn_value eval_lambda(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct jsonata_program_lambda *code = &((const struct lambda_node *)n)->code;
    struct jsonata_function *fn = jsonata_function_new(e, FUNCTION_LAMBDA, (uint8_t)code->parameters);
    if (!fn)
        return jn_undefined();
    fn->signature = code->signature;
    fn->as.lambda.code = code;
    fn->as.lambda.frame = f;
    fn->as.lambda.context = context;
    return jsonata_function_value(fn);
}

/* Parameters take slots 0, 1, 2, ...; only a name used twice breaks that, and then the last one counts. */
static void place_parameters(struct compiler *c, const struct ast_node *ast, struct jsonata_program_lambda *code)
{
    code->names = compile_alloc(c, ast->items.len * sizeof *code->names);
    code->parameter_slot = compile_alloc(c, ast->items.len * sizeof *code->parameter_slot);
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        code->names[i] = ast->items.at[i]->text;
        code->parameter_slot[i] = scope_place(c, code->names[i]).slot;
        if (code->parameter_slot[i] != i)
            code->is_captured = true;       /* cannot run on its arguments in place */
    }
    code->parameters = ast->items.len;
}

static const struct jsonata_signature *lambda_signature(struct compiler *c, const struct ast_node *ast)
{
    if (!ast->text.len || c->failed)
        return NULL;
    const struct jsonata_signature *s = jsonata_signature_compile(c->arena, ast->text, c->fault);
    if (!s) {
        c->failed = true;
        if (c->fault->code && !c->fault->position)
            c->fault->position = ast->position;
    }
    return s;
}

struct node *compile_lambda(struct compiler *c, const struct ast_node *ast)
{
    struct lambda_node *l = COMPILE_NEW(c, struct lambda_node);
    struct jsonata_program_lambda *code = &l->code;
    compile_init(&l->node, ast, eval_lambda);
    struct scope *outer = scope_enter(c, ast);
    const struct tuple_layout *outer_tuples = c->tuples;
    c->tuples = NULL;
    const struct scope_layout scope = scope_layout(c->scope);
    c->program->is_deep = true;             /* may recurse */
    code->program = c->program;
    code->slots = scope.slots;
    code->is_captured = scope.is_captured;
    code->is_dynamic = c->program->is_dynamic;
    place_parameters(c, ast, code);
    code->signature = lambda_signature(c, ast);
    code->body = compile_node(c, ast->right);
    code->order = compile_order(c, ast);
    scope_leave(c, outer);
    c->tuples = outer_tuples;
    return &l->node;
}

/* ---- calls --------------------------------------------------------------------------------------------------- */

struct call_node {
    struct node node;
    const struct node *procedure;
    const struct node **args;
    uint32_t count;
    struct call_site site;
    struct call_site tail_site;
    const struct node *hint;        /* the variable of the same name, when the $ seems forgotten: T1005 */
    jn_value literal;               /* what the procedure is when it is a number, true, false or null: for T1006 */
    uint32_t global;                /* the procedure's number when it is the free name of a built-in */
    bool is_outer;                  /* the procedure is a variable of an older frame */
    bool is_tail;
};

static bool eval_arguments(const struct call_node *c, struct jsonata_eval *e, jn_value *to, jn_value context,
                           struct jsonata_frame *f)
{
    for (uint32_t i = 0; i < c->count; i++) {
        to[i] = node_eval(c->args[i], e, context, f);
        if (jsonata_failed(e))
            return false;
        if (to[i].type == JN_FUNCTION && !c->is_tail)
            to[i].flags = FUNCTION_PASSED;
    }
    return true;
}

static jn_value raise_callee(const struct call_node *c, struct jsonata_eval *e, const char *code)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = code, .position = c->node.position,
                                                    .token = c->site.token, .literal = c->literal });
}

/* Whether x() has been written where $x() was meant: no x is there, but $x is something. */
static bool forgot_dollar(const struct call_node *c, struct jsonata_eval *e, jn_value callee, jn_value context,
                          struct jsonata_frame *f)
{
    if (!c->hint || !jn_is_undefined(callee) || jsonata_failed(e))
        return false;
    const jn_value v = node_eval(c->hint, e, context, f);
    switch (v.type) {
    case JN_UNDEFINED:
    case JN_NULL:       return false;
    case JN_BOOLEAN:    return jn_bool(v);
    case JN_STRING:     return v.len != 0;
    case JN_NUMBER:     return jn_num(v) != 0 && !isnan(jn_num(v));
    default:            return true;
    }
}

/* What is called, evaluated before the arguments: undefined after raising T1005. */
static jn_value eval_procedure(const struct call_node *c, struct jsonata_eval *e, jn_value context,
                               struct jsonata_frame *f)
{
    const jn_value callee = node_eval(c->procedure, e, context, f);
    return forgot_dollar(c, e, callee, context, f) ? raise_callee(c, e, "T1005") : callee;
}

static jn_value call(const struct call_node *c, struct jsonata_eval *e, jn_value callee, jn_value *base,
                     uint32_t count, jn_value context, struct jsonata_frame *f)
{
    if (callee.type != JN_FUNCTION) {
        e->top = base;
        return raise_callee(c, e, "T1006");
    }
    e->call_frame = f;
    return function_invoke(e, base, callee, count, context, &c->site);
}

static jn_value eval_call(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value callee = eval_procedure(c, e, context, f);
    jn_value *base = function_open(e, c->count);
    jn_value v = jn_undefined();
    if (base && !jsonata_failed(e)) {
        if (eval_arguments(c, e, base + 1, context, f))
            v = call(c, e, callee, base, c->count, context, f);
        e->top = base;
    }
    node_leave(e);
    return node_done(n, v);
}

/* The procedure is the name of a built-in: does it still mean that? */
static bool means_builtin(const struct call_node *c, const struct jsonata_eval *e)
{
    const jn_value callee = e->globals[c->global];
    return callee.type == JN_FUNCTION &&
           callee.as.function == e->program->global_default[c->global].as.function;
}

static jn_value eval_builtin_call(const struct node *n, struct jsonata_eval *e, jn_value context,
                                  struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!means_builtin(c, e))
        return eval_call(n, e, context, f);
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value v = function_call_builtin(e, e->globals[c->global], c->args, c->count, context, f, &c->site);
    node_leave(e);
    return node_done(n, v);
}

/* Arguments that are evaluated already. */
JN_APART static jn_value call_with_two(const struct call_node *c, struct jsonata_eval *e, jn_value x, jn_value y,
                                       jn_value context, struct jsonata_frame *f)
{
    jn_value *base = jsonata_failed(e) ? NULL : function_open(e, 2);
    if (!base)
        return jn_undefined();
    base[1] = x;
    base[2] = y;
    for (uint32_t i = 1; i <= 2; i++) {
        if (base[i].type == JN_FUNCTION)
            base[i].flags = FUNCTION_PASSED;
    }
    return call(c, e, e->globals[c->global], base, 2, context, f);
}

/* $lookup(object, key), which programs call for every row of their data. */
static jn_value eval_lookup(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!means_builtin(c, e))
        return eval_call(n, e, context, f);
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value x = node_eval(c->args[0], e, context, f);
    const jn_value key = jsonata_failed(e) ? jn_undefined() : node_eval(c->args[1], e, context, f);
    if (x.type == JN_OBJECT && key.type == JN_STRING && jsonata_step(e)) {
        function_remember_builtin(e, e->globals[c->global], &c->site);
        node_leave(e);
        const int slot = jn_shape_find(x.as.object->shape, jn_text(key));
        if (slot < 0)
            return jn_undefined();
        const jn_value *v = &x.as.object->values[slot];
        return v->type != JN_ARRAY ? *v : node_done(n, *v);
    }
    const jn_value v = call_with_two(c, e, x, key, context, f);
    node_leave(e);
    return node_done(n, v);
}

/* Only what can have members keeps the place of a call in tail position. */
static void raise_tail_callee(const struct call_node *c, struct jsonata_eval *e, jn_value callee)
{
    const bool keeps = callee.type == JN_OBJECT || callee.type == JN_ARRAY;
    const struct call_site none = { .position = 0 }, *site = keeps ? &c->tail_site : &none;
    jsonata_raise(e, (struct jsonata_fault){ .code = "T1006", .position = site->position, .token = site->token });
}

/* $count([a..b]), $sum([a..b]): the numbers need not stand in an array. */
static jn_value eval_range_call(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
                                bool is_sum)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!means_builtin(c, e) || !range_has_depth(e))
        return eval_call(n, e, context, f);
    double first = 0, sum = 0;
    uint32_t len = 0;
    const bool is_empty = !range_bounds(array_range(c->args[0]), e, context, f, &first, &len);
    if (is_empty && jsonata_failed(e))
        return jn_undefined();
    function_remember(e, e->globals[c->global], &c->site);
    for (uint32_t i = 0; is_sum && i < len; i++)
        sum += first + i;
    return jn_number(is_sum ? sum : len);
}

static jn_value eval_range_count(const struct node *n, struct jsonata_eval *e, jn_value context,
                                 struct jsonata_frame *f)
{
    return eval_range_call(n, e, context, f, false);
}

static jn_value eval_range_sum(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    return eval_range_call(n, e, context, f, true);
}

/* In tail position: leaves the call to function_invoke().  Errors on the way there, too: the function whose tail this
 * is has been left by then, and does not put its place on them. */
static jn_value eval_tail_call(const struct node *n, struct jsonata_eval *e, jn_value context,
                               struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value callee = eval_procedure(c, e, context, f);
    jn_value *base = function_open(e, c->count);
    node_leave(e);
    if (!base)
        return jn_undefined();
    if (callee.type == JN_FUNCTION)
        function_remember(e, callee, &c->tail_site);        // before the arguments, unlike other calls
    if (!jsonata_failed(e) && eval_arguments(c, e, base + 1, context, f) && callee.type != JN_FUNCTION)
        raise_tail_callee(c, e, callee);
    e->tail = jsonata_failed(e) ? (struct jsonata_tail){ .base = base }
                                : (struct jsonata_tail){ callee, base, c->count, c->is_outer, &c->tail_site };
    return (jn_value){ .type = VALUE_TAIL };
}

jn_value call_with_first(const struct node *call_node, struct jsonata_eval *e, jn_value first, jn_value context,
                         struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)call_node;
    const jn_value callee = eval_procedure(c, e, context, f);
    jn_value *base = function_open(e, c->count + 1);
    if (!base || jsonata_failed(e))
        return jn_undefined();
    jn_value v = jn_undefined();
    base[1] = first;
    if (eval_arguments(c, e, base + 2, context, f))
        v = call(c, e, callee, base, c->count + 1, context, f);
    e->top = base;
    return v;
}

void call_remember(const struct node *call_node, struct jsonata_eval *e, jn_value callee)
{
    const struct call_node *c = (const struct call_node *)call_node;
    function_remember(e, callee, c->is_tail ? &c->tail_site : &c->site);
}

const struct node *call_argument(const struct node *call_node, uint32_t i)
{
    return ((const struct call_node *)call_node)->args[i];
}

/* ---- compiling calls ----------------------------------------------------------------------------------------- */

/* What errors call the procedure: what the reference keeps as the `value` of its node, of the first step for a path. */
static jn_str procedure_token(struct compiler *c, const struct ast_node *ast)
{
    switch (ast->kind) {
    case AST_VARIABLE:
    case AST_NAME:
        return ast->text;
    case AST_PATH:
        return ast->items.len ? procedure_token(c, ast->items.at[0]) : (jn_str){ 0 };
    case AST_BLOCK:
    case AST_LAMBDA:
    case AST_CONDITION:
    case AST_TRANSFORM:
    case AST_PARENT:
        return (jn_str){ 0 };
    default:
        return ast_token(c->arena, ast);
    }
}

static jn_value procedure_literal(const struct ast_node *ast)
{
    const struct ast_node *first = ast->kind == AST_PATH && ast->items.len ? ast->items.at[0] : ast;
    return first->kind == AST_NUMBER || first->kind == AST_VALUE ? first->literal : jn_undefined();
}

/* x() where $x was meant: for a path, the variable called as its first step. */
static const struct node *procedure_hint(struct compiler *c, const struct ast_node *call)
{
    const struct ast_node *path = call->left;
    if (path->kind != AST_PATH || !path->items.len)
        return NULL;
    const struct ast_node *first = path->items.at[0];
    const bool is_named = first->kind == AST_NAME || first->kind == AST_VARIABLE;
    return is_named ? compile_variable_named(c, call, first->text) : NULL;
}

static void compile_procedure(struct compiler *c, const struct ast_node *ast, struct call_node *n)
{
    const struct ast_node *procedure = ast->left;
    n->procedure = compile_node(c, procedure);
    n->is_outer = n->procedure->kind == NODE_VARIABLE;
    n->site.position = n->node.position;
    n->site.token = procedure_token(c, procedure);
    n->hint = procedure_hint(c, ast);
    n->literal = procedure_literal(procedure);
    n->tail_site.position = procedure->kind == AST_PATH ? 0 : procedure->position;  // paths have none in the reference
    if (procedure->kind == AST_VARIABLE)
        n->tail_site.token = n->site.token;
    compile_needs(&n->node, n->procedure);
}

/* A name that nothing in the program binds, and that the library has. */
static bool is_free_builtin(const struct compiler *c, const struct node *procedure, uint32_t *global)
{
    if (procedure->kind != NODE_VARIABLE || c->program->is_dynamic)
        return false;
    const struct variable_node *v = (const struct variable_node *)procedure;
    *global = v->global;
    return !v->places && c->program->global_default[v->global].type == JN_FUNCTION;
}

static node_fn *builtin_eval(const struct call_node *n, jn_str name)
{
    if (n->count == 2 && jn_str_eq(name, JN_STR("lookup")))
        return eval_lookup;
    if (n->count == 1 && n->args[0]->kind == NODE_RANGE_ARRAY && jn_str_eq(name, JN_STR("count")))
        return eval_range_count;
    if (n->count == 1 && n->args[0]->kind == NODE_RANGE_ARRAY && jn_str_eq(name, JN_STR("sum")))
        return eval_range_sum;
    return eval_builtin_call;
}

struct node *compile_call(struct compiler *c, const struct ast_node *ast)
{
    struct call_node *n = COMPILE_NEW(c, struct call_node);
    n->is_tail = ast->tail_call;
    compile_init(&n->node, ast, n->is_tail ? eval_tail_call : eval_call);
    compile_procedure(c, ast, n);
    n->args = compile_alloc(c, ast->items.len * sizeof *n->args);
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        n->args[i] = compile_node(c, ast->items.at[i]);
        compile_needs(&n->node, n->args[i]);
        n->count++;
    }
    if (!c->failed && !n->is_tail && !c->program->is_plain && is_free_builtin(c, n->procedure, &n->global))
        n->node.eval = builtin_eval(n, ast->left->text);
    return &n->node;
}

/* ---- partial application ------------------------------------------------------------------------------------- */

/* How many of the arguments count: those that have a parameter. */
static uint32_t bound_count(const struct call_node *c, const struct jsonata_function *target)
{
    uint32_t most = c->count;
    if (target->kind == FUNCTION_LAMBDA) {
        most = target->as.lambda.code->parameters;
    } else if (target->kind == FUNCTION_PARTIAL || target->kind == FUNCTION_TRANSFORM) {
        most = target->arity;
    } else if (target->kind == FUNCTION_BUILTIN) {
        const uint32_t named = jsonata_signature_most(target->signature);
        most = named > target->arity ? named : target->arity;
    }
    return c->count < most ? c->count : most;
}

/* The arguments are evaluated before what is called. */
static jn_value bind_partial(const struct call_node *c, struct jsonata_eval *e, jn_value context,
                             struct jsonata_frame *f)
{
    struct jsonata_function *fn = jsonata_function_new(e, FUNCTION_PARTIAL, 0);
    jn_value *args = jn_arena_zalloc(e->arena, c->count * sizeof *args);
    bool *is_open = jn_arena_zalloc(e->arena, c->count * sizeof *is_open);
    if (!fn || !args || !is_open)
        return jsonata_raise_memory(e);
    for (uint32_t i = 0; i < c->count && !jsonata_failed(e); i++) {
        is_open[i] = !c->args[i];
        if (c->args[i])
            args[i] = node_eval(c->args[i], e, context, f);
    }
    const jn_value callee = jsonata_failed(e) ? jn_undefined() : node_eval(c->procedure, e, context, f);
    if (callee.type != JN_FUNCTION)
        return raise_callee(c, e, forgot_dollar(c, e, callee, context, f) ? "T1007" : "T1008");
    fn->as.partial.target = callee.as.function;
    fn->as.partial.args = args;
    fn->as.partial.is_open = is_open;
    fn->as.partial.count = bound_count(c, callee.as.function);
    for (uint32_t i = 0; i < fn->as.partial.count; i++)
        fn->arity += is_open[i];
    return jsonata_function_value(fn);
}

static jn_value eval_partial(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct call_node *c = (const struct call_node *)n;
    if (!node_enter_deep(n, e))
        return jn_undefined();
    const jn_value v = bind_partial(c, e, context, f);
    node_leave(e);
    return v;
}

struct node *compile_partial(struct compiler *c, const struct ast_node *ast)
{
    struct call_node *n = COMPILE_NEW(c, struct call_node);
    compile_init(&n->node, ast, eval_partial);
    compile_procedure(c, ast, n);
    n->args = compile_alloc(c, ast->items.len * sizeof *n->args);
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++) {
        const struct ast_node *arg = ast->items.at[i];
        n->args[i] = arg->kind == AST_PLACEHOLDER ? NULL : compile_node(c, arg);
        n->count++;
    }
    return &n->node;
}
