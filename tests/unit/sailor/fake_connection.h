/* fake_connection.h - amqp_connection.h played by the test: what is asked of it is written down as text, and the test
 * says what the broker does.  Defining its functions here keeps the linker from taking the real ones. */
#ifndef FAKE_CONNECTION_H
#define FAKE_CONNECTION_H

#include "sailor/amqp_connection.h"

struct sailor_connection {
    struct sailor_connection_options opt;
    bool is_ready, is_blocked, is_closing;
    size_t pending;
    uint64_t seq;
};

/* The connection opened last; NULL: it has been freed. */
struct sailor_connection *fake_connection(void);

/* How many have been opened. */
int fake_opened(void);

/* What was asked since the last call: "publish 1 data m1; ack 5; ...".  A retry shows as "publish 2 data m1 retry=1". */
const char *fake_asked(void);
void fake_reset(void);

/* Runs the loop until a connection is open that was not when this was called, or nothing happens any more. */
void fake_run(struct base_loop *l);

void fake_ready(void);
void fake_lose(void);
void fake_deliver(uint64_t tag, bool redelivered, const char *id, const char *body);
void fake_return(const char *routing_key, const char *id);

#endif
