/* values.h - a stream of JSON values from files, one after the other; memory holds one value (and what was read with it). */
#ifndef JSONATA_CLI_VALUES_H
#define JSONATA_CLI_VALUES_H

#include <stdio.h>

#include "jsonata/json.h"

struct values {
    char *const *files;         /* NULL at the end; none at all: standard input */
    const char *name;           /* of the current file, for errors */
    FILE *file;
    char *data;
    size_t at, len, cap;        /* data[at..len) is still to be read */
    uint64_t line;              /* line of data[at], from 1 */
    bool has_ended;             /* the current file has no more */
    bool has_started;
};

enum values_result { VALUES_ONE, VALUES_END, VALUES_FAILED };

/* Reads the next value into `a`.  It borrows from the stream until the next call. */
enum values_result values_next(struct values *v, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out,
                               struct jn_error *err);

void values_close(struct values *v);

/* The whole of a file ("-": standard input), NUL-terminated, for the caller to free(); NULL with `err` filled. */
char *values_slurp(const char *path, size_t *len, struct jn_error *err);

#endif
