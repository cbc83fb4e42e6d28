/* text.h - small pieces of text: JSON strings for documents that we write by hand, because their bytes are AWS's, and
 * formatted text in an arena. */
#ifndef LOCAL_TEXT_H
#define LOCAL_TEXT_H

#include "core/arena.h"
#include "core/buf.h"

/* Appends `s` as a JSON string, quotes included.  Bytes that are no UTF-8 become U+FFFD, so that the document stays
 * JSON whatever a caller or a function sent. */
void local_put_json_string(struct jn_buf *b, jn_str s);

/* Appends a number as JSON has it. */
void local_put_json_number(struct jn_buf *b, double d);

/* Formatted text in `a`, NUL-terminated; NULL when the arena has failed. */
char *local_print(struct jn_arena *a, const char *fmt, ...) JN_PRINTF(2, 3);

#endif
