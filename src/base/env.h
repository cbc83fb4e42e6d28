/* env.h - the process's environment as an argument, so that tests can give another. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "core/str.h"

struct base_env {
    const char *(*get)(const struct base_env *env, const char *name);   /* NULL: not set */
    const void *data;
};

/* The real one. */
const struct base_env *base_env_system(void);

/* One made of {"NAME", "value", ..., NULL}. */
struct base_env base_env_of(const char *const *pairs);

/* All of it as the environment of a process: {"NAME=value", ..., NULL} in one block, which the caller frees.  NULL
 * without memory.  Of an environment that is neither of the two above: what the real one holds. */
char **base_env_copy(const struct base_env *env);

/* The value, or NULL when unset or empty. */
const char *base_env_get(const struct base_env *env, const char *name);

#endif
