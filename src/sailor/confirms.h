/* confirms.h - what has been published and not been confirmed, by the number that the broker will name: a ring.  Pure.
 *
 *     first                        next
 *       | 17 | 18 |    | 20 | 21 |             18: outstanding; 19: settled before those in front of it
 */
#ifndef SAILOR_CONFIRMS_H
#define SAILOR_CONFIRMS_H

#include "core/status.h"

struct sailor_confirms {
    void **ring;
    size_t size;                /* a power of two, or 0 */
    uint64_t first, next;       /* all outstanding are in [first, next) */
    size_t count;               /* outstanding */
};

/* Makes sure that the next sailor_confirms_add() finds room. */
bool sailor_confirms_reserve(struct sailor_confirms *c, uint64_t seq);

/* Files `x` under `seq`: higher than all before it.  Room has been reserved for it. */
void sailor_confirms_add(struct sailor_confirms *c, uint64_t seq, void *x);

/* Removes and returns what was filed under `seq`; NULL: nothing (settled already, never filed). */
void *sailor_confirms_take(struct sailor_confirms *c, uint64_t seq);

/* Removes and returns the first outstanding up to and including `seq`; NULL: no more. */
void *sailor_confirms_take_first(struct sailor_confirms *c, uint64_t seq);

/* Goes through those that are outstanding: the first one at or after *seq, which is moved behind it; NULL: no more. */
void *sailor_confirms_next(const struct sailor_confirms *c, uint64_t *seq);

void sailor_confirms_clear(struct sailor_confirms *c);

#endif
