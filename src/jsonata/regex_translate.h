/* regex_translate.h - patterns of ECMAScript rewritten for PCRE2 (spec, section 10; ECMA-262 "Patterns" with annex B,
 * without the u and v flags).  Pure text to text; only regex.c knows PCRE2 itself. */
#ifndef JSONATA_REGEX_TRANSLATE_H
#define JSONATA_REGEX_TRANSLATE_H

#include "core/buf.h"

enum {
    JSONATA_REGEX_MAX_UNITS = 20000,    /* longer patterns are refused: nobody writes one, and compiling takes time */
    JSONATA_REGEX_MAX_NESTING = 200,    /* groups in groups; below PCRE2's own limit of 250 */
};

struct jsonata_regex_source {
    const uint16_t *units;              /* the pattern in UTF-16 code units: a quantifier binds to one of them */
    size_t len;
    bool ignore_case, multiline;
};

/* What came out.  The text is ASCII in any case: other characters are written as escapes. */
struct jsonata_regex_text {
    struct jn_buf text, literal;        /* the caller's: initialised before, cleared after */
    bool is_literal;                    /* the pattern matches exactly the ASCII text in `literal` */
    uint32_t groups;                    /* captures */
    const char *error;                  /* a clause such as "nothing to repeat", or NULL */
    size_t error_at;                    /* code units into the pattern */
};

/* Rewrites `source`.  `wide`: for the 16-bit library, on any subject; else for the 8-bit library, on subjects that are
 * ASCII, where everything beyond ASCII cannot match.  False with `error` set for a faulty pattern, or without it when
 * memory is out. */
bool jsonata_regex_translate(const struct jsonata_regex_source *source, bool wide, struct jsonata_regex_text *out);

/* ---- regex_fold.c: what /i takes as equal -------------------------------------------------------------------- */

/* A set of code units, one bit each. */
struct jsonata_unit_set {
    uint64_t bits[1024];
};

/* Canonicalize() of ECMA-262 for one code unit: its upper case when that is one code unit and not ASCII by accident. */
uint16_t jsonata_fold_unit(uint16_t unit);

/* Adds to the set every unit that folds to the same as one of its members. */
void jsonata_fold_set(struct jsonata_unit_set *set);

#endif
