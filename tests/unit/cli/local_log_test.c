/* local_log_test.c - a local Lambda's log for people. */
#include "cli/local_log.h"

#include "base/clock.h"
#include "core/buf.h"
#include "cmocka_all.h"

#define ID "3ed79126-a51b-4626-853c-8ee33587ec83"

static void expect(enum base_log_level level, const char *request, const char *message, const char *expected)
{
    const struct base_clock clock = base_clock_scripted(1773500966123);      // 2026-03-14T15:09:26.123Z
    const struct base_log l = { .clock = &clock };
    const struct base_field fields[] = { { "function", JN_STR("f") }, { "request", jn_str_of(request) },
                                         { "path", JN_STR("/x") }, { NULL, { NULL, 0 } } };
    struct jn_buf line;
    jn_buf_init(&line, 0);
    cli_local_log_line(&l, level, fields, jn_str_of(message), &line);
    assert_string_equal(line.data, expected);
    jn_buf_clear(&line);
}

static void a_line_has_the_time_the_function_and_the_call(void **state)
{
    (void)state;
    expect(BASE_INFO, ID, "answered", "15:09:26.123 f 3ed79126  answered path=/x");
    expect(BASE_INFO, "", "changed", "15:09:26.123 f  changed path=/x");
}

static void what_runtimes_put_before_a_message_is_not_said_twice(void **state)
{
    (void)state;
    expect(BASE_INFO, ID, "2026-03-14T15:09:26.123Z\t" ID "\tWARN\tcareful\rthere",
           "15:09:26.123 f 3ed79126  WARN careful\n    there path=/x");
    expect(BASE_INFO, ID, "2026-03-14T15:09:26.123Z\tundefined\tINFO\tloading",
           "15:09:26.123 f 3ed79126  INFO loading path=/x");
    expect(BASE_INFO, ID, "[INFO]\t2026-03-14T15:09:26.123Z\t" ID "\tgot it",
           "15:09:26.123 f 3ed79126  INFO got it path=/x");
    expect(BASE_INFO, ID, "2026-03-14T15:09:26.123Z\tsomebody\tINFO\tof its own",
           "15:09:26.123 f 3ed79126  2026-03-14T15:09:26.123Z somebody INFO of its own path=/x");
    expect(BASE_INFO, ID, "a\tb", "15:09:26.123 f 3ed79126  a b path=/x");
}

static void nothing_steers_the_terminal(void **state)
{
    (void)state;
    expect(BASE_INFO, ID, "a\033[2Jb\x7f\xc2\x9b" "c\xff" "d K\xc3\xb6ln",
           "15:09:26.123 f 3ed79126  a\\x1b[2Jb\\x7f\\u009bc\\xffd K\xc3\xb6ln path=/x");
}

static void mistakes_have_a_colour_where_there_are_colours(void **state)
{
    (void)state;
    const struct base_clock clock = base_clock_scripted(0);
    const struct base_log l = { .clock = &clock, .colour = true };
    struct jn_buf line;
    jn_buf_init(&line, 0);
    cli_local_log_line(&l, BASE_WARN, NULL, JN_STR("x"), &line);
    assert_string_equal(line.data, "\033[2m00:00:00.000\033[0m  \033[33mx\033[0m");
    jn_buf_clear(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_time_the_function_and_the_call),
        cmocka_unit_test(what_runtimes_put_before_a_message_is_not_said_twice),
        cmocka_unit_test(nothing_steers_the_terminal),
        cmocka_unit_test(mistakes_have_a_colour_where_there_are_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
