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

/* Reads a command line of words separated by blanks; `argv` (room for 10) gets what is left. */
static enum jn_status read(struct settings *s, char *line, char **argv, int *rest, struct jn_error *err)
{
    int argc = 0;
    for (char *word = line; (word = word + strspn(word, " ")), *word; argc++) {
        argv[argc] = word;
        word += strcspn(word, " ");
        if (*word)
            *word++ = '\0';
    }
    return cli_options_read(options, 3, s, argc, argv, rest, err);
}

static void test_options_and_the_rest(void **state)
{
    (void)state;
    struct settings s = { 0 };
    struct jn_error err = { 0 };
    int rest;
    char line[] = "a --name x - --count=7 --loud -- --name", *argv[10];
    assert_int_equal(read(&s, line, argv, &rest, &err), JN_OK);
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
        const char *line, *expected;
    } cases[] = {
        { "--nmae", "unknown option --nmae" },
        { "--name", "--name needs a value" },
        { "--count many", "--count needs a whole number, not \"many\"" },
        { "--count=-1", "whole number" },
        { "--loud=yes", "--loud takes no value" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s = { 0 };
        struct jn_error err = { 0 };
        int rest;
        char line[32] = "", *argv[10];
        memcpy(line, cases[i].line, strlen(cases[i].line));
        assert_int_equal(read(&s, line, argv, &rest, &err), JN_BAD_VALUE);
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
