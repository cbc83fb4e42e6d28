/* random_test.c - chance, scripted and real; and the environment as an argument. */
#include "cmocka_all.h"

#include "base/env.h"
#include "base/random.h"

static void a_seed_determines_everything(void **state)
{
    (void)state;
    struct base_random a = { .seed = 7 }, b = { .seed = 7 }, c = { .seed = 8 };
    unsigned char x[100], y[100], z[100];
    base_random_bytes(&a, x, sizeof x);
    base_random_bytes(&b, y, sizeof y);
    base_random_bytes(&c, z, sizeof z);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_not_equal(x, z, sizeof x);
    base_random_bytes(&a, y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
}

/* More than one stock of the kernel's octets, in pieces that do not divide it. */
static void nothing_is_given_twice_nor_left_behind(void **state)
{
    (void)state;
    enum { COUNT = 100, LEN = 24 };
    struct base_random r = { .seed = 0 };
    unsigned char seen[COUNT][LEN];
    for (int i = 0; i < COUNT; i++) {
        base_random_bytes(&r, seen[i], LEN);
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], LEN);
        for (size_t at = 0; at < sizeof r.stock - r.left; at++)
            assert_int_equal(r.stock[at], 0);
    }
}

static void uuids_are_of_version_4(void **state)
{
    (void)state;
    struct base_random seeds[] = { { .seed = 1 }, { .seed = 0 } };
    for (int i = 0; i < 2; i++) {
        char a[37], b[37];
        base_random_uuid(&seeds[i], a);
        base_random_uuid(&seeds[i], b);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), 36);
        assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
        assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-' && a[14] == '4');
        assert_non_null(strchr("89ab", a[19]));
    }
}

static void units_fill_their_interval(void **state)
{
    (void)state;
    struct base_random r = { .seed = 3 };
    double low = 1, high = 0;
    for (int i = 0; i < 10000; i++) {
        const double u = base_random_unit(&r);
        assert_true(u >= 0 && u < 1);
        low = u < low ? u : low;
        high = u > high ? u : high;
    }
    assert_true(low < 0.01 && high > 0.99);
}

static void an_environment_can_be_given(void **state)
{
    (void)state;
    const char *pairs[] = { "A", "1", "EMPTY", "", NULL };
    const struct base_env env = base_env_of(pairs);
    assert_string_equal(base_env_get(&env, "A"), "1");
    assert_null(base_env_get(&env, "EMPTY"));
    assert_null(base_env_get(&env, "B"));
    setenv("BASE_ENV_TEST", "x", 1);
    assert_string_equal(base_env_get(base_env_system(), "BASE_ENV_TEST"), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_determines_everything),
        cmocka_unit_test(nothing_is_given_twice_nor_left_behind),
        cmocka_unit_test(uuids_are_of_version_4),
        cmocka_unit_test(units_fill_their_interval),
        cmocka_unit_test(an_environment_can_be_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
