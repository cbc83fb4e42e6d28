/* amqp_codec_test.c - bytes to events and calls to bytes: what a broker says, cut anywhere; what none would say; what
 * is written, octet by octet, in the notation of octets.h. */
#include "cmocka_all.h"

#include <stdio.h>

#include "core/arena.h"
#include "heap_count.h"
#include "octets.h"
#include "sailor/amqp_codec.h"

static const char deliver[] = "003c 003c 03'tag' 0000000000000007 01 02'ex' 03'key'";

/* A message as the broker sends it, in bodies of `piece` bytes. */
static void message(struct jn_buf *out, const char *properties, jn_str body, size_t piece)
{
    char text[1024];
    method(out, 1, deliver);
    snprintf(text, sizeof text, "003c 0000 %016zx %s", body.len, properties);
    frame_of(out, SAILOR_FRAME_HEADER, 1, text);
    for (size_t i = 0; i < body.len; i += piece)
        frame(out, SAILOR_FRAME_BODY, 1, jn_str_sub(body, i, i + piece));
}

/* ---- events as text ------------------------------------------------------------------------------------------ */

static void put_text(struct jn_buf *out, const char *name, jn_str value)
{
    if (value.data)
        jn_buf_append_fmt(out, " %s=%.*s", name, JN_ARG(value));
}

static void put_properties(struct jn_buf *out, const struct sailor_properties *p)
{
    put_text(out, "content_type", p->content_type);
    put_text(out, "content_encoding", p->content_encoding);
    put_text(out, "correlation_id", p->correlation_id);
    put_text(out, "reply_to", p->reply_to);
    put_text(out, "expiration", p->expiration);
    put_text(out, "message_id", p->message_id);
    put_text(out, "type", p->type);
    put_text(out, "user_id", p->user_id);
    put_text(out, "app_id", p->app_id);
    if (p->priority >= 0 || p->delivery_mode >= 0 || p->timestamp >= 0)
        jn_buf_append_fmt(out, " priority=%d mode=%d timestamp=%lld", p->priority, p->delivery_mode,
                          (long long)p->timestamp);
    if (p->headers.type) {
        jn_buf_append_z(out, " headers=");
        assert_int_equal(jn_write(out, p->headers, NULL, NULL), JN_OK);
    }
}

static void put_event(struct jn_buf *out, const struct sailor_amqp_event *e)
{
    if (e->kind == SAILOR_AMQP_BODY) {              // pieces depend on how the bytes came; the whole does not
        jn_buf_append(out, e->text);
        if (e->is_last)
            jn_buf_append_char(out, '\n');
        return;
    }
    jn_buf_append_fmt(out, "%s %d", sailor_amqp_event_name(e->kind), e->channel);
    if (e->code)
        jn_buf_append_fmt(out, " code=%d", e->code);
    put_text(out, "text", e->text);
    put_text(out, "exchange", e->exchange);
    put_text(out, "key", e->routing_key);
    if (e->tag)
        jn_buf_append_fmt(out, " tag=%llu %d%d", (unsigned long long)e->tag, e->redelivered, e->multiple);
    if (e->kind == SAILOR_AMQP_TUNE)
        jn_buf_append_fmt(out, " %lld %lld %lld", (long long)e->channel_max, (long long)e->frame_max,
                          (long long)e->heartbeat_s);
    if (e->kind == SAILOR_AMQP_CONTENT) {
        jn_buf_append_fmt(out, " size=%llu%s", (unsigned long long)e->body_size, e->is_malformed ? " malformed" : "");
        put_properties(out, &e->properties);
    }
    jn_buf_append_char(out, '\n');
}

/* Reads `data` in pieces of `piece` bytes, each in memory of its own, so that reading past its end is seen. */
static enum jn_status transcribe(struct sailor_codec *c, jn_str data, size_t piece, struct jn_buf *out,
                                 struct jn_error *err)
{
    enum jn_status status = JN_OK;
    for (size_t i = 0; i < data.len && !status; i += piece) {
        const jn_str part = jn_str_sub(data, i, i + piece);
        char *copy = malloc(part.len);
        memcpy(copy, part.data, part.len);
        jn_str rest = { copy, part.len };
        bool has_event = true;
        while (has_event && !status) {
            struct sailor_amqp_event e;
            status = sailor_codec_read(c, &rest, &e, &has_event, err);
            if (!status && has_event)
                put_event(out, &e);
        }
        free(copy);
    }
    return status;
}

static enum jn_status read_all(const struct jn_buf *bytes, size_t piece, struct jn_buf *out, struct jn_error *err)
{
    struct sailor_codec *c;
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    jn_buf_init(out, 0);
    jn_buf_append_z(out, "");
    const enum jn_status status = transcribe(c, jn_buf_str(bytes), piece, out, err);
    sailor_codec_free(c);
    return status;
}

static void assert_reads(const struct jn_buf *bytes, const char *expected)
{
    struct jn_buf out;
    struct jn_error err = { 0 };
    if (read_all(bytes, bytes->len, &out, &err))
        fail_msg("%s after %s", err.message, out.data);
    assert_string_equal(out.data, expected);
    jn_buf_clear(&out);
}

/* ---- in ------------------------------------------------------------------------------------------------------ */

static void every_method_of_a_broker_is_understood(void **state)
{
    (void)state;
    static const struct { int channel; const char *octets, *event; } cases[] = {
        { 0, "000a 000a 00 09 () ('PLAIN AMQPLAIN') ('en_US')", "connection.start 0 text=PLAIN AMQPLAIN\n" },
        { 0, "000a 000a 00 09 (01'a' 'V' 0c'capabilities' 'F' (12'connection.blocked' 't' 01)) ('PLAIN') ()",
          "connection.start 0 code=1 text=PLAIN\n" },
        { 0, "000a 000a 00 09 (0c'capabilities' 't' 01) ('EXTERNAL') ()", "connection.start 0 text=EXTERNAL\n" },
        { 0, "000a 001e 07ff 00020000 003c", "connection.tune 0 2047 131072 60\n" },
        { 0, "000a 0029 00", "connection.open-ok 0\n" },
        { 0, "000a 0032 0140 05'going' 0000 0000", "connection.close 0 code=320 text=going\n" },
        { 0, "000a 0033", "connection.close-ok 0\n" },
        { 0, "000a 003c 03'low'", "connection.blocked 0 text=low\n" },
        { 0, "000a 003d", "connection.unblocked 0\n" },
        { 1, "0014 000b 00000000", "channel.open-ok 1\n" },
        { 1, "0014 0028 0194 07'missing' 003c 0014", "channel.close 1 code=404 text=missing\n" },
        { 1, "0014 0029", "channel.close-ok 1\n" },
        { 1, "003c 000b", "basic.qos-ok 1\n" },
        { 1, "0055 000b", "confirm.select-ok 1\n" },
        { 1, "003c 0015 03'tag'", "basic.consume-ok 1 text=tag\n" },
        { 1, "003c 001e 03'tag' 01", "basic.cancel 1 text=tag\n" },
        { 1, "003c 001f 03'tag'", "basic.cancel-ok 1 text=tag\n" },
        { 1, deliver, "basic.deliver 1 text=tag exchange=ex key=key tag=7 10\n" },
        { 1, "003c 0032 0138 08'NO_ROUTE' 00 01'k'", "basic.return 1 code=312 text=NO_ROUTE exchange= key=k\n" },
        { 1, "003c 0050 0000000000000102 01", "basic.ack 1 tag=258 01\n" },
        { 1, "003c 0078 0000000000000003 00", "basic.nack 1 tag=3 00\n" },
        { 1, "0032 000b 01'q' 00000000 00000000", "another method 1\n" },
        { 1, "7fff 7fff", "another method 1\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf bytes;
        jn_buf_init(&bytes, 0);
        method(&bytes, cases[i].channel, cases[i].octets);
        assert_reads(&bytes, cases[i].event);
        jn_buf_clear(&bytes);
    }
}

/* ---- headers and properties in ------------------------------------------------------------------------------- */

static const char head[] = "basic.deliver 1 text=tag exchange=ex key=key tag=7 10\ncontent header 1 size=0";

static void assert_properties(const char *properties, const char *event)
{
    struct jn_buf bytes, expected;
    jn_buf_init(&bytes, 0);
    jn_buf_init(&expected, 0);
    message(&bytes, properties, JN_STR(""), 1);
    jn_buf_append_fmt(&expected, "%s%s\n", head, event);
    assert_reads(&bytes, expected.data);
    jn_buf_clear(&bytes);
    jn_buf_clear(&expected);
}

static void every_type_of_a_header_becomes_a_value(void **state)
{
    (void)state;
    assert_properties("2000 (01't' 't' 01  01'b' 'b' ff  01'B' 'B' ff  01's' 's' 8000  01'u' 'u' ffff"
                      " 01'I' 'I' ffffffff  01'i' 'i' ffffffff  01'l' 'l' fffffffffffffffe"
                      " 01'L' 'L' 0000000100000000  01'f' 'f' 3fc00000"
                      " 01'd' 'd' bff8000000000000  01'D' 'D' 02 000000fb  01'S' 'S' (c3a4)  01'x' 'x' (ff41)"
                      " 01'T' 'T' 0000000067748580  01'V' 'V'  01'A' 'A' ('b' 01 'S' ())  01'F' 'F' (01'n' 'F' ()))",
                      " headers={\"t\":true,\"b\":-1,\"B\":255,\"s\":-32768,\"u\":65535,\"I\":-1,\"i\":4294967295,"
                      "\"l\":-2,\"L\":4294967296,\"f\":1.5,\"d\":-1.5,\"D\":2.51,\"S\":\"\xc3\xa4\","
                      "\"x\":\"\xef\xbf\xbd" "A\",\"T\":1735689600,\"V\":null,\"A\":[1,\"\"],\"F\":{\"n\":{}}}");
}

static void every_property_is_told(void **state)
{
    (void)state;
    assert_properties("fffc 02'ct' 02'ce' (01'h' 'b' 01) 02 09 03'cor' 03'rep' 03'exp' 03'mid' 0000000000000005 02'ty'"
                      " 03'usr' 03'app' 03'clu'",
                      " content_type=ct content_encoding=ce correlation_id=cor reply_to=rep expiration=exp"
                      " message_id=mid type=ty user_id=usr app_id=app priority=9 mode=2 timestamp=5 headers={\"h\":1}");
}

static void absent_and_empty_headers_differ(void **state)
{
    (void)state;
    assert_properties("0000", "");
    assert_properties("2000 ()", " headers={}");
    assert_properties("0080 00", " message_id=");
}

/* The last of equal names wins, and names and texts that are not UTF-8 are repaired. */
static void odd_headers_are_values_nevertheless(void **state)
{
    (void)state;
    assert_properties("2000 (01'a' 'b' 01 01'a' 'b' 02 00 'V' 02 ff'b' 'V')",
                      " headers={\"a\":2,\"\":null,\"\xef\xbf\xbd" "b\":null}");
}

static void broken_properties_do_not_break_the_connection(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "2000 (01'a' 'Z')",                                 /* no such type */
        "2000 (01'a')", "2000 (01)", "2000 (01'a' 'b')", "2000 (05'a' 'V')",
        "2000 (01'a' 'S' ffffffff)", "2000 (01'a' 'A' ffffffff)", "2000 (01'a' 'F' 00000001)",
        "2000 ffffffff 01'a' 'V'", "2000 000000", "2000",
        "2000 (01'a' 'A' 00000001 'V' 'V')",                /* more in it than it says */
        "8000 09'short'", "8000", "4000 01", "0080 05'abc'", "1000", "0040 000000",
        "0001 0000", "0001 2000 ()", "e001 00 00 ()",       /* flags that go on */
        "00", "",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf bytes, expected;
        jn_buf_init(&bytes, 0);
        jn_buf_init(&expected, 0);
        message(&bytes, cases[i], JN_STR(""), 1);
        message(&bytes, "2000 ()", JN_STR("next"), 4);
        jn_buf_append_fmt(&expected, "%s malformed\nbasic.deliver 1 text=tag exchange=ex key=key tag=7 10\n"
                          "content header 1 size=4 headers={}\nnext\n", head);
        assert_reads(&bytes, expected.data);
        jn_buf_clear(&bytes);
        jn_buf_clear(&expected);
    }
}

/* A property list whose headers are `depth` tables or arrays in each other. */
static void nested(struct jn_buf *out, int depth, char type)
{
    struct jn_buf inner, outer;
    jn_buf_init(&inner, 0);
    for (int i = 1; i < depth; i++) {
        jn_buf_init(&outer, 0);
        if (type == 'F' || i == depth - 1)
            octets(&outer, "00");
        jn_buf_append_char(&outer, type);
        char size[4];
        sailor_put_uint(size, 4, inner.len);
        jn_buf_append(&outer, (jn_str){ size, 4 });
        jn_buf_append(&outer, jn_buf_str(&inner));
        jn_buf_clear(&inner);
        inner = outer;
    }
    char text[64];
    struct jn_buf payload;
    jn_buf_init(&payload, 0);
    snprintf(text, sizeof text, "003c 0000 0000000000000000 2000 %08zx", inner.len);
    octets(&payload, text);
    jn_buf_append(&payload, jn_buf_str(&inner));
    method(out, 1, deliver);
    frame(out, SAILOR_FRAME_HEADER, 1, jn_buf_str(&payload));
    jn_buf_clear(&payload);
    jn_buf_clear(&inner);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        const int depth = (int[]){ SAILOR_TABLE_DEPTH, SAILOR_TABLE_DEPTH + 1, 15000 }[i / 2];
        struct jn_buf bytes, out;
        jn_buf_init(&bytes, 0);
        nested(&bytes, depth, i % 2 ? 'A' : 'F');
        assert_int_equal(read_all(&bytes, bytes.len, &out, NULL), JN_OK);
        assert_int_equal(strstr(out.data, "malformed") != NULL, depth > SAILOR_TABLE_DEPTH);
        jn_buf_clear(&bytes);
        jn_buf_clear(&out);
    }
}

/* ---- streams ------------------------------------------------------------------------------------------------- */

/* A little of everything, with a heartbeat and a method of channel 0 amid a message. */
static void conversation(struct jn_buf *out)
{
    static char body[10000];
    memset(body, 'b', sizeof body);
    method(out, 0, "000a 000a 00 09 (01'p' 'S' ('x')) ('PLAIN') ('en_US')");
    method(out, 0, "000a 001e 07ff 00020000 003c");
    message(out, "2080 (01'a' 'A' ('b' 01 'F' (01'b' 't' 01))) 02'id'", (jn_str){ body, 5000 }, 4088);
    frame(out, SAILOR_FRAME_HEARTBEAT, 0, JN_STR(""));
    method(out, 1, "003c 0032 0138 08'NO_ROUTE' 00 01'k'");
    method(out, 0, "000a 003c 03'low'");
    frame_of(out, SAILOR_FRAME_HEADER, 1, "003c 0000 0000000000000005 2000 ()");
    frame(out, SAILOR_FRAME_BODY, 1, JN_STR("ab"));
    frame(out, SAILOR_FRAME_HEARTBEAT, 0, JN_STR(""));
    method(out, 0, "000a 003d");
    frame(out, SAILOR_FRAME_BODY, 1, JN_STR(""));
    frame(out, SAILOR_FRAME_BODY, 1, JN_STR("cde"));
    message(out, "0000", JN_STR(""), 1);
    method(out, 1, "003c 0050 0000000000000102 01");
}

static void it_does_not_matter_how_the_bytes_come(void **state)
{
    (void)state;
    struct jn_buf bytes, whole;
    jn_buf_init(&bytes, 0);
    conversation(&bytes);
    assert_int_equal(read_all(&bytes, bytes.len, &whole, NULL), JN_OK);
    assert_non_null(strstr(whole.data, "basic.return 1 code=312 text=NO_ROUTE exchange= key=k\n"
                                       "connection.blocked 0 text=low\n"
                                       "content header 1 size=5 headers={}\n"
                                       "abheartbeat 0\nconnection.unblocked 0\ncde\n"));
    for (size_t piece = 1; piece < 20; piece++) {
        struct jn_buf out;
        assert_int_equal(read_all(&bytes, piece, &out, NULL), JN_OK);
        assert_string_equal(out.data, whole.data);
        jn_buf_clear(&out);
    }
    jn_buf_clear(&bytes);
    jn_buf_clear(&whole);
}

static void what_is_promised_lives_until_the_next_message(void **state)
{
    (void)state;
    struct sailor_codec *c;
    struct sailor_amqp_event announced, content, e = { 0 };
    struct jn_buf bytes;
    bool has_event;
    jn_buf_init(&bytes, 0);
    message(&bytes, "2080 (01'k' 'S' ('value')) 02'id'", JN_STR("body"), 1);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    jn_str rest = jn_buf_str(&bytes);
    assert_int_equal(sailor_codec_read(c, &rest, &announced, &has_event, NULL), JN_OK);
    assert_int_equal(sailor_codec_read(c, &rest, &content, &has_event, NULL), JN_OK);
    while (!e.is_last) {
        struct jn_buf other;
        jn_buf_init(&other, 0);
        method(&other, 0, "000a 003c 7f'" "0123456789012345678901234567890123456789012345678901234567890123"
                          "456789012345678901234567890123456789012345678901234567890123456'");
        jn_str interruption = jn_buf_str(&other);
        assert_int_equal(sailor_codec_read(c, &rest, &e, &has_event, NULL), JN_OK);
        const bool is_last = e.is_last;
        assert_int_equal(sailor_codec_read(c, &interruption, &e, &has_event, NULL), JN_OK);
        e.is_last = is_last;
        jn_buf_clear(&other);
    }
    assert_true(jn_str_eq(announced.routing_key, JN_STR("key")));
    assert_true(jn_str_eq(content.properties.message_id, JN_STR("id")));
    assert_true(jn_str_eq(jn_get_string(jn_member(content.properties.headers, JN_STR("k"))), JN_STR("value")));
    sailor_codec_free(c);
    jn_buf_clear(&bytes);
}

static void what_is_no_amqp_ends_the_connection_with_a_sentence(void **state)
{
    (void)state;
    static const struct { const char *octets, *says; } cases[] = {
        { "'AMQP' 00 00 09 01", "it offers protocol 0, version 0.9" },
        { "'HTTP/1.1 400'", "the server speaks HTTP" },
        { "15 03 01 00 02 02 28", "the server wants TLS" },
        { "'SSH-2.0-x'", "this is no AMQP frame: type 83" },
        { "00 0000 00000000 ce", "this is no AMQP frame: type 0" },
        { "01 0001 00020000 00", "a frame has 131080 bytes, and 131072 were agreed upon" },
        { "01 0001 ffffffff 00", "a frame has 4294967303 bytes" },
        { "08 0000 00000000 cd", "a frame does not end with octet 206 but 205" },
        { "01 0001 00000004 003c000b 00", "a frame does not end with octet 206 but 0" },
        { "01 0001 00000003 003c00 ce", "a broken method" },
        { "01 0002 00000004 003c000b ce", "for channel 2, which is not open" },
        { "08 ffff 00000000 ce", "for channel 65535, which is not open" },
        { "01 0000 00000004 003c000b ce", "basic.qos-ok on channel 0" },
        { "01 0001 00000004 000a003d ce", "connection.unblocked on channel 1" },
        { "01 0001 00000005 003c 0015 05 ce", "a broken basic.consume-ok" },
        { "01 0000 0000000a 000a 000a 0009 ffffffff ce", "a broken connection.start" },
        { "02 0001 0000000e 003c 0000 0000000000000000 0000 ce", "a content header that belongs to no message" },
        { "03 0001 00000001 00 ce", "more of a body than it announced" },
        { "03 0000 00000001 00 ce", "for channel 0, which is not open" },
        { "03 0001 00000000 ce", "more of a body than it announced" },
        { "01 0001 00000004 003c 0047 ce", "a message that nobody asked for" },      /* basic.get-ok */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf bytes, out;
        struct jn_error err = { 0 };
        jn_buf_init(&bytes, 0);
        octets(&bytes, cases[i].octets);
        assert_int_equal(read_all(&bytes, 1 + i % 3, &out, &err), JN_BAD_TEXT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s: %s", cases[i].octets, err.message);
        jn_buf_clear(&bytes);
        jn_buf_clear(&out);
    }
}

static void a_message_out_of_order_ends_the_connection(void **state)
{
    (void)state;
    static const struct { const char *octets, *says; } cases[] = {
        { "01 0001 00000004 003c000b ce", "a method in the middle of a message" },
        { "02 0001 0000000e 000a 0000 0000000000000000 0000 ce", "a broken content header" },
        { "02 0001 0000000b 003c 0000 00000000000000 ce", "a broken content header" },
        { "03 0001 00000001 00 ce", "more of a body than it announced" },
        { "02 0001 0000000e 003c 0000 0000000000000001 0000 ce 03 0001 00000002 0000 ce", "more of a body" },
        { "02 0001 0000000e 003c 0000 0000000000000001 0000 ce 03 0001 00000001 00 ce 03 0001 00000000 ce",
          "more of a body" },
        { "02 0001 0000000e 003c 0000 0000000000000001 0000 ce 01 0001 00000004 003c000b ce",
          "in the middle of a message" },
        { "02 0001 0000000e 003c 0000 0000000000000001 0000 ce 02 0001 0000000e 003c 0000 0000000000000001 0000 ce",
          "a content header that belongs to no message" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf bytes, out;
        struct jn_error err = { 0 };
        jn_buf_init(&bytes, 0);
        method(&bytes, 1, deliver);
        octets(&bytes, cases[i].octets);
        assert_int_equal(read_all(&bytes, 1 + i, &out, &err), JN_BAD_TEXT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s: %s", cases[i].octets, err.message);
        jn_buf_clear(&bytes);
        jn_buf_clear(&out);
    }
}

/* ---- out ----------------------------------------------------------------------------------------------------- */

static void assert_wrote(struct jn_buf *out, const char *expected)
{
    struct jn_buf bytes;
    jn_buf_init(&bytes, 0);
    octets(&bytes, expected);
    assert_int_equal(out->len, bytes.len);
    assert_memory_equal(out->data, bytes.data, bytes.len);
    jn_buf_clear(&bytes);
    jn_buf_truncate(out, 0);
}

static void every_method_is_written_as_the_specification_has_it(void **state)
{
    (void)state;
    struct sailor_codec *c;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    sailor_put_protocol_header(&out);
    assert_wrote(&out, "'AMQP' 00 00 09 01");
    sailor_put_start_ok(c, JN_STR("me"), JN_STR("pw"), JN_STR("host-read"), &out);
    assert_wrote(&out, "01 0000 (000a 000b"
                 " (07'product' 'S' ('aws-lambda-component') 07'version' 'S' ('" ALC_VERSION "') 08'platform' 'S' ('C')"
                 "  0f'connection_name' 'S' ('host-read') 0c'capabilities' 'F' (12'publisher_confirms' 't' 01"
                 "  1a'exchange_exchange_bindings' 't' 01 0a'basic.nack' 't' 01 16'consumer_cancel_notify' 't' 01"
                 "  12'connection.blocked' 't' 01 1c'authentication_failure_close' 't' 01))"
                 " 05'PLAIN' (00'me'00'pw') 05'en_US') ce");
    sailor_put_tune_ok(c, 2047, 131072, 60, &out);
    assert_wrote(&out, "01 0000 (000a 001f 07ff 00020000 003c) ce");
    sailor_put_open(c, JN_STR("/"), &out);
    assert_wrote(&out, "01 0000 (000a 0028 01'/' 00 00) ce");
    sailor_put_channel_open(c, 1, &out);
    assert_wrote(&out, "01 0001 (0014 000a 00) ce");
    sailor_put_qos(c, 1, 100000, &out);
    assert_wrote(&out, "01 0001 (003c 000a 00000000 ffff 00) ce");
    sailor_put_confirm_select(c, 1, &out);
    assert_wrote(&out, "01 0001 (0055 000a 00) ce");
    sailor_put_consume(c, 1, JN_STR("q"), &out);
    assert_wrote(&out, "01 0001 (003c 0014 0000 01'q' 00 00 ()) ce");
    sailor_put_cancel(c, 1, JN_STR("tag"), &out);
    assert_wrote(&out, "01 0001 (003c 001e 03'tag' 00) ce");
    sailor_put_ack(c, 1, 258, &out);
    assert_wrote(&out, "01 0001 (003c 0050 0000000000000102 00) ce");
    sailor_put_reject(c, 1, 3, true, &out);
    sailor_put_reject(c, 1, 3, false, &out);
    assert_wrote(&out, "01 0001 (003c 005a 0000000000000003 01) ce 01 0001 (003c 005a 0000000000000003 00) ce");
    sailor_put_channel_close(c, 1, &out);
    assert_wrote(&out, "01 0001 (0014 0028 00c8 00 0000 0000) ce");
    sailor_put_channel_close_ok(c, 1, &out);
    assert_wrote(&out, "01 0001 (0014 0029) ce");
    sailor_put_connection_close(c, &out);
    assert_wrote(&out, "01 0000 (000a 0032 00c8 00 0000 0000) ce");
    sailor_put_connection_close_ok(c, &out);
    assert_wrote(&out, "01 0000 (000a 0033) ce");
    sailor_put_heartbeat(c, &out);
    assert_wrote(&out, "08 0000 () ce");
    sailor_codec_free(c);
    jn_buf_clear(&out);
}

static jn_value read_json(struct jn_arena *a, const char *text)
{
    jn_value v;
    assert_int_equal(jn_read(a, jn_str_of(text), NULL, &v, NULL, NULL), JN_OK);
    return v;
}

static void headers_are_written_with_the_types_of_the_platform(void **state)
{
    (void)state;
    struct sailor_codec *c;
    struct jn_arena a;
    struct jn_buf out;
    struct sailor_properties p = sailor_properties_none();
    jn_arena_init(&a, 0);
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    p.content_type = JN_STR("application/json");
    p.delivery_mode = 2;
    p.timestamp = 5;
    p.headers = read_json(&a, "{\"s\":\"\xc3\xa4\",\"t\":true,\"n\":null,\"b\":-128,\"b0\":-0.0,\"s1\":128,"
                              "\"s2\":-32768,\"I\":32768,\"I2\":-2147483648,\"l\":2147483648,\"l2\":1735689600123,"
                              "\"l3\":-1e18,"
                              "\"d\":0.5,\"d2\":1e19,\"o\":{\"a\":[1,[],{}]}}");
    assert_int_equal(sailor_put_publish(c, 1, JN_STR("ex"), JN_STR("k"), true, &p, JN_STR("{}"), &out, NULL), JN_OK);
    assert_wrote(&out, "01 0001 (003c 0028 0000 02'ex' 01'k' 01) ce"
                 "02 0001 (003c 0000 0000000000000002 b040 10'application/json'"
                 " (01's' 'S' (c3a4) 01't' 't' 01 01'n' 'V' 01'b' 'b' 80 02'b0' 'b' 00 02's1' 's' 0080 02's2' 's' 8000"
                 "  01'I' 'I' 00008000 02'I2' 'I' 80000000 01'l' 'l' 0000000080000000 02'l2' 'l' 000001941f297c7b"
                 "  02'l3' 'l' f21f494c589c0000 01'd' 'd' 3fe0000000000000 02'd2' 'd' 43e158e460913d00"
                 "  01'o' 'F' (01'a' 'A' ('b' 01 'A' () 'F' ()))) 02 0000000000000005) ce"
                 "03 0001 ('{}') ce");
    sailor_codec_free(c);
    jn_buf_clear(&out);
    jn_arena_clear(&a);
}

/* What was published, without its method, is what a broker would deliver. */
static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct sailor_codec *c;
    struct jn_arena a;
    struct jn_buf out, bytes;
    struct sailor_properties p = sailor_properties_none();
    jn_arena_init(&a, 0);
    jn_buf_init(&out, 0);
    jn_buf_init(&bytes, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    p.content_type = p.content_encoding = p.correlation_id = p.reply_to = p.expiration = p.message_id = p.type
        = p.user_id = p.app_id = JN_STR("x");
    p.priority = 255;
    p.delivery_mode = 1;
    p.timestamp = INT64_MAX;
    p.headers = read_json(&a, "{\"\":\"\",\"a\":[[[1.5,-7,\"x\",null,false,{\"b\":{}}]]]}");
    assert_int_equal(sailor_put_publish(c, 1, JN_STR(""), JN_STR(""), false, &p, JN_STR("body"), &out, NULL), JN_OK);
    method(&bytes, 1, deliver);
    const size_t skip = SAILOR_FRAME_OVERHEAD + sailor_get_uint(out.data + 3, 4);
    jn_buf_append(&bytes, jn_str_sub(jn_buf_str(&out), skip, out.len));
    assert_reads(&bytes, "basic.deliver 1 text=tag exchange=ex key=key tag=7 10\n"
                 "content header 1 size=4 content_type=x content_encoding=x correlation_id=x reply_to=x expiration=x"
                 " message_id=x type=x user_id=x app_id=x priority=255 mode=1 timestamp=9223372036854775807"
                 " headers={\"\":\"\",\"a\":[[[1.5,-7,\"x\",null,false,{\"b\":{}}]]]}\nbody\n");
    sailor_codec_free(c);
    jn_buf_clear(&out);
    jn_buf_clear(&bytes);
    jn_arena_clear(&a);
}

static void bodies_are_cut_to_the_agreed_frames(void **state)
{
    (void)state;
    struct sailor_codec *c;
    struct jn_buf out;
    static char body[3 * 4088 + 1];
    static const struct { size_t size; int frames; } cases[] = {
        { 0, 0 }, { 1, 1 }, { 4088, 1 }, { 4089, 2 }, { 2 * 4088, 2 }, { 3 * 4088 + 1, 4 },
    };
    const struct sailor_properties none = sailor_properties_none();
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    sailor_codec_set_frame_max(c, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jn_buf_truncate(&out, 0);
        assert_int_equal(sailor_put_publish(c, 1, JN_STR("e"), JN_STR("k"), false, &none,
                                            (jn_str){ body, cases[i].size }, &out, NULL), JN_OK);
        size_t at = 0, bytes = 0;
        int bodies = 0;
        while (at < out.len) {
            const size_t size = sailor_get_uint(out.data + at + 3, 4);
            assert_true(size <= 4088);
            if (out.data[at] == SAILOR_FRAME_BODY)
                bodies++, bytes += size;
            at += size + SAILOR_FRAME_OVERHEAD;
        }
        assert_int_equal(at, out.len);
        assert_int_equal(bodies, cases[i].frames);
        assert_int_equal(bytes, cases[i].size);
    }
    sailor_codec_free(c);
    jn_buf_clear(&out);
}

static void what_does_not_fit_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'a', sizeof text);
    const jn_str longer = { text, 256 }, longest = { text, 255 };
    struct jn_arena a;
    struct sailor_codec *c;
    struct jn_buf out;
    jn_arena_init(&a, 0);
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    sailor_codec_set_frame_max(c, 4096);
    for (int i = 0; i < 12; i++) {
        struct sailor_properties p = sailor_properties_none();
        struct jn_error err = { 0 };
        jn_value deep = jn_make_array(&a, 1);
        p.headers = jn_make_object(&a, 1);
        const jn_str key = i == 0 ? longer : longest;
        if (i == 3)
            p.message_id = longer;
        if (i == 4)
            p.app_id = longer;
        if (i == 5)
            jn_object_put(&a, p.headers, longer, jn_make_null());
        const size_t most = 4096 - SAILOR_FRAME_OVERHEAD - 12 - 2 - 4 - 2 - 5;  /* flags, table, name, text */
        if (i == 6 || i == 7)
            jn_object_put(&a, p.headers, JN_STR("a"), jn_make_string((jn_str){ text, most + (i == 6) }));
        for (int n = 0; n < SAILOR_TABLE_DEPTH - 1 - (i == 9); n++) {
            const jn_value outer = jn_make_array(&a, 1);
            jn_array_add(&a, outer, deep);
            deep = outer;
        }
        if (i == 8 || i == 9)
            jn_object_put(&a, p.headers, JN_STR("a"), deep);
        jn_buf_truncate(&out, 0);
        jn_buf_append_z(&out, "before");
        const bool fits = i == 2 || i == 7 || i > 8;
        const jn_str exchange = i == 1 ? longer : JN_STR("e");
        const enum jn_status status = sailor_put_publish(c, 1, exchange, key, false, &p, JN_STR("b"), &out, &err);
        if (status != (fits ? JN_OK : JN_LIMIT))
            fail_msg("case %d: %s", i, err.message);
        assert_int_equal(out.len > 6, fits);
    }
    sailor_codec_free(c);
    jn_buf_clear(&out);
    jn_arena_clear(&a);
}

static void names_of_methods_are_cut(void **state)
{
    (void)state;
    static char text[300];
    memset(text, 'q', sizeof text);
    struct sailor_codec *c;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    sailor_put_consume(c, 1, (jn_str){ text, 300 }, &out);
    assert_int_equal((unsigned char)out.data[SAILOR_FRAME_HEAD + 6], 255);
    assert_int_equal(out.len, SAILOR_FRAME_OVERHEAD + 6 + 256 + 1 + 1 + 4);
    sailor_codec_free(c);
    jn_buf_clear(&out);
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void a_hundred_thousand_messages_take_no_more_memory_than_a_few(void **state)
{
    (void)state;
    if (!heap_is_counted())
        skip();
    struct sailor_codec *c;
    struct jn_buf bytes, out;
    size_t live = 0;
    jn_buf_init(&bytes, 0);
    jn_buf_init(&out, 0);
    conversation(&bytes);
    assert_int_equal(sailor_codec_new(&c, NULL), JN_OK);
    for (int i = 0; i < 33334; i++) {               // three messages each
        jn_str rest = jn_buf_str(&bytes);
        bool has_event = true;
        while (has_event) {
            struct sailor_amqp_event e;
            assert_int_equal(sailor_codec_read(c, &rest, &e, &has_event, NULL), JN_OK);
            if (has_event && e.kind == SAILOR_AMQP_CONTENT) {
                jn_buf_truncate(&out, 0);
                assert_int_equal(sailor_put_publish(c, 1, JN_STR("e"), JN_STR("k"), true, &e.properties,
                                                    JN_STR("body"), &out, NULL), JN_OK);
            }
        }
        if (i == 10)
            live = heap_live();
    }
    assert_int_equal(heap_live(), live);
    sailor_codec_free(c);
    jn_buf_clear(&bytes);
    jn_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_of_a_broker_is_understood),
        cmocka_unit_test(every_type_of_a_header_becomes_a_value),
        cmocka_unit_test(every_property_is_told),
        cmocka_unit_test(absent_and_empty_headers_differ),
        cmocka_unit_test(odd_headers_are_values_nevertheless),
        cmocka_unit_test(broken_properties_do_not_break_the_connection),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(it_does_not_matter_how_the_bytes_come),
        cmocka_unit_test(what_is_promised_lives_until_the_next_message),
        cmocka_unit_test(what_is_no_amqp_ends_the_connection_with_a_sentence),
        cmocka_unit_test(a_message_out_of_order_ends_the_connection),
        cmocka_unit_test(every_method_is_written_as_the_specification_has_it),
        cmocka_unit_test(headers_are_written_with_the_types_of_the_platform),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(bodies_are_cut_to_the_agreed_frames),
        cmocka_unit_test(what_does_not_fit_is_refused_and_leaves_no_trace),
        cmocka_unit_test(names_of_methods_are_cut),
        cmocka_unit_test(a_hundred_thousand_messages_take_no_more_memory_than_a_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
