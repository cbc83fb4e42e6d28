/* pool.h - the processes of one version: calls that overlap get one each, idle ones are kept and used again. */
#ifndef LOCAL_POOL_H
#define LOCAL_POOL_H

#include "local/instance.h"

struct local_pool;

/* All pools that there are. */
struct local_pools {
    struct local_pool *first;
    void (*on_empty)(void *arg);    /* the last process of one of them has ended */
    void *arg;
};

/* The processes of `v`, which is borrowed, and held while there are any.  It is in `all` until it is freed. */
struct local_pool *local_pool_new(const struct local_site *site, struct local_version *v, struct local_pools *all);
void local_pool_free(struct local_pool *p);

/* Runs `c`, which stays the caller's memory, and comes back through its `done`.  JN_LIMIT: all processes that the
 * version may have are at work; JN_IO: its process could not be started. */
enum jn_status local_pool_submit(struct local_pool *p, struct local_call *c, struct jn_error *err);

/* The version is $LATEST no longer: idle processes end, the others with their call.  NULL is fine. */
void local_pool_retire(struct local_pool *p);

/* Take no more calls, cancel those that have no outcome, and end the processes. */
void local_pools_stop(struct local_pools *all);

size_t local_pools_process_count(const struct local_pools *all);

#endif
