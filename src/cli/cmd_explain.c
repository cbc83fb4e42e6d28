/* cmd_explain.c - aws-lambda-component explain: what the action would send for one message.  Nothing is sent, and nobody
 * is asked for keys. */
#include <stdio.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/explain_show.h"
#include "cli/input.h"
#include "cli/session.h"
#include "core/value.h"

struct explain_options {
    struct cli_action_options action;       /* first: its options are those of the shared table */
    int64_t max_payload;
    bool pretty, json;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct explain_options, member) }

static const struct cli_option options[] = {
    CLI_ACTION_OPTIONS,
    OPTION("--pretty", NULL, CLI_FLAG, pretty, "the payload over several lines; it is sent as it is"),
    OPTION("--max-payload", "BYTES", CLI_COUNT, max_payload, "of the payload that are shown: 4096; 0 for all"),
    OPTION("--json", NULL, CLI_FLAG, json, "one JSON object, with the whole payload"),
};

static const char about[] =
    "Reads one JSON value from the FILE or from standard input and says what `invoke`, or a\n"
    "step, would send for it: whether the function is invoked at all, endpoint and region,\n"
    "the request with its headers, client context and payload, how near they are to AWS's\n"
    "limits, where keys come from, and what happens when the call fails.\n"
    "\n"
    "Nothing is sent, and nobody is asked for keys; signature, session token and all of the\n"
    "access key but its end are hidden.\n"
    "\n"
    "Exit status: 0 it would be sent, or passes through; 1 the message would fail before it\n"
    "is sent; 2 a setting, a file or an expression is faulty.";

static const char examples[] =
    "  echo '{\"id\": 7}' | aws-lambda-component explain --function my-function --region eu-west-1\n"
    "  aws-lambda-component explain --config step.json --json message.json\n";

/* ---- the message --------------------------------------------------------------------------------------------- */

enum { MAX_MESSAGE = 256 << 20 };

/* The first value, cut out of the input as `invoke` does it. */
static enum jn_status read_message(const char *file, struct input_cutter *cutter, struct input_value *out,
                                   struct jn_error *err)
{
    const bool is_input = strcmp(file, "-") == 0;
    struct jn_buf bytes;
    jn_buf_init(&bytes, MAX_MESSAGE);
    enum jn_status s = base_file_read(is_input ? "/dev/stdin" : file, &bytes, err);
    if (!s && bytes.len)
        s = input_add(cutter, jn_buf_str(&bytes));
    if (!s)
        s = input_add(cutter, (jn_str){ NULL, 0 });
    if (!s && !input_next(cutter, out))
        s = jn_fail(err, JN_BAD_VALUE, "%s holds no message: give one JSON value", is_input ? "standard input" : file);
    jn_buf_clear(&bytes);
    return s ? jn_fail(err, s, "no memory for the message") : JN_OK;
}

/* ---- the answer ---------------------------------------------------------------------------------------------- */

struct explanation {
    const struct explain_options *options;
    struct explain_view view;
    struct jn_buf out;
};

static void show(struct explanation *x, const struct lambda_preview *preview)
{
    x->view.preview = preview;
    if (x->options->json)
        explain_json(&x->out, &x->view);
    else
        explain_text(&x->out, &x->view);
}

static void on_preview(const struct lambda_preview *p, void *arg)
{
    show(arg, p);
}

/* {"error": {"code", "message"}} */
static void show_error(struct explanation *x, const struct jn_error *err)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_value o = jn_make_object(&a, 1), e = jn_make_object(&a, 2);
    if (*err->code)
        jn_object_put(&a, e, JN_STR("code"), jn_make_string(jn_str_of(err->code)));
    jn_object_put(&a, e, JN_STR("message"), jn_make_string(jn_str_of(err->message)));
    jn_object_put(&a, o, JN_STR("error"), e);
    jn_write(&x->out, o, NULL, NULL);
    jn_buf_append_char(&x->out, '\n');
    jn_arena_clear(&a);
}

static int explain(struct explanation *x, struct component_publish *action, jn_str body)
{
    struct jn_error err = { 0 };
    const struct component_message message = { .body = body };
    const enum jn_status s = component_publish_preview(action, &message, on_preview, x, &err);
    if (!s && x->out.len == 0)
        show(x, NULL);
    if (s && x->options->json)
        show_error(x, &err);
    if (s)
        fprintf(stderr, "not sent: %s%s%s\n", err.code, *err.code ? ": " : "", err.message);
    fwrite(jn_buf_str(&x->out).data, 1, x->out.len, stdout);
    return s || x->out.failed || fflush(stdout) ? CLI_FAILED : CLI_OK;
}

static int explain_message(const struct explain_options *o, struct cli_session *s, jn_str body, struct jn_error *err)
{
    struct lambda_client_facts facts;
    struct component_call_settings settings;
    if (component_config_call(&s->config, &settings, err))
        return CLI_USAGE;
    lambda_client_facts(s->client, &facts);
    struct explanation x = {
        .options = o,
        .view = { .facts = &facts, .settings = &settings, .role = s->config.text[COMPONENT_ROLE_ARN],
                  .pretty = o->pretty, .max_payload = (size_t)o->max_payload },
    };
    jn_buf_init(&x.out, 0);
    const int status = explain(&x, s->action, body);
    jn_buf_clear(&x.out);
    return status;
}

static int run_session(const struct explain_options *o, const char *file, struct jn_error *err)
{
    struct cli_session s;
    struct input_cutter cutter;
    struct input_value message;
    int status = CLI_USAGE;
    cli_session_init(&s, &o->action);
    input_init(&cutter, MAX_MESSAGE);
    if (!cli_session_open(&s, err) && !read_message(file, &cutter, &message, err))
        status = explain_message(o, &s, message.text, err);
    input_clear(&cutter);
    cli_session_close(&s);
    return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct explain_options o = { .action = CLI_ACTION_OPTIONS_UNSET, .max_payload = 4096 };
    struct jn_error err = { 0 };
    int files, status = CLI_USAGE;
    if (!cli_command_options(self, &o, argc, argv, &files, &status))
        return status;
    if (files > 1)
        jn_fail(&err, JN_BAD_VALUE, "one message is explained, but %d files are named", files);
    else
        status = run_session(&o, files ? argv[0] : "-", &err);
    return err.status ? cli_usage_error(self, &err) : status;
}

const struct cli_command cli_explain = {
    .name = "explain",
    .summary = "show what would be sent for a message, and send nothing",
    .usage = "--function NAME [OPTION...] [FILE]",
    .about = about,
    .examples = examples,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
