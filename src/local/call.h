/* call.h - one invocation, from the accepted request to its outcome.  Whoever accepted it (invoke_api.c) fills in the
 * request and owns the memory; the pool and an instance carry it and fill in the outcome; `done` hands it back. */
#ifndef LOCAL_CALL_H
#define LOCAL_CALL_H

#include "local/failure.h"
#include "local/tail.h"
#include "local/version.h"

enum {
    LOCAL_RESPONSE_MAX = 6291556,       /* bytes: 6 MB and 100 (AWS Lambda quotas; our spec, section 1.3) */
    LOCAL_STREAM_MAX = 209715200,       /* of a response that its caller takes as it comes: 200 MB (the same) */
};

struct local_call;
typedef void local_call_done_fn(struct local_call *c, void *arg);
typedef void local_call_piece_fn(struct local_call *c, jn_str piece, void *arg);

struct local_call {
    /* the request */
    struct local_version *version;  /* a reference */
    char id[37];                    /* awsRequestId */
    char *arn;                      /* as the caller addressed the function, qualifier included */
    char *trace_id;
    char *client_context;           /* JSON text; NULL: none */
    struct jn_buf event;
    bool is_admitted, is_reserved;  /* fleet.c's: counts as running; in the reserved part */
    local_call_piece_fn *on_piece;  /* takes a streamed response as it comes; NULL: it is collected in `payload` */
    bool is_full;                   /* its caller is slow: no more pieces until local_call_go_on() */

    /* on its way */
    struct local_tail tail;
    int64_t started_us, deadline_ms;    /* monotonic, wall; 0: not yet handed out */
    size_t streamed;                /* bytes of a streamed response, also of one that is too long */
    void (*go_on)(void *host);      /* while a response is streamed: has its process send again */
    void *host;

    /* the outcome */
    bool cancelled;                 /* the local Lambda stops: there is none */
    enum local_failure failure;
    struct jn_buf payload;          /* with on_piece: only what was not streamed; an error's document is here always */
    int64_t duration_us, init_us, peak_memory_bytes;    /* init_us is -1 for a warm process */

    local_call_done_fn *done;       /* once, never inside local_fleet_submit() */
    void *arg;                      /* of `on_piece`, too */
};

/* A zeroed call to `v`, which it holds; NULL without memory. */
struct local_call *local_call_new(struct local_version *v);
void local_call_free(struct local_call *c);

/* Decides the outcome, unless it is decided: a failure of the platform with its document. */
void local_call_fail(struct local_call *c, enum local_failure f, jn_str detail);

/* What X-Amz-Function-Error says of a failure: "Unhandled", or for old runtimes "Handled". */
const char *local_call_error_word(const struct local_call *c);

/* The caller takes pieces again, or does not care any more. */
void local_call_go_on(struct local_call *c);

/* How long a streamed response to this call may be. */
size_t local_call_stream_limit(const struct local_call *c);

/* "3.00" for a timeout of 3 seconds.  `out` needs 16 bytes. */
jn_str local_call_timeout_text(const struct local_call *c, char out[16]);

/* Writes START into the tail: the event is handed out. */
void local_call_open_log(struct local_call *c);

/* Writes END and REPORT into the tail, once the outcome is known. */
void local_call_close_log(struct local_call *c);

#endif
