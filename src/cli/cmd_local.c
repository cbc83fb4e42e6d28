/* cmd_local.c - aws-lambda-component local: a Lambda on this machine. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/env.h"
#include "base/guard.h"
#include "base/signal.h"
#include "cli/command.h"
#include "local/local.h"

struct local_command_options {
    const char *functions, *host, *region, *port_file;
    int64_t port, max_processes;
    bool log_json;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct local_command_options, member) }

static const struct cli_option options[] = {
    OPTION("--functions", "DIR", CLI_TEXT, functions,
           "each subfolder with an executable `bootstrap` is a\nfunction (required)"),
    OPTION("--port", "N", CLI_COUNT, port, "of the Invoke API; 9001 if not given, 0 for any free one"),
    OPTION("--host", "ADDRESS", CLI_TEXT, host, "to listen on; 127.0.0.1 if not given"),
    OPTION("--region", "R", CLI_TEXT, region, "that functions live in; us-east-1 if not given"),
    OPTION("--max-processes", "N", CLI_COUNT, max_processes,
           "processes per function; 50 if not given. More calls at\nonce are throttled (429)"),
    OPTION("--port-file", "FILE", CLI_TEXT, port_file, "the port is written there once calls are taken"),
    OPTION("--log-json", NULL, CLI_FLAG, log_json, "log lines as JSON"),
};

static const char about[] =
    "Runs functions as AWS Lambda would: real processes that speak the Runtime API, behind\n"
    "an Invoke API that checks signatures and answers as AWS does: function errors, log\n"
    "tails, timeouts, crashes, throttling. Whatever speaks to AWS Lambda speaks to it: this\n"
    "program, the AWS CLI, an SDK.\n"
    "\n"
    "Callers sign with access key `local` and secret key `local-secret`, or with the pair\n"
    "that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name here. Ctrl-C stops it and every\n"
    "process it started.";

static const char examples[] =
    "  aws-lambda-component local --functions build/release/examples/functions\n"
    "  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local-secret \\\n"
    "      aws lambda invoke --endpoint-url http://127.0.0.1:9001 --region us-east-1 \\\n"
    "      --function-name price-order --cli-binary-format raw-in-base64-out \\\n"
    "      --payload '{\"lines\": []}' /dev/stdout\n";

struct session {
    struct base_loop *loop;
    struct local *local;
    struct base_signal *sigint, *sigterm;
    bool is_stopping;
};

static void on_stopped(void *arg)
{
    struct session *s = arg;
    s->local = NULL;
    base_loop_stop(s->loop);
}

static void on_signal(int signum, void *arg)
{
    struct session *s = arg;
    if (s->is_stopping || !s->local)
        _exit(128 + signum);
    s->is_stopping = true;
    base_guard_adopt();
    local_stop(s->local, on_stopped, s);
}

static void print_start(const struct local *l, const char *host)
{
    fprintf(stderr, "local Lambda at http://%s:%d\n", host, local_port(l));
    for (size_t i = 0; i < local_function_count(l); i++)
        fprintf(stderr, "  %-20s %s\n", local_function_name(l, i), local_function_arn(l, i));
    fputs("Ctrl-C stops it.\n", stderr);
}

static enum jn_status write_port(const char *path, int port, struct jn_error *err)
{
    if (!path)
        return JN_OK;
    FILE *f = fopen(path, "w");
    if (!f)
        return jn_fail(err, JN_IO, "--port-file %s cannot be written", path);
    fprintf(f, "%d\n", port);
    return fclose(f) ? jn_fail(err, JN_IO, "--port-file %s cannot be written", path) : JN_OK;
}

static int serve(const struct local_command_options *o, struct session *s, struct jn_error *err)
{
    struct base_log log;
    base_log_init(&log, STDERR_FILENO, base_clock_system(), base_env_system());
    log.json = o->log_json;
    const struct local_options opt = {
        .functions = o->functions,
        .host = o->host,
        .port = (int)o->port,
        .region = o->region,
        .access_key = base_env_get(base_env_system(), "AWS_ACCESS_KEY_ID"),
        .secret_key = base_env_get(base_env_system(), "AWS_SECRET_ACCESS_KEY"),
        .max_processes = (unsigned)o->max_processes,
        .log = &log,
    };
    if (base_signal_new(s->loop, SIGINT, on_signal, s, &s->sigint, err) ||
        base_signal_new(s->loop, SIGTERM, on_signal, s, &s->sigterm, err) ||
        local_start(s->loop, &opt, &s->local, err))
        return CLI_USAGE;
    print_start(s->local, o->host ? o->host : "127.0.0.1");
    if (write_port(o->port_file, local_port(s->local), err))
        local_stop(s->local, on_stopped, s);
    base_loop_run(s->loop);
    return err->status ? CLI_FAILED : CLI_OK;
}

static enum jn_status check(const struct local_command_options *o, struct jn_error *err)
{
    if (!o->functions)
        return jn_fail(err, JN_BAD_VALUE, "no functions are named; give --functions DIR");
    if (o->port > 65535)
        return jn_fail(err, JN_BAD_VALUE, "--port is %lld; choose 0 to 65535", (long long)o->port);
    if (o->max_processes < 1 || o->max_processes > 1000)
        return jn_fail(err, JN_BAD_VALUE, "--max-processes is %lld; choose 1 to 1000", (long long)o->max_processes);
    return JN_OK;
}

/* What this process does as the guard's child. */
static int work(const struct local_command_options *o, struct session *s, struct jn_error *err)
{
    const int status = base_loop_new(&s->loop, err) ? CLI_FAILED : serve(o, s, err);
    base_signal_free(s->sigint);
    base_signal_free(s->sigterm);
    base_loop_free(s->loop);
    base_guard_finish();
    return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct local_command_options o = { .port = 9001, .max_processes = 50 };
    int rest, status;
    if (!cli_command_options(self, &o, argc, argv, &rest, &status))
        return status;
    struct jn_error err = { 0 };
    struct session s = { 0 };
    bool is_over = false;
    status = CLI_USAGE;
    if (rest)
        jn_fail(&err, JN_BAD_VALUE, "\"%s\" is not expected; functions are named by --functions DIR", argv[0]);
    else if (!check(&o, &err) && !base_guard_start(&is_over, &status, &err) && !is_over)
        status = work(&o, &s, &err);
    if (err.status)
        cli_usage_error(self, &err);
    return status;
}

const struct cli_command cli_local = {
    .name = "local",
    .summary = "run functions on this machine, behind AWS Lambda's Invoke API",
    .usage = "--functions DIR [OPTION...]",
    .about = about,
    .examples = examples,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
