/* parse.h - the Pratt parser, and the rewriting that follows it (spec, sections 4 and 5). */
#ifndef JSONATA_PARSE_H
#define JSONATA_PARSE_H

#include "jsonata/ast.h"
#include "jsonata/lex.h"

enum { JSONATA_DEFAULT_DEPTH = 1000 };      /* nesting of an expression, when max_depth is 0 */

/* Parses and rewrites `text`, which must outlive the tree.  NULL on failure, with `fault` filled (fault->code is NULL
 * when it was memory).  `max_depth` bounds nesting, so that hostile text cannot exhaust the C stack. */
struct ast_node *jsonata_parse(struct jn_arena *a, jn_str text, size_t max_depth, struct jsonata_fault *fault);

/* The first half alone.  `seen` (may be NULL) is called for each token in turn: regexes and divisions can only be told
 * apart by the grammar, so a list of tokens is something the parser makes. */
typedef void jsonata_token_fn(void *arg, const struct token *t);
struct ast_node *jsonata_parse_tokens(struct jn_arena *a, jn_str text, size_t max_depth, jsonata_token_fn *seen,
                                      void *arg, struct jsonata_fault *fault);

/* The second half alone: normalises a parsed tree, in place. */
struct ast_node *jsonata_rewrite(struct jn_arena *a, struct ast_node *tree, struct jsonata_fault *fault);

#endif
