/* explain_test.c - what people read when AWS refuses. */
#include "vectors.h"

#include "lambda/explain.h"

struct sentence {
    const char *code, *message, *reason;
    int http_status;
    enum lambda_retry retry;
    int64_t skew_ms;
    const char *location, *wanted;
};

static jn_str or_none(const char *z)
{
    return z ? jn_str_of(z) : (jn_str){ NULL, 0 };
}

static enum jn_status explain(const struct sentence *c, struct jn_error *err)
{
    const struct lambda_service_error e = { .code = jn_str_of(c->code), .message = jn_str_of(c->message),
                                            .reason = jn_str_of(c->reason), .retry = c->retry };
    const struct lambda_explain x = {
        .service = &e, .http_status = c->http_status, .function = JN_STR("orders"), .qualifier = JN_STR("PROD"),
        .region = JN_STR("eu-west-1"), .endpoint = JN_STR("https://lambda.eu-west-1.amazonaws.com"),
        .access_key = JN_STR("AKIAX"), .location = or_none(c->location), .skew_ms = c->skew_ms,
    };
    return lambda_explain(&x, err);
}

static void sentences_say_what_and_what_to_do(void **state)
{
    static const struct sentence cases[] = {
        { "UnrecognizedClientException", "The security token included in the request is invalid.", NULL, 403, 0, 0,
          NULL,
          "UnrecognizedClientException: The security token included in the request is invalid; access key AKIAX is "
          "unknown or was deleted, its session token is not its own, or region eu-west-1 is not enabled for the "
          "account" },
        { "InvalidSignatureException", "does not match.", NULL, 403, 0, 0, NULL,
          "InvalidSignatureException: does not match; the secret key does not belong to access key AKIAX: copy it "
          "again, whole and without blanks" },
        { "InvalidSignatureException", "Signature expired: x", NULL, 403, LAMBDA_RETRY_CLOCK_SKEW, 605000, NULL,
          "InvalidSignatureException: Signature expired: x; the clock of this machine is 10 minutes 5 seconds behind "
          "that of AWS, and 5 minutes are allowed: set it right" },
        { "InvalidSignatureException", "Signature not yet current: x", NULL, 403, LAMBDA_RETRY_CLOCK_SKEW, -3600000,
          NULL,
          "InvalidSignatureException: Signature not yet current: x; the clock of this machine is 60 minutes 0 seconds "
          "ahead of that of AWS, and 5 minutes are allowed: set it right" },
        { "InvalidSignatureException", "Signature expired: x", NULL, 403, LAMBDA_RETRY_CLOCK_SKEW, 0, NULL,
          "InvalidSignatureException: Signature expired: x; the clock of this machine is wrong by more than 5 minutes: "
          "set it right" },
        { "ExpiredTokenException", "expired", NULL, 403, 0, 0, NULL,
          "ExpiredTokenException: expired; the session of access key AKIAX has ended: get new keys" },
        { "ResourceNotFoundException", "Function not found: arn", NULL, 404, 0, 0, NULL,
          "ResourceNotFoundException: Function not found: arn; region eu-west-1 has no function \"orders\" with "
          "qualifier \"PROD\" for this account: check name, version or alias, and region" },
        { "AccessDeniedException", "not authorized", NULL, 403, 0, 0, NULL,
          "AccessDeniedException: not authorized; allow lambda:InvokeFunction on function \"orders\" to the owner of "
          "access key AKIAX" },
        { "TooManyRequestsException", "Rate Exceeded.", "ConcurrentInvocationLimitExceeded", 429, 0, 0, NULL,
          "TooManyRequestsException: Rate Exceeded; all of the account's concurrent executions in the region are in "
          "use (ConcurrentInvocationLimitExceeded): call again later, or less often at once" },
        { "TooManyRequestsException", "Rate Exceeded.", "SomethingNew", 429, 0, 0, NULL,
          "TooManyRequestsException: Rate Exceeded; calls are throttled (SomethingNew): call again later, or less "
          "often at once" },
        { "ThrottlingException", "", "", 400, 0, 0, NULL,
          "ThrottlingException; calls are throttled: call again later, or less often at once" },
        { "OptInRequired", "", NULL, 403, 0, 0, NULL,
          "OptInRequired; enable region eu-west-1 for the account, or choose another" },
        { "ServiceException", "", NULL, 500, 0, 0, NULL, "ServiceException" },
        { "FutureException", "something.", NULL, 400, 0, 0, NULL, "FutureException: something" },
        { "", "<html>502</html>", NULL, 502, 0, 0, NULL,
          "https://lambda.eu-west-1.amazonaws.com answered HTTP 502: <html>502</html>; the answer is not AWS Lambda's "
          "own but that of something between" },
        { "", "", NULL, 404, 0, 0, NULL,
          "https://lambda.eu-west-1.amazonaws.com answered HTTP 404 and nothing more; is this the endpoint of AWS "
          "Lambda?" },
        { "", "", NULL, 301, 0, 0, "https://login.example/",
          "https://lambda.eu-west-1.amazonaws.com answered HTTP 301, a redirect to https://login.example/; AWS Lambda "
          "does not redirect: is this its endpoint?" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(explain(&cases[i], &err), JN_REMOTE);
        expect_text(jn_str_of(err.message), jn_str_of(cases[i].wanted), jn_str_of(cases[i].code), "sentence");
        expect_text(jn_str_of(err.code), jn_str_of(cases[i].code), jn_str_of(cases[i].code), "code");
    }
}

/* AWS names three ARNs in such sentences; the advice behind them is what helps. */
static void a_long_message_leaves_room_for_the_advice(void **state)
{
    char message[600];
    struct jn_error err = { 0 };
    (void)state;
    for (size_t i = 0; i + 2 < sizeof message; i += 2)
        memcpy(message + i, "\xc3\xa9", 3);
    const struct sentence c = { .code = "AccessDeniedException", .message = message, .http_status = 403 };
    assert_int_equal(explain(&c, &err), JN_REMOTE);
    assert_non_null(strstr(err.message, "\xc3\xa9; allow lambda:InvokeFunction"));
    assert_non_null(strstr(err.message, "access key AKIAX"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_say_what_and_what_to_do),
        cmocka_unit_test(a_long_message_leaves_room_for_the_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
