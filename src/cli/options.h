/* options.h - command-line options from one table, which also prints the help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "core/status.h"

enum cli_kind {
    CLI_FLAG,       /* bool */
    CLI_TEXT,       /* const char * */
    CLI_COUNT,      /* int64_t, 0 or more */
};

struct cli_option {
    const char *name;           /* "--function" */
    const char *argument;       /* "NAME", or NULL for a flag */
    const char *help;
    enum cli_kind kind;
    size_t offset;              /* of the member in the caller's struct */
};

/* Reads options into `into`; what is no option is moved to the front of argv, *rest counting it.  "--name=value" and
 * "--name value" are alike; "--" ends the options; "-" is no option.  JN_BAD_VALUE with a sentence. */
enum jn_status cli_options_read(const struct cli_option *options, size_t count, void *into, int argc, char **argv,
                                int *rest, struct jn_error *err);

/* Prints a line or more per option. */
void cli_options_print(const struct cli_option *options, size_t count);

#endif
