/* httpd.h - an HTTP/1.1 server on the loop over libmicrohttpd (single-threaded: its epoll descriptor is polled by
 * ours); microhttpd.h stays in httpd*.c.  A request may be answered at once or at any later time. */
#ifndef BASE_HTTPD_H
#define BASE_HTTPD_H

#include "base/http.h"

struct base_httpd;
struct base_httpd_request;

/* A complete request (headers and body have been read).  The handler, or someone later, answers it exactly once.
 * A client that goes away first is reported through on_gone, and the request is then dead. */
typedef void base_httpd_handler_fn(struct base_httpd_request *req, void *arg);

struct base_httpd_options {
    const char *host;               /* address to listen on; NULL: 127.0.0.1 */
    int port;                       /* 0: any free one */
    size_t max_body;                /* bytes; above it the handler sees `too_large` and no body.  0: 16 MB */
    base_httpd_handler_fn *handler;
    void *arg;
};

/* JN_IO when the address is in use or not ours. */
enum jn_status base_httpd_new(struct base_loop *l, const struct base_httpd_options *opt, struct base_httpd **out,
                              struct jn_error *err);
int base_httpd_port(const struct base_httpd *d);

/* Stops listening, closes all connections (unanswered requests are dropped without on_gone) and frees. */
void base_httpd_free(struct base_httpd *d);

/* The request; everything is valid until it is answered or gone. */
jn_str base_httpd_method(const struct base_httpd_request *r);
jn_str base_httpd_path(const struct base_httpd_request *r);     /* as on the wire, still encoded */
jn_str base_httpd_query(const struct base_httpd_request *r);    /* as on the wire, without '?' */
/* The value of a header, or of a trailer behind a chunked body; without blanks around it. */
jn_str base_httpd_header(const struct base_httpd_request *r, const char *name);     /* {NULL, 0}: absent */
const struct base_header *base_httpd_headers(const struct base_httpd_request *r, size_t *count);
jn_str base_httpd_body(const struct base_httpd_request *r);
bool base_httpd_too_large(const struct base_httpd_request *r);
size_t base_httpd_body_size(const struct base_httpd_request *r);    /* also when too large: what arrived */

/* Called when the client closes before the answer; shutting down its sending side counts.  Without `fn` the request
 * stays valid until it is answered, and the answer goes nowhere. */
typedef void base_httpd_gone_fn(struct base_httpd_request *r, void *arg);
void base_httpd_on_gone(struct base_httpd_request *r, base_httpd_gone_fn *fn, void *arg);

/* Answers; body and headers are copied.  Headers that HTTP cannot carry (a line end in one) and those that the server
 * computes (Content-Length, Transfer-Encoding) are left out.  The request is dead afterwards. */
void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body);

/* Closes the connection without an answer: for servers that misbehave on purpose. */
void base_httpd_drop(struct base_httpd_request *r);

#endif
