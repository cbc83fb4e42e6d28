/* local.h - a Lambda on this machine: functions in folders, whose code runs in real processes that speak the Runtime
 * API, and in front of them an Invoke API that answers as AWS does, signature check included (our spec, sections 1, 2.1,
 * 4, 7). */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "base/log.h"
#include "base/loop.h"

struct local;

struct local_options {
    const char *functions;          /* a folder or a functions.json: see local_registry_open(); NULL: "." */
    const char *state;              /* folder of versions, aliases and queued events; NULL: .lambda beside the functions */
    const char *host;               /* NULL: 127.0.0.1 */
    int port;                       /* of the Invoke API; 0: any free one */
    const char *region;             /* NULL: us-east-1 */
    const char *account;            /* NULL: 123456789012 */
    const char *credentials;        /* a credentials file: its pairs are those that callers may sign with; NULL: none */
    const char *access_key, *secret_key;    /* the pair when there is no file; NULL: "local" and "local-secret" */
    const char *path;               /* where interpreters are looked for, as PATH has it; NULL: /usr/bin and the like */
    const char *faults;             /* a file of rules: see faults.h; NULL: none */
    bool leaves_events;             /* for one call: events are refused, and those that wait are left to others */
    int64_t init_timeout_ms;        /* 0: 10 s */
    int64_t idle_ms;                /* idle processes are stopped after it; 0: 10 min */
    int64_t grace_ms;               /* how long an answer waits for its process to be ready again; 0: 50 ms */
    int64_t retry_wait_ms[2];       /* before an event that has failed runs for the second and the third time; both 0: 1
                                     * and 2 min */
    unsigned max_processes;         /* per version of a function, 0: 50; more calls at once get 429 */
    int concurrency;                /* calls that may run at once, of all functions together; 0: 1000 */
    const struct base_log *log;     /* one line per invocation, and the functions' own lines */
    const struct base_clock *clock; /* NULL: the system's */
};

/* JN_NOT_FOUND: no functions there; JN_IO: the port is taken; JN_BAD_TEXT, JN_BAD_VALUE: faulty settings, with their
 * place. */
enum jn_status local_start(struct base_loop *l, const struct local_options *opt, struct local **out,
                           struct jn_error *err);

int local_port(const struct local *l);

/* The functions that are there, sorted by name.  False: there are no more than `i`. */
struct local_listing {
    const char *name, *arn, *runtime, *handler;     /* until the loop runs again */
};
bool local_list(const struct local *l, size_t i, struct local_listing *out);

/* Stops taking calls, ends the processes (SIGTERM, after 500 ms SIGKILL), answers callers that wait with 503, then
 * calls back; `l` is freed. */
typedef void local_stopped_fn(void *arg);
void local_stop(struct local *l, local_stopped_fn *done, void *arg);

#endif
