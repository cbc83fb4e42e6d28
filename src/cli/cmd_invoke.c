/* cmd_invoke.c - aws-lambda-component invoke: the action on every message of a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/invoke_run.h"

struct invoke_options {
    const char *function, *region, *qualifier, *invocation_type, *log_type;
    const char *expression, *expression_file;
    const char *endpoint, *ca_bundle, *profile, *errors;
    int64_t concurrency, timeout_s;
    bool quiet, log_json;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct invoke_options, member) }

static const struct cli_option options[] = {
    OPTION("--function", "NAME", CLI_TEXT, function, "the function: name, partial ARN or ARN (required)"),
    OPTION("--expression", "E", CLI_TEXT, expression,
           "JSONata that makes the payload of a message;\nwithout one the message itself is the payload"),
    OPTION("--expression-file", "F", CLI_TEXT, expression_file, "the same, from a file"),
    OPTION("--region", "R", CLI_TEXT, region, "else AWS_REGION, AWS_DEFAULT_REGION or the profile's"),
    OPTION("--qualifier", "Q", CLI_TEXT, qualifier, "version or alias; else $LATEST"),
    OPTION("--invocation-type", "T", CLI_TEXT, invocation_type,
           "RequestResponse (default), or Event: queue it and do\nnot wait for the result"),
    OPTION("--log-type", "L", CLI_TEXT, log_type,
           "None (default), or Tail: the last 4 KB of each call's\nlog on standard error"),
    OPTION("--concurrency", "N", CLI_COUNT, concurrency, "calls in flight at most; 8 if not given"),
    OPTION("--errors", "FILE", CLI_TEXT, errors,
           "failed messages as NDJSON, each with its input, so that\nthey can be sent again"),
    OPTION("--timeout", "SECONDS", CLI_COUNT, timeout_s, "for a whole call; 910 if not given"),
    OPTION("--endpoint", "URL", CLI_TEXT, endpoint,
           "else AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the\nprofile's, or the region's own"),
    OPTION("--ca-bundle", "FILE", CLI_TEXT, ca_bundle, "certificates to trust; else AWS_CA_BUNDLE or the system's"),
    OPTION("--profile", "NAME", CLI_TEXT, profile, "in ~/.aws/config and credentials; else AWS_PROFILE"),
    OPTION("--log-json", NULL, CLI_FLAG, log_json, "log lines as JSON"),
    OPTION("--quiet", NULL, CLI_FLAG, quiet, "neither progress nor summary"),
};

static const char about[] =
    "Reads JSON values (one a line, or just one after the other) from the FILEs or from\n"
    "standard input, makes a payload of each with the expression, invokes the function,\n"
    "and writes one result a line to standard output, in the order of the input.\n"
    "\n"
    "A message that fails is told on standard error with its line and the reason, and the\n"
    "others go on; --errors keeps the failed ones. A call is never sent twice. Credentials\n"
    "come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,\n"
    "AWS_SESSION_TOKEN) or from the profile. Ctrl-C stops reading, finishes what is in\n"
    "flight, and says where it stopped.\n"
    "\n"
    "Exit status: 0 all succeeded, 1 some failed, 2 nothing was done because a setting is\n"
    "faulty, 130 stopped by a signal.";

static const char examples[] =
    "  echo '{\"id\": 7}' | aws-lambda-component invoke --function my-function --region eu-west-1\n"
    "  aws-lambda-component invoke --function price-order --expression '{\"sku\": item.sku}' \\\n"
    "      --errors failed.ndjson orders.ndjson > priced.ndjson\n"
    "  jsonata -c input failed.ndjson | aws-lambda-component invoke --function price-order\n";

static enum jn_status read_expression(const struct invoke_options *o, struct jn_buf *out, struct jn_error *err)
{
    if (o->expression && o->expression_file)
        return jn_fail(err, JN_BAD_VALUE, "give --expression or --expression-file, not both");
    if (o->expression_file)
        return base_file_read(o->expression_file, out, err);
    jn_buf_append(out, jn_str_of(o->expression));
    return out->failed;
}

/* Opens the file of --errors, which must not be one of the inputs: it would be emptied before it is read. */
static enum jn_status open_errors(const char *path, char **files, int file_count, int *fd, struct jn_error *err)
{
    *fd = -1;
    if (!path)
        return JN_OK;
    struct stat errors, input;
    for (int i = 0; i < file_count; i++) {
        if (stat(path, &errors) == 0 && stat(files[i], &input) == 0 && errors.st_dev == input.st_dev &&
            errors.st_ino == input.st_ino)
            return jn_fail(err, JN_BAD_VALUE, "--errors %s is also an input; name another file", path);
    }
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return *fd < 0 ? jn_fail(err, JN_IO, "--errors %s: %s", path, strerror(errno)) : JN_OK;
}

/* Input files are looked at before anything is sent: half a run because of a misspelt name helps nobody. */
static enum jn_status check_files(char **files, int count, struct jn_error *err)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(files[i], "-") != 0 && access(files[i], R_OK) != 0)
            return jn_fail(err, JN_NOT_FOUND, "%s: %s", files[i], strerror(errno));
        if (base_is_directory(files[i]))
            return jn_fail(err, JN_IO, "%s is a directory", files[i]);
    }
    return JN_OK;
}

static enum jn_status check(const struct invoke_options *o, struct jn_error *err)
{
    if (!o->function)
        return jn_fail(err, JN_BAD_VALUE, "no function is named; give --function NAME");
    if (o->concurrency < 1 || o->concurrency > 1000)
        return jn_fail(err, JN_BAD_VALUE, "--concurrency is %lld; choose 1 to 1000", (long long)o->concurrency);
    if (o->timeout_s < 1 || o->timeout_s > 1140)
        return jn_fail(err, JN_BAD_VALUE, "--timeout is %lld; choose 1 to 1140 seconds", (long long)o->timeout_s);
    return JN_OK;
}

/* All that a run needs, in the order of its making. */
struct session {
    struct base_log log;
    struct base_loop *loop;
    struct lambda_client *client;
    struct component_publish *action;
    int errors_fd;
};

static enum jn_status open_session(struct session *s, const struct invoke_options *o, jn_str expression,
                                   struct jn_error *err)
{
    enum jn_status status = base_loop_new(&s->loop, err);
    const struct lambda_client_options client = {
        .cred = { .profile = o->profile, .env = base_env_system(), .clock = base_clock_system() },
        .region = o->region,
        .endpoint = o->endpoint,
        .ca_bundle = o->ca_bundle,
        .call_timeout_ms = o->timeout_s * 1000,
        .log = &s->log,
    };
    if (!status)
        status = lambda_client_new(s->loop, &client, &s->client, err);
    const struct component_publish_config config = {
        .function_name = jn_str_of(o->function),
        .invocation_type = jn_str_of(o->invocation_type),
        .log_type = jn_str_of(o->log_type),
        .qualifier = jn_str_of(o->qualifier),
        .expression = expression,
    };
    if (!status)
        status = component_publish_new(s->client, &config, &s->log, &s->action, err);
    return status;
}

static void close_session(struct session *s)
{
    if (s->errors_fd >= 0)
        close(s->errors_fd);
    component_publish_free(s->action);
    lambda_client_free(s->client);
    base_loop_free(s->loop);
}

static int run_session(const struct invoke_options *o, char **files, int file_count, jn_str expression,
                       struct jn_error *err)
{
    static const char *const standard_input[] = { "-" };
    struct session s = { .errors_fd = -1 };
    base_log_init(&s.log, STDERR_FILENO, base_clock_system(), base_env_system());
    s.log.json = o->log_json;
    int status = CLI_USAGE;
    if (!open_session(&s, o, expression, err) && !check_files(files, file_count, err) &&
        !open_errors(o->errors, files, file_count, &s.errors_fd, err)) {
        const struct invoke_run_options run = {
            .loop = s.loop,
            .action = s.action,
            .clock = base_clock_system(),
            .files = file_count ? (const char *const *)files : standard_input,
            .file_count = file_count ? (size_t)file_count : 1,
            .concurrency = (unsigned)o->concurrency,
            .errors_fd = s.errors_fd,
            .quiet = o->quiet,
        };
        status = invoke_run(&run, err);
    }
    close_session(&s);
    return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct invoke_options o = { .concurrency = 8, .timeout_s = 910 };
    int files, status;
    if (!cli_command_options(self, &o, argc, argv, &files, &status))
        return status;
    struct jn_error err = { 0 };
    struct jn_buf expression;
    jn_buf_init(&expression, 16 << 20);
    status = CLI_USAGE;
    if (!check(&o, &err) && !read_expression(&o, &expression, &err))
        status = run_session(&o, argv, files, jn_buf_str(&expression), &err);
    jn_buf_clear(&expression);
    if (err.status)
        cli_usage_error(self, &err);
    return status;
}

const struct cli_command cli_invoke = {
    .name = "invoke",
    .summary = "invoke a function for each JSON value of a pipe or file",
    .usage = "--function NAME [OPTION...] [FILE...]",
    .about = about,
    .examples = examples,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
