/* sts.c - see sts.h.  The query protocol: a form in, XML out.  An attempt that may have better luck is followed by
 * another one, signed anew, after the pause that the standard mode prescribes; a clock that AWS finds wrong is
 * corrected once.  The form may hold a token, the answer holds keys: both are wiped. */
#include "lambda/sts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timer.h"
#include "base/url.h"
#include "core/arena.h"
#include "core/utf8.h"
#include "lambda/explain.h"
#include "lambda/retry.h"
#include "lambda/retry_class.h"
#include "lambda/signed.h"

enum { TIMEOUT_MS = 15000, MAX_ANSWER = 1 << 20, MIN_SKEW_MS = 240000, MAX_TEXT = 240, FORM_WITHOUT_TOKEN = 16384 };

typedef enum jn_status read_fn(struct lambda_sts_call *c, jn_str xml, struct jn_error *err);

/* One thing that STS is asked for. */
struct action {
    const char *name;
    read_fn *read;                  /* the answer, into the call */
    bool is_signed;
};

struct lambda_sts_call {
    const struct action *action;
    struct base_http *http;
    struct base_http_call *sent;    /* NULL: none in flight */
    struct base_timer *pause;       /* NULL: there is one attempt */
    const struct base_clock *clock;
    struct base_random *random, own_random;
    const struct lambda_target *target;
    struct lambda_target own_target;
    struct lambda_keys *keys;
    struct lambda_signed sender;
    struct jn_buf form;
    struct jn_arena arena;          /* of the answer */
    unsigned attempt;               /* 1: the first */
    int64_t timeout_ms, skew_ms;    /* skew: what is added to our clock */
    lambda_sts_fn *on_identity;
    lambda_cred_fn *on_keys;
    void *arg;
    struct lambda_identity who;     /* results */
    struct lambda_keys *role_keys;
};

static void free_call(struct lambda_sts_call *c)
{
    base_timer_free(c->pause);
    lambda_target_clear(&c->own_target);
    lambda_signed_clear(&c->sender);
    lambda_keys_unref(c->keys);
    lambda_keys_unref(c->role_keys);
    jn_buf_wipe(&c->form);
    jn_arena_wipe(&c->arena);
    free(c);
}

void lambda_sts_cancel(struct lambda_sts_call *c)
{
    if (c->sent)
        base_http_cancel(c->sent);
    free_call(c);
}

static void finish(struct lambda_sts_call *c, const struct jn_error *err)
{
    const struct jn_error *failed = err->status ? err : NULL;
    if (c->on_identity)
        c->on_identity(failed, &c->who, c->arg);
    else
        c->on_keys(failed ? NULL : c->role_keys, failed, c->arg);
    free_call(c);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static enum jn_status fail_stranger(const struct lambda_sts_call *c, struct jn_error *err)
{
    return jn_fail(err, JN_BAD_TEXT, "%s does not answer as AWS STS does; is it the endpoint of STS?",
                   c->target->endpoint.data);
}

static enum jn_status read_identity(struct lambda_sts_call *c, jn_str xml, struct jn_error *err)
{
    c->who.account = lambda_xml_text(&c->arena, xml, "Account");
    c->who.arn = lambda_xml_text(&c->arena, xml, "Arn");
    c->who.user_id = lambda_xml_text(&c->arena, xml, "UserId");
    if (jn_arena_failed(&c->arena))
        return jn_fail(err, JN_NO_MEMORY, "no memory to read what AWS STS answered");
    return c->who.account.len && c->who.arn.len ? JN_OK : fail_stranger(c, err);
}

static enum jn_status read_role_keys(struct lambda_sts_call *c, jn_str xml, struct jn_error *err)
{
    const jn_str access = lambda_xml_text(&c->arena, xml, "AccessKeyId");
    const jn_str secret = lambda_xml_text(&c->arena, xml, "SecretAccessKey");
    const jn_str token = lambda_xml_text(&c->arena, xml, "SessionToken");
    const jn_str end = lambda_xml_text(&c->arena, xml, "Expiration");
    int64_t expires_ms = 0;
    if (!jn_arena_failed(&c->arena) && (!access.len || !secret.len || !token.len || !base_time_parse(end, &expires_ms)))
        return fail_stranger(c, err);
    if (!jn_arena_failed(&c->arena))
        c->role_keys = lambda_keys_new(access, secret, token, expires_ms);
    return c->role_keys ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the keys of a role");
}

static const struct action get_caller_identity = { "GetCallerIdentity", read_identity, true };
static const struct action assume_role = { "AssumeRole", read_role_keys, true };
static const struct action assume_role_with_web_identity = { "AssumeRoleWithWebIdentity", read_role_keys, false };

/* ---- refusals ------------------------------------------------------------------------------------------------ */

/* What to do about the errors of roles; those about keys are explained as Lambda's are. */
static const struct {
    const char *code, *advice;
} advices[] = {
    { "AccessDenied", "the role's trust policy must name whoever assumes it (with the same external id, if it asks for "
                      "one), and a policy must allow them sts:AssumeRole on it" },
    { "ExpiredTokenException", "the web identity token has expired: whoever writes its file must renew it" },
    { "InvalidIdentityToken", "the token's issuer and audience must be those of an identity provider of the account" },
    { "IDPRejectedClaim", "the identity provider takes the token back: get a new one" },
    { "IDPCommunicationError", "AWS could not reach the identity provider of the token" },
    { "RegionDisabledException", "activate AWS STS in the region for the account, or choose another region" },
    { "ValidationError", "check ARN, session name, external id and duration of the role" },
};

/* AWS's words, cut at a character. */
static jn_str shortened(jn_str text)
{
    text = jn_str_trim(jn_str_sub(jn_str_trim(text), 0, MAX_TEXT));
    text = jn_str_sub(text, 0, jn_utf8_invalid(text));
    while (text.len && text.data[text.len - 1] == '.')
        text.len--;
    return text;
}

static enum jn_status explain(const struct lambda_sts_call *c, const struct lambda_explain *x, struct jn_error *err)
{
    const struct lambda_service_error *e = x->service;
    const jn_str text = shortened(e->message);
    if (!e->code.len)
        return jn_fail(err, JN_REMOTE, "%.*s answered HTTP %d%s%.*s; is it the endpoint of AWS STS?",
                       JN_ARG(jn_str_sub(x->endpoint, 0, 120)), x->http_status, text.len ? ": " : "", JN_ARG(text));
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (c->action != &get_caller_identity && jn_str_eq(e->code, jn_str_of(advices[i].code)))
            return jn_fail_code(err, JN_REMOTE, e->code, "%s: %s%.*s; %s", advices[i].code, text.len ? "" : "refused",
                                JN_ARG(text), advices[i].advice);
    }
    return lambda_explain(x, err);
}

/* Reads a refusal: `*e`, and `err` with its sentence. */
static enum jn_status read_refusal(struct lambda_sts_call *c, const struct base_http_response *r, int64_t now_ms,
                                   struct lambda_service_error *e, struct jn_error *err)
{
    if (lambda_read_service_error(&c->arena, "sts", r->http_status, r->headers, r->header_count, r->body, now_ms, e))
        return jn_fail(err, JN_NO_MEMORY, "no memory to read what AWS answered");
    /* STS tells a wrong clock by the code of a wrong secret, and in words only. */
    const bool is_late = jn_str_find(e->message, JN_STR("Signature expired"), 0) != SIZE_MAX ||
                         jn_str_find(e->message, JN_STR("Signature not yet current"), 0) != SIZE_MAX;
    if (is_late)
        e->retry = LAMBDA_RETRY_CLOCK_SKEW;
    const struct lambda_explain x = {
        .service = e,
        .http_status = r->http_status,
        .region = jn_buf_str(&c->target->region),
        .endpoint = jn_buf_str(&c->target->endpoint),
        .access_key = c->keys ? lambda_keys_access(c->keys) : JN_STR("none"),
        .skew_ms = lambda_clock_skew(r->headers, r->header_count, now_ms),
    };
    return explain(c, &x, err);
}

/* ---- attempts ------------------------------------------------------------------------------------------------ */

static base_http_done_fn on_answer;

static enum jn_status send_attempt(struct lambda_sts_call *c, struct jn_error *err)
{
    const struct base_header headers[] = {
        { JN_STR_INIT("Content-Type"), JN_STR_INIT("application/x-www-form-urlencoded; charset=utf-8") },
    };
    const struct lambda_signed_request req = {
        .target = c->target, .service = "sts", .method = "POST", .pattern = "/",
        .headers = headers, .header_count = 1, .body = jn_buf_str(&c->form),
        .keys = c->action->is_signed ? c->keys : NULL,
        .now_ms = c->clock->wall_ms(c->clock) + c->skew_ms,
        .total_timeout_ms = c->timeout_ms, .is_secret = true,
    };
    c->attempt++;
    return lambda_signed_send(&c->sender, c->http, &req, on_answer, c, &c->sent, err);
}

static void on_pause_over(struct base_timer *t, void *arg)
{
    (void)t;
    struct lambda_sts_call *c = arg;
    struct jn_error err = { 0 };
    if (send_attempt(c, &err))
        finish(c, &err);
}

/* A wrong clock is made right once, by an answer that nobody in between can have written. */
static bool correct_clock(struct lambda_sts_call *c, const struct base_http_response *r, int64_t now_ms)
{
    const int64_t skew_ms = lambda_clock_skew(r->headers, r->header_count, now_ms);
    if (c->skew_ms || !c->target->url.is_https || (skew_ms < MIN_SKEW_MS && skew_ms > -MIN_SKEW_MS))
        return false;
    c->skew_ms = skew_ms;
    return true;
}

/* Another attempt follows; false: this was the last. */
static bool try_again(struct lambda_sts_call *c, enum lambda_retry class, int64_t hint_ms)
{
    if (class == LAMBDA_RETRY_NONE || !c->pause || c->attempt >= LAMBDA_USUAL_ATTEMPTS)
        return false;
    jn_arena_reset(&c->arena);
    base_timer_start(c->pause, lambda_backoff_ms(class, c->attempt - 1, base_random_unit(c->random), hint_ms));
    return true;
}

/* The class of an answer that is no success, and its sentence. */
static enum lambda_retry judge(struct lambda_sts_call *c, const struct base_http_response *r, int64_t *hint_ms,
                               struct jn_error *err)
{
    if (r->status) {
        jn_fail_code(err, r->status, jn_str_of(r->error.code), "AWS STS could not be asked: %s", r->error.message);
        return r->status == JN_IO || r->status == JN_TIMEOUT ? LAMBDA_RETRY_TRANSIENT : LAMBDA_RETRY_NONE;
    }
    struct lambda_service_error e = { 0 };
    const int64_t now_ms = c->clock->wall_ms(c->clock) + c->skew_ms;
    if (read_refusal(c, r, now_ms, &e, err) == JN_NO_MEMORY)
        return LAMBDA_RETRY_NONE;
    *hint_ms = e.retry_after_ms;
    if (e.retry == LAMBDA_RETRY_CLOCK_SKEW)
        return correct_clock(c, r, now_ms) ? LAMBDA_RETRY_TRANSIENT : LAMBDA_RETRY_NONE;
    return e.retry;
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct lambda_sts_call *c = arg;
    struct jn_error err = { 0 };
    c->sent = NULL;
    if (!r->status && r->http_status == 200) {
        c->action->read(c, r->body, &err);
    } else {
        int64_t hint_ms = -1;
        const enum lambda_retry class = judge(c, r, &hint_ms, &err);
        if (try_again(c, class, hint_ms))
            return;
    }
    finish(c, &err);
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static void add_field(struct jn_buf *form, const char *name, jn_str value)
{
    if (!value.len)
        return;
    jn_buf_append_char(form, '&');
    jn_buf_append_z(form, name);
    jn_buf_append_char(form, '=');
    base_url_encode(form, value, false);
}

static enum jn_status find_target(struct lambda_sts_call *c, const struct lambda_sts_options *opt, struct jn_error *err)
{
    if (opt->target) {
        c->target = opt->target;
        return JN_OK;
    }
    const char *names[] = { opt->region, base_env_get(opt->env, "AWS_REGION"),
                            base_env_get(opt->env, "AWS_DEFAULT_REGION"), "us-east-1" };
    size_t i = 0;
    while (!names[i] || !*names[i])
        i++;
    const struct lambda_target_options target = { .service = "sts", .region = names[i], .env = opt->env };
    c->target = &c->own_target;
    return lambda_target_init(&c->own_target, &target, err);
}

static enum jn_status set_up(struct lambda_sts_call *c, const struct lambda_sts_options *opt, struct jn_error *err)
{
    c->http = opt->http;
    c->clock = opt->clock;
    c->random = opt->random ? opt->random : &c->own_random;
    c->timeout_ms = opt->timeout_ms > 0 ? opt->timeout_ms : TIMEOUT_MS;
    if (opt->keys)
        c->keys = lambda_keys_ref(opt->keys);
    lambda_signed_init(&c->sender);
    jn_buf_init(&c->form, 0);
    jn_arena_init(&c->arena, MAX_ANSWER);
    jn_buf_append_fmt(&c->form, "Action=%s&Version=2011-06-15", c->action->name);
    const enum jn_status s = find_target(c, opt, err);
    return s || !opt->loop ? s : base_timer_new(opt->loop, on_pause_over, c, &c->pause, err);
}

/* A call with nothing in its form but the action; NULL: `*s` and `err` say why. */
static struct lambda_sts_call *new_call(const struct action *action, const struct lambda_sts_options *opt,
                                        enum jn_status *s, struct jn_error *err)
{
    struct lambda_sts_call *c = calloc(1, sizeof *c);
    if (!c) {
        *s = jn_fail(err, JN_NO_MEMORY, "no memory for a request to AWS STS");
        return NULL;
    }
    c->action = action;
    *s = set_up(c, opt, err);
    if (*s == JN_OK)
        return c;
    free_call(c);
    return NULL;
}

static enum jn_status start(struct lambda_sts_call *c, struct lambda_sts_call **out, struct jn_error *err)
{
    const enum jn_status s = c->form.failed ? jn_fail(err, JN_NO_MEMORY, "no memory for a request to AWS STS")
                                            : send_attempt(c, err);
    if (s)
        free_call(c);
    else if (out)
        *out = c;
    return s;
}

enum jn_status lambda_sts_ask(const struct lambda_sts_options *opt, lambda_sts_fn *fn, void *arg,
                              struct lambda_sts_call **out, struct jn_error *err)
{
    enum jn_status s;
    struct lambda_sts_call *c = new_call(&get_caller_identity, opt, &s, err);
    if (!c)
        return s;
    c->on_identity = fn;
    c->arg = arg;
    return start(c, out, err);
}

/* ---- roles --------------------------------------------------------------------------------------------------- */

/* Letters, digits and `others`, `least` to `most` of them. */
static bool is_made_of(jn_str text, const char *others, size_t least, size_t most)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        const bool is_alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!is_alnum && (!c || !strchr(others, c)))
            return false;
    }
    return text.len >= least && text.len <= most;
}

enum jn_status lambda_sts_role_check(const struct lambda_sts_role *role, struct jn_error *err)
{
    const jn_str arn = role->arn;
    if (!jn_str_starts(arn, JN_STR("arn:")) || jn_str_find(arn, JN_STR(":role/"), 0) == SIZE_MAX || arn.len < 20 ||
        arn.len > 2048)
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is no ARN of a role; one looks like "
                       "arn:aws:iam::123456789012:role/name", JN_ARG(jn_str_sub(arn, 0, 80)));
    if (!is_made_of(role->session_name, "_+=,.@-", 2, 64))
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" cannot be the name of a role's session: it takes 2 to 64 letters, "
                       "digits and _+=,.@-", JN_ARG(jn_str_sub(role->session_name, 0, 80)));
    if (role->external_id.len && !is_made_of(role->external_id, "_+=,.@:/-", 2, 1224))
        return jn_fail(err, JN_BAD_VALUE, "the external id of the role is wrong: it takes 2 to 1224 letters, digits "
                       "and _+=,.@:/-");
    if (role->duration_s && (role->duration_s < 900 || role->duration_s > 43200))
        return jn_fail(err, JN_BAD_VALUE, "a role's session of %u seconds cannot be had; AWS gives 900 to 43200",
                       role->duration_s);
    return JN_OK;
}

void lambda_session_name(char out[64], const struct base_clock *clock)
{
    snprintf(out, 64, "aws-lambda-component-%lld", (long long)clock->wall_ms(clock));
}

static void add_role(struct jn_buf *form, const struct lambda_sts_role *role)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", role->duration_s ? role->duration_s : 3600);
    add_field(form, "RoleArn", role->arn);
    add_field(form, "RoleSessionName", role->session_name);
    add_field(form, "DurationSeconds", jn_str_of(seconds));
    add_field(form, "ExternalId", role->external_id);
}

enum jn_status lambda_sts_assume_role(const struct lambda_sts_options *opt, const struct lambda_sts_role *role,
                                      lambda_cred_fn *fn, void *arg, struct lambda_sts_call **out,
                                      struct jn_error *err)
{
    enum jn_status s = lambda_sts_role_check(role, err);
    struct lambda_sts_call *c = s ? NULL : new_call(&assume_role, opt, &s, err);
    if (!c)
        return s;
    c->on_keys = fn;
    c->arg = arg;
    add_role(&c->form, role);
    return start(c, out, err);
}

enum jn_status lambda_sts_assume_role_with_web_identity(const struct lambda_sts_options *opt,
                                                        const struct lambda_sts_role *role, jn_str token,
                                                        lambda_cred_fn *fn, void *arg, struct lambda_sts_call **out,
                                                        struct jn_error *err)
{
    enum jn_status s = lambda_sts_role_check(role, err);
    struct lambda_sts_call *c = s ? NULL : new_call(&assume_role_with_web_identity, opt, &s, err);
    if (!c)
        return s;
    c->on_keys = fn;
    c->arg = arg;
    // Room for all of it at once: a buffer that grows leaves copies behind that nobody wipes.
    jn_buf_reserve(&c->form, FORM_WITHOUT_TOKEN + 3 * token.len);
    add_role(&c->form, role);
    add_field(&c->form, "WebIdentityToken", token);
    return start(c, out, err);
}
