/* client_test.c - calls over a real connection to a small server that records what came, checks the signature and
 * answers as it is told: what goes over the wire, what every kind of end looks like, and that calls may be given up at
 * any time. */
#include "vectors.h"

#include "base/httpd.h"
#include "base/timer.h"
#include "lambda/client.h"
#include "lambda/sigv4.h"

enum behaviour { ANSWER, DROP, NEVER };

/* The server and what it saw last, the client and what it reported last. */
struct scene {
    struct base_loop *loop;
    struct base_httpd *server;
    struct lambda_client *client;
    struct base_clock clock;
    char endpoint[64];

    enum behaviour behaviour;           /* what the server is to do */
    int status;
    const struct base_header *headers;
    size_t header_count;
    const char *body;

    unsigned requests;                  /* what it saw */
    enum lambda_sigv4_verdict verdict;
    struct jn_buf seen;                 /* "METHOD path?query", then "name: value" lines of some headers, body */

    unsigned outcomes;                  /* what the client reported */
    struct lambda_outcome outcome;      /* texts are gone; see `texts` */
    struct jn_buf texts;                /* payload|function error|version|request id|log */
    bool free_client;                   /* in the callback */
    bool stop_on_request;               /* when the server has the request, leave the loop */
};

/* ---- the server ---------------------------------------------------------------------------------------------- */

static void note_header(struct scene *s, const struct base_httpd_request *r, const char *name)
{
    const jn_str value = base_httpd_header(r, name);
    if (value.data)
        jn_buf_append_fmt(&s->seen, "%s: %.*s\n", name, JN_ARG(value));
}

static void note_request(struct scene *s, const struct base_httpd_request *r)
{
    jn_buf_truncate(&s->seen, 0);
    jn_buf_append_fmt(&s->seen, "%.*s %.*s?%.*s\n", JN_ARG(base_httpd_method(r)), JN_ARG(base_httpd_path(r)),
                      JN_ARG(base_httpd_query(r)));
    note_header(s, r, "Content-Type");
    note_header(s, r, "X-Amz-Invocation-Type");
    note_header(s, r, "X-Amz-Log-Type");
    note_header(s, r, "X-Amz-Client-Context");
    note_header(s, r, "X-Amz-Date");
    note_header(s, r, "X-Amz-Security-Token");
    note_header(s, r, "Content-Length");
    note_header(s, r, "Expect");
    jn_buf_append(&s->seen, base_httpd_body(r));
}

static void verify_request(struct scene *s, const struct base_httpd_request *r)
{
    struct lambda_sigv4 v;
    size_t count;
    const struct base_header *headers = base_httpd_headers(r, &count);
    const jn_str token = base_httpd_header(r, "x-amz-security-token");
    const struct lambda_sigv4_request req = { .method = base_httpd_method(r), .path = base_httpd_path(r),
                                              .query = base_httpd_query(r), .headers = headers, .header_count = count,
                                              .body = base_httpd_body(r) };
    const struct lambda_sigv4_scope scope = { .access_key = JN_STR("AKTEST"), .secret_key = JN_STR("secret"),
                                              .session_token = token, .region = JN_STR("eu-west-1"),
                                              .service = JN_STR("lambda"), .time_ms = s->clock.scripted_ms };
    lambda_sigv4_init(&v);
    s->verdict = lambda_sigv4_verify(&v, &req, &scope, 300000);
    lambda_sigv4_clear(&v);
}

static void on_request(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    s->requests++;
    note_request(s, r);
    verify_request(s, r);
    if (s->stop_on_request)
        base_loop_stop(s->loop);
    if (s->behaviour == ANSWER)
        base_httpd_reply(r, s->status, s->headers, s->header_count, jn_str_of(s->body));
    else if (s->behaviour == DROP)
        base_httpd_drop(r);
}

/* ---- the scene ----------------------------------------------------------------------------------------------- */

static const char *const no_files[] = { "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE",
                                        "/nonexistent/d", "AWS_EC2_METADATA_DISABLED", "true", NULL };

static void open_client(struct scene *s, struct lambda_client_options opt)
{
    struct jn_error err = { 0 };
    const struct base_env env = base_env_of(no_files);
    opt.cred.env = &env;
    opt.cred.clock = &s->clock;
    if (!opt.region)
        opt.region = "eu-west-1";
    if (!opt.endpoint)
        opt.endpoint = s->endpoint;
    if (lambda_client_new(s->loop, &opt, &s->client, &err))
        fail_msg("%s", err.message);
}

static const struct lambda_client_options with_keys = { .cred = { .access_key = "AKTEST", .secret_key = "secret" } };

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    if (!s || base_loop_new(&s->loop, NULL))
        return -1;
    const struct base_httpd_options opt = { .handler = on_request, .arg = s };
    if (base_httpd_new(s->loop, &opt, &s->server, NULL))
        return -1;
    snprintf(s->endpoint, sizeof s->endpoint, "http://127.0.0.1:%d", base_httpd_port(s->server));
    s->clock = base_clock_scripted(1773500966000);      // 2026-03-14T15:09:26Z
    s->status = 200;
    s->body = "{\"ok\":true}";
    jn_buf_init(&s->seen, 0);
    jn_buf_init(&s->texts, 0);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    lambda_client_free(s->client);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
    jn_buf_clear(&s->seen);
    jn_buf_clear(&s->texts);
    free(s);
    return 0;
}

static void note_text(struct scene *s, jn_str text)
{
    jn_buf_append_fmt(&s->texts, "%.*s|", JN_ARG(text.data ? text : JN_STR("")));
}

static void on_outcome(const struct lambda_outcome *o, void *arg)
{
    struct scene *s = arg;
    s->outcomes++;
    s->outcome = *o;
    jn_buf_truncate(&s->texts, 0);
    note_text(s, o->invoked.payload);
    note_text(s, o->invoked.function_error);
    note_text(s, o->invoked.executed_version);
    note_text(s, o->invoked.request_id);
    note_text(s, o->invoked.log);
    if (s->free_client) {
        lambda_client_free(s->client);
        s->client = NULL;
    }
    base_loop_stop(s->loop);
}

static struct lambda_call *start(struct scene *s, struct lambda_invoke req)
{
    struct lambda_call *call = NULL;
    struct jn_error err = { 0 };
    const unsigned before = s->outcomes;
    if (lambda_invoke_start(s->client, &req, on_outcome, s, &call, &err))
        fail_msg("%s", err.message);
    assert_int_equal(s->outcomes, before);              // never inside the call
    return call;
}

static void invoke(struct scene *s, struct lambda_invoke req)
{
    const unsigned before = s->outcomes;
    start(s, req);
    base_loop_run(s->loop);
    assert_int_equal(s->outcomes, before + 1);
}

static void on_enough(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

/* Lets whatever could still happen happen. */
static void run_briefly(struct scene *s)
{
    struct base_timer *t;
    assert_int_equal(base_timer_new(s->loop, on_enough, s->loop, &t, NULL), JN_OK);
    base_timer_start(t, 30);
    base_loop_run(s->loop);
    base_timer_free(t);
}

static void expect_message(const struct scene *s, enum jn_status status, const char *part)
{
    if (s->outcome.status != status || !strstr(s->outcome.error.message, part))
        fail_msg("status %d, wanted %d with \"%s\" in: %s", s->outcome.status, status, part, s->outcome.error.message);
    assert_int_equal(s->outcome.error.status, status);
}

#define F .function = JN_STR("f")

/* ---- what goes over the wire --------------------------------------------------------------------------------- */

static void a_plain_call(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    invoke(s, (struct lambda_invoke){ F, .payload = JN_STR("{\"a\":1}") });
    assert_string_equal(s->seen.data, "POST /2015-03-31/functions/f/invocations?\n"
                                      "Content-Type: application/json\nX-Amz-Invocation-Type: RequestResponse\n"
                                      "X-Amz-Date: 20260314T150926Z\nContent-Length: 7\n{\"a\":1}");
    assert_int_equal(s->verdict, LAMBDA_SIGV4_OK);
    assert_int_equal(s->outcome.status, JN_OK);
    assert_string_equal(s->texts.data, "{\"ok\":true}|||||");
    assert_int_equal(s->outcome.http_status, 200);
    assert_false(s->outcome.outcome_unknown);
}

static void a_call_with_everything(void **state)
{
    struct scene *s = *state;
    struct lambda_client_options opt = with_keys;
    char endpoint[80];
    snprintf(endpoint, sizeof endpoint, "%s/aws/lambda/", s->endpoint);
    opt.cred.session_token = "tok/en==";
    opt.endpoint = endpoint;
    open_client(s, opt);
    invoke(s, (struct lambda_invoke){ .function = JN_STR("arn:aws:lambda:eu-west-1:123456789012:function:f"),
                                      .qualifier = JN_STR("$LATEST"), .log_tail = true,
                                      .client_context = JN_STR("e30="), .payload = JN_STR("[]") });
    assert_string_equal(s->seen.data,
                        "POST /aws/lambda/2015-03-31/functions/"
                        "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/invocations?Qualifier=%24LATEST\n"
                        "Content-Type: application/json\nX-Amz-Invocation-Type: RequestResponse\n"
                        "X-Amz-Log-Type: Tail\nX-Amz-Client-Context: e30=\nX-Amz-Date: 20260314T150926Z\n"
                        "X-Amz-Security-Token: tok/en==\nContent-Length: 2\n[]");
    assert_int_equal(s->verdict, LAMBDA_SIGV4_OK);
}

static void an_empty_payload_has_its_length(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    invoke(s, (struct lambda_invoke){ F });
    assert_non_null(strstr(s->seen.data, "Content-Length: 0\n"));
    assert_int_equal(s->verdict, LAMBDA_SIGV4_OK);
}

static void each_call_is_signed_with_the_time_it_is_made(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    invoke(s, (struct lambda_invoke){ F });
    s->clock.scripted_ms += 86400000;
    invoke(s, (struct lambda_invoke){ F });
    assert_non_null(strstr(s->seen.data, "X-Amz-Date: 20260315T150926Z\n"));
    assert_int_equal(s->verdict, LAMBDA_SIGV4_OK);
    assert_int_equal(s->requests, 2);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void an_answer_with_everything(void **state)
{
    struct scene *s = *state;
    static const struct base_header headers[] = {
        { JN_STR_INIT("X-Amz-Function-Error"), JN_STR_INIT("Unhandled") },
        { JN_STR_INIT("x-amz-executed-version"), JN_STR_INIT("7") },
        { JN_STR_INIT("x-amzn-RequestId"), JN_STR_INIT("id-1") },
        { JN_STR_INIT("X-Amz-Log-Result"), JN_STR_INIT("aGVsbG8=") },
    };
    open_client(s, with_keys);
    s->headers = headers;
    s->header_count = 4;
    s->body = "not JSON";
    invoke(s, (struct lambda_invoke){ F, .log_tail = true });
    assert_int_equal(s->outcome.status, JN_OK);         // the call succeeded; the function did not
    assert_string_equal(s->texts.data, "not JSON|Unhandled|7|id-1|hello|");
}

static void events_and_dry_runs(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->body = "";
    s->status = 202;
    invoke(s, (struct lambda_invoke){ F, .type = LAMBDA_EVENT });
    assert_int_equal(s->outcome.status, JN_OK);
    assert_int_equal(s->outcome.invoked.status, 202);
    assert_non_null(strstr(s->seen.data, "X-Amz-Invocation-Type: Event\n"));
    s->status = 204;
    invoke(s, (struct lambda_invoke){ F, .type = LAMBDA_DRY_RUN });
    assert_int_equal(s->outcome.status, JN_OK);
    assert_int_equal(s->outcome.invoked.status, 204);
    assert_non_null(strstr(s->seen.data, "X-Amz-Invocation-Type: DryRun\n"));
}

static void a_refusal_is_explained(void **state)
{
    struct scene *s = *state;
    static const struct base_header headers[] = {
        { JN_STR_INIT("x-amzn-ErrorType"), JN_STR_INIT("ResourceNotFoundException") },
        { JN_STR_INIT("x-amzn-RequestId"), JN_STR_INIT("id-2") },
    };
    open_client(s, with_keys);
    s->headers = headers;
    s->header_count = 2;
    s->status = 404;
    s->body = "{\"Type\":\"User\",\"Message\":\"Function not found: arn\"}";
    invoke(s, (struct lambda_invoke){ .function = JN_STR("orders") });
    expect_message(s, JN_REMOTE, "ResourceNotFoundException: Function not found: arn; region eu-west-1 has no function "
                                 "\"orders\"");
    assert_string_equal(s->outcome.error.code, "ResourceNotFoundException");
    assert_int_equal(s->outcome.http_status, 404);
    assert_int_equal(s->outcome.service.retry, LAMBDA_RETRY_NONE);
    assert_false(s->outcome.outcome_unknown);
}

static void a_wrong_clock_is_named(void **state)
{
    struct scene *s = *state;
    static const struct base_header headers[] = {
        { JN_STR_INIT("x-amzn-ErrorType"), JN_STR_INIT("InvalidSignatureException") },
    };
    open_client(s, with_keys);
    s->headers = headers;
    s->header_count = 1;
    s->status = 403;
    s->body = "{\"message\":\"Signature expired: x\"}";
    invoke(s, (struct lambda_invoke){ F });
    assert_int_equal(s->outcome.service.retry, LAMBDA_RETRY_CLOCK_SKEW);
    expect_message(s, JN_REMOTE, "the clock of this machine is ");
}

static void a_proxy_that_fails_leaves_the_outcome_unknown(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->status = 504;
    s->body = "<html>Gateway Timeout</html>";
    invoke(s, (struct lambda_invoke){ F });
    expect_message(s, JN_REMOTE, "answered HTTP 504: <html>Gateway Timeout</html>");
    assert_true(s->outcome.outcome_unknown);
    invoke(s, (struct lambda_invoke){ F, .type = LAMBDA_DRY_RUN });
    assert_false(s->outcome.outcome_unknown);           // nothing runs in a dry run
}

/* ---- no answer ----------------------------------------------------------------------------------------------- */

static void nobody_listening_means_not_executed(void **state)
{
    struct scene *s = *state;
    base_httpd_free(s->server);
    s->server = NULL;
    open_client(s, with_keys);
    invoke(s, (struct lambda_invoke){ F });
    expect_message(s, JN_IO, "cannot call function \"f\" at http://127.0.0.1:");
    expect_message(s, JN_IO, "the function did not run");
    assert_false(s->outcome.outcome_unknown);
    assert_int_equal(s->outcome.http_status, 0);
}

static void a_dropped_connection_leaves_the_outcome_unknown(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->behaviour = DROP;
    invoke(s, (struct lambda_invoke){ F, .payload = JN_STR("{}") });
    expect_message(s, JN_IO, "the function may have run");
    assert_true(s->outcome.outcome_unknown);
    assert_int_equal(s->requests, 1);                   // and it was not sent again
}

static void silence_ends_with_the_timeout(void **state)
{
    struct scene *s = *state;
    struct lambda_client_options opt = with_keys;
    opt.call_timeout_ms = 100;
    open_client(s, opt);
    s->behaviour = NEVER;
    invoke(s, (struct lambda_invoke){ F });
    expect_message(s, JN_TIMEOUT, "the function may have run");
    assert_true(s->outcome.outcome_unknown);
}

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static void without_keys_nothing_is_sent(void **state)
{
    struct scene *s = *state;
    open_client(s, (struct lambda_client_options){ 0 });
    invoke(s, (struct lambda_invoke){ F });
    expect_message(s, JN_NOT_FOUND, "no AWS keys found");
    assert_int_equal(s->requests, 0);
    assert_false(s->outcome.outcome_unknown);
}

static void a_call_that_waits_for_keys_may_be_cancelled(void **state)
{
    struct scene *s = *state;
    open_client(s, (struct lambda_client_options){ 0 });
    struct lambda_call *call = start(s, (struct lambda_invoke){ F });
    lambda_call_cancel(call);
    run_briefly(s);
    assert_int_equal(s->outcomes, 0);
    start(s, (struct lambda_invoke){ F });
    lambda_client_free(s->client);
    s->client = NULL;
    run_briefly(s);
    assert_int_equal(s->outcomes, 0);
}

/* ---- giving up, going on ------------------------------------------------------------------------------------- */

static void a_cancelled_call_reports_nothing(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->behaviour = NEVER;
    s->stop_on_request = true;
    struct lambda_call *call = start(s, (struct lambda_invoke){ F });
    base_loop_run(s->loop);
    assert_int_equal(s->requests, 1);
    lambda_call_cancel(call);
    s->behaviour = ANSWER;
    s->stop_on_request = false;
    invoke(s, (struct lambda_invoke){ F });
    assert_int_equal(s->outcomes, 1);
    assert_int_equal(s->outcome.status, JN_OK);
}

static void a_client_may_be_freed_with_calls_in_flight(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->behaviour = NEVER;
    s->stop_on_request = true;
    start(s, (struct lambda_invoke){ F });
    start(s, (struct lambda_invoke){ F });
    base_loop_run(s->loop);
    lambda_client_free(s->client);
    s->client = NULL;
    run_briefly(s);
    assert_int_equal(s->outcomes, 0);
}

static void a_client_may_be_freed_in_the_callback(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    s->free_client = true;
    invoke(s, (struct lambda_invoke){ F });
    assert_string_equal(s->texts.data, "{\"ok\":true}|||||");
    open_client(s, (struct lambda_client_options){ 0 });
    invoke(s, (struct lambda_invoke){ F });
    expect_message(s, JN_NOT_FOUND, "no AWS keys found");
}

static void a_call_that_ended_is_used_again(void **state)
{
    struct scene *s = *state;
    open_client(s, with_keys);
    struct lambda_call *first = start(s, (struct lambda_invoke){ F });
    base_loop_run(s->loop);
    struct jn_arena *arena = s->outcome.arena;
    const uint64_t allocations = arena->system_allocations;
    for (int i = 0; i < 5; i++) {
        assert_ptr_equal(start(s, (struct lambda_invoke){ F }), first);
        base_loop_run(s->loop);
    }
    assert_int_equal(s->outcomes, 6);
    assert_int_equal(arena->system_allocations, allocations);
}

static void what_is_refused_never_starts(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    open_client(s, with_keys);
    const struct lambda_invoke bad = { .function = JN_STR("f g") };
    assert_int_equal(lambda_invoke_start(s->client, &bad, on_outcome, s, NULL, &err), JN_BAD_VALUE);
    assert_non_null(strstr(err.message, "\"f g\" is not a function's name"));
    run_briefly(s);
    assert_int_equal(s->outcomes + s->requests, 0);
}

/* ---- settings ------------------------------------------------------------------------------------------------ */

#define KEYS "AWS_ACCESS_KEY_ID", "A", "AWS_SECRET_ACCESS_KEY", "s"
#define NO_FILES "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d"

static void settings_decide_where_calls_go(void **state)
{
    static const struct { const char *region, *endpoint; const char *env[20]; const char *wanted; } cases[] = {
        { "eu-west-1", NULL, { KEYS, NO_FILES }, "https://lambda.eu-west-1.amazonaws.com" },
        { NULL, NULL, { KEYS, NO_FILES, "AWS_REGION", "cn-north-1" }, "https://lambda.cn-north-1.amazonaws.com.cn" },
        { NULL, "http://h:1/b/", { KEYS, NO_FILES, "AWS_REGION", "us-east-1", "AWS_ENDPOINT_URL", "http://x" },
          "http://h:1/b" },
        { "us-east-1", NULL, { KEYS, NO_FILES, "AWS_ENDPOINT_URL", "http://all", "AWS_ENDPOINT_URL_LAMBDA",
                               "http://l" },
          "http://l" },
        { "us-east-1", NULL, { KEYS, NO_FILES, "AWS_ENDPOINT_URL", "http://all/" }, "http://all" },
        { "us-east-1", NULL, { KEYS, NO_FILES, "AWS_ENDPOINT_URL", "http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                               "TRUE" }, "https://lambda.us-east-1.amazonaws.com" },
        { "us-east-1", NULL, { KEYS, NO_FILES, "AWS_USE_FIPS_ENDPOINT", "true", "AWS_USE_DUALSTACK_ENDPOINT", "true" },
          "https://lambda-fips.us-east-1.api.aws" },
        { "fips-us-east-1", NULL, { KEYS, NO_FILES }, "https://lambda-fips.us-east-1.amazonaws.com" },
        { NULL, NULL, { KEYS, NO_FILES }, "error: no AWS region" },
        { "us east", NULL, { KEYS, NO_FILES }, "error: \"us east\" cannot be an AWS region" },
        { "us-east-1", "localhost:3002", { KEYS, NO_FILES }, "error: the endpoint \"localhost:3002\" cannot be used" },
        { "us-east-1", NULL, { KEYS, NO_FILES, "AWS_USE_FIPS_ENDPOINT", "yes" },
          "error: AWS_USE_FIPS_ENDPOINT is \"yes\"; it must be true or false" },
        { "us-east-1", NULL, { NO_FILES, "AWS_ACCESS_KEY_ID", "A" }, "error: AWS_SECRET_ACCESS_KEY is missing" },
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lambda_client *c = NULL;
        struct jn_error err = { 0 };
        char got[600];
        const struct base_env env = base_env_of(cases[i].env);
        const struct lambda_client_options opt = { .cred = { .env = &env, .clock = &s->clock },
                                                   .region = cases[i].region, .endpoint = cases[i].endpoint };
        if (lambda_client_new(s->loop, &opt, &c, &err))
            snprintf(got, sizeof got, "error: %s", err.message);
        else
            snprintf(got, sizeof got, "%s", lambda_client_endpoint(c));
        if (strncmp(got, cases[i].wanted, strlen(cases[i].wanted)) != 0)
            fail_msg("case %zu: wanted %s, got %s", i, cases[i].wanted, got);
        lambda_client_free(c);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_plain_call),
        CASE(a_call_with_everything),
        CASE(an_empty_payload_has_its_length),
        CASE(each_call_is_signed_with_the_time_it_is_made),
        CASE(an_answer_with_everything),
        CASE(events_and_dry_runs),
        CASE(a_refusal_is_explained),
        CASE(a_wrong_clock_is_named),
        CASE(a_proxy_that_fails_leaves_the_outcome_unknown),
        CASE(nobody_listening_means_not_executed),
        CASE(a_dropped_connection_leaves_the_outcome_unknown),
        CASE(silence_ends_with_the_timeout),
        CASE(without_keys_nothing_is_sent),
        CASE(a_call_that_waits_for_keys_may_be_cancelled),
        CASE(a_cancelled_call_reports_nothing),
        CASE(a_client_may_be_freed_with_calls_in_flight),
        CASE(a_client_may_be_freed_in_the_callback),
        CASE(a_call_that_ended_is_used_again),
        CASE(what_is_refused_never_starts),
        CASE(settings_decide_where_calls_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
