/* name_test.c - function names of every form, and what is said about those that are none. */
#include "vectors.h"

#include "lambda/name.h"

static void expect_part(jn_str got, const char *wanted, const char *text, const char *what)
{
    if (wanted ? !got.data || !jn_str_eq(got, jn_str_of(wanted)) : got.data != NULL)
        fail_msg("%s: %s is \"%.*s\", wanted %s", text, what, JN_ARG(got.data ? got : JN_STR("(none)")),
                 wanted ? wanted : "(none)");
}

static void names_come_apart(void **state)
{
    static const struct { const char *text, *partition, *region, *account, *function, *qualifier; } cases[] = {
        { "my-function", NULL, NULL, NULL, "my-function", NULL },
        { "A_b.C-d0", NULL, NULL, NULL, "A_b.C-d0", NULL },
        { "my-function:PROD", NULL, NULL, NULL, "my-function", "PROD" },
        { "my-function:42", NULL, NULL, NULL, "my-function", "42" },
        { "my-function:$LATEST", NULL, NULL, NULL, "my-function", "$LATEST" },
        { "my-function:$LATEST.PUBLISHED", NULL, NULL, NULL, "my-function", "$LATEST.PUBLISHED" },
        { "123456789012:my-function", NULL, NULL, "123456789012", "my-function", NULL },
        { "123456789012:my-function:1", NULL, NULL, "123456789012", "my-function", "1" },
        { "123456789012:function:my-function", NULL, NULL, "123456789012", "my-function", NULL },
        { "123456789012:function:my-function:a", NULL, NULL, "123456789012", "my-function", "a" },
        { "us-west-2:123456789012:function:f", NULL, "us-west-2", "123456789012", "f", NULL },
        { "us-west-2:f", NULL, "us-west-2", NULL, "f", NULL },
        { "function:f", NULL, NULL, NULL, "f", NULL },
        { "function", NULL, NULL, NULL, "function", NULL },
        { "arn", NULL, NULL, NULL, "arn", NULL },
        { "123456789012", NULL, NULL, NULL, "123456789012", NULL },
        { "1234567890123:x", NULL, NULL, NULL, "1234567890123", "x" },
        { "us-west-2", NULL, NULL, NULL, "us-west-2", NULL },
        { "arn:aws:lambda:us-west-2:123456789012:function:f", "aws", "us-west-2", "123456789012", "f", NULL },
        { "arn:aws:lambda:us-west-2:123456789012:function:f:PROD", "aws", "us-west-2", "123456789012", "f", "PROD" },
        { "arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "aws-cn", "cn-north-1", "123456789012", "f", NULL },
        { "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:f", "aws-us-gov", "us-gov-west-1", "123456789012", "f",
          NULL },
        { "arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:f", "aws-iso-b", "us-isob-east-1", "123456789012",
          "f", NULL },
        { "arn:aws-iso:lambda:us-iso-east-1:123456789012:function:f", "aws-iso", "us-iso-east-1", "123456789012", "f",
          NULL },
        { "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f", "aws-eusc", "eusc-de-east-1", "123456789012",
          "f", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lambda_name n;
        struct jn_error err = { 0 };
        if (lambda_name_parse(jn_str_of(cases[i].text), &n, &err))
            fail_msg("%s: %s", cases[i].text, err.message);
        expect_part(n.partition, cases[i].partition, cases[i].text, "partition");
        expect_part(n.region, cases[i].region, cases[i].text, "region");
        expect_part(n.account, cases[i].account, cases[i].text, "account");
        expect_part(n.function, cases[i].function, cases[i].text, "function");
        expect_part(n.qualifier, cases[i].qualifier, cases[i].text, "qualifier");
    }
}

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void bad_names_are_told_why(void **state)
{
    static const struct { const char *text, *wanted; } cases[] = {
        { "", "the function's name is empty" },
        { "my function", "a blank or control character in its name" },
        { "f\n", "a blank or control character in its name" },
        { "f/g", "'/' is not allowed in its name" },
        { "caf\xc3\xa9", "'\xc3\xa9' is not allowed in its name" },
        { "x\xff", "'?' is not allowed in its name" },
        { ":PROD", "names no function" },
        { "123456789012:", "names no function" },
        { "f:", "a qualifier has 1 to 128 characters, this one 0" },
        { "f:a b", "\"a b\" is not a qualifier" },
        { "f:$latest", "\"$latest\" is not a qualifier" },
        { "f:a:b", "has more parts than a function's name" },
        { "a:b:c:d:e:f:g:h:i:j:k", "has more parts than a function's name" },
        { SIXTY "12345", "has 65 characters; 64 are allowed" },
        { SIXTY SIXTY SIXTY SIXTY TEN TEN, "has 260 characters; 256 are allowed" },
        { "arn:aws:lambda:us-west-2:123456789012", "is not the ARN of a function" },
        { "arn:aws:s3:us-west-2:123456789012:function:f", "is not the ARN of a function" },
        { "arn:gcp:lambda:us-west-2:123456789012:function:f", "is not the ARN of a function" },
        { "arn:aws:lambda:us-west:123456789012:function:f", "is not the ARN of a function" },
        { "arn:aws:lambda:us-west-2:12345678901:function:f", "is not the ARN of a function" },
        { "arn:aws:lambda:us-west-2:123456789012:function:f:a:b", "has more parts than a function's name" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lambda_name n = { .function = JN_STR_INIT("untouched") };
        struct jn_error err = { 0 };
        assert_int_equal(lambda_name_parse(jn_str_of(cases[i].text), &n, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].wanted))
            fail_msg("%s: wanted \"%s\" in: %s", cases[i].text, cases[i].wanted, err.message);
        assert_true(jn_str_eq(n.function, JN_STR("untouched")));
    }
}

static void sixty_four_characters_are_a_name(void **state)
{
    struct lambda_name n;
    (void)state;
    assert_int_equal(lambda_name_parse(JN_STR(SIXTY "1234"), &n, NULL), JN_OK);
    assert_int_equal(lambda_name_parse(JN_STR("123456789012:" SIXTY "12345"), &n, NULL), JN_OK);
}

static void qualifiers_have_128_characters_at_most(void **state)
{
    (void)state;
    assert_int_equal(lambda_qualifier_check(JN_STR(SIXTY SIXTY "12345678"), NULL), JN_OK);
    assert_int_equal(lambda_qualifier_check(JN_STR(SIXTY SIXTY "123456789"), NULL), JN_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_apart),
        cmocka_unit_test(bad_names_are_told_why),
        cmocka_unit_test(sixty_four_characters_are_a_name),
        cmocka_unit_test(qualifiers_have_128_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
