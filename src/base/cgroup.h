/* cgroup.h - a control group (cgroup v2) for one process and everything it starts: a limit of memory where the machine
 * can be asked for one, and an end that nobody in it escapes.  The head of cgroup.c says where groups can be made.
 * Follows the kernel's Documentation/admin-guide/cgroup-v2.rst. */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include <limits.h>

#include "core/status.h"
#include "core/str.h"

struct base_cgroup {
    char path[PATH_MAX];            /* of its folder; "" when there is none */
    bool limits_memory;
};

/* Makes an empty group below the place that this process may use, with a limit of memory in bytes when the place has the
 * controller (0: none is wanted).  False, and an empty path, when there is no place: that is a machine's way of being
 * set up, no error. */
bool base_cgroup_make(struct base_cgroup *g, int64_t memory_limit_bytes);

/* The descriptor to which a process writes "0" to enter the group; the caller closes.  -1: there is none. */
int base_cgroup_open_entry(const struct base_cgroup *g);

/* Kills everything in it, at once and also what is being forked meanwhile. */
void base_cgroup_kill(const struct base_cgroup *g);

/* The most memory its processes had together, in bytes; 0 when the kernel does not say. */
int64_t base_cgroup_peak_memory(const struct base_cgroup *g);

/* The kernel has killed in it for want of memory. */
bool base_cgroup_was_out_of_memory(const struct base_cgroup *g);

/* Removes the group and empties the path.  False while processes are still dying in it: ask again. */
bool base_cgroup_remove(struct base_cgroup *g);

/* Kills and removes the groups that ended processes of this program have left behind. */
void base_cgroup_sweep(void);

/* When this process and its parent are alone in their group (as in a container of their own), moves them into a group
 * below it, so that limits can be had beside them.  To be called once, before the first group is made. */
void base_cgroup_make_room(void);

/* The folder of the group that a text of /proc/PID/cgroup names, found by a text of /proc/PID/mountinfo: in `out`, with
 * the place where the hierarchy is mounted in `top`.  False when there is no such hierarchy that can be written.
 * Pure. */
bool base_cgroup_locate(jn_str cgroup, jn_str mountinfo, char out[PATH_MAX], char top[PATH_MAX]);

#endif
