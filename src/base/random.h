/* random.h - where all chance enters.  Real (the kernel's) or scripted (a seed). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct base_random {
    uint64_t seed;          /* 0: the kernel's generator */
};

/* Fills `out`.  The kernel's generator does not fail once it is up; an impossible failure asserts. */
void base_random_bytes(struct base_random *r, void *out, size_t len);

/* A version 4 UUID in lower case, 36 characters and a NUL (RFC 9562). */
void base_random_uuid(struct base_random *r, char out[37]);

/* In [0, 1). */
double base_random_unit(struct base_random *r);

#endif
