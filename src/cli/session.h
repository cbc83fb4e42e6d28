/* session.h - the action as a command line sets it up: configuration, loop, client, compiled expressions. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/action_options.h"
#include "component/action_publish.h"

/* All that the action needs, in the order of its making. */
struct cli_session {
    const struct cli_action_options *options;
    bool is_command_line;               /* fields are called by their options, and nothing can be rebounded */
    struct base_log log;
    struct jn_buf expression;           /* of --expression-file */
    struct jn_arena arena;
    struct component_config config;     /* its secrets are wiped once the client has them */
    struct base_loop *loop;
    struct lambda_client *client;
    struct component_publish *action;
};

/* Fields are called by their options unless there is --config.  `options` are borrowed. */
void cli_session_init(struct cli_session *s, const struct cli_action_options *options);

/* JN_BAD_VALUE, JN_BAD_TEXT, JN_NOT_FOUND with a sentence for what is wrong; whatever was made by then is there. */
enum jn_status cli_session_open(struct cli_session *s, struct jn_error *err);
void cli_session_close(struct cli_session *s);

#endif
