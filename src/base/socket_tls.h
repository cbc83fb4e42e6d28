/* socket_tls.h - one side of a TLS conversation, without its transport: bytes of the peer in, bytes for the peer out.
 * socket_tls.c alone includes openssl/ssl.h. */
#ifndef BASE_SOCKET_TLS_H
#define BASE_SOCKET_TLS_H

#include "base/socket.h"

struct base_tls;

/* A client for what `opt` says about TLS and host.  JN_TLS for files that cannot be used, JN_NO_MEMORY. */
enum jn_status base_tls_new(const struct base_socket_options *opt, struct base_tls **out, struct jn_error *err);
void base_tls_free(struct base_tls *t);

/* Takes bytes that the peer sent. */
enum jn_status base_tls_feed(struct base_tls *t, jn_str cipher, struct jn_error *err);

/* Goes on with the handshake; *is_done once both sides agree.  JN_TLS says why they do not. */
enum jn_status base_tls_handshake(struct base_tls *t, bool *is_done, struct jn_error *err);

/* Decrypts at most `cap` bytes; *got is 0 when the peer must send more first, or has said that it ends (*is_closed). */
enum jn_status base_tls_read(struct base_tls *t, char *to, size_t cap, size_t *got, bool *is_closed,
                             struct jn_error *err);

/* Encrypts; *taken may be less than all, and 0 when the peer must send something first. */
enum jn_status base_tls_write(struct base_tls *t, jn_str plain, size_t *taken, struct jn_error *err);

/* The protocol of an OpenSSL connection that libcurl lends: "TLSv1.3". */
const char *base_tls_protocol(const void *ssl);

/* Says goodbye. */
void base_tls_shutdown(struct base_tls *t);

/* Moves what is to be sent to the peer behind `out`. */
void base_tls_drain(struct base_tls *t, struct jn_buf *out);

#endif
