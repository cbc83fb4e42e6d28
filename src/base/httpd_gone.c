/* httpd_gone.c - clients that go away while libmicrohttpd does not look at their connections, because they are suspended.
 *
 * One epoll descriptor per server watches all connections for their end, and the loop watches that descriptor.  A
 * connection is told to it once, when it is first suspended, and stays: its end is reported once, as an edge, also while
 * nobody waits for it, and is then remembered.  To add and remove it each time would take longer than to serve a short
 * request. */
#include "base/httpd_internal.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* What there is of a connection, from its start to its end. */
struct base_httpd_peer {
    struct base_httpd *server;
    int fd;
    bool is_known, is_gone;             /* to the descriptor; and seen at its end */
    struct base_httpd_request *request; /* that is to be told; NULL: none */
};

static void tell(struct base_httpd_peer *p)
{
    struct base_httpd_request *r = p->request;
    p->is_gone = true;
    p->request = NULL;
    if (r)
        base_httpd_tell_gone(r);
}

/* Whoever hears of an end may free the server, and with it the peers. */
static void on_end(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    struct base_httpd *d = handle->data;
    struct epoll_event e;
    for (int i = 0; i < BASE_HTTPD_ENDS_AT_ONCE && !d->freed && epoll_wait(d->gone_fd, &e, 1, 0) == 1; i++)
        tell(e.data.ptr);
}

bool base_httpd_open_gone(struct base_httpd *d)
{
    d->gone_fd = epoll_create1(EPOLL_CLOEXEC);
    if (d->gone_fd < 0)
        return false;
    if (uv_poll_init(base_loop_uv(d->loop), &d->gone, d->gone_fd)) {
        close(d->gone_fd);
        return false;
    }
    d->gone.data = d;
    uv_poll_start(&d->gone, UV_READABLE, on_end);
    return true;
}

/* MHD_OPTION_NOTIFY_CONNECTION.  Without memory an end is noticed when the answer is sent, no earlier. */
void base_httpd_on_connection(void *arg, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code)
{
    struct base_httpd *d = arg;
    struct base_httpd_peer *p = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        p = *context = calloc(1, sizeof *p);
        if (p)
            *p = (struct base_httpd_peer){
                .server = d, .fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            };
        return;
    }
    /* A child that is being started has the connection until it execs: closing it is not enough. */
    if (p && p->is_known)
        epoll_ctl(d->gone_fd, EPOLL_CTL_DEL, p->fd, NULL);
    free(p);
    *context = NULL;
}

static struct base_httpd_peer *peer_of(const struct base_httpd_request *r)
{
    return MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* An end that was seen before is asked for anew, and so reported from the loop, not from here. */
void base_httpd_watch_gone(struct base_httpd_request *r)
{
    struct base_httpd_peer *p = peer_of(r);
    struct epoll_event e = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = p };
    if (!p)
        return;
    p->request = r;
    r->peer = p;
    if (!p->is_known)
        p->is_known = epoll_ctl(p->server->gone_fd, EPOLL_CTL_ADD, p->fd, &e) == 0;
    else if (p->is_gone)
        epoll_ctl(p->server->gone_fd, EPOLL_CTL_MOD, p->fd, &e);
}

void base_httpd_unwatch_gone(struct base_httpd_request *r)
{
    if (r->peer)
        r->peer->request = NULL;
    r->peer = NULL;
}
