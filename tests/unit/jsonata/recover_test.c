/* recover_test.c - recover mode from outside: programs with errors, and trees where the reference gives up.
 * What the trees look like is in tests/golden/jsonata/ast.json. */
#include "core/buf.h"
#include "core/value.h"
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

static const struct jsonata_compile_options recovering = { .recover = true };

static void a_program_with_errors_lists_them_and_raises_one(void **state)
{
    (void)state;
    struct jsonata *program = NULL;
    struct jsonata_error err;
    assert_int_equal(jsonata_compile(JN_STR("[1, a b"), &recovering, &program, &err), JN_OK);
    assert_int_equal(jsonata_error_count(program), 1);
    jsonata_error_at(program, 0, &err);
    assert_string_equal(err.code, "S0202");
    assert_int_equal(err.position, 7);
    assert_string_equal(err.text, "b");
    assert_true(strlen(err.message) > 0);
    jsonata_error_at(program, 1, &err);
    assert_string_equal(err.code, "");

    struct jsonata_context *c = jsonata_context_new(NULL);
    jn_value v;
    assert_int_equal(jsonata_evaluate(program, c, jn_undefined(), jn_undefined(), &v, &err), JN_EVALUATION);
    assert_string_equal(err.code, "S0500");
    assert_int_equal(err.position, 0);
    jsonata_context_free(c);
    jsonata_free(program);
}

static void a_program_without_errors_is_like_any_other(void **state)
{
    (void)state;
    struct jsonata *program = NULL;
    assert_int_equal(jsonata_compile(JN_STR("1 + 1"), &recovering, &program, NULL), JN_OK);
    assert_int_equal(jsonata_error_count(program), 0);
    struct jsonata_context *c = jsonata_context_new(NULL);
    jn_value v;
    assert_int_equal(jsonata_evaluate(program, c, jn_undefined(), jn_undefined(), &v, NULL), JN_OK);
    assert_true(jn_num(v) == 2);
    jsonata_context_free(c);
    jsonata_free(program);
}

/* Errors inside of a token, and of meaning. */
static void some_errors_are_final(void **state)
{
    (void)state;
    static const char *const texts[][2] = { { "a & 'b", "S0101" }, { "a b 'c", "S0101" }, { "a.1", "S0213" },
                                            { "a.%.%", "S0217" }, { "/[/", "S0302" } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct jsonata *program = NULL;
        struct jsonata_error err = { .code = "" };
        assert_int_equal(jsonata_compile(jn_str_of(texts[i][0]), &recovering, &program, &err), JN_BAD_TEXT);
        assert_string_equal(err.code, texts[i][1]);
    }
}

/* The reference's own recovery ends in a crash here; ours has a tree and the errors. */
static void what_the_reference_chokes_on_has_a_tree(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
        int64_t position;
    } cases[] = {
        { "1 := 2", "S0212", 1 }, { "a@b", "S0214", 3 }, { "a#1", "S0214", 3 }, { "!a", "S0204", 1 },
        { "@", "S0211", 1 },
        { "\xCE\xBB($x)<n<n>>{1}", "S0401", 8 },
    };
    struct jn_arena *a = jn_arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jsonata_error err = { .code = "" };
        jn_value tree;
        assert_int_equal(jsonata_ast(a, jn_str_of(cases[i].text), &recovering, &tree, &err), JN_OK);
        const jn_value first = jn_at(jn_member(tree, JN_STR("errors")), 0);
        assert_true(jn_str_eq(jn_get_string(jn_member(first, JN_STR("code"))), jn_str_of(cases[i].code)));
        assert_int_equal(jn_get_number(jn_member(first, JN_STR("position"))), cases[i].position);
    }
    jn_arena_free(a);
}

/* Left operands nest as deeply as the text is long; ?: and ?? nested in each other hold one node many times. */
static void trees_of_long_texts_are_no_deeper_than_memory(void **state)
{
    (void)state;
    struct jn_buf text;
    struct jn_arena *a = jn_arena_new(0);
    jn_value tree;
    jn_buf_init(&text, 0);
    jn_buf_append_z(&text, "1");
    for (int i = 0; i < 20000; i++)
        jn_buf_append_z(&text, i % 2 ? "+1" : "()");
    assert_int_equal(jsonata_ast(a, jn_buf_str(&text), NULL, &tree, NULL), JN_OK);

    jn_buf_truncate(&text, 0);
    for (int i = 0; i < 400; i++)
        jn_buf_append_z(&text, "(");
    jn_buf_append_z(&text, "a");
    for (int i = 0; i < 400; i++)
        jn_buf_append_z(&text, i % 2 ? " ?: b)" : " ?? b)");
    assert_int_equal(jsonata_ast(a, jn_buf_str(&text), NULL, &tree, NULL), JN_OK);
    jn_buf_clear(&text);
    jn_arena_free(a);
}

/* Memory that ends somewhere: always a status, never a tree with holes. */
static void a_tree_needs_its_memory(void **state)
{
    (void)state;
    const jn_str text = JN_STR("a.b[c = 1]{d: $sum(e)} ?: [1, f");
    enum jn_status s = JN_LIMIT;
    for (size_t ceiling = 1024; s; ceiling += 512) {
        struct jn_arena a;
        jn_value tree;
        jn_arena_init(&a, ceiling);
        s = jsonata_ast(&a, text, &recovering, &tree, NULL);
        assert_true(s == JN_OK || s == JN_LIMIT || s == JN_NO_MEMORY);
        jn_arena_clear(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_with_errors_lists_them_and_raises_one),
        cmocka_unit_test(a_program_without_errors_is_like_any_other),
        cmocka_unit_test(some_errors_are_final),
        cmocka_unit_test(what_the_reference_chokes_on_has_a_tree),
        cmocka_unit_test(trees_of_long_texts_are_no_deeper_than_memory),
        cmocka_unit_test(a_tree_needs_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
