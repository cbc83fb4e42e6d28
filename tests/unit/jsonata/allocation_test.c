/* allocation_test.c - what an evaluation asks of the system: nothing once it is warm, and an honest error when it is
 * refused.
 *
 * Every request for memory is counted, and made to fail in turn (tests/support/heap_count.h), over expressions that
 * between them use every part of the engine. */
#include "jsonata/context.h"
#include "../../support/cmocka_all.h"
#include "../../support/heap_count.h"

#include <stdio.h>

static const char input[] =
    "{\"orders\":[{\"id\":\"o1\",\"total\":12.5,\"lines\":[{\"sku\":\"a\",\"qty\":2},{\"sku\":\"b\",\"qty\":1}]},"
    "{\"id\":\"o2\",\"total\":99,\"lines\":[{\"sku\":\"a\",\"qty\":7}],\"note\":\"J\\u00f6rg \\u00dcber & co\"}],"
    "\"customer\":{\"name\":\"Ann Miller\",\"since\":\"2019-03-04T05:06:07.000Z\"},\"tags\":[\"x\",\"yy\",\"zzz\"]}";

/* One of each: what a document, an expression or a built-in may need memory for. */
static const char *const spread[] = {
    "orders.total", "orders[total > 20].id", "orders.lines[0].sku", "orders.lines.(sku & ':' & qty)",
    "$sum(orders.lines.qty)", "orders^(>total).id", "orders{id: total}", "orders.lines{sku: $sum(qty)}", "**.sku",
    "orders.lines{sku: {'d': $distinct(qty), 'm': $max(qty), 'p': qty}}", "$distinct([1..30].($ % 20))",
    "$exists(orders[id = 'o2'].note)", "orders.lines[sku in ['a', 'c']].qty", "nothing[$not($exists(x))][]",
    "orders.*", "orders@$o.lines.{'o': $o.id, 's': sku}", "orders.lines#$i.{'i': $i}", "orders.lines.%.id",
    "$map(tags, function($t, $i) { $t & $i })", "$filter(tags, function($t) { $length($t) > 1 })",
    "$reduce(orders.total, function($a, $b) { $a + $b })", "$sort(tags, function($a, $b) { $a < $b })",
    "($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(20))", "tags ~> $map($uppercase) ~> $join('-')",
    "$each(customer, function($v, $k) { $k & '=' & $v })", "customer ~> |$|{'vip': true}, 'since'|",
    "$match(customer.name, /[A-Z]\\w+/)", "$replace(customer.name, /(\\w+) (\\w+)/, '$2, $1')",
    "$split(customer.name, /\\s/)", "$contains(orders[1].note, /[\xC3\xBC]BER/i)",
    "$replace(customer.name, /[aeiou]/, function($m) { $uppercase($m.match) })",
    "$match('xaay', /(?:(a)|x)+(?<=x(a+))/i)", "$match(orders[1].note, /(?<=(\\S)\\S*)(\\W+)|\\1/i)",
    "$formatNumber(1234.5, '#.##0,0', {'decimal-separator': ',', 'grouping-separator': '.'})",
    "$formatInteger(1234567, '##null#0') & $parseInteger('1,234', '#,##0')", "$toMillis('sixth 2019', '[Dwo] [Y]')",
    "$toMillis(customer.since)", "$fromMillis(1551675967000, '[FNn], [D1o] [MNn] [Y] [H01]:[m01] [z]', '+0100')",
    "$toMillis('4 March 2019', '[D] [MNn] [Y]')", "$now() != ''", "$formatNumber(1234.5678, '#,##0.00;(0.0)')",
    "$formatInteger(1999, 'I') & $formatInteger(42, 'w')", "$parseInteger('twelve', 'w')", "$formatBase(255, 16)",
    "$eval('orders.total[0] + 1')", "$eval('$replace(customer.name, /n/, \"m\")')", "$string(orders)",
    "$string(customer, true)", "$merge(orders.{id: total})", "$spread(customer)", "$keys(customer)",
    "$lookup(customer, 'name')", "$append(tags, orders.id)", "$distinct(orders.lines.sku)", "$zip(tags, orders.id)",
    "$shuffle(tags) ~> $count()", "$uppercase(orders[1].note) & $lowercase('\xC3\x84\xCE\xA3')",
    "$base64decode($base64encode(orders[1].note))", "$decodeUrlComponent($encodeUrlComponent(orders[1].note))",
    "$pad('x', 20, 'ab') & $trim('  a  b ') & $substringAfter('a-b', '-')", "[1..100].($ * 2)", "orders[0] = orders[1]",
    "($g := function($x, $y) { $x + $y }; $h := $g(?, 2); $h(3))", "($f := $string ~> $length; $f(12345))",
    "$single(tags, function($t) { $t = 'x' })", "$type(orders) & $exists(nothing)", "$error", "orders.lines ~> $count",
    "$clone(orders)", "$round(2.675, 2) & $power(2, 10) & $sqrt(2)", "`customer`.name ?: 'none'", "nothing ?? 'none'",
};

/* Results that are errors: their way out must hold as well. */
static const char *const failing[] = {
    "1 + 'a'", "$number('x')", "nothing()", "$error('mine')", "$assert(false, 'mine')", "orders.($string(total) + 1)",
    "$eval('1 +')", "$eval('$error(1)')", "[1..1e9]", "$match('a', /(/)", "orders^(lines)", "$formatNumber(1, '0;0;0')",
    "$replace('a', /a/, function($m) { 1 })", "$sort([1, 'a'])", "(", "\"open", "a[", "$f := ",
};

static struct jsonata *compile(const char *text)
{
    struct jsonata *program = NULL;
    return jsonata_compile(jn_str_of(text), NULL, &program, NULL) ? NULL : program;
}

/* ---- steady state -------------------------------------------------------------------------------------------- */

static uint64_t requests_of(struct jsonata_context *c, const struct jsonata *program, unsigned rounds)
{
    heap_watch();
    for (unsigned i = 0; i < rounds; i++) {
        jn_str out;
        struct jsonata_error err;
        jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, &out, &err);
    }
    return heap_requests();
}

static void a_warm_evaluation_asks_the_system_for_nothing(void **state)
{
    (void)state;
    unsigned wrong = 0;
    struct jsonata_context *c = jsonata_context_new(NULL);
    for (size_t i = 0; i < sizeof spread / sizeof *spread; i++) {
        struct jsonata *program = compile(spread[i]);
        assert_non_null(program);
        requests_of(c, program, 3);
        const uint64_t n = requests_of(c, program, 5);
        if (n)
            print_error("%s: %llu requests in 5 evaluations\n", spread[i], (unsigned long long)n);
        wrong += n != 0;
        jsonata_free(program);
    }
    jsonata_context_free(c);
    assert_int_equal(wrong, 0);
}

static void memory_stays_flat(void **state)
{
    (void)state;
    enum { PICKED = 4, ROUNDS = 20000 };
    static const char *const picked[PICKED] = { "orders.lines{sku: $sum(qty)}", "$replace(customer.name, /n/, 'm')",
                                                "$eval('orders.total[0] + 1')", "$random() < 2" };
    struct jsonata_context *c = jsonata_context_new(NULL);
    for (size_t i = 0; i < PICKED; i++) {
        struct jsonata *program = compile(picked[i]);
        requests_of(c, program, 100);
        const size_t live = heap_live(), used = c->budget.used;
        requests_of(c, program, ROUNDS);
        assert_int_equal(heap_live(), live);
        assert_int_equal(c->budget.used, used);
        jsonata_free(program);
    }
    jsonata_context_free(c);
}

/* Programs and registrations come and go in a context that stays. */
static jn_value seven(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call, (void)args, (void)count, (void)host;
    return jn_make_number(7);
}

static void programs_that_go_leave_nothing_behind(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL);
    size_t live = 0;
    for (unsigned round = 0; round < 300; round++) {
        char text[100];
        jn_str out;
        snprintf(text, sizeof text, "{'v%u': $seven() + $length($string(orders)) + %u}", round % 50, round);
        struct jsonata *program = compile(text);
        assert_int_equal(jsonata_context_register(c, "seven", "<:n>", seven, NULL, NULL), JN_OK);
        assert_int_equal(jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, &out, NULL), JN_OK);
        jsonata_free(program);
        if (round == 100)
            live = heap_live();
    }
    assert_int_equal(heap_live(), live);
    jsonata_context_trim(c);
    assert_true(heap_live() <= live);
    jsonata_context_free(c);
}

/* ---- refused memory ------------------------------------------------------------------------------------------ */

/* Everything from compiling to the output; JN_NO_MEMORY as soon as anything says so. */
static enum jn_status whole_life(const char *text, jn_str *out, struct jsonata_error *err)
{
    struct jsonata *program = NULL;
    struct jsonata_context *c = NULL;
    enum jn_status s = jsonata_compile(jn_str_of(text), NULL, &program, err);
    if (!s && !(c = jsonata_context_new(NULL)))
        s = JN_NO_MEMORY;
    if (!s)
        s = jsonata_context_register(c, "seven", "<n?:n>", seven, NULL, err);
    for (int round = 0; !s && round < 2; round++) {
        s = jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, out, err);
        if (!s && out->data)
            *out = (jn_str){ "done", 4 };
    }
    jsonata_context_free(c);
    jsonata_free(program);
    return s;
}

/* Fails the n-th request, for every n, until the evaluation gets through; `ever_after`: and all that follow. */
static void refuse_each(const char *text, bool ever_after)
{
    jn_str out;
    struct jsonata_error err;
    const size_t blocks = heap_blocks(), live = heap_live();
    const enum jn_status usual = whole_life(text, &out, &err);
    bool more = true;
    for (uint64_t n = 1; more; n++) {
        heap_fail(n, ever_after);
        const enum jn_status s = whole_life(text, &out, &err);
        more = heap_has_failed();
        heap_fail(0, false);
        if (heap_blocks() != blocks || heap_live() != live)
            fail_msg("%s: request %llu refused: %zu blocks leaked", text, (unsigned long long)n,
                     heap_blocks() - blocks);
        // What can be done without (the JIT, a key list, a larger stack) may be refused without harm.
        if (s != usual && s != JN_NO_MEMORY)
            fail_msg("%s: request %llu refused: status %d instead of %d", text, (unsigned long long)n, s, usual);
    }
}

static void refuse_all(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refuse_each(texts[i], false);
        refuse_each(texts[i], true);
    }
}

static void every_refused_request_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    refuse_all(spread, sizeof spread / sizeof *spread);
}

static void so_it_is_where_the_expression_fails(void **state)
{
    (void)state;
    refuse_all(failing, sizeof failing / sizeof *failing);
}

static void a_context_recovers_from_refused_memory(void **state)
{
    (void)state;
    struct jsonata *program = compile("orders.lines{sku: $sum(qty)}");
    bool more = true;
    for (uint64_t n = 1; more; n++) {
        struct jsonata_context *c = jsonata_context_new(NULL);
        jn_str out;
        heap_fail(n, false);
        jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, &out, NULL);
        more = heap_has_failed();
        heap_fail(0, false);
        assert_int_equal(jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, &out, NULL), JN_OK);
        assert_string_equal(out.data, "{\"a\":9,\"b\":1}");
        jsonata_context_free(c);
    }
    jsonata_free(program);
}

/* ---- the rest of the interface ------------------------------------------------------------------------------- */

static bool swallow(void *host, const char *data, size_t len)
{
    (void)data;
    *(size_t *)host += len;
    return true;
}

static enum jn_status tree_of_an_expression(void)
{
    struct jn_arena *a = jn_arena_new(0);
    const struct jsonata_compile_options opt = { .recover = true };
    jn_value tree;
    const enum jn_status s = a ? jsonata_ast(a, jn_str_of("a.b[c > 1]{d: $sum(e), 'x': (1; }"), &opt, &tree, NULL)
                               : JN_NO_MEMORY;
    jn_arena_free(a);
    return s;
}

static enum jn_status picture_of_an_expression(void)
{
    char *text = jsonata_dump_text(jn_str_of("a.b[c > 1]{d: $sum(e)}"), JSONATA_DUMP_TREE, NULL);
    free(text);
    return text ? JN_OK : JN_NO_MEMORY;
}

static enum jn_status recovered_errors(void)
{
    struct jsonata *program = NULL;
    struct jsonata_error err;
    const struct jsonata_compile_options opt = { .recover = true };
    const enum jn_status s = jsonata_compile(jn_str_of("a + ; b * ) ("), &opt, &program, &err);
    for (size_t i = 0; !s && i < jsonata_error_count(program); i++)
        jsonata_error_at(program, i, &err);
    jsonata_free(program);
    return s;
}

/* [[[...]]] */
static jn_value nested(struct jn_arena *a, unsigned depth)
{
    jn_value v = jn_make_number(1);
    while (a && depth--) {
        const jn_value outer = jn_make_array(a, 1);
        v = jn_array_add(a, outer, v) ? outer : (jn_value){ .type = JN_UNDEFINED };
    }
    return v;
}

static enum jn_status text_of_a_deep_value(void)
{
    struct jn_arena *a = jn_arena_new(0);
    const jn_value v = nested(a, 500);
    size_t len = 0;
    enum jn_status s = a && v.type == JN_ARRAY ? jn_write_to(swallow, &len, v, NULL, NULL) : JN_NO_MEMORY;
    char *text = s ? NULL : jn_write_text(v, NULL, &len, NULL);
    if (!s && !text)
        s = JN_NO_MEMORY;
    free(text);
    jn_arena_free(a);
    return s;
}

static enum jn_status objects_made_by_hand(void)
{
    struct jn_arena *a = jn_arena_new(0);
    const jn_value o = a ? jn_make_object(a, 0) : (jn_value){ .type = JN_UNDEFINED };
    bool ok = o.type == JN_OBJECT;
    for (int i = 0; ok && i < 200; i++) {
        char key[20];
        snprintf(key, sizeof key, "key%d", i);
        const jn_value name = jn_copy_string(a, jn_str_of(key));
        ok = name.type == JN_STRING && jn_object_put(a, o, jn_get_string(name), jn_make_number(i));
    }
    ok = ok && jn_equal(o, o) && jn_get_number(jn_member(o, jn_str_of("key150"))) == 150;
    jn_arena_free(a);
    return ok ? JN_OK : JN_NO_MEMORY;
}

static void the_whole_interface_bears_refusals(void **state)
{
    (void)state;
    enum jn_status (*const calls[])(void) = { tree_of_an_expression, picture_of_an_expression, recovered_errors,
                                              text_of_a_deep_value, objects_made_by_hand };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const size_t blocks = heap_blocks();
        bool more = true;
        assert_int_equal(calls[i](), JN_OK);
        for (uint64_t n = 1; more; n++) {
            heap_fail(n, n % 2);
            const enum jn_status s = calls[i]();
            more = heap_has_failed();
            heap_fail(0, false);
            assert_int_equal(heap_blocks(), blocks);
            if (s && s != JN_NO_MEMORY)
                fail_msg("call %zu, request %llu refused: status %d", i, (unsigned long long)n, s);
        }
    }
}

int main(void)
{
    if (!heap_is_counted()) {
        puts("skipped: the sanitizers' allocator cannot be counted");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_evaluation_asks_the_system_for_nothing),
        cmocka_unit_test(memory_stays_flat),
        cmocka_unit_test(programs_that_go_leave_nothing_behind),
        cmocka_unit_test(every_refused_request_is_an_error_and_leaks_nothing),
        cmocka_unit_test(so_it_is_where_the_expression_fails),
        cmocka_unit_test(the_whole_interface_bears_refusals),
        cmocka_unit_test(a_context_recovers_from_refused_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
