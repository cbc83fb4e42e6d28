/* cipher.h - what is encrypted, and how (platform-protocol.md, 4): AES-256-CBC, key = SHA-256 of the password, one IV
 * for all.  Works in place wherever it can: a message of a megabyte is not copied to be read.
 * The key is wiped when the cipher is freed. */
#ifndef SAILOR_CIPHER_H
#define SAILOR_CIPHER_H

#include "core/buf.h"

struct sailor_cipher;

/* `password` NULL: nothing is encrypted (service and shutdown-hook mode).  An IV that is not 16 bytes long is found at
 * the first message, as in the reference.  JN_BAD_VALUE for a password without an IV; JN_NO_MEMORY. */
enum jn_status sailor_cipher_new(const char *password, const char *iv, struct sailor_cipher **out,
                                 struct jn_error *err);
void sailor_cipher_free(struct sailor_cipher *c);

/* Appends ciphertext of `text`, raw or in base64.  JN_BAD_TEXT for an IV that is none; JN_NO_MEMORY. */
enum jn_status sailor_encrypt(struct sailor_cipher *c, jn_str text, bool base64, struct jn_buf *out,
                              struct jn_error *err);

/* The same for what `text` holds from byte `from` on, in place. */
enum jn_status sailor_encrypt_in_place(struct sailor_cipher *c, struct jn_buf *text, size_t from, bool base64,
                                       struct jn_error *err);

/* Turns the payload at `data` into its text, in place; *len shrinks.  A payload of no bytes gives none.
 * *is_canonical (may be NULL) tells whether encrypting the text again gives the same bytes.
 * JN_BAD_TEXT "Failed to decrypt message: ...". */
enum jn_status sailor_decrypt(struct sailor_cipher *c, char *data, size_t *len, bool base64, bool *is_canonical,
                              struct jn_error *err);

#endif
