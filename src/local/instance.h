/* instance.h - one process of a function, from its start to its end.  It works on one call at a time (our spec,
 * section 7.5); the states of its life are the table LOCAL_INSTANCE_STATES in instance_internal.h. */
#ifndef LOCAL_INSTANCE_H
#define LOCAL_INSTANCE_H

#include "local/call.h"
#include "local/site.h"

struct local_instance;

/* What its owner hears.  Neither is called inside a call of the functions below. */
struct local_instance_events {
    void (*on_idle)(struct local_instance *i, void *arg);   /* it waits for an event */
    void (*on_gone)(struct local_instance *i, void *arg);   /* its process has ended: free it */
};

/* Starts a process of `v` for `call`, which gets its outcome whatever becomes of the process.  JN_IO: it could not be
 * started; the call is then untouched. */
enum jn_status local_instance_start(const struct local_site *site, struct local_version *v,
                                    struct local_call *call, const struct local_instance_events *events, void *arg,
                                    struct local_instance **out, struct jn_error *err);

/* Waits for an event; and gives it one: only while it is idle. */
bool local_instance_is_idle(const struct local_instance *i);
void local_instance_run(struct local_instance *i, struct local_call *call);

/* On its way out: it takes no more calls, and does not count as one of the function's processes. */
bool local_instance_is_stopping(const struct local_instance *i);

/* Ends it: SIGTERM, SIGKILL half a second later.  A call without an outcome is cancelled. */
void local_instance_stop(struct local_instance *i);

/* Only from on_gone, or when it was stopped and nobody listens any more: kills what is left of it. */
void local_instance_free(struct local_instance *i);

#endif
