/* mapping_test.c - a step's expression: payloads, and what is refused before anything is sent. */
#include "component/mapping.h"

#include <stdio.h>

#include "cmocka_all.h"

static enum jn_status map(const char *expression, const char *body, struct jn_buf *payload, struct jn_error *err)
{
    struct component_mapping *m = NULL;
    enum jn_status s = component_mapping_new(jn_str_of(expression), &m, err);
    if (!s)
        s = component_mapping_apply(m, &(struct component_message){ .body = jn_str_of(body) }, payload, err);
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
        const struct component_message good = { .body = jn_str_of(body) }, bad = { .body = JN_STR("{") };
        assert_int_equal(component_mapping_apply(m, &good, &payload, NULL), JN_OK);
        assert_string_equal(payload.data, expected);
        assert_int_equal(component_mapping_apply(m, &bad, &payload, NULL), JN_BAD_TEXT);
    }
    jn_buf_clear(&payload);
    component_mapping_free(m);
}

/* ---- the platform's functions -------------------------------------------------------------------------------- */

struct platform_case {
    const char *expression, *body, *passthrough, *variables;
    enum jn_status status;
    const char *expected;       /* payload, or code and words of the error */
};

static void check_platform(const struct platform_case *c)
{
    struct component_mapping *m = NULL;
    struct jn_buf payload;
    struct jn_error err = { 0 };
    jn_buf_init(&payload, 0);
    assert_int_equal(component_mapping_new(jn_str_of(c->expression), &m, &err), JN_OK);
    if (c->variables)
        assert_int_equal(component_mapping_offer_variables(m, jn_str_of(c->variables), &err), JN_OK);
    const jn_str passthrough = { c->passthrough, c->passthrough ? strlen(c->passthrough) : 0 };
    const struct component_message message = { jn_str_of(c->body), passthrough };
    for (int round = 0; round < 2; round++) {
        jn_buf_truncate(&payload, 0);
        err.status = JN_OK;
        assert_int_equal(component_mapping_apply(m, &message, &payload, &err), c->status);
        if (!c->status)
            assert_string_equal(payload.data, c->expected);
        else if (strcmp(err.code, c->expected) != 0 && !strstr(err.message, c->expected))
            fail_msg("%s: %s %s", c->expression, err.code, err.message);
    }
    jn_buf_clear(&payload);
    component_mapping_free(m);
}

static void test_the_platforms_functions(void **state)
{
    (void)state;
    static const char steps[] = "{\"step_1\":{\"body\":{\"x\":1}},\"step_2\":{\"body\":2}}";
    static const struct platform_case cases[] = {
        { "$getPassthrough().step_1.body.x", "{}", steps, NULL, JN_OK, "1" },
        { "$getPassthrough().\"step_1\".body", "{}", steps, NULL, JN_OK, "{\"x\":1}" },
        { "elasticio.step_2.body + a", "{\"a\":5}", steps, NULL, JN_OK, "7" },
        { "$keys($)", "{\"a\":5,\"b\":6}", "{}", NULL, JN_OK, "[\"a\",\"b\",\"elasticio\"]" },
        { "$exists($getPassthrough())", "{}", NULL, NULL, JN_OK, "false" },
        { "$exists($getPassthrough())", "{}", "{}", NULL, JN_OK, "true" },
        { "$getFlowVariables().tax * a", "{\"a\":10}", NULL, "{\"tax\":1.2}", JN_OK, "12" },
        { "$exists($getFlowVariables)", "{}", NULL, NULL, JN_OK, "false" },
        { "$getFlowVariables().tax", "{}", NULL, NULL, JN_EVALUATION, "T1006" },
        { "a", "{\"elasticio\":1}", "{}", NULL, JN_BAD_VALUE, "elasticio property is reserved" },
        { "elasticio", "{\"elasticio\":1}", NULL, NULL, JN_OK, "1" },
        { "", "{\"a\":1}", steps, NULL, JN_OK, "{\"a\":1}" },
        { "1", "[1]", steps, NULL, JN_BAD_VALUE, "must be an object" },
        { "1", "{}", "{oops}", NULL, JN_BAD_TEXT, "passthrough is not JSON" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_platform(&cases[i]);
}

static void test_variables_must_be_an_object(void **state)
{
    (void)state;
    struct component_mapping *m = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(component_mapping_new(JN_STR("$getFlowVariables()"), &m, &err), JN_OK);
    assert_int_equal(component_mapping_offer_variables(m, JN_STR("[1]"), &err), JN_BAD_TEXT);
    err.status = JN_OK;
    assert_int_equal(component_mapping_offer_variables(m, JN_STR("{"), &err), JN_BAD_TEXT);
    assert_int_equal(component_mapping_offer_variables(m, JN_STR("{\"a\":1}"), &err), JN_OK);
    assert_int_equal(component_mapping_offer_variables(m, JN_STR("{\"a\":2}"), &err), JN_OK);
    struct jn_buf payload;
    jn_buf_init(&payload, 0);
    const struct component_message one = { .body = JN_STR("1") };
    assert_int_equal(component_mapping_apply(m, &one, &payload, NULL), JN_OK);
    assert_string_equal(payload.data, "{\"a\":2}");
    jn_buf_clear(&payload);
    component_mapping_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_the_platforms_functions),
        cmocka_unit_test(test_variables_must_be_an_object),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_mapping_serves_message_after_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
