/* str.h - borrowed text: small helpers over jn_str, all inline.  Nothing here allocates. */
#ifndef JN_STR_H
#define JN_STR_H

#include <stdint.h>
#include <string.h>

#include "jsonata/json.h"

/* A literal as jn_str, also in static initialisers.  Joining it to "" is what refuses anything but a literal, and what
 * keeps it from being put in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define JN_STR(literal) ((jn_str){ "" literal, sizeof literal - 1 })
#define JN_STR_INIT(literal) { "" literal, sizeof literal - 1 }
/* NOLINTEND(bugprone-macro-parentheses) */

/* For printf("%.*s"). */
#define JN_ARG(s) (int)(s).len, (s).data

static inline uint32_t jn_load4(const char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t jn_load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Keeps what is rarely done out of what is always done. */
#define JN_APART __attribute__((noinline))

/* States what always holds at this place: the compiler and the analyzer believe it, UBSan asks. */
#define JN_KNOWN(claim) ((claim) ? (void)0 : __builtin_unreachable())

/* The same for words in which the first byte is to be the lowest. */
static inline uint32_t jn_low_first4(uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(word);
#else
    return word;
#endif
}

/* memcmp() == 0 for texts that are mostly short: loads of a fixed size, which may overlap, in place of a call. */
static inline bool jn_same_bytes(const char *a, const char *b, size_t n)
{
    if (n > 16)
        return memcmp(a, b, n) == 0;
    if (n >= 8)
        return jn_load8(a) == jn_load8(b) && jn_load8(a + n - 8) == jn_load8(b + n - 8);
    if (n >= 4)
        return jn_load4(a) == jn_load4(b) && jn_load4(a + n - 4) == jn_load4(b + n - 4);
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

static inline bool jn_str_eq(jn_str a, jn_str b)
{
    return a.len == b.len && jn_same_bytes(a.data, b.data, a.len);
}

static inline bool jn_str_starts(jn_str s, jn_str head)
{
    return s.len >= head.len && (head.len == 0 || memcmp(s.data, head.data, head.len) == 0);
}

static inline bool jn_str_ends(jn_str s, jn_str tail)
{
    return s.len >= tail.len && (tail.len == 0 || memcmp(s.data + (s.len - tail.len), tail.data, tail.len) == 0);
}

/* Bytes [from, to) of s, both clamped to its length. */
static inline jn_str jn_str_sub(jn_str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return (jn_str){ s.data + from, to - from };
}

/* s without ASCII blanks, tabs, CR and LF at its ends. */
static inline jn_str jn_str_trim(jn_str s)
{
    while (s.len && strchr(" \t\r\n", s.data[0]) && s.data[0])
        s.data++, s.len--;
    while (s.len && strchr(" \t\r\n", s.data[s.len - 1]) && s.data[s.len - 1])
        s.len--;
    return s;
}

/* Offset of the first `needle` in `s` at or after `from`; SIZE_MAX when there is none. */
static inline size_t jn_str_find(jn_str s, jn_str needle, size_t from)
{
    if (from > s.len || needle.len > s.len - from)
        return SIZE_MAX;
    if (needle.len == 0)
        return from;
    const char *hit = memmem(s.data + from, s.len - from, needle.data, needle.len);
    return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

#endif
