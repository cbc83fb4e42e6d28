/* Numbers: text of doubles and doubles of text, against libc in the "C" locale, against published hard cases, and
 * against node where there is one. */
#include "core/number.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static double parse(const char *text)
{
    return jn_number_parse(jn_str_of(text));
}

static void expect_text(double d, const char *expected)
{
    char out[JN_NUMBER_MAX + 1];
    out[jn_number_format(out, d)] = '\0';
    assert_string_equal(out, expected);
}

static void expect_same_bits(const char *text, double got, double expected)
{
    if (memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("%s reads as %a, not %a", text, got, expected);
}

/* xorshift64*: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static double random_double(uint64_t *state)
{
    for (;;) {
        const uint64_t bits = next_random(state);
        double d;
        memcpy(&d, &bits, sizeof d);
        if (isfinite(d) && d != 0)
            return d;
    }
}

static void texts_are_those_of_ecmascript(void **unused)
{
    (void)unused;
    static const struct {
        double d;
        const char *text;
    } cases[] = {
        { 0, "0" }, { -0.0, "0" }, { 1, "1" }, { -1, "-1" }, { 10, "10" }, { 100, "100" }, { 1234567890, "1234567890" },
        { 0.5, "0.5" }, { -0.1, "-0.1" }, { 0.1 + 0.2, "0.30000000000000004" }, { 1.0 / 3, "0.3333333333333333" },
        { 123.456, "123.456" }, { 5e-324, "5e-324" }, { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { 2.225073858507201e-308, "2.225073858507201e-308" }, { DBL_MAX, "1.7976931348623157e+308" },
        { 1e-6, "0.000001" }, { 1.5e-6, "0.0000015" }, { 1e-7, "1e-7" }, { 1.5e-7, "1.5e-7" }, { 0.00001, "0.00001" },
        { 9.999999999999997e-7, "9.999999999999997e-7" }, { 1e20, "100000000000000000000" },
        { 1e21, "1e+21" }, { 1.5e21, "1.5e+21" }, { 999999999999999900000.0, "999999999999999900000" },
        { 123456789012345680000.0, "123456789012345680000" }, { 1e22, "1e+22" }, { 1e23, "1e+23" },
        { 9007199254740991, "9007199254740991" }, { 9007199254740992, "9007199254740992" },
        { 9007199254740994, "9007199254740994" }, { 18014398509481984.0, "18014398509481984" },
        { 4294967296, "4294967296" }, { 1e15, "1000000000000000" }, { 1e16, "10000000000000000" },
        { 0x1p-44, "5.684341886080802e-14" },       // a power of two: the gap below is half the gap above
        { 0x1p-1022, "2.2250738585072014e-308" }, { 9.5367431640625e-7, "9.5367431640625e-7" },
        { 4.35, "4.35" }, { 0.000123, "0.000123" }, { 1e300, "1e+300" }, { -1e-300, "-1e-300" },
        { NAN, "NaN" }, { INFINITY, "Infinity" }, { -INFINITY, "-Infinity" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_text(cases[i].d, cases[i].text);
}

/* Hard for parsers: ties, subnormals, texts that are a hair from a tie. */
static const char *const hard[] = {
    "0",
    "-0",
    "1",
    "1e23",
    "8.5e22",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9007199254740995",
    "9007199254740993.0000000000000000000000000000000000000000000000000000001",
    "9007199254740992.999999999999999999999",
    "5e-324",
    "4.9406564584124654e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "3e-324",
    "1e-400",
    "-1e-400",
    "2.47032822920623272088284396434110686182e-324",
    "2.2250738585072011e-308",
    "2.2250738585072012e-308",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "17976931348623158e292",
    "1e308",
    "1e309",
    "-1e309",
    "1e400",
    "0e999999999999999999999",
    "0.0e-99999999999999999999",
    "1e99999999999999999999999",
    "1e-99999999999999999999999",
    "6929495644600919.5",
    "3.7455744005952583e15",
    "0.1",
    "0.2",
    "0.3",
    "123456789012345678901234567890",
    "1.00000000000000011102230246251565404236316680908203125",
    "1.00000000000000011102230246251565404236316680908203124",
    "1.00000000000000011102230246251565404236316680908203126",
    "1.00000000000000033306690738754696212708950042724609375",
    "10000000000000000000000",
    "100000000000000000000000",
    "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    "1090544144181609348671888949248",
    "1090544144181609348835077142190",
    "7.2057594037927933e16",
    "36028797018963966",
    "0.500000000000000166533453693773481063544750213623046875",
    "3.518437208883201171875e13",
    "62.5364939768271845828",
    "8.10109172351e-10",
    "1.50000000000000011102230246251565",
    "9007199254740991.4999999999999999999999999999999995",
    "30078505129381147446200",
    "1777820000000000000001",
    "0.500000000000000166547006220929549868969843373633921146392822265625",
    "8589934592.0000000000000000000001",
    "1.1754943508222875e-38",
    "179769313486231580793728971405301e276",
    "4e-323",
    "1E+2",
    "1e+22",
};

static void hard_texts_read_as_libc_reads_them(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        expect_same_bits(hard[i], parse(hard[i]), strtod(hard[i], NULL));
}

/* 1e23 is not a double, and its neighbours are equally far only nearly. */
static void famous_values(void **unused)
{
    (void)unused;
    assert_true(parse("9007199254740993") == 9007199254740992.0);
    assert_true(parse("1e23") == 9.999999999999999e22);
    assert_true(isinf(parse("1e400")));
    assert_true(signbit(parse("-0")) && parse("-0") == 0);
    assert_true(parse("2.4703282292062327e-324") == 0);
    assert_true(parse("2.4703282292062328e-324") == 5e-324);
}

/* Random doubles: the shortest text reads back, and no text with a digit less does. */
static void random_doubles_are_written_shortest_and_read_back(void **unused)
{
    (void)unused;
    uint64_t state = 20240229;
    for (int i = 0; i < 200000; i++) {
        const double d = random_double(&state);
        char out[JN_NUMBER_MAX + 1], libc[40], digits[17];
        out[jn_number_format(out, d)] = '\0';
        expect_same_bits(out, parse(out), d);
        snprintf(libc, sizeof libc, "%.17g", d);
        expect_same_bits(libc, parse(libc), d);
        int e;
        const int n = jn_number_digits(digits, &e, d);
        if (n > 1 && i % 8 == 0) {
            snprintf(libc, sizeof libc, "%.*e", n - 2, d);
            if (strtod(libc, NULL) == d)
                fail_msg("%s is shorter than %s", libc, out);
        }
        if (i % 8 == 0) {       // of the texts with n digits ours is as near as libc's correctly rounded one
            snprintf(libc, sizeof libc, "%.*e", n - 1, d);
            if (strtod(libc, NULL) == d && parse(libc) == d) {
                char again[JN_NUMBER_MAX + 1];
                again[jn_number_format(again, strtod(libc, NULL))] = '\0';
                assert_string_equal(again, out);
                assert_memory_equal(libc + (d < 0), digits, 1);
                assert_true(n == 1 || memcmp(libc + (d < 0) + 2, digits + 1, (size_t)n - 1) == 0);
            }
        }
    }
}

/* Digits of every length, some of them next to the middle between two doubles. */
static void random_texts_read_as_libc_reads_them(void **unused)
{
    (void)unused;
    uint64_t state = 77;
    char text[1300];
    for (int i = 0; i < 60000; i++) {
        const int n = 1 + (int)(next_random(&state) % (i % 100 == 0 ? 1000 : 30));
        int len = 0;
        for (int k = 0; k < n; k++) {
            text[len++] = (char)('0' + next_random(&state) % 10);
            if (k == 0 && text[0] == '0' && n > 1)
                text[0] = '1';
            if (k == n / 3 && k + 1 < n && i % 2)
                text[len++] = '.';
        }
        snprintf(text + len, sizeof text - (size_t)len, "e%d", (int)(next_random(&state) % 700) - 350);
        expect_same_bits(text, parse(text), strtod(text, NULL));
    }
}

/* The exact middle between two doubles, printed in full, and the same with its last digit changed. */
/* Up to eight characters are read at once: all lengths, all places of the point, both signs, zeros before and
 * behind. */
static void short_texts_read_as_libc_reads_them(void **unused)
{
    (void)unused;
    static const char *const digits[] = { "1234567890", "9999999999", "0000000000", "1000000001" };
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        for (int len = 1; len <= 10; len++) {
            for (int point = 0; point < len; point++) {
                char text[16];
                const int whole = point ? point : len;
                snprintf(text, sizeof text, "-%.*s%s%.*s", whole, digits[i], point ? "." : "", len - whole,
                         digits[i] + whole);
                expect_same_bits(text, parse(text), strtod(text, NULL));
                expect_same_bits(text, parse(text + 1), strtod(text + 1, NULL));
            }
        }
    }
}

static void middles_round_to_even(void **unused)
{
    (void)unused;
    uint64_t state = 4711;
    char text[1300];
    for (int i = 0; i < 3000; i++) {
        double d = fabs(random_double(&state));
        if (i % 3 == 0)
            d = ldexp(d, (int)(next_random(&state) % 100) - 50 - ilogb(d));
        if (i % 50 == 0)
            d = ldexp((double)(next_random(&state) % 1000000), -1074);
        const long double middle = ((long double)d + (long double)nextafter(d, INFINITY)) / 2;
        if (LDBL_MANT_DIG < 64 || !(middle < DBL_MAX))
            continue;
        const int len = snprintf(text, sizeof text, "%.*Lf", 1100, middle);
        if (len >= (int)sizeof text)
            continue;
        expect_same_bits(text, parse(text), strtod(text, NULL));
        text[len - 1] = '1';
        expect_same_bits(text, parse(text), strtod(text, NULL));
    }
}

static void fifteen_digits_are_those_of_to_precision(void **unused)
{
    (void)unused;
    static const struct {
        double d;
        const char *text;
    } cases[] = {
        {0.1 + 0.2, "0.3"},
        {1.0 / 3, "0.333333333333333"},
        {2.0 / 3, "0.666666666666667"},
        {0.1, "0.1"},
        {1234567.12345678912, "1234567.12345679"},
        {123456789012345678.0, "123456789012345680"},
        {4.35 * 100, "435"},
        {0.99999999999999989, "1"},
        {9.9999999999999995, "10"},
        {1e21, "1e+21"},
        {-1.0 / 3, "-0.333333333333333"},
        {5e-324, "5e-324"},
        {1.234567890123456789e-310, "1.23456789012346e-310"},
        {NAN, "NaN"},
        {2.5000000000000004, "2.5"},
        {0.00001234567890123456, "0.0000123456789012346"},
        {-0.0, "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[JN_NUMBER_MAX + 1];
        out[jn_number_format15(out, cases[i].d)] = '\0';
        assert_string_equal(out, cases[i].text);
    }
    uint64_t state = 99;
    for (int i = 0; i < 50000; i++) {
        const double d = random_double(&state);
        char text[40], digits[17];
        int e;
        if (jn_number_digits(digits, &e, d) == 16 && digits[15] == '5')
            continue;           // perhaps a tie, which libc rounds to even
        snprintf(text, sizeof text, "%.14e", d);
        expect_same_bits(text, jn_number_round15(d), strtod(text, NULL));
    }
}

/* Prices and what is near them: there the rounding has a quick way. */
static void neighbours_of_hundredths_round_like_others(void **unused)
{
    (void)unused;
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        const uint64_t random = next_random(&state);
        double d = (double)(random >> (17 + random % 47)) / 100;
        for (int steps = (int)(random % 4); steps; steps--)
            d = nextafter(d, random & 16 ? INFINITY : -INFINITY);
        char text[40];
        snprintf(text, sizeof text, "%.14e", d);
        expect_same_bits(text, jn_number_round15(d), strtod(text, NULL));
        expect_same_bits(text, jn_number_round15(-d), -strtod(text, NULL));
        if (d == 0)
            continue;
        char out[JN_NUMBER_MAX + 1], digits[17];
        out[jn_number_format(out, -d)] = '\0';
        expect_same_bits(out, parse(out), -d);
        int e, n = 0;
        const char *first = out + strspn(out, "-0.");
        for (const char *p = first; *p && *p != 'e'; p++)
            n += *p != '.';
        while (n > 1 && !strchr(out, '.') && first[n - 1] == '0')
            n--;
        assert_int_equal(n, jn_number_digits(digits, &e, fabs(d)));
    }
}

/* Doubles that are exactly in the middle between two numbers of fifteen digits. */
static void ties_at_the_sixteenth_digit_round_up(void **unused)
{
    (void)unused;
    assert_true(jn_number_round15(1234567890123.125) == 1234567890123.13);
    assert_true(jn_number_round15(100000000000000.5) == 100000000000001);
    assert_true(jn_number_round15(100000000000001.5) == 100000000000002);
    assert_true(jn_number_round15(-100000000000000.5) == -100000000000001);
}

static void numbers_are_found_at_the_start_of_text(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"", 0},   {"-", 0},   {"x", 0},    {"+1", 0},   {".5", 0},        {"0", 1},
        {"01", 1}, {"-0", 2},  {"12x", 2},  {"1.", 1},   {"1.5", 3},       {"1.5.5", 3},
        {"1e", 1}, {"1e+", 1}, {"1e+5", 4}, {"1E5,", 3}, {"-1.25e-3]", 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(jn_number_scan(jn_str_of(cases[i].text)), cases[i].len);
}

static void canonical_text_is_what_formatting_gives(void **unused)
{
    (void)unused;
    static const char *const yes[] = {"0",   "1",    "-1",       "10",        "123456789012345",
                                      "0.5", "-0.5", "0.000001", "0.0000015", "1.25",
                                      "1234567890123456", "9007199254740992", "-9007199254740991"};
    static const char *const no[] = {"",          "-",
                                     "-0",        "00",
                                     "01",        "1.0",
                                     "0.0",       "1.50",
                                     "1e5",       "1E5",
                                     "0.0000001", "1.",
                                     ".5",        "9007199254740993",
                                     "-9007199254740993", "12345678901234567",
                                     "-0.0",      "0.30000000000000004",
                                     "1e-7",      "0x1"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!jn_number_is_canonical(jn_str_of(yes[i])))
            fail_msg("%s is canonical", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (jn_number_is_canonical(jn_str_of(no[i])))
            fail_msg("%s is not canonical", no[i]);
    uint64_t state = 5;
    for (int i = 0; i < 100000; i++) {
        char text[40], out[JN_NUMBER_MAX];
        snprintf(text, sizeof text, "%.*f", (int)(next_random(&state) % 12),
                 (double)(int64_t)next_random(&state) / 1e12 / pow(10, (double)(next_random(&state) % 12)));
        if (!jn_number_is_canonical(jn_str_of(text)))
            continue;
        const size_t n = jn_number_format(out, parse(text));
        assert_int_equal(n, strlen(text));
        assert_memory_equal(out, text, n);
    }
}

/* The same doubles through node's JSON.parse and String(): ours must agree to the byte. */
static void node_writes_the_same(void **unused)
{
    (void)unused;
    if (system("command -v node >/dev/null 2>&1") != 0)
        skip();
    char script[] = "/tmp/number_test_XXXXXX";
    const int fd = mkstemp(script);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("const v = [", f);
    uint64_t state = 31337;
    enum { N = 20000 };
    for (int i = 0; i < N; i++) {
        const double d = i % 4 == 1 ? ldexp(1, (int)(next_random(&state) % 2000) - 1000) : random_double(&state);
        fprintf(f, "%.17g,", i % 4 == 2 ? (double)(int64_t)next_random(&state) / 1e12 : d);
    }
    fputs("0]; for (const d of v) console.log(String(d) + ' ' + Number(d.toPrecision(15)));\n", f);
    fclose(f);
    char command[64], line[128], ours[2 * JN_NUMBER_MAX + 3];
    snprintf(command, sizeof command, "node %s", script);
    FILE *node = popen(command, "r");
    assert_non_null(node);
    state = 31337;
    for (int i = 0; i < N; i++) {
        double d = i % 4 == 1 ? ldexp(1, (int)(next_random(&state) % 2000) - 1000) : random_double(&state);
        if (i % 4 == 2)
            d = (double)(int64_t)next_random(&state) / 1e12;
        assert_non_null(fgets(line, sizeof line, node));
        size_t n = jn_number_format(ours, d);
        ours[n++] = ' ';
        n += jn_number_format(ours + n, jn_number_round15(d));
        ours[n++] = '\n';
        ours[n] = '\0';
        assert_string_equal(ours, line);
    }
    pclose(node);
    unlink(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_those_of_ecmascript),
        cmocka_unit_test(hard_texts_read_as_libc_reads_them),
        cmocka_unit_test(famous_values),
        cmocka_unit_test(random_doubles_are_written_shortest_and_read_back),
        cmocka_unit_test(random_texts_read_as_libc_reads_them),
        cmocka_unit_test(short_texts_read_as_libc_reads_them),
        cmocka_unit_test(middles_round_to_even),
        cmocka_unit_test(fifteen_digits_are_those_of_to_precision),
        cmocka_unit_test(neighbours_of_hundredths_round_like_others),
        cmocka_unit_test(ties_at_the_sixteenth_digit_round_up),
        cmocka_unit_test(numbers_are_found_at_the_start_of_text),
        cmocka_unit_test(canonical_text_is_what_formatting_gives),
        cmocka_unit_test(node_writes_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
