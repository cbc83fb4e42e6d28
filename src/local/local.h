/* local.h - a Lambda on this machine.  Each subfolder of a functions folder that holds an executable `bootstrap` is a
 * function; its code runs in real processes that speak the Runtime API, and the Invoke API in front of them answers as
 * AWS does, signature check included (our spec, sections 1, 4, 7). */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "base/log.h"
#include "base/loop.h"

struct local;

struct local_options {
    const char *functions;          /* folder with one subfolder per function */
    const char *host;               /* NULL: 127.0.0.1 */
    int port;                       /* of the Invoke API; 0: any free one */
    const char *region;             /* NULL: us-east-1 */
    const char *account;            /* NULL: 123456789012 */
    const char *access_key, *secret_key;    /* the pair that callers must sign with; NULL: "local" and "local-secret" */
    int64_t init_timeout_ms;        /* 0: 10 s */
    int64_t idle_ms;                /* idle processes are stopped after it; 0: 10 min */
    int64_t grace_ms;               /* how long an answer waits for its process to be ready again; 0: 50 ms */
    unsigned max_processes;         /* per function, 0: 50; more calls at once get 429 */
    const struct base_log *log;     /* one line per invocation, and the functions' own lines */
    const struct base_clock *clock; /* NULL: the system's */
};

/* Settings of one function: the file `function.json` in its folder, every member optional:
 *   timeout (seconds, 1 to 900; default 3), memory (MB; default 128), environment (object of strings),
 *   handler (text; default "bootstrap"), description. */

/* JN_NOT_FOUND: no functions there; JN_IO: the port is taken; JN_BAD_TEXT: a faulty function.json, with its place. */
enum jn_status local_start(struct base_loop *l, const struct local_options *opt, struct local **out,
                           struct jn_error *err);

int local_port(const struct local *l);

/* The functions, sorted by name. */
size_t local_function_count(const struct local *l);
const char *local_function_name(const struct local *l, size_t i);
const char *local_function_arn(const struct local *l, size_t i);

/* Stops taking calls, ends the processes (SIGTERM, after 500 ms SIGKILL), answers callers that wait with 503, then
 * calls back; `l` is freed. */
typedef void local_stopped_fn(void *arg);
void local_stop(struct local *l, local_stopped_fn *done, void *arg);

#endif
