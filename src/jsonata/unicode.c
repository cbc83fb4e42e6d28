/* unicode.c - upper and lower case.  ASCII goes through words of eight bytes; everything else through libunistring,
 * which knows SpecialCasing.txt (one letter to several).  Two characters are kept from it: lone surrogates, which
 * are no UTF-8, and in lowercasing the sigma, the only letter whose mapping depends on its neighbours; ECMAScript
 * engines look at those a little differently than libunistring does (apostrophes, letters that are also ignorable). */
#include "jsonata/unicode.h"

#include "core/msan.h"
#include "jsonata/fn.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>

#define BYTES(b) (UINT64_C(0x0101010101010101) * (b))

/* The text in `to` with the ASCII letters from `first` to first + 25 in the other case. */
static void flip_ascii(char *to, jn_str s, unsigned char first)
{
    size_t i = 0;
    for (uint64_t word; s.len - i >= 8; i += 8) {
        memcpy(&word, s.data + i, 8);
        const uint64_t from = word + BYTES(0x80u - first), past = word + BYTES(0x80u - first - 26);
        word ^= (from & ~past & BYTES(0x80)) >> 2;      // 0x20 for every letter: no byte carries, all are below 0x80
        memcpy(to + i, &word, 8);
    }
    for (; i < s.len; i++)
        to[i] = (char)(s.data[i] ^ ((unsigned char)(s.data[i] - first) < 26 ? 0x20 : 0));
}

typedef uint8_t *map_fn(const uint8_t *s, size_t n, const char *language, uninorm_t form, uint8_t *out, size_t *len);

enum { SIGMA = 0x3a3, SMALL_SIGMA = 0x3c3, FINAL_SIGMA = 0x3c2 };

static bool is_sigma(jn_str s, size_t at)
{
    return (unsigned char)s.data[at] == 0xce && at + 1 < s.len && (unsigned char)s.data[at + 1] == 0xa3;
}

/* Offset of the first character at or after `from` that is not libunistring's to map, or the length. */
static size_t next_stop(jn_str s, size_t from, bool lower)
{
    while (from < s.len && !jsonata_is_surrogate(s, from) && !(lower && is_sigma(s, from)))
        from++;
    return from;
}

static bool is_ignorable(uint32_t c)
{
    return c == '\'' || uc_is_property_case_ignorable(c);
}

/* The character that ends before byte *at; moves *at to its start. */
static uint32_t previous(jn_str s, size_t *at)
{
    do
        --*at;
    while (*at && ((unsigned char)s.data[*at] & 0xc0) == 0x80);
    size_t next = *at;
    return jn_utf8_next(s, &next);
}

static bool follows_cased(jn_str s, size_t at)
{
    while (at) {
        const uint32_t c = previous(s, &at);
        if (!is_ignorable(c))
            return uc_is_property_cased(c);
    }
    return false;
}

static bool precedes_cased(jn_str s, size_t at)
{
    while (at < s.len) {
        const uint32_t c = jn_utf8_next(s, &at);
        if (!is_ignorable(c))
            return uc_is_property_cased(c);
    }
    return false;
}

/* The character at a stop, in lower case if it is a sigma.  Condition Final_Sigma of The Unicode Standard, section
 * 3.13: after a cased letter and before none, ignorable characters skipped. */
static uint32_t map_stop(jn_str s, size_t *at)
{
    const size_t from = *at;
    const uint32_t c = jn_utf8_next(s, at);
    if (c != SIGMA)
        return c;
    return follows_cased(s, from) && !precedes_cased(s, *at) ? FINAL_SIGMA : SMALL_SIGMA;
}

/* Puts the mapping of `s`, which holds no stop, into out[0..*room); *room becomes its length.  When it does not fit,
 * *room is what it needs and nothing is written.  False when the system has no memory. */
static bool map_stretch(map_fn *map, jn_str s, char *out, size_t *room)
{
    size_t len = *room;
    uint8_t *mapped = map((const uint8_t *)s.data, s.len, NULL, NULL, (uint8_t *)out, &len);
    if (!mapped)
        return false;
    jn_written(&len, sizeof len);
    jn_written(mapped, len);
    if (mapped != (uint8_t *)out) {
        if (len <= *room)
            memcpy(out, mapped, len);
        free(mapped);
    }
    *room = len;
    return true;
}

/* A letter becomes three at most, and none grows to more than three times its bytes (SpecialCasing.txt). */
enum { MOST_GROWTH = 3 };

static jn_value map_unicode(struct jsonata_eval *e, jn_str s, map_fn *map, bool lower)
{
    const size_t cap = s.len * MOST_GROWTH;
    char *out = fn_text_begin(e, (uint64_t)s.len * MOST_GROWTH);
    size_t len = 0;
    for (size_t at = 0; out && at < s.len && jsonata_step(e);) {
        const jn_str stretch = jn_str_sub(s, at, next_stop(s, at, lower));
        size_t room = cap - len;
        if (stretch.len && (!map_stretch(map, stretch, out + len, &room) || room > cap - len)) {
            e->status = JN_NO_MEMORY;
            return jn_undefined();
        }
        len += stretch.len ? room : 0;
        at += stretch.len;
        if (at < s.len)
            len += jn_utf8_put(out + len, map_stop(s, &at));
    }
    return out && !jsonata_failed(e) ? jsonata_string_end(e, out, cap, len) : jn_undefined();
}

static jn_value map_case(struct jsonata_eval *e, jn_str s, unsigned char first, map_fn *map)
{
    if (!jn_utf8_is_ascii(s))
        return map_unicode(e, s, map, first == 'A');
    char *out = fn_text_begin(e, s.len);
    if (!out)
        return jn_undefined();
    flip_ascii(out, s, first);
    jn_value v = jsonata_string_end(e, out, s.len, s.len);
    if (jn_is(v, JN_STRING))
        v.flags |= JN_STR_ASCII;
    return v;
}

jn_value jsonata_upper(struct jsonata_eval *e, jn_str s)
{
    return map_case(e, s, 'a', u8_toupper);
}

jn_value jsonata_lower(struct jsonata_eval *e, jn_str s)
{
    return map_case(e, s, 'A', u8_tolower);
}

bool jsonata_is_name_part(uint32_t c, bool is_first)
{
    enum { NON_JOINER = 0x200c, JOINER = 0x200d };
    if (c == '$' || c == '_' || (!is_first && (c == NON_JOINER || c == JOINER)))
        return true;
    return is_first ? uc_is_property_id_start(c) : uc_is_property_id_continue(c);
}
