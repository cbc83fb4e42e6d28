/* loop_test.c - the rules of loop.h: nothing runs inside the call that started it, nothing after it was freed. */
#include "cmocka_all.h"

#include <signal.h>

#include "base/signal.h"
#include "base/timer.h"

struct scene {
    struct base_loop *loop;
    struct base_timer *timer;
    struct base_signal *signal;
    char order[32];
    int signum;
};

static void note(struct scene *s, char c)
{
    const size_t len = strlen(s->order);
    assert_true(len + 1 < sizeof s->order);
    s->order[len] = c;
    s->order[len + 1] = '\0';
}

static struct scene new_scene(void)
{
    struct scene s = { 0 };
    assert_int_equal(base_loop_new(&s.loop, NULL), JN_OK);
    return s;
}

static void on_last(void *arg)
{
    note(arg, 'c');
}

static void on_first(void *arg)
{
    struct scene *s = arg;
    note(s, 'a');
    assert_int_equal(base_loop_defer(s->loop, on_last, s), JN_OK);
}

static void on_second(void *arg)
{
    note(arg, 'b');
}

static void deferred_calls_run_in_order_and_later(void **state)
{
    (void)state;
    struct scene s = new_scene();
    base_loop_defer(s.loop, on_first, &s);
    base_loop_defer(s.loop, on_second, &s);
    assert_string_equal(s.order, "");
    base_loop_run(s.loop);
    assert_string_equal(s.order, "abc");
    base_loop_free(s.loop);
}

static void deferred_calls_are_forgotten_with_the_loop(void **state)
{
    (void)state;
    struct scene s = new_scene();
    base_loop_defer(s.loop, on_first, &s);
    base_loop_free(s.loop);
    assert_string_equal(s.order, "");
    base_loop_free(NULL);
}

static void on_timer(struct base_timer *t, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(t, s->timer);
    assert_false(base_timer_is_running(t));
    note(s, 't');
}

static void a_timer_fires_once_and_not_early(void **state)
{
    (void)state;
    struct scene s = new_scene();
    base_timer_new(s.loop, on_timer, &s, &s.timer, NULL);
    base_loop_run(s.loop);
    assert_string_equal(s.order, "");
    const int64_t before = base_loop_now_ms(s.loop);
    base_timer_start(s.timer, 5000);
    base_timer_start(s.timer, 20);
    assert_true(base_timer_is_running(s.timer));
    base_loop_run(s.loop);
    assert_string_equal(s.order, "t");
    assert_true(base_loop_now_ms(s.loop) >= before + 20 && base_loop_now_ms(s.loop) < before + 2000);
    base_timer_start(s.timer, -5);
    base_timer_stop(s.timer);
    base_loop_run(s.loop);
    assert_string_equal(s.order, "t");
    base_timer_free(s.timer);
    base_timer_free(NULL);
    base_loop_free(s.loop);
}

static void on_timer_free(struct base_timer *t, void *arg)
{
    note(arg, 'f');
    base_timer_free(t);
}

static void a_timer_may_be_freed_by_its_own_call(void **state)
{
    (void)state;
    struct scene s = new_scene();
    base_timer_new(s.loop, on_timer_free, &s, &s.timer, NULL);
    base_timer_start(s.timer, 0);
    base_loop_run(s.loop);
    assert_string_equal(s.order, "f");
    base_loop_free(s.loop);
}

static void a_background_timer_keeps_nothing_alive(void **state)
{
    (void)state;
    struct scene s = new_scene();
    base_timer_new(s.loop, on_timer, &s, &s.timer, NULL);
    base_timer_set_background(s.timer);
    base_timer_start(s.timer, 60000);
    base_loop_run(s.loop);
    assert_string_equal(s.order, "");
    base_timer_free(s.timer);
    base_loop_free(s.loop);
}

static void on_signal(int signum, void *arg)
{
    struct scene *s = arg;
    s->signum = signum;
    note(s, 's');
    base_loop_stop(s->loop);
}

static void a_signal_is_an_event(void **state)
{
    (void)state;
    struct scene s = new_scene();
    assert_int_equal(base_signal_new(s.loop, SIGUSR1, on_signal, &s, &s.signal, NULL), JN_OK);
    base_loop_run(s.loop);              // it does not keep the loop alive
    base_timer_new(s.loop, on_timer, &s, &s.timer, NULL);
    for (int i = 0; i < 2; i++) {
        base_timer_start(s.timer, 5000);
        raise(SIGUSR1);
        base_loop_run(s.loop);
    }
    assert_string_equal(s.order, "ss");
    assert_int_equal(s.signum, SIGUSR1);
    base_timer_free(s.timer);
    base_signal_free(s.signal);
    struct jn_error err = { 0 };
    assert_int_equal(base_signal_new(s.loop, SIGKILL, on_signal, &s, &s.signal, &err), JN_IO);
    assert_non_null(strstr(err.message, "signal 9"));
    base_loop_free(s.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_calls_run_in_order_and_later),
        cmocka_unit_test(deferred_calls_are_forgotten_with_the_loop),
        cmocka_unit_test(a_timer_fires_once_and_not_early),
        cmocka_unit_test(a_timer_may_be_freed_by_its_own_call),
        cmocka_unit_test(a_background_timer_keeps_nothing_alive),
        cmocka_unit_test(a_signal_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
