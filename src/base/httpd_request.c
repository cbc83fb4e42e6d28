/* httpd_request.c - the life of a request, all of it inside base_httpd_on_request(), which libmicrohttpd calls again
 * and again:
 *
 *   reading    headers, then pieces of the body, which are kept or given to who claimed them
 *   with_user  complete; the handler has been called and has not answered yet.  When the handler returns so, the
 *              connection is suspended: libmicrohttpd forgets it until somebody answers
 *   answered   the response is made; given to libmicrohttpd in the next call
 *   streaming  the answer is given to libmicrohttpd piece by piece as its user writes it (httpd_answer.c); with nothing
 *              to give, the connection is suspended
 *   ended      the same, but its user has written all
 *   dropped    the connection is to be closed without a word
 *   orphaned   libmicrohttpd is done with it while its user streams an answer and asked not to be told; it is freed
 *              when the user ends it
 *   gone       the client went away first; its user has been told
 *
 * libmicrohttpd does not look at a suspended connection, so its end is seen by a poll of our own (only when somebody
 * asked to be told; httpd_gone.c).  A client that shuts down its sending side counts as gone, as it does for nginx: on the wire
 * nothing tells it from one that was killed. */
#include "base/httpd_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- connections that libmicrohttpd forgets for a while ------------------------------------------------------- */

static int socket_of(const struct base_httpd_request *r)
{
    return MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void base_httpd_resume(struct base_httpd_request *r)
{
    if (!r->suspended)
        return;
    base_httpd_unwatch_gone(r);
    r->suspended = false;
    MHD_resume_connection(r->connection);
    if (!r->server->freed)
        base_httpd_run_soon(r->server);
}

/* The user may free the server, and with it the request. */
static void tell_gone(struct base_httpd_request *r)
{
    r->state = GONE;
    r->on_drain = NULL;
    r->on_gone(r, r->gone_arg);
}

/* When the user frees the server, the request is freed already, and `d` lives on until its handles are closed. */
void base_httpd_tell_gone(struct base_httpd_request *r)
{
    struct base_httpd *d = r->server;
    r->peer = NULL;
    tell_gone(r);
    if (!d->freed)
        base_httpd_resume(r);
}

static void start_watching(struct base_httpd_request *r)
{
    if (r->suspended && r->on_gone && !r->peer)
        base_httpd_watch_gone(r);
}

/* libmicrohttpd goes on with the chunks that it has read already, also when one of them got the connection suspended;
 * its lists would not survive a second suspension. */
void base_httpd_suspend(struct base_httpd_request *r)
{
    if (r->suspended)
        return;
    MHD_suspend_connection(r->connection);
    r->suspended = true;
    start_watching(r);
}

/* libmicrohttpd would ask again only when bytes come, or go, and the client may never move. */
void base_httpd_cut(struct base_httpd_request *r)
{
    base_httpd_resume(r);
    shutdown(socket_of(r), SHUT_RDWR);
}

/* ---- a request ----------------------------------------------------------------------------------------------- */

void base_httpd_free_request(struct base_httpd_request *r)
{
    base_httpd_unwatch_gone(r);
    *r->self = r->next;
    if (r->next)
        r->next->self = r->self;
    if (r->response)
        MHD_destroy_response(r->response);
    jn_buf_clear(&r->body);
    jn_buf_clear(&r->pieces);
    free(r->headers);
    free(r->target);
    free(r);
}

/* MHD_OPTION_URI_LOG_CALLBACK: the first call about a request, with its target as it came.  What it returns is the
 * `*mine` of the calls that follow. */
void *base_httpd_on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct base_httpd *d = arg;
    struct base_httpd_request *r = calloc(1, sizeof *r);
    char *copy = strdup(target);
    if (!r || !copy) {
        free(r);
        free(copy);
        return NULL;
    }
    r->server = d;
    r->connection = connection;
    r->target = copy;
    jn_buf_init(&r->body, d->max_body);
    jn_buf_init(&r->pieces, 0);
    r->next = d->requests;
    r->self = &d->requests;
    if (r->next)
        r->next->self = &r->next;
    d->requests = r;
    return r;
}

/* Somebody waits for it who has not been told of its end. */
static bool is_held(const struct base_httpd_request *r)
{
    return r->state == STREAMING || (r->state == READING && r->on_piece);
}

/* Whoever waits for it to drain goes on. */
static void orphan(struct base_httpd_request *r)
{
    r->state = ORPHANED;
    r->connection = NULL;
    jn_buf_clear(&r->pieces);
    r->taken = 0;
    r->server->has_drained = true;
}

/* MHD_OPTION_NOTIFY_COMPLETED: the last one. */
void base_httpd_on_completed(void *arg, struct MHD_Connection *connection, void **mine,
                             enum MHD_RequestTerminationCode how)
{
    (void)arg, (void)connection, (void)how;
    struct base_httpd_request *r = *mine;
    *mine = NULL;
    if (!r)
        return;
    if (!r->server->freed && is_held(r) && r->on_gone)
        tell_gone(r);
    else if (!r->server->freed && r->state == STREAMING)
        orphan(r);
    if (r->state != ORPHANED)
        base_httpd_free_request(r);
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                    const char *value, size_t value_len)
{
    (void)kind, (void)name, (void)name_len, (void)value, (void)value_len;
    ++*(size_t *)arg;
    return MHD_YES;
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)kind;
    struct base_httpd_request *r = arg;
    const jn_str trimmed = jn_str_trim((jn_str){ value ? value : "", value ? value_len : 0 });
    r->headers[r->header_count++] = (struct base_header){ { name, name_len }, trimmed };
    return MHD_YES;
}

/* Headers, and behind them the trailers of a chunked body: a streaming Lambda runtime tells its errors there. */
static bool collect_headers(struct base_httpd_request *r)
{
    size_t count = 0;
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, count_header, &count);
    MHD_get_connection_values_n(r->connection, MHD_FOOTER_KIND, count_header, &count);
    free(r->headers);                   // those that on_head saw
    r->header_count = 0;
    r->headers = calloc(count + 1, sizeof *r->headers);
    if (!r->headers)
        return false;
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, add_header, r);
    MHD_get_connection_values_n(r->connection, MHD_FOOTER_KIND, add_header, r);
    return true;
}

/* False without memory. */
static bool add_body(struct base_httpd_request *r, jn_str piece)
{
    r->body_size += piece.len;
    if (r->body_size > r->server->max_body) {
        r->too_large = true;
        jn_buf_clear(&r->body);
        return true;
    }
    jn_buf_append(&r->body, piece);
    return !r->body.failed;
}

/* After a callback, or after an answer woke the connection up. */
static enum MHD_Result go_on(struct base_httpd_request *r)
{
    switch (r->state) {
    case READING:
        if (r->paused)
            base_httpd_suspend(r);
        return MHD_YES;
    case WITH_USER:
        base_httpd_suspend(r);
        return MHD_YES;
    case ANSWERED:
    case STREAMING:
    case ENDED:
        return r->response ? MHD_queue_response(r->connection, (unsigned)r->status, r->response) : MHD_NO;
    case DROPPED:
    case ORPHANED:
    case GONE:
        break;
    }
    return MHD_NO;                      // closes the connection
}

/* A request that was paused here is suspended when something of its body is there: libmicrohttpd wants to go on. */
static enum MHD_Result take_head(struct base_httpd_request *r, const char *method)
{
    struct base_httpd *d = r->server;
    r->begun = true;
    r->method = method;
    if (!d->on_head)
        return MHD_YES;
    if (!collect_headers(r))
        return MHD_NO;
    d->on_head(r, d->arg);
    return !d->freed && r->state == READING ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_piece(struct base_httpd_request *r, jn_str piece)
{
    struct base_httpd *d = r->server;
    if (!r->on_piece)
        return add_body(r, piece) ? MHD_YES : MHD_NO;
    r->body_size += piece.len;
    r->on_piece(r, piece, r->piece_arg);
    return d->freed ? MHD_NO : go_on(r);
}

static enum MHD_Result take_end(struct base_httpd_request *r)
{
    struct base_httpd *d = r->server;
    if (!collect_headers(r))
        return MHD_NO;
    r->state = WITH_USER;
    d->handler(r, d->arg);
    return d->freed ? MHD_NO : go_on(r);
}

/* The access handler: once for the headers, once for each piece of body, once at the end, and once after a resume. */
enum MHD_Result base_httpd_on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data, size_t *size,
                                      void **mine)
{
    (void)connection, (void)url, (void)version;
    struct base_httpd *d = arg;
    struct base_httpd_request *r = *mine;
    if (!r || d->freed)
        return MHD_NO;
    if (r->state != READING)
        return go_on(r);
    if (!r->begun)
        return take_head(r, method);
    if (r->paused)
        return go_on(r);
    if (*size == 0)
        return take_end(r);
    const jn_str piece = { data, *size };
    *size = 0;
    return take_piece(r, piece);
}

/* ---- a body in pieces ---------------------------------------------------------------------------------------- */

void base_httpd_stream_body(struct base_httpd_request *r, base_httpd_piece_fn *fn, void *arg)
{
    assert(r->state == READING && r->body_size == 0);
    r->on_piece = fn;
    r->piece_arg = arg;
}

void base_httpd_pause_body(struct base_httpd_request *r)
{
    r->paused = true;
}

void base_httpd_resume_body(struct base_httpd_request *r)
{
    r->paused = false;
    if (r->state == READING)
        base_httpd_resume(r);
}

/* ---- looking at a request ------------------------------------------------------------------------------------ */

jn_str base_httpd_method(const struct base_httpd_request *r)
{
    return jn_str_of(r->method);
}

jn_str base_httpd_path(const struct base_httpd_request *r)
{
    return (jn_str){ r->target, strcspn(r->target, "?") };
}

jn_str base_httpd_query(const struct base_httpd_request *r)
{
    const char *mark = strchr(r->target, '?');
    return mark ? jn_str_of(mark + 1) : JN_STR("");
}

jn_str base_httpd_header(const struct base_httpd_request *r, const char *name)
{
    return base_header_get(r->headers, r->header_count, name);
}

const struct base_header *base_httpd_headers(const struct base_httpd_request *r, size_t *count)
{
    *count = r->header_count;
    return r->headers;
}

jn_str base_httpd_body(const struct base_httpd_request *r)
{
    return jn_buf_str(&r->body);
}

bool base_httpd_too_large(const struct base_httpd_request *r)
{
    return r->too_large;
}

size_t base_httpd_body_size(const struct base_httpd_request *r)
{
    return r->body_size;
}

void base_httpd_on_gone(struct base_httpd_request *r, base_httpd_gone_fn *fn, void *arg)
{
    r->on_gone = fn;
    r->gone_arg = arg;
    if (fn)
        start_watching(r);
    else
        base_httpd_unwatch_gone(r);
}
