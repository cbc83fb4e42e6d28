/* report.h - what the command says on standard error, and its exit status. */
#ifndef JSONATA_CLI_REPORT_H
#define JSONATA_CLI_REPORT_H

#include "jsonata/jsonata.h"

enum status { OK = 0, FALSE_RESULT = 1, USAGE = 2, COMPILE_ERROR = 3, INPUT_ERROR = 4, EVALUATION_ERROR = 5 };

/* A C string as text. */
jn_str text_of(const char *z);

/* "jsonata: WHAT"; gives `status`. */
int complain(int status, const char *what);

/* The error, and the line of the expression with a caret under the place. */
void report_error(jn_str expression, const struct jsonata_error *e);

#endif
