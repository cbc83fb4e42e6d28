/* regex.h - regular expressions in ECMAScript's dialect on PCRE2 (spec, section 10), with limits.
 * The only file that includes pcre2.h is regex.c. */
#ifndef JSONATA_REGEX_H
#define JSONATA_REGEX_H

#include "jsonata/eval.h"

struct jsonata_regex;

/* Compiles; the object is immutable and may be shared between threads.  NULL with fault->code set ("S0302" and the
 * position of the mistake for a faulty pattern), or NULL code for memory.  jsonata_regex_free() when the program goes. */
struct jsonata_regex *jsonata_regex_compile(jn_str pattern, bool ignore_case, bool multiline,
                                            struct jsonata_fault *fault);
void jsonata_regex_free(struct jsonata_regex *r);

/* The source, for error texts. */
jn_str jsonata_regex_pattern(const struct jsonata_regex *r);

struct jsonata_match {
    size_t start, end;              /* bytes in the subject */
    int64_t start16, end16;         /* UTF-16 code units */
    uint32_t groups;                /* captures, the whole match not counted */
    jn_str *group;                  /* data == NULL: did not take part */
};

/* Finds the first match at or after `from` (bytes; from16 the same place in code units).  False when there is none or
 * after raising (resource limits).  `m->group` lives in the evaluation's arena. */
bool jsonata_regex_find(struct jsonata_eval *e, const struct jsonata_regex *r, jn_value subject, size_t from,
                        int64_t from16, struct jsonata_match *m);

/* Calling a regex as a function: undefined, or {match, start, end, groups, next} (spec, section 10). */
jn_value jsonata_regex_call(struct jsonata_eval *e, struct jsonata_regex *r, jn_value subject, int64_t from16,
                            bool is_next);

#endif
