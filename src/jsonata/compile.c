/* compile.c - the compiler's entry, and what all kinds of nodes share: the shell around a node (spec 7.1: predicates,
 * grouping, keepArray, unwrapping) and the treatment of long chains of operators.  The families' own halves are in
 * their files; compile.h has the list. */
#include "jsonata/path.h"
#include "jsonata/parse.h"
#include "jsonata/regex.h"

void *compile_alloc(struct compiler *c, size_t size)
{
    void *p = jn_arena_alloc(c->arena, size);
    if (p)
        return memset(p, 0, size);
    /* Whoever compiles writes into it and never reads what another wrote: the program is thrown away. */
    c->failed = true;
    memset(&c->spare, 0, sizeof c->spare);
    return size <= sizeof c->spare ? &c->spare : NULL;
}

static jn_value eval_nothing(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)n, (void)e, (void)context, (void)f;
    return jn_undefined();
}

/* ---- the shell ----------------------------------------------------------------------------------------------- */

struct shell_node {
    struct node node;
    const struct node *inner;
    struct filters filters;
    const struct group *group;
    bool keep_array;
};

static jn_value group_value(const struct group *g, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f)
{
    v = tuple_items(e, v);
    if (v.type == JN_ARRAY)
        return group_eval(g, e, v.as.array->items, v.as.array->len, f);
    return group_eval(g, e, &v, !jn_is_undefined(v), f);
}

/* A call in tail position is a function value to the reference until it is made, and that is what filters and groupings
 * around it see: ($f(1))[0] in tail position is $f(1), and ($f(1))[1] is nothing. */
static jn_value filter_tail(const struct shell_node *s, struct jsonata_eval *e, struct jsonata_frame *f)
{
    if (jsonata_failed(e))
        return (jn_value){ .type = VALUE_TAIL };
    jn_value v = e->tail.callee;
    const struct jsonata_tail tail = e->tail;
    if (s->filters.len)
        v = filters_apply(&s->filters, e, v, f);
    if (s->group && !jsonata_failed(e))
        return group_value(s->group, e, v, f);
    v = jsonata_unwrap(v);
    if (v.type != JN_FUNCTION)
        return v;
    e->tail = tail;
    return (jn_value){ .type = VALUE_TAIL };
}

static jn_value eval_shell(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct shell_node *s = (const struct shell_node *)n;
    jn_value v = node_eval(s->inner, e, context, f);
    if (v.type == VALUE_TAIL)
        return filter_tail(s, e, f);
    if (s->filters.len && !jsonata_failed(e))
        v = filters_apply(&s->filters, e, v, f);
    if (s->group && !jsonata_failed(e))
        v = group_value(s->group, e, v, f);
    if (s->keep_array && v.type == JN_ARRAY && v.flags & JN_SEQUENCE && !(v.flags & JN_TUPLE_STREAM))
        v.flags |= JN_KEEP_SINGLETON;
    return node_done(n, v);
}

static struct node *compile_shell(struct compiler *c, const struct ast_node *ast, struct node *inner)
{
    struct shell_node *s = COMPILE_NEW(c, struct shell_node);
    compile_init(&s->node, ast, eval_shell);
    struct tally_plan *plan = c->plan;
    c->plan = NULL;
    aggregate_raw(inner);
    s->inner = inner;
    s->filters = compile_filters(c, &ast->rare->predicates);
    s->group = ast->rare->group && ast->kind != AST_PATH ? compile_group(c, ast->rare->group, NULL) : NULL;
    s->keep_array = ast->keep_array;
    c->plan = plan;
    return &s->node;
}

static bool has_shell(const struct ast_node *ast)
{
    return ast->keep_array || (ast->rare != &ast_rare_none &&
                               (ast->rare->predicates.len || (ast->kind != AST_PATH && ast->rare->group)));
}

/* ---- kinds --------------------------------------------------------------------------------------------------- */

/* Compiles the pattern for the program, which owns it; in programs of $eval it draws on the context's budget.  NULL
 * after failing. */
static struct jsonata_regex *make_regex(struct compiler *c, const struct ast_node *ast, struct regex_link *link)
{
    struct jn_budget *budget = c->arena->budget;
    if (budget)
        budget->has_refused = false;
    struct jsonata_regex *r = jsonata_regex_compile(ast->text, ast->regex_ignore_case, ast->regex_multiline, budget,
                                                    c->fault);
    if (r) {
        jsonata_regex_locate(r, ast->position);
        *link = (struct regex_link){ r, c->program->regexes };
        c->program->regexes = link;
    } else if (budget && budget->has_refused && !c->fault->code) {
        c->arena->failed = JN_LIMIT;
    }
    return r;
}

static struct node *compile_regex(struct compiler *c, const struct ast_node *ast)
{
    struct regex_link *link = COMPILE_NEW(c, struct regex_link);
    struct jsonata_function *fn = COMPILE_NEW(c, struct jsonata_function);
    if (c->failed)
        return compile_constant(c, ast, jn_undefined());
    struct jsonata_regex *r = make_regex(c, ast, link);
    if (!r) {
        c->failed = true;
        if (c->fault->code && !c->fault->position)
            c->fault->position = ast->position;
        return compile_constant(c, ast, jn_undefined());
    }
    *fn = (struct jsonata_function){ .kind = FUNCTION_REGEX, .arity = 2, .as.regex = r };
    return compile_constant(c, ast, jsonata_function_value(fn));
}

/* What a tree with errors (recover mode) evaluates to. */
static jn_value eval_error(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    (void)context, (void)f;
    return jsonata_raise(e, (struct jsonata_fault){ .code = "S0500", .position = n->position });
}

static struct node *compile_kind(struct compiler *c, const struct ast_node *ast)
{
    switch (ast->kind) {
    case AST_PATH:          return compile_path(c, ast);
    case AST_BINARY:        return compile_binary(c, ast);
    case AST_NEGATE:        return compile_negate(c, ast);
    case AST_ARRAY:         return compile_array(c, ast);
    case AST_OBJECT:        return compile_object(c, ast);
    case AST_NAME:          return compile_name(c, ast);
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:         return compile_constant(c, ast, ast->literal);
    case AST_WILDCARD:      return compile_wildcard(c, ast);
    case AST_DESCENDANTS:   return compile_descendants(c, ast);
    case AST_PARENT:        return compile_variable_named(c, ast, tuple_label(c, ast->rare->slot));
    case AST_CONDITION:     return compile_condition(c, ast);
    case AST_BLOCK:         return compile_block(c, ast);
    case AST_BIND:          return compile_bind(c, ast);
    case AST_REGEX:         return compile_regex(c, ast);
    case AST_CALL:          return compile_aggregate(c, ast);
    case AST_PARTIAL:       return compile_partial(c, ast);
    case AST_VARIABLE:      return compile_variable(c, ast);
    case AST_LAMBDA:        return compile_lambda(c, ast);
    case AST_APPLY:         return compile_apply(c, ast);
    case AST_TRANSFORM:     return compile_transform(c, ast);
    default:                return compile_init(COMPILE_NEW(c, struct node), ast, eval_error);
    }
}

/* Nodes that evaluate what is below them with the context they have themselves. */
static bool keeps_context(const struct ast_node *ast)
{
    if (has_shell(ast))
        return false;
    switch (ast->kind) {
    case AST_CALL: case AST_OBJECT: case AST_ARRAY: case AST_BINARY: case AST_NEGATE: case AST_CONDITION:
    case AST_BLOCK:
        return true;
    default:
        return false;
    }
}

/* In a value of a grouping: below paths, lambdas and the like the context is another one, and the plan of no
 * concern. */
static struct node *compile_planned(struct compiler *c, const struct ast_node *ast)
{
    struct tally_plan *plan = c->plan;
    const bool is_apart = plan && !keeps_context(ast);
    if (is_apart)
        c->plan = NULL;
    struct node *n = compile_kind(c, ast);
    if (!is_apart)
        return n;
    c->plan = plan;
    return ast->kind == AST_PATH && !has_shell(ast) ? compile_tallied_path(c, ast, n) : n;
}

static inline void note_nesting(struct compiler *c, uint32_t nesting)
{
    enum { DEEP = 60 };         /* nesting from which on the caller's stack is not good enough */
    if (nesting <= c->program->nesting)
        return;
    c->program->nesting = nesting;
    c->program->is_deep = c->program->is_deep || nesting > DEEP;
}

static struct node *compile_one(struct compiler *c, const struct ast_node *ast)
{
    note_nesting(c, ++c->nesting);
    const bool is_shelled = has_shell(ast);
    c->shells += is_shelled;
    struct node *n = compile_planned(c, ast);
    c->shells -= is_shelled;
    c->nesting--;
    return is_shelled && !ast->tail_call ? compile_shell(c, ast, n) : n;
}

/* ---- long chains --------------------------------------------------------------------------------------------- */

static const struct ast_node *left_operand(const struct ast_node *ast)
{
    switch (ast->kind) {
    case AST_BINARY:
    case AST_APPLY:
    case AST_CALL:
    case AST_PARTIAL:
    case AST_CONDITION:
        return ast->left;
    default:
        return NULL;
    }
}

/* After a failure new nodes share the spare memory; a child must not be made in its parent's place. */
JN_APART static struct node *harmless(struct compiler *c, const struct ast_node *ast)
{
    compile_init(&c->harmless.node, ast, eval_nothing);
    return &c->harmless.node;
}

/* a + b + c + ... is a tree that leans to the left, as deep as the chain is long, and the parser makes it without
 * nesting.  Compile it from its lower end, so that we do not nest either: each node finds its left operand ready.
 * `n`: the nodes below `ast`. */
JN_APART static struct node *compile_chain(struct compiler *c, const struct ast_node *ast, uint32_t n)
{
    c->program->is_deep = true;
    const struct ast_node **chain = compile_alloc(c, n * sizeof *chain);
    if (c->failed)
        return compile_constant(c, ast, jn_undefined());
    for (uint32_t i = 0; i < n; i++)
        chain[i] = left_operand(i ? chain[i - 1] : ast);
    for (uint32_t i = n; i-- > 0;) {
        struct node *node = compile_one(c, chain[i]);
        c->ready_ast = chain[i];
        c->ready_node = node;
    }
    return compile_one(c, ast);
}

/* Constants and variables: there is nothing below them, nor around. */
static inline bool is_leaf(const struct ast_node *ast)
{
    const uint64_t leaves = UINT64_C(1) << AST_STRING | UINT64_C(1) << AST_NUMBER | UINT64_C(1) << AST_VALUE |
                            UINT64_C(1) << AST_VARIABLE;
    return leaves >> ast->kind & 1 && !has_shell(ast);
}

static struct node *compile_leaf(struct compiler *c, const struct ast_node *ast)
{
    note_nesting(c, c->nesting + 1);
    return ast->kind == AST_VARIABLE ? compile_variable(c, ast) : compile_constant(c, ast, ast->literal);
}

struct node *compile_node(struct compiler *c, const struct ast_node *ast)
{
    enum { SHORT = 32 };
    if (c->failed)
        return harmless(c, ast);
    if (ast == c->ready_ast)
        return c->ready_node;
    if (is_leaf(ast))
        return compile_leaf(c, ast);
    uint32_t n = 0;
    for (const struct ast_node *a = ast; (a = left_operand(a)) && a != c->ready_ast;)
        n++;
    return n <= SHORT ? compile_one(c, ast) : compile_chain(c, ast, n);
}

/* ---- programs ------------------------------------------------------------------------------------------------ */

static uint64_t text_id(jn_str text)
{
    const uint64_t prime = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ text.len, word;
    size_t i = 0;
    for (; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        h = (h ^ word) * prime;
        h ^= h >> 32;
    }
    for (; i < text.len; i++)
        h = (h ^ (unsigned char)text.data[i]) * prime;
    return h;
}

bool program_compile(struct jsonata *program, jn_str text, size_t max_depth, struct ast_errors *errors,
                     struct jsonata_fault *fault)
{
    struct compiler c = { .arena = program->arena, .program = program, .fault = fault };
    program->text = jn_arena_copy(c.arena, text);
    program->id = text_id(text);
    if (!program->text.data)
        return false;
    struct ast_node *tree = jsonata_parse_recover(c.arena, program->text, max_depth, errors, fault);
    if (!tree)
        return false;
    if (errors && errors->len) {
        program->errors = *errors;
        tree = ast_new(c.arena, AST_ERROR, 0);
        if (!tree)
            return false;
    }
    scope_prepare(&c, tree);
    if (c.failed)
        return false;
    if (!program->is_plain)
        program->demand = jsonata_demand(c.arena, tree);
    program->root = compile_node(&c, tree);
    return !c.failed && !jn_arena_failed(c.arena);
}

void program_clear(struct jsonata *program)
{
    for (struct regex_link *l = program->regexes; l; l = l->next)
        jsonata_regex_free(l->regex);
    program->regexes = NULL;
}
