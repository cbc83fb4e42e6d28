/* expression_test.c - a step's expressions: what they yield, and what is refused before anything is sent. */
#include "component/expression.h"

#include <stdio.h>

#include "cmocka_all.h"

static const char field[] = "JSONata Expression (expression)";

/* An expression with a scope of its own. */
struct fixture {
    struct component_scope *scope;
    struct component_expression *expression;
    struct jn_buf out;
};

static enum jn_status open_fixture(struct fixture *f, const char *text, const char *variables, struct jn_error *err)
{
    *f = (struct fixture){ .scope = NULL };
    jn_buf_init(&f->out, 0);
    enum jn_status s = component_scope_new(NULL, &f->scope, err);
    if (!s && variables)
        s = component_scope_offer_variables(f->scope, jn_str_of(variables), err);
    return s ? s : component_expression_new(f->scope, field, jn_str_of(text), &f->expression, err);
}

static void close_fixture(struct fixture *f)
{
    component_expression_free(f->expression);
    component_scope_free(f->scope);
    jn_buf_clear(&f->out);
}

static enum jn_status apply(struct fixture *f, const struct component_message *message, struct jn_error *err)
{
    jn_buf_truncate(&f->out, 0);
    component_scope_begin(f->scope, message);
    const enum jn_status s = component_expression_write(f->expression, "payload to send", &f->out, err);
    component_scope_end(f->scope);
    return s;
}

static enum jn_status map(struct fixture *f, const char *expression, const char *body, struct jn_error *err)
{
    const enum jn_status s = open_fixture(f, expression, NULL, err);
    return s ? s : apply(f, &(struct component_message){ .body = jn_str_of(body) }, err);
}

static void check_refusal(const char *text, const struct jn_error *err, const char *code, const char *words)
{
    if (strcmp(err->code, code) != 0 || !strstr(err->message, words))
        fail_msg("%s: %s: %s", text, err->code, err->message);
}

/* ---- what an expression may yield: the table of docs/action.md -------------------------------------------------- */

static void test_what_goes_to_the_wire(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *body, *expected;
    } cases[] = {
        { "\"ü\"", "1", "\"ü\"" },
        { "0.1 + 0.2", "1", "0.30000000000000004" },
        { "1e21", "1", "1e+21" },
        { "true", "1", "true" },
        { "[]", "1", "[]" },
        { "{}", "1", "{}" },
        { "a", "{\"a\":{\"b\":[1,2]}}", "{\"b\":[1,2]}" },
        { "{\"n\": $count(items)}", "{\"items\":[1,2,3]}", "{\"n\":3}" },
        { "null", "1", "null" },
        { "missing ? 1 : null", "{}", "null" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct jn_error err = { 0 };
        assert_int_equal(map(&f, cases[i].expression, cases[i].body, &err), JN_OK);
        assert_string_equal(f.out.data, cases[i].expected);
        close_fixture(&f);
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
        { "a b", "1", JN_BAD_TEXT, "S0201", "(expression) is faulty at line 1, column 3, near \"b\": " },
        { "a b", "1", JN_BAD_TEXT, "S0201", "; the line reads: a b" },
        { "{\n  \"a\": x y\n}", "1", JN_BAD_TEXT, "S0202", "at line 2, column 10, near \"y\"" },
        { "{\n  \"a\": x y\n}", "1", JN_BAD_TEXT, "S0202", "; the line reads: \"a\": x y" },
        { "{\n  \"a\": ", "1", JN_BAD_TEXT, "S0203", "(expression) is faulty at line 2" },
        { "1", "{\"a\":}", JN_BAD_TEXT, "", "not JSON" },
        { "missing", "{}", JN_EVALUATION, "NothingToSend", "yields nothing" },
        { "$sum", "{}", JN_EVALUATION, "NotJson", "function" },
        { "{\"f\": $sum}", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "1/0", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "[1, {\"x\": -1/0}]", "{}", JN_EVALUATION, "NotJson", "not JSON" },
        { "a * 2", "{\"a\":\"x\"}", JN_EVALUATION, "T2001", "(expression) failed at line 1, column 3, near \"*\": " },
        { "$error(\"no \" & a)", "{\"a\":\"way\"}", JN_EVALUATION, "D3137", "no way" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct jn_error err = { 0 };
        assert_int_equal(map(&f, cases[i].expression, cases[i].body, &err), cases[i].status);
        check_refusal(cases[i].expression, &err, cases[i].code, cases[i].words);
        close_fixture(&f);
    }
}

static void test_an_expression_serves_message_after_message(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(open_fixture(&f, "x + 1", NULL, NULL), JN_OK);
    for (int i = 0; i < 1000; i++) {
        char body[32], expected[32];
        snprintf(body, sizeof body, "{\"x\":%d}", i);
        snprintf(expected, sizeof expected, "%d", i + 1);
        const struct component_message good = { .body = jn_str_of(body) }, bad = { .body = JN_STR("{") };
        assert_int_equal(apply(&f, &good, NULL), JN_OK);
        assert_string_equal(f.out.data, expected);
        assert_int_equal(apply(&f, &bad, NULL), JN_BAD_TEXT);
    }
    close_fixture(&f);
}

/* ---- the platform's functions -------------------------------------------------------------------------------- */

struct platform_case {
    const char *expression, *body, *passthrough, *variables;
    enum jn_status status;
    const char *expected;       /* payload, or code and words of the error */
};

static void check_platform(const struct platform_case *c)
{
    struct fixture f;
    struct jn_error err = { 0 };
    assert_int_equal(open_fixture(&f, c->expression, c->variables, &err), JN_OK);
    const jn_str passthrough = { c->passthrough, c->passthrough ? strlen(c->passthrough) : 0 };
    const struct component_message message = { .body = jn_str_of(c->body), .passthrough = passthrough };
    for (int round = 0; round < 2; round++) {
        err.status = JN_OK;
        assert_int_equal(apply(&f, &message, &err), c->status);
        if (!c->status)
            assert_string_equal(f.out.data, c->expected);
        else if (strcmp(err.code, c->expected) != 0 && !strstr(err.message, c->expected))
            fail_msg("%s: %s %s", c->expression, err.code, err.message);
    }
    close_fixture(&f);
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
        { "1", "[1]", steps, NULL, JN_BAD_VALUE, "must be an object" },
        { "1", "{}", "{oops}", NULL, JN_BAD_TEXT, "passthrough is not JSON" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_platform(&cases[i]);
}

static void test_variables_must_be_an_object(void **state)
{
    (void)state;
    struct fixture f;
    struct jn_error err = { 0 };
    assert_int_equal(open_fixture(&f, "$getFlowVariables()", NULL, &err), JN_OK);
    assert_int_equal(component_scope_offer_variables(f.scope, JN_STR("[1]"), &err), JN_BAD_TEXT);
    err.status = JN_OK;
    assert_int_equal(component_scope_offer_variables(f.scope, JN_STR("{"), &err), JN_BAD_TEXT);
    assert_int_equal(component_scope_offer_variables(f.scope, JN_STR("{\"a\":1}"), &err), JN_OK);
    assert_int_equal(component_scope_offer_variables(f.scope, JN_STR("{\"a\":2}"), &err), JN_OK);
    assert_int_equal(apply(&f, &(struct component_message){ .body = JN_STR("1") }, NULL), JN_OK);
    assert_string_equal(f.out.data, "{\"a\":2}");
    close_fixture(&f);
}

/* ---- predicates, and texts that may be expressions --------------------------------------------------------------- */

static void test_truth_is_jsonatas_own(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        bool expected;
    } cases[] = {
        { "true", true }, { "false", false }, { "null", false }, { "missing", false }, { "0", false }, { "-1", true },
        { "\"\"", false }, { "\"false\"", true }, { "[]", false }, { "[0]", false }, { "[0, 1]", true },
        { "[[0]]", false }, { "{}", false }, { "{\"a\":0}", true }, { "$sum", false }, { "a = 1", true },
        { "a in [2, 3]", false }, { "$exists(b)", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        bool truth = !cases[i].expected;
        assert_int_equal(open_fixture(&f, cases[i].expression, NULL, NULL), JN_OK);
        component_scope_begin(f.scope, &(struct component_message){ .body = JN_STR("{\"a\":1}") });
        assert_int_equal(component_expression_test(f.expression, &truth, NULL), JN_OK);
        if (truth != cases[i].expected)
            fail_msg("%s", cases[i].expression);
        close_fixture(&f);
    }
}

struct text_case {
    const char *text;
    enum jn_status at_start, per_message;
    const char *expected;           /* the text, or words of the error */
};

static void check_text(struct component_scope *scope, const struct text_case *c)
{
    struct component_text t;
    struct jn_error err = { 0 };
    struct jn_buf buf;
    jn_str out = { NULL, 0 };
    jn_buf_init(&buf, 0);
    component_scope_begin(scope, &(struct component_message){ .body = JN_STR("{\"to\":\"b\",\"v\":7}") });
    assert_int_equal(component_text_init(&t, scope, "Qualifier (qualifier)", jn_str_of(c->text), &err), c->at_start);
    if (!c->at_start)
        assert_int_equal(component_text_value(&t, &buf, &out, &err), c->per_message);
    if (err.status)
        check_refusal(c->text, &err, err.code, c->expected);
    else if (!jn_str_eq(out, jn_str_of(c->expected)))
        fail_msg("%s: %.*s", c->text, JN_ARG(out));
    component_text_clear(&t);
    component_scope_end(scope);
    jn_buf_clear(&buf);
}

static void test_texts_are_fixed_or_expressions(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "PROD", JN_OK, JN_OK, "PROD" },
        { " PROD ", JN_OK, JN_OK, "PROD" },
        { "", JN_OK, JN_OK, "" },
        { "{%\"f-\" & to%}", JN_OK, JN_OK, "f-b" },
        { " {% \"f-\" & to %}\n", JN_OK, JN_OK, "f-b" },
        { "{% v %}", JN_OK, JN_OK, "7" },
        { "{% missing %}", JN_OK, JN_OK, "" },
        { "{% null %}", JN_OK, JN_OK, "" },
        { "{% \" x \" %}", JN_OK, JN_OK, "x" },
        { "{% v / 2 %}", JN_OK, JN_EVALUATION, "Qualifier (qualifier) has to yield a text, not this number" },
        { "{% [1] %}", JN_OK, JN_EVALUATION, "has to yield a text, not array" },
        { "{% $error(\"no\") %}", JN_OK, JN_EVALUATION, "Qualifier (qualifier) failed" },
        { "{% a b %}", JN_BAD_TEXT, JN_OK, "Qualifier (qualifier) is faulty at line 1, column 4, near \"b\"" },
        { "{%%}", JN_BAD_TEXT, JN_OK, "Qualifier (qualifier) is faulty" },
        { "f-{% to %}", JN_BAD_VALUE, JN_OK, "is not one expression from {% to %}" },
        { "{% to", JN_BAD_VALUE, JN_OK, "is not one expression" },
        { "{%}", JN_BAD_VALUE, JN_OK, "is not one expression" },
    };
    struct component_scope *scope = NULL;
    assert_int_equal(component_scope_new(NULL, &scope, NULL), JN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_text(scope, &cases[i]);
    component_scope_free(scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_to_the_wire),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_an_expression_serves_message_after_message),
        cmocka_unit_test(test_the_platforms_functions),
        cmocka_unit_test(test_variables_must_be_an_object),
        cmocka_unit_test(test_truth_is_jsonatas_own),
        cmocka_unit_test(test_texts_are_fixed_or_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
