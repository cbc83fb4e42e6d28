/* parse.h - the Pratt parser, and the rewriting that follows it (spec, sections 4 and 5). */
#ifndef JSONATA_PARSE_H
#define JSONATA_PARSE_H

#include "jsonata/ast.h"

/* Parses and rewrites `text`, which must outlive the tree.  NULL on failure, with `fault` filled (fault->code is NULL
 * when it was memory).  `max_depth` bounds nesting, so that hostile text cannot exhaust the C stack. */
struct ast_node *jsonata_parse(struct jn_arena *a, jn_str text, size_t max_depth, struct jsonata_fault *fault);

/* The second half alone: normalises a parsed tree. */
struct ast_node *jsonata_rewrite(struct jn_arena *a, struct ast_node *tree, struct jsonata_fault *fault);

#endif
