/* answer.h - what an answer of the service becomes: a body to emit, or an error. */
#ifndef COMPONENT_ANSWER_H
#define COMPONENT_ANSWER_H

#include "component/action_publish.h"

/* Appends the body to emit for a call that succeeded: the payload when it is JSON (compact), else the AWS response
 * object, {"StatusCode": 200, "ExecutedVersion": "7", "Payload": "text"}. */
enum jn_status component_answer_body(struct jn_arena *a, const struct lambda_invoked *in, struct jn_buf *out,
                                     struct jn_error *err);

/* Fills error and stack of `r` for a function that failed: JN_REMOTE, code = errorType, message = errorMessage. */
enum jn_status component_answer_failure(struct jn_arena *a, const struct lambda_invoked *in,
                                        struct component_result *r);

#endif
