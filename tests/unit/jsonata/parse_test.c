/* parse_test.c - syntax errors with their places, and text that means harm. */
#include <stdlib.h>

#include "core/arena.h"
#include "core/buf.h"
#include "jsonata/parse.h"

#include "../../support/cmocka_all.h"

/* The code of parsing `text`, "" when it is fine. */
static const char *code_of(jn_str text, size_t max_depth, struct jsonata_fault *fault)
{
    struct jn_arena *a = jn_arena_new(0);
    const struct ast_node *tree = jsonata_parse(a, text, max_depth, fault);
    const char *code = tree ? "" : fault->code ? fault->code : "(memory)";
    fault->token = (jn_str){ 0 };       // it may have lived in the arena
    jn_arena_free(a);
    return code;
}

static void errors_have_code_place_and_token(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
        int64_t position;
        const char *token;
    } cases[] = {
        { "", "S0207", 0, "(end)" },
        { "1 +", "S0207", 3, "(end)" },
        { "a b", "S0201", 3, "b" },
        { "a)", "S0201", 2, ")" },
        { "a \"x\"", "S0201", 5, "x" },
        { "a ! b", "S0204", 3, "!" },
        { "\xF0\x9D\x92\xB3 !", "S0204", 4, "!" },
        { "(a", "S0203", 2, "(end)" },
        { "a[1}", "S0202", 4, "}" },
        { "{\"a\" 1}", "S0202", 6, "1" },
        { "[1,]", "S0211", 4, "]" },
        { "a ? ", "S0207", 4, "(end)" },
        { "a = = b", "S0211", 5, "=" },
        { "function(a){1}", "S0208", 10, "a" },
        { "function($x, 1){2}", "S0208", 14, "1" },
        { "function($x, ?){2}", "S0208", 14, "?" },
        { "a := 1", "S0212", 1, "a" },
        { "and := 1", "S0212", 3, "and" },
        { "a.1", "S0213", 3, "" },
        { "1.a", "S0213", 1, "" },
        { "1^(x).a", "S0213", 1, "" },
        { "a.true", "S0213", 6, "" },
        { "a@b", "S0214", 3, "@" },
        { "a#1", "S0214", 3, "#" },
        { "a[1]@$x", "S0215", 5, "" },
        { "a^(b)@$x", "S0216", 6, "" },
        { "$x{a:b}[1]", "S0209", 8, "" },
        { "a{b:c}{d:e}", "S0210", 7, "" },
        { "$x.%", "S0217", 2, "variable" },
        { "f().%", "S0217", 2, "function" },
        { "a[]/2", "S0302", 5, "" },
        { "\xCE\xBB($x)<n<n>>{1}", "S0401", 8, "" },
        { "\xCE\xBB($x)<(sa<n>)>{1}", "S0402", 7, "" },
        { "\xCE\xBB($x)<s{1}", "S0202", 8, "{" },
        { "%", "S0217/top", -1, "parent" },
        { "a.%.%", "S0217/top", -1, "path" },
        { "(1.a)(2.b)", "S0213", 7, "" },             // arguments come first
        { "1.a ? 2.b", "S0213", 1, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena *a = jn_arena_new(0);
        struct jsonata_fault fault;
        const struct ast_node *tree = jsonata_parse(a, jn_str_of(cases[i].text), 0, &fault);
        if (tree || strcmp(fault.code, cases[i].code) != 0 || fault.position != cases[i].position ||
            !jn_str_eq(fault.token, jn_str_of(cases[i].token)))
            fail_msg("%s: expected %s at %d token \"%s\", got %s at %d token \"%.*s\"", cases[i].text, cases[i].code,
                     (int)cases[i].position, cases[i].token, tree ? "a tree" : fault.code, (int)fault.position,
                     JN_ARG(fault.token));
        jn_arena_free(a);
    }
}

static void words_that_are_operators_may_be_names(void **state)
{
    (void)state;
    struct jsonata_fault fault;
    assert_string_equal(code_of(jn_str_of("and and or or in"), 0, &fault), "");
    assert_string_equal(code_of(jn_str_of("a.in.or"), 0, &fault), "");
    assert_string_equal(code_of(jn_str_of("$f(in)"), 0, &fault), "");
}

static void every_prefix_of_an_expression_fails_at_its_end_or_before(void **state)
{
    (void)state;
    static const char text[] =
        "({\"k\": [$f(a.b[x > 1]^(<c, >d), 's'), /r(g)/i ~> $g, function($p)<n-:s>{ $p ?: -1 }]})";
    struct jsonata_fault fault;
    assert_string_equal(code_of(jn_str_of(text), 0, &fault), "");
    for (size_t n = 0; n < sizeof text - 1; n++) {
        const char *code = code_of((jn_str){ text, n }, 0, &fault);
        if (code[0] != 'S' || fault.position > (int64_t)n || fault.position < 0)
            fail_msg("the first %zu bytes of %s: got \"%s\" at %d", n, text, code, (int)fault.position);
    }
}

/* `count` times `unit` between `head` and `tail`. */
static const char *code_of_repeated(const char *head, const char *unit, size_t count, const char *tail)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    jn_buf_append_z(&text, head);
    for (size_t i = 0; i < count; i++)
        jn_buf_append_z(&text, unit);
    jn_buf_append_z(&text, tail);
    struct jsonata_fault fault;
    const char *code = code_of(jn_buf_str(&text), 0, &fault);
    jn_buf_clear(&text);
    return code;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    static const char *const units[] = { "(", "[", "-", "{\"a\":", "a[", "$f(", "a ? ", "$x := ", "1 ? 1 : ", "a ?: ",
                                         "a ?? ",
                                         "function(){", "|a|", "a{\"b\":", "a^(", "[1..", "1+(", "a and (" };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(code_of_repeated("", units[i], 20000, ""), "S0201/depth") != 0)
            fail_msg("%s, again and again: got \"%s\"", units[i], code_of_repeated("", units[i], 20000, ""));
    struct jsonata_fault fault;
    assert_string_equal(code_of(jn_str_of("((((1))))"), 5, &fault), "");
    assert_string_equal(code_of(jn_str_of("((((1))))"), 4, &fault), "S0201/depth");
}

static void rows_are_not(void **state)
{
    (void)state;
    static const struct {
        const char *head, *unit, *tail;
    } rows[] = {
        { "1", "+1", "" },       { "a", ".a", "" },        { "a", "[1]", "" },      { "a", "[1]", "[]" },
        { "a", "[1][]", "" },    { "$f", "()", "" },       { "a", " & b", "" },     { "a", " ~> $f", "" },
        { "a", "^(b)", "" },     { "a", "#$i", "" },       { "a", "@$v.b", "" },    { "(", "1;", ")" },
        { "[1", ",1", "]" },     { "$f(1", ",1", ")" },    { "", "/**/", "1" },     { "a", " and a", "" },
        { "a.(%", "+%", ")" },   { "a.[%", ",%", "]" },    { "[", "'\\u0041'=", "1]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *code = code_of_repeated(rows[i].head, rows[i].unit, i ? 20000 : 100000, rows[i].tail);
        if (*code)
            fail_msg("%s%s%s: got \"%s\"", rows[i].head, rows[i].unit, rows[i].tail, code);
    }
}

static const char *code_of_defaults(const char *innermost, int levels)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    for (int i = 0; i < levels; i++)
        jn_buf_append_z(&text, "(");
    jn_buf_append_z(&text, innermost);
    for (int i = 0; i < levels; i++)
        jn_buf_append_z(&text, i % 2 ? " ?: b)" : " ?? b)");
    struct jsonata_fault fault;
    const char *code = code_of(jn_buf_str(&text), 0, &fault);
    jn_buf_clear(&text);
    return code;
}

/* A left operand stands twice in the tree.  It is one node, unless it has a %, which each copy has to resolve. */
static void copies_of_operands_are_bounded(void **state)
{
    (void)state;
    assert_string_equal(code_of_defaults("a", 12), "");
    assert_string_equal(code_of_defaults("a", 300), "");
    assert_string_equal(code_of_defaults("a.b.%", 12), "");
    assert_string_equal(code_of_defaults("a.b.%", 300), "S0201/shared");
    assert_string_equal(code_of_repeated("", "a ?? b ?: ", 400, "c"), "");
}

/* Each % may have to walk over all the others. */
static void a_crowd_of_parents_ends_in_an_error(void **state)
{
    (void)state;
    struct jn_buf text;
    jn_buf_init(&text, 0);
    for (int i = 0; i < 20000; i++)
        jn_buf_append_z(&text, i ? ".a" : "a");
    for (int i = 0; i < 15000; i++)
        jn_buf_append_z(&text, ".%");
    struct jsonata_fault fault;
    assert_string_equal(code_of(jn_buf_str(&text), 0, &fault), "S0201/parents");
    jn_buf_clear(&text);
}

static void running_out_of_memory_is_no_syntax_error(void **state)
{
    (void)state;
    struct jn_buf text;
    jn_buf_init(&text, 0);
    for (int i = 0; i < 300; i++)
        jn_buf_append_z(&text, "a[b=1].{\"x\": [%.y, $f(?, 2)]}^(c)#$i ~> function($x)<s-:n>{ $x ?: '\\u0041' } & ");
    jn_buf_append_z(&text, "1");
    bool passed = false;
    for (size_t ceiling = 1; !passed && ceiling < 64 << 20; ceiling += ceiling / 8 + 4000) {
        struct jn_arena *a = jn_arena_new(ceiling);
        struct jsonata_fault fault = { 0 };
        passed = a && jsonata_parse(a, jn_buf_str(&text), 0, &fault);
        if (!passed && fault.code)
            fail_msg("with %zu bytes: got %s", ceiling, fault.code);
        jn_arena_free(a);
    }
    assert_true(passed);
    jn_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_code_place_and_token),
        cmocka_unit_test(words_that_are_operators_may_be_names),
        cmocka_unit_test(every_prefix_of_an_expression_fails_at_its_end_or_before),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(rows_are_not),
        cmocka_unit_test(copies_of_operands_are_bounded),
        cmocka_unit_test(a_crowd_of_parents_ends_in_an_error),
        cmocka_unit_test(running_out_of_memory_is_no_syntax_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
