/* step.c - see step.h.  The platform starts a step without arguments and says everything in the environment.  Those who
 * write the command line themselves (Kubernetes, a shell) have options; each stands for the variable that sailor reads,
 * and wins over it. */
#include "cli/step.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "cli/command.h"
#include "component/actions.h"
#include "sailor/sailor.h"

enum { MAX_PORT = 65535 };

struct step_options {
    int64_t port;
    const char *host;
};

static const struct cli_option options[] = {
    { "--http-port", "PORT", "serve /livez, /readyz and /metrics there; without it there\nare none (ELASTICIO_HTTP_PORT)",
      CLI_COUNT, offsetof(struct step_options, port) },
    { "--http-host", "ADDRESS", "listen on this address: 0.0.0.0 (ELASTICIO_HTTP_HOST)", CLI_TEXT,
      offsetof(struct step_options, host) },
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

bool cli_is_step(int argc, char **argv)
{
    return argc == 0 || strncmp(argv[0], "--http-", strlen("--http-")) == 0;
}

void cli_step_print_options(void)
{
    cli_options_print(options, OPTION_COUNT);
}

/* ---- options as variables ------------------------------------------------------------------------------------ */

struct overlay {
    const struct base_env *below;
    const char *port, *host;        /* NULL: as it is below */
};

static const char *get(const struct base_env *env, const char *name)
{
    const struct overlay *o = env->data;
    if (o->port && strcmp(name, "ELASTICIO_HTTP_PORT") == 0)
        return o->port;
    if (o->host && strcmp(name, "ELASTICIO_HTTP_HOST") == 0)
        return o->host;
    return o->below->get(o->below, name);
}

static enum jn_status read_options(int argc, char **argv, struct step_options *out, struct jn_error *err)
{
    int rest = 0;
    const enum jn_status s = cli_options_read(options, OPTION_COUNT, out, argc, argv, &rest, err);
    if (s)
        return s;
    if (rest)
        return jn_fail(err, JN_BAD_VALUE, "a step takes no argument, but there is \"%s\"", argv[0]);
    if (out->port > MAX_PORT)
        return jn_fail(err, JN_BAD_VALUE, "--http-port needs a port, 1 to %d, not %lld", MAX_PORT,
                       (long long)out->port);
    return JN_OK;
}

int cli_step_run(int argc, char **argv)
{
    struct step_options opt = { .port = -1 };
    struct jn_error err = { 0 };
    const struct base_env *const below = base_env_system();
    enum jn_status s = read_options(argc, argv, &opt, &err);
    if (!s && !base_env_get(below, "ELASTICIO_FLOW_ID"))
        s = jn_fail(&err, JN_BAD_VALUE, "%s is an option of a step, but ELASTICIO_FLOW_ID is not set", argv[0]);
    if (s) {
        fprintf(stderr, "aws-lambda-component: %s\n", err.message);
        return CLI_USAGE;
    }
    char port[24];
    snprintf(port, sizeof port, "%lld", (long long)opt.port);
    const struct overlay overlay = { .below = below, .port = opt.port >= 0 ? port : NULL, .host = opt.host };
    const struct base_env env = { .get = get, .data = &overlay };
    return sailor_run(&component_lambda, &env);
}
