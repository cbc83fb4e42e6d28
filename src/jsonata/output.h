/* output.h - a string put together piece by piece in the evaluation's arena, for results whose length is not known
 * beforehand.  Sticky: after a failure, which is raised, every call does nothing and the end gives undefined. */
#ifndef JSONATA_OUTPUT_H
#define JSONATA_OUTPUT_H

#include "jsonata/eval.h"

struct jsonata_output {
    struct jsonata_eval *e;
    char *data;
    size_t len, cap;
    unsigned flags;             /* JN_STR_ASCII and JN_STR_PLAIN as long as every piece has them */
    bool has_moved;             /* grew out of its first place in the arena */
};

/* Begins with room for `cap` bytes; more come when they are needed. */
void jsonata_output_begin(struct jsonata_output *out, struct jsonata_eval *e, size_t cap);

/* Appends text of which `flags` are known.  A lone high surrogate at the end and a low one at the start of `s` become a
 * pair. */
void jsonata_output_append(struct jsonata_output *out, jn_str s, unsigned flags);

/* Appends a string, or the text that $string makes of another value. */
void jsonata_output_value(struct jsonata_output *out, jn_value v);

/* Appends one code point. */
void jsonata_output_char(struct jsonata_output *out, uint32_t c);

/* Where scratch memory of the writer begins: call it right after the begin. */
static inline jn_mark jsonata_output_mark(const struct jsonata_output *out)
{
    return jn_arena_mark(out->e->arena);
}

/* The string, after giving back all scratch memory since `scratch`, unless the text had to move behind it. */
jn_value jsonata_output_end_scratch(struct jsonata_output *out, jn_mark scratch);

/* The string. */
jn_value jsonata_output_end(struct jsonata_output *out);

#endif
