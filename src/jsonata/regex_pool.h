/* regex_pool.h - the regular expressions of texts that $eval evaluates, by their text: a context keeps a few of them
 * compiled, because compiling one costs more than anything else in a short text, and most texts come again.
 *
 * Values may refer to a regex until the context's reset, so nothing is dropped but there: all of them, when the pool is
 * full.  What does not fit meanwhile belongs to the program (struct regex_link). */
#ifndef JSONATA_REGEX_POOL_H
#define JSONATA_REGEX_POOL_H

#include "jsonata/regex.h"

enum { REGEX_POOL_PLACES = 16 };

struct regex_pool {
    struct {
        struct jsonata_regex *regex;
        bool ignore_case, multiline;
    } at[REGEX_POOL_PLACES];
    unsigned len;
};

/* The regex, if it is there; NULL. */
struct jsonata_regex *regex_pool_find(const struct regex_pool *p, jn_str pattern, bool ignore_case, bool multiline);

/* Takes `r` in; false when the pool is full: then it stays the caller's. */
bool regex_pool_add(struct regex_pool *p, struct jsonata_regex *r, bool ignore_case, bool multiline);

/* Drops everything; or only when the pool is full. */
void regex_pool_clear(struct regex_pool *p);
void regex_pool_reset(struct regex_pool *p);

#endif
