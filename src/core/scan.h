/* scan.h - looking at 16 bytes at a time: where does a string need attention, where does white space end.  Private to
 * core.
 *
 * Each function has an SSE2 form, which every x86-64 has, and a portable one that looks at 8 bytes in a word.  The
 * portable one is complete and gives the same results; JN_PORTABLE selects it, so that the tests run both.
 * No function reads at or behind `end`. */
#ifndef JN_SCAN_H
#define JN_SCAN_H

#include "core/str.h"

#if defined(__SSE2__) && !defined(JN_PORTABLE)
#define JN_SSE2 1
#include <emmintrin.h>
#else
#define JN_SSE2 0
#endif

#define JN_BYTES(b) (UINT64_C(0x0101010101010101) * (b))

/* Nonzero when a byte of `word` equals b; exact as a question about the word, not about each byte. */
static inline uint64_t jn_has_byte(uint64_t word, unsigned char b)
{
    const uint64_t x = word ^ JN_BYTES(b);
    return (x - JN_BYTES(1)) & ~x & JN_BYTES(0x80);
}

/* Nonzero when a byte is a control character, a quote or a backslash. */
static inline uint64_t jn_has_escape(uint64_t word)
{
    return ((word - JN_BYTES(0x20)) & ~word & JN_BYTES(0x80)) | jn_has_byte(word, '"') | jn_has_byte(word, '\\');
}

static inline bool jn_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#if JN_SSE2
static inline unsigned jn_mask_string(__m128i x)
{
    // Signed comparison: bytes from 0x80 on are negative, so one test finds them and the control characters.
    const __m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
}

static inline unsigned jn_mask_escape(__m128i x)
{
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    const __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    const __m128i surrogate = _mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xed));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(control, quote), _mm_or_si128(slash, surrogate)));
}

static inline unsigned jn_mask_space(__m128i x)
{
    const __m128i blank = _mm_cmpeq_epi8(x, _mm_set1_epi8(' ')), line = _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'));
    const __m128i tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t')), feed = _mm_cmpeq_epi8(x, _mm_set1_epi8('\r'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(blank, line), _mm_or_si128(tab, feed)));
}

static inline __m128i jn_load16(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
#endif

#if JN_SSE2
static inline uint64_t jn_mask_string64(const char *p)
{
    return jn_mask_string(jn_load16(p)) | (uint64_t)jn_mask_string(jn_load16(p + 16)) << 16 |
           (uint64_t)jn_mask_string(jn_load16(p + 32)) << 32 | (uint64_t)jn_mask_string(jn_load16(p + 48)) << 48;
}
#endif

/* Length of the well-formed UTF-8 sequence at p < end, 0 when there is none (RFC 3629, section 4). */
static inline size_t jn_utf8_sequence(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    const size_t left = (size_t)(end - p);
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < 2)
        return 0;
    if (s[0] < 0xe0)
        return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    const unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;     // no overlong forms
    const unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;    // no surrogates, nothing above U+10FFFF
    if (s[1] < low || s[1] > high || left < 3 || (s[2] & 0xc0) != 0x80)
        return 0;
    if (s[0] < 0xf0)
        return 3;
    return left >= 4 && (s[3] & 0xc0) == 0x80 ? 4 : 0;
}

/* The first byte of a string's text that is not plain ASCII: quote, backslash, control character, or from 0x80 on. */
static inline const char *jn_scan_string(const char *p, const char *end)
{
#if JN_SSE2
    for (unsigned mask; end - p >= 16; p += 16)
        if ((mask = jn_mask_string(jn_load16(p))) != 0)
            return p + __builtin_ctz(mask);
#endif
    for (uint64_t word; end - p >= 8; p += 8) {
        word = jn_load8(p);
        if ((word & JN_BYTES(0x80)) | jn_has_escape(word))
            break;
    }
    while (p < end && (unsigned char)*p - 0x20u < 0x60 && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* The first byte that a writer cannot copy without a look: quote, backslash, control character, or 0xED, with which the
 * three-byte form of a surrogate begins. */
static inline const char *jn_scan_escape(const char *p, const char *end)
{
#if JN_SSE2
    for (unsigned mask; end - p >= 16; p += 16)
        if ((mask = jn_mask_escape(jn_load16(p))) != 0)
            return p + __builtin_ctz(mask);
#endif
    for (uint64_t word; end - p >= 8; p += 8) {
        word = jn_load8(p);
        if (jn_has_escape(word) | jn_has_byte(word, 0xed))
            break;
    }
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\' && (unsigned char)*p != 0xed)
        p++;
    return p;
}

/* The first byte that is not JSON white space. */
static inline const char *jn_scan_space(const char *p, const char *end)
{
#if JN_SSE2
    for (unsigned mask; end - p >= 16; p += 16)
        if ((mask = jn_mask_space(jn_load16(p))) != 0xffff)
            return p + __builtin_ctz(~mask);
#endif
    while (p < end && jn_is_space(*p))
        p++;
    return p;
}

#endif
