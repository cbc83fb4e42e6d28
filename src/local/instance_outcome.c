/* instance_outcome.c - what becomes of a process's call: decided here, handed back here.
 *
 * Lines that the process wrote before its request may still be in the pipe when the request is handled: they are read
 * before the call's log is closed. */
#include "local/instance_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/value.h"

/* ---- what it is ----------------------------------------------------------------------------------------------- */

void local_instance_note_memory(struct local_call *c, int64_t bytes)
{
    if (bytes > c->peak_memory_bytes)
        c->peak_memory_bytes = bytes;
}

void local_instance_set_duration(struct local_instance *i, struct local_call *c)
{
    const int64_t spent = local_instance_now_us(i) - c->started_us, allowed = local_instance_timeout_us(i);
    c->duration_us = c->failure == LOCAL_FAILURE_TIMEOUT || spent > allowed ? allowed : spent;
}

void local_instance_fail(struct local_instance *i, enum local_failure f, jn_str detail)
{
    local_call_fail(i->call, f, detail);
    local_instance_set_duration(i, i->call);
}

void local_instance_time_out(struct local_instance *i)
{
    char seconds[16];
    local_instance_fail(i, LOCAL_FAILURE_TIMEOUT, local_call_timeout_text(i->call, seconds));
}

void local_instance_fail_oversized(struct local_instance *i, size_t limit)
{
    char bytes[24];
    snprintf(bytes, sizeof bytes, "%zu", limit);
    local_instance_fail(i, LOCAL_FAILURE_TOO_LARGE, jn_str_of(bytes));
}

void local_instance_conclude(struct local_instance *i)
{
    const int64_t left_us = local_instance_timeout_us(i) - i->call->duration_us;
    local_instance_step(i, STATE_answered);
    base_timer_start(i->deadline, left_us / 1000 + i->site->grace_ms);
    base_timer_start(i->grace, i->site->grace_ms);
}

/* ---- handing it back ------------------------------------------------------------------------------------------ */

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
    const struct base_field fields[] = { { "function", jn_str_of(c->version->function->name) },
                                         { "request", jn_str_of(c->id) }, { NULL, { NULL, 0 } } };
    if (c->init_us >= 0)
        snprintf(init, sizeof init, " after %.1f ms of start", (double)c->init_us / 1000);
    if (c->failure == LOCAL_FAILURE_FUNCTION)
        error_type_of(c, type);
    else if (c->failure)
        snprintf(type, sizeof type, "%s", local_failure_type(c->failure));

    base_log(i->site->log, c->failure ? BASE_WARN : BASE_INFO, fields, "%s%s in %.1f ms%s, %zu bytes in, %zu out",
             c->failure ? "failed with " : "answered", type, (double)c->duration_us / 1000, init,
             c->event.len, c->payload.len + (c->on_piece ? c->streamed : 0));
}

/* The process is made idle first, so that the caller's next call finds it. */
void local_instance_finish(struct local_instance *i)
{
    struct local_call *c = i->call;
    i->call = NULL;
    c->go_on = NULL;
    base_timer_stop(i->grace);
    memcpy(i->last_id, c->id, sizeof i->last_id);
    if (i->process)
        local_instance_note_memory(c, base_process_peak_memory(i->process));
    local_call_close_log(c);
    log_outcome(i, c);
    if (i->state == STATE_answered && local_runtime_api_is_waiting(i->api))
        local_instance_be_idle(i);
    c->done(c, c->arg);
}

void local_instance_cancel(struct local_instance *i)
{
    struct local_call *c = i->call;
    i->call = NULL;
    c->go_on = NULL;
    base_timer_stop(i->grace);
    c->cancelled = true;
    c->done(c, c->arg);
}

void local_instance_collect(struct local_instance *i)
{
    base_process_read_output(i->process);
    local_instance_finish(i);
}

void local_instance_on_grace(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_instance *i = arg;
    if (i->call && (i->state == STATE_answered || i->state == STATE_stopping))
        local_instance_finish(i);
}
