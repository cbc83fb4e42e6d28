/* compile.h - tree to program: names resolved to slots or built-ins, paths flattened, constants and shapes prepared.
 * The compiled form is a tree of closures: each node holds the function that evaluates it, specialised by what is known
 * of its operands.  A program is immutable; what an evaluation caches per node lives in the context.
 *
 * Where to look: each family's file holds both halves of its nodes' lives, the function that compiles them and the ones
 * that evaluate them: variable.c (constants, variables, blocks), condition.c, operator.c, function.c (lambdas and
 * calls), path.c, step.c, filter.c, tuple.c, sort.c, construct.c (arrays, objects), group.c, transform.c. */
#ifndef JSONATA_COMPILE_H
#define JSONATA_COMPILE_H

#include "jsonata/ast.h"
#include "jsonata/eval.h"

/* ---- nodes --------------------------------------------------------------------------------------------------- */

struct node;
typedef jn_value node_fn(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f);

/* What a parent may want to know of an operand, to take a shorter way. */
enum node_kind {
    NODE_OTHER,
    NODE_CONSTANT,              /* struct constant_node */
    NODE_CONTEXT,               /* $ */
    NODE_LOCAL,                 /* struct variable_node: in a slot of this frame, unless unbound */
    NODE_VARIABLE,              /* struct variable_node: anything else */
    NODE_NAME,                  /* struct path_node of one name without anything */
    NODE_PATH,                  /* struct path_node */
    NODE_BUILTIN,               /* struct call_node of a built-in */
    NODE_RANGE_ARRAY,           /* [a..b] and nothing else: see array_range() */
    NODE_KINDS,
};

/* The head of every node.  `eval` gives the finished value: filters applied, sequences unwrapped; unless `raw`, where a
 * sequence is left as it is because its parent filters or groups it first. */
struct node {
    node_fn *eval;
    int64_t position;           /* for errors */
    uint8_t kind;
    uint8_t need;               /* evaluations the reference nests below this node and we do not: see node_enter */
    bool raw;
    bool is_boolean;            /* gives true, false or nothing */
};

static inline jn_value node_eval(const struct node *n, struct jsonata_eval *e, jn_value context,
                                 struct jsonata_frame *f)
{
    return n->eval(n, e, context, f);
}

/* Counts one nested evaluation; false after raising D1011.  The reference counts every node (spec 2.3, 15.1); we do not
 * count leaves, so their parent asks whether there is room for them (`need`). */
bool node_depth_exceeded(struct jsonata_eval *e);
static inline bool node_enter(const struct node *n, struct jsonata_eval *e)
{
    return ++e->depth + n->need <= e->max_depth || node_depth_exceeded(e);
}

/* Asks whether the C stack lets a function go on that may nest without the parser having nested: calls, chains of
 * operators, walks through data.  False after raising D1011. */
bool node_stack_more(struct jsonata_eval *e);
static inline bool node_has_stack(struct jsonata_eval *e)
{
    return __builtin_expect((const char *)__builtin_frame_address(0) >= e->stack_limit, 1) || node_stack_more(e);
}

/* The same for what nests `levels` deep without asking: the parser's work, nodes that are bounded by the text. */
bool node_has_stack_for(struct jsonata_eval *e, size_t levels);

/* Raises D1011: stacks are full.  Always false. */
bool node_stack_exceeded(struct jsonata_eval *e);

/* The same for a node that may nest so. */
static inline bool node_enter_deep(const struct node *n, struct jsonata_eval *e)
{
    return node_has_stack(e) && node_enter(n, e);
}

static inline void node_leave(struct jsonata_eval *e)
{
    e->depth--;
}

static inline jn_value node_done(const struct node *n, jn_value v)
{
    return v.type == JN_ARRAY && v.flags & JN_SEQUENCE && !n->raw ? jsonata_unwrap(v) : v;
}

struct constant_node {
    struct node node;
    jn_value value;
};

/* One place where a name may be bound: `hops` frames out, slot number. */
struct place {
    uint32_t hops, slot;
};

struct variable_node {
    struct node node;
    jn_str name;
    uint32_t places;            /* tried in turn; the last resort is the global */
    uint32_t global;
    struct place *place;
};

/* ---- programs ------------------------------------------------------------------------------------------------ */

struct regex_link {
    struct jsonata_regex *regex;
    struct regex_link *next;
};

struct jsonata {
    struct jn_arena own;                /* where it lives, unless made by $eval */
    struct jn_budget budget;            /* of `own` and regexes, when the caller set a limit */
    struct jn_arena *arena;
    jn_str text;
    uint64_t id;                        /* hash of the text: a context tells programs apart by it and the address */
    const struct node *root;
    uint32_t slots;                     /* of the program's frame */
    bool is_captured;                   /* its frame outlives the value stack */
    bool is_dynamic;                    /* mentions $eval: variables by name */
    bool is_plain;                      /* no fast paths: what they compute is compared with this */
    bool tells_apart;                   /* may see whether two containers are the same one: `in` */
    bool is_deep;                       /* lambdas or much nesting: wants the private stack */
    uint32_t nesting;                   /* of nodes */
    uint32_t sites, site_shapes;
    uint32_t globals;
    jn_str *global_name;                /* by number */
    jn_value *global_default;           /* the built-in of that name, or undefined */
    struct regex_link *regexes;
    struct ast_errors errors;           /* recover mode */
    const struct jn_demand *demand;     /* what it looks at in its input; NULL: everything, as far as one knows */
};

/* Parses and compiles into `program`, whose arena is set.  False with `fault` (code NULL: memory).  With `errors`,
 * recover mode: a program with errors is one that can only raise S0500. */
bool program_compile(struct jsonata *program, jn_str text, size_t max_depth, struct ast_errors *errors,
                     struct jsonata_fault *fault);

/* What an expression looks at in its input (demand.c); NULL when that cannot be told, or memory is out.  It holds unless
 * the host has something of its own for one of the names in jsonata_counting[], which ends with an empty one. */
const struct jn_demand *jsonata_demand(struct jn_arena *a, const struct ast_node *tree);
extern const jn_str jsonata_counting[];

/* Gives back what is not in the arena. */
void program_clear(struct jsonata *program);

/* ---- compiling ----------------------------------------------------------------------------------------------- */

struct scope;

struct compiler {
    struct jn_arena *arena;
    struct jsonata *program;
    struct scope *scope;                /* where we are */
    struct known_name **names;          /* of variables: a hash table (scope.c) */
    uint32_t names_len, names_cap;
    uint32_t global_cap;
    struct jsonata_fault *fault;
    const struct tuple_layout *tuples;  /* of the innermost path with tuples around */
    struct tally_plan *plan;            /* of the grouping whose value this is, or NULL: what it asks of its context */
    uint32_t nesting, shells;           /* nodes around this one; and those with filters or a grouping of their own */
    const struct ast_node *ready_ast;   /* compiled already: the lower part of a long chain of left operands */
    struct node *ready_node;
    bool failed;                        /* memory, or fault->code */
    max_align_t spare[32];              /* stands in for memory that could not be had */
    struct constant_node harmless;      /* what a node is compiled to after a failure */
};

/* Compiles an expression; never NULL (after a failure, something harmless). */
struct node *compile_node(struct compiler *c, const struct ast_node *ast);

/* A zeroed block.  When memory is out, c->failed is set, and small blocks (nodes) are still given, so that only those
 * who ask for lists must look: NULL then. */
void *compile_alloc(struct compiler *c, size_t size);
#define COMPILE_NEW(c, T) ((T *)compile_new(c, sizeof(T)))

/* The same for a size known to the C compiler, which then writes the zeros itself. */
static inline void *compile_new(struct compiler *c, size_t size)
{
    if (size > (size_t)(c->arena->end - c->arena->at))
        return compile_alloc(c, size);
    void *p = jn_arena_alloc(c->arena, size);
    return memset(p, 0, size);
}

static inline struct node *compile_init(struct node *n, const struct ast_node *ast, node_fn *eval)
{
    n->eval = eval;
    n->position = ast->position;
    return n;
}

struct node *compile_constant(struct compiler *c, const struct ast_node *ast, jn_value v);

/* Notes that `parent` evaluates `operand` in any case: sums up leaves for the depth counter. */
static inline void compile_needs(struct node *parent, const struct node *operand)
{
    /* Nested evaluations that the reference counts for an operand and our node for it does not: for a name the path,
     * and the name in it. */
    static const uint8_t uncounted[NODE_KINDS] = {
        [NODE_CONSTANT] = 1, [NODE_CONTEXT] = 1, [NODE_LOCAL] = 1, [NODE_VARIABLE] = 1, [NODE_NAME] = 2,
    };
    const uint8_t n = uncounted[operand->kind];
    if (n > parent->need)
        parent->need = n;
}

/* Families. */
struct node *compile_variable(struct compiler *c, const struct ast_node *ast);
struct node *compile_variable_named(struct compiler *c, const struct ast_node *ast, jn_str name);
struct node *compile_bind(struct compiler *c, const struct ast_node *ast);
struct node *compile_block(struct compiler *c, const struct ast_node *ast);
struct node *compile_condition(struct compiler *c, const struct ast_node *ast);
struct node *compile_binary(struct compiler *c, const struct ast_node *ast);
struct node *compile_negate(struct compiler *c, const struct ast_node *ast);
struct node *compile_lambda(struct compiler *c, const struct ast_node *ast);
struct node *compile_call(struct compiler *c, const struct ast_node *ast);
/* A call, by a short way if there is one. */
struct node *compile_aggregate(struct compiler *c, const struct ast_node *ast);

/* The same for an application that was compiled to `n`: a.b ~> $sum. */
struct node *compile_applied(struct compiler *c, const struct ast_node *ast, struct node *n, const struct node *left,
                             const struct node *right);

/* Makes a node leave its sequence as it is. */
void aggregate_raw(struct node *n);
struct node *compile_partial(struct compiler *c, const struct ast_node *ast);
struct node *compile_apply(struct compiler *c, const struct ast_node *ast);
struct node *compile_path(struct compiler *c, const struct ast_node *ast);
struct node *compile_name(struct compiler *c, const struct ast_node *ast);
struct node *compile_wildcard(struct compiler *c, const struct ast_node *ast);
struct node *compile_descendants(struct compiler *c, const struct ast_node *ast);
struct node *compile_array(struct compiler *c, const struct ast_node *ast);
struct node *compile_object(struct compiler *c, const struct ast_node *ast);
struct node *compile_transform(struct compiler *c, const struct ast_node *ast);

/* ---- names (scope.c) ----------------------------------------------------------------------------------------- */

/* Finds all scopes and the names bound in them; hangs them on the tree. */
void scope_prepare(struct compiler *c, struct ast_node *root);

/* Goes into the scope that hangs on `ast` (a block, lambda, path with tuples); gives the one to return to. */
struct scope *scope_enter(struct compiler *c, const struct ast_node *ast);
void scope_leave(struct compiler *c, struct scope *outer);

/* What a scope is at run time: its own frame with that many slots, or a range of slots in the frame around it. */
struct scope_layout {
    bool has_frame;
    bool is_captured;           /* the frame must be in the arena */
    uint32_t first, count;      /* slots of this scope's own names */
    uint32_t slots;             /* of the whole frame, when has_frame; final once the scope's body is compiled */
    bool has_bind;              /* := binds one of the names */
};
struct scope_layout scope_layout(const struct scope *s);

/* The names bound in the current scope; number i has slot first + i. */
uint32_t scope_names(const struct compiler *c, jn_str **names);

/* All places where `name` may be bound as seen from here, innermost first, in the arena.  Returns how many. */
uint32_t scope_find(struct compiler *c, jn_str name, struct place **places);

/* The place of a name bound in the current scope itself. */
struct place scope_place(struct compiler *c, jn_str name);

/* The number of a free name. */
uint32_t scope_global(struct compiler *c, jn_str name);

/* Both for a variable. */
void scope_settle(struct compiler *c, struct variable_node *v);

/* The built-in of that name, or NULL. */
const struct jsonata_builtin *scope_builtin(struct compiler *c, jn_str name);

/* ---- frames and variables at run time ------------------------------------------------------------------------ */

struct jsonata_frame *frame_new(struct jsonata_eval *e, uint32_t slots, struct jsonata_frame *outer);
void frame_bind(struct jsonata_eval *e, struct jsonata_frame *f, jn_str name, jn_value v);

/* Makes another program's caches and globals current, for a lambda that came from it, and goes back.  False after
 * raising: then there is nothing to go back from. */
struct program_state {
    const struct jsonata *program;
    struct program_memory *memory;
    struct jsonata_site *sites;
    struct jn_shape **site_shapes;
    const jn_value *globals;
};
bool context_switch(struct jsonata_eval *e, const struct jsonata *program, struct program_state *outer);
void context_leave(struct jsonata_eval *e, struct program_state outer);

/* The host may evaluate in the same context while it is called: from here on the value stack is free. */
void context_lend(struct jsonata_eval *e);

/* Checks the arguments at base + 1 and puts what the signature makes of them in their place.  False after raising. */
bool function_check(struct jsonata_eval *e, const struct jsonata_signature *s, jn_value *base, uint32_t *count,
                    jn_value context);

/* Calls a function of the host. */
jn_value native_call(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t count,
                     jn_value context);

/* Keeps the regexes of a program made by $eval until the context's reset. */
void context_adopt(struct jsonata_eval *e, struct jsonata *program);

/* What a name means outside of the program: binding, registered function, built-in. */
jn_value context_global(struct jsonata_eval *e, jn_str name);

/* The array as one item of a sequence: $ of an array input (spec 1). */
jn_value context_wrap(struct jsonata_eval *e, jn_value array);

/* Raises `code` with the sentence of another error as its value: $eval. */
jn_value jsonata_raise_inner(struct jsonata_eval *e, const char *code, const struct jsonata_fault *inner);

/* More room on the value stack, e->top_end; false when there is none. */
bool context_more_values(struct jsonata_eval *e);

/* The context's buffer for texts, empty; to be used and left before anything else is evaluated. */
struct jn_buf *jsonata_text_buffer(struct jsonata_eval *e);

/* The function object of a built-in, made in `a`. */
jn_value library_function(struct jn_arena *a, const struct jsonata_builtin *b);

/* The range in a node of kind NODE_RANGE_ARRAY; and what a range's operands come to: its first number and how many
 * there are.  False when there are none, or after raising.  So a range that is only counted or gone through takes no
 * memory. */
const struct node *array_range(const struct node *array);
bool range_bounds(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
                  double *first, uint32_t *len);

/* Where the evaluations that [a..b] nests could reach a limit, it is evaluated as it stands. */
static inline bool range_has_depth(const struct jsonata_eval *e)
{
    enum { RANGE_DEPTH = 64 };
    return e->max_depth - e->depth >= RANGE_DEPTH;
}

/* Whether a member of `x` is the value `v`: `in` (member.c). */
bool member_in(struct jsonata_eval *e, jn_value v, const struct jn_array *x);

/* ---- functions ----------------------------------------------------------------------------------------------- */

struct jsonata_program_lambda {
    const struct node *body;
    const struct jsonata *program;
    uint32_t parameters, slots;
    bool is_captured;                   /* its frames must be in the arena */
    bool is_dynamic;
    jn_str *names;                      /* of the parameters */
    uint32_t *parameter_slot;           /* where each goes; NULL: 0, 1, 2, ... */
    const struct jsonata_signature *signature;
    const struct sort_order *order;     /* as a comparator of $sort; NULL: nothing is known */
};

/* Where a call stands in the text, for errors that pass through it. */
struct call_site {
    jn_str token;               /* the function's name; data NULL: none */
    int64_t position;
};

/* Room for a call's arguments on the value stack: place i is at base + 1 + i.  NULL after raising. */
jn_value *function_open(struct jsonata_eval *e, uint32_t count);

/* Calls `callee` with the `count` arguments that stand at base + 1 on the value stack; frees them.  `site` may be NULL:
 * called by a built-in. */
jn_value function_invoke(struct jsonata_eval *e, jn_value *base, jn_value callee, uint32_t count, jn_value context,
                         const struct call_site *site);

/* Evaluates the arguments and calls a built-in with them: eval_call() without detours. */
jn_value function_call_builtin(struct jsonata_eval *e, jn_value callee, const struct node *const *nodes, uint32_t count,
                               jn_value context, struct jsonata_frame *f, const struct call_site *site);

jn_value transform_call(struct jsonata_eval *e, const struct jsonata_function *f, const jn_value *args, uint32_t count);

/* f ~> g as a function. */
jn_value function_compose(struct jsonata_eval *e, jn_value first, jn_value then);

/* Notes where `callee` was called by name last. */
void function_remember(struct jsonata_eval *e, jn_value callee, const struct call_site *site);

/* The same for a built-in. */
static inline void function_remember_builtin(struct jsonata_eval *e, jn_value callee, const struct call_site *site)
{
    const struct jsonata_function *fn = callee.as.function;
    if (e->called && !(callee.flags & FUNCTION_PASSED))
        e->called[fn->number] = site;
    else
        function_remember(e, callee, site);
}

/* The same for a call that was not made, because its result came by a shorter way. */
void call_remember(const struct node *call, struct jsonata_eval *e, jn_value callee);

/* The argument number `i` of a call node. */
const struct node *call_argument(const struct node *call, uint32_t i);

/* Calls a call node's procedure with one more argument in front: x ~> f(y). */
jn_value call_with_first(const struct node *call, struct jsonata_eval *e, jn_value first, jn_value context,
                         struct jsonata_frame *f);

#endif
