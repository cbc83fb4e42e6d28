/* envelope_test.c - between deliveries and messages; each case names the section of platform-protocol.md it is from. */
#include "cmocka_all.h"

#include "base/file.h"
#include "core/value.h"
#include "sailor/envelope.h"

#define PASSWORD "testCryptoPassword"
#define IV "iv=any16_symbols"

struct world {
    struct jn_arena arena;
    struct base_random random;
    struct sailor_cipher *cipher;
};

static int begin(void **state)
{
    static struct world w;
    jn_arena_init(&w.arena, SIZE_MAX);
    w.random.seed = 1;
    assert_int_equal(sailor_cipher_new(PASSWORD, IV, &w.cipher, NULL), JN_OK);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    jn_arena_clear(&w->arena);
    sailor_cipher_free(w->cipher);
    return 0;
}

/* A value of JSON text, which must be a literal. */
static jn_value json(struct world *w, const char *text)
{
    jn_value v = jn_undefined();
    struct jn_error err = { 0 };
    if (*text && jn_read(&w->arena, jn_str_of(text), NULL, &v, NULL, &err))
        fail_msg("%s: %s", text, err.message);
    return v;
}

static struct jn_buf encrypted(struct world *w, const char *text, bool base64)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(sailor_encrypt(w->cipher, jn_str_of(text), base64, &b, NULL), JN_OK);
    return b;
}

static struct jn_buf plain(const char *text)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    jn_buf_append_z(&b, text);
    return b;
}

static enum jn_status open_with(struct world *w, bool error_input, const char *headers, struct jn_buf *body,
                                struct sailor_incoming_message *out, struct jn_error *err)
{
    const struct sailor_properties p = { .headers = json(w, headers) };
    return sailor_envelope_open(&w->arena, w->cipher, error_input, &p, body, &w->random, out, err);
}

static void same(jn_str found, const char *expected)
{
    if (!found.data || !jn_str_equal(found, expected))
        fail_msg("expected %s, found %.*s", expected, JN_ARG(found));
}

static void same_json(struct world *w, jn_value v, const char *expected)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    jn_write(&b, v, NULL, NULL);
    if (!jn_equal(v, json(w, expected)))
        fail_msg("expected %s, found %s", expected, jn_buf_str(&b).data);
    jn_buf_clear(&b);
}

/* ---- decoding ------------------------------------------------------------------------------------------------ */

/* 3.4.2: number(protocolVersion or 1) < 2 is base64 */
static const struct { const char *headers; bool base64; } versions[] = {
    { "{}", true }, { "{\"protocolVersion\":1}", true }, { "{\"protocolVersion\":2}", false },
    { "{\"protocolVersion\":3}", false }, { "{\"protocolVersion\":0}", true }, { "{\"protocolVersion\":-1}", true },
    { "{\"protocolVersion\":1.5}", true }, { "{\"protocolVersion\":\"1\"}", true },
    { "{\"protocolVersion\":\"2\"}", false }, { "{\"protocolVersion\":\" 2 \"}", false },
    { "{\"protocolVersion\":\"\"}", true }, { "{\"protocolVersion\":\" \"}", true },
    { "{\"protocolVersion\":\"two\"}", false }, { "{\"protocolVersion\":null}", true },
    { "{\"protocolVersion\":true}", true }, { "{\"protocolVersion\":false}", true },
    { "{\"protocolVersion\":{}}", false }, { "{\"protocolVersion\":[2]}", false },
};

static void the_protocol_version_says_how_a_payload_is_encoded(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct jn_buf body = encrypted(w, "{\"body\":{\"a\":1}}", versions[i].base64);
        struct sailor_incoming_message m;
        struct jn_error err = { 0 };
        if (open_with(w, false, versions[i].headers, &body, &m, &err))
            fail_msg("%s: %s", versions[i].headers, err.message);
        assert_int_equal(m.is_protocol_1, versions[i].base64);
        same(m.message.body, "{\"a\":1}");
        same(m.message.headers, "{}");
        assert_true(m.message.body.data > body.data && m.message.body.data < body.data + body.len);
        jn_buf_clear(&body);
    }
}

/* 3.4.1, 3.4.4, 4, Q5, 11.5: rejected at once */
static const struct { const char *headers, *text; bool encrypt, base64; enum jn_status status; } poison[] = {
    { "", "{}", true, true, JN_BAD_VALUE },                                 // no table of headers
    { "{}", "", false, true, JN_BAD_VALUE },                                // zero bytes
    { "{\"protocolVersion\":2}", "", false, false, JN_BAD_VALUE },
    { "{}", "null", true, true, JN_BAD_VALUE },
    { "{}", "\"text\"", true, true, JN_BAD_VALUE },
    { "{}", "12", true, true, JN_BAD_VALUE },
    { "{}", "true", true, true, JN_BAD_VALUE },
    { "{}", "[]", true, true, JN_BAD_VALUE },
    { "{}", "", true, true, JN_BAD_VALUE },                                 // encrypted nothing
    { "{}", "{\"body\":", true, true, JN_BAD_TEXT },
    { "{}", "garbage", true, true, JN_BAD_TEXT },
    { "{}", "garbage", false, true, JN_BAD_TEXT },
    { "{}", "{}", false, true, JN_BAD_TEXT },                               // clear JSON
    { "{}", "oO22SSe3Z27Df0Z8W7CMCVBvdTC", false, true, JN_BAD_TEXT },      // truncated base64
    { "{}", " \r\n", false, true, JN_BAD_TEXT },
    { "{}", "{}", true, false, JN_BAD_TEXT },                               // raw, said to be base64
    { "{\"protocolVersion\":2}", "{}", true, true, JN_BAD_TEXT },           // base64, said to be raw
    { "{\"protocolVersion\":2}", "0123456789abcdef", false, false, JN_BAD_TEXT },   // padding of another key
};

static void poisonous_payloads_are_refused(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof poison / sizeof *poison; i++) {
        struct jn_buf body = poison[i].encrypt ? encrypted(w, poison[i].text, poison[i].base64) : plain(poison[i].text);
        struct sailor_incoming_message m;
        struct jn_error err = { 0 };
        const enum jn_status s = open_with(w, false, poison[i].headers, &body, &m, &err);
        if (s != poison[i].status || !err.message[0])
            fail_msg("%s %s: %d %s", poison[i].headers, poison[i].text, s, err.message);
        assert_int_equal(m.thread_id.len, 36);
        jn_buf_clear(&body);
    }
}

static void a_wrong_key_or_iv_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const keys[][2] = { { "other", IV }, { PASSWORD, "short" }, { PASSWORD, IV "+" } };
    for (size_t i = 0; i < 3; i++) {
        struct sailor_cipher *other;
        assert_int_equal(sailor_cipher_new(keys[i][0], keys[i][1], &other, NULL), JN_OK);
        struct jn_buf body = encrypted(w, "{\"body\":{}}", true);
        const struct sailor_properties p = { .headers = json(w, "{}") };
        struct sailor_incoming_message m;
        struct jn_error err = { 0 };
        assert_int_equal(sailor_envelope_open(&w->arena, other, false, &p, &body, &w->random, &m, &err), JN_BAD_TEXT);
        assert_true(jn_str_starts(jn_str_of(err.message), JN_STR("Failed to decrypt message: ")));
        jn_buf_clear(&body);
        sailor_cipher_free(other);
    }
}

static void bytes_that_are_no_utf_8_are_replaced(void **state)
{
    struct world *w = *state;
    struct jn_buf body = encrypted(w, "{\"body\":\"\xff\"}", true), again;
    struct sailor_incoming_message m;
    assert_int_equal(open_with(w, false, "{}", &body, &m, NULL), JN_OK);
    same(m.message.body, "\"\xef\xbf\xbd\"");
    jn_buf_init(&again, 0);
    assert_int_equal(sailor_envelope_original(w->cipher, &m, &again, NULL), JN_OK);
    struct jn_buf sent = encrypted(w, "{\"body\":\"\xff\"}", true);
    same(jn_buf_str(&again), sent.data);
    jn_buf_clear(&again);
    jn_buf_clear(&sent);
    jn_buf_clear(&body);
}

static void a_long_body_is_decrypted_where_it_lies(void **state)
{
    struct world *w = *state;
    struct jn_buf text, body;
    jn_buf_init(&text, 0);
    jn_buf_append_z(&text, "{\"body\":[0");
    while (text.len < 1 << 20)
        jn_buf_append_z(&text, ",{\"a\":\"text\",\"b\":[1.5,null]}");
    jn_buf_append_z(&text, "]}");
    body = encrypted(w, text.data, true);
    const char *const data = body.data;
    const size_t taken = w->arena.taken;
    struct sailor_incoming_message m;
    assert_int_equal(open_with(w, false, "{}", &body, &m, NULL), JN_OK);
    assert_ptr_equal(body.data, data);
    assert_ptr_equal(m.message.body.data, data + 8);
    assert_int_equal(m.message.body.len, text.len - 9);
    assert_int_equal(w->arena.taken, taken);
    jn_buf_clear(&text);
    jn_buf_clear(&body);
}

/* 3.4.5 */
static const struct { const char *message, *headers, *expected; } reply[] = {
    { "{}", "{}", "{}" },
    { "{\"headers\":null}", "{}", "{}" },
    { "{\"headers\":{\"a\":1}}", "{}", "{\"a\":1}" },
    { "{}", "{\"reply_to\":\"q\"}", "{\"reply_to\":\"q\"}" },
    { "{\"headers\":{\"a\":1,\"reply_to\":\"x\",\"b\":2}}", "{\"reply_to\":\"q\\\"\"}",
      "{\"a\":1,\"b\":2,\"reply_to\":\"q\\\"\"}" },
    { "{\"headers\":[1]}", "{\"reply_to\":\"q\"}", "[1]" },
    { "{\"headers\":\"text\"}", "{\"reply_to\":\"q\"}", "\"text\"" },
    { "{\"headers\":{}}", "{\"reply_to\":\"\"}", "{}" },
    { "{\"headers\":{}}", "{\"reply_to\":{}}", "{}" },
};

static void reply_to_becomes_a_message_header(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof reply / sizeof *reply; i++) {
        struct jn_buf body = encrypted(w, reply[i].message, true);
        struct sailor_incoming_message m;
        assert_int_equal(open_with(w, false, reply[i].headers, &body, &m, NULL), JN_OK);
        same(m.message.headers, reply[i].expected);
        jn_buf_clear(&body);
    }
}

/* 3.5 */
static const struct { const char *headers, *thread, *message, *parent, *step, *reply; int64_t rebound; } ids[] = {
    { "{\"threadId\":\"t\",\"messageId\":\"m\",\"parentMessageId\":\"p\",\"stepId\":\"s\",\"reply_to\":\"r\","
      "\"reboundIteration\":3}", "t", "m", "p", "s", "r", 3 },
    { "{\"x-eio-meta-trace-id\":\"t1\"}", "t1", NULL, NULL, NULL, NULL, 0 },
    { "{\"X-EIO-Meta-Trace-Id\":\"t2\"}", "t2", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"x-eio-meta-trace-id\":\"t1\"}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"x-eio-meta-trace-id\":\"t1\",\"X-eio-meta-trace-id\":\"t2\"}", "t2", NULL, NULL, NULL, NULL, 0 },
    // Wrong types: numbers are their text, all else is absent.
    { "{\"threadId\":\"t\",\"messageId\":7,\"stepId\":true,\"reply_to\":[\"r\"],\"parentMessageId\":{}}", "t", "7",
      NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"messageId\":\"\",\"stepId\":null,\"reply_to\":0}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":\"5\"}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":true}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":{}}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":[3]}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":null}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":-7}", "t", NULL, NULL, NULL, NULL, 0 },
    { "{\"threadId\":\"t\",\"reboundIteration\":2.9}", "t", NULL, NULL, NULL, NULL, 2 },
    { "{\"threadId\":\"t\",\"reboundIteration\":1e300}", "t", NULL, NULL, NULL, NULL, INT64_C(1000000000000000) },
    { "{\"threadId\":{\"a\":{\"b\":[[[]]]}},\"x-eio-meta-trace-id\":\"t\"}", "t", NULL, NULL, NULL, NULL, 0 },
};

static void same_or_absent(jn_str found, const char *expected)
{
    if (expected)
        same(found, expected);
    else
        assert_null(found.data);
}

static void ids_come_from_the_headers(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct jn_buf body = encrypted(w, "{}", true);
        struct sailor_incoming_message m;
        assert_int_equal(open_with(w, false, ids[i].headers, &body, &m, NULL), JN_OK);
        same(m.thread_id, ids[i].thread);
        same_or_absent(m.message_id, ids[i].message);
        same_or_absent(m.parent_message_id, ids[i].parent);
        same_or_absent(m.step_id, ids[i].step);
        same_or_absent(m.reply_to, ids[i].reply);
        assert_int_equal(m.rebound_iteration, ids[i].rebound);
        jn_buf_clear(&body);
    }
}

/* 3.4.3, 10.4 */
static void error_input_is_clear_with_encrypted_parts(void **state)
{
    struct world *w = *state;
    struct jn_buf error = encrypted(w, "{\"name\":\"E\",\"message\":\"m\"}", true);
    struct jn_buf input = encrypted(w, "{\"body\":{\"a\":1}}", true), body, again;
    struct sailor_incoming_message m;
    jn_buf_init(&body, 0);
    jn_buf_append_fmt(&body, "{\"error\":\"%s\",\"errorInput\":\"%s\",\"more\":[1]}", error.data, input.data);
    struct jn_buf sent = plain(body.data);
    const char *headers = "{\"protocolVersion\":2,\"messageId\":\"m\",\"reply_to\":\"r\"}";
    assert_int_equal(open_with(w, true, headers, &body, &m, NULL), JN_OK);
    same(m.message.body, "{\"error\":{\"name\":\"E\",\"message\":\"m\"},\"errorInput\":{\"body\":{\"a\":1}},"
                         "\"more\":[1]}");
    same_json(w, json(w, jn_arena_copy(&w->arena, m.message.headers).data), headers);
    jn_buf_init(&again, 0);
    assert_int_equal(sailor_envelope_original(w->cipher, &m, &again, NULL), JN_OK);
    same(jn_buf_str(&again), sent.data);
    jn_buf_clear(&again);
    jn_buf_clear(&sent);
    jn_buf_clear(&error);
    jn_buf_clear(&input);
    jn_buf_clear(&body);
}

static const struct { const char *text; enum jn_status status; const char *body; } error_inputs[] = {
    { "{}", JN_OK, "{}" }, { "{\"error\":null,\"errorInput\":\"\"}", JN_OK, "{\"error\":null,\"errorInput\":\"\"}" },
    { "null", JN_BAD_VALUE, NULL }, { "[]", JN_BAD_VALUE, NULL }, { "", JN_BAD_TEXT, NULL },
    { "{\"error\":\"garbage\"}", JN_BAD_TEXT, NULL }, { "{\"error\":{}}", JN_BAD_VALUE, NULL },
    { "{\"errorInput\":12}", JN_BAD_VALUE, NULL }, { "{\"error\":", JN_BAD_TEXT, NULL },
    { "{\"error\":\"bu427aB4jZLgn+onLuz8kQ==\"}", JN_BAD_TEXT, NULL },      // encrypted, and no JSON
};

static void error_input_of_other_shapes(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof error_inputs / sizeof *error_inputs; i++) {
        struct jn_buf body = plain(error_inputs[i].text);
        struct sailor_incoming_message m;
        struct jn_error err = { 0 };
        const enum jn_status s = open_with(w, true, "{}", &body, &m, &err);
        if (s != error_inputs[i].status)
            fail_msg("%s: %d %s", error_inputs[i].text, s, err.message);
        if (!s)
            same(m.message.body, error_inputs[i].body);
        jn_buf_clear(&body);
    }
}

/* ---- passthrough, routing ------------------------------------------------------------------------------------ */

/* 5.3 */
static const struct {
    bool on, no_self;
    const char *incoming, *headers, *emitted, *expected;
} passthroughs[] = {
    { false, false, "{\"passthrough\":{\"a\":1}}", "{}", "{\"body\":1}", "" },
    { false, false, "{}", "{}", "{\"passthrough\":{\"own\":1}}", "{\"own\":1}" },
    { true, false, "{}", "{}", "{\"id\":\"x\",\"body\":1,\"passthrough\":{\"own\":1},\"more\":2}",
      "{\"step_2\":{\"id\":\"x\",\"body\":1,\"more\":2}}" },
    { true, false, "{\"passthrough\":{\"step_1\":{\"body\":{}}}}", "{}", "{\"body\":1,\"headers\":{}}",
      "{\"step_1\":{\"body\":{}},\"step_2\":{\"body\":1,\"headers\":{}}}" },
    { true, false, "{\"passthrough\":{\"step_2\":{\"body\":0},\"step_1\":1}}", "{}", "{\"body\":1}",
      "{\"step_1\":1,\"step_2\":{\"body\":1}}" },
    { true, false, "{\"passthrough\":null}", "{}", "{}", "{\"step_2\":{}}" },
    { true, false, "{\"passthrough\":[1]}", "{}", "{}", "{\"step_2\":{}}" },
    { true, true, "{\"body\":7,\"headers\":{\"h\":1},\"passthrough\":{\"step_0\":1}}", "{\"stepId\":\"step_1\"}",
      "{\"body\":1}", "{\"step_0\":1,\"step_1\":{\"body\":7,\"headers\":{\"h\":1}}}" },
    { true, true, "{\"body\":7,\"passthrough\":{\"step_0\":1}}", "{}", "{\"body\":1}", "{\"step_0\":1}" },
    { true, true, "{\"body\":7}", "{\"stepId\":\"a\\\"b\"}", "{}", "{\"a\\\"b\":{\"body\":7,\"headers\":{}}}" },
    { true, true, "{}", "{}", "{}", "{}" },
};

static void passthrough_in_both_modes(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof passthroughs / sizeof *passthroughs; i++) {
        const struct sailor_settings s = { .step_id = "step_2", .no_self_passthrough = passthroughs[i].no_self };
        struct jn_buf body = encrypted(w, passthroughs[i].incoming, true), out;
        struct sailor_incoming_message in;
        struct sailor_message emitted;
        assert_int_equal(open_with(w, false, passthroughs[i].headers, &body, &in, NULL), JN_OK);
        sailor_message_read(&w->arena, jn_str_of(passthroughs[i].emitted), &emitted, NULL);
        jn_buf_init(&out, 0);
        sailor_envelope_passthrough(&w->arena, &s, passthroughs[i].on, &in, &emitted, &out);
        same(jn_buf_str(&out), passthroughs[i].expected);
        jn_buf_clear(&out);
        jn_buf_clear(&body);
    }
}

/* 3.8.3 */
static const struct { const char *headers, *key, *rest; } routes[] = {
    { "{}", NULL, "{}" }, { "{\"a\":1}", NULL, "{\"a\":1}" },
    { "{\"a\":1,\"X-EIO-Routing-Key\":\"k\",\"b\":2}", "k", "{\"a\":1,\"b\":2}" },
    { "{\"x-eio-routing-key\":\"\"}", NULL, "{}" }, { "{\"x-eio-routing-key\":null}", NULL, "{}" },
    { "{\"x-eio-routing-key\":7}", "7", "{}" }, { "{\"x-eio-routing-key\":{}}", NULL, "{}" },
    { "{\"x-eio-routing-key\":\"a\\u0062\",\"x-eio-routing-keys\":1}", "ab", "{\"x-eio-routing-keys\":1}" },
    { "[1]", NULL, "[1]" }, { "null", NULL, "null" },
};

static void a_message_header_asks_for_a_routing_key(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        jn_str key, rest;
        sailor_envelope_routing(&w->arena, jn_str_of(routes[i].headers), &key, &rest);
        same_or_absent(key, routes[i].key);
        same(rest, routes[i].rest);
    }
    jn_str key, rest;
    sailor_envelope_routing(&w->arena, (jn_str){ NULL, 0 }, &key, &rest);
    assert_true(!key.data && !rest.data);
}

/* ---- errors -------------------------------------------------------------------------------------------------- */

static jn_value part_of_error(struct world *w, const struct jn_buf *payload, const char *name)
{
    const jn_value v = json(w, jn_arena_copy(&w->arena, jn_buf_str(payload)).data);
    const jn_str base64 = jn_arena_copy(&w->arena, jn_get_string(jn_member(v, jn_str_of(name))));
    size_t len = base64.len;
    assert_int_equal(sailor_decrypt(w->cipher, (char *)base64.data, &len, true, NULL, NULL), JN_OK);
    return json(w, jn_arena_copy(&w->arena, (jn_str){ base64.data, len }).data);
}

/* 3.9, Q8 */
static const struct { bool error_input, base64; const char *headers; } error_cases[] = {
    { false, true, "{}" }, { false, false, "{\"protocolVersion\":2}" }, { true, true, "{}" },
    { true, true, "{\"protocolVersion\":2}" },
};

static void an_error_carries_its_input_in_base64(void **state)
{
    struct world *w = *state;
    const struct sailor_failure f = { JN_STR("TypeError"), JN_STR("kaboom\n\"x\""), JN_STR("at x") };
    for (size_t i = 0; i < sizeof error_cases / sizeof *error_cases; i++) {
        const char *text = "{\"body\":{\"a\":1}}";
        struct jn_buf body = error_cases[i].error_input ? plain(text) : encrypted(w, text, error_cases[i].base64), out;
        struct sailor_incoming_message in;
        jn_str reply_text;
        assert_int_equal(open_with(w, error_cases[i].error_input, error_cases[i].headers, &body, &in, NULL), JN_OK);
        jn_buf_init(&out, 0);
        assert_int_equal(sailor_envelope_error(&w->arena, w->cipher, &f, &in, &out, &reply_text, NULL), JN_OK);
        same_json(w, part_of_error(w, &out, "error"),
                  "{\"name\":\"TypeError\",\"message\":\"kaboom\\n\\\"x\\\"\",\"stack\":\"at x\"}");
        same_json(w, part_of_error(w, &out, "errorInput"), text);
        assert_true(jn_str_starts(jn_str_sub(jn_buf_str(&out), 10, out.len), reply_text));
        jn_buf_clear(&out);
        jn_buf_clear(&body);
    }
}

static void what_an_error_lacks_is_said(void **state)
{
    struct world *w = *state;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_envelope_error(&w->arena, w->cipher, &(struct sailor_failure){ 0 }, NULL, &out, NULL, NULL),
                     JN_OK);
    same_json(w, part_of_error(w, &out, "error"),
              "{\"name\":\"Error\",\"message\":\"Not Available\",\"stack\":\"Not Available\"}");
    assert_null(strstr(out.data, "errorInput"));
    jn_buf_clear(&out);
}

/* The composite messages of the reference, byte for byte: both protocols, without input, and the reply. */
static void errors_are_those_of_the_reference(void **state)
{
    struct world *w = *state;
    struct jn_buf file;
    struct jn_error err = { 0 };
    jn_buf_init(&file, 0);
    if (base_file_read("tests/golden/platform/message-crypto.json", &file, &err))
        fail_msg("%s", err.message);
    const jn_value list = jn_member(json(w, file.data), JN_STR("composites"));
    for (size_t i = 0; i < 4; i++) {
        const jn_value c = jn_at(list, i), input = jn_member(c, JN_STR("inputPlaintext"));
        const jn_str plaintext = jn_get_string(jn_member(c, JN_STR("errorPlaintext")));
        const jn_value error = json(w, jn_arena_copy(&w->arena, plaintext).data);
        const struct sailor_failure f = { jn_get_string(jn_member(error, JN_STR("name"))),
                                          jn_get_string(jn_member(error, JN_STR("message"))),
                                          jn_get_string(jn_member(error, JN_STR("stack"))) };
        const struct sailor_incoming_message in = { .text = jn_get_string(input), .is_protocol_1 = i == 0 };
        struct jn_buf out;
        jn_str text;
        jn_buf_init(&out, 0);
        assert_int_equal(sailor_envelope_error(&w->arena, w->cipher, &f, jn_is_undefined(input) ? NULL : &in, &out,
                                               &text, NULL), JN_OK);
        assert_true(jn_str_eq(i == 3 ? text : jn_buf_str(&out), jn_get_string(jn_member(c, JN_STR("payloadText")))));
        jn_buf_clear(&out);
    }
    jn_buf_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_protocol_version_says_how_a_payload_is_encoded),
        cmocka_unit_test(poisonous_payloads_are_refused),
        cmocka_unit_test(a_wrong_key_or_iv_is_refused),
        cmocka_unit_test(bytes_that_are_no_utf_8_are_replaced),
        cmocka_unit_test(a_long_body_is_decrypted_where_it_lies),
        cmocka_unit_test(reply_to_becomes_a_message_header),
        cmocka_unit_test(ids_come_from_the_headers),
        cmocka_unit_test(error_input_is_clear_with_encrypted_parts),
        cmocka_unit_test(error_input_of_other_shapes),
        cmocka_unit_test(passthrough_in_both_modes),
        cmocka_unit_test(a_message_header_asks_for_a_routing_key),
        cmocka_unit_test(an_error_carries_its_input_in_base64),
        cmocka_unit_test(what_an_error_lacks_is_said),
        cmocka_unit_test(errors_are_those_of_the_reference),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
