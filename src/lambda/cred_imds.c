/* cred_imds.c - keys of the role of an EC2 instance, from its metadata service (IMDSv2; our spec, section 6.8).
 *
 *   TOKEN   PUT  /latest/api/token                                     a session, kept for hours; none: version 1
 *   ROLE    GET  /latest/meta-data/iam/security-credentials/           the role's name; 404: there is no role
 *   KEYS    GET  /latest/meta-data/iam/security-credentials/<role>     its keys
 *
 * A 401 means that the session is over: back to TOKEN, once.  The service is on the instance's link: never through a
 * proxy, redirects are not followed, and a connection that does not come about means that this is no instance. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/timer.h"
#include "lambda/cred_source.h"
#include "lambda/setting.h"

enum {
    TIMEOUT_MS = 1000, PAUSE_MS = 1000, MAX_ANSWER = 64 << 10, MAX_TOKEN = 1024, MAX_ROLE = 128,
    TOKEN_S = 21600, TOKEN_MARGIN_S = 300,
};

enum step { STEP_TOKEN, STEP_ROLE, STEP_KEYS };

struct imds_source {
    struct lambda_source head;
    struct jn_buf base;                 /* "http://169.254.169.254" */
    struct jn_buf url;
    bool is_v1_disabled;
    int64_t timeout_ms;
    unsigned max_attempts;
    struct jn_buf token;                /* len 0: none */
    int64_t token_until_us;             /* monotonic */
    char role[MAX_ROLE + 1];

    enum step step;
    unsigned attempts;                  /* at this step */
    bool has_renewed;                   /* a 401 has been answered with a new session */
    struct base_http_call *call;
    struct base_timer *pause;
};

static void cancel_imds(struct lambda_source *head)
{
    struct imds_source *s = (struct imds_source *)head;
    if (s->call)
        base_http_cancel(s->call);
    s->call = NULL;
    if (s->pause)
        base_timer_stop(s->pause);
}

static void free_imds(struct lambda_source *head)
{
    struct imds_source *s = (struct imds_source *)head;
    base_timer_free(s->pause);
    jn_buf_clear(&s->base);
    jn_buf_clear(&s->url);
    jn_buf_wipe(&s->token);
    free(s);
}

static void fail(struct imds_source *s, struct jn_error *err)
{
    cancel_imds(&s->head);
    lambda_source_answer(&s->head, NULL, err);
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static base_http_done_fn on_answer;

static const char *const paths[] = {
    [STEP_TOKEN] = "/latest/api/token",
    [STEP_ROLE] = "/latest/meta-data/iam/security-credentials/",
    [STEP_KEYS] = "/latest/meta-data/iam/security-credentials/",
};

static void build_url(struct imds_source *s)
{
    jn_buf_clear(&s->url);
    jn_buf_append(&s->url, jn_buf_str(&s->base));
    jn_buf_append_z(&s->url, paths[s->step]);
    if (s->step == STEP_KEYS)
        base_url_encode(&s->url, jn_str_of(s->role), false);
}

static enum jn_status send_step(struct imds_source *s, struct jn_error *err)
{
    struct base_http *http;
    const enum jn_status status = lambda_cred_http(s->head.site, &http, err);
    if (status)
        return status;
    build_url(s);
    if (s->url.failed)
        return jn_fail(err, s->url.failed, "no memory for a question to %s", s->head.name);
    const bool is_token = s->step == STEP_TOKEN;
    const struct base_header ttl = { JN_STR("x-aws-ec2-metadata-token-ttl-seconds"), JN_STR("21600") };
    const struct base_header session = { JN_STR("x-aws-ec2-metadata-token"), jn_buf_str(&s->token) };
    const struct base_http_request req = {
        .method = is_token ? "PUT" : "GET", .url = s->url.data,
        .headers = is_token ? &ttl : &session, .header_count = is_token || s->token.len ? 1 : 0,
        .connect_timeout_ms = s->timeout_ms, .total_timeout_ms = s->timeout_ms, .max_response = MAX_ANSWER,
        .no_proxy = true, .is_secret = true,
    };
    s->attempts++;
    return base_http_send(http, &req, on_answer, s, &s->call, err);
}

static void go_to(struct imds_source *s, enum step step)
{
    struct jn_error err = { 0 };
    s->step = step;
    s->attempts = 0;
    if (send_step(s, &err))
        fail(s, &err);
}

static void on_pause_over(struct base_timer *t, void *arg)
{
    struct imds_source *s = arg;
    struct jn_error err = { 0 };
    (void)t;
    if (send_step(s, &err))
        fail(s, &err);
}

/* Asks the same again, when that is still allowed; else `err` is the end. */
static void retry_or_fail(struct imds_source *s, struct jn_error *err)
{
    if (s->attempts < s->max_attempts)
        base_timer_start(s->pause, s->head.site->pause_ms ? s->head.site->pause_ms : PAUSE_MS);
    else
        fail(s, err);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void fail_status(struct imds_source *s, const struct base_http_response *r)
{
    struct jn_error err = { 0 };
    jn_fail(&err, JN_REMOTE, "%s answered HTTP %d to a question for %s", s->head.name, r->http_status,
            paths[s->step]);
    if (r->http_status >= 500 || r->http_status == 429)
        retry_or_fail(s, &err);
    else
        fail(s, &err);
}

/* Without a session: version 1 of the protocol, unless that is not wanted. */
static void go_without_token(struct imds_source *s, const char *reason)
{
    struct jn_error err = { 0 };
    if (!s->is_v1_disabled) {
        go_to(s, STEP_ROLE);
        return;
    }
    jn_fail(&err, JN_REMOTE, "%s gives no session (%s), and version 1 of its protocol, which needs none, is switched "
            "off (AWS_EC2_METADATA_V1_DISABLED)", s->head.name, reason);
    fail(s, &err);
}

static bool is_token_text(jn_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    }
    return text.len > 0 && text.len <= MAX_TOKEN;
}

static void take_token(struct imds_source *s, jn_str text)
{
    const struct base_clock *clock = s->head.site->clock;
    struct jn_error err = { 0 };
    if (!is_token_text(text)) {
        jn_fail(&err, JN_BAD_TEXT, "%s gave a session of %zu bytes that cannot be one", s->head.name, text.len);
        retry_or_fail(s, &err);
        return;
    }
    jn_buf_append(&s->token, text);
    if (s->token.failed) {
        jn_fail(&err, JN_NO_MEMORY, "no memory for a session of %s", s->head.name);
        fail(s, &err);
        return;
    }
    s->token_until_us = clock->monotonic_us(clock) + (int64_t)(TOKEN_S - TOKEN_MARGIN_S) * 1000000;
    go_to(s, STEP_ROLE);
}

static void on_token(struct imds_source *s, const struct base_http_response *r)
{
    char reason[16];
    snprintf(reason, sizeof reason, "HTTP %d", r->http_status);
    if (r->http_status == 200)
        take_token(s, r->body);
    else if (r->http_status == 403 || r->http_status == 404 || r->http_status == 405)
        go_without_token(s, reason);
    else
        fail_status(s, r);
}

/* letters, digits and _+=,.@- ; the first line of the answer */
static void on_role(struct imds_source *s, const struct base_http_response *r)
{
    struct jn_error err = { 0 };
    if (r->http_status != 200) {
        fail_status(s, r);
        return;
    }
    const jn_str name = jn_str_trim(jn_str_sub(r->body, 0, jn_str_find(r->body, JN_STR("\n"), 0)));
    if (name.len == 0 || name.len > MAX_ROLE || !is_token_text(name) ||
        jn_str_find(name, JN_STR("<"), 0) != SIZE_MAX) {
        jn_fail(&err, JN_BAD_TEXT, "%s answered with %zu bytes that are no name of a role", s->head.name, r->body.len);
        retry_or_fail(s, &err);
        return;
    }
    memcpy(s->role, name.data, name.len);
    s->role[name.len] = '\0';
    go_to(s, STEP_KEYS);
}

/* `Code` is "Success", or there are no keys. */
static enum jn_status check_code(const struct imds_source *s, jn_str body, struct jn_error *err)
{
    char code[64], message[200];
    lambda_document_text(body, "Code", code, sizeof code);
    lambda_document_text(body, "Message", message, sizeof message);
    if (!code[0] || strcmp(code, "Success") == 0)
        return JN_OK;
    return jn_fail_code(err, JN_REMOTE, jn_str_of(code), "%s has no keys for role %s: %s%s%s", s->head.name, s->role,
                        code, message[0] ? ": " : "", message);
}

static void on_keys(struct imds_source *s, const struct base_http_response *r)
{
    struct jn_error err = { 0 };
    struct lambda_keys *keys = NULL;
    if (r->http_status != 200) {
        fail_status(s, r);
        return;
    }
    if (check_code(s, r->body, &err)) {
        fail(s, &err);
        return;
    }
    const struct lambda_key_document doc = { .text = r->body, .token = "Token", .needs_end = true,
                                             .place = s->head.name };
    if (lambda_keys_read(&doc, &keys, &err)) {
        retry_or_fail(s, &err);
        return;
    }
    lambda_source_answer(&s->head, keys, NULL);
    lambda_keys_unref(keys);
}

/* No connection: no instance.  No answer to the first question: a container one hop too far away for sessions. */
static void on_no_answer(struct imds_source *s, const struct base_http_response *r)
{
    struct jn_error err = { 0 };
    if (s->step == STEP_TOKEN && r->status == JN_TIMEOUT && !r->refused && s->attempts >= s->max_attempts) {
        go_without_token(s, "no answer in time");
        return;
    }
    jn_fail(&err, r->refused ? JN_NOT_FOUND : r->status, "%s: %s", s->head.name, r->error.message);
    retry_or_fail(s, &err);
}

static void renew_token(struct imds_source *s)
{
    s->has_renewed = true;
    jn_buf_wipe(&s->token);
    go_to(s, STEP_TOKEN);
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct imds_source *s = arg;
    struct jn_error err = { 0 };
    s->call = NULL;
    if (r->status) {
        on_no_answer(s, r);
    } else if (s->step == STEP_TOKEN) {
        on_token(s, r);
    } else if (r->http_status == 401 && !s->has_renewed) {
        renew_token(s);
    } else if (s->step == STEP_ROLE && r->http_status == 404) {
        jn_fail(&err, JN_NOT_FOUND, "%s knows no role: none is attached to the instance", s->head.name);
        fail(s, &err);
    } else if (s->step == STEP_ROLE) {
        on_role(s, r);
    } else {
        on_keys(s, r);
    }
}

static enum jn_status ask_imds(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct imds_source *s = (struct imds_source *)head;
    const struct base_clock *clock = head->site->clock;
    (void)done, (void)arg;
    if (s->token.len && clock->monotonic_us(clock) >= s->token_until_us)
        jn_buf_wipe(&s->token);
    s->has_renewed = false;
    s->attempts = 0;
    s->step = s->token.len ? STEP_ROLE : STEP_TOKEN;
    return send_step(s, err);
}

static const struct lambda_source_type imds_type = { ask_imds, cancel_imds, free_imds, true };

/* ---- settings ------------------------------------------------------------------------------------------------ */

static enum jn_status check_mode(jn_str mode, const char *name, bool *is_v6, struct jn_error *err)
{
    *is_v6 = mode.len == 4 && strncasecmp(mode.data, "IPv6", 4) == 0;
    if (*is_v6 || mode.len == 0 || (mode.len == 4 && strncasecmp(mode.data, "IPv4", 4) == 0))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be IPv4 or IPv6", name,
                   JN_ARG(jn_str_sub(mode, 0, 40)));
}

static enum jn_status find_base(struct imds_source *s, const struct lambda_settings *from, struct jn_error *err)
{
    const char *base_name, *mode_name;
    bool is_v6;
    jn_str base = lambda_setting_text(from, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint",
                                      &base_name);
    const jn_str mode = lambda_setting_text(from, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                            "ec2_metadata_service_endpoint_mode", &mode_name);
    if (check_mode(mode, mode_name, &is_v6, err))
        return JN_BAD_VALUE;
    if (!base.len)
        base = is_v6 ? JN_STR("http://[fd00:ec2::254]") : JN_STR("http://169.254.169.254");
    struct base_url url;
    struct jn_error why = { 0 };
    if (base_url_parse(base, &url, &why))
        return jn_fail(err, JN_BAD_VALUE, "%s: %s", base_name, why.message);
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    jn_buf_append(&s->base, base);
    return s->base.failed ? jn_fail(err, s->base.failed, "no memory for the instance metadata") : JN_OK;
}

static enum jn_status set_up(struct imds_source *s, const struct lambda_settings *from, struct jn_error *err)
{
    struct lambda_cred_site *site = s->head.site;
    unsigned timeout_s = 0, attempts = 0;
    jn_buf_init(&s->base, 0);
    jn_buf_init(&s->url, 0);
    jn_buf_init(&s->token, 0);
    enum jn_status status = find_base(s, from, err);
    if (!status)
        status = lambda_setting_switch(from, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled",
                                       &s->is_v1_disabled, err);
    if (!status)
        status = lambda_setting_number(from, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60, &timeout_s,
                                       err);
    if (!status)
        status = lambda_setting_number(from, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 100,
                                       &attempts, err);
    s->timeout_ms = site->timeout_ms ? site->timeout_ms : timeout_s ? (int64_t)timeout_s * 1000 : TIMEOUT_MS;
    s->max_attempts = attempts ? attempts : 1;
    return status ? status : base_timer_new(site->loop, on_pause_over, s, &s->pause, err);
}

enum jn_status lambda_source_imds(struct lambda_cred_site *site, jn_str profile, struct lambda_source **out,
                                  struct jn_error *err)
{
    const struct lambda_settings from = { .env = site->env, .profiles = site->profiles, .profile = profile };
    bool is_off;
    enum jn_status status = lambda_setting_switch(&from, "AWS_EC2_METADATA_DISABLED", "ec2_metadata_disabled", &is_off,
                                                  err);
    if (status || is_off)
        return status ? status : JN_NOT_FOUND;
    struct imds_source *s = lambda_source_new(&imds_type, sizeof *s, site, err, "the instance metadata service");
    if (!s)
        return JN_NO_MEMORY;
    status = set_up(s, &from, err);
    if (status)
        lambda_source_free(&s->head);
    else
        *out = &s->head;
    return status;
}
