/* builtin_limits_test.c - every built-in, on data that keeps it busy, looks at the guardrails while it works: a host
 * that cancels is heard, and so is a limit of time. */
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

#include <string.h>

/* A number of the data, in thousands.  The sanitizers, which are slow, see all there is to see with a tenth of it: a look
 * is taken every few thousand steps. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define SOME(thousands) #thousands "00"
#else
#define SOME(thousands) #thousands "000"
#endif

/* t: text; x: text to decode; a: numbers; s: texts; o: many members; p: many objects. */
static const char data[] =
    "{'t': $pad('', " SOME(2000) ", 'a\xC3\xA4 '), 'x': $pad('', 3 * " SOME(333) ", '%41'), 'a': [1.." SOME(200) "], "
    "'s': [1.." SOME(200) "].$string(), 'o': $merge([1.." SOME(50) "].{'k' & $: $}), "
    "'p': [1.." SOME(100) "].{'k' & $: $}}";

struct busy {
    const char *name, *expression;      /* NULL: however much it is given, it is done at once */
};

static const struct busy busy[] = {
    { "string", "$string(a)" },
    { "substring", NULL },
    { "substringBefore", "$substringBefore(t, '!')" },
    { "substringAfter", "$substringAfter(t, '!')" },
    { "lowercase", "$lowercase(t)" },
    { "uppercase", "$uppercase(t)" },
    { "length", "$length(t)" },
    { "trim", "$trim(t)" },
    { "pad", "$pad(t, " SOME(4000) ", '\xC3\xA4')" },
    { "match", "$match(t, /a/)" },
    { "contains", "$contains(t, /[xy]z/)" },
    { "replace", "$replace(t, /a/, 'b')" },
    { "split", "$split(t, ' ')" },
    { "join", "$join(s, ',')" },
    { "formatNumber", "$map(a, $formatNumber(?, '#'))" },
    { "formatBase", "$map(a, $formatBase(?, 7))" },
    { "formatInteger", "$map(a, $formatInteger(?, 'w'))" },
    { "parseInteger", "$map(s, $parseInteger(?, '0'))" },
    { "number", "$map(s, $number)" },
    { "floor", "$map(a, $floor)" },
    { "ceil", "$map(a, $ceil)" },
    { "round", "$map(a, $round)" },
    { "abs", "$map(a, $abs)" },
    { "sqrt", "$map(a, $sqrt)" },
    { "power", "$map(a, $power(?, 2))" },
    { "random", "$map(a, function() { $random() })" },
    { "boolean", "$map(a, $boolean)" },
    { "not", "$map(a, $not)" },
    { "map", "$map(a, function($x) { $x })" },
    { "zip", "$zip(a, a)" },
    { "filter", "$filter(a, function($x) { true })" },
    { "single", "$single(a, function($x) { $x = " SOME(200) " })" },
    { "reduce", "$reduce(a, function($x, $y) { $x + $y })" },
    { "sift", "$sift(o, function($x) { true })" },
    { "keys", "$keys(o)" },
    { "lookup", "$lookup(p, 'k')" },
    { "append", "$append(a, a)" },
    { "exists", NULL },
    { "spread", "$spread(o)" },
    { "merge", "$merge(p)" },
    { "reverse", "$reverse(a)" },
    { "each", "$each(o, function($x) { $x })" },
    { "error", "$map(a, function($x) { $x < 0 ? $error() })" },
    { "assert", "$map(a, function($x) { $assert(true, 'x') })" },
    { "type", "$map(a, $type)" },
    { "sort", "$sort(a, function($x, $y) { $x < $y })" },
    { "shuffle", "$shuffle(a)" },
    { "distinct", "$distinct(s)" },
    { "base64encode", "$base64encode(x)" },
    { "base64decode", "$base64decode($base64encode(x))" },
    { "encodeUrlComponent", "$encodeUrlComponent(t)" },
    { "encodeUrl", "$encodeUrl(t)" },
    { "decodeUrlComponent", "$decodeUrlComponent(x)" },
    { "decodeUrl", "$decodeUrl(x)" },
    { "eval", "$map(a, function($x) { $eval('1') })" },
    { "toMillis", "$map(a, function($x) { $toMillis('2020-01-01') })" },
    { "fromMillis", "$map(a, $fromMillis(?))" },
    { "clone", "$clone(p)" },
    { "now", "$map(a, function() { $now() })" },
    { "millis", "$map(a, function() { $millis() })" },
    { "sum", "$sum(a)" },
    { "count", NULL },
    { "max", "$max(a)" },
    { "min", "$min(a)" },
    { "average", "$average(a)" },
};

enum { COUNT = sizeof busy / sizeof *busy };

static void none_is_forgotten(void **state)
{
    (void)state;
    const char *name;
    for (size_t i = 0; (name = jsonata_function_at(i, NULL)); i++) {
        size_t k = 0;
        while (k < COUNT && strcmp(busy[k].name, name) != 0)
            k++;
        if (k == COUNT)
            fail_msg("$%s is not in the table", name);
    }
}

/* An evaluation without an error, or with JN_CANCELLED. */
static jn_value evaluate(struct jsonata_context *c, const char *text, jn_value input, enum jn_status expected)
{
    struct jsonata *program = NULL;
    struct jsonata_error err = { .code = "" };
    jn_value v = jn_make_null();
    assert_int_equal(jsonata_compile((jn_str){ text, strlen(text) }, NULL, &program, &err), JN_OK);
    const enum jn_status s = jsonata_evaluate(program, c, input, (jn_value){ 0 }, &v, &err);
    if (s != expected)
        fail_msg("%s: expected %d, got %d %s", text, expected, s, err.message);
    jsonata_free(program);
    return v;
}

static bool cancel(void *host)
{
    (void)host;
    return true;
}

static void each_asks_whether_to_go_on(void **state)
{
    (void)state;
    struct jsonata_context *source = jsonata_context_new(NULL), *c = jsonata_context_new(NULL);
    const jn_value input = evaluate(source, data, (jn_value){ 0 }, JN_OK);
    const struct jsonata_limits limits = { .cancelled = cancel };
    for (size_t i = 0; i < COUNT; i++) {
        if (!busy[i].expression)
            continue;
        jsonata_context_limit(c, NULL);
        evaluate(c, busy[i].expression, input, JN_OK);
        jsonata_context_limit(c, &limits);
        evaluate(c, busy[i].expression, input, JN_CANCELLED);
        jsonata_context_reset(c);
    }
    jsonata_context_free(c);
    jsonata_context_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_forgotten),
        cmocka_unit_test(each_asks_whether_to_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
