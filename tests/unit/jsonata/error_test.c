/* error_test.c - the sentences of errors, and where a position is in bytes. */
#include "jsonata/error.h"

#include <stdio.h>

#include "core/arena.h"

#include "../../support/cmocka_all.h"

static void check(const struct jsonata_fault *fault, const char *code, const char *message)
{
    struct jsonata_error err;
    jsonata_error_fill(&err, fault);
    assert_string_equal(err.code, code);
    assert_string_equal(err.message, message);
}

static void members_fill_the_sentence(void **state)
{
    (void)state;
    check(&(struct jsonata_fault){ .code = "S0202", .token = JN_STR("}"), .value = jn_string(JN_STR("]"), 0) }, "S0202",
          "expected \"]\" here, but found \"}\"");
    check(&(struct jsonata_fault){ .code = "T2001", .token = JN_STR("+"), .value = jn_null() }, "T2001",
          "the left side of \"+\" must be a number, not null");
    check(&(struct jsonata_fault){ .code = "D3012", .value = jn_number(1.5) }, "D3012",
          "$replace: the replacement must be a string, or a function that returns one; got 1.5");
}

static void a_part_with_an_absent_member_is_left_out(void **state)
{
    (void)state;
    check(&(struct jsonata_fault){ .code = "D1001" }, "D1001", "the number is out of range");
    check(&(struct jsonata_fault){ .code = "T1006" }, "T1006", "this is not a function and cannot be called");
}

static void a_shade_of_meaning_is_no_code(void **state)
{
    (void)state;
    check(&(struct jsonata_fault){ .code = "S0201/depth", .value = jn_number(1000) }, "S0201",
          "the expression is nested more than 1000 levels deep");
}

static void user_text_is_told_as_it_is(void **state)
{
    (void)state;
    check(&(struct jsonata_fault){ .code = "D3137", .value = jn_string(JN_STR("no \"stock\"\nleft"), 0) }, "D3137",
          "no \"stock\"\nleft");
    check(&(struct jsonata_fault){ .code = "D3141", .value = jn_string(JN_STR("a\xED\xA0\xBD"), 0) }, "D3141",
          "a\xEF\xBF\xBD");
    check(&(struct jsonata_fault){ .code = "H0001", .message = "the host says no" }, "H0001", "the host says no");
    const jn_value surrogate = jn_string(JN_STR("\xED\xA0\x80"), 0);
    check(&(struct jsonata_fault){ .code = "D3140", .value = surrogate, .function = "encodeUrl" }, "D3140",
          "Malformed URL passed to $encodeUrl(): \"\\ud800\"");
}

static void long_values_are_cut(void **state)
{
    (void)state;
    char text[3001] = "";
    for (size_t i = 0; i < 3000; i += 2)
        memcpy(text + i, "\xC3\xA9", 2);
    const jn_value v = jn_string((jn_str){ text, 3000 }, 0);
    struct jsonata_error err;
    jsonata_error_fill(&err, &(struct jsonata_fault){ .code = "D3030", .value = v });
    assert_non_null(strstr(err.message, "\xC3\xA9... cannot be made a number"));
    assert_true(strlen(err.message) < 130);

    jsonata_error_fill(&err, &(struct jsonata_fault){ .code = "D3137", .value = v, .token = jn_text(v) });
    assert_int_equal(jn_utf8_invalid(jn_str_of(err.message)), strlen(err.message));
    assert_in_range(strlen(err.message), sizeof err.message - 3, sizeof err.message - 1);
    assert_int_equal(jn_utf8_invalid(jn_get_string(err.token)), jn_get_string(err.token).len);
}

static void containers_are_shown_as_json_and_not_too_deep(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    jn_value object = jn_make_object(a, 2), array = jn_make_array(a, 2);
    jn_array_add(a, array, jn_number(1));
    jn_array_add(a, array, jn_boolean(true));
    jn_object_put(a, object, JN_STR("a\"b"), array);
    check(&(struct jsonata_fault){ .code = "D3030", .value = object }, "D3030",
          "{\"a\\\"b\":[1,true]} cannot be made a number");
    jn_value deep = jn_make_array(a, 1);
    jn_array_add(a, deep, jn_null());
    for (int i = 0; i < 100000; i++) {
        jn_value outer = jn_make_array(a, 1);
        jn_array_add(a, outer, deep);
        deep = outer;
    }
    check(&(struct jsonata_fault){ .code = "D3030", .value = deep }, "D3030", "[[[[[...]]]]] cannot be made a number");
    jn_arena_free(a);
}

static void the_token_lives_in_the_error(void **state)
{
    (void)state;
    char text[] = "abc";
    struct jsonata_error err;
    jsonata_error_fill(&err, &(struct jsonata_fault){ .code = "S0201", .position = 3, .token = { text, 3 } });
    memset(text, 'x', 3);
    assert_true(jn_str_eq(jn_get_string(err.token), JN_STR("abc")));
    assert_int_equal(err.position, 3);
}

static void only_syntax_errors_can_be_at_the_very_start(void **state)
{
    (void)state;
    struct jsonata_error err;
    jsonata_error_fill(&err, &(struct jsonata_fault){ .code = "S0207" });
    assert_int_equal(err.position, 0);
    jsonata_error_fill(&err, &(struct jsonata_fault){ .code = "D3030" });
    assert_int_equal(err.position, -1);
}

/* Every member that a template names is one that faults have, and every bracket is closed. */
static void templates_are_well_formed(void **state)
{
    (void)state;
    static const char *const codes[] = { "S0101", "S0217/top", "S0500", "T0410", "T1005", "D1001", "T2009", "D2014",
                                         "D3001",
                                         "D3093", "D3110", "D3136", "D3141", "U1001" };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_non_null(jsonata_error_template(codes[i]));
    assert_null(jsonata_error_template("X0000"));
    char code[] = "S0000";
    for (int n = 0; n < 4 * 10000; n++) {
        snprintf(code, sizeof code, "%c%04d", "SDTU"[n / 10000], n % 10000);
        const char *template = jsonata_error_template(code);
        if (!template)
            continue;
        struct jsonata_error err;
        jsonata_error_fill(&err, &(struct jsonata_fault){ .code = code, .token = JN_STR("t"), .value = jn_number(1),
                           .value2 = jn_number(2), .index = 3, .type = "ty", .function = "f" });
        if (strstr(err.message, "{{") || strstr(err.message, "}}") || strstr(err.message, "[[") ||
            strstr(err.message, "]]") || strstr(err.message, "nothing ") || !err.message[0])
            fail_msg("%s: %s", code, err.message);
    }
}

static void positions_count_utf16_units(void **state)
{
    (void)state;
    const jn_str text = JN_STR("a\xC3\xA9\xF0\x9F\x98\x80z");
    static const size_t offsets[] = { 0, 1, 3, 7, 7, 8, 8 };
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        assert_int_equal(jsonata_byte_offset(text, (int64_t)i), offsets[i]);
    assert_int_equal(jsonata_byte_offset(text, -1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_fill_the_sentence),
        cmocka_unit_test(a_part_with_an_absent_member_is_left_out),
        cmocka_unit_test(a_shade_of_meaning_is_no_code),
        cmocka_unit_test(user_text_is_told_as_it_is),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(containers_are_shown_as_json_and_not_too_deep),
        cmocka_unit_test(the_token_lives_in_the_error),
        cmocka_unit_test(only_syntax_errors_can_be_at_the_very_start),
        cmocka_unit_test(templates_are_well_formed),
        cmocka_unit_test(positions_count_utf16_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
