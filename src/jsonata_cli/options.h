/* options.h - the command line: one table of options, from which it is read and its help is printed. */
#ifndef JSONATA_CLI_OPTIONS_H
#define JSONATA_CLI_OPTIONS_H

#include "jsonata/jsonata.h"
#include "print.h"

enum mode { MODE_FILTER, MODE_DUMP, MODE_AST, MODE_BATCH, MODE_BENCH, MODE_REPL, MODE_HELP, MODE_VERSION };

struct options {
    enum mode mode;
    const char *expression, *expression_file;
    const char *stage;              /* of MODE_DUMP */
    double seconds;                 /* of MODE_BENCH, per figure */
    char **files;                   /* NULL at the end */
    bool null_input, slurp, raw_input, join, unbuffered, recover, exit_status, plain;
    struct print_options print;
    struct jsonata_limits limits;
    jn_value bindings;              /* an object, in `arena` */
    struct jn_arena *arena;
    struct jsonata_context *keys;   /* only for the key lists of what is in `arena`; NULL: none yet */
};

/* Reads the arguments; `argv` is reordered, and borrowed from then on.  Gives OK, or USAGE after saying what is wrong.
 * To be cleared in either case. */
int options_read(struct options *o, int argc, char **argv);
void options_clear(struct options *o);

/* The text of the expression, from the command line or its file: NUL-terminated, to be freed; NULL after a
 * complaint. */
char *options_expression(const struct options *o, size_t *len);

/* The text of --help. */
void options_help(void);

#endif
