/* socket_tls.c - TLS over two memory BIOs: OpenSSL never sees the socket, so that the loop alone decides when to read
 * and write.  Host names are verified by OpenSSL itself (RFC 6125), addresses against the certificate's addresses.
 * OpenSSL's error queue belongs to the thread: it is emptied before each call whose failure is told. */
#include "base/socket_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct base_tls {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;          /* owned by `ssl` */
    char *host;             /* for sentences */
};

/* "no start line" and the like; the reason of the first error in the queue. */
static const char *first_reason(void)
{
    const unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);
    return reason ? reason : "unknown error";
}

static enum jn_status bad_file(struct jn_error *err, const char *what, const char *path)
{
    return jn_fail(err, JN_TLS, "cannot use the %s %s: %s", what, path, first_reason());
}

/* ---- setting up ---------------------------------------------------------------------------------------------- */

static enum jn_status trust(SSL_CTX *context, const struct base_socket_options *opt, struct jn_error *err)
{
    ERR_clear_error();
    if (opt->ca_bundle && SSL_CTX_load_verify_file(context, opt->ca_bundle) != 1)
        return bad_file(err, "CA bundle", opt->ca_bundle);
    if (!opt->ca_bundle && SSL_CTX_set_default_verify_paths(context) != 1)
        return jn_fail(err, JN_TLS, "cannot use the system's certificates: %s", first_reason());
    SSL_CTX_set_verify(context, opt->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return JN_OK;
}

/* A key may be in the certificate's file. */
static enum jn_status present(SSL_CTX *context, const struct base_socket_options *opt, struct jn_error *err)
{
    if (!opt->certificate)
        return JN_OK;
    const char *key = opt->key ? opt->key : opt->certificate;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, opt->certificate) != 1)
        return bad_file(err, "client certificate", opt->certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return bad_file(err, "client's key", key);
    return JN_OK;
}

/* An address is not sent as a server name (RFC 6066, section 3). */
static bool name_peer(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool attach_queues(struct base_tls *t)
{
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        return false;
    }
    BIO_set_mem_eof_return(t->in, -1);          // empty means "not yet"
    BIO_set_mem_eof_return(t->out, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    return true;
}

static enum jn_status start(struct base_tls *t, const struct base_socket_options *opt, struct jn_error *err)
{
    t->ssl = SSL_new(t->context);
    if (!t->ssl || !attach_queues(t))
        return jn_fail(err, JN_NO_MEMORY, "no memory for TLS");
    SSL_set_connect_state(t->ssl);
    SSL_set_mode(t->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                         | SSL_MODE_RELEASE_BUFFERS);
    const char *name = opt->server_name ? opt->server_name : opt->host;
    if (!name_peer(t->ssl, name))
        return jn_fail(err, JN_TLS, "%s cannot be the name of a TLS server", name);
    return JN_OK;
}

enum jn_status base_tls_new(const struct base_socket_options *opt, struct base_tls **out, struct jn_error *err)
{
    struct base_tls *t = calloc(1, sizeof *t);
    if (t) {
        t->context = SSL_CTX_new(TLS_client_method());
        t->host = strdup(opt->server_name ? opt->server_name : opt->host);
    }
    if (!t || !t->context || !t->host) {
        base_tls_free(t);
        return jn_fail(err, JN_NO_MEMORY, "no memory for TLS");
    }
    SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
    enum jn_status s = trust(t->context, opt, err);
    if (!s)
        s = present(t->context, opt, err);
    if (!s)
        s = start(t, opt, err);
    if (s)
        base_tls_free(t);
    else
        *out = t;
    return s;
}

void base_tls_free(struct base_tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    free(t->host);
    free(t);
}

/* ---- talking ------------------------------------------------------------------------------------------------- */

enum jn_status base_tls_feed(struct base_tls *t, jn_str cipher, struct jn_error *err)
{
    while (cipher.len) {
        const int n = cipher.len < INT_MAX ? (int)cipher.len : INT_MAX;
        if (BIO_write(t->in, cipher.data, n) != n)
            return jn_fail(err, JN_NO_MEMORY, "no memory for what %s sent", t->host);
        cipher.data += n;
        cipher.len -= (size_t)n;
    }
    return JN_OK;
}

/* Why OpenSSL refuses to go on: a certificate that we do not trust, else the alert or its own finding. */
static enum jn_status refusal(const struct base_tls *t, struct jn_error *err)
{
    const long verified = SSL_get_verify_result(t->ssl);
    if (verified != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE)
        return jn_fail(err, JN_TLS, "the TLS certificate of host %s is not trusted: %s", t->host,
                       X509_verify_cert_error_string(verified));
    return jn_fail(err, JN_TLS, "TLS with host %s failed: %s", t->host, first_reason());
}

/* What a call that did not succeed means: to be continued when the peer has said more, or the end. */
static enum jn_status later_or_never(const struct base_tls *t, int result, bool *is_closed, struct jn_error *err)
{
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return JN_OK;
    case SSL_ERROR_ZERO_RETURN:
        *is_closed = true;
        return JN_OK;
    default:
        return refusal(t, err);
    }
}

enum jn_status base_tls_handshake(struct base_tls *t, bool *is_done, struct jn_error *err)
{
    bool is_closed = false;
    ERR_clear_error();
    const int result = SSL_do_handshake(t->ssl);
    *is_done = result == 1;
    if (result == 1)
        return JN_OK;
    const enum jn_status s = later_or_never(t, result, &is_closed, err);
    return is_closed ? jn_fail(err, JN_TLS, "host %s ended the TLS handshake", t->host) : s;
}

enum jn_status base_tls_read(struct base_tls *t, char *to, size_t cap, size_t *got, bool *is_closed,
                             struct jn_error *err)
{
    *got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(t->ssl, to, cap, got);
    return result == 1 ? JN_OK : later_or_never(t, result, is_closed, err);
}

enum jn_status base_tls_write(struct base_tls *t, jn_str plain, size_t *taken, struct jn_error *err)
{
    bool is_closed = false;
    *taken = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(t->ssl, plain.data, plain.len, taken);
    return result == 1 ? JN_OK : later_or_never(t, result, &is_closed, err);
}

void base_tls_shutdown(struct base_tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(t->ssl))
        SSL_shutdown(t->ssl);
    ERR_clear_error();
}

void base_tls_drain(struct base_tls *t, struct jn_buf *out)
{
    char *data = NULL;
    const long n = BIO_get_mem_data(t->out, &data);
    if (n <= 0)
        return;
    jn_buf_append(out, (jn_str){ data, (size_t)n });
    (void)BIO_reset(t->out);
}

const char *base_tls_protocol(const void *ssl)
{
    return SSL_get_version(ssl);
}
