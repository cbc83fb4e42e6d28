/* pool.h - the processes of one function: calls that overlap get one each, idle ones are kept and used again. */
#ifndef LOCAL_POOL_H
#define LOCAL_POOL_H

#include "local/instance.h"

struct local_pool;

/* Called whenever the last process of a stopped pool has ended. */
typedef void local_pool_empty_fn(struct local_pool *p, void *arg);

struct local_pool *local_pool_new(const struct local_site *site, const struct local_function *f,
                                  local_pool_empty_fn *on_empty, void *arg);
void local_pool_free(struct local_pool *p);

/* Runs `c`, which stays the caller's memory, and comes back through its `done`.  JN_LIMIT: all processes that the
 * function may have are at work (a call nobody waits for is queued instead); JN_IO: its process could not be
 * started. */
enum jn_status local_pool_submit(struct local_pool *p, struct local_call *c, struct jn_error *err);

/* Takes no more calls, cancels those that have no outcome, and ends the processes. */
void local_pool_stop(struct local_pool *p);

size_t local_pool_process_count(const struct local_pool *p);

#endif
