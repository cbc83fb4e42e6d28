/* instance.c - one process of a function.
 *
 * A process is started for a call and kept for the next ones.  The life is the table in instance_internal.h; everything
 * that happens to a process (a request of its Runtime API, a line of output, a deadline, its end) is one on_...()
 * function that looks at the state and moves it on.  Follows "Understanding the Lambda execution environment lifecycle"
 * of the AWS Lambda Developer Guide and our spec, section 7.5.
 *
 * An invocation ends when the process asks for the next event, not when it posts its response: then the log is complete
 * and the next caller finds the process idle.  A process that keeps working after its response does not hold up the
 * caller for longer than the site's `grace_ms`.
 *
 * Invariant: `call` is NULL or a call without `done` called; it is let go of in local_instance_finish() and
 * local_instance_cancel() only.  While the process is starting, restarting or busy there is one. */
#include "local/instance_internal.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

enum { TERM_MS = 500 };     /* from SIGTERM to SIGKILL */

#define X(name, next, meaning) { #name, next },
static const struct {
    const char *name;
    unsigned next;
} states[] = { LOCAL_INSTANCE_STATES(X) };
#undef X

/* ---- small things --------------------------------------------------------------------------------------------- */

int64_t local_instance_now_us(const struct local_instance *i)
{
    return i->site->clock->monotonic_us(i->site->clock);
}

void local_instance_step(struct local_instance *i, enum local_instance_state to)
{
    assert(states[i->state].next & (1u << to));
    base_trace(i->site->log, BASE_TRACE_STATE, "process %d of %s: %s -> %s",
               i->process ? base_process_pid(i->process) : 0, i->version->function->name, states[i->state].name,
               states[to].name);
    i->state = to;
    base_timer_stop(i->deadline);
    if (i->process)
        base_process_set_busy(i->process, to != STATE_idle);
}

int64_t local_instance_timeout_us(const struct local_instance *i)
{
    return (int64_t)i->version->config.timeout_s * 1000000;
}

void local_instance_be_idle(struct local_instance *i)
{
    local_instance_step(i, STATE_idle);
    base_timer_start(i->deadline, i->site->idle_ms);
    i->events->on_idle(i, i->arg);
}

/* ---- ending the process --------------------------------------------------------------------------------------- */

/* Kills it at once; an outcome that is known by now need not wait long for the end. */
static void kill_now(struct local_instance *i)
{
    if (i->call)
        local_instance_note_memory(i->call, base_process_peak_memory(i->process));
    local_instance_step(i, STATE_stopping);
    base_process_kill(i->process, SIGKILL);
    if (i->call)
        base_timer_start(i->grace, i->site->grace_ms);
}

static void stop_softly(struct local_instance *i)
{
    local_instance_step(i, STATE_stopping);
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
        local_instance_cancel(i);
    if (i->state != STATE_stopping && i->state != STATE_dead)
        stop_softly(i);
}

/* ---- the process's requests ----------------------------------------------------------------------------------- */

static void hand_out(struct local_instance *i)
{
    struct local_call *c = i->call;
    if (i->state == STATE_starting && local_instance_may_start_again(i))
        c->init_us = local_instance_now_us(i) - i->start_us;
    if (!c->started_us)
        local_instance_start_clock(i);
    local_call_open_log(c);
    const int64_t left_us = local_instance_timeout_us(i) - (local_instance_now_us(i) - c->started_us);
    local_instance_step(i, STATE_busy);
    local_instance_reset_stream(i);
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
        local_instance_collect(i);
    else if (i->state == STATE_answered)
        local_instance_be_idle(i);
    return i->state != STATE_busy || !local_runtime_api_is_waiting(i->api);
}

/* A process that waits elsewhere by now, or is about to end: it has the time of one more call to ask again. */
static void on_left(void *arg)
{
    struct local_instance *i = arg;
    if (i->state != STATE_idle)
        return;
    local_instance_step(i, STATE_answered);
    base_timer_start(i->deadline, (int64_t)i->version->config.timeout_s * 1000);
}

static enum local_verdict on_outcome(jn_str id, bool is_error, jn_str body, bool is_oversized, void *arg)
{
    struct local_instance *i = arg;
    struct local_call *c = i->call;
    const bool is_known = c && (i->state == STATE_busy || i->state == STATE_answered);
    if (!is_known || !jn_str_eq(id, jn_str_of(c->id)))
        return id.len && jn_str_eq(id, jn_str_of(i->last_id)) ? LOCAL_WRONG_STATE : LOCAL_WRONG_ID;
    if (i->state == STATE_answered || i->is_streaming || (i->has_streamed && !is_error))
        return LOCAL_WRONG_STATE;

    if (is_oversized) {
        local_instance_fail_oversized(i, LOCAL_RESPONSE_MAX);
    } else {
        c->failure = is_error ? LOCAL_FAILURE_FUNCTION : LOCAL_FAILURE_NONE;
        jn_buf_truncate(&c->payload, 0);        // of a response that broke off
        jn_buf_append(&c->payload, body);
        local_instance_set_duration(i, c);
    }
    local_instance_conclude(i);
    return is_oversized ? LOCAL_OVERSIZED : LOCAL_ACCEPTED;
}

/* The process is expected to end by itself, and is helped after a while. */
static bool on_init_error(jn_str type, jn_str body, void *arg)
{
    struct local_instance *i = arg;
    if (i->state != STATE_starting)
        return false;
    local_instance_note_init_failure(i, LOCAL_FAILURE_FUNCTION, type);
    if (!local_instance_may_start_again(i)) {
        i->call->failure = LOCAL_FAILURE_FUNCTION;
        jn_buf_append(&i->call->payload, body);
        local_instance_set_duration(i, i->call);
    }
    local_instance_step(i, local_instance_may_start_again(i) ? STATE_restarting : STATE_stopping);
    base_timer_start(i->deadline, TERM_MS);
    return true;
}

static const struct local_runtime_events runtime_events = {
    .on_next = on_next, .on_left = on_left, .on_outcome = on_outcome, .on_init_error = on_init_error,
    .on_stream = local_instance_on_stream, .on_piece = local_instance_on_piece,
    .on_stream_end = local_instance_on_stream_end, .on_stream_broken = local_instance_on_stream_broken,
};

/* ---- starting ------------------------------------------------------------------------------------------------- */

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg);
static void on_end(struct base_process *p, const struct base_process_end *end, void *arg);

/* Each process has a Runtime API of its own: a request that the one before sent in its last moment would be taken for the
 * new one's. */
static enum jn_status launch(struct local_instance *i, struct jn_error *err)
{
    local_runtime_api_free(i->api);
    i->api = NULL;
    const enum jn_status s = local_runtime_api_new(i->site->loop, i->site->host, &runtime_events, i, &i->api, err);
    return s ? s : local_instance_launch(i, on_line, on_end, err);
}

static void die(struct local_instance *i)
{
    local_instance_step(i, STATE_dead);
    i->events->on_gone(i, i->arg);
}

/* The process of a failed init has ended; its log is complete. */
static void start_again(struct local_instance *i)
{
    struct jn_error err = { 0 };
    local_instance_put_init_report(i, "init");
    local_instance_start_clock(i);
    local_instance_step(i, STATE_starting);
    if (launch(i, &err) == JN_OK)
        return;
    local_call_open_log(i->call);
    local_instance_fail(i, LOCAL_FAILURE_ENTRYPOINT, jn_str_of(err.message));
    local_instance_finish(i);
    die(i);
}

/* ---- output, deadlines, the end ------------------------------------------------------------------------------- */

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    (void)p, (void)is_stderr;
    struct local_instance *i = arg;
    const struct base_field fields[] = { { "function", jn_str_of(i->version->function->name) },
                                         { i->call ? "request" : NULL, jn_str_of(i->call ? i->call->id : "") },
                                         { NULL, { NULL, 0 } } };
    if (i->call)
        local_tail_add_line(&i->call->tail, line);
    base_log(i->site->log, BASE_INFO, fields, "%.*s", JN_ARG(line));
}

static void on_init_deadline(struct local_instance *i)
{
    local_instance_note_init_failure(i, LOCAL_FAILURE_TIMEOUT, JN_STR(""));
    if (local_instance_may_start_again(i)) {
        local_instance_step(i, STATE_restarting);
        base_process_kill(i->process, SIGKILL);
    } else {
        local_instance_time_out(i);
        local_instance_close_failed_start(i);
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
        local_instance_time_out(i);
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
    const struct base_field fields[] = { { "function", jn_str_of(i->version->function->name) }, { NULL, { NULL, 0 } } };
    base_log(i->site->log, BASE_INFO, fields, "process ended between two calls: %.*s", JN_ARG(words));
}

/* The process is gone, and with it whatever could still have come.  `f` says why and `words` how: "exit status 1". */
static void after_end(struct local_instance *i, enum local_failure f, jn_str words, bool has_reason)
{
    const jn_str detail = has_reason ? words : JN_STR("");
    if (i->state == STATE_starting) {
        local_instance_note_init_failure(i, f, jn_str_of(local_failure_type(f)));
        if (local_instance_may_start_again(i))
            local_instance_step(i, STATE_restarting);
        else
            local_instance_fail(i, f, detail);
    }
    if (i->state == STATE_restarting) {
        start_again(i);
        return;
    }
    if (i->state == STATE_busy)
        local_instance_fail(i, f, detail);
    else if (i->state == STATE_idle)
        log_lonely_end(i, words);
    if (i->call && i->init_failure && i->init_failure != LOCAL_FAILURE_TIMEOUT)
        local_instance_close_failed_start(i);
    if (i->call)
        local_instance_finish(i);
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
        local_instance_note_memory(i->call, end->peak_memory_bytes);
    base_process_free(p);
    i->process = NULL;
    after_end(i, end->out_of_memory ? LOCAL_FAILURE_OUT_OF_MEMORY : LOCAL_FAILURE_EXIT, jn_buf_str(&words),
              end->status != 0 || end->signal != 0);
    jn_buf_clear(&words);
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

enum jn_status local_instance_start(const struct local_site *site, struct local_version *v,
                                    struct local_call *call, const struct local_instance_events *events, void *arg,
                                    struct local_instance **out, struct jn_error *err)
{
    struct local_instance *i = calloc(1, sizeof *i);
    if (!i)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process");
    i->site = site;
    i->version = v;
    i->events = events;
    i->arg = arg;

    enum jn_status s = base_timer_new(site->loop, on_deadline, i, &i->deadline, err);
    if (!s)
        s = base_timer_new(site->loop, local_instance_on_grace, i, &i->grace, err);
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
    free(i);
}
