/* action_driver.c - the action without platform and pipe, for scenarios_test.py.  Standard input holds one object:
 *
 *     {"config": {fields as in the form}, "variables": {...}, "messages": [{"body": ..., "passthrough": ...,
 *      "traceparent": "..."}, ...]}
 *
 * The messages are sent one after the other; each gives a line on standard output: how it ended.  A configuration that
 * cannot work gives one line {"start": {"code", "message"}}.  Endpoint and the like come from the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "component/action_publish.h"
#include "core/value.h"
#include "sailor/message.h"

struct driver {
    struct base_log log;
    struct base_loop *loop;
    struct lambda_client *client;
    struct component_publish *action;
    struct jn_buf texts[2];         /* of the message at hand */
    struct jn_buf out;
};

static void put(struct jn_buf *out, const char *key, jn_str text)
{
    if (!text.data)
        return;
    jn_buf_append_fmt(out, ",\"%s\":", key);
    sailor_put_string(out, text);
}

static void put_line(struct driver *d, const struct component_result *r)
{
    static const char *const verdicts[] = { "emit", "throw", "rebound" };
    struct jn_buf *out = &d->out;
    jn_buf_append_fmt(out, "{\"verdict\":\"%s\",\"ok\":%s,\"stage\":\"%s\",\"attempts\":%u,\"unknown\":%s",
                      verdicts[r->verdict], r->status ? "false" : "true", component_stage_text(r->stage), r->attempts,
                      r->outcome_unknown ? "true" : "false");
    put(out, "name", component_result_name(r));
    put(out, "message", component_result_message(r));
    put(out, "body", r->body);
    put(out, "headers", r->headers);
    put(out, "log", r->log);
    put(out, "function", r->function);
    jn_buf_append_z(out, ",\"stack\":[");
    for (size_t i = 0; i < r->stack_lines; i++) {
        jn_buf_append_z(out, i ? "," : "");
        sailor_put_string(out, r->stack[i]);
    }
    jn_buf_append_z(out, "]}\n");
}

static void on_result(const struct component_result *r, void *arg)
{
    struct driver *d = arg;
    put_line(d, r);
    base_loop_stop(d->loop);
}

/* The text of a member; {NULL, 0}: there is none. */
static jn_str text_of(jn_value v, const char *key, struct jn_buf *buf)
{
    const jn_value member = jn_member(v, jn_str_of(key));
    if (jn_is_undefined(member))
        return (jn_str){ NULL, 0 };
    if (jn_is(member, JN_STRING) && strcmp(key, "traceparent") == 0)
        return jn_get_string(member);
    jn_buf_truncate(buf, 0);
    jn_write(buf, member, NULL, NULL);
    return jn_buf_str(buf);
}

static void run_message(struct driver *d, jn_value v)
{
    const jn_str raw = jn_get_string(jn_member(v, JN_STR("text")));
    const struct component_message m = {
        .body = raw.len ? raw : text_of(v, "body", &d->texts[0]),
        .passthrough = text_of(v, "passthrough", &d->texts[1]),
        .traceparent = text_of(v, "traceparent", NULL),
    };
    struct component_result r = { .verdict = COMPONENT_THROW, .stage = COMPONENT_MAPPING };
    struct component_call *call;
    r.status = component_publish_start(d->action, &m, NULL, on_result, d, &call, &r.error);
    if (call) {
        base_loop_run(d->loop);
        return;
    }
    if (!r.status) {
        r.verdict = COMPONENT_EMIT;
        r.body = m.body;
        r.headers = JN_STR(COMPONENT_NOT_INVOKED);
    }
    put_line(d, &r);
}

static enum jn_status open_driver(struct driver *d, struct jn_arena *a, jn_value input, struct jn_error *err)
{
    struct lambda_client_options client = { .cred = { .env = base_env_system(), .clock = base_clock_system() },
                                            .log = &d->log };
    struct component_config config;
    struct jn_buf text, variables;
    jn_buf_init(&text, 0);
    jn_buf_init(&variables, 0);
    enum jn_status s = jn_write(&text, jn_member(input, JN_STR("config")), NULL, err);
    if (!s)
        s = component_config_read(a, jn_buf_str(&text), &config, err);
    if (!s && jn_is(jn_member(input, JN_STR("variables")), JN_OBJECT))
        config.variables = text_of(input, "variables", &variables);
    if (!s)
        s = base_loop_new(&d->loop, err);
    if (!s)
        s = component_config_client(&config, true, &client, err);
    if (!s)
        s = lambda_client_new(d->loop, &client, &d->client, err);
    if (!s)
        s = component_publish_new(d->client, &config, &d->log, &d->action, err);
    jn_buf_clear(&text);
    jn_buf_clear(&variables);
    return s;
}

static void read_input(struct jn_buf *in)
{
    ssize_t n;
    do {
        char *at = jn_buf_reserve(in, 1 << 16);
        n = at ? read(STDIN_FILENO, at, 1 << 16) : 0;
        if (n > 0)
            jn_buf_commit(in, (size_t)n);
    } while (n > 0);
}

int main(void)
{
    struct driver d = { .loop = NULL };
    struct jn_buf in;
    struct jn_arena *a = jn_arena_new(0);
    struct jn_error err = { 0 };
    jn_value input;
    base_log_init(&d.log, STDERR_FILENO, base_clock_system(), base_env_system());
    jn_buf_init(&in, 0);
    jn_buf_init(&d.out, 0);
    jn_buf_init(&d.texts[0], 0);
    jn_buf_init(&d.texts[1], 0);
    read_input(&in);
    enum jn_status s = jn_read(a, jn_buf_str(&in), NULL, &input, NULL, &err);
    if (!s && (s = open_driver(&d, a, input, &err))) {
        jn_buf_append_z(&d.out, "{\"start\":{\"code\":");
        sailor_put_string(&d.out, jn_str_of(err.code));
        put(&d.out, "message", jn_str_of(err.message));
        jn_buf_append_z(&d.out, "}}\n");
    }
    const jn_value messages = jn_member(input, JN_STR("messages"));
    for (size_t i = 0; !s && i < jn_length(messages); i++)
        run_message(&d, jn_at(messages, i));
    fwrite(d.out.data, 1, d.out.len, stdout);
    component_publish_free(d.action);
    lambda_client_free(d.client);
    base_loop_free(d.loop);
    jn_buf_clear(&in);
    jn_buf_clear(&d.out);
    jn_buf_clear(&d.texts[0]);
    jn_buf_clear(&d.texts[1]);
    jn_arena_free(a);
    return 0;
}
