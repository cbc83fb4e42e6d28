/* action_publish.h - the action `publish` ("Invoke"): maps a message's body, invokes the function, makes the body to
 * emit of its answer.  Asynchronous, and knows nothing of where messages come from or go to.
 * Meaning of every setting and result: docs/action.md; the promises are the original component's, kept. */
#ifndef COMPONENT_ACTION_PUBLISH_H
#define COMPONENT_ACTION_PUBLISH_H

#include "component/config.h"
#include "component/expression.h"
#include "lambda/preview.h"

struct component_publish;

/* Checks everything that can be known before the first message, and compiles the expressions.  `client` is borrowed.
 * JN_BAD_VALUE, JN_BAD_TEXT with a sentence for the person who filled in the form. */
enum jn_status component_publish_new(struct lambda_client *client, const struct component_config *config,
                                     const struct base_log *log, struct component_publish **out, struct jn_error *err);

/* A piece of what a function returns, valid during the call; `arg` is that of the message.  The callback may cancel the
 * message's call. */
typedef void component_chunk_fn(jn_str piece, void *arg);

/* From now on functions stream what they return: it goes to `on_chunk` as it comes, in whatever form it has, and the
 * result of a message that went well has an empty body.  JN_BAD_VALUE for settings that need the whole result. */
enum jn_status component_publish_stream(struct component_publish *p, component_chunk_fn *on_chunk,
                                        struct jn_error *err);

/* No call may be in flight. */
void component_publish_free(struct component_publish *p);

/* Where a message failed. */
enum component_stage {
    COMPONENT_MAPPING,              /* before anything was sent */
    COMPONENT_INVOKE,               /* the service refused, or did not answer */
    COMPONENT_FUNCTION,             /* it ran and failed */
    COMPONENT_RESULT,               /* it ran, but its result could not be mapped */
};
const char *component_stage_text(enum component_stage s);

/* How a message ended.  Valid during the callback. */
struct component_result {
    enum component_verdict verdict; /* what is to be done; COMPONENT_EMIT also for failures that are data */
    enum jn_status status;          /* how the invocation went */
    struct jn_error error;          /* code: a JSONata code, the service's error name, or the function's errorType */
    enum component_stage stage;     /* where, when it failed */
    bool outcome_unknown;           /* failed, yet the function may have run */
    jn_str body, headers;           /* to emit: JSON, and an object of texts */
    jn_str payload;                 /* what the function returned, as it came; also when it failed */
    jn_str error_type, error_message;   /* a failed function's own words, whole; {NULL, 0}: those of `error` */
    jn_str function;                /* as it was called */
    jn_str request_id, executed_version;
    jn_str log;                     /* log tail, decoded; {NULL, 0}: not asked for */
    const jn_str *stack;            /* a failed function's trace */
    size_t stack_lines;
    int http_status;                /* 0: no answer */
    unsigned attempts;
    int64_t duration_us;            /* of the last one */
};

/* What a failure is called: the function's errorType, else the error's code, or a word for its stage. */
jn_str component_result_name(const struct component_result *r);

/* What it says: the function's errorMessage as it came, with its lines and of any length, else the sentence. */
jn_str component_result_message(const struct component_result *r);

/* The same in one line of limited length, without the name, which sentences about the service's errors begin with. */
jn_str component_result_sentence(const struct component_result *r);

typedef void component_done_fn(const struct component_result *r, void *arg);

struct component_call;

/* Takes one message, whose texts are borrowed until the callback.  Lines of the function's log go to `log`, which must
 * last until the end (NULL: the action's own).  `*out` is valid until the callback; it is NULL when the function is not
 * to be invoked for this message: then the body is to be emitted as it is, and `done` is not called.
 * When it fails here nothing was sent and `done` is not called either: JN_BAD_TEXT for a body that is not JSON,
 * JN_EVALUATION for an expression, JN_BAD_VALUE for a name that is none, JN_LIMIT for what the service would refuse. */
enum jn_status component_publish_start(struct component_publish *p, const struct component_message *message,
                                       const struct base_log *log, component_done_fn *done, void *arg,
                                       struct component_call **out, struct jn_error *err);

/* The function and the qualifier that every message invokes; the second may be empty.  False when an expression makes one
 * of them of each message. */
bool component_publish_target(const struct component_publish *p, jn_str *function, jn_str *qualifier);

/* Does with a message all that component_publish_start() does, up to where it would be sent, and shows that to `fn`
 * (lambda/preview.h) before it returns; not when the function is not to be invoked for it.  Fails as that does. */
enum jn_status component_publish_preview(struct component_publish *p, const struct component_message *message,
                                         lambda_preview_fn *fn, void *arg, struct jn_error *err);

/* The headers of a message that passed through: a JSON object. */
#define COMPONENT_NOT_INVOKED "{\"x-amz-invoked\":\"false\"}"

/* Ends a call without its callback; the function may run on. */
void component_call_cancel(struct component_call *call);

#endif
