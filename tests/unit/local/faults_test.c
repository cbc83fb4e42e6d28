/* faults_test.c - rules that say which calls meet which fault. */
#include "local/faults.h"

#include "cmocka_all.h"

static struct base_random chance;

static struct local_faults *rules(const char *text)
{
    struct jn_error err = { 0 };
    struct local_faults *f = local_faults_new();
    assert_non_null(f);
    if (local_faults_add(f, jn_str_of(text), &err))
        fail_msg("%s", err.message);
    chance = (struct base_random){ .seed = 7 };
    return f;
}

static struct local_strike strike(struct local_faults *f, const char *function, const char *qualifier)
{
    struct local_strike s = { 0 };
    local_faults_strike(f, jn_str_of(function), jn_str_of(qualifier), &chance, &s);
    return s;
}

static enum local_fault_kind refusal(struct local_faults *f, const char *function, const char *qualifier)
{
    const struct local_strike s = strike(f, function, qualifier);
    return s.refusal ? s.refusal->kind : LOCAL_NO_FAULT;
}

static void a_rule_hits_as_often_as_it_says(void **state)
{
    (void)state;
    struct local_faults *f = rules("[{\"fault\":\"throttle\",\"after\":1,\"times\":2}]");
    assert_int_equal(refusal(f, "f", "$LATEST"), LOCAL_NO_FAULT);
    assert_int_equal(refusal(f, "f", "$LATEST"), LOCAL_FAULT_THROTTLE);
    assert_int_equal(refusal(f, "g", "$LATEST"), LOCAL_FAULT_THROTTLE);
    assert_int_equal(refusal(f, "f", "$LATEST"), LOCAL_NO_FAULT);
    local_faults_free(f);
}

static void a_rule_may_be_for_one_function_and_one_qualifier(void **state)
{
    (void)state;
    struct local_faults *f = rules("{\"fault\":\"expired-token\",\"function\":\"f\",\"qualifier\":\"prod\"}");
    assert_int_equal(refusal(f, "f", "$LATEST"), LOCAL_NO_FAULT);
    assert_int_equal(refusal(f, "ff", "prod"), LOCAL_NO_FAULT);
    assert_int_equal(refusal(f, "f", "prod"), LOCAL_FAULT_EXPIRED_TOKEN);
    assert_int_equal(refusal(f, "f", "prod"), LOCAL_FAULT_EXPIRED_TOKEN);
    local_faults_free(f);
}

static void the_first_refusal_is_the_last_rule_that_is_asked(void **state)
{
    (void)state;
    struct local_faults *f = rules("[{\"fault\":\"error\",\"status\":503,\"times\":1},"
                                   "{\"fault\":\"throttle\",\"times\":1}]");
    assert_int_equal(refusal(f, "f", "1"), LOCAL_FAULT_ERROR);
    assert_int_equal(refusal(f, "f", "1"), LOCAL_FAULT_THROTTLE);
    assert_int_equal(refusal(f, "f", "1"), LOCAL_NO_FAULT);
    local_faults_free(f);
}

static void what_is_late_adds_up(void **state)
{
    (void)state;
    struct local_faults *f = rules("[{\"fault\":\"delay\",\"seconds\":1.5},{\"fault\":\"delay\",\"seconds\":0.5},"
                                   "{\"fault\":\"delay\",\"seconds\":2,\"when\":\"after\"},"
                                   "{\"fault\":\"slow\",\"bytesPerSecond\":50},{\"fault\":\"slow\",\"bytesPerSecond\":9},"
                                   "{\"fault\":\"cut\",\"when\":\"after\"},{\"fault\":\"throttle\"}]");
    assert_true(local_faults_hold(f, JN_STR("f"), JN_STR("1"), &chance) == 2.0);
    const struct local_strike s = strike(f, "f", "1");
    assert_true(s.delay_s == 2.0);
    assert_int_equal(s.bytes_per_second, 9);
    assert_true(s.is_cut);
    assert_null(s.refusal);
    local_faults_free(f);
}

static void chance_decides_when_it_is_asked_to(void **state)
{
    (void)state;
    int hits = 0;
    struct local_faults *f = rules("{\"fault\":\"cut\",\"probability\":0.3}");
    for (int i = 0; i < 1000; i++)
        hits += refusal(f, "f", "1") == LOCAL_FAULT_CUT;
    assert_in_range(hits, 250, 350);
    local_faults_free(f);
}

static void errors_are_called_as_aws_calls_them(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *code;
    } cases[] = {
        { "{\"fault\":\"error\"}", "ServiceException" },
        { "{\"fault\":\"error\",\"status\":502}", "EC2UnexpectedException" },
        { "{\"fault\":\"error\",\"status\":503}", "ServiceUnavailableException" },
        { "{\"fault\":\"error\",\"status\":504}", "" },
        { "{\"fault\":\"error\",\"status\":429}", "TooManyRequestsException" },
        { "{\"fault\":\"error\",\"status\":400}", "InvalidParameterValueException" },
        { "{\"fault\":\"error\",\"code\":\"ENINotReadyException\",\"status\":502}", "ENINotReadyException" },
        { "{\"fault\":\"error\",\"code\":\"\",\"status\":503}", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct local_faults *f = rules(cases[i].rule);
        assert_string_equal(strike(f, "f", "1").refusal->code, cases[i].code);
        local_faults_free(f);
    }
}

static void rules_are_written_as_they_are_read(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"fault\":\"throttle\",\"function\":\"f\",\"qualifier\":\"1\",\"after\":2,\"times\":3,\"probability\":0.5,"
        "\"reason\":\"R\",\"retryAfter\":4,\"message\":\"m\",\"hits\":0},"
        "{\"fault\":\"error\",\"status\":503,\"code\":\"C\",\"hits\":0},{\"fault\":\"expired-token\",\"hits\":0},"
        "{\"fault\":\"cut\",\"when\":\"after\",\"hits\":0},{\"fault\":\"delay\",\"when\":\"before\",\"seconds\":0.25,"
        "\"hits\":0},{\"fault\":\"slow\",\"bytesPerSecond\":10,\"hits\":0}]";
    struct local_faults *f = rules(text);
    struct jn_buf out;
    jn_buf_init(&out, 0);
    local_faults_put(&out, f);
    assert_string_equal(out.data, text);
    jn_buf_clear(&out);
    local_faults_free(f);
}

static void mistakes_are_told_with_their_rule_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        { "{", "expected a key in double quotes, found the end of the text" },
        { "7", "it must be an object, it is number" },
        { "[{\"fault\":\"cut\"},{}]", "rule 2: it has no \"fault\"" },
        { "[{\"fault\":\"flood\"}]", "rule 1: \"flood\" is not a fault; there are throttle, error, expired-token, cut, delay "
                                     "and slow" },
        { "[{\"fault\":7}]", "\"fault\" must be a string, it is number" },
        { "[{\"fault\":\"cut\",\"time\":1}]", "\"time\" is not a member of a rule; there are fault, function, qualifier," },
        { "[{\"fault\":\"cut\",\"seconds\":1}]", "\"seconds\" means nothing to the fault cut" },
        { "[{\"fault\":\"cut\",\"when\":\"now\"}]", "\"when\" is \"now\"; it must be before or after: the function runs" },
        { "[{\"fault\":\"cut\",\"times\":0}]", "\"times\" must be a whole number from 1 to 1000000" },
        { "[{\"fault\":\"cut\",\"probability\":1.5}]", "\"probability\" must be a number from 0 to 1" },
        { "[{\"fault\":\"delay\"}]", "a delay needs \"seconds\"" },
        { "[{\"fault\":\"slow\"}]", "slow needs \"bytesPerSecond\"" },
        { "[{\"fault\":\"error\",\"status\":200}]", "\"status\" must be a whole number from 400 to 599" },
    };
    struct local_faults *f = rules("[{\"fault\":\"throttle\"}]");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        assert_int_not_equal(local_faults_add(f, jn_str_of(cases[i].text), &err), JN_OK);
        if (!strstr(err.message, cases[i].sentence))
            fail_msg("%s\nexpected: %s\ncame: %s", cases[i].text, cases[i].sentence, err.message);
    }
    struct jn_buf out;
    jn_buf_init(&out, 0);
    local_faults_put(&out, f);
    assert_string_equal(out.data, "[{\"fault\":\"throttle\",\"reason\":\"ConcurrentInvocationLimitExceeded\","
                                  "\"retryAfter\":1,\"hits\":0}]");
    local_faults_clear(f);
    jn_buf_truncate(&out, 0);
    local_faults_put(&out, f);
    assert_string_equal(out.data, "[]");
    jn_buf_clear(&out);
    local_faults_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_hits_as_often_as_it_says),
        cmocka_unit_test(a_rule_may_be_for_one_function_and_one_qualifier),
        cmocka_unit_test(the_first_refusal_is_the_last_rule_that_is_asked),
        cmocka_unit_test(what_is_late_adds_up),
        cmocka_unit_test(chance_decides_when_it_is_asked_to),
        cmocka_unit_test(errors_are_called_as_aws_calls_them),
        cmocka_unit_test(rules_are_written_as_they_are_read),
        cmocka_unit_test(mistakes_are_told_with_their_rule_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
