/* crypto.h - digests and encodings over OpenSSL; crypto.c alone includes its headers. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "core/buf.h"

enum { BASE_SHA256 = 32 };

void base_sha256(unsigned char out[BASE_SHA256], jn_str data);
void base_hmac_sha256(unsigned char out[BASE_SHA256], jn_str key, jn_str data);

/* Lower-case hex of `len` bytes; `out` needs 2 * len + 1. */
void base_hex(char *out, const unsigned char *data, size_t len);

/* Appends base64 (RFC 4648, with padding). */
void base_base64_encode(struct jn_buf *out, jn_str data);

/* The length of `len` bytes in base64. */
static inline size_t base_base64_length(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* Encodes in place: the `len` bytes that end where the text will, at data + base_base64_length(len). */
void base_base64_encode_in_place(char *data, size_t len);

/* Appends the decoded bytes; false (nothing appended) when `text` is not strict base64. */
bool base_base64_decode(struct jn_buf *out, jn_str text);

/* Decodes in place what base64 decoders of JavaScript accept: white space and foreign characters are skipped, padding is
 * optional, both alphabets are understood.  Returns the length; *is_strict (may be NULL) tells whether encoding the
 * bytes again gives the same text. */
size_t base_base64_decode_lenient(char *data, size_t len, bool *is_strict);

/* AES-256-CBC with PKCS#7 padding (RFC 5652, 6.3).  A cipher holds a key schedule, is used for one text after the other,
 * and is wiped by free. */
enum { BASE_AES_BLOCK = 16, BASE_AES_KEY = 32 };
struct base_aes;
struct base_aes *base_aes_new(const unsigned char key[BASE_AES_KEY]);   /* NULL without memory */
void base_aes_free(struct base_aes *a);

/* The length of the ciphertext of `len` bytes. */
static inline size_t base_aes_length(size_t len)
{
    return (len / BASE_AES_BLOCK + 1) * BASE_AES_BLOCK;
}

/* Writes base_aes_length(text.len) bytes to `out`, which may be where the text is. */
void base_aes_encrypt(struct base_aes *a, const unsigned char iv[BASE_AES_BLOCK], jn_str text, char *out);

/* Decrypts in place; *len shrinks.  False, the bytes in disorder, when length or padding are wrong. */
bool base_aes_decrypt(struct base_aes *a, const unsigned char iv[BASE_AES_BLOCK], char *data, size_t *len);

/* Equal, in a time that depends on the lengths only. */
bool base_equal_secret(jn_str a, jn_str b);

/* Overwrites memory in a way that the compiler keeps. */
void base_wipe(void *p, size_t len);

#endif
