/* pool.c - the processes of one version of a function.
 *
 * The list is kept in the order of starting, and the first idle process gets the next call: the younger ones, which a
 * burst has brought, fall idle and are reclaimed.  A process that is being ended is still in the list (somebody must
 * wait for it) but does not count towards the limit. */
#include "local/pool.h"

#include <stdlib.h>

#include "local/function.h"

struct local_pool {
    const struct local_site *site;
    struct local_version *version;
    struct local_pools *all;
    struct local_pool *next, **link;    /* in `all` */

    struct local_instance **instances;
    size_t count, capacity;
    bool is_retired;
};

struct local_pool *local_pool_new(const struct local_site *site, struct local_version *v, struct local_pools *all)
{
    struct local_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct local_pool){ .site = site, .version = v, .all = all, .next = all->first, .link = &all->first };
    if (p->next)
        p->next->link = &p->next;
    all->first = p;
    return p;
}

size_t local_pools_process_count(const struct local_pools *all)
{
    size_t count = 0;
    for (const struct local_pool *p = all->first; p; p = p->next)
        count += p->count;
    return count;
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

static size_t count_working(const struct local_pool *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += !local_instance_is_stopping(p->instances[i]);
    return n;
}

static struct local_instance *find_idle(const struct local_pool *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (local_instance_is_idle(p->instances[i]))
            return p->instances[i];
    }
    return NULL;
}

static bool reserve(struct local_pool *p)
{
    if (p->count < p->capacity)
        return true;
    const size_t capacity = p->capacity ? 2 * p->capacity : 8;
    struct local_instance **list = realloc(p->instances, capacity * sizeof(*list));
    if (!list)
        return false;
    p->instances = list;
    p->capacity = capacity;
    return true;
}

static void on_idle(struct local_instance *i, void *arg)
{
    struct local_pool *p = arg;
    if (p->is_retired)
        local_instance_stop(i);
}

static void on_gone(struct local_instance *i, void *arg);

static const struct local_instance_events instance_events = { .on_idle = on_idle, .on_gone = on_gone };

static enum jn_status start_for(struct local_pool *p, struct local_call *c, struct jn_error *err)
{
    if (!reserve(p))
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process");
    const enum jn_status s =
        local_instance_start(p->site, p->version, c, &instance_events, p, &p->instances[p->count], err);
    if (s == JN_OK && p->count++ == 0)
        local_version_ref(p->version);
    return s;
}

static void on_gone(struct local_instance *i, void *arg)
{
    struct local_pool *p = arg;
    size_t at = 0;
    while (p->instances[at] != i)
        at++;
    p->count--;
    for (; at < p->count; at++)
        p->instances[at] = p->instances[at + 1];
    local_instance_free(i);
    if (p->count > 0)
        return;
    struct local_pools *all = p->all;
    local_version_unref(p->version);    // and with it, perhaps, the pool
    all->on_empty(all->arg);
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

enum jn_status local_pool_submit(struct local_pool *p, struct local_call *c, struct jn_error *err)
{
    struct local_instance *idle = find_idle(p);
    if (idle) {
        local_instance_run(idle, c);
        return JN_OK;
    }
    if (count_working(p) < p->site->max_processes)
        return start_for(p, c, err);
    return jn_fail(err, JN_LIMIT, "all %u processes of %s are at work", p->site->max_processes, p->version->function->name);
}

void local_pool_retire(struct local_pool *p)
{
    if (!p)
        return;
    p->is_retired = true;
    for (size_t i = 0; i < p->count; i++) {
        if (local_instance_is_idle(p->instances[i]))
            local_instance_stop(p->instances[i]);
    }
}

static void stop(struct local_pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        local_instance_stop(p->instances[i]);
}

void local_pools_stop(struct local_pools *all)
{
    for (struct local_pool *p = all->first; p; p = p->next)
        stop(p);
}

void local_pool_free(struct local_pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        local_instance_free(p->instances[i]);
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    free(p->instances);
    free(p);
}
