/* httpd_client.h - speaking to the server over plain sockets. */
#ifndef HTTPD_CLIENT_H
#define HTTPD_CLIENT_H

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/httpd.h"
#include "base/timer.h"

static inline int open_client(const struct base_httpd *d)
{
    const struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                         .sin_port = htons((uint16_t)base_httpd_port(d)) };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

/* A loop with a server on it, for tests that drive both by hand. */
struct stage {
    struct base_loop *loop;
    struct base_httpd *server;          /* NULL: freed */
    struct base_timer *timer;           /* ends stage_run() */
};

static inline void stage_on_timer(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(((struct stage *)arg)->loop);
}

static inline void stage_open(struct stage *g, const struct base_httpd_options *opt)
{
    *g = (struct stage){ 0 };
    assert_int_equal(base_loop_new(&g->loop, NULL), JN_OK);
    assert_int_equal(base_timer_new(g->loop, stage_on_timer, g, &g->timer, NULL), JN_OK);
    assert_int_equal(base_httpd_new(g->loop, opt, &g->server, NULL), JN_OK);
}

static inline void stage_free_server(struct stage *g)
{
    base_httpd_free(g->server);
    g->server = NULL;
}

static inline void stage_close(struct stage *g)
{
    stage_free_server(g);
    base_timer_free(g->timer);
    base_loop_free(g->loop);
}

static inline void stage_run(struct stage *g, int64_t ms)
{
    base_timer_start(g->timer, ms);
    base_loop_run(g->loop);
    base_timer_stop(g->timer);
}

/* Runs until `*what` is `wanted`, two seconds at most. */
static inline void stage_await(struct stage *g, const int *what, int wanted)
{
    for (int rounds = 0; rounds < 1000 && *what != wanted; rounds++)
        stage_run(g, 2);
    assert_int_equal(*what, wanted);
}

/* A connection and the start of what was heard on it. */
struct client {
    int fd;
    char text[4096];                    /* '\0' behind it */
    size_t len;                         /* all that was heard, more than fits too */
    int closed;                         /* by the server */
};

static inline struct client client_open(const struct stage *g)
{
    return (struct client){ .fd = open_client(g->server) };
}

/* Takes what has arrived. */
static inline void client_listen(struct client *c)
{
    char piece[65536];
    ssize_t n;
    while ((n = recv(c->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
        if (c->len < sizeof c->text - 1) {
            const size_t room = sizeof c->text - 1 - c->len;
            memcpy(c->text + c->len, piece, (size_t)n < room ? (size_t)n : room);
        }
        c->len += (size_t)n;
    }
    c->closed |= n == 0 || (errno != EAGAIN && errno != EINTR);
}

/* Runs until `what` was heard, two seconds at most. */
static inline void client_hear(struct stage *g, struct client *c, const char *what)
{
    for (int rounds = 0; rounds < 1000 && !strstr(c->text, what) && !c->closed; rounds++) {
        stage_run(g, 2);
        client_listen(c);
    }
    if (!strstr(c->text, what))
        fail_msg("wanted \"%s\" in \"%s\"", what, c->text);
}

static inline void client_hear_end(struct stage *g, struct client *c)
{
    for (int rounds = 0; rounds < 1000 && !c->closed; rounds++) {
        stage_run(g, 2);
        client_listen(c);
    }
    assert_true(c->closed);
}

static inline void client_forget(struct client *c)
{
    memset(c->text, 0, sizeof c->text);
    c->len = 0;
}

static inline void client_close(struct client *c)
{
    close(c->fd);
}

#endif
