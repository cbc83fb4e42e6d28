/* complete.h - what may stand at the cursor of an expression: functions, variables, fields of the document. */
#ifndef JSONATA_CLI_COMPLETE_H
#define JSONATA_CLI_COMPLETE_H

#include "jsonata/jsonata.h"
#include "line.h"

/* What the names are taken from. */
struct completion {
    jn_value document;              /* undefined: none */
    jn_value bindings;              /* variables with a value */
    char *const *functions;         /* names of variables that are functions, count of them */
    size_t functions_len;
    struct jsonata_context *context;    /* is reset */
};

/* The words for the text before the cursor, sorted, each once. */
void complete_names(const struct completion *c, jn_str before, struct line_words *out);

#endif
