/* status.h - how functions report failure; the kinds are in jsonata/json.h.
 * The first error wins: jn_fail() leaves an error that is already set as it is. */
#ifndef JN_STATUS_H
#define JN_STATUS_H

#include "core/str.h"

/* "out of memory", "limit reached", ... */
const char *jn_status_text(enum jn_status s);

/* Fills `err` (may be NULL) unless it holds an error already, and returns `s`.  The sentence is cut to fit at a
 * character boundary, and control characters in it become blanks. */
enum jn_status jn_fail(struct jn_error *err, enum jn_status s, const char *fmt, ...) JN_PRINTF(3, 4);

/* The same with a foreign code. */
enum jn_status jn_fail_code(struct jn_error *err, enum jn_status s, jn_str code, const char *fmt, ...) JN_PRINTF(4, 5);

/* The same for a mistake at `offset` bytes into `text`: computes line and column. */
enum jn_status jn_fail_at(struct jn_error *err, jn_str text, size_t offset, const char *fmt, ...) JN_PRINTF(4, 5);

/* Adds the place to an error that has none: line and column of the byte at `offset` in `text`. */
void jn_error_place(struct jn_error *err, jn_str text, size_t offset);

/* Puts "<prefix>: " in front of the message of an error that is set, to say where it happened. */
void jn_error_prefix(struct jn_error *err, const char *fmt, ...) JN_PRINTF(2, 3);

#endif
