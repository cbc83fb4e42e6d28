/* What expressions ask of their input, and that nothing else is missed: the text that comes out is the one that comes
 * out when the whole input is built. */
#include "cmocka_all.h"

#include <stdio.h>

#include "core/buf.h"
#include "core/demand.h"
#include "jsonata/context.h"
#include "jsonata/jsonata.h"

static struct jsonata *compile(const char *text, bool plain)
{
    const struct jsonata_compile_options opt = { .plain = plain };
    struct jsonata *program = NULL;
    struct jsonata_error err;
    if (jsonata_compile(jn_str_of(text), &opt, &program, &err))
        fail_msg("%s: %s", text, err.message);
    return program;
}

/* {a:{b:{},c:{}}}, in the order of the text. */
static void print_demand(struct jn_buf *b, const struct jn_demand *d)
{
    jn_buf_append_z(b, "{");
    for (uint32_t i = d->len; i-- > 0;) {
        jn_buf_append_fmt(b, "%.*s:", JN_ARG(d->members[i].key));
        print_demand(b, d->members[i].value);
        jn_buf_append_z(b, i ? "," : "");
    }
    jn_buf_append_z(b, "}");
}

static void paths_say_what_they_look_at(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *demand;
    } cases[] = {
        { "items", "{items:{}}" },
        { "a.b.c", "{a:{b:{c:{}}}}" },
        { "{\"count\": $count(items), \"source\": header.source, \"items\": items}",
          "{items:{},header:{source:{}}}" },
        { "{\"x\": a.b, \"y\": a, \"z\": [a.c, {\"w\": a.b.d}], \"n\": 1}", "{a:{b:{d:{}},c:{}}}" },
        { "$exists(a.b)", "{a:{b:{}}}" },
        { "[1, \"x\", null]", "{}" },
        { "$", "{}" },
        { "{\"payload\": $$, \"id\": $.a.id, \"n\": $count($)}", "{a:{id:{}}}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jsonata *program = compile(cases[i].expression, false);
        struct jn_buf b;
        jn_buf_init(&b, 0);
        if (!program->demand)
            fail_msg("%s: no demand", cases[i].expression);
        print_demand(&b, program->demand);
        assert_string_equal(b.data, cases[i].demand);
        jn_buf_clear(&b);
        jsonata_free(program);
    }
}

static void what_is_not_understood_wants_everything(void **state)
{
    (void)state;
    static const char *const expressions[] = {
        "$[0]", "$.$", "$.a.$", "a.$", "a.$$", "$$$", "$x", "($)", "a[0]", "a[b]", "a.b[]", "a[b=1].c", "a = b", "a & \"\"", "a + 1", "a ? b : c", "*", "**.a", "a.*",
        "$string(a)", "$keys(a)", "$sum(a.b)", "$count(a, b)", "$count()", "$count(a[b])", "a.{\"x\": b}", "a{b: c}",
        "{a: b}", "{$string(a): 1}", "($x := a; $x)", "function($x){$x}", "$map(a, function($x){$x})", "a^(b)", "a@$x",
        "a#$i", "a.%", "$ ~> |a|{\"b\": 1}|", "a ~> $count", "$count(?)", "[a..b]", "-a", "a.$string()",
        "/x/", "[a][0]", "{\"x\": a}.x", "$eval(\"a\")", "a.(b)", "a.$x", "$count(a)[0]", "$exists(a) and b",
    };
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        struct jsonata *program = compile(expressions[i], false);
        if (program->demand)
            fail_msg("%s: a demand", expressions[i]);
        jsonata_free(program);
    }
    struct jsonata *plain = compile("a.b", true);
    assert_null(plain->demand);
    jsonata_free(plain);
}

/* ---- the outcome --------------------------------------------------------------------------------------------- */

static const char *const passing[] = {
    "a", "a.b", "a.b.c", "b", "{\"a\": a, \"n\": $count(a), \"e\": $exists(a.b)}", "[a, b, a.b]",
    "{\"x\": {\"y\": [a.b, a]}}",
    "[[a], [[b]]]", "$count(a.b)", "$exists(b.c)", "{\"none\": nothing.here, \"a\": a}", "[a.b.c, a.b]", "{}", "1",
    "$", "$$", "$.a", "$$.a.b", "{\"x\": $, \"b\": $.a.b, \"n\": $count($)}", "[$]", "[$, $$.b, a]",
    "{\"c\": a.c, \"b\": {\"b\": b.a, \"a\": b.b}}",
};

static const char *const inputs[] = {
    "{\"a\":{\"b\":{\"c\":[1,2,{\"d\":\"text\"}]},\"c\":7},\"b\":[{\"a\":1},{\"a\":2,\"b\":{\"x\":[]}},[{\"a\":3}]]}",
    "{\"a\":[{\"b\":{\"c\":1},\"c\":{\"z\":0}},{\"b\":[{\"c\":2},{\"c\":3}]},{\"b\":{\"c\":{\"c\":4}}},5],"
    "\"b\":{\"c\":null}}",
    "[{\"a\":{\"b\":1,\"x\":{\"y\":1.0}}},{\"a\":{\"b\":2,\"x\":{\"y\":1}}},{\"a\":{\"b\":{\"q\":\"\\/\"},\"x\":{}}}]",
    "{\"a\":{\"b\":{\"2\":1,\"1\":2},\"b\":{\"y\":1,\"y\":2}},\"b\":{\"u\":\"\\u00e9\",\"n\":1e3,\"m\":-0}}",
    "{ \"a\" : { \"b\" : [ { \"c\" : 1 } , { } ] } , \"b\" : { \"a\":{\"b\":1} } }",
    "{\"a\":[],\"b\":{}}", "[]", "{}", "[[{\"a\":{\"b\":1}}],[[{\"a\":{\"b\":2}}]]]", "\"text\"", "12", "null",
    "{\"a\":{\"b\":{\"deep\":{\"deep\":{\"deep\":{\"deep\":[[[[[{\"deep\":{\"deep\":{}}}]]]]]}}}}}},"
    "\"b\":[{},{\"c\":[{}]}]}",
    "{\"a\":{\"b\":{\"c\":1}", "{\"a\":{\"b\":{\"c\":1]}}}", "{\"a\":{\"b\":{\"c\":\"\t\"}}}", "{\"b\":{\"c\":01}}",
};

enum { PASSING = sizeof passing / sizeof *passing, INPUTS = sizeof inputs / sizeof *inputs };

/* The outcome of one evaluation, kept in `b`. */
static enum jn_status outcome(const struct jsonata *program, struct jsonata_context *c, const char *input,
                              struct jn_buf *b)
{
    struct jsonata_error err;
    jn_str out;
    const enum jn_status s = jsonata_evaluate_text(program, c, jn_str_of(input), jn_undefined(), NULL, &out, &err);
    jn_buf_truncate(b, 0);
    if (s)
        jn_buf_append_fmt(b, "%u:%u %s %s", err.line, err.column, err.code, err.message);
    else
        jn_buf_append(b, out);
    return s;
}

/* Each input several times, in turn, so that its shapes are known to the reader that leaves objects unread. */
static void the_outcome_is_that_of_reading_everything(void **state)
{
    (void)state;
    struct jsonata_context *c = jsonata_context_new(NULL), *whole = jsonata_context_new(NULL);
    struct jn_buf x, y;
    jn_buf_init(&x, 0);
    jn_buf_init(&y, 0);
    for (size_t e = 0; e < PASSING; e++) {
        struct jsonata *program = compile(passing[e], false), *plain = compile(passing[e], true);
        assert_non_null(program->demand);
        for (size_t i = 0; i < INPUTS * 4; i++) {
            const char *input = inputs[i % INPUTS];
            const enum jn_status s = outcome(program, c, input, &x), t = outcome(plain, whole, input, &y);
            if (s != t || !jn_str_eq(jn_buf_str(&x), jn_buf_str(&y)))
                fail_msg("%s of %s\non demand: %s\nof all: %s", passing[e], input, x.data, y.data);
        }
        jsonata_free(program);
        jsonata_free(plain);
    }
    jn_buf_clear(&x);
    jn_buf_clear(&y);
    jsonata_context_free(c);
    jsonata_context_free(whole);
}

static void objects_that_are_passed_on_stay_unread(void **state)
{
    (void)state;
    struct jsonata *program = compile("{\"n\": $count(b), \"b\": b}", false);
    struct jsonata_context *c = jsonata_context_new(NULL);
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(c), .demand = program->demand };
    jn_value v = jn_undefined();
    for (int round = 0; round < 2; round++)
        assert_int_equal(jn_read(jsonata_context_arena(c), jn_str_of(inputs[0]), &opt, &v, NULL, NULL), JN_OK);
    assert_false(v.as.object->unread);
    assert_true(jn_member(v, JN_STR("a")).as.object->unread);
    assert_int_equal(jn_length(jn_member(v, JN_STR("b"))), 3);
    assert_true(jn_at(jn_member(v, JN_STR("b")), 0).as.object->unread);
    jsonata_context_free(c);
    jsonata_free(program);
}

/* A function that takes the place of $count. */
static jn_value first_key(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call, (void)count, (void)host;
    return jn_make_string(jn_key_at(args[0], 0));
}

static void functions_of_the_host_see_everything(void **state)
{
    (void)state;
    struct jsonata *program = compile("$count(a)", false);
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(jsonata_context_register(c, "count", NULL, first_key, NULL, NULL), JN_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(outcome(program, c, inputs[0], &b), JN_OK);
        assert_string_equal(b.data, "\"b\"");
    }
    jn_buf_clear(&b);
    jsonata_context_free(c);
    jsonata_free(program);
}

/* Bytes of memory for building what is passed on: of another function or variable of the host that is no matter. */
static size_t memory_of(struct jsonata_context *c, jn_value bindings)
{
    enum { OBJECTS = 2000 };
    struct jn_buf text;
    jn_str out;
    jn_buf_init(&text, 0);
    for (int i = 0; i < OBJECTS; i++)
        jn_buf_append_fmt(&text, "%s{\"a\":%d,\"b\":{\"c\":[1,2,3,4,5]}}", i ? "," : "[", i);
    jn_buf_append_char(&text, ']');
    struct jsonata *program = compile("$", false);
    assert_int_equal(jsonata_evaluate_text(program, c, jn_buf_str(&text), bindings, NULL, &out, NULL), JN_OK);
    assert_true(jn_str_eq(out, jn_buf_str(&text)));
    jn_buf_clear(&text);
    jsonata_free(program);
    const size_t taken = c->arena.taken;
    jsonata_context_free(c);
    return taken;
}

static void other_things_of_the_host_do_not_matter(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    const jn_value bindings = jn_make_object(a, 1), count = jn_make_object(a, 1);
    struct jsonata_context *c = jsonata_context_new(NULL);
    assert_true(jn_object_put(a, bindings, JN_STR("rate"), jn_make_number(2)));
    assert_true(jn_object_put(a, count, JN_STR("count"), jn_make_number(2)));
    assert_int_equal(jsonata_context_register(c, "other", NULL, first_key, NULL, NULL), JN_OK);
    const size_t little = memory_of(jsonata_context_new(NULL), jn_undefined());
    assert_int_equal(memory_of(c, bindings), little);
    assert_true(memory_of(jsonata_context_new(NULL), count) > little + little / 2);
    jn_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_say_what_they_look_at),
        cmocka_unit_test(what_is_not_understood_wants_everything),
        cmocka_unit_test(the_outcome_is_that_of_reading_everything),
        cmocka_unit_test(objects_that_are_passed_on_stay_unread),
        cmocka_unit_test(functions_of_the_host_see_everything),
        cmocka_unit_test(other_things_of_the_host_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
