/* site.h - what all parts of one local Lambda share: set at the start, then only read. */
#ifndef LOCAL_SITE_H
#define LOCAL_SITE_H

#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"

struct local_site {
    struct base_loop *loop;
    const struct base_clock *clock;
    const struct base_log *log;     /* may be NULL */
    struct base_random *random;
    const char *host, *region, *account;
    const char *access_key, *secret_key;
    int64_t init_timeout_ms, idle_ms;
    int64_t grace_ms;               /* how long an answer waits for the process to ask for the next event, or to be dead */
    unsigned max_processes;
};

#endif
