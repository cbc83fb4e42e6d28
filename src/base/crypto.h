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

/* Appends the decoded bytes; false (nothing appended) when `text` is not strict base64. */
bool base_base64_decode(struct jn_buf *out, jn_str text);

/* Equal, in a time that depends on the lengths only. */
bool base_equal_secret(jn_str a, jn_str b);

/* Overwrites memory in a way that the compiler keeps. */
void base_wipe(void *p, size_t len);

#endif
