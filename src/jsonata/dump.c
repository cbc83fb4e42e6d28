/* dump.c - the stages of compiling made visible: tokens, one a line, and the tree as the rewriting leaves it. */
#include "core/buf.h"
#include "jsonata/lex.h"
#include "jsonata/parse.h"

enum { MAX_DEPTH = 1000 };

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

/* After these an operand has ended, so that '/' is division.  The parser knows better in a few places (spec, section 4). */
static bool ends_operand(enum token_kind k)
{
    switch (k) {
    case TOKEN_NAME:
    case TOKEN_VARIABLE:
    case TOKEN_STRING:
    case TOKEN_NUMBER:
    case TOKEN_VALUE:
    case TOKEN_REGEX:
    case TOKEN_RIGHT_BRACKET:
    case TOKEN_RIGHT_PAREN:
    case TOKEN_RIGHT_BRACE:
        return true;
    default:
        return false;
    }
}

static void dump_tokens(struct jn_arena *a, jn_str text, struct jn_buf *out, struct jsonata_fault *fault)
{
    struct lexer l;
    lexer_init(&l, a, text);
    bool infix = false;
    for (;;) {
        const struct token t = lexer_next(&l, infix);
        if (l.fault.code || t.kind == TOKEN_END)
            break;
        jn_buf_append_fmt(out, "%5lld  %-12s ", (long long)t.position, token_text(t.kind));
        if (jn_is_undefined(t.value))
            jn_buf_append(out, t.text);
        else
            jn_write(out, t.value, NULL, NULL);
        jn_buf_append_char(out, '\n');
        infix = ends_operand(t.kind);
    }
    *fault = l.fault;
}

/* ---- tree ------------------------------------------------------------------------------------------------------ */

static void dump_node(struct jn_buf *out, const struct ast_node *n, const char *role, unsigned depth);

static void dump_list(struct jn_buf *out, const struct ast_list *l, const char *role, unsigned depth)
{
    for (uint32_t i = 0; i < l->len; i++)
        dump_node(out, l->at[i], role, depth);
}

static void dump_marks(struct jn_buf *out, const struct ast_node *n)
{
    const struct {
        bool is_set;
        const char *name;
    } marks[] = {
        { n->keep_array, "keepArray" },
        { n->keep_singleton_array, "keepSingletonArray" },
        { n->cons_array, "consarray" },
        { n->tuple, "tuple" },
        { n->tail_call, "tail" },
        { n->is_descending, "descending" },
        { n->regex_ignore_case, "i" },
        { n->regex_multiline, "m" },
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (marks[i].is_set)
            jn_buf_append_fmt(out, " %s", marks[i].name);
    }
    if (n->focus.data)
        jn_buf_append_fmt(out, " @$%.*s", JN_ARG(n->focus));
    if (n->index.data)
        jn_buf_append_fmt(out, " #$%.*s", JN_ARG(n->index));
    if (n->slot)
        jn_buf_append_fmt(out, " is !%u", n->slot->label);
    if (n->ancestor)
        jn_buf_append_fmt(out, " binds !%u", n->ancestor->label);
}

static void dump_node(struct jn_buf *out, const struct ast_node *n, const char *role, unsigned depth)
{
    if (!n || depth > MAX_DEPTH)
        return;
    jn_buf_append_fmt(out, "%*s%s%s", (int)depth * 2, "", role, ast_kind_name(n->kind));
    if (n->text.len)
        jn_buf_append_fmt(out, " %.*s", JN_ARG(n->text));
    if (!jn_is_undefined(n->literal)) {
        jn_buf_append_char(out, ' ');
        jn_write(out, n->literal, NULL, NULL);
    }
    dump_marks(out, n);
    jn_buf_append_char(out, '\n');
    dump_node(out, n->left, "", depth + 1);
    dump_list(out, &n->items, "", depth + 1);
    dump_node(out, n->right, "", depth + 1);
    dump_node(out, n->third, "", depth + 1);
    dump_list(out, &n->predicates, "predicate: ", depth + 1);
    dump_list(out, &n->stages, "stage: ", depth + 1);
    dump_node(out, n->group, "", depth + 1);
}

/* ---- jsonata.h ------------------------------------------------------------------------------------------------- */

enum jn_status jsonata_dump(jn_str text, enum jsonata_dump what, struct jn_buf *out, struct jsonata_error *err)
{
    struct jn_arena a;
    struct jsonata_fault fault = { 0 };
    const struct ast_node *tree = NULL;
    jn_arena_init(&a, 0);
    if (what == JSONATA_DUMP_TOKENS)
        dump_tokens(&a, text, out, &fault);
    else
        tree = jsonata_parse(&a, text, MAX_DEPTH, &fault);
    dump_node(out, tree, "", 0);
    enum jn_status s = fault.code ? JN_BAD_TEXT : jn_arena_failed(&a) ? jn_arena_failed(&a) : out->failed;
    if (fault.code && err)
        jsonata_error_fill(err, &fault);
    jn_arena_clear(&a);
    return s;
}

char *jsonata_dump_text(jn_str text, enum jsonata_dump what, struct jsonata_error *err)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_buf_append(&out, (jn_str){ "", 0 });
    if (jsonata_dump(text, what, &out, err)) {
        jn_buf_clear(&out);
        return NULL;
    }
    jn_buf_reserve(&out, 1);
    return jn_buf_detach(&out);
}
