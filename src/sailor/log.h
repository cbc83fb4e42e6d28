/* log.h - the platform's log: one JSON object a line on standard output, in bunyan's shape (platform-protocol.md, 7).
 * It is a base_log with another way of writing lines, so that the rooms below log as they always do. */
#ifndef SAILOR_LOG_H
#define SAILOR_LOG_H

#include "base/log.h"
#include "sailor/settings.h"

/* The part of every line that does not change: "hostname", "pid", the ELASTICIO_* of 1.6, "tag". */
struct sailor_log_origin;

/* JN_BAD_VALUE for a LOG_LEVEL that is none. */
enum jn_status sailor_log_origin_new(const struct base_env *env, const struct base_clock *clock,
                                     struct sailor_log_origin **out, struct jn_error *err);
void sailor_log_origin_free(struct sailor_log_origin *o);

/* The ids of the moment; {NULL, 0}: left out, in runtime lines of a delivery "unknown". */
struct sailor_log_ids {
    jn_str thread_id, message_id, parent_message_id;
    bool of_delivery;               /* with the next five */
    jn_str consumer_tag, exchange, routing_key;
    uint64_t delivery_tag;
    bool redelivered;
};

/* A log that copies freely; what it points to must outlive it.  `base` is what others are given. */
struct sailor_log {
    struct base_log base;           /* first: the writer finds the rest from it */
    const struct sailor_log_origin *origin;
    const struct sailor_log_ids *ids;   /* NULL: none */
};

/* `name` is "sailor" (the runtime) or "component" (an action). */
struct sailor_log sailor_log_of(const struct sailor_log_origin *o, const char *name, const struct sailor_log_ids *ids);

/* Writes a line with `err` in it: {"message", "name", "stack"}; `stack` may be {NULL, 0}. */
void sailor_log_error(const struct sailor_log *l, enum base_log_level level, const struct jn_error *err, jn_str name,
                      jn_str stack, const char *message);

#endif
