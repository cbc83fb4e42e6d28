#include "core/status.h"
#include "core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_kind_has_a_text_of_its_own(void **unused)
{
    (void)unused;
    for (int i = JN_OK; i <= JN_EVALUATION; i++) {
        assert_string_not_equal(jn_status_text((enum jn_status)i), "unknown failure");
        for (int k = JN_OK; k < i; k++)
            assert_string_not_equal(jn_status_text((enum jn_status)i), jn_status_text((enum jn_status)k));
    }
    assert_string_equal(jn_status_text((enum jn_status)99), "unknown failure");
}

static void the_first_error_wins(void **unused)
{
    (void)unused;
    struct jn_error err = { 0 };
    assert_int_equal(jn_fail(&err, JN_IO, "disk %d", 1), JN_IO);
    assert_int_equal(jn_fail(&err, JN_TIMEOUT, "late"), JN_TIMEOUT);
    assert_int_equal(jn_fail_at(&err, JN_STR("text"), 2, "bad"), JN_BAD_TEXT);
    assert_int_equal(err.status, JN_IO);
    assert_string_equal(err.message, "disk 1");
    assert_int_equal(err.line, 0);
    assert_int_equal(jn_fail(NULL, JN_IO, "nobody cares"), JN_IO);
}

static void foreign_codes_are_kept_and_cut(void **unused)
{
    (void)unused;
    struct jn_error err = { 0 }, other = { 0 };
    assert_int_equal(jn_fail_code(&err, JN_REMOTE, JN_STR("ResourceNotFoundException"), "no function"), JN_REMOTE);
    assert_string_equal(err.code, "ResourceNotFoundException");
    char longer[200];
    memset(longer, 'c', sizeof longer);
    jn_fail_code(&other, JN_REMOTE, (jn_str){ longer, sizeof longer }, "x");
    assert_int_equal(strlen(other.code), sizeof other.code - 1);
}

static void places_count_lines_and_characters(void **unused)
{
    (void)unused;
    static const char text[] = "a\n\xc3\xa4\xe2\x82\xac!\r\n\xf0\x9f\x98\x80x";
    static const struct {
        size_t offset;
        uint32_t line, column;
    } cases[] = {{0, 1, 1}, {1, 1, 2},  {2, 2, 1},  {4, 2, 2},  {7, 2, 3},
                 {8, 2, 4}, {10, 3, 1}, {14, 3, 2}, {15, 3, 3}, {99, 3, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(jn_fail_at(&err, jn_str_of(text), cases[i].offset, "here"), JN_BAD_TEXT);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
    }
    struct jn_error nowhere = { 0 };
    jn_fail_at(&nowhere, (jn_str){ NULL, 0 }, 0, "here");
    assert_int_equal(nowhere.line, 1);
    assert_int_equal(nowhere.column, 1);
}

static void messages_are_one_line_of_valid_text(void **unused)
{
    (void)unused;
    struct jn_error err = { 0 };
    jn_fail(&err, JN_IO, "a\nb\tc\x7f%s", "d");
    assert_string_equal(err.message, "a b c d");
    for (size_t shift = 0; shift < 4; shift++) {
        struct jn_error cut = { 0 };
        char text[1000];
        memset(text, '.', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 5);
        jn_fail(&cut, JN_IO, "%s", text);
        assert_in_range(strlen(cut.message), sizeof cut.message - 4, sizeof cut.message - 1);
        assert_int_equal(jn_utf8_invalid(jn_str_of(cut.message)), strlen(cut.message));
    }
}

static void a_prefix_says_where_it_happened(void **unused)
{
    (void)unused;
    struct jn_error err = { 0 }, none = { 0 };
    jn_error_prefix(&none, "reading");
    assert_string_equal(none.message, "");
    jn_fail(&err, JN_IO, "disk full");
    jn_error_prefix(&err, "writing %s", "log");
    assert_string_equal(err.message, "writing log: disk full");
    assert_int_equal(err.status, JN_IO);
    for (int i = 0; i < 100; i++)
        jn_error_prefix(&err, "\xc3\xa4\xc3\xb6");
    assert_int_equal(jn_utf8_invalid(jn_str_of(err.message)), strlen(err.message));
    jn_error_prefix(NULL, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_text_of_its_own),
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(foreign_codes_are_kept_and_cut),
        cmocka_unit_test(places_count_lines_and_characters),
        cmocka_unit_test(messages_are_one_line_of_valid_text),
        cmocka_unit_test(a_prefix_says_where_it_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
