/* environment.h - what a function's process finds in its environment (our spec, section 7.4). */
#ifndef LOCAL_ENVIRONMENT_H
#define LOCAL_ENVIRONMENT_H

#include "local/version.h"

/* What differs from process to process. */
struct local_environment {
    const char *runtime_api;        /* "127.0.0.1:40123" */
    const char *log_stream;         /* "2026/03/14/[$LATEST]0123..." */
};

/* The whole environment of a process of `v`: Lambda's variables, a few of the system's, then the function's own, which
 * may replace the system's.  In `a`; NULL when it has failed. */
const char *const *local_environment_make(struct jn_arena *a, const struct local_version *v,
                                          const struct local_environment *e);

#endif
