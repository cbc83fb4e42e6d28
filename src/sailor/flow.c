/* flow.c - the life of a message: decoded, completed from the object storage, given to the action, drained, settled.
 *
 * The end (platform-protocol.md, 3.12): acked unless an error event was among what was emitted, then rejected; and not
 * before everything emitted is confirmed.  Where the reference leaves a delivery unacked for good because even its error
 * cannot be published, here the error is tried again without end: nothing is lost, the message is in process as long as
 * the exchange is missing, and goes back to the queue with the process.  Only when memory runs out is a message returned
 * to the queue while the process lives.
 *
 * Tasks are kept and used again, so that in steady state none is taken from the system. */
#include "sailor/flow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/value.h"
#include "sailor/flow_internal.h"

enum { MAX_IDLE = 256, KEPT_TEXT = 64 * 1024 };

static const jn_str object_id_name = JN_STR_INIT("x-ipaas-object-storage-id");

/* ---- the tick ------------------------------------------------------------------------------------------------ */

void sailor_flow_tick_by(struct sailor_flow *f, int64_t due_ms)
{
    if (base_timer_is_running(f->tick) && f->tick_ms <= due_ms)
        return;
    const int64_t now = base_loop_now_ms(f->loop);
    f->tick_ms = due_ms;
    base_timer_start(f->tick, due_ms > now ? due_ms - now : 0);
}

struct jn_buf *sailor_flow_fresh(struct jn_buf *b)
{
    if (b->failed || b->cap > KEPT_TEXT)
        jn_buf_clear(b);
    jn_buf_truncate(b, 0);
    return b;
}

int64_t sailor_flow_wall_ms(const struct sailor_flow *f)
{
    return f->opt.step->clock->wall_ms(f->opt.step->clock);
}

static int64_t now_us(const struct sailor_flow *f)
{
    return f->opt.step->clock->monotonic_us(f->opt.step->clock);
}

/* ---- tasks --------------------------------------------------------------------------------------------------- */

#define NAME(name, to, what) #name,
static const char *const state_names[] = { SAILOR_TASK_STATES(NAME) };
#undef NAME
#define TO(name) (1u << SAILOR_TASK_##name)
#define MAY(name, to, what) to,
static const unsigned may_become[] = { SAILOR_TASK_STATES(MAY) };
#undef MAY
#undef TO

static void enter(struct sailor_task *t, enum sailor_task_state state)
{
    assert(may_become[t->state] & (1u << state));
    base_trace(t->flow->opt.step->log, BASE_TRACE_STATE, "message %.*s: %s -> %s", JN_ARG(t->in.message_id),
               state_names[t->state], state_names[state]);
    t->state = state;
}

static struct sailor_task *take_idle(struct sailor_flow *f)
{
    struct sailor_task *t = f->idle;
    if (!t)
        return malloc(sizeof *t);
    f->idle = t->next;
    f->idle_count--;
    return t;
}

static struct sailor_task *new_task(struct sailor_flow *f, struct sailor_delivery *d)
{
    struct sailor_task *t = take_idle(f);
    if (!t)
        return NULL;
    *t = (struct sailor_task){ .flow = f, .delivery = d, .previous = f->last, .started_us = now_us(f) };
    *(f->last ? &f->last->next : &f->first) = t;
    f->last = t;
    f->in_process++;
    f->opt.metrics->in_flight++;
    sailor_bodies_init(&t->bodies, d->arena);
    d->owner = t;
    return t;
}

/* Of one that is not in process any more. */
static void put_away(struct sailor_task *t)
{
    struct sailor_flow *f = t->flow;
    sailor_bodies_clear(&t->bodies);
    f->in_process--;
    f->opt.metrics->in_flight--;
    if (f->idle_count == MAX_IDLE) {
        free(t);
        return;
    }
    t->next = f->idle;
    f->idle = t;
    f->idle_count++;
}

static void give_back(struct sailor_task *t)
{
    struct sailor_flow *f = t->flow;
    *(t->previous ? &t->previous->next : &f->first) = t->next;
    *(t->next ? &t->next->previous : &f->last) = t->previous;
    put_away(t);
}

static void fill_ids(struct sailor_task *t)
{
    const struct sailor_delivery *d = t->delivery;
    t->component_ids = (struct sailor_log_ids){
        .thread_id = t->in.thread_id, .message_id = t->in.message_id, .parent_message_id = t->in.parent_message_id,
    };
    t->ids = t->component_ids;
    t->ids.of_delivery = true;
    t->ids.consumer_tag = d->consumer_tag;
    t->ids.exchange = d->exchange;
    t->ids.routing_key = d->routing_key;
    t->ids.delivery_tag = d->tag;
    t->ids.redelivered = d->redelivered;
    t->log = sailor_log_of(t->flow->opt.log_origin, "sailor", &t->ids);
    t->component_log = sailor_log_of(t->flow->opt.log_origin, "component", &t->component_ids);
}

/* ---- settling ------------------------------------------------------------------------------------------------ */

static void settle(struct sailor_task *t, enum sailor_verdict verdict)
{
    struct sailor_flow *f = t->flow;
    enter(t, SAILOR_TASK_SETTLED);
    sailor_histogram_add(&f->opt.metrics->processing, now_us(f) - t->started_us);
    struct sailor_delivery *d = t->delivery;
    give_back(t);
    sailor_delivery_settle(d, verdict);
    if (f->in_process == 0 && f->opt.on_idle)
        f->opt.on_idle(f->opt.arg);
}

void sailor_task_settle_if_done(struct sailor_task *t)
{
    struct sailor_metrics *m = t->flow->opt.metrics;
    if (t->state != SAILOR_TASK_DRAINING || t->first)
        return;
    if (t->is_out_of_memory) {
        settle(t, SAILOR_REQUEUE);
        return;
    }
    m->messages[t->errors ? SAILOR_FAILED : t->is_rebounded ? SAILOR_REBOUNDED : SAILOR_DONE]++;
    base_log(&t->log.base, BASE_DEBUG, NULL, "%s after %lld ms", t->errors ? "rejected" : "acked",
             (long long)((now_us(t->flow) - t->started_us) / 1000));
    settle(t, t->errors ? SAILOR_REJECT : SAILOR_ACK);
}

static void drain(struct sailor_task *t)
{
    enter(t, SAILOR_TASK_DRAINING);
    sailor_task_settle_if_done(t);
}

void sailor_task_end(struct sailor_task *t)
{
    if (t->state == SAILOR_TASK_RUNNING)
        drain(t);
}

/* ---- stopping early ------------------------------------------------------------------------------------------ */

void sailor_task_on_abort(struct sailor_task *t, sailor_task_abort_fn *fn, void *arg)
{
    t->abort = fn;
    t->abort_arg = arg;
}

static void tell_abort(struct sailor_task *t)
{
    t->is_aborted = true;
    if (t->abort)
        t->abort(t, t->abort_arg);
    t->abort = NULL;
}

void sailor_task_out_of_memory(struct sailor_task *t)
{
    t->is_out_of_memory = true;
    t->flow->has_out_of_memory = true;
    sailor_flow_tick_by(t->flow, 0);
}

void sailor_task_refuse(struct sailor_task *t, sailor_emitted_fn *done, void *arg)
{
    sailor_task_out_of_memory(t);
    if (!t->refused) {
        t->refused = done;
        t->refused_arg = arg;
    }
}

static void fail_late(struct sailor_task *t)
{
    char message[120];
    snprintf(message, sizeof message, "Processing took longer than %lld ms (ELASTICIO_PROCESSING_TIMEOUT)",
             (long long)t->flow->opt.settings->processing_timeout_ms);
    base_log(&t->log.base, BASE_ERROR, NULL, "%s", message);
    tell_abort(t);
    const struct sailor_failure failure = { .name = JN_STR("TimeoutError"), .message = jn_str_of(message) };
    sailor_emit_failure(t, &failure, NULL, NULL);
    drain(t);
}

static void stop_late(struct sailor_flow *f, int64_t now)
{
    for (struct sailor_task *t = f->first, *next; t; t = next) {
        next = t->next;
        if (t->state != SAILOR_TASK_RUNNING || t->deadline_ms == 0 || !t->abort)
            continue;
        if (t->deadline_ms <= now)
            fail_late(t);
        else
            sailor_flow_tick_by(f, t->deadline_ms);
    }
}

static void tell_refused(struct sailor_task *t)
{
    const struct jn_error no_memory = { .status = JN_NO_MEMORY, .message = "no memory for a message" };
    sailor_emitted_fn *fn = t->refused;
    t->refused = NULL;
    if (fn)
        fn(&no_memory, t->refused_arg);
}

static void return_unfit(struct sailor_flow *f)
{
    f->has_out_of_memory = false;
    for (struct sailor_task *t = f->first, *next; t; t = next) {
        next = t->next;
        if (!t->is_out_of_memory || t->state != SAILOR_TASK_RUNNING)
            continue;
        if (!t->abort) {
            tell_refused(t);
            continue;
        }
        base_log(&t->log.base, BASE_ERROR, NULL, "no memory for this message: it goes back to the queue");
        tell_abort(t);
        drain(t);
    }
}

static void on_tick(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_flow *f = arg;
    const int64_t now = base_loop_now_ms(f->loop);
    if (f->opt.settings->processing_timeout_ms > 0)
        stop_late(f, now);
    if (f->has_out_of_memory)
        return_unfit(f);
    sailor_emissions_tick(f, now);
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static void run(struct sailor_task *t)
{
    struct sailor_flow *f = t->flow;
    const int64_t timeout = f->opt.settings->processing_timeout_ms;
    enter(t, SAILOR_TASK_RUNNING);
    if (timeout > 0) {
        t->deadline_ms = base_loop_now_ms(f->loop) + timeout;
        sailor_flow_tick_by(f, t->deadline_ms);
    }
    f->opt.action->process(f->opt.self, t);
}

/* ---- bodies from the object storage -------------------------------------------------------------------------- */

static void fail_unresolved(struct sailor_task *t)
{
    char message[200];
    snprintf(message, sizeof message, "Failed to get message body with id=%.*s", JN_ARG(t->bodies.failed_id));
    sailor_log_error(&t->log, BASE_ERROR, &t->bodies.why, JN_STR("Error"), (jn_str){ NULL, 0 }, message);
    const struct sailor_failure failure = { .message = jn_str_of(message) };
    sailor_emit_failure(t, &failure, NULL, NULL);
    drain(t);
}

static bool is_fetching_passthrough(const struct sailor_task *t)
{
    for (const struct sailor_body *x = t->bodies.first; x; x = x->next)
        if (x->key.data && x->task == SAILOR_BODY_FETCH)
            return true;
    return false;
}

static void replace_bodies(struct sailor_task *t)
{
    for (const struct sailor_body *x = t->bodies.first; x; x = x->next)
        if (!x->key.data)
            t->in.message.body = x->message.body;
    if (!is_fetching_passthrough(t))
        return;
    struct jn_buf *text = sailor_flow_fresh(&t->flow->text);
    sailor_bodies_write_passthrough(&t->bodies, text);
    t->in.message.passthrough = jn_arena_copy(t->delivery->arena, jn_buf_str(text));
    if (text->failed || !t->in.message.passthrough.data)
        t->is_out_of_memory = true;
}

static void on_resolved(void *arg)
{
    struct sailor_task *t = arg;
    if (!t->bodies.has_failed)
        replace_bodies(t);
    if (t->is_out_of_memory)
        drain(t);
    else if (t->bodies.has_failed)
        fail_unresolved(t);
    else
        run(t);
}

/* Marks what is to be fetched; false when nothing is. */
static bool mark_references(struct sailor_task *t)
{
    bool has_any = false;
    for (struct sailor_body *x = t->bodies.first; x; x = x->next) {
        x->task = x->object_id.data && !x->raw.data ? SAILOR_BODY_FETCH : SAILOR_BODY_STAYS;
        has_any |= x->task == SAILOR_BODY_FETCH;
    }
    return has_any;
}

/* Looking for the header's name in the text first spares nearly all messages being taken apart. */
static bool may_refer(jn_str text)
{
    return text.data && jn_str_find(text, object_id_name, 0) != SIZE_MAX;
}

static void resolve(struct sailor_task *t)
{
    struct sailor_message *m = &t->in.message;
    if (t->flow->opt.auto_resolve && may_refer(m->headers))
        sailor_bodies_add(&t->bodies, (jn_str){ NULL, 0 }, m);
    if (t->flow->opt.auto_resolve && may_refer(m->passthrough))
        sailor_bodies_add_passthrough(&t->bodies, m->passthrough);
    if (!mark_references(t)) {
        run(t);
        return;
    }
    enter(t, SAILOR_TASK_RESOLVING);
    if (!sailor_bodies_run(&t->bodies, t->flow->opt.storage, on_resolved, t))
        on_resolved(t);
}

/* ---- taking -------------------------------------------------------------------------------------------------- */

/* 3.4: what cannot be read is rejected at once, without an error message. */
static void refuse(struct sailor_task *t, const struct jn_error *why)
{
    if (why->status == JN_NO_MEMORY) {
        base_log(&t->log.base, BASE_ERROR, NULL, "%s: the message goes back to the queue", why->message);
        settle(t, SAILOR_REQUEUE);
        return;
    }
    sailor_log_error(&t->log, BASE_ERROR, why, JN_STR("Error"), (jn_str){ NULL, 0 },
                     "the message cannot be read and is rejected");
    t->flow->opt.metrics->messages[SAILOR_UNDECODABLE]++;
    settle(t, SAILOR_REJECT);
}

static enum jn_status open_envelope(struct sailor_task *t, struct jn_error *err)
{
    const struct sailor_flow_options *o = &t->flow->opt;
    struct sailor_delivery *d = t->delivery;
    const bool is_error_input = jn_str_eq(jn_str_of(o->settings->input_format), JN_STR("error"));
    const enum jn_status s = sailor_envelope_open(d->arena, o->cipher, is_error_input, &d->properties, &d->body,
                                                  o->step->random, &t->in, err);
    fill_ids(t);
    if (s)
        return s;
    t->base_headers = sailor_envelope_base_headers(d->arena, o->identity, &t->in, sailor_flow_wall_ms(t->flow),
                                                   o->step->random);
    t->snapshot = jn_arena_copy(d->arena, jn_buf_str(&t->flow->snapshot));
    if (jn_is_undefined(t->base_headers) || !t->snapshot.data)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a message");
    return JN_OK;
}

void sailor_flow_take(struct sailor_flow *f, struct sailor_delivery *d)
{
    struct sailor_task *t = new_task(f, d);
    struct jn_error why = { .status = JN_OK };
    if (!t)
        sailor_delivery_settle(d, SAILOR_REQUEUE);
    else if (open_envelope(t, &why))
        refuse(t, &why);
    else
        resolve(t);
}

size_t sailor_flow_in_process(const struct sailor_flow *f)
{
    return f->in_process;
}

/* ---- what an action may ask of its task ---------------------------------------------------------------------- */

const struct sailor_message *sailor_task_message(const struct sailor_task *t)
{
    return &t->in.message;
}

jn_str sailor_task_snapshot(const struct sailor_task *t)
{
    return t->snapshot;
}

const struct base_log *sailor_task_log(const struct sailor_task *t)
{
    return &t->component_log.base;
}

struct jn_arena *sailor_task_arena(const struct sailor_task *t)
{
    return t->delivery->arena;
}

jn_str sailor_task_header(const struct sailor_task *t, const char *name)
{
    const jn_value v = jn_member(t->in.headers, jn_str_of(name));
    return jn_is(v, JN_STRING) ? jn_text(v) : (jn_str){ NULL, 0 };
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void set_limits(struct sailor_flow *f)
{
    const struct sailor_settings *s = f->opt.settings;
    f->data = (struct sailor_throttle){ .limit = s->data_rate_limit, .interval_ms = s->rate_interval_ms };
    f->error = (struct sailor_throttle){ .limit = s->error_rate_limit, .interval_ms = s->rate_interval_ms };
    f->snapshots = (struct sailor_throttle){ .limit = s->snapshot_rate_limit, .interval_ms = s->rate_interval_ms };
}

enum jn_status sailor_flow_new(struct base_loop *l, const struct sailor_flow_options *opt, struct sailor_flow **out,
                               struct jn_error *err)
{
    struct sailor_flow *f = calloc(1, sizeof *f);
    if (!f)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the flow");
    f->opt = *opt;
    f->loop = l;
    f->last_complete = &f->complete;
    set_limits(f);
    jn_buf_init(&f->text, 0);
    jn_buf_init(&f->passthrough, 0);
    jn_buf_init(&f->snapshot, 0);
    jn_buf_append(&f->snapshot, opt->snapshot.len ? opt->snapshot : JN_STR("{}"));
    enum jn_status s = f->snapshot.failed ? jn_fail(err, JN_NO_MEMORY, "no memory for the flow")
                                          : base_timer_new(l, on_tick, f, &f->tick, err);
    if (s)
        sailor_flow_free(f);
    else
        *out = f;
    return s;
}

/* Deliveries stay with the consumer, which gives them back to the broker by closing. */
static void drop_tasks(struct sailor_flow *f)
{
    struct sailor_task *t = f->first;
    f->first = f->last = NULL;
    for (struct sailor_task *next; t; t = next) {
        next = t->next;
        if (t->state == SAILOR_TASK_RUNNING)
            tell_abort(t);
        sailor_emissions_drop(t);
        put_away(t);
    }
}

static void free_idle(struct sailor_flow *f)
{
    for (struct sailor_task *t; (t = f->idle) != NULL;) {
        f->idle = t->next;
        free(t);
    }
    for (struct sailor_emission *e; (e = f->idle_emissions) != NULL;) {
        f->idle_emissions = e->next;
        jn_arena_clear(&e->arena);
        jn_buf_clear(&e->payload);
        free(e);
    }
}

void sailor_flow_free(struct sailor_flow *f)
{
    if (!f)
        return;
    f->is_freeing = true;
    drop_tasks(f);
    free_idle(f);
    base_timer_free(f->tick);
    jn_buf_clear(&f->text);
    jn_buf_clear(&f->passthrough);
    jn_buf_clear(&f->snapshot);
    free(f);
}
