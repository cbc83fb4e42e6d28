/* answer_test.c - what an answer of the service becomes. */
#include "component/answer.h"

#include <stdio.h>

#include "cmocka_all.h"
#include "core/value.h"

static void check_body(const struct lambda_invoked *in, const char *expected, bool expected_json)
{
    struct jn_arena *a = jn_arena_new(0);
    struct jn_buf out;
    jn_str body;
    bool is_json;
    jn_buf_init(&out, 0);
    assert_int_equal(component_answer_body(a, in, &out, &body, &is_json, NULL), JN_OK);
    if (!jn_str_eq(body, jn_str_of(expected)))
        fail_msg("%.*s", JN_ARG(body));
    assert_int_equal(is_json, expected_json);
    jn_buf_clear(&out);
    jn_arena_free(a);
}

/* JSON is emitted byte for byte: digits that a double cannot hold, white space, doubled keys. */
static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        struct lambda_invoked in;
        const char *expected;
        bool is_json;
    } cases[] = {
        { { .status = 200, .payload = JN_STR_INIT("{ \"a\" : [ 1 ] }\n") }, "{ \"a\" : [ 1 ] }\n", true },
        { { .status = 200, .payload = JN_STR_INIT("12345678901234567890.10") }, "12345678901234567890.10", true },
        { { .status = 200, .payload = JN_STR_INIT("{\"a\":1,\"a\":1.0}") }, "{\"a\":1,\"a\":1.0}", true },
        { { .status = 200, .payload = JN_STR_INIT("null") }, "null", true },
        { { .status = 200, .payload = JN_STR_INIT("\"text\"") }, "\"text\"", true },
        { { .status = 200, .payload = JN_STR_INIT("no json"), .executed_version = JN_STR_INIT("7"),
            .log_result = JN_STR_INIT("bG9n") },
          "{\"StatusCode\":200,\"ExecutedVersion\":\"7\",\"LogResult\":\"bG9n\",\"Payload\":\"no json\"}", false },
        { { .status = 202, .payload = JN_STR_INIT("") }, "{\"StatusCode\":202,\"Payload\":\"\"}", false },
        { { .status = 200, .payload = JN_STR_INIT("\xff\"") }, "{\"StatusCode\":200,\"Payload\":\"\xef\xbf\xbd\\\"\"}",
          false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_body(&cases[i].in, cases[i].expected, cases[i].is_json);
}

static void test_headers(void **state)
{
    (void)state;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    component_answer_headers(&(struct lambda_invoked){ .request_id = JN_STR("11-22"), .executed_version = JN_STR("7"),
                                                       .log_result = JN_STR("bG9n") }, &out);
    assert_string_equal(out.data, "{\"x-amzn-requestid\":\"11-22\",\"x-amz-executed-version\":\"7\","
                                  "\"x-amz-log-result\":\"bG9n\"}");
    jn_buf_truncate(&out, 0);
    component_answer_headers(&(struct lambda_invoked){ .request_id = JN_STR("") }, &out);
    assert_string_equal(out.data, "{}");
    jn_buf_clear(&out);
}

static void test_errors_that_are_data(void **state)
{
    (void)state;
    struct component_result r = { .http_status = 404, .attempts = 1, .request_id = JN_STR("11-22"),
                                  .stage = COMPONENT_INVOKE };
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_fail_code(&r.error, JN_REMOTE, JN_STR("ResourceNotFoundException"), "no such \"f\"");
    component_answer_error(&r, &out);
    assert_string_equal(out.data, "{\"error\":{\"name\":\"ResourceNotFoundException\","
                                  "\"message\":\"no such \\\"f\\\"\"},"
                                  "\"statusCode\":404,\"requestId\":\"11-22\",\"attempts\":1}");
    r = (struct component_result){ .attempts = 2, .outcome_unknown = true, .stage = COMPONENT_INVOKE };
    jn_fail(&r.error, JN_IO, "closed");
    jn_buf_truncate(&out, 0);
    component_answer_error(&r, &out);
    assert_string_equal(out.data, "{\"error\":{\"name\":\"InvocationError\",\"message\":\"closed\"},\"attempts\":2,"
                                  "\"outcomeUnknown\":true}");
    jn_buf_clear(&out);
}

static void check_failure(const char *payload, const char *code, const char *message)
{
    struct jn_arena *a = jn_arena_new(0);
    struct component_result r = { 0 };
    const struct lambda_invoked in = {
        .status = 200, .payload = jn_str_of(payload), .function_error = JN_STR_INIT("Unhandled"),
    };
    assert_int_equal(component_answer_failure(a, &in, &r), JN_REMOTE);
    assert_string_equal(r.error.code, code);
    assert_string_equal(r.error.message, message);
    const jn_str whole = component_result_message(&r);
    assert_int_equal(component_result_name(&r).len, strlen(code));
    assert_memory_equal(whole.data, message, whole.len);
    jn_arena_free(a);
}

/* A sentence is one line of 511 bytes at most, a code has 63; what a function said goes on as it said it. */
static void test_a_function_s_words_are_whole(void **state)
{
    (void)state;
    enum { TYPE = 200, MESSAGE = 3000 };
    char payload[TYPE + MESSAGE + 80], type[TYPE + 1], message[MESSAGE + 1];
    memset(type, 'T', TYPE);
    memset(message, 'm', MESSAGE);
    type[TYPE] = message[MESSAGE] = '\0';
    snprintf(payload, sizeof payload, "{\"errorType\":\"%s\",\"errorMessage\":\"one\\n%s\"}", type, message + 4);
    memcpy(message, "one\n", 4);
    struct jn_arena *a = jn_arena_new(0);
    struct component_result r = { 0 };
    const struct lambda_invoked in = {
        .status = 200, .payload = jn_str_of(payload), .function_error = JN_STR_INIT("Unhandled"),
    };
    assert_int_equal(component_answer_failure(a, &in, &r), JN_REMOTE);
    assert_true(jn_str_eq(component_result_name(&r), jn_str_of(type)));
    assert_true(jn_str_eq(component_result_message(&r), jn_str_of(message)));
    jn_arena_free(a);
}

static void test_failures(void **state)
{
    (void)state;
    check_failure("{\"errorType\":\"OutOfStock\",\"errorMessage\":\"none left\",\"trace\":[\"a\"]}", "OutOfStock",
                  "none left");
    check_failure("{\"errorMessage\":\"only words\"}", "Unhandled", "only words");
    check_failure("{\"odd\":1}", "Unhandled", "the function failed and said: {\"odd\":1}");
    check_failure("no json", "Unhandled", "no json");
}

static void check_sentence(const char *code, const char *message, const char *sentence)
{
    struct component_result r = { .stage = COMPONENT_INVOKE };
    jn_fail_code(&r.error, JN_REMOTE, jn_str_of(code), "%s", message);
    assert_string_equal(component_result_sentence(&r).data, sentence);
}

static void test_a_name_is_said_once(void **state)
{
    (void)state;
    check_sentence("Gone", "Gone: it went", "it went");
    check_sentence("Gone", "Gone", "Gone");
    check_sentence("Gone", "Gone; look elsewhere", "Gone; look elsewhere");
    check_sentence("Go", "Gone: it went", "Gone: it went");
    check_sentence("", ": it went", ": it went");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_errors_that_are_data),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_a_name_is_said_once),
        cmocka_unit_test(test_a_function_s_words_are_whole),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
