/* action_warm_test.c - what the action asks of the system for a message: once warm, no more than the bare client does
 * for the same request. */
#include "component/action_publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/httpd.h"
#include "cmocka_all.h"
#include "core/value.h"
#include "heap_count.h"

enum { WARM_UP = 50, MESSAGES = 200 };

struct scene {
    struct base_loop *loop;
    struct base_httpd *server;
    struct lambda_client *client;
    struct component_publish *action;
    unsigned done;
};

static void on_request(struct base_httpd_request *r, void *arg)
{
    (void)arg;
    const struct base_header headers[] = { { JN_STR("X-Amz-Executed-Version"), JN_STR("7") } };
    base_httpd_reply(r, 200, headers, 1, JN_STR("{\"price\":12.50}"));
}

static void on_result(const struct component_result *r, void *arg)
{
    struct scene *s = arg;
    assert_int_equal(r->verdict, COMPONENT_EMIT);
    s->done++;
    base_loop_stop(s->loop);
}

static void on_outcome(const struct lambda_outcome *o, void *arg)
{
    struct scene *s = arg;
    assert_int_equal(o->status, JN_OK);
    s->done++;
    base_loop_stop(s->loop);
}

static void open_scene(struct scene *s, const char *fields)
{
    static const char *const files[] = { "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE",
                                         "/nonexistent/d", NULL };
    char form[800], endpoint[64];
    struct jn_error err = { 0 };
    struct component_config config;
    struct jn_arena *a = jn_arena_new(0);
    const struct base_env env = base_env_of(files);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const struct base_httpd_options httpd = { .handler = on_request };
    assert_int_equal(base_httpd_new(s->loop, &httpd, &s->server, NULL), JN_OK);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", base_httpd_port(s->server));
    snprintf(form, sizeof form, "{\"aws_access_key_id\":\"A\",\"aws_secret_access_key\":\"s\","
                                "\"region\":\"eu-west-1\",%s}", fields);
    struct lambda_client_options client = { .cred = { .env = &env, .clock = base_clock_system() },
                                            .endpoint = endpoint };
    if (component_config_read(a, jn_str_of(form), &config, &err) ||
        component_config_client(&config, true, &client, &err) ||
        lambda_client_new(s->loop, &client, &s->client, &err) ||
        component_publish_new(s->client, &config, NULL, &s->action, &err))
        fail_msg("%s", err.message);
    jn_arena_free(a);
}

static void close_scene(struct scene *s)
{
    lambda_client_free(s->client);
    component_publish_free(s->action);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
}

static void act(struct scene *s, int i)
{
    char body[64];
    struct jn_error err = { 0 };
    struct component_call *call;
    snprintf(body, sizeof body, "{\"to\":\"b\",\"sku\":\"item-%03d\",\"n\":7}", i % 1000);
    const struct component_message m = { .body = jn_str_of(body), .passthrough = JN_STR("{\"s\":{\"body\":1}}") };
    if (component_publish_start(s->action, &m, NULL, on_result, s, &call, &err))
        fail_msg("%s", err.message);
    base_loop_run(s->loop);
}

static void call_bare(struct scene *s, int i)
{
    (void)i;
    struct lambda_call *call;
    const struct lambda_invoke req = { .function = JN_STR("f-b"), .qualifier = JN_STR("7"),
                                       .payload = JN_STR("{\"sku\":\"item-001\"}"),
                                       .client_context = JN_STR("eyJjdXN0b20iOnsibiI6N319") };
    assert_int_equal(lambda_invoke_start(s->client, &req, on_outcome, s, &call, NULL), JN_OK);
    base_loop_run(s->loop);
}

static uint64_t count(struct scene *s, void (*what)(struct scene *, int))
{
    for (int i = 0; i < WARM_UP; i++)
        what(s, i);
    heap_watch();
    for (int i = 0; i < MESSAGES; i++)
        what(s, i);
    return heap_requests();
}

static void check(const char *fields)
{
    struct scene s = { .done = 0 };
    open_scene(&s, fields);
    const uint64_t bare = count(&s, call_bare), action = count(&s, act);
    assert_int_equal(s.done, 2 * (WARM_UP + MESSAGES));
    // Less than one for each message: what remains are buffers somewhere that grow now and then.
    if (action > bare + MESSAGES / 4)
        fail_msg("%s: %llu requests for %d messages, %llu for bare calls", fields, (unsigned long long)action, MESSAGES,
                 (unsigned long long)bare);
    close_scene(&s);
}

static void a_warm_action_asks_for_nothing(void **state)
{
    (void)state;
    if (!heap_is_counted())
        skip();
    check("\"functionName\":\"f-b\",\"qualifier\":\"7\",\"expression\":\"{'sku': sku}\"");
    check("\"functionName\":\"{% 'f-' & to %}\",\"qualifier\":\"{% n %}\",\"expression\":\"{'sku': sku}\","
          "\"clientContext\":\"{'n': n}\",\"invokeWhen\":\"n > 1\","
          "\"resultExpression\":\"{'price': price, 'sku': $input.sku, 'v': $response.ExecutedVersion}\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_action_asks_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
