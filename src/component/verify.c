/* verify.c - verifyCredentials: AWS itself is asked who the keys belong to (lambda/sts.h).  The original says yes to
 * everything.
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
    struct lambda_keys *keys;
    struct sailor_reply *reply;
    const struct base_log *log;
    struct jn_arena arena;
};

static void end(struct verification *v)
{
    base_http_free(v->http);
    lambda_keys_unref(v->keys);
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

static void on_identity(const struct jn_error *failed, const struct lambda_identity *who, void *arg)
{
    struct verification *v = arg;
    if (failed) {
        refuse(v, failed->message);
        return;
    }
    const struct base_field fields[] = { { "account", who->account }, { "arn", who->arn }, { NULL, { NULL, 0 } } };
    base_log(v->log, BASE_INFO, fields, "the credentials are good");
    sailor_reply_value(v->reply, JN_STR("{\"verified\":true}"));
    end(v);
}

static enum jn_status read_keys(struct verification *v, jn_str config, struct jn_error *err)
{
    struct component_config c;
    enum jn_status s = component_config_read(&v->arena, config, &c, err);
    if (s)
        return s;
    const jn_str access = c.text[COMPONENT_ACCESS_KEY], secret = c.text[COMPONENT_SECRET_KEY];
    const jn_str token = c.text[COMPONENT_SESSION_TOKEN];
    if (!access.len || !secret.len)
        s = jn_fail(err, JN_BAD_VALUE, "the %s is empty; both keys are needed",
                    component_field_name(&c, access.len ? COMPONENT_SECRET_KEY : COMPONENT_ACCESS_KEY));
    else if (!(v->keys = lambda_keys_new(access, secret, token.len ? token : (jn_str){ NULL, 0 }, 0)))
        s = jn_fail(err, JN_NO_MEMORY, "no memory for the credentials");
    component_config_wipe(&c);
    return s;
}

static enum jn_status ask(struct verification *v, const struct sailor_step *step, struct jn_error *err)
{
    const struct base_http_options http = { .ca_bundle = base_env_get(step->env, "AWS_CA_BUNDLE"), .log = step->log };
    enum jn_status s = read_keys(v, step->config, err);
    if (!s)
        s = base_http_new(step->loop, &http, &v->http, err);
    const struct lambda_sts_options sts = { .http = v->http, .env = step->env, .clock = step->clock, .keys = v->keys };
    return s ? s : lambda_sts_ask(&sts, on_identity, v, NULL, err);
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
