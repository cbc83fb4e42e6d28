/* consumer_test.c - deliveries are settled exactly once, whatever becomes of the connections they came on. */
#include "sailor/consumer.h"

#include <stdio.h>

#include "cmocka_all.h"
#include "fake_connection.h"

struct scene {
    struct base_loop *loop;
    struct base_random random;
    struct sailor_metrics metrics;
    struct sailor_amqp_uri uri;
    struct sailor_amqp_uris uris;
    struct sailor_consumer *consumer;
    struct sailor_delivery *deliveries[16];
    int count, lost, stopped;
};

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_delivery(struct sailor_delivery *d, void *arg)
{
    struct scene *s = arg;
    s->deliveries[s->count++] = d;
}

static void on_lost(const struct jn_error *why, void *arg)
{
    (void)why;
    ((struct scene *)arg)->lost++;
}

static void on_stopped(void *arg)
{
    ((struct scene *)arg)->stopped++;
}

static void consuming(void)
{
    fake_connection()->opt.handlers->on_consuming(JN_STR("tag"), fake_connection()->opt.arg);
}

static void open_scene(struct scene *s)
{
    *s = (struct scene){ .random.seed = 1 };
    s->uris = (struct sailor_amqp_uris){ &s->uri, 1 };
    fake_reset();
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const struct sailor_consumer_options opt = {
        .uris = &s->uris, .queue = "q", .name = "host-read", .prefetch = 4, .connect_attempts = 2,
        .reconnect_delay_ms = 1, .random = &s->random, .metrics = &s->metrics, .on_ready = on_ready,
        .on_consuming = on_ready, .on_delivery = on_delivery, .on_lost = on_lost, .arg = s,
    };
    assert_int_equal(sailor_consumer_new(s->loop, &opt, &s->consumer, NULL), JN_OK);
    sailor_consumer_start(s->consumer);
    fake_run(s->loop);
    fake_ready();
    assert_string_equal(fake_asked(), "consume q");
    consuming();
}

static void close_scene(struct scene *s)
{
    sailor_consumer_free(s->consumer);
    base_loop_free(s->loop);
}

/* The connection is lost, and another one consumes. */
static void come_back(struct scene *s)
{
    fake_lose();
    fake_run(s->loop);
    fake_ready();
    assert_string_equal(fake_asked(), "consume q");
    consuming();
}

static void verdicts_are_written(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, "a", "1");
    fake_deliver(2, false, "b", "2");
    fake_deliver(3, false, "c", "3");
    sailor_delivery_settle(s.deliveries[1], SAILOR_REJECT);
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    sailor_delivery_settle(s.deliveries[2], SAILOR_REQUEUE);
    assert_string_equal(fake_asked(), "reject 2; ack 1; requeue 3");
    close_scene(&s);
}

static void a_copy_of_one_in_process_only_renews_its_tag(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(7, false, "a", "1");
    come_back(&s);
    fake_deliver(1, true, "a", "1");
    assert_int_equal(s.count, 1);
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    assert_int_equal(s.metrics.messages[SAILOR_DUPLICATE], 1);
    close_scene(&s);
}

static void one_that_was_finished_meanwhile_is_settled_when_its_copy_comes(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(7, false, "a", "1");
    come_back(&s);
    sailor_delivery_settle(s.deliveries[0], SAILOR_REJECT);
    assert_string_equal(fake_asked(), "");
    fake_deliver(1, true, "a", "1");
    assert_int_equal(s.count, 1);
    assert_string_equal(fake_asked(), "reject 1");
    fake_deliver(2, false, "a", "1");
    assert_int_equal(s.count, 2);
    close_scene(&s);
}

static void an_ack_that_the_broker_may_not_have_read_is_given_again(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, "a", "1");
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    come_back(&s);
    fake_deliver(1, true, "a", "1");
    assert_int_equal(s.count, 1);
    assert_string_equal(fake_asked(), "ack 1");
    close_scene(&s);
}

static void a_second_message_like_one_that_was_acked_is_no_copy(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, "a", "1");
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    fake_asked();
    come_back(&s);
    fake_deliver(1, false, "a", "1");
    assert_int_equal(s.count, 2);
    close_scene(&s);
}

static void equal_ids_of_distinct_messages_are_distinct(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, "a", "1");
    fake_deliver(2, false, "a", "1");
    fake_deliver(3, true, "a", "2");
    assert_int_equal(s.count, 3);
    come_back(&s);
    fake_deliver(1, true, "a", "2");
    fake_deliver(2, true, "a", "1");
    fake_deliver(3, true, "a", "1");
    assert_int_equal(s.count, 3);
    sailor_delivery_settle(s.deliveries[2], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    fake_deliver(4, true, "a", "3");
    assert_int_equal(s.count, 4);
    close_scene(&s);
}

static void without_an_id_there_is_no_telling(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, NULL, "1");
    come_back(&s);
    fake_deliver(1, true, NULL, "1");
    assert_int_equal(s.count, 2);
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    sailor_delivery_settle(s.deliveries[1], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    close_scene(&s);
}

static void what_comes_after_stopping_goes_back(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(1, false, "a", "1");
    sailor_consumer_stop(s.consumer, on_stopped, &s);
    fake_deliver(2, false, "b", "2");
    assert_string_equal(fake_asked(), "cancel; requeue 2");
    fake_connection()->opt.handlers->on_cancelled(false, s.consumer);
    assert_int_equal(s.stopped, 1);
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    close_scene(&s);
}

static void stopping_without_a_connection_is_done_soon(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_lose();
    sailor_consumer_stop(s.consumer, on_stopped, &s);
    assert_int_equal(s.stopped, 0);
    fake_run(s.loop);
    assert_int_equal(s.stopped, 1);
    close_scene(&s);
}

static void a_cancel_by_the_broker_ends_it(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_connection()->opt.handlers->on_cancelled(true, s.consumer);
    assert_int_equal(s.lost, 1);
    close_scene(&s);
}

/* What the broker says when it refuses to consume, and whether there is hope. */
static void refuse(struct scene *s, int code, const char *text)
{
    fake_connection()->is_ready = false;
    fake_connection()->opt.handlers->on_channel_closed(code, jn_str_of(text), s->consumer);
    fake_run(s->loop);
}

static void a_queue_that_is_gone_ends_it_and_one_whose_node_is_down_does_not(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_lose();
    fake_run(s.loop);
    fake_ready();
    fake_asked();
    refuse(&s, 404, "NOT_FOUND - home node 'b' of durable queue 'q' in vhost '/' is down or inaccessible");
    assert_int_equal(s.lost, 0);
    assert_string_equal(fake_asked(), "reopen");
    fake_ready();
    assert_string_equal(fake_asked(), "consume q");
    refuse(&s, 404, "NOT_FOUND - no queue 'q' in vhost '/'");
    assert_int_equal(s.lost, 1);
    close_scene(&s);
}

static void a_channel_closed_while_consuming_is_opened_again(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    fake_deliver(5, false, "a", "1");
    refuse(&s, 406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out");
    assert_string_equal(fake_asked(), "reopen");
    fake_ready();
    assert_string_equal(fake_asked(), "consume q");
    consuming();
    fake_deliver(1, true, "a", "1");
    assert_int_equal(s.count, 1);
    sailor_delivery_settle(s.deliveries[0], SAILOR_ACK);
    assert_string_equal(fake_asked(), "ack 1");
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_written),
        cmocka_unit_test(a_copy_of_one_in_process_only_renews_its_tag),
        cmocka_unit_test(one_that_was_finished_meanwhile_is_settled_when_its_copy_comes),
        cmocka_unit_test(an_ack_that_the_broker_may_not_have_read_is_given_again),
        cmocka_unit_test(a_second_message_like_one_that_was_acked_is_no_copy),
        cmocka_unit_test(equal_ids_of_distinct_messages_are_distinct),
        cmocka_unit_test(without_an_id_there_is_no_telling),
        cmocka_unit_test(what_comes_after_stopping_goes_back),
        cmocka_unit_test(stopping_without_a_connection_is_done_soon),
        cmocka_unit_test(a_cancel_by_the_broker_ends_it),
        cmocka_unit_test(a_queue_that_is_gone_ends_it_and_one_whose_node_is_down_does_not),
        cmocka_unit_test(a_channel_closed_while_consuming_is_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
