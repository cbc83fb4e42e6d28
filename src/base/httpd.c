/* httpd.c - an HTTP/1.1 server over libmicrohttpd without a thread of its own: its epoll descriptor is polled by the
 * loop, and MHD_run() works off what happened.  What becomes of a request is in httpd_request.c.
 *
 * Handlers run inside MHD_run() and may free the server; that is done when MHD_run() has returned. */
#include "base/httpd_internal.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEFAULT_MAX_BODY = 16 << 20,
    DEFAULT_MAX_HEAD = 128 << 10,       // a Lambda runtime sends long ones
};

/* ---- libmicrohttpd on the loop ------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct base_httpd *d = handle->data;
    if (--d->handles == 0)
        free(d);
}

/* libmicrohttpd insists that nothing is suspended when it is stopped; base_httpd_on_request() is not called any more,
 * base_httpd_on_completed() is, for each request. */
static void destroy(struct base_httpd *d)
{
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->gone, on_closed);
    uv_close((uv_handle_t *)&d->timer, on_closed);
    for (struct base_httpd_request *r = d->requests; r; r = r->next)
        base_httpd_resume(r);
    MHD_stop_daemon(d->mhd);
    close(d->gone_fd);
    while (d->requests)                 // orphaned ones
        base_httpd_free_request(d->requests);
}

static void on_timer(uv_timer_t *handle);

static void run(struct base_httpd *d)
{
    d->running = true;
    d->run_again = false;
    MHD_run(d->mhd);
    base_httpd_tell_drained(d);
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

void base_httpd_run_soon(struct base_httpd *d)
{
    d->run_again = true;
    uv_timer_start(&d->timer, on_timer, 0, 0);
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

/* MHD_OPTION_UNESCAPE_CALLBACK: leaves text as it came. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

/* No connection timeout: a Lambda runtime waits for its next event for hours. */
static struct MHD_Daemon *start_daemon(struct base_httpd *d, int fd)
{
    const size_t memory = 2 * d->max_head;      // half of it is for what is sent
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, base_httpd_on_request, d,
                            MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u,
                            MHD_OPTION_URI_LOG_CALLBACK, base_httpd_on_target, d,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                            MHD_OPTION_NOTIFY_CONNECTION, base_httpd_on_connection, d,
                            MHD_OPTION_NOTIFY_COMPLETED, base_httpd_on_completed, NULL,
                            MHD_OPTION_END);
}

/* Both descriptors on the loop; false when one cannot be. */
static bool watch(struct base_httpd *d)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    uv_loop_t *uv = base_loop_uv(d->loop);
    if (!info || uv_poll_init(uv, &d->poll, info->epoll_fd))
        return false;
    d->poll.data = d;
    d->handles++;
    if (!base_httpd_open_gone(d))
        return false;
    d->handles++;
    uv_timer_init(uv, &d->timer);
    d->timer.data = d;
    d->handles++;
    uv_poll_start(&d->poll, UV_READABLE, on_poll);
    return true;
}

/* With the listener, which becomes libmicrohttpd's when it starts.  A server that does not start is freed, now or when the
 * handle that it has by then is closed. */
static enum jn_status start(struct base_httpd *d, int fd, struct jn_error *err)
{
    d->mhd = start_daemon(d, fd);
    if (!d->mhd) {
        close(fd);
        free(d);
        return jn_fail(err, JN_IO, "cannot start the HTTP server: out of memory or descriptors");
    }
    if (watch(d))
        return JN_OK;
    if (d->handles)
        uv_close((uv_handle_t *)&d->poll, on_closed);
    MHD_stop_daemon(d->mhd);
    if (!d->handles)
        free(d);
    return jn_fail(err, JN_IO, "cannot watch the HTTP server: out of memory or descriptors");
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
    d->on_head = opt->on_head;
    d->arg = opt->arg;
    d->max_body = opt->max_body ? opt->max_body : DEFAULT_MAX_BODY;
    d->max_head = opt->max_head ? opt->max_head : DEFAULT_MAX_HEAD;
    d->port = port_of(fd);
    s = start(d, fd, err);
    if (s)
        return s;
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
