/* httpd_internal.h - what the files of the HTTP server share.
 *
 *   httpd.c          the server: listening, libmicrohttpd on the loop, its end
 *   httpd_request.c  the life of a request, and looking at it
 *   httpd_answer.c   making answers
 *   httpd_gone.c     clients that go away before their answer
 *
 * No other file includes microhttpd.h. */
#ifndef BASE_HTTPD_INTERNAL_H
#define BASE_HTTPD_INTERNAL_H

#include "base/httpd.h"

#include <microhttpd.h>

#include "base/loop_internal.h"

/* httpd_request.c tells what each means. */
enum base_httpd_state { READING, WITH_USER, ANSWERED, STREAMING, ENDED, DROPPED, ORPHANED, GONE };

enum { BASE_HTTPD_ENDS_AT_ONCE = 64 };      /* clients' ends told in one round of the loop */

struct base_httpd_peer;

struct base_httpd_request {
    struct base_httpd *server;
    struct base_httpd_request *next, **self;
    struct MHD_Connection *connection;  /* NULL: orphaned */
    enum base_httpd_state state;
    bool begun;                         /* on_request() was called for it: headers are there */
    bool suspended;
    bool too_large;
    const char *method;
    char *target;                       /* path and query, from the wire */
    struct base_header *headers;
    size_t header_count;
    struct jn_buf body;
    size_t body_size;
    base_httpd_piece_fn *on_piece;      /* the body is claimed */
    void *piece_arg;
    bool paused;                        /* until base_httpd_resume_body() */
    struct MHD_Response *response;
    int status;
    struct jn_buf pieces;               /* of an answer; the first `taken` bytes are libmicrohttpd's already */
    size_t taken;
    base_httpd_drain_fn *on_drain;
    void *drain_arg;
    bool is_drained;                    /* on_drain is about to be called */
    base_httpd_gone_fn *on_gone;
    void *gone_arg;
    struct base_httpd_peer *peer;       /* watched for its end; NULL: it is not */
};

struct base_httpd {
    struct base_loop *loop;
    base_httpd_handler_fn *handler, *on_head;
    void *arg;
    size_t max_body, max_head;
    int port;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_poll_t gone;                     /* on gone_fd, which httpd_gone.c explains */
    int gone_fd;
    uv_timer_t timer;
    unsigned handles;
    struct base_httpd_request *requests;    /* list */
    bool running;                       /* inside MHD_run() or a callback behind it */
    bool run_again;                     /* a connection was resumed: MHD_run() has work */
    bool has_drained;                   /* an on_drain may be due */
    bool freed;
};

/* From inside a callback of libmicrohttpd about the request: has it forget the connection until base_httpd_resume(),
 * which may also be called for one that is not suspended. */
void base_httpd_suspend(struct base_httpd_request *r);
void base_httpd_resume(struct base_httpd_request *r);

/* Closes the connection of a request that is dropped, whether or not libmicrohttpd looks at it. */
void base_httpd_cut(struct base_httpd_request *r);

/* Has on_gone called when the client of a suspended request goes away, never from inside this call; and no more. */
void base_httpd_watch_gone(struct base_httpd_request *r);
void base_httpd_unwatch_gone(struct base_httpd_request *r);
void base_httpd_tell_gone(struct base_httpd_request *r);    /* when it has: tells, and has the connection closed */

/* For a server that starts; at its end d->gone is closed, and then gone_fd.  False: no descriptors left. */
bool base_httpd_open_gone(struct base_httpd *d);

/* MHD_OPTION_NOTIFY_CONNECTION, with the server. */
void base_httpd_on_connection(void *arg, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code);

/* Outside libmicrohttpd's callbacks, or in its last one about the request. */
void base_httpd_free_request(struct base_httpd_request *r);

/* Calls on_drain of those that have drained; each may free the server. */
void base_httpd_tell_drained(struct base_httpd *d);

/* Has MHD_run() called in the next round of the loop. */
void base_httpd_run_soon(struct base_httpd *d);

/* What libmicrohttpd calls about a request, in this order: MHD_OPTION_URI_LOG_CALLBACK, the access handler (again and
 * again) and MHD_OPTION_NOTIFY_COMPLETED; the first two with the server. */
void *base_httpd_on_target(void *arg, const char *target, struct MHD_Connection *connection);
enum MHD_Result base_httpd_on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data, size_t *size,
                                      void **mine);
void base_httpd_on_completed(void *arg, struct MHD_Connection *connection, void **mine,
                             enum MHD_RequestTerminationCode how);

#endif
