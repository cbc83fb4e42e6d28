/* dump.c - the stages of compiling, for people: tokens, tree, ops. */
#include "jsonata/parse.h"

#include "core/arena.h"
#include "core/buf.h"
#include "jsonata/stack.h"

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* A line per token: where it ends, what it is, its text. */
static void show_token(void *arg, const struct token *t)
{
    struct jn_buf *out = arg;
    jn_buf_append_fmt(out, "%5lld  %-10s", (long long)t->position, token_text(t->kind));
    if (t->kind >= TOKEN_NAME && t->kind <= TOKEN_REGEX) {
        jn_buf_append_z(out, "  ");
        jn_buf_append(out, t->text);
    }
    if (t->kind == TOKEN_REGEX && (t->ignore_case || t->multiline))
        jn_buf_append_fmt(out, "  flags %s%s", t->ignore_case ? "i" : "", t->multiline ? "m" : "");
    while (out->len && out->data[out->len - 1] == ' ')
        jn_buf_truncate(out, out->len - 1);
    jn_buf_append_char(out, '\n');
}

/* ---- tree -------------------------------------------------------------------------------------------------------- */

enum { MAX_SHOWN_DEPTH = 200 };     /* left operands nest as deeply as the text is long; the picture need not */

struct tree_dump {
    struct jn_buf *out;
    int depth;
};

static void show_node(struct tree_dump *d, const char *role, const struct ast_node *n);

static void show_list(struct tree_dump *d, const char *role, const struct ast_list *l)
{
    for (uint32_t i = 0; i < l->len; i++)
        show_node(d, role, l->at[i]);
}

/* Text may hold a NUL, so it is never an argument of a format. */
static void show_name(struct jn_buf *out, const char *before, jn_str name)
{
    jn_buf_append_z(out, before);
    jn_buf_append(out, name);
}

static void show_literal(struct jn_buf *out, jn_value v)
{
    jn_buf_append_char(out, ' ');
    jn_write(out, v, NULL, NULL);
}

static void show_text(struct jn_buf *out, const struct ast_node *n)
{
    switch (n->kind) {
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:
        show_literal(out, n->literal);
        break;
    case AST_ARRAY:
        jn_buf_append_z(out, " [");
        break;
    case AST_OBJECT:
        jn_buf_append_z(out, " {");
        break;
    case AST_NEGATE:
        jn_buf_append_z(out, " -");
        break;
    case AST_VARIABLE:
    case AST_BIND:
    case AST_INDEX:
        show_name(out, " $", n->text);
        break;
    case AST_PARENT:
        jn_buf_append_fmt(out, " !%u", n->rare->slot ? n->rare->slot->label : 0);
        break;
    default:
        if (n->text.len)
            show_name(out, " ", n->text);
    }
}

static void show_marks(struct jn_buf *out, const struct ast_node *n)
{
    if (n->regex_ignore_case || n->regex_multiline)
        jn_buf_append_fmt(out, " /%s%s", n->regex_ignore_case ? "i" : "", n->regex_multiline ? "m" : "");
    if (n->rare->focus.data)
        show_name(out, " @$", n->rare->focus);
    if (n->rare->index.data)
        show_name(out, " #$", n->rare->index);
    if (n->rare->ancestor)
        jn_buf_append_fmt(out, " ancestor !%u", n->rare->ancestor->label);
    const struct {
        bool is_set;
        const char *name;
    } marks[] = {
        { n->is_descending, "descending" },         { n->keep_array, "[]" },
        { n->keep_singleton_array, "keep-singleton" }, { n->cons_array, "cons" },
        { n->tuple, "tuple" },                      { n->tail_call, "tail-call" },
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i].is_set)
            jn_buf_append_fmt(out, " %s", marks[i].name);
    if (n->position)
        jn_buf_append_fmt(out, "  @%lld", (long long)n->position);
}

/* What the children are to their node; the lists of the kinds that have one. */
static const char *item_role(enum ast_kind k)
{
    switch (k) {
    case AST_PATH: return "step";
    case AST_ARRAY: return "member";
    case AST_OBJECT:
    case AST_GROUP: return "entry";
    case AST_CALL:
    case AST_PARTIAL: return "argument";
    case AST_LAMBDA: return "parameter";
    case AST_SORT: return "by";
    default: return "then";
    }
}

static const char *left_role(enum ast_kind k)
{
    switch (k) {
    case AST_CONDITION: return "if";
    case AST_CALL:
    case AST_PARTIAL: return "call";
    case AST_TRANSFORM: return "pattern";
    case AST_FILTER: return "where";
    case AST_SORT_TERM: return "key";
    default: return "left";
    }
}

static const char *right_role(enum ast_kind k)
{
    switch (k) {
    case AST_CONDITION: return "then";
    case AST_LAMBDA: return "body";
    case AST_TRANSFORM: return "update";
    case AST_BIND: return "value";
    default: return "right";
    }
}

static void show_children(struct tree_dump *d, const struct ast_node *n)
{
    if (n->left && n->kind != AST_BIND)
        show_node(d, left_role(n->kind), n->left);
    if (ast_is_shared(n))
        jn_buf_append_fmt(d->out, "%*sthen the same\n", 2 * d->depth, "");
    else if (n->right)
        show_node(d, right_role(n->kind), n->right);
    if (n->third)
        show_node(d, n->kind == AST_TRANSFORM ? "delete" : "else", n->third);
    show_list(d, item_role(n->kind), &n->items);
    show_list(d, "predicate", &n->rare->predicates);
    show_list(d, "stage", &n->rare->stages);
    if (n->rare->group)
        show_node(d, "group", n->rare->group);
}

/* A line for the node, then its children, two blanks further in. */
static void show_node(struct tree_dump *d, const char *role, const struct ast_node *n)
{
    jn_buf_append_fmt(d->out, "%*s%s%s%s", 2 * d->depth, "", role, *role ? " " : "", ast_kind_name(n->kind));
    if (d->depth >= MAX_SHOWN_DEPTH) {
        jn_buf_append_z(d->out, " ... nested too deeply to be shown\n");
        return;
    }
    show_text(d->out, n);
    show_marks(d->out, n);
    jn_buf_append_char(d->out, '\n');
    d->depth++;
    show_children(d, n);
    d->depth--;
}

/* ---- the way in -------------------------------------------------------------------------------------------------- */

/* Nesting is bounded by the parser, but may be set high: from some depth on there is a stack for it. */
struct ast_run {
    struct jn_arena *arena;
    jn_str text;
    size_t max_depth;
    bool recovers;
    struct jsonata_fault fault;
    jn_value tree;
};

static void run_ast(void *arg)
{
    struct ast_run *run = arg;
    struct ast_errors errors = { 0 };
    const struct ast_node *tree = jsonata_parse_recover(run->arena, run->text, run->max_depth,
                                                        run->recovers ? &errors : NULL, &run->fault);
    if (tree)
        run->tree = ast_json(run->arena, tree, &errors);
}

enum jn_status jsonata_ast(struct jn_arena *a, jn_str text, const struct jsonata_compile_options *opt, jn_value *out,
                           struct jsonata_error *err)
{
    const size_t max_depth = opt && opt->max_depth ? opt->max_depth : JSONATA_DEFAULT_DEPTH;
    struct ast_run run = { .arena = a, .text = jn_arena_copy(a, text), .recovers = opt && opt->recover };
    run.max_depth = max_depth < JSONATA_SHALLOW_DEPTH ? max_depth : JSONATA_SHALLOW_DEPTH;
    if (run.text.data)
        run_ast(&run);
    if (jsonata_is_too_deep(&run.fault) && run.max_depth < max_depth) {
        run.max_depth = max_depth;
        reserve_call(run_ast, &run);
    }
    if (run.fault.code && err)
        jsonata_error_fill(err, &run.fault);
    if (run.fault.code)
        return JN_BAD_TEXT;
    if (jn_is_undefined(run.tree))
        return jn_arena_failed(a) ? jn_arena_failed(a) : JN_NO_MEMORY;
    *out = run.tree;
    return JN_OK;
}

static bool dump_tokens(struct jn_arena *a, jn_str text, struct jn_buf *out, struct jsonata_fault *fault)
{
    return jsonata_parse_tokens(a, text, 0, show_token, out, fault) != NULL;
}

static bool dump_tree(struct jn_arena *a, jn_str text, struct jn_buf *out, struct jsonata_fault *fault)
{
    const struct ast_node *tree = jsonata_parse(a, text, 0, fault);
    if (tree)
        show_node(&(struct tree_dump){ .out = out }, "", tree);
    return tree != NULL;
}

enum jn_status jsonata_dump(jn_str text, enum jsonata_dump what, struct jn_buf *out, struct jsonata_error *err)
{
    struct jn_arena *a = jn_arena_new(0);
    if (!a)
        return JN_NO_MEMORY;
    struct jsonata_fault fault = { 0 };
    const bool ok = what == JSONATA_DUMP_TOKENS ? dump_tokens(a, text, out, &fault) : dump_tree(a, text, out, &fault);
    if (!ok && err)
        jsonata_error_fill(err, &fault);
    const bool is_syntax_error = fault.code != NULL;
    jn_arena_free(a);
    if (ok)
        return out->failed;
    return is_syntax_error ? JN_BAD_TEXT : JN_NO_MEMORY;
}

char *jsonata_dump_text(jn_str text, enum jsonata_dump what, struct jsonata_error *err)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    const enum jn_status s = jsonata_dump(text, what, &out, err);
    if (!s)
        jn_buf_append_z(&out, "");
    char *detached = s ? NULL : jn_buf_detach(&out);
    jn_buf_clear(&out);
    return detached;
}
