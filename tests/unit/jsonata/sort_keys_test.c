/* sort_keys_test.c - sorting by columns against a plain stable sort, on values that are alike in every way. */
#include "jsonata/sort_keys.h"

#include "../../support/cmocka_all.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 700 };

static uint64_t state = 42;

static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % n;
}

static int compare(const struct sort_column *c, uint32_t a, uint32_t b)
{
    const jn_value x = c->values[a * c->stride], y = c->values[b * c->stride];
    int order;
    if (c->is_text)
        order = jn_utf16_compare(jn_text(x), jn_text(y));
    else
        order = (jn_num(x) > jn_num(y)) - (jn_num(x) < jn_num(y));
    return c->is_descending ? -order : order;
}

/* The order that inserting one after the other gives. */
static void sort_plainly(const struct sort_column *c, uint32_t *order, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = i;
        for (; at > 0 && compare(c, order[at - 1], i) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static void expect_sorted(const struct sort_column *c, uint32_t n)
{
    static struct sort_key keys[MOST], spare[MOST];
    static uint32_t order[MOST];
    for (uint32_t i = 0; i < n; i++)
        keys[i].index = i;
    sort_keys(c, keys, spare, n);
    sort_plainly(c, order, n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(keys[i].index, order[i]);
    for (uint32_t i = 0, equal; i < n; i += equal) {
        equal = sort_keys_equal(c, keys + i, n - i);
        for (uint32_t k = i + 1; k < i + equal; k++)
            assert_int_equal(compare(c, keys[i].index, keys[k].index), 0);
        assert_true(i + equal == n || compare(c, keys[i].index, keys[i + equal].index) != 0);
    }
}

static double any_number(unsigned kind)
{
    static const double odd[] = { 0.0, -0.0, 1e300, -1e300, 5e-324, -5e-324, 0.1, 1, -1, 2.5 };
    switch (kind) {
    case 0:
        return below(10);
    case 1:
        return below(1000000) - 500000.0;
    case 2:
        return odd[below(sizeof odd / sizeof *odd)];
    default:
        return below(100000) / 128.0 * (below(2) ? 1 : -1);
    }
}

static void numbers_are_sorted_like_by_insertion(void **unused)
{
    (void)unused;
    static jn_value values[MOST];
    for (unsigned round = 0; round < 200; round++) {
        const uint32_t n = round < 100 ? round : below(MOST);
        for (uint32_t i = 0; i < n; i++)
            values[i] = jn_number(any_number(round % 4));
        expect_sorted(&(struct sort_column){ values, 1, false, round & 4 }, n);
    }
}

static jn_value any_text(unsigned kind, char *room)
{
    /* U+E000 comes after U+1F600 in UTF-16; a lone surrogate comes among the pairs. */
    static const char *const pieces[] = { "a", "b", "\xee\x80\x80", "\xf0\x9f\x98\x80", "\xc3\xa9", "Z", "\xef\xbf\xbd",
                                          "\xed\xa0\xbd", "\xf0\x90\x80\x80" };
    char *at = room;
    if (kind & 1)
        at = stpcpy(at, "https://example.org/");
    for (uint32_t n = below(kind & 2 ? 12 : 3); n; n--)
        at = stpcpy(at, pieces[below(kind & 4 ? 9 : 3)]);
    if (!below(9))
        *at++ = '\0';
    return jn_string((jn_str){ room, (size_t)(at - room) }, 0);
}

static void texts_are_sorted_like_by_insertion(void **unused)
{
    (void)unused;
    static jn_value values[2 * MOST];
    static char room[MOST][80];
    for (unsigned round = 0; round < 200; round++) {
        const uint32_t n = round < 100 ? round : below(MOST);
        for (uint32_t i = 0; i < n; i++)
            values[2 * i] = any_text(round % 8, room[i]);
        expect_sorted(&(struct sort_column){ values, 2, true, round & 8 }, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_sorted_like_by_insertion),
        cmocka_unit_test(texts_are_sorted_like_by_insertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
