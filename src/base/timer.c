/* timer.c - one-shot timers. */
#include "base/timer.h"

#include <stdlib.h>

#include "base/loop_internal.h"

struct base_timer {
    uv_timer_t uv;
    struct base_loop *loop;
    base_timer_fn *fn;
    void *arg;
};

enum jn_status base_timer_new(struct base_loop *l, base_timer_fn *fn, void *arg, struct base_timer **out,
                              struct jn_error *err)
{
    struct base_timer *t = calloc(1, sizeof *t);
    if (!t)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a timer");
    *t = (struct base_timer){ .loop = l, .fn = fn, .arg = arg };
    uv_timer_init(base_loop_uv(l), &t->uv);
    t->uv.data = t;
    base_loop_hold(l);
    *out = t;
    return JN_OK;
}

static void on_due(uv_timer_t *handle)
{
    struct base_timer *t = handle->data;
    t->fn(t, t->arg);
}

void base_timer_start(struct base_timer *t, int64_t ms)
{
    uv_timer_start(&t->uv, on_due, base_loop_delay(t->loop, ms), 0);
}

void base_timer_stop(struct base_timer *t)
{
    uv_timer_stop(&t->uv);
}

bool base_timer_is_running(const struct base_timer *t)
{
    return uv_is_active((const uv_handle_t *)&t->uv) != 0;
}

void base_timer_set_background(struct base_timer *t)
{
    uv_unref((uv_handle_t *)&t->uv);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void base_timer_free(struct base_timer *t)
{
    if (!t)
        return;
    base_loop_release(t->loop);
    uv_close((uv_handle_t *)&t->uv, on_closed);
}
