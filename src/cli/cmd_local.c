/* cmd_local.c - aws-lambda-component local: a Lambda on this machine. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/env.h"
#include "base/guard.h"
#include "base/signal.h"
#include "cli/cmd_local.h"
#include "cli/local_log.h"

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct cli_local_options, member) }

static const struct cli_option options[] = {
    OPTION("--functions", "PATH", CLI_TEXT, functions,
           "a folder whose subfolders are functions, a folder\nthat is one, or a functions.json; . if not given"),
    OPTION("--port", "N", CLI_COUNT, port, "of the Invoke API; 9001 if not given, 0 for any free one"),
    OPTION("--host", "ADDRESS", CLI_TEXT, host, "to listen on; 127.0.0.1 if not given"),
    OPTION("--region", "R", CLI_TEXT, region, "that functions live in; us-east-1 if not given"),
    OPTION("--account", "NUMBER", CLI_TEXT, account, "that functions belong to; 123456789012 if not given"),
    OPTION("--credentials", "FILE", CLI_TEXT, credentials,
           "a credentials file: callers may sign with each pair\nin it"),
    OPTION("--state", "DIR", CLI_TEXT, state,
           "where versions, aliases and queued events are kept;\n.lambda beside the functions if not given"),
    OPTION("--concurrency", "N", CLI_COUNT, concurrency,
           "calls that may run at once, of all functions; 1000\nif not given. More are throttled (429)"),
    OPTION("--max-processes", "N", CLI_COUNT, max_processes,
           "processes per function; 50 if not given. More calls at\nonce are throttled (429)"),
    OPTION("--retry-waits", "S,S", CLI_TEXT, retry_waits,
           "seconds before an event that has failed is tried\nagain, and again; 60,120 if not given"),
    OPTION("--faults", "FILE", CLI_TEXT, faults,
           "rules that have calls throttled, refused, delayed or\ncut off; also PUT /_faults"),
    OPTION("--port-file", "FILE", CLI_TEXT, port_file, "the port is written there once calls are taken"),
    OPTION("--qualifier", "NAME", CLI_TEXT, qualifier, "of `local invoke`: a version or alias"),
    OPTION("--json", NULL, CLI_FLAG, json, "log lines as JSON"),
};

static const char about[] =
    "Runs functions as AWS Lambda would: real processes that speak the Runtime API, behind\n"
    "an Invoke API that checks signatures and answers as AWS does: function errors, log\n"
    "tails, timeouts, crashes, throttling, versions and aliases. Whatever speaks to AWS\n"
    "Lambda speaks to it: this program, the AWS CLI, an SDK.\n"
    "\n"
    "A function is a folder with an index.mjs (Node.js), an app.py (Python) or an executable\n"
    "bootstrap (anything). Changed files count from the next call on.\n"
    "\n"
    "Callers sign with access key `local` and secret key `local-secret`, or with the pair\n"
    "that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name here, or with those of\n"
    "--credentials. Ctrl-C stops it and every process it started.\n"
    "\n"
    "`local invoke NAME [PAYLOAD]` runs a function once and ends: the result on standard\n"
    "output, the log on standard error; status 1 when the function failed. PAYLOAD is JSON,\n"
    "- for standard input, {} if not given.";

static const char examples[] =
    "  aws-lambda-component local --functions build/release/examples/functions\n"
    "  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local-secret \\\n"
    "      aws lambda invoke --endpoint-url http://127.0.0.1:9001 --region us-east-1 \\\n"
    "      --function-name price-order --cli-binary-format raw-in-base64-out \\\n"
    "      --payload '{\"lines\": []}' /dev/stdout\n"
    "  aws-lambda-component local invoke hello '{\"name\": \"Ada\"}'\n";

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

/* ---- the start screen ------------------------------------------------------------------------------------------ */

static void print_functions(const struct local *l)
{
    struct local_listing f;
    int name = 0, runtime = 0, handler = 0;
    for (size_t i = 0; local_list(l, i, &f); i++) {
        name = (int)strlen(f.name) > name ? (int)strlen(f.name) : name;
        runtime = (int)strlen(f.runtime) > runtime ? (int)strlen(f.runtime) : runtime;
        handler = (int)strlen(f.handler) > handler ? (int)strlen(f.handler) : handler;
    }
    for (size_t i = 0; local_list(l, i, &f); i++)
        fprintf(stderr, "  %-*s  %-*s  %-*s  %s\n", name, f.name, runtime, f.runtime, handler, f.handler, f.arn);
}

/* The keys are in the line only when they are the ones that everybody knows. */
static void print_try(const struct local *l, const struct local_options *opt)
{
    struct local_listing f;
    const bool are_usual = !opt->credentials && (!opt->access_key || !opt->secret_key);
    if (!local_list(l, 0, &f))
        return;
    fprintf(stderr, "\nTry it%s:\n  %saws lambda invoke --endpoint-url http://%s:%d \\\n"
            "      --region %s --function-name %s --cli-binary-format raw-in-base64-out \\\n"
            "      --payload '{}' /dev/stdout\n",
            opt->credentials ? ", with AWS_SHARED_CREDENTIALS_FILE set to your --credentials" : "",
            are_usual ? "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local-secret \\\n  " : "",
            opt->host ? opt->host : "127.0.0.1", local_port(l), opt->region ? opt->region : "us-east-1", f.name);
}

static void print_start(const struct local *l, const struct local_options *opt)
{
    fprintf(stderr, "local Lambda at http://%s:%d\n\n", opt->host ? opt->host : "127.0.0.1", local_port(l));
    print_functions(l);
    print_try(l, opt);
    fputs("\nCtrl-C stops it.\n\n", stderr);
}

/* ---- serving --------------------------------------------------------------------------------------------------- */

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

/* waits := seconds ',' seconds */
static enum jn_status read_waits(const char *text, int64_t out_ms[2], struct jn_error *err)
{
    double first = 0, second = 0;
    char more;
    if (!text)
        return JN_OK;
    const bool is_read = sscanf(text, "%lf,%lf%c", &first, &second, &more) == 2;
    if (!is_read || !(first >= 0.001 && first <= 3600) || !(second >= 0.001 && second <= 3600))
        return jn_fail(err, JN_BAD_VALUE, "--retry-waits is \"%s\"; give two numbers of seconds, 0.001 to 3600, as in "
                       "60,120", text);
    out_ms[0] = (int64_t)(first * 1000);
    out_ms[1] = (int64_t)(second * 1000);
    return JN_OK;
}

struct local_options cli_local_settings(const struct cli_local_options *o, const struct base_log *log)
{
    struct local_options opt = {
        .functions = o->functions,
        .state = o->state,
        .host = o->host,
        .port = (int)o->port,
        .region = o->region,
        .account = o->account,
        .credentials = o->credentials,
        .faults = o->faults,
        .path = base_env_get(base_env_system(), "PATH"),
        .max_processes = (unsigned)o->max_processes,
        .concurrency = (int)o->concurrency,
        .log = log,
    };
    read_waits(o->retry_waits, opt.retry_wait_ms, NULL);    // check() has looked at it
    return opt;
}

static int serve(const struct cli_local_options *o, struct session *s, struct jn_error *err)
{
    struct base_log log;
    base_log_init(&log, STDERR_FILENO, base_clock_system(), base_env_system());
    log.json = o->json;
    log.format = o->json ? NULL : cli_local_log_line;
    struct local_options opt = cli_local_settings(o, &log);
    opt.access_key = base_env_get(base_env_system(), "AWS_ACCESS_KEY_ID");
    opt.secret_key = base_env_get(base_env_system(), "AWS_SECRET_ACCESS_KEY");
    if (base_signal_new(s->loop, SIGINT, on_signal, s, &s->sigint, err) ||
        base_signal_new(s->loop, SIGTERM, on_signal, s, &s->sigterm, err) ||
        local_start(s->loop, &opt, &s->local, err))
        return CLI_USAGE;
    if (!o->json)
        print_start(s->local, &opt);
    if (write_port(o->port_file, local_port(s->local), err))
        local_stop(s->local, on_stopped, s);
    base_loop_run(s->loop);
    return err->status ? CLI_FAILED : CLI_OK;
}

static bool is_account(const char *text)
{
    return !text || (strlen(text) == 12 && strspn(text, "0123456789") == 12);
}

static enum jn_status check(const struct cli_local_options *o, struct jn_error *err)
{
    if (o->port > 65535)
        return jn_fail(err, JN_BAD_VALUE, "--port is %lld; choose 0 to 65535", (long long)o->port);
    if (o->max_processes < 1 || o->max_processes > 1000)
        return jn_fail(err, JN_BAD_VALUE, "--max-processes is %lld; choose 1 to 1000", (long long)o->max_processes);
    if (o->concurrency < 1 || o->concurrency > 100000)
        return jn_fail(err, JN_BAD_VALUE, "--concurrency is %lld; choose 1 to 100000", (long long)o->concurrency);
    if (!is_account(o->account))
        return jn_fail(err, JN_BAD_VALUE, "--account is \"%s\"; an account has 12 digits", o->account);
    return read_waits(o->retry_waits, (int64_t[2]){ 0 }, err);
}

/* What this process does as the guard's child. */
static int work(const struct cli_local_options *o, int count, char **args, struct jn_error *err)
{
    struct session s = { 0 };
    if (count)
        return cli_local_invoke(o, count - 1, args + 1, err);
    const int status = base_loop_new(&s.loop, err) ? CLI_FAILED : serve(o, &s, err);
    base_signal_free(s.sigint);
    base_signal_free(s.sigterm);
    base_loop_free(s.loop);
    return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct cli_local_options o = { .port = 9001, .max_processes = 50, .concurrency = 1000 };
    int rest, status;
    if (!cli_command_options(self, &o, argc, argv, &rest, &status))
        return status;
    struct jn_error err = { 0 };
    bool is_over = false;
    status = CLI_USAGE;
    if (rest && strcmp(argv[0], "invoke") != 0)
        jn_fail(&err, JN_BAD_VALUE, "\"%s\" is not expected; functions are named by --functions PATH", argv[0]);
    else if (!check(&o, &err) && !base_guard_start(&is_over, &status, &err) && !is_over) {
        status = work(&o, rest, argv, &err);
        base_guard_finish();
    }
    if (err.status)
        cli_usage_error(self, &err);
    return status;
}

const struct cli_command cli_local = {
    .name = "local",
    .summary = "run functions on this machine, behind AWS Lambda's Invoke API",
    .usage = "[OPTION...] [invoke NAME [PAYLOAD]]",
    .about = about,
    .examples = examples,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
