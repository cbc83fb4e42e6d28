/* eventstream_test.c - every recorded stream (tests/golden/aws/eventstream.json), whole, byte by byte and in random
 * pieces; and streams that nobody recorded: broken, endless, long. */
#include "vectors.h"

#include "base/crypto.h"
#include "base/random.h"
#include "lambda/eventstream.h"
#include "messages.h"

/* What a stream says, one line per event, in a form that texts and bytes share. */
struct record {
    struct jn_buf text;
    size_t events;
};

static void note(struct jn_buf *out, const char *kind, jn_str code, jn_str message, jn_str payload)
{
    jn_buf_append_fmt(out, "%s|%.*s|%.*s|", kind, JN_ARG(code), JN_ARG(message));
    base_base64_encode(out, payload);
    jn_buf_append_char(out, '\n');
}

static bool on_event(const struct lambda_stream_event *e, void *arg)
{
    static const char *const kinds[] = {
        [LAMBDA_STREAM_CHUNK] = "chunk", [LAMBDA_STREAM_COMPLETE] = "complete",
        [LAMBDA_STREAM_EXCEPTION] = "exception", [LAMBDA_STREAM_ERROR] = "error", [LAMBDA_STREAM_OTHER] = "other",
    };
    struct record *r = arg;
    note(&r->text, kinds[e->kind], e->code, e->message, e->payload);
    r->events++;
    return true;
}

/* How a stream is cut: everything at once, equal pieces, or pieces of random length up to `random`. */
struct cut {
    size_t each, random;
    struct base_random *source;
};

static size_t next_piece(const struct cut *cut)
{
    return cut->random ? 1 + (size_t)(base_random_unit(cut->source) * (double)cut->random) : cut->each;
}

/* Feeds and ends; every piece lies in memory of its own, so that a read past its end is seen. */
static enum jn_status play(jn_str bytes, struct cut cut, struct record *r, struct jn_error *err)
{
    struct lambda_stream s;
    enum jn_status status = JN_OK;
    lambda_stream_init(&s);
    for (size_t at = 0; !status && at < bytes.len;) {
        const jn_str piece = jn_str_sub(bytes, at, at + next_piece(&cut));
        char *own = malloc(piece.len);
        assert_non_null(own);
        memcpy(own, piece.data, piece.len);
        status = lambda_stream_feed(&s, (jn_str){ own, piece.len }, on_event, r, err);
        free(own);
        at += piece.len;
    }
    if (!status)
        status = lambda_stream_end(&s, err);
    lambda_stream_clear(&s);
    return status;
}

static const struct cut whole = { .each = SIZE_MAX / 2 };

/* ---- the recordings ------------------------------------------------------------------------------------------ */

static jn_str bytes_of(struct jn_arena *a, jn_value vector)
{
    const jn_str hex = text_of(vector, "bytes_hex");
    char *bytes = jn_arena_alloc(a, hex.len / 2 + 1);
    for (size_t i = 0; i < hex.len / 2; i++) {
        const char pair[] = { hex.data[2 * i], hex.data[2 * i + 1], '\0' };
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    return (jn_str){ bytes, hex.len / 2 };
}

static void note_json(struct jn_buf *out, const char *kind, jn_str code, jn_value json)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    assert_int_equal(jn_write(&text, json, NULL, NULL), JN_OK);
    note(out, kind, code, JN_STR(""), jn_buf_str(&text));
    jn_buf_clear(&text);
}

static void note_expected(struct jn_buf *out, jn_value e)
{
    struct jn_buf payload;
    jn_buf_init(&payload, 0);
    if (!jn_is_undefined(member(e, "payload_base64"))) {
        assert_true(base_base64_decode(&payload, text_of(e, "payload_base64")));
        note(out, "chunk", text_of(e, "event"), JN_STR(""), jn_buf_str(&payload));
    } else if (!jn_is_undefined(member(e, "event"))) {
        note_json(out, "complete", text_of(e, "event"), member(e, "json"));
    } else if (!jn_is_undefined(member(e, "exception"))) {
        note_json(out, "exception", text_of(e, "exception"), member(e, "json"));
    } else if (!jn_is_undefined(member(e, "error_code"))) {
        note(out, "error", text_of(e, "error_code"), text_of(e, "error_message"), JN_STR(""));
    }
    jn_buf_clear(&payload);
}

/* The record without the events that mean nothing here, of which the recordings tell only the type. */
static void drop_others(struct jn_buf *text)
{
    struct jn_buf kept;
    jn_buf_init(&kept, 0);
    for (size_t at = 0; at < text->len;) {
        const size_t end = jn_str_find(jn_buf_str(text), JN_STR("\n"), at) + 1;
        const jn_str line = jn_str_sub(jn_buf_str(text), at, end);
        if (!jn_str_starts(line, JN_STR("other|")))
            jn_buf_append(&kept, line);
        at = end;
    }
    jn_buf_clear(text);
    *text = kept;
}

/* The sentence that belongs to the outcome of a recording. */
static const char *expected_sentence(jn_value vector, jn_str events)
{
    const jn_str error = text_of(vector, "expected_error");
    if (!jn_is_undefined(member(vector, "expected_frame")))
        return "a message of type \"\"";
    if (jn_str_eq(error, JN_STR("prelude_crc")))
        return "prelude";
    if (jn_str_eq(error, JN_STR("message_crc")))
        return "checksum of a message in";
    if (jn_str_eq(error, JN_STR("truncated")))
        return "in the middle of a message";
    const bool is_ended = jn_str_find(events, JN_STR("complete|"), 0) != SIZE_MAX ||
                          jn_str_starts(events, JN_STR("exception|")) || jn_str_starts(events, JN_STR("error|"));
    return is_ended ? "" : "without InvokeComplete";
}

static void check_recording(jn_value vector, jn_str bytes, struct cut cut)
{
    struct record got = { 0 };
    struct jn_buf wanted;
    struct jn_error err = { 0 };
    const jn_value expected = member(vector, "expected");
    jn_buf_init(&got.text, 0);
    jn_buf_init(&wanted, 0);
    for (size_t i = 0; i < jn_length(expected); i++)
        note_expected(&wanted, jn_at(expected, i));
    const enum jn_status status = play(bytes, cut, &got, &err);
    drop_others(&got.text);
    expect_text(jn_buf_str(&got.text), jn_buf_str(&wanted), text_of(vector, "name"), "events");
    const char *sentence = expected_sentence(vector, jn_buf_str(&got.text));
    assert_int_equal(status, *sentence ? JN_BAD_TEXT : JN_OK);
    if (!strstr(err.message, sentence))
        fail_msg("%.*s: \"%s\" does not say \"%s\"", JN_ARG(text_of(vector, "name")), err.message, sentence);
    jn_buf_clear(&got.text);
    jn_buf_clear(&wanted);
}

static void recordings_mean_the_same_in_whatever_pieces(void **state)
{
    struct vectors v;
    struct base_random random = { .seed = 5 };
    vectors_read(&v, "tests/golden/aws/eventstream.json");
    const jn_value all = member(v.root, "vectors");
    assert_true(jn_length(all) >= 15);
    for (size_t i = 0; i < jn_length(all); i++) {
        const jn_str bytes = bytes_of(&v.arena, jn_at(all, i));
        check_recording(jn_at(all, i), bytes, whole);
        check_recording(jn_at(all, i), bytes, (struct cut){ .each = 1 });
        for (int n = 0; n < 50; n++)
            check_recording(jn_at(all, i), bytes, (struct cut){ .random = 1 + 4 * (size_t)n, .source = &random });
    }
    vectors_free(&v);
    (void)state;
}

/* ---- what nobody recorded ------------------------------------------------------------------------------------ */

/* Feeds, whole and byte by byte, and expects both to fail with a sentence that holds `part`. */
static void expect_broken(jn_str bytes, const char *part)
{
    const struct cut cuts[] = { whole, { .each = 1 } };
    for (size_t i = 0; i < 2; i++) {
        struct record r = { 0 };
        struct jn_error err = { 0 };
        jn_buf_init(&r.text, 0);
        assert_int_equal(play(bytes, cuts[i], &r, &err), JN_BAD_TEXT);
        if (!strstr(err.message, part))
            fail_msg("\"%s\" does not say \"%s\"", err.message, part);
        jn_buf_clear(&r.text);
    }
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    static const struct {
        size_t total, headers;
        const char *part;
    } cases[] = {
        { 15, 0, "contradict" },
        { 0, 0, "contradict" },
        { 16, 1, "contradict" },
        { 100, 85, "contradict" },
        { 0xffffffff, 0xffffffff, "contradict" },
        { 0xffffffff, 0, "at most" },
        { 16 + LAMBDA_STREAM_MAX_HEADERS + 1, LAMBDA_STREAM_MAX_HEADERS + 1, "at most" },
        { 16 + LAMBDA_STREAM_MAX_PAYLOAD + 1, 0, "at most" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf b;
        jn_buf_init(&b, 0);
        put_prelude(&b, cases[i].total, cases[i].headers);
        expect_broken(jn_buf_str(&b), cases[i].part);
        jn_buf_clear(&b);
    }
    (void)state;
}

static void header_blocks_that_are_none_are_refused(void **state)
{
    static const struct {
        jn_str block;
        const char *part;
    } cases[] = {
        { JN_STR_INIT("\0"), "byte 0" },                        // no name
        { JN_STR_INIT("\1"), "byte 0" },                        // half a name
        { JN_STR_INIT("\1a"), "byte 0" },                       // no type
        { JN_STR_INIT("\1a\12"), "byte 0" },                    // unknown type
        { JN_STR_INIT("\1a\377"), "byte 0" },
        { JN_STR_INIT("\1a\4abc"), "byte 0" },                  // half an integer
        { JN_STR_INIT("\1a\7\0"), "byte 0" },                   // half a length
        { JN_STR_INIT("\1a\7\0\3ab"), "byte 0" },               // half a text
        { JN_STR_INIT("\1a\6\377\377ab"), "byte 0" },
        { JN_STR_INIT("\1a\0\1b"), "byte 3" },                  // the second is none
        { JN_STR_INIT("\15:message-type\0"), "no text" },
        { JN_STR_INIT("\15:message-type\6\0\5event"), "no text" },
        { JN_STR_INIT("\13:event-type\7\0\1a\13:event-type\7\0\1a"), "twice" },
        { JN_STR_INIT("\15:message-type\7\0\5event"), "of type \"event\"" },     // which?
        { JN_STR_INIT("\15:message-type\7\0\11exception"), "of type \"exception\"" },
        { JN_STR_INIT("\15:message-type\7\0\5Event"), "of type \"Event\"" },
        { JN_STR_INIT("\13:event-type\7\0\14PayloadChunk"), "of type \"\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf b;
        jn_buf_init(&b, 0);
        put_message(&b, cases[i].block, JN_STR("payload"));
        expect_broken(jn_buf_str(&b), cases[i].part);
        jn_buf_clear(&b);
    }
    (void)state;
}

static void a_changed_bit_is_always_seen(void **state)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    put_event(&b, "PayloadChunk", JN_STR("some bytes"));
    put_event(&b, "InvokeComplete", JN_STR("{}"));
    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        struct record r = { 0 };
        jn_buf_init(&r.text, 0);
        b.data[bit / 8] = (char)(b.data[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(play(jn_buf_str(&b), whole, &r, NULL), JN_BAD_TEXT);
        b.data[bit / 8] = (char)(b.data[bit / 8] ^ (1 << bit % 8));
        jn_buf_clear(&r.text);
    }
    jn_buf_clear(&b);
    (void)state;
}

static void every_beginning_of_a_stream_is_no_stream(void **state)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    put_event(&b, "PayloadChunk", JN_STR("a"));
    put_event(&b, "InvokeComplete", JN_STR("{}"));
    for (size_t len = 0; len < b.len; len++) {
        struct record r = { 0 };
        jn_buf_init(&r.text, 0);
        assert_int_equal(play(jn_str_sub(jn_buf_str(&b), 0, len), whole, &r, NULL), JN_BAD_TEXT);
        jn_buf_clear(&r.text);
    }
    jn_buf_clear(&b);
    (void)state;
}

static void what_follows_the_end_is_ignored(void **state)
{
    static const char *const ends[] = { "event", "exception", "error" };
    for (size_t i = 0; i < 3; i++) {
        struct record r = { 0 };
        struct jn_buf b;
        jn_buf_init(&r.text, 0);
        jn_buf_init(&b, 0);
        put_typed(&b, ends[i], i == 0 ? ":event-type" : ":exception-type", "InvokeComplete", JN_STR("{}"));
        put_event(&b, "PayloadChunk", JN_STR("late"));
        jn_buf_append(&b, JN_STR("garbage"));
        assert_int_equal(play(jn_buf_str(&b), whole, &r, NULL), JN_OK);
        assert_int_equal(r.events, 1);
        jn_buf_clear(&r.text);
        jn_buf_clear(&b);
    }
    (void)state;
}

/* The stream is freed by the callback, with the message that it kept. */
struct owner {
    struct lambda_stream *stream;
    int events;
};

static bool free_stream(const struct lambda_stream_event *e, void *arg)
{
    struct owner *o = arg;
    (void)e;
    if (++o->events < 2)
        return true;
    lambda_stream_clear(o->stream);
    free(o->stream);
    return false;
}

static void a_callback_that_has_enough_may_free_the_stream(void **state)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    for (int i = 0; i < 4; i++)
        put_event(&b, "PayloadChunk", JN_STR("x"));
    for (size_t cut = 0; cut < 120; cut += 10) {
        struct owner o = { .stream = malloc(sizeof *o.stream) };
        assert_non_null(o.stream);
        lambda_stream_init(o.stream);
        enum jn_status s = lambda_stream_feed(o.stream, jn_str_sub(jn_buf_str(&b), 0, cut), free_stream, &o, NULL);
        if (!s)
            s = lambda_stream_feed(o.stream, jn_str_sub(jn_buf_str(&b), cut, b.len), free_stream, &o, NULL);
        assert_int_equal(s, JN_CANCELLED);
        assert_int_equal(o.events, 2);
    }
    jn_buf_clear(&b);
    (void)state;
}

static void a_broken_stream_stays_broken(void **state)
{
    struct record r = { 0 };
    struct lambda_stream s;
    struct jn_buf b;
    jn_buf_init(&r.text, 0);
    jn_buf_init(&b, 0);
    put_event(&b, "InvokeComplete", JN_STR("{}"));
    lambda_stream_init(&s);
    assert_int_equal(lambda_stream_feed(&s, JN_STR("HTTP/1.1 200 OK"), on_event, &r, NULL), JN_BAD_TEXT);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(&b), on_event, &r, NULL), JN_BAD_TEXT);
    assert_int_equal(lambda_stream_end(&s, NULL), JN_BAD_TEXT);
    assert_int_equal(r.events, 0);
    lambda_stream_reset(&s);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(&b), on_event, &r, NULL), JN_OK);
    assert_int_equal(lambda_stream_end(&s, NULL), JN_OK);
    lambda_stream_clear(&s);
    jn_buf_clear(&r.text);
    jn_buf_clear(&b);
    (void)state;
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void a_promise_of_much_takes_no_memory(void **state)
{
    struct record r = { 0 };
    struct lambda_stream s;
    struct jn_buf b;
    jn_buf_init(&r.text, 0);
    jn_buf_init(&b, 0);
    put_prelude(&b, 16 + LAMBDA_STREAM_MAX_PAYLOAD, 0);
    jn_buf_append(&b, JN_STR("some of it"));
    lambda_stream_init(&s);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(&b), on_event, &r, NULL), JN_OK);
    assert_true(s.pending.cap < 1024);
    lambda_stream_clear(&s);
    jn_buf_clear(&r.text);
    jn_buf_clear(&b);
    (void)state;
}

static bool count_bytes(const struct lambda_stream_event *e, void *arg)
{
    *(size_t *)arg += e->payload.len;
    return true;
}

static void a_message_at_the_ceilings_is_taken(void **state)
{
    struct jn_buf headers, b;
    size_t bytes = 0;
    jn_buf_init(&headers, 0);
    jn_buf_init(&b, 0);
    put_header(&headers, JN_STR(":message-type"), JN_STR("event"));
    put_header(&headers, JN_STR(":event-type"), JN_STR("PayloadChunk"));
    while (headers.len < LAMBDA_STREAM_MAX_HEADERS - 2 * 60000)
        put_header(&headers, JN_STR("filler"), JN_STR("text"));
    while (headers.len < LAMBDA_STREAM_MAX_HEADERS) {
        static const char zeros[60001];
        const size_t left = LAMBDA_STREAM_MAX_HEADERS - headers.len - 5;
        put_header(&headers, JN_STR("f"), (jn_str){ zeros, left <= 60000 ? left : 50000 });
    }
    char *payload = calloc(1, LAMBDA_STREAM_MAX_PAYLOAD);
    assert_non_null(payload);
    put_message(&b, jn_buf_str(&headers), (jn_str){ payload, LAMBDA_STREAM_MAX_PAYLOAD });
    struct lambda_stream s;
    lambda_stream_init(&s);
    for (size_t at = 0; at < b.len; at += 16384)
        assert_int_equal(lambda_stream_feed(&s, jn_str_sub(jn_buf_str(&b), at, at + 16384), count_bytes, &bytes, NULL),
                         JN_OK);
    assert_int_equal(bytes, LAMBDA_STREAM_MAX_PAYLOAD);
    lambda_stream_reset(&s);
    assert_int_equal(s.pending.cap, 0);
    lambda_stream_clear(&s);
    free(payload);
    jn_buf_clear(&headers);
    jn_buf_clear(&b);
    (void)state;
}

static void whole_messages_are_not_copied(void **state)
{
    struct jn_buf b;
    struct lambda_stream s;
    size_t bytes = 0;
    jn_buf_init(&b, 0);
    for (int i = 0; i < 10; i++)
        put_event(&b, "PayloadChunk", JN_STR("abc"));
    lambda_stream_init(&s);
    assert_int_equal(lambda_stream_feed(&s, jn_buf_str(&b), count_bytes, &bytes, NULL), JN_OK);
    assert_int_equal(bytes, 30);
    assert_null(s.pending.data);
    lambda_stream_clear(&s);
    jn_buf_clear(&b);
    (void)state;
}

/* ---- the checksum -------------------------------------------------------------------------------------------- */

/* Bit by bit, as its definition has it. */
static uint32_t plain_crc32(jn_str bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void the_checksum_is_that_of_its_definition(void **state)
{
    char bytes[600];
    struct base_random random = { .seed = 32 };
    base_random_bytes(&random, bytes, sizeof bytes);
    assert_int_equal(lambda_crc32(JN_STR("123456789")), 0xcbf43926);
    for (size_t from = 0; from < 9; from++) {
        for (size_t to = from; to < sizeof bytes; to++) {
            const jn_str part = { bytes + from, to - from };
            assert_int_equal(lambda_crc32(part), plain_crc32(part));
        }
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_mean_the_same_in_whatever_pieces),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(header_blocks_that_are_none_are_refused),
        cmocka_unit_test(a_changed_bit_is_always_seen),
        cmocka_unit_test(every_beginning_of_a_stream_is_no_stream),
        cmocka_unit_test(what_follows_the_end_is_ignored),
        cmocka_unit_test(a_callback_that_has_enough_may_free_the_stream),
        cmocka_unit_test(a_broken_stream_stays_broken),
        cmocka_unit_test(a_promise_of_much_takes_no_memory),
        cmocka_unit_test(a_message_at_the_ceilings_is_taken),
        cmocka_unit_test(whole_messages_are_not_copied),
        cmocka_unit_test(the_checksum_is_that_of_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
