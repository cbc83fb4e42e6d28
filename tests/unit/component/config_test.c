/* config_test.c - the fields of the form: what they may hold, and what is said of what they may not. */
#include "component/config.h"

#include <stdio.h>

#include "cmocka_all.h"

static struct component_config read_config(struct jn_arena *a, const char *json)
{
    struct component_config c;
    assert_int_equal(component_config_read(a, jn_str_of(json), &c, NULL), JN_OK);
    return c;
}

static void test_fields_are_texts(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    const struct component_config c = read_config(a,
        "{\"region\":\" eu-west-1\\n\",\"maxRetries\":3,\"traceContext\":true,\"retryOnUnknownOutcome\":false,"
        "\"qualifier\":null,\"logType\":{\"a\":1},\"unknown\":\"x\"}");
    assert_string_equal(c.text[COMPONENT_REGION].data, "eu-west-1");
    assert_string_equal(c.text[COMPONENT_MAX_RETRIES].data, "3");
    assert_int_equal(c.text[COMPONENT_QUALIFIER].len, 0);
    assert_int_equal(c.text[COMPONENT_LOG_TYPE].len, 0);
    assert_int_equal(c.text[COMPONENT_RETRY_UNKNOWN].len, 0);
    struct component_call_settings s;
    assert_int_equal(component_config_call(&c, &s, NULL), JN_OK);
    assert_true(s.trace_context);
    assert_false(s.policy.retry_unknown_outcome);
    assert_int_equal(s.policy.max_attempts, 4);
    jn_arena_free(a);
}

static void test_secrets_are_wiped(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct component_config c = read_config(a, "{\"aws_secret_access_key\":\"s3cret\",\"sessionToken\":\"t0ken\"}");
    const char *secret = c.text[COMPONENT_SECRET_KEY].data, *token = c.text[COMPONENT_SESSION_TOKEN].data;
    component_config_wipe(&c);
    assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
    assert_memory_equal(token, "\0\0\0\0\0", 5);
    assert_int_equal(c.text[COMPONENT_SECRET_KEY].len, 0);
    jn_arena_reset(a);
    c = read_config(a, "{\"aws_secret_access_key\":\"s3\\/cret\"}");
    assert_string_equal(c.text[COMPONENT_SECRET_KEY].data, "s3/cret");
    jn_arena_free(a);
}

#define KEYS "\"aws_access_key_id\":\"A\",\"aws_secret_access_key\":\"s\",\"region\":\"eu-west-1\","

/* Everything that is checked before a step starts. */
static enum jn_status check(const char *json, bool is_command_line, struct jn_error *err)
{
    struct jn_arena *a = jn_arena_new(0);
    struct component_config c = read_config(a, json);
    struct lambda_client_options client = { .call_timeout_ms = 0 };
    struct component_call_settings call;
    jn_str text;
    c.is_command_line = is_command_line;
    enum jn_status s = component_config_client(&c, !is_command_line, &client, err);
    if (!s)
        s = component_config_call(&c, &call, err);
    if (!s)
        s = component_config_function(&c, &text, err);
    if (!s)
        s = component_config_qualifier(&c, &text, err);
    jn_arena_free(a);
    return s;
}

static void test_what_fields_may_hold(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\"functionName\":\"f\"",
        "\"functionFromList\":\"f\"",
        "\"functionFromList\":\"f\",\"functionName\":\"f\"",
        "\"functionName\":\"f\",\"invocationType\":\"RequestResponse\",\"logType\":\"Tail\"",
        "\"functionName\":\"f\",\"invocationType\":\"Event\",\"logType\":\"None\"",
        "\"functionName\":\"f\",\"errorPolicy\":\"byComponent\",\"functionErrorPolicy\":\"throw\"",
        "\"functionName\":\"f\",\"errorPolicy\":\"rebound\",\"functionErrorPolicy\":\"rebound\"",
        "\"functionName\":\"f\",\"errorPolicy\":\"throwError\",\"functionErrorPolicy\":\"emit\"",
        "\"functionName\":\"f\",\"errorPolicy\":\"emit\",\"errorCodes\":\"404, 500-599, TooManyRequestsException\"",
        "\"functionName\":\"f\",\"maxRetries\":\"0\",\"requestTimeoutPeriod\":\"1140000\"",
        "\"functionName\":\"f\",\"maxRetries\":10,\"requestTimeoutPeriod\":1",
        "\"functionName\":\"f\",\"qualifierFromList\":\"PROD\"",
        "\"functionName\":\"f\",\"roleArn\":\"arn:aws:iam::123456789012:role/r\",\"externalId\":\"x-1\"",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[500];
        struct jn_error err = { 0 };
        snprintf(json, sizeof json, "{" KEYS "%s}", cases[i]);
        if (check(json, false, &err))
            fail_msg("%s: %s", cases[i], err.message);
    }
}

static void test_what_is_refused_names_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool is_command_line;
        const char *words;
    } cases[] = {
        { "{}", false, "the AWS Access Key (aws_access_key_id) is missing in the credentials" },
        { "{\"aws_access_key_id\":\"A\"}", false, "the AWS Access Secret (aws_secret_access_key) is missing" },
        { "{\"aws_access_key_id\":\"A\",\"aws_secret_access_key\":\"s\"}", false,
          "the AWS Region (region) is missing" },
        { "{" KEYS "\"externalId\":\"x\"}", false,
          "External ID (externalId) is given, but there is no role that it is for: fill in Role ARN (roleArn), too" },
        { "{" KEYS "\"roleArn\":\"role\"}", false, "Role ARN (roleArn): " },
        { "{" KEYS "\"a\":1}", false, "no function is named: fill in FunctionName (functionName)" },
        { "{}", true, "no function is named: fill in --function" },
        { "{" KEYS "\"functionName\":\"a\",\"functionFromList\":\"b\"}", false,
          "FunctionName (functionName) says \"a\", and Function From List (functionFromList) says \"b\"" },
        { "{" KEYS "\"functionName\":\"a\",\"qualifier\":\"1\",\"qualifierFromList\":\"2\"}", false,
          "Qualifier (qualifier) says \"1\", and Qualifier From List (qualifierFromList) says \"2\"" },
        { "{" KEYS "\"invocationType\":\"DryRun\"}", false,
          "Invocation Type (invocationType) is \"DryRun\", which is not supported: it runs nothing; choose "
          "RequestResponse or Event" },
        { "{\"invocationType\":\"x\"}", true, "--invocation-type is \"x\"; choose" },
        { "{" KEYS "\"logType\":\"x\"}", false, "Log Type (logType) is \"x\"; choose None or Tail" },
        { "{" KEYS "\"logType\":\"Tail\",\"invocationType\":\"Event\"}", false,
          "Log Type (logType) is Tail, which works with invocation type RequestResponse only" },
        { "{" KEYS "\"errorPolicy\":\"retry\"}", false,
          "Error Handling Policy (errorPolicy) is \"retry\"; choose byComponent, rebound, throwError or emit" },
        { "{" KEYS "\"functionErrorPolicy\":\"retry\"}", false,
          "Function Error Policy (functionErrorPolicy) is \"retry\"; choose throw, rebound or emit" },
        { "{\"errorPolicy\":\"rebound\"}", true, "--error-policy is rebound, which is for steps of the platform" },
        { "{\"functionErrorPolicy\":\"rebound\"}", true, "--function-error-policy is rebound, which is for steps" },
        { "{" KEYS "\"errorCodes\":\"4xx\"}", false, "Error Codes (errorCodes): \"4xx\" is neither" },
        { "{" KEYS "\"maxRetries\":\"11\"}", false,
          "Maximum Retries (maxRetries) is \"11\"; it takes a whole number from 0 to 10" },
        { "{" KEYS "\"maxRetries\":-1}", false, "Maximum Retries (maxRetries) is \"-1\"; it takes" },
        { "{" KEYS "\"maxRetries\":1.5}", false, "Maximum Retries (maxRetries) is \"1.5\"; it takes" },
        { "{" KEYS "\"requestTimeoutPeriod\":\"0\"}", false,
          "Request Timeout (requestTimeoutPeriod) is \"0\"; it takes a whole number of milliseconds from 1 to "
          "1140000" },
        { "{" KEYS "\"requestTimeoutPeriod\":\"1140001\"}", false, "from 1 to 1140000" },
        { "{" KEYS "\"requestTimeoutPeriod\":\"99999999999999999999\"}", false, "from 1 to 1140000" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(check(cases[i].json, cases[i].is_command_line, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].words))
            fail_msg("%s: %s", cases[i].json, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_texts),
        cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_what_fields_may_hold),
        cmocka_unit_test(test_what_is_refused_names_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
