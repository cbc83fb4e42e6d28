#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void pieces_join_and_end_with_a_nul(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(jn_buf_str(&b).len, 0);
    jn_buf_append(&b, JN_STR("ab"));
    jn_buf_append(&b, (jn_str){ NULL, 0 });
    jn_buf_append_z(&b, "cd");
    jn_buf_append_char(&b, 'e');
    jn_buf_append_fmt(&b, "%d-%s", 42, "x");
    assert_string_equal(b.data, "abcde42-x");
    assert_int_equal(b.len, 9);
    jn_buf_clear(&b);
}

static void growing_byte_by_byte_loses_nothing(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    for (int i = 0; i < 100000; i++)
        jn_buf_append_char(&b, (char)('a' + i % 26));
    assert_int_equal(b.len, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    jn_buf_clear(&b);
}

static void a_ceiling_is_exact_and_failure_stays(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 10);
    jn_buf_append(&b, JN_STR("0123456789"));
    assert_int_equal(b.failed, JN_OK);
    jn_buf_append_char(&b, 'x');
    assert_int_equal(b.failed, JN_LIMIT);
    assert_int_equal(b.len, 10);
    jn_buf_truncate(&b, 0);
    jn_buf_append_char(&b, 'x');
    jn_buf_append_fmt(&b, "%s", "y");
    assert_int_equal(b.len, 0);
    assert_null(jn_buf_reserve(&b, 0));
    assert_null(jn_buf_detach(&b));
    assert_int_equal(b.failed, JN_OK);      // detach leaves an empty buffer
    jn_buf_append_char(&b, 'z');
    assert_string_equal(b.data, "z");
    jn_buf_clear(&b);
}

static void the_front_can_be_consumed(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    jn_buf_consume(&b, 3);
    jn_buf_append_z(&b, "hello world");
    jn_buf_consume(&b, 6);
    assert_string_equal(b.data, "world");
    jn_buf_truncate(&b, 3);
    assert_string_equal(b.data, "wor");
    jn_buf_truncate(&b, 100);
    jn_buf_consume(&b, 100);
    assert_int_equal(b.len, 0);
    jn_buf_clear(&b);
}

static void an_empty_buffer_detaches_as_an_empty_string(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    char *nothing = jn_buf_detach(&b);
    assert_string_equal(nothing, "");
    free(nothing);
    jn_buf_append_z(&b, "abc");
    char *text = jn_buf_detach(&b);
    assert_string_equal(text, "abc");
    assert_null(b.data);
    free(text);
    jn_buf_wipe(&b);
}

static void what_was_detached_can_be_attached(void **unused)
{
    (void)unused;
    struct jn_buf from, to;
    jn_buf_init(&from, 0);
    jn_buf_init(&to, 0);
    jn_buf_append_z(&from, "abc");
    jn_buf_append_z(&to, "forgotten");
    jn_buf_attach(&to, jn_buf_detach(&from), 3);
    assert_string_equal(to.data, "abc");
    jn_buf_append_z(&to, "def");
    assert_string_equal(to.data, "abcdef");
    jn_buf_clear(&to);
}

static void absurd_sizes_fail(void **unused)
{
    (void)unused;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    jn_buf_append_z(&b, "abc");
    assert_null(jn_buf_reserve(&b, SIZE_MAX));
    assert_int_equal(b.failed, JN_LIMIT);
    jn_buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_join_and_end_with_a_nul),
        cmocka_unit_test(growing_byte_by_byte_loses_nothing),
        cmocka_unit_test(a_ceiling_is_exact_and_failure_stays),
        cmocka_unit_test(the_front_can_be_consumed),
        cmocka_unit_test(an_empty_buffer_detaches_as_an_empty_string),
        cmocka_unit_test(what_was_detached_can_be_attached),
        cmocka_unit_test(absurd_sizes_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
