/* json_window.h - looking ahead in JSON text: where the next string ends, and whether a predicted key follows.  Private
 * to json_quick.c and json_skip.c.
 *
 * Where strings end is known for 64 bytes at a time.  The mask does not depend on what the bytes before turned out to
 * be, so that the processor makes it ahead of the reading; looking from byte to byte each string would wait for the one
 * before.  Without SSE2 there is no mask, and each string is searched when it is met. */
#ifndef JN_JSON_WINDOW_H
#define JN_JSON_WINDOW_H

#include "core/json_reader.h"

struct jn_window {
    const char *at;             /* 64 bytes from here on */
    uint64_t special;           /* bit i: at[i] is a quote, a backslash, a control character, or from 0x80 on */
};

#if JN_SSE2
/* The mask of the last bytes of the text, fewer than 64. */
static JN_APART uint64_t jn_window_last(const char *at, size_t n)
{
    char bytes[64] = { 0 };
    memcpy(bytes, at, n);
    return jn_mask_string64(bytes) & ((UINT64_C(1) << n) - 1);
}

/* Moves the window to `at`; false when that is the end of the text. */
static JN_INLINE bool jn_window_open(struct jn_window *w, const char *at, const char *end)
{
    const ptrdiff_t left = end - at;
    if (JN_UNLIKELY(left <= 0))
        return false;
    w->at = at;
    w->special = JN_LIKELY(left >= 64) ? jn_mask_string64(at) : jn_window_last(at, (size_t)left);
    return true;
}

/* The first special byte at or behind p, which only ever grows; NULL when there is none before the end. */
static JN_INLINE const char *jn_window_special(struct jn_window *w, const char *p, const char *end)
{
    size_t i = (size_t)(p - w->at);
    uint64_t rest = i < 64 ? w->special >> i : 0;
    if (JN_LIKELY(rest != 0))
        return p + __builtin_ctzll(rest);
    do {
        if (JN_UNLIKELY(!jn_window_open(w, w->at + 64, end)))
            return NULL;
        i = w->at < p ? (size_t)(p - w->at) : 0;
        rest = i < 64 ? w->special >> i : 0;
    } while (rest == 0);
    return w->at + i + __builtin_ctzll(rest);
}
#else
static inline bool jn_window_open(struct jn_window *w, const char *at, const char *end)
{
    w->at = at;
    return at < end;
}

static inline const char *jn_window_special(struct jn_window *w, const char *p, const char *end)
{
    (void)w;
    const char *const stop = jn_scan_string(p, end);
    return stop == end ? NULL : stop;
}
#endif

/* Is `"name":` what stands at p?  Looks at JN_KEY_PAD bytes there; a longer key does not follow. */
static JN_INLINE bool jn_key_follows(const char *p, const struct jn_key *k)
{
    const char *const text = k->name.data - 1;
    const size_t n = k->name.len + 3;
#if JN_SSE2
    if (JN_LIKELY(n <= 16)) {
        const unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(jn_load16(p), jn_load16(text)));
        return (~same & ((1u << n) - 1)) == 0;
    }
    if (JN_UNLIKELY(n > JN_KEY_PAD))
        return false;
    const __m128i a = _mm_cmpeq_epi8(jn_load16(p), jn_load16(text));
    const __m128i b = _mm_cmpeq_epi8(jn_load16(p + 16), jn_load16(text + 16));
    const unsigned same = (unsigned)_mm_movemask_epi8(a) | (unsigned)_mm_movemask_epi8(b) << 16;
    return (~same & (UINT32_MAX >> (32 - n))) == 0;
#else
    return n <= JN_KEY_PAD && memcmp(p, text, n) == 0;
#endif
}

#endif
