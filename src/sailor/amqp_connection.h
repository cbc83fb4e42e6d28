/* amqp_connection.h - one connection to a broker with one channel on it: connects, logs in, keeps heartbeats, and says
 * what happened.  It does not come back by itself: consumer.c and publisher.c decide about that.
 *
 * Never blocks: a broker that does not read makes `pending` grow, and heartbeats that are not answered end the
 * connection after two silent intervals (3.1 of platform-protocol.md), whatever is queued. */
#ifndef SAILOR_AMQP_CONNECTION_H
#define SAILOR_AMQP_CONNECTION_H

#include "base/log.h"
#include "base/loop.h"
#include "sailor/amqp_codec.h"
#include "sailor/amqp_uri.h"

struct sailor_connection;

/* A message from the broker, whole.  Everything is valid during the call; `body` may be taken over by jn_buf_detach(),
 * or be swapped for another buffer of its owner's, which is emptied and filled next.  Properties that could not be read
 * are absent, headers too. */
struct sailor_incoming {
    uint64_t tag;
    bool redelivered;
    jn_str consumer_tag, exchange, routing_key;
    struct sailor_properties properties;
    struct jn_buf *body;
};

/* Any of these may free the connection.  NULL: not of interest. */
struct sailor_connection_handlers {
    /* The channel is open (and in confirm mode, and prefetch set): also after each sailor_connection_reopen(). */
    void (*on_ready)(void *arg);
    void (*on_consuming)(jn_str consumer_tag, void *arg);
    void (*on_delivery)(const struct sailor_incoming *m, void *arg);
    void (*on_cancelled)(bool by_broker, void *arg);        /* by_broker: the queue is gone */
    void (*on_confirm)(uint64_t seq, bool multiple, bool ack, void *arg);
    /* A mandatory message found no queue.  Its confirm follows.  Properties and body are those it was sent with. */
    void (*on_return)(int code, jn_str text, const struct sailor_incoming *m, void *arg);
    void (*on_blocked)(bool is_blocked, jn_str why, void *arg);
    void (*on_drain)(void *arg);
    /* The broker closed the channel: code 404 NOT_FOUND, 406 PRECONDITION_FAILED, ...  The connection lives on. */
    void (*on_channel_closed)(int code, jn_str text, void *arg);
    /* The connection is over; `why` is NULL after sailor_connection_close().  The last callback. */
    void (*on_closed)(const struct jn_error *why, void *arg);
};

struct sailor_connection_options {
    const struct sailor_amqp_uri *uri;      /* borrowed until free */
    const char *name;               /* connection_name: "<host>-read" */
    const char *ca, *certificate, *key;     /* PEM files unless the URI names others; NULL */
    int prefetch;                   /* of a consuming channel; 0: none is set */
    bool confirms;                  /* confirm.select */
    int64_t max_body;               /* bytes; a larger message ends the connection.  0: 512 MB */
    const struct base_log *log;
    const struct sailor_connection_handlers *handlers;
    void *arg;
};

/* Starts to connect. */
enum jn_status sailor_connection_open(struct base_loop *l, const struct sailor_connection_options *opt,
                                      struct sailor_connection **out, struct jn_error *err);

/* What follows may be called between on_ready and the end; else it does nothing (publish: fails). */
void sailor_connection_consume(struct sailor_connection *c, jn_str queue);
void sailor_connection_cancel(struct sailor_connection *c);
void sailor_connection_ack(struct sailor_connection *c, uint64_t tag);
void sailor_connection_reject(struct sailor_connection *c, uint64_t tag, bool requeue);

/* Sends a message; *seq is the number that on_confirm() will name.  Everything is copied.  JN_IO when not ready. */
enum jn_status sailor_connection_publish(struct sailor_connection *c, jn_str exchange, jn_str routing_key,
                                         bool mandatory, const struct sailor_properties *properties, jn_str body,
                                         uint64_t *seq, struct jn_error *err);

/* Opens the channel anew after on_channel_closed(). */
void sailor_connection_reopen(struct sailor_connection *c);

bool sailor_connection_is_ready(const struct sailor_connection *c);
bool sailor_connection_is_blocked(const struct sailor_connection *c);
size_t sailor_connection_pending(const struct sailor_connection *c);    /* bytes that the kernel has not taken */
const char *sailor_connection_peer(const struct sailor_connection *c);

/* Closes in good order: channel, connection, socket; on_closed(NULL) follows, after a second at the latest when the
 * broker does not answer. */
void sailor_connection_close(struct sailor_connection *c);

/* Drops everything at once; no callback follows. */
void sailor_connection_free(struct sailor_connection *c);

#endif
