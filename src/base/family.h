/* family.h - a process and everything that descends from it, as /proc shows them. */
#ifndef BASE_FAMILY_H
#define BASE_FAMILY_H

#include "core/status.h"

/* The memory in bytes that a process and its descendants hold together and that the system could not get back by
 * forgetting copies of files: anonymous and shared memory.  Memory that several of them share counts once, but this is
 * looked at only when the sum is above `suspicious_bytes`, since it costs more.  0 when the process has ended. */
int64_t base_family_memory(int pid, int64_t suspicious_bytes);

/* The children of this process: those that it has started and those that it has adopted. */
enum { BASE_FAMILY_MAX = 4096 };    /* more are not looked at */

struct base_family {
    int pids[BASE_FAMILY_MAX];
    size_t count;
};

void base_family_children(struct base_family *f);

/* Kills each child of this process that is not `spared` (NULL: none is), and reaps it when it has ended.  True when no
 * other is left.  What those have started is left to whoever adopts orphans: ask again. */
bool base_family_kill_children(const struct base_family *spared);

#endif
