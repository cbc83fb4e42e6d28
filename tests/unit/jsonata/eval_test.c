/* eval_test.c - operators, variables, blocks, conditions, lambdas and calls; depth and tail calls. */
#include "cases.h"

/* What the reference (jsonata-js 2.2.2) gives for each was established by running it. */

static const struct fn_case operators_cases[] = {
    { "1 + nothing", NULL, "" },
    { "1 + 'a'", NULL, "!T2002 0 'a'" },
    { "'a' + 'b'", NULL, "!T2001 0 'a'" },
    { "nothing + 'b'", NULL, "!T2002 0 'b'" },
    { "(1/0) + 1", NULL, "!D1001 0 null" },
    { "1/0", NULL, "null" },
    { "-5 % 3", NULL, "-2" },
    { "-'a'", NULL, "!D1002 0 'a'" },
    { "nothing = nothing", NULL, "false" },
    { "nothing != nothing", NULL, "false" },
    { "[1, 2] = [1, 2]", NULL, "true" },
    { "1 = '1'", NULL, "false" },
    { "nothing < 'a'", NULL, "" },
    { "nothing < null", NULL, "!T2010 0" },
    { "1 < 'a'", NULL, "!T2009 0 1" },
    { "[1] in [[1]]", NULL, "false" },
    { "null in [null]", NULL, "true" },
    { "true or (1 + 'a')", NULL, "true" },
    { "false and (1 + 'a')", NULL, "false" },
    { "'a' & [1, 2] & nothing & null", NULL, "'a[1,2]null'" },
    { "0.1 + 0.2 & ''", NULL, "'0.3'" },
    { "[1..3, 5]", NULL, "[1,2,3,5]" },
    { "[3..1]", NULL, "[]" },
    { "['a'..1]", NULL, "!T2003 0 'a'" },
    { "[0..10000000]", NULL, "!D2014 0 10000001" },
    { "0 ?: 5", NULL, "5" },
    { "0 ?? 5", NULL, "0" },
    { "null ?? 5", NULL, "null" },
};

static const struct fn_case variables_cases[] = {
    { "($x := 1; ($y := $x; $x := 2; $x))", NULL, "2" },
    { "($x := 1; ($x := 2; $x) + $x)", NULL, "3" },
    { "($x := 5) + $x", NULL, "" },
    { "($x := $y := 3; $x + $y)", NULL, "6" },
    { "($sum := 3; $sum)", NULL, "3" },
    { "($sum := function($x) { 'mine' }; $sum([1, 2]))", NULL, "'mine'" },
    { "[$$, $]", "[7]", "[7,7]" },
    { "(items.($k := k; function() { $k }))[1]()", "{'items':[{'k':1},{'k':2}]}", "2" },
    { "()", NULL, "" },
};

static const struct fn_case functions_cases[] = {
    { "($f := function($a, $b) { [$a, $b] }; [$f(1, 2, 3), $f(4)])", NULL, "[1,2,4]" },
    { "($f := function($a, $a) { $a }; $f(1, 2))", NULL, "2" },
    { "($m := function($n) { ($q := $n * 2; function($x) { $x + $q }) }; [$m(1)(1), $m(2)(1)])", NULL, "[3,5]" },
    { "o.($f := function() { x }; $f())", "{'o':{'x':1}}", "1" },
    { "($g := $substring(?, 1, 2); $g('hello'))", NULL, "'el'" },
    { "($f := function($a, $b, $c) { [$a, $b, $c] }; $f(?, 1, ?)(?, 3)(9))", NULL, "[9,1,3]" },
    { "'hello' ~> $substring(1) ~> $uppercase", NULL, "'ELLO'" },
    { "($f := $uppercase ~> $substring(?, 0, 2); $f('hello'))", NULL, "'HE'" },
    { "1 ~> 2", NULL, "!T2006 0 2" },
    { "nothing(1)", NULL, "!T1006 0" },
    { "sum(1)", NULL, "!T1005 0" },
    { "sum(?, 1)", NULL, "!T1007 0" },
    { "nothing(?)", NULL, "!T1008 0" },
    { "$map([1], function($v) { [1, 2] })[0]", NULL, "[1,2]" },
    { "[1, 2] ~> $map(function($x) { [$x, $x] })[0]", NULL, "[[1,1],[2,2]]" },
    { "($x := 5; $eval('$x + 1'))", NULL, "6" },
    { "($eval('$y := 7'); $y)", NULL, "7" },
    { "$eval('x', {'x': 1})", NULL, "1" },
    { "$eval('1+')", NULL, "!D3120" },
    { "($f := $eval('function($n) { $n < 1 ? 0 : $n + $f($n - 1) }'); $f(3))", NULL, "6" },
};

static const struct fn_case transforms_cases[] = {
    { "$ ~> |o|{'x': 2}, 'y'|", "{'o':{'x':1,'y':3},'z':0}", "{'o':{'x':2},'z':0}" },
    { "($ ~> |o|{'x': 2}|; o.x)", "{'o':{'x':1}}", "1" },
    { "$ ~> |$|{'self': $}|", "{'x':1}", "{'x':1,'self':{'x':1}}" },
    { "$ ~> |$|5|", "{'x':1}", "!T2011 0 5" },
    { "$ ~> |$|{}, 5|", "{'x':1}", "!T2012 0 5" },
    { "($clone := 5; $ ~> |$|{}|)", "{'x':1}", "!T2013 0" },
    { "nothing ~> |$|{'x': 1}|", NULL, "" },
};

TABLE_TEST(operators)
TABLE_TEST(variables)
TABLE_TEST(functions)
TABLE_TEST(transforms)

/* ---- where errors are -------------------------------------------------------------------------------------------- */

struct place_case {
    const char *expression, *code, *token;
    int64_t position;
};

static const struct place_case places[] = {
    { "1+\"a\"", "T2002", "+", 2 },
    { "$uppercase(1)", "T0410", "uppercase", 11 },
    /* the outermost call by name tells the position, the innermost cause the token */
    { "($f:=function($x){1+\"a\"}; 1+$f(2))", "T2002", "+", 31 },
    /* a tail call stands where its procedure stands */
    { "(function($x){$uppercase($x)})(1)", "T0410", "uppercase", 24 },
    { "foo()", "T1006", "foo", 4 },
    { "$map([1,2],function($v){$v+\"x\"})", "T2002", "+", 5 },
};

static void errors_name_position_and_token(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct jsonata *program;
        struct jsonata_error err;
        jn_value v;
        assert_int_equal(jsonata_compile(jn_str_of(places[i].expression), NULL, &program, &err), JN_OK);
        assert_int_equal(jsonata_evaluate(program, c, jn_undefined(), jn_undefined(), &v, &err), JN_EVALUATION);
        assert_string_equal(err.code, places[i].code);
        assert_int_equal(err.position, places[i].position);
        assert_true(jn_str_eq(jn_get_string(err.token), jn_str_of(places[i].token)));
        jsonata_free(program);
    }
    jsonata_context_free(c);
}

/* ---- depth ------------------------------------------------------------------------------------------------------- */

/* Evaluates and gives the error's code, "" when there was none; the result goes to *v when asked for. */
static const char *outcome(const struct jsonata_limits *limits, const char *text, double *number)
{
    static const char *const codes[] = { "U1001", "D1011", "D1012" };
    struct jsonata_context *c = jsonata_context_new(limits);
    struct jsonata *program;
    struct jsonata_error err = { .code = "" };
    jn_value v = jn_undefined();
    assert_non_null(c);
    assert_int_equal(jsonata_compile(jn_str_of(text), NULL, &program, &err), JN_OK);
    const char *code = "";
    if (jsonata_evaluate(program, c, jn_undefined(), jn_undefined(), &v, &err) != JN_OK) {
        code = "other";
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            if (strcmp(codes[i], err.code) == 0)
                code = codes[i];
        }
    }
    if (number)
        *number = jn_get_number(v);
    jsonata_free(program);
    jsonata_context_free(c);
    return code;
}

static void depth_is_counted_as_the_reference_counts(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_depth = 302, .depth_code = "U1001" };
#define FACTORIAL(n) "($f := function($n) { $n = 0 ? 1 : $n * $f($n - 1) }; $f(" n "))"
    assert_string_equal(outcome(&limits, FACTORIAL("99"), NULL), "");
    assert_string_equal(outcome(&limits, FACTORIAL("100"), NULL), "U1001");
}

static void recursion_of_100_000_levels_works(void **state)
{
    (void)state;
    double n = 0;
    assert_string_equal(outcome(NULL, "($f := function($n) { $n <= 0 ? 0 : 1 + $f($n - 1) }; $f(100000))", &n), "");
    assert_true(n == 100000);
}

static void recursion_without_end_is_an_error(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_bytes = 64 << 20 };
    assert_string_equal(outcome(&limits, "($f := function($n) { 1 + $f($n + 1) }; $f(0))", NULL), "D1011");
    assert_string_equal(outcome(&limits, "($f := function($n) { $map([1], function($v) { 1 + $f($n) }) };"
                                         "$f(0))", NULL), "D1011");
}

static void tail_calls_need_no_depth_and_no_memory(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_depth = 50, .max_bytes = 1 << 20 };
    double n = 0;
    assert_string_equal(outcome(&limits, "($f := function($n, $s) { $n = 0 ? $s : ($t := $s & '';"
                                         " $f($n - 1, $s + 1)) }; $f(200000, 0))", &n), "");
    assert_true(n == 200000);
    assert_string_equal(outcome(&limits, "($e := function($n) { $n = 0 ? 1 : $o($n - 1) };"
                                         "$o := function($n) { $n = 0 ? 0 : $e($n - 1) }; $e(100001))", &n), "");
    assert_true(n == 0);
}

static void tail_calls_without_end_meet_the_clock(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .timeout_ms = 50 };
    assert_string_equal(outcome(&limits, "($f := function($n) { $f($n + 1) }; $f(0))", NULL), "D1012");
}

/* `part` repeated: trees as deep as the text is long, which nothing may follow with the C stack of the caller. */
static void long_chains_do_not_nest(void **state)
{
    (void)state;
    struct jn_buf b;
    double n = 0;
    jn_buf_init(&b, 0);
    jn_buf_append_z(&b, "1");
    for (int i = 0; i < 100000; i++)
        jn_buf_append_z(&b, "+1");
    assert_string_equal(outcome(NULL, b.data, &n), "");
    assert_true(n == 100001);
    jn_buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators),
        cmocka_unit_test(variables),
        cmocka_unit_test(functions),
        cmocka_unit_test(transforms),
        cmocka_unit_test(errors_name_position_and_token),
        cmocka_unit_test(depth_is_counted_as_the_reference_counts),
        cmocka_unit_test(recursion_of_100_000_levels_works),
        cmocka_unit_test(recursion_without_end_is_an_error),
        cmocka_unit_test(tail_calls_need_no_depth_and_no_memory),
        cmocka_unit_test(tail_calls_without_end_meet_the_clock),
        cmocka_unit_test(long_chains_do_not_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
