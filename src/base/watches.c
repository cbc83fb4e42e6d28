/* watches.c - see watches.h.  `armed` is what libuv watches for, `wanted` what was asked for; they differ only while
 * nothing is wanted.  A handle that nobody wants is unreferenced, so that the loop can end. */
#include "base/watches.h"

#include <stdlib.h>

#include "base/loop_internal.h"

_Static_assert((int)BASE_READABLE == UV_READABLE && (int)BASE_WRITABLE == UV_WRITABLE, "the bits are libuv's");

struct base_watch {
    uv_poll_t poll;
    struct base_watches *all;       /* NULL: dropped, waits for libuv */
    int fd, armed, wanted;
    bool is_kept;
};

void base_watches_init(struct base_watches *ws, struct base_loop *l, base_watch_fn *fn, void *arg)
{
    *ws = (struct base_watches){ .loop = l, .fn = fn, .arg = arg };
}

static struct base_watch *find(const struct base_watches *ws, int fd)
{
    return fd >= 0 && (size_t)fd < ws->room ? ws->by_fd[fd] : NULL;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void base_watches_drop(struct base_watches *ws, int fd)
{
    struct base_watch *w = find(ws, fd);
    if (!w)
        return;
    ws->by_fd[fd] = NULL;
    w->all = NULL;
    uv_close((uv_handle_t *)&w->poll, on_closed);
}

void base_watches_clear(struct base_watches *ws)
{
    for (size_t fd = 0; fd < ws->room; fd++)
        base_watches_drop(ws, (int)fd);
    free(ws->by_fd);
    ws->by_fd = NULL;
    ws->room = 0;
}

static bool reserve(struct base_watches *ws, int fd)
{
    enum { FIRST_ROOM = 64 };
    size_t room = ws->room ? ws->room : FIRST_ROOM;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == ws->room)
        return true;
    struct base_watch **by_fd = realloc(ws->by_fd, room * sizeof *by_fd);
    if (!by_fd)
        return false;
    for (size_t i = ws->room; i < room; i++)
        by_fd[i] = NULL;
    ws->by_fd = by_fd;
    ws->room = room;
    return true;
}

static struct base_watch *new_watch(struct base_watches *ws, int fd)
{
    struct base_watch *w = reserve(ws, fd) ? calloc(1, sizeof *w) : NULL;
    if (!w || uv_poll_init_socket(base_loop_uv(ws->loop), &w->poll, fd)) {
        free(w);
        return NULL;
    }
    uv_unref((uv_handle_t *)&w->poll);
    w->poll.data = w;
    w->all = ws;
    w->fd = fd;
    ws->by_fd[fd] = w;
    return w;
}

void base_watches_keep(struct base_watches *ws, int fd)
{
    base_watches_drop(ws, fd);          // of another one that had the number, and was closed without a word
    struct base_watch *w = new_watch(ws, fd);
    if (w)
        w->is_kept = true;
}

static void on_events(uv_poll_t *poll, int failed, int events);

static bool arm(struct base_watch *w)
{
    if (w->armed == w->wanted)
        return true;
    w->armed = w->wanted;
    if (uv_poll_start(&w->poll, w->armed, on_events) == 0)
        return true;
    w->armed = 0;
    return false;
}

/* libuv reports a socket in error state as a bad descriptor, and watches it no longer.  Whoever still wants it after
 * having looked gets it watched again. */
static void on_events(uv_poll_t *poll, int failed, int events)
{
    struct base_watch *w = poll->data;
    const int wanted = w->wanted;
    if (failed)
        w->armed = 0;
    if (!wanted) {
        if (!failed)
            uv_poll_stop(poll);
        w->armed = 0;
        return;
    }
    w->all->fn(w->fd, failed ? 0 : events & wanted, w->all->arg);
    if (failed && w->all)
        arm(w);
}

/* Of nobody's wish any more; `w` may be NULL. */
static void let_go(struct base_watches *ws, struct base_watch *w)
{
    if (!w)
        return;
    w->wanted = 0;
    uv_unref((uv_handle_t *)&w->poll);
    if (!w->is_kept)
        base_watches_drop(ws, w->fd);
}

bool base_watches_want(struct base_watches *ws, int fd, int events)
{
    struct base_watch *w = find(ws, fd);
    if (events == 0) {
        let_go(ws, w);
        return true;
    }
    if (!w)
        w = new_watch(ws, fd);
    if (!w)
        return false;
    uv_ref((uv_handle_t *)&w->poll);
    w->wanted = events;
    return arm(w);
}
