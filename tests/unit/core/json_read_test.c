/* The reader beyond what golden texts can say: sentences, limits, streams of values, shapes, spans, memory. */
#include "core/map.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct jn_arena a;
    struct jn_shapes *shapes;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    jn_arena_init(&f->a, 0);
    f->shapes = jn_shapes_new_on(NULL, 0);
    *state = f;
    return f->shapes ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    jn_shapes_free(f->shapes);
    jn_arena_clear(&f->a);
    free(f);
    return 0;
}

static jn_value read_text(struct fixture *f, const char *text)
{
    const struct jn_read_options opt = { .shapes = f->shapes };
    struct jn_error err = { 0 };
    jn_value v = jn_undefined();
    if (jn_read(&f->a, jn_str_of(text), &opt, &v, NULL, &err))
        fail_msg("%s: %u:%u %s", text, err.line, err.column, err.message);
    return v;
}

static void mistakes_are_explained(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        { "", "expected a value, found the end of the text" },
        { "[1,2", "expected ',' or ']' after a member, found the end of the text" },
        { "[1 x]", "expected ',' or ']' after a member, found 'x'" },
        { "{\"a\":1 \"b\"", "expected ',' or '}' after a member, found '\"'" },
        { "{\"a\":1]", "expected ',' or '}' after a member, found ']'" },
        { "[1,]", "expected another member after ',', found ']'" },
        { "{a:1}", "expected a key in double quotes, found 'a'" },
        { "{\"a\" 1}", "expected ':' after a key, found '1'" },
        { "[\"a\n\"]", "control character U+000A in a string; write \\n" },
        { "[\"a\x01\"]", "control character U+0001 in a string" },
        { "[1,\n \"abc", "a string is not closed; it begins at line 2, column 2" },
        { "\"\\x\"", "expected one of \" \\ / b f n r t u after a backslash in a string, found 'x'" },
        { "\"\\u12x4\"", "expected four hexadecimal digits after \\u, found 'x'" },
        { "\"\xff\"", "byte 0xFF in a string is not UTF-8" },
        { "\"\xe2\x82", "the text ends inside a character of a string" },
        { "[tru]", "expected the word true, found ']'" },
        { "[01]", "a number does not begin with 0 and another digit" },
        { "[-x]", "expected a digit after '-', found 'x'" },
        { "[1.]", "expected a digit after the decimal point, found ']'" },
        { "[1e+]", "expected a digit in the exponent of a number, found ']'" },
        { "[+1]", "expected a value, found '+'; a number begins with a digit or '-'" },
        { "['a']", "expected a value, found '\\''; strings stand in double quotes" },
        { "[\xc3\xa4]", "expected a value, found '\xc3\xa4'" },
        { "[\x01]", "expected a value, found control character U+0001" },
        { "1 2", "expected the end of the text after the value, found '2'" },
        { "\xef\xbb\xbf{}", "a byte order mark (U+FEFF) is not allowed in JSON; remove the first three bytes" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        jn_value v;
        assert_int_equal(jn_read(&f->a, jn_str_of(cases[i].text), NULL, &v, NULL, &err), JN_BAD_TEXT);
        assert_string_equal(err.message, cases[i].sentence);
    }
}

static void an_error_may_be_ignored(void **state)
{
    struct fixture *f = *state;
    jn_value v;
    assert_int_equal(jn_read(&f->a, JN_STR("[1,"), NULL, &v, NULL, NULL), JN_BAD_TEXT);
    const struct jn_read_options opt = { .max_depth = 1 };
    assert_int_equal(jn_read(&f->a, JN_STR("[[]]"), &opt, &v, NULL, NULL), JN_LIMIT);
}

static void depth_has_a_limit(void **state)
{
    struct fixture *f = *state;
    const struct jn_read_options opt = { .max_depth = 3 };
    struct jn_error err = { 0 };
    jn_value v;
    assert_int_equal(jn_read(&f->a, JN_STR("[{\"a\":[1]}]"), &opt, &v, NULL, &err), JN_OK);
    assert_int_equal(jn_read(&f->a, JN_STR("[{\"a\":[1,\n {}]}]"), &opt, &v, NULL, &err), JN_LIMIT);
    assert_string_equal(err.message, "arrays and objects are nested deeper than 3 levels");
    assert_int_equal(err.status, JN_LIMIT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
}

static void size_has_a_limit(void **state)
{
    struct fixture *f = *state;
    const struct jn_read_options opt = { .max_bytes = 5 };
    struct jn_error err = { 0 };
    jn_value v;
    assert_int_equal(jn_read(&f->a, JN_STR("[1,2]"), &opt, &v, NULL, &err), JN_OK);
    assert_int_equal(jn_read(&f->a, JN_STR("[1,22]"), &opt, &v, NULL, &err), JN_LIMIT);
    assert_string_equal(err.message, "the JSON text has 6 bytes; the limit is 5");
}

static void a_hundred_thousand_levels_need_no_c_stack(void **state)
{
    enum { LEVELS = 100000 };
    struct fixture *f = *state;
    char *text = malloc(LEVELS * 6 + LEVELS * 2);
    assert_non_null(text);
    size_t n = 0;
    for (int i = 0; i < LEVELS; i++, n += 6)
        memcpy(text + n, "[{\"a\":", 6);
    text[n - 6] = '[';
    text[n - 5] = ']';                      // the innermost is []
    n -= 4;
    for (int i = 0; i < LEVELS - 1; i++, n += 2)
        memcpy(text + n, "}]", 2);
    const struct jn_read_options opt = { .max_depth = 2 * LEVELS };
    struct jn_error err = { 0 };
    jn_value v, same;
    if (jn_read(&f->a, (jn_str){ text, n }, &opt, &v, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(jn_read(&f->a, (jn_str){ text, n }, &opt, &same, NULL, NULL), JN_OK);
    assert_true(jn_equal(v, same));
    const jn_value copy = jn_deep_copy(&f->a, v);
    assert_true(jn_equal(v, copy));
    size_t len = 0;
    const struct jn_write_options deep = { .max_depth = 2 * LEVELS };
    char *written = jn_write_text(copy, &deep, &len, &err);
    assert_non_null(written);
    assert_int_equal(len, n);
    assert_memory_equal(written, text, n);
    assert_null(jn_write_text(copy, NULL, &len, &err));
    assert_int_equal(err.status, JN_LIMIT);
    free(written);
    free(text);
}

static void values_follow_each_other_in_a_stream(void **state)
{
    struct fixture *f = *state;
    const struct jn_read_options opt = { .prefix = true, .shapes = f->shapes };
    jn_str text = JN_STR(" {\"a\":1}\n[2]\"x\" 3 true\n4[5]");
    static const char *const parts[] = { "{\"a\":1}", "[2]", "\"x\"", "3", "true", "4", "[5]" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        jn_value v;
        size_t used = 0, len = 0;
        assert_int_equal(jn_read(&f->a, text, &opt, &v, &used, NULL), JN_OK);
        char *written = jn_write_text(v, NULL, &len, NULL);
        assert_string_equal(written, parts[i]);
        free(written);
        text = jn_str_sub(text, used, text.len);
    }
    assert_int_equal(text.len, 0);
}

static void a_stream_does_not_hide_mistakes_in_numbers(void **state)
{
    struct fixture *f = *state;
    const struct jn_read_options opt = { .prefix = true };
    static const char *const texts[] = { "01", "1x", "1.2.3", "-1-1", "0x10", "1_0", "truex" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jn_value v;
        const enum jn_status s = jn_read(&f->a, jn_str_of(texts[i]), &opt, &v, NULL, NULL);
        if (i == 6)
            assert_int_equal(s, JN_OK);     // "true" is complete; what follows is the next value's mistake
        else
            assert_int_equal(s, JN_BAD_TEXT);
    }
}

static void used_counts_trailing_white_space(void **state)
{
    struct fixture *f = *state;
    size_t used = 0;
    jn_value v;
    assert_int_equal(jn_read(&f->a, JN_STR(" [1] \n"), NULL, &v, &used, NULL), JN_OK);
    assert_int_equal(used, 6);
}

static void scalars_stay_in_the_text(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "[\"abc\",\"\xc3\xa4\",\"a\\n\",12.50,7]";
    const jn_value v = read_text(f, text);
    const jn_value ascii = jn_at(v, 0), umlaut = jn_at(v, 1), escaped = jn_at(v, 2), rewritten = jn_at(v, 3);
    assert_ptr_equal(ascii.as.text, text + 2);
    assert_int_equal(ascii.flags, JN_STR_ASCII | JN_STR_PLAIN);
    assert_ptr_equal(umlaut.as.text, text + 8);
    assert_int_equal(umlaut.flags, JN_STR_PLAIN);
    assert_true(jn_str_eq(jn_get_string(escaped), JN_STR("a\n")));
    assert_int_equal(escaped.flags, JN_STR_ASCII);
    assert_int_equal(rewritten.flags, JN_NUM_TEXT);
    assert_true(jn_get_number(rewritten) == 12.5);
    assert_int_equal(jn_at(v, 4).flags, JN_NUM_TEXT | JN_NUM_CANONICAL);
}

static void objects_with_the_same_keys_share_a_shape(void **state)
{
    struct fixture *f = *state;
    const jn_value v = read_text(
        f, "[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4},{\"b\":5,\"a\":6},{\"a\":7},{ \"\\u0061\" : 8 , \"b\" : 9 }]");
    const struct jn_shape *shape = jn_at(v, 0).as.object->shape;
    assert_true(shape->shared);
    assert_ptr_equal(jn_at(v, 1).as.object->shape, shape);
    assert_ptr_not_equal(jn_at(v, 2).as.object->shape, shape);
    assert_ptr_equal(jn_at(v, 3).as.object->shape, shape->parent);
    assert_ptr_equal(jn_at(v, 4).as.object->shape, shape);
    assert_ptr_equal(read_text(f, "{\"a\":0,\"b\":0}").as.object->shape, shape);
}

static void keys_of_shapes_outlive_the_text(void **state)
{
    struct fixture *f = *state;
    char text[] = "{\"abc\":1}";
    const jn_value v = read_text(f, text);
    memset(text, 'x', sizeof text - 1);
    assert_true(jn_str_eq(jn_key_at(v, 0), JN_STR("abc")));
}

static void a_full_table_of_shapes_is_no_obstacle(void **state)
{
    struct fixture *f = *state;
    struct jn_shapes *small = jn_shapes_new_on(NULL, 3);
    const struct jn_read_options opt = { .shapes = small };
    static const char text[] =
        "[{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5},{\"x\":1,\"1\":2,\"x\":3,\"0\":4},{\"a\":1,\"b\":2,\"c\":3},{}]";
    for (int round = 0; round < 5; round++) {
        jn_value v;
        assert_int_equal(jn_read(&f->a, jn_str_of(text), &opt, &v, NULL, NULL), JN_OK);
        assert_false(jn_at(v, 0).as.object->shape->shared);
        // A table that is half full wants to be asked twice.
        assert_int_equal(jn_at(v, 2).as.object->shape->shared, round >= 1);
        char *written = jn_write_text(v, NULL, NULL, NULL);
        assert_string_equal(
            written,
            "[{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5},{\"0\":4,\"1\":2,\"x\":3},{\"a\":1,\"b\":2,\"c\":3},{}]");
        free(written);
    }
    jn_shapes_free(small);
}

/* Keys that are data, new ones in every document, neither fill the table nor keep out what comes back. */
static void keys_that_never_come_back_leave_room(void **state)
{
    struct fixture *f = *state;
    const struct jn_read_options opt = { .shapes = f->shapes };
    jn_value v;
    uint64_t memory = 0;
    for (unsigned i = 0; i < 40000; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"user %u\":{\"item %u\":1,\"item %u\":2}}", i * 7919, i, i + 1);
        jn_arena_reset(&f->a);
        assert_int_equal(jn_read(&f->a, jn_str_of(text), &opt, &v, NULL, NULL), JN_OK);
        if (i == 20000)
            memory = f->shapes->own.taken;
    }
    assert_true(f->shapes->count < f->shapes->limit);
    assert_int_equal(f->shapes->own.taken, memory);
    for (int round = 0; round < 4; round++) {
        jn_arena_reset(&f->a);
        v = read_text(f, "{\"new\":1,\"here\":2,\"to stay\":3}");
    }
    assert_true(v.as.object->shape->shared);
}

static void spans_are_canonical_when_writing_gives_them_again(void **state)
{
    static const struct {
        const char *text;
        bool canonical;
    } cases[] = {
        {"[]", true},
        {"{}", true},
        {"[1,\"a\",true,null,{\"b\":[0.5]}]", true},
        {"[ ]", false},
        {"[1, 2]", false},
        {"[1 ]", false},
        {"[1.0]", false},
        {"[\"\\n\"]", true},
        {"[\"\\/\"]", false},
        {"[\"\\u00e9\"]", false},
        {"[\"\\u001f\\ud800\"]", true},
        {"[\"\\uD800\"]", false},
        {"[\"\\ud83d\\ude00\"]", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":1,\"0\":2}", false},
        {"{\"0\":1,\"a\":2}", true},
        {"{\"1\":1,\"0\":2}", false},
        {"{\"a\\/\":1}", false},
        {"{\"a\" :1}", false},
        {"[[1.0]]", false},
        {"[{\"1\":1,\"0\":2}]", false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const jn_value v = read_text(f, cases[i].text);
        const bool canonical = jn_is(v, JN_ARRAY) ? v.as.array->canonical : v.as.object->canonical;
        if (canonical != cases[i].canonical)
            fail_msg("%s is %scanonical", cases[i].text, canonical ? "" : "not ");
    }
}

static void a_spoilt_sibling_leaves_others_canonical(void **state)
{
    struct fixture *f = *state;
    const jn_value v = read_text(f, "[[1],[2.0],[3],[ 4],[5]]");
    static const bool expected[] = { true, false, true, false, true };
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(jn_at(v, i).as.array->canonical, expected[i]);
}

static void changing_a_container_forgets_its_span(void **state)
{
    struct fixture *f = *state;
    const jn_value v = read_text(f, "{\"a\":[1],\"b\":2}");
    assert_true(jn_array_add(&f->a, jn_member(v, JN_STR("a")), jn_null()));
    assert_true(jn_object_put(&f->a, v, JN_STR("b"), jn_boolean(true)));
    char *written = jn_write_text(v, NULL, NULL, NULL);
    assert_string_equal(written, "{\"a\":[1,null],\"b\":true}");
    free(written);
}

/* A document with a bit of everything, of about 300 KB. */
static char *large_text(size_t *len)
{
    enum { RECORDS = 2000, ROOM = 220 };
    char *text = malloc(RECORDS * ROOM);
    assert_non_null(text);
    size_t n = 0;
    text[n++] = '[';
    for (int i = 0; i < RECORDS; i++)
        n += (size_t)snprintf(
            text + n, ROOM,
            "%s{\"id\":%d,\"name\":\"n\\u00e4me %d\",\"tags\":[\"a\",\"b\"],\"x\":{\"k%d\":%d.5,\"ok\":true}}",
            i ? "," : "", i, i, i % 3, i);
    text[n++] = ']';
    *len = n;
    return text;
}

static void a_warm_arena_asks_the_system_for_nothing(void **state)
{
    struct fixture *f = *state;
    size_t len;
    char *text = large_text(&len);
    const struct jn_read_options opt = { .shapes = f->shapes };
    jn_value v;
    assert_int_equal(jn_read(&f->a, (jn_str){ text, len }, &opt, &v, NULL, NULL), JN_OK);
    const uint64_t before = f->a.system_allocations, shapes_before = f->shapes->own.system_allocations;
    for (int i = 0; i < 3; i++) {
        jn_arena_reset(&f->a);
        assert_int_equal(jn_read(&f->a, (jn_str){ text, len }, &opt, &v, NULL, NULL), JN_OK);
    }
    assert_int_equal(f->a.system_allocations, before);
    assert_int_equal(f->shapes->own.system_allocations, shapes_before);
    free(text);
}

/* Ceilings that grow by half a kilobyte: each failure is reported as such, until one is enough. */
static void every_lack_of_memory_is_reported(void **state)
{
    (void)state;
    static const char text[] = "[{\"a\":[1,2,{\"b\":\"x\\ny\"}],\"c\":{}},{\"a\":[],\"d\":1,\"1\":2},{\"k0\":0,\"k1\":"
                               "1,\"k2\":2,\"k3\":3,\"k4\":4,"
                               "\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":10}]";
    const struct jn_read_options opt = { 0 };
    bool failed = false, succeeded = false;
    for (size_t ceiling = 64; !succeeded; ceiling += 512) {
        struct jn_arena a;
        struct jn_error err = { 0 };
        jn_value v = jn_null();
        jn_arena_init(&a, ceiling);
        const enum jn_status s = jn_read(&a, jn_str_of(text), &opt, &v, NULL, &err);
        succeeded = s == JN_OK;
        if (!succeeded) {
            failed = true;
            assert_int_equal(s, JN_LIMIT);
            assert_int_equal(err.status, JN_LIMIT);
            assert_true(jn_is(v, JN_NULL));
        }
        assert_true(a.taken <= ceiling);
        jn_arena_clear(&a);
        assert_true(ceiling < 1000000);
    }
    assert_true(failed);
}

/* The same with documents that need more and more chunks, and a table of shapes that is warm already. */
static void lack_of_memory_in_a_large_text_is_reported(void **state)
{
    struct fixture *f = *state;
    size_t len;
    char *text = large_text(&len);
    const struct jn_read_options opt = { .shapes = f->shapes };
    enum jn_status s = JN_LIMIT;
    for (size_t ceiling = 1000; s; ceiling = ceiling * 5 / 4) {
        struct jn_arena a;
        jn_value v, copy;
        jn_arena_init(&a, ceiling);
        s = jn_read(&a, (jn_str){ text, len }, &opt, &v, NULL, NULL);
        assert_true(s == JN_OK || s == JN_LIMIT);
        if (!s) {
            copy = jn_deep_copy(&a, v);
            assert_true(jn_is_undefined(copy) == (jn_arena_failed(&a) != JN_OK));
            if (jn_arena_failed(&a))
                s = JN_LIMIT;       // go on until the copy fits as well
        }
        jn_arena_clear(&a);
    }
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mistakes_are_explained),
        TEST(an_error_may_be_ignored),
        TEST(depth_has_a_limit),
        TEST(size_has_a_limit),
        TEST(a_hundred_thousand_levels_need_no_c_stack),
        TEST(values_follow_each_other_in_a_stream),
        TEST(a_stream_does_not_hide_mistakes_in_numbers),
        TEST(used_counts_trailing_white_space),
        TEST(scalars_stay_in_the_text),
        TEST(objects_with_the_same_keys_share_a_shape),
        TEST(keys_of_shapes_outlive_the_text),
        TEST(a_full_table_of_shapes_is_no_obstacle),
        TEST(keys_that_never_come_back_leave_room),
        TEST(spans_are_canonical_when_writing_gives_them_again),
        TEST(a_spoilt_sibling_leaves_others_canonical),
        TEST(changing_a_container_forgets_its_span),
        TEST(a_warm_arena_asks_the_system_for_nothing),
        TEST(every_lack_of_memory_is_reported),
        TEST(lack_of_memory_in_a_large_text_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
