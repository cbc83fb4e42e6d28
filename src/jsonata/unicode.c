/* unicode.c - upper and lower case.  ASCII goes through words of eight bytes; everything else through libunistring, which
 * knows SpecialCasing.txt (one letter to several, final sigma).  Its functions want UTF-8 without surrogates, so text is
 * handed over in the stretches between lone surrogates.  That loses no context: a surrogate is neither cased nor
 * ignorable, so the rule of the final sigma ends there in any case. */
#include "jsonata/unicode.h"

#include "jsonata/fn.h"

#include <stdlib.h>
#include <unicase.h>

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

/* Offset of the first lone surrogate at or after `from`, or the length. */
static size_t next_surrogate(jn_str s, size_t from)
{
    while (from < s.len) {
        const char *hit = memchr(s.data + from, 0xed, s.len - from);
        if (!hit)
            break;
        from = (size_t)(hit - s.data);
        if (jsonata_is_surrogate(s, from))
            return from;
        from++;
    }
    return s.len;
}

/* Puts the mapping of `s`, which holds no surrogate, into out[0..*room); *room becomes its length.  When it does not fit,
 * *room is what it needs and nothing is written.  False when the system has no memory. */
static bool map_stretch(map_fn *map, jn_str s, char *out, size_t *room)
{
    size_t len = *room;
    uint8_t *mapped = map((const uint8_t *)s.data, s.len, NULL, NULL, (uint8_t *)out, &len);
    if (!mapped)
        return false;
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

static jn_value map_unicode(struct jsonata_eval *e, jn_str s, map_fn *map)
{
    const size_t cap = s.len * MOST_GROWTH;
    char *out = fn_text_begin(e, (uint64_t)s.len * MOST_GROWTH);
    size_t len = 0;
    for (size_t at = 0; out && at < s.len && jsonata_step(e);) {
        const size_t end = next_surrogate(s, at);
        size_t room = cap - len;
        if (end > at && (!map_stretch(map, jn_str_sub(s, at, end), out + len, &room) || room > cap - len)) {
            e->status = JN_NO_MEMORY;
            return jn_undefined();
        }
        len += end > at ? room : 0;
        const jn_str lone = jn_str_sub(s, end, end + 3);        // empty at the end of the text
        memcpy(out + len, lone.data, lone.len);
        len += lone.len;
        at = end + lone.len;
    }
    return out && !jsonata_failed(e) ? jsonata_string_end(e, out, cap, len) : jn_undefined();
}

static jn_value map_case(struct jsonata_eval *e, jn_str s, unsigned char first, map_fn *map)
{
    if (!jn_utf8_is_ascii(s))
        return map_unicode(e, s, map);
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
