/* cipher.c - payloads and stored objects (platform-protocol.md, 4).
 * In base64, the ciphertext is made at the end of the room for its text and spread from there, so that encrypting takes
 * no memory but the result's. */
#include "sailor/cipher.h"

#include <stdlib.h>

#include "base/crypto.h"

struct sailor_cipher {
    struct base_aes *aes;               /* NULL: nothing is encrypted */
    unsigned char iv[BASE_AES_BLOCK];
    size_t iv_len;                      /* as configured */
};

enum jn_status sailor_cipher_new(const char *password, const char *iv, struct sailor_cipher **out,
                                 struct jn_error *err)
{
    if (password && !iv)
        return jn_fail(err, JN_BAD_VALUE, "there is a password for messages, but no initialisation vector");
    struct sailor_cipher *c = calloc(1, sizeof *c);
    if (c && password) {
        unsigned char key[BASE_SHA256];
        base_sha256(key, jn_str_of(password));
        c->aes = base_aes_new(key);
        base_wipe(key, sizeof key);
        c->iv_len = strlen(iv);
        memcpy(c->iv, iv, c->iv_len < sizeof c->iv ? c->iv_len : sizeof c->iv);
    }
    if (!c || (password && !c->aes)) {
        sailor_cipher_free(c);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the encryption of messages");
    }
    *out = c;
    return JN_OK;
}

void sailor_cipher_free(struct sailor_cipher *c)
{
    if (!c)
        return;
    base_aes_free(c->aes);
    base_wipe(c, sizeof *c);
    free(c);
}

static enum jn_status check_iv(const struct sailor_cipher *c, const char *what, struct jn_error *err)
{
    if (!c->aes || c->iv_len == sizeof c->iv)
        return JN_OK;
    return jn_fail(err, JN_BAD_TEXT, "Failed to %s message: the initialisation vector has %zu bytes and must have %zu",
                   what, c->iv_len, sizeof c->iv);
}

/* ---- encrypting ---------------------------------------------------------------------------------------------- */

struct lengths {
    size_t cipher, payload;
};

static struct lengths lengths_of(const struct sailor_cipher *c, size_t text, bool base64)
{
    const size_t cipher = c->aes ? base_aes_length(text) : text;
    return (struct lengths){ cipher, base64 ? base_base64_length(cipher) : cipher };
}

/* `payload` has room for it all; `text` may be in it, at its end less what padding adds. */
static void encrypt_to(struct sailor_cipher *c, jn_str text, struct lengths n, bool base64, char *payload)
{
    char *cipher = payload + n.payload - n.cipher;
    if (c->aes)
        base_aes_encrypt(c->aes, c->iv, text, cipher);
    else if (text.len && cipher != text.data)
        memcpy(cipher, text.data, text.len);
    if (base64)
        base_base64_encode_in_place(payload, n.cipher);
}

static enum jn_status no_room(const struct jn_buf *b, struct jn_error *err)
{
    return jn_fail(err, b->failed, "no memory for an encrypted message");
}

enum jn_status sailor_encrypt(struct sailor_cipher *c, jn_str text, bool base64, struct jn_buf *out,
                              struct jn_error *err)
{
    const enum jn_status s = check_iv(c, "encrypt", err);
    if (s)
        return s;
    const struct lengths n = lengths_of(c, text.len, base64);
    char *payload = jn_buf_reserve(out, n.payload);
    if (!payload)
        return no_room(out, err);
    encrypt_to(c, text, n, base64, payload);
    jn_buf_commit(out, n.payload);
    return JN_OK;
}

enum jn_status sailor_encrypt_in_place(struct sailor_cipher *c, struct jn_buf *text, size_t from, bool base64,
                                       struct jn_error *err)
{
    const enum jn_status s = check_iv(c, "encrypt", err);
    if (s)
        return s;
    const size_t len = text->len - from;
    const struct lengths n = lengths_of(c, len, base64);
    if (!jn_buf_reserve(text, n.payload - len))
        return no_room(text, err);
    char *payload = text->data + from, *cipher = payload + n.payload - n.cipher;
    if (len)
        memmove(cipher, payload, len);
    encrypt_to(c, (jn_str){ cipher, len }, n, base64, payload);
    jn_buf_commit(text, n.payload - len);
    return JN_OK;
}

/* ---- decrypting ---------------------------------------------------------------------------------------------- */

enum jn_status sailor_decrypt(struct sailor_cipher *c, char *data, size_t *len, bool base64, bool *is_canonical,
                              struct jn_error *err)
{
    bool canonical = true;
    if (*len == 0) {
        if (is_canonical)
            *is_canonical = !c->aes;
        return JN_OK;
    }
    const enum jn_status s = check_iv(c, "decrypt", err);
    if (s)
        return s;
    size_t n = base64 ? base_base64_decode_lenient(data, *len, &canonical) : *len;
    if (c->aes && n % BASE_AES_BLOCK != 0)
        return jn_fail(err, JN_BAD_TEXT, "Failed to decrypt message: %zu bytes of ciphertext are not whole blocks", n);
    if (c->aes && !base_aes_decrypt(c->aes, c->iv, data, &n))
        return jn_fail(err, JN_BAD_TEXT,
                       "Failed to decrypt message: wrong padding; was it encrypted with another password?");
    *len = n;
    if (is_canonical)
        *is_canonical = canonical;
    return JN_OK;
}
