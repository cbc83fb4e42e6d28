/* action_step.c - `publish` as an action of the runtime: the step's configuration into a client and an action, each
 * message through action_publish.h, and what came of it emitted.  It keeps the figures that /metrics shows. */
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
    uint64_t results[RESULT_COUNT], not_mapped;
    struct sailor_histogram mapping, invocation;
};

/* A message in flight; in the task's arena. */
struct message {
    struct publish *publish;
    struct sailor_task *task;
    struct component_call *call;
};

/* ---- opening ------------------------------------------------------------------------------------------------- */

static enum jn_status open_client(struct publish *p, const struct sailor_step *step, struct jn_arena *a,
                                  jn_value config, struct jn_error *err)
{
    const jn_str access = component_config_text(a, config, "aws_access_key_id");
    const jn_str secret = component_config_text(a, config, "aws_secret_access_key");
    const jn_str region = component_config_text(a, config, "region");
    if (jn_arena_failed(a))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the configuration");
    if (!access.len || !secret.len)
        return jn_fail(err, JN_BAD_VALUE, "%s is missing in the credentials of this step",
                       access.len ? "the AWS Access Secret (aws_secret_access_key)"
                                  : "the AWS Access Key (aws_access_key_id)");
    if (!region.len)
        return jn_fail(err, JN_BAD_VALUE, "the AWS Region (region) is missing in the configuration of this step");
    const struct lambda_client_options opt = {
        .cred = { .access_key = access.data, .secret_key = secret.data, .env = step->env, .clock = step->clock },
        .region = region.data,
        .log = step->log,
    };
    const enum jn_status s = lambda_client_new(step->loop, &opt, &p->client, err);
    explicit_bzero((char *)secret.data, secret.len);
    return s;
}

static enum jn_status open_action(struct publish *p, const struct sailor_step *step, struct jn_arena *a,
                                  struct jn_error *err)
{
    jn_value config;
    enum jn_status s = jn_read(a, step->config, NULL, &config, NULL, err);
    if (!s)
        s = open_client(p, step, a, config, err);
    if (s)
        return s;
    const struct component_publish_config c = {
        .function_name = component_config_text(a, config, "functionName"),
        .invocation_type = component_config_text(a, config, "invocationType"),
        .log_type = component_config_text(a, config, "logType"),
        .qualifier = component_config_text(a, config, "qualifier"),
        .expression = component_config_text(a, config, "expression"),
        .variables = step->variables,
    };
    if (jn_arena_failed(a))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the configuration");
    return component_publish_new(p->client, &c, step->log, &p->action, err);
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
    if (!r->status)
        return SUCCEEDED;
    if (r->stage == COMPONENT_FUNCTION)
        return FUNCTION_FAILED;
    if (r->status == JN_REMOTE)
        return strcmp(r->error.code, "TooManyRequestsException") == 0 ? THROTTLED : REFUSED;
    return r->status == JN_TIMEOUT ? TIMED_OUT : UNREACHED;
}

/* The function's trace and the end of its log; for the other stages where it was. */
static jn_str make_stack(struct jn_arena *a, const struct component_result *r)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_buf_append_fmt(&out, "%s: %s\n    at %s", r->error.code[0] ? r->error.code : "Error", r->error.message,
                      component_stage_text(r->stage));
    if (r->request_id.len)
        jn_buf_append_fmt(&out, " (request %.*s)", JN_ARG(r->request_id));
    for (size_t i = 0; i < r->stack_lines; i++) {
        jn_buf_append_char(&out, '\n');
        jn_buf_append(&out, r->stack[i]);
    }
    if (r->log.len) {
        jn_buf_append_z(&out, "\n\n");
        jn_buf_append(&out, r->log);
    }
    const jn_str stack = out.failed ? (jn_str){ NULL, 0 } : jn_arena_copy(a, jn_buf_str(&out));
    jn_buf_clear(&out);
    return stack;
}

static void emit_failure(struct sailor_task *t, const struct component_result *r)
{
    static const char *const names[] = { "MappingError", "InvocationError", "FunctionError" };
    const struct sailor_failure f = {
        .name = jn_str_of(r->error.code[0] ? r->error.code : names[r->stage]),
        .message = jn_str_of(r->error.message),
        .stack = make_stack(sailor_task_arena(t), r),
    };
    sailor_task_emit_error(t, &f);
    sailor_task_end(t);
}

static void on_result(const struct component_result *r, void *arg)
{
    struct message *m = arg;
    struct publish *p = m->publish;
    p->results[result_of(r)]++;
    if (r->duration_us)
        sailor_histogram_add(&p->invocation, r->duration_us);
    if (r->status) {
        emit_failure(m->task, r);
        return;
    }
    const struct sailor_message out = { .body = r->body, .headers = JN_STR("{}") };
    sailor_task_emit_data(m->task, &out, NULL, NULL);
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
    const struct component_result r = { .status = why->status, .error = *why, .stage = COMPONENT_MAPPING };
    p->not_mapped++;
    emit_failure(t, &r);
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
    };
    const int64_t start_us = p->clock->monotonic_us(p->clock);
    const enum jn_status s = component_publish_start(p->action, &message, sailor_task_log(t), on_result, m, &m->call,
                                                     &err);
    sailor_histogram_add(&p->mapping, p->clock->monotonic_us(p->clock) - start_us);
    if (s)
        fail_early(p, t, &err);
    else
        sailor_task_on_abort(t, on_abort, m);
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

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
    jn_buf_append_fmt(out, "# HELP lambda_not_sent_total Messages that failed before anything was sent.\n"
                           "# TYPE lambda_not_sent_total counter\nlambda_not_sent_total %llu\n",
                      (unsigned long long)p->not_mapped);
    sailor_metrics_write_histogram(out, "lambda_mapping_seconds", "Time to map, sign and hand over a message.", "",
                                   &p->mapping);
    sailor_metrics_write_histogram(out, "lambda_invocation_seconds", "Time from sending an invocation to its answer.",
                                   "", &p->invocation);
}

const struct sailor_action component_publish_action = {
    .key = "publish",
    .open = open_publish,
    .close = close_publish,
    .process = process,
    .metrics = write_metrics,
};
