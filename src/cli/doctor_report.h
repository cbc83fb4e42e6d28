/* doctor_report.h - what `doctor` has found: one line or more per check, as it comes, and one JSON object at the end. */
#ifndef CLI_DOCTOR_REPORT_H
#define CLI_DOCTOR_REPORT_H

#include "core/arena.h"
#include "core/value.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILED, DOCTOR_SKIPPED };

struct doctor_report {
    bool json;                      /* nothing is printed before the end */
    unsigned counts[4];             /* by verdict */
    struct jn_arena arena;
    jn_value checks;
};

void doctor_report_init(struct doctor_report *r, bool json);
void doctor_report_clear(struct doctor_report *r);

/* `advice`: what to do; NULL: nothing. */
void doctor_report_add(struct doctor_report *r, const char *check, enum doctor_verdict verdict, const char *advice,
                       const char *found, ...) JN_PRINTF(5, 6);

/* Prints the summary, or the object; false when that could not be written. */
bool doctor_report_end(struct doctor_report *r);

#endif
