/* verify.c - verifyCredentials: AWS itself is asked who the keys belong to (lambda/sts.h), and, where a role is to be
 * assumed with them, whether it can be; what fails is named.  The original says yes to everything.
 *
 * Credentials know no region, so us-east-1 is asked unless AWS_REGION says otherwise: an account of AWS China or
 * GovCloud needs that. */
#include <stdlib.h>

#include "component/actions.h"
#include "component/config.h"
#include "core/arena.h"
#include "lambda/sts.h"

struct verification {
    struct base_http *http;
    struct lambda_sts_options sts;      /* its `keys` are ours */
    struct lambda_sts_role role;        /* arn.len 0: none */
    char session_name[64];
    struct sailor_reply *reply;
    const struct base_log *log;
    struct jn_arena arena;
    jn_str who;                         /* the keys' owner */
};

static void end(struct verification *v)
{
    base_http_free(v->http);
    lambda_keys_unref(v->sts.keys);
    jn_arena_clear(&v->arena);
    free(v);
}

static void refuse(struct verification *v, const char *reason)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_buf_append_z(&out, "{\"verified\":false,\"reason\":");
    sailor_put_string(&out, jn_str_of(reason));
    jn_buf_append_char(&out, '}');
    sailor_reply_value(v->reply, jn_buf_str(&out));
    jn_buf_clear(&out);
    end(v);
}

static void consent(struct verification *v)
{
    sailor_reply_value(v->reply, JN_STR("{\"verified\":true}"));
    end(v);
}

/* ---- the answers --------------------------------------------------------------------------------------------- */

static void refuse_role(struct verification *v, const char *why)
{
    struct jn_error e = { 0 };
    jn_fail(&e, JN_REMOTE, "the keys are good (they are those of %.*s), but role %.*s cannot be assumed with them: %s",
            JN_ARG(jn_str_sub(v->who, 0, 100)), JN_ARG(jn_str_sub(v->role.arn, 0, 100)), why);
    refuse(v, e.message);
}

static void on_role(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    (void)keys;
    struct verification *v = arg;
    if (failed) {
        refuse_role(v, failed->message);
        return;
    }
    base_log(v->log, BASE_INFO, (const struct base_field[]){ { "role", v->role.arn }, { NULL, { NULL, 0 } } },
             "the role can be assumed");
    consent(v);
}

static void on_identity(const struct jn_error *failed, const struct lambda_identity *who, void *arg)
{
    struct verification *v = arg;
    if (failed) {
        struct jn_error e = *failed;
        if (v->role.arn.len)
            jn_error_prefix(&e, "the role was not asked for, since the keys are no good");
        refuse(v, e.message);
        return;
    }
    const struct base_field fields[] = { { "account", who->account }, { "arn", who->arn }, { NULL, { NULL, 0 } } };
    base_log(v->log, BASE_INFO, fields, "the credentials are good");
    if (!v->role.arn.len) {
        consent(v);
        return;
    }
    struct jn_error err = { 0 };
    v->who = jn_arena_copy(&v->arena, who->arn);
    if (lambda_sts_assume_role(&v->sts, &v->role, on_role, v, NULL, &err))
        refuse_role(v, err.message);
}

/* ---- the questions ------------------------------------------------------------------------------------------- */

static enum jn_status read_role(struct verification *v, const struct component_config *c,
                                const struct base_clock *clock, struct jn_error *err)
{
    const enum jn_status s = component_config_role(c, err);
    if (s || !c->text[COMPONENT_ROLE_ARN].len)
        return s;
    lambda_session_name(v->session_name, clock);
    v->role.arn = c->text[COMPONENT_ROLE_ARN];
    v->role.session_name = jn_str_of(v->session_name);
    if (c->text[COMPONENT_EXTERNAL_ID].len)
        v->role.external_id = c->text[COMPONENT_EXTERNAL_ID];
    return JN_OK;
}

static enum jn_status read_keys(struct verification *v, const struct component_config *c, struct jn_error *err)
{
    const jn_str access = c->text[COMPONENT_ACCESS_KEY], secret = c->text[COMPONENT_SECRET_KEY];
    const jn_str token = c->text[COMPONENT_SESSION_TOKEN];
    if (!access.len || !secret.len)
        return jn_fail(err, JN_BAD_VALUE, "the %s is empty; both keys are needed",
                       component_field_name(c, access.len ? COMPONENT_SECRET_KEY : COMPONENT_ACCESS_KEY));
    v->sts.keys = lambda_keys_new(access, secret, token.len ? token : (jn_str){ NULL, 0 }, 0);
    return v->sts.keys ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the credentials");
}

static enum jn_status read_form(struct verification *v, const struct sailor_step *step, struct jn_error *err)
{
    struct component_config c;
    enum jn_status s = component_config_read(&v->arena, step->config, &c, err);
    if (s)
        return s;
    s = read_keys(v, &c, err);
    if (!s)
        s = read_role(v, &c, step->clock, err);
    component_config_wipe(&c);
    return s;
}

static enum jn_status ask(struct verification *v, const struct sailor_step *step, struct jn_error *err)
{
    const char *bundle = base_env_get(step->env, "AWS_CA_BUNDLE");
    const struct base_http_options http = {
        .ca_bundle = bundle, .extra_ca = bundle ? NULL : base_env_get(step->env, "NODE_EXTRA_CA_CERTS"),
        .http_proxy = base_env_get(step->env, "HTTP_PROXY"), .log = step->log,
    };
    v->sts = (struct lambda_sts_options){ .env = step->env, .clock = step->clock, .random = step->random,
                                          .loop = step->loop };
    enum jn_status s = read_form(v, step, err);
    if (!s)
        s = base_http_new(step->loop, &http, &v->http, err);
    v->sts.http = v->http;
    return s ? s : lambda_sts_ask(&v->sts, on_identity, v, NULL, err);
}

void component_verify(const struct sailor_step *step, struct sailor_reply *reply)
{
    struct verification *v = calloc(1, sizeof *v);
    struct jn_error err = { 0 };
    if (!v) {
        jn_fail(&err, JN_NO_MEMORY, "no memory to verify the credentials");
        sailor_reply_error(reply, &err);
        return;
    }
    v->reply = reply;
    v->log = step->log;
    jn_arena_init(&v->arena, 0);
    if (ask(v, step, &err))
        refuse(v, err.message);
}
