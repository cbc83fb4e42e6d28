/* flow_internal.h - what flow.c, emission.c and emit.c share: tasks and emissions.
 *
 * A task is a message in process.  An emission is one thing that it has emitted and that is not complete yet:
 *
 *     building -> throttled -> ready -> publishing -> complete
 *
 *   building    bodies go to the object storage, or come from there
 *   throttled   its turn in the rate limit has not come
 *   ready       those before it have not been published yet: a task's emissions leave in the order they were emitted
 *   publishing  the publisher has it
 *   complete    on the flow's list `complete`, until the next tick calls back
 *
 * One tick (a timer) serves all: throttles, processing deadlines, completions that happened inside a call. */
#ifndef SAILOR_FLOW_INTERNAL_H
#define SAILOR_FLOW_INTERNAL_H

#include "base/timer.h"
#include "sailor/bodies.h"
#include "sailor/flow.h"

enum sailor_emission_kind { SAILOR_DATA, SAILOR_ERROR, SAILOR_REBOUND, SAILOR_SNAPSHOT, SAILOR_HTTP_REPLY,
                            SAILOR_ERROR_REPLY, SAILOR_KEYS };

enum sailor_emission_state { SAILOR_BUILDING, SAILOR_THROTTLED, SAILOR_READY, SAILOR_PUBLISHING, SAILOR_COMPLETE };

struct sailor_emission {
    struct sailor_task *task;
    struct sailor_emission *next, *previous;        /* among the task's, in the order they were emitted; or idle */
    struct sailor_emission *next_due;               /* in the flow's list of throttled or of complete ones */
    enum sailor_emission_kind kind;
    enum sailor_emission_state state;
    struct jn_arena arena;                          /* headers */
    struct jn_buf payload;
    struct sailor_bodies bodies;
    struct sailor_message message;                  /* while building: copied */
    struct sailor_properties properties;
    jn_str routing_key;
    bool is_mandatory;
    int64_t attempts;                               /* 0: the publisher's */
    int64_t due_ms;
    struct sailor_publication *publication;
    struct jn_error failed;                         /* what `done` is told */
    sailor_emitted_fn *done;
    void *arg;
};

/* The life of a task: what it may become, and what holds meanwhile. */
#define SAILOR_TASK_STATES(X)                                                                                          \
    X(RECEIVED, TO(RESOLVING) | TO(RUNNING) | TO(DRAINING) | TO(SETTLED), "being decoded")                             \
    X(RESOLVING, TO(RUNNING) | TO(DRAINING), "bodies are on their way from the object storage")                        \
    X(RUNNING, TO(DRAINING), "the action owns it")                                                                     \
    X(DRAINING, TO(SETTLED), "the action is through with it; emissions are outstanding")                               \
    X(SETTLED, 0, "acked, rejected or returned; the end")

#define ENUM(name, to, what) SAILOR_TASK_##name,
enum sailor_task_state { SAILOR_TASK_STATES(ENUM) };
#undef ENUM

struct sailor_task {
    struct sailor_flow *flow;
    struct sailor_task *next, *previous;            /* in process, oldest first; or idle */
    enum sailor_task_state state;
    struct sailor_delivery *delivery;
    struct sailor_incoming_message in;
    struct sailor_bodies bodies;                    /* of the object storage */
    jn_value base_headers;
    jn_str snapshot;
    struct sailor_log_ids ids, component_ids;
    struct sailor_log log, component_log;
    int64_t started_us, deadline_ms;
    struct sailor_emission *first, *last;           /* not complete */
    unsigned errors;                                /* error events: one is enough for a reject */
    bool is_rebounded;
    bool is_aborted;                                /* the action has been told to forget it */
    bool is_out_of_memory;                          /* goes back to the queue */
    sailor_emitted_fn *refused;                     /* waits for an emission that there was no memory for */
    void *refused_arg;
    sailor_task_abort_fn *abort;
    void *abort_arg;
};

struct sailor_flow {
    struct sailor_flow_options opt;
    struct base_loop *loop;
    struct sailor_log log;
    struct sailor_task *first, *last;               /* in process */
    struct sailor_task *idle;
    struct sailor_emission *idle_emissions;
    size_t in_process, idle_count, idle_emission_count;
    struct sailor_throttle data, error, snapshots;
    struct sailor_emission *throttled;              /* by due_ms */
    struct sailor_emission *complete, **last_complete;
    struct base_timer *tick;
    int64_t tick_ms;
    struct jn_buf snapshot;                         /* the present one: an object's text, or any value's */
    struct jn_buf text, passthrough;                /* JSON on its way to be encrypted */
    bool has_out_of_memory;                         /* a task is to be aborted for want of memory */
    bool is_freeing;
};

/* ---- flow.c -------------------------------------------------------------------------------------------------- */

void sailor_flow_tick_by(struct sailor_flow *f, int64_t due_ms);

/* Settles the task when nothing is left to be done for it. */
void sailor_task_settle_if_done(struct sailor_task *t);

/* Memory ran out where nothing else helps: the action is told to forget the task, and the message goes back to the queue. */
void sailor_task_out_of_memory(struct sailor_task *t);

/* The same where there is no memory for an emission either: an action that cannot be told to stop hears of it by `done`,
 * at the next tick.  One that waits for several at a time hears of one. */
void sailor_task_refuse(struct sailor_task *t, sailor_emitted_fn *done, void *arg);

/* One of the flow's buffers, empty; what it failed of is forgotten. */
struct jn_buf *sailor_flow_fresh(struct jn_buf *b);

int64_t sailor_flow_wall_ms(const struct sailor_flow *f);

/* ---- emission.c ---------------------------------------------------------------------------------------------- */

/* A new emission at the end of the task's; NULL without memory, which has been dealt with. */
struct sailor_emission *sailor_emission_new(struct sailor_task *t, enum sailor_emission_kind kind,
                                            sailor_emitted_fn *done, void *arg);

/* It has been built: `throttle` (may be NULL) gives it its turn, then it is published. */
void sailor_emission_release(struct sailor_emission *e, struct sailor_throttle *throttle);

/* Completes it at the next tick; `failed` may be NULL. */
void sailor_emission_complete(struct sailor_emission *e, const struct jn_error *failed);

/* What the tick does for emissions. */
void sailor_emissions_tick(struct sailor_flow *f, int64_t now_ms);

/* Drops a task's emissions without callbacks. */
void sailor_emissions_drop(struct sailor_task *t);

/* ---- emit.c -------------------------------------------------------------------------------------------------- */

/* An error event; `done` may be NULL. */
void sailor_emit_failure(struct sailor_task *t, const struct sailor_failure *f, sailor_emitted_fn *done, void *arg);

/* Turns an emission that failed into an error event with its sentence, which completes for it.  `e` is gone. */
void sailor_emission_become_error(struct sailor_emission *e, const struct jn_error *why);

#endif
