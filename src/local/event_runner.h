/* event_runner.h - events, from the 202 to their end: kept, run, tried again, handed on ("Asynchronous invocation" in the
 * AWS Lambda Developer Guide).
 *
 * An event is kept on the disk until it has been dealt with, so it runs at least once: when `local` is killed while a
 * function works on it, it runs again. */
#ifndef LOCAL_EVENT_RUNNER_H
#define LOCAL_EVENT_RUNNER_H

#include "local/event_store.h"
#include "local/fleet.h"

struct local_events;

/* Opens the events that an earlier `local` left behind, which then run.  JN_IO: as local_event_store_open(). */
enum jn_status local_events_new(const struct local_site *site, struct local_registry *r, struct local_fleet *f,
                                struct local_events **out, struct jn_error *err);

/* Those not dealt with stay on the disk.  The fleet has no call of ours any more. */
void local_events_free(struct local_events *e);

/* Keeps an event, of which request_id, function, qualifier, arn, trace_id and payload are filled in; it is on the disk
 * when this returns, and runs soon. */
enum jn_status local_events_accept(struct local_events *e, const struct local_event *event, struct jn_error *err);

/* No more events are run from now on.  Those that run come to their end through the fleet. */
void local_events_stop(struct local_events *e);

#endif
