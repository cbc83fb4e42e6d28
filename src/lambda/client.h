/* client.h - invoking functions.  One client per process serves any number of calls in flight over pooled connections.
 * A call is one request: nothing is sent twice here (retries are a policy of their own, not part of this change). */
#ifndef LAMBDA_CLIENT_H
#define LAMBDA_CLIENT_H

#include "base/http.h"
#include "base/random.h"
#include "lambda/cred.h"
#include "lambda/response.h"

struct lambda_client;
struct lambda_call;

struct lambda_client_options {
    struct lambda_cred_options cred;
    const char *region;             /* NULL: from environment or profile */
    const char *endpoint;           /* NULL: AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, profile, else the region's */
    const char *ca_bundle;          /* NULL: AWS_CA_BUNDLE, profile, else the system's */
    int64_t connect_timeout_ms;     /* 0: 5 s */
    int64_t call_timeout_ms;        /* 0: 910 s, a function's longest run and a margin */
    const struct base_log *log;
};

/* JN_BAD_VALUE for settings that cannot work (no region, a bad endpoint, half a key pair), each with what to do. */
enum jn_status lambda_client_new(struct base_loop *l, const struct lambda_client_options *opt,
                                 struct lambda_client **out, struct jn_error *err);
void lambda_client_free(struct lambda_client *c);

/* The endpoint and region in use. */
const char *lambda_client_endpoint(const struct lambda_client *c);
const char *lambda_client_region(const struct lambda_client *c);

enum lambda_invocation_type { LAMBDA_REQUEST_RESPONSE, LAMBDA_EVENT, LAMBDA_DRY_RUN };

struct lambda_invoke {
    jn_str function;                /* any form that lambda_name_parse() takes */
    jn_str qualifier;               /* {NULL, 0}: none */
    enum lambda_invocation_type type;
    bool log_tail;
    jn_str client_context;          /* base64; {NULL, 0}: none */
    jn_str payload;                 /* JSON, borrowed until the callback */
};

/* How a call ended.  Valid during the callback. */
struct lambda_outcome {
    enum jn_status status;          /* JN_OK: the service took the call; the function may still have failed */
    struct jn_error error;          /* else: JN_REMOTE with the service's code, JN_IO, JN_TIMEOUT, JN_TLS, ... */
    struct lambda_invoked invoked;  /* when JN_OK */
    struct lambda_service_error service;    /* when JN_REMOTE */
    int http_status;                /* 0: no answer */
    bool outcome_unknown;           /* failed, yet the function may have run or be running */
    int64_t duration_us;
    struct jn_arena *arena;         /* where the texts live; scratch for the callback */
};

typedef void lambda_done_fn(const struct lambda_outcome *o, void *arg);

/* Starts a call.  Limits are checked before anything is sent: a synchronous payload of 6 MB, an event of 1 MB, 3,583
 * characters of client context (JN_LIMIT, with both numbers). */
enum jn_status lambda_invoke_start(struct lambda_client *c, const struct lambda_invoke *req, lambda_done_fn *done,
                                   void *arg, struct lambda_call **out, struct jn_error *err);

/* Ends a call without its callback; the function may run on. */
void lambda_call_cancel(struct lambda_call *call);

#endif
