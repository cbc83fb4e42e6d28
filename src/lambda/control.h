/* control.h - reading what there is: functions, versions, aliases (our spec, section 2.1).  Lists are fetched page by
 * page and given as one. */
#ifndef LAMBDA_CONTROL_H
#define LAMBDA_CONTROL_H

#include "core/value.h"
#include "lambda/client.h"

enum lambda_list {
    LAMBDA_LIST_FUNCTIONS,      /* items: FunctionConfiguration, one per function */
    LAMBDA_LIST_VERSIONS,       /* of a function: FunctionConfiguration, $LATEST first */
    LAMBDA_LIST_ALIASES,        /* of a function: Alias */
};

struct lambda_control_call;

/* `failed` NULL: `value` is an array of items, or the one object asked for.  Both are valid during the callback. */
typedef void lambda_control_fn(const struct jn_error *failed, jn_value value, void *arg);

/* `function`: name or ARN, whose qualifier does not matter; {NULL, 0} for LAMBDA_LIST_FUNCTIONS.  At most `max_items`
 * items (0: 10,000) are fetched.  Throttled and transient failures are repeated like those of an invocation, each
 * page's by itself; what is no list, or a list without an end, is JN_BAD_TEXT.  `*out` (may be NULL) is valid until the
 * callback. */
enum jn_status lambda_list(struct lambda_client *c, enum lambda_list what, jn_str function, size_t max_items,
                           lambda_control_fn *fn, void *arg, struct lambda_control_call **out, struct jn_error *err);

/* GetFunction: {"Configuration": {...}, ...}, without Code.Location, which is a secret.  `qualifier`: {NULL, 0}: none. */
enum jn_status lambda_get_function(struct lambda_client *c, jn_str function, jn_str qualifier, lambda_control_fn *fn,
                                   void *arg, struct lambda_control_call **out, struct jn_error *err);

/* Ends it without the callback. */
void lambda_control_cancel(struct lambda_control_call *x);

#endif
