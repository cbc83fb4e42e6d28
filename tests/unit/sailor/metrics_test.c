/* metrics_test.c - Prometheus's text format, version 0.0.4. */
#include "cmocka_all.h"

#include "sailor/metrics.h"

static void has(const struct jn_buf *b, const char *lines)
{
    if (!strstr(b->data, lines))
        fail_msg("there is no\n%s\nin\n%s", lines, b->data);
}

static void buckets_are_cumulative(void **state)
{
    (void)state;
    struct sailor_histogram h = { 0 };
    const int64_t us[] = { -5, 0, 500, 501, 1000, 4096000, 4096001, 3600000000 };
    struct jn_buf out;
    for (size_t i = 0; i < sizeof us / sizeof *us; i++)
        sailor_histogram_add(&h, us[i]);
    jn_buf_init(&out, 0);
    sailor_metrics_write_histogram(&out, "x_seconds", "About x.", "", &h);
    has(&out, "# HELP x_seconds About x.\n# TYPE x_seconds histogram\n"
              "x_seconds_bucket{le=\"0.0005\"} 3\nx_seconds_bucket{le=\"0.001\"} 5\n"
              "x_seconds_bucket{le=\"0.002\"} 5\n");
    has(&out, "x_seconds_bucket{le=\"2.048\"} 5\nx_seconds_bucket{le=\"4.096\"} 6\nx_seconds_bucket{le=\"+Inf\"} 8\n"
              "x_seconds_sum 3608.194002\nx_seconds_count 8\n");
    jn_buf_clear(&out);
}

static void labels_stand_before_the_bucket(void **state)
{
    (void)state;
    const struct sailor_histogram h = { 0 };
    struct jn_buf out;
    jn_buf_init(&out, 0);
    sailor_metrics_write_histogram(&out, "y", "Y.", "a=\"b\"", &h);
    has(&out, "y_bucket{a=\"b\",le=\"0.0005\"} 0\n");
    has(&out, "y_sum{a=\"b\"} 0\ny_count{a=\"b\"} 0\n");
    jn_buf_clear(&out);
}

static void every_counter_has_its_own_line(void **state)
{
    (void)state;
    const struct sailor_metrics m = {
        .messages = { 1, 2, 3, 4, 5 }, .emitted = { 6, 7, 8, 9, 10 }, .publish_retries = 11, .returned = 12,
        .nacked = 13, .reconnects = { 14, 15 }, .throttle_waits = 16, .bytes_in = 17, .bytes_out = 18,
        .platform_requests = 19, .platform_failures = 20, .in_flight = -1,
    };
    struct jn_buf out;
    jn_buf_init(&out, 0);
    sailor_metrics_write(&m, &out);
    has(&out, "# HELP sailor_messages_total Messages that were settled, by outcome.\n"
              "# TYPE sailor_messages_total counter\n"
              "sailor_messages_total{outcome=\"done\"} 1\nsailor_messages_total{outcome=\"failed\"} 2\n"
              "sailor_messages_total{outcome=\"rebounded\"} 3\nsailor_messages_total{outcome=\"undecodable\"} 4\n"
              "sailor_messages_total{outcome=\"duplicate\"} 5\n");
    has(&out, "sailor_emitted_total{kind=\"data\"} 6\nsailor_emitted_total{kind=\"error\"} 7\n"
              "sailor_emitted_total{kind=\"rebound\"} 8\nsailor_emitted_total{kind=\"snapshot\"} 9\n"
              "sailor_emitted_total{kind=\"http_reply\"} 10\n");
    has(&out, "\nsailor_publish_retries_total 11\n");
    has(&out, "\nsailor_publish_returned_total 12\n");
    has(&out, "\nsailor_publish_nacked_total 13\n");
    has(&out, "\nsailor_reconnects_total{connection=\"read\"} 14\nsailor_reconnects_total{connection=\"write\"} 15\n");
    has(&out, "\nsailor_throttle_waits_total 16\n");
    has(&out, "\nsailor_received_bytes_total 17\n");
    has(&out, "\nsailor_published_bytes_total 18\n");
    has(&out, "\nsailor_platform_requests_total 19\n");
    has(&out, "\nsailor_platform_failures_total 20\n");
    has(&out, "# TYPE sailor_in_flight gauge\nsailor_in_flight -1\n");
    has(&out, "# TYPE sailor_processing_seconds histogram\n");
    has(&out, "# TYPE sailor_publish_seconds histogram\n");
    jn_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_cumulative),
        cmocka_unit_test(labels_stand_before_the_bucket),
        cmocka_unit_test(every_counter_has_its_own_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
