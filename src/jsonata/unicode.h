/* unicode.h - case by Unicode's tables, and the few questions about surrogates that strings of UTF-16 code units ask of
 * WTF-8.  Independent of the locale; unicode.c alone includes libunistring. */
#ifndef JSONATA_UNICODE_H
#define JSONATA_UNICODE_H

#include "jsonata/eval.h"

/* Full case mapping (SpecialCasing.txt, final sigma included, no locale): $uppercase, $lowercase.  ASCII is done
 * without the tables; lone surrogates stay as they are.  undefined after raising. */
jn_value jsonata_upper(struct jsonata_eval *e, jn_str s);
jn_value jsonata_lower(struct jsonata_eval *e, jn_str s);

/* True for what may stand in an identifier of ECMAScript, or begin one (ECMA-262, "IdentifierPart"). */
bool jsonata_is_name_part(uint32_t c, bool is_first);

/* True when a lone surrogate begins at byte `at` (D800-DFFF in three bytes: ED A0..BF). */
static inline bool jsonata_is_surrogate(jn_str s, size_t at)
{
    return (unsigned char)s.data[at] == 0xed && at + 1 < s.len && (unsigned char)s.data[at + 1] >= 0xa0;
}

/* True when a high surrogate (D800-DBFF) begins at byte `at`. */
static inline bool jsonata_is_high_surrogate(jn_str s, size_t at)
{
    return jsonata_is_surrogate(s, at) && (unsigned char)s.data[at + 1] < 0xb0;
}

/* True when a low surrogate (DC00-DFFF) begins at byte `at`. */
static inline bool jsonata_is_low_surrogate(jn_str s, size_t at)
{
    return (unsigned char)s.data[at] == 0xed && at + 1 < s.len && (unsigned char)s.data[at + 1] >= 0xb0;
}

#endif
