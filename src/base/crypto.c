/* crypto.c - digests and encodings over OpenSSL.
 * Digests cannot fail once the library works; they may only lack a few hundred bytes of memory inside OpenSSL, and no
 * caller could go on without the digest: asserted. */
#include "base/crypto.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

/* OpenSSL wants a pointer even to nothing. */
static const unsigned char *bytes_of(jn_str s)
{
    return (const unsigned char *)(s.data ? s.data : "");
}

void base_sha256(unsigned char out[BASE_SHA256], jn_str data)
{
    const unsigned char *done = SHA256(bytes_of(data), data.len, out);
    assert(done);
    (void)done;
}

void base_hmac_sha256(unsigned char out[BASE_SHA256], jn_str key, jn_str data)
{
    assert(key.len <= INT32_MAX);
    unsigned len = 0;
    const unsigned char *done = HMAC(EVP_sha256(), bytes_of(key), (int)key.len, bytes_of(data), data.len, out, &len);
    assert(done && len == BASE_SHA256);
    (void)done;
}

void base_hex(char *out, const unsigned char *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

/* In pieces: EVP_EncodeBlock() takes an int.  Every piece but the last is a multiple of 3, so that padding comes
 * last. */
void base_base64_encode(struct jn_buf *out, jn_str data)
{
    enum { PIECE = 3 << 20 };
    while (data.len > 0) {
        const size_t n = data.len < PIECE ? data.len : PIECE;
        char *to = jn_buf_reserve(out, (n + 2) / 3 * 4);    // the NUL that follows has room of its own
        if (!to)
            return;
        jn_buf_commit(out, (size_t)EVP_EncodeBlock((unsigned char *)to, bytes_of(data), (int)n));
        data.data += n;
        data.len -= n;
    }
}

/* 0 to 63; 64 for everything else, '=' included. */
static unsigned sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Decodes `n` (2 to 4) sextets to n - 1 bytes; false when one is none, or bits that no byte uses are set. */
static bool decode_group(char *out, const char *in, size_t n)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        const unsigned v = i < n ? sextet(in[i]) : 0;
        if (v > 63)
            return false;
        bits = bits << 6 | v;
    }
    if (bits & ((1u << 8 * (4 - n)) - 1))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = (char)(bits >> (16 - 8 * i));
    return true;
}

/* Strict, as RFC 4648 section 3.5 permits: whole groups, padding only at the end, no unused bits.  OpenSSL's own
 * decoder skips white space and cannot tell how much of the last group is padding. */
bool base_base64_decode(struct jn_buf *out, jn_str text)
{
    if (text.len % 4 != 0)
        return false;
    char *to = jn_buf_reserve(out, text.len / 4 * 3);
    if (!to)
        return false;

    const char *from = text.data;
    size_t written = 0;
    for (size_t left = text.len; left > 0; left -= 4, from += 4) {
        size_t n = 4;
        if (left == 4)
            n -= from[3] != '=' ? 0 : from[2] != '=' ? 1 : 2;
        if (!decode_group(to + written, from, n)) {
            jn_buf_commit(out, 0);              // puts the NUL back
            return false;
        }
        written += n - 1;
    }
    jn_buf_commit(out, written);
    return true;
}

bool base_equal_secret(jn_str a, jn_str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void base_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}
