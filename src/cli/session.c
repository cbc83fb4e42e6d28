/* session.c - see session.h. */
#include "cli/session.h"

#include <unistd.h>

#include "base/file.h"

enum { MAX_EXPRESSION = 16 << 20, MAX_CONFIG = 16 << 20 };

void cli_session_init(struct cli_session *s, const struct cli_action_options *options)
{
    *s = (struct cli_session){ .options = options, .is_command_line = !options->config };
    base_log_init(&s->log, STDERR_FILENO, base_clock_system(), base_env_system());
    s->log.json = options->log_json;
    jn_buf_init(&s->expression, MAX_EXPRESSION);
    jn_arena_init(&s->arena, 0);
}

/* The file holds keys, perhaps: nothing of it is left behind. */
static enum jn_status read_config_file(struct cli_session *s, struct jn_error *err)
{
    struct jn_buf text;
    jn_buf_init(&text, MAX_CONFIG);
    enum jn_status status = base_file_read(s->options->config, &text, err);
    if (!status)
        status = component_config_read(&s->arena, jn_buf_str(&text), &s->config, err);
    if (status)
        jn_error_prefix(err, "--config %s", s->options->config);
    jn_buf_wipe(&text);
    return status;
}

static enum jn_status read_config(struct cli_session *s, struct jn_error *err)
{
    const struct cli_action_options *o = s->options;
    enum jn_status status = cli_action_options_check(o, err);
    if (!status && o->config)
        status = read_config_file(s, err);
    if (!status && o->expression_file)
        status = base_file_read(o->expression_file, &s->expression, err);
    s->config.is_command_line = s->is_command_line;
    cli_action_options_put(o, jn_buf_str(&s->expression), &s->config);
    return status;
}

static enum jn_status make_client(struct cli_session *s, struct jn_error *err)
{
    const struct cli_action_options *o = s->options;
    struct lambda_client_options client = {
        .cred = { .profile = o->profile, .env = base_env_system(), .clock = base_clock_system() },
        .endpoint = o->endpoint,
        .ca_bundle = o->ca_bundle,
        .log = &s->log,
    };
    enum jn_status status = component_config_client(&s->config, false, &client, err);
    if (!status && o->timeout_s != -1)
        client.call_timeout_ms = o->timeout_s * 1000;
    return status ? status : lambda_client_new(s->loop, &client, &s->client, err);
}

enum jn_status cli_session_open(struct cli_session *s, struct jn_error *err)
{
    enum jn_status status = read_config(s, err);
    if (!status)
        status = base_loop_new(&s->loop, err);
    if (!status)
        status = make_client(s, err);
    component_config_wipe(&s->config);
    return status ? status : component_publish_new(s->client, &s->config, &s->log, &s->action, err);
}

void cli_session_close(struct cli_session *s)
{
    component_publish_free(s->action);
    lambda_client_free(s->client);
    base_loop_free(s->loop);
    jn_buf_clear(&s->expression);
    jn_arena_clear(&s->arena);
}
