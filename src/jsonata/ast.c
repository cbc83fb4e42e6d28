/* ast.c - making nodes, and naming them.  The tree's shape is in ast.h; who builds it: parse.c and rewrite.c. */
#include "jsonata/ast.h"

#include "core/arena.h"

const char *ast_kind_name(enum ast_kind k)
{
    static const char *const names[] = {
#define X(kind, name) name,
        AST_KINDS(X)
#undef X
    };
    return (size_t)k < sizeof names / sizeof *names ? names[k] : "(unknown)";
}

const char *ast_op_text(enum ast_op op)
{
    static const char *const texts[] = {
        [OP_ADD] = "+",        [OP_SUBTRACT] = "-",       [OP_MULTIPLY] = "*", [OP_DIVIDE] = "/",
        [OP_MODULO] = "%",     [OP_EQUAL] = "=",          [OP_NOT_EQUAL] = "!=", [OP_LESS] = "<",
        [OP_LESS_EQUAL] = "<=", [OP_GREATER] = ">",       [OP_GREATER_EQUAL] = ">=", [OP_IN] = "in",
        [OP_AND] = "and",      [OP_OR] = "or",            [OP_CONCAT] = "&",   [OP_RANGE] = "..",
    };
    return (size_t)op < sizeof texts / sizeof *texts && texts[op] ? texts[op] : "";
}

const struct ast_rare ast_rare_none;

struct ast_rare *ast_rare(struct jn_arena *a, struct ast_node *n, struct ast_rare *spare)
{
    if (n->rare != &ast_rare_none)
        return (struct ast_rare *)(uintptr_t)n->rare;       // ours: made here, below
    struct ast_rare *x = jn_arena_zalloc(a, sizeof *x);
    if (!x)
        return spare;
    n->rare = x;
    return x;
}

bool ast_push_more(struct jn_arena *a, struct ast_list *l, struct ast_node *n)
{
    const uint32_t cap = l->cap ? l->cap * 2 : 4;
    struct ast_node **at = l->cap ? jn_arena_grow(a, l->at, l->cap * sizeof *at, cap * sizeof *at)
                                  : jn_arena_alloc(a, cap * sizeof *at);
    if (!at)
        return false;
    l->at = at;
    l->cap = cap;
    l->at[l->len++] = n;
    return true;
}

static bool is_shared(const struct ast_node *condition)
{
    const struct ast_node *test = condition->left;
    return test == condition->right ||
           (test->kind == AST_CALL && test->items.len == 1 && test->items.at[0] == condition->right);
}

bool ast_is_shared(const struct ast_node *n)
{
    return n->kind == AST_CONDITION && n->left && is_shared(n);
}

/* The node, and what is below it except `left`. */
static struct ast_node *copy_node(struct jn_arena *a, const struct ast_node *n)
{
    struct ast_node *copy = jn_arena_alloc(a, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *n;
    if (n->rare != &ast_rare_none) {
        copy->rare = &ast_rare_none;
        struct ast_rare *x = ast_rare(a, copy, NULL);
        if (x)
            *x = *n->rare;
    }
    copy->items = (struct ast_list){ 0 };
    copy->left = NULL;
    for (uint32_t i = 0; i < n->items.len; i++)
        ast_push(a, &copy->items, ast_copy(a, n->items.at[i]));
    copy->right = n->right && !ast_is_shared(n) ? ast_copy(a, n->right) : NULL;
    copy->third = n->third && n->kind != AST_FILTER ? ast_copy(a, n->third) : NULL;     // a filter's is the parser's
    return copy;
}

/* a ?: b and a ?? b hold `a` twice, and so do their copies. */
static void copy_shared(struct jn_arena *a, const struct ast_node *n, struct ast_node *copy)
{
    copy->left = ast_copy(a, n->left);
    if (copy->left)
        copy->right = n->left == n->right ? copy->left : copy->left->items.at[0];
}

/* Left operands may be as many as the text is long: a loop follows them. */
struct ast_node *ast_copy(struct jn_arena *a, const struct ast_node *n)
{
    struct ast_node *top = NULL, **to = &top;
    for (; n; n = ast_is_shared(n) ? NULL : n->left) {
        *to = copy_node(a, n);
        if (!*to)
            return NULL;
        if (ast_is_shared(n))
            copy_shared(a, n, *to);
        to = &(*to)->left;
    }
    return top;
}

static jn_str literal_text(struct jn_arena *a, jn_value v)
{
    char digits[JN_NUMBER_MAX];
    switch (v.type) {
    case JN_STRING:
        return jn_text(v);
    case JN_NUMBER:
        return jn_arena_copy(a, (jn_str){ digits, jn_number_format(digits, jn_num(v)) });
    case JN_BOOLEAN:
        return jn_bool(v) ? JN_STR("true") : JN_STR("false");
    default:
        return JN_STR("null");
    }
}

jn_str ast_token(struct jn_arena *a, const struct ast_node *n)
{
    switch (n->kind) {
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:
        return literal_text(a, n->literal);
    case AST_NAME:
    case AST_VARIABLE:
    case AST_REGEX:
    case AST_BINARY:
        return n->text;
    case AST_PATH:
        return JN_STR(".");
    case AST_NEGATE:
        return JN_STR("-");
    case AST_ARRAY:
    case AST_FILTER:
        return JN_STR("[");
    case AST_OBJECT:
    case AST_GROUP:
        return JN_STR("{");
    case AST_WILDCARD:
        return JN_STR("*");
    case AST_DESCENDANTS:
        return JN_STR("**");
    case AST_PARENT:
        return JN_STR("%");
    case AST_CONDITION:
        return n->text.len ? n->text : JN_STR("?");         // ?: and ?? are conditions, too
    case AST_PLACEHOLDER:
        return JN_STR("?");
    case AST_BLOCK:
    case AST_CALL:
    case AST_PARTIAL:
    case AST_LAMBDA:
        return JN_STR("(");
    case AST_BIND:
        return JN_STR(":=");
    case AST_APPLY:
        return JN_STR("~>");
    case AST_TRANSFORM:
        return JN_STR("|");
    case AST_SORT:
    case AST_SORT_TERM:
        return JN_STR("^");
    case AST_FOCUS:
        return JN_STR("@");
    case AST_INDEX:
        return JN_STR("#");
    case AST_END:
        return JN_STR("(end)");
    case AST_ERROR:
        return JN_STR("(error)");
    }
    return JN_STR("");
}
