/* throttle_test.c - events per interval, and waits between attempts: both pure. */
#include "sailor/throttle.h"

#include "cmocka_all.h"
#include "sailor/backoff.h"

static void bursts_of_the_limit_leave_once_per_interval(void **state)
{
    (void)state;
    struct sailor_throttle t = { .limit = 10, .interval_ms = 100 };
    for (int i = 0; i < 55; i++)
        assert_int_equal(sailor_throttle_take(&t, 1000), 1000 + i / 10 * 100);
}

static void a_pause_longer_than_the_interval_starts_anew(void **state)
{
    (void)state;
    struct sailor_throttle t = { .limit = 1, .interval_ms = 100 };
    assert_int_equal(sailor_throttle_take(&t, 1000), 1000);
    assert_int_equal(sailor_throttle_take(&t, 1100), 1100);
    assert_int_equal(sailor_throttle_take(&t, 1201), 1201);
    assert_int_equal(sailor_throttle_take(&t, 1202), 1301);
}

static void no_limit_never_waits(void **state)
{
    (void)state;
    struct sailor_throttle t = { .limit = 0, .interval_ms = 100 };
    for (int i = 0; i < 100; i++)
        assert_int_equal(sailor_throttle_take(&t, 7), 7);
}

static void waits_double_up_to_their_cap(void **state)
{
    (void)state;
    const int64_t expected[] = { 100, 200, 400, 800, 1600, 3000, 3000 };
    for (unsigned n = 0; n < 7; n++)
        assert_int_equal(sailor_backoff_ms(100, n, 3000, 0), expected[n]);
    assert_int_equal(sailor_backoff_ms(100, 4000000000u, INT64_MAX, 0), INT64_MAX);
}

static void chance_shortens_by_a_quarter_at_most(void **state)
{
    (void)state;
    assert_int_equal(sailor_backoff_ms(1000, 0, 30000, 0.5), 875);
    assert_true(sailor_backoff_ms(1000, 0, 30000, 0.999) >= 750);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_of_the_limit_leave_once_per_interval),
        cmocka_unit_test(a_pause_longer_than_the_interval_starts_anew),
        cmocka_unit_test(no_limit_never_waits),
        cmocka_unit_test(waits_double_up_to_their_cap),
        cmocka_unit_test(chance_shortens_by_a_quarter_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
