/* httpd.c - an HTTP/1.1 server over libmicrohttpd without a thread of its own: its epoll descriptor is polled by the
 * loop, and MHD_run() works off what happened.
 *
 * A request's life, all of it inside on_request(), which libmicrohttpd calls again and again:
 *
 *   reading    headers, then pieces of the body
 *   with_user  complete; the handler has been called and has not answered yet.  When the handler returns so, the
 *              connection is suspended: libmicrohttpd forgets it until somebody answers
 *   answered   the response is made; given to libmicrohttpd in the next call
 *   dropped    the connection is to be closed without a word
 *   gone       the client went away first; its user has been told
 *
 * libmicrohttpd does not look at a suspended connection, so its end is seen by a poll of our own (only when somebody
 * asked to be told).  A client that shuts down its sending side counts as gone, as it does for nginx: on the wire
 * nothing tells it from one that was killed.
 *
 * Handlers run inside MHD_run() and may free the server; that is done when MHD_run() has returned. */
#include "base/httpd.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop_internal.h"

enum {
    DEFAULT_MAX_BODY = 16 << 20,
    CONNECTION_MEMORY = 256 << 10,      // headers of a request, at most half of it; a Lambda runtime sends long ones
};

enum state { READING, WITH_USER, ANSWERED, DROPPED, GONE };

/* A poll on the socket of a suspended connection. */
struct disconnect {
    uv_poll_t poll;
    struct base_httpd_request *request;
};

struct base_httpd_request {
    struct base_httpd *server;
    struct base_httpd_request *next, **self;
    struct MHD_Connection *connection;
    enum state state;
    bool begun;                         /* on_request() was called for it: headers are there */
    bool suspended;
    bool too_large;
    const char *method;
    char *target;                       /* path and query, from the wire */
    struct base_header *headers;
    size_t header_count;
    struct jn_buf body;
    size_t body_size;
    struct MHD_Response *response;
    int status;
    base_httpd_gone_fn *on_gone;
    void *gone_arg;
    struct disconnect *disconnect;
};

struct base_httpd {
    struct base_loop *loop;
    base_httpd_handler_fn *handler;
    void *arg;
    size_t max_body;
    int port;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles;
    struct base_httpd_request *requests;    /* list */
    bool running;                       /* inside MHD_run() */
    bool run_again;                     /* a connection was resumed: MHD_run() has work */
    bool freed;
};

/* ---- watching for disconnects -------------------------------------------------------------------------------- */

static void on_disconnect_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Before libmicrohttpd may close the socket. */
static void stop_watching(struct base_httpd_request *r)
{
    if (!r->disconnect)
        return;
    uv_close((uv_handle_t *)&r->disconnect->poll, on_disconnect_closed);
    r->disconnect = NULL;
}

/* Wakes libmicrohttpd up in the next round. */
static void on_timer(uv_timer_t *handle);

static void run_soon(struct base_httpd *d)
{
    d->run_again = true;
    uv_timer_start(&d->timer, on_timer, 0, 0);
}

static void resume(struct base_httpd_request *r)
{
    if (!r->suspended)
        return;
    stop_watching(r);
    r->suspended = false;
    MHD_resume_connection(r->connection);
    if (!r->server->freed)
        run_soon(r->server);
}

/* The user may free the server: then the request is freed already, and `d` lives on until its handles are closed. */
static void on_disconnect(uv_poll_t *handle, int status, int events)
{
    struct disconnect *watch = handle->data;
    struct base_httpd_request *r = watch->request;
    struct base_httpd *d = r->server;
    if (status == 0 && !(events & UV_DISCONNECT))
        return;
    uv_poll_stop(handle);
    r->state = GONE;
    r->on_gone(r, r->gone_arg);
    if (!d->freed)
        resume(r);
}

/* Without memory the client's end is noticed when the answer is sent, no earlier. */
static void start_watching(struct base_httpd_request *r)
{
    if (!r->suspended || !r->on_gone || r->disconnect)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct disconnect *watch = info ? calloc(1, sizeof *watch) : NULL;
    if (!watch)
        return;
    if (uv_poll_init(base_loop_uv(r->server->loop), &watch->poll, info->connect_fd)) {
        free(watch);
        return;
    }
    watch->poll.data = watch;
    watch->request = r;
    r->disconnect = watch;
    uv_poll_start(&watch->poll, UV_DISCONNECT, on_disconnect);
}

/* ---- a request ----------------------------------------------------------------------------------------------- */

static void free_request(struct base_httpd_request *r)
{
    stop_watching(r);
    *r->self = r->next;
    if (r->next)
        r->next->self = r->self;
    if (r->response)
        MHD_destroy_response(r->response);
    jn_buf_clear(&r->body);
    free(r->headers);
    free(r->target);
    free(r);
}

/* MHD_OPTION_URI_LOG_CALLBACK: the first call about a request, with its target as it came.  What it returns is the
 * `*mine` of the calls that follow. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
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
    r->next = d->requests;
    r->self = &d->requests;
    if (r->next)
        r->next->self = &r->next;
    d->requests = r;
    return r;
}

/* MHD_OPTION_NOTIFY_COMPLETED: the last one. */
static void on_completed(void *arg, struct MHD_Connection *connection, void **mine, enum MHD_RequestTerminationCode how)
{
    (void)arg, (void)connection, (void)how;
    if (*mine)
        free_request(*mine);
    *mine = NULL;
}

/* MHD_OPTION_UNESCAPE_CALLBACK: leaves text as it came. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
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

/* After the handler, or after an answer woke the connection up. */
static enum MHD_Result go_on(struct base_httpd_request *r)
{
    switch (r->state) {
    case WITH_USER:
        MHD_suspend_connection(r->connection);
        r->suspended = true;
        start_watching(r);
        return MHD_YES;
    case ANSWERED:
        return MHD_queue_response(r->connection, (unsigned)r->status, r->response);
    case READING:
    case DROPPED:
    case GONE:
        break;
    }
    return MHD_NO;                      // closes the connection
}

/* The access handler: once for the headers, once for each piece of body, once at the end, and once after a resume. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **mine)
{
    (void)connection, (void)url, (void)version;
    struct base_httpd *d = arg;
    struct base_httpd_request *r = *mine;
    if (!r || d->freed)
        return MHD_NO;
    if (r->state != READING)
        return go_on(r);
    if (!r->begun) {
        r->begun = true;
        r->method = method;
        return MHD_YES;
    }
    if (*size > 0) {
        const bool added = add_body(r, (jn_str){ data, *size });
        *size = 0;
        return added ? MHD_YES : MHD_NO;
    }
    if (!collect_headers(r))
        return MHD_NO;
    r->state = WITH_USER;
    d->handler(r, d->arg);
    return d->freed ? MHD_NO : go_on(r);
}

/* ---- libmicrohttpd on the loop ------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct base_httpd *d = handle->data;
    if (--d->handles == 0)
        free(d);
}

/* libmicrohttpd insists that nothing is suspended when it is stopped; on_request() is not called any more,
 * on_completed() is, for each request. */
static void destroy(struct base_httpd *d)
{
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->timer, on_closed);
    for (struct base_httpd_request *r = d->requests; r; r = r->next)
        resume(r);
    MHD_stop_daemon(d->mhd);
}

static void run(struct base_httpd *d)
{
    d->running = true;
    d->run_again = false;
    MHD_run(d->mhd);
    d->running = false;
    if (d->freed) {
        destroy(d);
        return;
    }
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (d->run_again || MHD_get_timeout(d->mhd, &ms) == MHD_YES)
        uv_timer_start(&d->timer, on_timer, d->run_again ? 0 : base_loop_delay(d->loop, (int64_t)ms), 0);
    else
        uv_timer_stop(&d->timer);
}

static void on_timer(uv_timer_t *handle)
{
    run(handle->data);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    run(handle->data);
}

/* ---- listening ----------------------------------------------------------------------------------------------- */

static int bind_to(const struct addrinfo *a)
{
    const int yes = 1;
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* On Linux this allows an address whose old connections are in TIME_WAIT, not one that is listened on. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    const int code = errno;
    close(fd);
    errno = code;
    return -1;
}

static enum jn_status open_listener(const struct base_httpd_options *opt, int *out, struct jn_error *err)
{
    const char *host = opt->host ? opt->host : "127.0.0.1";
    if (opt->port < 0 || opt->port > 65535)
        return jn_fail(err, JN_BAD_VALUE, "%d is not a port; give a number from 0 (any free one) to 65535", opt->port);
    char port[16];
    snprintf(port, sizeof port, "%d", opt->port);
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    const int failed = getaddrinfo(host, port, &hints, &found);
    if (failed)
        return jn_fail(err, JN_IO, "cannot listen on %s: %s", host, gai_strerror(failed));
    const int fd = bind_to(found);
    const int code = errno;
    freeaddrinfo(found);
    if (fd < 0 && code == EADDRINUSE)
        return jn_fail(err, JN_IO, "cannot listen on %s:%d: another program already does; choose another port", host,
                       opt->port);
    if (fd < 0)
        return jn_fail(err, JN_IO, "cannot listen on %s:%d: %s", host, opt->port, strerrordesc_np(code));
    *out = fd;
    return JN_OK;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof address;
    char port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &len) ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return 0;
    return (int)strtol(port, NULL, 10);
}

/* No connection timeout: a Lambda runtime waits for its next event for hours. */
static struct MHD_Daemon *start_daemon(struct base_httpd *d, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, d,
                            MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u,
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, d,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_END);
}

/* With the listener, which becomes libmicrohttpd's when it starts. */
static enum jn_status start(struct base_httpd *d, int fd, struct jn_error *err)
{
    d->mhd = start_daemon(d, fd);
    if (!d->mhd) {
        close(fd);
        return jn_fail(err, JN_IO, "cannot start the HTTP server: out of memory or descriptors");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    uv_loop_t *uv = base_loop_uv(d->loop);
    const int failed = info ? uv_poll_init(uv, &d->poll, info->epoll_fd) : UV_EINVAL;
    if (failed) {
        MHD_stop_daemon(d->mhd);
        return jn_fail(err, JN_IO, "cannot watch the HTTP server: %s", uv_strerror(failed));
    }
    uv_timer_init(uv, &d->timer);
    d->handles = 2;
    d->poll.data = d;
    d->timer.data = d;
    uv_poll_start(&d->poll, UV_READABLE, on_poll);
    return JN_OK;
}

enum jn_status base_httpd_new(struct base_loop *l, const struct base_httpd_options *opt, struct base_httpd **out,
                              struct jn_error *err)
{
    int fd = -1;
    enum jn_status s = open_listener(opt, &fd, err);
    if (s)
        return s;
    struct base_httpd *d = calloc(1, sizeof *d);
    if (!d) {
        close(fd);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the HTTP server");
    }
    d->loop = l;
    d->handler = opt->handler;
    d->arg = opt->arg;
    d->max_body = opt->max_body ? opt->max_body : DEFAULT_MAX_BODY;
    d->port = port_of(fd);
    s = start(d, fd, err);
    if (s) {
        free(d);
        return s;
    }
    base_loop_hold(l);
    *out = d;
    return JN_OK;
}

int base_httpd_port(const struct base_httpd *d)
{
    return d->port;
}

void base_httpd_free(struct base_httpd *d)
{
    if (!d)
        return;
    assert(!d->freed);
    d->freed = true;
    base_loop_release(d->loop);
    if (!d->running)
        destroy(d);                     // else run() does, when libmicrohttpd has returned
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
        stop_watching(r);
}

/* ---- answering ----------------------------------------------------------------------------------------------- */

/* False without memory.  A header that HTTP cannot carry (a line end in it) is left out, and so are those that
 * libmicrohttpd computes. */
static bool add_response_header(struct MHD_Response *response, const struct base_header *h)
{
    static const char *const computed[] = { "Content-Length", "Transfer-Encoding" };
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++) {
        if (h->name.len == strlen(computed[i]) && strncasecmp(h->name.data, computed[i], h->name.len) == 0)
            return true;
    }
    char *text = malloc(h->name.len + h->value.len + 2);
    if (!text)
        return false;
    char *value = text + h->name.len + 1;
    memcpy(text, h->name.data, h->name.len);
    text[h->name.len] = '\0';
    if (h->value.len)
        memcpy(value, h->value.data, h->value.len);
    value[h->value.len] = '\0';
    MHD_add_response_header(response, text, value);
    free(text);
    return true;
}

static struct MHD_Response *make_response(const struct base_header *headers, size_t header_count, jn_str body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(body.len ? body.data : ""), body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
    for (size_t i = 0; response && i < header_count; i++) {
        if (!add_response_header(response, &headers[i])) {
            MHD_destroy_response(response);
            return NULL;
        }
    }
    return response;
}

void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);      // answered exactly once
    r->status = status;
    r->response = make_response(headers, header_count, body);
    r->state = r->response ? ANSWERED : DROPPED;
    resume(r);
}

void base_httpd_drop(struct base_httpd_request *r)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);
    r->state = DROPPED;
    resume(r);
}
