/* Values, arrays, shapes and objects. */
#include "core/map.h"

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

static jn_str numbered_key(struct jn_arena *a, const char *head, unsigned i)
{
    char text[32];
    const int n = snprintf(text, sizeof text, "%s%u", head, i);
    return jn_arena_copy(a, (jn_str){ text, (size_t)n });
}

static void accessors_of_another_type_are_harmless(void **state)
{
    struct jn_arena *a = *state;
    const jn_value values[] = {jn_undefined(),
                               jn_make_null(),
                               jn_make_boolean(true),
                               jn_make_number(1),
                               jn_make_string(JN_STR("x")),
                               jn_make_array(a, 2),
                               jn_make_object(a, 2),
                               {.type = JN_FUNCTION}};
    static const char *const names[] = {"undefined", "null",  "boolean", "number",
                                        "string",    "array", "object",  "function"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const jn_value v = values[i];
        assert_string_equal(jn_type_name(v), names[i]);
        assert_int_equal(jn_get_boolean(v), i == 2);
        assert_true(jn_get_number(v) == (i == 3 ? 1 : 0));
        assert_int_equal(jn_get_string(v).len, i == 4 ? 1 : 0);
        assert_int_equal(jn_length(v), 0);
        assert_true(jn_is_undefined(jn_at(v, 0)));
        assert_int_equal(jn_key_at(v, 0).len, 0);
        assert_true(jn_is_undefined(jn_member(v, JN_STR("x"))));
        assert_int_equal(jn_array_add(a, v, jn_null()), i == 5);
        assert_int_equal(jn_object_put(a, v, JN_STR("x"), jn_null()), i == 6);
    }
    assert_false(jn_array_add(a, values[5], jn_undefined()));
    assert_false(jn_object_put(a, values[6], JN_STR("y"), jn_undefined()));
}

static void arrays_grow(void **state)
{
    struct jn_arena *a = *state;
    struct jn_array *x = jn_array_new(a, 0), *twice = jn_array_new(a, 1);
    for (unsigned i = 0; i < 10000; i++)
        assert_true(jn_array_push(a, x, jn_number(i)));
    assert_true(jn_array_push_all(a, twice, x));
    assert_true(jn_array_push_all(a, twice, twice));
    assert_int_equal(twice->len, 20000);
    for (unsigned i = 0; i < 20000; i++)
        assert_true(jn_num(twice->items[i]) == i % 10000);
}

/* An empty array at the end of a chunk must not take over the block behind it. */
static void empty_containers_grow_into_nothing_of_others(void **state)
{
    struct jn_arena *a = *state;
    struct jn_array *x = jn_array_new(a, 0);
    uint64_t *neighbour = jn_arena_alloc(a, 16);
    neighbour[0] = neighbour[1] = 42;
    struct jn_shapes *t = jn_shapes_in(a, 0);
    struct jn_object *o = jn_object_of(a, jn_shapes_root(t));
    uint64_t *other = jn_arena_alloc(a, 16);
    other[0] = other[1] = 43;
    assert_true(jn_array_push(a, x, jn_null()) && jn_object_set(a, o, JN_STR("k"), jn_null()));
    assert_true(neighbour[0] == 42 && neighbour[1] == 42 && other[0] == 43 && other[1] == 43);
}

static void objects_keep_their_keys_at_any_size(void **state)
{
    struct jn_arena *a = *state;
    for (unsigned n = 1; n <= 3000; n = n * 3 + 1) {
        const jn_value v = jn_make_object(a, 0);
        for (unsigned i = 0; i < n; i++)
            assert_true(jn_object_put(a, v, numbered_key(a, "key", i), jn_number(i)));
        for (unsigned i = 0; i < n; i++)
            assert_true(jn_object_put(a, v, numbered_key(a, "key", i), jn_number(i + 1)));
        assert_int_equal(jn_length(v), n);
        for (unsigned i = 0; i < n; i++) {
            const jn_str key = numbered_key(a, "key", i);
            assert_true(jn_str_eq(jn_key_at(v, i), key));
            assert_true(jn_get_number(jn_at(v, i)) == i + 1);
            assert_true(jn_get_number(jn_member(v, key)) == i + 1);
        }
        assert_true(jn_is_undefined(jn_member(v, JN_STR("key"))));
    }
}

static void keys_of_all_lengths_are_told_apart(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = jn_make_object(a, 0);
    char text[100];
    memset(text, 'a', sizeof text);
    for (size_t n = 0; n < sizeof text; n++)
        assert_true(jn_object_put(a, v, (jn_str){ text, n }, jn_number((double)n)));
    for (size_t n = 0; n < sizeof text; n++)
        assert_true(jn_get_number(jn_member(v, (jn_str){ text, n })) == (double)n);
    assert_true(jn_is_undefined(jn_member(v, JN_STR("b"))));
    assert_true(jn_get_number(jn_member(v, (jn_str){ NULL, 0 })) == 0);
}

static void expect_keys(jn_value v, const char *expected)
{
    char got[256] = "";
    for (size_t i = 0; i < jn_length(v); i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i ? "," : "", JN_ARG(jn_key_at(v, i)));
    assert_string_equal(got, expected);
}

static void keys_like_indices_come_first_and_ascending(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = jn_make_object(a, 0);
    static const char *const keys[] = { "b", "10", "9", "01", "4294967295", "4294967294", "0", "a", "-1", "1" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_true(jn_object_put(a, v, jn_str_of(keys[i]), jn_number((double)i)));
    expect_keys(v, "0,1,9,10,4294967294,b,01,4294967295,a,-1");
    assert_true(jn_get_number(jn_at(v, 0)) == 6);
    assert_true(jn_object_remove(a, v.as.object, JN_STR("9")));
    assert_true(jn_object_remove(a, v.as.object, JN_STR("nobody")));
    expect_keys(v, "0,1,10,4294967294,b,01,4294967295,a,-1");
    assert_true(jn_object_put(a, v, JN_STR("b"), jn_null()));
    assert_true(jn_object_remove(a, v.as.object, JN_STR("b")) && jn_object_put(a, v, JN_STR("b"), jn_null()));
    assert_true(jn_object_put(a, v, JN_STR("2"), jn_null()));
    expect_keys(v, "0,1,2,10,4294967294,01,4294967295,a,-1,b");
}

static void a_hundred_thousand_descending_indices_are_quick(void **state)
{
    enum { N = 100000 };
    struct jn_arena *a = *state;
    const jn_value v = jn_make_object(a, 0);
    for (unsigned i = N; i-- > 0;)
        assert_true(jn_object_put(a, v, numbered_key(a, "", i), jn_number(i)));
    for (unsigned i = 0; i < N; i++)
        assert_true(jn_get_number(jn_at(v, i)) == i);
}

static void removing_keeps_the_rest_findable(void **state)
{
    struct jn_arena *a = *state;
    const jn_value v = jn_make_object(a, 0);
    for (unsigned i = 0; i < 50; i++)
        assert_true(jn_object_put(a, v, numbered_key(a, "k", i), jn_number(i)));
    for (unsigned i = 0; i < 50; i += 2)
        assert_true(jn_object_remove(a, v.as.object, numbered_key(a, "k", i)));
    assert_int_equal(jn_length(v), 25);
    for (unsigned i = 0; i < 50; i++) {
        const jn_value member = jn_member(v, numbered_key(a, "k", i));
        assert_true(i % 2 ? jn_get_number(member) == i : jn_is_undefined(member));
    }
}

/* A table that is half full takes a new shape at the second time of asking. */
static struct jn_shape *ask_twice(struct jn_shapes *t, struct jn_shape *from, jn_str key)
{
    struct jn_shape *s = jn_shapes_extend(t, from, key);
    return s ? s : jn_shapes_extend(t, from, key);
}

static void shapes_are_interned_and_bounded(void **state)
{
    struct jn_arena *a = *state;
    struct jn_shapes *t = jn_shapes_new_on(NULL, 100);
    struct jn_shape *ab = jn_shapes_extend(t, jn_shapes_extend(t, jn_shapes_root(t), JN_STR("a")), JN_STR("b"));
    assert_ptr_equal(jn_shapes_extend(t, ab->parent, JN_STR("b")), ab);
    assert_int_equal(jn_shape_find(ab, JN_STR("b")), 1);
    assert_int_equal(jn_shape_find(ab, JN_STR("c")), -1);
    struct jn_shape *s = jn_shapes_root(t);
    for (unsigned i = 0; i < JN_SHAPE_MAX; i++) {
        s = ask_twice(t, s, numbered_key(a, "key", i));
        assert_non_null(s);
        assert_int_equal(s->len, i + 1);
        for (unsigned k = 0; k <= i; k++)
            assert_int_equal(jn_shape_find(s, numbered_key(a, "key", k)), k);
    }
    assert_null(jn_shapes_extend(t, s, JN_STR("more")));
    for (unsigned i = 0; i < 34; i++)       // 2 + 64 are taken
        assert_non_null(ask_twice(t, jn_shapes_root(t), numbered_key(a, "other", i)));
    assert_null(ask_twice(t, jn_shapes_root(t), JN_STR("new")));
    assert_non_null(jn_shapes_extend(t, jn_shapes_root(t), JN_STR("other0")));
    struct jn_shapes *foreign = jn_shapes_new_on(NULL, 0);
    assert_null(jn_shapes_extend(foreign, ab, JN_STR("c")));
    jn_shapes_free(foreign);
    jn_shapes_free(t);
    jn_shapes_free(NULL);
}

static void changing_an_object_leaves_its_shared_shape_alone(void **state)
{
    struct jn_arena *a = *state;
    struct jn_shapes *t = jn_shapes_in(a, 0);
    struct jn_shape *shape = jn_shapes_extend(t, jn_shapes_extend(t, jn_shapes_root(t), JN_STR("2")), JN_STR("1"));
    struct jn_object *x = jn_object_of(a, shape), *y = jn_object_of(a, shape), *z = jn_object_of(a, shape);
    x->values[0] = y->values[0] = z->values[0] = jn_number(2);
    x->values[1] = y->values[1] = z->values[1] = jn_number(1);
    assert_true(jn_object_set(a, x, JN_STR("0"), jn_number(0)));
    assert_true(jn_object_set(a, y, JN_STR("1"), jn_number(10)));
    assert_true(jn_object_remove(a, z, JN_STR("1")));
    assert_ptr_equal(y->shape, shape);
    assert_int_equal(shape->len, 2);
    expect_keys(jn_object_value(x), "0,1,2");
    expect_keys(jn_object_value(y), "1,2");
    expect_keys(jn_object_value(z), "2");
}

static jn_value parse(struct jn_arena *a, const char *text)
{
    jn_value v;
    assert_int_equal(jn_read(a, jn_str_of(text), NULL, &v, NULL, NULL), JN_OK);
    return v;
}

static void equality_is_deep_and_strict(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"1", "1.0", true},
        {"1", "\"1\"", false},
        {"0", "-0", true},
        {"1e400", "1e500", true},
        {"null", "false", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"[]", "{}", false},
        {"[]", "[]", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":{\"b\":{\"c\":[1,2,{\"d\":null}]}}}", "{\"a\":{\"b\":{\"c\":[1,2,{\"d\":null}]}}}", true},
        {"{\"a\":{\"b\":{\"c\":[1,2,{\"d\":null}]}}}", "{\"a\":{\"b\":{\"c\":[1,2,{\"d\":0}]}}}", false},
    };
    struct jn_arena *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const jn_value x = parse(a, cases[i].a), y = parse(a, cases[i].b);
        if (jn_equal(x, y) != cases[i].equal || jn_equal(y, x) != cases[i].equal)
            fail_msg("%s and %s are%s equal", cases[i].a, cases[i].b, cases[i].equal ? " not" : "");
    }
    assert_false(jn_equal(jn_number(NAN), jn_number(NAN)));
    assert_true(jn_equal(jn_undefined(), jn_undefined()));
    int one, other;
    const jn_value f = { .type = JN_FUNCTION, .as.function = &one }, g = { .type = JN_FUNCTION, .as.function = &other };
    assert_true(jn_equal(f, f));
    assert_false(jn_equal(f, g));
}

static void a_deep_copy_stands_alone(void **state)
{
    struct jn_arena *a = *state;
    static const char json[] =
        "[{\"a\":\"x\",\"b\":1.50},{\"a\":\"y\\n\",\"b\":[true,{}]},{\"1\":0,\"0\":1},[[]],\"z\"]";
    char text[sizeof json];
    memcpy(text, json, sizeof json);
    struct jn_arena other;
    jn_arena_init(&other, 0);
    const jn_value v = parse(&other, text);
    assert_true(jn_object_put(&other, jn_at(v, 2), JN_STR("own"), jn_null()));     // a private shape
    const jn_value copy = jn_deep_copy(a, v);
    memset(text, '?', sizeof text - 1);
    jn_arena_clear(&other);
    char *written = jn_write_text(copy, NULL, NULL, NULL);
    assert_string_equal(
        written,
        "[{\"a\":\"x\",\"b\":1.5},{\"a\":\"y\\n\",\"b\":[true,{}]},{\"0\":1,\"1\":0,\"own\":null},[[]],\"z\"]");
    free(written);
    assert_ptr_equal(jn_at(copy, 0).as.object->shape, jn_at(copy, 1).as.object->shape);
    assert_true(jn_object_put(a, jn_at(copy, 0), JN_STR("c"), jn_null()));
    assert_int_equal(jn_length(jn_at(copy, 1)), 2);
}

static void a_deep_copy_keeps_the_flags_of_arrays(void **state)
{
    struct jn_arena *a = *state;
    struct jn_array *inner = jn_array_new(a, 1), *outer = jn_array_new(a, 1);
    assert_true(jn_array_push(a, inner, jn_null()) && jn_array_push(a, outer, jn_array_value(inner, JN_CONS)));
    const jn_value copy = jn_deep_copy(a, jn_array_value(outer, JN_SEQUENCE | JN_KEEP_SINGLETON));
    assert_int_equal(copy.flags, JN_SEQUENCE | JN_KEEP_SINGLETON);
    assert_int_equal(jn_at(copy, 0).flags, JN_CONS);
}

/* The same work under ceilings that grow: it fails cleanly until it passes. */
static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    bool done = false;
    for (size_t ceiling = 64; !done; ceiling += ceiling / 4) {
        struct jn_arena a;
        jn_arena_init(&a, ceiling);
        const jn_value v = jn_make_object(&a, 0), list = jn_make_array(&a, 0);
        bool ok = !jn_is_undefined(v) && !jn_is_undefined(list);
        for (unsigned i = 0; ok && i < 2000; i++) {
            const jn_str key = numbered_key(&a, i % 2 ? "k" : "", i);
            ok = key.data && jn_object_put(&a, v, key, jn_number(i)) && jn_array_add(&a, list, v);
        }
        done = ok && !jn_is_undefined(jn_deep_copy(&a, v)) && !jn_is_undefined(jn_copy_string(&a, JN_STR("end")));
        assert_int_equal(jn_arena_failed(&a), done ? JN_OK : JN_LIMIT);
        jn_arena_clear(&a);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accessors_of_another_type_are_harmless),
        TEST(arrays_grow),
        TEST(empty_containers_grow_into_nothing_of_others),
        TEST(objects_keep_their_keys_at_any_size),
        TEST(keys_of_all_lengths_are_told_apart),
        TEST(keys_like_indices_come_first_and_ascending),
        TEST(a_hundred_thousand_descending_indices_are_quick),
        TEST(removing_keeps_the_rest_findable),
        TEST(shapes_are_interned_and_bounded),
        TEST(changing_an_object_leaves_its_shared_shape_alone),
        TEST(equality_is_deep_and_strict),
        TEST(a_deep_copy_stands_alone),
        TEST(a_deep_copy_keeps_the_flags_of_arrays),
        TEST(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
