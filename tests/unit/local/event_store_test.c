/* event_store_test.c - events on the disk. */
#include "local/event_store.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tree.h"
#include "cmocka_all.h"

static char folder[64], path[96];

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/alc-events-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state/events.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return base_tree_remove(folder, NULL);
}

static struct local_event_store *open_store(void)
{
    struct local_event_store *s = NULL;
    struct jn_error err = { 0 };
    if (local_event_store_open(path, true, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static struct local_event event_of(const char *id)
{
    return (struct local_event){
        .request_id = jn_str_of(id), .function = JN_STR("f"), .qualifier = JN_STR("prod"), .arn = JN_STR("arn:f:prod"),
        .trace_id = JN_STR("Root=1-2"), .payload = { "{\"a\":\"\0\"}", 9 }, .accepted_ms = 1795737600000,
        .turn = { .due_ms = 1795737600001 },
    };
}

static bool count(const struct local_event *e, void *arg)
{
    (void)e;
    ++*(int *)arg;
    return true;
}

static int count_of(struct local_event_store *s)
{
    int n = 0;
    assert_int_equal(local_event_store_list(s, count, &n, NULL), JN_OK);
    return n;
}

static void assert_text(jn_str s, const char *expected)
{
    if (!jn_str_equal(s, expected))
        fail_msg("expected %s, came %.*s", expected, JN_ARG(s));
}

static void what_was_kept_is_there_after_the_store_is_opened_anew(void **state)
{
    (void)state;
    struct local_event_store *s = open_store();
    struct local_event e = event_of("r1"), back;
    struct jn_arena a;
    assert_int_equal(local_event_store_add(s, &e, NULL), JN_OK);
    local_event_store_close(s);

    s = open_store();
    jn_arena_init(&a, 0);
    assert_int_equal(local_event_store_load(s, e.turn.id, &a, &back, NULL), JN_OK);
    assert_text(back.request_id, "r1");
    assert_text(back.function, "f");
    assert_text(back.qualifier, "prod");
    assert_text(back.arn, "arn:f:prod");
    assert_text(back.trace_id, "Root=1-2");
    assert_int_equal(back.payload.len, 9);
    assert_memory_equal(back.payload.data, e.payload.data, 9);
    assert_int_equal(back.accepted_ms, 1795737600000);
    assert_int_equal(back.turn.due_ms, 1795737600001);
    assert_int_equal(back.turn.failures + back.turn.delays + back.turn.invocations, 0);
    jn_arena_clear(&a);
    local_event_store_close(s);
}

static void counts_and_the_next_time_are_kept(void **state)
{
    (void)state;
    struct local_event_store *s = open_store();
    struct local_event e = event_of("r1"), back;
    struct jn_arena a;
    assert_int_equal(local_event_store_add(s, &e, NULL), JN_OK);
    e.turn.due_ms = 7;
    e.turn.failures = 1;
    e.turn.delays = 2;
    e.turn.invocations = 3;
    assert_int_equal(local_event_store_update(s, &e, NULL), JN_OK);
    jn_arena_init(&a, 0);
    assert_int_equal(local_event_store_load(s, e.turn.id, &a, &back, NULL), JN_OK);
    assert_int_equal(back.turn.due_ms, 7);
    assert_int_equal(back.turn.failures, 1);
    assert_int_equal(back.turn.delays, 2);
    assert_int_equal(back.turn.invocations, 3);
    jn_arena_clear(&a);
    local_event_store_close(s);
}

static void an_event_that_is_finished_is_forgotten_and_its_id_is_not_given_again(void **state)
{
    (void)state;
    struct local_event_store *s = open_store();
    struct local_event e = event_of("r1"), next = event_of("r2"), third = event_of("r3"), back;
    struct jn_arena a;
    assert_int_equal(local_event_store_add(s, &e, NULL), JN_OK);
    assert_int_equal(local_event_store_finish(s, e.turn.id, &next, NULL), JN_OK);
    assert_int_equal(count_of(s), 1);
    jn_arena_init(&a, 0);
    assert_int_equal(local_event_store_load(s, e.turn.id, &a, &back, NULL), JN_NOT_FOUND);
    assert_int_equal(local_event_store_load(s, next.turn.id, &a, &back, NULL), JN_OK);
    assert_text(back.request_id, "r2");
    jn_arena_clear(&a);
    assert_int_equal(local_event_store_finish(s, next.turn.id, NULL, NULL), JN_OK);
    assert_int_equal(count_of(s), 0);
    assert_int_equal(local_event_store_add(s, &third, NULL), JN_OK);
    assert_true(third.turn.id > next.turn.id && next.turn.id > e.turn.id);
    local_event_store_close(s);
}

static bool refuse(const struct local_event *e, void *arg)
{
    (void)e, (void)arg;
    return false;
}

static void a_list_that_does_not_fit_is_a_failure(void **state)
{
    (void)state;
    struct local_event_store *s = open_store();
    struct local_event e = event_of("r1");
    assert_int_equal(local_event_store_add(s, &e, NULL), JN_OK);
    assert_int_equal(local_event_store_list(s, refuse, NULL, NULL), JN_NO_MEMORY);
    assert_int_equal(count_of(s), 1);
    local_event_store_close(s);
}

/* The kill comes in the middle of a stream of events: all that were acknowledged are there. */
static void what_was_acknowledged_survives_a_kill(void **state)
{
    (void)state;
    int fds[2], last = 0, status;
    char acknowledged;
    assert_int_equal(pipe(fds), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct local_event_store *s = NULL;
        struct local_event e = event_of("r1");
        if (local_event_store_open(path, true, &s, NULL))
            _exit(1);
        while (local_event_store_add(s, &e, NULL) == JN_OK && write(fds[1], "x", 1) == 1)
            ;
        _exit(1);
    }
    while (last < 20 && read(fds[0], &acknowledged, 1) == 1)
        last++;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(fds[1]);
    while (read(fds[0], &acknowledged, 1) == 1)
        last++;
    close(fds[0]);
    struct local_event_store *s = open_store();
    const int there = count_of(s);
    assert_true(there == last || there == last + 1);
    local_event_store_close(s);
}

static void a_second_one_is_refused_while_the_first_has_it(void **state)
{
    (void)state;
    struct local_event_store *s = open_store(), *other = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(local_event_store_open(path, true, &other, &err), JN_IO);
    assert_non_null(strstr(err.message, "is in use: another local Lambda has this state folder"));
    local_event_store_close(s);
    s = open_store();
    local_event_store_close(s);
}

static void a_file_that_is_none_of_ours_is_told(void **state)
{
    (void)state;
    struct local_event_store *s = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(local_event_store_open(path, false, &s, &err), JN_NOT_FOUND);
    FILE *f = fopen((snprintf(path, sizeof path, "%s/events.db", folder), path), "w");
    assert_non_null(f);
    for (int i = 0; i < 200; i++)
        fputs("this is no database\n", f);
    fclose(f);
    assert_int_equal(local_event_store_open(path, false, &s, &err), JN_IO);
    assert_non_null(strstr(err.message, "events.db: file is not a database"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_there_after_the_store_is_opened_anew, make, remove_folder),
        cmocka_unit_test_setup_teardown(counts_and_the_next_time_are_kept, make, remove_folder),
        cmocka_unit_test_setup_teardown(an_event_that_is_finished_is_forgotten_and_its_id_is_not_given_again, make,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_list_that_does_not_fit_is_a_failure, make, remove_folder),
        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_a_kill, make, remove_folder),
        cmocka_unit_test_setup_teardown(a_second_one_is_refused_while_the_first_has_it, make, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_of_ours_is_told, make, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
