/* action.h - what a component fills in: its actions (and triggers), as const structs of functions.
 *
 * An action knows nothing of AMQP, of queues, of the platform's API.  It is opened once for a step, with the step's
 * configuration; then it is given tasks, one per message, as many at a time as the platform's prefetch allows.  For each
 * task it emits what it likes, and ends it, now or at any later time:
 *
 *     static void process(void *self, struct sailor_task *t)
 *     {
 *         const struct sailor_message *m = sailor_task_message(t);
 *         sailor_task_emit_data(t, &(struct sailor_message){ .body = m->body, .headers = JN_STR("{}") }, NULL, NULL);
 *         sailor_task_end(t);
 *     }
 *
 * Everything happens on one thread, that of the loop; nothing may block it.  examples/component is a whole component.
 * All texts are JSON unless it is said otherwise. */
#ifndef SAILOR_ACTION_H
#define SAILOR_ACTION_H

#include "base/log.h"
#include "base/loop.h"
#include "sailor/envelope.h"
#include "sailor/metrics.h"

/* The step that an action works for.  Everything lives as long as the action is open. */
struct sailor_step {
    struct base_loop *loop;
    const struct base_env *env;
    const struct base_clock *clock;
    struct base_random *random;
    const struct base_log *log;     /* lines that belong to no message */
    const char *function;           /* the action's key */
    jn_str config;                  /* an object: credentials and fields as filled in by the user */
    jn_str variables;               /* an object: the flow's variables */
};

/* The answer to something asked of an action; answered exactly once, at any time. */
struct sailor_reply;
void sailor_reply_value(struct sailor_reply *r, jn_str value);      /* {NULL, 0}: nothing */
void sailor_reply_failure(struct sailor_reply *r, const struct sailor_failure *f);
void sailor_reply_error(struct sailor_reply *r, const struct jn_error *err);    /* name = its code or "Error" */

/* Before the answer, in service mode (meta_model, select, verify): new values of the credentials, which are stored with
 * the platform before the answer is given to it.  JSON, copied; the last call counts. */
void sailor_reply_update_keys(struct sailor_reply *r, jn_str keys);

struct sailor_task;

struct sailor_select_model {
    const char *method;             /* the name that a field's `model` has in component.json */
    void (*select)(const struct sailor_step *step, struct sailor_reply *reply);
};

/* Function pointers may be NULL where it says "optional". */
struct sailor_action {
    const char *key;                /* in component.json */

    /* Reads and checks the configuration.  A failure ends the start of the step, and its sentence is what the user sees. */
    enum jn_status (*open)(const struct sailor_step *step, void **self, struct jn_error *err);
    void (*close)(void *self);      /* no task is open any more */

    void (*process)(void *self, struct sailor_task *task);

    /* Optional hooks of the platform: 2.5 and 2.6.  `startup` replies with the state to be stored. */
    void (*startup)(const struct sailor_step *step, struct sailor_reply *reply);
    void (*init)(const struct sailor_step *step, struct sailor_reply *reply);
    void (*shutdown)(const struct sailor_step *step, jn_str state, struct sailor_reply *reply);

    /* Optional: structure of input and output, {"in": schema, "out": schema}; select lists, ended by a zeroed one. */
    void (*meta_model)(const struct sailor_step *step, struct sailor_reply *reply);
    const struct sailor_select_model *select_models;

    sailor_metrics_more_fn *metrics;    /* optional; `arg` is self */
};

struct sailor_component {
    const char *name, *version;
    const struct sailor_action *const *actions;     /* ended by NULL */
    /* Optional: replies with {"verified": true}, or {"verified": false, "reason": "..."}. */
    void (*verify)(const struct sailor_step *step, struct sailor_reply *reply);
};

/* ---- tasks --------------------------------------------------------------------------------------------------- */

/* The message; valid until the task has ended. */
const struct sailor_message *sailor_task_message(const struct sailor_task *t);
jn_str sailor_task_snapshot(const struct sailor_task *t);   /* an object: of when processing began */
const struct base_log *sailor_task_log(const struct sailor_task *t);   /* lines with the message's ids */
struct jn_arena *sailor_task_arena(const struct sailor_task *t);       /* memory that ends with the task */

/* The AMQP header `name` of the message as text (plain, not JSON): "traceparent", "x-eio-meta-..."; {NULL, 0}: none. */
jn_str sailor_task_header(const struct sailor_task *t, const char *name);

/* An emission is complete: published and confirmed, or turned into an error.  `failed` tells of what the action itself
 * should know: a httpReply without a reply_to, a snapshot that could not be stored. */
typedef void sailor_emitted_fn(const struct jn_error *failed, void *arg);

/* Emits.  Texts are copied.  `done` may be NULL; it is never called inside the call.  Any number, also after an error,
 * until the task has ended; emissions of a task keep their order. */
void sailor_task_emit_data(struct sailor_task *t, const struct sailor_message *m, sailor_emitted_fn *done, void *arg);
void sailor_task_emit_error(struct sailor_task *t, const struct sailor_failure *f);
void sailor_task_emit_rebound(struct sailor_task *t, jn_str reason /* plain text */);
void sailor_task_emit_snapshot(struct sailor_task *t, jn_str value, sailor_emitted_fn *done, void *arg);
void sailor_task_emit_update_snapshot(struct sailor_task *t, jn_str object, sailor_emitted_fn *done, void *arg);
void sailor_task_emit_update_keys(struct sailor_task *t, jn_str keys, sailor_emitted_fn *done, void *arg);
void sailor_task_emit_http_reply(struct sailor_task *t, jn_str reply, sailor_emitted_fn *done, void *arg);

/* Says that nothing more will be emitted.  The message is acknowledged once everything emitted has been published;
 * rejected when an error was among it.  The task must not be used afterwards. */
void sailor_task_end(struct sailor_task *t);

/* Called when the task is to stop early: its processing deadline has passed, or the process has to end.  The error is
 * emitted and the task ended by the runtime; whatever the action still does for it is to be forgotten.  The task is dead
 * when `fn` returns: it is the last that is heard of it.  A task without such a function has no deadline. */
typedef void sailor_task_abort_fn(struct sailor_task *t, void *arg);
void sailor_task_on_abort(struct sailor_task *t, sailor_task_abort_fn *fn, void *arg);

#endif
