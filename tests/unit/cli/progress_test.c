/* progress_test.c - counting and the sentences about it. */
#include "cli/progress.h"

#include "cmocka_all.h"

static char *summary(const struct progress *p, int64_t now_us)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    progress_summary(p, now_us, f);
    fclose(f);
    return text;
}

static void test_percentiles_are_within_seven_percent(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, false, 0);
    for (int64_t us = 1; us <= 100000; us++)
        progress_measure(&p, us);
    for (int percent = 10; percent <= 99; percent += 10) {
        const double exact = 1000.0 * percent;
        const double got = (double)progress_percentile(&p, percent / 100.0);
        assert_true(got >= exact * 0.93 && got <= exact * 1.07);
    }
}

static void test_small_and_huge_latencies_have_a_bucket(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, false, 0);
    progress_measure(&p, 3);
    assert_int_equal(progress_percentile(&p, 0.5), 3);
    progress_measure(&p, INT64_MAX);
    progress_measure(&p, -5);
    assert_int_equal(progress_percentile(&p, 0), 0);
    assert_true(progress_percentile(&p, 1) > 1000000000);
}

static void test_the_summary_counts(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, false, 0);
    p.succeeded = 1;
    char *text = summary(&p, 2000000);
    assert_string_equal(text, "1 message in 2.0 s: 1 succeeded, 0 failed; 0 a second\n");
    free(text);
    p.succeeded = 297;
    p.failed = 3;
    progress_measure(&p, 5);
    text = summary(&p, 2000000);
    assert_string_equal(text, "300 messages in 2.0 s: 297 succeeded, 3 failed; 150 a second; "
                              "calls took 0.0 ms (median), 0.0 ms (99 %)\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles_are_within_seven_percent),
        cmocka_unit_test(test_small_and_huge_latencies_have_a_bucket),
        cmocka_unit_test(test_the_summary_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
