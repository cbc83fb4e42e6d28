/* utf8.h - decoding, counting and validating UTF-8.  WTF-8 here means UTF-8 that may also hold lone surrogates in
 * their three-byte form (see jsonata/json.h). */
#ifndef JN_UTF8_H
#define JN_UTF8_H

#include "core/str.h"

/* Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629), or s.len when all of it is. */
size_t jn_utf8_invalid(jn_str s);

struct jn_arena;

/* `s` when it is well-formed UTF-8; else a copy in `a` with U+FFFD for each byte that is not part of it.  "" when the
 * arena has failed. */
jn_str jn_utf8_repair(struct jn_arena *a, jn_str s);

/* Decodes the code point at s.data[*at] and moves *at past it.  `s` must be valid WTF-8 and *at < s.len. */
uint32_t jn_utf8_next(jn_str s, size_t *at);

/* Writes `c` (a code point, surrogates allowed) to `out`, 1 to 4 bytes; returns how many. */
size_t jn_utf8_put(char out[4], uint32_t c);

/* Number of code points; a lone surrogate counts one. */
size_t jn_utf8_count(jn_str s);

/* Number of UTF-16 code units. */
size_t jn_utf16_count(jn_str s);

/* Byte offset of code point number `n` (s.len when there are fewer). */
size_t jn_utf8_offset(jn_str s, size_t n);

/* True when every byte is below 0x80. */
bool jn_utf8_is_ascii(jn_str s);

/* Order by UTF-16 code units, as ECMAScript compares strings: < 0, 0, > 0. */
int jn_utf16_compare(jn_str a, jn_str b);

/* Joins a high surrogate at the end of what precedes with a low one at the start of what follows, in place: WTF-8 never
 * holds a pair as two three-byte forms.  `s` is `len` bytes with the seam at `seam`; returns the new length. */
size_t jn_wtf8_join(char *s, size_t len, size_t seam);

#endif
