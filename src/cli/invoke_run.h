/* invoke_run.h - the pump of `invoke`: takes messages from the input, keeps a number of them in flight, and writes
 * results in the order of the input.
 *
 * A window of slots bounds memory: a slot is filled from the input, sent, answered, written and free again.  Writing
 * is in order, so one slow call can hold back the window's worth behind it, and then reading pauses.  What is streamed
 * goes out at once, one message after the other. */
#ifndef CLI_INVOKE_RUN_H
#define CLI_INVOKE_RUN_H

#include "component/action_publish.h"

struct invoke_run_options {
    struct base_loop *loop;
    struct component_publish *action;
    const struct base_clock *clock;
    const char *const *files;       /* "-": standard input */
    size_t file_count;              /* at least 1 */
    unsigned concurrency;           /* calls in flight at most */
    bool is_streamed;               /* see invoke_run_stream(); concurrency is 1 then */
    int errors_fd;                  /* where failures go as records; -1: nowhere */
    bool quiet;                     /* neither progress line nor summary */
};

/* Before a run: results go out as they come, as they are.  JN_BAD_VALUE where the action's settings do not allow it. */
enum jn_status invoke_run_stream(struct component_publish *action, struct jn_error *err);

/* Runs to the end of the input, or until SIGINT or SIGTERM and the end of what is in flight.  Returns the exit
 * status. */
int invoke_run(const struct invoke_run_options *opt, struct jn_error *err);

#endif
