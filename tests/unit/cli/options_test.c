/* options_test.c - reading a command line. */
#include "cli/options.h"

#include "cmocka_all.h"

struct settings {
    const char *name;
    int64_t count;
    bool loud;
};

static const struct cli_option options[] = {
    { "--name", "N", "a name", CLI_TEXT, offsetof(struct settings, name) },
    { "--count", "N", "a number", CLI_COUNT, offsetof(struct settings, count) },
    { "--loud", NULL, "a flag", CLI_FLAG, offsetof(struct settings, loud) },
};

static enum jn_status read(struct settings *s, char **argv, int *rest, struct jn_error *err)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return cli_options_read(options, 3, s, argc, argv, rest, err);
}

static void test_options_and_the_rest(void **state)
{
    (void)state;
    struct settings s = { 0 };
    struct jn_error err = { 0 };
    int rest;
    char *argv[] = { "a", "--name", "x", "-", "--count=7", "--loud", "--", "--name", NULL };
    assert_int_equal(read(&s, argv, &rest, &err), JN_OK);
    assert_string_equal(s.name, "x");
    assert_int_equal(s.count, 7);
    assert_true(s.loud);
    assert_int_equal(rest, 3);
    assert_string_equal(argv[0], "a");
    assert_string_equal(argv[1], "-");
    assert_string_equal(argv[2], "--name");
}

static void test_mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        char *argv[3];
        const char *expected;
    } cases[] = {
        { { "--nmae", NULL }, "unknown option --nmae" },
        { { "--name", NULL }, "--name needs a value" },
        { { "--count", "many", NULL }, "--count needs a whole number, not \"many\"" },
        { { "--count=-1", NULL }, "whole number" },
        { { "--loud=yes", NULL }, "--loud takes no value" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s = { 0 };
        struct jn_error err = { 0 };
        int rest;
        char *argv[] = { cases[i].argv[0], cases[i].argv[1], NULL };
        assert_int_equal(read(&s, argv, &rest, &err), JN_BAD_VALUE);
        assert_non_null(strstr(err.message, cases[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_and_the_rest),
        cmocka_unit_test(test_mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
