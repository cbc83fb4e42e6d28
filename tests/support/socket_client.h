/* socket_client.h - a base_socket that writes down what happens to it.  `until` is how much of it ends the loop. */
#ifndef SOCKET_CLIENT_H
#define SOCKET_CLIENT_H

#include "base/socket.h"

struct client {
    struct base_loop *loop;
    struct base_socket *socket;
    struct jn_buf received;
    size_t expected;                /* bytes after which the loop stops */
    int opened, closed, drained;
    bool stop_when_open, stop_when_drained, free_when_open, free_when_data, free_when_closed;
    struct jn_error why;
};

static inline void client_free(struct client *c)
{
    base_socket_free(c->socket);
    c->socket = NULL;
}

static inline void client_on_open(struct base_socket *s, void *arg)
{
    (void)s;
    struct client *c = arg;
    c->opened++;
    if (c->free_when_open)
        client_free(c);
    if (c->stop_when_open)
        base_loop_stop(c->loop);
}

static inline void client_on_data(struct base_socket *s, jn_str data, void *arg)
{
    (void)s;
    struct client *c = arg;
    jn_buf_append(&c->received, data);
    if (c->free_when_data)
        client_free(c);
    if (c->expected && c->received.len >= c->expected)
        base_loop_stop(c->loop);
}

static inline void client_on_drain(struct base_socket *s, void *arg)
{
    struct client *c = arg;
    assert_int_equal(base_socket_pending(s), 0);
    c->drained++;
    if (c->stop_when_drained)
        base_loop_stop(c->loop);
}

static inline void client_on_close(struct base_socket *s, const struct jn_error *why, void *arg)
{
    (void)s;
    struct client *c = arg;
    c->closed++;
    c->why = *why;
    if (c->free_when_closed)
        client_free(c);
    base_loop_stop(c->loop);
}

static const struct base_socket_handlers client_handlers = {
    .on_open = client_on_open, .on_data = client_on_data, .on_drain = client_on_drain, .on_close = client_on_close,
};

static inline void client_init(struct client *c)
{
    *c = (struct client){ 0 };
    jn_buf_init(&c->received, 0);
    assert_int_equal(base_loop_new(&c->loop, NULL), JN_OK);
}

static inline void client_open(struct client *c, struct base_socket_options opt)
{
    struct jn_error err = { 0 };
    opt.handlers = &client_handlers;
    opt.arg = c;
    if (base_socket_open(c->loop, &opt, &c->socket, &err))
        fail_msg("%s", err.message);
    assert_int_equal(c->opened + c->closed, 0);
}

static inline void client_say(struct client *c, jn_str text)
{
    jn_buf_append(base_socket_output(c->socket), text);
    base_socket_flush(c->socket);
}

static inline void client_clear(struct client *c)
{
    client_free(c);
    base_loop_free(c->loop);
    jn_buf_clear(&c->received);
}
#endif
