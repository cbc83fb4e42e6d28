/* httpd.h - an HTTP/1.1 server on the loop over libmicrohttpd (single-threaded: its epoll descriptor is polled by
 * ours); microhttpd.h stays in httpd*.c.  A request may be answered at once or at any later time, its answer may be
 * sent in pieces, and its body may be taken in pieces. */
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
    size_t max_head;                /* bytes of a request's first line and headers, about; more is refused (431).  0: 128
                                     * KB; twice that much is cleared with each request */
    base_httpd_handler_fn *handler;
    /* NULL, or called when the headers are there and the body is not.  It may claim the body or drop the request; it
     * does not answer. */
    base_httpd_handler_fn *on_head;
    void *arg;                      /* of both */
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

/* Called when the client closes before the answer is complete, or before a claimed body is; shutting down its sending
 * side counts, except while bytes of an answer wait for it.  Without `fn` the request stays valid until it is answered,
 * and the answer goes nowhere.  Never called from inside a call about the request. */
typedef void base_httpd_gone_fn(struct base_httpd_request *r, void *arg);
void base_httpd_on_gone(struct base_httpd_request *r, base_httpd_gone_fn *fn, void *arg);

/* Answers; body and headers are copied.  Headers that HTTP cannot carry (a line end in one) and those that the server
 * computes (Content-Length, Transfer-Encoding) are left out.  The request is dead afterwards. */
void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body);

/* Closes the connection without an answer, or in the middle of one or of a claimed body: a client sees that an answer
 * was cut, since the last chunk is missing.  What was written and not yet taken is lost.  The request is dead
 * afterwards. */
void base_httpd_drop(struct base_httpd_request *r);

/* ---- an answer in pieces -------------------------------------------------------------------------------------- */

/* Begins an answer whose length is not known; each piece is sent as it comes (chunked).  Headers as in
 * base_httpd_reply(); those of the answer are sent at once.  Then comes any number of pieces, and base_httpd_end() or
 * base_httpd_drop().  Without memory the connection is closed, which on_gone tells. */
void base_httpd_begin(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count);
void base_httpd_write(struct base_httpd_request *r, jn_str piece);      /* copied; an empty one does nothing */
void base_httpd_end(struct base_httpd_request *r);                      /* the request is dead afterwards */

/* Bytes that were written and that the connection has not taken yet.  Nothing limits them but who asks here. */
size_t base_httpd_unsent(const struct base_httpd_request *r);

/* Calls `fn` once, when at most 64 KB are unsent; never from inside this call. */
typedef void base_httpd_drain_fn(struct base_httpd_request *r, void *arg);
void base_httpd_on_drain(struct base_httpd_request *r, base_httpd_drain_fn *fn, void *arg);

/* ---- a body in pieces ----------------------------------------------------------------------------------------- */

/* From inside on_head: pieces of the body are given to `fn` as they arrive, and not kept.  The handler is called when
 * all have been; base_httpd_body() is then empty, base_httpd_body_size() tells the sum, and the headers have been read
 * anew, with the trailers.  max_body is no limit to this body.  A body that breaks off is reported by on_gone alone. */
typedef void base_httpd_piece_fn(struct base_httpd_request *r, jn_str piece, void *arg);
void base_httpd_stream_body(struct base_httpd_request *r, base_httpd_piece_fn *fn, void *arg);

/* Between these neither pieces nor the handler come, and the client's bytes stay in the socket. */
void base_httpd_pause_body(struct base_httpd_request *r);
void base_httpd_resume_body(struct base_httpd_request *r);

#endif
