/* answer.h - what an answer of the service becomes: a body and headers to emit, or an error. */
#ifndef COMPONENT_ANSWER_H
#define COMPONENT_ANSWER_H

#include "component/action_publish.h"

/* The body to emit for a call that was taken.  A payload that is JSON, as it came, byte for byte; else the AWS response
 * object, {"StatusCode": 200, "ExecutedVersion": "7", "LogResult": "...", "Payload": "text"}, written to `out`.
 * *is_json tells which. */
enum jn_status component_answer_body(struct jn_arena *a, const struct lambda_invoked *in, struct jn_buf *out,
                                     jn_str *body, bool *is_json, struct jn_error *err);

/* The value of $response.  Undefined when `a` has failed. */
jn_value component_answer_response(struct jn_arena *a, const struct lambda_outcome *o);

/* Appends the headers of the message to emit: what the service's answer said beside the payload. */
void component_answer_headers(const struct lambda_invoked *in, struct jn_buf *out);

/* Fills error, type, message and stack of `r` for a function that failed: JN_REMOTE.  In the error, whose texts have
 * their lengths, code = errorType, message = errorMessage. */
enum jn_status component_answer_failure(struct jn_arena *a, const struct lambda_invoked *in,
                                        struct component_result *r);

/* Appends the body that stands for a call that failed, where errors are data. */
void component_answer_error(const struct component_result *r, struct jn_buf *out);

#endif
