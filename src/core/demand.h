/* demand.h - which parts of a text its reader need build.  What is only passed on is validated like everything else,
 * but its objects stay text: an unread object knows its span and has no members.
 *
 * An unread object is safe to have, not to look at: it counts as empty.  The writer may meet one, and writes its span.
 * Whoever makes a demand promises that nothing else looks (src/jsonata/demand.c says how it knows).
 *
 * A demand speaks of a value and of what is below it by name.  Arrays are transparent: they are always built, and what
 * is asked of one is asked of its members.  The outermost object is built, too: what is unusual in one of its members
 * then costs that member's second reading, and not the whole text's.  NULL stands for everything, a demand without
 * members for the span alone.
 *
 *     { customer: { name: {} } }
 *
 *     {"customer":{"name":"Ann","address":{"city":"Ulm"}},"lines":[{"id":1},{"id":2}],"n":5}
 *     built       built         unread                   built    unread   unread     built */
#ifndef JN_DEMAND_H
#define JN_DEMAND_H

#include "core/str.h"

struct jn_demand_member;

struct jn_demand {
    uint32_t len;                           /* 0: objects may stay unread */
    const struct jn_demand_member *members; /* what is asked of them; of others, the span */
};

struct jn_demand_member {
    jn_str key;
    const struct jn_demand *value;          /* NULL: everything */
};

/* What is asked of the member called `key`. */
static inline const struct jn_demand *jn_demand_of(const struct jn_demand *d, jn_str key)
{
    static const struct jn_demand span = { 0, NULL };
    for (uint32_t i = 0; i < d->len; i++)
        if (jn_str_eq(d->members[i].key, key))
            return d->members[i].value;
    return &span;
}

#endif
