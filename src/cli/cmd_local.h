/* cmd_local.h - what `local` and `local invoke` share. */
#ifndef CLI_CMD_LOCAL_H
#define CLI_CMD_LOCAL_H

#include "cli/command.h"
#include "local/local.h"

struct cli_local_options {
    const char *functions, *state, *host, *region, *account, *credentials, *port_file, *qualifier,
        *retry_waits, *faults;
    int64_t port, max_processes, concurrency;
    bool json;
};

/* The options of the local Lambda that the command line asks for.  Texts are borrowed. */
struct local_options cli_local_settings(const struct cli_local_options *o, const struct base_log *log);

/* `local invoke NAME [PAYLOAD|-]`: `args` is what stands behind "invoke".  Returns an exit status; CLI_USAGE with `err`
 * filled. */
int cli_local_invoke(const struct cli_local_options *o, int count, char **args, struct jn_error *err);

#endif
