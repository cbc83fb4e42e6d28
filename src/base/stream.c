/* stream.c - reading input piece by piece.
 *
 * What the system can poll (pipes, terminals, sockets) is read when it is readable; everything else (regular files,
 * /dev/null) in libuv's thread pool.  Standard input is shared with whoever started us, and O_NONBLOCK belongs to the
 * open file, not to our descriptor: a shell would find its terminal non-blocking.  uv_poll_init() sets that flag, so we
 * give it an epoll descriptor of our own with the input in it, and never change the input itself.  A read(2) after
 * "readable" does not block.  No thread ever waits in a read of a pipe, so none can hold up the end of the process. */
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop_internal.h"

enum { PIECE = 65536 };

struct base_reader {
    struct base_loop *loop;
    base_reader_fn *fn;
    void *arg;
    char *name;                     /* for sentences */
    int fd;
    int epoll_fd;                   /* -1: read in the pool */
    bool owns_fd, running, freed, ended;
    bool delivering;                /* the user looks at `data`: nothing may be read into it */
    bool in_pool;                   /* the pool works on `request` */
    bool waiting;                   /* a result of the pool came while paused */
    ssize_t result;                 /* of the pool: bytes, or a negated errno */
    int64_t size;
    uv_fs_t request;
    uv_poll_t poll;                 /* on epoll_fd */
    uv_idle_t idle;                 /* hands over a waiting result after base_reader_resume() */
    unsigned handles;
    char data[PIECE];
};

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void free_when_unused(struct base_reader *r)
{
    if (!r->freed || r->handles || r->in_pool)
        return;
    if (r->epoll_fd >= 0)
        close(r->epoll_fd);
    if (r->owns_fd && r->fd >= 0)
        close(r->fd);
    free(r->name);
    free(r);
}

static void on_closed(uv_handle_t *handle)
{
    struct base_reader *r = handle->data;
    r->handles--;
    free_when_unused(r);
}

/* ---- delivering ---------------------------------------------------------------------------------------------- */

static void stop_sources(struct base_reader *r)
{
    if (r->epoll_fd >= 0)
        uv_poll_stop(&r->poll);
    uv_idle_stop(&r->idle);
}

/* `n` bytes in r->data, 0 at the end, or a negated errno. */
static void deliver(struct base_reader *r, ssize_t n)
{
    struct jn_error failed = { 0 };
    if (n < 0)
        jn_fail(&failed, JN_IO, "cannot read %s: %s", r->name, strerrordesc_np((int)-n));
    if (n <= 0) {
        r->ended = true;
        r->running = false;
        stop_sources(r);
    }
    r->delivering = true;
    r->fn(r, (jn_str){ r->data, n > 0 ? (size_t)n : 0 }, n < 0 ? &failed : NULL, r->arg);
    r->delivering = false;
}

static void start_pool_read(struct base_reader *r);

/* Delivers a piece and asks for the next, unless the callback paused, or freed the reader. */
static void deliver_from_pool(struct base_reader *r)
{
    deliver(r, r->result);
    if (!r->freed && r->running && !r->ended && !r->in_pool)
        start_pool_read(r);
}

static void on_pool_read(uv_fs_t *request)
{
    struct base_reader *r = request->data;
    r->result = request->result;
    uv_fs_req_cleanup(request);
    r->in_pool = false;
    if (r->freed)
        free_when_unused(r);
    else if (r->running)
        deliver_from_pool(r);
    else
        r->waiting = true;
}

static void on_idle(uv_idle_t *handle)
{
    struct base_reader *r = handle->data;
    uv_idle_stop(&r->idle);
    r->waiting = false;
    deliver_from_pool(r);
}

/* The file's own position is used (offset -1), as a shell expects of programs that share it. */
static void start_pool_read(struct base_reader *r)
{
    const uv_buf_t buf = uv_buf_init(r->data, PIECE);
    r->request.data = r;
    const int failed = uv_fs_read(base_loop_uv(r->loop), &r->request, r->fd, &buf, 1, -1, on_pool_read);
    r->in_pool = !failed;
    if (failed) {                   // told like a failed read, and not from inside the call
        r->result = failed;
        r->waiting = true;
        uv_idle_start(&r->idle, on_idle);
    }
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct base_reader *r = handle->data;
    const ssize_t n = read(r->fd, r->data, PIECE);
    if (n >= 0)
        deliver(r, n);
    else if (errno != EAGAIN && errno != EINTR)
        deliver(r, -errno);
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

/* O_NONBLOCK: opening a FIFO must not wait for its writer.  The open file is ours, so the flag harms nobody. */
static enum jn_status open_input(struct base_reader *r, const char *path, struct jn_error *err)
{
    r->owns_fd = path && strcmp(path, "-") != 0;
    r->name = strdup(r->owns_fd ? path : "standard input");
    if (!r->name)
        return jn_fail(err, JN_NO_MEMORY, "no memory to read %s", r->owns_fd ? path : "standard input");
    r->fd = r->owns_fd ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : STDIN_FILENO;
    struct stat st;
    if (r->fd < 0 || fstat(r->fd, &st))
        return jn_fail(err, JN_IO, "cannot open %s: %s", r->name, strerrordesc_np(errno));
    if (S_ISDIR(st.st_mode))
        return jn_fail(err, JN_IO, "cannot read %s: it is a directory", r->name);
    r->size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
    return JN_OK;
}

/* Finds out whether the input can be polled. */
static enum jn_status open_epoll(struct base_reader *r, struct jn_error *err)
{
    struct epoll_event event = { .events = EPOLLIN };
    r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (r->epoll_fd < 0)
        return jn_fail(err, JN_IO, "cannot watch %s: %s", r->name, strerrordesc_np(errno));
    if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->fd, &event) == 0)
        return JN_OK;
    const int code = errno;
    close(r->epoll_fd);
    r->epoll_fd = -1;
    return code == EPERM ? JN_OK : jn_fail(err, JN_IO, "cannot watch %s: %s", r->name, strerrordesc_np(code));
}

static enum jn_status init_handles(struct base_reader *r, struct jn_error *err)
{
    uv_loop_t *uv = base_loop_uv(r->loop);
    if (r->epoll_fd >= 0) {
        const int failed = uv_poll_init(uv, &r->poll, r->epoll_fd);
        if (failed)
            return jn_fail(err, JN_IO, "cannot watch %s: %s", r->name, uv_strerror(failed));
        r->poll.data = r;
        r->handles++;
    }
    uv_idle_init(uv, &r->idle);
    r->idle.data = r;
    r->handles++;
    return JN_OK;
}

enum jn_status base_reader_open(struct base_loop *l, const char *path, base_reader_fn *fn, void *arg,
                                struct base_reader **out, struct jn_error *err)
{
    struct base_reader *r = calloc(1, sizeof *r);
    if (!r)
        return jn_fail(err, JN_NO_MEMORY, "no memory to read %s", path ? path : "standard input");
    r->loop = l;
    r->fn = fn;
    r->arg = arg;
    r->fd = r->epoll_fd = -1;

    enum jn_status s = open_input(r, path, err);
    if (!s)
        s = open_epoll(r, err);
    if (!s)
        s = init_handles(r, err);
    if (s) {
        r->freed = true;
        free_when_unused(r);        // no handle was made when this fails
        return s;
    }
    base_loop_hold(l);
    *out = r;
    return JN_OK;
}

/* ---- what users may do --------------------------------------------------------------------------------------- */

void base_reader_resume(struct base_reader *r)
{
    if (r->running || r->ended)
        return;
    r->running = true;
    if (r->epoll_fd >= 0)
        uv_poll_start(&r->poll, UV_READABLE, on_readable);
    else if (r->waiting)
        uv_idle_start(&r->idle, on_idle);
    else if (!r->in_pool && !r->delivering)
        start_pool_read(r);
}

void base_reader_pause(struct base_reader *r)
{
    r->running = false;
    stop_sources(r);
}

int64_t base_reader_size(const struct base_reader *r)
{
    return r->size;
}

void base_reader_free(struct base_reader *r)
{
    if (!r)
        return;
    base_loop_release(r->loop);
    r->freed = true;
    if (r->epoll_fd >= 0)
        uv_close((uv_handle_t *)&r->poll, on_closed);
    uv_close((uv_handle_t *)&r->idle, on_closed);
    if (r->in_pool)
        uv_cancel((uv_req_t *)&r->request);     // refused when it already runs; its callback comes either way
}
