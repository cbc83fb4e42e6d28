/* instance_start.c - a process from nothing to running, and the record of starts that failed.
 *
 * A start that fails (no `next` in time, an end, an init error) is repeated once for the waiting call, now under the
 * function's own timeout.  Only when the second fails as well does the caller hear of it. */
#include "local/instance_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "local/environment.h"
#include "local/function.h"
#include "local/text.h"

/* ---- the process ---------------------------------------------------------------------------------------------- */

/* "2026/03/14/[$LATEST]<32 hex digits>", or the version's number. */
static char *log_stream_name(struct local_instance *i, struct jn_arena *a)
{
    unsigned char id[16];
    char hex[33];
    base_random_bytes(i->site->random, id, sizeof id);
    base_hex(hex, id, sizeof id);
    const struct base_civil t = base_civil_of(i->site->clock->wall_ms(i->site->clock));
    return local_print(a, "%04d/%02d/%02d/[%s]%s", t.year, t.month, t.day, i->version->number, hex);
}

struct program {
    const char *file;
    const char *argv[6];            /* the file, a runtime's arguments, NULL */
    jn_str input;
};

/* A bootstrap is run itself; other code is run by the interpreter of its runtime, which reads our program from its
 * standard input. */
static enum jn_status find_program(struct local_instance *i, struct jn_arena *a, struct program *p,
                                   struct jn_error *err)
{
    const struct local_runtime *r = i->version->config.runtime;
    if (r->family == LOCAL_PROVIDED) {
        p->file = local_print(a, "%s/bootstrap", i->version->folder);
    } else {
        char *found = local_runtime_interpreter(r, i->site->path, err);
        if (!found)
            return JN_IO;
        p->file = local_print(a, "%s", found);
        free(found);
    }
    if (!p->file)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process");
    p->argv[0] = p->file;
    for (size_t n = 0; n < 4 && r->arguments[n]; n++)
        p->argv[n + 1] = r->arguments[n];
    if (r->program)
        p->input = (jn_str){ r->program, *r->program_size };
    return JN_OK;
}

static enum jn_status launch_in(struct local_instance *i, base_process_line_fn *on_line, base_process_end_fn *on_end,
                                struct jn_arena *a, struct jn_error *err)
{
    const struct local_environment e = {
        .runtime_api = local_print(a, "%s:%d", i->site->host, local_runtime_api_port(i->api)),
        .log_stream = log_stream_name(i, a),
    };
    struct program p = { .argv = { NULL } };
    const enum jn_status s = find_program(i, a, &p, err);
    if (s)
        return s;
    const struct base_process_options opt = {
        .file = p.file, .argv = p.argv, .cwd = i->version->folder, .input = p.input,
        .env = local_environment_make(a, i->version, &e),
        .is_contained = true, .memory_limit_bytes = (int64_t)i->version->config.memory_mb << 20,
        .on_line = on_line, .on_end = on_end, .arg = i,
    };
    if (!opt.env)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a process's environment");
    return base_process_start(i->site->loop, &opt, &i->process, err);
}

enum jn_status local_instance_launch(struct local_instance *i, base_process_line_fn *on_line,
                                     base_process_end_fn *on_end, struct jn_error *err)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    i->start_us = local_instance_now_us(i);
    const enum jn_status s = launch_in(i, on_line, on_end, &a, err);
    jn_arena_clear(&a);
    if (s)
        return s;

    const bool is_first = i->starts++ == 0;
    i->init_failure = LOCAL_FAILURE_NONE;
    base_timer_start(i->deadline, is_first ? i->site->init_timeout_ms : (int64_t)i->version->config.timeout_s * 1000);
    base_trace(i->site->log, BASE_TRACE_LOCAL, "process %d of %s: started", base_process_pid(i->process),
               i->version->function->name);
    return JN_OK;
}

void local_instance_start_clock(struct local_instance *i)
{
    const struct base_clock *clock = i->site->clock;
    i->call->started_us = local_instance_now_us(i);
    i->call->deadline_ms = clock->wall_ms(clock) + (int64_t)i->version->config.timeout_s * 1000;
}

/* ---- starts that fail ----------------------------------------------------------------------------------------- */

void local_instance_note_init_failure(struct local_instance *i, enum local_failure f, jn_str error_type)
{
    i->init_failure = f;
    i->init_failed_us = local_instance_now_us(i) - i->start_us;
    snprintf(i->init_error_type, sizeof i->init_error_type, "%.*s", JN_ARG(error_type));
}

bool local_instance_may_start_again(const struct local_instance *i)
{
    return i->starts == 1;
}

void local_instance_put_init_report(struct local_instance *i, const char *phase)
{
    const bool timed_out = i->init_failure == LOCAL_FAILURE_TIMEOUT;
    local_tail_init_report(&i->call->tail, i->init_failed_us, phase, timed_out ? "timeout" : "error",
                           timed_out ? NULL : i->init_error_type);
}

void local_instance_close_failed_start(struct local_instance *i)
{
    local_instance_put_init_report(i, "invoke");
    local_call_open_log(i->call);
}
