/* instance.c - one process of a function.
 *
 * A process is started for a call and kept for the next ones.  The life is the table below; everything that happens to
 * a process (a request of its Runtime API, a line of output, a deadline, its end) is one on_...() function that looks
 * at the state and moves it on.  Follows "Understanding the Lambda execution environment lifecycle" of the AWS Lambda
 * Developer Guide and our spec, section 7.5.
 *
 * Three things are worth knowing:
 *
 * - A start that fails (no `next` in time, an end, an init error) is repeated once for the waiting call, now under the
 *   function's own timeout.  Only when the second fails as well does the caller hear of it.
 * - An invocation ends when the process asks for the next event, not when it posts its response: then the log is
 *   complete and the next caller finds the process idle.  A process that keeps working after its response does not hold
 *   up the caller for more than GRACE_MS.
 * - Lines that the process wrote before its request may still be in the pipe when the request is handled.  Two rounds
 *   of the loop later they have been read (collect()), since between the two the loop has polled everything once.
 *
 * Invariant: `call` is NULL or a call without `done` called; it is let go of in finish() and cancel() only.  While the
 * process is starting, restarting or busy there is one. */
#include "local/instance.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/process.h"
#include "base/timer.h"
#include "core/value.h"
#include "local/runtime_api.h"
#include "local/text.h"

enum {
    GRACE_MS = 50,          /* how long an answer waits for the process to ask for the next event, or to be dead */
    TERM_MS = 500,          /* from SIGTERM to SIGKILL */
};

#define TO(state) (1u << STATE_##state)

#define LOCAL_INSTANCE_STATES(X) /* may become                                    what holds meanwhile */              \
    X(starting,   TO(restarting) | TO(idle) | TO(busy) | TO(stopping) | TO(dead), "init, until the first `next`")      \
    X(restarting, TO(starting) | TO(stopping) | TO(dead),                         "init failed once, process ending")  \
    X(idle,       TO(busy) | TO(answered) | TO(stopping) | TO(dead),              "waits for an event, idle deadline") \
    X(busy,       TO(answered) | TO(stopping) | TO(dead),                         "has an event, its deadline is set") \
    X(answered,   TO(idle) | TO(stopping) | TO(dead),                             "outcome known, no `next` yet")      \
    X(stopping,   TO(dead),                                                       "signalled, SIGKILL follows")        \
    X(dead,       0,                                                              "the end")

enum state {
#define X(name, next, meaning) STATE_##name,
    LOCAL_INSTANCE_STATES(X)
#undef X
};

static const struct {
    const char *name;
    unsigned next;
} states[] = {
#define X(name, next, meaning) { #name, next },
    LOCAL_INSTANCE_STATES(X)
#undef X
};

struct local_instance {
    const struct local_site *site;
    const struct local_function *function;
    const struct local_instance_events *events;
    void *arg;

    enum state state;
    struct local_runtime_api *api;
    struct base_process *process;       /* NULL between two starts and after the end */
    struct base_timer *deadline;        /* of the state */
    struct base_timer *grace;           /* of an answer that is held back */

    struct local_call *call;
    char last_id[37];                   /* of the call before: tells a second response from a wrong id */
    unsigned starts;                    /* of processes: 1, or 2 after a failed init */
    int64_t start_us;                   /* of the last one */
    enum local_failure init_failure;    /* of the last start; its details follow */
    char init_error_type[64];
    int64_t init_failed_us;

    unsigned collecting;                /* deferred functions on their way here */
    bool is_freed;                      /* free the memory when the last has come */
};

/* ---- small things --------------------------------------------------------------------------------------------- */

static int64_t now_us(const struct local_instance *i)
{
    return i->site->clock->monotonic_us(i->site->clock);
}

static void step(struct local_instance *i, enum state to)
{
    assert(states[i->state].next & (1u << to));
    base_trace(i->site->log, BASE_TRACE_STATE, "process %d of %s: %s -> %s",
               i->process ? base_process_pid(i->process) : 0, i->function->name, states[i->state].name,
               states[to].name);
    i->state = to;
    base_timer_stop(i->deadline);
}

static int64_t timeout_us(const struct local_instance *i)
{
    return (int64_t)i->function->timeout_s * 1000000;
}

static void note_memory(struct local_call *c, int64_t bytes)
{
    if (bytes > c->peak_memory_bytes)
        c->peak_memory_bytes = bytes;
}

/* What the function's error document calls itself; "an error" when it does not say. */
static void error_type_of(const struct local_call *c, char out[64])
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    jn_value v = jn_undefined();
    const bool read = !jn_read(&a, jn_buf_str(&c->payload), NULL, &v, NULL, NULL);
    jn_str type = read ? jn_get_string(jn_member(v, JN_STR("errorType"))) : JN_STR("");
    if (type.len == 0)
        type = JN_STR("an error");
    snprintf(out, 64, "%.*s", JN_ARG(type));
    jn_arena_clear(&a);
}

static void log_outcome(const struct local_instance *i, const struct local_call *c)
{
    char type[64] = "", init[48] = "";
    const struct base_field fields[] = { { "function", jn_str_of(c->function->name) },
                                         { "request", jn_str_of(c->id) }, { NULL, { NULL, 0 } } };
    if (c->init_us >= 0)
        snprintf(init, sizeof init, " after %.1f ms of start", (double)c->init_us / 1000);
    if (c->failure == LOCAL_FAILURE_FUNCTION)
        error_type_of(c, type);
    else if (c->failure)
        snprintf(type, sizeof type, "%s", local_failure_type(c->failure));

    base_log(i->site->log, c->failure ? BASE_WARN : BASE_INFO, fields, "%s %s%s in %.1f ms%s, %zu bytes in, %zu out",
             c->function->name, c->failure ? "failed with " : "answered", type, (double)c->duration_us / 1000, init,
             c->event.len, c->payload.len);
}

static void be_idle(struct local_instance *i)
{
    step(i, STATE_idle);
    base_timer_start(i->deadline, i->site->idle_ms);
    i->events->on_idle(i, i->arg);
}

/* ---- outcomes ------------------------------------------------------------------------------------------------- */

static void put_init_report(struct local_instance *i, const char *phase)
{
    const bool timed_out = i->init_failure == LOCAL_FAILURE_TIMEOUT;
    local_tail_init_report(&i->call->tail, i->init_failed_us, phase, timed_out ? "timeout" : "error",
                           timed_out ? NULL : i->init_error_type);
}

/* The call has its outcome and its log: both go to whoever waits.  The process is made idle first, so that the caller's
 * next call finds it. */
static void finish(struct local_instance *i)
{
    struct local_call *c = i->call;
    i->call = NULL;
    base_timer_stop(i->grace);
    memcpy(i->last_id, c->id, sizeof i->last_id);
    if (i->process)
        note_memory(c, base_process_peak_memory(i->process));
    local_call_close_log(c);
    log_outcome(i, c);
    if (i->state == STATE_answered && local_runtime_api_is_waiting(i->api))
        be_idle(i);
    c->done(c, c->arg);
}

static void cancel(struct local_instance *i)
{
    struct local_call *c = i->call;
    i->call = NULL;
    base_timer_stop(i->grace);
    c->cancelled = true;
    c->done(c, c->arg);
}

static void dispose(struct local_instance *i)
{
    if (i->collecting == 0)
        free(i);
    else
        i->is_freed = true;
}

/* The second of two rounds after the process asked for more: see the head of this file. */
static void on_collected(void *arg)
{
    struct local_instance *i = arg;
    i->collecting--;
    if (i->is_freed)
        dispose(i);
    else if (i->state == STATE_answered && i->call)
        finish(i);
}

static void on_collecting(void *arg)
{
    struct local_instance *i = arg;
    if (base_loop_defer(i->site->loop, on_collected, i))
        on_collected(i);        // no memory: then without the last lines
}

static void collect(struct local_instance *i)
{
    i->collecting++;
    if (base_loop_defer(i->site->loop, on_collecting, i))
        i->collecting--;        // no memory: `grace` finishes it
}

static void on_grace(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_instance *i = arg;
    if (i->call && (i->state == STATE_answered || i->state == STATE_stopping))
        finish(i);
}

static void set_duration(struct local_instance *i, struct local_call *c)
{
    const int64_t spent = now_us(i) - c->started_us;
    c->duration_us = c->failure == LOCAL_FAILURE_TIMEOUT || spent > timeout_us(i) ? timeout_us(i) : spent;
}

static void fail_call(struct local_instance *i, enum local_failure f, jn_str detail)
{
    local_call_fail(i->call, f, detail);
    set_duration(i, i->call);
}

static void time_out(struct local_instance *i)
{
    char seconds[16];
    fail_call(i, LOCAL_FAILURE_TIMEOUT, local_call_timeout_text(i->call, seconds));
}

/* ---- ending the process --------------------------------------------------------------------------------------- */

/* Kills it at once; an outcome that is known by now need not wait long for the end. */
static void kill_now(struct local_instance *i)
{
    if (i->call)
        note_memory(i->call, base_process_peak_memory(i->process));
    step(i, STATE_stopping);
    base_process_kill(i->process, SIGKILL);
    if (i->call)
        base_timer_start(i->grace, GRACE_MS);
}

static void stop_softly(struct local_instance *i)
{
    step(i, STATE_stopping);
    base_process_kill(i->process, SIGTERM);
    base_timer_start(i->deadline, TERM_MS);
}

/* While it is, there is a call: what the process was started for, or has been given. */
static bool is_undecided(const struct local_instance *i)
{
    return i->state == STATE_starting || i->state == STATE_restarting || i->state == STATE_busy;
}

void local_instance_stop(struct local_instance *i)
{
    if (i->call && is_undecided(i))
        cancel(i);
    if (i->state != STATE_stopping && i->state != STATE_dead)
        stop_softly(i);
}

/* ---- starting the process ------------------------------------------------------------------------------------- */

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg);
static void on_end(struct base_process *p, const struct base_process_end *end, void *arg);

/* "2026/03/14/[$LATEST]<32 hex digits>" */
static char *log_stream_name(struct local_instance *i, struct jn_arena *a)
{
    unsigned char id[16];
    char hex[33];
    base_random_bytes(i->site->random, id, sizeof id);
    base_hex(hex, id, sizeof id);
    const struct base_civil t = base_civil_of(i->site->clock->wall_ms(i->site->clock));
    return local_print(a, "%04d/%02d/%02d/[$LATEST]%s", t.year, t.month, t.day, hex);
}

static enum jn_status launch_in(struct local_instance *i, struct jn_arena *a, struct jn_error *err)
{
    const struct local_environment e = {
        .region = i->site->region,
        .access_key = i->site->access_key,
        .secret_key = i->site->secret_key,
        .runtime_api = local_print(a, "%s:%d", i->site->host, local_runtime_api_port(i->api)),
        .log_stream = log_stream_name(i, a),
    };
    const char *const argv[] = { i->function->program, NULL };
    const struct base_process_options opt = {
        .file = i->function->program, .argv = argv, .cwd = i->function->folder,
        .env = local_function_environment(a, i->function, &e),
        .on_line = on_line, .on_end = on_end, .arg = i,
    };
    if (!opt.env)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process's environment");
    return base_process_start(i->site->loop, &opt, &i->process, err);
}

/* Starts a process; the deadline is that of the init phase, or of the call when the first start has failed. */
static enum jn_status launch(struct local_instance *i, struct jn_error *err)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    i->start_us = now_us(i);
    const enum jn_status s = launch_in(i, &a, err);
    jn_arena_clear(&a);
    if (s)
        return s;

    const bool is_first = i->starts++ == 0;
    i->init_failure = LOCAL_FAILURE_NONE;
    base_timer_start(i->deadline, is_first ? i->site->init_timeout_ms : (int64_t)i->function->timeout_s * 1000);
    base_trace(i->site->log, BASE_TRACE_LOCAL, "process %d of %s: started", base_process_pid(i->process),
               i->function->name);
    return JN_OK;
}

static void start_clock(struct local_instance *i)
{
    const struct base_clock *clock = i->site->clock;
    i->call->started_us = now_us(i);
    i->call->deadline_ms = clock->wall_ms(clock) + (int64_t)i->function->timeout_s * 1000;
}

static void die(struct local_instance *i)
{
    step(i, STATE_dead);
    i->events->on_gone(i, i->arg);
}

/* The process of a failed init has ended; its log is complete. */
static void start_again(struct local_instance *i)
{
    struct jn_error err = { 0 };
    put_init_report(i, "init");
    start_clock(i);
    step(i, STATE_starting);
    if (launch(i, &err) == JN_OK)
        return;
    local_tail_start(&i->call->tail, i->call->id);
    fail_call(i, LOCAL_FAILURE_ENTRYPOINT, jn_str_of(err.message));
    finish(i);
    die(i);
}

static void note_init_failure(struct local_instance *i, enum local_failure f, jn_str error_type)
{
    i->init_failure = f;
    i->init_failed_us = now_us(i) - i->start_us;
    snprintf(i->init_error_type, sizeof i->init_error_type, "%.*s", JN_ARG(error_type));
}

static bool may_start_again(const struct local_instance *i)
{
    return i->starts == 1;
}

/* The second start has failed, too, and the call's outcome is known: its log gets the START that it never had. */
static void close_failed_start(struct local_instance *i)
{
    put_init_report(i, "invoke");
    local_tail_start(&i->call->tail, i->call->id);
}

/* ---- the process's requests ----------------------------------------------------------------------------------- */

static void hand_out(struct local_instance *i)
{
    struct local_call *c = i->call;
    if (i->state == STATE_starting && may_start_again(i))
        c->init_us = now_us(i) - i->start_us;
    if (!c->started_us)
        start_clock(i);
    local_tail_start(&c->tail, c->id);
    const int64_t left_us = timeout_us(i) - (now_us(i) - c->started_us);
    step(i, STATE_busy);
    base_timer_start(i->deadline, (left_us + 999) / 1000);
    local_runtime_api_hand_out(i->api, c);
}

/* In its last state it is left waiting: a refusal would only make it write errors into the log. */
static bool on_next(void *arg)
{
    struct local_instance *i = arg;
    if (i->state == STATE_starting)
        hand_out(i);
    else if (i->state == STATE_answered && i->call)
        collect(i);
    else if (i->state == STATE_answered)
        be_idle(i);
    return i->state != STATE_busy || !local_runtime_api_is_waiting(i->api);
}

/* A process that waits elsewhere by now, or is about to end: it has the time of one more call to ask again. */
static void on_left(void *arg)
{
    struct local_instance *i = arg;
    if (i->state != STATE_idle)
        return;
    step(i, STATE_answered);
    base_timer_start(i->deadline, (int64_t)i->function->timeout_s * 1000);
}

static enum local_verdict on_outcome(jn_str id, bool is_error, jn_str body, bool is_oversized, void *arg)
{
    struct local_instance *i = arg;
    struct local_call *c = i->call;
    const bool is_known = c && (i->state == STATE_busy || i->state == STATE_answered);
    if (!is_known || !jn_str_eq(id, jn_str_of(c->id)))
        return id.len && jn_str_eq(id, jn_str_of(i->last_id)) ? LOCAL_WRONG_STATE : LOCAL_WRONG_ID;
    if (i->state == STATE_answered)
        return LOCAL_WRONG_STATE;

    if (is_oversized) {
        fail_call(i, LOCAL_FAILURE_TOO_LARGE, JN_STR(""));
    } else {
        c->failure = is_error ? LOCAL_FAILURE_FUNCTION : LOCAL_FAILURE_NONE;
        jn_buf_append(&c->payload, body);
        set_duration(i, c);
    }
    const int64_t left_us = timeout_us(i) - c->duration_us;
    step(i, STATE_answered);
    base_timer_start(i->deadline, left_us / 1000 + GRACE_MS);
    base_timer_start(i->grace, GRACE_MS);
    return is_oversized ? LOCAL_OVERSIZED : LOCAL_ACCEPTED;
}

/* The process is expected to end by itself, and is helped after a while. */
static bool on_init_error(jn_str type, jn_str body, void *arg)
{
    struct local_instance *i = arg;
    if (i->state != STATE_starting)
        return false;
    note_init_failure(i, LOCAL_FAILURE_FUNCTION, type);
    if (!may_start_again(i)) {
        i->call->failure = LOCAL_FAILURE_FUNCTION;
        jn_buf_append(&i->call->payload, body);
        set_duration(i, i->call);
    }
    step(i, may_start_again(i) ? STATE_restarting : STATE_stopping);
    base_timer_start(i->deadline, TERM_MS);
    return true;
}

static const struct local_runtime_events runtime_events = {
    .on_next = on_next, .on_left = on_left, .on_outcome = on_outcome, .on_init_error = on_init_error,
};

/* ---- output, deadlines, the end ------------------------------------------------------------------------------- */

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    (void)p, (void)is_stderr;
    struct local_instance *i = arg;
    const struct base_field fields[] = { { "function", jn_str_of(i->function->name) },
                                         { i->call ? "request" : NULL, jn_str_of(i->call ? i->call->id : "") },
                                         { NULL, { NULL, 0 } } };
    if (i->call)
        local_tail_add_line(&i->call->tail, line);
    base_log(i->site->log, BASE_INFO, fields, "%.*s", JN_ARG(line));
}

static void on_init_deadline(struct local_instance *i)
{
    note_init_failure(i, LOCAL_FAILURE_TIMEOUT, JN_STR(""));
    if (may_start_again(i)) {
        step(i, STATE_restarting);
        base_process_kill(i->process, SIGKILL);
    } else {
        time_out(i);
        close_failed_start(i);
        kill_now(i);
    }
}

static void on_deadline(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_instance *i = arg;
    switch (i->state) {
    case STATE_starting:
        on_init_deadline(i);
        break;
    case STATE_idle:
        stop_softly(i);
        break;
    case STATE_busy:
        time_out(i);
        kill_now(i);
        break;
    case STATE_answered:
        kill_now(i);
        break;
    case STATE_restarting:
    case STATE_stopping:
        base_process_kill(i->process, SIGKILL);
        break;
    case STATE_dead:
        break;
    }
}

static void log_lonely_end(const struct local_instance *i, jn_str words)
{
    const struct base_field fields[] = { { "function", jn_str_of(i->function->name) }, { NULL, { NULL, 0 } } };
    base_log(i->site->log, BASE_INFO, fields, "process ended between two calls: %.*s", JN_ARG(words));
}

/* The process is gone, and with it whatever could still have come.  `words` says how: "exit status 1". */
static void after_end(struct local_instance *i, jn_str words, bool has_reason)
{
    const jn_str detail = has_reason ? words : JN_STR("");
    if (i->state == STATE_starting) {
        note_init_failure(i, LOCAL_FAILURE_EXIT, jn_str_of(local_failure_type(LOCAL_FAILURE_EXIT)));
        if (may_start_again(i))
            step(i, STATE_restarting);
        else
            fail_call(i, LOCAL_FAILURE_EXIT, detail);
    }
    if (i->state == STATE_restarting) {
        start_again(i);
        return;
    }
    if (i->state == STATE_busy)
        fail_call(i, LOCAL_FAILURE_EXIT, detail);
    else if (i->state == STATE_idle)
        log_lonely_end(i, words);
    if (i->call && i->init_failure && i->init_failure != LOCAL_FAILURE_TIMEOUT)
        close_failed_start(i);
    if (i->call)
        finish(i);
    die(i);
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    struct local_instance *i = arg;
    assert(i->call || !is_undecided(i));
    struct jn_buf words;
    jn_buf_init(&words, 0);
    local_put_process_end(&words, end->status, end->signal);
    if (i->call)
        note_memory(i->call, end->peak_memory_bytes);
    base_process_free(p);
    i->process = NULL;
    after_end(i, jn_buf_str(&words), end->status != 0 || end->signal != 0);
    jn_buf_clear(&words);
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

enum jn_status local_instance_start(const struct local_site *site, const struct local_function *f,
                                    struct local_call *call, const struct local_instance_events *events, void *arg,
                                    struct local_instance **out, struct jn_error *err)
{
    struct local_instance *i = calloc(1, sizeof *i);
    if (!i)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process");
    i->site = site;
    i->function = f;
    i->events = events;
    i->arg = arg;

    enum jn_status s = base_timer_new(site->loop, on_deadline, i, &i->deadline, err);
    if (!s)
        s = base_timer_new(site->loop, on_grace, i, &i->grace, err);
    if (!s)
        s = local_runtime_api_new(site->loop, site->host, &runtime_events, i, &i->api, err);
    if (!s)
        s = launch(i, err);
    if (s) {
        local_instance_free(i);
        return s;
    }
    i->call = call;
    *out = i;
    return JN_OK;
}

bool local_instance_is_idle(const struct local_instance *i)
{
    return i->state == STATE_idle;
}

bool local_instance_is_stopping(const struct local_instance *i)
{
    return i->state == STATE_stopping || i->state == STATE_dead;
}

void local_instance_run(struct local_instance *i, struct local_call *call)
{
    assert(i->state == STATE_idle && !i->call);
    i->call = call;
    hand_out(i);
}

void local_instance_free(struct local_instance *i)
{
    if (!i)
        return;
    base_process_free(i->process);
    local_runtime_api_free(i->api);
    base_timer_free(i->deadline);
    base_timer_free(i->grace);
    dispose(i);
}
