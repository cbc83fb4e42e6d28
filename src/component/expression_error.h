/* expression_error.h - a mistake in an expression, told to the person who filled in the form: which field, where in it,
 * at which token, and what the line reads. */
#ifndef COMPONENT_EXPRESSION_ERROR_H
#define COMPONENT_EXPRESSION_ERROR_H

#include "base/log.h"
#include "core/status.h"
#include "jsonata/jsonata.h"

struct component_source {
    const char *field;          /* what it is called */
    jn_str text;
};

/* Fills `err` for an expression that does not compile: with code and place.  The line and a caret under the place go to
 * `log` (may be NULL), since an error is one line. */
enum jn_status component_fail_compile(const struct component_source *source, enum jn_status s,
                                      const struct jsonata_error *x, const struct base_log *log, struct jn_error *err);

/* The same for one that failed with a message. */
enum jn_status component_fail_evaluation(const struct component_source *source, enum jn_status s,
                                         const struct jsonata_error *x, struct jn_error *err);

#endif
