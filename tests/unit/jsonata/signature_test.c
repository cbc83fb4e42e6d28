/* signature_test.c - signatures of lambdas as expressions, and the ones no expression shows, by direct calls. */
#include "cases.h"

#include "jsonata/signature.h"

static const struct fn_case signatures_cases[] = {
    { "function($x)<n:n>{$x}('a')", NULL, "!T0410 1 'a'" },
    { "function($x,$y)<nn:n>{$x}(1,'a')", NULL, "!T0410 2 'a'" },
    { "function($x,$y)<n-n:n>{$x+$y}(1)", NULL, "" },
    { "function($x,$y)<n-n:n>{$x+$y}(1)", "5", "6" },
    { "function($x,$y)<n-n:n>{$x+$y}(1)", "'s'", "!T0411 1 's'" },
    { "function($x)<a<s>:n>{$x}('a')", NULL, "['a']" },
    { "function($x)<a<s>:n>{$x}(1)", NULL, "!T0412 1 1 strings" },
    { "function($x)<a<s>:n>{$x}(['a',1])", NULL, "!T0412 1 ['a',1] strings" },
    { "function($x)<a<s>:n>{$x}([1,'a'])", NULL, "!T0412 1 [1,'a'] strings" },
    { "function($x)<a<s>:n>{$x}([])", NULL, "[]" },
    { "function($x)<a<n>:n>{$x}(nothing)", NULL, "" },
    { "function($x,$y)<s?n?:n>{[$x,$y]}(1)", NULL, "[1]" },
    { "function($x,$y)<n+s:n>{[$x,$y]}(1,2,'a')", NULL, "[1,2]" },
    { "function($x,$y,$z)<n+s:n>{[$x,$y,$z]}(1,2,'a')", NULL, "[1,2,'a']" },
    { "function($x,$y,$z)<n+s?:n>{[$x,$y,$z]}('a')", NULL, "!T0410 1 'a'" },
    { "function($x)<(ns)-:n>{$x}()", "true", "!T0411 1 true" },
    { "function($x)<(ns)-:n>{$x}()", "4", "4" },
    { "function($x)<(ns)-:n>{$x}()", NULL, "" },
    { "function($x)<(n<s>)-:n>{$x}()", NULL, "!S0402 0" },
    { "function($x)<n<s>:n>{$x}()", NULL, "!S0401 0" },
    { "function($x)<a<a<n>>:n>{$x}([[1]])", NULL, "[[1]]" },
    { "function($x)<a<a<n>>:n>{$x}([1])", NULL, "!T0412 1 [1]" },
    { "function($x)<f:n>{$x}(1)", NULL, "!T0410 1 1" },
    { "function($x)<f<n:n>:n>{1}($sum)", NULL, "1" },
    { "function($x)<j:n>{$x}($sum)", NULL, "!T0410 1" },
    { "function($x)<x:n>{1}($sum)", NULL, "1" },
    { "function($x)<u:n>{$x}(null)", NULL, "!T0410 1 null" },
    { "function($x)<l:n>{$x}(null)", NULL, "null" },
    { "function($x)<n>{$x}(1)", NULL, "1" },
    { "function($x)<>{$x}(1)", NULL, "!T0410 1 1" },
    { "function($x)<:n>{$x}(1)", NULL, "!T0410 1 1" },
    { "function($x)<:n>{$x}()", NULL, "" },
    { "function($x)<q:n>{$x}(1)", NULL, "!T0410 1 1" },
    { "function($x)<a<n>+:n>{$x}(1,2)", NULL, "!T0412 1 1 numbers" },
    { "function($x,$y)<a<n>+:n>{[$x,$y]}([1],[2])", NULL, "[1,2]" },
    { "function($x,$y)<s?n?:n>{{'x':$x,'y':$y}}(1)", NULL, "{'x':1}" },
    { "function($x,$y)<s?n?:n>{{'x':$x,'y':$y}}(1,2)", NULL, "!T0410 2 2" },
    { "function($x,$y)<n-s?:n>{{'x':$x,'y':$y}}('a')", "3", "{'x':3,'y':'a'}" },
    { "function($x,$y)<a-s:n>{{'x':$x,'y':$y}}('a')", "3", "{'x':3,'y':'a'}" },
    { "function($x,$y)<n?s-:n>{{'x':$x,'y':$y}}()", "'q'", "{'y':'q'}" },
    { "function($x,$y)<n+n:n>{{'x':$x,'y':$y}}(1,2,3)", NULL, "{'x':1,'y':2}" },
    { "function($x)<(nx):n>{$x}(true)", NULL, "!T0410 1 true" },
    { "function($x)<(ns)<n>:n>{$x}(true)", NULL, "!S0401 0" },
    { "function($x)<f<n:n>?:n>{1}(3)", NULL, "!T0410 1 3" },
    { "function($x)<nn?n?:n>{1}(3,'a')", NULL, "!T0410 2 'a'" },
    { "function($x)<n+s+:n>{1}(3,4,true)", NULL, "!T0410 3 true" },
    { "function($x)<o:n>{$x}('a')", NULL, "!T0410 1 'a'" },
    { "function($x)<x-:n>{$x}()", "7", "7" },
    { "function($x)<a<x>:n>{$x}([1])", NULL, "!T0412 1 [1]" },
    { "function($x)<a<sn>:n>{$x}('a')", NULL, "!T0412 1 'a'" },
    { "function($x)<a<sn>:n>{$x}(['a'])", NULL, "['a']" },
    { "function($x)<a<b>:n>{$x}(1)", NULL, "!T0412 1 1 booleans" },
    { "function($x)<a<b>:n>{$x}([1])", NULL, "!T0412 1 [1] booleans" },
    { "function($x)<a<a>:n>{$x}([1])", NULL, "!T0412 1 [1] arrays" },
    { "function($x)<a<f>:n>{$x}([1])", NULL, "!T0412 1 [1] functions" },
    { "function($x)<a<o>:n>{$x}([1])", NULL, "!T0412 1 [1] objects" },
    { "function($x)<a<l>:n>{$x}([1])", NULL, "!T0412 1 [1]" },
    { "function($x)<a<n>?:n>{$x}('s')", NULL, "!T0412 1 's' numbers" },
    { "function($a,$b,$c)<sn?b?:s>{$a & $b & $c}('x', true)", NULL, "'xtrue'" },
    { "function($a,$b,$c)<sn?b?:s>{$a & $b & $c}('x', 1, true)", NULL, "'x1true'" },
    { "function($a,$b,$c)<sn?b?:s>{$a & $b & $c}('x', 'y')", NULL, "!T0410 2 'y'" },
    { "function($a,$b)<(sn)(bo):s>{$type($a) & $type($b)}(1, {})", NULL, "'numberobject'" },
    { "function($a,$b)<(sn)(bo):s>{$type($a) & $type($b)}(1, 2)", NULL, "!T0410 2 2" },
    { "function($a,$b)<(sn)(bo):s>{$type($a) & $type($b)}(true, true)", NULL, "!T0410 1 true" },
    { "function($a)<a<o>:s>{$count($a)}([{},{}])", NULL, "2" },
    { "function($a)<a<o>:s>{$count($a)}({})", NULL, "1" },
    { "function($a)<a<o>:s>{$count($a)}([{},1])", NULL, "!T0412 1 [{},1] objects" },
    { "function($a)<a<s>+:s>{$a}(['a'],['b'])", NULL, "['a']" },
    { "function($a,$b)<s+f:s>{$a}('a','b',$sum)", NULL, "'a'" },
    { "function($a,$b)<s+f:s>{$a}('a','b',1)", NULL, "!T0410 3 1" },
    { "function($a,$b)<nn-:n>{$a - $b}(5)", "3", "2" },
    { "function($a,$b)<n-n-:n>{$a - $b}()", "3", "0" },
    { "function($a,$b)<nf>{$b($a)}(4, $sqrt)", NULL, "2" },
    { "function($a)<a:n>{$a}(nothing)", NULL, "" },
    { "function($a)<s:n>{$a}(1, 2)", NULL, "!T0410 1 1" },
    { "function($a)<s:n>{$a}('a', 2)", NULL, "!T0410 2 2" },
    { "function($a)<s?:n>{$a}(2)", NULL, "!T0410 1 2" },
    { "function($a)<n+:n>{$a}()", NULL, "!T0410 1" },
    { "function($a)<n+:n>{$a}('a')", NULL, "!T0410 1 'a'" },
    { "function($a)<n+:n>{$a}(1, 'a', 2)", NULL, "!T0410 2 'a'" },
    { "function($a)<o-:n>{$a}()", "[1]", "!T0411 1 [[1]]" },
};

TABLE_TEST(signatures)

/* Just enough of an evaluation for a signature. */
static int setup(void **state)
{
    struct jsonata_eval *e = calloc(1, sizeof *e);
    e->arena = jn_arena_new(0);
    e->fuel = 1000;
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    struct jsonata_eval *e = *state;
    jn_arena_free(e->arena);
    free(e);
    return 0;
}

static struct jsonata_signature *compile(struct jsonata_eval *e, const char *text)
{
    struct jsonata_fault fault = { 0 };
    struct jsonata_signature *s = jsonata_signature_compile(e->arena, jn_str_of(text), &fault);
    assert_non_null(s);
    return s;
}

static void faulty_signatures_are_refused(void **state)
{
    static const char *const cases[][3] = {
        { "<n<s>:n>", "S0401", "n" },
        { "<(ns)<s>:n>", "S0401", "(ns)" },
        { "<<s>:n>", "S0401", "" },
        { "<(sa<n>):n>", "S0402", "sa<n>" },
    };
    struct jsonata_eval *e = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jsonata_fault fault = { 0 };
        assert_null(jsonata_signature_compile(e->arena, jn_str_of(cases[i][0]), &fault));
        assert_string_equal(fault.code, cases[i][1]);
        assert_true(jn_str_eq(jn_get_string(fault.value), jn_str_of(cases[i][2])));
    }
}

static void unfinished_signatures_stay_inside_their_text(void **state)
{
    static const char *const texts[] = { "", "<", "<a<", "<(", "<(sn", "<a<n", "<f<n:n", "<-", "<?+-" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        compile(*state, texts[i]);
}

static void single_values_are_wrapped(void **state)
{
    struct jsonata_eval *e = *state;
    const jn_value arg = jn_number(7);
    jn_value out[1 + JSONATA_MAX_ARITY];
    assert_int_equal(jsonata_signature_apply(e, compile(e, "<a<n>s?:n>"), jn_undefined(), &arg, 1, out), 2);
    assert_int_equal(jn_length(out[0]), 1);
    assert_true(jn_get_number(jn_at(out[0], 0)) == 7);
    assert_true(jn_is_undefined(out[1]));
}

static void more_missing_parameters_than_room_are_left_out(void **state)
{
    struct jsonata_eval *e = *state;
    jn_value out[JSONATA_MAX_ARITY];
    const struct jsonata_signature *s = compile(e, "<s?s?s?s?s?s?s?s?s?s?s?s?:s>");
    assert_int_equal(jsonata_signature_apply(e, s, jn_undefined(), out, 0, out), JSONATA_MAX_ARITY);
    assert_false(jsonata_failed(e));
}

/* As a backtracking expression (n+)(n+)... this would take longer than the universe has had. */
static void hostile_signatures_are_matched_quickly(void **state)
{
    enum { ARGS = 200 };
    struct jsonata_eval *e = *state;
    jn_value args[ARGS], out[ARGS + JSONATA_MAX_ARITY];
    for (int i = 0; i < ARGS; i++)
        args[i] = jn_number(i);
    args[ARGS - 1] = jn_null();
    const struct jsonata_signature *s = compile(e, "<n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+n+s:n>");
    jsonata_signature_apply(e, s, jn_undefined(), args, ARGS, out);
    assert_string_equal(e->fault.code, "T0410");
    assert_int_equal(e->fault.index, ARGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures),
        cmocka_unit_test_setup_teardown(faulty_signatures_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(unfinished_signatures_stay_inside_their_text, setup, teardown),
        cmocka_unit_test_setup_teardown(single_values_are_wrapped, setup, teardown),
        cmocka_unit_test_setup_teardown(more_missing_parameters_than_room_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_signatures_are_matched_quickly, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
