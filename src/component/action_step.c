/* action_step.c - `publish` as an action of the runtime: the step's configuration into a client and an action, each
 * message through action_publish.h, and what came of it emitted.  It keeps the figures that /metrics shows. */
#include <stdio.h>
#include <stdlib.h>

#include "component/action_publish.h"
#include "component/actions.h"
#include "core/arena.h"

/* How an attempt to invoke can end. */
#define RESULTS(X)                                                                                                     \
    X(SUCCEEDED, "success")                                                                                            \
    X(FUNCTION_FAILED, "function_error")                                                                               \
    X(THROTTLED, "throttled")                                                                                          \
    X(REFUSED, "refused")                                                                                              \
    X(TIMED_OUT, "timeout")                                                                                            \
    X(UNREACHED, "no_answer")

#define ENUM(name, text) name,
enum result { RESULTS(ENUM) RESULT_COUNT };
#undef ENUM

struct publish {
    struct lambda_client *client;
    struct component_publish *action;
    const struct base_clock *clock;
    uint64_t results[RESULT_COUNT], not_mapped, passed, rebounds, retries;
    struct sailor_histogram mapping, invocation;
};

/* A message in flight; in the task's arena. */
struct message {
    struct publish *publish;
    struct sailor_task *task;
    struct component_call *call;
};

/* ---- opening ------------------------------------------------------------------------------------------------- */

static enum jn_status open_client(struct publish *p, const struct sailor_step *step, const struct component_config *c,
                                  struct jn_error *err)
{
    struct lambda_client_options opt = {
        .cred = { .env = step->env, .clock = step->clock },
        .extra_ca = base_env_get(step->env, "NODE_EXTRA_CA_CERTS"),     // as all of Node's requests do
        .random = step->random,
        .log = step->log,
    };
    const enum jn_status s = component_config_client(c, true, &opt, err);
    return s ? s : lambda_client_new(step->loop, &opt, &p->client, err);
}

static enum jn_status open_action(struct publish *p, const struct sailor_step *step, struct jn_arena *a,
                                  struct jn_error *err)
{
    struct component_config c;
    enum jn_status s = component_config_read(a, step->config, &c, err);
    if (s)
        return s;
    c.variables = step->variables;
    s = open_client(p, step, &c, err);
    component_config_wipe(&c);
    return s ? s : component_publish_new(p->client, &c, step->log, &p->action, err);
}

static void close_publish(void *self)
{
    struct publish *p = self;
    component_publish_free(p->action);
    lambda_client_free(p->client);
    free(p);
}

static enum jn_status open_publish(const struct sailor_step *step, void **self, struct jn_error *err)
{
    struct publish *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the action");
    p->clock = step->clock;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const enum jn_status s = open_action(p, step, &a, err);
    jn_arena_clear(&a);
    if (s)
        close_publish(p);
    else
        *self = p;
    return s;
}

/* ---- what came of it ----------------------------------------------------------------------------------------- */

static enum result result_of(const struct component_result *r)
{
    if (!r->status || r->stage == COMPONENT_RESULT)
        return SUCCEEDED;
    if (r->stage == COMPONENT_FUNCTION)
        return FUNCTION_FAILED;
    if (r->status == JN_REMOTE)
        return r->http_status == 429 ? THROTTLED : REFUSED;
    return r->status == JN_TIMEOUT ? TIMED_OUT : UNREACHED;
}

/* Who was asked, for the last line of a stack. */
static void put_facts(struct jn_buf *out, const struct component_result *r)
{
    jn_buf_append_fmt(out, "function %.*s", JN_ARG(r->function));
    if (r->executed_version.len)
        jn_buf_append_fmt(out, ", version %.*s", JN_ARG(r->executed_version));
    if (r->request_id.len)
        jn_buf_append_fmt(out, ", request %.*s", JN_ARG(r->request_id));
    if (r->attempts)
        jn_buf_append_fmt(out, ", %u attempt%s", r->attempts, r->attempts == 1 ? "" : "s");
}

/* What the platform shows below the message: a failed function's trace, the end of its log, and who was asked. */
static jn_str make_stack(struct jn_arena *a, const struct component_result *r)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_buf_append(&out, component_result_name(r));
    jn_buf_append_fmt(&out, ": %.*s\n", JN_ARG(component_result_sentence(r)));
    for (size_t i = 0; i < r->stack_lines; i++) {
        jn_buf_append(&out, r->stack[i]);
        if (!jn_str_ends(r->stack[i], JN_STR("\n")))
            jn_buf_append_char(&out, '\n');
    }
    if (r->log.len)
        jn_buf_append_fmt(&out, "\n%.*s%s\n", JN_ARG(r->log), jn_str_ends(r->log, JN_STR("\n")) ? "" : "\n");
    jn_buf_append_fmt(&out, "    at %s", component_stage_text(r->stage));
    if (r->function.len) {
        jn_buf_append_z(&out, " (");
        put_facts(&out, r);
        jn_buf_append_char(&out, ')');
    }
    const jn_str stack = out.failed ? (jn_str){ NULL, 0 } : jn_arena_copy(a, jn_buf_str(&out));
    jn_buf_clear(&out);
    return stack;
}

static void emit_failure(struct sailor_task *t, const struct component_result *r)
{
    const struct sailor_failure f = {
        .name = component_result_name(r),
        .message = component_result_message(r),
        .stack = make_stack(sailor_task_arena(t), r),
    };
    sailor_task_emit_error(t, &f);
}

/* Why a message goes back, in one line: "TooManyRequestsException: ...". */
static void emit_rebound(struct sailor_task *t, const struct component_result *r)
{
    const struct component_result brief = { .stage = r->stage, .error = r->error };
    char reason[sizeof r->error.code + sizeof r->error.message + 2];
    snprintf(reason, sizeof reason, "%.*s: %.*s", JN_ARG(component_result_name(&brief)),
             JN_ARG(component_result_sentence(r)));
    sailor_task_emit_rebound(t, jn_str_of(reason));
}

static void on_result(const struct component_result *r, void *arg)
{
    const struct message *m = arg;
    struct publish *p = m->publish;
    const struct sailor_message out = { .body = r->body, .headers = r->headers };
    p->results[result_of(r)]++;
    p->retries += r->attempts > 1 ? r->attempts - 1 : 0;
    if (r->duration_us)
        sailor_histogram_add(&p->invocation, r->duration_us);
    if (r->verdict == COMPONENT_EMIT) {
        sailor_task_emit_data(m->task, &out, NULL, NULL);
    } else if (r->verdict == COMPONENT_REBOUND) {
        p->rebounds++;
        emit_rebound(m->task, r);
    } else {
        emit_failure(m->task, r);
    }
    sailor_task_end(m->task);
}

static void on_abort(struct sailor_task *t, void *arg)
{
    (void)t;
    component_call_cancel(((struct message *)arg)->call);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static void fail_early(struct publish *p, struct sailor_task *t, const struct jn_error *why)
{
    const struct component_result r = { .verdict = COMPONENT_THROW, .status = why->status, .error = *why,
                                        .stage = COMPONENT_MAPPING };
    p->not_mapped++;
    emit_failure(t, &r);
    sailor_task_end(t);
}

/* The function is not to be invoked for this message. */
static void pass(struct publish *p, struct sailor_task *t, jn_str body)
{
    p->passed++;
    sailor_task_emit_data(t, &(struct sailor_message){ .body = body, .headers = JN_STR(COMPONENT_NOT_INVOKED) }, NULL,
                          NULL);
    sailor_task_end(t);
}

static void process(void *self, struct sailor_task *t)
{
    struct publish *p = self;
    struct jn_error err = { 0 };
    struct message *m = jn_arena_zalloc(sailor_task_arena(t), sizeof *m);
    if (!m) {
        jn_fail(&err, JN_NO_MEMORY, "no memory for a message");
        fail_early(p, t, &err);
        return;
    }
    *m = (struct message){ .publish = p, .task = t };
    const struct sailor_message *in = sailor_task_message(t);
    const struct component_message message = {
        .body = in->body.data ? in->body : JN_STR("{}"),
        .passthrough = in->passthrough,
        .traceparent = sailor_task_header(t, "traceparent"),
    };
    const int64_t start_us = p->clock->monotonic_us(p->clock);
    const enum jn_status s = component_publish_start(p->action, &message, sailor_task_log(t), on_result, m, &m->call,
                                                     &err);
    sailor_histogram_add(&p->mapping, p->clock->monotonic_us(p->clock) - start_us);
    if (s)
        fail_early(p, t, &err);
    else if (m->call)
        sailor_task_on_abort(t, on_abort, m);
    else
        pass(p, t, message.body);
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

static void write_counter(struct jn_buf *out, const char *name, const char *help, uint64_t value)
{
    jn_buf_append_fmt(out, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", name, help, name, name,
                      (unsigned long long)value);
}

static void write_metrics(struct jn_buf *out, void *self)
{
#define TEXT(name, text) text,
    static const char *const texts[] = { RESULTS(TEXT) };
#undef TEXT
    const struct publish *p = self;
    jn_buf_append_z(out, "# HELP lambda_attempts_total Invocations of the function, by how they ended.\n"
                         "# TYPE lambda_attempts_total counter\n");
    for (int i = 0; i < RESULT_COUNT; i++)
        jn_buf_append_fmt(out, "lambda_attempts_total{result=\"%s\"} %llu\n", texts[i],
                          (unsigned long long)p->results[i]);
    write_counter(out, "lambda_not_sent_total", "Messages that failed before anything was sent.", p->not_mapped);
    write_counter(out, "lambda_not_invoked_total", "Messages that passed through, as invokeWhen says.", p->passed);
    write_counter(out, "lambda_retries_total", "Attempts after the first one of an invocation.", p->retries);
    write_counter(out, "lambda_rebounds_total", "Messages given back to the platform, to come again.", p->rebounds);
    sailor_metrics_write_histogram(out, "lambda_mapping_seconds", "Time to map, sign and hand over a message.", "",
                                   &p->mapping);
    sailor_metrics_write_histogram(out, "lambda_invocation_seconds", "Time from sending an invocation to its answer.",
                                   "", &p->invocation);
}

static const struct sailor_select_model select_models[] = {
    { "functions", component_list_functions },
    { "qualifiers", component_list_qualifiers },
    { NULL, NULL },
};

const struct sailor_action component_publish_action = {
    .key = "publish",
    .open = open_publish,
    .close = close_publish,
    .process = process,
    .meta_model = component_meta_model,
    .select_models = select_models,
    .metrics = write_metrics,
};
