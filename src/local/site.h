/* site.h - what all parts of one local Lambda share: set at the start, then only read. */
#ifndef LOCAL_SITE_H
#define LOCAL_SITE_H

#include "base/env.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"

/* A pair that callers may sign with. */
struct local_key {
    jn_str access_key, secret_key;
    jn_str session_token;           /* {NULL, 0}: none */
};

struct local_site {
    struct base_loop *loop;
    const struct base_clock *clock;
    const struct base_log *log;     /* may be NULL */
    struct base_random *random;
    const char *host, *region, *account;
    const struct local_key *keys;   /* one at least; functions find the first in their environment */
    size_t key_count;
    const char *state;              /* the folder of what must outlive us; made when it is first written to */
    bool leaves_events;             /* events are refused, and those that wait are left alone */
    const char *path;               /* where interpreters are looked for, as PATH has it */
    int64_t init_timeout_ms, idle_ms;
    int64_t grace_ms;               /* how long an answer waits for the process to ask for the next event, or to be dead */
    int64_t retry_wait_ms[2];       /* before an event that has failed runs again: the first and the second time */
    unsigned max_processes;         /* of a version */
    int concurrency;                /* of all functions together */
};

#endif
