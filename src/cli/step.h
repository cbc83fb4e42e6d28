/* step.h - the program as the process of a step: what it is with the platform's variables and without a command. */
#ifndef CLI_STEP_H
#define CLI_STEP_H

#include <stdbool.h>

/* Whether the command line is a step's: nothing, or options that are a step's. */
bool cli_is_step(int argc, char **argv);

/* Runs the step until it is told to stop; the exit status.  `argv` are the arguments without the program's name. */
int cli_step_run(int argc, char **argv);

/* Prints the options. */
void cli_step_print_options(void);

#endif
