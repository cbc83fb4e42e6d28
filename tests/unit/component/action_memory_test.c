/* action_memory_test.c - the action with the n-th request for memory failing, n = 1, 2, ...: on its way to the service,
 * and on the way back, with every field that makes something of a message. */
#include "component/action_publish.h"
#include "failing_memory.h"
#include "peer.h"

#include <stdio.h>

#include "cmocka_all.h"
#include "core/value.h"

static const char *const environment[] = { "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE",
                                           "/nonexistent/d", NULL };

static const char form[] =
    "{\"aws_access_key_id\":\"A\",\"aws_secret_access_key\":\"s\",\"region\":\"eu-west-1\",\"maxRetries\":0,"
    "\"functionName\":\"{%% 'f-' & to %%}\",\"qualifier\":\"{%% version %%}\",\"logType\":\"Tail\","
    "\"traceContext\":\"on\","
    "\"clientContext\":\"{'to': to}\",\"invokeWhen\":\"to != ''\",\"expression\":\"{'to': to}\","
    "\"functionErrorPolicy\":\"%s\",\"errorPolicy\":\"emit\","
    "\"resultExpression\":\"{'r': $, 'i': $input.to, 's': $response, 'p': $getPassthrough().x}\"}";

/* What the service answers, and what the form says of functions that fail. */
struct scene {
    const char *answer, *function_policy;
};

static void answer(struct peer *p)
{
    const struct scene *s = p->arg;
    char request[4096];
    size_t got = 0;
    while (p->fd >= 0 && got < sizeof request - 1) {
        const ssize_t n = recv(p->fd, request + got, sizeof request - 1 - got, 0);
        if (n <= 0)
            return;
        got += (size_t)n;
        request[got] = '\0';
        if (strstr(request, "\r\n\r\n{"))
            break;
    }
    peer_send(p, s->answer, strlen(s->answer));
}

static const struct scene *scene;
static struct base_loop *loop;
static unsigned answered;           /* calls that came back as the scene has it */

struct run {
    struct base_loop *loop;
    struct lambda_client *client;
    struct component_publish *action;
    struct jn_error ended;
};

static void on_result(const struct component_result *r, void *arg)
{
    struct run *run = arg;
    run->ended = r->error;
    answered += r->http_status && r->status != JN_NO_MEMORY;
    run->ended.status = r->verdict == COMPONENT_EMIT || r->status != JN_NO_MEMORY ? JN_OK : JN_NO_MEMORY;
    base_loop_stop(run->loop);
}

static enum jn_status open_run(struct run *run, int port, struct jn_error *err)
{
    char text[1024], endpoint[64];
    struct component_config config;
    snprintf(text, sizeof text, form, scene->function_policy);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", port);
    struct jn_arena *a = jn_arena_new(0);
    const struct base_env env = base_env_of(environment);
    struct lambda_client_options client = { .cred = { .env = &env, .clock = base_clock_system() },
                                            .endpoint = endpoint };
    enum jn_status s = a ? component_config_read(a, jn_str_of(text), &config, err)
                         : jn_fail(err, JN_NO_MEMORY, "no memory");
    if (!s)
        s = component_config_client(&config, true, &client, err);
    if (!s)
        s = lambda_client_new(run->loop, &client, &run->client, err);
    config.variables = JN_STR("{\"v\":1}");
    if (!s)
        s = component_publish_new(run->client, &config, NULL, &run->action, err);
    jn_arena_free(a);
    return s;
}


static enum jn_status act_once(struct jn_error *err)
{
    struct peer peer;
    struct run run = { .loop = loop };
    const struct component_message message = {
        .body = JN_STR("{\"to\":\"x\",\"version\":7}"), .passthrough = JN_STR("{\"x\":1}"),
        .traceparent = JN_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    };
    struct component_call *call = NULL;
    assert_true(peer_start(&peer, answer, (void *)(uintptr_t)scene));
    enum jn_status s = open_run(&run, peer.port, err);
    if (!s)
        s = component_publish_start(run.action, &message, NULL, on_result, &run, &call, err);
    if (!s) {
        assert_non_null(call);
        base_loop_run(loop);
        s = run.ended.status;
        if (s)
            *err = run.ended;
    }
    lambda_client_free(run.client);
    component_publish_free(run.action);
    peer_join(&peer);
    return s;
}

static void check(const struct scene *s)
{
    scene = s;
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    answered = 0;
    with_failing_memory(act_once, 60);
    assert_true(answered > 0);
    base_loop_free(loop);
}

#define HEAD "HTTP/1.1 200 OK\r\nX-Amz-Executed-Version: 7\r\nX-Amz-Log-Result: bG9nCg==\r\n"

static void a_result_survives(void **state)
{
    (void)state;
    check(&(const struct scene){ HEAD "Content-Length: 7\r\n\r\n{\"a\":1}", "throw" });
}

static void a_text_survives(void **state)
{
    (void)state;
    check(&(const struct scene){ HEAD "Content-Length: 4\r\n\r\ntext", "throw" });
}

static void a_function_that_fails_survives(void **state)
{
    (void)state;
    check(&(const struct scene){ HEAD "X-Amz-Function-Error: Unhandled\r\nContent-Length: 45\r\n\r\n"
                                 "{\"errorType\":\"E\",\"errorMessage\":\"m\",\"trace\":[]}", "throw" });
    check(&(const struct scene){ HEAD "X-Amz-Function-Error: Unhandled\r\nContent-Length: 17\r\n\r\n"
                                 "{\"errorType\":\"E\"}", "emit" });
}

static void a_refusal_survives(void **state)
{
    (void)state;
    check(&(const struct scene){ "HTTP/1.1 503 X\r\nx-amzn-ErrorType: ServiceException\r\nContent-Length: 15\r\n\r\n"
                                 "{\"message\":\"m\"}", "throw" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_survives),
        cmocka_unit_test(a_text_survives),
        cmocka_unit_test(a_function_that_fails_survives),
        cmocka_unit_test(a_refusal_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
