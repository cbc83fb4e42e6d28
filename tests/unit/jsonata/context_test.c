/* context_test.c - contexts: bindings, the host's functions, memory that stays warm, limits, sharing of programs. */
#include "core/arena.h"
#include "core/value.h"
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

#include <pthread.h>
#include <stdio.h>

static struct jsonata *compiled(const char *text)
{
    struct jsonata *program = NULL;
    assert_int_equal(jsonata_compile(jn_str_of(text), NULL, &program, NULL), JN_OK);
    return program;
}

static jn_value read_json(struct jsonata_context *c, const char *text)
{
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(c) };
    jn_value v;
    assert_int_equal(jn_read(jsonata_context_arena(c), jn_str_of(text), &opt, &v, NULL, NULL), JN_OK);
    return v;
}

static void assert_text(jn_value v, const char *expected)
{
    char *text = jn_write_text(v, NULL, NULL, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void bindings_are_variables_and_shadow_builtins(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled("$x + $sum");
    jn_value v;
    const jn_value bindings = read_json(c, "{\"x\":1,\"sum\":2}");
    assert_int_equal(jsonata_evaluate(program, c, jn_undefined(), bindings, &v, NULL), JN_OK);
    assert_text(v, "3");
    jsonata_free(program);
    jsonata_context_free(c);
}

static jn_value add_up(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    double sum = *(double *)host;
    for (size_t i = 0; i < count; i++) {
        if (jn_get_number(args[i]) < 0)
            return jsonata_call_fail(call, "H0001", "no negative numbers here");
        sum += jn_get_number(args[i]);
    }
    return jn_make_number(sum);
}

static void host_functions_are_called_checked_and_may_fail(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *good = compiled("$map([1, 2], $plus(?, 1))"), *wrong = compiled("$plus('a', 1)"),
                   *failing = compiled("1 + $plus(-1, 1)");
    struct jsonata_error err;
    double hundred = 100;
    jn_value v;
    assert_int_equal(jsonata_context_register(c, "plus", "<nn:n>", add_up, &hundred, &err), JN_OK);
    assert_int_equal(jsonata_evaluate(good, c, jn_undefined(), jn_undefined(), &v, &err), JN_OK);
    assert_text(v, "[102,103]");
    assert_int_equal(jsonata_evaluate(wrong, c, jn_undefined(), jn_undefined(), &v, &err), JN_EVALUATION);
    assert_string_equal(err.code, "T0410");
    assert_int_equal(jsonata_evaluate(failing, c, jn_undefined(), jn_undefined(), &v, &err), JN_EVALUATION);
    assert_string_equal(err.code, "H0001");
    assert_string_equal(err.message, "no negative numbers here");
    assert_int_equal(jsonata_context_register(c, "bad", "<n<s>:n>", add_up, NULL, &err), JN_BAD_TEXT);
    assert_string_equal(err.code, "S0401");
    jsonata_free(good);
    jsonata_free(wrong);
    jsonata_free(failing);
    jsonata_context_free(c);
}

/* ---- natives: what the engine checks and hands over ---------------------------------------------------------- */

static bool has_hole(jn_value v)
{
    for (size_t i = 0; i < jn_length(v); i++)
        if (jn_at(v, i).type == JN_UNDEFINED || has_hole(jn_at(v, i)))
            return true;
    return false;
}

static jn_value shown(jn_value v)
{
    return v.type == JN_UNDEFINED ? jn_make_string(jn_str_of("-")) : has_hole(v) ? jn_make_string(jn_str_of("hole")) : v;
}

/* The arguments as an array, undefined as "-": shows what a host gets. */
static jn_value show_arguments(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)host;
    struct jn_arena *a = jsonata_call_arena(call);
    const jn_value list = jn_make_array(a, count);
    for (size_t i = 0; i < count; i++)
        jn_array_add(a, list, shown(args[i]));
    return list;
}

static jn_value call_twice(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)count;
    const jn_value once = jsonata_call_invoke(call, args[0], &args[1], 1);
    *(bool *)host = jsonata_call_failed(call);
    return jsonata_call_invoke(call, args[0], &once, 1);
}

static jn_value count_calls(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call, (void)count;
    ++*(int *)host;
    return args[0];
}

/* A path that fails is run again to find the error of the earliest step, but not what the host did in it. */
static void a_host_is_not_called_again_for_an_error(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled("[1, 2].($count_calls($)).{$string(): $}.(1 + 'a')");
    struct jsonata_error err;
    int calls = 0;
    jn_str out;
    assert_int_equal(jsonata_context_register(c, "count_calls", NULL, count_calls, &calls, NULL), JN_OK);
    assert_int_equal(jsonata_evaluate_text(program, c, JN_STR("0"), jn_undefined(), NULL, &out, &err), JN_EVALUATION);
    assert_string_equal(err.code, "T2002");
    assert_int_equal(calls, 1);
    jsonata_free(program);
    jsonata_context_free(c);
}

struct native_case {
    const char *signature, *expression, *expected;      /* a text, or a code */
};

static void check_native(const struct native_case *k)
{
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled(k->expression);
    struct jsonata_error err;
    bool has_failed = false;
    jn_str out;
    assert_int_equal(jsonata_context_register(c, "show", k->signature, show_arguments, NULL, &err), JN_OK);
    assert_int_equal(jsonata_context_register(c, "twice", NULL, call_twice, &has_failed, &err), JN_OK);
    const jn_str input = JN_STR("{\"a\":[1,2],\"s\":\"x\"}");
    const enum jn_status s = jsonata_evaluate_text(program, c, input, jn_undefined(), NULL, &out, &err);
    const char *got = s ? err.code : out.data ? out.data : "nothing";
    if (strcmp(got, k->expected) != 0)
        fail_msg("%s %s: expected %s, got %s", k->signature ? k->signature : "", k->expression, k->expected, got);
    jsonata_free(program);
    jsonata_context_free(c);
}

/* Nor do faulty ones. */
static void ever_new_signatures_take_no_more_and_more(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(&(struct jsonata_limits){ .max_bytes = 1 << 20 });
    static const char types[] = "nsbl";
    bool has_failed = false;
    for (unsigned i = 0; i < 20000; i++) {
        char signature[40];
        snprintf(signature, sizeof signature, "<%s%c%c%c%c%c:n>", i % 5 ? "" : "n<s>", types[i & 3], types[i >> 2 & 3], types[i >> 4 & 3],
                 types[i >> 6 & 3], types[i >> 8 & 3]);
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(jsonata_context_register(c, k ? "other" : "show", signature, call_twice, &has_failed, NULL),
                             i % 5 ? JN_OK : JN_BAD_TEXT);
    }
    assert_int_equal(jsonata_context_register(c, "show", NULL, call_twice, &has_failed, NULL), JN_OK);
    jsonata_context_free(c);
}

static void natives_get_what_their_signature_says(void **state)
{
    (void)state;
    static const struct native_case cases[] = {
        { NULL, "$show()", "[]" },
        { NULL, "$show(1, nothing, 'x')", "[1,\"-\",\"x\"]" },
        { "<n:n>", "$show(1)", "[1]" },
        { "<l?a>", "$show(1)", "[1,[null]]" },
        { NULL, "($w := function($x, $y)<l?a>{$y}; $show([$w(1), [$w(1), 2]]))", "[[null,[null,2]]]" },
        { "<n:n>", "$show('1')", "T0410" },
        { "<n:n>", "$show(1, 2)", "T0410" },
        { "<nn:n>", "$show(1)", "T0410" },
        { "<n?s?>", "$show()", "[\"-\",\"-\"]" },
        { "<n?s?>", "$show('x')", "[\"x\",\"-\"]" },
        { "<a<n>:n>", "$show([1, 'x'])", "T0412" },
        { "<a<n>:n>", "$show(1)", "[[1]]" },
        { "<a>", "$show('x')", "[[\"x\"]]" },
        { "<s-n>", "s.$show(7)", "[\"x\",7]" },
        { "<s-n>", "$show(7)", "T0411" },
        { "<(sn)>", "$show('x') ~> $append($show(1))", "[\"x\",1]" },
        { "<(sn)>", "$show(true)", "T0410" },
        { "<f>", "$type($show($sum)[0])", "\"function\"" },
        { "<f>", "$show(1)", "T0410" },
        { "<n+>", "$show(1, 2, 3)", "[1,2,3]" },
        { "<n>", "$map(a, $show)", "[[1],[2]]" },
        { "<nn>", "$map(a, $show)", "[[1,0],[2,1]]" },
        { "<nn>", "($f := $show(?, 9); $f(1))", "[1,9]" },
        { "<n>", "1 ~> $show", "[1]" },
        { "<n>", "($f := $show; $f(3)[0])", "3" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_native(&cases[i]);
}

static void natives_call_functions_they_are_given(void **state)
{
    (void)state;
    static const struct native_case cases[] = {
        { NULL, "$twice(function($x) { $x * 10 }, 4)", "400" },
        { NULL, "$twice($string, 4)", "\"4\"" },
        { NULL, "($k := 3; $twice(function($x) { $x + $k }, 1))", "7" },
        { NULL, "$twice(function($x) { $x > 100 ? $x : $twice(function($y) { $y * 5 }, $x) }, 2)", "1250" },
        { NULL, "$twice(function($n) { $n = 0 ? 7 : ($f := function($m) { $m = 0 ? 0 : $f($m - 1) }; $f($n)) }, 1000)",
          "7" },
        { NULL, "$twice(/a/, 'a')", "nothing" },
        { NULL, "$twice('no function', 1)", "T1006" },
        { NULL, "$twice(function($x) { $x + 'a' }, 1)", "T2002" },
        { NULL, "$twice(function($x) { $show($x) }, 1)", "[[1]]" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_native(&cases[i]);
}

static void a_faulty_registration_changes_nothing(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled("$show(1)");
    jn_str out;
    struct jsonata_error err;
    const jn_str none = { NULL, 0 };
    assert_int_equal(jsonata_context_register(c, "show", "<n<s>>", show_arguments, NULL, &err), JN_BAD_TEXT);
    assert_int_equal(jsonata_evaluate_text(program, c, none, jn_undefined(), NULL, &out, &err), JN_EVALUATION);
    assert_string_equal(err.code, "T1006");
    assert_int_equal(jsonata_context_register(c, "show", "<n>", show_arguments, NULL, &err), JN_OK);
    assert_int_equal(jsonata_context_register(c, "show", "<n<s>>", show_arguments, NULL, &err), JN_BAD_TEXT);
    assert_int_equal(jsonata_evaluate_text(program, c, none, jn_undefined(), NULL, &out, &err), JN_OK);
    assert_string_equal(out.data, "[1]");
    jsonata_free(program);
    jsonata_context_free(c);
}

struct nested {
    struct jsonata_context *context;
    struct jsonata *program;
};

static jn_value evaluate_inside(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    const struct nested *n = host;
    jn_value v = jn_undefined();
    if (jsonata_evaluate(n->program, n->context, count ? args[0] : v, jn_undefined(), &v, NULL))
        return jsonata_call_fail(call, "H0002", "the inner evaluation failed");
    return v;
}

static void evaluations_nest_in_one_context(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *outer = compiled("[1..3].($f := function($n) { $n = 0 ? 0 : $n + $f($n - 1) }; $inner($) + $f($))");
    struct nested inner = { c, compiled("($g := function($n) { $n = 0 ? 0 : 10 + $g($n - 1) }; $g($))") };
    jn_value v;
    assert_int_equal(jsonata_context_register(c, "inner", NULL, evaluate_inside, &inner, NULL), JN_OK);
    assert_int_equal(jsonata_evaluate(outer, c, jn_undefined(), jn_undefined(), &v, NULL), JN_OK);
    assert_text(v, "[11,23,36]");
    jsonata_free(outer);
    jsonata_free(inner.program);
    jsonata_context_free(c);
}

static void the_system_is_not_asked_for_memory_again(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled(
        "items[v > 1]{k: $sum($map(v, function($x) { $x + 1 }))} ~> $merge() ~> $string()");
    uint64_t asked = 0;
    for (int i = 0; i < 20; i++) {
        jn_value v;
        jsonata_context_reset(c);
        const jn_value input = read_json(c, "{\"items\":[{\"k\":\"a\",\"v\":2},{\"k\":\"b\",\"v\":1},"
                                            "{\"k\":\"a\",\"v\":3}]}");
        assert_int_equal(jsonata_evaluate(program, c, input, jn_undefined(), &v, NULL), JN_OK);
        assert_text(v, "\"{\\\"a\\\":7}\"");
        if (i == 1)
            asked = jsonata_context_arena(c)->system_allocations;
    }
    assert_int_equal(jsonata_context_arena(c)->system_allocations, asked);
    jsonata_free(program);
    jsonata_context_free(c);
}

static void input_is_never_changed(void **state)
{
    (void)state;
    const char *text = "{\"a\":[3,1,2],\"o\":{\"x\":{\"y\":1}}}";
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled("[$sort(a), a^($), $reverse(a), $append(a, 4), ($ ~> |o|{\"n\": 1}, \"x\"|),"
                                       " $merge([o, {\"q\": 1}])]");
    const jn_value input = read_json(c, text);
    jn_value v;
    assert_int_equal(jsonata_evaluate(program, c, input, jn_undefined(), &v, NULL), JN_OK);
    assert_text(input, text);
    jsonata_free(program);
    jsonata_context_free(c);
}

static void memory_has_a_ceiling(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_bytes = 4 << 20 };
    struct jsonata_context *c = jsonata_context_new(&limits);
    struct jsonata *program = compiled("$count([1..1000000, 0])"), *small = compiled("1 + 1");
    struct jsonata_error err;
    jn_value v;
    assert_int_equal(jsonata_evaluate(program, c, jn_undefined(), jn_undefined(), &v, &err), JN_LIMIT);
    assert_string_equal(err.code, "");
    jsonata_context_reset(c);
    assert_int_equal(jsonata_evaluate(small, c, jn_undefined(), jn_undefined(), &v, &err), JN_OK);
    jsonata_free(program);
    jsonata_free(small);
    jsonata_context_free(c);
}

/* A function that one program returned, called by another. */
static void functions_travel_between_programs(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *maker = compiled("($k := 10; function($o) { $o.v * $k })");
    struct jsonata *user = compiled("[$f({\"v\": 2}), v.w]");
    jn_value f, v;
    assert_int_equal(jsonata_evaluate(maker, c, jn_undefined(), jn_undefined(), &f, NULL), JN_OK);
    jn_value bindings = jn_make_object(jsonata_context_arena(c), 1);
    assert_true(jn_object_put(jsonata_context_arena(c), bindings, JN_STR("f"), f));
    assert_int_equal(jsonata_evaluate(user, c, read_json(c, "{\"v\":{\"w\":3}}"), bindings, &v, NULL), JN_OK);
    assert_text(v, "[20,3]");
    jsonata_free(maker);
    jsonata_free(user);
    jsonata_context_free(c);
}

static void *evaluate_often(void *arg)
{
    const struct jsonata *program = arg;
    struct jsonata_context *c = jsonata_context_new(NULL);
    size_t right = 0;
    for (int i = 0; c && i < 200; i++) {
        jn_value v;
        jsonata_context_reset(c);
        const jn_value input = read_json(c, "{\"o\":[{\"n\":5},{\"n\":7}]}");
        if (jsonata_evaluate(program, c, input, jn_undefined(), &v, NULL) == JN_OK)
            right += jn_get_number(v) == 18;
    }
    jsonata_context_free(c);
    return right == 200 ? arg : NULL;
}

static void programs_are_shared_between_threads(void **state)
{
    (void)state;
    struct jsonata *program = compiled("($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $sum(o.$f(n)))");
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, evaluate_often, program), 0);
    for (int i = 0; i < 3; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_ptr_equal(done, program);
    }
    jsonata_free(program);
}

/* ---- text in, text out --------------------------------------------------------------------------------------- */

static enum jn_status text_to_text(const char *expression, const char *input, jn_str *out, struct jsonata_error *err)
{
    static struct jsonata_context *c;
    if (!expression) {
        jsonata_context_free(c);
        c = NULL;
        return JN_OK;
    }
    c = c ? c : jsonata_context_new(NULL);
    struct jsonata *program = compiled(expression);
    const jn_str text = input ? jn_str_of(input) : (jn_str){ NULL, 0 };
    const enum jn_status s = jsonata_evaluate_text(program, c, text, jn_undefined(), NULL, out, err);
    jsonata_free(program);
    return s;
}

static void text_becomes_text(void **state)
{
    (void)state;
    jn_str out = { "untouched", 9 };
    struct jsonata_error err;
    assert_int_equal(text_to_text("{'sum': $sum(v), 'all': v}", "{\"v\":[1, 2.50]}", &out, &err), JN_OK);
    assert_string_equal(out.data, "{\"sum\":3.5,\"all\":[1,2.5]}");
    assert_int_equal(out.len, strlen(out.data));
    assert_int_equal(text_to_text("missing", "{\"v\":1}", &out, &err), JN_OK);
    assert_null(out.data);
    assert_int_equal(text_to_text("$exists($)", NULL, &out, &err), JN_OK);
    assert_string_equal(out.data, "false");
    text_to_text(NULL, NULL, NULL, NULL);
}

static void a_text_can_be_kept(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata *program = compiled("v");
    const jn_str text = JN_STR("{\"v\":[1, 2]}"), none = JN_STR("{}");
    jn_str out;
    assert_null(jsonata_detach_text(c));
    assert_int_equal(jsonata_evaluate_text(program, c, text, jn_undefined(), NULL, &out, NULL), JN_OK);
    char *kept = jsonata_detach_text(c);
    assert_ptr_equal(kept, out.data);
    assert_null(jsonata_detach_text(c));
    assert_int_equal(jsonata_evaluate_text(program, c, text, jn_undefined(), NULL, &out, NULL), JN_OK);
    assert_string_equal(out.data, "[1,2]");
    assert_int_equal(jsonata_evaluate_text(program, c, none, jn_undefined(), NULL, &out, NULL), JN_OK);
    assert_null(jsonata_detach_text(c));
    jsonata_free(program);
    jsonata_context_free(c);
    assert_string_equal(kept, "[1,2]");
    free(kept);
}

static void failures_of_text_say_where(void **state)
{
    (void)state;
    jn_str out;
    struct jsonata_error err;
    assert_int_equal(text_to_text("v", "{\"v\":\n [1,]}", &out, &err), JN_BAD_TEXT);
    assert_string_equal(err.code, "");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 5);
    assert_non_null(strstr(err.message, "line 2, column 5"));
    assert_int_equal(text_to_text("v", "{\"v\":1} x", NULL, NULL), JN_BAD_TEXT);
    assert_int_equal(text_to_text("v", "", &out, &err), JN_BAD_TEXT);
    assert_int_equal(text_to_text("$sum", "1", &out, &err), JN_BAD_VALUE);
    assert_string_equal(err.code, "");
    assert_int_equal(err.line, 0);
    assert_int_equal(text_to_text("1 + 'a'", "1", &out, &err), JN_EVALUATION);
    assert_string_equal(err.code, "T2002");
    assert_int_equal(err.line, 0);
    assert_int_equal(text_to_text("1", "1", &out, &err), JN_OK);
    text_to_text(NULL, NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_text),
        cmocka_unit_test(a_text_can_be_kept),
        cmocka_unit_test(a_host_is_not_called_again_for_an_error),
        cmocka_unit_test(failures_of_text_say_where),
        cmocka_unit_test(bindings_are_variables_and_shadow_builtins),
        cmocka_unit_test(ever_new_signatures_take_no_more_and_more),
        cmocka_unit_test(natives_get_what_their_signature_says),
        cmocka_unit_test(natives_call_functions_they_are_given),
        cmocka_unit_test(a_faulty_registration_changes_nothing),
        cmocka_unit_test(host_functions_are_called_checked_and_may_fail),
        cmocka_unit_test(evaluations_nest_in_one_context),
        cmocka_unit_test(the_system_is_not_asked_for_memory_again),
        cmocka_unit_test(input_is_never_changed),
        cmocka_unit_test(memory_has_a_ceiling),
        cmocka_unit_test(functions_travel_between_programs),
        cmocka_unit_test(programs_are_shared_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
