/* guard.c - see guard.h.
 *
 * A process that we have started dies with us: PR_SET_PDEATHSIG (spawn.c).  What it has started itself does not, and may
 * have left its process group, session and parent, as daemons do.  The kernel offers three ways to hold on to such:
 *
 *   - a control group (cgroup.c), which base_process uses where it may make one: exact, but most users may not;
 *   - a PID namespace, whose processes die with its first one: needs root or user namespaces, shows functions other
 *     process numbers than /proc does, and a function that is the first process survives its own signals;
 *   - adopting orphans (PR_SET_CHILD_SUBREAPER): everybody may do that, and it changes nothing that a function can see.
 *
 * So, adopting.  It has to be done by somebody who outlives the one who is killed:
 *
 *     guard (whom the user has started; adopts)
 *       `- worker (the loop, the servers)
 *            `- a function's process, its group, and its daemons: it adopts them itself (spawn.c, `is_contained`)
 *
 * Since a function's process adopts what its children leave behind, whatever comes to the guard belongs to a process
 * that has ended, and is killed without asking.  Nobody is told of an adoption; the guard looks twice a second, at the
 * price of one read of /proc.
 *
 *   the worker ends or is killed    its children die with it, the guard adopts and kills the rest
 *   the guard is killed             the worker gets SIGTERM and stops as ever; it adopts and kills the rest itself
 *   both are killed at once         functions' processes die; daemons that have left their groups stay, unless they are
 *                                   in a control group: the next start clears those
 *
 * The worker has a process group of its own, so that Ctrl-C reaches it once, by the guard, and not twice. */
#include "base/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/core_dump.h"
#include "base/family.h"

enum { LOOK_MS = 500, KILLING_ROUNDS = 400, KILLING_PAUSE_US = 5000 };

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

/* Kills until nobody else is left.  Ends also when something cannot die, since it hangs in the kernel. */
static void kill_all(const struct base_family *spared)
{
    for (int i = 0; i < KILLING_ROUNDS && !base_family_kill_children(spared); i++)
        usleep(KILLING_PAUSE_US);
}

/* ---- the guard ------------------------------------------------------------------------------------------------ */

static void pass_on(pid_t worker, int signum)
{
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
        if (passed_on[i] == signum)
            kill(worker, signum);
    }
}

static bool has_ended(pid_t worker, int *status)
{
    return waitpid(worker, status, WNOHANG) == worker;
}

/* Ends as the worker did. */
static int end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    base_core_dump_forbid();            // the worker's is the one that tells something
    sigset_t none;
    sigemptyset(&none);
    signal(WTERMSIG(status), SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/* `spared` are children from before: a shell may have started some and then become us by exec. */
static int guard(pid_t worker, const sigset_t *waited_for, struct base_family *spared)
{
    static const struct timespec pause = { 0, LOOK_MS * 1000000L };
    int status = 0;
    if (spared->count == BASE_FAMILY_MAX)
        spared->count--;
    spared->pids[spared->count++] = worker;
    while (!has_ended(worker, &status)) {
        pass_on(worker, sigtimedwait(waited_for, NULL, &pause));
        base_family_kill_children(spared);
    }
    spared->count--;                    // the worker; its number may be another's by now
    kill_all(spared);
    base_cgroup_sweep();                // the worker's groups are nobody's now
    return end_like(status);
}

/* ---- the worker ----------------------------------------------------------------------------------------------- */

/* The guard may have been killed before the request to be told. */
static void become_worker(pid_t parent, const sigset_t *mask)
{
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);           // in a group of its own it writes to the terminal from the background
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
        _exit(128 + SIGTERM);
}

enum jn_status base_guard_start(bool *is_over, int *exit_status, struct jn_error *err)
{
    sigset_t waited_for, before;
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&waited_for, passed_on[i]);
    struct base_family before_us;
    base_family_children(&before_us);
    base_cgroup_sweep();
    base_cgroup_make_room();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_DFL);           // ignored, it would let ends pass unseen
    sigprocmask(SIG_BLOCK, &waited_for, &before);

    const pid_t parent = getpid(), worker = fork();
    *is_over = worker > 0;
    if (worker > 0)
        *exit_status = guard(worker, &waited_for, &before_us);
    else if (worker == 0)
        become_worker(parent, &before);
    if (worker >= 0)
        return JN_OK;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return jn_fail(err, JN_IO, "cannot start a process to do the work: %s", strerrordesc_np(errno));
}

void base_guard_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void base_guard_finish(void)
{
    kill_all(NULL);
}
