/* action_publish.h - the action `publish` ("Invoke"): maps a message's body, invokes the function, makes the body to
 * emit of its answer.  Asynchronous, and knows nothing of where messages come from or go to.
 * Meaning of every setting and result: docs/action.md; the promises are the original component's, kept. */
#ifndef COMPONENT_ACTION_PUBLISH_H
#define COMPONENT_ACTION_PUBLISH_H

#include "component/mapping.h"
#include "lambda/client.h"

struct component_publish;

/* The action's fields, under the names they have in component.json; {NULL, 0} or "" for what was left out. */
struct component_publish_config {
    jn_str function_name;           /* functionName */
    jn_str invocation_type;         /* invocationType: RequestResponse, Event */
    jn_str log_type;                /* logType: None, Tail */
    jn_str qualifier;
    jn_str expression;
    jn_str variables;               /* of the flow, for $getFlowVariables(): an object; {NULL, 0}: not offered */
};

/* Checks everything that can be known before the first message, and compiles the expression.  `client` is borrowed.
 * JN_BAD_VALUE, JN_BAD_TEXT with a sentence for the person who filled in the form. */
enum jn_status component_publish_new(struct lambda_client *client, const struct component_publish_config *config,
                                     const struct base_log *log, struct component_publish **out, struct jn_error *err);

/* No call may be in flight. */
void component_publish_free(struct component_publish *p);

/* Where a message failed. */
enum component_stage { COMPONENT_MAPPING, COMPONENT_INVOKE, COMPONENT_FUNCTION };
const char *component_stage_text(enum component_stage s);

/* How a message ended.  Valid during the callback. */
struct component_result {
    enum jn_status status;
    struct jn_error error;          /* code: a JSONata code, the service's error name, or the function's errorType */
    enum component_stage stage;     /* where, when it failed */
    bool outcome_unknown;           /* failed, yet the function may have run */
    jn_str body;                    /* to emit: compact JSON */
    jn_str payload;                 /* what the function returned, as it came; also when it failed */
    jn_str request_id, executed_version;
    jn_str log;                     /* log tail, decoded; {NULL, 0}: not asked for */
    const jn_str *stack;            /* a failed function's trace */
    size_t stack_lines;
    int64_t duration_us;
};

typedef void component_done_fn(const struct component_result *r, void *arg);

struct component_call;

/* Takes one message, whose texts are borrowed during the call.  Lines of the function's log go to `log`, which must
 * last until the end (NULL: the action's own).  `*out` (may be NULL) is valid until the callback.  When it fails here nothing was sent and `done` is not called: JN_BAD_TEXT for a body that is not
 * JSON, JN_EVALUATION for the expression, JN_LIMIT for a payload that the service would refuse. */
enum jn_status component_publish_start(struct component_publish *p, const struct component_message *message,
                                       const struct base_log *log, component_done_fn *done, void *arg,
                                       struct component_call **out, struct jn_error *err);

/* Ends a call without its callback; the function may run on. */
void component_call_cancel(struct component_call *call);

#endif
