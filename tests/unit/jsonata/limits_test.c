/* limits_test.c - guardrails: hostile expressions and data end with a clear error, and never take more of the system's
 * memory than they were given, measured at the allocator. */
#include "jsonata/context.h"
#include "jsonata/regex.h"
#include "../../support/cmocka_all.h"
#include "../../support/heap_count.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, MEGABYTE = 1 << 20 };

/* ---- one evaluation under limits ----------------------------------------------------------------------------- */

struct outcome {
    enum jn_status status;
    char code[8], message[512];
    jn_str out;
};

/* Pages of a reserve that the system has given. */
static size_t touched(const struct reserve *r)
{
    const size_t pages = r->size / PAGE;
    unsigned char *is_in = malloc(pages + 1);
    size_t n = 0;
    if (pages && mincore(r->start, r->size, is_in) == 0)
        for (size_t i = 0; i < pages; i++)
            n += is_in[i] & 1;
    free(is_in);
    return n * PAGE;
}

/* Twice in one context, so that warm memory is counted too; both must end in the same way. */
static struct outcome evaluate_text(struct jsonata_context *c, const struct jsonata *program, const char *input)
{
    struct outcome o = { .status = JN_OK };
    struct jsonata_error err = { .code = "" };
    const jn_str text = input ? jn_str_of(input) : (jn_str){ NULL, 0 };
    for (int round = 0; round < 2; round++) {
        const enum jn_status s = jsonata_evaluate_text(program, c, text, jn_undefined(), NULL, &o.out, &err);
        if (round)
            assert_int_equal(s, o.status);
        o.status = s;
    }
    memcpy(o.code, err.code, sizeof o.code);
    memcpy(o.message, err.message, sizeof o.message);
    return o;
}

static size_t heap_bound;       /* of the last evaluation: what it may have taken, and what it took */
static size_t heap_taken;

static struct outcome under(const struct jsonata_limits *limits, const char *expression, const char *input)
{
    struct jsonata *program = NULL;
    struct jsonata_error err;
    const size_t start = heap_live();
    if (jsonata_compile(jn_str_of(expression), NULL, &program, &err))
        fail_msg("%s: %s", expression, err.message);
    const size_t before = heap_live();
    heap_watch();
    struct jsonata_context *c = jsonata_context_new(limits);
    const size_t fixed = heap_live() - before - c->budget.used;
    const struct outcome o = evaluate_text(c, program, input);
    heap_taken = heap_peak() - before - fixed;
    heap_bound = c->budget.limit;
    if (heap_is_counted() && heap_taken > heap_bound + PAGE)
        fail_msg("%s: %zu bytes of heap, which are %zu more than the limit", expression, heap_taken,
                 heap_taken - heap_bound);
    assert_true(c->budget.peak <= c->budget.limit);
    assert_true(touched(&c->values) <= c->values.used + 2 * PAGE);
    assert_true(touched(&c->stack) <= c->stack.used + 2 * PAGE);
    jsonata_context_free(c);
    jsonata_free(program);
    assert_int_equal(heap_live(), start);
    return o;
}

static void assert_code(const struct jsonata_limits *limits, const char *expression, const char *code)
{
    const struct outcome o = under(limits, expression, "{\"a\":[1,2,3]}");
    if (o.status != JN_EVALUATION || strcmp(o.code, code))
        fail_msg("%s: expected %s, got %d %s: %s", expression, code, o.status, o.code, o.message);
}

static void assert_status(const struct jsonata_limits *limits, const char *expression, enum jn_status status)
{
    const struct outcome o = under(limits, expression, "{\"a\":[1,2,3]}");
    if (o.status != status)
        fail_msg("%s: expected %d, got %d %s: %s", expression, status, o.status, o.code, o.message);
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static const char *const bombs[] = {
    "$pad('', 1000000000)",
    "$pad('x', -100000000, 'ab')",
    "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('0123456789', 30))",
    "($s := $pad('', 100000, 'x'); $replace($s, 'x', $s))",
    "($s := $pad('', 1000, 'x'); $join([1..100000].($s), $s))",
    "$join([1..9999999].('x'), 'a long separator, which is written between all of these')",
    "[1..9999999].{'a': $, 'b': [$, $, $]}",
    "[1..9999999].[1..9999999]",
    "($f := function($a) { $f($append($a, $a)) }; $f([1..10]))",
    "($f := function($a) { $f([$a, $a]) }; $f(1))",
    "($f := function($o) { $f({'a': $o, 'b': $o}) }; $f({}))",
    "($f := function($n) { $n & $f($n + 1) }; $f(0))",
    "($f := function($n) { [$n, $f($n + 1)] }; $f(0))",
    "$map([1..9999999], function($v) { {'v': $v} })",
    "$reduce([1..9999999], function($a, $v) { $a & $v & ',' }, '')",
    "$sort([1..9999999], function($a, $b) { $a < $b })",
    "[1..9999999]{$string($): $}",
    "[1..2000000]^(>$).{'x': $}",
    "$split($pad('', 30000000, 'ab'), '')",
    "$uppercase($pad('', 30000000, '\xC3\xA4'))",
    "$encodeUrlComponent($pad('', 20000000, '\xC3\xA4'))",
    "$base64encode($pad('', 40000000, 'x'))",
    "$string([1..9999999])",
    "$eval('[1..9999999].{\"a\": $}')",
    "($f := function($n) { $eval('[1..1000].$string() ~> $join()') & $f($n + 1) }; $f(1))",
    "($f := function($s) { $eval($s)($s) }; $f('$f'))",
    "$eval($pad('', 3000, '1 + ') & '1') & $eval($pad('', 900, '(') & '$f' & $pad('', 900, ')')) & $pad('', 10000000)",
    "$formatNumber(1, $pad('', 10000000, '#') & '0')",
    "$distinct([1..9999999].$string())",
    "$spread([1..9999999].{'k': $})",
    "$merge([1..9999999].{$string($): $})",
    "$zip([1..9999999], [1..9999999], [1..9999999])",
    "$shuffle([1..9999999])",
    "$reverse([1..9999999])",
    "$each({'a': 1}, function($v) { [1..9999999] })",
    "[1..9999999] ~> |$|{'x': 1}|",
    "($x := [1..3000000]; $x = $append($x, $x))",
    "($x := [1..3000]; $x@$a.$x@$b.{'a': $a, 'b': $b})",
};

static const char *const regex_bombs[] = {
    "($s := $pad('', 100000, 'x'); $replace($s, /x/, $s))",
    "($s := $pad('', 100000, 'x'); $replace($s, /(x)/, '$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1'))",
    "$match($pad('', 3000000, 'ab'), /a/)",
    "$split($pad('', 20000000, 'ab'), /a/)",
    "[1..100000].$eval('/a' & $ & '(b{1,9})/')",
    "($f := function($n) { $eval('($r := /a' & $n & '(b{1,9})/; $f(' & ($n + 1) & '))') }; $f(0))",
    "[1..1000].$eval('/' & $pad('', 12000, '(a|b)c{3,50}') & $ & '/')",
    "$match($pad('', 100000, 'ab'), /^(a|b)*?c|((?:ab)+)+$/)",
};

/* A bomb takes what there is, and then ends: for want of memory, of a stack, or of a place to backtrack to. */
static void assert_contained(const char *expression, size_t max_bytes)
{
    const struct jsonata_limits limits = { .max_bytes = max_bytes, .timeout_ms = 200000 };
    const struct outcome o = under(&limits, expression, NULL);
    if (o.status == JN_EVALUATION && (!strcmp(o.code, "D1011") || strstr(o.message, "memory for backtracking")))
        return;
    if (o.status != JN_LIMIT || !strstr(o.message, "memory"))
        fail_msg("%s: got %d %s: %s", expression, o.status, o.code, o.message);
}

/* With little memory and with more; the sanitizers, which are slow, see all there is to see with little. */
static void assert_contained_twice(const char *expression)
{
    assert_contained(expression, 1 * MEGABYTE);
    if (heap_is_counted())
        assert_contained(expression, 5 * MEGABYTE);
}

static void bombs_end_within_their_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++)
        assert_contained_twice(bombs[i]);
}

static void so_do_bombs_of_regular_expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof regex_bombs / sizeof *regex_bombs; i++)
        assert_contained_twice(regex_bombs[i]);
}

static size_t memory_of_pattern(const char *pattern, size_t len)
{
    struct jn_budget b = { .limit = 100 * MEGABYTE };
    struct jsonata_fault fault;
    struct jsonata_regex *r = jsonata_regex_compile((jn_str){ pattern, len }, false, false, &b, &fault);
    assert_non_null(r);
    const size_t used = b.used;
    jsonata_regex_free(r);
    assert_int_equal(b.used, 0);
    return used;
}

/* A pattern that is plain text is kept as such, too: next to one that is almost the same. */
static void plain_patterns_count_their_text(void **state)
{
    (void)state;
    enum { LEN = 30000 };
    char pattern[LEN + 3];
    memset(pattern, 'x', LEN);
    const size_t plain = memory_of_pattern(pattern, LEN);
    memcpy(pattern + LEN - 1, "[xy]", 4);
    assert_true(plain > memory_of_pattern(pattern, LEN + 3) + LEN / 2);
}

/* What fits by a little, fits: a limit does not depend on what the context did before. */
static void limits_do_not_depend_on_history(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_bytes = 6 * MEGABYTE };
    struct jsonata_context *c = jsonata_context_new(&limits);
    static const char *const texts[] = {
        "$length($pad('', 4000000))", "$count([1..150000, 0])", "$pad('', 1500000)", "$count([1..1000].$string())",
        "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(1500))", "$count([1..1000000, 0])",
    };
    for (unsigned round = 0; round < 40; round++) {
        const unsigned which = round * 7 % (sizeof texts / sizeof *texts);
        struct jsonata *program;
        jn_str out;
        assert_int_equal(jsonata_compile(jn_str_of(texts[which]), NULL, &program, NULL), JN_OK);
        const enum jn_status s = jsonata_evaluate_text(program, c, (jn_str){ NULL, 0 }, jn_undefined(), NULL, &out,
                                                       NULL);
        if (s != (which == 5 ? JN_LIMIT : JN_OK))
            fail_msg("round %u: %s: %d", round, texts[which], s);
        jsonata_free(program);
    }
    jsonata_context_free(c);
}

static void input_and_output_count_too(void **state)
{
    (void)state;
    static const char item[] = "[1.50, {\"a\": 1}],";
    enum { ITEMS = 20000, LEN = sizeof item - 1 };
    char *deep = malloc(ITEMS * LEN + 4);
    deep[0] = '[';
    for (size_t i = 0; i < ITEMS; i++)
        memcpy(deep + 1 + i * LEN, item, LEN);
    memcpy(deep + 1 + ITEMS * LEN, "0]", 3);
    const struct jsonata_limits little = { .max_bytes = 1 * MEGABYTE }, output = { .max_output = 100 };
    struct outcome o = under(&little, "$", deep);
    assert_int_equal(o.status, JN_LIMIT);
    o = under(&little, "$pad('', 600000)", NULL);       // as a value, and as a text
    assert_int_equal(o.status, JN_LIMIT);
    free(deep);
    o = under(&output, "$pad('', 98, 'x')", NULL);
    assert_int_equal(o.status, JN_OK);
    o = under(&output, "$pad('', 99, 'x')", NULL);
    assert_int_equal(o.status, JN_LIMIT);
    assert_string_equal(o.message, "the result is longer than its limit of 100 bytes");
}

/* ---- depth, time, steps, sequences --------------------------------------------------------------------------- */

static const char recursion[] = "($f := function($n) { 1 + $f($n + 1) }; $f(0))";
static const char loop[] = "($f := function($n) { $f($n + 1) }; $f(0))";

static void recursion_without_end_is_an_error(void **state)
{
    (void)state;
    const struct jsonata_limits usual = { .max_bytes = 20 * MEGABYTE }, depth = { .max_depth = 500 };
    assert_code(&usual, recursion, "D1011");
    assert_code(&depth, recursion, "D1011");
    assert_code(&usual, "($f := function($n) { $n + $eval('$f(1)') }; $f(0))", "D1011");
    assert_code(&usual, "($f := function($n) { $map([1, 2], $f) }; $f(0))", "D1011");
    assert_code(&usual, "($f := function($a) { $string($f([$a])) }; $f(1))", "D1011");
    assert_code(&usual, "($f := function($a) { $sort([1, 2], function($x, $y) { $f(1) }) }; $f(1))", "D1011");
    assert_code(&usual, "($f := function($a) { $replace('a', /a/, function($m) { $f(1) }) }; $f(1))", "D1011");
    assert_code(&usual, "($f := function($a) { $a ~> |$|{'b': $f($)}| }; $f({'a': 1}))", "D1011");
}

static void loops_without_end_are_stopped_by_time_and_steps(void **state)
{
    (void)state;
    const struct jsonata_limits time = { .timeout_ms = 20 }, steps = { .max_steps = 100000 };
    static const char *const endless[] = {
        loop, "($f := function() { $eval('1') ~> $f }; $f())",
        "($f := function($x) { $g($x) }; $g := function($x) { $f($x) }; $f(1))",
        "$map([1..9999999], function($v) { $map([1..9999999], function($w) { 1 }) })",
        "$reduce([1..3000], function($a, $v) { $reduce([1..3000], function($x, $y) { 1 }) })",
        "($f := function($x, $n) { $n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1) }; $f(1, 60) = $f(1, 60))",
        "($f := function($x, $n) { $n = 0 ? $x : $f([[$x, $x]], $n - 1) }; $distinct([[$f([1], 60)], [$f([1], 60)]]))",
    };
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        assert_code(&time, endless[i], "D1012");
        assert_code(&steps, endless[i], "D1012");
    }
}

static void steps_are_counted_exactly(void **state)
{
    (void)state;
    const char sum[] = "($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + $n) }; $f(10000, 0))";
    uint64_t most = 0;
    for (uint64_t step = 1 << 20; step; step /= 2) {
        const struct jsonata_limits limits = { .max_steps = most + step };
        most += under(&limits, sum, NULL).status == JN_OK ? 0 : step;
    }
    assert_true(most > 9000 && most < 50000);
    const struct jsonata_limits just = { .max_steps = most + 1 }, less = { .max_steps = most };
    assert_status(&just, sum, JN_OK);
    assert_code(&less, sum, "D1012");
}

/* What moves at once is many steps, even if it is one round. */
static void members_that_move_are_steps(void **state)
{
    (void)state;
    static const char *const doubling[] = {
        "($f := function($a, $n) { $n = 0 ? $count($a) : $f([$a, $a], $n - 1) }; $f([1..64], 14))",
        "($f := function($a, $n) { $n = 0 ? $count($a) : $f($append($a, $a), $n - 1) }; $f([1..64], 14))",
        "($a := [1..50000]; $count([1..50].($a)))",
        "($a := [1..50000]; $count([1..50].[$a]{'x': $}.x))",
        "($a := {'b': [1..50000]}; $count([1..50].$a.b))",
    };
    const struct jsonata_limits many = { .max_steps = 1000000 }, few = { .max_steps = 50000 };
    for (size_t i = 0; i < sizeof doubling / sizeof *doubling; i++) {
        assert_status(&many, doubling[i], JN_OK);
        assert_code(&few, doubling[i], "D1012");
    }
}

static bool cancel_third(void *host)
{
    return ++*(int *)host >= 3;
}

static void the_host_cancels(void **state)
{
    (void)state;
    int asked = 0;
    const struct jsonata_limits limits = { .cancelled = cancel_third, .host = &asked };
    assert_status(&limits, loop, JN_CANCELLED);
    assert_int_equal(asked, 4);                         // two rounds
    const struct outcome o = under(&limits, loop, NULL);
    assert_string_equal(o.message, "the evaluation was cancelled");
}

static void sequences_are_limited_where_the_reference_limits_them(void **state)
{
    (void)state;
    const struct jsonata_limits two = { .max_sequence = 2 }, three = { .max_sequence = 3 };
    static const char *const three_long[] = {
        "[1..3]", "a.(3)", "a[$ > 0]", "$append([1, 2], 3)", "$map(a, function($x) { $x })",
        "$filter(a, function($x) { true })", "{'x': 1, 'y': 2, 'z': 3}.*", "a.($)", "$.a.$string()", "a^($)",
        "[1, 2, 3]", "[a]", "a@$x.$x", "a#$i.$i", "$keys({'x': 1, 'y': 2, 'z': 3})",
        "$spread({'x': 1, 'y': 2, 'z': 3})",
        "$each({'x': 1, 'y': 2, 'z': 3}, function($x) { $x })", "$match('aaa', /a/)", "$reduce(a, $append)",
        "$merge([{'x':1},{'y':1},{'z':1}])",
    };
    for (size_t i = 0; i < sizeof three_long / sizeof *three_long; i++) {
        assert_code(&two, three_long[i], "D2015");
        assert_status(&three, three_long[i], JN_OK);
    }
    assert_status(&two, "$reverse(a)", JN_OK);          // no sequence
    assert_status(&two, "$split('abc', '')", JN_OK);
}

static void ranges_have_a_limit_of_their_own(void **state)
{
    (void)state;
    assert_code(NULL, "[1..1e9]", "D2014");
    assert_code(NULL, "[-1e308..1e308]", "D2014");
    assert_code(NULL, "[0..10000000]", "D2014");
}

static void hostile_patterns_are_bounded(void **state)
{
    (void)state;
    const struct jsonata_limits usual = { .timeout_ms = 20000 };
    assert_code(&usual, "$match($pad('', 40, 'a') & 'b', /^(a+)+$/)", "D1012");
    assert_code(&usual, "$contains($pad('', 5000, 'a') & 'bc', /^(a|aa|aaa)*c/)", "D1012");
    assert_code(&usual, "$replace($pad('', 30, 'a') & 'b', /^(a|a)*$/, 'x')", "D1012");
}

static void errors_inside_eval_keep_the_guardrail(void **state)
{
    (void)state;
    const struct jsonata_limits limits = { .max_steps = 10000, .max_depth = 100000 };
    assert_code(&limits, "$eval('($f := function($n) { $f($n + 1) }; $f(0))')", "D1012");
    const struct jsonata_limits mine = { .max_depth = 100, .depth_code = "U1001" };
    assert_code(&mine, "$eval('($f := function($n) { 1 + $f($n + 1) }; $f(0))')", "U1001");
}

static void backtracking_has_the_limit_it_is_given(void **state)
{
    (void)state;
    const struct jsonata_limits few = { .max_match_steps = 500 }, many = { .max_match_steps = 500000 };
    static const char text[] = "$contains($pad('', 12, 'a') & 'b', /^(a|a)*$/)";
    assert_code(&few, text, "D1012");
    assert_status(&many, text, JN_OK);
}

/* Long runs and long patterns, by our own matcher. */
static void matching_without_a_choice_counts_as_well(void **state)
{
    (void)state;
    const struct jsonata_limits few = { .max_match_steps = 50 }, many = { .max_match_steps = 10000000 };
    static const char run[] = "$contains($pad('', 20000, 'a'), /(?<!b+)a{30000}/)";
    assert_code(&few, run, "D1012");
    assert_status(&many, run, JN_OK);
    enum { LEN = 10000 };
    char *straight = malloc(LEN + 100);
    snprintf(straight, LEN + 100, "$contains($pad('', 20000, 'a'), /(?<!b+)%0*d/)", LEN, 0);
    for (char *p = strstr(straight, "+)") + 2; *p == '0'; p++)
        *p = 'a';
    assert_code(&few, straight, "D1012");
    assert_status(&many, straight, JN_OK);
    free(straight);
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

/* What repeats `text` until it is `len` bytes long. */
static jn_str repeated(char *out, const char *text, size_t len)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i < len; i++)
        out[i] = text[i % n];
    return (jn_str){ out, len / n * n };
}

static void expressions_have_a_limit_of_memory(void **state)
{
    (void)state;
    enum { LEN = 200000, LIMIT = 500000, FIXED = 1024 };
    static const char *const patterns[] = {
        "1+", "a.", "a[1].", "$f(1)(", "[", "{'a':", "(a;", "$x:=1;", "-", "\"text\" & ", "/(a|b){1,9}/ ~> ", "`name`,",
        "a ? b : ", "function($x){$x}~>", "%.", "@$a.", "a^(b).", "'\\u0041' & ", "/* comment */ 1 +", "**.",
    };
    const struct jsonata_compile_options opt = { .max_bytes = LIMIT, .max_depth = 100000 };
    char *text = malloc(LEN);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct jsonata *program = NULL;
        struct jsonata_error err;
        const size_t before = heap_live();
        heap_watch();
        const enum jn_status s = jsonata_compile(repeated(text, patterns[i], LEN), &opt, &program, &err);
        if (s != JN_LIMIT && s != JN_BAD_TEXT)
            fail_msg("%s: %d %s", patterns[i], s, err.message);
        if (s == JN_LIMIT)
            assert_string_equal(err.message, "the expression needs more memory than its limit of 500000 bytes");
        if (heap_peak() > before + LIMIT + FIXED + PAGE)
            fail_msg("%s: %zu bytes of heap", patterns[i], heap_peak() - before);
        assert_int_equal(heap_live(), before);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bombs_end_within_their_memory),
        cmocka_unit_test(so_do_bombs_of_regular_expressions),
        cmocka_unit_test(plain_patterns_count_their_text),
        cmocka_unit_test(limits_do_not_depend_on_history),
        cmocka_unit_test(input_and_output_count_too),
        cmocka_unit_test(recursion_without_end_is_an_error),
        cmocka_unit_test(loops_without_end_are_stopped_by_time_and_steps),
        cmocka_unit_test(steps_are_counted_exactly),
        cmocka_unit_test(members_that_move_are_steps),
        cmocka_unit_test(the_host_cancels),
        cmocka_unit_test(sequences_are_limited_where_the_reference_limits_them),
        cmocka_unit_test(ranges_have_a_limit_of_their_own),
        cmocka_unit_test(hostile_patterns_are_bounded),
        cmocka_unit_test(backtracking_has_the_limit_it_is_given),
        cmocka_unit_test(matching_without_a_choice_counts_as_well),
        cmocka_unit_test(expressions_have_a_limit_of_memory),
        cmocka_unit_test(errors_inside_eval_keep_the_guardrail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
