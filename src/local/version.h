/* version.h - one version of a function: code in a folder and how it is set up, neither of which changes any more, and
 * the processes that run it.  $LATEST is one, until its folder changes and another takes its place. */
#ifndef LOCAL_VERSION_H
#define LOCAL_VERSION_H

#include "core/arena.h"
#include "local/configuration.h"
#include "local/site.h"

struct local_function;
struct local_pool;

/* What tells a folder from what it was: changes with names, sizes, times and permissions of what is in it, except for
 * what local_folder_skips().  0: it could not be read. */
uint64_t local_folder_fingerprint(const char *folder);

/* What no function's code is: what Python and editors leave behind, histories, our own state. */
bool local_folder_skips(const char *name);

struct local_version {
    struct local_function *function;    /* lives longer */
    const char *number;                 /* "$LATEST", "1", ... */
    const char *folder;                 /* absolute; its processes start in it */
    struct local_configuration config;
    int64_t modified_ms;
    const char *revision_id;
    struct local_pool *pool;            /* made with the first call */
    uint64_t fingerprint;

    char code_sha256[48];               /* base64; "" until local_version_measure() */
    int64_t code_size;
    unsigned references;
    bool is_retired;                    /* another is $LATEST */
    struct jn_arena *memory;            /* of the texts above */
};

/* A version with one reference and memory of its own; the caller fills in the rest.  NULL without memory. */
struct local_version *local_version_new(struct local_function *f);

/* Held by its function, by each call to it, and by its pool while that has processes. */
struct local_version *local_version_ref(struct local_version *v);
void local_version_unref(struct local_version *v);      /* NULL is fine */

/* Fills in code_sha256 and code_size, once: reads all the code. */
void local_version_measure(struct local_version *v);

#endif
