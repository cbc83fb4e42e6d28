/* print.h - a result as people want to see it. */
#ifndef JSONATA_CLI_PRINT_H
#define JSONATA_CLI_PRINT_H

#include <stdio.h>

#include "jsonata/json.h"

struct print_options {
    struct jn_write_options write;
    bool colour, sort, raw, ascii;
};

/* Writes the value's text, without a newline behind it.  False with `err` filled for a value that has none; then
 * nothing was written, or all but the rest of a value that is nested too deep. */
bool print_value(FILE *out, jn_value v, const struct print_options *opt, struct jn_error *err);

#endif
