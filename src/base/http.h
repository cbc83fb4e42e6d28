/* http.h - HTTP requests over libcurl's multi interface on the loop; http.c and http_peer.c alone
 * include curl.h.
 *
 * A request is executed at most once.  libcurl re-sends a POST by itself when a reused connection dies before the
 * first byte of the answer, which for AWS Lambda is a second execution; so every second attempt of its own is
 * refused, requests without a body use a fresh connection unless they are GETs, and idle connections are dropped
 * long before servers drop them.  A fresh connection is tried once, by us, when the server cannot have had the whole
 * request.  What is known about a failed request is told exactly: `sent` says whether the server can have seen all
 * of it. */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/log.h"
#include "base/loop.h"

struct base_http;
struct base_http_call;

struct base_http_options {
    const char *ca_bundle;          /* PEM file to trust instead of the system's; NULL: the system's */
    const char *extra_ca;           /* PEM file to trust beside the system's folder; not together with ca_bundle */
    /* For http: URLs, where the environment's `http_proxy` is not set: libcurl reads all the usual variables except
     * HTTP_PROXY in upper case, which a web server that runs CGI programs lets strangers set.  NULL: none. */
    const char *http_proxy;
    int64_t idle_ms;                /* idle connections older than this are closed; 0: 10 s */
    unsigned max_connections;       /* 0: no limit of ours */
    const struct base_log *log;     /* for TRACE=http */
};

enum jn_status base_http_new(struct base_loop *l, const struct base_http_options *opt, struct base_http **out,
                             struct jn_error *err);

/* Cancels calls in flight without calling back. */
void base_http_free(struct base_http *h);

struct base_header {
    jn_str name, value;
};

struct base_http_response;

/* A piece of a body, valid during the call.  `so_far`: status, headers, time; it has no body.  The callback may cancel
 * the call. */
typedef void base_http_data_fn(const struct base_http_response *so_far, jn_str piece, void *arg);

struct base_http_request {
    const char *method;             /* "GET", "POST", "PUT", ... */
    const char *url;                /* complete and encoded; sent as it is (no dot-segment removal) */
    const struct base_header *headers;  /* Host and Content-Length may be among them; CR, LF or NUL in one: refused */
    size_t header_count;
    jn_str body;                    /* borrowed until the callback */
    int64_t connect_timeout_ms;     /* 0: 5 s.  TCP and TLS together */
    int64_t total_timeout_ms;       /* 0: 910 s */
    int64_t stall_timeout_ms;       /* a request or answer of which a part is through, and no byte moves for so long,
                                       fails; 0: never.  Not while the server thinks, between the two */
    size_t max_response;            /* bytes of body that are collected; 0: 16 MB.  More is JN_LIMIT */
    base_http_data_fn *on_data;     /* bodies of 2xx answers as they come, of any length; NULL: collected.  Others are
                                       collected always, so that what they say can be read.
                                       Not together with accept_compressed */
    bool no_proxy;                  /* never through a proxy (link-local credential services) */
    bool accept_compressed;         /* asks for, and undoes, the compressions that libcurl knows */
    bool is_secret;                 /* headers and answer hold secrets: our copies are wiped at the end of the call */
    bool wants_peer;                /* who is at the other end is told, on a fresh connection */
};

/* Who is at the other end of a connection.  Empty texts: not known, or no TLS. */
struct base_http_peer {
    char address[64];               /* the proxy's, if there is one */
    char protocol[16];              /* "TLSv1.3" */
    char subject[128], issuer[128]; /* of its certificate */
    int64_t expires_ms;             /* of its certificate; 0: not known */
    int64_t connect_us, tls_us;     /* from the start until TCP, and until TLS was there; 0: it never was */
};

/* What happened.  Valid during the callback. */
struct base_http_response {
    enum jn_status status;          /* JN_OK: an answer came in whole, whatever its HTTP status */
    struct jn_error error;          /* when status is not JN_OK: connect, TLS, timeout, cut off, ... */
    bool sent;                      /* failed, but the server may have the whole request: outcome unknown */
    bool refused;                   /* no connection came about: surely not executed */
    int http_status;
    const struct base_header *headers;
    size_t header_count;
    jn_str body;                    /* what was collected */
    jn_str redirect;                /* where a 3xx with a Location points to, absolute; {NULL, 0}: none.  Not followed */
    int64_t total_us;               /* from start to end */
    bool reused_connection;
    const struct base_http_peer *peer;      /* NULL: not wanted */
};

typedef void base_http_done_fn(const struct base_http_response *r, void *arg);

/* Starts a request; strings and headers are copied, the body is borrowed.  `*out` (may be NULL) is valid until `done`
 * is called, which gets `arg` as on_data does. */
enum jn_status base_http_send(struct base_http *h, const struct base_http_request *req, base_http_done_fn *done,
                              void *arg, struct base_http_call **out, struct jn_error *err);

/* Ends a call without its callback. */
void base_http_cancel(struct base_http_call *c);

/* The value of the first header called `name` (case-insensitive), or {NULL, 0}. */
jn_str base_header_get(const struct base_header *headers, size_t count, const char *name);

#endif
