/* runtime.c */
#include "local/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static const struct local_runtime runtimes[] = {
    { .family = LOCAL_PROVIDED, .name = "provided", .default_handler = "bootstrap" },
};

const struct local_runtime *local_runtime_find(jn_str name)
{
    return jn_str_starts(name, JN_STR("provided")) ? &runtimes[0] : NULL;
}

const struct local_runtime *local_runtime_detect(const char *folder, const char **handler)
{
    char *program = base_path_join(folder, "bootstrap");
    const bool found = program && base_is_executable(program);
    free(program);
    *handler = "bootstrap";
    return found ? &runtimes[0] : NULL;
}

char *local_runtime_interpreter(const struct local_runtime *r, const char *path, struct jn_error *err)
{
    (void)r, (void)path, (void)err;
    return NULL;
}
