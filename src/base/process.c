/* process.c - child processes on the loop.
 *
 * uv_spawn() cannot ask for PR_SET_PDEATHSIG, so the fork and exec are ours (spawn.c); the end is seen through a pidfd,
 * which libuv polls like any descriptor, without touching SIGCHLD.
 *
 * A process that has ended stays a zombie until everything is said about it: as long as it is one, its number cannot be
 * given to another process, and signals to its group hit the right one.  The life of a process:
 *
 *   running   -> ended      the pidfd became readable; output may still be in the pipes, or held open by grandchildren
 *   ended     -> reaped     both pipes are at their end, or a second has passed: the rest of the group is killed,
 *                           the zombie reaped, on_end called
 *   any       -> orphaned   base_process_free(): the group is killed, no callback any more; reaped when it has ended
 *
 * Memory goes when the handles are closed.
 *
 * A contained process adopts what its children leave behind, and whoever adopts what it leaves behind itself kills that
 * (guard.c).  It is put into a control group of its own, where the machine lets us have one (cgroup.c): the kernel then
 * kills the group as a whole, and keeps the limit of memory where the group has that controller.  Elsewhere its memory and
 * that of all below it is looked at ten times a second while it is busy, and above the limit all are killed, as the kernel
 * would.  A resource limit is not the same thing, since it makes allocations fail instead (a Python function then answers
 * MemoryError, node aborts), and counts what was only mapped: a node that does nothing has 48 MB of it and uses 6, every
 * thread of Python has 8.  So RLIMIT_DATA is far above the limit (2 GiB), as a bound for what can happen between two
 * looks.  RLIMIT_AS is of no use: node maps gigabytes at its start. */
#include "base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/family.h"
#include "base/loop_internal.h"
#include "base/spawn.h"

enum { LINE_MAX_BYTES = 65536, READS_MAX = 16, DRAIN_MS = 1000 };
enum { LOOK_MS = 100, REMOVAL_MS = 10, REMOVALS_MAX = 300 };

#define DATA_ALLOWANCE_BYTES ((int64_t)2 << 30)

/* A program under AddressSanitizer maps terabytes at its start; where we are one, so may our children be. */
#if defined(__SANITIZE_ADDRESS__)
#define BOUNDS_DATA false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BOUNDS_DATA false
#endif
#endif
#ifndef BOUNDS_DATA
#define BOUNDS_DATA true
#endif

struct output {
    uv_poll_t poll;
    struct base_process *process;
    bool is_stderr, open;
    int fd;
    size_t len;                     /* bytes of an unfinished line in `line` */
    char line[LINE_MAX_BYTES];
};

struct base_process {
    struct base_loop *loop;
    base_process_line_fn *on_line;
    base_process_end_fn *on_end;
    void *arg;
    int pid, pidfd;
    int status_fd;                  /* /proc/PID/status, once it was read; -1 before */
    bool ended, reaped, freed, is_secret, is_contained, is_busy, out_of_memory;
    int64_t memory_limit_bytes;
    struct base_cgroup cgroup;
    unsigned removals;              /* how often its removal was tried */
    int64_t baseline_bytes;         /* what ru_maxrss would tell of a child that never used memory of its own */
    int64_t sampled_bytes;          /* the largest VmHWM read while it ran */
    int64_t sampled_ms;             /* when it was last read */
    uv_poll_t end;                  /* on pidfd */
    uv_timer_t drain;               /* after the end: of the output, then of the group's removal */
    uv_timer_t look;                /* at its memory */
    struct output *outputs[2];      /* standard output and error; NULL when discarded */
    unsigned handles;               /* not closed yet */
};

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void free_output(const struct base_process *p, struct output *o)
{
    if (o && p->is_secret)
        explicit_bzero(o->line, sizeof o->line);
    free(o);
}

static void free_when_closed(struct base_process *p)
{
    if (p->handles > 0 || !p->freed)
        return;
    free_output(p, p->outputs[0]);
    free_output(p, p->outputs[1]);
    free(p);
}

static void on_output_closed(uv_handle_t *handle)
{
    struct base_process *p = ((struct output *)handle->data)->process;
    p->handles--;
    free_when_closed(p);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct base_process *p = handle->data;
    p->handles--;
    free_when_closed(p);
}

/* The poll handle must let go of a descriptor before it is closed. */
static void close_output(struct output *o)
{
    if (!o || !o->open)
        return;
    o->open = false;
    uv_close((uv_handle_t *)&o->poll, on_output_closed);
    close(o->fd);
}

static void close_watch(struct base_process *p)
{
    uv_close((uv_handle_t *)&p->end, on_handle_closed);
    uv_close((uv_handle_t *)&p->drain, on_handle_closed);
    uv_close((uv_handle_t *)&p->look, on_handle_closed);
    close(p->pidfd);
    if (p->status_fd >= 0)
        close(p->status_fd);
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void kill_all(struct base_process *p)
{
    base_cgroup_kill(&p->cgroup);
    kill(-p->pid, SIGKILL);
}

/* ru_maxrss outlives exec: a child starts with the resident size that its parent had at the fork.  So it is exact only
 * when it is above ours; below that, what was sampled while it ran is closer. */
static int64_t peak_memory(const struct base_process *p, const struct rusage *usage)
{
    const int64_t reported = (int64_t)usage->ru_maxrss * 1024, counted = base_cgroup_peak_memory(&p->cgroup);
    if (counted > 0)
        return counted;
    return reported > p->baseline_bytes || p->sampled_bytes == 0 ? reported : p->sampled_bytes;
}

/* Kills what is left of the group, then gives the number back to the system. */
static struct base_process_end reap(struct base_process *p)
{
    int status = 0;
    struct rusage usage = { 0 };
    kill_all(p);
    pid_t pid;
    do {
        pid = wait4(p->pid, &status, 0, &usage);
    } while (pid < 0 && errno == EINTR);
    p->reaped = true;
    return (struct base_process_end){
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .peak_memory_bytes = pid == p->pid ? peak_memory(p, &usage) : 0,
        .out_of_memory = p->out_of_memory || base_cgroup_was_out_of_memory(&p->cgroup),
    };
}

/* The group can be removed when the last in it is dead, which takes a moment. */
static void on_removal(uv_timer_t *handle)
{
    struct base_process *p = handle->data;
    if (base_cgroup_remove(&p->cgroup) || ++p->removals == REMOVALS_MAX)
        close_watch(p);
}

static void remove_group(struct base_process *p)
{
    uv_timer_stop(&p->look);
    uv_timer_stop(&p->drain);
    if (base_cgroup_remove(&p->cgroup))
        close_watch(p);
    else
        uv_timer_start(&p->drain, on_removal, REMOVAL_MS, REMOVAL_MS);
}

static bool is_open(const struct output *o)
{
    return o && o->open;
}

/* The last step, once: when the process has ended and its output is delivered. */
static void finish(struct base_process *p)
{
    if (p->reaped || !p->ended || is_open(p->outputs[0]) || is_open(p->outputs[1]))
        return;
    const struct base_process_end end = reap(p);
    remove_group(p);
    if (!p->freed && p->on_end)
        p->on_end(p, &end, p->arg);
}

/* ---- output -------------------------------------------------------------------------------------------------- */

static bool deliver(struct output *o, const char *data, size_t len)
{
    struct base_process *p = o->process;
    p->on_line(p, o->is_stderr, (jn_str){ data, len }, p->arg);
    return !p->freed;
}

/* Delivers the whole lines in the buffer and moves the rest to its front.  False when the process was freed
 * meanwhile. */
static bool deliver_lines(struct output *o)
{
    size_t from = 0;
    for (const char *newline; (newline = memchr(o->line + from, '\n', o->len - from)) != NULL;) {
        const size_t len = (size_t)(newline - o->line) - from;
        if (!deliver(o, o->line + from, len))
            return false;
        from += len + 1;
    }
    if (from == 0 && o->len == LINE_MAX_BYTES) {
        if (!deliver(o, o->line, o->len))
            return false;
        from = o->len;
    }
    memmove(o->line, o->line + from, o->len - from);
    o->len -= from;
    return true;
}

static void end_output(struct output *o)
{
    if (o->len > 0 && !deliver(o, o->line, o->len))
        return;                     // freed by the callback, which closed the output too
    o->len = 0;
    close_output(o);
}

/* Reads once.  False when nothing more can come now: empty, at its end, or freed. */
static bool read_output(struct output *o)
{
    const ssize_t n = read(o->fd, o->line + o->len, LINE_MAX_BYTES - o->len);
    if (n > 0) {
        o->len += (size_t)n;
        return deliver_lines(o);
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    end_output(o);
    return false;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;                   // an error shows again in read(2)
    (void)events;
    struct output *o = handle->data;
    struct base_process *p = o->process;
    read_output(o);
    if (!p->freed)
        finish(p);
}

/* All that is there, unless somebody writes without an end. */
void base_process_read_output(struct base_process *p)
{
    for (int i = 0; i < 2 && !p->freed; i++) {
        struct output *o = p->outputs[i];
        for (int rounds = 0; rounds < READS_MAX && is_open(o) && read_output(o); rounds++)
            continue;
    }
}

/* A second after the end: takes what is in the pipe and leaves the rest to whoever still writes there. */
static void on_drained(uv_timer_t *handle)
{
    struct base_process *p = handle->data;
    base_process_read_output(p);
    for (int i = 0; i < 2 && !p->freed; i++) {
        if (is_open(p->outputs[i]))
            end_output(p->outputs[i]);
    }
    if (!p->freed)
        finish(p);
}

static void on_ended(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct base_process *p = handle->data;
    uv_poll_stop(&p->end);
    p->ended = true;
    if (p->is_contained)
        kill_all(p);                // nobody waits for what its children could still write
    if (!p->freed)
        uv_timer_start(&p->drain, on_drained, DRAIN_MS, 0);
    finish(p);
}

/* ---- starting ------------------------------------------------------------------------------------------------ */

/* A pipe for output: our end does not block, neither end reaches another child. */
static enum jn_status open_output(struct output *o, int *write_end, struct jn_error *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return jn_fail(err, JN_IO, "cannot make a pipe for a process's output: %s", strerrordesc_np(errno));
    const int failed = uv_poll_init(base_loop_uv(o->process->loop), &o->poll, fds[0]);  // makes our end non-blocking
    if (failed) {
        close(fds[0]);
        close(fds[1]);
        return jn_fail(err, JN_IO, "cannot watch a process's output: %s", uv_strerror(failed));
    }
    o->poll.data = o;
    o->fd = fds[0];
    o->open = true;
    o->process->handles++;
    *write_end = fds[1];
    return JN_OK;
}

static enum jn_status open_outputs(struct base_process *p, int write_ends[2], struct jn_error *err)
{
    enum jn_status s = JN_OK;
    for (int i = 0; !s && p->on_line && i < 2; i++) {
        struct output *o = calloc(1, sizeof *o);
        if (!o)
            return jn_fail(err, JN_NO_MEMORY, "no memory for a process's output");
        o->process = p;
        o->is_stderr = i == 1;
        p->outputs[i] = o;
        s = open_output(o, &write_ends[i], err);
    }
    return s;
}

static enum jn_status watch(struct base_process *p, struct jn_error *err)
{
    uv_loop_t *uv = base_loop_uv(p->loop);
    const int failed = uv_poll_init(uv, &p->end, p->pidfd);
    if (failed)
        return jn_fail(err, JN_IO, "cannot watch process %d: %s", p->pid, uv_strerror(failed));
    uv_timer_init(uv, &p->drain);
    uv_timer_init(uv, &p->look);
    p->handles += 3;
    p->end.data = p;
    p->drain.data = p;
    p->look.data = p;
    uv_poll_start(&p->end, UV_READABLE, on_ended);
    for (int i = 0; i < 2; i++) {
        if (p->outputs[i])
            uv_poll_start(&p->outputs[i]->poll, UV_READABLE, on_readable);
    }
    return JN_OK;
}

static int64_t own_peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (int64_t)usage.ru_maxrss * 1024;
}

/* Undoes a start that got as far as it got. */
static void abandon(struct base_process *p)
{
    if (p->pid > 0)
        reap(p);
    base_cgroup_remove(&p->cgroup);     // else the next sweep does
    if (p->pidfd >= 0)
        close(p->pidfd);
    p->freed = true;
    close_output(p->outputs[0]);
    close_output(p->outputs[1]);
    free_when_closed(p);
}

static enum jn_status spawn_once(struct base_process *p, const struct base_process_options *opt, const int write_ends[2],
                                 bool *is_group_refused, struct jn_error *err)
{
    struct base_spawn_options more = { write_ends[0], write_ends[1], base_cgroup_open_entry(&p->cgroup), 0,
                                       false };
    if (BOUNDS_DATA && opt->memory_limit_bytes > 0 && !p->cgroup.limits_memory)
        more.data_limit_bytes = opt->memory_limit_bytes + DATA_ALLOWANCE_BYTES;
    const enum jn_status s = base_spawn(opt, &more, &p->pid, &p->pidfd, err);
    if (more.cgroup_fd >= 0)
        close(more.cgroup_fd);
    *is_group_refused = more.is_group_refused;
    return s;
}

/* In a group of its own, or without when it is not let in there. */
static enum jn_status spawn(struct base_process *p, const struct base_process_options *opt, const int write_ends[2],
                            struct jn_error *err)
{
    bool is_group_refused = false;
    struct jn_error reason = { 0 };
    enum jn_status s = spawn_once(p, opt, write_ends, &is_group_refused, &reason);
    if (s && is_group_refused) {
        base_cgroup_remove(&p->cgroup);
        p->cgroup = (struct base_cgroup){ 0 };
        reason = (struct jn_error){ 0 };
        s = spawn_once(p, opt, write_ends, &is_group_refused, &reason);
    }
    if (s && err)
        *err = reason;
    return s;
}

enum jn_status base_process_start(struct base_loop *l, const struct base_process_options *opt,
                                  struct base_process **out, struct jn_error *err)
{
    struct base_process *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory to start %s", opt->file);
    *p = (struct base_process){ .loop = l, .on_line = opt->on_line, .on_end = opt->on_end, .arg = opt->arg,
                                .pidfd = -1, .status_fd = -1, .is_secret = opt->is_secret, .is_contained = opt->is_contained,
                                .memory_limit_bytes = opt->memory_limit_bytes,
                                .baseline_bytes = own_peak_bytes() };

    if (p->is_contained)
        base_cgroup_make(&p->cgroup, p->memory_limit_bytes);
    int write_ends[2] = { -1, -1 };
    enum jn_status s = open_outputs(p, write_ends, err);
    if (!s)
        s = spawn(p, opt, write_ends, err);
    for (int i = 0; i < 2; i++) {
        if (write_ends[i] >= 0)
            close(write_ends[i]);
    }
    if (!s)
        s = watch(p, err);
    if (s) {
        abandon(p);
        return s;
    }
    base_loop_hold(l);
    base_process_set_busy(p, true);
    *out = p;
    return JN_OK;
}

/* ---- what users may do --------------------------------------------------------------------------------------- */

void base_process_kill(struct base_process *p, int signum)
{
    if (!p->reaped) {
        base_process_peak_memory(p);            // the last chance to look
        if (signum == SIGKILL)
            kill_all(p);
        else
            kill(-p->pid, signum);
    }
}

static void on_look(uv_timer_t *handle)
{
    struct base_process *p = handle->data;
    if (p->ended || !p->is_busy) {
        uv_timer_stop(&p->look);
    } else if (base_family_memory(p->pid, p->memory_limit_bytes) > p->memory_limit_bytes) {
        p->out_of_memory = true;
        base_process_kill(p, SIGKILL);
    }
}

/* The timer goes on from one piece of work to the next, so that many short ones are looked at as one long. */
void base_process_set_busy(struct base_process *p, bool is_busy)
{
    p->is_busy = is_busy;
    const bool is_watched = p->memory_limit_bytes > 0 && !p->cgroup.limits_memory;
    if (is_busy && is_watched && !p->ended && !uv_is_active((uv_handle_t *)&p->look))
        uv_timer_start(&p->look, on_look, LOOK_MS, LOOK_MS);
}

int base_process_pid(const struct base_process *p)
{
    return p->pid;
}

/* VmHWM of /proc/PID/status, in bytes; 0 when the process has no memory any more.  It stands in the first kilobyte. */
static int64_t read_high_water(struct base_process *p)
{
    static const char name[] = "\nVmHWM:";
    char text[2048];
    if (p->status_fd < 0) {
        snprintf(text, sizeof text, "/proc/%d/status", p->pid);
        p->status_fd = open(text, O_RDONLY | O_CLOEXEC);
    }
    const ssize_t len = p->status_fd < 0 ? 0 : pread(p->status_fd, text, sizeof text - 1, 0);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    const char *at = strstr(text, name);
    return at ? strtoll(at + sizeof name - 1, NULL, 10) * 1024 : 0;
}

/* Once a millisecond at most: the kernel takes as long for it as for sending an answer. */
int64_t base_process_peak_memory(struct base_process *p)
{
    int64_t now = 0;
    const bool is_due = base_loop_now_ms(p->loop) != p->sampled_ms;
    p->sampled_ms = base_loop_now_ms(p->loop);
    if (is_due && !p->reaped && !p->ended)
        now = p->cgroup.limits_memory ? base_cgroup_peak_memory(&p->cgroup) : read_high_water(p);
    if (now > p->sampled_bytes)
        p->sampled_bytes = now;
    return p->sampled_bytes;
}

void base_process_free(struct base_process *p)
{
    if (!p)
        return;
    assert(!p->freed);
    p->freed = true;
    base_loop_release(p->loop);
    if (!p->reaped)
        kill_all(p);
    uv_timer_stop(&p->look);
    close_output(p->outputs[0]);
    close_output(p->outputs[1]);
    finish(p);                      // when it had ended; else the pidfd will tell, and nobody else hears of it
    free_when_closed(p);
}
