/* growth_test.c - what must not grow with the square of the data: joins, look-ups, `in`, accumulating.  Steps and bytes
 * are counted, which are the same on every machine; the general way, where there is one, is shown to take more. */
#include "jsonata/jsonata.h"

#include "../../support/cmocka_all.h"

static enum jn_status run(const char *expression, bool plain, const struct jsonata_limits *limits)
{
    struct jsonata_context *c = jsonata_context_new(limits);
    struct jsonata *program;
    const struct jsonata_compile_options options = { .plain = plain };
    jn_value v;
    assert_non_null(c);
    assert_int_equal(jsonata_compile((jn_str){ expression, strlen(expression) }, &options, &program, NULL), JN_OK);
    const enum jn_status s = jsonata_evaluate(program, c, (jn_value){ 0 }, (jn_value){ 0 }, &v, NULL);
    jsonata_free(program);
    jsonata_context_free(c);
    return s;
}

#define ROWS "[1..2000].{'k': $string($), 'n': $}"

static const char *const in_steps[] = {
    "($d := {'a': " ROWS ", 'b': " ROWS "}; $count($d.a@$x.b@$y[$x.k = $y.k].{'n': $y.n}))",
    "($d := {'a': " ROWS ", 'b': " ROWS "}; $count($d.a@$x.$d.b[k = $x.k].n))",
    "($b := " ROWS "; $sum($b.($k := k; $b[k = $k].n)))",
    "($b := " ROWS "; $sum($map($b, function($r) { $count($b[k = $r.k and n > 0]) })))",
    "($l := [1..2000].$string($); $count([1..2000][$string($) in $l]))",
    "$count($distinct([1..2000].$string($)))",
    "($o := $merge([1..2000].{$string($): $}); $sum([1..2000].$lookup($o, $string($))))",
};

/* 2,000 x 2,000 is 4,000,000. */
static void look_ups_take_steps_in_proportion(void **unused)
{
    (void)unused;
    const struct jsonata_limits limits = { .max_steps = 400000 };
    for (size_t i = 0; i < sizeof in_steps / sizeof *in_steps; i++) {
        if (run(in_steps[i], false, &limits) != JN_OK)
            fail_msg("%s takes too many steps", in_steps[i]);
    }
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(run(in_steps[i], true, &limits), JN_EVALUATION);
}

static const char *const in_bytes[] = {
    "$count($reduce([1..20000], function($a, $b) { $append($a, $b) }, []))",
    "$count($reduce([1..20000], function($a, $b) { [$a, $b] }, []))",
    "$length($reduce([1..20000], function($a, $b) { $a & ',' & $b }))",
    "($f := function($n, $s) { $n = 0 ? $length($s) : $f($n - 1, $s & $n & '\n') }; $f(20000, ''))",
    "$count($keys($reduce([1..5000], function($a, $b) { $merge([$a, {'k' & $b: $b}]) }, {})))",
};

/* The sum of all lengths on the way is 200,000,000. */
static void accumulating_takes_memory_in_proportion(void **unused)
{
    (void)unused;
    const struct jsonata_limits limits = { .max_bytes = 20 << 20 };
    for (size_t i = 0; i < sizeof in_bytes / sizeof *in_bytes; i++) {
        if (run(in_bytes[i], false, &limits) != JN_OK)
            fail_msg("%s takes too much memory", in_bytes[i]);
    }
}

static void counted_ranges_take_no_memory(void **unused)
{
    (void)unused;
    const struct jsonata_limits limits = { .max_bytes = 1 << 20 };
    assert_int_equal(run("$count([1..10000000])", false, &limits), JN_OK);
    assert_int_equal(run("$sum([1..10000000])", false, &limits), JN_OK);
    assert_int_equal(run("$count([1..300000].($ > 299990 ? $))", false, &limits), JN_OK);
}

/* Short ways that come to nothing, one inside the other: the second round must not double at each level. */
static void second_rounds_do_not_multiply(void **unused)
{
    static const struct { const char *before, *inner, *after; } nests[] = {
        { "$sum($.(", "'x'", "))" },
        { "{'b': 1}{'k': $sum(b.(", "'x'", "))}" },
        { "$count($.([", "1", "]))" },
        { "$.{'k': $count($.([", "1", "]))}" },
        { "{'b': 1}{'k': $count(b.([", "1", "]))}" },
        { "[{},{}]^($.(", "1 + 'x'", "))" },
    };
    enum { LEVELS = 40 };
    (void)unused;
    const struct jsonata_limits limits = { .max_steps = 400000, .timeout_ms = 20000, .max_depth = 100000 };
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        char text[LEVELS * 64 + 16] = "";
        for (int k = 0; k < LEVELS; k++)
            strcat(text, nests[i].before);
        strcat(text, nests[i].inner);
        for (int k = 0; k < LEVELS; k++)
            strcat(text, nests[i].after);
        struct jsonata *program;
        struct jsonata_error err = { .position = 0 };
        struct jsonata_context *c = jsonata_context_new(&limits);
        jn_value v;
        assert_int_equal(jsonata_compile((jn_str){ text, strlen(text) }, NULL, &program, NULL), JN_OK);
        const enum jn_status s = jsonata_evaluate(program, c, jn_make_number(1), (jn_value){ 0 }, &v, &err);
        if (s && (s != JN_EVALUATION || err.code[0] != 'T'))
            fail_msg("%s nested: %s", nests[i].before, err.message);
        jsonata_free(program);
        jsonata_context_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_ups_take_steps_in_proportion),
        cmocka_unit_test(accumulating_takes_memory_in_proportion),
        cmocka_unit_test(counted_ranges_take_no_memory),
        cmocka_unit_test(second_rounds_do_not_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
