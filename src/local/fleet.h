/* fleet.h - all processes of one local Lambda, and how many calls may run at once: those that a function has reserved,
 * and for the functions that have reserved nothing, together, what is left of the account's ("Understanding Lambda
 * function scaling" in the AWS Lambda Developer Guide). */
#ifndef LOCAL_FLEET_H
#define LOCAL_FLEET_H

#include "local/pool.h"
#include "local/registry.h"

struct local_fleet;

struct local_fleet *local_fleet_new(const struct local_site *site, const struct local_registry *r);
void local_fleet_free(struct local_fleet *f);

/* Why a call has to wait, in the service's words; NULL: it need not. */
typedef const char *local_throttle;

/* Gives `c`, which stays the caller's memory, to a process of its version; it comes back through its `done`.  JN_LIMIT
 * with the reason in *why: too many run; JN_IO: the process could not be started; JN_NO_MEMORY. */
enum jn_status local_fleet_submit(struct local_fleet *f, struct local_call *c, local_throttle *why,
                                  struct jn_error *err);

/* Every call that was submitted is told about here once it is over, before its memory is freed. */
void local_fleet_leave(struct local_fleet *f, struct local_call *c);

/* What functions without a reservation have together. */
int local_fleet_unreserved(const struct local_fleet *f);

/* Cancels calls without an outcome and ends all processes; `done` is called when the last is gone, perhaps at once. */
typedef void local_fleet_stopped_fn(void *arg);
void local_fleet_stop(struct local_fleet *f, local_fleet_stopped_fn *done, void *arg);

#endif
