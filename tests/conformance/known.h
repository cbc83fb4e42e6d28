/* known.h - the cases that are known to fail, and how many passed when that was written down: conformance never goes
 * backwards.  The file holds ids only, none of the suite's content. */
#ifndef CONFORMANCE_KNOWN_H
#define CONFORMANCE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

struct known {
    char *text;                 /* the file */
    size_t passed;              /* the recorded count */
};

/* A missing file expects nothing. */
void known_load(struct known *e, const char *path);
void known_clear(struct known *e);

/* True when the case is known to fail. */
bool known_has(const struct known *e, const char *id);

#endif
