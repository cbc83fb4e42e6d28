/* mapping_test.c - a step's expression: payloads, and what is refused before anything is sent. */
#include "component/mapping.h"

#include <stdio.h>

#include "cmocka_all.h"

static enum jn_status map(const char *expression, const char *body, struct jn_buf *payload, struct jn_error *err)
{
    struct component_mapping *m = NULL;
    enum jn_status s = component_mapping_new(jn_str_of(expression), &m, err);
    if (!s)
        s = component_mapping_apply(m, jn_str_of(body), payload, err);
    component_mapping_free(m);
    return s;
}

static void test_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *body, *expected;
    } cases[] = {
        { "", "{ \"a\": 1.0 }", "{ \"a\": 1.0 }" },         /* passes through, byte for byte */
        { " \n", "7", "7" },
        { "a", "{\"a\":{\"b\":[1,2]}}", "{\"b\":[1,2]}" },
        { "{\"n\": $count(items)}", "{\"items\":[1,2,3]}", "{\"n\":3}" },
        { "null", "1", "null" },
        { "missing ? 1 : null", "{}", "null" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf payload;
        struct jn_error err = { 0 };
        jn_buf_init(&payload, 0);
        assert_int_equal(map(cases[i].expression, cases[i].body, &payload, &err), JN_OK);
        assert_string_equal(payload.data, cases[i].expected);
        jn_buf_clear(&payload);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *body;
        enum jn_status status;
        const char *code, *words;
    } cases[] = {
        { "a b", "1", JN_BAD_TEXT, "S0201", "line 1, column" },
        { "{\n  \"a\": ", "1", JN_BAD_TEXT, "S0203", "expression is faulty" },
        { "", "{oops}", JN_BAD_TEXT, "", "not JSON" },
        { "1", "{\"a\":}", JN_BAD_TEXT, "", "not JSON" },
        { "missing", "{}", JN_EVALUATION, "NothingToSend", "yields nothing" },
        { "$sum", "{}", JN_EVALUATION, "NotJson", "function" },
        { "{\"f\": $sum}", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "1/0", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "[1, {\"x\": -1/0}]", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "a * 2", "{\"a\":\"x\"}", JN_EVALUATION, "T2001", "expression failed at line 1" },
        { "$error(\"no \" & a)", "{\"a\":\"way\"}", JN_EVALUATION, "D3137", "no way" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf payload;
        struct jn_error err = { 0 };
        jn_buf_init(&payload, 0);
        assert_int_equal(map(cases[i].expression, cases[i].body, &payload, &err), cases[i].status);
        assert_string_equal(err.code, cases[i].code);
        if (!strstr(err.message, cases[i].words))
            assert_string_equal(err.message, cases[i].words);
        jn_buf_clear(&payload);
    }
}

static void test_a_mapping_serves_message_after_message(void **state)
{
    (void)state;
    struct component_mapping *m = NULL;
    struct jn_buf payload;
    jn_buf_init(&payload, 0);
    assert_int_equal(component_mapping_new(JN_STR("x + 1"), &m, NULL), JN_OK);
    for (int i = 0; i < 1000; i++) {
        char body[32], expected[32];
        snprintf(body, sizeof body, "{\"x\":%d}", i);
        snprintf(expected, sizeof expected, "%d", i + 1);
        jn_buf_truncate(&payload, 0);
        assert_int_equal(component_mapping_apply(m, jn_str_of(body), &payload, NULL), JN_OK);
        assert_string_equal(payload.data, expected);
        assert_int_equal(component_mapping_apply(m, JN_STR("{"), &payload, NULL), JN_BAD_TEXT);
    }
    jn_buf_clear(&payload);
    component_mapping_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_mapping_serves_message_after_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
