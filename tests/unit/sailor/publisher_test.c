/* publisher_test.c - what becomes of publications when brokers ack, nack, return, fall silent and go away. */
#include "sailor/publisher.h"

#include <stdio.h>

#include "cmocka_all.h"
#include "core/value.h"
#include "fake_connection.h"

struct scene {
    struct base_loop *loop;
    struct jn_arena *arena;
    struct base_random random;
    struct sailor_metrics metrics;
    struct sailor_amqp_uri uri;
    struct sailor_amqp_uris uris;
    struct sailor_publisher *publisher;
    struct sailor_properties properties[8];
    struct sailor_publication *publications[8];
    int done, failed, lost;
    char why[200];
};

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_lost(const struct jn_error *why, void *arg)
{
    struct scene *s = arg;
    s->lost++;
    snprintf(s->why, sizeof s->why, "%.199s", why->message);
}

static void on_done(const struct jn_error *failed, void *arg)
{
    struct scene *s = arg;
    s->done++;
    s->failed += failed != NULL;
    if (failed)
        snprintf(s->why, sizeof s->why, "%.199s", failed->message);
}

struct limits {
    int64_t attempts, confirm_timeout_ms, unroutable_ms;
};

static void open_scene_with(struct scene *s, struct limits limits)
{
    *s = (struct scene){ .random.seed = 1 };
    s->uris = (struct sailor_amqp_uris){ &s->uri, 1 };
    fake_reset();
    s->arena = jn_arena_new(0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const struct sailor_publisher_options opt = {
        .uris = &s->uris, .exchange = "x", .name = "host-write", .retry_delay_ms = 1, .retry_attempts = limits.attempts,
        .max_retry_delay_ms = 1, .confirm_timeout_ms = limits.confirm_timeout_ms,
        .unroutable_ms = limits.unroutable_ms, .connect_attempts = 2, .reconnect_delay_ms = 1, .random = &s->random,
        .clock = base_clock_system(), .metrics = &s->metrics, .on_ready = on_ready, .on_lost = on_lost, .arg = s,
    };
    assert_int_equal(sailor_publisher_new(s->loop, &opt, &s->publisher, NULL), JN_OK);
    fake_run(s->loop);
    fake_ready();
}

static void open_scene(struct scene *s, int64_t attempts)
{
    open_scene_with(s, (struct limits){ .attempts = attempts });
}

static void close_scene(struct scene *s)
{
    sailor_publisher_free(s->publisher);
    base_loop_free(s->loop);
    jn_arena_free(s->arena);
}

/* Publishes "m<n>" to the routing key. */
static void publish_to(struct scene *s, int n, const char *key, const char *id)
{
    struct sailor_properties *p = &s->properties[n];
    *p = (struct sailor_properties){ .headers = jn_make_object(s->arena, 1) };
    jn_object_put(s->arena, p->headers, JN_STR("messageId"), jn_make_string(jn_str_of(id)));
    const struct sailor_publish what = { .routing_key = jn_str_of(key), .mandatory = true, .properties = p,
                                         .body = JN_STR("body") };
    assert_int_equal(sailor_publisher_publish(s->publisher, &what, on_done, s, &s->publications[n], NULL), JN_OK);
}

static void publish(struct scene *s, int n)
{
    static const char *const ids[] = { "m0", "m1", "m2", "m3" };
    publish_to(s, n, "data", ids[n]);
}

static void confirm(uint64_t seq, bool multiple, bool is_acked)
{
    fake_connection()->opt.handlers->on_confirm(seq, multiple, is_acked, fake_connection()->opt.arg);
}

static void what_is_acked_is_done(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    assert_string_equal(fake_asked(), "publish 1 data m1");
    assert_int_equal(s.done, 0);
    confirm(1, false, true);
    assert_int_equal(s.done, 1);
    assert_int_equal(s.failed, 0);
    confirm(1, false, true);
    assert_int_equal(s.done, 1);
    close_scene(&s);
}

static void one_ack_may_settle_many(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    publish(&s, 2);
    publish(&s, 3);
    confirm(2, true, true);
    assert_int_equal(s.done, 2);
    assert_int_equal(sailor_publisher_in_flight(s.publisher), 1);
    close_scene(&s);
}

static void what_is_nacked_is_published_again_with_its_count(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    fake_asked();
    confirm(1, false, false);
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 2 data m1 retry=1");
    confirm(2, false, false);
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 3 data m1 retry=2");
    confirm(3, false, true);
    assert_int_equal(s.done, 1);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.metrics.nacked, 2);
    close_scene(&s);
}

static void what_is_returned_has_failed_although_it_is_acked(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    publish(&s, 2);
    fake_asked();
    fake_return("data", "m2");
    confirm(2, true, true);
    assert_int_equal(s.done, 1);
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 3 data m2 retry=1");
    assert_int_equal(s.metrics.returned, 1);
    close_scene(&s);
}

/* The broker returns what is published, until that ends; how it ended. */
static void return_all(struct scene *s)
{
    for (uint64_t seq = 1; !s->done; seq++) {
        fake_return("data", "m1");
        confirm(seq, false, true);
        fake_run(s->loop);
    }
}

static void what_no_queue_takes_fails_when_its_time_is_over(void **state)
{
    (void)state;
    struct scene s;
    open_scene_with(&s, (struct limits){ .unroutable_ms = 20 });
    publish(&s, 1);
    return_all(&s);
    assert_int_equal(s.failed, 1);
    assert_non_null(strstr(s.why, "returned as unroutable"));
    assert_true(s.metrics.returned > 1);
    close_scene(&s);
}

static void what_no_queue_takes_may_count_as_sent(void **state)
{
    (void)state;
    struct scene s;
    open_scene_with(&s, (struct limits){ .unroutable_ms = -1 });
    publish(&s, 1);
    return_all(&s);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.metrics.returned, 1);
    close_scene(&s);
}

static void equal_ids_come_back_by_routing_key_and_in_order(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish_to(&s, 0, "data", "same");
    publish_to(&s, 1, "error", "same");
    publish_to(&s, 2, "error", "same");
    fake_asked();
    fake_return("error", "same");
    confirm(1, false, true);
    confirm(3, false, true);
    assert_int_equal(s.done, 2);
    confirm(2, false, true);
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 4 error same retry=1");
    close_scene(&s);
}

static void attempts_that_are_used_up_end_with_a_sentence(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 2);
    publish(&s, 1);
    confirm(1, false, false);
    assert_int_equal(s.done, 0);
    fake_run(s.loop);
    confirm(2, false, false);
    assert_int_equal(s.failed, 1);
    assert_string_equal(s.why, "Failed on publishing m1 message to MQ: Error: message nacked");
    close_scene(&s);
}

static void what_was_unconfirmed_goes_first_on_the_next_connection(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 0);
    publish(&s, 1);
    confirm(1, false, true);
    publish(&s, 2);
    fake_asked();
    fake_lose();
    publish(&s, 3);
    fake_run(s.loop);
    assert_int_equal(fake_opened(), 2);
    assert_string_equal(fake_asked(), "");
    fake_ready();
    assert_string_equal(fake_asked(), "publish 1 data m1 retry=1; publish 2 data m2 retry=1; publish 3 data m3");
    confirm(3, true, true);
    assert_int_equal(s.done, 4);
    assert_int_equal(s.metrics.reconnects[1], 1);
    close_scene(&s);
}

static void a_closed_channel_is_opened_again(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    fake_asked();
    fake_connection()->is_ready = false;
    fake_connection()->opt.handlers->on_channel_closed(404, JN_STR("NOT_FOUND - no exchange"),
                                                     s.publisher);
    assert_string_equal(fake_asked(), "reopen");
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "");
    fake_ready();
    assert_string_equal(fake_asked(), "publish 1 data m1 retry=1");
    close_scene(&s);
}

static void a_blocked_broker_is_sent_nothing(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    fake_connection()->is_blocked = true;
    publish(&s, 1);
    assert_string_equal(fake_asked(), "");
    fake_connection()->is_blocked = false;
    fake_connection()->opt.handlers->on_blocked(false, JN_STR(""), fake_connection()->opt.arg);
    assert_string_equal(fake_asked(), "publish 1 data m1");
    close_scene(&s);
}

static void a_confirm_that_is_late_is_a_failed_attempt(void **state)
{
    (void)state;
    struct scene s;
    open_scene_with(&s, (struct limits){ .attempts = 2, .confirm_timeout_ms = 1 });
    publish(&s, 1);
    for (int i = 0; i < 500 && !s.failed; i++)      // once is enough where the machine has time
        fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 1 data m1; publish 2 data m1 retry=1");
    assert_int_equal(s.failed, 1);
    confirm(1, false, true);
    assert_int_equal(s.done, 1);
    close_scene(&s);
}

static void the_time_for_confirms_stands_still_while_the_broker_is_blocked(void **state)
{
    (void)state;
    struct scene s;
    open_scene_with(&s, (struct limits){ .confirm_timeout_ms = 1 });
    publish(&s, 1);
    fake_connection()->is_blocked = true;
    fake_run(s.loop);
    assert_string_equal(fake_asked(), "publish 1 data m1");
    fake_connection()->is_blocked = false;
    fake_connection()->opt.handlers->on_blocked(false, JN_STR(""), fake_connection()->opt.arg);
    confirm(1, false, true);
    assert_int_equal(s.done, 1);
    close_scene(&s);
}

static void a_broker_that_does_not_read_is_waited_for(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    fake_connection()->pending = 10 * 1024 * 1024;
    publish(&s, 1);
    assert_string_equal(fake_asked(), "");
    fake_connection()->pending = 0;
    fake_connection()->opt.handlers->on_drain(fake_connection()->opt.arg);
    assert_string_equal(fake_asked(), "publish 1 data m1");
    close_scene(&s);
}

static void what_is_cancelled_is_never_heard_of(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    publish(&s, 1);
    publish(&s, 2);
    sailor_publication_cancel(s.publications[1]);
    confirm(2, true, true);
    assert_int_equal(s.done, 1);
    assert_int_equal(sailor_publisher_in_flight(s.publisher), 0);
    close_scene(&s);
}

static void what_may_not_take_longer_gives_up(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    fake_lose();
    const struct sailor_properties none = { .headers = jn_undefined() };
    const struct sailor_publish what = { .routing_key = JN_STR("error"), .properties = &none, .give_up_ms = 1 };
    assert_int_equal(sailor_publisher_publish(s.publisher, &what, on_done, &s, NULL, NULL), JN_OK);
    assert_int_equal(s.done, 0);
    fake_run(s.loop);
    assert_int_equal(s.failed, 1);
    close_scene(&s);
}

static void connections_that_never_come_about_are_lost_after_their_attempts(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    sailor_publisher_free(s.publisher);
    const struct sailor_publisher_options opt = {
        .uris = &s.uris, .exchange = "x", .name = "host-write", .connect_attempts = 2, .reconnect_delay_ms = 1,
        .random = &s.random, .clock = base_clock_system(), .metrics = &s.metrics, .on_ready = on_ready,
        .on_lost = on_lost, .arg = &s,
    };
    fake_reset();
    assert_int_equal(sailor_publisher_new(s.loop, &opt, &s.publisher, NULL), JN_OK);
    fake_run(s.loop);
    fake_lose();
    assert_int_equal(s.lost, 0);
    fake_run(s.loop);
    fake_lose();
    assert_int_equal(s.lost, 1);
    assert_int_equal(fake_opened(), 2);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acked_is_done),
        cmocka_unit_test(one_ack_may_settle_many),
        cmocka_unit_test(what_is_nacked_is_published_again_with_its_count),
        cmocka_unit_test(what_is_returned_has_failed_although_it_is_acked),
        cmocka_unit_test(what_no_queue_takes_fails_when_its_time_is_over),
        cmocka_unit_test(what_no_queue_takes_may_count_as_sent),
        cmocka_unit_test(equal_ids_come_back_by_routing_key_and_in_order),
        cmocka_unit_test(attempts_that_are_used_up_end_with_a_sentence),
        cmocka_unit_test(what_was_unconfirmed_goes_first_on_the_next_connection),
        cmocka_unit_test(a_closed_channel_is_opened_again),
        cmocka_unit_test(a_blocked_broker_is_sent_nothing),
        cmocka_unit_test(a_confirm_that_is_late_is_a_failed_attempt),
        cmocka_unit_test(the_time_for_confirms_stands_still_while_the_broker_is_blocked),
        cmocka_unit_test(a_broker_that_does_not_read_is_waited_for),
        cmocka_unit_test(what_is_cancelled_is_never_heard_of),
        cmocka_unit_test(what_may_not_take_longer_gives_up),
        cmocka_unit_test(connections_that_never_come_about_are_lost_after_their_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
