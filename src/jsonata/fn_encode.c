/* fn_encode.c - $base64encode, $base64decode and the four URL functions (spec 9; ECMA-262, "Encode" and "Decode").
 * Base 64 is of characters, not of UTF-8: one byte per UTF-16 code unit, its low eight bits, as in the reference. */
#include "jsonata/fn.h"
#include "jsonata/unicode.h"

/* ---- base 64 ------------------------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The low bytes of the code units of `s`, one by one. */
struct units {
    jn_str s;
    size_t at;
    uint32_t second;            /* the low surrogate still to come, or 0 */
};

static unsigned char next_byte(struct units *u)
{
    if (u->second) {
        const uint32_t low = u->second;
        u->second = 0;
        return (unsigned char)low;
    }
    const uint32_t c = jn_utf8_next(u->s, &u->at);
    if (c < 0x10000)
        return (unsigned char)c;
    u->second = 0xdc00 | (c & 0x3ff);
    return (unsigned char)(0xd7c0 + (c >> 10));
}

static char *put_quad(char *to, uint32_t bits, size_t bytes)
{
    to[0] = alphabet[bits >> 18 & 63];
    to[1] = alphabet[bits >> 12 & 63];
    to[2] = bytes > 1 ? alphabet[bits >> 6 & 63] : '=';
    to[3] = bytes > 2 ? alphabet[bits & 63] : '=';
    return to + 4;
}

BUILTIN(fn_base64encode)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    struct units u = { .s = jn_text(args[0]) };
    size_t left = jn_utf16_count(u.s);
    const uint64_t size = ((uint64_t)left + 2) / 3 * 4;
    char *out = fn_text_begin(e, size), *to = out;
    while (out && left) {
        const size_t bytes = left < 3 ? left : 3;
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < bytes ? next_byte(&u) : 0);
        to = put_quad(to, bits, bytes);
        left -= bytes;
    }
    return out ? jsonata_string_end(e, out, size, size) : jn_undefined();
}

/* The six bits of a digit, of both alphabets of RFC 4648; -1 for anything else. */
static int digit64(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Foreign characters are skipped; but of those beyond Latin-1 the reference's platform looks at the low byte only. */
BUILTIN(fn_base64decode)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    struct units u = { .s = jn_text(args[0]) };
    const uint64_t size = ((uint64_t)u.s.len / 4 + 1) * 6;      // a byte from 0x80 on becomes two
    char *out = fn_text_begin(e, size);
    size_t len = 0;
    uint32_t bits = 0;
    int held = 0;
    while (out && (u.second || u.at < u.s.len)) {
        const unsigned char c = next_byte(&u);
        const int digit = digit64(c);
        if (c == '=')
            break;
        if (digit < 0)
            continue;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            len += jn_utf8_put(out + len, bits >> held & 0xff);
        }
    }
    return out ? jsonata_string_end(e, out, size, len) : jn_undefined();
}

/* ---- URLs ---------------------------------------------------------------------------------------------------- */

static const char reserved[] = ";/?:@&=+$,#";       // uriReserved and '#': separators of a whole URL

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.!~*'()", c));
}

static bool is_among(const char *set, unsigned char c)
{
    return c && strchr(set, c);
}

static jn_value raise_malformed(struct jsonata_eval *e, jn_value s, const char *function)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = "D3140", .value = s, .function = function });
}

/* Percent-encodes the UTF-8 of everything but unreserved characters and `kept`.  A lone surrogate has no UTF-8. */
static jn_value encode(struct jsonata_eval *e, jn_value v, const char *kept, const char *function)
{
    if (jn_is_undefined(v))
        return v;
    const jn_str s = jn_text(v);
    uint64_t size = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (jsonata_is_surrogate(s, i))
            return raise_malformed(e, v, function);
        const unsigned char c = (unsigned char)s.data[i];
        size += is_unreserved(c) || is_among(kept, c) ? 1 : 3;
    }
    if (size == s.len)
        return v;
    char *out = fn_text_begin(e, size), *to = out;
    for (size_t i = 0; out && i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (is_unreserved(c) || is_among(kept, c)) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = "0123456789ABCDEF"[c >> 4];
        *to++ = "0123456789ABCDEF"[c & 15];
    }
    return out ? jsonata_string_end(e, out, size, size) : jn_undefined();
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that %XX at `at` stands for, or -1. */
static int escaped_byte(jn_str s, size_t at)
{
    if (at + 3 > s.len || s.data[at] != '%')
        return -1;
    const int high = hex_digit(s.data[at + 1]), low = hex_digit(s.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* The bytes of one character from the escapes at `at`; how many there are, or 0 when they are no UTF-8. */
static size_t escaped_character(jn_str s, size_t at, char bytes[4])
{
    const int first = escaped_byte(s, at);
    const size_t len = first < 0 ? 0 : first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (size_t i = 0; i < len; i++) {
        const int byte = escaped_byte(s, at + 3 * i);
        if (byte < 0)
            return 0;
        bytes[i] = (char)byte;
    }
    return jn_utf8_invalid((jn_str){ bytes, len }) == len ? len : 0;
}

/* Decodes, but leaves escapes of the characters in `kept` as they are. */
static jn_value decode(struct jsonata_eval *e, jn_value v, const char *kept, const char *function)
{
    if (jn_is_undefined(v) || !memchr(v.as.text, '%', v.len))
        return v;
    const jn_str s = jn_text(v);
    char *out = fn_text_begin(e, s.len);
    size_t len = 0;
    for (size_t i = 0; out && i < s.len;) {
        char bytes[4] = "";
        const size_t n = s.data[i] == '%' ? escaped_character(s, i, bytes) : 1;
        if (!n)
            return raise_malformed(e, v, function);
        const bool as_it_is = s.data[i] != '%' || is_among(kept, (unsigned char)bytes[0]);
        const size_t taken = s.data[i] == '%' ? 3 * n : 1, given = as_it_is ? taken : n;
        memcpy(out + len, as_it_is ? s.data + i : bytes, given);
        len += given;
        i += taken;
    }
    return out ? jsonata_string_end(e, out, s.len, len) : jn_undefined();
}

BUILTIN(fn_encode_url)
{
    return encode(e, args[0], reserved, "encodeUrl");
}

BUILTIN(fn_encode_url_component)
{
    return encode(e, args[0], "", "encodeUrlComponent");
}

BUILTIN(fn_decode_url)
{
    return decode(e, args[0], reserved, "decodeUrl");
}

BUILTIN(fn_decode_url_component)
{
    return decode(e, args[0], "", "decodeUrlComponent");
}

const struct jsonata_builtin jsonata_fn_encode[] = {
    { "base64encode", "<s-:s>", 1, fn_base64encode },
    { "base64decode", "<s-:s>", 1, fn_base64decode },
    { "encodeUrl", "<s-:s>", 1, fn_encode_url },
    { "encodeUrlComponent", "<s-:s>", 1, fn_encode_url_component },
    { "decodeUrl", "<s-:s>", 1, fn_decode_url },
    { "decodeUrlComponent", "<s-:s>", 1, fn_decode_url_component },
    { 0 },
};
