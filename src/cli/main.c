/* main.c - aws-lambda-component: finds the command and runs it.  Started by the platform, that is, with its variables
 * and without a command, it is the process of a step; with the name of a service method it answers that question. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/core_dump.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/step.h"
#include "component/actions.h"
#include "sailor/sailor.h"

static const struct cli_command *const commands[] = { &cli_invoke, &cli_explain, &cli_doctor, &cli_local, NULL };

static void print_overview(FILE *out)
{
    fputs("aws-lambda-component: calls AWS Lambda from an integration flow\n\n"
          "usage: aws-lambda-component COMMAND [OPTION...] [ARGUMENT...]\n\ncommands\n", out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nEach command explains itself: aws-lambda-component COMMAND --help\n\n"
          "With ELASTICIO_FLOW_ID in its environment and no command it is a step of a flow; and it\n"
          "answers verifyCredentials, getMetaModel and selectModel.  See docs/platform.md.\n", out);
    if (out == stdout) {
        puts("\noptions of a step");
        cli_step_print_options();
    }
}

static void print_command(const struct cli_command *c)
{
    printf("usage: aws-lambda-component %s %s\n\n%s\n\noptions\n", c->name, c->usage, c->about);
    cli_options_print(c->options, c->option_count);
    printf("  %-28s%s\n\nexamples\n%s", "--help", "this text", c->examples);
}

int cli_usage_error(const struct cli_command *self, const struct jn_error *err)
{
    fprintf(stderr, "aws-lambda-component %s: %s\n", self->name, err->message);
    return CLI_USAGE;
}

bool cli_command_options(const struct cli_command *self, void *into, int argc, char **argv, int *rest, int *status)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_command(self);
            *status = CLI_OK;
            return false;
        }
    }
    struct jn_error err = { 0 };
    if (cli_options_read(self->options, self->option_count, into, argc, argv, rest, &err) == JN_OK)
        return true;
    *status = cli_usage_error(self, &err);
    return false;
}

int main(int argc, char **argv)
{
    /* A reader that goes away shows as a failed write, which is reported; not as a silent death. */
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) != 0)
            continue;
        if (commands[i] != &cli_local)          // whose functions may want cores, and which has no keys of AWS
            base_core_dump_forbid();
        return commands[i]->run(commands[i], argc - 2, argv + 2);
    }
    const struct base_env *env = base_env_system();
    if (cli_is_step(argc - 1, argv + 1) && (argc > 1 || base_env_get(env, "ELASTICIO_FLOW_ID")))
        return cli_step_run(argc - 1, argv + 1);
    const bool is_asked = argc == 2 && *name != '-' && base_env_get(env, "ELASTICIO_POST_RESULT_URL");
    if (sailor_is_service(name) || is_asked)       // a method that does not exist is an answer, too
        return sailor_serve(&component_lambda, env, name);
    if (strcmp(name, "--version") == 0) {
        puts("aws-lambda-component " ALC_VERSION);
        return CLI_OK;
    }
    const bool asked = strcmp(name, "--help") == 0 || strcmp(name, "help") == 0;
    print_overview(asked ? stdout : stderr);
    if (*name && !asked)
        fprintf(stderr, "\nThere is no command \"%s\".\n", name);
    return asked ? CLI_OK : CLI_USAGE;
}
