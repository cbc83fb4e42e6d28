/* regex_tree.h - a regular expression of ECMAScript as a tree (spec, section 10; ECMA-262 "Patterns" with annex B,
 * without the u and v flags).  regex_parse.c makes it; regex_translate.c writes it for PCRE2, and regex_backtrack.c
 * compiles it for our own matcher, which takes what PCRE2 cannot do. */
#ifndef JSONATA_REGEX_TREE_H
#define JSONATA_REGEX_TREE_H

#include "core/arena.h"
#include "jsonata/regex_class.h"

enum {
    JSONATA_REGEX_MAX_UNITS = 65536,    /* longer patterns are refused: nobody writes one, and compiling takes time */
    JSONATA_REGEX_MAX_NESTING = 200,    /* groups in groups: what the walks over a tree recurse over */
};

struct jsonata_regex_source {
    const uint16_t *units;              /* the pattern in UTF-16 code units: a quantifier binds to one of them */
    size_t len;
    bool ignore_case, multiline;
};

enum regex_kind {
    REGEX_SEQUENCE,                     /* children one after the other; none: the empty pattern */
    REGEX_CHOICE,                       /* one of the children, the first that will do */
    REGEX_UNIT,                         /* one code unit; under /i it is a letter in folded form */
    REGEX_SET,                          /* one code unit of a set: . \d [...], folded already */
    REGEX_START, REGEX_END,             /* ^ $ */
    REGEX_LINE_START, REGEX_LINE_END,   /* the same under /m */
    REGEX_EDGE, REGEX_NO_EDGE,          /* \b \B */
    REGEX_REFERENCE,                    /* \1 */
    REGEX_GROUP,                        /* ( ) */
    REGEX_LOOK,                         /* (?= ) (?! ) (?<= ) (?<! ) */
    REGEX_REPEAT,                       /* child{min,max} */
};

enum { REGEX_ENDLESS = UINT32_MAX };

struct regex_node {
    enum regex_kind kind;
    struct regex_node *next;            /* sibling */
    struct regex_node *first;           /* children */
    uint16_t unit;
    bool is_lazy;                       /* REPEAT */
    bool is_behind, is_negative;        /* LOOK */
    struct jsonata_ranges set;
    uint32_t number;                    /* GROUP, REFERENCE */
    uint32_t min, max;                  /* REPEAT; max REGEX_ENDLESS: no end */
    uint32_t groups_from, groups_to;    /* REPEAT: captures inside */

    /* What is known of everything below: */
    uint32_t least, most;               /* code units it may match; most REGEX_ENDLESS: no bound */
    bool has_group;                     /* captures that a match may set */
    bool has_unsure_group;              /* ... or may not */
    bool has_reference;
};

struct jsonata_regex_tree {
    const struct regex_node *root;
    uint32_t groups;                    /* captures */
    bool ignore_case;
    const char *error;                  /* a clause such as "nothing to repeat", or NULL */
    size_t error_at;                    /* code units into the pattern */
};

/* Parses `source` into memory of `a`.  False with `error` set for a faulty pattern, or without when `a` has failed. */
bool jsonata_regex_parse(struct jn_arena *a, const struct jsonata_regex_source *source,
                         struct jsonata_regex_tree *tree);

#endif
