/* suite.h - one case of the official JSONata test suite: what it says, and whether we agree (spec, section 2).
 * Public headers only: the suite is a user like any other. */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include "jsonata/jsonata.h"

struct suite {
    const char *root;               /* the folder with groups/ and datasets/ */
};

struct suite_case {
    char id[200];                   /* "errors/case025", "joins/library-joins#3" */
    char folder[200];               /* of the group, for expr-file */
    jn_value spec;                  /* the object in the case file */
};

/* All cases of one group, in order of file names. */
struct suite_group {
    struct jn_arena *arena;
    struct suite_case *cases;
    size_t len, cap;
    char **texts;                   /* the files, which values point into */
    size_t texts_len, texts_cap;
};

/* The text of a file, to be freed; NULL when it cannot be read. */
char *suite_read_file(const char *path, size_t *len);

/* Reads the group called `name`.  False after saying on stderr which file is unreadable. */
bool suite_group_load(const struct suite *s, const char *name, struct suite_group *g);
void suite_group_clear(struct suite_group *g);

/* Runs one case.  True when we agree; else *got (to be freed) says what came instead. */
bool suite_run(const struct suite *s, const struct suite_case *c, struct jsonata_context *context, char **got);

/* The expression of a case and what is expected of it, as text to be freed. */
char *suite_expression(const struct suite_case *c);
char *suite_expectation(const struct suite_case *c);

#endif
