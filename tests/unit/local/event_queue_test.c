/* event_queue_test.c - which event runs next. */
#include "local/event_queue.h"

#include "cmocka_all.h"

static unsigned two(const char *function, void *arg)
{
    (void)function, (void)arg;
    return 2;
}

/* "busy" may have none, the others two. */
static unsigned by_name(const char *function, void *arg)
{
    (void)arg;
    return function[0] == 'b' ? 0 : 2;
}

static void expect(struct local_event_queue *q, int64_t now_ms, int64_t id, struct local_event_line **line)
{
    struct local_event_turn came;
    assert_true(local_event_queue_take(q, now_ms, &came, line));
    assert_int_equal(came.id, id);
}

static void expect_none(struct local_event_queue *q, int64_t now_ms)
{
    struct local_event_line *line;
    struct local_event_turn turn;
    assert_false(local_event_queue_take(q, now_ms, &turn, &line));
}

static void events_come_when_they_are_due_and_the_oldest_first(void **state)
{
    (void)state;
    struct local_event_line *line;
    struct local_event_queue *q = local_event_queue_new(two, NULL);
    assert_non_null(q);
    assert_int_equal(local_event_queue_due_ms(q), INT64_MAX);
    assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = 3, .due_ms = 100 }));
    assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = 1, .due_ms = 100 }));
    assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = 2, .due_ms = 50 }));
    assert_int_equal(local_event_queue_due_ms(q), 50);
    expect_none(q, 49);
    expect(q, 200, 2, &line);
    local_event_queue_done(line);
    expect(q, 200, 1, &line);
    local_event_queue_done(line);
    expect(q, 200, 3, &line);
    local_event_queue_done(line);
    expect_none(q, 200);
    local_event_queue_free(q);
}

static void a_function_has_no_more_at_work_than_it_may(void **state)
{
    (void)state;
    struct local_event_line *first, *second, *other;
    struct local_event_queue *q = local_event_queue_new(two, NULL);
    for (int64_t id = 1; id <= 3; id++)
        assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = id, .due_ms = 0 }));
    assert_true(local_event_queue_add(q, JN_STR("other"), &(struct local_event_turn){ .id = 9, .due_ms = 5 }));
    expect(q, 10, 1, &first);
    expect(q, 10, 2, &second);
    assert_ptr_equal(first, second);
    expect(q, 10, 9, &other);
    expect_none(q, 10);
    assert_int_equal(local_event_queue_due_ms(q), INT64_MAX);
    local_event_queue_done(first);
    assert_int_equal(local_event_queue_due_ms(q), 0);
    expect(q, 10, 3, &first);
    local_event_queue_free(q);
}

static void what_may_not_run_at_all_holds_up_nobody(void **state)
{
    (void)state;
    struct local_event_line *line;
    struct local_event_queue *q = local_event_queue_new(by_name, NULL);
    assert_true(local_event_queue_add(q, JN_STR("busy"), &(struct local_event_turn){ .id = 1, .due_ms = 0 }));
    assert_true(local_event_queue_add(q, JN_STR("free"), &(struct local_event_turn){ .id = 2, .due_ms = 7 }));
    assert_int_equal(local_event_queue_due_ms(q), 7);
    expect(q, 7, 2, &line);
    expect_none(q, 7);
    local_event_queue_free(q);
}

static void an_event_may_wait_again(void **state)
{
    (void)state;
    struct local_event_line *line;
    struct local_event_turn turn;
    struct local_event_queue *q = local_event_queue_new(two, NULL);
    assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = 1, .due_ms = 0 }));
    expect(q, 0, 1, &line);
    local_event_queue_again(line, &(struct local_event_turn){ .id = 1, .due_ms = 60, .failures = 2 });
    assert_int_equal(local_event_queue_due_ms(q), 60);
    assert_true(local_event_queue_take(q, 60, &turn, &line));
    assert_int_equal(turn.failures, 2);
    local_event_queue_free(q);
}

/* A model: every time the smallest (due, id) of a list. */
static void many_events_come_in_their_order(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    struct local_event_line *line;
    struct local_event_queue *q = local_event_queue_new(two, NULL);
    static int64_t due[MANY];
    uint64_t seed = 1;
    for (int i = 0; i < MANY; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        due[i] = (int64_t)(seed >> 55);
        assert_true(local_event_queue_add(q, JN_STR("a"), &(struct local_event_turn){ .id = i, .due_ms = due[i] }));
    }
    int64_t last_due = -1, last_id = -1;
    for (int i = 0; i < MANY; i++) {
        struct local_event_turn turn;
        assert_true(local_event_queue_take(q, 1000, &turn, &line));
        const int64_t id = turn.id;
        assert_true(due[id] > last_due || (due[id] == last_due && id > last_id));
        last_due = due[id];
        last_id = id;
        local_event_queue_done(line);
    }
    expect_none(q, 1000);
    local_event_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_when_they_are_due_and_the_oldest_first),
        cmocka_unit_test(a_function_has_no_more_at_work_than_it_may),
        cmocka_unit_test(what_may_not_run_at_all_holds_up_nobody),
        cmocka_unit_test(an_event_may_wait_again),
        cmocka_unit_test(many_events_come_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
