/* fleet.c - all processes, and the limits of concurrency.
 *
 * What is counted are calls, not processes: an idle process takes nobody's place. */
#include "local/fleet.h"

#include <stdlib.h>

struct local_fleet {
    const struct local_site *site;
    const struct local_registry *registry;
    int running_unreserved;         /* calls to functions that have reserved nothing */
    struct local_pools pools;
    local_fleet_stopped_fn *on_stopped;
    void *arg;
};

/* The fleet may be freed by who hears of it. */
static void on_empty(void *arg)
{
    struct local_fleet *f = arg;
    local_fleet_stopped_fn *done = f->on_stopped;
    if (!done || local_pools_process_count(&f->pools) > 0)
        return;
    f->on_stopped = NULL;
    done(f->arg);
}

struct local_fleet *local_fleet_new(const struct local_site *site, const struct local_registry *r)
{
    struct local_fleet *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (struct local_fleet){ .site = site, .registry = r, .pools = { .on_empty = on_empty, .arg = f } };
    return f;
}

void local_fleet_free(struct local_fleet *f)
{
    free(f);
}

/* ---- concurrency ---------------------------------------------------------------------------------------------- */

int local_fleet_unreserved(const struct local_fleet *f)
{
    const int left = f->site->concurrency - local_registry_reserved(f->registry);
    return left > 0 ? left : 0;
}

/* NULL: the call may run. */
static local_throttle throttle(const struct local_fleet *f, const struct local_function *function)
{
    const int reserved = local_function_reserved(function);
    if (reserved >= 0)
        return (int)function->running < reserved ? NULL : "ReservedFunctionConcurrentInvocationLimitExceeded";
    return f->running_unreserved < local_fleet_unreserved(f) ? NULL : "ConcurrentInvocationLimitExceeded";
}

static void enter(struct local_fleet *f, struct local_call *c)
{
    struct local_function *function = c->version->function;
    c->is_admitted = true;
    c->is_reserved = local_function_reserved(function) >= 0;
    function->running++;
    f->running_unreserved += !c->is_reserved;
}

void local_fleet_leave(struct local_fleet *f, struct local_call *c)
{
    if (!c->is_admitted)
        return;
    c->is_admitted = false;
    c->version->function->running--;
    f->running_unreserved -= !c->is_reserved;
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

static struct local_pool *pool_of(struct local_fleet *f, struct local_version *v)
{
    if (!v->pool)
        v->pool = local_pool_new(f->site, v, &f->pools);
    return v->pool;
}

enum jn_status local_fleet_submit(struct local_fleet *f, struct local_call *c, local_throttle *why,
                                  struct jn_error *err)
{
    struct local_pool *pool = pool_of(f, c->version);
    if (!pool)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the processes of %s", c->version->function->name);
    *why = throttle(f, c->version->function);
    if (*why)
        return jn_fail(err, JN_LIMIT, "too many calls run at once");
    enter(f, c);
    const enum jn_status s = local_pool_submit(pool, c, err);
    if (s == JN_LIMIT)
        *why = "ConcurrentInvocationLimitExceeded";
    if (s)
        local_fleet_leave(f, c);
    return s;
}

void local_fleet_stop(struct local_fleet *f, local_fleet_stopped_fn *done, void *arg)
{
    f->on_stopped = done;
    f->arg = arg;
    local_pools_stop(&f->pools);
    on_empty(f);
}
