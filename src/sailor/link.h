/* link.h - a connection that comes back: tries the brokers of a URI list one after the other, waits longer after each
 * round that found none, and gives up after as many rounds as it is allowed.  What publisher.c and consumer.c have in
 * common; private to this folder.
 *
 * The owner's handlers are the connection's, with the owner as `arg`; its on_ready calls sailor_link_ready(), and its
 * on_closed sailor_link_closed() as the last thing it does. */
#ifndef SAILOR_LINK_H
#define SAILOR_LINK_H

#include "base/random.h"
#include "base/timer.h"
#include "sailor/amqp_connection.h"

struct sailor_link_options {
    const struct sailor_amqp_uris *uris;    /* borrowed, as are all texts here */
    const char *name, *ca, *certificate, *key;
    int prefetch;
    bool confirms;
    int64_t connect_attempts;       /* rounds until it is ready for the first time; 0: no end */
    int64_t reconnect_attempts;     /* rounds after each loss; 0: no end */
    int64_t delay_ms;               /* before the second round, then doubled up to 30 s; with jitter */
    struct base_random *random;
    uint64_t *reconnects;           /* counted here */
    const struct base_log *log;
    const struct sailor_connection_handlers *handlers;
    /* Every round failed.  Never inside a call of the owner's; may free the link. */
    void (*on_lost)(const struct jn_error *why, void *arg);
    void *arg;                      /* of on_lost and of the handlers */
};

struct sailor_link {
    struct sailor_connection *connection;   /* NULL: between two */
    struct base_loop *loop;         /* the rest is private */
    struct sailor_link_options opt;
    struct base_timer *timer;
    size_t at, tried;               /* the URI to try next; how many have been tried in this round */
    unsigned rounds;                /* that failed since it was last ready */
    bool was_ready, is_up;
};

/* Connects soon.  `link` may be cleared whatever this returns. */
enum jn_status sailor_link_init(struct sailor_link *link, struct base_loop *l, const struct sailor_link_options *opt,
                                struct jn_error *err);
void sailor_link_clear(struct sailor_link *link);

void sailor_link_ready(struct sailor_link *link);

/* The connection is over: it is freed, and another one is made, or the owner's on_lost called. */
void sailor_link_closed(struct sailor_link *link, const struct jn_error *why);

/* Whether there is a channel to talk on. */
bool sailor_link_is_ready(const struct sailor_link *link);

#endif
