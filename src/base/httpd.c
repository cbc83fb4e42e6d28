/* httpd.c - see httpd.h.
 *
 * libmicrohttpd runs without a thread of its own: our loop polls its epoll descriptor, and a timer follows its wishes.
 * A request that is not answered in its handler is suspended; answering resumes it, and libmicrohttpd then calls us
 * once more to fetch the answer.  A suspended socket is watched by nobody inside, so we poll it for the peer's hang-up.
 *
 *   receiving -> handled (suspended) -> answered | dropped -> completed (libmicrohttpd's word; the request is freed) */
#include "base/httpd.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop_internal.h"

enum { DEFAULT_MAX_BODY = 16 << 20, CONNECTION_MEMORY = 128 << 10, BACKLOG = 511 };

enum request_state { RECEIVING, HANDLED, ANSWERED, DROPPED };

struct base_httpd_request {
    struct base_httpd *daemon;
    struct base_httpd_request *next, *previous;     /* all requests of the daemon */
    struct MHD_Connection *connection;
    char *target, *method;                          /* as on the wire */
    struct base_header *headers;
    size_t header_count;
    struct jn_buf body;
    size_t body_size;
    enum request_state state;
    bool has_begun, is_suspended, is_too_large;
    struct MHD_Response *response;
    int status;
    base_httpd_gone_fn *on_gone;
    void *gone_arg;
    struct watch *watch;
};

struct base_httpd {
    struct base_loop *loop;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;               /* of the two above: memory is freed when both have closed */
    int port;
    size_t max_body;
    base_httpd_handler_fn *handler;
    void *arg;
    struct base_httpd_request *requests;
    bool is_running;                /* inside MHD_run() */
    bool has_resumed;               /* a connection was resumed since it began */
    bool is_freed;                  /* base_httpd_free() was called inside it */
};

/* ---- watching suspended sockets ------------------------------------------------------------------------------- */

/* Has its own memory, since its handle outlives the request by a round of the loop. */
struct watch {
    uv_poll_t poll;
    struct base_httpd_request *request;
};

static void free_data(uv_handle_t *handle)
{
    free(handle->data);
}

static void unwatch(struct base_httpd_request *r)
{
    if (!r->watch)
        return;
    uv_close((uv_handle_t *)&r->watch->poll, free_data);
    r->watch = NULL;
}

static void on_timer(uv_timer_t *timer);

static void resume(struct base_httpd_request *r)
{
    unwatch(r);
    if (!r->is_suspended)
        return;
    r->is_suspended = false;
    MHD_resume_connection(r->connection);
    r->daemon->has_resumed = true;
    if (!r->daemon->is_freed)
        uv_timer_start(&r->daemon->timer, on_timer, 0, 0);      // resumed connections wait for MHD_run()
}

static void on_hang_up(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct base_httpd_request *r = w->request;
    (void)events;
    (void)status;
    r->state = DROPPED;
    unwatch(r);
    if (r->on_gone)
        r->on_gone(r, r->gone_arg);
    resume(r);
}

/* Without a watch a client that left is noticed when it is answered, which is late but harmless. */
static void watch(struct base_httpd_request *r)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct watch *w = info ? calloc(1, sizeof *w) : NULL;
    if (!w)
        return;
    w->request = r;
    if (uv_poll_init(base_loop_uv(r->daemon->loop), &w->poll, info->connect_fd)) {
        free(w);
        return;
    }
    w->poll.data = w;
    r->watch = w;
    uv_poll_start(&w->poll, UV_DISCONNECT, on_hang_up);
}

/* ---- a request's life ----------------------------------------------------------------------------------------- */

/* The first that libmicrohttpd tells of a request: its target, undecoded.  What is returned stays with the request. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct base_httpd *d = arg;
    struct base_httpd_request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->daemon = d;
    r->connection = connection;
    r->target = strdup(target);
    jn_buf_init(&r->body, d->max_body + 1);
    r->next = d->requests;
    if (r->next)
        r->next->previous = r;
    d->requests = r;
    return r;
}

static void unlink_request(struct base_httpd_request *r)
{
    if (r->next)
        r->next->previous = r->previous;
    if (r->previous)
        r->previous->next = r->next;
    else
        r->daemon->requests = r->next;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode why)
{
    struct base_httpd_request *r = *own;
    (void)arg;
    (void)connection;
    (void)why;
    if (!r)
        return;
    unwatch(r);
    unlink_request(r);
    if (r->response)
        MHD_destroy_response(r->response);
    jn_buf_clear(&r->body);
    free(r->headers);
    free(r->target);
    free(r->method);
    free(r);
    *own = NULL;
}

static void take_body(struct base_httpd_request *r, const char *data, size_t size)
{
    r->body_size += size;
    if (!r->is_too_large && r->body_size > r->daemon->max_body) {
        r->is_too_large = true;
        jn_buf_clear(&r->body);
    }
    if (!r->is_too_large)
        jn_buf_append(&r->body, (jn_str){ data, size });
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct base_httpd_request *r = arg;
    (void)kind;
    r->headers[r->header_count++] = (struct base_header){ jn_str_of(name), jn_str_of(value) };
    return MHD_YES;
}

static bool take_headers(struct base_httpd_request *r)
{
    const int n = MHD_get_connection_values(r->connection, MHD_HEADER_KIND, NULL, NULL);
    r->headers = calloc(n > 0 ? (size_t)n : 1, sizeof *r->headers);
    if (!r->headers)
        return false;
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add_header, r);
    return true;
}

static enum MHD_Result hand_over(struct base_httpd_request *r)
{
    return MHD_queue_response(r->connection, (unsigned)r->status, r->response);
}

/* The request is complete: the handler answers it now, or it waits. */
static enum MHD_Result handle(struct base_httpd_request *r)
{
    if (r->body.failed || !r->target || !r->method || !take_headers(r))
        return MHD_NO;
    r->state = HANDLED;
    r->daemon->handler(r, r->daemon->arg);
    if (r->state == ANSWERED)
        return hand_over(r);
    if (r->state == DROPPED)
        return MHD_NO;
    r->is_suspended = true;
    MHD_suspend_connection(r->connection);
    watch(r);
    return MHD_YES;
}

/* libmicrohttpd calls this when the headers are there, for each piece of body, at the end, and after each resume. */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *size, void **own)
{
    struct base_httpd_request *r = *own;
    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (!r || r->daemon->is_freed)
        return MHD_NO;
    if (!r->has_begun) {
        r->has_begun = true;
        r->method = strdup(method);
        return MHD_YES;
    }
    if (*size) {
        take_body(r, data, *size);
        *size = 0;
        return MHD_YES;
    }
    switch (r->state) {
    case RECEIVING:
        return handle(r);
    case ANSWERED:
        return hand_over(r);
    case HANDLED:
        r->is_suspended = true;         // resumed by nobody we know of: wait on
        MHD_suspend_connection(connection);
        return MHD_YES;
    case DROPPED:
        break;
    }
    return MHD_NO;
}

/* ---- the daemon ------------------------------------------------------------------------------------------------ */

static void shut_down(struct base_httpd *d);
static void run(struct base_httpd *d);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void run(struct base_httpd *d)
{
    d->is_running = true;
    d->has_resumed = false;
    MHD_run(d->mhd);
    d->is_running = false;
    if (d->is_freed) {
        shut_down(d);
        return;
    }
    MHD_UNSIGNED_LONG_LONG ms;
    if (d->has_resumed)
        return;                     // the timer is set already, for at once
    if (MHD_get_timeout(d->mhd, &ms) == MHD_YES)
        uv_timer_start(&d->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&d->timer);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static size_t keep_encoded(void *arg, struct MHD_Connection *connection, char *s)
{
    (void)arg;
    (void)connection;
    return strlen(s);
}

/* Our own socket rather than libmicrohttpd's: the reason for a failure is ours to tell. */
static enum jn_status listen_on(const char *host, int port, int *out, int *out_port, struct jn_error *err)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const bool is_v6 = inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    if (!is_v6 && inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" is no address to listen on; give one such as 127.0.0.1 or ::1", host);
    const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return jn_fail(err, JN_IO, "no socket to listen on %s: %s", host, strerror(errno));
    const int on = 1;
    struct sockaddr *address = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t len = is_v6 ? sizeof v6 : sizeof v4;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(fd, address, len) || listen(fd, BACKLOG) ||
        getsockname(fd, address, &len)) {
        enum jn_status s = jn_fail(err, JN_IO, "cannot listen on %s port %d: %s", host, port, strerror(errno));
        close(fd);
        return s;
    }
    *out = fd;
    *out_port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    return JN_OK;
}

static enum jn_status start(struct base_httpd *d, const char *host, int port, struct jn_error *err)
{
    int fd = -1;
    enum jn_status s = listen_on(host, port, &fd, &d->port, err);
    if (s)
        return s;
    d->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, d,
                              MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, d,
                              MHD_OPTION_NOTIFY_COMPLETED, on_completed, d, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded,
                              d, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (!d->mhd) {
        close(fd);
        return jn_fail(err, JN_IO, "the HTTP server for %s port %d did not start", host, port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(base_loop_uv(d->loop), &d->poll, info->epoll_fd)) {
        MHD_stop_daemon(d->mhd);
        return jn_fail(err, JN_IO, "the HTTP server for %s port %d cannot be polled", host, port);
    }
    return JN_OK;
}

enum jn_status base_httpd_new(struct base_loop *l, const struct base_httpd_options *opt, struct base_httpd **out,
                              struct jn_error *err)
{
    struct base_httpd *d = calloc(1, sizeof *d);
    if (!d)
        return jn_fail(err, JN_NO_MEMORY, "no memory for an HTTP server");
    d->loop = l;
    d->handler = opt->handler;
    d->arg = opt->arg;
    d->max_body = opt->max_body ? opt->max_body : DEFAULT_MAX_BODY;
    enum jn_status s = start(d, opt->host ? opt->host : "127.0.0.1", opt->port, err);
    if (s) {
        free(d);
        return s;
    }
    uv_timer_init(base_loop_uv(l), &d->timer);
    d->poll.data = d->timer.data = d;
    d->open_handles = 2;
    uv_poll_start(&d->poll, UV_READABLE, on_ready);
    base_loop_hold(l);
    *out = d;
    return JN_OK;
}

int base_httpd_port(const struct base_httpd *d)
{
    return d->port;
}

static void on_closed(uv_handle_t *handle)
{
    struct base_httpd *d = handle->data;
    if (--d->open_handles == 0)
        free(d);
}

static void shut_down(struct base_httpd *d)
{
    /* libmicrohttpd insists that nothing is suspended when it stops. */
    for (struct base_httpd_request *r = d->requests; r; r = r->next) {
        if (r->state == HANDLED)
            r->state = DROPPED;
        resume(r);
    }
    /* The poll goes first: stopping closes the descriptor that it watches. */
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->timer, on_closed);
    MHD_stop_daemon(d->mhd);
}

void base_httpd_free(struct base_httpd *d)
{
    if (!d || d->is_freed)
        return;
    d->is_freed = true;
    base_loop_release(d->loop);
    if (!d->is_running)
        shut_down(d);
}

/* ---- what a handler sees --------------------------------------------------------------------------------------- */

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
    return mark ? jn_str_of(mark + 1) : (jn_str){ "", 0 };
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
    return r->is_too_large;
}

size_t base_httpd_body_size(const struct base_httpd_request *r)
{
    return r->body_size;
}

void base_httpd_on_gone(struct base_httpd_request *r, base_httpd_gone_fn *fn, void *arg)
{
    r->on_gone = fn;
    r->gone_arg = arg;
}

/* ---- answering ------------------------------------------------------------------------------------------------- */

/* Names and values need to be C strings; one that is too long or faulty is left out rather than the whole answer. */
static void put_header(struct MHD_Response *response, const struct base_header *h)
{
    char *text = malloc(h->name.len + h->value.len + 2);
    if (!text)
        return;
    memcpy(text, h->name.data, h->name.len);
    text[h->name.len] = '\0';
    char *value = text + h->name.len + 1;
    if (h->value.len)
        memcpy(value, h->value.data, h->value.len);
    value[h->value.len] = '\0';
    MHD_add_response_header(response, text, value);
    free(text);
}

void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body)
{
    assert(r->state == HANDLED);
    r->response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);
    r->state = r->response ? ANSWERED : DROPPED;
    r->status = status;
    for (size_t i = 0; r->response && i < header_count; i++)
        put_header(r->response, &headers[i]);
    resume(r);
}

void base_httpd_drop(struct base_httpd_request *r)
{
    assert(r->state == HANDLED);
    r->state = DROPPED;
    resume(r);
}
