/* endpoint_test.c - the region table against regions.json entry by entry, and the endpoint rules. */
#include "vectors.h"

#include "lambda/endpoint.h"

static struct vectors file;

static int read_regions(void **state)
{
    (void)state;
    vectors_read(&file, "tests/golden/aws/regions.json");
    return 0;
}

static int free_regions(void **state)
{
    (void)state;
    vectors_free(&file);
    return 0;
}

/* The endpoint, or "error: ..." with the sentence. */
static void expect_endpoint(struct lambda_endpoint_options opt, const char *wanted)
{
    struct jn_buf out;
    struct jn_error err = { 0 };
    jn_buf_init(&out, 0);
    if (lambda_endpoint(&opt, &out, &err)) {
        jn_buf_truncate(&out, 0);
        jn_buf_append_fmt(&out, "error: %s", err.message);
    }
    if (strncmp(jn_buf_str(&out).data, wanted, strlen(wanted)) != 0 ||
        (wanted[0] == 'h' && out.len != strlen(wanted)))
        fail_msg("%.*s: wanted %s, got %s", JN_ARG(opt.region), wanted, jn_buf_str(&out).data);
    jn_buf_clear(&out);
}

static void expect_host(const char *service, jn_str region, bool fips, bool dual, jn_str host)
{
    char wanted[200];
    snprintf(wanted, sizeof wanted, "https://%.*s", JN_ARG(host));
    expect_endpoint((struct lambda_endpoint_options){ .service = service, .region = region, .use_fips = fips,
                                                      .use_dual_stack = dual }, wanted);
}

static void check_region(jn_value p, jn_value r)
{
    const jn_str code = text_of(r, "code");
    const struct lambda_region *known = lambda_region_find(code);
    if (!known)
        fail_msg("%.*s is not in the table", JN_ARG(code));
    expect_text(jn_str_of(known->code), code, code, "code");
    expect_text(jn_str_of(known->name), text_of(r, "name"), code, "name");
    expect_text(jn_str_of(known->partition), text_of(p, "id"), code, "partition");
    assert_int_equal(known->opt_in, jn_get_boolean(member(r, "opt_in")));
    expect_text(jn_str_of(lambda_partition_of(code)), text_of(p, "id"), code, "partition by rule");
    expect_host("lambda", code, false, false, text_of(r, "lambda_endpoint"));
    expect_host("lambda", code, false, true, text_of(r, "lambda_dualstack_endpoint"));
    expect_host("sts", code, false, false, text_of(r, "sts_endpoint"));
    char fips[100];
    snprintf(fips, sizeof fips, "lambda-fips.%.*s.%.*s", JN_ARG(code), JN_ARG(text_of(p, "dns_suffix")));
    expect_host("lambda", code, true, false, jn_str_of(fips));
    if (!jn_is_undefined(member(r, "lambda_fips_endpoint")))
        expect_text(jn_str_of(fips), text_of(r, "lambda_fips_endpoint"), code, "FIPS host");
    snprintf(fips, sizeof fips, "lambda-fips.%.*s.%.*s", JN_ARG(code), JN_ARG(text_of(p, "dual_stack_dns_suffix")));
    expect_host("lambda", code, true, true, jn_str_of(fips));
}

static void the_table_says_what_the_file_says(void **state)
{
    (void)state;
    size_t count = 0;
    const jn_value partitions = member(file.root, "partitions");
    assert_int_equal(jn_length(partitions), 8);
    for (size_t i = 0; i < jn_length(partitions); i++) {
        const jn_value p = jn_at(partitions, i), regions = member(p, "regions");
        for (size_t k = 0; k < jn_length(regions); k++, count++)
            check_region(p, jn_at(regions, k));
    }
    assert_int_equal(count, 48);
    assert_null(lambda_region_at(count));
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(lambda_region_at(i - 1)->code, lambda_region_at(i)->code) < 0);
}

static void pseudo_regions_belong_to_their_partition(void **state)
{
    (void)state;
    const jn_value partitions = member(file.root, "partitions");
    for (size_t i = 0; i < jn_length(partitions); i++) {
        const jn_value p = jn_at(partitions, i), pseudo = member(p, "pseudo_regions");
        for (size_t k = 0; k < jn_length(pseudo); k++) {
            const jn_str name = jn_get_string(jn_at(pseudo, k));
            expect_text(jn_str_of(lambda_partition_of(name)), text_of(p, "id"), name, "partition");
            expect_text(lambda_signing_region(name), text_of(p, "implicit_global_region"), name, "signing region");
        }
    }
}

static void unknown_regions_are_placed_by_their_shape(void **state)
{
    static const struct { const char *region, *partition; } cases[] = {
        { "eu-middle-7", "aws" }, { "us-north-12", "aws" }, { "mx-x_y-1", "aws" }, { "cn-south-1", "aws-cn" },
        { "us-gov-north-1", "aws-us-gov" }, { "us-iso-south-1", "aws-iso" }, { "us-isob-north-2", "aws-iso-b" },
        { "eu-isoe-east-1", "aws-iso-e" }, { "us-isof-west-1", "aws-iso-f" }, { "eusc-de-west-9", "aws-eusc" },
        { "eusc-fr-west-9", "aws" }, { "cn-south-", "aws" }, { "cn-south", "aws" }, { "cn--1", "aws" },
        { "cn-south-1a", "aws" }, { "xcn-south-1", "aws" }, { "moon", "aws" }, { "", "aws" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const jn_str region = jn_str_of(cases[i].region);
        expect_text(jn_str_of(lambda_partition_of(region)), jn_str_of(cases[i].partition), region, "partition");
    }
}

static void only_host_labels_are_regions(void **state)
{
    static const char *const good[] = { "us-east-1", "a", "A1", "moon-base-7", "fips-us-east-1" };
    static const char *const bad[] = { "", "-us", "us-", "us east", "us.east", "us/east", "us-east-1@evil.example",
                                       "\xc3\xa9",
                                       "a234567890123456789012345678901234567890123456789012345678901234" };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(lambda_region_check(jn_str_of(good[i]), NULL), JN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(lambda_region_check(jn_str_of(bad[i]), &err), JN_BAD_VALUE);
        assert_non_null(strstr(err.message, "us-east-1"));      // tells how one looks
    }
}

#define REGION(text) JN_STR_INIT(text)

static void rules_and_exceptions_of_endpoints(void **state)
{
    static const struct { struct lambda_endpoint_options opt; const char *wanted; } cases[] = {
        { { "lambda", REGION("eu-middle-7"), { NULL, 0 }, false, false }, "https://lambda.eu-middle-7.amazonaws.com" },
        { { "lambda", REGION("fips-us-east-1"), { NULL, 0 }, false, false },
          "https://lambda-fips.us-east-1.amazonaws.com" },
        { { "lambda", REGION("us-east-1-fips"), { NULL, 0 }, false, true }, "https://lambda-fips.us-east-1.api.aws" },
        { { "lambda", { NULL, 0 }, { NULL, 0 }, false, false }, "error: no AWS region" },
        { { "lambda", REGION("us_east"), { NULL, 0 }, false, false }, "error: \"us_east\" cannot be an AWS region" },
        { { "sts", REGION("aws-global"), { NULL, 0 }, false, false }, "https://sts.amazonaws.com" },
        { { "sts", REGION("us-gov-west-1"), { NULL, 0 }, true, false }, "https://sts.us-gov-west-1.amazonaws.com" },
        { { "sts", REGION("us-gov-west-1"), { NULL, 0 }, true, true }, "https://sts-fips.us-gov-west-1.api.aws" },
        { { "sts", REGION("us-east-1"), { NULL, 0 }, true, false }, "https://sts-fips.us-east-1.amazonaws.com" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("http://localhost:3002"), false, false },
          "http://localhost:3002" },
        { { "lambda", { NULL, 0 }, JN_STR_INIT("http://localhost:3002///"), false, false }, "http://localhost:3002" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("https://gw:8080/aws/lambda/"), false, false },
          "https://gw:8080/aws/lambda" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("http://[::1]:9001"), false, false }, "http://[::1]:9001" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("localhost:3002"), false, false },
          "error: the endpoint \"localhost:3002\" cannot be used: " },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("http://h/?a=1"), false, false },
          "error: the endpoint \"http://h/?a=1\" cannot be used: it holds a query" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("http://h"), true, false },
          "error: FIPS and custom endpoint are not supported together" },
        { { "lambda", REGION("fips-us-east-1"), JN_STR_INIT("http://h"), false, false },
          "error: FIPS and custom endpoint are not supported together" },
        { { "lambda", REGION("us-east-1"), JN_STR_INIT("http://h"), false, true },
          "error: dual-stack and custom endpoint are not supported together" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_endpoint(cases[i].opt, cases[i].wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_says_what_the_file_says),
        cmocka_unit_test(pseudo_regions_belong_to_their_partition),
        cmocka_unit_test(unknown_regions_are_placed_by_their_shape),
        cmocka_unit_test(only_host_labels_are_regions),
        cmocka_unit_test(rules_and_exceptions_of_endpoints),
    };
    return cmocka_run_group_tests(tests, read_regions, free_regions);
}
