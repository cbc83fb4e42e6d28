/* platform_test.c - the platform's API: a server on the same loop answers from a script, and writes down what it was
 * asked. */
#include "cmocka_all.h"

#include <stdio.h>
#include <unistd.h>

#include "base/httpd.h"
#include "base/timer.h"
#include "sailor/platform.h"

enum { DROP = 1, HANG = 2, LONGEST = 4 };

struct reply {
    int status;             /* 0: there is no more; DROP, HANG: no answer */
    const char *body, *location;
};

struct scene {
    struct base_loop *loop;
    struct base_http *http;
    struct base_httpd *server;
    struct base_env env;
    struct sailor_settings settings;
    struct sailor_metrics metrics;
    struct base_log log;
    int log_pipe[2];
    struct sailor_platform *platform;
    char uri[64], result_url[128];
    const struct reply *script;
    size_t asked;
    char requests[2048];    /* "METHOD path body|..." */
    char headers[2048];     /* of the last request */
    /* what came out */
    int done;
    enum jn_status status;
    char message[512], body[512];
    bool free_when_done;
};

static void note_headers(struct scene *s, struct base_httpd_request *r)
{
    size_t count, len = 0;
    const struct base_header *h = base_httpd_headers(r, &count);
    s->headers[0] = '\0';
    for (size_t i = 0; i < count && len < sizeof s->headers; i++)
        len += (size_t)snprintf(s->headers + len, sizeof s->headers - len, "%.*s: %.*s\n", JN_ARG(h[i].name),
                                JN_ARG(h[i].value));
}

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    const size_t len = strlen(s->requests);
    snprintf(s->requests + len, sizeof s->requests - len, "%s%.*s %.*s%s%.*s", len ? "|" : "",
             JN_ARG(base_httpd_method(r)), JN_ARG(base_httpd_path(r)), base_httpd_body(r).len ? " " : "",
             JN_ARG(base_httpd_body(r)));
    note_headers(s, r);
    const struct reply *reply = &s->script[s->asked++];
    if (reply->status == HANG)
        return;
    if (reply->status == DROP) {
        base_httpd_drop(r);
        return;
    }
    char location[256];
    snprintf(location, sizeof location, "%s%s", reply->location && reply->location[0] == '/' ? s->uri : "",
             reply->location ? reply->location : "");
    const struct base_header headers[] = { { JN_STR_INIT("Location"), jn_str_of(location) } };
    base_httpd_reply(r, reply->status, headers, reply->location ? 1 : 0, jn_str_of(reply->body));
}

static void start(struct scene *s, const char *const *variables)
{
    static const char *const none[] = { NULL };
    *s = (struct scene){ 0 };
    s->env = base_env_of(variables ? variables : none);
    sailor_settings_read(&s->env, SAILOR_MESSAGES, &s->settings, NULL);
    assert_int_equal(pipe(s->log_pipe), 0);
    base_log_init(&s->log, s->log_pipe[1], base_clock_system(), &s->env);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    assert_int_equal(sailor_platform_http(s->loop, &s->settings, &s->env, &s->log, &s->http, NULL), JN_OK);
    const struct base_httpd_options server = { .handler = handle, .arg = s };
    assert_int_equal(base_httpd_new(s->loop, &server, &s->server, NULL), JN_OK);
    snprintf(s->uri, sizeof s->uri, "http://127.0.0.1:%d", base_httpd_port(s->server));
    s->settings.api_uri = s->uri;
    s->settings.api_username = "user";
    s->settings.api_key = "secret-key";
    s->settings.flow_id = "FLOW";
    s->settings.step_id = "step_1";
    assert_int_equal(sailor_platform_new(s->loop, &s->settings, s->http, &s->metrics, &s->log, &s->platform, NULL),
                     JN_OK);
}

/* What was logged until now. */
static void read_log(struct scene *s, char out[4096])
{
    close(s->log_pipe[1]);
    s->log_pipe[1] = -1;
    s->log.fd = -1;
    s->log.level = BASE_SILENT;
    size_t len = 0;
    for (ssize_t n; len < 4095 && (n = read(s->log_pipe[0], out + len, 4095 - len)) > 0;)
        len += (size_t)n;
    out[len] = '\0';
}

static void finish(struct scene *s)
{
    sailor_platform_free(s->platform);
    base_http_free(s->http);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
    close(s->log_pipe[0]);
    if (s->log_pipe[1] >= 0)
        close(s->log_pipe[1]);
}

static void on_done(const struct jn_error *failed, jn_str body, void *arg)
{
    struct scene *s = arg;
    s->done++;
    s->status = failed ? failed->status : JN_OK;
    snprintf(s->message, sizeof s->message, "%s", failed ? failed->message : "");
    snprintf(s->body, sizeof s->body, "%.*s", JN_ARG(body));
    if (s->free_when_done) {
        sailor_platform_free(s->platform);
        s->platform = NULL;
    }
    base_loop_stop(s->loop);
}

enum what { STEP, ACCOUNT, STORE, READ, DELETE, RESULT };

static void run(struct scene *s, enum what what, const struct reply *script)
{
    struct sailor_platform *p = s->platform;
    s->script = script;
    s->asked = 0;
    s->requests[0] = '\0';
    const int before = s->done;
    const enum jn_status status =
        what == STEP      ? sailor_platform_get_step(p, on_done, s)
        : what == ACCOUNT ? sailor_platform_put_account(p, JN_STR("A1"), JN_STR("{\"k\":1}"), on_done, s)
        : what == STORE   ? sailor_platform_store_startup(p, JN_STR("{\"s\":1}"), on_done, s)
        : what == READ    ? sailor_platform_get_startup(p, on_done, s)
        : what == DELETE  ? sailor_platform_delete_startup(p, on_done, s)
                          : sailor_platform_post_result(p, JN_STR("{\"status\":\"success\"}"), on_done, s);
    assert_int_equal(status, JN_OK);
    assert_int_equal(s->done, before);
    base_loop_run(s->loop);
    assert_int_equal(s->done, before + 1);
}

/* ---- attempts ------------------------------------------------------------------------------------------------ */

static void attempts_end_with_an_answer_or_are_used_up(void **state)
{
    (void)state;
    static const struct {
        enum what what;
        struct reply script[LONGEST];
        size_t asked;
        enum jn_status status;
        const char *says;
    } cases[] = {
        { STEP, { { 200, "{\"a\":1}", NULL } }, 1, JN_OK, "" },
        { STEP, { { 500, "", NULL }, { 503, "", NULL }, { 200, "{}", NULL } }, 3, JN_OK, "" },
        { STEP, { { DROP, 0, 0 }, { DROP, 0, 0 }, { 200, "{}", NULL } }, 3, JN_OK, "" },
        { STEP, { { HANG, 0, 0 }, { 200, "{}", NULL } }, 2, JN_OK, "" },
        { STEP, { { 500, "a", 0 }, { 500, "b", 0 }, { 500, "c", 0 } }, 3, JN_IO, "c" },
        { STEP, { { HANG, 0, 0 }, { HANG, 0, 0 }, { HANG, 0, 0 } }, 3, JN_TIMEOUT,
          "timeout of 300ms exceeded: no answer" },
        { STEP, { { DROP, 0, 0 }, { DROP, 0, 0 }, { DROP, 0, 0 } }, 3, JN_IO, "closed the connection" },
        { STEP, { { 404, "{ \"error\" : \"no\" }", NULL } }, 1, JN_REMOTE, "{\"error\":\"no\"}" },
        { STEP, { { 401, "Unauthorized", NULL } }, 1, JN_REMOTE, "Unauthorized" },
        { STEP, { { 403, "\"in quotes\"", NULL } }, 1, JN_REMOTE, "in quotes" },
        { STEP, { { 418, "", NULL } }, 1, JN_REMOTE, "Request failed with status code 418" },
        { STEP, { { 304, "", NULL } }, 1, JN_REMOTE, "Request failed with status code 304" },
        { ACCOUNT, { { 200, "{}", NULL } }, 1, JN_OK, "" },
        { ACCOUNT, { { 502, "", NULL }, { 204, "", NULL } }, 2, JN_OK, "" },
        { ACCOUNT, { { 400, "bad keys", NULL } }, 1, JN_REMOTE, "bad keys" },
        { READ, { { 200, "{}", NULL } }, 1, JN_OK, "" },
        { READ, { { 304, "", NULL } }, 1, JN_OK, "" },
        { READ, { { 404, "{\"error\":\"Hook data not found\"}", NULL } }, 1, JN_REMOTE, "Hook data not found" },
        { READ, { { 404, "other", NULL } }, 1, JN_REMOTE, "Request failed with status code 404" },
        { READ, { { 500, "{\"error\":\"x\"}", 0 }, { 500, "", 0 }, { 502, "{\"error\":\"x\"}", 0 } }, 3, JN_IO,
          "Request failed with status code 502" },
        { DELETE, { { DROP, 0, 0 }, { 204, "", NULL } }, 2, JN_OK, "" },
        { STORE, { { 201, "", NULL } }, 1, JN_OK, "" },
        { STORE, { { 503, "", NULL }, { 201, "", NULL } }, 2, JN_OK, "" },
        { STORE, { { 400, "{\"error\":\"bad\"}", NULL } }, 1, JN_REMOTE, "bad" },
        { RESULT, { { 200, "", NULL } }, 1, JN_OK, "" },
        { RESULT, { { 201, "", NULL } }, 1, JN_OK, "" },
    };
    static const char *const variables[] = { "ELASTICIO_API_REQUEST_RETRY_DELAY", "1", NULL };
    struct scene s;
    start(&s, variables);
    sailor_platform_set_timeout(s.platform, 300);
    s.settings.post_result_url = s.uri;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(&s, cases[i].what, cases[i].script);
        if (s.asked != cases[i].asked || s.status != cases[i].status ||
            !strstr(s.message, cases[i].says) || (s.status == JN_OK && s.message[0]))
            fail_msg("%zu: asked %zu times, status %d: %s", i, s.asked, s.status, s.message);
    }
    finish(&s);
}

/* Attempts and pauses of the reference: three for the API, one for results; the variables count for all (Q11). */
static void the_settings_say_how_often(void **state)
{
    (void)state;
    static const struct {
        const char *attempts;
        enum what what;
        size_t asked;
    } cases[] = {
        { NULL, READ, 3 }, { "1", STEP, 1 },    { "2", STEP, 2 },   { "2", READ, 2 },  { "-5", STEP, 1 },
        { "0", READ, 3 },  { NULL, RESULT, 1 }, { "3", RESULT, 3 }, { "2", STORE, 2 }, { "2", ACCOUNT, 2 },
    };
    static const struct reply broken[] = { { 500, "", NULL }, { 500, "", NULL }, { 500, "", NULL }, { 0, NULL, NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const variables[] = { "ELASTICIO_API_REQUEST_RETRY_DELAY", "1",
                                          "ELASTICIO_API_REQUEST_RETRY_ATTEMPTS",
                                          cases[i].attempts ? cases[i].attempts : "", NULL };
        struct scene s;
        start(&s, variables);
        s.settings.post_result_url = s.uri;
        run(&s, cases[i].what, broken);
        if (s.asked != cases[i].asked || s.status != JN_IO)
            fail_msg("%zu: asked %zu times, status %d", i, s.asked, s.status);
        assert_int_equal(s.metrics.platform_requests, cases[i].asked);
        assert_int_equal(s.metrics.platform_failures, cases[i].asked);
        finish(&s);
    }
}

static void step_data_are_an_object_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum jn_status status;
        const char *step;
    } cases[] = {
        { "{\"config\":{}}", JN_OK, "{\"config\":{}}" },
        { "  {} \n", JN_OK, "{}" },
        { "not JSON", JN_OK, "{}" },
        { "[1]", JN_OK, "{}" },
        { "{\"config\": {", JN_OK, "{}" },
        { "", JN_REMOTE, "" },
        { "null", JN_REMOTE, "null" },
    };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reply script[] = { { 200, cases[i].body, NULL } };
        run(&s, STEP, script);
        if (s.status != cases[i].status || strcmp(s.body, cases[i].step) != 0)
            fail_msg("%zu: status %d, \"%s\": %s", i, s.status, s.body, s.message);
    }
    assert_string_equal(s.message, "the platform's API gave no data for step step_1 of flow FLOW");
    finish(&s);
}

/* ---- what is sent -------------------------------------------------------------------------------------------- */

static void addresses_and_headers_are_those_of_the_protocol(void **state)
{
    (void)state;
    static const struct {
        enum what what;
        const char *slash, *request;
    } cases[] = {
        { STEP, "", "GET /v1/tasks/FLOW/steps/step_1" },
        { STEP, "//", "GET /v1/tasks/FLOW/steps/step_1" },
        { ACCOUNT, "/", "PUT /v1/accounts/A1 {\"keys\":{\"k\":1}}" },
        { STORE, "", "POST /sailor-support/hooks/task/FLOW/startup/data {\"s\":1}" },
        { READ, "", "GET /sailor-support/hooks/task/FLOW/startup/data" },
        { DELETE, "/", "DELETE //sailor-support/hooks/task/FLOW/startup/data" },
    };
    static const struct reply fine[] = { { 200, "{}", NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        start(&s, NULL);
        char uri[80];
        snprintf(uri, sizeof uri, "%s%s", s.uri, cases[i].slash);
        s.settings.api_uri = uri;
        run(&s, cases[i].what, fine);
        assert_string_equal(s.requests, cases[i].request);
        assert_non_null(strstr(s.headers, "Connection: Keep-Alive\n"));
        assert_non_null(strstr(s.headers, "Accept: application/json, text/plain, */*\n"));
        assert_non_null(strstr(s.headers, "Authorization: Basic dXNlcjpzZWNyZXQta2V5\n"));
        assert_non_null(strstr(s.headers, "Accept-Encoding: "));
        assert_null(strstr(s.headers, "Expect:"));
        const bool has_body = strchr(cases[i].request, '{') != NULL;
        assert_int_equal(strstr(s.headers, "Content-Type: application/json\n") != NULL, has_body);
        finish(&s);
    }
}

static void older_startup_data_are_replaced(void **state)
{
    (void)state;
    static const struct reply script[] = { { 409, "{}", NULL }, { 204, NULL, NULL }, { 201, "", NULL } };
    struct scene s;
    start(&s, NULL);
    run(&s, STORE, script);
    assert_int_equal(s.status, JN_OK);
    assert_string_equal(s.requests, "POST /sailor-support/hooks/task/FLOW/startup/data {\"s\":1}|"
                                    "DELETE /sailor-support/hooks/task/FLOW/startup/data|"
                                    "POST /sailor-support/hooks/task/FLOW/startup/data {\"s\":1}");
    static const struct reply stuck[] = { { 409, "{}", NULL }, { 403, "{\"error\":\"no\"}", NULL } };
    run(&s, STORE, stuck);
    assert_string_equal(s.message, "no");
    finish(&s);
}

static void nothing_is_stored_as_an_empty_object(void **state)
{
    (void)state;
    static const struct {
        const char *value, *stored;
    } cases[] = {
        { "null", "{}" }, { "", "{}" }, { "{}", "{}" }, { "[]", "{}" },      { "\"\"", "{}" },
        { "7", "{}" },    { "true", "{}" }, { "[0]", "[0]" }, { "\"a\"", "\"a\"" }, { "{\"a\":null}", "{\"a\":null}" },
    };
    static const struct reply script[] = { { 201, "", NULL } };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s.script = script;
        s.asked = 0;
        s.requests[0] = '\0';
        assert_int_equal(sailor_platform_store_startup(s.platform, jn_str_of(cases[i].value), on_done, &s), JN_OK);
        base_loop_run(s.loop);
        assert_string_equal(strrchr(s.requests, ' ') + 1, cases[i].stored);
    }
    finish(&s);
}

/* ---- redirects ----------------------------------------------------------------------------------------------- */

static void redirects_are_followed(void **state)
{
    (void)state;
    static const struct {
        enum what what;
        int status;
        const char *requests;
    } cases[] = {
        { STEP, 301, "GET /v1/tasks/FLOW/steps/step_1|GET /else" },
        { STEP, 308, "GET /v1/tasks/FLOW/steps/step_1|GET /else" },
        { STORE, 307, "POST /sailor-support/hooks/task/FLOW/startup/data {\"s\":1}|POST /else {\"s\":1}" },
        { STORE, 302, "POST /sailor-support/hooks/task/FLOW/startup/data {\"s\":1}|GET /else" },
        { ACCOUNT, 302, "PUT /v1/accounts/A1 {\"keys\":{\"k\":1}}|PUT /else {\"keys\":{\"k\":1}}" },
        { ACCOUNT, 303, "PUT /v1/accounts/A1 {\"keys\":{\"k\":1}}|GET /else" },
    };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reply script[] = { { cases[i].status, "", "/else" }, { 200, "{}", NULL } };
        run(&s, cases[i].what, script);
        assert_int_equal(s.status, JN_OK);
        assert_string_equal(s.requests, cases[i].requests);
        assert_non_null(strstr(s.headers, "Authorization: Basic"));
    }
    finish(&s);
}

static void redirects_have_an_end(void **state)
{
    (void)state;
    struct reply script[30];
    for (size_t i = 0; i < 30; i++)
        script[i] = (struct reply){ 302, "", "/round" };
    struct scene s;
    start(&s, NULL);
    run(&s, STEP, script);
    assert_int_equal(s.asked, 22);
    assert_string_equal(s.message, "more than 21 redirects, one after the other");
    finish(&s);
}

static void credentials_are_not_shown_to_another_server(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    char elsewhere[96];
    snprintf(elsewhere, sizeof elsewhere, "http://localhost:%d/else", base_httpd_port(s.server));
    const struct reply script[] = { { 307, "", elsewhere }, { 200, "{}", NULL } };
    run(&s, STEP, script);
    assert_int_equal(s.status, JN_OK);
    assert_null(strstr(s.headers, "Authorization"));
    finish(&s);
}

/* ---- results of service mode --------------------------------------------------------------------------------- */

static void credentials_in_the_results_url_become_a_header_and_are_never_shown(void **state)
{
    (void)state;
    static const struct {
        const char *info, *authorization;
    } cases[] = {
        { "", NULL },
        { "user:pass@", "Authorization: Basic dXNlcjpwYXNz\n" },
        { "us%40er:p%3Ass@", "Authorization: Basic dXNAZXI6cDpzcw==\n" },
        { "user@", "Authorization: Basic dXNlcjo=\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        start(&s, NULL);
        snprintf(s.result_url, sizeof s.result_url, "http://%s127.0.0.1:%d/r?token=t0p", cases[i].info,
                 base_httpd_port(s.server));
        s.settings.post_result_url = s.result_url;
        static const struct reply refused[] = { { 403, "go away", NULL } };
        run(&s, RESULT, refused);
        assert_string_equal(s.requests, "POST /r {\"status\":\"success\"}");
        if (cases[i].authorization)
            assert_non_null(strstr(s.headers, cases[i].authorization));
        else
            assert_null(strstr(s.headers, "Authorization"));
        char expected[256], log[4096];
        snprintf(expected, sizeof expected, "Failed to POST data to %s/r?*** (403, go away)", s.uri);
        assert_string_equal(s.message, expected);
        assert_int_equal(s.status, JN_REMOTE);
        static const struct reply broken[] = { { 500, "", NULL } };
        run(&s, RESULT, broken);
        assert_string_equal(s.message, "Request failed with status code 500");
        read_log(&s, log);
        assert_null(strstr(log, "pass"));
        assert_null(strstr(log, "t0p"));
        finish(&s);
    }
}

static void secrets_do_not_reach_the_log(void **state)
{
    (void)state;
    static const struct reply script[] = { { 500, "", NULL }, { DROP, NULL, NULL }, { 500, "", NULL } };
    static const char *const variables[] = { "ELASTICIO_API_REQUEST_RETRY_DELAY", "1", "TRACE", "all", NULL };
    struct scene s;
    start(&s, variables);
    run(&s, ACCOUNT, script);
    char log[4096];
    read_log(&s, log);
    assert_non_null(strstr(log, "new credentials: attempt 1 of 3 was answered with status 500"));
    assert_non_null(strstr(log, "new credentials: attempt 2 of 3 failed: "));
    assert_null(strstr(log, "secret-key"));
    assert_null(strstr(log, "c2VjcmV0LWtleQ"));
    assert_null(strstr(log, "\"k\""));
    finish(&s);
}

/* ---- the awkward ones ---------------------------------------------------------------------------------------- */

static void proxies_are_honoured(void **state)
{
    (void)state;
    static const char *const variables[] = { "HTTP_PROXY", "http://127.0.0.1:1", "ELASTICIO_API_REQUEST_RETRY_ATTEMPTS",
                                             "1", NULL };
    static const struct reply fine[] = { { 200, "{}", NULL } };
    struct scene s;
    start(&s, variables);
    run(&s, STEP, fine);
    assert_int_equal(s.asked, 0);
    assert_int_equal(s.status, JN_IO);
    finish(&s);
}

static void an_address_that_is_none_is_told(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    s.settings.api_uri = "api.example.com";
    run(&s, STEP, NULL);
    assert_string_equal(s.message, "not a URL that begins with http:// or https://");
    finish(&s);
}

static void on_enough(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(((struct scene *)arg)->loop);
}

static void nobody_is_called_after_free(void **state)
{
    (void)state;
    static const struct reply hang[] = { { HANG, NULL, NULL } };
    struct scene s;
    start(&s, NULL);
    s.script = hang;
    assert_int_equal(sailor_platform_get_step(s.platform, on_done, &s), JN_OK);
    struct base_timer *t;
    assert_int_equal(base_timer_new(s.loop, on_enough, &s, &t, NULL), JN_OK);
    while (s.asked == 0) {
        base_timer_start(t, 5);
        base_loop_run(s.loop);
    }
    sailor_platform_free(s.platform);
    s.platform = NULL;
    base_timer_start(t, 50);
    base_loop_run(s.loop);
    assert_int_equal(s.done, 0);
    base_timer_free(t);
    finish(&s);

    static const struct reply fine[] = { { 200, "{}", NULL } };
    start(&s, NULL);
    s.free_when_done = true;
    run(&s, STEP, fine);
    assert_null(s.platform);
    finish(&s);
}

int main(void)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                           "no_proxy", "NO_PROXY" };
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_end_with_an_answer_or_are_used_up),
        cmocka_unit_test(the_settings_say_how_often),
        cmocka_unit_test(step_data_are_an_object_or_nothing),
        cmocka_unit_test(addresses_and_headers_are_those_of_the_protocol),
        cmocka_unit_test(older_startup_data_are_replaced),
        cmocka_unit_test(nothing_is_stored_as_an_empty_object),
        cmocka_unit_test(redirects_are_followed),
        cmocka_unit_test(redirects_have_an_end),
        cmocka_unit_test(credentials_are_not_shown_to_another_server),
        cmocka_unit_test(credentials_in_the_results_url_become_a_header_and_are_never_shown),
        cmocka_unit_test(secrets_do_not_reach_the_log),
        cmocka_unit_test(proxies_are_honoured),
        cmocka_unit_test(an_address_that_is_none_is_told),
        cmocka_unit_test(nobody_is_called_after_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
