/* exchange.c - see exchange.h.
 *
 *     waiting -> asked -> (redirected -> asked)* -> answered -> the callback
 *        ^         |
 *        +---------+  no answer, or 500 and more, and attempts are left
 *
 * Redirects are followed as the reference's HTTP client does: 303, and 301 or 302 after a POST, turn into a GET; and
 * credentials are not shown to another host. */
#include "sailor/exchange.h"

#include <stdlib.h>
#include <strings.h>

#include "base/timer.h"
#include "base/url.h"

struct sailor_exchange {
    struct sailor_exchange_options opt;
    struct base_timer *timer;
    struct base_http_call *call;            /* NULL: waiting */
    struct jn_buf url, authorization, request_id, body;
    struct jn_buf target;                   /* the URL of this request: another one after a redirect */
    const char *method;
    bool shows_credentials, sends_body;     /* of this request */
    unsigned failed, redirected;
    int64_t started_ms;                     /* this attempt */
};

static void free_exchange(struct sailor_exchange *x)
{
    base_timer_free(x->timer);
    jn_buf_clear(&x->url);
    jn_buf_wipe(&x->authorization);
    jn_buf_clear(&x->request_id);
    jn_buf_wipe(&x->body);
    jn_buf_clear(&x->target);
    free(x);
}

void sailor_exchange_cancel(struct sailor_exchange *x)
{
    if (x->call)
        base_http_cancel(x->call);
    free_exchange(x);
}

static void finish(struct sailor_exchange *x, const struct sailor_answer *a)
{
    x->opt.fn(a, x->opt.arg);
    free_exchange(x);
}

/* ---- failed attempts ----------------------------------------------------------------------------------------- */

static int64_t pause_of(const struct sailor_exchange *x)
{
    const struct sailor_exchange_options *o = &x->opt;
    int64_t ms = o->pause_ms;
    for (unsigned i = 1; i < x->failed && ms < o->pause_cap_ms; i++)
        ms *= 2;
    if (o->random)
        ms += (int64_t)((double)ms * 0.2 * base_random_unit(o->random));
    return o->pause_cap_ms && ms > o->pause_cap_ms ? o->pause_cap_ms : ms;
}

/* Waits for the next attempt, or gives up.  The reference pauses behind the last one, too, which helps nobody. */
static void fail_attempt(struct sailor_exchange *x, const struct sailor_answer *a)
{
    const struct sailor_exchange_options *o = &x->opt;
    x->failed++;
    if (o->metrics)
        o->metrics->platform_failures++;
    const long long of = o->attempts < 1 ? 1 : (long long)o->attempts;
    if (a->failed)
        base_log(o->log, BASE_WARN, NULL, "%s: attempt %u of %lld failed: %s", o->what, x->failed, of,
                 a->failed->message);
    else
        base_log(o->log, BASE_WARN, NULL, "%s: attempt %u of %lld was answered with status %d", o->what, x->failed, of,
                 a->status);
    if (x->failed < o->attempts)
        base_timer_start(x->timer, pause_of(x));
    else
        finish(x, a);
}

/* ---- redirects ----------------------------------------------------------------------------------------------- */

static bool is_redirect(const struct base_http_response *r)
{
    const int s = r->http_status;
    return r->redirect.data && (s == 301 || s == 302 || s == 303 || s == 307 || s == 308);
}

static bool is_same_server(jn_str a, jn_str b)
{
    struct base_url x, y;
    return !base_url_parse(a, &x, NULL) && !base_url_parse(b, &y, NULL) && x.is_https == y.is_https &&
           x.port == y.port && x.host.len == y.host.len && strncasecmp(x.host.data, y.host.data, x.host.len) == 0;
}

static void send_request(struct sailor_exchange *x);

static void follow(struct sailor_exchange *x, const struct base_http_response *r)
{
    if (++x->redirected > x->opt.redirects) {
        struct jn_error err = { 0 };
        jn_fail(&err, JN_REMOTE, "more than %u redirects, one after the other", x->opt.redirects);
        finish(x, &(struct sailor_answer){ .failed = &err });
        return;
    }
    const int s = r->http_status;
    const bool was_post = strcmp(x->method, "POST") == 0;
    if (s == 303 || (was_post && (s == 301 || s == 302))) {
        x->method = "GET";
        x->sends_body = false;
    }
    x->shows_credentials = x->shows_credentials && is_same_server(jn_buf_str(&x->target), r->redirect);
    jn_buf_truncate(&x->target, 0);
    jn_buf_append(&x->target, r->redirect);
    send_request(x);
}

/* ---- one request --------------------------------------------------------------------------------------------- */

/* In the words of the reference, and then in ours, which say where. */
static void explain_timeout(const struct sailor_exchange *x, const struct jn_error *why, struct jn_error *out)
{
    if (why->status == JN_TIMEOUT)
        jn_fail(out, JN_TIMEOUT, "timeout of %lldms exceeded: %s", (long long)x->opt.timeout_ms, why->message);
    else
        *out = *why;
}

static void on_response(const struct base_http_response *r, void *arg)
{
    struct sailor_exchange *x = arg;
    x->call = NULL;
    struct jn_error err = { 0 };
    struct sailor_answer a = { .status = r->http_status, .body = r->body };
    if (r->status) {
        explain_timeout(x, &r->error, &err);
        fail_attempt(x, &(struct sailor_answer){ .failed = &err });
    } else if (x->opt.redirects && is_redirect(r)) {
        follow(x, r);
    } else if (r->http_status >= 500) {
        fail_attempt(x, &a);
    } else {
        finish(x, &a);
    }
}

static size_t list_headers(const struct sailor_exchange *x, struct base_header h[6])
{
    size_t n = 0;
    h[n++] = (struct base_header){ JN_STR("Connection"), JN_STR("Keep-Alive") };
    h[n++] = (struct base_header){ JN_STR("Accept"), JN_STR("application/json, text/plain, */*") };
    h[n++] = (struct base_header){ JN_STR("User-Agent"), JN_STR("sailor") };
    if (x->sends_body)
        h[n++] = (struct base_header){ JN_STR("Content-Type"), JN_STR("application/json") };
    if (x->shows_credentials)
        h[n++] = (struct base_header){ JN_STR("Authorization"), jn_buf_str(&x->authorization) };
    if (x->request_id.len)
        h[n++] = (struct base_header){ JN_STR("x-request-id"), jn_buf_str(&x->request_id) };
    return n;
}

static void send_request(struct sailor_exchange *x)
{
    const int64_t left = x->opt.timeout_ms - (base_loop_now_ms(x->opt.loop) - x->started_ms);
    struct base_header headers[6];
    const struct base_http_request req = {
        .method = x->method,
        .url = x->target.data,
        .headers = headers,
        .header_count = list_headers(x, headers),
        .body = x->sends_body ? jn_buf_str(&x->body) : (jn_str){ NULL, 0 },
        .connect_timeout_ms = left > 0 ? left : 1,
        .total_timeout_ms = left > 0 ? left : 1,
        .max_response = x->opt.max_response,
        .accept_compressed = true,
    };
    struct jn_error err = { 0 };
    if (x->target.failed)
        jn_fail(&err, x->target.failed, "no memory for a request");
    else if (!base_http_send(x->opt.http, &req, on_response, x, &x->call, &err) && x->opt.metrics)
        x->opt.metrics->platform_requests++;
    if (err.status)
        finish(x, &(struct sailor_answer){ .failed = &err });
}

static void on_timer(struct base_timer *t, void *arg)
{
    (void)t;
    struct sailor_exchange *x = arg;
    x->started_ms = base_loop_now_ms(x->opt.loop);
    x->method = x->opt.method;
    x->shows_credentials = x->authorization.len > 0;
    x->sends_body = x->body.data != NULL;
    x->redirected = 0;
    jn_buf_truncate(&x->target, 0);
    jn_buf_append(&x->target, jn_buf_str(&x->url));
    send_request(x);
}

enum jn_status sailor_exchange_start(const struct sailor_exchange_options *opt, struct sailor_exchange **out,
                                     struct jn_error *err)
{
    struct sailor_exchange *x = calloc(1, sizeof *x);
    if (!x) {
        if (opt->body)
            jn_buf_wipe(opt->body);
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request");
    }
    x->opt = *opt;
    struct jn_buf *const texts[] = { &x->url, &x->authorization, &x->request_id, &x->target, &x->body };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        jn_buf_init(texts[i], 0);
    if (opt->body) {
        x->body = *opt->body;
        jn_buf_init(opt->body, 0);
    }
    jn_buf_append(&x->url, opt->url);
    jn_buf_append(&x->authorization, opt->authorization);
    jn_buf_append(&x->request_id, opt->request_id);
    if (x->url.failed || x->authorization.failed || x->request_id.failed || x->body.failed ||
        base_timer_new(opt->loop, on_timer, x, &x->timer, NULL)) {
        free_exchange(x);
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request");
    }
    base_timer_start(x->timer, 0);
    *out = x;
    return JN_OK;
}
