/* random.h - where all chance enters.  Real (the kernel's) or scripted (a seed). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { BASE_RANDOM_STOCK = 512 };

/* Not to be copied once it has been asked: both would give the same. */
struct base_random {
    uint64_t seed;          /* 0: the kernel's generator */
    size_t left;            /* unused octets at the end of `stock` */
    unsigned char stock[BASE_RANDOM_STOCK];
};

/* Fills `out`.  The kernel's generator does not fail once it is up; an impossible failure asserts. */
void base_random_bytes(struct base_random *r, void *out, size_t len);

/* A version 4 UUID in lower case, 36 characters and a NUL (RFC 9562). */
void base_random_uuid(struct base_random *r, char out[37]);

/* In [0, 1). */
double base_random_unit(struct base_random *r);

#endif
