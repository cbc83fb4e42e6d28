/* environment.c - what a function's process finds in its environment.
 *
 * Clean: nothing is inherited from whoever started us, so that a function that works here does not depend on a
 * developer's shell (our spec, section 7.4).  AWS_EXECUTION_ENV is for managed runtimes alone, as on AWS;
 * AWS_SESSION_TOKEN is there when the key pair has one; X-Ray's daemon is not, since there is none. */
#include "local/environment.h"

#include "local/function.h"

#include "local/text.h"

struct listing {
    struct jn_arena *a;
    const struct local_configuration *c;
    const char **list;
    size_t count;
};

static void put(struct listing *l, const char *name, const char *value)
{
    l->list[l->count++] = local_print(l->a, "%s=%s", name, value);
}

static bool is_set_by_function(const struct local_configuration *c, const char *name)
{
    const size_t len = strlen(name);
    for (const char *const *v = c->environment; *v; v++) {
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return true;
    }
    return false;
}

/* The system's variables, which a function may replace. */
static void put_default(struct listing *l, const char *name, const char *value)
{
    if (!is_set_by_function(l->c, name))
        put(l, name, value);
}

static void put_key(struct listing *l, const struct local_key *key)
{
    l->list[l->count++] = local_print(l->a, "AWS_ACCESS_KEY_ID=%.*s", JN_ARG(key->access_key));
    l->list[l->count++] = local_print(l->a, "AWS_SECRET_ACCESS_KEY=%.*s", JN_ARG(key->secret_key));
    if (key->session_token.data)
        l->list[l->count++] = local_print(l->a, "AWS_SESSION_TOKEN=%.*s", JN_ARG(key->session_token));
}

static void put_lambda(struct listing *l, const struct local_version *v, const struct local_environment *e)
{
    const struct local_configuration *c = &v->config;
    const struct local_site *site = v->function->site;
    put(l, "AWS_LAMBDA_RUNTIME_API", e->runtime_api);
    put(l, "_HANDLER", c->handler);
    put(l, "LAMBDA_TASK_ROOT", v->folder);
    put(l, "LAMBDA_RUNTIME_DIR", "/var/runtime");
    put(l, "AWS_REGION", site->region);
    put(l, "AWS_DEFAULT_REGION", site->region);
    put_key(l, &site->keys[0]);
    put(l, "AWS_LAMBDA_FUNCTION_NAME", v->function->name);
    put(l, "AWS_LAMBDA_FUNCTION_VERSION", v->number);
    l->list[l->count++] = local_print(l->a, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", c->memory_mb);
    l->list[l->count++] = local_print(l->a, "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s", v->function->name);
    put(l, "AWS_LAMBDA_LOG_STREAM_NAME", e->log_stream);
    put(l, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    if (c->runtime->family != LOCAL_PROVIDED)
        l->list[l->count++] = local_print(l->a, "AWS_EXECUTION_ENV=AWS_Lambda_%s", c->runtime_name);
}

/* A managed runtime's interpreter looks for programs where ours was found. */
static void put_system(struct listing *l, const struct local_version *v)
{
    const bool is_managed = v->config.runtime->family != LOCAL_PROVIDED;
    put_default(l, "TZ", ":UTC");
    put_default(l, "LANG", "en_US.UTF-8");
    put_default(l, "PATH", is_managed ? v->function->site->path : "/usr/local/bin:/usr/bin:/bin:/opt/bin");
}

const char *const *local_environment_make(struct jn_arena *a, const struct local_version *v,
                                          const struct local_environment *e)
{
    enum { OURS_AT_MOST = 24 };     // put_lambda() and put_system() make 19
    size_t own = 0;
    while (v->config.environment[own])
        own++;

    struct listing l = { a, &v->config, jn_arena_zalloc(a, (OURS_AT_MOST + own + 1) * sizeof *l.list), 0 };
    if (!l.list)
        return NULL;
    put_lambda(&l, v, e);
    put_system(&l, v);
    for (size_t i = 0; i < own; i++)
        l.list[l.count++] = v->config.environment[i];
    return jn_arena_failed(a) ? NULL : l.list;
}
