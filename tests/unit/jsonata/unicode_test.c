/* unicode_test.c - case mapping: words of ASCII, letters that become several, the sigma, surrogates between them. */
#include "jsonata/unicode.h"
#include "../../support/cmocka_all.h"

static struct jsonata_eval evaluation;

static int setup(void **state)
{
    (void)state;
    evaluation = (struct jsonata_eval){ .arena = jn_arena_new(0), .fuel = 1000 };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jn_arena_free(evaluation.arena);
    return 0;
}

static void expect(jn_value got, const char *expected)
{
    if (!jn_str_eq(jn_get_string(got), jn_str_of(expected)))
        fail_msg("expected %s, got %.*s", expected, JN_ARG(jn_get_string(got)));
}

/* Every byte at every place of a word, and of the rest behind the words. */
static void ascii_letters_change_case(void **state)
{
    (void)state;
    char text[19] = "", upper[19] = "", lower[19] = "";
    for (int at = 0; at < 18; at++) {
        for (int c = 1; c < 0x80; c++) {
            memset(text, '.', 18);
            memcpy(upper, text, 18);
            memcpy(lower, text, 18);
            text[at] = (char)c;
            upper[at] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
            lower[at] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            expect(jsonata_upper(&evaluation, jn_str_of(text)), upper);
            expect(jsonata_lower(&evaluation, jn_str_of(text)), lower);
        }
    }
}

static void letters_may_become_several(void **state)
{
    (void)state;
    static const char *const upper[][2] = {
        { "", "" }, { "straße", "STRASSE" }, { "ŉ", "ʼN" }, { "ﬁn", "FIN" }, { "ﬃ", "FFI" }, { "ᾀ", "ἈΙ" },
        { "\u0390", "\u0399\u0308\u0301" }, { "ı", "I" },
        { "ǰ", "J̌" }, { "привет", "ПРИВЕТ" }, { "\U00010428", "\U00010400" },
    };
    static const char *const lower[][2] = {
        { "İ", "i̇" }, { "ẞ", "ß" }, { "ÀÉ x", "àé x" }, { "\U00010400", "\U00010428" }, { "ǅ", "ǆ" },
    };
    for (size_t i = 0; i < sizeof upper / sizeof *upper; i++)
        expect(jsonata_upper(&evaluation, jn_str_of(upper[i][0])), upper[i][1]);
    for (size_t i = 0; i < sizeof lower / sizeof *lower; i++)
        expect(jsonata_lower(&evaluation, jn_str_of(lower[i][0])), lower[i][1]);
}

static void sigma_is_final_after_a_cased_letter_only(void **state)
{
    (void)state;
    static const char *const lower[][2] = {
        { "ΟΔΥΣΣΕΥΣ", "οδυσσευς" }, { "Σ", "σ" }, { "ΑΣ", "ας" }, { "ΑΣ ΑΣΑ", "ας ασα" }, { "ΑΣ.", "ας." },
        { "ΑΣ'Α", "ασ'α" }, { "Α.Σ", "α.ς" }, { "ΑΣ\u0301", "ας\u0301" }, { "ΑΣ\u0301Α", "ασ\u0301α" }, { "1Σ", "1σ" },
        { "aΣ-Σ", "aς-σ" }, { "ΣΣ", "σς" }, { "ʰΣ", "ʰσ" },
    };
    for (size_t i = 0; i < sizeof lower / sizeof *lower; i++)
        expect(jsonata_lower(&evaluation, jn_str_of(lower[i][0])), lower[i][1]);
}

static void lone_surrogates_stay(void **state)
{
    (void)state;
    expect(jsonata_upper(&evaluation, JN_STR("é\xed\xa0\x80é\xed\xb0\x80")), "É\xed\xa0\x80É\xed\xb0\x80");
    expect(jsonata_lower(&evaluation, JN_STR("ΑΣ\xed\xa0\x80ΑΣ")), "ας\xed\xa0\x80ας");
    expect(jsonata_lower(&evaluation, JN_STR("\xed\xa0\x80")), "\xed\xa0\x80");
    expect(jsonata_upper(&evaluation, JN_STR("\xed\x9e\xa3")), "\xed\x9e\xa3");     // Hangul, no surrogate
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_letters_change_case),
        cmocka_unit_test(letters_may_become_several),
        cmocka_unit_test(sigma_is_final_after_a_cased_letter_only),
        cmocka_unit_test(lone_surrogates_stay),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
