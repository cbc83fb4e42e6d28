/* clock_test.c - instants, their parts and their texts. */
#include "cmocka_all.h"

#include "base/clock.h"

static void parts_of_instants(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        struct base_civil parts;
    } cases[] = {
        { 0, { 1970, 1, 1, 0, 0, 0, 0 } },
        { -1, { 1969, 12, 31, 23, 59, 59, 999 } },
        { 951782400000, { 2000, 2, 29, 0, 0, 0, 0 } },
        { 1773500966123, { 2026, 3, 14, 15, 9, 26, 123 } },
        { 4107542400000, { 2100, 3, 1, 0, 0, 0, 0 } },
        { -62135596800000, { 1, 1, 1, 0, 0, 0, 0 } },
        { 253402300799999, { 9999, 12, 31, 23, 59, 59, 999 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct base_civil c = base_civil_of(cases[i].ms);
        assert_memory_equal(&c, &cases[i].parts, sizeof c);
    }
}

static void texts_of_an_instant(void **state)
{
    (void)state;
    char text[32];
    base_time_amz(text, 1773500966123);
    assert_string_equal(text, "20260314T150926Z");
    base_time_iso(text, 1773500966123);
    assert_string_equal(text, "2026-03-14T15:09:26.123Z");
    base_time_http(text, 1773500966123);
    assert_string_equal(text, "Sat, 14 Mar 2026 15:09:26 GMT");
    base_time_http(text, -1000);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

static void every_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777000 },
        { "Sun Nov  6 08:49:37 1994", 784111777000 },
        { "1994-11-06T08:49:37Z", 784111777000 },
        { "1994-11-06T08:49:37.5Z", 784111777500 },
        { "1994-11-06T08:49:37.123456789Z", 784111777123 },
        { "1994-11-06T10:49:37+02:00", 784111777000 },
        { "1994-11-06T03:19:37-0530", 784111777000 },
        { "19941106T084937Z", 784111777000 },
        { "2016-12-31T23:59:60Z", 1483228800000 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 0;
        if (!base_time_parse(jn_str_of(cases[i].text), &ms) || ms != cases[i].ms)
            fail_msg("%s: %lld instead of %lld", cases[i].text, (long long)ms, (long long)cases[i].ms);
    }
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "now", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx", "20240101T000000",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nev 1994 08:49:37 GMT", "2024-01-01 00:00:00Z",
        "2024-00-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms = 7;
        if (base_time_parse(jn_str_of(texts[i]), &ms) || ms != 7)
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)ms);
    }
}

/* 400 years, day by day: the texts are read back, and parts follow each other. */
static void every_day_reads_back(void **state)
{
    (void)state;
    for (int64_t day = -30000; day < 116097; day += 7) {
        const int64_t ms = day * 86400000 + 43200000;
        char iso[32], http[32], amz[32];
        int64_t back[3] = { 0 };
        base_time_iso(iso, ms);
        base_time_http(http, ms);
        base_time_amz(amz, ms);
        assert_true(base_time_parse(jn_str_of(iso), &back[0]) && base_time_parse(jn_str_of(http), &back[1]) &&
                    base_time_parse(jn_str_of(amz), &back[2]));
        assert_true(back[0] == ms && back[1] == ms && back[2] == ms);
    }
}

static void a_scripted_clock_shows_what_it_is_told(void **state)
{
    (void)state;
    struct base_clock c = base_clock_scripted(1000);
    assert_int_equal(c.wall_ms(&c), 1000);
    c.scripted_ms += 5;
    assert_int_equal(c.wall_ms(&c), 1005);
    assert_int_equal(c.monotonic_us(&c), 1005000);
}

static void the_system_clock_goes_forward(void **state)
{
    (void)state;
    const struct base_clock *c = base_clock_system();
    const int64_t before = c->monotonic_us(c);
    assert_true(c->monotonic_us(c) >= before);
    assert_true(c->wall_ms(c) > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_instants),
        cmocka_unit_test(texts_of_an_instant),
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(every_day_reads_back),
        cmocka_unit_test(a_scripted_clock_shows_what_it_is_told),
        cmocka_unit_test(the_system_clock_goes_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
