/* aggregate_test.c - aggregates of paths, and groupings with them: the short way shows in nothing.
 * Each expression is evaluated by a program as usual and by a plain one, under all that the short way has to respect:
 * limits of every size, names that the host has bound, functions of the host. */
#include "core/value.h"
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

#include <string.h>

#define DATA "{\"o\":[{\"n\":\"a\",\"p\":1,\"q\":2,\"t\":[\"x\"],\"m\":{\"k\":1}}," \
             "{\"n\":\"b\",\"p\":2,\"q\":3,\"t\":[]}," \
             "{\"n\":\"a\",\"p\":3,\"q\":1,\"t\":[\"y\",\"x\"],\"m\":{\"k\":2}},{\"n\":\"b\",\"p\":\"4\",\"q\":1}]}"

static const char *const expressions[] = {
    "$sum(o.q)",
    "$sum(o.p)",
    "$sum(o.(q * 2))",
    "$sum(o.$abs(q))",
    "$count(o.t) & $max(o.q) & $min(o.q) & $average(o.q)",
    "$exists(o[n = \"b\"].q)",
    "$distinct(o.n)",
    "($f := function($x){$sum($x.q)}; $f(o))",
    "o{n: {\"s\": $sum(q), \"r\": $round($average($.(q * q)), 2), \"d\": $sort($distinct(t))}}",
    "o{n: $sum(p)}",
    "o{n: n = \"a\" ? $sum(p) : 0}",
    "o{n: $abs(-$sum(q))}",
    "o{\"all\": {\"s\": $sum(q), \"c\": $count($)}, n: p}",
    "o.m.k ~> $sum()",
    "o.q ~> $max",
    "o.p ~> $sum() ~> $string()",
    "**.k",
    "$sum(**.k)",
    "o.*[k > 1].k",
    "$count(o.*)",
    "o[n in [\"a\", \"c\"]].q",
    "o[q >= 2][n != \"b\"].q",
};
enum { EXPRESSIONS = sizeof expressions / sizeof *expressions };

static jn_str str(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

static jn_value doubled(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call;
    ++*(unsigned *)host;
    return jn_make_number(count ? 2.0 * (double)jn_length(args[0]) : -1);
}

struct outcome {
    char code[8];
    int64_t position;
    char *text;
    unsigned calls;
};

/* What one evaluation comes to, in a context of its own. */
static struct outcome outcome_of(const char *text, bool plain, const struct jsonata_limits *limits,
                                 const char *bindings, bool has_host)
{
    struct outcome o = { .position = 0 };
    struct jsonata_error err = { .code = "" };
    struct jsonata *program;
    const struct jsonata_compile_options opt = { .plain = plain };
    assert_int_equal(jsonata_compile(str(text), &opt, &program, &err), JN_OK);
    struct jsonata_context *c = jsonata_context_new(limits);
    assert_non_null(c);
    struct jn_arena *a = jsonata_context_arena(c);
    const struct jn_read_options shapes = { .shapes = jsonata_context_shapes(c) };
    jn_value input, bound = jn_undefined(), result;
    assert_int_equal(jn_read(a, str(DATA), &shapes, &input, NULL, NULL), JN_OK);
    if (bindings)
        assert_int_equal(jn_read(a, str(bindings), NULL, &bound, NULL, NULL), JN_OK);
    if (has_host) {
        assert_int_equal(jsonata_context_register(c, "sum", NULL, doubled, &o.calls, NULL), JN_OK);
        assert_int_equal(jsonata_context_register(c, "abs", NULL, doubled, &o.calls, NULL), JN_OK);
    }
    const enum jn_status s = jsonata_evaluate(program, c, input, bound, &result, &err);
    if (s) {
        memcpy(o.code, err.code[0] ? err.code : "status", sizeof "status");
        o.position = err.position;
    } else if (!jn_is(result, JN_UNDEFINED)) {
        o.text = jn_write_text(result, NULL, NULL, NULL);
    }
    jsonata_context_free(c);
    jsonata_free(program);
    return o;
}

static void assert_same(const char *text, const struct jsonata_limits *limits, const char *bindings, bool has_host)
{
    struct outcome usual = outcome_of(text, false, limits, bindings, has_host);
    struct outcome plain = outcome_of(text, true, limits, bindings, has_host);
    const bool same = !strcmp(usual.code, plain.code) && usual.position == plain.position &&
                      usual.calls == plain.calls &&
                      (usual.text && plain.text ? !strcmp(usual.text, plain.text) : usual.text == plain.text);
    if (!same)
        fail_msg("%s: usual %s at %d %s (%u calls), plain %s at %d %s (%u calls)", text, usual.code,
                 (int)usual.position, usual.text ? usual.text : "", usual.calls, plain.code, (int)plain.position,
                 plain.text ? plain.text : "", plain.calls);
    free(usual.text);
    free(plain.text);
}

static void the_result_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPRESSIONS; i++)
        assert_same(expressions[i], NULL, NULL, false);
}

static void a_limit_on_depth_trips_at_the_same_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        for (uint32_t depth = 1; depth <= 24; depth++)
            assert_same(expressions[i], &(struct jsonata_limits){ .max_depth = depth }, NULL, false);
    }
}

static void so_does_one_on_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        for (uint32_t members = 1; members <= 8; members++)
            assert_same(expressions[i], &(struct jsonata_limits){ .max_sequence = members }, NULL, false);
    }
}

static void a_name_that_is_bound_means_what_it_is_bound_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPRESSIONS; i++)
        assert_same(expressions[i], NULL, "{\"sum\": 1, \"distinct\": null}", false);
}

static void functions_of_the_host_are_called_as_often(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPRESSIONS; i++)
        assert_same(expressions[i], NULL, NULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_is_the_same),
        cmocka_unit_test(a_limit_on_depth_trips_at_the_same_depth),
        cmocka_unit_test(so_does_one_on_sequences),
        cmocka_unit_test(a_name_that_is_bound_means_what_it_is_bound_to),
        cmocka_unit_test(functions_of_the_host_are_called_as_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
