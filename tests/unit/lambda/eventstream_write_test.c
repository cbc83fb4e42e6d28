/* eventstream_write_test.c - recorded streams (tests/golden/aws/eventstream.json) written anew, byte by byte the same;
 * and what is written, read by the decoder. */
#include "vectors.h"

#include "base/crypto.h"
#include "lambda/eventstream.h"
#include "lambda/eventstream_write.h"

/* The event that a recording holds, written; false: it is one that is never written here. */
static bool write_event(struct jn_buf *out, jn_value e)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    const jn_str exception = text_of(e, "exception");
    const bool is_chunk = !jn_is_undefined(member(e, "payload_base64"));
    const bool is_json = !jn_is_undefined(member(e, "json"));
    if (is_chunk)
        assert_true(base_base64_decode(&text, text_of(e, "payload_base64")));
    if (is_json)
        assert_int_equal(jn_write(&text, member(e, "json"), NULL, NULL), JN_OK);
    if (is_chunk)
        lambda_stream_put_chunk(out, jn_buf_str(&text));
    else if (exception.len)
        lambda_stream_put_exception(out, exception, jn_buf_str(&text));
    else if (is_json)
        lambda_stream_put_complete(out, jn_buf_str(&text));
    jn_buf_clear(&text);
    return is_chunk || is_json;
}

/* Both as hexadecimal digits, for the message of a failure. */
static void expect_bytes(const struct jn_buf *got, jn_str wanted_hex, jn_str name)
{
    struct jn_buf hex;
    jn_buf_init(&hex, 0);
    for (size_t i = 0; i < got->len; i++)
        jn_buf_append_fmt(&hex, "%02x", (unsigned char)got->data[i]);
    expect_text(jn_buf_str(&hex), wanted_hex, name, "bytes");
    jn_buf_clear(&hex);
}

static bool is_written_here(jn_str name)
{
    static const char *const names[] = { "chunk", "chunk-empty-payload", "chunk-binary", "complete-ok", "complete-log",
                                         "complete-error", "stream", "exception" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (jn_str_eq(name, jn_str_of(names[i])))
            return true;
    }
    return false;
}

static void recordings_are_written_byte_by_byte_the_same(void **state)
{
    (void)state;
    struct vectors v;
    vectors_read(&v, "tests/golden/aws/eventstream.json");
    const jn_value all = member(v.root, "vectors");
    int written = 0;
    for (size_t i = 0; i < jn_length(all); i++) {
        const jn_value vector = jn_at(all, i), expected = member(vector, "expected");
        if (!is_written_here(text_of(vector, "name")))
            continue;
        struct jn_buf out;
        jn_buf_init(&out, 0);
        for (size_t n = 0; n < jn_length(expected); n++)
            assert_true(write_event(&out, jn_at(expected, n)));
        expect_bytes(&out, text_of(vector, "bytes_hex"), text_of(vector, "name"));
        jn_buf_clear(&out);
        written++;
    }
    assert_int_equal(written, 8);
    vectors_free(&v);
}

/* Adds up what a stream says. */
static bool on_event(const struct lambda_stream_event *e, void *arg)
{
    size_t *sum = arg;
    if (e->kind == LAMBDA_STREAM_CHUNK)
        *sum += e->payload.len;
    return true;
}

static void the_longest_chunk_is_read_back(void **state)
{
    (void)state;
    struct lambda_stream s;
    struct jn_buf out;
    size_t sum = 0;
    char *bytes = calloc(1, LAMBDA_STREAM_MAX_PAYLOAD);
    assert_non_null(bytes);
    jn_buf_init(&out, 0);
    lambda_stream_put_chunk(&out, (jn_str){ bytes, LAMBDA_STREAM_MAX_PAYLOAD });
    lambda_stream_put_complete(&out, JN_STR("{}"));
    lambda_stream_init(&s);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(&out), on_event, &sum, NULL), JN_OK);
    assert_int_equal(lambda_stream_end(&s, NULL), JN_OK);
    assert_int_equal(sum, LAMBDA_STREAM_MAX_PAYLOAD);
    lambda_stream_clear(&s);
    jn_buf_clear(&out);
    free(bytes);
}

static void a_buffer_that_is_full_says_so(void **state)
{
    (void)state;
    for (size_t ceiling = 1; ceiling < 102; ceiling++) {
        struct jn_buf out;
        jn_buf_init(&out, ceiling);
        lambda_stream_put_complete(&out, JN_STR("{}"));
        assert_int_not_equal(out.failed, JN_OK);
        jn_buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_are_written_byte_by_byte_the_same),
        cmocka_unit_test(the_longest_chunk_is_read_back),
        cmocka_unit_test(a_buffer_that_is_full_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
