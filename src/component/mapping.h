/* mapping.h - the JSONata expression of a step: message in, payload text out.  Compiled once; one context serves one
 * message after the other, its memory staying warm.
 *
 * Expressions have the platform's functions besides those of JSONata (the platform's documentation of its own engine):
 * $getPassthrough() and $getFlowVariables(), which are functions of ours registered with libjsonata. */
#ifndef COMPONENT_MAPPING_H
#define COMPONENT_MAPPING_H

#include "core/buf.h"
#include "jsonata/jsonata.h"

struct component_mapping;

/* An empty (or blank) expression passes bodies through unchanged.  JN_BAD_TEXT for a faulty one: code, offset, line and
 * column of the mistake in `err`. */
enum jn_status component_mapping_new(jn_str expression, struct component_mapping **out, struct jn_error *err);
void component_mapping_free(struct component_mapping *m);

/* What the platform hands to a step; texts are JSON, and absent when data is NULL. */
struct component_message {
    jn_str body;
    jn_str passthrough;         /* step id -> message: $getPassthrough(), and the member `elasticio` of the body */
};

/* Offers the flow's variables, an object, as $getFlowVariables(); without this, calling that is the error T1006.  They
 * are copied.  JN_BAD_TEXT when they are not a JSON object. */
enum jn_status component_mapping_offer_variables(struct component_mapping *m, jn_str variables, struct jn_error *err);

/* Appends the payload for a message to `payload`.  Fails before anything could be sent:
 *   JN_BAD_TEXT     the body is not JSON: line and column
 *   JN_EVALUATION   the expression raised an error (code), or its result is not JSON: nothing, a function, a number
 *                   that JSON cannot hold
 *   JN_BAD_VALUE    with a passthrough, the body has a member `elasticio` already, or is no object
 *   JN_LIMIT, JN_NO_MEMORY */
enum jn_status component_mapping_apply(struct component_mapping *m, const struct component_message *message,
                                       struct jn_buf *payload, struct jn_error *err);

#endif
