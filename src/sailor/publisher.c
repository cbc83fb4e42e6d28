/* publisher.c - see publisher.h.
 *
 *     waiting -> sent -> ended            waiting: for its turn, for a connection, for the broker's alarm to end
 *        ^        |                       sent:    in `sent`, by the number that its confirm will have
 *        +- paused +                      paused:  until it is tried again; `paused` is in order of time
 *
 * Losing a connection puts everything unconfirmed back in front of what waits, in its order: the broker may have it
 * already, and gets it again (at least once).  A closed channel instead pauses it, since what closed the channel may be
 * one of the messages, or an exchange that is missing.
 *
 * Callbacks run in report_ended() alone, which is the last that any event does: they may publish, cancel, close, free. */
#include "sailor/publisher.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/value.h"
#include "sailor/backoff.h"
#include "sailor/confirms.h"
#include "sailor/link.h"

enum {
    MAX_IDLE = 256,                     /* ended publications that are kept */
    HIGH_WATER = 1024 * 1024,           /* bytes that the kernel has not taken: nothing more is written */
};

enum place { IDLE, WAITING, SENT, PAUSED, ENDED };

struct list {
    struct sailor_publication *first, *last;
};

struct sailor_publication {
    struct sailor_publisher *publisher;
    struct sailor_publication *next, *previous;
    enum place place;
    struct sailor_publish what;
    struct sailor_properties properties;
    jn_str message_id;
    unsigned failures;                  /* attempts that failed: the value of the header `retry` */
    uint64_t seq;                       /* SENT */
    bool is_returned, has_failed;
    int64_t sent_ms, due_ms, expires_ms /* 0: never */, started_us;
    int64_t returned_ms;                /* when it first came back; 0: it has not */
    char cause[160];                    /* why the last attempt failed */
    sailor_published_fn *done;
    void *arg;
};

struct sailor_publisher {
    struct sailor_publisher_options opt;
    struct base_loop *loop;
    struct sailor_link link;
    struct sailor_confirms sent;
    struct list waiting, paused, ended, idle;
    size_t idle_count, in_flight, expiring;
    struct base_timer *tick;
    int64_t tick_ms;                    /* when it will run */
    int64_t progress_ms;                /* when the last one was confirmed, or the first one came in */
    struct jn_arena scratch;            /* headers with `retry`, until they are encoded */
    bool was_ready, is_closing;
    void (*closed)(void *arg);
    void *closed_arg;
    bool *is_freed;                     /* set while callbacks run: told when one of them frees the publisher */
};

/* ---- lists --------------------------------------------------------------------------------------------------- */

static void insert_after(struct list *l, struct sailor_publication *where, struct sailor_publication *x)
{
    x->previous = where;
    x->next = where ? where->next : l->first;
    *(where ? &where->next : &l->first) = x;
    *(x->next ? &x->next->previous : &l->last) = x;
}

static void append(struct list *l, struct sailor_publication *x)
{
    insert_after(l, l->last, x);
}

static void detach(struct list *l, struct sailor_publication *x)
{
    *(x->previous ? &x->previous->next : &l->first) = x->next;
    *(x->next ? &x->next->previous : &l->last) = x->previous;
    x->next = x->previous = NULL;
}

static struct sailor_publication *take_first(struct list *l)
{
    struct sailor_publication *x = l->first;
    if (!x)
        return NULL;
    l->first = x->next;
    *(x->next ? &x->next->previous : &l->last) = NULL;
    x->next = NULL;
    return x;
}

/* Puts `front` in front of `l`; `front` is empty afterwards. */
static void put_in_front(struct list *l, struct list *front)
{
    if (!front->first)
        return;
    front->last->next = l->first;
    *(l->first ? &l->first->previous : &l->last) = front->last;
    l->first = front->first;
    *front = (struct list){ NULL, NULL };
}

static struct list *list_of(struct sailor_publisher *p, enum place place)
{
    switch (place) {
    case WAITING: return &p->waiting;
    case PAUSED: return &p->paused;
    case ENDED: return &p->ended;
    case IDLE: return &p->idle;
    case SENT: break;
    }
    return NULL;
}

/* Takes it out of wherever it is. */
static void take_out(struct sailor_publication *x)
{
    struct sailor_publisher *p = x->publisher;
    if (x->place == SENT)
        sailor_confirms_take(&p->sent, x->seq);
    else
        detach(list_of(p, x->place), x);
}

static void move_to(struct sailor_publication *x, enum place place)
{
    x->place = place;
    append(list_of(x->publisher, place), x);
}

/* ---- publications that are kept ------------------------------------------------------------------------------ */

static struct sailor_publication *take_idle(struct sailor_publisher *p)
{
    struct sailor_publication *x = p->idle.first;
    if (!x)
        return calloc(1, sizeof *x);
    detach(&p->idle, x);
    p->idle_count--;
    return x;
}

/* Of one that is in no list. */
static void give_back(struct sailor_publication *x)
{
    struct sailor_publisher *p = x->publisher;
    p->in_flight--;
    p->expiring -= x->expires_ms != 0;
    if (p->idle_count == MAX_IDLE) {
        free(x);
        return;
    }
    p->idle_count++;
    move_to(x, IDLE);
}

static void free_all(struct list *l)
{
    for (struct sailor_publication *x = l->first, *next; x; x = next) {
        next = x->next;
        free(x);
    }
    *l = (struct list){ NULL, NULL };
}

static void forget_all(struct sailor_publisher *p)
{
    for (struct sailor_publication *x; (x = sailor_confirms_take_first(&p->sent, UINT64_MAX)) != NULL;)
        free(x);
    free_all(&p->waiting);
    free_all(&p->paused);
    free_all(&p->ended);
    p->in_flight = p->expiring = 0;
}

/* ---- the clock ----------------------------------------------------------------------------------------------- */

/* Makes sure that the tick comes by `due_ms`. */
static void tick_by(struct sailor_publisher *p, int64_t due_ms)
{
    if (base_timer_is_running(p->tick) && p->tick_ms <= due_ms)
        return;
    const int64_t now = base_loop_now_ms(p->loop);
    p->tick_ms = due_ms;
    base_timer_start(p->tick, due_ms > now ? due_ms - now : 0);
}

/* ---- how it ends --------------------------------------------------------------------------------------------- */

/* Of one that is in no list. */
static void end(struct sailor_publication *x, bool has_failed)
{
    x->has_failed = has_failed;
    move_to(x, ENDED);
}

static void tell(struct sailor_publication *x)
{
    struct jn_error why = { .status = JN_OK };
    sailor_published_fn *done = x->done;
    void *arg = x->arg;
    const bool has_failed = x->has_failed;
    if (has_failed)
        jn_fail(&why, JN_REMOTE, "Failed on publishing %.*s message to MQ: Error: %s", JN_ARG(x->message_id), x->cause);
    else
        sailor_histogram_add(&x->publisher->opt.metrics->publish,
                             x->publisher->opt.clock->monotonic_us(x->publisher->opt.clock) - x->started_us);
    give_back(x);
    done(has_failed ? &why : NULL, arg);
}

static void report_ended(struct sailor_publisher *p)
{
    if (!p->ended.first || p->is_freed)         // inside a callback: the outer call goes on
        return;
    bool is_freed = false;
    p->is_freed = &is_freed;        // cppcheck-suppress autoVariables ; taken back below, unless there is no p
    for (struct sailor_publication *x; !is_freed && (x = take_first(&p->ended)) != NULL;)
        tell(x);
    if (!is_freed)
        p->is_freed = NULL;
}

/* ---- how an attempt fails ------------------------------------------------------------------------------------ */

static bool is_used_up(const struct sailor_publication *x)
{
    const int64_t allowed = x->what.attempts ? x->what.attempts : x->publisher->opt.retry_attempts;
    return allowed > 0 && x->failures >= (unsigned)allowed;
}

/* It has been coming back for too long. */
static bool is_unroutable(struct sailor_publication *x)
{
    const int64_t now = base_loop_now_ms(x->publisher->loop), limit = x->publisher->opt.unroutable_ms;
    if (!x->is_returned || x->what.attempts)
        return false;
    if (!x->returned_ms)
        x->returned_ms = now;
    return limit > 0 && now - x->returned_ms >= limit;
}

/* Counts a failed attempt of one that is in no list; true when it was the last. */
static bool count_failure(struct sailor_publication *x, const char *cause)
{
    if (cause != x->cause)
        snprintf(x->cause, sizeof x->cause, "%s", cause);
    x->failures++;
    const bool is_over = is_unroutable(x) || is_used_up(x);
    x->is_returned = false;
    base_log(x->publisher->opt.log, BASE_ERROR, NULL, "publishing message %.*s to \"%.*s\": attempt %u failed: %s%s",
             JN_ARG(x->message_id), JN_ARG(x->what.routing_key), x->failures, x->cause,
             is_over ? "; giving up" : "");
    if (is_over)
        end(x, true);
    else
        x->publisher->opt.metrics->publish_retries++;
    return is_over;
}

/* Puts it among the paused, behind those that are due at the same time. */
static void pause_until(struct sailor_publication *x, int64_t due_ms)
{
    struct sailor_publisher *p = x->publisher;
    struct sailor_publication *where = p->paused.last;
    while (where && where->due_ms > due_ms)
        where = where->previous;
    x->due_ms = due_ms;
    x->place = PAUSED;
    insert_after(&p->paused, where, x);
    tick_by(p, due_ms);
}

static void fail_attempt(struct sailor_publication *x, const char *cause)
{
    struct sailor_publisher *p = x->publisher;
    if (!count_failure(x, cause))
        pause_until(x, base_loop_now_ms(p->loop) + sailor_backoff_ms(p->opt.retry_delay_ms, x->failures - 1,
                                                                     p->opt.max_retry_delay_ms, 0));
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

/* A copy of the headers with `retry`, in the scratch arena; undefined without memory. */
static jn_value with_retry(struct jn_arena *a, jn_value headers, unsigned failures)
{
    const size_t n = jn_length(headers);
    jn_value copy = jn_make_object(a, n + 1);
    for (size_t i = 0; i < n; i++)
        jn_object_put(a, copy, jn_key_at(headers, i), jn_member(headers, jn_key_at(headers, i)));
    jn_object_put(a, copy, JN_STR("retry"), jn_number(failures));
    return jn_arena_failed(a) ? jn_undefined() : copy;
}

static enum jn_status write_out(struct sailor_publication *x, struct jn_error *err)
{
    struct sailor_publisher *p = x->publisher;
    if (!sailor_confirms_reserve(&p->sent, p->sent.next))
        return jn_fail(err, JN_NO_MEMORY, "no memory");
    struct sailor_properties properties = x->properties;
    if (x->failures) {
        jn_arena_reset(&p->scratch);
        properties.headers = with_retry(&p->scratch, x->properties.headers, x->failures);
        if (jn_is_undefined(properties.headers))
            return jn_fail(err, JN_NO_MEMORY, "no memory");
    }
    return sailor_connection_publish(p->link.connection, jn_str_of(p->opt.exchange), x->what.routing_key,
                                     x->what.mandatory, &properties, x->what.body, &x->seq, err);
}

static void note_sent(struct sailor_publication *x)
{
    struct sailor_publisher *p = x->publisher;
    sailor_confirms_add(&p->sent, x->seq, x);
    x->place = SENT;
    x->sent_ms = base_loop_now_ms(p->loop);
    p->opt.metrics->bytes_out += x->what.body.len;
    if (p->opt.confirm_timeout_ms > 0)
        tick_by(p, x->sent_ms + p->opt.confirm_timeout_ms);
}

/* Of the first that waits; false when it has to wait on. */
static bool send_first(struct sailor_publisher *p)
{
    struct sailor_publication *x = p->waiting.first;
    struct jn_error why = { .status = JN_OK };
    const enum jn_status s = write_out(x, &why);
    if (s == JN_IO)
        return false;
    detach(&p->waiting, x);
    if (s == JN_OK) {
        note_sent(x);
    } else if (s == JN_NO_MEMORY) {
        fail_attempt(x, why.message);
    } else {                                    // properties that fit no frame never will
        snprintf(x->cause, sizeof x->cause, "%.150s", why.message);
        end(x, true);
    }
    return true;
}

static bool can_write(const struct sailor_publisher *p)
{
    return sailor_link_is_ready(&p->link) && !sailor_connection_is_blocked(p->link.connection) &&
           sailor_connection_pending(p->link.connection) < HIGH_WATER;
}

static void send_waiting(struct sailor_publisher *p)
{
    while (p->waiting.first && can_write(p) && send_first(p))
        ;
}

/* ---- what the tick looks after ------------------------------------------------------------------------------- */

static void resume_due(struct sailor_publisher *p, int64_t now)
{
    for (struct sailor_publication *x; (x = p->paused.first) != NULL && x->due_ms <= now;) {
        detach(&p->paused, x);
        move_to(x, WAITING);
    }
    if (p->paused.first)
        tick_by(p, p->paused.first->due_ms);
}

/* A broker that did not confirm in time gets the message again; should its confirm come yet, nobody waits for it.  One
 * that has said that it takes nothing for now is not late. */
static void fail_late(struct sailor_publisher *p, int64_t now)
{
    const int64_t timeout = p->opt.confirm_timeout_ms;
    uint64_t seq = 0;
    if (timeout > 0 && p->link.connection && sailor_connection_is_blocked(p->link.connection))
        return;
    for (struct sailor_publication *x; timeout > 0 && (x = sailor_confirms_next(&p->sent, &seq)) != NULL;) {
        if (x->sent_ms + timeout > now) {
            tick_by(p, x->sent_ms + timeout);
            break;
        }
        take_out(x);
        fail_attempt(x, "no confirm in time");
    }
}

static bool give_up_if_late(struct sailor_publication *x, int64_t now)
{
    if (x->expires_ms == 0 || x->expires_ms > now) {
        if (x->expires_ms)
            tick_by(x->publisher, x->expires_ms);
        return false;
    }
    if (!x->cause[0])
        snprintf(x->cause, sizeof x->cause, "no connection to the broker");
    take_out(x);
    end(x, true);
    return true;
}

static void give_up_list(struct list *l, int64_t now)
{
    for (struct sailor_publication *x = l->first, *next; x; x = next) {
        next = x->next;
        give_up_if_late(x, now);
    }
}

static void give_up_late(struct sailor_publisher *p, int64_t now)
{
    if (p->expiring == 0)
        return;
    give_up_list(&p->waiting, now);
    give_up_list(&p->paused, now);
    uint64_t seq = 0;
    for (struct sailor_publication *x; (x = sailor_confirms_next(&p->sent, &seq)) != NULL;)
        give_up_if_late(x, now);
}

static void on_tick(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_publisher *p = arg;
    const int64_t now = base_loop_now_ms(p->loop);
    resume_due(p, now);
    fail_late(p, now);
    give_up_late(p, now);
    send_waiting(p);
    if (p->is_closing && p->closed) {
        void (*closed)(void *) = p->closed;
        p->closed = NULL;
        closed(p->closed_arg);
        return;
    }
    report_ended(p);
}

/* ---- what the connection says -------------------------------------------------------------------------------- */

static void on_ready(void *arg)
{
    struct sailor_publisher *p = arg;
    const bool is_first = !p->was_ready;
    p->was_ready = true;
    sailor_link_ready(&p->link);
    send_waiting(p);
    if (p->ended.first)
        tick_by(p, 0);
    if (is_first)
        p->opt.on_ready(p->opt.arg);
}

/* No queue is bound for it. */
static void take_back(struct sailor_publication *x)
{
    struct sailor_publisher *p = x->publisher;
    p->opt.metrics->returned++;
    if (p->opt.unroutable_ms >= 0) {
        fail_attempt(x, x->cause);
        return;
    }
    base_log(p->opt.log, BASE_WARN, NULL, "message %.*s to \"%.*s\" counts as sent, although no queue has it: %s",
             JN_ARG(x->message_id), JN_ARG(x->what.routing_key), x->cause);
    end(x, false);
}

static void confirm(struct sailor_publication *x, bool is_acked)
{
    struct sailor_metrics *m = x->publisher->opt.metrics;
    if (is_acked && !x->is_returned) {
        x->publisher->progress_ms = base_loop_now_ms(x->publisher->loop);
        end(x, false);
    } else if (is_acked) {
        take_back(x);
    } else {
        m->nacked++;
        fail_attempt(x, "message nacked");
    }
}

static void on_confirm(uint64_t seq, bool multiple, bool is_acked, void *arg)
{
    struct sailor_publisher *p = arg;
    struct sailor_publication *x;
    if (multiple) {
        while ((x = sailor_confirms_take_first(&p->sent, seq ? seq : UINT64_MAX)) != NULL)
            confirm(x, is_acked);
    } else if ((x = sailor_confirms_take(&p->sent, seq)) != NULL) {
        confirm(x, is_acked);
    }
    report_ended(p);
}

static jn_str message_id_of(const struct sailor_properties *properties)
{
    return jn_get_string(jn_member(properties->headers, JN_STR("messageId")));
}

/* The broker says which message came back only by showing it; equal ones come back in the order they went. */
static void on_return(int code, jn_str text, const struct sailor_incoming *m, void *arg)
{
    struct sailor_publisher *p = arg;
    const jn_str id = message_id_of(&m->properties);
    uint64_t seq = 0;
    for (struct sailor_publication *x; (x = sailor_confirms_next(&p->sent, &seq)) != NULL;) {
        if (x->what.mandatory && !x->is_returned && jn_str_eq(x->what.routing_key, m->routing_key) &&
            jn_str_eq(x->message_id, id)) {
            x->is_returned = true;
            snprintf(x->cause, sizeof x->cause, "message returned as unroutable (%d %.*s)", code, JN_ARG(text));
            return;
        }
    }
}

/* The time for confirms begins anew. */
static void restart_clocks(struct sailor_publisher *p)
{
    const int64_t now = base_loop_now_ms(p->loop);
    uint64_t seq = 0;
    for (struct sailor_publication *x; (x = sailor_confirms_next(&p->sent, &seq)) != NULL;)
        x->sent_ms = now;
    if (p->sent.count && p->opt.confirm_timeout_ms > 0)
        tick_by(p, now + p->opt.confirm_timeout_ms);
}

static void on_blocked(bool is_blocked, jn_str why, void *arg)
{
    struct sailor_publisher *p = arg;
    if (is_blocked) {
        base_log(p->opt.log, BASE_WARN, NULL, "the broker takes no messages for now: %.*s", JN_ARG(why));
    } else {
        base_log(p->opt.log, BASE_INFO, NULL, "the broker takes messages again");
        restart_clocks(p);
    }
    send_waiting(p);
    report_ended(p);
}

static void on_drain(void *arg)
{
    struct sailor_publisher *p = arg;
    send_waiting(p);
    report_ended(p);
}

static void on_channel_closed(int code, jn_str text, void *arg)
{
    struct sailor_publisher *p = arg;
    char cause[160];
    snprintf(cause, sizeof cause, "channel closed by the broker: %d %.*s", code, JN_ARG(text));
    for (struct sailor_publication *x; (x = sailor_confirms_take_first(&p->sent, UINT64_MAX)) != NULL;)
        fail_attempt(x, cause);
    sailor_connection_reopen(p->link.connection);
    report_ended(p);
}

static void requeue_sent(struct sailor_publisher *p, const char *cause)
{
    struct list again = { NULL, NULL };
    for (struct sailor_publication *x; (x = sailor_confirms_take_first(&p->sent, UINT64_MAX)) != NULL;) {
        if (!count_failure(x, cause)) {
            x->place = WAITING;
            append(&again, x);
        }
    }
    put_in_front(&p->waiting, &again);
}

/* Whether the link gives up or not, what has ended is told by the tick. */
static void on_closed(const struct jn_error *why, void *arg)
{
    struct sailor_publisher *p = arg;
    if (p->is_closing) {
        sailor_link_clear(&p->link);
        tick_by(p, 0);
        return;
    }
    const struct jn_error closed = { .status = JN_IO, .message = "connection closed" };
    requeue_sent(p, why ? why->message : closed.message);
    if (p->ended.first)
        tick_by(p, 0);
    sailor_link_closed(&p->link, why ? why : &closed);
}

static void on_lost(const struct jn_error *why, void *arg)
{
    struct sailor_publisher *p = arg;
    p->opt.on_lost(why, p->opt.arg);
}

static const struct sailor_connection_handlers handlers = {
    .on_ready = on_ready, .on_confirm = on_confirm, .on_return = on_return, .on_blocked = on_blocked,
    .on_drain = on_drain, .on_channel_closed = on_channel_closed, .on_closed = on_closed,
};

/* ---- life ---------------------------------------------------------------------------------------------------- */

static enum jn_status set_up(struct sailor_publisher *p, struct jn_error *err)
{
    const struct sailor_publisher_options *o = &p->opt;
    const struct sailor_link_options link = {
        .uris = o->uris, .name = o->name, .ca = o->ca, .certificate = o->certificate, .key = o->key, .confirms = true,
        .connect_attempts = o->connect_attempts, .reconnect_attempts = o->reconnect_attempts,
        .delay_ms = o->reconnect_delay_ms, .random = o->random, .reconnects = &o->metrics->reconnects[1],
        .log = o->log, .handlers = &handlers, .on_lost = on_lost, .arg = p,
    };
    const enum jn_status s = base_timer_new(p->loop, on_tick, p, &p->tick, err);
    return s ? s : sailor_link_init(&p->link, p->loop, &link, err);
}

enum jn_status sailor_publisher_new(struct base_loop *l, const struct sailor_publisher_options *opt,
                                    struct sailor_publisher **out, struct jn_error *err)
{
    struct sailor_publisher *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the publisher");
    p->opt = *opt;
    p->loop = l;
    jn_arena_init(&p->scratch, SIZE_MAX);
    const enum jn_status s = set_up(p, err);
    if (s)
        sailor_publisher_free(p);
    else
        *out = p;
    return s;
}

enum jn_status sailor_publisher_publish(struct sailor_publisher *p, const struct sailor_publish *what,
                                        sailor_published_fn *done, void *arg, struct sailor_publication **out,
                                        struct jn_error *err)
{
    struct sailor_publication *x = take_idle(p);
    if (!x)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a publication");
    *x = (struct sailor_publication){
        .publisher = p, .what = *what, .properties = *what->properties, .done = done, .arg = arg,
        .message_id = message_id_of(what->properties), .started_us = p->opt.clock->monotonic_us(p->opt.clock),
    };
    if (what->give_up_ms > 0) {
        x->expires_ms = base_loop_now_ms(p->loop) + what->give_up_ms;
        tick_by(p, x->expires_ms);
        p->expiring++;
    }
    if (p->in_flight++ == 0)
        p->progress_ms = base_loop_now_ms(p->loop);
    move_to(x, WAITING);
    send_waiting(p);
    if (p->ended.first)                         // its callback must not run in here
        tick_by(p, 0);
    if (out)
        *out = x;
    return JN_OK;
}

void sailor_publication_cancel(struct sailor_publication *x)
{
    take_out(x);
    give_back(x);
}

bool sailor_publisher_is_ready(const struct sailor_publisher *p)
{
    return sailor_link_is_ready(&p->link);
}

size_t sailor_publisher_in_flight(const struct sailor_publisher *p)
{
    return p->in_flight;
}

int64_t sailor_publisher_stalled_ms(const struct sailor_publisher *p)
{
    return p->in_flight ? base_loop_now_ms(p->loop) - p->progress_ms : 0;
}

void sailor_publisher_close(struct sailor_publisher *p, void (*done)(void *arg), void *arg)
{
    p->is_closing = true;
    p->closed = done;
    p->closed_arg = arg;
    forget_all(p);
    base_timer_stop(p->tick);
    if (sailor_link_is_ready(&p->link)) {
        sailor_connection_close(p->link.connection);
        return;
    }
    sailor_link_clear(&p->link);
    tick_by(p, 0);
}

void sailor_publisher_free(struct sailor_publisher *p)
{
    if (!p)
        return;
    if (p->is_freed)
        *p->is_freed = true;
    sailor_link_clear(&p->link);
    base_timer_free(p->tick);
    forget_all(p);
    sailor_confirms_clear(&p->sent);
    free_all(&p->idle);
    jn_arena_clear(&p->scratch);
    free(p);
}
