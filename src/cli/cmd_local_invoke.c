/* cmd_local_invoke.c - aws-lambda-component local invoke: one call, without a server to start first.
 *
 * It is the whole way nevertheless: a local Lambda on a free port, and the Lambda client that signs and calls it. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/signal.h"
#include "cli/cmd_local.h"
#include "cli/local_log.h"
#include "lambda/client.h"

enum { PAYLOAD_MAX_BYTES = 6291456 };

struct call {
    struct base_loop *loop;
    struct local *local;
    struct lambda_client *client;
    struct lambda_call *call;
    struct base_signal *sigint, *sigterm;
    const struct base_log *log;
    int status;                     /* to exit with */
};

static void on_stopped(void *arg)
{
    struct call *c = arg;
    c->local = NULL;
    base_loop_stop(c->loop);
}

static void stop(struct call *c)
{
    base_guard_adopt();
    local_stop(c->local, on_stopped, c);
}

static void on_signal(int signum, void *arg)
{
    struct call *c = arg;
    if (!c->call)
        _exit(128 + signum);
    lambda_call_cancel(c->call);
    c->call = NULL;
    c->status = CLI_INTERRUPTED;
    stop(c);
}

static void on_done(const struct lambda_outcome *o, void *arg)
{
    struct call *c = arg;
    const jn_str payload = o->invoked.payload;
    c->call = NULL;
    c->status = CLI_FAILED;
    if (o->status) {
        fprintf(stderr, "aws-lambda-component local: %s\n", o->error.message);
    } else {
        fwrite(payload.data, 1, payload.len, stdout);
        const bool written = fputc('\n', stdout) != EOF && fflush(stdout) == 0;
        if (written && !o->invoked.function_error.data)
            c->status = CLI_OK;
    }
    stop(c);
}

/* ---- setting up ------------------------------------------------------------------------------------------------ */

static enum jn_status read_payload(const char *given, struct jn_buf *out, struct jn_error *err)
{
    if (given && strcmp(given, "-") == 0)
        return base_file_read("/dev/stdin", out, err);
    jn_buf_append_z(out, given ? given : "{}");
    return JN_OK;
}

static enum jn_status make_client(struct call *c, const struct cli_local_options *o, struct jn_error *err)
{
    char endpoint[64];
    const struct lambda_client_options opt = {
        .cred = { .access_key = "local", .secret_key = "local-secret", .env = base_env_system(),
                  .clock = base_clock_system() },
        .region = o->region ? o->region : "us-east-1",
        .endpoint = endpoint,
        .max_attempts = 1,
        .log = c->log,
    };
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", local_port(c->local));
    return lambda_client_new(c->loop, &opt, &c->client, err);
}

static enum jn_status start_local(struct call *c, const struct cli_local_options *o, struct jn_error *err)
{
    struct local_options opt = cli_local_settings(o, c->log);
    opt.host = NULL;
    opt.port = 0;
    opt.credentials = NULL;
    opt.leaves_events = true;
    return local_start(c->loop, &opt, &c->local, err);
}

static enum jn_status start(struct call *c, const struct cli_local_options *o, const char *name, jn_str payload,
                            struct jn_error *err)
{
    const struct lambda_invoke req = {
        .function = jn_str_of(name),
        .qualifier = o->qualifier ? jn_str_of(o->qualifier) : (jn_str){ NULL, 0 },
        .payload = payload,
    };
    enum jn_status s = base_signal_new(c->loop, SIGINT, on_signal, c, &c->sigint, err);
    if (!s)
        s = base_signal_new(c->loop, SIGTERM, on_signal, c, &c->sigterm, err);
    if (!s)
        s = start_local(c, o, err);
    if (!s)
        s = make_client(c, o, err);
    return s ? s : lambda_invoke_start(c->client, &req, on_done, c, &c->call, err);
}

static void clear(struct call *c)
{
    lambda_client_free(c->client);
    base_signal_free(c->sigint);
    base_signal_free(c->sigterm);
    base_loop_free(c->loop);
}

static int run(const struct cli_local_options *o, const char *name, jn_str payload, struct jn_error *err)
{
    struct base_log log;
    base_log_init(&log, STDERR_FILENO, base_clock_system(), base_env_system());
    log.json = o->json;
    log.format = o->json ? NULL : cli_local_log_line;
    struct call c = { .log = &log, .status = CLI_USAGE };
    if (base_loop_new(&c.loop, err))
        return CLI_FAILED;
    if (start(&c, o, name, payload, err) && c.local)
        stop(&c);
    if (c.local)
        base_loop_run(c.loop);
    clear(&c);
    return c.status;
}

int cli_local_invoke(const struct cli_local_options *o, int count, char **args, struct jn_error *err)
{
    struct jn_buf payload;
    int status = CLI_USAGE;
    if (count < 1)
        jn_fail(err, JN_BAD_VALUE, "which function? local invoke NAME [PAYLOAD]");
    else if (count > 2)
        jn_fail(err, JN_BAD_VALUE, "\"%s\" is not expected behind the payload; put a payload with blanks in quotes",
                args[2]);
    if (err->status)
        return status;
    jn_buf_init(&payload, PAYLOAD_MAX_BYTES);
    if (!read_payload(count > 1 ? args[1] : NULL, &payload, err))
        status = run(o, args[0], jn_buf_str(&payload), err);
    jn_buf_clear(&payload);
    return status;
}
