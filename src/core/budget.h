/* budget.h - how many bytes a piece of work may hold of the system's, whatever it keeps them in: arenas, buffers,
 * lists, stacks, and what libraries allocate for it.  Everything that draws on one budget points to it; NULL means
 * that nobody counts.
 *
 * Memory that is kept warm counts as well, since the system does not have it.  Before a budget refuses, it asks its
 * owner to give warm memory back. */
#ifndef JN_BUDGET_H
#define JN_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct jn_budget {
    size_t limit, used;
    size_t peak;                                /* the most that was ever used */
    bool has_refused;                           /* since somebody last set this to false */
    void (*reclaim)(struct jn_budget *b);       /* gives back what it can, through jn_budget_give(); may be NULL */
};

/* Counts `n` bytes; false, and nothing counted, when they would exceed the limit. */
bool jn_budget_take(struct jn_budget *b, size_t n);
void jn_budget_give(struct jn_budget *b, size_t n);

/* Counts bytes that are taken already. */
void jn_budget_force(struct jn_budget *b, size_t n);

/* malloc(), realloc() and free() on a budget (a struct jn_budget *, may be NULL), as libraries want them.  NULL when
 * the system or the budget has no more. */
void *jn_budget_alloc(size_t size, void *budget);
void *jn_budget_realloc(void *p, size_t size, void *budget);
void jn_budget_free(void *p, void *budget);

/* realloc() on a budget for blocks whose size the caller keeps: `old` bytes at `p` become `size`; p stays as it was,
 * and the result is NULL, when there are no more (*refused: by the budget).  Old and new block may exist side by side
 * for a moment, so both are asked for. */
void *jn_budget_resize(struct jn_budget *b, void *p, size_t old, size_t size, bool *refused);

#endif
