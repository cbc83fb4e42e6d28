/* fault_api.c - faults on demand: the rules by /_faults and by a call's own header, and what they do to calls.
 *
 * A call that is held is its request, kept as it is: when its time has come it goes the whole way behind the signature
 * as if it had just arrived, and whoever hangs up meanwhile has not called. */
#include <stdio.h>
#include <stdlib.h>

#include "base/timer.h"
#include "local/api.h"
#include "local/target.h"
#include "local/text.h"

struct local_held {
    struct local_api *api;
    struct local_held *next, **link;
    struct base_httpd_request *req;
    struct base_timer *timer;
    char id[37];
};

/* ---- held calls ------------------------------------------------------------------------------------------------ */

static void forget(struct local_held *h)
{
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
    base_timer_free(h->timer);
    free(h);
}

static void on_gone(struct base_httpd_request *req, void *arg)
{
    (void)req;
    forget(arg);
}

static void on_time(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_held *h = arg;
    struct local_held copy = *h;
    base_httpd_on_gone(h->req, NULL, NULL);
    forget(h);
    local_api_resume(copy.api, copy.req, copy.id);
}

static bool hold(const struct local_request *q, double seconds)
{
    struct local_held *h = calloc(1, sizeof *h);
    if (!h || base_timer_new(q->api->site->loop, on_time, h, &h->timer, NULL)) {
        free(h);
        return false;
    }
    h->api = q->api;
    h->req = q->http;
    memcpy(h->id, q->id, sizeof h->id);
    h->next = q->api->held;
    h->link = &q->api->held;
    if (h->next)
        h->next->link = &h->next;
    q->api->held = h;
    base_httpd_on_gone(q->http, on_gone, h);
    base_timer_start(h->timer, (int64_t)(seconds * 1000));
    return true;
}

void local_fault_release(struct local_api *api)
{
    for (struct local_held *h = api->held, *next; h; h = next) {
        next = h->next;
        base_httpd_on_gone(h->req, NULL, NULL);
        local_reply_stopping(api->site, h->req, h->id);
        forget(h);
    }
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

static const char *or(const char *given, const char *usual)
{
    return given ? given : usual;
}

/* What stands between a caller and AWS answers in its own way. */
static void reply_page(const struct local_request *q, const struct local_fault *f)
{
    struct local_answer a = { .count = 0 };
    struct jn_buf body;
    jn_buf_init(&body, 0);
    local_answer_add(&a, "Content-Type", JN_STR("text/html"));
    jn_buf_append_fmt(&body, "<html><head><title>%d</title></head><body><h1>%d</h1><p>%s</p></body></html>\n", f->status,
                      f->status, or(f->message, "the fault that was asked for"));
    base_httpd_reply(q->http, f->status, a.headers, a.count, jn_buf_str(&body));
    jn_buf_clear(&body);
}

static void reply_error(const struct local_request *q, const struct local_fault *f)
{
    struct local_answer a = { .count = 0 };
    struct jn_buf body;
    jn_buf_init(&body, 0);
    jn_buf_append_fmt(&body, "{\"Type\":\"%s\",\"%s\":", f->status < 500 ? "User" : "Service",
                      f->status < 500 ? "message" : "Message");
    local_put_json_string(&body, jn_str_of(or(f->message, "The fault that was asked for.")));
    jn_buf_append_char(&body, '}');
    local_answer_add(&a, "Content-Type", JN_STR("application/json"));
    local_answer_add_common(&a, q->id);
    local_answer_add(&a, "x-amzn-ErrorType", jn_str_of(f->code));
    base_httpd_reply(q->http, f->status, a.headers, a.count, jn_buf_str(&body));
    jn_buf_clear(&body);
}

static enum local_fate refuse(const struct local_request *q, const struct local_fault *f, struct local_refusal *r)
{
    switch (f->kind) {
    case LOCAL_FAULT_THROTTLE:
        r->reason = local_print(q->memory, "%s", f->reason);
        r->retry_after_s = f->retry_after_s;
        local_refuse(r, LOCAL_REFUSED_THROTTLED, "%s", or(f->message, "Rate Exceeded."));
        return LOCAL_FATE_REFUSED;
    case LOCAL_FAULT_EXPIRED_TOKEN:
        local_refuse(r, LOCAL_REFUSED_EXPIRED_TOKEN, "The security token included in the request is expired");
        return LOCAL_FATE_REFUSED;
    case LOCAL_FAULT_ERROR:
        if (f->code[0])
            reply_error(q, f);
        else
            reply_page(q, f);
        return LOCAL_FATE_TAKEN;
    default:
        base_httpd_drop(q->http);
        return LOCAL_FATE_TAKEN;
    }
}

static void log_fault(const struct local_request *q, jn_str function, const char *text)
{
    const struct base_field fields[] = { { "function", function }, { "request", jn_str_of(q->id) },
                                         { NULL, { NULL, 0 } } };
    base_log(q->api->site->log, BASE_WARN, fields, "fault: %s", text);
}

static void log_strike(const struct local_request *q, jn_str function, const struct local_strike *s)
{
    char text[96];
    if (s->refusal) {
        log_fault(q, function, local_fault_word(s->refusal->kind));
        return;
    }
    if (s->delay_s > 0 || s->bytes_per_second) {
        snprintf(text, sizeof text, "the answer waits %g s and has %d bytes per second (0: no limit)", s->delay_s,
                 s->bytes_per_second);
        log_fault(q, function, text);
    }
    if (s->is_cut)
        log_fault(q, function, "cut instead of the answer");
}

/* ---- deciding -------------------------------------------------------------------------------------------------- */

/* The rules in the call's header; false when they are faulty. */
static bool read_header(const struct local_request *q, struct local_faults **out, struct local_refusal *r)
{
    const jn_str text = base_httpd_header(q->http, "X-Local-Fault");
    struct jn_error err = { 0 };
    *out = NULL;
    if (!text.data)
        return true;
    *out = local_faults_new();
    if (!*out)
        return local_refuse_memory(r);
    if (local_faults_add(*out, text, &err) == JN_OK)
        return true;
    local_faults_free(*out);
    *out = NULL;
    return local_refuse(r, LOCAL_REFUSED_VALIDATION, "X-Local-Fault: %s", err.message);
}

static enum local_fate decide(struct local_request *q, struct local_faults *own, jn_str function, jn_str qualifier,
                              struct local_lateness *late, struct local_refusal *r)
{
    struct local_api *api = q->api;
    struct base_random *random = api->site->random;
    struct local_strike s = { 0 };
    double hold_s = 0;
    if (!q->was_held) {
        hold_s = local_faults_hold(api->faults, function, qualifier, random);
        hold_s += own ? local_faults_hold(own, function, qualifier, random) : 0;
    }
    if (hold_s > 0 && hold(q, hold_s)) {
        log_fault(q, function, "the call is held");
        return LOCAL_FATE_TAKEN;
    }
    if (own)
        local_faults_strike(own, function, qualifier, random, &s);
    if (!s.refusal && !s.is_cut)
        local_faults_strike(api->faults, function, qualifier, random, &s);
    log_strike(q, function, &s);
    *late = (struct local_lateness){ (int64_t)(s.delay_s * 1000), s.bytes_per_second, s.is_cut };
    return s.refusal ? refuse(q, s.refusal, r) : LOCAL_FATE_RUNS;
}

enum local_fate local_fault_decide(struct local_request *q, jn_str function, jn_str qualifier,
                                   struct local_lateness *late, struct local_refusal *r)
{
    struct local_faults *own;
    if (!read_header(q, &own, r))
        return LOCAL_FATE_REFUSED;
    const jn_str given = qualifier.data ? qualifier : JN_STR("$LATEST");
    const enum local_fate fate = decide(q, own, function, given, late, r);
    local_faults_free(own);
    return fate;
}

/* ---- /_faults -------------------------------------------------------------------------------------------------- */

/* Replaced or added, as the operation says; when the text is faulty the rules stay as they are. */
static bool change(const struct local_request *q, struct local_refusal *r)
{
    struct local_api *api = q->api;
    struct jn_error err = { 0 };
    const bool replaces = q->operation.kind == LOCAL_OP_PUT_FAULTS;
    struct local_faults *fresh = replaces ? local_faults_new() : NULL;
    if (replaces && !fresh)
        return local_refuse_memory(r);
    if (local_faults_add(replaces ? fresh : api->faults, base_httpd_body(q->http), &err)) {
        local_faults_free(fresh);
        if (err.line)
            return local_refuse(r, LOCAL_REFUSED_VALIDATION, "line %u, column %u: %s", err.line, err.column, err.message);
        return local_refuse(r, LOCAL_REFUSED_VALIDATION, "%s", err.message);
    }
    if (replaces) {
        local_faults_free(api->faults);
        api->faults = fresh;
    }
    return true;
}

bool local_fault_run(struct local_request *q, struct local_refusal *r)
{
    struct jn_buf out;
    struct local_answer a = { .count = 0 };
    if (q->operation.kind == LOCAL_OP_DELETE_FAULTS)
        local_faults_clear(q->api->faults);
    else if (q->operation.kind != LOCAL_OP_GET_FAULTS && !change(q, r))
        return false;
    jn_buf_init(&out, 0);
    local_faults_put(&out, q->api->faults);
    jn_buf_append_char(&out, '\n');
    local_answer_add(&a, "Content-Type", JN_STR("application/json"));
    base_httpd_reply(q->http, 200, a.headers, a.count, jn_buf_str(&out));
    jn_buf_clear(&out);
    return true;
}
