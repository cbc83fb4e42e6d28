/* regex.h - regular expressions in ECMAScript's dialect (spec, section 10), with limits.
 *
 * Matching works on UTF-16 code units, as ECMAScript does without the u flag: `.` matches half a surrogate pair, and
 * every position here counts code units.  A subject that is ASCII is matched as it is by the 8-bit library. */
#ifndef JSONATA_REGEX_H
#define JSONATA_REGEX_H

#include "jsonata/units.h"

struct jsonata_regex;
struct scratch;

/* Compiles, with memory from a budget (NULL: nobody's) that must outlive the object, which is immutable and may be
 * shared between threads.  NULL with fault->code set (S0302, with the reason in `value`, of static lifetime, and the
 * place in the pattern, in code units from 1, in `index`) for a faulty pattern, or NULL code for memory.
 * jsonata_regex_free() when the program goes. */
struct jsonata_regex *jsonata_regex_compile(jn_str pattern, bool ignore_case, bool multiline,
                                            struct jn_budget *budget, struct jsonata_fault *fault);
void jsonata_regex_free(struct jsonata_regex *r);

/* The source, for error texts. */
jn_str jsonata_regex_pattern(const struct jsonata_regex *r);

/* Where it stands in the expression: the place of errors that a match finds on its own. */
void jsonata_regex_locate(struct jsonata_regex *r, int64_t position);
int64_t jsonata_regex_position(const struct jsonata_regex *r);

/* Number of captures. */
uint32_t jsonata_regex_groups(const struct jsonata_regex *r);

/* What a context keeps for its matches, on its budget: one per context.  NULL when memory is out. */
struct jsonata_matching;
struct jsonata_matching *jsonata_matching_new(struct jn_budget *budget);
void jsonata_matching_free(struct jsonata_matching *m);

/* Gives back what no search is using; `m` may be NULL. */
void jsonata_matching_trim(struct jsonata_matching *m);

/* Steps of backtracking from one start, when the caller's limits say nothing: (a+)+$ on 25 letters needs 10 times as
 * many, honest patterns a few per character.  A search may take as many, and
 * some thousand for each unit of its subject. */
enum { JSONATA_REGEX_STEPS = 2000000 };

/* A search through one subject.  Not to be copied. */
struct jsonata_search {
    struct jsonata_eval *e;
    const struct jsonata_regex *regex;
    struct jsonata_units units;         /* the subject */
    size_t start, end;                  /* the match found last */
    int way, found_by;                  /* by whom; regex.c's own */
    uint64_t most_steps, steps_left;    /* of our own matcher, from all starts */
    uint32_t steps_unseen;              /* by the evaluation */
    struct scratch *scratch;            /* its memory; NULL when the pattern is a plain text */
};

/* Prepares the search of `subject`, a string.  False after raising; jsonata_search_close() is due in both cases. */
bool jsonata_search_open(struct jsonata_search *s, struct jsonata_eval *e, const struct jsonata_regex *r,
                         jn_value subject);
void jsonata_search_close(struct jsonata_search *s);

/* Finds the first match at or after `from`.  False when there is none, or after raising a limit (D1012). */
bool jsonata_search_find(struct jsonata_search *s, size_t from);

/* Text of capture number `i`, from 1; undefined when it did not take part in the match. */
jn_value jsonata_search_group(const struct jsonata_search *s, uint32_t i);

/* All captures as an array, null for those that did not take part. */
jn_value jsonata_search_groups(const struct jsonata_search *s);

/* The match found last as matchers return it: {match, start, end, groups, next}. */
jn_value jsonata_search_match(const struct jsonata_search *s);

/* Calling a regex as a function: undefined, or {match, start, end, groups, next} of the first match at or after code
 * unit `from16`.  `is_next`: called as the `next` of a match, where an empty match is an error (D1004). */
jn_value jsonata_regex_call(struct jsonata_eval *e, struct jsonata_regex *r, jn_value subject, int64_t from16,
                            bool is_next);

#endif
