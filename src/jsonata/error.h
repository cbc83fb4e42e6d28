/* error.h - JSONata's error codes with their texts, once (error.c holds the table), and the record of one error while
 * it travels.  Texts are ours; codes, and which members a code carries, are the reference's (spec, section 14). */
#ifndef JSONATA_INTERNAL_ERROR_H
#define JSONATA_INTERNAL_ERROR_H

#include "core/value.h"
#include "jsonata/jsonata.h"

/* Codes travel as text of static lifetime: "T2001".  What a raise carries besides; all-zero members are absent. */
struct jsonata_fault {
    const char *code;
    int64_t position;               /* 0: none, to be filled in by the call site; -1: none at all */
    jn_str token;                   /* {NULL, 0}: none */
    jn_value literal;               /* what the token is when it is a number, true, false or null; else undefined */
    jn_value value, value2;         /* undefined: none */
    int64_t index;
    const char *type;
    const char *function;
    const char *message;            /* instead of the code's sentence: errors of the host */
};

/* Fills `err` from a fault: copies texts, and makes the sentence from the code's template. */
void jsonata_error_fill(struct jsonata_error *err, const struct jsonata_fault *fault);

/* The template of a code, with {{token}} and the like; NULL when the code is unknown. */
const char *jsonata_error_template(const char *code);

#endif
