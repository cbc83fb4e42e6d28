/* ast.h - the tree that the parser makes of an expression and rewrite.c normalises (spec, sections 4 and 5).
 * Nodes live in the program's arena.  After rewriting, every bare name is a one-step path, predicates hang on the node
 * they filter, and tail calls are marked.
 *
 * The parser itself leaves six forms behind that the rewriting takes apart:
 *
 *     AST_PATH  left . right          AST_FILTER  left [ right ]      AST_FOCUS  left @ $text
 *     AST_SORT  left ^ ( items )      AST_GROUP   left { items }      AST_INDEX  left # $text
 *
 * A row of plain names, a.b.c, is a path with its steps from the beginning: it has no `left`.
 *
 * What a reader of the finished tree must know:
 *   - Nesting is bounded by the parser's max_depth, but left operands are not: 1+1+1+... and f()()()... are as deep as
 *     they are long.  Follow `left` of AST_BINARY, AST_APPLY, AST_CALL and AST_PARTIAL by a loop, or count.
 *   - It is a tree except for two conditions, which hold one node twice: a ?: b has left == right, and a ?? b has
 *     left->items.at[0] == right.  Whoever follows both without noticing doubles the work at each level of nesting.
 *     Where the two must differ (a % in them, a call in tail position) they are two nodes.
 *   - Each node knows in which order it came to its attributes (`order`), which is the order of the members in the
 *     reference's tree: see ast_json.c. */
#ifndef JSONATA_AST_H
#define JSONATA_AST_H

#include "jsonata/error.h"

/* kind, name in dumps (the reference's `type`), which members are used:
 *   left, right, third   children; items the list; text the name, operator or source; literal a constant */
#define AST_KINDS(X)                                                                                        \
    X(AST_PATH, "path")             /* items: steps */                                                      \
    X(AST_BINARY, "binary")         /* text: operator; op; left, right.  Includes `and or in & ..` */      \
    X(AST_NEGATE, "unary")          /* left */                                                              \
    X(AST_ARRAY, "unary")           /* items: members; a range is AST_BINARY with op ".." */               \
    X(AST_OBJECT, "unary")          /* items: key, value, key, value, ... */                                \
    X(AST_NAME, "name")             /* text */                                                              \
    X(AST_STRING, "string")         /* literal */                                                           \
    X(AST_NUMBER, "number")         /* literal */                                                           \
    X(AST_VALUE, "value")           /* literal: true, false, null */                                        \
    X(AST_WILDCARD, "wildcard")                                                                             \
    X(AST_DESCENDANTS, "descendant")                                                                        \
    X(AST_PARENT, "parent")         /* slot */                                                              \
    X(AST_CONDITION, "condition")   /* left ? right : third; third may be NULL */                           \
    X(AST_BLOCK, "block")           /* items */                                                             \
    X(AST_BIND, "bind")             /* text: variable; right: value; left: the variable as written */       \
    X(AST_REGEX, "regex")           /* text: pattern; flags: its i and m */                                 \
    X(AST_CALL, "function")         /* left: procedure; items: arguments; text: name for error reports */   \
    X(AST_PARTIAL, "partial")       /* the same; items may hold AST_PLACEHOLDER */                          \
    X(AST_PLACEHOLDER, "operator")  /* the ? of a partial application */                                    \
    X(AST_VARIABLE, "variable")     /* text: "" for $, "$" for $$ */                                        \
    X(AST_LAMBDA, "lambda")         /* items: parameters (AST_VARIABLE); right: body; text: signature or "" */\
    X(AST_APPLY, "apply")           /* left ~> right */                                                     \
    X(AST_TRANSFORM, "transform")   /* | left | right, third |; third may be NULL */                        \
    X(AST_SORT, "sort")             /* a path step.  items: terms (AST_SORT_TERM) */                        \
    X(AST_SORT_TERM, "term")        /* left: key; is_descending */                                          \
    X(AST_FILTER, "filter")         /* in predicates and stages.  left: the condition */                    \
    X(AST_INDEX, "index")           /* in stages.  text: variable */                                        \
    X(AST_GROUP, "group")           /* hangs on `group`.  items: key, value, ... */                         \
    X(AST_FOCUS, "focus")           /* only while parsing */                                                \
    X(AST_ERROR, "error")           /* recover mode.  error */                                              \
    X(AST_END, "(end)")             /* only while parsing: an operand is missing */

/* What a node can come by, in the order that it happens to: see ast_mark().  HAS_ITEMS, HAS_THEN and HAS_ELSE stand for
 * `items`, `right` and `third` where the order of these and other members varies. */
enum ast_attribute {
    HAS_NOTHING, HAS_ITEMS, HAS_THEN, HAS_ELSE, HAS_KEEP_ARRAY, HAS_KEEP_SINGLETON, HAS_CONS, HAS_TUPLE, HAS_FOCUS,
    HAS_INDEX, HAS_ANCESTOR, HAS_PREDICATES, HAS_STAGES, HAS_GROUP, HAS_SEEKING,
};

enum ast_kind {
#define X(kind, name) kind,
    AST_KINDS(X)
#undef X
};

/* Operators of AST_BINARY. */
enum ast_op {
    OP_ADD = 1, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_MODULO,
    OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL,
    OP_IN, OP_AND, OP_OR, OP_CONCAT, OP_RANGE,
};

enum { AST_NOWHERE = 0 };           /* position of nodes that no token stands for: the $exists of a ?? b */

struct ast_node;
struct scope;

struct ast_list {
    struct ast_node **at;
    uint32_t len, cap;
};

struct ast_slots {
    struct ast_slot **at;
    uint32_t len, cap;
};

/* An ancestor that some % below asks for (spec 5.1).  Slots that mean the same ancestor share a label. */
struct ast_slot {
    uint32_t label;             /* "!0", "!1", ...: unique in the program */
    uint32_t index;             /* of the %, counted from 0 */
    int level;
};

/* A syntax error that recover mode has recorded (spec 15.2). */
struct ast_error {
    struct jsonata_fault fault;
    bool is_node;               /* it stands in the tree as it is; else inside a node, or only in the list of errors */
    jn_value token;             /* what the fault's token is in JSON: text, number, ... */
    jn_value remaining;         /* the tokens that were left: array, or undefined */
    struct ast_node *node;      /* where it stands in the tree, if it does */
};

struct ast_errors {
    struct ast_error **at;
    uint32_t len, cap;
};

/* What few nodes have. */
struct ast_rare {
    struct ast_list predicates;     /* AST_FILTER: filters on this node's whole result (not on path steps) */
    struct ast_list stages;         /* AST_FILTER, AST_INDEX: on a path step */
    struct ast_node *group;         /* AST_GROUP */
    jn_str focus, index;            /* variables bound by @ and # on a step; data == NULL: none */
    struct ast_slot *slot;          /* AST_PARENT */
    struct ast_slot *ancestor;      /* on a step: bind the item to this label */
    struct ast_slots *seeking;      /* % below this node whose ancestor had to be sought outside; lists may be shared */
    struct ast_error *error;        /* AST_ERROR */
};

struct ast_node {
    enum ast_kind kind;
    int32_t position;               /* UTF-16 code units, as the reference counts: just after the token */
    uint8_t op;                     /* enum ast_op */
    uint8_t effects;                /* compiler: what condition.c has found out about the tree below */
    bool regex_ignore_case : 1, regex_multiline : 1;
    bool is_descending : 1;         /* AST_SORT_TERM */
    bool keep_array : 1;            /* x[] */
    bool keep_singleton_array : 1;  /* AST_PATH: one of its steps had [] */
    bool cons_array : 1;            /* an array constructor at the start or end of a path: not flattened */
    bool tuple : 1;                 /* step (or path) yields tuples */
    bool tail_call : 1;             /* AST_CALL in tail position of a lambda body: the reference's thunk */
    bool is_unscoped : 1;           /* nothing in it binds a name or makes a scope (scope.c); false also if not known */
    jn_str text;
    jn_value literal;
    struct ast_node *left, *right, *third;
    struct ast_list items;
    const struct ast_rare *rare;    /* never NULL: what was not set is zero.  Written through ast_rare() */
    union {
        struct ast_node *up;        /* while rewriting: the node whose left operand this is */
        struct scope *scope;        /* compiler: the names bound in this block, lambda or path with tuples */
    };
    uint64_t order;                 /* attributes in the order they came, four bits each from the lowest on */
};

const char *ast_kind_name(enum ast_kind k);
const char *ast_op_text(enum ast_op op);


/* What nodes have that have nothing rare. */
extern const struct ast_rare ast_rare_none;

/* NULL when memory is out. */
static inline struct ast_node *ast_new(struct jn_arena *a, enum ast_kind kind, int64_t position)
{
    struct ast_node *n = jn_arena_alloc(a, sizeof *n);
    if (n)
        *n = (struct ast_node){ .kind = kind, .position = (int32_t)position, .text = { "", 0 },
                                .rare = &ast_rare_none };
    return n;
}

/* The node's rare part, to be written to.  Where memory is out it is one that nobody reads: `spare`. */
struct ast_rare *ast_rare(struct jn_arena *a, struct ast_node *n, struct ast_rare *spare);

/* Notes that the node has come by an attribute, unless it had it before. */
static inline void ast_mark(struct ast_node *n, enum ast_attribute a)
{
    unsigned at = 0;
    for (uint64_t order = n->order; order; order >>= 4, at += 4)
        if ((order & 15) == a)
            return;
    n->order |= (uint64_t)a << at;
}

/* Whether `n` is a condition that holds one node twice: a ?: b or a ?? b. */
bool ast_is_shared(const struct ast_node *n);

/* A copy of a parsed tree, which is not rewritten yet.  NULL when memory is out. */
struct ast_node *ast_copy(struct jn_arena *a, const struct ast_node *n);

/* The finished tree as the reference shows it; nodes that stand in it twice become one value.  Undefined when memory is
 * out. */
jn_value ast_json(struct jn_arena *a, const struct ast_node *tree, const struct ast_errors *errors);

/* Appends; false when the arena has failed. */
bool ast_push_more(struct jn_arena *a, struct ast_list *l, struct ast_node *n);
static inline bool ast_push(struct jn_arena *a, struct ast_list *l, struct ast_node *n)
{
    if (l->len == l->cap)
        return ast_push_more(a, l, n);
    l->at[l->len++] = n;
    return true;
}

/* What the reference calls the node's `value`, for error reports: the name, the literal's text, the operator. */
jn_str ast_token(struct jn_arena *a, const struct ast_node *n);

#endif
