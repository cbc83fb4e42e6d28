/* utf8.c - UTF-8 as RFC 3629 defines it, and WTF-8 (lone surrogates as three bytes).  Only jn_utf8_invalid() looks at
 * text of unknown origin; all others rely on valid input and stay inside `s` even when it is not. */
#include "core/utf8.h"

#include "core/scan.h"

#include "core/arena.h"

static size_t ascii_run(const char *s, size_t len)
{
    size_t i = 0;
    for (uint64_t word; len - i >= 8; i += 8) {
        memcpy(&word, s + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < len && (unsigned char)s[i] < 0x80)
        i++;
    return i;
}

size_t jn_utf8_invalid(jn_str s)
{
    size_t i = 0;
    while (i < s.len) {
        i += ascii_run(s.data + i, s.len - i);
        if (i == s.len)
            break;
        const size_t n = jn_utf8_sequence(s.data + i, s.data + s.len);
        if (!n)
            return i;
        i += n;
    }
    return s.len;
}

static size_t length_of_lead(unsigned char lead)
{
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

uint32_t jn_utf8_next(jn_str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.data + *at;
    size_t n = length_of_lead(p[0]);
    if (n > s.len - *at)
        n = s.len - *at;
    *at += n;
    switch (n) {
    case 2:
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    case 3:
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
               (p[3] & 0x3f);
    default:
        return p[0];
    }
}

size_t jn_utf8_put(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Bytes in `word` that are continuation bytes (10xxxxxx), one bit each at the byte's bottom. */
static uint64_t continuations(uint64_t word)
{
    return (word >> 7) & (~word >> 6) & 0x0101010101010101u;
}

size_t jn_utf8_count(jn_str s)
{
    size_t tails = 0, i = 0;
    for (uint64_t word; s.len - i >= 8; i += 8) {
        memcpy(&word, s.data + i, 8);
        tails += continuations(word) * 0x0101010101010101u >> 56;
    }
    for (; i < s.len; i++)
        tails += ((unsigned char)s.data[i] & 0xc0) == 0x80;
    return s.len - tails;
}

size_t jn_utf16_count(jn_str s)
{
    size_t pairs = 0;
    for (size_t i = 0; i < s.len; i++)
        pairs += (unsigned char)s.data[i] >= 0xf0;
    return jn_utf8_count(s) + pairs;
}

size_t jn_utf8_offset(jn_str s, size_t n)
{
    size_t i = 0;
    for (uint64_t word; n >= 8 && s.len - i >= 8; i += 8) {
        memcpy(&word, s.data + i, 8);
        n -= 8 - (continuations(word) * 0x0101010101010101u >> 56);
    }
    while (i < s.len && ((unsigned char)s.data[i] & 0xc0) == 0x80)
        i++;                        // the steps of eight may have stopped inside a character
    for (; n > 0 && i < s.len; n--)
        i += length_of_lead((unsigned char)s.data[i]);
    return i < s.len ? i : s.len;
}

bool jn_utf8_is_ascii(jn_str s)
{
    return ascii_run(s.data, s.len) == s.len;
}

/* The code unit at *at; a character above U+FFFF gives two, and *half remembers that the first was taken. */
static int next_unit(jn_str s, size_t *at, bool *half)
{
    if (*at >= s.len)
        return -1;
    size_t after = *at;
    const uint32_t c = jn_utf8_next(s, &after);
    const bool first = c >= 0x10000 && !*half;
    if (!first)
        *at = after;
    *half = first;
    if (c < 0x10000)
        return (int)c;
    return first ? (int)(0xd7c0 + (c >> 10)) : (int)(0xdc00 | (c & 0x3ff));
}

static int compare_units(jn_str a, jn_str b, size_t from)
{
    size_t i = from, j = from;
    bool half_a = false, half_b = false;
    for (;;) {
        const int x = next_unit(a, &i, &half_a), y = next_unit(b, &j, &half_b);
        if (x != y || x < 0)
            return x - y;
    }
}

/* Bytes of UTF-8 sort like code points.  Code units differ from that in one place: characters above U+FFFF are pairs of
 * surrogates (D800-DFFF) and sort before U+E000-U+FFFF, whose lead bytes are EE and EF.  A lone surrogate (lead byte
 * ED) against such a pair needs the units themselves. */
int jn_utf16_compare(jn_str a, jn_str b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    size_t i = 0;
    for (uint64_t x, y; common - i >= 8; i += 8) {
        memcpy(&x, a.data + i, 8);
        memcpy(&y, b.data + i, 8);
        if (x != y)
            break;
    }
    while (i < common && a.data[i] == b.data[i])
        i++;
    if (i == common)
        return (a.len > b.len) - (a.len < b.len);
    const unsigned char x = (unsigned char)a.data[i], y = (unsigned char)b.data[i];
    if ((x >= 0xf0 && y >= 0xed) || (y >= 0xf0 && x >= 0xed))
        return compare_units(a, b, i);
    return (int)x - (int)y;
}

static bool is_surrogate_at(const char *s, size_t at, unsigned char second_low)
{
    return (unsigned char)s[at] == 0xed && ((unsigned char)s[at + 1] & 0xf0) == second_low;
}

size_t jn_wtf8_join(char *s, size_t len, size_t seam)
{
    if (seam < 3 || len - seam < 3)
        return len;
    // High surrogates are ED A0..AF xx, low ones ED B0..BF xx.
    if (!is_surrogate_at(s, seam - 3, 0xa0) || !is_surrogate_at(s, seam, 0xb0))
        return len;
    size_t at = seam - 3;
    const uint32_t high = jn_utf8_next((jn_str){ s, len }, &at), low = jn_utf8_next((jn_str){ s, len }, &at);
    char joined[4];
    jn_utf8_put(joined, 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
    memcpy(s + seam - 3, joined, 4);
    memmove(s + seam + 1, s + seam + 3, len - seam - 3);
    return len - 2;
}

jn_str jn_utf8_repair(struct jn_arena *a, jn_str s)
{
    if (jn_utf8_invalid(s) == s.len)
        return s;
    char *out = jn_arena_alloc(a, s.len * 3);
    if (!out)
        return (jn_str){ "", 0 };
    size_t n = 0;
    while (s.len) {
        const size_t good = jn_utf8_invalid(s);
        memcpy(out + n, s.data, good);
        n += good;
        if (good < s.len)
            n += jn_utf8_put(out + n, 0xfffd);
        s = jn_str_sub(s, good + 1, s.len);
    }
    return (jn_str){ out, n };
}
