/* settled.h - deliveries that were settled, and of which copies may come all the same: what was finished while there was
 * no connection, and what was acked shortly before one was lost, which the broker may not have read.  Pure.
 *
 * A copy has the same messageId and the same payload, which are kept as a keyed hash of 128 bits: ids alone are not
 * distinct (platform-protocol.md, Q6).  Each entry answers one copy.
 * Bounded: SAILOR_SETTLED_MAX entries, of SAILOR_SETTLED_MS at most. */
#ifndef SAILOR_SETTLED_H
#define SAILOR_SETTLED_H

#include "core/status.h"

enum { SAILOR_SETTLED_MAX = 10000, SAILOR_SETTLED_MS = 10 * 60 * 1000 };

struct sailor_print {
    uint64_t high, low;
};

/* `key` is drawn by lot once per process, so that nobody can make prints that collide. */
struct sailor_print sailor_print_of(struct sailor_print key, jn_str message_id, jn_str body);

static inline bool sailor_print_eq(struct sailor_print a, struct sailor_print b)
{
    return a.high == b.high && a.low == b.low;
}

struct sailor_settled_entry {
    struct sailor_print print;
    int64_t at_ms;
    uint8_t verdict;            /* enum sailor_verdict */
    bool is_certain;            /* the broker has it still: it was never told the verdict */
};

struct sailor_settled {
    struct sailor_settled_entry *at;    /* oldest first */
    size_t count, cap;
};

/* Without memory, or beyond the bound, the oldest are forgotten: their copies will be processed again. */
void sailor_settled_add(struct sailor_settled *s, const struct sailor_settled_entry *e);

/* Finds and removes the entry of a copy.  One that is not marked as redelivered matches only what is certain. */
bool sailor_settled_take(struct sailor_settled *s, struct sailor_print print, bool is_redelivered, int64_t now_ms,
                         uint8_t *verdict);

void sailor_settled_clear(struct sailor_settled *s);

#endif
