/* retry_test.c - waits, quota and rate limiter against what AWS's own clients computed (tests/golden/aws/retry.json),
 * and what the recordings leave out. */
#include "vectors.h"

#include <math.h>

#include "lambda/retry.h"

#define VECTORS "tests/golden/aws/retry.json"

static int read_vectors(void **state)
{
    struct vectors *v = malloc(sizeof *v);
    if (!v)
        return -1;
    vectors_read(v, VECTORS);
    *state = v;
    return 0;
}

static int free_vectors(void **state)
{
    vectors_free(*state);
    free(*state);
    return 0;
}

static double number_of(jn_value object, const char *key)
{
    const jn_value v = member(object, key);
    if (v.type != JN_NUMBER)
        fail_msg("%s: \"%s\" is no number", VECTORS, key);
    return jn_get_number(v);
}

static void expect_near(double got, double wanted, const char *what, double at)
{
    if (fabs(got - wanted) > 1e-6)
        fail_msg("%s at %g: wanted %.9g, got %.9g", what, at, wanted, got);
}

static enum lambda_retry class_of(jn_str name)
{
    return jn_str_eq(name, JN_STR("THROTTLING")) ? LAMBDA_RETRY_THROTTLING : LAMBDA_RETRY_TRANSIENT;
}

/* ---- waits --------------------------------------------------------------------------------------------------- */

static void waits_are_those_of_the_official_clients(void **state)
{
    const struct vectors *v = *state;
    const jn_value rows = member(v->root, "backoff");
    for (size_t i = 0; i < jn_length(rows); i++) {
        const jn_value row = jn_at(rows, i);
        const int64_t got = lambda_backoff_ms(class_of(text_of(row, "error_class")),
                                              (unsigned)number_of(row, "retry_index"), number_of(row, "random"), -1);
        if (got != (int64_t)number_of(row, "delay_ms"))
            fail_msg("backoff row %zu: wanted %g, got %lld", i, number_of(row, "delay_ms"), (long long)got);
    }
    assert_true(jn_length(rows) > 50);
}

static void a_hint_stretches_a_wait_by_five_seconds_at_most(void **state)
{
    const struct vectors *v = *state;
    const jn_value rows = member(v->root, "server_hint");
    for (size_t i = 0; i < jn_length(rows); i++) {
        const jn_value row = jn_at(rows, i);
        const double chance = (number_of(row, "computed_ms") + 0.5) / 20000;    // of the longest wait: 20 s
        const int64_t got = lambda_backoff_ms(LAMBDA_RETRY_THROTTLING, 10, chance,
                                              (int64_t)number_of(row, "hint_ms"));
        if (got != (int64_t)number_of(row, "delay_ms"))
            fail_msg("hint row %zu: wanted %g, got %lld", i, number_of(row, "delay_ms"), (long long)got);
    }
    assert_true(jn_length(rows) >= 10);
}

static void no_wait_overflows(void **state)
{
    (void)state;
    assert_int_equal(lambda_backoff_ms(LAMBDA_RETRY_TRANSIENT, UINT32_MAX, 0.5, -1), 10000);
    assert_int_equal(lambda_backoff_ms(LAMBDA_RETRY_THROTTLING, 31, 0.5, INT64_MAX), 15000);
}

/* ---- quota --------------------------------------------------------------------------------------------------- */

static void do_step(struct lambda_quota *q, jn_str op)
{
    if (jn_str_eq(op, JN_STR("fail_transient_retry")))
        assert_true(lambda_quota_take(q, LAMBDA_RETRY_TRANSIENT));
    else if (jn_str_eq(op, JN_STR("fail_throttling_retry")))
        assert_true(lambda_quota_take(q, LAMBDA_RETRY_THROTTLING));
    else if (jn_str_eq(op, JN_STR("success_after_transient_retry")))
        lambda_quota_give(q, LAMBDA_RETRY_TRANSIENT);
    else if (jn_str_eq(op, JN_STR("success_after_throttling_retry")))
        lambda_quota_give(q, LAMBDA_RETRY_THROTTLING);
    else if (jn_str_eq(op, JN_STR("success_first_try")))
        lambda_quota_give(q, LAMBDA_RETRY_NONE);
    else
        fail_msg("unknown step %.*s", JN_ARG(op));
}

static void the_quota_walks_as_recorded(void **state)
{
    const struct vectors *v = *state;
    const jn_value steps = member(v->root, "quota");
    struct lambda_quota q;
    lambda_quota_init(&q);
    assert_int_equal(q.capacity, number_of(member(v->root, "standard"), "initial_capacity"));
    for (size_t i = 0; i < jn_length(steps); i++) {
        const jn_value step = jn_at(steps, i);
        do_step(&q, text_of(step, "op"));
        if (q.capacity != (int)number_of(step, "capacity_after"))
            fail_msg("quota step %zu: wanted %g, got %d", i, number_of(step, "capacity_after"), q.capacity);
    }
    assert_true(jn_length(steps) >= 7);
}

static void an_empty_quota_refuses(void **state)
{
    (void)state;
    struct lambda_quota q;
    int taken = 0;
    lambda_quota_init(&q);
    while (lambda_quota_take(&q, LAMBDA_RETRY_TRANSIENT))
        taken++;
    assert_int_equal(taken, 35);                        // 35 * 14 = 490
    assert_true(lambda_quota_take(&q, LAMBDA_RETRY_THROTTLING));    // a throttled one costs less: 5, and 5 again
    assert_true(lambda_quota_take(&q, LAMBDA_RETRY_THROTTLING));
    assert_false(lambda_quota_take(&q, LAMBDA_RETRY_THROTTLING));
    assert_int_equal(q.capacity, 0);
}

static void the_quota_never_exceeds_its_start(void **state)
{
    (void)state;
    struct lambda_quota q;
    lambda_quota_init(&q);
    lambda_quota_give(&q, LAMBDA_RETRY_NONE);
    lambda_quota_give(&q, LAMBDA_RETRY_CLOCK_SKEW);
    assert_int_equal(q.capacity, 500);
}

/* ---- the rate limiter ---------------------------------------------------------------------------------------- */

static void the_rate_follows_the_recorded_curve(void **state)
{
    const struct vectors *v = *state;
    const jn_value cubic = member(v->root, "cubic"), points = member(cubic, "success");
    for (size_t i = 0; i < jn_length(points); i++) {
        const double t = number_of(jn_at(points, i), "t");
        struct lambda_limiter l;
        lambda_limiter_init(&l, t);
        l.last_max = number_of(cubic, "last_max_rate");
        l.last_throttle = number_of(cubic, "last_throttle_time");
        l.tx_rate = 1000;                               // so that it bounds nothing
        lambda_limiter_after(&l, t, false);
        expect_near(l.window, number_of(cubic, "time_window"), "window", t);
        expect_near(l.fill_rate, number_of(jn_at(points, i), "rate"), "rate", t);
    }
    assert_true(jn_length(points) >= 7);
}

static void the_limiter_walks_as_recorded(void **state)
{
    const struct vectors *v = *state;
    const jn_value steps = member(member(v->root, "rate_limiter"), "steps");
    struct lambda_limiter l;
    lambda_limiter_init(&l, 0);
    for (size_t i = 0; i < jn_length(steps); i++) {
        const jn_value step = jn_at(steps, i);
        const double t = number_of(step, "t");
        lambda_limiter_after(&l, t, jn_get_boolean(member(step, "throttled")));
        expect_near(l.tx_rate, number_of(step, "measured_tx_rate"), "tx rate", t);
        expect_near(l.fill_rate, number_of(step, "fill_rate"), "fill rate", t);
        expect_near(l.max_capacity, number_of(step, "max_capacity"), "capacity", t);
        assert_int_equal(l.is_enabled, jn_get_boolean(member(step, "enabled")));
    }
    assert_true(jn_length(steps) > 20);
}

static void nobody_waits_before_the_first_throttling(void **state)
{
    (void)state;
    struct lambda_limiter l;
    lambda_limiter_init(&l, 100);
    for (int i = 0; i < 50; i++)
        assert_true(lambda_limiter_take(&l, 100) == 0);
}

static void a_token_is_worth_waiting_for(void **state)
{
    (void)state;
    struct lambda_limiter l;
    lambda_limiter_init(&l, 100);
    lambda_limiter_after(&l, 100, true);
    const double wait = lambda_limiter_take(&l, 100);
    expect_near(wait, 2, "wait", 100);                  // half a token per second at least
    assert_true(lambda_limiter_take(&l, 101) > 0);
    assert_true(lambda_limiter_take(&l, 100 + wait) == 0);
    assert_true(lambda_limiter_take(&l, 100 + wait) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_are_those_of_the_official_clients),
        cmocka_unit_test(a_hint_stretches_a_wait_by_five_seconds_at_most),
        cmocka_unit_test(no_wait_overflows),
        cmocka_unit_test(the_quota_walks_as_recorded),
        cmocka_unit_test(an_empty_quota_refuses),
        cmocka_unit_test(the_quota_never_exceeds_its_start),
        cmocka_unit_test(the_rate_follows_the_recorded_curve),
        cmocka_unit_test(the_limiter_walks_as_recorded),
        cmocka_unit_test(nobody_waits_before_the_first_throttling),
        cmocka_unit_test(a_token_is_worth_waiting_for),
    };
    return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
