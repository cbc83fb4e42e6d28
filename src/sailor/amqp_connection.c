/* amqp_connection.c - a connection's life as a table of states; see amqp_connection.h.  Bytes come from base/socket.c,
 * are made sense of by amqp_codec.c, and each event is checked against the state before it is acted upon, so that a
 * broker that speaks out of turn ends the connection and not us.
 *
 *     broker                               us
 *                                      <-  protocol header
 *     connection.start                 ->
 *                                      <-  connection.start-ok (login)
 *     connection.tune                  ->
 *                                      <-  connection.tune-ok, connection.open (virtual host)
 *     connection.open-ok               ->
 *                                      <-  channel.open
 *     channel.open-ok                  ->
 *                                      <-  basic.qos, confirm.select, as wanted
 *     basic.qos-ok, confirm.select-ok  ->  ready
 *
 * Heartbeats: a timer ticks twice an interval.  A tick sends one when nothing else was sent since the last, and counts
 * itself when nothing was heard; four in a row are two silent intervals, and the end.  Ticks are counted rather than
 * time measured, so that a process that was stopped for a while reads what has come before it judges. */
#include "sailor/amqp_connection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/socket.h"
#include "base/timer.h"

enum {
    CHANNEL = 1,
    HANDSHAKE_TIMEOUT_MS = 10000,
    CLOSE_TIMEOUT_MS = 1000,
    SILENT_TICKS = 4,
    USUAL_FRAME = 131072,
    KEPT_BODY = 256 << 10,          /* a larger buffer is given back after its message */
    ACCESS_REFUSED = 403,
};

static const int64_t MAX_BODY = 512 << 20;

#define TO(state) (1u << STATE_##state)
#define CONNECTION_STATES(X) /* may become                               what is due */                               \
    X(connecting,      TO(starting) | TO(leaving) | TO(over),            "TCP, and TLS")                              \
    X(starting,        TO(tuning) | TO(leaving) | TO(over),              "connection.start")                          \
    X(tuning,          TO(opening) | TO(leaving) | TO(refused) | TO(over), "connection.tune: the login is looked at") \
    X(opening,         TO(opening_channel) | TO(leaving) | TO(refused) | TO(over), "connection.open-ok")              \
    X(opening_channel, TO(ready) | TO(channel_closed) | TO(closing) | TO(refused) | TO(over),                         \
                                                                         "channel.open-ok, qos-ok, select-ok")        \
    X(ready,           TO(channel_closed) | TO(closing) | TO(refused) | TO(over), "nothing: in use")                  \
    X(channel_closed,  TO(opening_channel) | TO(closing) | TO(refused) | TO(over), "sailor_connection_reopen()")      \
    X(closing,         TO(over),                                         "connection.close-ok")                       \
    X(leaving,         TO(over),                                         "the next round: closed before it was open") \
    X(refused,         TO(over),                 "the end of the socket: our connection.close-ok is on its way")      \
    X(over,            0,                                                "nothing more")

#define X(name, next, due) STATE_##name,
enum connection_state { CONNECTION_STATES(X) };
#undef X

#define X(name, next, due) [STATE_##name] = { #name, next, due },
static const struct { const char *name; unsigned may_become; const char *due; } states[] = { CONNECTION_STATES(X) };
#undef X

struct sailor_connection {
    struct base_loop *loop;
    struct sailor_connection_options opt;
    char *name;
    enum connection_state state;
    unsigned callers;               /* callbacks of socket and timers that are running */
    bool is_freed, is_user_closing;

    struct base_socket *socket;
    struct sailor_codec *codec;
    struct base_timer *deadline;    /* of the handshake, or of the end */
    struct base_timer *beat;
    int64_t heartbeat_s;
    int silent_ticks;
    bool has_sent;                  /* since the last tick */

    int replies_due;                /* of qos and confirm.select */
    bool is_blocked;
    bool consume_due, is_consuming, cancel_wanted;
    char consumer_tag[256];
    size_t consumer_tag_len;
    uint64_t published;             /* on this channel, since confirm.select */

    bool is_return;                 /* the message being read was returned */
    int return_code;
    jn_str return_text;
    struct sailor_incoming incoming;
    struct jn_buf body;
    struct jn_error why;            /* in `refused` */
};

static void become(struct sailor_connection *c, enum connection_state next)
{
    assert(states[c->state].may_become & 1u << next);
    base_trace(c->opt.log, BASE_TRACE_STATE, "%s: %s -> %s", c->name, states[c->state].name, states[next].name);
    c->state = next;
}

static bool is_any_of(const struct sailor_connection *c, unsigned set)
{
    return (set & 1u << c->state) != 0;
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void destroy(struct sailor_connection *c)
{
    sailor_codec_free(c->codec);
    jn_buf_clear(&c->body);
    free(c->name);
    free(c);
}

static void enter(struct sailor_connection *c)
{
    c->callers++;
}

static void leave(struct sailor_connection *c)
{
    if (--c->callers == 0 && c->is_freed)
        destroy(c);
}

static void drop_world(struct sailor_connection *c)
{
    base_socket_free(c->socket);
    base_timer_free(c->deadline);
    base_timer_free(c->beat);
    c->socket = NULL;
    c->deadline = c->beat = NULL;
}

/* `why` may live in what is dropped. */
static void end(struct sailor_connection *c, const struct jn_error *why)
{
    if (c->state == STATE_over)
        return;
    const struct jn_error copy = why ? *why : (struct jn_error){ 0 };
    become(c, STATE_over);
    drop_world(c);
    if (c->opt.handlers->on_closed)
        c->opt.handlers->on_closed(why && !c->is_user_closing ? &copy : NULL, c->opt.arg);
}

static const char *peer(const struct sailor_connection *c)
{
    return base_socket_peer(c->socket);
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static struct jn_buf *output(struct sailor_connection *c)
{
    return base_socket_output(c->socket);
}

static void sent(struct sailor_connection *c, const char *what)
{
    base_trace(c->opt.log, BASE_TRACE_AMQP, "%s > %s", c->name, what);
    c->has_sent = true;
    base_socket_flush(c->socket);
}

static void open_channel(struct sailor_connection *c)
{
    become(c, STATE_opening_channel);
    c->published = 0;
    c->consume_due = c->is_consuming = c->cancel_wanted = false;
    sailor_put_channel_open(c->codec, CHANNEL, output(c));
    sent(c, "channel.open");
}

static void send_cancel(struct sailor_connection *c)
{
    c->cancel_wanted = false;
    sailor_put_cancel(c->codec, CHANNEL, (jn_str){ c->consumer_tag, c->consumer_tag_len }, output(c));
    sent(c, "basic.cancel");
}

/* ---- the broker's methods: the handshake --------------------------------------------------------------------- */

/* Mechanisms are words between blanks; there is one called AMQPLAIN. */
static bool offers_plain(jn_str mechanisms)
{
    while (mechanisms.len) {
        const size_t blank = jn_str_find(mechanisms, JN_STR(" "), 0);
        if (jn_str_eq(jn_str_sub(mechanisms, 0, blank), JN_STR("PLAIN")))
            return true;
        mechanisms = blank == SIZE_MAX ? JN_STR("") : jn_str_sub(mechanisms, blank + 1, mechanisms.len);
    }
    return false;
}

static void on_start(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    struct jn_error why = { 0 };
    if (!offers_plain(e->text)) {
        jn_fail(&why, JN_REMOTE, "the broker at %s takes the login only as \"%.*s\", and we can only do PLAIN", peer(c),
                e->text.len < 100 ? (int)e->text.len : 100, e->text.data);
        end(c, &why);
        return;
    }
    become(c, STATE_tuning);
    const struct sailor_amqp_uri *u = c->opt.uri;
    sailor_put_start_ok(c->codec, jn_str_of(u->user), jn_str_of(u->password), jn_str_of(c->name), output(c));
    sent(c, "connection.start-ok");
}

/* What both can do; 0 means "no limit" on either side. */
static int64_t agreed(int64_t theirs, int64_t ours)
{
    return ours && (!theirs || ours < theirs) ? ours : theirs;
}

static void on_beat(struct base_timer *t, void *arg);

static void start_beat(struct sailor_connection *c)
{
    if (c->heartbeat_s)
        base_timer_start(c->beat, c->heartbeat_s * 500);
}

static void on_tune(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    const struct sailor_amqp_uri *u = c->opt.uri;
    int64_t frame_max = agreed(e->frame_max, u->frame_max);
    if (!frame_max)
        frame_max = USUAL_FRAME;
    c->heartbeat_s = u->heartbeat_s >= 0 ? u->heartbeat_s : e->heartbeat_s;
    sailor_codec_set_frame_max(c->codec, frame_max);
    become(c, STATE_opening);
    sailor_put_tune_ok(c->codec, agreed(e->channel_max, u->channel_max), frame_max, c->heartbeat_s, output(c));
    sent(c, "connection.tune-ok");
    sailor_put_open(c->codec, jn_str_of(u->vhost), output(c));
    sent(c, "connection.open");
    start_beat(c);
}

static void on_open_ok(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    (void)e;
    open_channel(c);
}

static void settle_channel(struct sailor_connection *c)
{
    if (c->replies_due)
        return;
    become(c, STATE_ready);
    base_timer_stop(c->deadline);
    if (c->opt.handlers->on_ready)
        c->opt.handlers->on_ready(c->opt.arg);
}

static void on_channel_open_ok(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    (void)e;
    c->replies_due = (c->opt.prefetch > 0) + c->opt.confirms;
    if (c->opt.prefetch > 0) {
        sailor_put_qos(c->codec, CHANNEL, c->opt.prefetch, output(c));
        sent(c, "basic.qos");
    }
    if (c->opt.confirms) {
        sailor_put_confirm_select(c->codec, CHANNEL, output(c));
        sent(c, "confirm.select");
    }
    settle_channel(c);
}

static void on_channel_reply(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    (void)e;
    c->replies_due -= c->replies_due > 0;
    settle_channel(c);
}

/* ---- the broker's methods: in use ---------------------------------------------------------------------------- */

static void on_consume_ok(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    c->consumer_tag_len = e->text.len < sizeof c->consumer_tag ? e->text.len : sizeof c->consumer_tag - 1;
    memcpy(c->consumer_tag, e->text.data, c->consumer_tag_len);
    c->consume_due = false;
    c->is_consuming = true;
    if (c->cancel_wanted)
        send_cancel(c);
    if (c->opt.handlers->on_consuming)
        c->opt.handlers->on_consuming((jn_str){ c->consumer_tag, c->consumer_tag_len }, c->opt.arg);
}

static void on_cancelled(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    c->is_consuming = false;
    if (c->opt.handlers->on_cancelled)
        c->opt.handlers->on_cancelled(e->kind == SAILOR_AMQP_CANCEL, c->opt.arg);
}

static void on_settled(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    if (c->opt.handlers->on_confirm)
        c->opt.handlers->on_confirm(e->tag, e->multiple, e->kind == SAILOR_AMQP_ACK, c->opt.arg);
}

static void on_blocked(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    c->is_blocked = e->kind == SAILOR_AMQP_BLOCKED;
    if (c->opt.handlers->on_blocked)
        c->opt.handlers->on_blocked(c->is_blocked, e->text, c->opt.arg);
}

static void on_channel_close(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    become(c, STATE_channel_closed);
    base_timer_stop(c->deadline);
    c->is_consuming = c->consume_due = false;
    sailor_put_channel_close_ok(c->codec, CHANNEL, output(c));
    sent(c, "channel.close-ok");
    if (c->opt.handlers->on_channel_closed)
        c->opt.handlers->on_channel_closed(e->code, e->text, c->opt.arg);
}

/* ---- the broker's methods: messages -------------------------------------------------------------------------- */

static void on_announced(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    c->is_return = e->kind == SAILOR_AMQP_RETURN;
    c->incoming = (struct sailor_incoming){ .tag = e->tag, .redelivered = e->redelivered, .exchange = e->exchange,
                                            .routing_key = e->routing_key, .body = &c->body };
    if (c->is_return) {
        c->return_code = e->code;
        c->return_text = e->text;
    } else {
        c->incoming.consumer_tag = e->text;
    }
}

static void on_message(struct sailor_connection *c)
{
    const struct sailor_connection_handlers *h = c->opt.handlers;
    if (c->is_return && h->on_return)
        h->on_return(c->return_code, c->return_text, &c->incoming, c->opt.arg);
    else if (!c->is_return && h->on_delivery)
        h->on_delivery(&c->incoming, c->opt.arg);
    if (c->body.cap > KEPT_BODY && !c->is_freed)
        jn_buf_clear(&c->body);
}

static void out_of_memory(struct sailor_connection *c)
{
    struct jn_error why = { 0 };
    jn_fail(&why, JN_NO_MEMORY, "no memory for a message from the broker at %s", peer(c));
    end(c, &why);
}

/* Room for the whole body at once: it is never moved while it grows. */
static void on_content(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    const int64_t max = c->opt.max_body ? c->opt.max_body : MAX_BODY;
    struct jn_error why = { 0 };
    if (e->body_size > (uint64_t)max) {
        jn_fail(&why, JN_LIMIT, "the broker at %s sent a message of %llu bytes; %lld are the most", peer(c),
                (unsigned long long)e->body_size, (long long)max);
        end(c, &why);
        return;
    }
    if (e->is_malformed)
        base_log(c->opt.log, BASE_WARN, NULL, "%s: the headers of a message (delivery tag %llu) cannot be read",
                 c->name, (unsigned long long)c->incoming.tag);
    c->incoming.properties = e->properties;
    jn_buf_truncate(&c->body, 0);
    if (!jn_buf_reserve(&c->body, (size_t)e->body_size))
        out_of_memory(c);
    else if (e->is_last)
        on_message(c);
}

static void on_body(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    jn_buf_append(&c->body, e->text);
    if (c->body.failed)
        out_of_memory(c);
    else if (e->is_last)
        on_message(c);
}

/* ---- the broker's methods: the end --------------------------------------------------------------------------- */

/* A reply code in words of its own; the broker's follow. */
static const char *hint_for(const struct sailor_connection *c, int code)
{
    if (c->state == STATE_tuning && code == ACCESS_REFUSED)
        return "refused the login; check user name and password";
    return c->state == STATE_opening ? "refused the virtual host" : "closed the connection";
}

/* Our answer must leave before the socket is closed: the broker closes it. */
static void on_connection_close(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    char code[16];
    snprintf(code, sizeof code, "%d", e->code);
    jn_fail_code(&c->why, JN_REMOTE, jn_str_of(code), "the broker at %s %s: %.*s (%d)", peer(c), hint_for(c, e->code),
                 e->text.len < 300 ? (int)e->text.len : 300, e->text.data, e->code);
    sailor_put_connection_close_ok(c->codec, output(c));
    sent(c, "connection.close-ok");
    if (c->state != STATE_closing)
        become(c, STATE_refused);
    base_timer_start(c->deadline, CLOSE_TIMEOUT_MS);
}

static void on_connection_close_ok(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    (void)e;
    end(c, NULL);
}

static void on_nothing(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    (void)c, (void)e;
}

/* ---- what is expected when ----------------------------------------------------------------------------------- */

#define WITH_CHANNEL (TO(opening_channel) | TO(ready) | TO(channel_closed))
#define LOGGED_IN (TO(opening) | WITH_CHANNEL)
#define STARTED (TO(tuning) | LOGGED_IN | TO(closing))
#define EVER (~0u)

typedef void event_fn(struct sailor_connection *c, const struct sailor_amqp_event *e);

static const struct { unsigned in; event_fn *act; } turns[] = {
    [SAILOR_AMQP_START] = { TO(starting), on_start },
    [SAILOR_AMQP_TUNE] = { TO(tuning), on_tune },
    [SAILOR_AMQP_OPEN_OK] = { TO(opening), on_open_ok },
    [SAILOR_AMQP_CONNECTION_CLOSE] = { STARTED, on_connection_close },
    [SAILOR_AMQP_CONNECTION_CLOSE_OK] = { TO(closing), on_connection_close_ok },
    [SAILOR_AMQP_BLOCKED] = { LOGGED_IN, on_blocked },
    [SAILOR_AMQP_UNBLOCKED] = { LOGGED_IN, on_blocked },
    [SAILOR_AMQP_CHANNEL_OPEN_OK] = { TO(opening_channel), on_channel_open_ok },
    [SAILOR_AMQP_CHANNEL_CLOSE] = { TO(opening_channel) | TO(ready), on_channel_close },
    [SAILOR_AMQP_CHANNEL_CLOSE_OK] = { WITH_CHANNEL, on_nothing },
    [SAILOR_AMQP_QOS_OK] = { TO(opening_channel), on_channel_reply },
    [SAILOR_AMQP_CONFIRM_OK] = { TO(opening_channel), on_channel_reply },
    [SAILOR_AMQP_CONSUME_OK] = { TO(ready), on_consume_ok },
    [SAILOR_AMQP_CANCEL] = { TO(ready), on_cancelled },
    [SAILOR_AMQP_CANCEL_OK] = { TO(ready), on_cancelled },
    [SAILOR_AMQP_DELIVER] = { TO(ready), on_announced },
    [SAILOR_AMQP_RETURN] = { TO(ready), on_announced },
    [SAILOR_AMQP_ACK] = { TO(ready), on_settled },
    [SAILOR_AMQP_NACK] = { TO(ready), on_settled },
    [SAILOR_AMQP_CONTENT] = { TO(ready), on_content },
    [SAILOR_AMQP_BODY] = { TO(ready), on_body },
    [SAILOR_AMQP_HEARTBEAT] = { EVER, on_nothing },
    [SAILOR_AMQP_OTHER] = { EVER, on_nothing },
};

static void on_event(struct sailor_connection *c, const struct sailor_amqp_event *e)
{
    struct jn_error why = { 0 };
    if (e->kind != SAILOR_AMQP_BODY)
        base_trace(c->opt.log, BASE_TRACE_AMQP, "%s < %s", c->name, sailor_amqp_event_name(e->kind));
    if (is_any_of(c, turns[e->kind].in)) {
        turns[e->kind].act(c, e);
    } else if (!is_any_of(c, TO(closing) | TO(leaving) | TO(refused))) {    // there, messages may still be on their way
        jn_fail(&why, JN_BAD_TEXT, "the broker at %s sent %s out of turn: %s is due", peer(c),
                sailor_amqp_event_name(e->kind), states[c->state].due);
        end(c, &why);
    }
}

/* ---- the socket ---------------------------------------------------------------------------------------------- */

static void on_open(struct base_socket *s, void *arg)
{
    (void)s;
    struct sailor_connection *c = arg;
    if (c->state != STATE_connecting)
        return;
    become(c, STATE_starting);
    base_timer_start(c->deadline, HANDSHAKE_TIMEOUT_MS);
    sailor_put_protocol_header(output(c));
    sent(c, "protocol header");
}

static void on_data(struct base_socket *s, jn_str data, void *arg)
{
    (void)s;
    struct sailor_connection *c = arg;
    struct sailor_amqp_event event;
    struct jn_error why = { 0 };
    bool has_event = true;
    enter(c);
    c->silent_ticks = 0;
    while (has_event && !c->is_freed && c->state != STATE_over) {
        if (!sailor_codec_read(c->codec, &data, &event, &has_event, &why)) {
            if (has_event)
                on_event(c, &event);
        } else {
            jn_error_prefix(&why, "%s", peer(c));
            end(c, &why);
        }
    }
    leave(c);
}

static void on_drain(struct base_socket *s, void *arg)
{
    (void)s;
    struct sailor_connection *c = arg;
    enter(c);
    if (is_any_of(c, TO(ready) | TO(channel_closed)) && c->opt.handlers->on_drain)
        c->opt.handlers->on_drain(c->opt.arg);
    leave(c);
}

/* A broker that does not announce authentication_failure_close hangs up on a wrong password without a word. */
static void on_close(struct base_socket *s, const struct jn_error *why, void *arg)
{
    (void)s;
    struct sailor_connection *c = arg;
    struct jn_error copy = *why;
    enter(c);
    if (c->state == STATE_refused)
        copy = c->why;
    else if (c->state == STATE_tuning)
        jn_error_prefix(&copy, "the login failed; user name or password may be wrong");
    else if (c->state == STATE_starting || c->state == STATE_opening)
        jn_error_prefix(&copy, "%s is due", states[c->state].due);
    end(c, &copy);
    leave(c);
}

static const struct base_socket_handlers socket_handlers = {
    .on_open = on_open, .on_data = on_data, .on_drain = on_drain, .on_close = on_close,
};

/* ---- timers -------------------------------------------------------------------------------------------------- */

static void on_deadline(struct base_timer *t, void *arg)
{
    (void)t;
    struct sailor_connection *c = arg;
    struct jn_error why = { 0 };
    enter(c);
    if (c->state == STATE_refused)
        why = c->why;
    else if (!is_any_of(c, TO(closing) | TO(leaving)))
        jn_fail(&why, JN_TIMEOUT, "the broker at %s did not answer within %d s: %s is due", peer(c),
                HANDSHAKE_TIMEOUT_MS / 1000, states[c->state].due);
    end(c, why.status ? &why : NULL);
    leave(c);
}

static void on_beat(struct base_timer *t, void *arg)
{
    (void)t;
    struct sailor_connection *c = arg;
    struct jn_error why = { 0 };
    enter(c);
    if (++c->silent_ticks > SILENT_TICKS) {
        jn_fail(&why, JN_TIMEOUT, "the broker at %s has been silent for %lld s, two heartbeat intervals", peer(c),
                (long long)c->heartbeat_s * 2);
        end(c, &why);
    } else {
        if (!c->has_sent && base_socket_pending(c->socket) == 0) {     // what waits to leave will do as well
            sailor_put_heartbeat(c->codec, output(c));
            sent(c, "heartbeat");
        }
        c->has_sent = false;
        start_beat(c);
    }
    leave(c);
}

/* ---- what users call ----------------------------------------------------------------------------------------- */

static const char *either(const char *first, const char *second)
{
    return first ? first : second;
}

static enum jn_status open_socket(struct sailor_connection *c, struct jn_error *err)
{
    const struct sailor_amqp_uri *u = c->opt.uri;
    const struct base_socket_options opt = {
        .host = u->host, .port = u->port, .tls = u->tls, .insecure = u->insecure, .server_name = u->server_name,
        .ca_bundle = either(u->ca, c->opt.ca), .certificate = either(u->certificate, c->opt.certificate),
        .key = either(u->key, c->opt.key), .handlers = &socket_handlers, .arg = c,
    };
    return base_socket_open(c->loop, &opt, &c->socket, err);
}

enum jn_status sailor_connection_open(struct base_loop *l, const struct sailor_connection_options *opt,
                                      struct sailor_connection **out, struct jn_error *err)
{
    struct sailor_connection *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a connection to the broker");
    *c = (struct sailor_connection){ .loop = l, .opt = *opt, .state = STATE_connecting };
    c->name = strdup(opt->name ? opt->name : "amqp");
    jn_buf_init(&c->body, 0);
    enum jn_status status = c->name ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for a connection to the broker");
    if (!status)
        status = sailor_codec_new(&c->codec, err);
    if (!status)
        status = base_timer_new(l, on_deadline, c, &c->deadline, err);
    if (!status)
        status = base_timer_new(l, on_beat, c, &c->beat, err);
    if (!status)
        status = open_socket(c, err);
    if (status)
        sailor_connection_free(c);
    else
        *out = c;
    return status;
}

void sailor_connection_consume(struct sailor_connection *c, jn_str queue)
{
    if (c->state != STATE_ready)
        return;
    c->consume_due = true;
    sailor_put_consume(c->codec, CHANNEL, queue, output(c));
    sent(c, "basic.consume");
}

void sailor_connection_cancel(struct sailor_connection *c)
{
    if (c->state != STATE_ready)
        return;
    if (c->is_consuming)
        send_cancel(c);
    else
        c->cancel_wanted = c->consume_due;
}

void sailor_connection_ack(struct sailor_connection *c, uint64_t tag)
{
    if (c->state != STATE_ready)
        return;
    sailor_put_ack(c->codec, CHANNEL, tag, output(c));
    sent(c, "basic.ack");
}

void sailor_connection_reject(struct sailor_connection *c, uint64_t tag, bool requeue)
{
    if (c->state != STATE_ready)
        return;
    sailor_put_reject(c->codec, CHANNEL, tag, requeue, output(c));
    sent(c, "basic.reject");
}

enum jn_status sailor_connection_publish(struct sailor_connection *c, jn_str exchange, jn_str routing_key,
                                         bool mandatory, const struct sailor_properties *properties, jn_str body,
                                         uint64_t *seq, struct jn_error *err)
{
    if (c->state != STATE_ready)
        return jn_fail(err, JN_IO, "the channel to the broker is not open");
    const enum jn_status status = sailor_put_publish(c->codec, CHANNEL, exchange, routing_key, mandatory, properties,
                                                     body, output(c), err);
    if (status)
        return status;
    *seq = ++c->published;
    sent(c, "basic.publish");
    return JN_OK;
}

void sailor_connection_reopen(struct sailor_connection *c)
{
    if (c->state == STATE_channel_closed)
        open_channel(c);
}

bool sailor_connection_is_ready(const struct sailor_connection *c)
{
    return c->state == STATE_ready;
}

bool sailor_connection_is_blocked(const struct sailor_connection *c)
{
    return c->is_blocked;
}

size_t sailor_connection_pending(const struct sailor_connection *c)
{
    return c->socket ? base_socket_pending(c->socket) : 0;
}

const char *sailor_connection_peer(const struct sailor_connection *c)
{
    return c->socket ? peer(c) : c->opt.uri->host;
}

/* Before the login there is nothing to say goodbye to. */
void sailor_connection_close(struct sailor_connection *c)
{
    if (is_any_of(c, TO(over) | TO(closing) | TO(leaving)))
        return;
    c->is_user_closing = true;
    if (c->state == STATE_refused)
        return;
    if (is_any_of(c, WITH_CHANNEL)) {
        become(c, STATE_closing);
        sailor_put_connection_close(c->codec, output(c));
        sent(c, "connection.close");
        base_timer_start(c->deadline, CLOSE_TIMEOUT_MS);
    } else {
        become(c, STATE_leaving);
        base_timer_start(c->deadline, 0);
    }
}

void sailor_connection_free(struct sailor_connection *c)
{
    if (!c)
        return;
    drop_world(c);
    c->state = STATE_over;
    c->is_freed = true;
    if (!c->callers)
        destroy(c);
}
