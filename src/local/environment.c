/* environment.c - what a function's process finds in its environment.
 *
 * Clean: nothing is inherited from whoever started us, so that a function that works here does not depend on a
 * developer's shell (our spec, section 7.4).  Absent on purpose: AWS_EXECUTION_ENV, which custom runtimes do not have
 * on AWS either; AWS_SESSION_TOKEN, since the local key pair is a long-lived one; and X-Ray's daemon, since there is
 * none. */
#include "local/function.h"

#include "local/text.h"

struct listing {
    struct jn_arena *a;
    const struct local_function *f;
    const char **list;
    size_t count;
};

static void put(struct listing *l, const char *name, const char *value)
{
    l->list[l->count++] = local_print(l->a, "%s=%s", name, value);
}

static bool is_set_by_function(const struct local_function *f, const char *name)
{
    const size_t len = strlen(name);
    for (const char *const *v = f->environment; *v; v++) {
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return true;
    }
    return false;
}

/* The system's variables, which a function may replace. */
static void put_default(struct listing *l, const char *name, const char *value)
{
    if (!is_set_by_function(l->f, name))
        put(l, name, value);
}

static void put_lambda(struct listing *l, const struct local_environment *e)
{
    const struct local_function *f = l->f;
    put(l, "AWS_LAMBDA_RUNTIME_API", e->runtime_api);
    put(l, "_HANDLER", f->handler);
    put(l, "LAMBDA_TASK_ROOT", f->folder);
    put(l, "LAMBDA_RUNTIME_DIR", "/var/runtime");
    put(l, "AWS_REGION", e->region);
    put(l, "AWS_DEFAULT_REGION", e->region);
    put(l, "AWS_ACCESS_KEY_ID", e->access_key);
    put(l, "AWS_SECRET_ACCESS_KEY", e->secret_key);
    put(l, "AWS_LAMBDA_FUNCTION_NAME", f->name);
    put(l, "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    l->list[l->count++] = local_print(l->a, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", f->memory_mb);
    l->list[l->count++] = local_print(l->a, "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s", f->name);
    put(l, "AWS_LAMBDA_LOG_STREAM_NAME", e->log_stream);
    put(l, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
}

static void put_system(struct listing *l)
{
    put_default(l, "TZ", ":UTC");
    put_default(l, "LANG", "en_US.UTF-8");
    put_default(l, "PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin");
}

const char *const *local_function_environment(struct jn_arena *a, const struct local_function *f,
                                              const struct local_environment *e)
{
    enum { OURS_AT_MOST = 24 };     // put_lambda() and put_system() make 17
    size_t own = 0;
    while (f->environment[own])
        own++;

    struct listing l = { a, f, jn_arena_zalloc(a, (OURS_AT_MOST + own + 1) * sizeof *l.list), 0 };
    if (!l.list)
        return NULL;
    put_lambda(&l, e);
    put_system(&l);
    for (size_t i = 0; i < own; i++)
        l.list[l.count++] = f->environment[i];
    return jn_arena_failed(a) ? NULL : l.list;
}
