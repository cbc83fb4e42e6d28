/* call.h - one invocation, from the accepted request to its outcome.  Whoever accepted it (invoke_api.c) fills in the
 * request and owns the memory; the pool and an instance carry it and fill in the outcome; `done` hands it back. */
#ifndef LOCAL_CALL_H
#define LOCAL_CALL_H

#include "local/failure.h"
#include "local/function.h"
#include "local/tail.h"

struct local_call;
typedef void local_call_done_fn(struct local_call *c, void *arg);

struct local_call {
    /* the request */
    const struct local_function *function;
    char id[37];                    /* awsRequestId */
    char *arn;                      /* as the caller addressed the function, qualifier included */
    char *trace_id;
    char *client_context;           /* JSON text; NULL: none */
    struct jn_buf event;
    bool is_event;                  /* nobody waits: may wait for a free process */

    /* on its way */
    struct local_tail tail;
    int64_t started_us, deadline_ms;    /* monotonic, wall; 0: not yet handed out */

    /* the outcome */
    bool cancelled;                 /* the local Lambda stops: there is none */
    enum local_failure failure;
    struct jn_buf payload;
    int64_t duration_us, init_us, peak_memory_bytes;    /* init_us is -1 for a warm process */

    local_call_done_fn *done;       /* once, never inside local_pool_submit() */
    void *arg;
    struct local_call *next;        /* in the pool's queue */
};

/* A zeroed call; NULL without memory. */
struct local_call *local_call_new(const struct local_function *f);
void local_call_free(struct local_call *c);

/* Decides the outcome, unless it is decided: a failure of the platform with its document. */
void local_call_fail(struct local_call *c, enum local_failure f, jn_str detail);

/* "3.00" for a timeout of 3 seconds.  `out` needs 16 bytes. */
jn_str local_call_timeout_text(const struct local_call *c, char out[16]);

/* Writes END and REPORT into the tail, once the outcome is known. */
void local_call_close_log(struct local_call *c);

#endif
