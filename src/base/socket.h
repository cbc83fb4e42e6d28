/* socket.h - a client's byte stream over TCP or TLS, on the loop.  The name is resolved, each of its addresses tried,
 * the certificate verified; what is written is queued and leaves in one write per round of the loop.
 *
 * Two byte queues and nothing else: a protocol's core appends to `output` and is handed what came in.  Nagle's
 * algorithm is off, and TCP keep-alive on. */
#ifndef BASE_SOCKET_H
#define BASE_SOCKET_H

#include "base/loop.h"
#include "core/buf.h"

struct base_socket;

/* `data` is valid during the call.  base_socket_free() may be called in any of these. */
struct base_socket_handlers {
    void (*on_open)(struct base_socket *s, void *arg);                  /* connected, TLS agreed upon */
    void (*on_data)(struct base_socket *s, jn_str data, void *arg);
    void (*on_drain)(struct base_socket *s, void *arg);                 /* the kernel has everything; may be NULL */
    /* It could not be opened, or it is over: the peer closed (JN_IO, "closed by ..."), reset, TLS failed, timed out.
     * The last callback. */
    void (*on_close)(struct base_socket *s, const struct jn_error *why, void *arg);
};

struct base_socket_options {
    const char *host;               /* a name or an address, IPv6 without brackets */
    int port;
    bool tls;
    bool insecure;                  /* TLS: do not verify the peer */
    const char *server_name;        /* TLS: what the certificate must name, and SNI; NULL: `host` */
    const char *ca_bundle;          /* TLS: PEM file to trust instead of the system's; NULL: the system's */
    const char *certificate, *key;  /* TLS: PEM files that show who we are; NULL: none */
    int64_t connect_timeout_ms;     /* resolving, TCP and TLS together; 0: 10 s */
    const struct base_socket_handlers *handlers;
    void *arg;
};

/* Starts to connect; strings are copied.  JN_TLS for certificate files that cannot be used, JN_NO_MEMORY. */
enum jn_status base_socket_open(struct base_loop *l, const struct base_socket_options *opt, struct base_socket **out,
                                struct jn_error *err);

/* The queue to append to; it exists from the start, and leaves once the socket is open.  Whoever appends calls
 * base_socket_flush() some time later in the same round. */
struct jn_buf *base_socket_output(struct base_socket *s);

/* Sends what is queued, at the end of this round of the loop. */
void base_socket_flush(struct base_socket *s);

/* Bytes queued that the kernel has not taken: how far a peer that does not read has fallen behind. */
size_t base_socket_pending(const struct base_socket *s);

/* Stops and resumes reading: back-pressure towards the peer. */
void base_socket_pause(struct base_socket *s);
void base_socket_resume(struct base_socket *s);

/* "address:port" of the peer once connected, else "host:port". */
const char *base_socket_peer(const struct base_socket *s);

/* Closes at once; what is queued is lost, and no callback follows. */
void base_socket_free(struct base_socket *s);

#endif
