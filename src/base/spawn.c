/* spawn.c - fork and exec, with everything a child must not inherit left behind.
 *
 * Between fork and exec only async-signal-safe functions are called, since other threads (libuv's pool, libcurl's
 * resolver) may hold locks at the moment of the fork.  Everything that needs memory is prepared before it.
 *
 * The child tells a failure (step and errno) through a pipe that exec closes: end of file means that the program
 * runs. */
#include "base/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* What the child was doing when it failed; the sentence is made by the parent. */
enum step { STEP_SESSION, STEP_CGROUP, STEP_LIMIT, STEP_CWD, STEP_STDIO, STEP_EXEC };

struct failure {
    int step, code;
};

/* ---- in the child -------------------------------------------------------------------------------------------- */

_Noreturn static void report(int fd, enum step step)
{
    const struct failure f = { step, errno };
    while (write(fd, &f, sizeof f) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

/* Handlers would run code of ours in the child, and ignored signals stay ignored through exec. */
static void reset_signals(void)
{
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);         // fails for SIGKILL, SIGSTOP and those of the C library: as it should
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Not every library opens its descriptors close-on-exec. */
static void close_from(int first)
{
    if (close_range((unsigned)first, ~0u, 0) == 0)
        return;
    struct rlimit limit;
    const int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int fd = first; fd < end; fd++)
        close(fd);
}

/* A copy of `fd` that is out of the way of 0, 1, 2 and of the report's place, 3. */
static int lift(int fd)
{
    return fd > 3 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 4);
}

static bool place(int from, int to)
{
    return from >= 0 && dup2(from, to) == to;
}

/* What a child needs besides `opt`: all of it made before the fork. */
struct plan {
    const struct base_process_options *opt;
    struct base_spawn_options *more;
    const char *file;
    const int *fds;                 /* standard input, output, error */
};

/* The group first: whatever it uses from here on is counted there.  And whatever it starts stays below it: what came to
 * the guard would be killed (guard.c). */
static void contain(const struct plan *p, int report_fd)
{
    const rlim_t bytes = (rlim_t)p->more->data_limit_bytes;
    const struct rlimit limit = { bytes, bytes };
    if (p->more->cgroup_fd >= 0 && write(p->more->cgroup_fd, "0", 1) != 1)
        report(report_fd, STEP_CGROUP);
    if (p->opt->is_contained)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (bytes > 0 && setrlimit(RLIMIT_DATA, &limit) && errno != EPERM)      // EPERM: ours is lower
        report(report_fd, STEP_LIMIT);
}

_Noreturn static void become(const struct plan *p, int report_fd, pid_t parent)
{
    static const char *const nothing[] = { NULL };
    const struct base_process_options *opt = p->opt;
    const int *fds = p->fds;
    /* The parent may have died before the request to be told. */
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        report(report_fd, STEP_SESSION);
    contain(p, report_fd);
    const int high[4] = { lift(fds[0]), lift(fds[1]), lift(fds[2]), lift(report_fd) };
    if (!place(high[0], 0) || !place(high[1], 1) || !place(high[2], 2) || dup3(high[3], 3, O_CLOEXEC) != 3)
        report(report_fd, STEP_STDIO);
    close_from(4);
    if (opt->cwd && chdir(opt->cwd))
        report(3, STEP_CWD);
    reset_signals();
    execve(p->file, (char *const *)opt->argv, (char *const *)(opt->env ? opt->env : nothing));
    report(3, STEP_EXEC);
}

/* ---- in the parent ------------------------------------------------------------------------------------------- */

static jn_str path_of(const char *const *env)
{
    for (; env && *env; env++) {
        if (strncmp(*env, "PATH=", 5) == 0)
            return jn_str_of(*env + 5);
    }
    return JN_STR("/usr/local/bin:/usr/bin:/bin");
}

/* "directory/name" where `directory` is one entry of PATH; an empty entry is the current directory. */
static char *candidate(jn_str directory, const char *name)
{
    if (directory.len == 0)
        directory = JN_STR(".");
    char *dir = strndup(directory.data, directory.len);
    char *path = dir ? base_path_join(dir, name) : NULL;
    free(dir);
    return path;
}

/* The first program called `file` in the directories of `path`; NULL with *no_memory false when there is none. */
static char *search_path(const char *file, jn_str path, bool *no_memory)
{
    for (size_t from = 0; from <= path.len;) {
        size_t colon = jn_str_find(path, JN_STR(":"), from);
        if (colon == SIZE_MAX)
            colon = path.len;
        char *found = candidate(jn_str_sub(path, from, colon), file);
        *no_memory = !found;
        if (!found || base_is_executable(found))
            return found;
        free(found);
        from = colon + 1;
    }
    return NULL;
}

/* Where the program is; the caller frees. */
static enum jn_status locate(const struct base_process_options *opt, char **out, struct jn_error *err)
{
    const bool has_slash = strchr(opt->file, '/') != NULL;
    const jn_str path = path_of(opt->env);
    bool no_memory = has_slash;
    char *found = has_slash ? strdup(opt->file) : search_path(opt->file, path, &no_memory);
    if (!found && no_memory)
        return jn_fail(err, JN_NO_MEMORY, "no memory to start %s", opt->file);
    if (!found)
        return jn_fail(err, JN_IO, "cannot start %s: no such program in PATH (%.*s)", opt->file, JN_ARG(path));
    *out = found;
    return JN_OK;
}

static enum jn_status explain(const struct base_process_options *opt, const struct failure *f, struct jn_error *err)
{
    const char *reason = strerrordesc_np(f->code);
    switch ((enum step)f->step) {
    case STEP_CWD:
        return jn_fail(err, JN_IO, "cannot start %s in directory %s: %s", opt->file, opt->cwd, reason);
    case STEP_SESSION:
    case STEP_CGROUP:
    case STEP_LIMIT:
    case STEP_STDIO:
        return jn_fail(err, JN_IO, "cannot prepare the process for %s: %s", opt->file, reason);
    case STEP_EXEC:
        break;
    }
    const char *hint = f->code == ENOEXEC ? "; a script must begin with #! and its interpreter" : "";
    return jn_fail(err, JN_IO, "cannot start %s: %s%s", opt->file, reason, hint);
}

/* Waits until the child runs its program or says why it cannot.  Short: nothing in between blocks but exec itself. */
static bool has_failed(int report_fd, struct failure *f)
{
    ssize_t n;
    do {
        n = read(report_fd, f, sizeof *f);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *f;
}

/* Forks with all signals blocked, so that no handler of ours runs in the child before they are reset there. */
static pid_t fork_quietly(const struct plan *p, const int report_fds[2])
{
    const pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0)
        become(p, report_fds[1], parent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static void reap_failed(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* With the program found and the descriptors open. */
static enum jn_status start(const struct plan *p, int *pid, int *pidfd, struct jn_error *err)
{
    const struct base_process_options *opt = p->opt;
    int report_fds[2];
    if (pipe2(report_fds, O_CLOEXEC))
        return jn_fail(err, JN_IO, "cannot make a pipe to start %s: %s", opt->file, strerrordesc_np(errno));

    const pid_t child = fork_quietly(p, report_fds);
    const int fork_errno = errno;
    close(report_fds[1]);
    struct failure f = { STEP_EXEC, fork_errno };
    const bool failed = child < 0 || has_failed(report_fds[0], &f);
    close(report_fds[0]);
    if (failed) {
        if (child > 0)
            reap_failed(child);
        p->more->is_group_refused = f.step == STEP_CGROUP;
        return explain(opt, &f, err);
    }
    const int fd = pidfd_open(child, 0);
    if (fd < 0) {
        const int code = errno;
        kill(-child, SIGKILL);
        reap_failed(child);
        return jn_fail(err, JN_IO, "cannot watch %s: pidfd_open: %s", opt->file, strerrordesc_np(code));
    }
    *pid = child;
    *pidfd = fd;
    return JN_OK;
}

/* The child's standard input: a file in memory that nobody can change, since a pipe would need somebody to fill it. */
static int open_input(jn_str input)
{
    if (input.len == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    for (size_t done = 0; done < input.len;) {
        const ssize_t n = pwrite(fd, input.data + done, input.len - done, (off_t)done);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return fd;
}

/* With the program found. */
static enum jn_status open_and_start(const struct base_process_options *opt, struct base_spawn_options *more,
                                     const char *file, int *pid, int *pidfd, struct jn_error *err)
{
    const int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC), input_fd = open_input(opt->input);
    enum jn_status s;
    if (null_fd < 0 || input_fd < 0) {
        s = jn_fail(err, JN_IO, "cannot open /dev/null, or memory for standard input: %s", strerrordesc_np(errno));
    } else {
        const int fds[3] = { input_fd, more->stdout_fd >= 0 ? more->stdout_fd : null_fd,
                             more->stderr_fd >= 0 ? more->stderr_fd : null_fd };
        const struct plan plan = { opt, more, file, fds };
        s = start(&plan, pid, pidfd, err);
    }
    if (null_fd >= 0)
        close(null_fd);
    if (input_fd >= 0)
        close(input_fd);
    return s;
}

enum jn_status base_spawn(const struct base_process_options *opt, struct base_spawn_options *more,
                          int *pid, int *pidfd, struct jn_error *err)
{
    char *file = NULL;
    enum jn_status s = locate(opt, &file, err);
    if (s)
        return s;
    assert(file);
    s = open_and_start(opt, more, file, pid, pidfd, err);
    free(file);
    return s;
}
