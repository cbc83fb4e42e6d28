/* runtime_api.h - the Runtime API for one process: an HTTP server on a port of its own (our spec, section 7.2).
 *
 * Why a port each: AWS_LAMBDA_RUNTIME_API is host:port and nothing else, and a runtime may use any number of
 * connections, so that only the address can tell which process asks.  It also means that a process reaches nobody's
 * events but its own, and that what a killed process left behind finds a closed door. */
#ifndef LOCAL_RUNTIME_API_H
#define LOCAL_RUNTIME_API_H

#include "base/httpd.h"
#include "local/call.h"

/* What the process may hear to a response or an error that it posts. */
enum local_verdict {
    LOCAL_ACCEPTED,
    LOCAL_WRONG_ID,         /* not the invocation it is working on */
    LOCAL_WRONG_STATE,      /* out of order: a second response */
    LOCAL_OVERSIZED,        /* accepted as the end of the invocation, which it makes fail */
    LOCAL_OVERSIZED_STREAM, /* the same, for a response that the caller took as it came */
};

/* The requests of the process, in its owner's hands. */
struct local_runtime_events {
    /* It asks for an event: answer now or later by local_runtime_api_hand_out().  False: it is not its turn. */
    bool (*on_next)(void *arg);
    /* The connection on which it waited for an event is gone. */
    void (*on_left)(void *arg);
    /* It posts a result, or the error of its function.  `is_oversized`: `body` is empty, it was too large. */
    enum local_verdict (*on_outcome)(jn_str id, bool is_error, jn_str body, bool is_oversized, void *arg);
    /* It begins to stream a result.  False: not now, or not under this id; then it is refused when it is whole.  Else
     * pieces follow (false: no more until local_runtime_api_go_on()), and one of two ends: the whole was posted, with
     * an `error` that is the document from its trailers ({NULL, 0}: none), or the connection broke. */
    bool (*on_stream)(jn_str id, void *arg);
    bool (*on_piece)(jn_str piece, void *arg);
    enum local_verdict (*on_stream_end)(jn_str error, void *arg);
    void (*on_stream_broken)(void *arg);
    /* It could not initialise; `type` is "Runtime.Unknown" unless it says better.  False: it is not its turn. */
    bool (*on_init_error)(jn_str type, jn_str body, void *arg);
};

struct local_runtime_api;

/* Listens on a free port of `host`.  `events` is borrowed. */
enum jn_status local_runtime_api_new(struct base_loop *l, const char *host, const struct local_runtime_events *events,
                                     void *arg, struct local_runtime_api **out, struct jn_error *err);

/* Closes the port and all connections; no event follows.  Not to be called from an event. */
void local_runtime_api_free(struct local_runtime_api *api);

int local_runtime_api_port(const struct local_runtime_api *api);

/* True while the process waits for an event. */
bool local_runtime_api_is_waiting(const struct local_runtime_api *api);

/* Gives the waiting process the event of `c`. */
void local_runtime_api_hand_out(struct local_runtime_api *api, const struct local_call *c);

/* Takes pieces of the streamed result again; nothing happens when none is streamed. */
void local_runtime_api_go_on(struct local_runtime_api *api);

/* ---- the pure part -------------------------------------------------------------------------------------------- */

enum local_runtime_operation {
    LOCAL_RUNTIME_UNKNOWN,      /* no such path */
    LOCAL_RUNTIME_BAD_METHOD,
    LOCAL_RUNTIME_PING,
    LOCAL_RUNTIME_NEXT,
    LOCAL_RUNTIME_RESPONSE,
    LOCAL_RUNTIME_ERROR,
    LOCAL_RUNTIME_INIT_ERROR,
};

/* What a request line asks for; `id` points into `path`, and is empty where there is none. */
enum local_runtime_operation local_runtime_route(jn_str method, jn_str path, jn_str *id);

/* `type` when it is of the form that the platform logs, (Runtime|Function)\.[A-Z][a-zA-Z]+, else "Runtime.Unknown". */
jn_str local_runtime_error_type(jn_str type);

#endif
