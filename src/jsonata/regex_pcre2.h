/* regex_pcre2.h - PCRE2 behind three structs: a pattern compiled for one kind of subject, what a context keeps for its
 * matches, and what one search needs.  The only file that includes pcre2.h is regex_pcre2.c. */
#ifndef JSONATA_REGEX_PCRE2_H
#define JSONATA_REGEX_PCRE2_H

#include "jsonata/regex_backtrack.h"
#include "jsonata/regex_translate.h"

/* A pattern for PCRE2's 16-bit library, whose code units are exactly ECMAScript's, or for the 8-bit library, which
 * matches ASCII subjects where they are.  Immutable. */
struct jsonata_pcre2_code;

/* NULL when PCRE2 finds the pattern too complicated, or memory is out: then budget->has_refused, or the system has
 * none. */
struct jsonata_pcre2_code *jsonata_pcre2_compile(const struct jsonata_regex_tree *tree, bool wide, struct jn_budget *b);
void jsonata_pcre2_code_free(struct jsonata_pcre2_code *code);

/* What a context keeps.  NULL when memory is out. */
struct jsonata_pcre2;
struct jsonata_pcre2 *jsonata_pcre2_new(struct jn_budget *budget);
void jsonata_pcre2_free(struct jsonata_pcre2 *p);

/* What one search needs; all-zero is empty. */
struct jsonata_pcre2_data {
    void *narrow, *wide;                    /* PCRE2's match data */
    uint32_t narrow_groups, wide_groups;    /* that they have room for */
};

/* Makes room for the code's captures.  False when memory is out. */
bool jsonata_pcre2_fit(const struct jsonata_pcre2 *p, struct jsonata_pcre2_data *data,
                       const struct jsonata_pcre2_code *code);
void jsonata_pcre2_clear(struct jsonata_pcre2_data *data);

/* Finds the first match that starts in [from, last], with so many steps for each start. */
enum jsonata_match jsonata_pcre2_find(struct jsonata_pcre2 *p, struct jsonata_pcre2_data *data,
                                      const struct jsonata_pcre2_code *code, const struct jsonata_units *subject,
                                      size_t from, size_t last, uint32_t steps);

/* Where the match and its captures are, in pairs; SIZE_MAX: unset. */
const size_t *jsonata_pcre2_pairs(const struct jsonata_pcre2_data *data, const struct jsonata_pcre2_code *code);

#endif
