/* action_publish.c - see action_publish.h.  A call is an object of its own, kept in a free list, so that a warm action
 * allocates only when a message is bigger than all before it. */
#include "component/action_publish.h"

#include <stdlib.h>

#include "component/answer.h"
#include "lambda/name.h"

struct component_call {
    struct component_publish *action;
    struct component_call *next;          /* in the free list */
    struct jn_buf payload, body;
    struct lambda_call *lambda;
    const struct base_log *log;
    component_done_fn *done;
    void *arg;
};

struct component_publish {
    struct lambda_client *client;
    const struct base_log *log;
    struct component_mapping *mapping;
    char *function_name, *qualifier;    /* copies; qualifier may be NULL */
    enum lambda_invocation_type type;
    bool log_tail;
    struct component_call *free_calls;
    size_t in_flight;
};

const char *component_stage_text(enum component_stage s)
{
    static const char *const texts[] = { "mapping", "invoke", "function" };
    return texts[s];
}

/* ---- settings ------------------------------------------------------------------------------------------------ */

static enum jn_status read_invocation_type(jn_str text, enum lambda_invocation_type *out, struct jn_error *err)
{
    if (text.len == 0 || jn_str_eq(text, JN_STR("RequestResponse")))
        *out = LAMBDA_REQUEST_RESPONSE;
    else if (jn_str_eq(text, JN_STR("Event")))
        *out = LAMBDA_EVENT;
    else if (jn_str_eq(text, JN_STR("DryRun")))
        return jn_fail(err, JN_BAD_VALUE, "invocation type DryRun is not supported: it runs nothing; choose "
                       "RequestResponse or Event");
    else
        return jn_fail(err, JN_BAD_VALUE, "invocation type \"%.*s\" is unknown; choose RequestResponse or Event",
                       JN_ARG(text));
    return JN_OK;
}

static enum jn_status read_log_type(jn_str text, enum lambda_invocation_type type, bool *tail, struct jn_error *err)
{
    *tail = jn_str_eq(text, JN_STR("Tail"));
    if (text.len && !*tail && !jn_str_eq(text, JN_STR("None")))
        return jn_fail(err, JN_BAD_VALUE, "log type \"%.*s\" is unknown; choose None or Tail", JN_ARG(text));
    if (*tail && type != LAMBDA_REQUEST_RESPONSE)
        return jn_fail(err, JN_BAD_VALUE, "log type Tail works with invocation type RequestResponse only: for an Event "
                       "the log does not exist yet when the answer comes");
    return JN_OK;
}

/* The name in its parts, and what can be said about it beforehand. */
static enum jn_status check_target(const struct component_publish *p, const struct component_publish_config *config,
                                   struct jn_error *err)
{
    if (config->function_name.len == 0)
        return jn_fail(err, JN_BAD_VALUE, "no function is named; give its name, partial ARN or ARN");
    struct lambda_name name;
    enum jn_status s = lambda_name_parse(config->function_name, &name, err);
    if (s)
        return s;
    const jn_str region = jn_str_of(lambda_client_region(p->client));
    if (name.region.data && !jn_str_eq(name.region, region))
        return jn_fail(err, JN_BAD_VALUE, "the function's ARN is in region %.*s, but the region is set to %.*s; make "
                       "them agree", JN_ARG(name.region), JN_ARG(region));
    if (config->qualifier.len == 0)
        return JN_OK;
    s = lambda_qualifier_check(config->qualifier, err);
    if (!s && name.qualifier.data && !jn_str_eq(name.qualifier, config->qualifier))
        return jn_fail(err, JN_BAD_VALUE, "the function's name carries qualifier \"%.*s\", but the qualifier is set to "
                       "\"%.*s\"; leave one out", JN_ARG(name.qualifier), JN_ARG(config->qualifier));
    return s;
}

static enum jn_status configure(struct component_publish *p, const struct component_publish_config *config,
                                struct jn_error *err)
{
    enum jn_status s = read_invocation_type(config->invocation_type, &p->type, err);
    if (!s)
        s = read_log_type(config->log_type, p->type, &p->log_tail, err);
    if (!s)
        s = check_target(p, config, err);
    if (!s)
        s = component_mapping_new(config->expression, &p->mapping, err);
    if (!s && config->variables.data)
        s = component_mapping_offer_variables(p->mapping, config->variables, err);
    if (s)
        return s;
    p->function_name = strndup(config->function_name.data, config->function_name.len);
    if (config->qualifier.len)
        p->qualifier = strndup(config->qualifier.data, config->qualifier.len);
    if (!p->function_name || (config->qualifier.len && !p->qualifier))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the action");
    return JN_OK;
}

enum jn_status component_publish_new(struct lambda_client *client, const struct component_publish_config *config,
                                     const struct base_log *log, struct component_publish **out, struct jn_error *err)
{
    struct component_publish *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the action");
    p->client = client;
    p->log = log;
    enum jn_status s = configure(p, config, err);
    if (s)
        component_publish_free(p);
    else
        *out = p;
    return s;
}

static void free_call(struct component_call *call)
{
    jn_buf_clear(&call->payload);
    jn_buf_clear(&call->body);
    free(call);
}

void component_publish_free(struct component_publish *p)
{
    if (!p)
        return;
    while (p->free_calls) {
        struct component_call *call = p->free_calls;
        p->free_calls = call->next;
        free_call(call);
    }
    component_mapping_free(p->mapping);
    free(p->function_name);
    free(p->qualifier);
    free(p);
}

/* ---- calls --------------------------------------------------------------------------------------------------- */

enum { KEEP_BYTES = 1 << 20 };      /* a free call keeps no larger buffer: one giant message must not stay in memory */

static struct component_call *take_call(struct component_publish *p)
{
    struct component_call *call = p->free_calls;
    if (call) {
        p->free_calls = call->next;
        return call;
    }
    call = calloc(1, sizeof *call);
    if (call) {
        call->action = p;
        jn_buf_init(&call->payload, 0);
        jn_buf_init(&call->body, 0);
    }
    return call;
}

static void give_call(struct component_call *call)
{
    struct jn_buf *const bufs[] = { &call->payload, &call->body };
    for (size_t i = 0; i < 2; i++) {
        if (bufs[i]->cap > KEEP_BYTES || bufs[i]->failed)
            jn_buf_clear(bufs[i]);
        else
            jn_buf_truncate(bufs[i], 0);
    }
    call->next = call->action->free_calls;
    call->action->free_calls = call;
}

/* Each line of a log tail becomes a line of ours, so that it shows in the platform's log. */
static void log_tail(const struct component_call *call, const struct lambda_invoked *in)
{
    const struct component_publish *p = call->action;
    const struct base_field fields[] = {
        { "function", jn_str_of(p->function_name) },
        { "requestId", in->request_id },
        { "version", in->executed_version },
        { NULL, { NULL, 0 } },
    };
    jn_str rest = in->log;
    while (rest.len) {
        const char *end = memchr(rest.data, '\n', rest.len);
        const size_t n = end ? (size_t)(end - rest.data) : rest.len;
        if (n)
            base_log(call->log, BASE_INFO, fields, "%.*s", (int)n, rest.data);
        rest = jn_str_sub(rest, end ? n + 1 : n, rest.len);
    }
}

static void read_answer(struct component_call *call, const struct lambda_outcome *o, struct component_result *r)
{
    const struct lambda_invoked *in = &o->invoked;
    r->request_id = in->request_id;
    r->executed_version = in->executed_version;
    r->log = in->log;
    r->payload = in->payload;
    if (in->log.data)
        log_tail(call, in);
    r->status = in->function_error.data ? component_answer_failure(o->arena, in, r)
                                        : component_answer_body(o->arena, in, &call->body, &r->error);
    r->stage = in->function_error.data ? COMPONENT_FUNCTION : COMPONENT_INVOKE;
    r->body = jn_buf_str(&call->body);
}

static void on_outcome(const struct lambda_outcome *o, void *arg)
{
    struct component_call *call = arg;
    struct component_result r = { .status = o->status, .stage = COMPONENT_INVOKE, .duration_us = o->duration_us };
    if (o->status) {
        r.error = o->error;
        r.outcome_unknown = o->outcome_unknown;
        r.request_id = o->service.request_id;
    } else {
        read_answer(call, o, &r);
    }
    call->action->in_flight--;
    call->done(&r, call->arg);
    give_call(call);
}

static enum jn_status send_call(struct component_call *call, struct jn_error *err)
{
    const struct component_publish *p = call->action;
    const struct lambda_invoke req = {
        .function = jn_str_of(p->function_name),
        .qualifier = p->qualifier ? jn_str_of(p->qualifier) : (jn_str){ NULL, 0 },
        .type = p->type,
        .log_tail = p->log_tail,
        .payload = jn_buf_str(&call->payload),
    };
    return lambda_invoke_start(p->client, &req, on_outcome, call, &call->lambda, err);
}

enum jn_status component_publish_start(struct component_publish *p, const struct component_message *message,
                                       const struct base_log *log, component_done_fn *done, void *arg,
                                       struct component_call **out, struct jn_error *err)
{
    struct component_call *call = take_call(p);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a message");
    call->done = done;
    call->arg = arg;
    call->log = log ? log : p->log;
    enum jn_status s = component_mapping_apply(p->mapping, message, &call->payload, err);
    if (!s)
        s = send_call(call, err);
    if (s) {
        give_call(call);
        return s;
    }
    p->in_flight++;
    if (out)
        *out = call;
    return JN_OK;
}

void component_call_cancel(struct component_call *call)
{
    lambda_call_cancel(call->lambda);
    call->action->in_flight--;
    give_call(call);
}
