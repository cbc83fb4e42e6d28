/* document_test.c - what the platform says when an invocation fails, and what the service says when it refuses. */
#include "local/failure.h"
#include "local/refusal.h"
#include "local/text.h"

#include "cmocka_all.h"

#define ID "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

static void the_end_of_a_process_is_told_in_gos_words(void **state)
{
    (void)state;
    static const struct {
        int status, signum;
        const char *words;
    } cases[] = {
        { 0, 0, "exit status 0" },          { 1, 0, "exit status 1" },   { 255, 0, "exit status 255" },
        { 0, 9, "signal: killed" },         { 0, 6, "signal: aborted" }, { 0, 11, "signal: segmentation fault" },
        { 0, 15, "signal: terminated" },    { 0, 31, "signal: bad system call" },
        { 0, 34, "signal: signal 34" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf b;
        jn_buf_init(&b, 0);
        local_put_process_end(&b, cases[i].status, cases[i].signum);
        assert_string_equal(b.data, cases[i].words);
        jn_buf_clear(&b);
    }
}

static void the_platforms_documents_are_awss(void **state)
{
    (void)state;
    static const struct {
        enum local_failure failure;
        const char *detail, *document;
    } cases[] = {
        { LOCAL_FAILURE_TIMEOUT, "3.00", "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: " ID
          " Error: Task timed out after 3.00 seconds\"}" },
        { LOCAL_FAILURE_EXIT, "exit status 1", "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: " ID
          " Error: Runtime exited with error: exit status 1\"}" },
        { LOCAL_FAILURE_EXIT, "", "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: " ID
          " Error: Runtime exited without providing a reason\"}" },
        { LOCAL_FAILURE_TOO_LARGE, "6291556", "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload "
          "size (6291556 bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}" },
        { LOCAL_FAILURE_ENTRYPOINT, "cannot start \"x\"", "{\"errorType\":\"Runtime.InvalidEntrypoint\","
          "\"errorMessage\":\"RequestId: " ID " Error: cannot start \\\"x\\\"\"}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf b;
        jn_buf_init(&b, 0);
        local_put_failure(&b, cases[i].failure, ID, jn_str_of(cases[i].detail));
        assert_string_equal(b.data, cases[i].document);
        jn_buf_clear(&b);
    }
}

static void assert_refusal(enum local_refusal_kind kind, const char *document)
{
    struct local_refusal r;
    struct jn_buf b;
    local_refusal_init(&r);
    jn_buf_init(&b, 0);
    assert_false(local_refuse(&r, kind, "no %d", 1));
    assert_false(local_refuse(&r, LOCAL_REFUSED_SERVICE, "a second reason changes nothing"));
    local_put_refusal(&b, &r);
    assert_string_equal(b.data, document);
    jn_buf_truncate(&b, 0);
    r.reason = "CallerRateLimitExceeded";
    local_put_refusal(&b, &r);
    assert_true(jn_str_starts(jn_buf_str(&b), JN_STR("{\"Reason\":\"CallerRateLimitExceeded\",\"")));
    jn_buf_clear(&b);
    local_refusal_clear(&r);
}

static void a_refusal_spells_its_members_as_its_error_does(void **state)
{
    (void)state;
    assert_refusal(LOCAL_REFUSED_NOT_FOUND, "{\"Type\":\"User\",\"Message\":\"no 1\"}");
    assert_refusal(LOCAL_REFUSED_INVALID_PARAMETER, "{\"Type\":\"User\",\"message\":\"no 1\"}");
    assert_refusal(LOCAL_REFUSED_SERVICE, "{\"Type\":\"Service\",\"Message\":\"no 1\"}");
    assert_refusal(LOCAL_REFUSED_INVALID_SIGNATURE, "{\"message\":\"no 1\"}");
    assert_refusal(LOCAL_REFUSED_THROTTLED, "{\"Type\":\"User\",\"message\":\"no 1\"}");
    assert_int_equal(local_refusal_status(LOCAL_REFUSED_THROTTLED), 429);
    assert_string_equal(local_refusal_code(LOCAL_REFUSED_TOO_LARGE), "RequestEntityTooLargeException");
}

static void text_of_any_bytes_becomes_a_json_string(void **state)
{
    (void)state;
    static const struct {
        jn_str text;
        const char *json;
    } cases[] = {
        { JN_STR_INIT(""), "\"\"" },
        { JN_STR_INIT("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\"" },
        { JN_STR_INIT("K\xc3\xb6ln"), "\"K\xc3\xb6ln\"" },
        { JN_STR_INIT("\xff" "a\xc3"), "\"\xef\xbf\xbd" "a\xef\xbf\xbd\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf b;
        jn_buf_init(&b, 0);
        local_put_json_string(&b, cases[i].text);
        assert_string_equal(b.data, cases[i].json);
        jn_buf_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_process_is_told_in_gos_words),
        cmocka_unit_test(the_platforms_documents_are_awss),
        cmocka_unit_test(a_refusal_spells_its_members_as_its_error_does),
        cmocka_unit_test(text_of_any_bytes_becomes_a_json_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
