/* watches_test.c - descriptors that are kept watched while nobody wants them: nothing is told too much, nothing is lost,
 * the loop ends, and a number that is used again is a descriptor of its own. */
#include "cmocka_all.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/timer.h"
#include "base/watches.h"

struct scene {
    struct base_loop *loop;
    struct base_watches watches;
    struct base_timer *limit;
    int ours, peers;                /* a pair of sockets */
    int told, last;                 /* how often, and the events of the last time */
    bool is_late;
};

/* Each event lets go, as libcurl does after an answer. */
static void on_event(int fd, int events, void *arg)
{
    struct scene *s = arg;
    s->told++;
    s->last = events;
    base_watches_want(&s->watches, fd, 0);
}

static void on_limit(struct base_timer *t, void *arg)
{
    (void)t;
    struct scene *s = arg;
    s->is_late = true;
    base_loop_stop(s->loop);
}

static void open_pair(struct scene *s)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    s->ours = pair[0], s->peers = pair[1];
}

static int set_up(void **state)
{
    struct scene *s = *state = calloc(1, sizeof *s);
    struct jn_error err;
    assert_int_equal(base_loop_new(&s->loop, &err), JN_OK);
    assert_int_equal(base_timer_new(s->loop, on_limit, s, &s->limit, &err), JN_OK);
    base_watches_init(&s->watches, s->loop, on_event, s);
    open_pair(s);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    base_watches_clear(&s->watches);
    close(s->ours);
    close(s->peers);
    base_timer_free(s->limit);
    base_loop_free(s->loop);
    free(s);
    return 0;
}

static void peer_says(const struct scene *s, const char *text)
{
    assert_int_equal(write(s->peers, text, strlen(text)), strlen(text));
}

/* Runs until nothing is wanted any more. */
static void run(struct scene *s)
{
    base_loop_run(s->loop);
}

/* Runs for a while, however little happens. */
static void run_on(struct scene *s)
{
    s->is_late = false;
    base_timer_start(s->limit, 20);
    base_loop_run(s->loop);
    assert_true(s->is_late);
}

static void what_is_wanted_is_told(void **state)
{
    struct scene *s = *state;
    base_watches_keep(&s->watches, s->ours);
    assert_true(base_watches_want(&s->watches, s->ours, BASE_WRITABLE));
    run(s);
    assert_int_equal(s->told, 1);
    assert_int_equal(s->last, BASE_WRITABLE);
    peer_says(s, "x");
    assert_true(base_watches_want(&s->watches, s->ours, BASE_READABLE));
    run(s);
    assert_int_equal(s->told, 2);
    assert_int_equal(s->last, BASE_READABLE);
}

static void a_descriptor_that_is_not_kept_is_watched_too(void **state)
{
    struct scene *s = *state;
    for (int i = 1; i <= 3; i++) {
        assert_true(base_watches_want(&s->watches, s->ours, BASE_WRITABLE));
        run(s);
        assert_int_equal(s->told, i);
    }
}

static void what_comes_while_nobody_wants_it_is_told_later(void **state)
{
    struct scene *s = *state;
    char text[8];
    base_watches_keep(&s->watches, s->ours);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    peer_says(s, "x");
    run(s);
    assert_int_equal(read(s->ours, text, sizeof text), 1);
    peer_says(s, "y");
    run_on(s);
    assert_int_equal(s->told, 1);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    run(s);
    assert_int_equal(s->told, 2);
}

static void an_idle_descriptor_that_its_peer_closes_disturbs_nobody(void **state)
{
    struct scene *s = *state;
    base_watches_keep(&s->watches, s->ours);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    base_watches_want(&s->watches, s->ours, 0);
    shutdown(s->peers, SHUT_RDWR);
    run_on(s);
    assert_int_equal(s->told, 0);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    run(s);
    assert_int_equal(s->told, 1);
}

static void nothing_wanted_lets_the_loop_end(void **state)
{
    struct scene *s = *state;
    base_watches_keep(&s->watches, s->ours);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    base_watches_want(&s->watches, s->ours, 0);
    run(s);
    assert_int_equal(s->told, 0);
}

static void a_number_that_is_used_again_is_watched_anew(void **state)
{
    struct scene *s = *state;
    base_watches_keep(&s->watches, s->ours);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    base_watches_want(&s->watches, s->ours, 0);
    const int number = s->ours, old_peer = s->peers;
    base_watches_drop(&s->watches, s->ours);
    close(s->ours);
    open_pair(s);
    assert_int_equal(s->ours, number);
    base_watches_keep(&s->watches, s->ours);
    base_watches_want(&s->watches, s->ours, BASE_READABLE);
    close(old_peer);
    run_on(s);
    assert_int_equal(s->told, 0);
    peer_says(s, "x");
    run(s);
    assert_int_equal(s->told, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_is_wanted_is_told),
        CASE(a_descriptor_that_is_not_kept_is_watched_too),
        CASE(what_comes_while_nobody_wants_it_is_told_later),
        CASE(an_idle_descriptor_that_its_peer_closes_disturbs_nobody),
        CASE(nothing_wanted_lets_the_loop_end),
        CASE(a_number_that_is_used_again_is_watched_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
