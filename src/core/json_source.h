/* json_source.h - the text that is being read, its scalars, and the mistakes in it.  Private to json_read.c.
 *
 * Functions that read take the place where they begin and return the place behind what they read, or NULL once the text
 * has failed: the first mistake is in `err` then. */
#ifndef JN_JSON_SOURCE_H
#define JN_JSON_SOURCE_H

#include "core/scan.h"
#include "core/value.h"

struct jn_source {
    const char *start, *end;
    const char *clean_from;     /* everything from here on is as the writer would write it */
    struct jn_arena *a;         /* for strings that cannot stay in the text */
    struct jn_error *err;
    enum jn_status failed;
};

/* Notes that the byte at `p` is not what the writer would write. */
static inline void jn_source_spoil(struct jn_source *s, const char *p)
{
    s->clean_from = p + 1;
}

/* The text breaks its grammar at `at`.  NULL, for the caller to return. */
const char *jn_source_fail(struct jn_source *s, const char *at, const char *fmt, ...) JN_PRINTF(3, 4);

/* The same as "expected <what>, found <what is there>". */
const char *jn_source_expected(struct jn_source *s, const char *at, const char *what);

/* Fails for want of memory. */
const char *jn_source_no_memory(struct jn_source *s);

/* Skips white space, of which there is some. */
const char *jn_source_skip(struct jn_source *s, const char *p);

/* The general way to read a string (p is at the quote), and true, false, null or a number (anything else). */
const char *jn_source_string(struct jn_source *s, const char *p, jn_value *out);
const char *jn_source_number(struct jn_source *s, const char *p, jn_value *out);
const char *jn_source_word(struct jn_source *s, const char *p, jn_value *out);

#endif
