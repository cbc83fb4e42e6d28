/* power_test.c - powers with the bits that V8 gives: values printed by node, most of which libc's pow() misses by one
 * unit in the last place. */
#include "jsonata/power.h"
#include "../../support/cmocka_all.h"

#include <math.h>
#include <stdbool.h>

struct sample {
    double x, y, expected;
};

static bool is_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static void expect_powers(const struct sample *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double got = jsonata_power(s[i].x, s[i].y);
        if (!is_same(got, s[i].expected))
            fail_msg("%.17g to the power of %.17g: expected %.17g, got %.17g", s[i].x, s[i].y, s[i].expected, got);
    }
}

static void last_bits_are_the_engines(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        { 1.065, 5, 1.3700866634156246 },   { 25, 13, 1490116119384765440 },
        { 15.95, 1.65, 96.50618197700214 }, { 134, -0.5, 0.086386842558136 },
        { 10, -166, 9.999999999999999e-167 }, { 10, 36, 9.999999999999999e+35 },
        { 91, -1, 0.01098901098901099 },    { 1.05, 10, 1.6288946267774422 },
        { 2.5, 2.5, 9.882117688026185 },    { -3, -7, -0.0004572473708276177 },
        { 0.1, 3, 0.0010000000000000002 },  { 1.0000001, 200000000, 485164715.91030425 },
        { 3, 0.3333333333333333, 1.4422495703074083 },
    };
    expect_powers(samples, sizeof samples / sizeof *samples);
}

static void small_integers_are_exact(void **state)
{
    (void)state;
    for (int x = 1; x <= 12; x++) {
        double product = 1;
        for (int y = 0; y <= 9; y++, product *= x)
            expect_powers(&(struct sample){ x, y, product }, 1);
    }
    for (int y = -1074; y < 1024; y++)
        expect_powers(&(struct sample){ 2, y, ldexp(1, y) }, 1);
}

static void ends_of_the_range_are_met(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        { 2, 1024, INFINITY }, { 2, -1075, 0 }, { 2, -1076, 0 }, { 1e200, 2, INFINITY }, { -1e200, 3, -INFINITY },
        { 1e-200, 3, 0 }, { -1e-200, 3, -0.0 }, { 2, 1e300, INFINITY }, { 0.5, 1e300, 0 }, { 5e-324, 1, 5e-324 },
        { 5e-324, 0.25, 1.4908919308538353e-81 },
    };
    expect_powers(samples, sizeof samples / sizeof *samples);
}

/* ECMA-262, Number::exponentiate. */
static void special_values_are_ecmascripts(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        { NAN, 0, 1 }, { 1, NAN, NAN }, { 1, INFINITY, NAN }, { -1, -INFINITY, NAN }, { 0, -1, INFINITY },
        { -0.0, -1, -INFINITY }, { -0.0, 3, -0.0 }, { -8, 0.5, NAN }, { -INFINITY, 3, -INFINITY }, { INFINITY, -1, 0 },
        { 0.5, INFINITY, 0 }, { 7, 0, 1 }, { -2, 2, 4 }, { -2, 3, -8 }, { 1, 123.5, 1 },
    };
    expect_powers(samples, sizeof samples / sizeof *samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_bits_are_the_engines),
        cmocka_unit_test(small_integers_are_exact),
        cmocka_unit_test(ends_of_the_range_are_met),
        cmocka_unit_test(special_values_are_ecmascripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
