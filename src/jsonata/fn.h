/* fn.h - what the files of built-ins share: how one is declared, and how they call the functions they are given. */
#ifndef JSONATA_FN_H
#define JSONATA_FN_H

#include "jsonata/eval.h"

/* The head of a built-in.  All have the type of jsonata_builtin_fn, few need all three of its parameters. */
#define UNUSED_OK __attribute__((unused))
#define BUILTIN(name) \
    static jn_value name(UNUSED_OK struct jsonata_eval *e, UNUSED_OK const jn_value *args, UNUSED_OK uint32_t count)

/* A literal as a string value. */
#define TEXT_VALUE(literal) jn_string(JN_STR(literal), JN_STR_ASCII | JN_STR_PLAIN)

/* How many of (value, index or key, whole) the function `f` is to be given: as many as it takes, but at least one. */
static inline uint32_t fn_hof_count(jn_value f)
{
    const uint32_t arity = jsonata_arity(f);
    return arity < 1 ? 1 : arity > 3 ? 3 : arity;
}

/* A string of `len` bytes to be written; NULL after raising, also when it is longer than a value can be. */
static inline char *fn_text_begin(struct jsonata_eval *e, uint64_t len)
{
    if (len < UINT32_MAX)
        return jsonata_string_begin(e, (size_t)len);
    if (!jsonata_failed(e))
        e->status = JN_LIMIT;
    return NULL;
}

#endif
