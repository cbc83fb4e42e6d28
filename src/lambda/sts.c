/* sts.c - see sts.h.  One request by the query protocol: form in, XML out; signed like those of Lambda. */
#include "lambda/sts.h"

#include <stdlib.h>

#include "base/url.h"
#include "core/arena.h"
#include "lambda/endpoint.h"
#include "lambda/explain.h"
#include "lambda/retry_class.h"
#include "lambda/sigv4.h"

enum { TIMEOUT_MS = 15000 };

static const jn_str form = JN_STR_INIT("Action=GetCallerIdentity&Version=2011-06-15");

struct lambda_sts_call {
    struct base_http_call *http;
    const struct base_clock *clock;
    struct jn_arena arena;
    jn_str region, access_key;      /* for sentences */
    struct jn_buf endpoint;
    lambda_sts_fn *fn;
    void *arg;
};

static void free_call(struct lambda_sts_call *c)
{
    jn_arena_clear(&c->arena);
    jn_buf_clear(&c->endpoint);
    free(c);
}

void lambda_sts_cancel(struct lambda_sts_call *c)
{
    base_http_cancel(c->http);
    free_call(c);
}

/* ---- the answer ---------------------------------------------------------------------------------------------- */

static enum jn_status fail_remote(struct lambda_sts_call *c, const struct base_http_response *r, struct jn_error *err)
{
    struct lambda_service_error e;
    const int64_t now_ms = c->clock->wall_ms(c->clock);
    if (lambda_read_service_error(&c->arena, "sts", r->http_status, r->headers, r->header_count, r->body, now_ms, &e))
        return jn_fail(err, JN_NO_MEMORY, "no memory to read what AWS answered");
    /* STS tells a wrong clock by the code of a wrong secret, and in words only. */
    const bool is_late = jn_str_find(e.message, JN_STR("Signature expired"), 0) != SIZE_MAX ||
                         jn_str_find(e.message, JN_STR("Signature not yet current"), 0) != SIZE_MAX;
    if (is_late)
        e.retry = LAMBDA_RETRY_CLOCK_SKEW;
    const struct lambda_explain x = {
        .service = &e,
        .http_status = r->http_status,
        .region = c->region,
        .endpoint = jn_buf_str(&c->endpoint),
        .access_key = c->access_key,
        .skew_ms = lambda_clock_skew(r->headers, r->header_count, now_ms),
    };
    return lambda_explain(&x, err);
}

static enum jn_status read_identity(struct lambda_sts_call *c, jn_str xml, struct lambda_identity *who,
                                    struct jn_error *err)
{
    who->account = lambda_xml_text(&c->arena, xml, "Account");
    who->arn = lambda_xml_text(&c->arena, xml, "Arn");
    who->user_id = lambda_xml_text(&c->arena, xml, "UserId");
    if (who->account.len && who->arn.len)
        return JN_OK;
    return jn_fail(err, JN_BAD_TEXT, "%s does not answer as AWS STS does; is it the endpoint of STS?",
                   c->endpoint.data);
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct lambda_sts_call *c = arg;
    struct lambda_identity who = { 0 };
    struct jn_error err = { 0 };
    if (r->status)
        jn_fail_code(&err, r->status, jn_str_of(r->error.code), "AWS STS could not be asked: %s", r->error.message);
    else if (r->http_status == 200)
        read_identity(c, r->body, &who, &err);
    else
        fail_remote(c, r, &err);
    c->fn(err.status ? &err : NULL, &who, c->arg);
    free_call(c);
}

/* ---- the request --------------------------------------------------------------------------------------------- */

static jn_str region_of(const struct lambda_sts_options *opt)
{
    const char *names[] = { opt->region, base_env_get(opt->env, "AWS_REGION"),
                            base_env_get(opt->env, "AWS_DEFAULT_REGION"), "us-east-1" };
    size_t i = 0;
    while (!names[i] || !*names[i])
        i++;
    return jn_str_of(names[i]);
}

static enum jn_status find_endpoint(struct lambda_sts_call *c, const struct lambda_sts_options *opt,
                                    struct jn_error *err)
{
    const char *custom = base_env_get(opt->env, "AWS_ENDPOINT_URL_STS");
    if (!custom)
        custom = base_env_get(opt->env, "AWS_ENDPOINT_URL");
    const struct lambda_endpoint_options e = {
        .service = "sts", .region = c->region, .custom = custom ? jn_str_of(custom) : (jn_str){ NULL, 0 },
    };
    enum jn_status s = lambda_region_check(c->region, err);
    if (!s)
        s = lambda_endpoint(&e, &c->endpoint, err);
    return s;
}

/* "host[:port]", as it is sent and signed. */
static jn_str host_of(struct lambda_sts_call *c, const struct base_url *url)
{
    struct jn_buf host;
    jn_buf_init(&host, 0);
    jn_buf_append(&host, url->host);
    if (url->port != (url->is_https ? 443 : 80))
        jn_buf_append_fmt(&host, ":%d", url->port);
    const jn_str copy = host.failed ? (jn_str){ NULL, 0 } : jn_arena_copy(&c->arena, jn_buf_str(&host));
    jn_buf_clear(&host);
    return copy;
}

static enum jn_status send_signed(struct lambda_sts_call *c, const struct lambda_sts_options *opt, jn_str url,
                                  jn_str path, jn_str host, struct jn_error *err)
{
    struct lambda_sigv4 signer;
    lambda_sigv4_init(&signer);
    struct base_header headers[6] = {
        { JN_STR_INIT("Host"), host },
        { JN_STR_INIT("Content-Type"), JN_STR_INIT("application/x-www-form-urlencoded; charset=utf-8") },
    };
    size_t count = 2;
    const struct lambda_sigv4_request request = {
        .method = JN_STR("POST"), .path = path, .query = JN_STR(""), .headers = headers, .header_count = count,
        .body = form,
    };
    const struct lambda_sigv4_scope scope = {
        .access_key = lambda_keys_access(opt->keys), .secret_key = lambda_keys_secret(opt->keys),
        .session_token = lambda_keys_token(opt->keys), .region = lambda_signing_region(c->region),
        .service = JN_STR("sts"), .time_ms = opt->clock->wall_ms(opt->clock),
    };
    const struct lambda_sigv4_options plain = { .no_content_sha256 = true };
    enum jn_status s = lambda_sigv4_sign(&signer, &request, &scope, &plain, err);
    headers[count++] = (struct base_header){ JN_STR("X-Amz-Date"), jn_str_of(signer.date) };
    if (scope.session_token.data)
        headers[count++] = (struct base_header){ JN_STR("X-Amz-Security-Token"), scope.session_token };
    headers[count++] = (struct base_header){ JN_STR("Authorization"), jn_buf_str(&signer.authorization) };
    headers[count++] = (struct base_header){ JN_STR("User-Agent"), JN_STR("aws-lambda-component/" ALC_VERSION) };
    const struct base_http_request req = {
        .method = "POST", .url = url.data, .headers = headers, .header_count = count, .body = form,
        .total_timeout_ms = opt->timeout_ms > 0 ? opt->timeout_ms : TIMEOUT_MS,
    };
    if (!s)
        s = base_http_send(opt->http, &req, on_answer, c, &c->http, err);
    lambda_sigv4_clear(&signer);
    return s;
}

static enum jn_status start(struct lambda_sts_call *c, const struct lambda_sts_options *opt, struct jn_error *err)
{
    c->region = jn_arena_copy(&c->arena, region_of(opt));
    c->access_key = jn_arena_copy(&c->arena, lambda_keys_access(opt->keys));
    enum jn_status s = find_endpoint(c, opt, err);
    struct base_url parts;
    if (!s)
        s = base_url_parse(jn_buf_str(&c->endpoint), &parts, err);
    if (s)
        return s;
    struct jn_buf url;
    jn_buf_init(&url, 0);
    jn_buf_append(&url, jn_buf_str(&c->endpoint));
    jn_buf_append_char(&url, '/');
    const jn_str host = host_of(c, &parts), path = jn_str_sub(jn_buf_str(&url), url.len - parts.path.len - 1, url.len);
    if (url.failed || jn_arena_failed(&c->arena))
        s = jn_fail(err, JN_NO_MEMORY, "no memory for a request to AWS STS");
    else
        s = send_signed(c, opt, jn_buf_str(&url), path, host, err);
    jn_buf_clear(&url);
    return s;
}

enum jn_status lambda_sts_ask(const struct lambda_sts_options *opt, lambda_sts_fn *fn, void *arg,
                              struct lambda_sts_call **out, struct jn_error *err)
{
    struct lambda_sts_call *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request to AWS STS");
    c->clock = opt->clock;
    c->fn = fn;
    c->arg = arg;
    jn_arena_init(&c->arena, 0);
    jn_buf_init(&c->endpoint, 0);
    const enum jn_status s = start(c, opt, err);
    if (s)
        free_call(c);
    else if (out)
        *out = c;
    return s;
}
