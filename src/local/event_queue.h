/* event_queue.h - which event runs next: for each function those that wait, by the time at which they are due, and how
 * many of them are running.  Only numbers are kept; the events themselves are in the store.  The numbers here are those that
 * hold: the store has them for the next start, unless its disk is full. */
#ifndef LOCAL_EVENT_QUEUE_H
#define LOCAL_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/str.h"

struct local_event_queue;

/* What is known of an event that waits. */
struct local_event_turn {
    int64_t id;
    int64_t due_ms;                 /* wall time at which it is to run, next */
    int failures;                   /* how often the function failed */
    int delays;                     /* how often in a row it could not run at all */
    int invocations;                /* how often it ran */
};

/* The events of one function. */
struct local_event_line;

/* How many events of a function may run at once; asked whenever it matters. */
typedef unsigned local_event_limit_fn(const char *function, void *arg);

/* NULL without memory. */
struct local_event_queue *local_event_queue_new(local_event_limit_fn *limit, void *arg);
void local_event_queue_free(struct local_event_queue *q);       /* NULL is fine */

/* Adds an event that waits.  False without memory: nothing has changed. */
bool local_event_queue_add(struct local_event_queue *q, jn_str function, const struct local_event_turn *turn);

/* Takes the one that is due at `now_ms`, longest first, of those whose function may have one more running.  It counts as
 * running until local_event_queue_done() is called with the line that is put into *line.  False: there is none. */
bool local_event_queue_take(struct local_event_queue *q, int64_t now_ms, struct local_event_turn *turn,
                            struct local_event_line **line);

/* It runs no more: for good, or to wait again, which never fails, since it has its place still. */
void local_event_queue_done(struct local_event_line *line);
void local_event_queue_again(struct local_event_line *line, const struct local_event_turn *turn);

/* When there will be something to take, if nothing else happens; INT64_MAX: never. */
int64_t local_event_queue_due_ms(const struct local_event_queue *q);

#endif
