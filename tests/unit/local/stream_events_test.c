/* stream_events_test.c - a call's answer as an event stream, read by the decoder that our own calls use. */
#include "local/stream_events.h"

#include <stdlib.h>

#include "cmocka_all.h"
#include "lambda/eventstream.h"

/* What a stream says: the chunks' bytes, and "code|payload" of its end. */
struct heard {
    struct jn_buf bytes, end;
    size_t chunks, longest;
};

static bool on_event(const struct lambda_stream_event *e, void *arg)
{
    struct heard *h = arg;
    if (e->kind != LAMBDA_STREAM_CHUNK) {
        jn_buf_append_fmt(&h->end, "%.*s|%.*s", JN_ARG(e->code), JN_ARG(e->payload));
        return true;
    }
    h->chunks++;
    h->longest = e->payload.len > h->longest ? e->payload.len : h->longest;
    jn_buf_append(&h->bytes, e->payload);
    return true;
}

static void hear(struct heard *h, struct jn_buf *stream)
{
    struct lambda_stream s;
    *h = (struct heard){ 0 };
    jn_buf_init(&h->bytes, 0);
    jn_buf_init(&h->end, 0);
    lambda_stream_init(&s);
    assert_int_equal(stream->failed, JN_OK);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(stream), on_event, h, NULL), JN_OK);
    lambda_stream_clear(&s);
    jn_buf_clear(stream);
}

static void clear(struct heard *h)
{
    jn_buf_clear(&h->bytes);
    jn_buf_clear(&h->end);
}

static void expect_end(const struct local_call *c, bool wants_log, const char *bytes, const char *end)
{
    struct jn_buf stream;
    struct heard h;
    jn_buf_init(&stream, 0);
    local_put_stream_end(&stream, c, wants_log);
    hear(&h, &stream);
    assert_string_equal(jn_buf_str(&h.bytes).data, bytes);
    assert_string_equal(h.end.data, end);
    clear(&h);
}

static struct local_version version = { .number = "$LATEST", .references = 1 };

static void a_buffered_response_precedes_the_end(void **state)
{
    (void)state;
    struct local_call *c = local_call_new(&version);
    expect_end(c, false, "", "InvokeComplete|{}");
    jn_buf_append_z(&c->payload, "null");
    expect_end(c, false, "null", "InvokeComplete|{}");
    local_tail_add(&c->tail, JN_STR("log"));
    expect_end(c, true, "null", "InvokeComplete|{\"LogResult\":\"bG9n\"}");
    local_call_free(c);
}

static void a_failure_is_in_the_end_and_nowhere_else(void **state)
{
    (void)state;
    struct local_call *c = local_call_new(&version);
    c->failure = LOCAL_FAILURE_FUNCTION;
    jn_buf_append_z(&c->payload, "{\"errorType\":\"E\"}");
    expect_end(c, false, "",
               "InvokeComplete|{\"ErrorCode\":\"Unhandled\",\"ErrorDetails\":\"{\\\"errorType\\\":\\\"E\\\"}\"}");
    expect_end(c, true, "", "InvokeComplete|{\"ErrorCode\":\"Unhandled\",\"ErrorDetails\":\"{\\\"errorType\\\":"
               "\\\"E\\\"}\",\"LogResult\":\"\"}");
    local_call_free(c);

    c = local_call_new(&version);
    local_call_fail(c, LOCAL_FAILURE_TIMEOUT, JN_STR("3.00"));
    expect_end(c, false, "", "InvokeComplete|{\"ErrorCode\":\"Sandbox.Timedout\",\"ErrorDetails\":\"{\\\"errorType\\\":"
               "\\\"Sandbox.Timedout\\\",\\\"errorMessage\\\":\\\"RequestId:  Error: Task timed out after 3.00 seconds"
               "\\\"}\"}");
    local_call_free(c);
}

static void a_stream_that_is_given_up_ends_with_an_exception(void **state)
{
    (void)state;
    struct jn_buf stream;
    struct heard h;
    jn_buf_init(&stream, 0);
    local_put_stream_cancelled(&stream);
    hear(&h, &stream);
    assert_string_equal(h.end.data,
                        "ServiceException|{\"Type\":\"Service\",\"Message\":\"The local Lambda is stopping.\"}");
    clear(&h);
}

static void long_pieces_are_several_chunks(void **state)
{
    (void)state;
    static const struct {
        size_t size, chunks;
    } cases[] = { { 0, 0 }, { 1, 1 }, { 65536, 1 }, { 65537, 2 }, { 200000, 4 } };
    char *bytes = malloc(200000);
    assert_non_null(bytes);
    for (size_t i = 0; i < 200000; i++)
        bytes[i] = (char)(i % 251);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf stream;
        struct heard h;
        jn_buf_init(&stream, 0);
        local_put_chunks(&stream, (jn_str){ bytes, cases[i].size });
        hear(&h, &stream);
        assert_int_equal(h.chunks, cases[i].chunks);
        assert_in_range(h.longest, 0, 65536);
        assert_int_equal(h.bytes.len, cases[i].size);
        if (cases[i].size)
            assert_memory_equal(h.bytes.data, bytes, cases[i].size);
        clear(&h);
    }
    free(bytes);
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    struct local_call *c = local_call_new(&version);
    struct jn_buf stream;
    jn_buf_init(&stream, 0);
    c->payload.failed = JN_NO_MEMORY;
    local_put_stream_end(&stream, c, false);
    assert_int_equal(stream.failed, JN_NO_MEMORY);
    jn_buf_clear(&stream);
    local_call_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffered_response_precedes_the_end),
        cmocka_unit_test(a_failure_is_in_the_end_and_nowhere_else),
        cmocka_unit_test(a_stream_that_is_given_up_ends_with_an_exception),
        cmocka_unit_test(long_pieces_are_several_chunks),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
