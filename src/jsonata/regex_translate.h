/* regex_translate.h - trees of ECMAScript's regular expressions written for PCRE2, as far as it can do the same. */
#ifndef JSONATA_REGEX_TRANSLATE_H
#define JSONATA_REGEX_TRANSLATE_H

#include "core/buf.h"
#include "jsonata/regex_tree.h"

/* True when PCRE2 would match something else, or refuse the pattern: then it is for regex_backtrack.c.  `wide` as
 * below. */
bool jsonata_regex_is_beyond_pcre2(const struct jsonata_regex_tree *tree, bool wide);

/* What PCRE2's steps cost, and tell. */
enum jsonata_regex_weight {
    JSONATA_REGEX_LIGHT,                /* loops over single characters only: they cost next to nothing */
    JSONATA_REGEX_LOOPING,              /* loops over groups */
    JSONATA_REGEX_HEAVY,                /* one step may go through much of the subject without being counted: inside a
                                         * loop, another loop or an assertion; behind a loop, one that may start where
                                         * it gives up, as in a*a*; a back-reference */
};

enum jsonata_regex_weight jsonata_regex_weigh(const struct jsonata_regex_tree *tree);

/* Appends the pattern in PCRE2's dialect; the text is ASCII: other characters are written as escapes.  `wide`: for the
 * 16-bit library, on any subject; else for the 8-bit library, on subjects that are ASCII, where everything beyond ASCII
 * cannot match. */
void jsonata_regex_translate(const struct jsonata_regex_tree *tree, bool wide, struct jn_buf *out);

/* Appends the text when the pattern matches exactly that one, in ASCII.  False, without effect, for other patterns. */
bool jsonata_regex_literal(const struct jsonata_regex_tree *tree, struct jn_buf *out);

#endif
