/* lex_test.c - text to tokens: kinds, decoded texts, places. */
#include "core/arena.h"
#include "core/buf.h"
#include "jsonata/lex.h"

#include "../../support/cmocka_all.h"

struct lex_case {
    const char *text, *expected;        /* kind:text@position ..., or !CODE@position:token */
};

/* '/' after these is division: as the parser would say in these simple texts. */
static bool ends_operand(enum token_kind k)
{
    return (k >= TOKEN_NAME && k <= TOKEN_REGEX) || k == TOKEN_RIGHT_PAREN || k == TOKEN_RIGHT_BRACKET;
}

static void put_token(struct jn_buf *out, const struct token *t)
{
    const jn_str kind = jn_str_of(token_text(t->kind));
    jn_buf_append_z(out, out->len ? " " : "");
    jn_buf_append(out, kind);
    if (!jn_str_eq(kind, t->text)) {
        jn_buf_append_z(out, ":");
        jn_buf_append(out, t->text);
    }
    jn_buf_append_fmt(out, "%s%s@%lld", t->ignore_case ? "/i" : "", t->multiline ? "/m" : "", (long long)t->position);
}

static void lex(struct jn_buf *out, jn_str text)
{
    struct jn_arena *a = jn_arena_new(0);
    struct lexer l;
    lexer_init(&l, a, text);
    struct token t = { .kind = TOKEN_END };
    for (lexer_next(&l, false, &t); t.kind != TOKEN_END; lexer_next(&l, ends_operand(t.kind), &t))
        put_token(out, &t);
    if (l.fault.code)
        jn_buf_append_fmt(out, "%s!%s@%lld:%.*s", out->len ? " " : "", l.fault.code, (long long)l.fault.position,
                          JN_ARG(l.fault.token));
    jn_arena_free(a);
}

static void check(const struct lex_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jn_buf out;
        jn_buf_init(&out, 0);
        jn_buf_append_z(&out, "");
        lex(&out, jn_str_of(cases[i].text));
        if (strcmp(out.data ? out.data : "", cases[i].expected) != 0)
            fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].text, cases[i].expected, out.data);
        jn_buf_clear(&out);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void names_end_at_blanks_and_operators(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "", "" },
        { " \t\r\n\v", "" },
        { "abc", "(name):abc@3" },
        { "a b", "(name):a@1 (name):b@3" },
        { "a\"b\\", "(name):a\"b\\@4" },
        { "a\fb", "(name):a\fb@3" },
        { "\xC3\xA9.x", "(name):\xC3\xA9@1 .@2 (name):x@3" },
        { "\xF0\x9F\x98\x80 x", "(name):\xF0\x9F\x98\x80@2 (name):x@4" },
        { "$", "(variable):@1" },
        { "$$", "(variable):$@2" },
        { "$abc.d", "(variable):abc@4 .@5 (name):d@6" },
        { "`a b`", "(name):a b@5" },
        { "``", "(name):@2" },
        { "and or in", "and@3 or@6 in@9" },
        { "android", "(name):android@7" },
        { "true false null", "(value):true@4 (value):false@10 (value):null@15" },
    };
    CHECK(cases);
}

static void longer_operators_win(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { ".. := != >= <= ** ~> ?: ??", "..@2 :=@5 !=@8 >=@11 <=@14 **@17 ~>@20 ?:@23 ?\?@26" },
        { "...", "..@2 .@3" },
        { "***", "**@2 *@3" },
        { ". [ ] { } ( ) , @ # ; : ? + - * % | = < > ^ &",
          ".@1 [@3 ]@5 {@7 }@9 (@11 )@13 ,@15 @@17 #@19 ;@21 :@23 ?@25 +@27 -@29 *@31 %@33 |@35 =@37 <@39 >@41 ^@43 "
          "&@45" },
        { "a!b", "(name):a@1 !@2 (name):b@3" },
        { "a~b", "(name):a@1 ~@2 (name):b@3" },
    };
    CHECK(cases);
}

static void comments_are_blank(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "a/* b */c", "(name):a@1 (name):c@9" },
        { "/**/a", "(name):a@5" },
        { "/* /* */a", "(name):a@9" },
        { "/* * / **/ a", "(name):a@12" },
        { "a /* b", "(name):a@1 !S0106@2:" },
        { "/*/", "!S0106@0:" },
        { "/**//**/ /**/a/**/", "(name):a@14" },
        { "/**/ /*", "!S0106@5:" },
        { "/*\xC3\xA9*/a", "(name):a@6" },
    };
    CHECK(cases);
}

static void numbers_have_no_sign_and_no_leading_zero(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "0", "(number):0@1" },
        { "12.5e-3", "(number):12.5e-3@7" },
        { "1E+2", "(number):1E+2@4" },
        { "01", "(number):0@1 (number):1@2" },
        { "1.", "(number):1@1 .@2" },
        { "1..2", "(number):1@1 ..@3 (number):2@4" },
        { "1e", "(number):1@1 (name):e@2" },
        { "1e+", "(number):1@1 (name):e@2 +@3" },
        { "-1", "-@1 (number):1@2" },
        { "2a", "(number):2@1 (name):a@2" },
        { "x + 1e309", "(name):x@1 +@3 !S0102@4:1e309" },
    };
    CHECK(cases);
}

static void strings_are_decoded(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "\"a b\"", "(string):a b@5" },
        { "'it \"is\"'", "(string):it \"is\"@9" },
        { "\"\"", "(string):@2" },
        { "\"a\nb\"", "(string):a\nb@5" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "(string):\"\\/\b\f\n\r\t@18" },
        { "\"\\u0041\\u00e9\"", "(string):A\xC3\xA9@14" },
        { "\"\\uD83D\\uDE00!\"", "(string):\xF0\x9F\x98\x80!@15" },
        { "\"\\uD83D!\"", "(string):\xED\xA0\xBD!@9" },
        { "'a", "!S0101@2:" },
        { "\"a'", "!S0101@3:" },
        { "'\\''", "!S0103@2:'" },
        { "\"\\x\"", "!S0103@2:x" },
        { "\"\\\xC3\xA9\"", "!S0103@2:\xC3\xA9" },
        { "\"\\", "!S0103@2:" },
        { "\"\\u12G4\"", "!S0104@2:" },
        { "\"\\u", "!S0104@2:" },
        { "`a", "!S0105@2:" },
    };
    CHECK(cases);
}

static void slashes_open_a_regex_where_an_operand_is_wanted(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "/ab+/", "(regex):ab+@5" },
        { "/a/im x", "(regex):a/i/m@5 (name):x@7" },
        { "/a/g", "(regex):a@3 (name):g@4" },
        { "/a\\/b/", "(regex):a\\/b@6" },
        { "/[/]/", "(regex):[/]@5" },
        { "/(a/b)/", "(regex):(a/b)@7" },
        { "a/b/c", "(name):a@1 /@2 (name):b@3 /@4 (name):c@5" },
        { "//", "!S0301@1:" },
        { "/", "!S0302@1:" },
        { "/\\/", "!S0302@3:" },
        { "/\\\\\\/", "!S0302@5:" },
        { "/]/", "!S0302@3:" },
        { "/a{2/", "!S0302@5:" },
        { "/[(]/", "!S0302@5:" },
    };
    CHECK(cases);
}

static void text_that_is_no_utf8_is_refused_where_it_breaks(void **state)
{
    (void)state;
    static const struct lex_case cases[] = {
        { "a\xFF", "!S0201/utf8@1:" },
        { "\xF0\x9F\x98\x80\xC3", "!S0201/utf8@2:" },
        { "'\xC0\xAF'", "!S0201/utf8@1:" },
        { "'\xED\xA0\xBD'", "(string):\xED\xA0\xBD@3" },            // a lone surrogate, as JSON strings may hold
        { "'\xED\xA0\xBD\xED\xB8\x80'", "!S0201/utf8@1:" },         // but never a pair in two pieces
    };
    CHECK(cases);
}

static void a_nul_is_a_character_like_any_other(void **state)
{
    (void)state;
    struct jn_buf out;
    jn_buf_init(&out, 0);
    lex(&out, (jn_str){ "a\0b+c", 5 });
    const jn_str expected = JN_STR("(name):a\0b@3 +@4 (name):c@5");
    assert_true(jn_str_eq(jn_buf_str(&out), expected));
    jn_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_end_at_blanks_and_operators),
        cmocka_unit_test(longer_operators_win),
        cmocka_unit_test(comments_are_blank),
        cmocka_unit_test(numbers_have_no_sign_and_no_leading_zero),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(slashes_open_a_regex_where_an_operand_is_wanted),
        cmocka_unit_test(text_that_is_no_utf8_is_refused_where_it_breaks),
        cmocka_unit_test(a_nul_is_a_character_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
