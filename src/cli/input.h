/* input.h - a stream of JSON values, one after the other (NDJSON or concatenated, also over several lines), cut into
 * single texts with the line each begins on.  Only the cut is made here: whoever takes a text reads and checks it.
 *
 * The cutter follows JSON's grammar closely enough to see a mistake near where it is, and then goes on: the faulty
 * text, up to the end of its line, or up to the next line that looks like a new value if it spans lines, is handed out
 * like a value and will fail to read.  So one broken record never swallows the ones behind it. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "core/buf.h"

struct input_cutter {
    struct jn_buf pending;          /* bytes not handed out yet */
    size_t at;                      /* how far `pending` has been looked at */
    uint64_t line;                  /* line of pending.data[0], from 1 */
    uint64_t seen;                  /* bytes handed out or skipped */
    unsigned char *stack;           /* open containers: '{' or '[' */
    size_t depth, stack_cap;
    size_t start;                   /* where the value under way begins in `pending` */
    unsigned char state;
    bool at_end;                    /* no more bytes will come */
    size_t taken;                   /* bytes of `pending` to drop at the next call */
};

struct input_value {
    jn_str text;                    /* valid until the next call of a function here */
    uint64_t line;                  /* the line it begins on, from 1 */
    bool is_faulty;                 /* surely not JSON; `text` is what was skipped */
};

/* `max_bytes`: more in one value is JN_LIMIT from input_add(). */
void input_init(struct input_cutter *c, size_t max_bytes);
void input_clear(struct input_cutter *c);

/* Adds bytes; end of input when data.len is 0.  JN_NO_MEMORY. */
enum jn_status input_add(struct input_cutter *c, jn_str data);

/* Takes the next complete value; false when more bytes are needed or all is done. */
bool input_next(struct input_cutter *c, struct input_value *out);

/* Bytes held that were not handed out: more than a window's worth means that the producer should pause. */
size_t input_pending(const struct input_cutter *c);

#endif
