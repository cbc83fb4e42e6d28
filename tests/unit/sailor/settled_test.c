/* settled_test.c - which deliveries count as copies of what was settled. */
#include "sailor/settled.h"

#include <stdio.h>

#include "cmocka_all.h"

static const struct sailor_print key = { 0x1234, 0x5678 };

static struct sailor_print print(const char *id, const char *body)
{
    return sailor_print_of(key, jn_str_of(id), jn_str_of(body));
}

static void add(struct sailor_settled *s, const char *id, int64_t at_ms, uint8_t verdict, bool is_certain)
{
    const struct sailor_settled_entry e = { print(id, "body"), at_ms, verdict, is_certain };
    sailor_settled_add(s, &e);
}

static void a_copy_is_answered_once(void **state)
{
    (void)state;
    struct sailor_settled s = { 0 };
    uint8_t verdict = 9;
    add(&s, "m", 0, 1, true);
    assert_true(sailor_settled_take(&s, print("m", "body"), true, 10, &verdict));
    assert_int_equal(verdict, 1);
    assert_false(sailor_settled_take(&s, print("m", "body"), true, 10, &verdict));
    sailor_settled_clear(&s);
}

static void another_payload_under_the_same_id_is_no_copy(void **state)
{
    (void)state;
    struct sailor_settled s = { 0 };
    uint8_t verdict;
    add(&s, "m", 0, 0, true);
    assert_false(sailor_settled_take(&s, print("m", "other"), true, 10, &verdict));
    sailor_settled_clear(&s);
}

static void what_is_in_doubt_matches_only_what_is_redelivered(void **state)
{
    (void)state;
    struct sailor_settled s = { 0 };
    uint8_t verdict;
    add(&s, "m", 0, 0, false);
    assert_false(sailor_settled_take(&s, print("m", "body"), false, 10, &verdict));
    assert_true(sailor_settled_take(&s, print("m", "body"), true, 10, &verdict));
    sailor_settled_clear(&s);
}

static void what_is_old_is_forgotten(void **state)
{
    (void)state;
    struct sailor_settled s = { 0 };
    uint8_t verdict;
    add(&s, "m", 0, 0, true);
    add(&s, "n", SAILOR_SETTLED_MS, 0, true);
    assert_false(sailor_settled_take(&s, print("m", "body"), true, SAILOR_SETTLED_MS + 1, &verdict));
    assert_true(sailor_settled_take(&s, print("n", "body"), true, SAILOR_SETTLED_MS + 1, &verdict));
    sailor_settled_clear(&s);
}

static void the_oldest_makes_room(void **state)
{
    (void)state;
    struct sailor_settled s = { 0 };
    uint8_t verdict;
    char id[16];
    for (int i = 0; i <= SAILOR_SETTLED_MAX; i++) {
        snprintf(id, sizeof id, "m%d", i);
        add(&s, id, 0, 0, true);
    }
    assert_int_equal(s.count, SAILOR_SETTLED_MAX);
    assert_false(sailor_settled_take(&s, print("m0", "body"), true, 1, &verdict));
    assert_true(sailor_settled_take(&s, print(id, "body"), true, 1, &verdict));
    sailor_settled_clear(&s);
}

static void prints_see_every_byte_and_where_texts_end(void **state)
{
    (void)state;
    assert_false(sailor_print_eq(print("ab", "c"), print("a", "bc")));
    assert_false(sailor_print_eq(print("a", "0123456789abcdef"), print("a", "0123456789abcdeg")));
    assert_false(sailor_print_eq(print("a", "01234567"), print("a", "11234567")));
    assert_true(sailor_print_eq(print("a", "01234567"), print("a", "01234567")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_answered_once),
        cmocka_unit_test(another_payload_under_the_same_id_is_no_copy),
        cmocka_unit_test(what_is_in_doubt_matches_only_what_is_redelivered),
        cmocka_unit_test(what_is_old_is_forgotten),
        cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(prints_see_every_byte_and_where_texts_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
