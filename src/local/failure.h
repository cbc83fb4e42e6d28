/* failure.h - what the platform, not the function's code, says when an invocation fails (our spec, section 1.5).  The
 * caller gets status 200, X-Amz-Function-Error: Unhandled and one of these documents. */
#ifndef LOCAL_FAILURE_H
#define LOCAL_FAILURE_H

#include "core/buf.h"

enum local_failure {
    LOCAL_FAILURE_NONE,         /* the function answered */
    LOCAL_FAILURE_FUNCTION,     /* its runtime posted an error of its own: the document is not ours */
    LOCAL_FAILURE_TIMEOUT,
    LOCAL_FAILURE_EXIT,         /* the process ended */
    LOCAL_FAILURE_OUT_OF_MEMORY,    /* it was killed for using more memory than the function has */
    LOCAL_FAILURE_TOO_LARGE,    /* the response was */
    LOCAL_FAILURE_ENTRYPOINT,   /* the process could not be started */
};

/* "Sandbox.Timedout", "Runtime.ExitError", ...; NULL for the first two. */
const char *local_failure_type(enum local_failure f);

/* The word after "Status: " in the REPORT line; NULL for the first two, which it does not mention. */
const char *local_failure_status(enum local_failure f);

/* How a process ended, in the words of Go's os.ProcessState, which are AWS's: "exit status 1", "signal: killed". */
void local_put_process_end(struct jn_buf *out, int status, int signum);

/* Appends the document.  `id` is the request's; `detail` is the number of seconds for a timeout ("3.00"), the end of
 * the process for an exit and for want of memory ("" when its status was 0), the system's reason for an entry point, the number of bytes that
 * a response may have. */
void local_put_failure(struct jn_buf *out, enum local_failure f, const char *id, jn_str detail);

#endif
