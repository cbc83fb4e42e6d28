/* regex_class.c - sets of code units as bitmaps of 8 KB: negation, case and the overlaps of annex B are then plain bit
 * operations, and the class that PCRE2 gets holds nothing but ranges of numbers, free of its own ideas of classes. */
#include "jsonata/regex_class.h"

struct range {
    uint16_t first, last;
};

/* ECMA-262, "CharacterClassEscape"; white space and line terminators as its lexical grammar names them. */
static const struct range digits[] = { { '0', '9' } };
static const struct range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct range spaces[] = {
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
static void add_ranges(struct jsonata_unit_set *set, const struct range *ranges, size_t count, bool inverted)
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

void jsonata_set_invert(struct jsonata_unit_set *set)
{
    for (size_t i = 0; i < sizeof set->bits / sizeof *set->bits; i++)
        set->bits[i] = ~set->bits[i];
}

bool jsonata_set_is_ascii(const struct jsonata_unit_set *set)
{
    for (size_t i = 2; i < sizeof set->bits / sizeof *set->bits; i++)
        if (set->bits[i])
            return false;
    return true;
}

static bool has(const struct jsonata_unit_set *set, uint32_t c)
{
    return set->bits[c >> 6] >> (c & 63) & 1;
}

static void write_unit(struct jn_buf *out, uint32_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        jn_buf_append_char(out, (char)c);
    else
        jn_buf_append_fmt(out, "\\x{%x}", (unsigned)c);
}

static void write_range(struct jn_buf *out, uint32_t first, uint32_t last)
{
    write_unit(out, first);
    if (last > first + 1)
        jn_buf_append_char(out, '-');
    if (last > first)
        write_unit(out, last);
}

static bool is_empty(const struct jsonata_unit_set *set, uint32_t last)
{
    for (size_t i = 0; i <= last >> 6; i++)
        if (set->bits[i])
            return false;
    return true;
}

void jsonata_set_write(struct jn_buf *out, const struct jsonata_unit_set *set, uint32_t last)
{
    // A set that reaches the end of the alphabet is most likely a negation: [^,] rather than two ranges.
    const bool negated = has(set, last);
    if (!negated && is_empty(set, last)) {
        // Not [], which PCRE2 takes as (*FAIL) without regard to a quantifier behind it: [a]* may match nothing.
        jn_buf_append_z(out, last < 0xFF ? "[\\x{ff}]" : "[^\\x{0}-\\x{ffff}]");
        return;
    }
    jn_buf_append_z(out, negated ? "[^" : "[");
    uint32_t c = 0;
    while (c <= last) {
        if ((c & 63) == 0 && set->bits[c >> 6] == (negated ? UINT64_MAX : 0)) {
            c += 64;
            continue;
        }
        if (has(set, c) == negated) {
            c++;
            continue;
        }
        const uint32_t first = c;
        while (c <= last && has(set, c) != negated)
            c++;
        write_range(out, first, c - 1);
    }
    jn_buf_append_char(out, ']');
}
