/* env.c - the process's environment, or a list that stands for it. */
#include "base/env.h"

#include <stdlib.h>

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

const char *base_env_get(const struct base_env *env, const char *name)
{
    const char *value = env->get(env, name);
    return value && *value ? value : NULL;
}
