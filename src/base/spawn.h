/* spawn.h - fork and exec, for process.c alone. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/process.h"

/* Starts the program of `opt` with the two descriptors as its standard output and error (-1: /dev/null).  *pidfd is the
 * caller's to close, *pid the caller's to reap.  Fails with JN_IO and the system's reason, also when exec fails in the
 * child; nothing is left behind then. */
enum jn_status base_spawn(const struct base_process_options *opt, int stdout_fd, int stderr_fd, int *pid, int *pidfd,
                          struct jn_error *err);

#endif
