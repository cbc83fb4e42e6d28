/* message_test.c - messages as the texts of their members (platform-protocol.md, 5.1). */
#include "cmocka_all.h"

#include "sailor/message.h"

static struct jn_arena arena;

static int begin(void **state)
{
    (void)state;
    jn_arena_init(&arena, SIZE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    jn_arena_clear(&arena);
    return 0;
}

static const struct { const char *text, *written; } round_trips[] = {
    { "{}", "{}" },
    { " { \"body\" : { \"a\" : 1 } } ", "{\"body\":{ \"a\" : 1 }}" },
    { "{\"passthrough\":{},\"metadata\":1,\"attachments\":2,\"headers\":3,\"body\":null,\"id\":\"x\"}",
      "{\"id\":\"x\",\"body\":null,\"headers\":3,\"attachments\":2,\"metadata\":1,\"passthrough\":{}}" },
    // The last of several wins; an escaped name is the name.
    { "{\"body\":1,\"body\":2,\"\\u0062ody\":3}", "{\"body\":3}" },
    // Others are kept as they stand, side by side or not.
    { "{\"url\":\"/\",\"method\":\"GET\"}", "{\"url\":\"/\",\"method\":\"GET\"}" },
    { "{\"url\":\"/\",\"id\":\"x\",\"method\":\"GET\", \"\\u0000\":[ ]}",
      "{\"id\":\"x\",\"url\":\"/\",\"method\":\"GET\",\"\\u0000\":[ ]}" },
    { "{\"rest\":1,\"__proto__\":{},\"\":0}", "{\"rest\":1,\"__proto__\":{},\"\":0}" },
};

static void a_message_is_taken_apart_and_put_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof round_trips / sizeof *round_trips; i++) {
        struct sailor_message m;
        struct jn_buf out;
        jn_buf_init(&out, 0);
        assert_int_equal(sailor_message_read(&arena, jn_str_of(round_trips[i].text), &m, NULL), JN_OK);
        sailor_message_write(&m, &out);
        assert_string_equal(out.data, round_trips[i].written);
        jn_buf_clear(&out);
    }
}

/* 3.4.4, and Q5 */
static void what_is_no_object_is_no_message(void **state)
{
    (void)state;
    static const struct { const char *text; enum jn_status status; } cases[] = {
        { "null", JN_BAD_VALUE }, { "[]", JN_BAD_VALUE }, { "\"text\"", JN_BAD_VALUE }, { "1", JN_BAD_VALUE },
        { "", JN_BAD_TEXT }, { "{\"body\":}", JN_BAD_TEXT }, { "{} x", JN_BAD_TEXT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sailor_message m = { .id = JN_STR("kept") };
        struct jn_error err = { 0 };
        assert_int_equal(sailor_message_read(&arena, jn_str_of(cases[i].text), &m, &err), cases[i].status);
        assert_true(err.message[0] && jn_str_equal(m.id, "kept"));
    }
}

static void hostile_members_cost_what_they_are_long(void **state)
{
    (void)state;
    struct jn_buf text;
    struct sailor_message m;
    jn_buf_init(&text, 0);
    for (int i = 0; i < 20000; i++)
        jn_buf_append_fmt(&text, "%s\"x%d\":0,\"id\":1", i ? "," : "{", i);
    jn_buf_append_z(&text, "}");
    assert_int_equal(sailor_message_read(&arena, jn_buf_str(&text), &m, NULL), JN_OK);
    assert_true(arena.taken < 8 * text.len);
    jn_buf_clear(&text);
}

static void one_member_is_found_by_name(void **state)
{
    (void)state;
    const jn_str object = JN_STR("{\"a\":1,\"b\":[2],\"a\":{ }}");
    assert_true(jn_str_equal(sailor_member(&arena, object, JN_STR("a")), "{ }"));
    assert_true(jn_str_equal(sailor_member(&arena, object, JN_STR("b")), "[2]"));
    assert_null(sailor_member(&arena, object, JN_STR("c")).data);
    assert_null(sailor_member(&arena, JN_STR("[]"), JN_STR("c")).data);
}

static bool stop_at_b(jn_str key, jn_str value, void *arg)
{
    (void)value;
    ++*(int *)arg;
    return !jn_str_equal(key, "b");
}

static void members_are_visited_until_one_says_stop(void **state)
{
    (void)state;
    int visited = 0;
    assert_true(sailor_members(&arena, JN_STR("{\"a\":1,\"b\":2,\"c\":3}"), stop_at_b, &visited));
    assert_int_equal(visited, 2);
    assert_false(sailor_members(&arena, JN_STR("null"), stop_at_b, &visited));
}

static void strings_are_decoded_and_written(void **state)
{
    (void)state;
    assert_true(jn_str_equal(sailor_text_of(&arena, JN_STR(" \"a\\n\\u00e9\" ")), "a\n\xc3\xa9"));
    assert_null(sailor_text_of(&arena, JN_STR("1")).data);
    assert_null(sailor_text_of(&arena, (jn_str){ NULL, 0 }).data);
    struct jn_buf out;
    jn_buf_init(&out, 0);
    sailor_put_string(&out, JN_STR("a\"\\\n\xff\xc3\xa9"));
    sailor_put_string(&out, (jn_str){ NULL, 0 });
    assert_string_equal(out.data, "\"a\\\"\\\\\\n\xef\xbf\xbd\xc3\xa9\"\"\"");
    jn_buf_clear(&out);
}

static void emptiness_and_falsehood(void **state)
{
    (void)state;
    static const struct { const char *json; bool empty, falsy; } cases[] = {
        { "{}", true, false }, { " { \n} ", true, false }, { "null", true, true }, { "{\"a\":1}", false, false },
        { "[]", false, false }, { "\"\"", false, true }, { "0", false, true }, { "-0.0e9", false, true },
        { "false", false, true }, { "\"0\"", false, false }, { "0.1", false, false }, { "true", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(sailor_is_empty(jn_str_of(cases[i].json)), cases[i].empty);
        assert_int_equal(sailor_is_falsy(jn_str_of(cases[i].json)), cases[i].falsy);
    }
    assert_true(sailor_is_empty((jn_str){ NULL, 0 }) && sailor_is_falsy((jn_str){ NULL, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_taken_apart_and_put_together),
        cmocka_unit_test(what_is_no_object_is_no_message),
        cmocka_unit_test(hostile_members_cost_what_they_are_long),
        cmocka_unit_test(one_member_is_found_by_name),
        cmocka_unit_test(members_are_visited_until_one_says_stop),
        cmocka_unit_test(strings_are_decoded_and_written),
        cmocka_unit_test(emptiness_and_falsehood),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
