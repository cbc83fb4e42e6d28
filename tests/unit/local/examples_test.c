/* examples_test.c - the example functions, run as a user runs them. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

#include "base/crypto.h"
#include "cmocka_all.h"

static struct harness h;

static int start(void **state)
{
    (void)state;
    harness_start(&h, &(struct local_options){ 0 });
    return 0;
}

static int end(void **state)
{
    (void)state;
    harness_end(&h);
    return 0;
}

static void call(const char *function, const char *payload, struct answer *a)
{
    harness_call(&h, &(struct request){ .function = function, .payload = jn_str_of(payload), .log_type = "Tail" }, a);
    assert_int_equal(a->http_status, 200);
}

static void expect(const char *function, const char *payload, bool is_error, const char *body)
{
    struct answer a;
    call(function, payload, &a);
    assert_int_equal(answer_header(&a, "x-amz-function-error").len > 0, is_error);
    assert_string_equal(a.body.data, body);
    answer_clear(&a);
}

static void assert_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void price_order_prices_an_order(void **state)
{
    (void)state;
    expect("price-order", "{\"orderId\":\"A-1\",\"currency\":\"EUR\",\"shipTo\":{\"city\":\"K\xc3\xb6ln\","
                          "\"country\":\"DE\"},"
           "\"lines\":[{\"sku\":\"lamp\",\"quantity\":2,\"unitPrice\":39.9},{\"sku\":\"pen\",\"quantity\":3,"
           "\"unitPrice\":0.335}],\"shipping\":4.9,\"discountPercent\":10}", false,
           "{\"orderId\":\"A-1\",\"currency\":\"EUR\",\"shipTo\":{\"city\":\"K\xc3\xb6ln\",\"country\":\"DE\"},"
           "\"lines\":[{\"sku\":\"lamp\",\"quantity\":2,\"unitPrice\":39.9,\"total\":79.8},"
           "{\"sku\":\"pen\",\"quantity\":3,\"unitPrice\":0.335,\"total\":1.01}],\"subtotal\":80.81,\"discount\":8.08,"
           "\"shipping\":4.9,\"tax\":14.75,\"total\":92.38}");
    expect("price-order", "{\"currency\":\"JPY\",\"lines\":[{\"quantity\":3,\"unitPrice\":33.5}]}", false,
           "{\"currency\":\"JPY\",\"lines\":[{\"quantity\":3,\"unitPrice\":33.5,\"total\":101}],\"subtotal\":101,"
           "\"discount\":0,\"shipping\":0,\"tax\":0,\"total\":101}");
}

static void price_order_names_what_is_wrong(void **state)
{
    (void)state;
    expect("price-order", "{\"lines\":[{\"quantity\":\"2\",\"unitPrice\":1}]}", true,
           "{\"errorMessage\":\"quantity must be a number from 0 to 1000000000, it is string\","
           "\"errorType\":\"InvalidOrder\"}");
    expect("price-order", "7", true, "{\"errorMessage\":\"lines must be an array, it is undefined\","
           "\"errorType\":\"InvalidOrder\"}");
}

static void geocode_finds_a_city(void **state)
{
    (void)state;
    expect("geocode", "{\"city\":\"K\xc3\xb6ln\",\n \"country\" : \"DE\"}", false,
           "{\"city\":\"K\xc3\xb6ln\",\"country\":\"DE\",\"latitude\":50.9375,\"longitude\":6.9603}");
    expect("geocode", "{\"city\":\"Atlantis\"}", true,
           "{\"errorMessage\":\"there is no city \\\"Atlantis\\\" in the table\",\"errorType\":\"CityNotFound\"}");
}

static void fraud_check_scores_an_order_and_logs(void **state)
{
    (void)state;
    struct answer a;
    struct jn_buf log;
    call("fraud-check", "{\"orderId\":\"A-1\",\"currency\":\"EUR\",\"total\":150,\"lines\":[{\"quantity\":3}]}", &a);
    assert_string_equal(a.body.data, "{\"orderId\": \"A-1\", \"score\": 16, \"decision\": \"accept\"}");
    jn_buf_init(&log, 0);
    assert_true(base_base64_decode(&log, answer_header(&a, "x-amz-log-result")));
    assert_in(log.data, "\tchecking A-1: 1 lines, 150.00 EUR\n[INFO]\t2");
    jn_buf_clear(&log);
    answer_clear(&a);
}

static void fraud_check_raises_as_awss_python_does(void **state)
{
    (void)state;
    struct answer a;
    call("fraud-check", "{\"orderId\":\"A-2\",\"currency\":\"EUR\",\"total\":9999.5,\"lines\":[]}", &a);
    assert_in(a.body.data, "{\"errorMessage\": \"A-2: 9999.50 EUR is above 1500.00\", \"errorType\": "
                           "\"SuspiciousOrder\", \"requestId\": \"");
    assert_in(a.body.data, "\", \"stackTrace\": [\"  File \\\"");
    assert_in(a.body.data, "in handler\\n    score = check(order)\\n");
    answer_clear(&a);
    call("fraud-check", "{\"orderId\":\"A-3\",\"currency\":\"EUR\",\"lines\":[]}", &a);
    assert_in(a.body.data, "\"errorType\": \"KeyError\"");
    answer_clear(&a);
}

static void hello_greets(void **state)
{
    (void)state;
    struct answer a;
    if (access("/usr/bin/node", X_OK)) {
        fputs("skipped: hello, there is no /usr/bin/node\n", stderr);
        skip();
    }
    call("hello", "{\"name\":\"Ada\"}", &a);
    assert_in(a.body.data, "{\"greeting\":\"Hello, Ada!\",\"requestId\":\"");
    answer_clear(&a);
}

static void word_count_counts(void **state)
{
    (void)state;
    expect("word-count", "{\"text\":\"to be or not to be\",\"top\":2}", false,
           "{\"words\": 6, \"counts\": {\"to\": 2, \"be\": 2}}");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(price_order_prices_an_order),
        CASE(price_order_names_what_is_wrong),
        CASE(geocode_finds_a_city),
        CASE(fraud_check_scores_an_order_and_logs),
        CASE(fraud_check_raises_as_awss_python_does),
        CASE(hello_greets),
        CASE(word_count_counts),
    };
    if (access("/usr/bin/python3", X_OK) || access("/usr/bin/curl", X_OK)) {
        fprintf(stderr, "skipped: the example functions need python3 and curl in /usr/bin\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
