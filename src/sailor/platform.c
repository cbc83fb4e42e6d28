/* platform.c - see platform.h.  Questions go out by exchange.c; here is what is asked, and what an answer means. */
#include "sailor/platform.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/url.h"
#include "core/arena.h"
#include "sailor/exchange.h"

enum {
    TIMEOUT_MS = 15000,
    ATTEMPTS = 3,
    V1_PAUSE_MS = 1000,
    HOOK_PAUSE_MS = 100,
    REDIRECTS = 21,
};

struct call;
typedef void answer_fn(struct call *c, const struct sailor_answer *a);

struct sailor_platform {
    struct base_loop *loop;
    const struct sailor_settings *settings;
    struct base_http *http;
    struct sailor_metrics *metrics;
    const struct base_log *log;
    struct jn_buf authorization;
    int64_t timeout_ms;
    struct call *calls;
};

/* Something that was asked of us: one question, or several one after the other. */
struct call {
    struct sailor_platform *platform;
    struct call *next, **self;
    struct sailor_exchange *exchange;
    answer_fn *on_answer;
    struct jn_buf state;            /* startup data, while they may have to be sent again */
    struct jn_buf where;            /* the result's URL as it may be shown */
    sailor_platform_fn *fn;
    void *arg;
};

/* ---- life ---------------------------------------------------------------------------------------------------- */

enum jn_status sailor_platform_http(struct base_loop *l, const struct sailor_settings *settings,
                                    const struct base_env *env, const struct base_log *log, struct base_http **out,
                                    struct jn_error *err)
{
    const struct base_http_options opt = {
        .extra_ca = settings->extra_ca,
        .http_proxy = base_env_get(env, "HTTP_PROXY"),
        .log = log,
    };
    return base_http_new(l, &opt, out, err);
}

static void make_basic(struct jn_buf *out, jn_str user, jn_str password)
{
    struct jn_buf pair;
    jn_buf_init(&pair, 0);
    jn_buf_append(&pair, user);
    jn_buf_append_char(&pair, ':');
    jn_buf_append(&pair, password);
    jn_buf_append_z(out, "Basic ");
    base_base64_encode(out, jn_buf_str(&pair));
    if (pair.failed)
        out->failed = pair.failed;
    jn_buf_wipe(&pair);
}

enum jn_status sailor_platform_new(struct base_loop *l, const struct sailor_settings *settings, struct base_http *http,
                                   struct sailor_metrics *metrics, const struct base_log *log,
                                   struct sailor_platform **out, struct jn_error *err)
{
    struct sailor_platform *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the platform's API");
    *p = (struct sailor_platform){ .loop = l, .settings = settings, .http = http, .metrics = metrics, .log = log,
                                   .timeout_ms = TIMEOUT_MS };
    jn_buf_init(&p->authorization, 0);
    make_basic(&p->authorization, jn_str_of(settings->api_username), jn_str_of(settings->api_key));
    if (p->authorization.failed) {
        sailor_platform_free(p);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the platform's API");
    }
    *out = p;
    return JN_OK;
}

void sailor_platform_set_timeout(struct sailor_platform *p, int64_t ms)
{
    p->timeout_ms = ms;
}

static void unlink_call(struct call *c)
{
    *c->self = c->next;
    if (c->next)
        c->next->self = c->self;
}

static void free_call(struct call *c)
{
    jn_buf_wipe(&c->state);
    jn_buf_clear(&c->where);
    free(c);
}

void sailor_platform_free(struct sailor_platform *p)
{
    if (!p)
        return;
    for (struct call *c = p->calls, *next; c; c = next) {
        next = c->next;
        if (c->exchange)
            sailor_exchange_cancel(c->exchange);
        free_call(c);
    }
    jn_buf_wipe(&p->authorization);
    free(p);
}

/* ---- questions ----------------------------------------------------------------------------------------------- */

static struct call *new_call(struct sailor_platform *p, sailor_platform_fn *fn, void *arg)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct call){ .platform = p, .next = p->calls, .self = &p->calls, .fn = fn, .arg = arg };
    jn_buf_init(&c->state, 0);
    jn_buf_init(&c->where, 0);
    if (c->next)
        c->next->self = &c->next;
    p->calls = c;
    return c;
}

static void on_answer(const struct sailor_answer *a, void *arg)
{
    struct call *c = arg;
    c->exchange = NULL;
    c->on_answer(c, a);
}

/* What differs between the kinds of question. */
struct question {
    const char *what, *method;
    jn_str url;
    struct jn_buf *body;            /* taken over; NULL: none */
    jn_str authorization;
    int64_t attempts, pause_ms;     /* unless the settings say otherwise */
    answer_fn *on_answer;
};

static enum jn_status ask(struct call *c, const struct question *q)
{
    struct sailor_platform *p = c->platform;
    const struct sailor_settings *s = p->settings;
    const struct sailor_exchange_options opt = {
        .loop = p->loop,
        .http = p->http,
        .metrics = p->metrics,
        .log = p->log,
        .what = q->what,
        .method = q->method,
        .url = q->url,
        .authorization = q->authorization,
        .body = q->body,
        .attempts = s->api_retry_attempts ? s->api_retry_attempts : q->attempts,
        .pause_ms = s->api_retry_delay_ms > 0 ? s->api_retry_delay_ms : q->pause_ms,
        .timeout_ms = p->timeout_ms,
        .redirects = REDIRECTS,
        .fn = on_answer,
        .arg = c,
    };
    c->on_answer = q->on_answer;
    return sailor_exchange_start(&opt, &c->exchange, NULL);
}

/* Asks the first question of a call; without memory there is no call any more. */
static enum jn_status ask_first(struct call *c, const struct question *q)
{
    const enum jn_status s = ask(c, q);
    if (s) {
        unlink_call(c);
        free_call(c);
    }
    return s;
}

/* The callback may free the platform. */
static void finish(struct call *c, const struct jn_error *failed, jn_str body)
{
    unlink_call(c);
    c->fn(failed, body, c->arg);
    free_call(c);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static enum jn_status kind_of(const struct sailor_answer *a)
{
    return a->status < 500 ? JN_REMOTE : JN_IO;
}

static void fail_status(const struct sailor_answer *a, struct jn_error *err)
{
    jn_fail(err, kind_of(a), "Request failed with status code %d", a->status);
}

/* The body in the reference's words: compact JSON, the content of a string, or the text as it is. */
static void fail_body(const struct sailor_answer *a, struct jn_error *err)
{
    struct jn_arena scratch;
    struct jn_buf compact;
    jn_arena_init(&scratch, 0);
    jn_buf_init(&compact, 0);
    jn_value v;
    jn_str text = jn_str_trim(a->body);
    if (!jn_read(&scratch, a->body, NULL, &v, NULL, NULL)) {
        if (v.type == JN_STRING)
            text = jn_get_string(v);
        else if (!jn_write(&compact, v, NULL, NULL))
            text = jn_buf_str(&compact);
    }
    if (text.len)
        jn_fail(err, kind_of(a), "%.*s", (int)(text.len > 1000 ? 1000 : text.len), text.data);
    else
        fail_status(a, err);
    jn_buf_clear(&compact);
    jn_arena_clear(&scratch);
}

/* The member `error` of what a hook's address answers. */
static void fail_hook(const struct sailor_answer *a, struct jn_error *err)
{
    struct jn_arena scratch;
    jn_arena_init(&scratch, 0);
    jn_value v = { 0 };
    if (a->status < 500 && !jn_read(&scratch, a->body, NULL, &v, NULL, NULL)) {
        const jn_str text = jn_get_string(jn_member(v, JN_STR("error")));
        if (text.len)
            jn_fail(err, JN_REMOTE, "%.*s", (int)(text.len > 1000 ? 1000 : text.len), text.data);
    }
    fail_status(a, err);
    jn_arena_clear(&scratch);
}

/* Ends a call whose answer is good up to the status `last`. */
static void end_by_status(struct call *c, const struct sailor_answer *a, int last,
                          void (*explain)(const struct sailor_answer *a, struct jn_error *err))
{
    if (!a->failed && a->status >= 200 && a->status <= last) {
        finish(c, NULL, a->body);
        return;
    }
    struct jn_error err = { 0 };
    if (!a->failed)
        explain(a, &err);
    finish(c, a->failed ? a->failed : &err, a->body);
}

/* ---- /v1: step data, credentials ----------------------------------------------------------------------------- */

/* The API's address without the slashes at its end. */
static void put_api(const struct sailor_platform *p, struct jn_buf *out)
{
    jn_str base = jn_str_of(p->settings->api_uri);
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    jn_buf_append(out, base);
}

static void on_v1(struct call *c, const struct sailor_answer *a)
{
    end_by_status(c, a, 299, fail_body);
}

static void on_step(struct call *c, const struct sailor_answer *a)
{
    if (a->failed || a->status < 200 || a->status > 299) {
        on_v1(c, a);
        return;
    }
    struct jn_error err = { 0 };
    const jn_str text = jn_str_trim(a->body);
    if (!text.len || jn_str_eq(text, JN_STR("null"))) {
        const struct sailor_settings *settings = c->platform->settings;
        jn_fail(&err, JN_REMOTE, "the platform's API gave no data for step %s of flow %s", settings->step_id,
                settings->flow_id);
        finish(c, &err, a->body);
        return;
    }
    struct jn_arena scratch;
    jn_arena_init(&scratch, 0);
    jn_value v = { 0 };
    const bool is_object = !jn_read(&scratch, text, NULL, &v, NULL, &err) && v.type == JN_OBJECT;
    if (!is_object)
        base_log(c->platform->log, BASE_WARN, NULL, "step data are no JSON object and count as {}: %s",
                 err.status ? err.message : jn_type_name(v));
    finish(c, NULL, is_object ? text : JN_STR("{}"));
    jn_arena_clear(&scratch);
}

enum jn_status sailor_platform_get_step(struct sailor_platform *p, sailor_platform_fn *fn, void *arg)
{
    struct call *c = new_call(p, fn, arg);
    if (!c)
        return JN_NO_MEMORY;
    struct jn_buf url;
    jn_buf_init(&url, 0);
    put_api(p, &url);
    jn_buf_append_fmt(&url, "/v1/tasks/%s/steps/%s", p->settings->flow_id, p->settings->step_id);
    const struct question q = { .what = "step data", .method = "GET", .url = jn_buf_str(&url), .attempts = ATTEMPTS,
                                .authorization = jn_buf_str(&p->authorization), .pause_ms = V1_PAUSE_MS,
                                .on_answer = on_step };
    const enum jn_status s = ask_first(c, &q);
    jn_buf_clear(&url);
    return s;
}

enum jn_status sailor_platform_put_account(struct sailor_platform *p, jn_str account, jn_str keys,
                                           sailor_platform_fn *fn, void *arg)
{
    struct call *c = new_call(p, fn, arg);
    if (!c)
        return JN_NO_MEMORY;
    struct jn_buf url, body;
    jn_buf_init(&url, 0);
    jn_buf_init(&body, 0);
    put_api(p, &url);
    jn_buf_append_fmt(&url, "/v1/accounts/%.*s", JN_ARG(account));
    jn_buf_append_z(&body, "{\"keys\":");
    jn_buf_append(&body, keys);
    jn_buf_append_char(&body, '}');
    const struct question q = { .what = "new credentials", .method = "PUT", .url = jn_buf_str(&url), .body = &body,
                                .authorization = jn_buf_str(&p->authorization), .attempts = ATTEMPTS,
                                .pause_ms = V1_PAUSE_MS, .on_answer = on_v1 };
    const enum jn_status s = ask_first(c, &q);
    jn_buf_clear(&url);
    return s;
}

/* ---- hooks: startup data ------------------------------------------------------------------------------------- */

static enum jn_status ask_startup(struct call *c, const char *method, answer_fn *fn, bool is_first)
{
    struct sailor_platform *p = c->platform;
    struct jn_buf url, body;
    jn_buf_init(&url, 0);
    jn_buf_init(&body, 0);
    jn_buf_append_fmt(&url, "%s/sailor-support/hooks/task/%s/startup/data", p->settings->api_uri,
                      p->settings->flow_id);
    jn_buf_append(&body, jn_buf_str(&c->state));
    const struct question q = { .what = "startup data", .method = method, .url = jn_buf_str(&url),
                                .body = strcmp(method, "POST") == 0 ? &body : NULL,
                                .authorization = jn_buf_str(&p->authorization), .attempts = ATTEMPTS,
                                .pause_ms = HOOK_PAUSE_MS, .on_answer = fn };
    const enum jn_status s = is_first ? ask_first(c, &q) : ask(c, &q);
    jn_buf_wipe(&body);
    jn_buf_clear(&url);
    return s;
}

static void on_hook(struct call *c, const struct sailor_answer *a)
{
    end_by_status(c, a, 399, fail_hook);
}

static void ask_next(struct call *c, const char *method, answer_fn *fn)
{
    struct jn_error err = { 0 };
    if (ask_startup(c, method, fn, false)) {
        jn_fail(&err, JN_NO_MEMORY, "no memory for a request");
        finish(c, &err, JN_STR(""));
    }
}

static void on_deleted(struct call *c, const struct sailor_answer *a)
{
    if (!a->failed && a->status < 400)
        ask_next(c, "POST", on_hook);
    else
        on_hook(c, a);
}

static void on_stored(struct call *c, const struct sailor_answer *a)
{
    if (a->failed || a->status != 409) {
        on_hook(c, a);
        return;
    }
    base_log(c->platform->log, BASE_WARN, NULL, "there are startup data of an earlier start, which are replaced");
    ask_next(c, "DELETE", on_deleted);
}

/* 2.5: null, {}, [], "", numbers and booleans count as nothing. */
static bool is_nothing(jn_str state)
{
    struct jn_arena scratch;
    jn_arena_init(&scratch, 0);
    jn_value v = { 0 };
    const bool is_json = !jn_read(&scratch, state, NULL, &v, NULL, NULL);
    const bool is_something = is_json && (v.type == JN_STRING ? jn_get_string(v).len > 0
                                          : (v.type == JN_OBJECT || v.type == JN_ARRAY) && jn_length(v) > 0);
    jn_arena_clear(&scratch);
    return !is_something;
}

enum jn_status sailor_platform_store_startup(struct sailor_platform *p, jn_str state, sailor_platform_fn *fn,
                                             void *arg)
{
    struct call *c = new_call(p, fn, arg);
    if (!c)
        return JN_NO_MEMORY;
    jn_buf_append(&c->state, is_nothing(state) ? JN_STR("{}") : state);
    return ask_startup(c, "POST", on_stored, true);
}

enum jn_status sailor_platform_get_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg)
{
    struct call *c = new_call(p, fn, arg);
    return c ? ask_startup(c, "GET", on_hook, true) : JN_NO_MEMORY;
}

enum jn_status sailor_platform_delete_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg)
{
    struct call *c = new_call(p, fn, arg);
    return c ? ask_startup(c, "DELETE", on_hook, true) : JN_NO_MEMORY;
}

/* ---- results of service mode --------------------------------------------------------------------------------- */

/* url := scheme '://' [user [':' password] '@'] rest ; the three parts, the user information percent-decoded. */
static void split_url(jn_str url, struct jn_buf *bare, struct jn_buf *user, struct jn_buf *password)
{
    const size_t scheme = jn_str_find(url, JN_STR("://"), 0);
    const size_t from = scheme == SIZE_MAX ? 0 : scheme + 3;
    size_t at = SIZE_MAX;
    for (size_t i = from; i < url.len && !strchr("/?#", url.data[i]); i++)
        at = url.data[i] == '@' ? i : at;
    jn_buf_append(bare, jn_str_sub(url, 0, from));
    jn_buf_append(bare, jn_str_sub(url, at == SIZE_MAX ? from : at + 1, url.len));
    if (at == SIZE_MAX)
        return;
    const jn_str info = jn_str_sub(url, from, at);
    const size_t colon = jn_str_find(info, JN_STR(":"), 0);
    base_url_decode(user, jn_str_sub(info, 0, colon));
    if (colon != SIZE_MAX)
        base_url_decode(password, jn_str_sub(info, colon + 1, info.len));
}

/* What may be shown of a URL: its query can be a key, too. */
static void put_shown(struct jn_buf *out, jn_str bare)
{
    const size_t query = jn_str_find(bare, JN_STR("?"), 0);
    jn_buf_append(out, jn_str_sub(bare, 0, query));
    if (query != SIZE_MAX)
        jn_buf_append_z(out, "?***");
}

static void on_posted(struct call *c, const struct sailor_answer *a)
{
    if (a->failed || a->status >= 500 || (a->status >= 200 && a->status <= 299)) {
        end_by_status(c, a, 299, fail_status);
        return;
    }
    struct jn_error said = { 0 }, err = { 0 };
    if (a->body.len)
        fail_body(a, &said);
    jn_fail(&err, JN_REMOTE, "Failed to POST data to %s (%d, %s)", jn_buf_str(&c->where).data, a->status, said.message);
    finish(c, &err, a->body);
}

enum jn_status sailor_platform_post_result(struct sailor_platform *p, jn_str document, sailor_platform_fn *fn,
                                           void *arg)
{
    struct call *c = new_call(p, fn, arg);
    if (!c)
        return JN_NO_MEMORY;
    struct jn_buf url, user, password, authorization, body;
    struct jn_buf *const all[] = { &url, &user, &password, &authorization, &body };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        jn_buf_init(all[i], 0);
    split_url(jn_str_of(p->settings->post_result_url), &url, &user, &password);
    put_shown(&c->where, jn_buf_str(&url));
    if (user.len || password.len)
        make_basic(&authorization, jn_buf_str(&user), jn_buf_str(&password));
    jn_buf_append(&body, document);
    const struct question q = { .what = "the result", .method = "POST", .url = jn_buf_str(&url), .body = &body,
                                .authorization = jn_buf_str(&authorization), .attempts = 1, .on_answer = on_posted };
    const enum jn_status s = ask_first(c, &q);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        jn_buf_wipe(all[i]);
    return s;
}
