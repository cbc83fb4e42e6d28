/* event_store.h - events that wait, on the disk: <state>/events.db.  What is in it when a function returns is there after
 * a power cut, too. */
#ifndef LOCAL_EVENT_STORE_H
#define LOCAL_EVENT_STORE_H

#include "core/arena.h"
#include "core/status.h"
#include "local/event_queue.h"

/* One accepted event.  Texts are borrowed. */
struct local_event {
    struct local_event_turn turn;   /* its id is the store's, and rises */
    jn_str request_id;
    jn_str function;                /* its bare name */
    jn_str qualifier;               /* "": none was given */
    jn_str arn;                     /* as the caller addressed the function */
    jn_str trace_id;
    jn_str payload;
    int64_t accepted_ms;            /* wall time */
};

struct local_event_store;

/* Opens `path`; makes it and the folders above it when it `creates`.  JN_NOT_FOUND: there is none; JN_IO with a
 * sentence: SQLite is not installed, another process has it open, or SQLite's own reason. */
enum jn_status local_event_store_open(const char *path, bool creates, struct local_event_store **out,
                                      struct jn_error *err);
void local_event_store_close(struct local_event_store *s);      /* NULL is fine */

/* Keeps an event, and sets its id. */
enum jn_status local_event_store_add(struct local_event_store *s, struct local_event *e, struct jn_error *err);

/* Reads it back, texts in `a`.  JN_NOT_FOUND: it is not there. */
enum jn_status local_event_store_load(struct local_event_store *s, int64_t id, struct jn_arena *a,
                                      struct local_event *out, struct jn_error *err);

/* Keeps its turn. */
enum jn_status local_event_store_update(struct local_event_store *s, const struct local_event *e, struct jn_error *err);

/* Forgets an event and keeps the one that follows from it, as one change.  `next` may be NULL. */
enum jn_status local_event_store_finish(struct local_event_store *s, int64_t id, struct local_event *next,
                                        struct jn_error *err);

/* Calls `fn` for all of them, the oldest first, with turn, request_id and function.  False from `fn`: no more of them, JN_NO_MEMORY. */
typedef bool local_event_fn(const struct local_event *e, void *arg);
enum jn_status local_event_store_list(struct local_event_store *s, local_event_fn *fn, void *arg, struct jn_error *err);

#endif
