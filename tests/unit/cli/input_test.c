/* input_test.c - the cutter of JSON streams: whole, byte by byte, and with mistakes. */
#include "cli/input.h"

#include "cmocka_all.h"

/* Everything that `text` is cut into, as "LINE[!]:TEXT" joined by '|'; fed in pieces of `piece` bytes. */
static char *cut(jn_str text, size_t piece)
{
    struct input_cutter c;
    struct jn_buf out;
    input_init(&c, 1 << 20);
    jn_buf_init(&out, 0);
    bool ended = false;
    for (size_t at = 0; !ended; at += piece) {
        ended = at >= text.len;
        assert_int_equal(input_add(&c, ended ? (jn_str){ "", 0 } : jn_str_sub(text, at, at + piece)), JN_OK);
        struct input_value v;
        while (input_next(&c, &v))
            jn_buf_append_fmt(&out, "%s%d%s:%.*s", out.len ? "|" : "", (int)v.line, v.is_faulty ? "!" : "", JN_ARG(v.text));
    }
    input_clear(&c);
    char *result = jn_buf_detach(&out);
    return result ? result : strdup("");
}

static const struct {
    const char *input, *expected;
} cases[] = {
    { "", "" },
    { " \n\t ", "" },
    { "1", "1:1" },
    { "1 2", "1:1|1:2" },
    { "{}[]\"a\"1", "1:{}|1:[]|1:\"a\"|1:1" },
    { "{\"a\":1}\n{\"a\":2}\n", "1:{\"a\":1}|2:{\"a\":2}" },
    { "{\"a\":\n[1,\n2]}\n\n3", "1:{\"a\":\n[1,\n2]}|5:3" },
    { "\"a\\\"b\" \"\\\\\"", "1:\"a\\\"b\"|1:\"\\\\\"" },
    { "{\"}\":\"]\"}true", "1:{\"}\":\"]\"}|1:true" },
    { "null\nfalse", "1:null|2:false" },
    { "-1.5e+3\n[-0]", "1:-1.5e+3|2:[-0]" },
    /* mistakes: the faulty text, and what comes behind it */
    { "hello world\n1", "1!:hello world|2:1" },
    { "Hello\n1", "1!:Hello|2:1" },
    { "{\"a\":1,}\n2", "1!:{\"a\":1,}|2:2" },
    { "{\"a\" 1}\n2", "1!:{\"a\" 1}|2:2" },
    { "[1 2]\n3", "1!:[1 2]|2:3" },
    { "]\n3", "1!:]|2:3" },
    { "[}\n3", "1!:[}|2:3" },
    { "{\"a\":\"x}\n{\"b\":1}", "1!:{\"a\":\"x}|2:{\"b\":1}" },
    { "{\"a\":1\n{\"b\":1}", "1!:{\"a\":1|2:{\"b\":1}" },
    { "{\"a\":\n  oops!\n}\n{\"b\":1}", "1!:{\"a\":\n  oops!\n}|4:{\"b\":1}" },
    { "[1,2", "1!:[1,2" },
    { "{\"a\":1}\n[", "1:{\"a\":1}|2!:[" },
    { "\"abc", "1!:\"abc" },
};

static void test_values_are_cut_with_their_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece <= 64; piece = piece == 1 ? 3 : piece * 4) {
            char *got = cut(jn_str_of(cases[i].input), piece);
            assert_string_equal(got, cases[i].expected);
            free(got);
        }
    }
}

static void test_deep_nesting_needs_no_deep_stack(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    char *text = malloc(2 * DEPTH + 1);
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    char *got = cut((jn_str){ text, 2 * DEPTH }, 4096);
    assert_int_equal(strlen(got), 2 * DEPTH + 2);
    free(got);
    free(text);
}

static void test_a_value_over_the_ceiling_is_refused(void **state)
{
    (void)state;
    struct input_cutter c;
    input_init(&c, 16);
    assert_int_equal(input_add(&c, JN_STR("\"0123456789")), JN_OK);
    assert_int_equal(input_add(&c, JN_STR("0123456789")), JN_LIMIT);
    input_clear(&c);
}

static void test_pending_bytes_are_those_not_handed_out(void **state)
{
    (void)state;
    struct input_cutter c;
    struct input_value v;
    input_init(&c, 0);
    input_add(&c, JN_STR("[1]  [2,"));
    assert_true(input_next(&c, &v));
    assert_int_equal(input_pending(&c), 5);
    assert_false(input_next(&c, &v));
    assert_int_equal(input_pending(&c), 3);
    input_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_cut_with_their_lines),
        cmocka_unit_test(test_deep_nesting_needs_no_deep_stack),
        cmocka_unit_test(test_a_value_over_the_ceiling_is_refused),
        cmocka_unit_test(test_pending_bytes_are_those_not_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
