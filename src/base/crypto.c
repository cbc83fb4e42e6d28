/* crypto.c - digests and encodings over OpenSSL.
 * Digests cannot fail once the library works; they may only lack a few hundred bytes of memory inside OpenSSL, and no
 * caller could go on without the digest: asserted. */
#include "base/crypto.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

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

/* ---- base64 -------------------------------------------------------------------------------------------------- */

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* `n` bytes, 1 to 3, to four characters.  All are read before the first is written: base_base64_encode_in_place()
 * relies on it. */
static inline void encode_group(char *to, const unsigned char *from, size_t n)
{
    const uint32_t bits = (uint32_t)from[0] << 16 | (n > 1 ? (uint32_t)from[1] << 8 : 0) | (n > 2 ? from[2] : 0);
    to[0] = digits64[bits >> 18];
    to[1] = digits64[bits >> 12 & 63];
    to[2] = digits64[bits >> 6 & 63];
    to[3] = digits64[bits & 63];
    if (n < 3)
        to[3] = '=';
    if (n < 2)
        to[2] = '=';
}

static void encode(char *to, const unsigned char *from, size_t len)
{
    for (; len >= 4; len -= 3, from += 3, to += 4) {        // a word is read, three bytes of it are used
        const uint32_t bits = (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
        to[0] = digits64[bits >> 26];
        to[1] = digits64[bits >> 20 & 63];
        to[2] = digits64[bits >> 14 & 63];
        to[3] = digits64[bits >> 8 & 63];
    }
    for (; len >= 3; len -= 3, from += 3, to += 4)
        encode_group(to, from, 3);
    if (len)
        encode_group(to, from, len);
}

void base_base64_encode(struct jn_buf *out, jn_str data)
{
    if (data.len > SIZE_MAX / 2) {
        jn_buf_reserve(out, SIZE_MAX / 2);          // fails
        return;
    }
    const size_t len = base_base64_length(data.len);
    char *to = len ? jn_buf_reserve(out, len) : NULL;
    if (!to)
        return;
    encode(to, bytes_of(data), data.len);
    jn_buf_commit(out, len);
}

/* The bytes stand at the end of the room for the text: what is written never overtakes what is still to be read, since
 * a third of the bytes before a group is never more than a third of all. */
void base_base64_encode_in_place(char *data, size_t len)
{
    encode(data, (const unsigned char *)data + base_base64_length(len) - len, len);
}

/* 0 to 63; with 0x40 for the other alphabet (RFC 4648, section 5), 0x80 for everything else, '=' included. */
static inline unsigned sextet(char c)
{
#define X 0x80
#define X32 X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X
    static const unsigned char sextets[256] = {
        X32,
        X, X, X, X, X, X, X, X, X, X, X, 62, X, 0x7e, X, 63,
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
        X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, 0x7f,
        X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
        X32, X32, X32, X32,
    };
#undef X32
#undef X
    return sextets[(unsigned char)c];
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

/* Decodes from `in` on, a character at a time, and returns the end of what was written. */
static char *decode_slowly(char *out, const char *in, const char *end, bool *is_strict)
{
    uint32_t bits = 0;
    unsigned held = 0, padding = 0;
    for (; in < end; in++) {
        const unsigned v = sextet(*in);
        *is_strict = *is_strict && (v < 64 ? !padding : *in == '=');
        padding += *in == '=';
        if (v & 0x80)
            continue;
        bits = bits << 6 | (v & 63);
        if (++held % 4 == 0)
            for (int shift = 16; shift >= 0; shift -= 8)
                *out++ = (char)(bits >> shift);
    }
    held %= 4;
    if (held >= 2)
        *out++ = (char)(bits >> (held == 2 ? 4 : 10));
    if (held == 3)
        *out++ = (char)(bits >> 2);
    const unsigned unused = held == 2 ? bits & 15 : held == 3 ? bits & 3 : 0;
    *is_strict = *is_strict && held != 1 && padding == (4 - held) % 4 && !unused;
    return out;
}

size_t base_base64_decode_lenient(char *data, size_t len, bool *is_strict)
{
    char *out = data;
    const char *in = data, *const end = data + len;
    bool strict = true;
    for (; end - in >= 4; in += 4, out += 3) {
        const unsigned a = sextet(in[0]), b = sextet(in[1]), c = sextet(in[2]), d = sextet(in[3]);
        if ((a | b | c | d) > 63)
            break;
        const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        out[0] = (char)(bits >> 16);
        out[1] = (char)(bits >> 8);
        out[2] = (char)bits;
    }
    out = decode_slowly(out, in, end, &strict);
    if (is_strict)
        *is_strict = strict;
    return (size_t)(out - data);
}

/* ---- AES ----------------------------------------------------------------------------------------------------- */

/* Two contexts, since one of OpenSSL's has the key schedule of one direction.  Padding is ours: then a text is one call
 * in place, and the length is known before. */
struct base_aes {
    EVP_CIPHER_CTX *encrypt, *decrypt;
};

static EVP_CIPHER_CTX *context_of(const unsigned char *key, int encrypts)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c && EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, key, NULL, encrypts) &&
        EVP_CIPHER_CTX_set_padding(c, 0))
        return c;
    EVP_CIPHER_CTX_free(c);
    return NULL;
}

struct base_aes *base_aes_new(const unsigned char key[BASE_AES_KEY])
{
    struct base_aes *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->encrypt = context_of(key, 1);
    a->decrypt = a->encrypt ? context_of(key, 0) : NULL;
    if (a->decrypt)
        return a;
    base_aes_free(a);
    return NULL;
}

void base_aes_free(struct base_aes *a)
{
    if (!a)
        return;
    EVP_CIPHER_CTX_free(a->encrypt);        // wipes the key schedule
    EVP_CIPHER_CTX_free(a->decrypt);
    free(a);
}

/* Whole blocks, in pieces: OpenSSL counts in int. */
static void run_blocks(EVP_CIPHER_CTX *c, const char *in, char *out, size_t len)
{
    enum { PIECE = 1 << 30 };
    while (len > 0) {
        const int n = len < PIECE ? (int)len : PIECE;
        int written = 0;
        const int done = EVP_CipherUpdate(c, (unsigned char *)out, &written, (const unsigned char *)in, n);
        assert(done && written == n);
        (void)done;
        in += n, out += n, len -= (size_t)n;
    }
}

static void begin(EVP_CIPHER_CTX *c, const unsigned char *iv)
{
    const int done = EVP_CipherInit_ex(c, NULL, NULL, NULL, iv, -1);
    assert(done);
    (void)done;
}

void base_aes_encrypt(struct base_aes *a, const unsigned char iv[BASE_AES_BLOCK], jn_str text, char *out)
{
    char last[BASE_AES_BLOCK];
    const size_t whole = text.len / BASE_AES_BLOCK * BASE_AES_BLOCK, rest = text.len - whole;
    memset(last, (int)(BASE_AES_BLOCK - rest), sizeof last);
    if (rest)
        memcpy(last, text.data + whole, rest);
    begin(a->encrypt, iv);
    run_blocks(a->encrypt, text.data, out, whole);
    run_blocks(a->encrypt, last, out + whole, sizeof last);
    base_wipe(last, sizeof last);
}

bool base_aes_decrypt(struct base_aes *a, const unsigned char iv[BASE_AES_BLOCK], char *data, size_t *len)
{
    if (*len == 0 || *len % BASE_AES_BLOCK != 0)
        return false;
    begin(a->decrypt, iv);
    run_blocks(a->decrypt, data, data, *len);
    const unsigned padding = (unsigned char)data[*len - 1];
    if (padding == 0 || padding > BASE_AES_BLOCK)
        return false;
    for (size_t i = *len - padding; i < *len; i++)
        if ((unsigned char)data[i] != padding)
            return false;
    *len -= padding;
    return true;
}

/* ---- secrets ------------------------------------------------------------------------------------------------- */

bool base_equal_secret(jn_str a, jn_str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void base_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}
