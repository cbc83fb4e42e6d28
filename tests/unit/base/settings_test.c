/* settings_test.c - the reference's rules for environment variables (platform-protocol.md, 1.1), and the manual. */
#include "cmocka_all.h"

#include "base/settings.h"

struct into {
    const char *text, *secret;
    int64_t number;
    bool on, off;
};

static const struct base_setting table[] = {
    { "A_TEXT", BASE_SETTING_TEXT, 0, offsetof(struct into, text), "usual", "Group\nAbout it.", "", "A text." },
    { "A_SECRET", BASE_SETTING_SECRET, 3, offsetof(struct into, secret), NULL, NULL, "", "A secret." },
    { "A_NUMBER", BASE_SETTING_INTEGER, 0, offsetof(struct into, number), "20", NULL, "ms", "A number." },
    { "ON", BASE_SETTING_BOOLEAN, 0, offsetof(struct into, on), "true", "More", "", "On." },
    { "OFF", BASE_SETTING_BOOLEAN, 0, offsetof(struct into, off), NULL, NULL, "", "Off." },
    { "THEIRS", BASE_SETTING_ELSEWHERE, 0, 0, NULL, NULL, "", "Not ours." },
};
enum { COUNT = sizeof table / sizeof *table };

static struct into read_with(const char *name, const char *value)
{
    const char *const pairs[] = { name, value, NULL };
    const struct base_env env = base_env_of(pairs);
    struct into into = { 0 };
    assert_int_equal(base_settings_read(table, COUNT, &env, 0, &into, NULL), JN_OK);
    return into;
}

static void integers_are_read_as_parse_int_does(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t expected; } cases[] = {
        { "0", 20 }, { "-3", -3 }, { "abc", 20 }, { "12abc", 12 }, { "1e3", 1 }, { " 7 ", 7 }, { "0x10", 16 },
        { "3.9", 3 }, { "Infinity", 20 }, { "", 20 }, { "+5", 5 }, { "-", 20 }, { "0x", 20 }, { "-0x1F", -31 },
        { "0xg", 20 }, { "00012", 12 }, { "- 3", 20 }, { "\t\n\v\f\r 8", 8 },
        { "\xc2\xa0\xef\xbb\xbf\xe3\x80\x80" "9", 9 }, { "99999999999999999999", INT64_MAX }, { "-99999999999999999999", -INT64_MAX }, { "\xff" "7", 20 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t n = read_with("A_NUMBER", cases[i].text).number;
        if (n != cases[i].expected)
            fail_msg("\"%s\" gives %lld", cases[i].text, (long long)n);
    }
}

static void booleans_are_true_unless_empty_or_false(void **state)
{
    (void)state;
    static const struct { const char *text; bool expected; } cases[] = {
        { "", false }, { "false", false }, { "true", true }, { "0", true }, { "no", true }, { "FALSE", true },
        { " false", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_with("ON", cases[i].text).on, cases[i].expected);
        assert_int_equal(read_with("OFF", cases[i].text).off, cases[i].expected);
    }
    assert_true(read_with("X", "").on);
    assert_false(read_with("X", "").off);
}

static void empty_texts_are_the_default(void **state)
{
    (void)state;
    assert_string_equal(read_with("A_TEXT", "").text, "usual");
    assert_string_equal(read_with("A_TEXT", " ").text, " ");
    assert_null(read_with("A_SECRET", "").secret);
}

static void what_a_mode_requires_is_missed(void **state)
{
    (void)state;
    const char *const pairs[] = { "A_SECRET", "", "A_NUMBER", "5", NULL };
    const struct base_env env = base_env_of(pairs);
    struct into into = { 0 };
    struct jn_error err = { 0 };
    assert_int_equal(base_settings_read(table, COUNT, &env, 4, &into, &err), JN_OK);
    assert_int_equal(base_settings_read(table, COUNT, &env, 2, &into, &err), JN_BAD_VALUE);
    assert_string_equal(err.message, "A_SECRET is missing");
    assert_int_equal(into.number, 5);
}

static void the_manual_has_a_table_per_group(void **state)
{
    (void)state;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    base_settings_manual(table, COUNT, &out);
    assert_string_equal(out.data,
                        "\n## Group\n\nAbout it.\n\n| variable | kind | default | meaning |\n|---|---|---|---|\n"
                        "| `A_TEXT` | text | `usual` | A text. |\n"
                        "| `A_SECRET` | secret | **required** | A secret. |\n"
                        "| `A_NUMBER` | integer | `20` ms | A number. |\n"
                        "\n## More\n\n| variable | kind | default | meaning |\n|---|---|---|---|\n"
                        "| `ON` | boolean | `true` | On. |\n"
                        "| `OFF` | boolean | `false` | Off. |\n"
                        "| `THEIRS` |  |  | Not ours. |\n");
    jn_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_as_parse_int_does),
        cmocka_unit_test(booleans_are_true_unless_empty_or_false),
        cmocka_unit_test(empty_texts_are_the_default),
        cmocka_unit_test(what_a_mode_requires_is_missed),
        cmocka_unit_test(the_manual_has_a_table_per_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
