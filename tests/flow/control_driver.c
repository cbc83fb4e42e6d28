/* control_driver.c - the control calls for control_test.py: ENDPOINT functions | versions NAME | aliases NAME |
 * function NAME.  Prints what came as JSON; a failure goes to standard error, with status 1. */
#include <stdio.h>
#include <stdlib.h>

#include "lambda/control.h"

struct driver {
    struct base_loop *loop;
    int status;
};

static void on_control(const struct jn_error *failed, jn_value value, void *arg)
{
    struct driver *d = arg;
    size_t len = 0;
    char *text = failed ? NULL : jn_write_text(value, NULL, &len, NULL);
    d->status = !text;
    if (failed)
        fprintf(stderr, "%s: %s\n", failed->code, failed->message);
    else
        puts(text ? text : "");
    free(text);
    base_loop_stop(d->loop);
}

static enum jn_status ask(struct lambda_client *c, const char *what, const char *name, struct driver *d,
                          struct jn_error *err)
{
    static const char *const lists[] = { "functions", "versions", "aliases" };
    const jn_str none = { NULL, 0 }, function = name ? jn_str_of(name) : none;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(what, lists[i]) == 0)
            return lambda_list(c, (enum lambda_list)i, function, 0, on_control, d, NULL, err);
    }
    return lambda_get_function(c, function, none, on_control, d, NULL, err);
}

int main(int argc, char **argv)
{
    struct driver d = { .status = 2 };
    struct lambda_client *client = NULL;
    struct jn_error err = { 0 };
    if (argc < 3)
        return 2;
    const struct lambda_client_options opt = {
        .cred = { .env = base_env_system(), .clock = base_clock_system() }, .region = "us-east-1", .endpoint = argv[1],
    };
    if (!base_loop_new(&d.loop, &err) && !lambda_client_new(d.loop, &opt, &client, &err) &&
        !ask(client, argv[2], argv[3], &d, &err))
        base_loop_run(d.loop);
    if (err.status)
        fprintf(stderr, "%s\n", err.message);
    lambda_client_free(client);
    base_loop_free(d.loop);
    return d.status;
}
