/* sigv4_stage.h - the stages that signing and verifying share; private to this folder.  Each reads what the stages
 * before it left in `struct lambda_sigv4`, and none reports failure: buffers keep theirs, lambda_sigv4_finish()
 * asks. */
#ifndef LAMBDA_SIGV4_STAGE_H
#define LAMBDA_SIGV4_STAGE_H

#include "lambda/sigv4.h"

/* A name and a value to be sorted: a header, or a parameter of the query. */
struct lambda_sigv4_item {
    jn_str name, value;
    size_t order;               /* place among those of the same name */
};

/* Empties everything but the signing key. */
void lambda_sigv4_begin(struct lambda_sigv4 *s);

/* Appends to `items`. */
void lambda_sigv4_add_item(struct lambda_sigv4 *s, jn_str name, jn_str value);

/* payload_hash := hex(SHA-256(body)) */
void lambda_sigv4_hash_payload(struct lambda_sigv4 *s, jn_str body);

/* header_lines and signed_headers, from the headers in `items`, which is then empty. */
void lambda_sigv4_headers(struct lambda_sigv4 *s);

/* canonical_request, from the wire's path and query, header_lines, signed_headers and payload_hash. */
void lambda_sigv4_canonical(struct lambda_sigv4 *s, jn_str method, jn_str path, jn_str query, bool normalize);

/* string_to_sign, with `date` and `credential` (whose part after the access key is the scope). */
void lambda_sigv4_string_to_sign(struct lambda_sigv4 *s, jn_str access_key);

/* key, from the secret, the day of `date`, region and service; derived anew only when one of them changed. */
void lambda_sigv4_derive_key(struct lambda_sigv4 *s, jn_str secret_key, jn_str region, jn_str service);

/* signature := hex(HMAC(key, string_to_sign)) */
void lambda_sigv4_seal(struct lambda_sigv4 *s);

/* JN_OK, or JN_NO_MEMORY when a buffer failed. */
enum jn_status lambda_sigv4_finish(const struct lambda_sigv4 *s, struct jn_error *err);

#endif
