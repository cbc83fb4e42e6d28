/* json_source.h - the text that is being read, its scalars, and the mistakes in it.  Private to json_read.c.
 *
 * Functions that read take the place where they begin and return the place behind what they read, or NULL once the text
 * has failed: the first mistake is in `err` then. */
#ifndef JN_JSON_SOURCE_H
#define JN_JSON_SOURCE_H

#include "core/scan.h"
#include "core/value.h"

struct jn_source {
    const char *start, *end;
    const char *clean_from;     /* everything from here on is as the writer would write it */
    struct jn_arena *a;         /* for strings that cannot stay in the text */
    struct jn_error *err;
    enum jn_status failed;
};

/* Notes that the byte at `p` is not what the writer would write. */
static inline void jn_source_spoil(struct jn_source *s, const char *p)
{
    s->clean_from = p + 1;
}

/* The text breaks its grammar at `at`.  NULL, for the caller to return. */
const char *jn_source_fail(struct jn_source *s, const char *at, const char *fmt, ...) JN_PRINTF(3, 4);

/* The same as "expected <what>, found <what is there>". */
const char *jn_source_expected(struct jn_source *s, const char *at, const char *what);

/* Fails for want of memory. */
const char *jn_source_no_memory(struct jn_source *s);

/* Skips white space, of which there is some. */
const char *jn_source_skip(struct jn_source *s, const char *p);

/* The general way to check or read a string (p is at the quote), and true, false, null or a number (anything else). */
const char *jn_source_check_string(struct jn_source *s, const char *p);
const char *jn_source_string(struct jn_source *s, const char *p, jn_value *out);
const char *jn_source_number(struct jn_source *s, const char *p, jn_value *out);
const char *jn_source_word(struct jn_source *s, const char *p, jn_value *out);

/* The quick way for numbers of up to 15 characters without an exponent: NULL, and nothing done, for all others.
 * A mask of digits answers at once how long the parts are, where loops would be mispredicted. */
#if JN_SSE2
static inline const char *jn_source_short_number(struct jn_source *s, const char *p, jn_value *out)
{
    if (s->end - p < 16)
        return NULL;
    const __m128i from_zero = _mm_sub_epi8(jn_load16(p), _mm_set1_epi8('0'));
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(from_zero, _mm_set1_epi8(9)), from_zero);
    const unsigned digits = (unsigned)_mm_movemask_epi8(is_digit), sign = *p == '-';
    const unsigned whole = (unsigned)__builtin_ctz(~(digits >> sign));
    const bool zero = p[sign] == '0';
    unsigned len = sign + whole;
    if (whole == 0 || len > 15 || (zero && whole > 1))
        return NULL;
    bool canonical = !zero || !sign;
    if (p[len] == '.') {
        const unsigned part = (unsigned)__builtin_ctz(~(digits >> (len + 1)));
        len += 1 + part;
        if (part == 0 || len > 15)
            return NULL;
        canonical = p[len - 1] != '0' && (!zero || part <= 6 || memcmp(p + sign + 2, "000000", 6) != 0);
    }
    if ((p[len] | 0x20) == 'e')
        return NULL;
    if (!canonical)
        jn_source_spoil(s, p);
    *out = (jn_value){ .type = JN_NUMBER, .flags = JN_NUM_TEXT | (canonical ? JN_NUM_CANONICAL : 0), .len = len,
                       .as.text = p };
    return p + len;
}
#else
static inline const char *jn_source_short_number(struct jn_source *s, const char *p, jn_value *out)
{
    (void)s, (void)p, (void)out;
    return NULL;
}
#endif

#endif
