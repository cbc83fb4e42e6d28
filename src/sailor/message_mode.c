/* message_mode.c - a step's process from its start to its end (platform-protocol.md, 2.2, 2.7, 2.9).
 *
 *     connecting -> fetching -> starting -> initialising -> asking -> running -> draining -> closing -> over
 *          \            \           \            \            \  -> reporting ------------>/
 *
 * Every way to the end but the first of these has its last word, a line of level 60, and exit status 1:
 *   told to stop      nothing new is consumed, what is in process is finished, exit status 0; when the time for that is
 *                     over, or the broker takes nothing, it goes back to the queue
 *   cannot start      one error message, if there is somebody to publish it, within start_report_timeout_ms (Q18)
 *   queue gone        what is in process is finished: nobody will deliver it again
 *   broker gone       (attempts used up, Q4) at once: what is in process will be delivered again
 *
 * What others call back only notes what happened; on_later(), from a timer, acts on it, so that nothing is ever freed
 * under somebody's feet. */
#include "sailor/modes.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/signal.h"
#include "base/timer.h"
#include "sailor/boot.h"
#include "sailor/consumer.h"
#include "sailor/flow.h"
#include "sailor/operations.h"
#include "sailor/publisher.h"
#include "sailor/storage.h"

enum {
    DEFAULT_CONNECT_ATTEMPTS = 4,       /* 1.3: 3 after the first */
    QUEUE_GONE_DRAIN_MS = 60000,        /* how long what is in process may take when its queue is gone */
    STALLED_MS = 10000,                 /* a broker that takes nothing for so long does not hold up the end */
    MAX_PREFETCH = 65535,
};

#define MODE_STATES(X)                                                                                                 \
    X(CONNECTING, TO(FETCHING) | TO(REPORTING) | TO(CLOSING), "both connections are being opened")                     \
    X(FETCHING, TO(STARTING) | TO(INITIALISING) | TO(REPORTING) | TO(CLOSING), "the step's data")                      \
    X(STARTING, TO(INITIALISING) | TO(REPORTING) | TO(CLOSING), "the startup hook, and storing what it gave")          \
    X(INITIALISING, TO(ASKING) | TO(REPORTING) | TO(CLOSING), "the init hook")                                         \
    X(ASKING, TO(RUNNING) | TO(REPORTING) | TO(CLOSING), "basic.consume has been sent")                                \
    X(RUNNING, TO(DRAINING) | TO(CLOSING), "messages come")                                                            \
    X(DRAINING, TO(CLOSING), "no new messages; those in process are finished")                                         \
    X(REPORTING, TO(CLOSING), "the start failed, and the platform is being told")                                      \
    X(CLOSING, TO(OVER), "the connections are being closed")                                                           \
    X(OVER, 0, "the loop is left")

#define ENUM(name, to, what) name,
enum mode_state { MODE_STATES(ENUM) };
#undef ENUM

struct mode {
    struct sailor_boot boot;
    enum mode_state state;
    struct sailor_amqp_uris uris;
    char read_name[80], write_name[80];
    struct sailor_identity *identity;
    struct sailor_cipher *cipher;
    struct sailor_storage *storage;
    struct sailor_publisher *publisher;
    struct sailor_consumer *consumer;
    struct sailor_flow *flow;
    struct sailor_operations *operations;       /* NULL: nobody asked for them */
    void *self;                         /* the opened action */
    bool is_open;
    struct sailor_reply *reply;         /* of the hook that is running */
    struct base_timer *later, *deadline, *watch;
    struct base_signal *signals[2];
    bool can_read, can_write;           /* connected for the first time */
    bool is_told_to_stop, is_stopped;   /* nothing new can come */
    bool is_queue_gone, is_mute;        /* mute: the publisher has given up */
    struct jn_arena arena;              /* of the failure */
    struct sailor_failure failure;
    bool has_failed;
    int exit_status;
};

#define NAME(name, to, what) #name,
static const char *const state_names[] = { MODE_STATES(NAME) };
#undef NAME
#define TO(name) (1u << (name))
#define MAY(name, to, what) to,
static const unsigned may_become[] = { MODE_STATES(MAY) };
#undef MAY
#undef TO

static void enter(struct mode *m, enum mode_state state)
{
    assert(may_become[m->state] & (1u << state));
    base_trace(&m->boot.log.base, BASE_TRACE_STATE, "step: %s -> %s", state_names[m->state], state_names[state]);
    m->state = state;
}

static void act_later(struct mode *m)
{
    base_timer_start(m->later, 0);
}

/* ---- closing ------------------------------------------------------------------------------------------------- */

static void on_all_closed(void *arg)
{
    struct mode *m = arg;
    enter(m, OVER);
    base_log(&m->boot.log.base, BASE_INFO, NULL, "disconnected");
    base_loop_stop(m->boot.loop);
}

static void on_consumer_closed(void *arg)
{
    struct mode *m = arg;
    if (m->publisher)
        sailor_publisher_close(m->publisher, on_all_closed, m);
    else
        on_all_closed(m);
}

/* What is in process is dropped without being settled: closing gives it back to the queue. */
static void close_all(struct mode *m)
{
    enter(m, CLOSING);
    base_timer_stop(m->deadline);
    base_timer_stop(m->watch);
    base_log(&m->boot.log.base, BASE_INFO, NULL, "disconnecting");
    if (m->reply)
        sailor_reply_forget(m->reply);
    m->reply = NULL;
    sailor_flow_free(m->flow);
    m->flow = NULL;
    if (m->is_open && m->boot.action->close)
        m->boot.action->close(m->self);
    m->is_open = false;
    if (m->consumer)
        sailor_consumer_close(m->consumer, on_consumer_closed, m);
    else
        on_consumer_closed(m);
}

/* ---- failing ------------------------------------------------------------------------------------------------- */

static jn_str keep(struct mode *m, jn_str s)
{
    return s.data ? jn_arena_copy(&m->arena, s) : s;
}

/* Notes the first failure; later ones are of its making. */
static void note_failure(struct mode *m, const struct sailor_failure *f)
{
    m->exit_status = 1;
    if (!m->has_failed)
        m->failure = (struct sailor_failure){ keep(m, f->name), keep(m, f->message), keep(m, f->stack) };
    m->has_failed = true;
}

static void die(struct mode *m, const char *message)
{
    sailor_boot_fatal(&m->boot, &m->failure, message);
    close_all(m);
}

static void on_reported(const struct jn_error *failed, void *arg)
{
    struct mode *m = arg;
    if (m->state != REPORTING)
        return;
    if (failed)
        base_log(&m->boot.log.base, BASE_ERROR, NULL, "the platform could not be told: %s", failed->message);
    die(m, "the step cannot start");
}

static void fail_start(struct mode *m, const struct sailor_failure *f)
{
    note_failure(m, f);
    if (m->state >= RUNNING)
        return;
    const struct sailor_start_report report = {
        .settings = &m->boot.settings, .identity = m->identity, .cipher = m->cipher, .publisher = m->publisher,
        .random = &m->boot.random, .failure = &m->failure,
    };
    struct jn_error why = { .status = JN_OK };
    if (!m->can_read || !m->can_write || m->is_mute) {
        die(m, "the step cannot start");
        return;
    }
    enter(m, REPORTING);
    if (sailor_report_start(&report, on_reported, m, &why))
        on_reported(&why, m);
}

static void fail_start_error(struct mode *m, const struct jn_error *why)
{
    const struct sailor_failure f = { .name = jn_str_of(why->code[0] ? why->code : "Error"),
                                      .message = jn_str_of(why->message) };
    fail_start(m, &f);
}

static void fail_start_memory(struct mode *m)
{
    const struct jn_error why = { .status = JN_NO_MEMORY, .message = "no memory for a request to the platform" };
    fail_start_error(m, &why);
}

/* ---- draining ------------------------------------------------------------------------------------------------ */

static void on_stopped(void *arg)
{
    struct mode *m = arg;
    m->is_stopped = true;
    act_later(m);
}

static void drain(struct mode *m)
{
    enter(m, DRAINING);
    base_log(&m->boot.log.base, BASE_INFO, NULL, "stopping: %zu messages in process", sailor_flow_in_process(m->flow));
    base_timer_start(m->watch, STALLED_MS / 10);
    if (m->is_queue_gone)
        m->is_stopped = true;
    else
        sailor_consumer_stop(m->consumer, on_stopped, m);
}

static void finish_drained(struct mode *m)
{
    if (!m->is_stopped || sailor_flow_in_process(m->flow) > 0)
        return;
    if (m->has_failed)
        die(m, "the step cannot go on");
    else
        close_all(m);
}

/* While it drains: does the broker still take what is published? */
static void on_watch(struct base_timer *timer, void *arg)
{
    struct mode *m = arg;
    base_timer_start(timer, STALLED_MS / 10);
    if (m->state != DRAINING || m->has_failed || sailor_publisher_stalled_ms(m->publisher) < STALLED_MS)
        return;
    base_log(&m->boot.log.base, BASE_WARN, NULL, "the broker takes nothing: %zu messages go back to the queue",
             sailor_flow_in_process(m->flow));
    close_all(m);
}

/* Told to stop, and it takes too long. */
static void on_deadline(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct mode *m = arg;
    if (m->state >= REPORTING)
        return;
    if (m->state == DRAINING && !m->has_failed) {
        base_log(&m->boot.log.base, BASE_WARN, NULL, "the time to stop is over: %zu messages go back to the queue",
                 sailor_flow_in_process(m->flow));
        close_all(m);
        return;
    }
    const struct sailor_failure f = { .message = JN_STR("told to stop before the start was complete, and the time to "
                                                        "stop is over (ELASTICIO_SHUTDOWN_TIMEOUT)") };
    note_failure(m, &f);
    die(m, "the step ends");
}

static void on_signal(int signum, void *arg)
{
    struct mode *m = arg;
    base_log(&m->boot.log.base, BASE_INFO, NULL, "received %s", signum == SIGTERM ? "SIGTERM" : "SIGINT");
    if (m->is_told_to_stop)
        return;
    m->is_told_to_stop = true;
    if (m->boot.settings.shutdown_timeout_ms > 0)
        base_timer_start(m->deadline, m->boot.settings.shutdown_timeout_ms);
    act_later(m);
}

/* ---- starting ------------------------------------------------------------------------------------------------ */

static enum jn_status open_action(struct mode *m, struct jn_error *err)
{
    const struct sailor_action *action = m->boot.action;
    const enum jn_status s = action->open ? action->open(&m->boot.step, &m->self, err) : JN_OK;
    m->is_open = s == JN_OK;
    return s;
}

static void on_idle(void *arg)
{
    act_later(arg);
}

static enum jn_status new_flow(struct mode *m, struct jn_error *err)
{
    struct sailor_boot *b = &m->boot;
    const struct sailor_flow_options opt = {
        .settings = &b->settings, .identity = m->identity, .log_origin = b->origin, .action = b->action,
        .self = m->self, .step = &b->step, .is_passthrough = b->is_passthrough, .auto_resolve = b->entry.auto_resolve,
        .snapshot = b->snapshot, .cipher = m->cipher, .publisher = m->publisher, .platform = b->platform,
        .storage = m->storage, .metrics = &b->metrics, .on_idle = on_idle, .arg = m,
    };
    return sailor_flow_new(b->loop, &opt, &m->flow, err);
}

static void begin_consuming(struct mode *m)
{
    struct jn_error why = { .status = JN_OK };
    if (open_action(m, &why) || new_flow(m, &why)) {
        fail_start_error(m, &why);
        return;
    }
    enter(m, ASKING);
    sailor_consumer_start(m->consumer);
}

/* Whether a callback of the start is still of interest: something else may have ended the start. */
static bool is_in(const struct mode *m, enum mode_state state)
{
    return m->state == state;
}

static void on_initialised(const struct sailor_failure *failed, jn_str value, void *arg)
{
    struct mode *m = arg;
    (void)value;
    m->reply = NULL;
    if (!is_in(m, INITIALISING))
        return;
    if (failed)
        fail_start(m, failed);
    else
        begin_consuming(m);
}

static void initialise(struct mode *m)
{
    struct jn_error why = { .status = JN_OK };
    enter(m, INITIALISING);
    if (!m->boot.action->init)
        begin_consuming(m);
    else if (sailor_reply_new(m->boot.loop, on_initialised, m, &m->reply, &why))
        fail_start_error(m, &why);
    else
        m->boot.action->init(&m->boot.step, m->reply);
}

static void on_stored(const struct jn_error *failed, jn_str body, void *arg)
{
    struct mode *m = arg;
    (void)body;
    if (!is_in(m, STARTING))
        return;
    if (failed)
        fail_start_error(m, failed);
    else
        initialise(m);
}

static void store(struct mode *m, jn_str result)
{
    if (sailor_platform_store_startup(m->boot.platform, sailor_boot_state(result), on_stored, m))
        fail_start_memory(m);
}

static void on_started(const struct sailor_failure *failed, jn_str value, void *arg)
{
    struct mode *m = arg;
    m->reply = NULL;
    if (!is_in(m, STARTING))
        return;
    if (failed)
        fail_start(m, failed);
    else
        store(m, value);
}

static void start_up(struct mode *m)
{
    struct jn_error why = { .status = JN_OK };
    enter(m, STARTING);
    if (!m->boot.action->startup)
        store(m, JN_STR("{}"));
    else if (sailor_reply_new(m->boot.loop, on_started, m, &m->reply, &why))
        fail_start_error(m, &why);
    else
        m->boot.action->startup(&m->boot.step, m->reply);
}

static void on_step(const struct jn_error *failed, jn_str body, void *arg)
{
    struct mode *m = arg;
    struct jn_error why = { .status = JN_OK };
    if (!is_in(m, FETCHING))
        return;
    if (failed)
        why = *failed;
    else if (!sailor_boot_take_step(&m->boot, body, &why))
        sailor_boot_find_action(&m->boot, &why);
    if (why.status)
        fail_start_error(m, &why);
    else if (m->boot.settings.startup_required)
        start_up(m);
    else
        initialise(m);
}

/* ---- what the connections say -------------------------------------------------------------------------------- */

static void on_writable(void *arg)
{
    struct mode *m = arg;
    m->can_write = true;
    act_later(m);
}

static void on_readable(void *arg)
{
    struct mode *m = arg;
    m->can_read = true;
    act_later(m);
}

static void on_consuming(void *arg)
{
    struct mode *m = arg;
    if (!is_in(m, ASKING))
        return;
    enter(m, RUNNING);
    base_log(&m->boot.log.base, BASE_INFO, NULL, "Fully initialized and waiting for messages");
    if (m->is_told_to_stop)
        act_later(m);
}

static void on_delivery(struct sailor_delivery *d, void *arg)
{
    struct mode *m = arg;
    if (m->flow)
        sailor_flow_take(m->flow, d);
    else
        sailor_delivery_settle(d, SAILOR_REQUEUE);
}

static void note_lost(struct mode *m, const struct jn_error *why)
{
    const struct sailor_failure f = { .message = jn_str_of(why->message) };
    note_failure(m, &f);
    act_later(m);
}

static void on_consumer_lost(const struct jn_error *why, void *arg)
{
    struct mode *m = arg;
    m->is_queue_gone = why->status == JN_NOT_FOUND;
    note_lost(m, why);
}

static void on_publisher_lost(const struct jn_error *why, void *arg)
{
    struct mode *m = arg;
    m->is_mute = true;
    note_lost(m, why);
}

/* ---- acting on it -------------------------------------------------------------------------------------------- */

static void fetch_step(struct mode *m)
{
    enter(m, FETCHING);
    if (sailor_platform_get_step(m->boot.platform, on_step, m))
        fail_start_memory(m);
}

static void act_on_failure(struct mode *m)
{
    if (m->state < RUNNING) {
        fail_start(m, &m->failure);
    } else if (m->state <= DRAINING && (m->is_mute || !m->is_queue_gone)) {
        die(m, "the step cannot go on");
    } else if (m->state == RUNNING) {
        const int64_t wait_ms = m->boot.settings.shutdown_timeout_ms;
        base_timer_start(m->deadline, wait_ms > 0 ? wait_ms : QUEUE_GONE_DRAIN_MS);
        drain(m);
    }
}

static void on_later(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct mode *m = arg;
    if (m->has_failed)
        act_on_failure(m);
    if (m->state == CONNECTING && m->can_read && m->can_write)
        fetch_step(m);
    if (m->state == RUNNING && m->is_told_to_stop)
        drain(m);
    if (m->state == DRAINING)
        finish_drained(m);
}

/* ---- making it all ------------------------------------------------------------------------------------------- */

static void name_connections(struct mode *m)
{
    char host[64] = "unknown";
    gethostname(host, sizeof host - 1);
    snprintf(m->read_name, sizeof m->read_name, "%s-read", host);
    snprintf(m->write_name, sizeof m->write_name, "%s-write", host);
}

/* 1.3: so many attempts after the first one; unset means the default at the start, and no end afterwards. */
static int64_t attempts(int64_t after_first, int64_t unset)
{
    return after_first > 0 ? after_first + 1 : after_first < 0 ? 1 : unset;
}

static enum jn_status new_publisher(struct mode *m, struct jn_error *err)
{
    const struct sailor_settings *s = &m->boot.settings;
    const struct sailor_publisher_options opt = {
        .uris = &m->uris, .exchange = s->publish_messages_to, .name = m->write_name, .ca = s->amqp_ca,
        .certificate = s->amqp_certificate, .key = s->amqp_key, .retry_delay_ms = s->publish_retry_delay_ms,
        .retry_attempts = s->publish_retry_attempts, .max_retry_delay_ms = s->publish_max_retry_delay_ms,
        .confirm_timeout_ms = s->confirm_timeout_ms, .unroutable_ms = s->unroutable_ms,
        .connect_attempts = attempts(s->reconnect_attempts, DEFAULT_CONNECT_ATTEMPTS),
        .reconnect_attempts = attempts(s->reconnect_attempts, 0), .reconnect_delay_ms = s->reconnect_timeout_ms,
        .random = &m->boot.random, .clock = m->boot.step.clock, .metrics = &m->boot.metrics, .log = &m->boot.log.base,
        .on_ready = on_writable, .on_lost = on_publisher_lost, .arg = m,
    };
    return sailor_publisher_new(m->boot.loop, &opt, &m->publisher, err);
}

static enum jn_status new_consumer(struct mode *m, struct jn_error *err)
{
    const struct sailor_settings *s = &m->boot.settings;
    const struct sailor_consumer_options opt = {
        .uris = &m->uris, .queue = s->listen_messages_on, .name = m->read_name, .ca = s->amqp_ca,
        .certificate = s->amqp_certificate, .key = s->amqp_key,
        .prefetch = (int)(s->prefetch < 1 ? 1 : s->prefetch > MAX_PREFETCH ? MAX_PREFETCH : s->prefetch),
        .connect_attempts = attempts(s->reconnect_attempts, DEFAULT_CONNECT_ATTEMPTS),
        .reconnect_attempts = attempts(s->reconnect_attempts, 0), .reconnect_delay_ms = s->reconnect_timeout_ms,
        .random = &m->boot.random, .metrics = &m->boot.metrics, .log = &m->boot.log.base,
        .on_ready = on_readable, .on_consuming = on_consuming, .on_delivery = on_delivery,
        .on_lost = on_consumer_lost, .arg = m,
    };
    return sailor_consumer_new(m->boot.loop, &opt, &m->consumer, err);
}

static enum jn_status new_storage(struct mode *m, struct jn_error *err)
{
    struct sailor_boot *b = &m->boot;
    if (!b->settings.storage_uri)
        return JN_OK;
    return sailor_storage_new(b->loop, &b->settings, b->http, m->cipher, &b->random, &b->metrics, &b->log.base,
                              &m->storage, err);
}

static const char *why_not_ready(void *arg)
{
    const struct mode *m = arg;
    if (m->state != RUNNING)
        return m->state < RUNNING ? "starting" : "stopping";
    if (!sailor_consumer_is_consuming(m->consumer))
        return "not consuming: the read connection is being opened again";
    if (!sailor_publisher_is_ready(m->publisher))
        return "cannot publish: the write connection is being opened again";
    return NULL;
}

static void write_action_metrics(struct jn_buf *out, void *arg)
{
    const struct mode *m = arg;
    if (m->is_open && m->boot.action->metrics)
        m->boot.action->metrics(out, m->self);
}

static enum jn_status open_operations(struct mode *m, struct jn_error *err)
{
    const struct sailor_settings *s = &m->boot.settings;
    if (!s->http_port)
        return JN_OK;
    const struct sailor_operations_options opt = {
        .host = s->http_host, .port = (int)s->http_port, .metrics = &m->boot.metrics, .not_ready = why_not_ready,
        .more = write_action_metrics, .arg = m,
    };
    return sailor_operations_new(m->boot.loop, &opt, &m->operations, err);
}

static enum jn_status watch_signals(struct mode *m, struct jn_error *err)
{
    static const int signals[] = { SIGTERM, SIGINT };
    enum jn_status s = JN_OK;
    for (size_t i = 0; i < 2 && !s; i++)
        s = base_signal_new(m->boot.loop, signals[i], on_signal, m, &m->signals[i], err);
    return s;
}

static enum jn_status set_up(struct mode *m, struct jn_error *err)
{
    const struct sailor_settings *settings = &m->boot.settings;
    name_connections(m);
    enum jn_status s = watch_signals(m, err);
    if (!s)
        s = open_operations(m, err);
    if (!s)
        s = base_timer_new(m->boot.loop, on_later, m, &m->later, err);
    if (!s)
        s = base_timer_new(m->boot.loop, on_deadline, m, &m->deadline, err);
    if (!s)
        s = base_timer_new(m->boot.loop, on_watch, m, &m->watch, err);
    if (!s)
        s = sailor_identity_new(settings, m->boot.env, &m->identity, err);
    if (!s)
        s = sailor_cipher_new(settings->crypto_password, settings->crypto_iv, &m->cipher, err);
    if (!s)
        s = sailor_amqp_uris_parse(jn_str_of(settings->amqp_uri), &m->uris, err);
    if (!s)
        s = new_storage(m, err);
    if (!s)
        s = new_publisher(m, err);
    return s ? s : new_consumer(m, err);
}

static void tear_down(struct mode *m)
{
    sailor_operations_free(m->operations);
    sailor_flow_free(m->flow);
    sailor_consumer_free(m->consumer);
    sailor_publisher_free(m->publisher);
    sailor_storage_free(m->storage);
    sailor_cipher_free(m->cipher);
    sailor_identity_free(m->identity);
    sailor_amqp_uris_clear(&m->uris);
    base_timer_free(m->later);
    base_timer_free(m->deadline);
    base_timer_free(m->watch);
    for (size_t i = 0; i < 2; i++)
        base_signal_free(m->signals[i]);
    jn_arena_clear(&m->arena);
}

static int run(struct mode *m)
{
    struct jn_error why = { .status = JN_OK };
    if (set_up(m, &why)) {
        const struct sailor_failure f = { .message = jn_str_of(why.message) };
        sailor_boot_fatal(&m->boot, &f, "the step cannot start");
        return 1;
    }
    base_loop_run(m->boot.loop);
    return m->exit_status;
}

int sailor_run_messages(const struct sailor_component *component, const struct base_env *env)
{
    struct mode m = { .state = CONNECTING };
    jn_arena_init(&m.arena, 0);
    const int status = sailor_boot_init(&m.boot, component, env, SAILOR_MESSAGES) == JN_OK ? run(&m) : 1;
    tear_down(&m);
    sailor_boot_clear(&m.boot);
    return status;
}
