/* stack.h - a stack of its own for evaluations that nest: memory is reserved generously and touched as it is needed. */
#ifndef JSONATA_STACK_H
#define JSONATA_STACK_H

#include <stdbool.h>
#include <stddef.h>

/* A reserved range of memory whose lowest page can never be touched. */
struct reserve {
    char *start;
    size_t size;                /* 0: none */
};

/* Reserves up to `want` bytes, less when the system does not give that much; false when not even `least` can be had. */
bool reserve_open(struct reserve *r, size_t want, size_t least);
void reserve_close(struct reserve *r);

/* The first byte after the guard page. */
char *reserve_first(const struct reserve *r);

/* Gives touched pages back to the system when there are more than about a megabyte of them.  Stacks fill from the top,
 * anything else from the bottom; the content is lost either way. */
void reserve_trim(struct reserve *r, bool is_stack);

/* The lowest address that an evaluation running on the stack may use, the rest being left for what it calls; `most`
 * bytes in all. */
const char *reserve_limit(const struct reserve *r, size_t most);

/* Runs fn(arg) on the stack and comes back when it returns. */
void reserve_run(const struct reserve *r, void (*fn)(void *), void *arg);

#endif
