/* budget_test.c - arenas, buffers and blocks that draw on one budget. */
#include "core/arena.h"
#include "core/buf.h"
#include "../../support/cmocka_all.h"

static void what_is_taken_is_counted_and_given_back(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 100 };
    assert_true(jn_budget_take(&b, 60));
    assert_false(jn_budget_take(&b, 41));
    assert_true(jn_budget_take(&b, 40));
    assert_int_equal(b.peak, 100);
    jn_budget_give(&b, 70);
    assert_int_equal(b.used, 30);
    assert_true(jn_budget_take(NULL, SIZE_MAX));
}

static void arenas_and_buffers_share(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 100000 };
    struct jn_arena a;
    struct jn_buf text;
    jn_arena_init(&a, 0);
    jn_buf_init(&text, 0);
    a.budget = text.budget = &b;
    assert_non_null(jn_arena_alloc(&a, 60000));
    assert_int_equal(b.used, a.taken);
    assert_null(jn_buf_reserve(&text, 60000));
    assert_int_equal(text.failed, JN_LIMIT);
    jn_buf_clear(&text);
    assert_non_null(jn_buf_reserve(&text, 20000));
    assert_null(jn_arena_alloc(&a, 30000));
    assert_int_equal(jn_arena_failed(&a), JN_LIMIT);
    jn_arena_clear(&a);
    jn_buf_clear(&text);
    assert_int_equal(b.used, 0);
}

static void detached_bytes_are_no_longer_counted(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 1000 };
    struct jn_buf text;
    jn_buf_init(&text, 0);
    text.budget = &b;
    jn_buf_append_z(&text, "hello");
    assert_true(b.used > 5);
    char *bytes = jn_buf_detach(&text);
    assert_int_equal(b.used, 0);
    assert_string_equal(bytes, "hello");
    free(bytes);
}

static void blocks_for_libraries_carry_their_size(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 1000 };
    void *p = jn_budget_alloc(500, &b);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_true(b.used >= 500 && b.used <= 532);
    assert_null(jn_budget_alloc(500, &b));
    assert_null(jn_budget_alloc(SIZE_MAX, NULL));
    jn_budget_free(p, &b);
    jn_budget_free(NULL, &b);
    assert_int_equal(b.used, 0);
}

static void give_all(struct jn_budget *b)
{
    b->used = 0;
}

static void warm_memory_is_asked_for_first(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 100, .used = 90, .reclaim = give_all };
    assert_true(jn_budget_take(&b, 50));
    assert_int_equal(b.used, 50);
    assert_false(jn_budget_take(&b, 101));
}

static void a_full_arena_gives_up_warm_chunks_that_are_too_small(void **state)
{
    (void)state;
    struct jn_budget b = { .limit = 200000 };
    struct jn_arena a;
    jn_arena_init(&a, 0);
    a.budget = &b;
    for (int i = 0; i < 10; i++)
        assert_non_null(jn_arena_alloc(&a, 10000));
    jn_arena_reset(&a);
    assert_non_null(jn_arena_alloc(&a, 190000));
    jn_arena_clear(&a);
    assert_int_equal(b.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_counted_and_given_back),
        cmocka_unit_test(arenas_and_buffers_share),
        cmocka_unit_test(detached_bytes_are_no_longer_counted),
        cmocka_unit_test(blocks_for_libraries_carry_their_size),
        cmocka_unit_test(warm_memory_is_asked_for_first),
        cmocka_unit_test(a_full_arena_gives_up_warm_chunks_that_are_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
