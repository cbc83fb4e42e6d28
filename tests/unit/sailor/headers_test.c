/* headers_test.c - the AMQP headers and properties of what is published (platform-protocol.md, 3.6, 3.7, 3.10). */
#include "cmocka_all.h"

#include "core/value.h"
#include "sailor/envelope.h"

static const struct sailor_settings settings = {
    .flow_id = "f", .exec_id = "e", .step_id = "step_2", .container_id = "c", .workspace_id = "w", .user_id = "u",
    .comp_id = "k", .function = "publish", .rebound_initial_expiration_ms = 15000,
};

struct world {
    struct jn_arena arena;
    struct base_random random;
    struct sailor_identity *identity;
};

static int begin(void **state)
{
    static struct world w;
    const struct base_env env = base_env_of(NULL);
    jn_arena_init(&w.arena, SIZE_MAX);
    w.random.seed = 1;
    assert_int_equal(sailor_identity_new(&settings, &env, &w.identity, NULL), JN_OK);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    jn_arena_clear(&w->arena);
    sailor_identity_free(w->identity);
    return 0;
}

static jn_value json(struct world *w, const char *text)
{
    jn_value v = jn_undefined();
    assert_int_equal(jn_read(&w->arena, jn_str_of(text), NULL, &v, NULL, NULL), JN_OK);
    return v;
}

/* Compares but for the messageId, which must be a new UUID. */
static void same_headers(struct world *w, jn_value found, const char *expected)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    assert_int_equal(jn_get_string(jn_member(found, JN_STR("messageId"))).len, 36);
    jn_write(&text, found, NULL, NULL);
    const jn_value copy = json(w, jn_arena_copy(&w->arena, jn_buf_str(&text)).data);
    jn_object_remove(&w->arena, copy.as.object, JN_STR("messageId"));
    if (!jn_equal(copy, json(w, expected)))
        fail_msg("expected %s, found %s", expected, text.data);
    jn_buf_clear(&text);
}

#define STEP "\"execId\":\"e\",\"taskId\":\"f\",\"workspaceId\":\"w\",\"containerId\":\"c\",\"userId\":\"u\"," \
             "\"stepId\":\"step_2\",\"compId\":\"k\",\"function\":\"publish\""

/* 3.6, and "H" of 11.1 */
static void base_headers_are_ours_and_a_few_of_theirs(void **state)
{
    struct world *w = *state;
    const struct sailor_incoming_message in = {
        .thread_id = JN_STR("t"), .message_id = JN_STR("m"), .parent_message_id = JN_STR("p"),
        .step_id = JN_STR("step_1"), .headers = json(w, "{\"execId\":\"other\",\"cid\":1,\"retry\":3,\"start\":5}"),
    };
    same_headers(w, sailor_envelope_base_headers(&w->arena, w->identity, &in, 1700000000000, &w->random),
                 "{" STEP ",\"threadId\":\"t\",\"parentMessageId\":\"m\",\"start\":1700000000000}");
}

static void meta_headers_and_reply_to_are_propagated(void **state)
{
    struct world *w = *state;
    const struct sailor_incoming_message in = {
        .thread_id = JN_STR("t"), .reply_to = JN_STR("r"),
        .headers = json(w, "{\"X-EIO-Meta-A\":1,\"x-eio-meta-b\":[null],\"x-eio-meta-a\":2,\"x-eio-met\":3}"),
    };
    same_headers(w, sailor_envelope_base_headers(&w->arena, w->identity, &in, 1, &w->random),
                 "{" STEP ",\"threadId\":\"t\",\"start\":1,\"reply_to\":\"r\",\"x-eio-meta-a\":2,"
                 "\"x-eio-meta-b\":[null]}");
}

/* 1.5; 3.6.2 and .3: fixed ones win */
static void additional_variables_become_headers(void **state)
{
    struct world *w = *state;
    const char *const pairs[] = { "ELASTICIO_FIRST", "1", "ELASTICIO_SECOND_ELASTICIO_ENV", "two", "OTHER_VAR", "",
                                  "ELASTICIO_EXEC_ID", "mine", "_", "x", NULL };
    const struct base_env env = base_env_of(pairs);
    struct sailor_settings s = settings;
    struct sailor_identity *i;
    s.additional_vars = "ELASTICIO_FIRST, ELASTICIO_SECOND_ELASTICIO_ENV ,ELASTICIO_NOT_PRESENT,,OTHER_VAR,"
                        "ELASTICIO_EXEC_ID,_,";
    assert_int_equal(sailor_identity_new(&s, &env, &i, NULL), JN_OK);
    same_headers(w, sailor_envelope_start_headers(&w->arena, i, &w->random),
                 "{" STEP ",\"first\":\"1\",\"secondElasticioEnv\":\"two\",\"otherVar\":\"\"}");
    const struct sailor_incoming_message in = { .thread_id = JN_STR("t"), .headers = json(w, "{}") };
    same_headers(w, sailor_envelope_base_headers(&w->arena, i, &in, 1, &w->random),
                 "{" STEP ",\"first\":\"1\",\"secondElasticioEnv\":\"two\",\"otherVar\":\"\",\"threadId\":\"t\","
                 "\"start\":1}");
    sailor_identity_free(i);
}

/* 3.6, the table */
static void each_kind_adds_its_own(void **state)
{
    struct world *w = *state;
    static const struct { struct sailor_header_additions more; const char *expected; } cases[] = {
        { { .end_ms = 0 }, "{\"messageId\":\"b\",\"start\":1}" },
        { { .message_id = JN_STR_INIT("own"), .end_ms = 9, .protocol_version = 2 },
          "{\"messageId\":\"own\",\"start\":1,\"end\":9,\"protocolVersion\":2}" },
        { { .snapshot_event = "updateSnapshot" },
          "{\"messageId\":\"b\",\"start\":1,\"snapshotEvent\":\"updateSnapshot\"}" },
        { { .end_ms = 9, .error_response = true },
          "{\"messageId\":\"b\",\"start\":1,\"end\":9,\"x-eio-error-response\":true}" },
    };
    const jn_value base = json(w, "{\"messageId\":\"b\",\"start\":1}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(jn_equal(sailor_envelope_headers(&w->arena, base, &cases[i].more), json(w, cases[i].expected)));
    assert_true(jn_equal(base, json(w, "{\"messageId\":\"b\",\"start\":1}")));
}

/* 3.7, and "P" of 11.1 */
static void properties_are_exactly_these(void **state)
{
    struct world *w = *state;
    struct sailor_settings s = settings;
    const struct sailor_properties p = sailor_envelope_properties(&s, json(w, "{}"));
    assert_true(jn_str_equal(p.content_type, "application/json") && jn_str_equal(p.content_encoding, "utf8"));
    assert_int_equal(p.delivery_mode, 1);
    assert_int_equal(p.priority, -1);
    assert_int_equal(p.timestamp, -1);
    assert_true(!p.correlation_id.data && !p.reply_to.data && !p.expiration.data && !p.message_id.data &&
                !p.type.data && !p.user_id.data && !p.app_id.data);
    s.persistent_messages = true;
    assert_int_equal(sailor_envelope_properties(&s, json(w, "{}")).delivery_mode, 2);
}

/* 3.10, Q14, 11.5 */
static void a_rebound_copies_what_it_may(void **state)
{
    struct world *w = *state;
    const struct sailor_properties original = {
        .content_type = JN_STR("a/b"), .correlation_id = JN_STR("cor"), .reply_to = JN_STR("rep"), .priority = 5,
        .delivery_mode = 2, .timestamp = 77, .user_id = JN_STR("guest"), .app_id = JN_STR("app"),
        .headers = json(w, "{\"messageId\":\"m\",\"reboundIteration\":1,\"cid\":true}"),
    };
    const struct sailor_properties p =
        sailor_envelope_rebound(&w->arena, &settings, &original, JN_STR("not yet"), 2, 99);
    assert_true(jn_str_equal(p.content_type, "a/b") && jn_str_equal(p.correlation_id, "cor"));
    assert_true(jn_str_equal(p.reply_to, "rep") && jn_str_equal(p.app_id, "app"));
    assert_int_equal(p.priority, 5);
    assert_int_equal(p.timestamp, 77);
    assert_int_equal(p.delivery_mode, 1);
    assert_null(p.user_id.data);
    assert_true(jn_str_equal(p.expiration, "30000"));
    assert_true(jn_equal(p.headers, json(w, "{\"messageId\":\"m\",\"reboundIteration\":2,\"cid\":true,\"end\":99,"
                                            "\"reboundReason\":\"not yet\"}")));
}

static void rebounds_wait_twice_as_long_each_time(void **state)
{
    struct world *w = *state;
    static const struct { int64_t iteration; const char *expiration; } cases[] = {
        { 1, "15000" }, { 2, "30000" }, { 3, "60000" }, { 20, "7864320000" }, { 1000, "9007199254740992" },
        { INT64_MAX, "9007199254740992" }, { 0, "15000" },
    };
    const struct sailor_properties original = { .headers = json(w, "{}") };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sailor_properties p =
            sailor_envelope_rebound(&w->arena, &settings, &original, JN_STR(""), cases[i].iteration, 1);
        assert_true(jn_str_equal(p.expiration, cases[i].expiration));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_headers_are_ours_and_a_few_of_theirs),
        cmocka_unit_test(meta_headers_and_reply_to_are_propagated),
        cmocka_unit_test(additional_variables_become_headers),
        cmocka_unit_test(each_kind_adds_its_own),
        cmocka_unit_test(properties_are_exactly_these),
        cmocka_unit_test(a_rebound_copies_what_it_may),
        cmocka_unit_test(rebounds_wait_twice_as_long_each_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
