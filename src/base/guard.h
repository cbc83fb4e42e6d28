/* guard.h - a program that leaves no process behind, however it ends.  The head of guard.c says how. */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include "core/status.h"

/* Splits this process in two: the one that the user has started, who guards, and its child, who does the work.  In
 * the guard it returns when the child has ended and nothing that it has started is left: *is_over is true then, and
 * *exit_status what to exit with.  In the child *is_over is false: go on with the work.  To be called early, before there
 * are threads.  JN_IO with the system's reason: there is one process still.
 *
 * The guard passes SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 on to the child, and when the guard is killed,
 * the child gets SIGTERM. */
enum jn_status base_guard_start(bool *is_over, int *exit_status, struct jn_error *err);

/* In the child, when it begins to stop: what the processes that it ends leave behind is its own from now on. */
void base_guard_adopt(void);

/* In the child, at the very end, when it has no process of its own any more: kills and reaps what it has adopted. */
void base_guard_finish(void);

#endif
