/* confirms_test.c - which publications a broker's answer settles. */
#include "sailor/confirms.h"

#include "cmocka_all.h"

/* Files `n` things numbered from 1: "thing k" is &things[k]. */
static char things[1000];

static void file(struct sailor_confirms *c, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        assert_true(sailor_confirms_reserve(c, seq));
        sailor_confirms_add(c, seq, &things[seq]);
    }
}

static void each_is_found_once_in_any_order(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    file(&c, 1, 3);
    assert_ptr_equal(sailor_confirms_take(&c, 2), &things[2]);
    assert_null(sailor_confirms_take(&c, 2));
    assert_ptr_equal(sailor_confirms_take(&c, 1), &things[1]);
    assert_ptr_equal(sailor_confirms_take(&c, 3), &things[3]);
    assert_int_equal(c.count, 0);
    sailor_confirms_clear(&c);
}

static void many_are_taken_in_order_up_to_a_number(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    file(&c, 1, 5);
    sailor_confirms_take(&c, 2);
    assert_ptr_equal(sailor_confirms_take_first(&c, 4), &things[1]);
    assert_ptr_equal(sailor_confirms_take_first(&c, 4), &things[3]);
    assert_ptr_equal(sailor_confirms_take_first(&c, 4), &things[4]);
    assert_null(sailor_confirms_take_first(&c, 4));
    assert_int_equal(c.count, 1);
    sailor_confirms_clear(&c);
}

static void numbers_never_published_settle_nothing(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    assert_null(sailor_confirms_take(&c, 1));
    file(&c, 5, 6);
    assert_null(sailor_confirms_take(&c, 4));
    assert_null(sailor_confirms_take(&c, 7));
    assert_null(sailor_confirms_take_first(&c, 4));
    sailor_confirms_clear(&c);
}

static void one_that_is_slow_holds_up_no_other(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    file(&c, 1, 1);
    for (uint64_t seq = 2; seq < 900; seq++) {
        file(&c, seq, seq);
        assert_ptr_equal(sailor_confirms_take(&c, seq), &things[seq]);
    }
    assert_ptr_equal(sailor_confirms_take(&c, 1), &things[1]);
    sailor_confirms_clear(&c);
}

static void a_new_channel_counts_from_one_again(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    file(&c, 1, 200);
    while (sailor_confirms_take_first(&c, UINT64_MAX))
        ;
    file(&c, 1, 2);
    assert_ptr_equal(sailor_confirms_take(&c, 1), &things[1]);
    assert_ptr_equal(sailor_confirms_take(&c, 2), &things[2]);
    sailor_confirms_clear(&c);
}

static void the_walk_skips_what_is_settled(void **state)
{
    (void)state;
    struct sailor_confirms c = { 0 };
    file(&c, 1, 4);
    sailor_confirms_take(&c, 3);
    uint64_t seq = 0;
    assert_ptr_equal(sailor_confirms_next(&c, &seq), &things[1]);
    assert_ptr_equal(sailor_confirms_next(&c, &seq), &things[2]);
    assert_ptr_equal(sailor_confirms_next(&c, &seq), &things[4]);
    assert_null(sailor_confirms_next(&c, &seq));
    sailor_confirms_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_once_in_any_order),
        cmocka_unit_test(many_are_taken_in_order_up_to_a_number),
        cmocka_unit_test(numbers_never_published_settle_nothing),
        cmocka_unit_test(one_that_is_slow_holds_up_no_other),
        cmocka_unit_test(a_new_channel_counts_from_one_again),
        cmocka_unit_test(the_walk_skips_what_is_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
