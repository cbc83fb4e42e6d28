/* The writer on values that no reader makes. */
#include "core/buf.h"
#include "core/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = jn_arena_new(0);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    jn_arena_free(*state);
    return 0;
}

/* With room for just the text, and with one byte less. */
static void a_ceiling_is_met_to_the_byte(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1", "-0.5", "1e+21", "123456789.123", "true", "null", "\"\"", "\"a\"", "\"text\\n\"", "[]", "{}", "[1,2.5,[3]]",
        "{\"a\":1,\"bc\":{\"d\":\"e\"}}", "{\"a\":1.50}", "[ 1 , \"x\" ]",
    };
    struct jn_arena *a = jn_arena_new(0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jn_value v;
        size_t len;
        assert_int_equal(jn_read(a, jn_str_of(texts[i]), NULL, &v, NULL, NULL), JN_OK);
        char *text = jn_write_text(v, NULL, &len, NULL);
        struct jn_buf *enough = jn_buf_new(len), *less = len > 1 ? jn_buf_new(len - 1) : NULL;
        assert_int_equal(jn_write(enough, v, NULL, NULL), JN_OK);
        assert_string_equal(jn_buf_text(enough).data, text);
        if (less)
            assert_int_equal(jn_write(less, v, NULL, NULL), JN_LIMIT);
        jn_buf_free(enough);
        jn_buf_free(less);
        free(text);
    }
    jn_arena_free(a);
}

static void expect_text(jn_value v, const struct jn_write_options *opt, const char *expected)
{
    size_t len = 0;
    char *text = jn_write_text(v, opt, &len, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    free(text);
}

static jn_value parse(struct jn_arena *a, const char *text)
{
    jn_value v;
    assert_int_equal(jn_read(a, jn_str_of(text), NULL, &v, NULL, NULL), JN_OK);
    return v;
}

static void scalars(void **state)
{
    (void)state;
    expect_text(jn_null(), NULL, "null");
    expect_text(jn_boolean(true), NULL, "true");
    expect_text(jn_number(-0.0), NULL, "0");
    expect_text(jn_number(NAN), NULL, "null");
    expect_text(jn_number(-INFINITY), NULL, "null");
    expect_text(jn_number(1e21), NULL, "1e+21");
    expect_text(jn_make_string((jn_str){ NULL, 0 }), NULL, "\"\"");
}

static void every_character_that_needs_an_escape_gets_it(void **state)
{
    (void)state;
    static const char *const short_forms[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
                                              ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};
    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t shift = 0; shift < 40; shift += 3) {       // at every place of a 16-byte step
            char in[64], expected[80], form[8];
            memset(in, 'x', sizeof in);
            in[shift] = (char)c;
            snprintf(form, sizeof form, c < 0x20 ? "\\u%04x" : "%c", c);
            const char *escape = c < sizeof short_forms / sizeof *short_forms && short_forms[c] ? short_forms[c] : form;
            snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)shift, in, escape, (int)(45 - shift - 1),
                     in + shift + 1);
            expect_text(jn_make_string((jn_str){ in, 45 }), NULL, expected);
        }
    }
    expect_text(jn_make_string(JN_STR("\xed\x9f\xbf \xed\xa0\x80 \xed\xbf\xbf \xee\x80\x80")), NULL,
                "\"\xed\x9f\xbf \\ud800 \\udfff \xee\x80\x80\"");
}

static void indentation_is_that_of_json_stringify(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = parse(a, "{\"a\":[1,{\"b\":[]},{}],\"c\":{\"d\":null},\"\":\"x\"}");
    const struct jn_write_options two = { .indent = 2 }, tabs = { .tabs = true };
    expect_text(v, &two,
                "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    },\n    {}\n  ],\n  \"c\": {\n    \"d\": null\n  "
                "},\n  \"\": \"x\"\n}");
    expect_text(v, &tabs,
                "{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": []\n\t\t},\n\t\t{}\n\t],\n\t\"c\": {\n\t\t\"d\": "
                "null\n\t},\n\t\"\": \"x\"\n}");
    expect_text(parse(a, "[]"), &two, "[]");
    expect_text(jn_number(1), &two, "1");
}

static void functions_are_empty_strings_inside_containers(void **state)
{
    struct jn_arena *a = *state;
    const jn_value f = { .type = JN_FUNCTION }, list = jn_make_array(a, 1), object = jn_make_object(a, 1);
    assert_true(jn_array_add(a, list, f) && jn_array_add(a, list, jn_number(NAN)) &&
                jn_object_put(a, object, JN_STR("f"), f));
    expect_text(list, NULL, "[\"\",null]");
    expect_text(object, NULL, "{\"f\":\"\"}");
}

static void what_has_no_text_is_refused(void **state)
{
    (void)state;
    struct jn_error err = { 0 };
    assert_null(jn_write_text(jn_undefined(), NULL, NULL, &err));
    assert_int_equal(err.status, JN_BAD_VALUE);
    assert_string_equal(err.message, "undefined has no JSON text");
    assert_null(jn_write_text((jn_value){ .type = JN_FUNCTION }, NULL, NULL, NULL));
}

static void strict_writing_names_what_json_cannot_hold(void **state)
{
    struct jn_arena *a = *state;
    const struct jn_write_options strict = { .strict = true };
    const jn_value v = parse(a, "{\"lines\":[1,{\"price\":1e400}]}"), list = jn_make_array(a, 1);
    struct jn_error err = { 0 }, root = { 0 }, function = { 0 };
    assert_null(jn_write_text(v, &strict, NULL, &err));
    assert_int_equal(err.status, JN_BAD_VALUE);
    assert_string_equal(err.message, "lines[1].price is an infinite number");
    assert_null(jn_write_text(jn_number(NAN), &strict, NULL, &root));
    assert_string_equal(root.message, "it is not a number (NaN)");
    assert_true(jn_array_add(a, list, (jn_value){ .type = JN_FUNCTION }));
    assert_null(jn_write_text(list, &strict, NULL, &function));
    assert_string_equal(function.message, "[0] is a function");
    expect_text(parse(a, "[1.5,\"x\"]"), &strict, "[1.5,\"x\"]");
}

static void keys_of_private_shapes_are_escaped(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = jn_make_object(a, 2);
    assert_true(jn_object_put(a, v, JN_STR("a\"b"), jn_null()) && jn_object_put(a, v, JN_STR(""), jn_null()));
    expect_text(v, NULL, "{\"a\\\"b\":null,\"\":null}");
}

static void parts_of_a_canonical_text_are_copied(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = parse(a, "{\"items\":[1,\"\\n\",{\"b\":2}], \"x\":1.0}");
    expect_text(v, NULL, "{\"items\":[1,\"\\n\",{\"b\":2}],\"x\":1}");
    expect_text(jn_member(v, JN_STR("items")), NULL, "[1,\"\\n\",{\"b\":2}]");
}

static void half_a_text_is_never_left_behind(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = parse(a, "[1, 2, [3, [ 4]], \"abcdefghijklmnopqrstuvwxyz\"]");
    struct jn_error err = { 0 };
    struct jn_buf b;
    jn_buf_init(&b, 30);
    jn_buf_append_z(&b, "before");
    assert_int_equal(jn_write(&b, v, NULL, &err), JN_LIMIT);
    assert_string_equal(err.message, "the JSON text is longer than its limit");
    assert_string_equal(b.data, "before");
    jn_buf_clear(&b);
    b.ceiling = 1000;
    const struct jn_write_options shallow = { .max_depth = 2 };
    struct jn_error deep = { 0 };
    assert_int_equal(jn_write(&b, v, &shallow, &deep), JN_LIMIT);
    assert_string_equal(deep.message, "the value is nested deeper than 2 levels");
    assert_int_equal(b.len, 0);
    assert_int_equal(jn_write(&b, v, NULL, NULL), JN_OK);
    jn_buf_clear(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- sinks --------------------------------------------------------------------------------------------------- */

struct pieces {
    char *text;
    size_t len, longest;
    unsigned count, most;
};

static bool take_piece(void *host, const char *data, size_t len)
{
    struct pieces *p = host;
    if (p->count == p->most)
        return false;
    p->count++;
    p->longest = len > p->longest ? len : p->longest;
    memcpy(p->text + p->len, data, len);
    p->len += len;
    return true;
}

static void a_sink_gets_the_text_in_pieces(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    jn_value list = jn_make_array(a, 0);
    for (int i = 0; i < 50000; i++)
        jn_array_add(a, list, jn_make_number(i));
    size_t len;
    char *whole = jn_write_text(list, NULL, &len, NULL);
    struct pieces p = { .text = malloc(len + 1), .most = 1000 };
    assert_int_equal(jn_write_to(take_piece, &p, list, NULL, NULL), JN_OK);
    assert_int_equal(p.len, len);
    assert_memory_equal(p.text, whole, len);
    assert_true(p.count > 2 && p.longest <= 70000);

    struct jn_error err = { 0 };
    p = (struct pieces){ .text = p.text, .most = 2 };
    assert_int_equal(jn_write_to(take_piece, &p, list, NULL, &err), JN_IO);
    assert_string_equal(err.message, "the JSON text could not be passed on");
    p = (struct pieces){ .text = p.text, .most = 0 };
    assert_int_equal(jn_write_to(take_piece, &p, jn_make_null(), NULL, NULL), JN_IO);
    assert_int_equal(jn_write_to(take_piece, &p, (jn_value){ 0 }, NULL, NULL), JN_BAD_VALUE);
    assert_int_equal(p.count, 0);
    free(p.text);
    free(whole);
    jn_arena_free(a);
}

/* A part of the input that is passed on whole is not copied. */
static void a_sink_gets_long_spans_as_they_are(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    jn_value list = jn_make_array(a, 0), input;
    for (int i = 0; i < 50000; i++)
        jn_array_add(a, list, jn_make_number(i));
    size_t len;
    char *text = jn_write_text(list, NULL, &len, NULL);
    assert_int_equal(jn_read(a, (jn_str){ text, len }, NULL, &input, NULL, NULL), JN_OK);
    const jn_value object = jn_make_object(a, 3);
    jn_object_put(a, object, JN_STR("before"), jn_make_number(1));
    jn_object_put(a, object, JN_STR("input"), input);
    jn_object_put(a, object, JN_STR("behind"), jn_make_number(2));

    struct pieces p = { .text = malloc(len + 100), .most = 3 };
    assert_int_equal(jn_write_to(take_piece, &p, object, NULL, NULL), JN_OK);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.longest, len);
    size_t whole_len;
    char *whole = jn_write_text(object, NULL, &whole_len, NULL);
    assert_int_equal(p.len, whole_len);
    assert_memory_equal(p.text, whole, whole_len);
    for (size_t most = 0; most < 3; most++) {
        p = (struct pieces){ .text = p.text, .most = most };
        assert_int_equal(jn_write_to(take_piece, &p, object, NULL, NULL), JN_IO);
        assert_int_equal(p.count, most);
    }
    free(p.text);
    free(whole);
    free(text);
    jn_arena_free(a);
}

static void a_buffer_of_the_caller_is_used_again(void **state)
{
    (void)state;
    struct jn_buf *b = jn_buf_new(4);
    assert_int_equal(jn_buf_text(b).len, 0);
    assert_int_equal(jn_write(b, jn_make_boolean(false), NULL, NULL), JN_LIMIT);
    jn_buf_reset(b);
    assert_int_equal(jn_write(b, jn_make_null(), NULL, NULL), JN_OK);
    assert_string_equal(jn_buf_text(b).data, "null");
    jn_buf_free(b);
    jn_buf_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ceiling_is_met_to_the_byte),
        cmocka_unit_test(a_sink_gets_the_text_in_pieces),
        cmocka_unit_test(a_sink_gets_long_spans_as_they_are),
        cmocka_unit_test(a_buffer_of_the_caller_is_used_again),
        TEST(scalars),
        TEST(every_character_that_needs_an_escape_gets_it),
        TEST(indentation_is_that_of_json_stringify),
        TEST(functions_are_empty_strings_inside_containers),
        TEST(what_has_no_text_is_refused),
        TEST(strict_writing_names_what_json_cannot_hold),
        TEST(keys_of_private_shapes_are_escaped),
        TEST(parts_of_a_canonical_text_are_copied),
        TEST(half_a_text_is_never_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
