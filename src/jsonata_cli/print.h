/* print.h - a result as people want to see it. */
#ifndef JSONATA_CLI_PRINT_H
#define JSONATA_CLI_PRINT_H

#include <stdio.h>

#include "jsonata/json.h"

struct print_options {
    struct jn_write_options write;
    bool colour, sort, raw, ascii;
};

/* Writes the value's text, without a newline behind it, in `limit_ms` of the processor's time (0: no limit).  False
 * with `err` filled for a value that has none; then nothing was written, or all but the rest of a value that is nested
 * too deep or takes too long. */
bool print_value(FILE *out, jn_value v, const struct print_options *opt, int64_t limit_ms, struct jn_error *err);

#endif
