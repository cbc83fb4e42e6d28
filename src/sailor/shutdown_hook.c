/* shutdown_hook.c - the mode that undoes what a startup hook did (platform-protocol.md, 2.6): step data, startup data,
 * the function's shutdown hook, startup data deleted, exit 0.  No broker, nothing published, signals ignored. */
#include "sailor/modes.h"

#include <signal.h>

#include "base/signal.h"
#include "sailor/boot.h"

struct hook {
    struct sailor_boot boot;
    struct base_signal *signals[2];
    int exit_status;
};

static void finish(struct hook *h, const struct sailor_failure *failed)
{
    h->exit_status = failed ? 1 : 0;
    if (failed)
        sailor_boot_fatal(&h->boot, failed, "the shutdown hook failed");
    base_loop_stop(h->boot.loop);
}

static void fail(struct hook *h, const struct jn_error *why)
{
    const struct sailor_failure f = { .message = jn_str_of(why->message) };
    finish(h, &f);
}

static void fail_memory(struct hook *h)
{
    const struct jn_error why = { .status = JN_NO_MEMORY, .message = "no memory for a request to the platform" };
    fail(h, &why);
}

static void on_deleted(const struct jn_error *failed, jn_str body, void *arg)
{
    (void)body;
    if (failed)
        fail(arg, failed);
    else
        finish(arg, NULL);
}

static void delete_data(struct hook *h)
{
    if (sailor_platform_delete_startup(h->boot.platform, on_deleted, h))
        fail_memory(h);
}

static void on_hook(const struct sailor_failure *failed, jn_str value, void *arg)
{
    struct hook *h = arg;
    (void)value;
    if (failed)
        finish(h, failed);
    else
        delete_data(h);
}

static void on_data(const struct jn_error *failed, jn_str body, void *arg)
{
    struct hook *h = arg;
    struct sailor_reply *reply;
    struct jn_error why = { .status = JN_OK };
    if (failed) {
        fail(h, failed);
        return;
    }
    base_log(&h->boot.log.base, BASE_INFO, NULL, "Fully initialized and waiting for messages");
    if (!h->boot.action->shutdown) {
        base_log(&h->boot.log.base, BASE_WARN, NULL, "the function \"%s\" has no shutdown hook",
                 h->boot.settings.function);
        delete_data(h);
    } else if (sailor_reply_new(h->boot.loop, on_hook, h, &reply, &why)) {
        fail(h, &why);
    } else {
        h->boot.action->shutdown(&h->boot.step, body, reply);
    }
}

static void on_step(const struct jn_error *failed, jn_str body, void *arg)
{
    struct hook *h = arg;
    struct jn_error why = { .status = JN_OK };
    if (failed)
        why = *failed;
    else if (!sailor_boot_take_step(&h->boot, body, &why))
        sailor_boot_find_action(&h->boot, &why);
    if (why.status)
        fail(h, &why);
    else if (sailor_platform_get_startup(h->boot.platform, on_data, h))
        fail_memory(h);
}

static void on_signal(int signum, void *arg)
{
    const struct hook *h = arg;
    base_log(&h->boot.log.base, BASE_INFO, NULL, "signal %d ignored: the shutdown hook runs to its end", signum);
}

static void run(struct hook *h)
{
    struct jn_error why = { .status = JN_OK };
    static const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < 2; i++)
        base_signal_new(h->boot.loop, signals[i], on_signal, h, &h->signals[i], &why);
    if (why.status)
        fail(h, &why);
    else if (sailor_platform_get_step(h->boot.platform, on_step, h))
        fail_memory(h);
    base_loop_run(h->boot.loop);
    for (size_t i = 0; i < 2; i++)
        base_signal_free(h->signals[i]);
}

int sailor_run_shutdown_hook(const struct sailor_component *component, const struct base_env *env)
{
    struct hook h = { .exit_status = 1 };
    if (sailor_boot_init(&h.boot, component, env, SAILOR_SHUTDOWN_HOOK) == JN_OK)
        run(&h);
    sailor_boot_clear(&h.boot);
    return h.exit_status;
}
