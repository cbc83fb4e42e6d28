/* regex_class.c - sets of code units.  They are put together as bitmaps of 8 KB, where negation, case and the overlaps
 * of annex B are plain bit operations, and kept as ranges. */
#include "jsonata/regex_class.h"

/* ECMA-262, "CharacterClassEscape"; white space and line terminators as its lexical grammar names them. */
static const struct jsonata_range digits[] = { { '0', '9' } };
static const struct jsonata_range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct jsonata_range spaces[] = {
    { '\t', '\r' }, { ' ', ' ' }, { 0xA0, 0xA0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x2028, 0x2029 },
    { 0x202F, 0x202F }, { 0x205F, 0x205F }, { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF },
};

void jsonata_set_add(struct jsonata_unit_set *set, uint32_t first, uint32_t last)
{
    for (uint32_t c = first; c <= last; c++)
        if ((c & 63) == 0 && last - c >= 63) {
            set->bits[c >> 6] = UINT64_MAX;
            c += 63;
        } else {
            set->bits[c >> 6] |= (uint64_t)1 << (c & 63);
        }
}

/* The ranges, or the gaps between them. */
static void add_ranges(struct jsonata_unit_set *set, const struct jsonata_range *ranges, size_t count, bool inverted)
{
    uint32_t gap = 0;
    for (size_t i = 0; i < count; i++) {
        if (!inverted)
            jsonata_set_add(set, ranges[i].first, ranges[i].last);
        else if (ranges[i].first > gap)
            jsonata_set_add(set, gap, ranges[i].first - 1u);
        gap = ranges[i].last + 1u;
    }
    if (inverted && gap <= 0xFFFF)
        jsonata_set_add(set, gap, 0xFFFF);
}

bool jsonata_set_add_escape(struct jsonata_unit_set *set, uint16_t letter)
{
    const bool inverted = letter >= 'A' && letter <= 'Z';
    switch (letter) {
    case 'd': case 'D': add_ranges(set, digits, sizeof digits / sizeof *digits, inverted); return true;
    case 'w': case 'W': add_ranges(set, words, sizeof words / sizeof *words, inverted); return true;
    case 's': case 'S': add_ranges(set, spaces, sizeof spaces / sizeof *spaces, inverted); return true;
    default: return false;
    }
}

void jsonata_set_add_line_ends(struct jsonata_unit_set *set)
{
    jsonata_set_add(set, '\n', '\n');
    jsonata_set_add(set, '\r', '\r');
    jsonata_set_add(set, 0x2028, 0x2029);
}

void jsonata_set_invert(struct jsonata_unit_set *set)
{
    for (size_t i = 0; i < sizeof set->bits / sizeof *set->bits; i++)
        set->bits[i] = ~set->bits[i];
}

/* ---- ranges -------------------------------------------------------------------------------------------------- */

enum { END = 0x10000 };

/* Whether so many words are all `word`: sets are mostly long stretches of nothing, or of everything. */
enum { STRETCH = 64 };
static bool is_stretch(const uint64_t *at, uint64_t word)
{
    return *at == word && memcmp(at, at + 1, (STRETCH - 1) * sizeof *at) == 0;
}

/* The first unit from `from` on that is in the set, or with `is_in` false is not; END when there is none. */
static uint32_t next_unit(const struct jsonata_unit_set *set, uint32_t from, bool is_in)
{
    const uint64_t none = is_in ? 0 : UINT64_MAX;
    while (from < END) {
        const uint64_t word = (set->bits[from >> 6] ^ none) >> (from & 63);
        if (word)
            return from + (uint32_t)__builtin_ctzll(word);
        from = (from | 63) + 1;
        while (from <= END - 64 * STRETCH && is_stretch(&set->bits[from >> 6], none))
            from += 64 * STRETCH;
    }
    return END;
}

bool jsonata_set_is_ascii(const struct jsonata_unit_set *set)
{
    return next_unit(set, 0x80, true) == END;
}

struct jsonata_ranges jsonata_set_ranges(struct jn_arena *a, const struct jsonata_unit_set *set)
{
    uint32_t n = 0, cap = 4;
    struct jsonata_range *at = jn_arena_alloc(a, cap * sizeof *at);
    for (uint32_t c = next_unit(set, 0, true); at && c < END;) {
        if (n == cap) {
            at = jn_arena_grow(a, at, cap * sizeof *at, 2 * cap * sizeof *at);
            cap *= 2;
        }
        const uint32_t end = next_unit(set, c, false);
        if (at)
            at[n++] = (struct jsonata_range){ (uint16_t)c, (uint16_t)(end - 1) };
        c = next_unit(set, end, true);
    }
    return (struct jsonata_ranges){ at, at ? n : 0 };
}

bool jsonata_ranges_have(const struct jsonata_range *at, uint32_t count, uint16_t unit)
{
    uint32_t low = 0, high = count;
    while (low < high) {                        // the first range that does not end before `unit`
        const uint32_t middle = (low + high) / 2;
        if (at[middle].last < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && at[low].first <= unit;
}
