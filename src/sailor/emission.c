/* emission.c - emissions on their way out: turns in the rate limits, order within a task, publishing, completion.
 * What is in them, emit.c knows. */
#include <stdlib.h>

#include "sailor/flow_internal.h"

enum {
    MAX_IDLE = 128,                     /* complete emissions that are kept */
    KEPT_PAYLOAD = 64 * 1024,           /* larger buffers are not kept */
};

/* ---- emissions that are kept --------------------------------------------------------------------------------- */

static void append(struct sailor_emission *e)
{
    struct sailor_task *t = e->task;
    e->next = NULL;
    e->previous = t->last;
    *(t->last ? &t->last->next : &t->first) = e;
    t->last = e;
}

static void detach(struct sailor_emission *e)
{
    struct sailor_task *t = e->task;
    *(e->previous ? &e->previous->next : &t->first) = e->next;
    *(e->next ? &e->next->previous : &t->last) = e->previous;
}

static struct sailor_emission *take_idle(struct sailor_flow *f)
{
    struct sailor_emission *e = f->idle_emissions;
    if (e) {
        f->idle_emissions = e->next;
        f->idle_emission_count--;
        return e;
    }
    e = calloc(1, sizeof *e);
    if (e) {
        jn_arena_init(&e->arena, 0);
        jn_buf_init(&e->payload, 0);
    }
    return e;
}

static void free_emission(struct sailor_emission *e)
{
    jn_arena_clear(&e->arena);
    jn_buf_clear(&e->payload);
    free(e);
}

/* Of one that is not among its task's any more. */
static void put_away(struct sailor_emission *e)
{
    struct sailor_flow *f = e->task->flow;
    sailor_bodies_clear(&e->bodies);
    if (f->idle_emission_count == MAX_IDLE || f->is_freeing) {
        free_emission(e);
        return;
    }
    if (e->payload.failed || e->payload.cap > KEPT_PAYLOAD)
        jn_buf_clear(&e->payload);
    else
        jn_buf_truncate(&e->payload, 0);
    jn_arena_reset(&e->arena);
    e->next = f->idle_emissions;
    f->idle_emissions = e;
    f->idle_emission_count++;
}

static void give_back(struct sailor_emission *e)
{
    detach(e);
    put_away(e);
}

struct sailor_emission *sailor_emission_new(struct sailor_task *t, enum sailor_emission_kind kind,
                                            sailor_emitted_fn *done, void *arg)
{
    struct sailor_emission *e = take_idle(t->flow);
    if (!e) {
        sailor_task_refuse(t, done, arg);
        return NULL;
    }
    const struct jn_arena arena = e->arena;
    const struct jn_buf payload = e->payload;
    *e = (struct sailor_emission){ .task = t, .kind = kind, .arena = arena, .payload = payload, .done = done,
                                   .arg = arg, .is_mandatory = true };
    sailor_bodies_init(&e->bodies, &e->arena);
    append(e);
    return e;
}

/* ---- completion ---------------------------------------------------------------------------------------------- */

/* Ends it: the action hears of it, the task goes on.  Not inside a call of the action's. */
static void finish(struct sailor_emission *e, const struct jn_error *failed)
{
    struct sailor_task *t = e->task;
    if (e->done && !t->is_aborted)
        e->done(failed, e->arg);
    give_back(e);
    sailor_task_settle_if_done(t);
}

static void pump(struct sailor_task *t);

void sailor_emission_complete(struct sailor_emission *e, const struct jn_error *failed)
{
    struct sailor_flow *f = e->task->flow;
    e->state = SAILOR_COMPLETE;
    if (failed)
        e->failed = *failed;
    e->next_due = NULL;
    *f->last_complete = e;
    f->last_complete = &e->next_due;
    sailor_flow_tick_by(f, 0);
    pump(e->task);
}

static void finish_complete(struct sailor_flow *f)
{
    struct sailor_emission *e = f->complete;
    f->complete = NULL;
    f->last_complete = &f->complete;
    for (struct sailor_emission *next; e; e = next) {
        next = e->next_due;
        finish(e, e->failed.status ? &e->failed : NULL);
    }
}

void sailor_emission_become_error(struct sailor_emission *e, const struct jn_error *why)
{
    struct sailor_task *t = e->task;
    const struct jn_error kept = *why;              // it may be the emission's own
    const struct sailor_failure failure = { .message = jn_str_of(kept.message) };
    sailor_emit_failure(t, &failure, e->done, e->arg);
    give_back(e);
    pump(t);
}

/* ---- publishing ---------------------------------------------------------------------------------------------- */

static void log_failure(struct sailor_emission *e, const struct jn_error *why)
{
    sailor_log_error(&e->task->log, BASE_ERROR, why, JN_STR("Error"), (jn_str){ NULL, 0 }, why->message);
}

/* An error cannot become an error.  Its attempts have no end, so that this is an error which the broker's protocol cannot
 * carry: the log has it, and the message is rejected as it would have been. */
static void fail(struct sailor_emission *e, const struct jn_error *why)
{
    log_failure(e, why);
    if (e->kind == SAILOR_DATA || e->kind == SAILOR_REBOUND ||
        (!e->done && (e->kind == SAILOR_SNAPSHOT || e->kind == SAILOR_HTTP_REPLY)))
        sailor_emission_become_error(e, why);
    else
        sailor_emission_complete(e, why);
}

static void count(const struct sailor_emission *e)
{
    static const signed char counter[] = { [SAILOR_DATA] = 0, [SAILOR_ERROR] = 1, [SAILOR_REBOUND] = 2,
                                           [SAILOR_SNAPSHOT] = 3, [SAILOR_HTTP_REPLY] = 4, [SAILOR_ERROR_REPLY] = -1,
                                           [SAILOR_KEYS] = -1 };
    if (counter[e->kind] >= 0)
        e->task->flow->opt.metrics->emitted[(int)counter[e->kind]]++;
}

static void on_published(const struct jn_error *failed, void *arg)
{
    struct sailor_emission *e = arg;
    e->publication = NULL;
    if (failed) {
        fail(e, failed);
        return;
    }
    count(e);
    if (e->kind == SAILOR_REBOUND)
        e->task->is_rebounded = true;
    finish(e, NULL);
}

static void publish(struct sailor_emission *e)
{
    struct jn_error why = { .status = JN_OK };
    const struct sailor_publish what = {
        .routing_key = e->routing_key, .mandatory = e->is_mandatory, .properties = &e->properties,
        .body = jn_buf_str(&e->payload), .attempts = e->attempts,
    };
    e->state = SAILOR_PUBLISHING;
    if (sailor_publisher_publish(e->task->flow->opt.publisher, &what, on_published, e, &e->publication, &why)) {
        e->publication = NULL;
        sailor_task_out_of_memory(e->task);
        sailor_emission_complete(e, &why);
    }
}

/* Publishes what is ready, as long as nothing before it is still to come. */
static void pump(struct sailor_task *t)
{
    for (struct sailor_emission *e = t->first; e && e->state >= SAILOR_READY; e = e->next)
        if (e->state == SAILOR_READY)
            publish(e);
}

/* ---- turns --------------------------------------------------------------------------------------------------- */

static void wait_until(struct sailor_emission *e, int64_t due_ms)
{
    struct sailor_flow *f = e->task->flow;
    struct sailor_emission **at = &f->throttled;
    while (*at && (*at)->due_ms <= due_ms)
        at = &(*at)->next_due;
    e->state = SAILOR_THROTTLED;
    e->due_ms = due_ms;
    e->next_due = *at;
    *at = e;
    f->opt.metrics->throttle_waits++;
    sailor_flow_tick_by(f, due_ms);
}

void sailor_emission_release(struct sailor_emission *e, struct sailor_throttle *throttle)
{
    const int64_t now = base_loop_now_ms(e->task->flow->loop);
    const int64_t due = throttle ? sailor_throttle_take(throttle, now) : now;
    e->state = SAILOR_READY;
    if (due > now)
        wait_until(e, due);
    else
        pump(e->task);
}

static void release_due(struct sailor_flow *f, int64_t now)
{
    for (struct sailor_emission *e; (e = f->throttled) != NULL && e->due_ms <= now;) {
        f->throttled = e->next_due;
        e->state = SAILOR_READY;
        pump(e->task);
    }
    if (f->throttled)
        sailor_flow_tick_by(f, f->throttled->due_ms);
}

void sailor_emissions_tick(struct sailor_flow *f, int64_t now_ms)
{
    release_due(f, now_ms);
    finish_complete(f);
}

void sailor_emissions_drop(struct sailor_task *t)
{
    struct sailor_emission *e = t->first;
    t->first = t->last = NULL;
    for (struct sailor_emission *next; e; e = next) {
        next = e->next;
        if (e->publication)
            sailor_publication_cancel(e->publication);
        put_away(e);
    }
}
