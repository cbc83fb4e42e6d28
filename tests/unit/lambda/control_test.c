/* control_test.c - lists and single functions from a scripted server: pages, what is no list, failures of every kind, and
 * who may end it when. */
#include "attempts.h"

#include "failing_memory.h"
#include "lambda/control.h"

/* Answers, with the length that HTTP wants; gone with the test. */
static char texts[8][1024];
static struct script_step steps[8];

static void answer(size_t i, const char *status, const char *headers, const char *body)
{
    snprintf(texts[i], sizeof texts[i], "HTTP/1.1 %s X\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
             strlen(body), body);
    steps[i] = (struct script_step){ SCRIPT_ANSWER, texts[i] };
}

/* The server gives these pages, one after the other. */
static void serve(struct scene *s, const char *const *pages)
{
    size_t count = 0;
    for (; pages[count]; count++)
        answer(count, "200", "", pages[count]);
    script_play(&s->server, steps, count);
}

/* ---- what came ----------------------------------------------------------------------------------------------- */

static struct {
    unsigned calls;
    struct jn_error error;
    struct jn_buf json;
    bool free_client;
} got;

static void on_control(const struct jn_error *failed, jn_value value, void *arg)
{
    struct scene *s = arg;
    got.calls++;
    got.error = failed ? *failed : (struct jn_error){ 0 };
    if (got.free_client) {
        lambda_client_free(s->client);
        s->client = NULL;
    }
    if (!failed && jn_write(&got.json, value, NULL, NULL))
        fail_msg("cannot be written");
    base_loop_stop(s->loop);
}

static int set_up(void **state)
{
    memset(&got, 0, sizeof got);
    jn_buf_init(&got.json, 0);
    return scene_set_up(state);
}

static int tear_down(void **state)
{
    jn_buf_clear(&got.json);
    return scene_tear_down(state);
}

static void await(struct scene *s, unsigned before)
{
    jn_buf_truncate(&got.json, 0);
    base_loop_run(s->loop);
    assert_int_equal(got.calls, before + 1);
}

static void list(struct scene *s, enum lambda_list what, const char *function, size_t max_items)
{
    struct jn_error err = { 0 };
    const jn_str name = function ? jn_str_of(function) : (jn_str){ NULL, 0 };
    if (lambda_list(s->client, what, name, max_items, on_control, s, NULL, &err))
        fail_msg("%s", err.message);
    await(s, got.calls);
}

static void expect_json(const char *json)
{
    if (got.error.status)
        fail_msg("%s", got.error.message);
    assert_string_equal(got.json.data, json);
}

static void expect_failure(enum jn_status status, const char *part)
{
    if (got.error.status != status || !strstr(got.error.message, part))
        fail_msg("status %d, not %d with \"%s\": %s", got.error.status, status, part, got.error.message);
}

static void expect_request(const struct scene *s, size_t i, const char *line)
{
    if (strncmp(s->server.heads[i], line, strlen(line)) != 0)
        fail_msg("wanted: %s\ngot: %.300s", line, s->server.heads[i]);
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

static void a_list_of_one_page(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Functions\":[{\"FunctionName\":\"a\"},{\"FunctionName\":\"b\"}],"
                                    "\"NextMarker\":null}", NULL });
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
    expect_json("[{\"FunctionName\":\"a\"},{\"FunctionName\":\"b\"}]");
    expect_request(s, 0, "GET /2015-03-31/functions HTTP/1.1\r\n");
    if (!strstr(s->server.heads[0], "Authorization: AWS4-HMAC-SHA256 Credential=AKTEST/20260314/eu-west-1/lambda/"))
        fail_msg("not signed: %s", s->server.heads[0]);
}

static void pages_become_one_list(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Functions\":[1],\"NextMarker\":\"a+/=\"}",
                                    "{\"Functions\":[],\"NextMarker\":\"\\u00fc&\"}",
                                    "{\"Functions\":[2,3],\"NextMarker\":\"\"}", NULL });
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
    expect_json("[1,2,3]");
    expect_request(s, 1, "GET /2015-03-31/functions?Marker=a%2B%2F%3D HTTP/1.1\r\n");
    expect_request(s, 2, "GET /2015-03-31/functions?Marker=%C3%BC%26 HTTP/1.1\r\n");
    assert_int_equal(s->server.whole, 3);
}

static void an_empty_list_is_one(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Aliases\":[]}", NULL });
    list(s, LAMBDA_LIST_ALIASES, "orders", 0);
    expect_json("[]");
}

static void each_list_has_its_place(void **state)
{
    static const struct {
        enum lambda_list what;
        const char *function, *page, *line;
    } rows[] = {
        { LAMBDA_LIST_VERSIONS, "orders", "{\"Versions\":[]}", "GET /2015-03-31/functions/orders/versions HTTP" },
        { LAMBDA_LIST_ALIASES, "orders:live", "{\"Aliases\":[]}", "GET /2015-03-31/functions/orders/aliases HTTP" },
        { LAMBDA_LIST_ALIASES, "arn:aws:lambda:eu-west-1:123456789012:function:orders:live", "{\"Aliases\":[]}",
          "GET /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aorders/aliases HTTP" },
    };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        serve(s, (const char *const[]){ rows[i].page, NULL });
        list(s, rows[i].what, rows[i].function, 0);
        expect_json("[]");
        expect_request(s, 0, rows[i].line);
    }
}

static void no_more_is_fetched_than_wanted(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Functions\":[1,2],\"NextMarker\":\"x\"}",
                                    "{\"Functions\":[3,4],\"NextMarker\":\"y\"}", NULL });
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 3);
    expect_json("[1,2,3]");
    assert_int_equal(s->server.whole, 2);
    expect_request(s, 0, "GET /2015-03-31/functions?MaxItems=3 HTTP/1.1\r\n");
    expect_request(s, 1, "GET /2015-03-31/functions?Marker=x&MaxItems=1 HTTP/1.1\r\n");
}

static void what_is_no_list_is_told(void **state)
{
    static const struct {
        const char *first, *second, *sentence;
    } rows[] = {
        { "", NULL, "is no JSON object" },
        { "<html></html>", NULL, "is no JSON object" },
        { "[]", NULL, "is no JSON object" },
        { "{\"Functions\":[1]", NULL, "is no JSON object" },
        { "{}", NULL, "holds no list \"Functions\"" },
        { "{\"Functions\":{}}", NULL, "holds no list \"Functions\"" },
        { "{\"Functions\":[],\"NextMarker\":1}", NULL, "a NextMarker that is no text" },
        { "{\"Functions\":[],\"NextMarker\":\"x\"}", "{\"Functions\":[],\"NextMarker\":\"x\"}", "came twice" },
        { "{\"Functions\":[],\"NextMarker\":\"x\"}", "{\"Versions\":[]}", "holds no list" },
    };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        serve(s, (const char *const[]){ rows[i].first, rows[i].second, NULL });
        list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
        expect_failure(JN_BAD_TEXT, rows[i].sentence);
        expect_failure(JN_BAD_TEXT, "cannot list functions: the answer of http://127.0.0.1:");
    }
}

/* ---- one function -------------------------------------------------------------------------------------------- */

static void a_function_comes_without_its_secret(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Configuration\":{\"Timeout\":3},\"Code\":{\"RepositoryType\":\"S3\","
                                    "\"Location\":\"https://x/?X-Amz-Signature=1\"},\"Tags\":{}}", NULL });
    if (lambda_get_function(s->client, JN_STR("orders"), JN_STR("live"), on_control, s, NULL, &err))
        fail_msg("%s", err.message);
    await(s, got.calls);
    expect_json("{\"Configuration\":{\"Timeout\":3},\"Code\":{\"RepositoryType\":\"S3\"},\"Tags\":{}}");
    expect_request(s, 0, "GET /2015-03-31/functions/orders?Qualifier=live HTTP/1.1\r\n");
}

static void what_is_no_function_is_told(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    const jn_str none = { NULL, 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Configuration\":1}", NULL });
    assert_int_equal(lambda_get_function(s->client, JN_STR("orders"), none, on_control, s, NULL, &err), JN_OK);
    await(s, got.calls);
    expect_failure(JN_BAD_TEXT, "cannot describe function \"orders\": the answer of http://127.0.0.1:");
    expect_failure(JN_BAD_TEXT, "holds no Configuration");
    assert_int_equal(lambda_get_function(s->client, JN_STR("a b"), none, on_control, s, NULL, &err), JN_BAD_VALUE);
    err = (struct jn_error){ 0 };
    assert_int_equal(lambda_get_function(s->client, JN_STR("a:1"), JN_STR("2"), on_control, s, NULL, &err),
                     JN_BAD_VALUE);
    err = (struct jn_error){ 0 };
    const jn_str elsewhere = JN_STR("arn:aws:lambda:us-east-1:123456789012:function:orders");
    assert_int_equal(lambda_list(s->client, LAMBDA_LIST_ALIASES, elsewhere, 0, on_control, s, NULL, &err),
                     JN_BAD_VALUE);
    assert_non_null(strstr(err.message, "choose region us-east-1"));
    err = (struct jn_error){ 0 };
    assert_int_equal(lambda_list(s->client, LAMBDA_LIST_ALIASES, none, 0, on_control, s, NULL, &err), JN_BAD_VALUE);
    assert_int_equal(got.calls, 1);
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

/* All recorded refusals of Lambda, on a list: their code comes through, and those that pass are asked again. */
static void refusals_are_those_of_an_invocation(void **state)
{
    struct scene *s = *state;
    struct vectors v;
    size_t seen = 0;
    vectors_read(&v, "tests/golden/aws/responses.json");
    const jn_value all = member(v.root, "responses");
    for (size_t i = 0; i < jn_length(all); i++) {
        const jn_value row = jn_at(all, i), expected = member(row, "expected");
        const double status = jn_get_number(member(row, "status"));
        if (!jn_str_eq(text_of(row, "service"), JN_STR("lambda")) || status < 400)
            continue;
        char headers[512] = "", number[8], body[600];
        size_t len = 0;
        const jn_value fields = member(row, "headers");
        for (size_t k = 0; k < jn_length(fields); k++)
            len += (size_t)snprintf(headers + len, sizeof headers - len, "%.*s: %.*s\r\n", JN_ARG(jn_key_at(fields, k)),
                                    JN_ARG(jn_get_string(jn_at(fields, k))));
        assert_true(len < sizeof headers && text_of(row, "body").len < sizeof body);
        snprintf(number, sizeof number, "%.0f", status);
        snprintf(body, sizeof body, "%.*s", JN_ARG(text_of(row, "body")));
        answer(0, number, headers, body);
        script_play(&s->server, steps, 1);
        scene_client(s, (struct lambda_client_options){ .max_attempts = 1 });
        list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
        expect_failure(JN_REMOTE, "");
        expect_text(jn_str_of(got.error.code), text_of(expected, "code"), text_of(row, "name"), "code");
        seen++;
    }
    assert_true(seen > 50);
    vectors_free(&v);
}

static void a_page_is_asked_for_again(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    answer(0, "200", "", "{\"Functions\":[1],\"NextMarker\":\"x\"}");
    answer(1, "429", "x-amzn-ErrorType: TooManyRequestsException\r\n", "{}");
    answer(2, "502", "", "from a proxy");                       // nothing runs by a list
    answer(3, "200", "", "{\"Functions\":[2]}");
    script_play(&s->server, steps, 4);
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
    expect_json("[1,2]");
    expect_request(s, 3, "GET /2015-03-31/functions?Marker=x HTTP/1.1\r\n");
}

static void a_lack_of_permission_names_it(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    answer(0, "403", "x-amzn-ErrorType: AccessDeniedException\r\n", "{\"Message\":\"no\"}");
    script_play(&s->server, steps, 1);
    list(s, LAMBDA_LIST_ALIASES, "orders", 0);
    expect_failure(JN_REMOTE, "allow lambda:ListAliases on function \"orders\" to the owner of access key AKTEST");
}

/* ---- who ends it --------------------------------------------------------------------------------------------- */

static void a_list_may_be_cancelled(void **state)
{
    static const struct script_step silence = { SCRIPT_SILENCE, NULL };
    struct scene *s = *state;
    struct lambda_control_call *x = NULL;
    const jn_str none = { NULL, 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    script_play(&s->server, &silence, 1);
    assert_int_equal(lambda_list(s->client, LAMBDA_LIST_FUNCTIONS, none, 0, on_control, s, &x, NULL), JN_OK);
    while (s->server.whole < 1)
        scene_run_briefly(s);
    lambda_control_cancel(x);
    scene_run_briefly(s);
    assert_int_equal(got.calls, 0);
    serve(s, (const char *const[]){ "{\"Functions\":[]}", NULL });
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
    expect_json("[]");
}

static void a_list_may_be_cancelled_between_pages(void **state)
{
    static struct script_step both[2];
    struct scene *s = *state;
    struct lambda_control_call *x = NULL;
    const jn_str none = { NULL, 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    answer(0, "200", "", "{\"Functions\":[1],\"NextMarker\":\"x\"}");
    both[0] = steps[0];
    both[1] = (struct script_step){ SCRIPT_SILENCE, NULL };
    script_play(&s->server, both, 2);
    assert_int_equal(lambda_list(s->client, LAMBDA_LIST_FUNCTIONS, none, 0, on_control, s, &x, NULL), JN_OK);
    while (s->server.whole < 2)
        scene_run_briefly(s);
    lambda_control_cancel(x);
    scene_run_briefly(s);
    assert_int_equal(got.calls, 0);
}

static void a_client_may_be_freed_with_lists_going_on_and_in_their_callback(void **state)
{
    static const struct script_step silence = { SCRIPT_SILENCE, NULL };
    struct scene *s = *state;
    const jn_str none = { NULL, 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    script_play(&s->server, &silence, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lambda_list(s->client, LAMBDA_LIST_FUNCTIONS, none, 0, on_control, s, NULL, NULL), JN_OK);
    while (s->server.whole < 3)
        scene_run_briefly(s);
    scene_client(s, (struct lambda_client_options){ 0 });
    serve(s, (const char *const[]){ "{\"Functions\":[7]}", NULL });
    got.free_client = true;
    list(s, LAMBDA_LIST_FUNCTIONS, NULL, 0);
    expect_json("[7]");
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static struct scene *scene;

static void on_quiet(const struct jn_error *failed, jn_value value, void *arg)
{
    (void)value;
    *(struct jn_error *)arg = failed ? *failed : (struct jn_error){ 0 };
    base_loop_stop(scene->loop);
}

static enum jn_status list_twice(struct jn_error *err)
{
    struct scene *s = scene;
    struct jn_error told = { 0 };
    const jn_str none = { NULL, 0 };
    scene_chance(s, 0);
    script_play(&s->server, steps, 3);
    const struct base_env env = base_env_of((const char *const[]){ "AWS_CONFIG_FILE", "/nonexistent/c",
                                                                   "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d",
                                                                   NULL });
    const struct lambda_client_options opt = { .cred = { .access_key = "A", .secret_key = "s", .env = &env,
                                                         .clock = &s->clock },
                                               .region = "eu-west-1", .endpoint = s->endpoint, .random = &s->random };
    enum jn_status status = lambda_client_new(s->loop, &opt, &s->client, err);
    if (!status)
        status = lambda_list(s->client, LAMBDA_LIST_FUNCTIONS, none, 0, on_quiet, &told, NULL, err);
    if (!status)
        base_loop_run(s->loop);
    if (!status && !told.status)
        status = lambda_get_function(s->client, JN_STR("f"), JN_STR("1"), on_quiet, &told, NULL, err);
    if (!status && !told.status)
        base_loop_run(s->loop);
    lambda_client_free(s->client);
    s->client = NULL;
    if (told.status)
        *err = told;
    return status ? status : told.status;
}

static void lack_of_memory_is_an_ordinary_failure(void **state)
{
    scene = *state;
    answer(0, "200", "", "{\"Functions\":[{\"FunctionName\":\"a\"}],\"NextMarker\":\"x\"}");
    answer(1, "200", "", "{\"Functions\":[{\"FunctionName\":\"b\"}]}");
    answer(2, "200", "", "{\"Configuration\":{},\"Code\":{\"Location\":\"\\u0041ddress\"}}");
    with_failing_memory(list_twice, 20);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_list_of_one_page),
        CASE(pages_become_one_list),
        CASE(an_empty_list_is_one),
        CASE(each_list_has_its_place),
        CASE(no_more_is_fetched_than_wanted),
        CASE(what_is_no_list_is_told),
        CASE(a_function_comes_without_its_secret),
        CASE(what_is_no_function_is_told),
        CASE(refusals_are_those_of_an_invocation),
        CASE(a_page_is_asked_for_again),
        CASE(a_lack_of_permission_names_it),
        CASE(a_list_may_be_cancelled),
        CASE(a_list_may_be_cancelled_between_pages),
        CASE(a_client_may_be_freed_with_lists_going_on_and_in_their_callback),
        CASE(lack_of_memory_is_an_ordinary_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
