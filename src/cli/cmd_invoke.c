/* cmd_invoke.c - aws-lambda-component invoke: the action on every message of a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/invoke_run.h"
#include "cli/session.h"

struct invoke_options {
    struct cli_action_options action;       /* first: its options are those of the shared table */
    const char *errors;
    int64_t concurrency;
    bool stream, quiet;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct invoke_options, member) }

static const struct cli_option options[] = {
    CLI_ACTION_OPTIONS,
    OPTION("--stream", NULL, CLI_FLAG, stream,
           "write what the function returns as it comes, as it is;\none message at a time"),
    OPTION("--concurrency", "N", CLI_COUNT, concurrency, "calls in flight at most; 8 if not given"),
    OPTION("--errors", "FILE", CLI_TEXT, errors,
           "failed messages as NDJSON, each with its input, so that\nthey can be sent again"),
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
    if (o->concurrency < 1 || o->concurrency > 1000)
        return jn_fail(err, JN_BAD_VALUE, "--concurrency is %lld; choose 1 to 1000", (long long)o->concurrency);
    return JN_OK;
}

/* Settings first, then files: a faulty setting must not empty the file of --errors. */
static enum jn_status open_all(struct cli_session *s, const struct invoke_options *o, char **files, int file_count,
                               int *errors_fd, struct jn_error *err)
{
    enum jn_status status = cli_session_open(s, err);
    if (!status && o->stream)
        status = invoke_run_stream(s->action, err);
    if (!status)
        status = check_files(files, file_count, err);
    return status ? status : open_errors(o->errors, files, file_count, errors_fd, err);
}

static int run_session(const struct invoke_options *o, char **files, int file_count, struct jn_error *err)
{
    static const char *const standard_input[] = { "-" };
    struct cli_session s;
    int errors_fd = -1, status = CLI_USAGE;
    cli_session_init(&s, &o->action);
    s.is_command_line = true;               // there is no platform that a message could be rebounded to
    if (!open_all(&s, o, files, file_count, &errors_fd, err)) {
        const struct invoke_run_options run = {
            .loop = s.loop,
            .action = s.action,
            .clock = base_clock_system(),
            .files = file_count ? (const char *const *)files : standard_input,
            .file_count = file_count ? (size_t)file_count : 1,
            .concurrency = o->stream ? 1 : (unsigned)o->concurrency,
            .is_streamed = o->stream,
            .errors_fd = errors_fd,
            .quiet = o->quiet,
        };
        status = invoke_run(&run, err);
    }
    if (errors_fd >= 0)
        close(errors_fd);
    cli_session_close(&s);
    return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct invoke_options o = { .action = CLI_ACTION_OPTIONS_UNSET, .concurrency = 8 };
    int files, status;
    if (!cli_command_options(self, &o, argc, argv, &files, &status))
        return status;
    struct jn_error err = { 0 };
    status = CLI_USAGE;
    if (!check(&o, &err))
        status = run_session(&o, argv, files, &err);
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
