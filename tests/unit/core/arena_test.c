#include "core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void blocks_are_aligned_and_apart(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    char *last = NULL;
    for (size_t size = 0; size < 5000; size += 7) {
        char *p = jn_arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_ptr_not_equal(p, last);
        memset(p, 0xa5, size);
        last = p;
    }
    const char *zeros = jn_arena_zalloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    jn_arena_clear(&a);
    assert_int_equal(a.taken, 0);
}

static void appending_again_and_again_stays_in_place(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const char *text = "";
    size_t moves = 0, len = 0;
    for (; len < 100000; len++) {
        char *longer = jn_arena_append(&a, text, len, 1);
        moves += longer != text;
        longer[len] = (char)('a' + len % 26);
        text = longer;
        assert_non_null(jn_arena_alloc(&a, 24));        // something else comes in between
    }
    assert_true(moves < 25);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(text[i], 'a' + i % 26);
    jn_arena_clear(&a);
}

static void what_was_appended_to_stays_as_it_was(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    char *first = jn_arena_append(&a, "ab", 2, 2);
    memcpy(first + 2, "cd", 2);
    char *one = jn_arena_append(&a, first, 4, 1);
    one[4] = '1';
    char *two = jn_arena_append(&a, first, 4, 1);       // the place behind is taken
    two[4] = '2';
    char *part = jn_arena_append(&a, first, 3, 1);      // not all of it
    part[3] = 'x';
    assert_memory_equal(first, "abcd", 4);
    assert_memory_equal(one, "abcd1", 5);
    assert_memory_equal(two, "abcd2", 5);
    assert_memory_equal(part, "abcx", 4);
    jn_arena_clear(&a);
}

static void a_rewind_ends_growth(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    char *kept = jn_arena_append(&a, "k", 1, 1);
    kept[1] = 'e';
    const jn_mark mark = jn_arena_mark(&a);
    char *gone = jn_arena_append(&a, "g", 1, 1);
    gone[1] = 'o';
    jn_arena_rewind(&a, mark);
    char *other = jn_arena_alloc(&a, 2);                // in the same place
    memcpy(other, "go", 2);
    char *next = jn_arena_alloc(&a, 1);
    *next = '!';
    assert_ptr_equal(other, gone);
    assert_ptr_not_equal(jn_arena_append(&a, other, 2, 1000), other);
    assert_ptr_equal(jn_arena_append(&a, kept, 2, 1), kept);
    assert_int_equal(*next, '!');
    for (int i = 0; i < 1000; i++)
        assert_non_null(jn_arena_alloc(&a, 1000));      // other chunks
    jn_arena_rewind(&a, jn_arena_mark(&a));
    assert_ptr_equal(jn_arena_append(&a, kept, 3, 1), kept);
    jn_arena_reset(&a);
    assert_ptr_not_equal(jn_arena_append(&a, kept, 4, 0), NULL);
    jn_arena_clear(&a);
}

static void a_reset_keeps_large_chunks_while_they_are_used(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    for (int i = 0; i < 100; i++)
        assert_non_null(jn_arena_alloc(&a, 10000));
    const size_t before_large = a.taken;
    assert_non_null(jn_arena_alloc(&a, 5000000));
    const uint64_t before = a.system_allocations;
    for (int round = 0; round < 3; round++) {
        jn_arena_reset(&a);
        for (int i = 0; i < 100; i++)
            assert_non_null(jn_arena_alloc(&a, 10000));
        assert_non_null(jn_arena_alloc(&a, 5000000));
    }
    assert_true(a.taken > before_large);
    jn_arena_reset(&a);
    jn_arena_reset(&a);
    assert_int_equal(a.taken, before_large);
    for (int i = 0; i < 100; i++)
        assert_non_null(jn_arena_alloc(&a, 10000));
    assert_int_equal(a.system_allocations, before);
    jn_arena_clear(&a);
}

static void a_rewind_forgets_what_came_after_the_mark(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_mark empty = jn_arena_mark(&a);
    char *first = jn_arena_alloc(&a, 100);
    memset(first, 'x', 100);
    const jn_mark mark = jn_arena_mark(&a);
    char *second = jn_arena_alloc(&a, 100);
    for (int i = 0; i < 50; i++)
        assert_non_null(jn_arena_alloc(&a, 3000));
    const uint64_t before = a.system_allocations;
    jn_arena_rewind(&a, mark);
    assert_ptr_equal(jn_arena_alloc(&a, 100), second);
    for (int i = 0; i < 50; i++)
        assert_non_null(jn_arena_alloc(&a, 3000));
    assert_int_equal(a.system_allocations, before);
    assert_int_equal(first[99], 'x');
    jn_arena_rewind(&a, empty);
    assert_ptr_equal(jn_arena_alloc(&a, 100), first);
    jn_arena_clear(&a);
}

static void the_last_block_grows_in_place(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    char *p = jn_arena_alloc(&a, 10);
    memcpy(p, "0123456789", 10);
    assert_ptr_equal(jn_arena_grow(&a, p, 10, 1000), p);
    assert_ptr_equal(jn_arena_grow(&a, p, 1000, 10), p);
    char *behind = jn_arena_alloc(&a, 16);
    assert_true(behind >= p + 1000);
    char *moved = jn_arena_grow(&a, p, 1000, 3000);
    assert_ptr_not_equal(moved, p);
    assert_memory_equal(moved, "0123456789", 10);
    assert_non_null(jn_arena_grow(&a, NULL, 0, 50));
    jn_arena_clear(&a);
}

static void a_ceiling_is_never_passed(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 100000);
    int blocks = 0;
    while (jn_arena_alloc(&a, 1000))
        blocks++;
    assert_int_equal(jn_arena_failed(&a), JN_LIMIT);
    assert_true(a.taken <= 100000);
    assert_true(blocks >= 90);
    assert_null(jn_arena_alloc(&a, 1));     // it stays failed
    assert_null(jn_arena_alloc(&a, 0));
    assert_null(jn_arena_zalloc(&a, 1));
    assert_null(jn_arena_copy(&a, JN_STR("x")).data);
    jn_arena_rewind(&a, (jn_mark){ 0 });
    assert_null(jn_arena_alloc(&a, 1));
    jn_arena_reset(&a);                     // until it is reset
    assert_non_null(jn_arena_alloc(&a, 1000));
    jn_arena_clear(&a);
}

static void absurd_sizes_fail(void **unused)
{
    (void)unused;
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct jn_arena a;
        jn_arena_init(&a, 0);
        assert_non_null(jn_arena_alloc(&a, 1));
        assert_null(jn_arena_alloc(&a, sizes[i]));
        assert_int_equal(jn_arena_failed(&a), JN_NO_MEMORY);
        jn_arena_clear(&a);
    }
}

static void copies_end_with_a_nul(void **unused)
{
    (void)unused;
    struct jn_arena *a = jn_arena_new(0);
    const jn_str s = jn_arena_copy(a, JN_STR("abc")), nothing = jn_arena_copy(a, (jn_str){ NULL, 0 });
    assert_string_equal(s.data, "abc");
    assert_int_equal(s.len, 3);
    assert_string_equal(nothing.data, "");
    jn_arena_free(a);
    jn_arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_apart),
        cmocka_unit_test(appending_again_and_again_stays_in_place),
        cmocka_unit_test(what_was_appended_to_stays_as_it_was),
        cmocka_unit_test(a_rewind_ends_growth),
        cmocka_unit_test(a_reset_keeps_large_chunks_while_they_are_used),
        cmocka_unit_test(a_rewind_forgets_what_came_after_the_mark),
        cmocka_unit_test(the_last_block_grows_in_place),
        cmocka_unit_test(a_ceiling_is_never_passed),
        cmocka_unit_test(absurd_sizes_fail),
        cmocka_unit_test(copies_end_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
