/* signal.c - signals as events of the loop. */
#include "base/signal.h"

#include <stdlib.h>

#include "base/loop_internal.h"

struct base_signal {
    uv_signal_t uv;
    struct base_loop *loop;
    base_signal_fn *fn;
    void *arg;
};

static void on_signal(uv_signal_t *handle, int signum)
{
    struct base_signal *s = handle->data;
    s->fn(signum, s->arg);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum jn_status base_signal_new(struct base_loop *l, int signum, base_signal_fn *fn, void *arg, struct base_signal **out,
                               struct jn_error *err)
{
    struct base_signal *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory to watch for signal %d", signum);
    *s = (struct base_signal){ .loop = l, .fn = fn, .arg = arg };

    int failed = uv_signal_init(base_loop_uv(l), &s->uv);
    if (failed) {
        free(s);
        return jn_fail(err, JN_IO, "cannot watch for signal %d: %s", signum, uv_strerror(failed));
    }
    s->uv.data = s;
    failed = uv_signal_start(&s->uv, on_signal, signum);
    if (failed) {
        uv_close((uv_handle_t *)&s->uv, on_closed);
        return jn_fail(err, JN_IO, "cannot watch for signal %d: %s", signum, uv_strerror(failed));
    }
    uv_unref((uv_handle_t *)&s->uv);
    base_loop_hold(l);
    *out = s;
    return JN_OK;
}

void base_signal_free(struct base_signal *s)
{
    if (!s)
        return;
    base_loop_release(s->loop);
    uv_close((uv_handle_t *)&s->uv, on_closed);
}
