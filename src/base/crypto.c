/* crypto.c - digests and encodings over OpenSSL.
 *
 * SHA-256 is taken from OpenSSL's functions for it, which 3.0 calls deprecated, and HMAC is made of it here (RFC 2104): the
 * way that 3.0 recommends looks the algorithm up by its name and makes objects each time, which for a text of 200 bytes
 * takes 0.4 us instead of 0.15, and for its HMAC 1.2 us instead of 0.3.  A signature has two digests and one HMAC. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.h"

#include <assert.h>
#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* OpenSSL wants a pointer even to nothing. */
static const unsigned char *bytes_of(jn_str s)
{
    return (const unsigned char *)(s.data ? s.data : "");
}

void base_sha256(unsigned char out[BASE_SHA256], jn_str data)
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, bytes_of(data), data.len);
    SHA256_Final(out, &c);
    base_wipe(&c, sizeof c);
}

enum { BLOCK = 64 };

/* The digest of `data` behind `key`, a block, each byte of it combined with `pad`. */
static void digest_padded(unsigned char out[BASE_SHA256], const unsigned char key[BLOCK], unsigned char pad, jn_str data)
{
    unsigned char padded[BLOCK];
    SHA256_CTX c;
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = key[i] ^ pad;
    SHA256_Init(&c);
    SHA256_Update(&c, padded, sizeof padded);
    SHA256_Update(&c, bytes_of(data), data.len);
    SHA256_Final(out, &c);
    base_wipe(padded, sizeof padded);
    base_wipe(&c, sizeof c);
}

/* RFC 2104, 2. */
void base_hmac_sha256(unsigned char out[BASE_SHA256], jn_str key, jn_str data)
{
    unsigned char block[BLOCK] = { 0 }, inner[BASE_SHA256];
    if (key.len > sizeof block)
        base_sha256(block, key);
    else if (key.len)
        memcpy(block, key.data, key.len);
    digest_padded(inner, block, 0x36, data);
    digest_padded(out, block, 0x5c, (jn_str){ (const char *)inner, sizeof inner });
    base_wipe(block, sizeof block);
    base_wipe(inner, sizeof inner);
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

#define DIGITS(F, x)                                                                                                   \
    F(x, 'A') F(x, 'B') F(x, 'C') F(x, 'D') F(x, 'E') F(x, 'F') F(x, 'G') F(x, 'H') F(x, 'I') F(x, 'J') F(x, 'K')      \
    F(x, 'L') F(x, 'M') F(x, 'N') F(x, 'O') F(x, 'P') F(x, 'Q') F(x, 'R') F(x, 'S') F(x, 'T') F(x, 'U') F(x, 'V')      \
    F(x, 'W') F(x, 'X') F(x, 'Y') F(x, 'Z') F(x, 'a') F(x, 'b') F(x, 'c') F(x, 'd') F(x, 'e') F(x, 'f') F(x, 'g')      \
    F(x, 'h') F(x, 'i') F(x, 'j') F(x, 'k') F(x, 'l') F(x, 'm') F(x, 'n') F(x, 'o') F(x, 'p') F(x, 'q') F(x, 'r')      \
    F(x, 's') F(x, 't') F(x, 'u') F(x, 'v') F(x, 'w') F(x, 'x') F(x, 'y') F(x, 'z') F(x, '0') F(x, '1') F(x, '2')      \
    F(x, '3') F(x, '4') F(x, '5') F(x, '6') F(x, '7') F(x, '8') F(x, '9') F(x, '+') F(x, '/')
#define PAIR(a, b) { a, b },
#define ROW(a) DIGITS(PAIR, a)
#define ROWS_OF_8(a, b, c, d, e, f, g, h) ROW(a) ROW(b) ROW(c) ROW(d) ROW(e) ROW(f) ROW(g) ROW(h)

/* The two characters of twelve bits. */
static const char pairs64[4096][2] = {
    ROWS_OF_8('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H') ROWS_OF_8('I', 'J', 'K', 'L', 'M', 'N', 'O', 'P')
    ROWS_OF_8('Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X') ROWS_OF_8('Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f')
    ROWS_OF_8('g', 'h', 'i', 'j', 'k', 'l', 'm', 'n') ROWS_OF_8('o', 'p', 'q', 'r', 's', 't', 'u', 'v')
    ROWS_OF_8('w', 'x', 'y', 'z', '0', '1', '2', '3') ROWS_OF_8('4', '5', '6', '7', '8', '9', '+', '/')
};

/* The lower 24 of `bits`, of which `n` bytes, 1 to 3, are meant. */
static inline void put_group(char *to, uint32_t bits, size_t n)
{
    memcpy(to, pairs64[bits >> 12 & 0xfff], 2);
    memcpy(to + 2, pairs64[bits & 0xfff], 2);
    if (n < 3)
        to[3] = '=';
    if (n < 2)
        to[2] = '=';
}

/* Each turn reads before it writes: base_base64_encode_in_place() relies on it. */
static void encode(char *to, const unsigned char *from, size_t len)
{
    for (; len >= 4; len -= 3, from += 3, to += 4) {        // a word is read, three bytes of it are used
        uint32_t word;
        memcpy(&word, from, sizeof word);
        put_group(to, be32toh(word) >> 8, 3);
    }
    if (len == 0)
        return;
    const uint32_t last = (uint32_t)from[0] << 16 | (len > 1 ? (uint32_t)from[1] << 8 : 0) | (len > 2 ? from[2] : 0);
    put_group(to, last, len);
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

/* What each character means, in the order of their codes, each given to `F`: 0 to 63; with 0x40 for the other alphabet
 * (RFC 4648, section 5), 0x80 for everything else, '=' included. */
#define NONE4(F) F(0x80), F(0x80), F(0x80), F(0x80)
#define NONE32(F) NONE4(F), NONE4(F), NONE4(F), NONE4(F), NONE4(F), NONE4(F), NONE4(F), NONE4(F)
#define FOUR(F, v) F(v), F((v) + 1), F((v) + 2), F((v) + 3)
#define LETTERS(F, v)                                                                                                  \
    FOUR(F, v), FOUR(F, (v) + 4), FOUR(F, (v) + 8), FOUR(F, (v) + 12), FOUR(F, (v) + 16), FOUR(F, (v) + 20),           \
        F((v) + 24), F((v) + 25)
#define SEXTETS(F)                                                                                                     \
    {                                                                                                                  \
        NONE32(F),                                                                                                     \
        NONE4(F), NONE4(F), F(0x80), F(0x80), F(0x80), F(62), F(0x80), F(0x7e), F(0x80), F(63),                        \
        FOUR(F, 52), FOUR(F, 56), F(60), F(61), F(0x80), F(0x80), NONE4(F),                                            \
        F(0x80), LETTERS(F, 0), NONE4(F), F(0x7f),                                                                     \
        F(0x80), LETTERS(F, 26), NONE4(F), F(0x80),                                                                    \
        NONE32(F), NONE32(F), NONE32(F), NONE32(F),                                                                    \
    }

static inline unsigned sextet(char c)
{
#define AS_IT_IS(v) v
    static const unsigned char sextets[256] = SEXTETS(AS_IT_IS);
    return sextets[(unsigned char)c];
}

/* The three bytes of a group of four of the first alphabet in the upper bits; the lowest bit is set when one is none. */
static inline uint32_t group(const char *in)
{
#define AT_26(v) ((v) < 64 ? (uint32_t)(v) << 26 : 1)
#define AT_20(v) ((v) < 64 ? (uint32_t)(v) << 20 : 1)
#define AT_14(v) ((v) < 64 ? (uint32_t)(v) << 14 : 1)
#define AT_8(v) ((v) < 64 ? (uint32_t)(v) << 8 : 1)
    static const uint32_t first[256] = SEXTETS(AT_26), second[256] = SEXTETS(AT_20), third[256] = SEXTETS(AT_14),
                          fourth[256] = SEXTETS(AT_8);
    const unsigned char *p = (const unsigned char *)in;
    return first[p[0]] | second[p[1]] | third[p[2]] | fourth[p[3]];
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
        const uint32_t bits = group(in);
        if (bits & 1)
            break;
        const uint32_t word = htobe32(bits);    // four bytes, of which the next group overwrites the last
        memcpy(out, &word, sizeof word);
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
