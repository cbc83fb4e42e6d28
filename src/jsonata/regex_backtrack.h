/* regex_backtrack.h - our own matcher of ECMAScript's regular expressions, step by step as ECMA-262 describes it: for
 * the patterns that PCRE2 would read differently or refuse.  Slower than PCRE2's compiled code, but bounded alike. */
#ifndef JSONATA_REGEX_BACKTRACK_H
#define JSONATA_REGEX_BACKTRACK_H

#include "jsonata/regex_tree.h"
#include "jsonata/units.h"

/* A compiled pattern; immutable. */
struct jsonata_backtrack_code;

/* Takes its memory from a budget (NULL: nobody's), which must outlive the code.  NULL when memory is out. */
struct jsonata_backtrack_code *jsonata_backtrack_compile(const struct jsonata_regex_tree *tree, struct jn_budget *b);
void jsonata_backtrack_free(struct jsonata_backtrack_code *code);

/* The memory of a match in progress, used again and again; all-zero is empty. */
struct jsonata_backtracker {
    uint32_t *slots;                    /* captures in pairs of code units, [0] and [1] the match; UINT32_MAX: unset */
    struct jsonata_choice *choices;
    struct jsonata_undo *trail;
    size_t slot_cap, choice_cap, trail_cap;
};

/* Gives the memory back to the budget (may be NULL). */
void jsonata_backtracker_clear(struct jsonata_backtracker *b, struct jn_budget *budget);

/* Bytes that it holds. */
size_t jsonata_backtracker_size(const struct jsonata_backtracker *b);

enum jsonata_match {
    JSONATA_NO_MATCH,
    JSONATA_MATCH,
    JSONATA_MATCH_STEPS,                /* more than the steps it was given */
    JSONATA_MATCH_SPACE,                /* more than JSONATA_BACKTRACK_SPACE bytes to remember where to go back to */
    JSONATA_MATCH_DEPTH,                /* PCRE2: nested deeper than it may */
    JSONATA_MATCH_STACK,                /* PCRE2: more than 8 MiB of stack */
    JSONATA_MATCH_BUDGET,               /* more than the budget has */
    JSONATA_MATCH_NO_MEMORY,
};

enum { JSONATA_BACKTRACK_SPACE = 32 << 20 };

/* Matches at `start` exactly; where and which captures is then in b->slots.  Takes the steps it needs from *steps. */
enum jsonata_match jsonata_backtrack_at(const struct jsonata_backtrack_code *code, struct jsonata_backtracker *b,
                                        const struct jsonata_units *subject, size_t start, uint32_t *steps,
                                        struct jn_budget *budget);

#endif
