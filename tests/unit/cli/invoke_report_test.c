/* invoke_report_test.c - failures, for people and for sending again. */
#include "cli/invoke_report.h"

#include "cmocka_all.h"

static const struct invoke_place place = { "orders.ndjson", 17, 18, JN_STR_INIT("{\"id\":7}") };

static struct component_result failure(void)
{
    static const jn_str stack[] = { JN_STR_INIT("at price (index.js:3)") };
    struct component_result r = {
        .status = JN_REMOTE, .stage = COMPONENT_FUNCTION, .request_id = JN_STR_INIT("11-22"),
        .payload = JN_STR_INIT("{\"errorType\":\"OutOfStock\"}"), .stack = stack, .stack_lines = 1,
    };
    jn_fail_code(&r.error, JN_REMOTE, JN_STR("OutOfStock"), "none left");
    return r;
}

static void test_text_for_people(void **state)
{
    (void)state;
    const struct component_result r = failure();
    struct jn_buf out;
    jn_buf_init(&out, 0);
    invoke_report_text(&out, &place, &r);
    assert_string_equal(out.data, "message 17 (orders.ndjson, line 18): the function failed: OutOfStock: none left "
                                  "[request 11-22]\n    at price (index.js:3)\n");
    jn_buf_clear(&out);
}

static void check_record(const struct component_result *r, const struct invoke_place *at, const char *expected)
{
    struct jn_arena *a = jn_arena_new(0);
    struct jn_buf out;
    jn_buf_init(&out, 0);
    invoke_report_record(&out, a, at, r);
    assert_string_equal(out.data, expected);
    jn_buf_clear(&out);
    jn_arena_free(a);
}

static void test_a_record_holds_the_input(void **state)
{
    (void)state;
    struct component_result r = failure();
    check_record(&r, &place, "{\"index\":17,\"file\":\"orders.ndjson\",\"line\":18,\"stage\":\"function\","
                             "\"code\":\"OutOfStock\",\"message\":\"none left\",\"requestId\":\"11-22\","
                             "\"payload\":{\"errorType\":\"OutOfStock\"},\"input\":{\"id\":7}}\n");
}

static void test_an_input_that_is_no_json_is_kept_as_text(void **state)
{
    (void)state;
    struct component_result r = { .status = JN_BAD_TEXT, .outcome_unknown = true };
    jn_fail(&r.error, JN_BAD_TEXT, "faulty");
    const struct invoke_place at = { "-", 1, 1, JN_STR_INIT("{oops\xff") };
    check_record(&r, &at, "{\"index\":1,\"file\":\"-\",\"line\":1,\"stage\":\"mapping\",\"message\":\"faulty\","
                          "\"outcomeUnknown\":true,\"inputText\":\"{oops\xef\xbf\xbd\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_for_people),
        cmocka_unit_test(test_a_record_holds_the_input),
        cmocka_unit_test(test_an_input_that_is_no_json_is_kept_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
