/* sample_test.c - samples, and what is known of results from them. */
#include "component/sample.h"

#include "cmocka_all.h"

static void test_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *sample, *expected;
    } cases[] = {
        { "{}", "{\"type\":\"object\",\"properties\":{}}" },
        { "{\"a\":\"x\",\"b\":1.5,\"c\":true,\"d\":null}",
          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"number\"},"
          "\"c\":{\"type\":\"boolean\"},\"d\":{}}}" },
        { "{\"a\":{\"b\":{}}}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\",\"properties\":{"
                                "\"b\":{\"type\":\"object\",\"properties\":{}}}}}}" },
        { "[]", "{\"type\":\"array\"}" },
        { "[1,2]", "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}" },
        { "[1,\"x\"]", "{\"type\":\"array\",\"items\":{}}" },
        { "[1,\"x\",2]", "{\"type\":\"array\",\"items\":{}}" },
        { "[null,\"x\"]", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}" },
        { "[{\"a\":1},{\"b\":\"x\",\"a\":null},{\"a\":\"y\"}]",
          "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"a\":{},"
          "\"b\":{\"type\":\"string\"}}}}" },
        { "[[1],[\"x\"],[]]", "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{}}}" },
        { "[{\"a\":1},[1]]", "{\"type\":\"array\",\"items\":{}}" },
        { "\"text\"", "{\"type\":\"string\"}" },
        { "null", "{}" },
        { "{\"\\\"ä\":1}", "{\"type\":\"object\",\"properties\":{\"\\\"ä\":{\"type\":\"number\"}}}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf out;
        jn_buf_init(&out, 0);
        assert_int_equal(component_sample_schema(jn_str_of(cases[i].sample), &out, NULL), JN_OK);
        assert_string_equal(out.data, cases[i].expected);
        jn_buf_clear(&out);
    }
}

static void test_what_is_no_json_is_told_with_its_place(void **state)
{
    (void)state;
    struct jn_buf out;
    struct jn_error err = { 0 };
    jn_buf_init(&out, 0);
    assert_int_equal(component_sample_schema(JN_STR("{\n\"a\": }"), &out, &err), JN_BAD_TEXT);
    assert_int_equal(err.line, 2);
    jn_buf_clear(&out);
}

static void test_nesting_has_an_end(void **state)
{
    (void)state;
    struct jn_buf out, sample;
    jn_buf_init(&out, 0);
    jn_buf_init(&sample, 0);
    for (int i = 0; i < 5000; i++)
        jn_buf_append_char(&sample, '[');
    for (int i = 0; i < 5000; i++)
        jn_buf_append_char(&sample, ']');
    assert_int_equal(component_sample_schema(jn_buf_str(&sample), &out, NULL), JN_OK);
    assert_true(out.len < 65 * 32);
    jn_buf_clear(&out);
    jn_buf_clear(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_what_is_no_json_is_told_with_its_place),
        cmocka_unit_test(test_nesting_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
