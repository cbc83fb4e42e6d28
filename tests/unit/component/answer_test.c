/* answer_test.c - what an answer of the service becomes. */
#include "component/answer.h"

#include "cmocka_all.h"
#include "core/value.h"

static void check_body(const struct lambda_invoked *in, const char *expected)
{
    struct jn_arena *a = jn_arena_new(0);
    struct jn_buf out;
    jn_buf_init(&out, 0);
    assert_int_equal(component_answer_body(a, in, &out, NULL), JN_OK);
    assert_string_equal(out.data, expected);
    jn_buf_clear(&out);
    jn_arena_free(a);
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        struct lambda_invoked in;
        const char *expected;
    } cases[] = {
        { { .status = 200, .payload = JN_STR_INIT("{ \"a\" : [ 1 ] }\n") }, "{\"a\":[1]}" },
        { { .status = 200, .payload = JN_STR_INIT("null") }, "null" },
        { { .status = 200, .payload = JN_STR_INIT("\"text\"") }, "\"text\"" },
        { { .status = 200, .payload = JN_STR_INIT("no json"), .executed_version = JN_STR_INIT("7") },
          "{\"StatusCode\":200,\"ExecutedVersion\":\"7\",\"Payload\":\"no json\"}" },
        { { .status = 202, .payload = JN_STR_INIT("") }, "{\"StatusCode\":202,\"Payload\":\"\"}" },
        { { .status = 200, .payload = JN_STR_INIT("\xff\"") }, "{\"StatusCode\":200,\"Payload\":\"\xef\xbf\xbd\\\"\"}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_body(&cases[i].in, cases[i].expected);
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
    jn_arena_free(a);
}

static void test_failures(void **state)
{
    (void)state;
    check_failure("{\"errorType\":\"OutOfStock\",\"errorMessage\":\"none left\",\"trace\":[\"a\"]}", "OutOfStock", "none left");
    check_failure("{\"errorMessage\":\"only words\"}", "Unhandled", "only words");
    check_failure("{\"odd\":1}", "Unhandled", "the function failed and said: {\"odd\":1}");
    check_failure("no json", "Unhandled", "no json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
