/* spawn.h - fork and exec, for process.c alone. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/process.h"

struct base_spawn_options {
    int stdout_fd, stderr_fd;       /* -1: /dev/null */
    int cgroup_fd;                  /* of a cgroup.procs, which the child enters; -1: none */
    int64_t data_limit_bytes;       /* RLIMIT_DATA of the child; 0: ours */
    bool is_group_refused;          /* out, on failure: the child could not enter the group */
};

/* Starts the program of `opt`.  *pidfd is the caller's to close, *pid the caller's to reap.  Fails with JN_IO and the system's reason, also when exec fails in the
 * child; nothing is left behind then. */
enum jn_status base_spawn(const struct base_process_options *opt, struct base_spawn_options *more,
                          int *pid, int *pidfd, struct jn_error *err);

#endif
