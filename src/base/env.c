/* env.c - the process's environment, or a list that stands for it. */
#include "base/env.h"

#include <stdlib.h>
#include <unistd.h>

static const char *get_system(const struct base_env *env, const char *name)
{
    (void)env;
    return getenv(name);
}

static const struct base_env system_env = { .get = get_system, .data = NULL };

const struct base_env *base_env_system(void)
{
    return &system_env;
}

static const char *get_pair(const struct base_env *env, const char *name)
{
    for (const char *const *pair = env->data; pair && pair[0]; pair += 2) {
        if (strcmp(pair[0], name) == 0)
            return pair[1];
    }
    return NULL;
}

struct base_env base_env_of(const char *const *pairs)
{
    return (struct base_env){ .get = get_pair, .data = pairs };
}

/* One variable of a list: `value` NULL means that `name` is the whole of it. */
struct variable {
    const char *name, *value;
};

/* The i-th variable; false past the end. */
static bool variable_at(const struct base_env *env, size_t i, struct variable *out)
{
    if (env->get != get_pair) {
        *out = (struct variable){ environ ? environ[i] : NULL, NULL };
        return out->name != NULL;
    }
    const char *const *pairs = env->data;
    *out = (struct variable){ pairs ? pairs[2 * i] : NULL, NULL };
    if (!out->name)
        return false;
    out->value = pairs[2 * i + 1];
    return true;
}

static size_t length_of(const struct variable *v)
{
    return strlen(v->name) + (v->value ? 1 + strlen(v->value) : 0);
}

static void write_variable(char *to, const struct variable *v)
{
    to = stpcpy(to, v->name);
    if (v->value) {
        *to = '=';
        stpcpy(to + 1, v->value);
    }
}

/* Block: the pointers, then the texts. */
char **base_env_copy(const struct base_env *env)
{
    size_t count = 0, bytes = 0;
    for (struct variable v; variable_at(env, count, &v); count++)
        bytes += length_of(&v) + 1;
    char **list = malloc((count + 1) * sizeof *list + bytes);
    if (!list)
        return NULL;
    char *at = (char *)(list + count + 1);
    struct variable v;
    for (size_t i = 0; i < count && variable_at(env, i, &v); i++) {
        list[i] = at;
        write_variable(at, &v);
        at += length_of(&v) + 1;
    }
    list[count] = NULL;
    return list;
}

const char *base_env_get(const struct base_env *env, const char *name)
{
    const char *value = env->get(env, name);
    return value && *value ? value : NULL;
}
