/* confirms.c - see confirms.h.  Brokers settle mostly in order, and one message at a time or many at once; whatever
 * they do, each number is looked at once. */
#include "sailor/confirms.h"

#include <stdlib.h>

enum { FIRST_SIZE = 64 };

static void **slot(const struct sailor_confirms *c, uint64_t seq)
{
    return &c->ring[seq & (c->size - 1)];
}

static bool grow(struct sailor_confirms *c, size_t size)
{
    void **ring = calloc(size, sizeof *ring);
    if (!ring)
        return false;
    for (uint64_t seq = c->first; seq < c->next; seq++)
        ring[seq & (size - 1)] = *slot(c, seq);
    free(c->ring);
    c->ring = ring;
    c->size = size;
    return true;
}

bool sailor_confirms_reserve(struct sailor_confirms *c, uint64_t seq)
{
    const uint64_t first = c->count ? c->first : seq;
    size_t size = c->size ? c->size : FIRST_SIZE;
    while (seq - first >= size)
        size *= 2;
    return size == c->size || grow(c, size);
}

void sailor_confirms_add(struct sailor_confirms *c, uint64_t seq, void *x)
{
    if (c->count == 0)
        c->first = seq;
    *slot(c, seq) = x;
    c->next = seq + 1;
    c->count++;
}

void *sailor_confirms_take(struct sailor_confirms *c, uint64_t seq)
{
    if (c->count == 0 || seq < c->first || seq >= c->next)
        return NULL;
    void *x = *slot(c, seq);
    *slot(c, seq) = NULL;
    c->count -= x != NULL;
    while (c->first < c->next && !*slot(c, c->first))
        c->first++;
    return x;
}

void *sailor_confirms_take_first(struct sailor_confirms *c, uint64_t seq)
{
    return c->count && c->first <= seq ? sailor_confirms_take(c, c->first) : NULL;
}

void *sailor_confirms_next(const struct sailor_confirms *c, uint64_t *seq)
{
    if (*seq < c->first)
        *seq = c->first;
    while (c->count && *seq < c->next) {
        void *x = *slot(c, (*seq)++);
        if (x)
            return x;
    }
    return NULL;
}

void sailor_confirms_clear(struct sailor_confirms *c)
{
    free(c->ring);
    *c = (struct sailor_confirms){ 0 };
}
