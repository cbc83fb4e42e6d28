/* instance_internal.h - what the files of a process's life share: instance.c (what happens to it), instance_start.c (how
 * it is started), instance_stream.c (a response in pieces) and instance_outcome.c (what becomes of its call).  Nobody
 * else includes it. */
#ifndef LOCAL_INSTANCE_INTERNAL_H
#define LOCAL_INSTANCE_INTERNAL_H

#include "base/process.h"
#include "base/timer.h"
#include "local/instance.h"
#include "local/function.h"
#include "local/runtime_api.h"

#define TO(state) (1u << STATE_##state)

#define LOCAL_INSTANCE_STATES(X) /* may become                                    what holds meanwhile */              \
    X(starting,   TO(restarting) | TO(idle) | TO(busy) | TO(stopping) | TO(dead), "init, until the first `next`")      \
    X(restarting, TO(starting) | TO(stopping) | TO(dead),                         "init failed once, process ending")  \
    X(idle,       TO(busy) | TO(answered) | TO(stopping) | TO(dead),              "waits for an event, idle deadline") \
    X(busy,       TO(answered) | TO(stopping) | TO(dead),                         "has an event, its deadline is set") \
    X(answered,   TO(idle) | TO(stopping) | TO(dead),                             "outcome known, no `next` yet")      \
    X(stopping,   TO(dead),                                                       "signalled, SIGKILL follows")        \
    X(dead,       0,                                                              "the end")

enum local_instance_state {
#define X(name, next, meaning) STATE_##name,
    LOCAL_INSTANCE_STATES(X)
#undef X
};

struct local_instance {
    const struct local_site *site;
    struct local_version *version;      /* its pool holds it */
    const struct local_instance_events *events;
    void *arg;

    enum local_instance_state state;
    struct local_runtime_api *api;
    struct base_process *process;       /* NULL between two starts and after the end */
    struct base_timer *deadline;        /* of the state */
    struct base_timer *grace;           /* of an answer that is held back */

    struct local_call *call;
    bool has_streamed;                  /* it began to stream a response to the call, and may not respond anew */
    bool is_streaming;                  /* and has not come to its end */
    char last_id[37];                   /* of the call before: tells a second response from a wrong id */
    unsigned starts;                    /* of processes: 1, or 2 after a failed init */
    int64_t start_us;                   /* of the last one */
    enum local_failure init_failure;    /* of the last start; its details follow */
    char init_error_type[64];
    int64_t init_failed_us;
};

/* Moves on, which must be a way the table has, and stops the deadline of the state before. */
void local_instance_step(struct local_instance *i, enum local_instance_state to);

/* Waits for an event from here on. */
void local_instance_be_idle(struct local_instance *i);

int64_t local_instance_now_us(const struct local_instance *i);
int64_t local_instance_timeout_us(const struct local_instance *i);

/* ---- instance_start.c ----------------------------------------------------------------------------------------- */

/* Starts a process; the deadline is that of the init phase, or of the call when the first start has failed. */
enum jn_status local_instance_launch(struct local_instance *i, base_process_line_fn *on_line,
                                     base_process_end_fn *on_end, struct jn_error *err);

/* The call's time runs from now on. */
void local_instance_start_clock(struct local_instance *i);

/* Of the last start, for the log; and whether there is another chance. */
void local_instance_note_init_failure(struct local_instance *i, enum local_failure f, jn_str error_type);
bool local_instance_may_start_again(const struct local_instance *i);

/* INIT_REPORT of a start that failed in `phase`.  And what follows when the second has failed, too, and the call's
 * outcome is known: its log gets the START that it never had. */
void local_instance_put_init_report(struct local_instance *i, const char *phase);
void local_instance_close_failed_start(struct local_instance *i);

/* ---- instance_stream.c ---------------------------------------------------------------------------------------- */

/* The call is at the process, which has not begun to respond; forgets what was streamed to the call before. */
void local_instance_reset_stream(struct local_instance *i);

/* Of struct local_runtime_events; `arg` is the instance. */
bool local_instance_on_stream(jn_str id, void *arg);
bool local_instance_on_piece(jn_str piece, void *arg);
enum local_verdict local_instance_on_stream_end(jn_str error, void *arg);
void local_instance_on_stream_broken(void *arg);

/* ---- instance_outcome.c --------------------------------------------------------------------------------------- */

/* Decides what the caller gets: a failure of the platform, the timeout among them, or how long it took. */
void local_instance_fail(struct local_instance *i, enum local_failure f, jn_str detail);
void local_instance_time_out(struct local_instance *i);
void local_instance_set_duration(struct local_instance *i, struct local_call *c);
void local_instance_note_memory(struct local_call *c, int64_t bytes);

/* The process has posted its result, which the call holds: its outcome is known. */
void local_instance_conclude(struct local_instance *i);

/* The response has more bytes than it may have. */
void local_instance_fail_oversized(struct local_instance *i, size_t limit);

/* The call has its outcome and its log: both go to whoever waits.  Or first what is in the process's output, and then. */
void local_instance_finish(struct local_instance *i);
void local_instance_collect(struct local_instance *i);
void local_instance_on_grace(struct base_timer *t, void *arg);

/* There will be no outcome. */
void local_instance_cancel(struct local_instance *i);

#endif
