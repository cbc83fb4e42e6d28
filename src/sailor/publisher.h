/* publisher.h - the write side: publishes until the broker has confirmed, over as many connections as it takes.
 *
 * A publication ends well when the broker acked it and did not return it.  Everything else is a failed attempt: nack
 * (a queue that overflows), returned as unroutable, channel or connection lost before the confirm, confirm too late.
 * Attempts are repeated after publish_retry_delay_ms x 2^i, publish_max_retry_delay_ms at most, with the header `retry`
 * (platform-protocol.md, 3.13); being without a connection costs no attempt: it waits for one.  One that keeps being
 * returned fails after unroutable_ms, unless it has attempts of its own: where no queue is bound, waiting for one without
 * end would hold up the flow.
 * Many are in flight at a time; confirms are matched by number, returns by messageId, routing key and order.  What is
 * waiting leaves in the order in which it was published; a broker that raised an alarm (connection.blocked) or does not
 * read is sent nothing more.
 *
 * A messageId is that of the header `messageId`. */
#ifndef SAILOR_PUBLISHER_H
#define SAILOR_PUBLISHER_H

#include "base/random.h"
#include "sailor/amqp_connection.h"
#include "sailor/metrics.h"

struct sailor_publisher;
struct sailor_publication;

struct sailor_publisher_options {
    const struct sailor_amqp_uris *uris;    /* borrowed, as are all texts here */
    const char *exchange, *name;            /* name: connection_name */
    const char *ca, *certificate, *key;
    int64_t retry_delay_ms, retry_attempts /* 0: no end */, max_retry_delay_ms;
    int64_t confirm_timeout_ms;             /* 0: none */
    int64_t unroutable_ms;                  /* for so long a returned one is tried; 0: no end; negative: it counts as
                                             * sent, as in the reference */
    int64_t connect_attempts;               /* of the first connection; 0: no end */
    int64_t reconnect_attempts;             /* of every later one; 0: no end */
    int64_t reconnect_delay_ms;             /* doubled up to 30 s, with jitter */
    struct base_random *random;
    const struct base_clock *clock;
    struct sailor_metrics *metrics;
    const struct base_log *log;
    void (*on_ready)(void *arg);            /* connected for the first time */
    void (*on_lost)(const struct jn_error *why, void *arg);     /* attempts are used up: nothing will be published */
    void *arg;
};

enum jn_status sailor_publisher_new(struct base_loop *l, const struct sailor_publisher_options *opt,
                                    struct sailor_publisher **out, struct jn_error *err);

struct sailor_publish {
    jn_str routing_key;
    bool mandatory;
    const struct sailor_properties *properties;     /* copied shallowly: texts and headers are borrowed until done */
    jn_str body;                                    /* borrowed until done */
    int64_t attempts;                               /* 0: the publisher's */
    int64_t give_up_ms;                             /* after this time; 0: never */
};

/* `failed` is NULL when the broker has it: else "Failed on publishing <messageId> message to MQ: ...". */
typedef void sailor_published_fn(const struct jn_error *failed, void *arg);

enum jn_status sailor_publisher_publish(struct sailor_publisher *p, const struct sailor_publish *what,
                                        sailor_published_fn *done, void *arg, struct sailor_publication **out,
                                        struct jn_error *err);

/* Forgets a publication without its callback; the broker may have it. */
void sailor_publication_cancel(struct sailor_publication *x);

bool sailor_publisher_is_ready(const struct sailor_publisher *p);
size_t sailor_publisher_in_flight(const struct sailor_publisher *p);

/* For how long publications have been in flight and none has been confirmed; 0: none is in flight. */
int64_t sailor_publisher_stalled_ms(const struct sailor_publisher *p);

/* Closes in good order, then calls back; publications in flight are forgotten.  Call it once. */
void sailor_publisher_close(struct sailor_publisher *p, void (*done)(void *arg), void *arg);
void sailor_publisher_free(struct sailor_publisher *p);

#endif
