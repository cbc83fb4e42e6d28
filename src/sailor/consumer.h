/* consumer.h - the read side: deliveries of one queue, each settled exactly once, over as many connections as it takes.
 *
 * After a reconnect the broker delivers again what was not settled.  A copy of a delivery that is still in process is
 * not handed out: its tag replaces the old one, and settling settles the copy.  A delivery that was finished while the
 * connection was away is remembered, and its copy settled on arrival.  So nothing is processed twice by one process,
 * and nothing is lost (platform-protocol.md, 3.12, and advice Q3, Q6).
 *
 * Copies are told by the header messageId and the payload, and only a delivery that comes from a later consumer than the
 * one in process can be one: equal ids of distinct messages are distinct.  Without messageId there is no telling, and a
 * copy is processed again. */
#ifndef SAILOR_CONSUMER_H
#define SAILOR_CONSUMER_H

#include "base/random.h"
#include "sailor/amqp_connection.h"
#include "sailor/metrics.h"

struct sailor_consumer;

/* A delivery in process.  Owned by the consumer until it is settled. */
struct sailor_delivery {
    struct sailor_consumer *consumer;
    jn_str message_id;              /* {NULL, 0}: none */
    jn_str consumer_tag, exchange, routing_key;
    uint64_t tag;
    bool redelivered;
    struct sailor_properties properties;    /* copied to `arena` */
    struct jn_arena *arena;         /* for everything that belongs to this delivery */
    struct jn_buf body;             /* to be decrypted in place */
    void *owner;                    /* of whoever processes it */
};

struct sailor_consumer_options {
    const struct sailor_amqp_uris *uris;    /* borrowed, as are all texts here */
    const char *queue, *name;
    const char *ca, *certificate, *key;
    int prefetch;
    int64_t connect_attempts, reconnect_attempts, reconnect_delay_ms;   /* as in publisher.h */
    struct base_random *random;
    struct sailor_metrics *metrics;
    const struct base_log *log;
    void (*on_ready)(void *arg);            /* connected for the first time; nothing is consumed yet */
    void (*on_consuming)(void *arg);        /* each time it is told so by the broker */
    void (*on_delivery)(struct sailor_delivery *d, void *arg);
    /* It cannot go on: attempts used up, queue missing (404) or deleted, access refused.  No delivery follows; those in
     * process can be settled still where the connection lives. */
    void (*on_lost)(const struct jn_error *why, void *arg);
    void *arg;
};

enum jn_status sailor_consumer_new(struct base_loop *l, const struct sailor_consumer_options *opt,
                                   struct sailor_consumer **out, struct jn_error *err);

/* Begins to consume. */
void sailor_consumer_start(struct sailor_consumer *c);

/* Stops new deliveries (basic.cancel); calls back once nothing more can come.  Those in process go on. */
void sailor_consumer_stop(struct sailor_consumer *c, void (*done)(void *arg), void *arg);

enum sailor_verdict { SAILOR_ACK, SAILOR_REJECT, SAILOR_REQUEUE };

/* Settles, at once or when its copy arrives, and frees the delivery. */
void sailor_delivery_settle(struct sailor_delivery *d, enum sailor_verdict v);

size_t sailor_consumer_in_process(const struct sailor_consumer *c);
bool sailor_consumer_is_consuming(const struct sailor_consumer *c);

/* Closes in good order once acks are written, then calls back; deliveries in process go back to the queue.  Call it
 * once. */
void sailor_consumer_close(struct sailor_consumer *c, void (*done)(void *arg), void *arg);
void sailor_consumer_free(struct sailor_consumer *c);

#endif
