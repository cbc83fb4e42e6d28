/* rewrite_test.c - the shape that the rewriting gives to trees, as the dump shows it.
 * A line of the dump is its indentation, its role, its kind, its text, its marks; places are left out here. */
#include <stdio.h>

#include "core/buf.h"
#include "jsonata/jsonata.h"

#include "../../support/cmocka_all.h"

/* The dump without places, lines joined by '|'. */
static void shape(struct jn_buf *out, const char *text)
{
    struct jsonata_error err = { 0 };
    char *dump = jsonata_dump_text(jn_str_of(text), JSONATA_DUMP_TREE, &err);
    if (!dump)
        fail_msg("%s: %s", text, err.message);
    for (const char *line = dump; *line;) {
        const char *end = strchr(line, '\n'), *place = strstr(line, "  @");
        while (place && place < end && (place[3] < '0' || place[3] > '9'))
            place = strstr(place + 1, "  @");
        if (line != dump)
            jn_buf_append_char(out, '|');
        jn_buf_append(out, (jn_str){ line, (size_t)((place && place < end ? place : end) - line) });
        line = end + 1;
    }
    free(dump);
}

struct shape_case {
    const char *text, *expected;
};

static void check(const struct shape_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jn_buf out;
        jn_buf_init(&out, 0);
        shape(&out, cases[i].text);
        if (strcmp(out.data, cases[i].expected) != 0)
            fail_msg("%s\nexpected %s\ngot      %s", cases[i].text, cases[i].expected, out.data);
        jn_buf_clear(&out);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void dots_make_one_list_of_steps(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "a", "path|  step name a" },
        { "a.b.c", "path|  step name a|  step name b|  step name c" },
        { "'x'.a.'y'", "path|  step name x|  step name a|  step name y" },
        { "'x'^(a).b", "path|  step name x|  step sort|    by term|      key path|        step name a|  step name b" },
        { "(a.b).c", "path|  step block|    then path|      step name a|      step name b|  step name c" },
        { "$.a", "path|  step variable $|  step name a" },
        { "a.[b].[c]",
          "path|  step name a|  step unary [ cons|    member path|      step name b|"
          "  step unary [ cons|    member path|      step name c" },
    };
    CHECK(cases);
}

static void filters_hang_on_what_they_filter(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "a[0]", "path|  step name a|    stage filter|      where number 0" },
        { "a.b[0][1]",
          "path|  step name a|  step name b|    stage filter|      where number 0|"
          "    stage filter|      where number 1" },
        { "$x[0]", "variable $x|  predicate filter|    where number 0" },
        { "a.$x[0]", "path|  step name a|  step variable $x|    stage filter|      where number 0" },
        { "$x[0].a", "path|  step variable $x|    predicate filter|      where number 0|  step name a" },
        { "(a.b)[0]",
          "block|  then path|    step name a|    step name b|  predicate filter|    where number 0" },
        { "a[1][]", "path [] keep-singleton|  step name a []|    stage filter|      where number 1" },
        { "$x[]", "variable $x []" },
        { "a{b: c}",
          "path|  step name a|  group group|    entry path|      step name b|    entry path|      step name c" },
    };
    CHECK(cases);
}

static void variables_bind_on_steps(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "a@$v.b", "path|  step name a @$v tuple|  step name b" },
        { "a#$i", "path|  step name a #$i tuple" },
        { "a[1]#$i", "path|  step name a tuple|    stage filter|      where number 1|    stage index $i" },
        { "$x[1]#$i", "path|  step variable $x tuple|    stage filter|      where number 1|    stage index $i" },
    };
    CHECK(cases);
}

static void parents_find_their_step(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "a.b.%", "path|  step name a|  step name b ancestor !0 tuple|  step parent !0" },
        { "a.b.%.%",
          "path|  step name a ancestor !1 tuple|  step name b ancestor !0 tuple|  step parent !0|  step parent !1" },
        { "a.b[%.c]",
          "path|  step name a|  step name b ancestor !0 tuple|    stage filter|      where path|"
          "        step parent !0|        step name c" },
        // two % that mean the same share a label
        { "a.b.[%, %]",
          "path|  step name a|  step name b ancestor !0 tuple|  step unary [ cons|    member parent !0|"
          "    member parent !0" },
        // into the last expression of a block
        { "(a.b).%",
          "path|  step block tuple|    then path tuple|      step name a|      step name b ancestor !0 tuple|"
          "  step parent !0" },
        // a run of focus steps is one
        { "a@$x.b@$y.%",
          "path|  step name a @$x ancestor !0 tuple|  step name b @$y tuple|  step parent !0" },
    };
    CHECK(cases);
}

static void negative_numbers_are_literals(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "-1", "number -1" },
        { "- -1", "number 1" },
        { "-a", "unary -|  left path|    step name a" },
        { "2-1", "binary -|  left number 2|  right number 1" },
    };
    CHECK(cases);
}

static void tail_calls_are_marked(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "function(){$f()}", "lambda|  body function f tail-call|    call variable $f" },
        { "function(){(1; $f())}",
          "lambda|  body block|    then number 1|    then function f tail-call|      call variable $f" },
        { "function(){1 ? $f() : $g()}",
          "lambda|  body condition|    if number 1|    then function f tail-call|      call variable $f|"
          "    else function g tail-call|      call variable $g" },
        { "function(){$f()[0]}",
          "lambda|  body function f|    call variable $f|    predicate filter|      where number 0" },
        { "function(){$f(){'a': 1}}",
          "lambda|  body function f tail-call|    call variable $f|    group group|      entry string \"a\"|"
          "      entry number 1" },
        { "function(){($f())[0]}",
          "lambda|  body block|    then function f tail-call|      call variable $f|    predicate filter|"
          "      where number 0" },
        { "function(){1 + $f()}",
          "lambda|  body binary +|    left number 1|    right function f|      call variable $f" },
        // the condition is no tail
        { "function(){$f() ?: $g()}",
          "lambda|  body condition ?:|    if function f|      call variable $f|    then function f tail-call|"
          "      call variable $f|    else function g tail-call|      call variable $g" },
    };
    CHECK(cases);
}

static void other_forms_keep_their_shape(void **state)
{
    (void)state;
    static const struct shape_case cases[] = {
        { "$f(?, 1)", "partial f|  call variable $f|  argument operator|  argument number 1" },
        { "a ~> $f", "apply|  left path|    step name a|  right variable $f" },
        { "|a|{'b': 1}, 'c'|",
          "transform|  pattern path|    step name a|  update unary {|    entry string \"b\"|    entry number 1|"
          "  delete string \"c\"" },
        { "$x := 1", "bind $x|  value number 1" },
        { "[1..2]", "unary [|  member binary ..|    left number 1|    right number 2" },
        { "/a/i", "regex a /i" },
        { "$a ?? 1",
          "condition ??|  if function exists|    call variable $exists|    argument variable $a|  then the same|"
          "  else number 1" },
        { "*.**", "path|  step wildcard|  step descendant" },
        { "\xCE\xBB($a)<n:s>{$a}", "lambda <n:s>|  body variable $a|  parameter variable $a" },
    };
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_make_one_list_of_steps),
        cmocka_unit_test(filters_hang_on_what_they_filter),
        cmocka_unit_test(variables_bind_on_steps),
        cmocka_unit_test(parents_find_their_step),
        cmocka_unit_test(negative_numbers_are_literals),
        cmocka_unit_test(tail_calls_are_marked),
        cmocka_unit_test(other_forms_keep_their_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
