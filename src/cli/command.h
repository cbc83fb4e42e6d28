/* command.h - a command of aws-lambda-component is a file and a const struct. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

/* Exit statuses, the same for all commands; docs/cli.md lists them. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,         /* the command ran, and something in it failed */
    CLI_USAGE = 2,          /* the command line, a setting or the expression is faulty: nothing was done */
    CLI_INTERRUPTED = 130,  /* by SIGINT or SIGTERM, after finishing what was in flight */
};

struct cli_command {
    const char *name, *summary;
    const char *usage;      /* one line */
    const char *about;      /* what a person learns from --help, before the options */
    const char *examples;   /* after them */
    const struct cli_option *options;
    size_t option_count;
    int (*run)(const struct cli_command *self, int argc, char **argv);     /* arguments after the command's name */
};

extern const struct cli_command cli_invoke, cli_explain, cli_doctor, cli_local;

/* Reads options into `into`; prints help for --help (which is added to every command).  Returns true when the command
 * should go on; else *status is the exit status. */
bool cli_command_options(const struct cli_command *self, void *into, int argc, char **argv, int *rest, int *status);

/* Prints "aws-lambda-component NAME: sentence" on standard error; returns CLI_USAGE. */
int cli_usage_error(const struct cli_command *self, const struct jn_error *err);

#endif
