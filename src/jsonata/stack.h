/* stack.h - memory that is reserved generously and used bit by bit: the value stack, and a C stack of its own for
 * evaluations that nest.  What is in use counts against a budget, step by step, as it grows. */
#ifndef JSONATA_STACK_H
#define JSONATA_STACK_H

#include "core/budget.h"

/* A reserved range of addresses whose lowest page can never be touched. */
struct reserve {
    char *start;
    size_t size;                /* 0: none */
    size_t used;                /* bytes that may be touched: from its start, or from its end when it is a stack */
    size_t least;               /* of them, what is there from the start and not counted */
    bool is_stack;              /* grows downwards */
};

/* Reserves up to `want` bytes, less when the system does not give that much; false when not even `least` can be had. */
bool reserve_open(struct reserve *r, size_t want, size_t least, bool is_stack);
void reserve_close(struct reserve *r, struct jn_budget *b);

/* Lets `more` bytes more be touched; false when the budget or the range has no more. */
bool reserve_grow(struct reserve *r, struct jn_budget *b, size_t more);

/* Gives back what is used beyond about a megabyte, or nearly all of it when that is much for the budget.  The content
 * is lost. */
void reserve_trim(struct reserve *r, struct jn_budget *b);

/* The first byte after the guard page, and the first that is not in use; not for stacks. */
char *reserve_first(const struct reserve *r);
char *reserve_end(const struct reserve *r);

/* The lowest address that an evaluation running on the stack may use, with some bytes left for what it calls. */
const char *reserve_limit(const struct reserve *r);

/* Runs fn(arg) on the stack and comes back when it returns. */
void reserve_run(const struct reserve *r, void (*fn)(void *), void *arg);

/* Runs fn(arg) on a stack made for it when the system has one to give, else on the caller's. */
void reserve_call(void (*fn)(void *), void *arg);

#endif
