/* parse.h - the Pratt parser, and the rewriting that follows it (spec, sections 4 and 5). */
#ifndef JSONATA_PARSE_H
#define JSONATA_PARSE_H

#include "jsonata/ast.h"
#include "jsonata/lex.h"

enum {
    JSONATA_DEFAULT_DEPTH = 1000,       /* nesting of an expression, when max_depth is 0 */
    JSONATA_SHALLOW_DEPTH = 100,        /* nesting up to which parsing and compiling may use the caller's stack */
};

/* Whether `fault` says that an expression is nested more deeply than allowed. */
bool jsonata_is_too_deep(const struct jsonata_fault *fault);

/* Parses and rewrites `text`, which must outlive the tree.  NULL on failure, with `fault` filled (fault->code is NULL
 * when it was memory).  `max_depth` bounds nesting, so that hostile text cannot exhaust the C stack. */
struct ast_node *jsonata_parse(struct jn_arena *a, jn_str text, size_t max_depth, struct jsonata_fault *fault);

/* The same in recover mode (spec 15.2): most syntax errors go to `errors`, and the tree has what could be made of the
 * rest.  What the reference does not recover from is a failure as above. */
struct ast_node *jsonata_parse_recover(struct jn_arena *a, jn_str text, size_t max_depth, struct ast_errors *errors,
                                       struct jsonata_fault *fault);

/* The first half alone.  `seen` (may be NULL) is called for each token in turn: regexes and divisions can only be told
 * apart by the grammar, so a list of tokens is something the parser makes. */
typedef void jsonata_token_fn(void *arg, const struct token *t);
struct ast_node *jsonata_parse_tokens(struct jn_arena *a, jn_str text, size_t max_depth, jsonata_token_fn *seen,
                                      void *arg, struct jsonata_fault *fault);

/* The second half alone: normalises a parsed tree, in place.  `errors`: recover mode, else NULL. */
struct ast_node *jsonata_rewrite(struct jn_arena *a, struct ast_node *tree, struct ast_errors *errors,
                                 struct jsonata_fault *fault);

/* What the parser takes back after an error in recover mode: recover.c.  `before` is the token at which it stood, NULL
 * for none; the lexer is left at the end of the text.  NULL when memory is out, or the lexer has failed. */
struct ast_error *recover_record(struct jn_arena *a, struct ast_errors *errors, const struct jsonata_fault *fault,
                                 const struct token *token);
bool recover_remaining(struct jn_arena *a, struct ast_error *error, struct lexer *l, const struct token *before);

#endif
