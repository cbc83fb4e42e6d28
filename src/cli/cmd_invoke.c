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
    const char *client_context, *invoke_when, *result;
    const char *function_error_policy, *error_policy, *error_codes, *max_retries;
    const char *endpoint, *ca_bundle, *profile, *role_arn, *external_id, *errors;
    int64_t concurrency, timeout_s;
    bool retry_unknown, stream, quiet, log_json;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct invoke_options, member) }

static const struct cli_option options[] = {
    OPTION("--function", "NAME", CLI_TEXT, function,
           "the function: name, partial ARN or ARN (required);\n{% JSONata %} names one for each message"),
    OPTION("--expression", "E", CLI_TEXT, expression,
           "JSONata that makes the payload of a message;\nwithout one the message itself is the payload"),
    OPTION("--expression-file", "F", CLI_TEXT, expression_file, "the same, from a file"),
    OPTION("--region", "R", CLI_TEXT, region, "else AWS_REGION, AWS_DEFAULT_REGION or the profile's"),
    OPTION("--qualifier", "Q", CLI_TEXT, qualifier, "version or alias, or {% JSONata %}; else $LATEST"),
    OPTION("--invocation-type", "T", CLI_TEXT, invocation_type,
           "RequestResponse (default), or Event: queue it and do\nnot wait for the result"),
    OPTION("--log-type", "L", CLI_TEXT, log_type,
           "None (default), or Tail: the last 4 KB of each call's\nlog on standard error"),
    OPTION("--client-context", "E", CLI_TEXT, client_context,
           "JSONata that yields an object, for the function's\ncontext (`custom` of its client context)"),
    OPTION("--invoke-when", "E", CLI_TEXT, invoke_when,
           "JSONata: messages for which it is not true pass\nthrough as they are"),
    OPTION("--result", "E", CLI_TEXT, result,
           "JSONata that makes the result of what the function\nreturned; it has $response and $input (the message)"),
    OPTION("--function-error-policy", "P", CLI_TEXT, function_error_policy,
           "throw (default): a function that fails is a failure;\nemit: its error document is the result"),
    OPTION("--error-policy", "P", CLI_TEXT, error_policy,
           "byComponent (default): try again what may succeed;\nthrowError: never; emit: the error is the result"),
    OPTION("--error-codes", "LIST", CLI_TEXT, error_codes,
           "which failures: HTTP codes, ranges, AWS's names;\n408, 423, 429, 500-599 if not given"),
    OPTION("--max-retries", "N", CLI_TEXT, max_retries, "0 to 10; else AWS_MAX_ATTEMPTS or the profile say, or 2"),
    OPTION("--retry-on-unknown-outcome", NULL, CLI_FLAG, retry_unknown,
           "also when the function may have run: it may run\ntwice then"),
    OPTION("--stream", NULL, CLI_FLAG, stream,
           "write what the function returns as it comes, as it is;\none message at a time"),
    OPTION("--concurrency", "N", CLI_COUNT, concurrency, "calls in flight at most; 8 if not given"),
    OPTION("--errors", "FILE", CLI_TEXT, errors,
           "failed messages as NDJSON, each with its input, so that\nthey can be sent again"),
    OPTION("--timeout", "SECONDS", CLI_COUNT, timeout_s, "for each attempt of a call; 910 if not given"),
    OPTION("--endpoint", "URL", CLI_TEXT, endpoint,
           "else AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the\nprofile's, or the region's own"),
    OPTION("--ca-bundle", "FILE", CLI_TEXT, ca_bundle, "certificates to trust; else AWS_CA_BUNDLE or the system's"),
    OPTION("--profile", "NAME", CLI_TEXT, profile, "in ~/.aws/config and credentials; else AWS_PROFILE"),
    OPTION("--role-arn", "ARN", CLI_TEXT, role_arn, "a role to assume with the credentials"),
    OPTION("--external-id", "ID", CLI_TEXT, external_id, "if the role's owner gave you one"),
    OPTION("--log-json", NULL, CLI_FLAG, log_json, "log lines as JSON"),
    OPTION("--quiet", NULL, CLI_FLAG, quiet, "neither progress nor summary"),
};

static const char about[] =
    "Reads JSON values (one a line, or just one after the other) from the FILEs or from\n"
    "standard input, makes a payload of each with the expression, invokes the function,\n"
    "and writes one result a line to standard output, in the order of the input.\n"
    "\n"
    "A message that fails is told on standard error with its line and the reason, and the\n"
    "others go on; --errors keeps the failed ones. A call that may have run is not sent\n"
    "again, unless you allow it. Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,\n"
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

/* The options as the fields of the form. */
static struct component_config config_of(const struct invoke_options *o, jn_str expression)
{
    return (struct component_config){
        .is_command_line = true,
        .text = {
            [COMPONENT_ROLE_ARN] = jn_str_of(o->role_arn),
            [COMPONENT_EXTERNAL_ID] = jn_str_of(o->external_id),
            [COMPONENT_FUNCTION_NAME] = jn_str_of(o->function),
            [COMPONENT_REGION] = jn_str_of(o->region),
            [COMPONENT_INVOCATION_TYPE] = jn_str_of(o->invocation_type),
            [COMPONENT_LOG_TYPE] = jn_str_of(o->log_type),
            [COMPONENT_QUALIFIER] = jn_str_of(o->qualifier),
            [COMPONENT_EXPRESSION] = expression,
            [COMPONENT_CLIENT_CONTEXT] = jn_str_of(o->client_context),
            [COMPONENT_INVOKE_WHEN] = jn_str_of(o->invoke_when),
            [COMPONENT_RESULT_EXPRESSION] = jn_str_of(o->result),
            [COMPONENT_FUNCTION_ERROR_POLICY] = jn_str_of(o->function_error_policy),
            [COMPONENT_ERROR_POLICY] = jn_str_of(o->error_policy),
            [COMPONENT_ERROR_CODES] = jn_str_of(o->error_codes),
            [COMPONENT_MAX_RETRIES] = jn_str_of(o->max_retries),
            [COMPONENT_RETRY_UNKNOWN] = jn_str_of(o->retry_unknown ? "on" : ""),
        },
    };
}

static enum jn_status open_session(struct session *s, const struct invoke_options *o, jn_str expression,
                                   struct jn_error *err)
{
    const struct component_config config = config_of(o, expression);
    struct lambda_client_options client = {
        .cred = { .profile = o->profile, .env = base_env_system(), .clock = base_clock_system() },
        .endpoint = o->endpoint,
        .ca_bundle = o->ca_bundle,
        .call_timeout_ms = o->timeout_s * 1000,
        .log = &s->log,
    };
    enum jn_status status = base_loop_new(&s->loop, err);
    if (!status)
        status = component_config_client(&config, false, &client, err);
    if (!status)
        status = lambda_client_new(s->loop, &client, &s->client, err);
    if (!status)
        status = component_publish_new(s->client, &config, &s->log, &s->action, err);
    if (!status && o->stream)
        status = invoke_run_stream(s->action, err);
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
            .concurrency = o->stream ? 1 : (unsigned)o->concurrency,
            .is_streamed = o->stream,
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
