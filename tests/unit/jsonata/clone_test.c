/* clone_test.c - what clones and transforms share with their argument, and that they leave it alone. */
#include "core/value.h"
#include "jsonata/jsonata.h"

#include "../../support/cmocka_all.h"

static const char document[] = "{\"a\":[{\"n\":1,\"deep\":{\"x\":[1]}},{\"n\":2}],\"b\":{\"c\":[1,2.5]},"
                               "\"odd\":{\"v\":0.1234567890123456789}}";

struct fixture {
    struct jsonata_context *context;
    jn_value input, result;
};

static void evaluate(struct fixture *f, const char *expression)
{
    struct jsonata *program;
    f->context = jsonata_context_new(NULL);
    const struct jn_read_options options = { .shapes = jsonata_context_shapes(f->context) };
    const jn_str text = { document, sizeof document - 1 }, source = { expression, strlen(expression) };
    assert_int_equal(jn_read(jsonata_context_arena(f->context), text, &options, &f->input, NULL, NULL), JN_OK);
    assert_int_equal(jsonata_compile(source, NULL, &program, NULL), JN_OK);
    assert_int_equal(jsonata_evaluate(program, f->context, f->input, (jn_value){ 0 }, &f->result, NULL), JN_OK);
    jsonata_free(program);
}

static void finish(struct fixture *f)
{
    size_t len;
    char *text = jn_write_text(f->input, NULL, &len, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"a\":[{\"n\":1,\"deep\":{\"x\":[1]}},{\"n\":2}],\"b\":{\"c\":[1,2.5]}"));
    free(text);
    jsonata_context_free(f->context);
}

static jn_value member(jn_value object, const char *key)
{
    return jn_member(object, (jn_str){ key, strlen(key) });
}

static bool is_same(jn_value a, jn_value b)
{
    assert_true(jn_equal(a, b));
    return a.as.object == b.as.object;
}

static void a_clone_shares_what_a_round_trip_would_not_change(void **unused)
{
    (void)unused;
    struct fixture f;
    evaluate(&f, "$clone($)");
    assert_true(is_same(member(f.result, "a"), member(f.input, "a")));
    assert_true(is_same(member(f.result, "b"), member(f.input, "b")));
    assert_false(jn_equal(member(f.result, "odd"), member(f.input, "odd")));       // 15 digits
    finish(&f);
}

static void a_program_that_could_tell_gets_a_copy(void **unused)
{
    (void)unused;
    struct fixture f;
    evaluate(&f, "($c := $clone($); $x := a in [$c.a]; $c)");
    assert_false(is_same(member(f.result, "a"), member(f.input, "a")));
    assert_false(is_same(member(f.result, "b"), member(f.input, "b")));
    finish(&f);
}

static void a_transform_copies_the_way_to_its_matches(void **unused)
{
    (void)unused;
    struct fixture f;
    evaluate(&f, "$ ~> |a[n = 1]|{\"m\": n + 1}, \"n\"|");
    const jn_value before = jn_at(member(f.input, "a"), 0), after = jn_at(member(f.result, "a"), 0);
    assert_true(is_same(member(f.result, "b"), member(f.input, "b")));
    assert_true(is_same(member(after, "deep"), member(before, "deep")));
    assert_int_equal((int)jn_get_number(member(after, "m")), 2);
    assert_true(jn_is_undefined(member(after, "n")));
    finish(&f);
}

static void objects_changed_alike_have_one_shape(void **unused)
{
    (void)unused;
    struct fixture f;
    evaluate(&f, "[{\"n\": 1, \"o\": 1}, {\"n\": 2, \"o\": 2}] ~> |$|{\"m\": n}, \"o\"|");
    assert_ptr_equal(jn_at(f.result, 0).as.object->shape, jn_at(f.result, 1).as.object->shape);
    assert_true(jn_at(f.result, 0).as.object->shape->shared);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clone_shares_what_a_round_trip_would_not_change),
        cmocka_unit_test(a_program_that_could_tell_gets_a_copy),
        cmocka_unit_test(a_transform_copies_the_way_to_its_matches),
        cmocka_unit_test(objects_changed_alike_have_one_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
