/* client.h - invoking functions.  One client per process serves any number of calls in flight over pooled connections.
 *
 * A call is one attempt or more.  Whether a failed one is followed by another is decided by what can have happened: a
 * request that surely did not run is sent again, as AWS's own clients do; one whose outcome is unknown only where the
 * caller allows that the function runs twice (docs/errors-and-retries.md). */
#ifndef LAMBDA_CLIENT_H
#define LAMBDA_CLIENT_H

#include "base/http.h"
#include "base/random.h"
#include "lambda/cred.h"
#include "lambda/response.h"

struct lambda_client;
struct lambda_call;

enum lambda_retry_mode {
    LAMBDA_RETRY_MODE_UNSET,        /* AWS_RETRY_MODE, the profile's retry_mode, else standard */
    LAMBDA_STANDARD,
    LAMBDA_ADAPTIVE,                /* slows down by itself while the service throttles */
};

struct lambda_client_options {
    struct lambda_cred_options cred;
    const char *region;             /* NULL: from environment or profile */
    const char *endpoint;           /* NULL: AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, profile, else the region's */
    const char *ca_bundle;          /* NULL: AWS_CA_BUNDLE, profile, else the system's */
    const char *extra_ca;           /* PEM file of authorities beside the system's; a bundle has precedence */
    int64_t connect_timeout_ms;     /* 0: 5 s */
    int64_t call_timeout_ms;        /* of an attempt; 0: 910 s, a function's longest run and a margin; at most 19 min */
    int64_t stall_timeout_ms;       /* a transfer that has begun and moves no byte for so long fails; 0: never.  Not
                                       while the function runs, unless it streams */
    enum lambda_retry_mode retry_mode;
    unsigned max_attempts;          /* the first included; 0: AWS_MAX_ATTEMPTS, the profile's max_attempts, else 3 */
    bool retry_unknown_outcome;     /* also when the function may have run: for functions that may run twice */
    struct base_random *random;     /* borrowed; NULL: the system's */
    const struct base_log *log;
};

/* JN_BAD_VALUE for settings that cannot work (no region, a bad endpoint, half a key pair), each with what to do. */
enum jn_status lambda_client_new(struct base_loop *l, const struct lambda_client_options *opt,
                                 struct lambda_client **out, struct jn_error *err);
void lambda_client_free(struct lambda_client *c);

/* The endpoint and region in use. */
const char *lambda_client_endpoint(const struct lambda_client *c);
const char *lambda_client_region(const struct lambda_client *c);

/* What the client goes by.  Texts live as long as it does. */
struct lambda_client_facts {
    const char *endpoint, *region;
    const char *source;             /* of keys, for people (cred.h) */
    enum lambda_retry_mode mode;
    unsigned max_attempts;          /* the first included */
    bool retry_unknown_outcome;
    int64_t connect_timeout_ms, call_timeout_ms, stall_timeout_ms;
};
void lambda_client_facts(const struct lambda_client *c, struct lambda_client_facts *out);

enum lambda_invocation_type { LAMBDA_REQUEST_RESPONSE, LAMBDA_EVENT, LAMBDA_DRY_RUN };

struct lambda_outcome;

/* A piece of a streamed payload, valid during the call.  Once the first was given nothing is retried.  The callback may
 * cancel the call; what it frees the client for, it has read before. */
typedef void lambda_chunk_fn(jn_str piece, void *arg);

/* Is a call that failed like this worth another attempt?  Whatever it says, one whose outcome is unknown is repeated
 * only where that is allowed. */
typedef bool lambda_retryable_fn(const struct lambda_outcome *o, void *arg);

struct lambda_invoke {
    jn_str function;                /* any form that lambda_name_parse() takes */
    jn_str qualifier;               /* {NULL, 0}: none */
    enum lambda_invocation_type type;
    bool log_tail;
    jn_str client_context;          /* base64; {NULL, 0}: none */
    jn_str trace_id, traceparent;   /* X-Amzn-Trace-Id, and W3C's traceparent; {NULL, 0}: none */
    jn_str payload;                 /* JSON, borrowed until the callback */
    unsigned max_attempts;          /* 0: the client's */
    lambda_retryable_fn *is_retryable;  /* in place of the classes that AWS's clients know; NULL: those */
    lambda_chunk_fn *on_chunk;      /* InvokeWithResponseStream: the payload as it comes; the outcome's is empty then,
                                       or what was said of the function's error.  NULL: Invoke */
};

/* How a call, or an attempt of it, ended.  Valid during the callback. */
struct lambda_outcome {
    enum jn_status status;          /* JN_OK: the service took the call; the function may still have failed */
    struct jn_error error;          /* else: JN_REMOTE with the service's code, JN_IO, JN_TIMEOUT, JN_TLS, ... */
    struct lambda_invoked invoked;  /* when JN_OK */
    struct lambda_service_error service;    /* when JN_REMOTE */
    int http_status;                /* 0: no answer */
    bool outcome_unknown;           /* failed, yet the function may have run or be running */
    unsigned attempts;              /* that were sent; 0: none got that far */
    int64_t duration_us;            /* of the last one */
    int64_t waited_us;              /* between attempts */
    struct jn_arena *arena;         /* where the texts live; scratch for the callback */
};

typedef void lambda_done_fn(const struct lambda_outcome *o, void *arg);

/* Starts a call; `arg` is passed to all its callbacks.  Limits are checked before anything is sent: a synchronous
 * payload of 6 MB, an event of 1 MB, 3,583 characters of client context (JN_LIMIT, with both numbers). */
enum jn_status lambda_invoke_start(struct lambda_client *c, const struct lambda_invoke *req, lambda_done_fn *done,
                                   void *arg, struct lambda_call **out, struct jn_error *err);

/* Ends a call without its callback; the function may run on. */
void lambda_call_cancel(struct lambda_call *call);

#endif
