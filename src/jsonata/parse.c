/* parse.c - tokens to tree: a Pratt parser (spec, section 4).
 *
 * One table says for each kind of token what it means where an operand begins (prefix) and after an operand (infix);
 * how tightly it binds is in token.h.  parse_expression() at the end is the whole algorithm; the handlers before it are
 * in order of size.  The tree is left as it was written; rewrite.c gives it the shape the evaluator wants.
 *
 * Errors are sticky: after the first one the current token is the end of the text, at which every loop stops, so no
 * handler asks.  The same goes for memory: when it is out, nodes are `spare`, which nobody looks at.  Recursion happens
 * in parse_expression() alone, and is counted there.
 *
 * Recover mode (spec 15.2) records syntax errors and goes on.  It goes the reference's way, which is short: an error
 * takes the rest of the text with it, and a token of its own kind stands for it, which as an operator gives its left
 * operand back. */
#include "jsonata/parse.h"

#include "core/arena.h"
#include "jsonata/signature.h"
#include "jsonata/signature_text.h"

struct parser {
    struct jn_arena *arena;
    struct lexer lexer;
    struct token token;             /* the next one, not yet taken */
    struct token before;            /* recover mode: the one before it */
    size_t depth, max_depth;
    size_t size, operand_size;      /* nodes so far; the same where the left operand began */
    size_t parents, operand_parents;    /* the same for % alone */
    size_t scoped;                  /* what binds names, makes scopes or asks for them, so far */
    struct ast_errors *errors;      /* recover mode, else NULL */
    jsonata_token_fn *seen;
    void *seen_arg;
    struct jsonata_fault *fault;
    struct ast_node spare;
    struct ast_rare spare_rare;
};

/* Nodes of an operand of ?: or ?? that is copied, because it has a %: nested in each other they double each time, so
 * that some 15 levels reach any limit. */
enum { MAX_COPIED = 100 * 1000 };

static struct ast_node *parse_expression(struct parser *p, int power);

/* ---- steps --------------------------------------------------------------------------------------------------- */

static bool failed(const struct parser *p)
{
    return p->fault->code || jn_arena_failed(p->arena);
}

/* The current token becomes the end of the text, and stays it. */
static void fail(struct parser *p, struct jsonata_fault fault)
{
    if (!failed(p))
        *p->fault = fault;
    p->token.kind = TOKEN_END;
    p->lexer.at = p->lexer.text.len;
}

/* A syntax error that recover mode survives.  `at`: the offending token, for its value. */
static struct ast_error *report(struct parser *p, struct jsonata_fault fault, const struct token *at)
{
    if (at)
        fault.literal = at->kind == TOKEN_NUMBER || at->kind == TOKEN_VALUE ? at->value : jn_undefined();
    if (!p->errors || failed(p)) {
        fail(p, fault);
        return NULL;
    }
    struct ast_error *error = recover_record(p->arena, p->errors, &fault, at);
    if (error && !recover_remaining(p->arena, error, &p->lexer, &p->token) && p->lexer.fault.code)
        fail(p, p->lexer.fault);
    return error;
}

/* The same; the error takes the place of the current token. */
static void report_here(struct parser *p, struct jsonata_fault fault, const struct token *at)
{
    if (report(p, fault, at))
        p->token = (struct token){ .kind = TOKEN_ERROR, .text = JN_STR("(error)"), .position = -1 };
}

/* Memory is out. */
JN_APART static struct ast_node *no_node(struct parser *p)
{
    fail(p, (struct jsonata_fault){ 0 });
    return &p->spare;
}

static struct ast_node *new_node(struct parser *p, enum ast_kind kind, int64_t position)
{
    struct ast_node *n = ast_new(p->arena, kind, position);
    p->size++;
    return n ? n : no_node(p);
}

/* A node of a kind that scope.c must see. */
static struct ast_node *new_scoped(struct parser *p, enum ast_kind kind, int64_t position)
{
    p->scoped++;
    return new_node(p, kind, position);
}

static void push(struct parser *p, struct ast_list *l, struct ast_node *n)
{
    if (!ast_push(p->arena, l, n))
        fail(p, (struct jsonata_fault){ 0 });
}

/* The token that was read is no operator, and recover mode is left with the one before it. */
static void no_operator(struct parser *p)
{
    const struct token t = p->token;
    p->token = p->before;
    report_here(p, (struct jsonata_fault){ .code = "S0204", .position = t.position, .token = t.text }, &t);
}

/* The token that was read is the end, no operator, or to be seen by someone. */
JN_APART static void look_at_token(struct parser *p)
{
    if (p->lexer.fault.code)
        fail(p, p->lexer.fault);
    if (failed(p))
        return;
    if (p->seen)
        p->seen(p->seen_arg, &p->token);
    if (p->token.kind == TOKEN_EXCLAMATION || p->token.kind == TOKEN_TILDE)
        no_operator(p);
}

/* Reads the next token.  `infix`: an operand has just ended. */
static inline void advance(struct parser *p, bool infix)
{
    if (p->errors)
        p->before = p->token;
    lexer_next(&p->lexer, infix, &p->token);
    if (p->token.kind <= TOKEN_TILDE || p->seen)
        look_at_token(p);
}

/* Takes a token that must be there. */
static void expect(struct parser *p, enum token_kind kind, bool infix)
{
    if (p->token.kind != kind)
        report_here(p, (struct jsonata_fault){ .code = p->token.kind == TOKEN_END ? "S0203" : "S0202",
                                               .position = p->token.position, .token = p->token.text,
                                               .value = jn_string(jn_str_of(token_text(kind)), JN_STR_ASCII) },
                    &p->token);
    else
        advance(p, infix);
}

/* Takes a token if it is there. */
static bool accept(struct parser *p, enum token_kind kind)
{
    if (p->token.kind != kind)
        return false;
    advance(p, false);
    return true;
}

/* ---- prefix: tokens that begin an operand; `t` is taken already ----------------------------------------------- */

static struct ast_node *named(struct parser *p, enum ast_kind kind, const struct token *t)
{
    struct ast_node *n = new_node(p, kind, t->position);
    n->text = t->text;
    return n;
}

static struct ast_node *literal(struct parser *p, enum ast_kind kind, const struct token *t)
{
    struct ast_node *n = named(p, kind, t);
    n->literal = t->value;
    return n;
}

static struct ast_node *parse_end(struct parser *p, const struct token *t)
{
    return new_node(p, AST_END, t->position);
}

/* name, and the words `and`, `or`, `in` where an operand is wanted */
static struct ast_node *parse_name(struct parser *p, const struct token *t)
{
    return named(p, AST_NAME, t);
}

static struct ast_node *parse_variable(struct parser *p, const struct token *t)
{
    p->scoped += jn_str_eq(t->text, JN_STR("eval"));        // which can bind anything
    return named(p, AST_VARIABLE, t);
}

static struct ast_node *parse_string(struct parser *p, const struct token *t)
{
    return literal(p, AST_STRING, t);
}

static struct ast_node *parse_number(struct parser *p, const struct token *t)
{
    return literal(p, AST_NUMBER, t);
}

static struct ast_node *parse_value(struct parser *p, const struct token *t)
{
    return literal(p, AST_VALUE, t);
}

static struct ast_node *parse_wildcard(struct parser *p, const struct token *t)
{
    return new_node(p, AST_WILDCARD, t->position);
}

static struct ast_node *parse_descendants(struct parser *p, const struct token *t)
{
    return new_node(p, AST_DESCENDANTS, t->position);
}

static struct ast_node *parse_parent(struct parser *p, const struct token *t)
{
    p->parents++;
    return new_scoped(p, AST_PARENT, t->position);
}

static struct ast_node *parse_regex(struct parser *p, const struct token *t)
{
    struct ast_node *n = named(p, AST_REGEX, t);
    n->regex_ignore_case = t->ignore_case;
    n->regex_multiline = t->multiline;
    return n;
}

/* negation := '-' operand      Binds looser than '.' and '[', so -a.b negates the path. */
static struct ast_node *parse_negation(struct parser *p, const struct token *t)
{
    struct ast_node *n = new_node(p, AST_NEGATE, t->position);
    n->left = parse_expression(p, 70);
    return n;
}

/* block := '(' (expr (';' expr)* ';'?)? ')' */
static struct ast_node *parse_block(struct parser *p, const struct token *t)
{
    struct ast_node *n = new_scoped(p, AST_BLOCK, t->position);
    while (p->token.kind != TOKEN_RIGHT_PAREN) {
        push(p, &n->items, parse_expression(p, 0));
        if (!accept(p, TOKEN_SEMICOLON))
            break;
    }
    expect(p, TOKEN_RIGHT_PAREN, true);
    return n;
}

/* member := expr ('..' expr)? */
static struct ast_node *parse_member(struct parser *p)
{
    struct ast_node *first = parse_expression(p, 0);
    if (p->token.kind != TOKEN_RANGE)
        return first;
    struct ast_node *n = new_node(p, AST_BINARY, p->token.position);
    n->op = OP_RANGE;
    n->text = p->token.text;
    n->left = first;
    advance(p, false);
    n->right = parse_expression(p, 0);
    return n;
}

/* array := '[' (member (',' member)*)? ']' */
static struct ast_node *parse_array(struct parser *p, const struct token *t)
{
    struct ast_node *n = new_node(p, AST_ARRAY, t->position);
    if (p->token.kind != TOKEN_RIGHT_BRACKET) {
        do
            push(p, &n->items, parse_member(p));
        while (accept(p, TOKEN_COMMA));
    }
    expect(p, TOKEN_RIGHT_BRACKET, true);
    return n;
}

/* pairs := (expr ':' expr (',' expr ':' expr)*)? '}' */
static void parse_pairs(struct parser *p, struct ast_list *pairs)
{
    if (p->token.kind != TOKEN_RIGHT_BRACE) {
        do {
            push(p, pairs, parse_expression(p, 0));
            expect(p, TOKEN_COLON, false);
            push(p, pairs, parse_expression(p, 0));
        } while (accept(p, TOKEN_COMMA));
    }
    expect(p, TOKEN_RIGHT_BRACE, true);
}

/* object := '{' pairs */
static struct ast_node *parse_object(struct parser *p, const struct token *t)
{
    struct ast_node *n = new_node(p, AST_OBJECT, t->position);
    parse_pairs(p, &n->items);
    return n;
}

/* transform := '|' pattern '|' update (',' delete)? '|' */
static struct ast_node *parse_transform(struct parser *p, const struct token *t)
{
    struct ast_node *n = new_scoped(p, AST_TRANSFORM, t->position);
    n->left = parse_expression(p, 0);
    expect(p, TOKEN_BAR, false);
    n->right = parse_expression(p, 0);
    if (accept(p, TOKEN_COMMA))
        n->third = parse_expression(p, 0);
    expect(p, TOKEN_BAR, false);
    return n;
}

/* ---- infix: tokens that follow an operand --------------------------------------------------------------------- */

static enum ast_op op_of(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_PLUS: return OP_ADD;
    case TOKEN_MINUS: return OP_SUBTRACT;
    case TOKEN_STAR: return OP_MULTIPLY;
    case TOKEN_SLASH: return OP_DIVIDE;
    case TOKEN_PERCENT: return OP_MODULO;
    case TOKEN_EQUAL: return OP_EQUAL;
    case TOKEN_NOT_EQUAL: return OP_NOT_EQUAL;
    case TOKEN_LESS: return OP_LESS;
    case TOKEN_LESS_EQUAL: return OP_LESS_EQUAL;
    case TOKEN_GREATER: return OP_GREATER;
    case TOKEN_GREATER_EQUAL: return OP_GREATER_EQUAL;
    case TOKEN_IN: return OP_IN;
    case TOKEN_AND: return OP_AND;
    case TOKEN_OR: return OP_OR;
    default: return OP_CONCAT;
    }
}

static struct ast_node *joined(struct parser *p, enum ast_kind kind, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, kind, t->position);
    n->left = left;
    n->right = parse_expression(p, token_power(t->kind));
    return n;
}

/* binary := expr op expr       Left associative. */
static struct ast_node *parse_binary(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = joined(p, AST_BINARY, t, left);
    n->op = (uint8_t)op_of(t->kind);
    n->text = t->text;
    return n;
}

static bool is_plain_name(const struct ast_node *n)
{
    return n->kind == AST_NAME && !n->keep_array;
}

static bool is_row_of_names(const struct ast_node *n)
{
    return n->kind == AST_PATH && !n->left && !n->keep_array;
}

/* Most paths are rows of names, which need no more than their list of steps.  Recover mode may have to show the tree as
 * it was written. */
static struct ast_node *row_of_names(struct parser *p, struct ast_node *left, struct ast_node *name)
{
    struct ast_node *row = left;
    if (left->kind == AST_NAME) {
        row = new_node(p, AST_PATH, left->position);
        push(p, &row->items, left);
    }
    push(p, &row->items, name);
    return row;
}

/* path := expr '.' expr */
static struct ast_node *parse_dot(struct parser *p, const struct token *t, struct ast_node *left)
{
    const int64_t position = t->position;
    struct ast_node *right = parse_expression(p, token_power(TOKEN_DOT)), *n;
    if (!p->errors && is_plain_name(right) && (is_plain_name(left) || is_row_of_names(left))) {
        n = row_of_names(p, left, right);
        n->position = (int32_t)position;
        return n;
    }
    n = new_node(p, AST_PATH, position);
    n->left = left;
    n->right = right;
    return n;
}

/* chain := expr '~>' expr */
static struct ast_node *parse_chain(struct parser *p, const struct token *t, struct ast_node *left)
{
    return joined(p, AST_APPLY, t, left);
}

/* bound := expr ('@' | '#') variable */
static struct ast_node *parse_bound(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = joined(p, t->kind == TOKEN_AT ? AST_FOCUS : AST_INDEX, t, left);
    p->scoped++;
    if (n->right->kind != AST_VARIABLE) {
        report_here(p, (struct jsonata_fault){ .code = "S0214", .position = n->right->position, .token = t->text }, t);
        return left;
    }
    n->text = n->right->text;
    return n;
}

/* A number, true, false or null: what an error's token is then. */
static jn_value literal_of(const struct ast_node *n)
{
    return n->kind == AST_NUMBER || n->kind == AST_VALUE ? n->literal : jn_undefined();
}

/* bind := variable ':=' expr       Right associative. */
static struct ast_node *parse_bind(struct parser *p, const struct token *t, struct ast_node *left)
{
    if (left->kind != AST_VARIABLE) {
        report_here(p, (struct jsonata_fault){ .code = "S0212", .position = left->position,
                                               .token = ast_token(p->arena, left), .literal = literal_of(left) }, NULL);
        return left;
    }
    struct ast_node *n = new_scoped(p, AST_BIND, t->position);
    n->text = left->text;
    n->left = left;
    n->right = parse_expression(p, token_power(TOKEN_BIND) - 1);
    return n;
}

/* condition := expr '?' expr (':' expr)? */
static struct ast_node *parse_condition(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_CONDITION, t->position);
    n->left = left;
    n->right = parse_expression(p, 0);
    if (accept(p, TOKEN_COLON))
        n->third = parse_expression(p, 0);
    return n;
}

/* The left operand of ?: or ?? once more, for the condition.  The reference copies it before anything is made of it;
 * the copy differs from the original only in the ancestors that its % find, so without them one node does for both. */
static struct ast_node *once_more(struct parser *p, struct ast_node *left, int64_t position)
{
    if (p->parents == p->operand_parents)
        return left;
    const size_t operand = p->size - p->operand_size;
    if (operand > MAX_COPIED) {
        fail(p, (struct jsonata_fault){ .code = "S0201/shared", .position = position });
        return left;
    }
    p->size += operand;
    p->parents += p->parents - p->operand_parents;
    struct ast_node *copy = ast_copy(p->arena, left);
    return copy ? copy : &p->spare;
}

/* default := expr '?:' expr        a ?: b is a ? a : b; the tree holds `a` twice. */
static struct ast_node *parse_default(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_CONDITION, t->position);
    n->text = t->text;
    n->left = once_more(p, left, t->position);
    n->right = left;
    n->third = parse_expression(p, 0);
    return n;
}

/* coalesce := expr '??' expr       a ?? b is $exists(a) ? a : b, with whatever $exists is bound to. */
static struct ast_node *parse_coalesce(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *exists = new_node(p, AST_CALL, AST_NOWHERE);
    exists->left = new_node(p, AST_VARIABLE, AST_NOWHERE);
    exists->left->text = JN_STR("exists");
    push(p, &exists->items, once_more(p, left, t->position));

    struct ast_node *n = new_node(p, AST_CONDITION, t->position);
    n->text = t->text;
    n->left = exists;
    n->right = left;
    n->third = parse_expression(p, 0);
    return n;
}

/* group := expr '{' pairs */
static struct ast_node *parse_group(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_GROUP, t->position);
    n->left = left;
    parse_pairs(p, &n->items);
    return n;
}

/* Nodes that stay as they are when the tree is rewritten. */
static bool is_token(const struct ast_node *n)
{
    switch (n->kind) {
    case AST_NAME:
    case AST_STRING:
    case AST_NUMBER:
    case AST_VALUE:
    case AST_WILDCARD:
    case AST_DESCENDANTS:
    case AST_REGEX:
    case AST_VARIABLE:
    case AST_PLACEHOLDER:
        return true;
    default:
        return false;
    }
}

/* filter := expr '[' expr ']' | expr '[' ']'
 * The empty form marks what the filters before it filter: a[x][y][] marks `a`.  Each filter knows that node (`third`),
 * so that a long row of them is not walked again and again. */
static struct ast_node *parse_filter(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *base = left->kind == AST_FILTER ? left->third : left;
    if (p->token.kind == TOKEN_RIGHT_BRACKET) {
        base->keep_array = true;
        if (is_token(base))
            ast_mark(base, HAS_KEEP_ARRAY);
        advance(p, false);
        return left;
    }
    struct ast_node *n = new_node(p, AST_FILTER, t->position);
    n->left = left;
    n->right = parse_expression(p, 0);
    n->third = base;
    expect(p, TOKEN_RIGHT_BRACKET, true);
    return n;
}

/* term := ('<' | '>')? expr */
static struct ast_node *parse_sort_term(struct parser *p)
{
    struct ast_node *n = new_node(p, AST_SORT_TERM, p->token.position);
    n->is_descending = p->token.kind == TOKEN_GREATER;
    if (n->is_descending || p->token.kind == TOKEN_LESS)
        advance(p, false);
    n->left = parse_expression(p, 0);
    return n;
}

/* sort := expr '^' '(' term (',' term)* ')' */
static struct ast_node *parse_sort(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_SORT, t->position);
    n->left = left;
    expect(p, TOKEN_LEFT_PAREN, false);
    do
        push(p, &n->items, parse_sort_term(p));
    while (accept(p, TOKEN_COMMA));
    expect(p, TOKEN_RIGHT_PAREN, false);
    return n;
}

/* argument := expr | '?' */
static struct ast_node *parse_argument(struct parser *p, struct ast_node *call)
{
    if (p->token.kind != TOKEN_QUESTION)
        return parse_expression(p, 0);
    struct ast_node *n = new_node(p, AST_PLACEHOLDER, p->token.position);
    call->kind = AST_PARTIAL;
    advance(p, false);
    return n;
}

static bool is_lambda_word(const struct ast_node *n)
{
    return n->kind == AST_NAME && (jn_str_eq(n->text, JN_STR("function")) || jn_str_eq(n->text, JN_STR("\xCE\xBB")));
}

/* signature := '<' token* '>'      Put together from tokens, up to the '>' that closes the first '<'.  It is checked
 * here, where its place is known; the compiler compiles it again from the text. */
static void parse_signature(struct parser *p, struct ast_node *lambda)
{
    const int64_t start = p->token.position;
    struct signature_text text = { .len = 0 };
    int depth = 0;
    for (;;) {
        const enum token_kind kind = p->token.kind;
        if (!signature_text_add(p->arena, &text, &p->token))
            return;
        depth += (kind == TOKEN_LESS) - (kind == TOKEN_GREATER);
        if (depth == 0 || kind == TOKEN_END || kind == TOKEN_LEFT_BRACE)
            break;
        advance(p, false);
    }
    expect(p, TOKEN_GREATER, false);
    lambda->text = (jn_str){ text.data, text.len };
    struct jsonata_fault fault = { 0 };
    if (!failed(p) && !jsonata_signature_compile(p->arena, lambda->text, &fault)) {
        if (fault.code) {
            fault.position += start;
            report_here(p, fault, NULL);
        } else {
            fail(p, fault);
        }
        lambda->text = JN_STR("");
    }
}

/* An error that stands for a parameter has no token of its own. */
static void no_parameter(struct parser *p, const struct ast_node *n, uint32_t i)
{
    const bool has_token = n->kind != AST_ERROR || !n->rare->error;
    report_here(p, (struct jsonata_fault){ .code = "S0208", .position = n->position,
                                           .token = has_token ? ast_token(p->arena, n) : (jn_str){ 0 },
                                           .literal = literal_of(n), .value = jn_number((double)i + 1) }, NULL);
}

/* lambda := ('function' | 'λ') '(' (variable (',' variable)*)? ')' signature? '{' expr '}'
 * `n` is what was read so far, a call. */
static struct ast_node *parse_lambda(struct parser *p, struct ast_node *n)
{
    for (uint32_t i = 0; i < n->items.len; i++)
        if (n->items.at[i]->kind != AST_VARIABLE)
            no_parameter(p, n->items.at[i], i);
    n->kind = AST_LAMBDA;
    n->left = NULL;
    p->scoped++;
    if (p->token.kind == TOKEN_LESS)
        parse_signature(p, n);
    expect(p, TOKEN_LEFT_BRACE, false);
    n->right = parse_expression(p, 0);
    expect(p, TOKEN_RIGHT_BRACE, false);
    return n;
}

/* call := expr '(' (argument (',' argument)*)? ')' | lambda */
static struct ast_node *parse_call(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_CALL, t->position);
    n->left = left;
    if (p->token.kind != TOKEN_RIGHT_PAREN) {
        do
            push(p, &n->items, parse_argument(p, n));
        while (accept(p, TOKEN_COMMA));
    }
    expect(p, TOKEN_RIGHT_PAREN, true);
    return is_lambda_word(left) ? parse_lambda(p, n) : n;
}

/* error := expr '(error)'      An error that recover mode has recorded ends what stands before it. */
static struct ast_node *parse_after_error(struct parser *p, const struct token *t, struct ast_node *left)
{
    struct ast_node *n = new_node(p, AST_ERROR, t->position);
    n->left = left;
    return n;
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

typedef struct ast_node *prefix_fn(struct parser *p, const struct token *t);
typedef struct ast_node *infix_fn(struct parser *p, const struct token *t, struct ast_node *left);

static const struct {
    prefix_fn *prefix;
    infix_fn *infix;
} rules[] = {
    [TOKEN_END] = { parse_end, NULL },
    [TOKEN_NAME] = { parse_name, NULL },
    [TOKEN_VARIABLE] = { parse_variable, NULL },
    [TOKEN_STRING] = { parse_string, NULL },
    [TOKEN_NUMBER] = { parse_number, NULL },
    [TOKEN_VALUE] = { parse_value, NULL },
    [TOKEN_REGEX] = { parse_regex, NULL },
    [TOKEN_LEFT_BRACKET] = { parse_array, parse_filter },
    [TOKEN_LEFT_PAREN] = { parse_block, parse_call },
    [TOKEN_AT] = { NULL, parse_bound },
    [TOKEN_HASH] = { NULL, parse_bound },
    [TOKEN_DOT] = { NULL, parse_dot },
    [TOKEN_LEFT_BRACE] = { parse_object, parse_group },
    [TOKEN_STAR] = { parse_wildcard, parse_binary },
    [TOKEN_SLASH] = { NULL, parse_binary },
    [TOKEN_PERCENT] = { parse_parent, parse_binary },
    [TOKEN_PLUS] = { NULL, parse_binary },
    [TOKEN_MINUS] = { parse_negation, parse_binary },
    [TOKEN_AMPERSAND] = { NULL, parse_binary },
    [TOKEN_EQUAL] = { NULL, parse_binary },
    [TOKEN_NOT_EQUAL] = { NULL, parse_binary },
    [TOKEN_LESS] = { NULL, parse_binary },
    [TOKEN_LESS_EQUAL] = { NULL, parse_binary },
    [TOKEN_GREATER] = { NULL, parse_binary },
    [TOKEN_GREATER_EQUAL] = { NULL, parse_binary },
    [TOKEN_IN] = { parse_name, parse_binary },
    [TOKEN_CARET] = { NULL, parse_sort },
    [TOKEN_CHAIN] = { NULL, parse_chain },
    [TOKEN_ELVIS] = { NULL, parse_default },
    [TOKEN_COALESCE] = { NULL, parse_coalesce },
    [TOKEN_AND] = { parse_name, parse_binary },
    [TOKEN_OR] = { parse_name, parse_binary },
    [TOKEN_QUESTION] = { NULL, parse_condition },
    [TOKEN_BIND] = { NULL, parse_bind },
    [TOKEN_BAR] = { parse_transform, NULL },
    [TOKEN_DESCENDANTS] = { parse_descendants, NULL },
    [TOKEN_ERROR] = { NULL, parse_after_error },
};

/* A token that begins no operand.  Recover mode puts the error in its place, and goes on with the token after it. */
static struct ast_node *no_operand(struct parser *p, const struct token *t)
{
    struct ast_error *error = report(p, (struct jsonata_fault){ .code = "S0211", .position = t->position,
                                                                .token = t->text }, t);
    if (!error)
        return &p->spare;
    struct ast_node *n = new_node(p, AST_ERROR, t->position);
    error->is_node = true;
    error->node = n;
    ast_rare(p->arena, n, &p->spare_rare)->error = error;
    return n;
}

static struct ast_node *parse_operand(struct parser *p)
{
    const struct token t = p->token;
    advance(p, true);
    return rules[t.kind].prefix ? rules[t.kind].prefix(p, &t) : no_operand(p, &t);
}

/* expr := operand (infix-operator that binds tighter than `power`)* */
static struct ast_node *parse_expression(struct parser *p, int power)
{
    if (++p->depth > p->max_depth)
        fail(p, (struct jsonata_fault){ .code = "S0201/depth", .position = p->token.position,
                                        .value = jn_number((double)p->max_depth) });
    const size_t start = p->size, parents = p->parents, scoped = p->scoped;
    struct ast_node *left = parse_operand(p);
    while (token_power(p->token.kind) > power) {
        const struct token t = p->token;
        p->operand_size = start;
        p->operand_parents = parents;
        advance(p, false);
        left = rules[t.kind].infix(p, &t, left);
    }
    p->depth--;
    // cppcheck-suppress invalidLifetime ; nodes copy what they want of a token: none has a field for its address
    left->is_unscoped = p->scoped == scoped;
    // cppcheck-suppress returnDanglingLifetime ; the same
    return left;
}

bool jsonata_is_too_deep(const struct jsonata_fault *fault)
{
    return fault->code && strcmp(fault->code, "S0201/depth") == 0;
}

static struct ast_node *parse(struct parser *p, jn_str text)
{
    p->spare = (struct ast_node){ .kind = AST_END, .text = JN_STR(""), .rare = &ast_rare_none };
    p->spare.third = &p->spare;     // the base of a filter that is not there
    *p->fault = (struct jsonata_fault){ 0 };
    lexer_init(&p->lexer, p->arena, text);
    advance(p, false);
    struct ast_node *tree = parse_expression(p, 0);
    if (p->token.kind != TOKEN_END)
        report(p, (struct jsonata_fault){ .code = "S0201", .position = p->token.position, .token = p->token.text },
               &p->token);
    return failed(p) ? NULL : tree;
}

struct ast_node *jsonata_parse_tokens(struct jn_arena *a, jn_str text, size_t max_depth, jsonata_token_fn *seen,
                                      void *arg, struct jsonata_fault *fault)
{
    struct parser p = { .arena = a, .fault = fault, .seen = seen, .seen_arg = arg,
                        .max_depth = max_depth ? max_depth : JSONATA_DEFAULT_DEPTH };
    return parse(&p, text);
}

struct ast_node *jsonata_parse_recover(struct jn_arena *a, jn_str text, size_t max_depth, struct ast_errors *errors,
                                       struct jsonata_fault *fault)
{
    struct parser p = { .arena = a, .fault = fault, .errors = errors,
                        .max_depth = max_depth ? max_depth : JSONATA_DEFAULT_DEPTH };
    struct ast_node *tree = parse(&p, text);
    return tree ? jsonata_rewrite(a, tree, errors, fault) : NULL;
}

struct ast_node *jsonata_parse(struct jn_arena *a, jn_str text, size_t max_depth, struct jsonata_fault *fault)
{
    return jsonata_parse_recover(a, text, max_depth, NULL, fault);
}
