/* mapping.h - the JSONata expression of a step: body text in, payload text out.  Compiled once; one context serves one
 * message after the other, its memory staying warm. */
#ifndef COMPONENT_MAPPING_H
#define COMPONENT_MAPPING_H

#include "core/buf.h"
#include "jsonata/jsonata.h"

struct component_mapping;

/* An empty (or blank) expression passes bodies through unchanged.  JN_BAD_TEXT for a faulty one: code, offset, line and
 * column of the mistake in `err`. */
enum jn_status component_mapping_new(jn_str expression, struct component_mapping **out, struct jn_error *err);
void component_mapping_free(struct component_mapping *m);

/* Appends the payload for `body` to `payload`.  Fails before anything could be sent:
 *   JN_BAD_TEXT     the body is not JSON: line and column
 *   JN_EVALUATION   the expression raised an error (code), or its result is not JSON: nothing, a function, a number
 *                   that JSON cannot hold
 *   JN_LIMIT, JN_NO_MEMORY */
enum jn_status component_mapping_apply(struct component_mapping *m, jn_str body, struct jn_buf *payload,
                                       struct jn_error *err);

#endif
