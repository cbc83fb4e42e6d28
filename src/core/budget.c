/* budget.c - see budget.h. */
#include "core/budget.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool fits(const struct jn_budget *b, size_t n)
{
    return b->used <= b->limit && n <= b->limit - b->used;
}

bool jn_budget_take(struct jn_budget *b, size_t n)
{
    if (!b)
        return true;
    if (!fits(b, n) && b->reclaim)
        b->reclaim(b);
    if (!fits(b, n)) {
        b->has_refused = true;
        return false;
    }
    b->used += n;
    if (b->used > b->peak)
        b->peak = b->used;
    return true;
}

void jn_budget_give(struct jn_budget *b, size_t n)
{
    if (b)
        b->used -= n;
}

void jn_budget_force(struct jn_budget *b, size_t n)
{
    if (!b)
        return;
    b->used += n;
    if (b->used > b->peak)
        b->peak = b->used;
}

/* Blocks for libraries carry their size, since free() is not told it. */
union head {
    size_t size;
    max_align_t align;
};

void *jn_budget_alloc(size_t size, void *budget)
{
    if (size > SIZE_MAX / 2 || !jn_budget_take(budget, sizeof(union head) + size))
        return NULL;
    union head *h = malloc(sizeof *h + size);
    if (!h) {
        jn_budget_give(budget, sizeof *h + size);
        return NULL;
    }
    h->size = size;
    return h + 1;
}

void *jn_budget_realloc(void *p, size_t size, void *budget)
{
    void *q = jn_budget_alloc(size, budget);
    if (!q || !p)
        return q;
    const size_t old = ((union head *)p - 1)->size;
    memcpy(q, p, old < size ? old : size);
    jn_budget_free(p, budget);
    return q;
}

void jn_budget_free(void *p, void *budget)
{
    if (!p)
        return;
    union head *h = (union head *)p - 1;
    jn_budget_give(budget, sizeof *h + h->size);
    free(h);
}

void *jn_budget_resize(struct jn_budget *b, void *p, size_t old, size_t size, bool *refused)
{
    *refused = !jn_budget_take(b, size);
    if (*refused)
        return NULL;
    void *q = realloc(p, size);
    jn_budget_give(b, q ? old : size);
    return q;
}
