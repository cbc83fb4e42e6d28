/* policy_test.c - what becomes of a message whose invocation failed. */
#include "component/policy.h"

#include "cmocka_all.h"

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jn_status status;
        int http;                   /* of a failure with this code */
        const char *name;
        bool expected;              /* whether it is one of them */
    } cases[] = {
        { "", JN_OK, 408, "", true }, { "", JN_OK, 423, "", true }, { "", JN_OK, 429, "", true },
        { "", JN_OK, 500, "", true }, { "", JN_OK, 599, "", true }, { "", JN_OK, 404, "", false },
        { " \n", JN_OK, 503, "", true }, { "404", JN_OK, 503, "", false }, { "404", JN_OK, 404, "", true },
        { "400 - 404 , 502", JN_OK, 403, "", true }, { "400-404,502", JN_OK, 502, "", true },
        { "400-404,502", JN_OK, 405, "", false }, { ", 404 ,", JN_OK, 404, "", true },
        { "ResourceConflictException", JN_OK, 409, "ResourceConflictException", true },
        { "ResourceConflictException", JN_OK, 409, "SnapStartNotReadyException", false },
        { "404, ResourceConflictException", JN_OK, 409, "ResourceConflictException", true },
        { "4xx", JN_BAD_VALUE, 0, "", false }, { "99", JN_BAD_VALUE, 0, "", false },
        { "600", JN_BAD_VALUE, 0, "", false },
        { "500-400", JN_BAD_VALUE, 0, "", false }, { "500-", JN_BAD_VALUE, 0, "", false },
        { "408 423", JN_BAD_VALUE, 0, "", false }, { "a/b", JN_BAD_VALUE, 0, "", false },
        { "4040", JN_BAD_VALUE, 0, "", false },
        { "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", JN_BAD_VALUE, 0, "", false },
        { "1,", JN_BAD_VALUE, 0, "", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct component_codes codes;
        struct jn_error err = { 0 };
        assert_int_equal(component_codes_read(jn_str_of(cases[i].text), &codes, &err), cases[i].status);
        if (cases[i].status) {
            assert_non_null(strstr(err.message, "is neither an HTTP code"));
            continue;
        }
        const struct lambda_outcome o = { .status = JN_REMOTE, .http_status = cases[i].http,
                                          .service = { .code = jn_str_of(cases[i].name) } };
        if (component_codes_have(&codes, &o) != cases[i].expected)
            fail_msg("\"%s\": %d %s", cases[i].text, cases[i].http, cases[i].name);
    }
}

static void test_more_codes_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char text[4 * (COMPONENT_MAX_CODES + 1) + 1] = "";
    for (int i = 0; i <= COMPONENT_MAX_CODES; i++)
        memcpy(text + 4 * (size_t)i, "404,", 5);
    struct component_codes codes;
    struct jn_error err = { 0 };
    assert_int_equal(component_codes_read(jn_str_of(text), &codes, &err), JN_BAD_VALUE);
    assert_string_equal(err.message, "there are more than 32 codes");
    text[4 * COMPONENT_MAX_CODES] = '\0';
    assert_int_equal(component_codes_read(jn_str_of(text), &codes, NULL), JN_OK);
}

/* A failure, and what each policy does with it: T throw, R rebound, E emit; r: tried again before. */
struct failure_case {
    struct lambda_outcome outcome;
    const char *by_component, *rebound, *throw, *emit;
};

static const char *do_with(enum component_error_policy errors, bool allowed, const struct lambda_outcome *o)
{
    static const char *const names[2][3] = { { "E", "T", "R" }, { "rE", "rT", "rR" } };
    struct component_policy p = { .errors = errors, .retry_unknown_outcome = allowed };
    assert_int_equal(component_codes_read(JN_STR(""), &p.codes, NULL), JN_OK);
    return names[component_policy_retries(&p, o)][component_policy_failed(&p, o)];
}

#define SERVICE(http, class) { .status = JN_REMOTE, .http_status = http, .service = { .retry = LAMBDA_RETRY_##class } }

static void test_policies(void **state)
{
    (void)state;
    static const struct failure_case cases[] = {
        { SERVICE(429, THROTTLING), "rT", "R", "T", "E" },
        { SERVICE(400, THROTTLING), "rT", "R", "T", "E" },
        { SERVICE(503, TRANSIENT), "rT", "R", "T", "E" },
        { SERVICE(404, NONE), "T", "T", "T", "T" },
        { SERVICE(403, CLOCK_SKEW), "T", "T", "T", "T" },
        { { .status = JN_IO }, "rT", "R", "T", "E" },
        { { .status = JN_TIMEOUT }, "rT", "R", "T", "E" },
        { { .status = JN_TIMEOUT, .outcome_unknown = true }, "rT", "T", "T", "E" },  /* the client asks again */
        { { .status = JN_TLS }, "rT", "R", "T", "E" },
        { { .status = JN_NO_MEMORY }, "T", "T", "T", "T" },
        { { .status = JN_BAD_VALUE }, "T", "T", "T", "T" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct failure_case *c = &cases[i];
        assert_string_equal(do_with(COMPONENT_BY_COMPONENT, false, &c->outcome), c->by_component);
        assert_string_equal(do_with(COMPONENT_REBOUND_ERRORS, false, &c->outcome), c->rebound);
        assert_string_equal(do_with(COMPONENT_THROW_ERRORS, false, &c->outcome), c->throw);
        assert_string_equal(do_with(COMPONENT_EMIT_ERRORS, false, &c->outcome), c->emit);
    }
    const struct lambda_outcome unknown = { .status = JN_TIMEOUT, .outcome_unknown = true };
    assert_string_equal(do_with(COMPONENT_REBOUND_ERRORS, true, &unknown), "R");
}

static void test_functions_that_fail(void **state)
{
    (void)state;
    struct component_policy p = { .function_errors = COMPONENT_THROW_FUNCTION };
    assert_int_equal(component_policy_function_failed(&p), COMPONENT_THROW);
    p.function_errors = COMPONENT_REBOUND_FUNCTION;
    assert_int_equal(component_policy_function_failed(&p), COMPONENT_REBOUND);
    p.function_errors = COMPONENT_EMIT_FUNCTION;
    assert_int_equal(component_policy_function_failed(&p), COMPONENT_EMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_more_codes_than_there_is_room_for_are_refused),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_functions_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
