/* headers.h - what a delivery's AMQP headers say (platform-protocol.md, 3.5).  Private to this folder. */
#ifndef SAILOR_HEADERS_H
#define SAILOR_HEADERS_H

#include "sailor/envelope.h"

/* Fills the ids, rebound_iteration, is_protocol_1 and headers.  A thread id is made when there is none.  Headers of the
 * wrong type count as absent; JN_BAD_VALUE when there is no table at all, JN_NO_MEMORY. */
enum jn_status sailor_headers_read(struct jn_arena *a, jn_value headers, struct base_random *random,
                                   struct sailor_incoming_message *out, struct jn_error *err);

#endif
