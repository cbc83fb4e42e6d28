/* action_publish.c - see action_publish.h.  A call is an object of its own, kept in a free list, so that a warm action
 * allocates only when a message is bigger than all before it. */
#include "component/action_publish.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "component/answer.h"
#include "component/trace_context.h"
#include "core/members.h"
#include "core/value.h"
#include "lambda/name.h"
#include "lambda/request.h"

/* What a call writes; each is kept for the next one. */
enum { NAME, QUALIFIER, CONTEXT, PAYLOAD, BODY, HEADERS, BUF_COUNT };

struct component_call {
    struct component_publish *action;
    struct component_call *next;          /* in the free list */
    struct component_message message;     /* borrowed */
    struct jn_buf bufs[BUF_COUNT];
    char trace_id[COMPONENT_TRACE_ID];
    jn_str function;
    struct lambda_call *lambda;
    const struct base_log *log;
    component_done_fn *done;
    void *arg;
};

struct component_publish {
    struct lambda_client *client;
    const struct base_log *log;
    struct component_call_settings settings;
    struct component_scope *scope;
    struct component_text function, qualifier;
    struct component_expression *expression, *context, *invoke_when, *result;   /* each may be NULL */
    const char *context_name;             /* what its field is called */
    component_chunk_fn *on_chunk;         /* NULL: results are collected */
    struct component_call *free_calls;
    size_t in_flight;
};

const char *component_stage_text(enum component_stage s)
{
    static const char *const texts[] = { "mapping", "invoke", "function", "result" };
    return texts[s];
}

jn_str component_result_name(const struct component_result *r)
{
    static const char *const names[] = { "MappingError", "InvocationError", "FunctionError", "ResultError" };
    if (r->error_type.data)
        return r->error_type;
    return jn_str_of(r->error.code[0] ? r->error.code : names[r->stage]);
}

jn_str component_result_message(const struct component_result *r)
{
    return r->error_message.data ? r->error_message : component_result_sentence(r);
}

jn_str component_result_sentence(const struct component_result *r)
{
    const jn_str code = jn_str_of(r->error.code), whole = jn_str_of(r->error.message);
    const jn_str rest = jn_str_sub(whole, code.len, whole.len);
    const bool is_named = code.len && jn_str_starts(whole, code) && jn_str_starts(rest, JN_STR(": "));
    return is_named ? jn_str_sub(rest, 2, rest.len) : whole;
}

/* ---- settings ------------------------------------------------------------------------------------------------ */

/* What can be said beforehand of a name that is fixed; `qualifier` may be empty. */
static enum jn_status check_target(const struct component_publish *p, jn_str function, jn_str qualifier,
                                   struct jn_error *err)
{
    struct lambda_name name;
    enum jn_status s = lambda_name_parse(function, &name, err);
    if (s) {
        jn_error_prefix(err, "%s", p->function.field);
        return s;
    }
    const jn_str region = jn_str_of(lambda_client_region(p->client));
    if (name.region.data && !jn_str_eq(name.region, region))
        return jn_fail(err, JN_BAD_VALUE, "%s: the function's ARN is in region %.*s, but the region is set to %.*s; "
                       "make them agree", p->function.field, JN_ARG(name.region), JN_ARG(region));
    if (qualifier.len == 0)
        return JN_OK;
    s = lambda_qualifier_check(qualifier, err);
    if (s)
        jn_error_prefix(err, "%s", p->qualifier.field);
    else if (name.qualifier.data && !jn_str_eq(name.qualifier, qualifier))
        return jn_fail(err, JN_BAD_VALUE, "the function's name carries qualifier \"%.*s\", but %s is set to \"%.*s\"; "
                       "leave one out", JN_ARG(name.qualifier), p->qualifier.field, JN_ARG(qualifier));
    return s;
}

static enum jn_status set_target(struct component_publish *p, const struct component_config *config,
                                 struct jn_error *err)
{
    jn_str function = { NULL, 0 }, qualifier = { NULL, 0 };
    enum jn_status s = component_config_function(config, &function, err);
    if (!s)
        s = component_config_qualifier(config, &qualifier, err);
    if (!s)
        s = component_text_init(&p->function, p->scope, component_field_name(config, COMPONENT_FUNCTION_NAME), function,
                                err);
    if (!s)
        s = component_text_init(&p->qualifier, p->scope, component_field_name(config, COMPONENT_QUALIFIER), qualifier,
                                err);
    if (!s && p->function.fixed.data)
        s = check_target(p, p->function.fixed, p->qualifier.fixed, err);
    return s;
}

/* An expression that is left out, or blank, is none. */
static enum jn_status compile(struct component_publish *p, const struct component_config *config,
                              enum component_field field, struct component_expression **out, struct jn_error *err)
{
    const jn_str text = config->text[field];
    if (jn_str_trim(text).len == 0)
        return JN_OK;
    return component_expression_new(p->scope, component_field_name(config, field), text, out, err);
}

static enum jn_status configure(struct component_publish *p, const struct component_config *config,
                                struct jn_error *err)
{
    enum jn_status s = component_config_call(config, &p->settings, err);
    if (!s)
        s = component_scope_new(p->log, &p->scope, err);
    if (!s && config->variables.data)
        s = component_scope_offer_variables(p->scope, config->variables, err);
    if (!s)
        s = set_target(p, config, err);
    if (!s)
        s = compile(p, config, COMPONENT_EXPRESSION, &p->expression, err);
    if (!s)
        s = compile(p, config, COMPONENT_CLIENT_CONTEXT, &p->context, err);
    if (!s)
        s = compile(p, config, COMPONENT_INVOKE_WHEN, &p->invoke_when, err);
    p->context_name = component_field_name(config, COMPONENT_CLIENT_CONTEXT);
    return s ? s : compile(p, config, COMPONENT_RESULT_EXPRESSION, &p->result, err);
}

enum jn_status component_publish_new(struct lambda_client *client, const struct component_config *config,
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

enum jn_status component_publish_stream(struct component_publish *p, component_chunk_fn *on_chunk,
                                        struct jn_error *err)
{
    if (p->settings.type != LAMBDA_REQUEST_RESPONSE)
        return jn_fail(err, JN_BAD_VALUE, "an Event has no result that could be streamed: choose invocation type "
                       "RequestResponse");
    if (p->result)
        return jn_fail(err, JN_BAD_VALUE, "a result that is streamed is never there as a whole, for an expression to look "
                       "at: leave out either");
    p->on_chunk = on_chunk;
    return JN_OK;
}

bool component_publish_target(const struct component_publish *p, jn_str *function, jn_str *qualifier)
{
    *function = p->function.fixed;
    *qualifier = p->qualifier.fixed.len ? p->qualifier.fixed : (jn_str){ NULL, 0 };
    return !p->function.expression && !p->qualifier.expression;
}

static void free_call(struct component_call *call)
{
    for (size_t i = 0; i < BUF_COUNT; i++)
        jn_buf_clear(&call->bufs[i]);
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
    component_text_clear(&p->function);
    component_text_clear(&p->qualifier);
    component_expression_free(p->expression);
    component_expression_free(p->context);
    component_expression_free(p->invoke_when);
    component_expression_free(p->result);
    component_scope_free(p->scope);
    free(p);
}

/* ---- calls that are kept ------------------------------------------------------------------------------------- */

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
        for (size_t i = 0; i < BUF_COUNT; i++)
            jn_buf_init(&call->bufs[i], 0);
    }
    return call;
}

static void give_call(struct component_call *call)
{
    for (size_t i = 0; i < BUF_COUNT; i++) {
        struct jn_buf *b = &call->bufs[i];
        if (b->cap > KEEP_BYTES || b->failed)
            jn_buf_clear(b);
        else
            jn_buf_truncate(b, 0);
    }
    call->next = call->action->free_calls;
    call->action->free_calls = call;
}

/* ---- the answer ---------------------------------------------------------------------------------------------- */

/* Each line of a log tail becomes a line of ours, so that it shows in the platform's log. */
static void log_tail(const struct component_call *call, const struct lambda_invoked *in)
{
    const struct base_field fields[] = {
        { "function", call->function },
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

/* The result expression on the body, which is JSON or, when the function returned none, the payload as text. */
static enum jn_status evaluate_result(struct component_call *call, const struct lambda_outcome *o, bool is_json,
                                      struct component_result *r)
{
    struct component_publish *p = call->action;
    struct jn_arena *a = component_scope_arena(p->scope);
    jn_value result = jn_make_string(r->payload), body = { .type = JN_UNDEFINED };
    enum jn_status s = JN_OK;
    if (is_json)
        s = component_scope_read(p->scope, r->payload, "function's result", &result, &r->error);
    else
        result = jn_copy_string(a, jn_utf8_repair(a, r->payload));
    if (!s && component_expression_may_use(p->result, "input"))
        s = component_scope_read(p->scope, call->message.body, "message", &body, &r->error);
    if (s)
        return s;
    const jn_value bindings = jn_make_object(a, 2), response = component_answer_response(a, o);
    jn_object_put(a, bindings, JN_STR("response"), response);
    if (body.type != JN_UNDEFINED)
        jn_object_put(a, bindings, JN_STR("input"), body);
    if (jn_arena_failed(a))
        return jn_fail(&r->error, JN_NO_MEMORY, "no memory for the function's result");
    component_scope_begin_result(p->scope, &call->message, result, bindings);
    jn_buf_truncate(&call->bufs[BODY], 0);
    s = component_expression_write(p->result, "body to emit", &call->bufs[BODY], &r->error);
    r->body = jn_buf_str(&call->bufs[BODY]);
    return s;
}

/* The function ran, and what it returned is to be emitted. */
static void make_result(struct component_call *call, const struct lambda_outcome *o, struct component_result *r)
{
    bool is_json = false;
    enum jn_status s = component_answer_body(o->arena, &o->invoked, &call->bufs[BODY], &r->body, &is_json, &r->error);
    if (!s && call->action->result) {
        s = evaluate_result(call, o, is_json, r);
        component_scope_end(call->action->scope);
    }
    component_answer_headers(&o->invoked, &call->bufs[HEADERS]);
    r->headers = jn_buf_str(&call->bufs[HEADERS]);
    if (!s && call->bufs[HEADERS].failed)
        s = jn_fail(&r->error, call->bufs[HEADERS].failed, "no memory for the answer");
    if (s) {
        r->status = s;
        r->stage = COMPONENT_RESULT;
        r->verdict = COMPONENT_THROW;
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
    if (in->function_error.data) {
        r->status = component_answer_failure(o->arena, in, r);
        r->stage = COMPONENT_FUNCTION;
        r->verdict = component_policy_function_failed(&call->action->settings.policy);
    }
    if (r->verdict == COMPONENT_EMIT && (in->function_error.data || !call->action->on_chunk))
        make_result(call, o, r);
}

static void read_failure(struct component_call *call, const struct lambda_outcome *o, struct component_result *r)
{
    r->error = o->error;
    r->outcome_unknown = o->outcome_unknown;
    r->request_id = o->service.request_id;
    r->verdict = component_policy_failed(&call->action->settings.policy, o);
    if (r->verdict != COMPONENT_EMIT)
        return;
    component_answer_error(r, &call->bufs[BODY]);
    component_answer_headers(&(struct lambda_invoked){ .request_id = r->request_id }, &call->bufs[HEADERS]);
    r->body = jn_buf_str(&call->bufs[BODY]);
    r->headers = jn_buf_str(&call->bufs[HEADERS]);
    if (call->bufs[BODY].failed || call->bufs[HEADERS].failed)
        r->verdict = COMPONENT_THROW;
}

/* There is no further attempt: a long payload goes before the answer is made into what is emitted. */
static void drop_payload(struct component_call *call)
{
    enum { LONG_PAYLOAD = 64 * 1024 };
    if (call->bufs[PAYLOAD].cap > LONG_PAYLOAD)
        jn_buf_clear(&call->bufs[PAYLOAD]);
}

static void on_outcome(const struct lambda_outcome *o, void *arg)
{
    struct component_call *call = arg;
    drop_payload(call);
    struct component_result r = {
        .status = o->status, .stage = COMPONENT_INVOKE, .function = call->function, .http_status = o->http_status,
        .attempts = o->attempts, .duration_us = o->duration_us,
    };
    if (o->status)
        read_failure(call, o, &r);
    else
        read_answer(call, o, &r);
    call->action->in_flight--;
    call->done(&r, call->arg);
    give_call(call);
}

static bool is_retryable(const struct lambda_outcome *o, void *arg)
{
    return component_policy_retries(&((const struct component_call *)arg)->action->settings.policy, o);
}

/* ---- the request --------------------------------------------------------------------------------------------- */

/* {"custom": what the expression yields} in base64. */
static enum jn_status make_context(struct component_call *call, jn_str *out, struct jn_error *err)
{
    struct component_publish *p = call->action;
    struct jn_buf *json = &call->bufs[BODY], *text = &call->bufs[CONTEXT];
    jn_value v;
    enum jn_status s = component_expression_value(p->context, &v, err);
    if (s || v.type == JN_UNDEFINED)
        return s;
    if (v.type != JN_OBJECT)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NotAnObject"), "%s has to yield an object, or nothing, not %s",
                            p->context_name, jn_type_name(v));
    jn_buf_append_z(json, "{\"custom\":");
    s = component_expression_put(p->context, v, "client context", json, err);
    if (s)
        return s;
    jn_buf_append_char(json, '}');
    base_base64_encode(text, jn_buf_str(json));
    if (json->failed || text->failed)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the client context");
    if (text->len > LAMBDA_MAX_CLIENT_CONTEXT)
        return jn_fail(err, JN_LIMIT, "%s yields %zu bytes of JSON, which are %zu characters of base64; AWS Lambda "
                       "takes %d", p->context_name, json->len, text->len, LAMBDA_MAX_CLIENT_CONTEXT);
    jn_buf_truncate(json, 0);
    *out = jn_buf_str(text);
    return JN_OK;
}

static enum jn_status make_payload(struct component_call *call, jn_str *out, struct jn_error *err)
{
    struct component_publish *p = call->action;
    if (p->expression) {
        const enum jn_status s = component_expression_write(p->expression, "payload to send", &call->bufs[PAYLOAD],
                                                            err);
        *out = jn_buf_str(&call->bufs[PAYLOAD]);
        return s;
    }
    *out = call->message.body;
    const enum jn_status s = jn_validate(call->message.body, err);
    if (s)
        jn_error_prefix(err, "the message is not JSON");
    return s;
}

static enum jn_status make_target(struct component_call *call, struct lambda_invoke *req, struct jn_error *err)
{
    struct component_publish *p = call->action;
    enum jn_status s = component_text_value(&p->function, &call->bufs[NAME], &req->function, err);
    if (!s)
        s = component_text_value(&p->qualifier, &call->bufs[QUALIFIER], &req->qualifier, err);
    if (s || (!p->function.expression && !p->qualifier.expression))
        return s;
    if (req->function.len == 0)
        return jn_fail_code(err, JN_EVALUATION, JN_STR("NoFunction"), "%s yields nothing for this message, so there is "
                            "no function to invoke", p->function.field);
    return check_target(p, req->function, req->qualifier, err);
}

static void add_trace(struct component_call *call, struct lambda_invoke *req)
{
    if (!call->action->settings.trace_context || !component_trace_id(call->message.traceparent, call->trace_id))
        return;
    req->traceparent = call->message.traceparent;
    req->trace_id = jn_str_of(call->trace_id);
}

/* Everything that the expressions say about a call. */
static enum jn_status make_request(struct component_call *call, struct lambda_invoke *req, struct jn_error *err)
{
    enum jn_status s = make_target(call, req, err);
    if (!s && call->action->context)
        s = make_context(call, &req->client_context, err);
    if (!s)
        s = make_payload(call, &req->payload, err);
    if (req->qualifier.len == 0)
        req->qualifier = (jn_str){ NULL, 0 };
    call->function = req->function;
    add_trace(call, req);
    return s;
}

/* Asks whether to invoke at all, and makes the request. */
static enum jn_status prepare(struct component_call *call, struct lambda_invoke *req, bool *is_wanted,
                              struct jn_error *err)
{
    struct component_publish *p = call->action;
    enum jn_status s = JN_OK;
    component_scope_begin(p->scope, &call->message);
    if (p->invoke_when)
        s = component_expression_test(p->invoke_when, is_wanted, err);
    if (!s && *is_wanted)
        s = make_request(call, req, err);
    component_scope_end(p->scope);
    return s;
}

static void on_chunk(jn_str piece, void *arg)
{
    struct component_call *call = arg;
    call->action->on_chunk(piece, call->arg);
}

/* What all requests of the step have in common. */
static struct lambda_invoke usual_request(const struct component_publish *p)
{
    return (struct lambda_invoke){
        .type = p->settings.type,
        .log_tail = p->settings.log_tail,
        .max_attempts = p->settings.policy.max_attempts,
        .is_retryable = is_retryable,
        .on_chunk = p->on_chunk ? on_chunk : NULL,
    };
}

enum jn_status component_publish_preview(struct component_publish *p, const struct component_message *message,
                                         lambda_preview_fn *fn, void *arg, struct jn_error *err)
{
    struct component_call *call = take_call(p);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a message");
    call->log = p->log;
    call->message = *message;
    struct lambda_invoke req = usual_request(p);
    bool is_wanted = true;
    enum jn_status s = prepare(call, &req, &is_wanted, err);
    if (!s && is_wanted)
        s = lambda_invoke_preview(p->client, &req, fn, arg, err);
    give_call(call);
    return s;
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
    call->message = *message;
    struct lambda_invoke req = usual_request(p);
    bool is_wanted = true;
    enum jn_status s = prepare(call, &req, &is_wanted, err);
    if (!s && is_wanted)
        s = lambda_invoke_start(p->client, &req, on_outcome, call, &call->lambda, err);
    *out = s || !is_wanted ? NULL : call;
    if (*out)
        p->in_flight++;
    else
        give_call(call);
    return s;
}

void component_call_cancel(struct component_call *call)
{
    lambda_call_cancel(call->lambda);
    call->action->in_flight--;
    give_call(call);
}
