#include "core/arena.h"
#include "core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_code_point_survives(void **unused)
{
    (void)unused;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        const size_t n = jn_utf8_put(text, c);
        const jn_str s = { text, n };
        const bool surrogate = c >= 0xd800 && c <= 0xdfff;
        size_t at = 0;
        if (jn_utf8_next(s, &at) != c || at != n)
            fail_msg("U+%04X does not survive", c);
        if (jn_utf8_invalid(s) != (surrogate ? 0 : n))
            fail_msg("U+%04X is validated wrongly", c);
        if (jn_utf8_count(s) != 1 || jn_utf16_count(s) != (c > 0xffff ? 2u : 1u))
            fail_msg("U+%04X is counted wrongly", c);
    }
}

static void ill_formed_bytes_are_found(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"\x80", 0},
        {"a\xbfz", 1},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2", 0},
        {"\xc2\xc2", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xef\xbf", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"0123456789abcdef\xff", 16},
        {"0123456789\xc3\xa4\xc3", 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(jn_utf8_invalid(jn_str_of(cases[i].text)), cases[i].at);
}

static void repaired_text_is_valid(void **unused)
{
    (void)unused;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_str good = JN_STR("gr\xc3\xbc\xc3\x9f" "e"), fixed = jn_utf8_repair(&a, JN_STR("a\xff\xc3\xa4\xe2\x82"));
    assert_ptr_equal(jn_utf8_repair(&a, good).data, good.data);
    assert_true(jn_str_eq(fixed, JN_STR("a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd")));
    jn_arena_clear(&a);
}

static void offsets_and_counts_agree(void **unused)
{
    (void)unused;
    const jn_str s = JN_STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" "bcdefgh\xc3\xb6\xc3\xbcijklmnopq\xed\xa0\x80z");
    const size_t count = jn_utf8_count(s);
    assert_int_equal(count, 24);
    assert_int_equal(jn_utf16_count(s), 25);
    size_t at = 0;
    for (size_t n = 0; n < count; n++) {
        assert_int_equal(jn_utf8_offset(s, n), at);
        assert_int_equal(jn_utf8_count(jn_str_sub(s, 0, at)), n);
        jn_utf8_next(s, &at);
    }
    assert_int_equal(jn_utf8_offset(s, count), s.len);
    assert_int_equal(jn_utf8_offset(s, count + 5), s.len);
    assert_false(jn_utf8_is_ascii(s));
    assert_true(jn_utf8_is_ascii(JN_STR("plain text, longer than eight")));
    assert_true(jn_utf8_is_ascii(JN_STR("")));
}

/* Code units of WTF-8 text, for comparison with the direct way. */
static size_t units_of(jn_str s, uint16_t *out)
{
    size_t n = 0;
    for (size_t at = 0; at < s.len;) {
        const uint32_t c = jn_utf8_next(s, &at);
        if (c > 0xffff) {
            out[n++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            out[n++] = (uint16_t)(0xdc00 + (c & 0x3ff));
        } else {
            out[n++] = (uint16_t)c;
        }
    }
    return n;
}

static int compare_slowly(jn_str a, jn_str b)
{
    uint16_t x[64], y[64];
    const size_t n = units_of(a, x), m = units_of(b, y);
    for (size_t i = 0; i < n && i < m; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return (n > m) - (n < m);
}

static void order_is_that_of_code_units(void **unused)
{
    (void)unused;
    static const char *const pieces[] = {"",
                                         "a",
                                         "b",
                                         "\xc3\xa4",
                                         "\xe2\x82\xac",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbd",
                                         "\xf0\x90\x80\x80",
                                         "\xf0\x9f\x98\x80",
                                         "\xf4\x8f\xbf\xbf",
                                         "\xed\xa0\x80",
                                         "\xed\xa0\xbd",
                                         "\xed\xaf\xbf",
                                         "\xed\xb0\x80",
                                         "\xed\xb8\x80",
                                         "abcdefghi"};
    enum { N = sizeof pieces / sizeof *pieces };
    char texts[N * N][32];
    for (int i = 0; i < N * N; i++) {
        size_t n = strlen(pieces[i / N]);
        memcpy(texts[i], pieces[i / N], n);
        memcpy(texts[i] + n, pieces[i % N], strlen(pieces[i % N]) + 1);
        const size_t len = jn_wtf8_join(texts[i], n + strlen(pieces[i % N]), n);
        texts[i][len] = '\0';
    }
    for (int i = 0; i < N * N; i++)
        for (int k = 0; k < N * N; k++) {
            const jn_str a = jn_str_of(texts[i]), b = jn_str_of(texts[k]);
            const int got = jn_utf16_compare(a, b), expected = compare_slowly(a, b);
            if ((got > 0) - (got < 0) != expected)
                fail_msg("case %d, %d: %d, not %d", i, k, got, expected);
        }
}

static void halves_of_a_pair_are_joined(void **unused)
{
    (void)unused;
    char pair[] = "x\xed\xa0\xbd\xed\xb8\x80y", reversed[] = "\xed\xb8\x80\xed\xa0\xbd", apart[] = "ab";
    assert_int_equal(jn_wtf8_join(pair, 8, 4), 6);
    assert_memory_equal(pair, "x\xf0\x9f\x98\x80y", 6);
    assert_int_equal(jn_wtf8_join(reversed, 6, 3), 6);
    assert_int_equal(jn_wtf8_join(apart, 2, 1), 2);
    assert_int_equal(jn_wtf8_join(apart, 2, 0), 2);
    assert_int_equal(jn_wtf8_join(apart, 2, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(ill_formed_bytes_are_found),
        cmocka_unit_test(repaired_text_is_valid),
        cmocka_unit_test(offsets_and_counts_agree),
        cmocka_unit_test(order_is_that_of_code_units),
        cmocka_unit_test(halves_of_a_pair_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
