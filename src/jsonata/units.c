/* units.c - strings as code units.  WTF-8 in, WTF-8 out: half a pair becomes the three bytes of a lone surrogate. */
#include "jsonata/units.h"

#include "jsonata/unicode.h"

enum { INDEX_STEP = 64 };

bool jsonata_units_open(struct jsonata_eval *e, jn_value v, struct jsonata_units *u)
{
    const jn_str text = jn_text(v);
    *u = (struct jsonata_units){ .text = text, .flags = v.flags & JN_STR_PLAIN };
    u->is_ascii = v.flags & JN_STR_ASCII || jn_utf8_is_ascii(text);
    if (u->is_ascii) {
        u->flags |= JN_STR_ASCII;
        u->len = text.len;
        return true;
    }
    // A character has no more units than bytes: no need to count first.
    uint16_t *wide = jn_arena_alloc(e->arena, (text.len + 1) * sizeof *wide);
    uint32_t *index = jn_arena_alloc(e->arena, (text.len / INDEX_STEP + 1) * sizeof *index);
    if (!wide || !index) {
        jsonata_raise_memory(e);
        return false;
    }
    size_t n = 0, next = 0;
    for (size_t at = 0; at < text.len;) {
        const size_t start = at;
        const uint32_t c = jn_utf8_next(text, &at);
        if (c >= 0x10000) {
            wide[n++] = (uint16_t)(0xD7C0 + (c >> 10));
            wide[n++] = (uint16_t)(0xDC00 + (c & 0x3FF));
        } else {
            wide[n++] = (uint16_t)c;
        }
        for (; next < n; next += INDEX_STEP)
            index[next / INDEX_STEP] = (uint32_t)start;
    }
    u->len = n;
    u->wide = wide;
    u->index = index;
    return true;
}

static bool is_low_half(const struct jsonata_units *u, size_t at)
{
    return at > 0 && at < u->len && (u->wide[at] & 0xFC00) == 0xDC00 && (u->wide[at - 1] & 0xFC00) == 0xD800;
}

/* Byte offset of the unit `at`, which starts a character or is the end. */
static size_t byte_offset(const struct jsonata_units *u, size_t at)
{
    if (at >= u->len)
        return u->text.len;
    const size_t base = at / INDEX_STEP * INDEX_STEP;
    size_t n = base - is_low_half(u, base);
    size_t byte = u->index[base / INDEX_STEP];
    while (n < at) {
        jn_utf8_next(u->text, &byte);
        n += 1 + is_low_half(u, n + 1);
    }
    return byte;
}

/* A part whose ends may be halves of pairs: the whole characters in between, and the halves around them. */
static jn_value split_slice(struct jsonata_eval *e, const struct jsonata_units *u, size_t from, size_t to)
{
    const bool head = is_low_half(u, from), tail = is_low_half(u, to);
    const size_t first = from + head, last = to - tail;     // a low half is no high half: first <= last
    const size_t start = byte_offset(u, first), end = byte_offset(u, last);
    const size_t cap = end - start + 6;
    char *out = jsonata_string_begin(e, cap);
    if (!out)
        return jn_undefined();
    size_t n = 0;
    if (head)
        n += jn_utf8_put(out, u->wide[from]);
    memcpy(out + n, u->text.data + start, end - start);
    n += end - start;
    if (tail)
        n += jn_utf8_put(out + n, u->wide[to - 1]);
    return jsonata_string_end(e, out, cap, n);
}

jn_value jsonata_units_slice(struct jsonata_eval *e, const struct jsonata_units *u, size_t from, size_t to)
{
    if (u->is_ascii)
        return jn_string((jn_str){ u->text.data + from, to - from }, u->flags);
    if (from == to)
        return jn_string((jn_str){ "", 0 }, JN_STR_ASCII | JN_STR_PLAIN);
    if (is_low_half(u, from) || is_low_half(u, to))
        return split_slice(e, u, from, to);
    const size_t start = byte_offset(u, from);
    return jn_string((jn_str){ u->text.data + start, byte_offset(u, to) - start }, u->flags);
}

bool jsonata_may_split_pairs(jn_str needle)
{
    return needle.len >= 3 && (jsonata_is_low_surrogate(needle, 0) || jsonata_is_surrogate(needle, needle.len - 3));
}

size_t jsonata_units_find(struct jsonata_eval *e, const struct jsonata_units *s, const struct jsonata_units *needle,
                          size_t from)
{
    if (s->is_ascii || needle->is_ascii)
        return SIZE_MAX;                        // only texts beyond ASCII are searched for here
    for (size_t i = from; i + needle->len <= s->len && jsonata_step(e); i++)
        if (memcmp(s->wide + i, needle->wide, needle->len * sizeof *s->wide) == 0)
            return i;
    return SIZE_MAX;
}
