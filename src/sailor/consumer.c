/* consumer.c - see consumer.h.
 *
 * Tags are good for one channel: `generation` counts channels, and a delivery whose generation is not the present one is
 * stale: its tag is dead, and the broker will send a copy of it, to us or to another replica.
 *
 *     delivery comes:  copy of a stale one in process?  it gets the new tag
 *                      copy of one settled before?      settled again, the same way
 *                      else                             handed out
 *     settled:         present generation               ack or reject is written; remembered in `recent`
 *                      stale                            remembered in `settled`
 *
 * Acks have no answer.  When a channel is lost, the last ones that were written may not have been read; and a broker that
 * is killed has forgotten those which it had read and not yet written to its disk.  So the last RECENT are kept in
 * `recent`, and go to `settled` as entries in doubt: they match only what is marked as redelivered.
 *
 * What this can do wrong: of two messages with the same id and the same payload, both redelivered, the second may be taken
 * for a copy of the first.  They are one message to whoever sent them. */
#include "sailor/consumer.h"

#include <stdlib.h>

#include "core/value.h"
#include "sailor/backoff.h"
#include "sailor/link.h"
#include "sailor/settled.h"

enum {
    KEPT_BODY = 64 * 1024,          /* larger buffers are not kept */
    REOPEN_MS = 100, LONGEST_REOPEN_MS = 30000,
    RECENT = 2048,                  /* acks in doubt; RabbitMQ writes them to disk a few times a second */
};

struct delivery {
    struct sailor_delivery public;  /* first: what others see of it */
    struct delivery *next, **self;  /* among those in process, or the idle ones */
    struct jn_arena arena;
    struct sailor_print print;
    uint64_t generation;
};

struct sailor_consumer {
    struct sailor_consumer_options opt;
    struct base_loop *loop;
    struct sailor_link link;
    uint64_t generation;
    struct delivery *in_process, *idle;
    size_t count, stale, idle_count;
    struct sailor_print key;
    struct sailor_settled settled;
    struct sailor_settled_entry *recent;        /* a ring of RECENT */
    size_t recent_count, recent_at;
    struct base_timer *reopen, *later;
    unsigned closures;              /* of the channel, since it last consumed */
    bool was_ready, is_wanted, has_asked, is_consuming, has_consumed, is_stopping, is_closing, is_lost;
    void (*stopped)(void *arg);
    void (*closed)(void *arg);
    void *stopped_arg, *closed_arg;
};

/* ---- deliveries that are kept -------------------------------------------------------------------------------- */

static void link_in(struct delivery **list, struct delivery *d)
{
    d->next = *list;
    d->self = list;
    if (*list)
        (*list)->self = &d->next;
    *list = d;
}

static void link_out(struct delivery *d)
{
    *d->self = d->next;
    if (d->next)
        d->next->self = d->self;
}

static void free_delivery(struct delivery *d)
{
    jn_buf_clear(&d->public.body);
    jn_arena_clear(&d->arena);
    free(d);
}

static void free_deliveries(struct delivery *d)
{
    for (struct delivery *next; d; d = next) {
        next = d->next;
        free_delivery(d);
    }
}

static struct delivery *take_idle(struct sailor_consumer *c)
{
    struct delivery *d = c->idle;
    if (d) {
        link_out(d);
        c->idle_count--;
    } else {
        d = calloc(1, sizeof *d);
        if (!d)
            return NULL;
        jn_arena_init(&d->arena, 0);
        jn_buf_init(&d->public.body, 0);
    }
    link_in(&c->in_process, d);
    c->count++;
    return d;
}

static void give_back(struct delivery *d)
{
    struct sailor_consumer *c = d->public.consumer;
    link_out(d);
    c->count--;
    if (c->idle_count >= (size_t)c->opt.prefetch) {
        free_delivery(d);
        return;
    }
    if (d->public.body.cap > KEPT_BODY)
        jn_buf_clear(&d->public.body);
    else
        jn_buf_truncate(&d->public.body, 0);
    jn_arena_reset(&d->arena);
    link_in(&c->idle, d);
    c->idle_count++;
}

/* ---- what is remembered of settled ones ---------------------------------------------------------------------- */

static struct sailor_settled_entry entry_of(const struct delivery *d, enum sailor_verdict v, bool is_certain)
{
    return (struct sailor_settled_entry){
        .print = d->print, .verdict = (uint8_t)v, .is_certain = is_certain,
        .at_ms = base_loop_now_ms(d->public.consumer->loop),
    };
}

static void remember_recent(struct sailor_consumer *c, const struct sailor_settled_entry *e)
{
    c->recent[c->recent_at] = *e;
    c->recent_at = (c->recent_at + 1) % RECENT;
    c->recent_count += c->recent_count < RECENT;
}

static void doubt_recent(struct sailor_consumer *c)
{
    for (size_t i = c->recent_count; i > 0; i--)
        sailor_settled_add(&c->settled, &c->recent[(c->recent_at + RECENT - i) % RECENT]);
    c->recent_count = 0;
}

/* The channel is gone, and with it what its tags meant. */
static void next_generation(struct sailor_consumer *c)
{
    c->generation++;
    c->stale = c->count;
    c->is_consuming = c->has_asked = false;
    doubt_recent(c);
}

static void write_verdict(struct sailor_consumer *c, uint64_t tag, enum sailor_verdict v)
{
    if (v == SAILOR_ACK)
        sailor_connection_ack(c->link.connection, tag);
    else
        sailor_connection_reject(c->link.connection, tag, v == SAILOR_REQUEUE);
}

void sailor_delivery_settle(struct sailor_delivery *public, enum sailor_verdict v)
{
    struct delivery *d = (struct delivery *)public;
    struct sailor_consumer *c = public->consumer;
    const bool is_stale = d->generation != c->generation;
    if (!is_stale)
        write_verdict(c, public->tag, v);
    if (public->message_id.data && v != SAILOR_REQUEUE) {
        const struct sailor_settled_entry e = entry_of(d, v, is_stale);
        if (is_stale)
            sailor_settled_add(&c->settled, &e);
        else
            remember_recent(c, &e);
    }
    c->stale -= is_stale;
    give_back(d);
}

/* ---- deliveries ---------------------------------------------------------------------------------------------- */

static struct delivery *find_stale(struct sailor_consumer *c, struct sailor_print print)
{
    for (struct delivery *d = c->stale ? c->in_process : NULL; d; d = d->next)
        if (d->generation != c->generation && d->public.message_id.data && sailor_print_eq(d->print, print))
            return d;
    return NULL;
}

static void log_copy(struct sailor_consumer *c, jn_str message_id, const char *what)
{
    c->opt.metrics->messages[SAILOR_DUPLICATE]++;
    base_log(c->opt.log, BASE_WARN, NULL, "message %.*s was delivered again: %s", JN_ARG(message_id), what);
}

/* Whether `m` is a copy of what we have or had; then it is dealt with. */
static bool is_copy(struct sailor_consumer *c, const struct sailor_incoming *m, jn_str message_id,
                    struct sailor_print print)
{
    struct delivery *d = find_stale(c, print);
    if (d) {
        d->public.tag = m->tag;
        d->public.redelivered = m->redelivered;
        d->generation = c->generation;
        c->stale--;
        log_copy(c, message_id, "it is in process");
        return true;
    }
    uint8_t verdict;
    if (!c->settled.count ||
        !sailor_settled_take(&c->settled, print, m->redelivered, base_loop_now_ms(c->loop), &verdict))
        return false;
    write_verdict(c, m->tag, (enum sailor_verdict)verdict);
    const struct sailor_settled_entry e = { print, base_loop_now_ms(c->loop), verdict, false };
    remember_recent(c, &e);
    log_copy(c, message_id, "it had been finished");
    return true;
}

static void copy_texts(struct delivery *d, const struct sailor_incoming *m)
{
    struct jn_arena *a = &d->arena;
    struct sailor_properties *p = &d->public.properties;
    *p = m->properties;
    jn_str *const texts[] = { &p->content_type, &p->content_encoding, &p->correlation_id, &p->reply_to, &p->expiration,
                              &p->message_id, &p->type, &p->user_id, &p->app_id };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data)
            *texts[i] = jn_arena_copy(a, *texts[i]);
    p->headers = jn_deep_copy(a, m->properties.headers);
    d->public.consumer_tag = jn_arena_copy(a, m->consumer_tag);
    d->public.exchange = jn_arena_copy(a, m->exchange);
    d->public.routing_key = jn_arena_copy(a, m->routing_key);
}

/* The payload is not copied: the connection gets the buffer of a delivery before it in exchange. */
static void swap_bodies(struct jn_buf *mine, struct jn_buf *theirs)
{
    const struct jn_buf held = *mine;
    *mine = *theirs;
    mine->ceiling = held.ceiling;
    const size_t ceiling = theirs->ceiling;
    *theirs = held;
    theirs->ceiling = ceiling;
}

static jn_str message_id_of(const struct sailor_properties *p)
{
    const jn_value id = jn_member(p->headers, JN_STR("messageId"));
    return jn_is(id, JN_STRING) && id.len ? jn_text(id) : (jn_str){ NULL, 0 };
}

/* Without memory for it the delivery goes back to the queue. */
static void hand_out(struct sailor_consumer *c, const struct sailor_incoming *m, struct sailor_print print)
{
    struct delivery *d = take_idle(c);
    if (!d) {
        write_verdict(c, m->tag, SAILOR_REQUEUE);
        return;
    }
    const struct jn_buf body = d->public.body;
    d->public = (struct sailor_delivery){ .consumer = c, .arena = &d->arena, .tag = m->tag, .body = body,
                                          .redelivered = m->redelivered };
    d->generation = c->generation;
    d->print = print;
    copy_texts(d, m);
    d->public.message_id = message_id_of(&d->public.properties);
    swap_bodies(&d->public.body, m->body);
    if (jn_arena_failed(&d->arena)) {
        write_verdict(c, m->tag, SAILOR_REQUEUE);
        give_back(d);
        return;
    }
    c->opt.on_delivery(&d->public, c->opt.arg);
}

static void on_delivery(const struct sailor_incoming *m, void *arg)
{
    struct sailor_consumer *c = arg;
    if (c->is_stopping) {                       // sent before the broker had read that we stop
        write_verdict(c, m->tag, SAILOR_REQUEUE);
        return;
    }
    c->opt.metrics->bytes_in += m->body->len;
    const jn_str id = message_id_of(&m->properties);
    const struct sailor_print print = sailor_print_of(c->key, id, jn_buf_str(m->body));
    if (!id.data || !is_copy(c, m, id, print))
        hand_out(c, m, print);
}

/* ---- what else the connection says --------------------------------------------------------------------------- */

static void ask_to_consume(struct sailor_consumer *c)
{
    if (!c->is_wanted || c->is_stopping || c->has_asked || c->is_lost)
        return;
    c->has_asked = true;
    sailor_connection_consume(c->link.connection, jn_str_of(c->opt.queue));
}

static void on_ready(void *arg)
{
    struct sailor_consumer *c = arg;
    const bool is_first = !c->was_ready;
    c->was_ready = true;
    sailor_link_ready(&c->link);
    ask_to_consume(c);
    if (is_first)
        c->opt.on_ready(c->opt.arg);
}

static void on_consuming(jn_str consumer_tag, void *arg)
{
    struct sailor_consumer *c = arg;
    c->is_consuming = c->has_consumed = true;
    c->closures = 0;
    if (c->is_stopping) {
        sailor_connection_cancel(c->link.connection);
        return;
    }
    base_log(c->opt.log, BASE_INFO, NULL, "consuming queue \"%s\" as %.*s, prefetch %d", c->opt.queue,
             JN_ARG(consumer_tag), c->opt.prefetch);
    c->opt.on_consuming(c->opt.arg);
}

static void be_lost(struct sailor_consumer *c, const struct jn_error *why)
{
    if (c->is_lost || c->is_stopping || c->is_closing)
        return;
    c->is_lost = true;
    c->opt.on_lost(why, c->opt.arg);
}

static void tell_stopped(struct sailor_consumer *c)
{
    void (*stopped)(void *) = c->stopped;
    c->stopped = NULL;
    if (stopped)
        stopped(c->stopped_arg);
}

static void on_cancelled(bool by_broker, void *arg)
{
    struct sailor_consumer *c = arg;
    c->is_consuming = false;
    if (c->is_stopping) {
        tell_stopped(c);
        return;
    }
    struct jn_error why = { .status = JN_OK };
    jn_fail(&why, JN_NOT_FOUND, "the broker cancelled the consumer of queue \"%s\": the queue was deleted, or its node "
            "is gone", c->opt.queue);
    if (by_broker)
        be_lost(c, &why);
}

/* 404, 403 and 405 as the answer to basic.consume do not get better by asking again; but a queue of a cluster whose node
 * is down is not there either (404), and comes back with it. */
static bool is_hopeless(const struct sailor_consumer *c, int code, jn_str text)
{
    if (c->is_consuming || !c->has_asked || (code != 404 && code != 403 && code != 405))
        return false;
    return !c->has_consumed || jn_str_find(text, JN_STR("down or inaccessible"), 0) == SIZE_MAX;
}

static void reopen(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_consumer *c = arg;
    if (c->link.connection)
        sailor_connection_reopen(c->link.connection);
}

static void on_channel_closed(int code, jn_str text, void *arg)
{
    struct sailor_consumer *c = arg;
    struct jn_error why = { .status = JN_OK };
    jn_fail(&why, code == 404 ? JN_NOT_FOUND : JN_REMOTE, "BasicConsume of queue \"%s\" failed: %d %.*s", c->opt.queue,
            code, JN_ARG(text));
    const bool hopeless = is_hopeless(c, code, text);
    next_generation(c);
    if (c->is_stopping) {
        tell_stopped(c);
        return;
    }
    if (hopeless) {
        be_lost(c, &why);
        return;
    }
    const int64_t wait_ms = c->closures == 0 ? 0 : sailor_backoff_ms(REOPEN_MS, c->closures - 1, LONGEST_REOPEN_MS, 0);
    c->closures++;
    base_log(c->opt.log, BASE_WARN, NULL, "the broker closed the channel of queue \"%s\": %d %.*s; opened again in %lld ms",
             c->opt.queue, code, JN_ARG(text), (long long)wait_ms);
    base_timer_start(c->reopen, wait_ms);
}

/* Calls back for what was asked when there was no connection to ask. */
static void on_later(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_consumer *c = arg;
    if (c->is_closing) {
        void (*closed)(void *) = c->closed;
        c->closed = NULL;
        if (closed)
            closed(c->closed_arg);
    } else {
        tell_stopped(c);
    }
}

static void on_closed(const struct jn_error *why, void *arg)
{
    struct sailor_consumer *c = arg;
    base_timer_stop(c->reopen);
    next_generation(c);
    if (c->is_closing || c->is_stopping)
        base_timer_start(c->later, 0);
    if (c->is_closing) {
        sailor_link_clear(&c->link);
        return;
    }
    const struct jn_error closed = { .status = JN_IO, .message = "connection closed" };
    sailor_link_closed(&c->link, why ? why : &closed);
}

static void on_link_lost(const struct jn_error *why, void *arg)
{
    be_lost(arg, why);
}

static const struct sailor_connection_handlers handlers = {
    .on_ready = on_ready, .on_consuming = on_consuming, .on_delivery = on_delivery, .on_cancelled = on_cancelled,
    .on_channel_closed = on_channel_closed, .on_closed = on_closed,
};

/* ---- life ---------------------------------------------------------------------------------------------------- */

static enum jn_status set_up(struct sailor_consumer *c, struct jn_error *err)
{
    const struct sailor_consumer_options *o = &c->opt;
    const struct sailor_link_options link = {
        .uris = o->uris, .name = o->name, .ca = o->ca, .certificate = o->certificate, .key = o->key,
        .prefetch = o->prefetch, .connect_attempts = o->connect_attempts, .reconnect_attempts = o->reconnect_attempts,
        .delay_ms = o->reconnect_delay_ms, .random = o->random, .reconnects = &o->metrics->reconnects[0],
        .log = o->log, .handlers = &handlers, .on_lost = on_link_lost, .arg = c,
    };
    c->recent = calloc(RECENT, sizeof *c->recent);
    if (!c->recent)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the consumer");
    enum jn_status s = base_timer_new(c->loop, reopen, c, &c->reopen, err);
    if (!s)
        s = base_timer_new(c->loop, on_later, c, &c->later, err);
    return s ? s : sailor_link_init(&c->link, c->loop, &link, err);
}

enum jn_status sailor_consumer_new(struct base_loop *l, const struct sailor_consumer_options *opt,
                                   struct sailor_consumer **out, struct jn_error *err)
{
    struct sailor_consumer *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the consumer");
    c->opt = *opt;
    if (c->opt.prefetch < 1)
        c->opt.prefetch = 1;
    c->loop = l;
    base_random_bytes(opt->random, &c->key, sizeof c->key);
    const enum jn_status s = set_up(c, err);
    if (s)
        sailor_consumer_free(c);
    else
        *out = c;
    return s;
}

void sailor_consumer_start(struct sailor_consumer *c)
{
    c->is_wanted = true;
    if (sailor_link_is_ready(&c->link))
        ask_to_consume(c);
}

void sailor_consumer_stop(struct sailor_consumer *c, void (*done)(void *arg), void *arg)
{
    const bool has_asked = c->has_asked && !c->is_lost;
    c->is_stopping = true;
    c->stopped = done;
    c->stopped_arg = arg;
    if (c->is_consuming && sailor_link_is_ready(&c->link))
        sailor_connection_cancel(c->link.connection);
    else if (!has_asked)
        base_timer_start(c->later, 0);
}

size_t sailor_consumer_in_process(const struct sailor_consumer *c)
{
    return c->count;
}

bool sailor_consumer_is_consuming(const struct sailor_consumer *c)
{
    return c->is_consuming;
}

void sailor_consumer_close(struct sailor_consumer *c, void (*done)(void *arg), void *arg)
{
    c->is_closing = true;
    c->closed = done;
    c->closed_arg = arg;
    if (sailor_link_is_ready(&c->link)) {
        sailor_connection_close(c->link.connection);
        return;
    }
    sailor_link_clear(&c->link);
    base_timer_start(c->later, 0);
}

void sailor_consumer_free(struct sailor_consumer *c)
{
    if (!c)
        return;
    sailor_link_clear(&c->link);
    base_timer_free(c->reopen);
    base_timer_free(c->later);
    free_deliveries(c->in_process);
    free_deliveries(c->idle);
    sailor_settled_clear(&c->settled);
    free(c->recent);
    free(c);
}
