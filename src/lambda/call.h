/* call.h - a call to the service: attempts at one signed request, and how they ended.  Invoke (invoke.c) and the
 * control calls are such calls.  Private to this folder. */
#ifndef LAMBDA_CALL_H
#define LAMBDA_CALL_H

#include "base/timer.h"
#include "core/arena.h"
#include "lambda/client.h"
#include "lambda/retry.h"
#include "lambda/signed.h"
#include "lambda/streamed.h"

enum {
    LAMBDA_CALL_HEADERS = LAMBDA_SIGNED_HEADERS - 2,    /* amz-sdk-invocation-id and amz-sdk-request are added */
    LAMBDA_CALL_QUERY = 3,
};

struct lambda_control_call;

struct lambda_client {
    struct base_loop *loop;
    struct base_http *http;
    struct lambda_cred *cred;
    const struct base_clock *clock;
    const struct base_log *log;
    struct base_random *random, own_random;
    struct lambda_target target;
    int64_t connect_timeout_ms, call_timeout_ms, stall_timeout_ms;

    enum lambda_retry_mode mode;
    unsigned max_attempts;
    bool retry_unknown_outcome, corrects_clock;
    struct lambda_quota quota;
    struct lambda_limiter limiter;          /* adaptive mode only */
    int64_t clock_offset_ms;                /* the service's clock minus ours, as far as it matters */

    struct lambda_signed sender;
    struct lambda_call *calls, *idle;       /* those going on; those that ended, kept for the next ones */
    unsigned idle_count;
    struct lambda_control_call *controls;   /* lists and the like going on */
    bool *is_freed;                         /* set while a callback runs: told if it frees the client */
};

/* What is asked.  Texts live in the call's arena or for ever, except the body, which is borrowed until the end. */
struct lambda_call_request {
    const char *purpose;                    /* for sentences: "call function", "list functions" */
    const char *action;                     /* the permission it needs: "lambda:InvokeFunction" */
    const char *method, *pattern;
    jn_str label;                           /* in the pattern's '*'; the function, for sentences; {NULL, 0}: none */
    struct lambda_query query[LAMBDA_CALL_QUERY];
    size_t query_count;
    struct base_header headers[LAMBDA_CALL_HEADERS];
    size_t header_count;
    jn_str body;
    unsigned max_attempts;                  /* 0: the client's */
    bool is_secret;                         /* the answer is wiped */
    bool is_harmless;                       /* nothing runs by it: its outcome is never unknown */
    lambda_retryable_fn *is_retryable;      /* as in client.h */
    lambda_chunk_fn *on_chunk;              /* the answer is an event stream; NULL: it is not */
};

enum lambda_call_state { LAMBDA_CALL_IDLE, LAMBDA_CALL_WAITS, LAMBDA_CALL_ASKS_KEYS, LAMBDA_CALL_SENT };

struct lambda_call {
    struct lambda_client *client;
    struct lambda_call *next, **self;       /* in one of the client's lists */
    struct jn_arena arena;
    struct lambda_call_request req;
    lambda_done_fn *done;
    void *arg;

    enum lambda_call_state state;
    bool is_cancelled;                      /* while it asks for keys, which still come, or gives a chunk on */
    bool is_giving;                         /* a chunk, just now */
    struct base_http_call *http;            /* while sent */
    struct base_timer *timer;               /* made by the first wait, and kept */
    int64_t begun_us, wait_begun_us;

    jn_mark request_end;                    /* what an attempt leaves in the arena begins here */
    unsigned attempts, max_attempts;
    char id[37], attempt_text[32];          /* amz-sdk-invocation-id, amz-sdk-request */
    struct lambda_keys *keys;               /* those of the last attempt */
    int64_t offset_ms;                      /* the clock's correction in it */
    enum lambda_retry last_retry;
    bool may_have_run;                      /* by an attempt that failed */
    bool has_corrected_clock, has_refused_keys, is_quota_empty;
    char reasons[120];                      /* of the attempts that failed and were repeated: "A, B" */
    struct lambda_outcome outcome;          /* of the last attempt */
    struct lambda_streamed streamed;        /* its event stream, if it is one */
};

/* An idle call of the client's, with an empty request; NULL without memory. */
struct lambda_call *lambda_call_take(struct lambda_client *c);

/* Starts the first attempt.  When that fails, the call is given back, and the callback never runs.  The outcome's
 * `invoked` is read from any answer of status 200, 202, 204: its payload is the body. */
enum jn_status lambda_call_begin(struct lambda_call *call, lambda_done_fn *done, void *arg, struct jn_error *err);

/* The first attempt as it would go out with `keys`, and nothing is sent: the call is to be given back.  Texts are
 * valid until then, or until the client sends or builds another request. */
enum jn_status lambda_call_build(struct lambda_call *call, struct lambda_keys *keys,
                                 struct base_header headers[LAMBDA_WIRE_HEADERS], struct base_http_request *out,
                                 struct jn_error *err);

/* Ends a call whatever it is doing, without its callback: one that was taken, too. */
void lambda_call_give_back(struct lambda_call *call);

/* Reads what an attempt came to, outcome.c; notes why it is repeated; and says in the error how often it was tried, after
 * what, how long was waited, and why not more often. */
void lambda_call_read(struct lambda_call *call, const struct base_http_response *r);
void lambda_call_note_reason(struct lambda_call *call);
void lambda_call_tell_attempts(struct lambda_call *call);

/* Decodes a piece of an answer, streamed.c, and gives on what is in it.  JN_CANCELLED: the call was ended meanwhile,
 * and is not there any more. */
enum jn_status lambda_call_feed(struct lambda_call *call, const struct base_http_response *so_far, jn_str piece,
                                struct jn_error *err);

/* Frees a list of calls, which nobody calls back any more. */
void lambda_calls_free(struct lambda_call *call);
void lambda_controls_free(struct lambda_control_call *x);

#endif
