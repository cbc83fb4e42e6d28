/* models.c - what the platform asks while somebody fills in the form: functions, versions and aliases to choose from.
 *
 * A list that cannot be had is empty, and a line in the log says why: the form is never blocked by a permission that is
 * missing, since what is not listed can be written by hand. */
#include <stdlib.h>

#include "component/actions.h"
#include "component/config.h"
#include "core/value.h"
#include "lambda/control.h"

enum {
    MAX_ITEMS = 1000,               /* more than anybody scrolls through */
    TIMEOUT_MS = 10000,             /* somebody is waiting before a form */
    MAX_ATTEMPTS = 2,
};

struct listing {
    struct lambda_client *client;
    struct sailor_reply *reply;
    const struct base_log *log;
    struct jn_arena arena;
    jn_str function;                /* whose qualifiers; without one */
    struct jn_buf out;              /* the object so far */
};

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void end(struct listing *l)
{
    jn_buf_append_char(&l->out, '}');
    sailor_reply_value(l->reply, l->out.failed ? JN_STR("{}") : jn_buf_str(&l->out));
    lambda_client_free(l->client);
    jn_buf_clear(&l->out);
    jn_arena_clear(&l->arena);
    free(l);
}

static void tell(const struct listing *l, const char *what, const struct jn_error *why)
{
    base_log(l->log, BASE_WARN, NULL, "%s cannot be listed, so that the form has none to choose from: %s", what,
             why->message);
}

/* ---- items --------------------------------------------------------------------------------------------------- */

/* "value": "value (prefix more)" */
static void put_item(struct listing *l, jn_str value, const char *prefix, jn_str more)
{
    struct jn_buf label;
    if (!value.len)
        return;
    jn_buf_init(&label, 0);
    jn_buf_append(&label, value);
    if (more.len)
        jn_buf_append_fmt(&label, " (%s%.*s)", prefix, JN_ARG(jn_str_sub(more, 0, 200)));
    jn_buf_append_z(&l->out, l->out.len > 1 ? "," : "");
    sailor_put_string(&l->out, value);
    jn_buf_append_char(&l->out, ':');
    sailor_put_string(&l->out, jn_buf_str(&label));
    if (label.failed)
        l->out.failed = label.failed;
    jn_buf_clear(&label);
}

static jn_str text(jn_value item, const char *name)
{
    return jn_get_string(jn_member(item, jn_str_of(name)));
}

static void on_functions(const struct jn_error *failed, jn_value items, void *arg)
{
    struct listing *l = arg;
    if (failed)
        tell(l, "functions", failed);
    for (size_t i = 0; !failed && i < jn_length(items); i++) {
        const jn_value f = jn_at(items, i);
        const jn_str runtime = text(f, "Runtime");
        put_item(l, text(f, "FunctionName"), "", runtime.len ? runtime : text(f, "PackageType"));
    }
    end(l);
}

/* Newest first; $LATEST, which the service gives first, is there already. */
static void on_versions(const struct jn_error *failed, jn_value items, void *arg)
{
    struct listing *l = arg;
    if (failed)
        tell(l, "versions", failed);
    for (size_t i = failed ? 0 : jn_length(items); i-- > 0;) {
        const jn_str version = text(jn_at(items, i), "Version");
        if (!jn_str_eq(version, JN_STR("$LATEST")))
            put_item(l, version, "", text(jn_at(items, i), "Description"));
    }
    end(l);
}

static void on_aliases(const struct jn_error *failed, jn_value items, void *arg)
{
    struct listing *l = arg;
    if (failed)
        tell(l, "aliases", failed);
    put_item(l, JN_STR("$LATEST"), "", JN_STR("the newest code, published or not"));
    for (size_t i = 0; !failed && i < jn_length(items); i++)
        put_item(l, text(jn_at(items, i), "Name"), "alias of version ", text(jn_at(items, i), "FunctionVersion"));
    struct jn_error err = { 0 };
    if (lambda_list(l->client, LAMBDA_LIST_VERSIONS, l->function, MAX_ITEMS, on_versions, l, NULL, &err)) {
        tell(l, "versions", &err);
        end(l);
    }
}

/* ---- questions ----------------------------------------------------------------------------------------------- */

static enum jn_status open_client(struct listing *l, const struct sailor_step *step, struct component_config *c,
                                  struct jn_error *err)
{
    struct lambda_client_options opt = {
        .cred = { .env = step->env, .clock = step->clock },
        .extra_ca = base_env_get(step->env, "NODE_EXTRA_CA_CERTS"),
        .random = step->random,
        .log = step->log,
    };
    enum jn_status s = component_config_read(&l->arena, step->config, c, err);
    if (s)
        return s;
    s = component_config_client(c, true, &opt, err);
    opt.call_timeout_ms = TIMEOUT_MS;
    opt.max_attempts = MAX_ATTEMPTS;
    if (!s)
        s = lambda_client_new(step->loop, &opt, &l->client, err);
    component_config_wipe(c);
    return s;
}

/* The function of the form, when it is always the same one. */
static enum jn_status read_function(struct listing *l, const struct component_config *c, struct jn_error *err)
{
    const enum jn_status s = component_config_function(c, &l->function, err);
    if (!s && jn_str_find(l->function, JN_STR("{%"), 0) != SIZE_MAX)
        return jn_fail(err, JN_BAD_VALUE, "the function is chosen for each message");
    return s;
}

static enum jn_status ask_functions(struct listing *l, const struct sailor_step *step, struct jn_error *err)
{
    struct component_config c;
    const enum jn_status s = open_client(l, step, &c, err);
    return s ? s : lambda_list(l->client, LAMBDA_LIST_FUNCTIONS, (jn_str){ NULL, 0 }, MAX_ITEMS, on_functions, l, NULL,
                               err);
}

static enum jn_status ask_qualifiers(struct listing *l, const struct sailor_step *step, struct jn_error *err)
{
    struct component_config c;
    enum jn_status s = open_client(l, step, &c, err);
    if (!s)
        s = read_function(l, &c, err);
    return s ? s : lambda_list(l->client, LAMBDA_LIST_ALIASES, l->function, MAX_ITEMS, on_aliases, l, NULL, err);
}

static void list(const struct sailor_step *step, struct sailor_reply *reply, const char *what,
                 enum jn_status (*ask)(struct listing *, const struct sailor_step *, struct jn_error *))
{
    struct listing *l = calloc(1, sizeof *l);
    struct jn_error err = { 0 };
    if (!l) {
        sailor_reply_value(reply, JN_STR("{}"));
        return;
    }
    l->reply = reply;
    l->log = step->log;
    jn_arena_init(&l->arena, 0);
    jn_buf_init(&l->out, 0);
    jn_buf_append_char(&l->out, '{');
    if (ask(l, step, &err)) {
        tell(l, what, &err);
        end(l);
    }
}

void component_list_functions(const struct sailor_step *step, struct sailor_reply *reply)
{
    list(step, reply, "functions", ask_functions);
}

void component_list_qualifiers(const struct sailor_step *step, struct sailor_reply *reply)
{
    list(step, reply, "versions and aliases", ask_qualifiers);
}
