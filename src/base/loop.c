/* loop.c - the event loop over libuv.  The rules that every object on it keeps are in loop.h; what its siblings may
 * touch is in loop_internal.h.
 *
 * Deferred calls are a list that one idle handle works off.  Idle handles run once per round just before the loop
 * waits, so a call deferred from a timer runs in the same round, one deferred from a socket's callback in the next;
 * and while the list holds anything the loop does not sleep. */
#include "base/loop_internal.h"

#include <assert.h>
#include <stdlib.h>

struct deferred {
    struct deferred *next;
    base_deferred_fn *fn;
    void *arg;
};

struct base_loop {
    uv_loop_t uv;
    uv_idle_t idle;                 /* active while `first` is not NULL */
    struct deferred *first, **last; /* in order of base_loop_defer() */
    size_t held;                    /* objects that their users have not freed yet */
};

uv_loop_t *base_loop_uv(struct base_loop *l)
{
    return &l->uv;
}

void base_loop_hold(struct base_loop *l)
{
    l->held++;
}

void base_loop_release(struct base_loop *l)
{
    assert(l->held > 0);
    l->held--;
}

uint64_t base_loop_delay(struct base_loop *l, int64_t ms)
{
    if (ms <= 0)
        return 0;
    const uint64_t now = uv_hrtime() / 1000000, cached = uv_now(&l->uv);
    const uint64_t late = now > cached ? now - cached : 0;
    return (uint64_t)ms + late;
}

enum jn_status base_loop_new(struct base_loop **out, struct jn_error *err)
{
    struct base_loop *l = calloc(1, sizeof *l);
    if (!l)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the event loop");

    const int failed = uv_loop_init(&l->uv);
    if (failed) {
        free(l);
        return jn_fail(err, JN_IO, "cannot start the event loop: %s", uv_strerror(failed));
    }
    uv_idle_init(&l->uv, &l->idle);
    l->last = &l->first;
    *out = l;
    return JN_OK;
}

/* Calls that never came to run: whatever they were to work on is gone by now. */
static void forget_deferred(struct base_loop *l)
{
    while (l->first) {
        struct deferred *d = l->first;
        l->first = d->next;
        free(d);
    }
}

void base_loop_free(struct base_loop *l)
{
    if (!l)
        return;
    assert(l->held == 0);           // somebody still owns a timer, a process, a server, ...
    forget_deferred(l);
    uv_close((uv_handle_t *)&l->idle, NULL);
    while (uv_loop_close(&l->uv) == UV_EBUSY)
        uv_run(&l->uv, UV_RUN_DEFAULT);
    free(l);
}

void base_loop_run(struct base_loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void base_loop_stop(struct base_loop *l)
{
    uv_stop(&l->uv);
}

int64_t base_loop_now_ms(const struct base_loop *l)
{
    return (int64_t)uv_now(&l->uv);
}

/* Only what was there at the start is run: a call that defers itself again waits for the next round, so that sockets
 * get their turn. */
static void on_idle(uv_idle_t *handle)
{
    struct base_loop *l = handle->data;
    struct deferred *list = l->first;
    l->first = NULL;
    l->last = &l->first;

    while (list) {
        const struct deferred d = *list;
        free(list);
        list = d.next;
        d.fn(d.arg);
    }
    if (!l->first)
        uv_idle_stop(&l->idle);
}

enum jn_status base_loop_defer(struct base_loop *l, base_deferred_fn *fn, void *arg)
{
    struct deferred *d = malloc(sizeof *d);
    if (!d)
        return JN_NO_MEMORY;
    *d = (struct deferred){ .fn = fn, .arg = arg };
    *l->last = d;
    l->last = &d->next;
    l->idle.data = l;
    uv_idle_start(&l->idle, on_idle);
    return JN_OK;
}
