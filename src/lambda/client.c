/* client.c - what the calls of a process share: credentials, endpoint, connections, settings of the retries, and what
 * is known of the service.  A call's life is in call.c. */
#include "lambda/client.h"

#include <stdlib.h>

#include "lambda/call.h"
#include "lambda/setting.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    CALL_TIMEOUT_MS = 910 * 1000,           // 900 s is a function's longest run
    MAX_CALL_TIMEOUT_MS = 19 * 60 * 1000,   // the platform gives a message 20 minutes
};

/* ---- settings ------------------------------------------------------------------------------------------------ */

static enum jn_status find_mode(const struct lambda_settings *from, enum lambda_retry_mode *out, struct jn_error *err)
{
    const char *source;
    const jn_str mode = lambda_setting_text(from, "AWS_RETRY_MODE", "retry_mode", &source);
    *out = jn_str_eq(mode, JN_STR("adaptive")) ? LAMBDA_ADAPTIVE : LAMBDA_STANDARD;
    // "legacy" is another client's oldest mode: who shares a file with it means "as usual".
    if (*out == LAMBDA_ADAPTIVE || mode.len == 0 || jn_str_eq(mode, JN_STR("standard")) ||
        jn_str_eq(mode, JN_STR("legacy")))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be standard or adaptive", source,
                   JN_ARG(jn_str_sub(mode, 0, 40)));
}

static enum jn_status find_attempts(const struct lambda_settings *from, unsigned *out, struct jn_error *err)
{
    unsigned number;
    const enum jn_status s = lambda_setting_number(from, "AWS_MAX_ATTEMPTS", "max_attempts", LAMBDA_MAX_ATTEMPTS,
                                                   &number, err);
    *out = number ? number : LAMBDA_USUAL_ATTEMPTS;
    return s;
}

static enum jn_status set_retries(struct lambda_client *c, const struct lambda_client_options *opt,
                                  struct jn_error *err)
{
    const struct lambda_settings from = { .env = opt->cred.env, .cred = c->cred };
    bool is_uncorrected = false;
    enum jn_status s = JN_OK;
    c->mode = opt->retry_mode;
    c->max_attempts = opt->max_attempts;
    c->retry_unknown_outcome = opt->retry_unknown_outcome;
    if (c->mode == LAMBDA_RETRY_MODE_UNSET)
        s = find_mode(&from, &c->mode, err);
    if (!s && c->max_attempts == 0)
        s = find_attempts(&from, &c->max_attempts, err);
    if (!s)
        s = lambda_setting_switch(&from, "AWS_DISABLE_CLOCK_SKEW_CORRECTION", NULL, &is_uncorrected, err);
    c->corrects_clock = !is_uncorrected;
    lambda_quota_init(&c->quota);
    lambda_limiter_init(&c->limiter, (double)c->clock->monotonic_us(c->clock) / 1e6);
    return s;
}

static enum jn_status set_timeouts(struct lambda_client *c, const struct lambda_client_options *opt,
                                   struct jn_error *err)
{
    c->connect_timeout_ms = opt->connect_timeout_ms ? opt->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    c->stall_timeout_ms = opt->stall_timeout_ms;
    c->call_timeout_ms = opt->call_timeout_ms ? opt->call_timeout_ms : CALL_TIMEOUT_MS;
    if (c->call_timeout_ms > 0 && c->call_timeout_ms <= MAX_CALL_TIMEOUT_MS)
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "the time limit of a call is %lld ms; it must be from 1 to %d ms (19 minutes)",
                   (long long)c->call_timeout_ms, MAX_CALL_TIMEOUT_MS);
}

/* What the client knows and its credentials do not say is the same for both. */
static enum jn_status make_chain(struct lambda_client *c, const struct lambda_client_options *opt, struct jn_error *err)
{
    struct lambda_cred_options cred = opt->cred;
    cred.region = cred.region ? cred.region : opt->region;
    cred.ca_bundle = cred.ca_bundle ? cred.ca_bundle : opt->ca_bundle;
    cred.extra_ca = cred.extra_ca ? cred.extra_ca : opt->extra_ca;
    cred.random = cred.random ? cred.random : opt->random;
    cred.log = cred.log ? cred.log : opt->log;
    return lambda_cred_new(c->loop, &cred, &c->cred, err);
}

static enum jn_status set_up(struct lambda_client *c, const struct lambda_client_options *opt, struct jn_error *err)
{
    enum jn_status s = set_timeouts(c, opt, err);
    if (!s)
        s = make_chain(c, opt, err);
    if (!s)
        s = set_retries(c, opt, err);
    if (s)
        return s;
    const struct lambda_target_options target = { .service = "lambda", .region = opt->region,
                                                  .endpoint = opt->endpoint, .env = opt->cred.env, .cred = c->cred };
    s = lambda_target_init(&c->target, &target, err);
    if (s)
        return s;
    const char *bundle = lambda_ca_bundle(opt->ca_bundle, opt->cred.env, c->cred);
    const struct base_http_options http = {
        .ca_bundle = bundle, .extra_ca = bundle ? NULL : opt->extra_ca,
        .http_proxy = base_env_get(opt->cred.env, "HTTP_PROXY"), .log = opt->log,
    };
    return base_http_new(c->loop, &http, &c->http, err);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

enum jn_status lambda_client_new(struct base_loop *l, const struct lambda_client_options *opt,
                                 struct lambda_client **out, struct jn_error *err)
{
    struct lambda_client *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the Lambda client");
    c->loop = l;
    c->clock = opt->cred.clock;
    c->log = opt->log;
    c->random = opt->random ? opt->random : &c->own_random;
    lambda_signed_init(&c->sender);
    const enum jn_status s = set_up(c, opt, err);
    if (s) {
        lambda_client_free(c);
        return s;
    }
    base_trace(c->log, BASE_TRACE_LAMBDA, "client for %s, region %s, %s mode, %u attempts", lambda_client_endpoint(c),
               lambda_client_region(c), c->mode == LAMBDA_ADAPTIVE ? "adaptive" : "standard", c->max_attempts);
    *out = c;
    return JN_OK;
}

void lambda_client_free(struct lambda_client *c)
{
    if (!c)
        return;
    if (c->is_freed)
        *c->is_freed = true;
    if (c->http)
        base_http_free(c->http);
    lambda_cred_free(c->cred);              // from here on nobody calls back
    lambda_controls_free(c->controls);
    lambda_calls_free(c->calls);
    lambda_calls_free(c->idle);
    lambda_target_clear(&c->target);
    lambda_signed_clear(&c->sender);
    free(c);
}

const char *lambda_client_endpoint(const struct lambda_client *c)
{
    return c->target.endpoint.data;
}

const char *lambda_client_region(const struct lambda_client *c)
{
    return c->target.region.data;
}

void lambda_client_facts(const struct lambda_client *c, struct lambda_client_facts *out)
{
    *out = (struct lambda_client_facts){
        .endpoint = lambda_client_endpoint(c), .region = lambda_client_region(c),
        .source = lambda_cred_source(c->cred), .mode = c->mode, .max_attempts = c->max_attempts,
        .retry_unknown_outcome = c->retry_unknown_outcome, .connect_timeout_ms = c->connect_timeout_ms,
        .call_timeout_ms = c->call_timeout_ms, .stall_timeout_ms = c->stall_timeout_ms,
    };
}
