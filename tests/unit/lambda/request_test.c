/* request_test.c - headers of an Invoke, and what is refused before anything is sent. */
#include "vectors.h"

#include "lambda/request.h"

static char *zeros(size_t len)
{
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'A', len);
    return text;
}

static void expect_refusal(struct lambda_invoke req, enum jn_status wanted, const char *part)
{
    struct lambda_name name;
    struct jn_error err = { 0 };
    const enum jn_status s = lambda_invoke_check(&req, JN_STR("us-east-1"), &name, &err);
    if (s != wanted || !strstr(err.message, part))
        fail_msg("status %d, wanted %d with \"%s\" in: %s", s, wanted, part, err.message);
}

static void expect_pass(struct lambda_invoke req)
{
    expect_refusal(req, JN_OK, "");
}

#define F .function = JN_STR("f")

static void sizes_are_checked_with_both_numbers(void **state)
{
    (void)state;
    char *text = zeros(LAMBDA_MAX_SYNC + 1);
    expect_pass((struct lambda_invoke){ F, .payload = { text, 6291456 } });
    expect_refusal((struct lambda_invoke){ F, .payload = { text, 6291457 } }, JN_LIMIT,
                   "the payload has 6291457 bytes; AWS Lambda takes 6291456 (6 MB) with a synchronous call");
    expect_pass((struct lambda_invoke){ F, .type = LAMBDA_EVENT, .payload = { text, 1048576 } });
    expect_refusal((struct lambda_invoke){ F, .type = LAMBDA_EVENT, .payload = { text, 1048577 } }, JN_LIMIT,
                   "the payload has 1048577 bytes; AWS Lambda takes 1048576 (1 MB) with an event");
    expect_pass((struct lambda_invoke){ F, .type = LAMBDA_DRY_RUN, .payload = { text, 6291456 } });
    expect_pass((struct lambda_invoke){ F, .client_context = { text, 3583 } });
    expect_refusal((struct lambda_invoke){ F, .client_context = { text, 3584 } }, JN_LIMIT,
                   "the client context has 3584 characters of base64; AWS Lambda takes 3583");
    free(text);
}

static void a_client_context_cannot_break_the_header(void **state)
{
    (void)state;
    expect_refusal((struct lambda_invoke){ F, .client_context = JN_STR("e30=\r\nX-Evil: 1") }, JN_BAD_VALUE,
                   "not base64: see position 5 of 15");
    expect_refusal((struct lambda_invoke){ F, .client_context = JN_STR("{}") }, JN_BAD_VALUE, "not base64");
}

static void qualifiers_must_agree(void **state)
{
    (void)state;
    expect_pass((struct lambda_invoke){ .function = JN_STR("f:PROD"), .qualifier = JN_STR("PROD") });
    expect_refusal((struct lambda_invoke){ .function = JN_STR("f:PROD"), .qualifier = JN_STR("TEST") }, JN_BAD_VALUE,
                   "the function's name says qualifier \"PROD\", the setting says \"TEST\"");
    expect_refusal((struct lambda_invoke){ F, .qualifier = JN_STR("a b") }, JN_BAD_VALUE, "is not a qualifier");
    expect_refusal((struct lambda_invoke){ F, .qualifier = JN_STR("") }, JN_BAD_VALUE, "1 to 128 characters");
}

static void regions_must_agree(void **state)
{
    (void)state;
    expect_pass((struct lambda_invoke){ .function = JN_STR("arn:aws:lambda:us-east-1:123456789012:function:f") });
    expect_refusal((struct lambda_invoke){ .function = JN_STR("arn:aws:lambda:eu-west-1:123456789012:function:f") },
                   JN_BAD_VALUE,
                   "function \"f\" is in region eu-west-1, but calls go to us-east-1; choose region eu-west-1");
}

static void the_log_tail_is_for_synchronous_calls(void **state)
{
    (void)state;
    expect_pass((struct lambda_invoke){ F, .log_tail = true });
    expect_refusal((struct lambda_invoke){ F, .type = LAMBDA_EVENT, .log_tail = true }, JN_BAD_VALUE,
                   "the log tail comes with synchronous calls only");
}

static void expect_headers(struct lambda_invoke req, const char *wanted)
{
    struct base_header h[LAMBDA_INVOKE_HEADERS];
    struct jn_buf got;
    jn_buf_init(&got, 0);
    const size_t count = lambda_invoke_headers(&req, h);
    for (size_t i = 0; i < count; i++)
        jn_buf_append_fmt(&got, "%.*s: %.*s|", JN_ARG(h[i].name), JN_ARG(h[i].value));
    expect_text(jn_buf_str(&got), jn_str_of(wanted), JN_STR("headers"), "of the request");
    jn_buf_clear(&got);
}

static void headers_say_what_was_asked_for(void **state)
{
    (void)state;
    expect_headers((struct lambda_invoke){ F },
                   "Content-Type: application/json|X-Amz-Invocation-Type: RequestResponse|");
    expect_headers((struct lambda_invoke){ F, .type = LAMBDA_EVENT },
                   "Content-Type: application/json|X-Amz-Invocation-Type: Event|");
    expect_headers((struct lambda_invoke){ F, .type = LAMBDA_DRY_RUN },
                   "Content-Type: application/json|X-Amz-Invocation-Type: DryRun|");
    expect_headers((struct lambda_invoke){ F, .log_tail = true, .client_context = JN_STR("e30=") },
                   "Content-Type: application/json|X-Amz-Invocation-Type: RequestResponse|X-Amz-Log-Type: Tail|"
                   "X-Amz-Client-Context: e30=|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked_with_both_numbers),
        cmocka_unit_test(a_client_context_cannot_break_the_header),
        cmocka_unit_test(qualifiers_must_agree),
        cmocka_unit_test(regions_must_agree),
        cmocka_unit_test(the_log_tail_is_for_synchronous_calls),
        cmocka_unit_test(headers_say_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
