/* function.h - the functions of a folder: what each is called, how it is set up, and what its process finds in its
 * environment.  Everything here is read once at the start and never changes afterwards. */
#ifndef LOCAL_FUNCTION_H
#define LOCAL_FUNCTION_H

#include "base/log.h"
#include "core/arena.h"

struct local_function {
    const char *name;
    const char *folder;             /* absolute; the process starts in it */
    const char *program;            /* folder/bootstrap */
    const char *arn;                /* without a qualifier */
    const char *handler, *description;
    int timeout_s, memory_mb;
    const char *const *environment; /* the function's own: "NAME=value" as function.json has them, NULL at the end */
};

/* All functions, sorted by name, in memory of their own. */
struct local_functions {
    struct jn_arena *memory;
    struct local_function *list;
    size_t count;
};

/* Reads the functions folder.  A subfolder without a `bootstrap` is no function and is passed over silently; one whose
 * bootstrap may not be executed, or whose name cannot be a function's, is passed over with a warning in `log`.
 * JN_NOT_FOUND: no function there; JN_BAD_TEXT, JN_BAD_VALUE: a faulty function.json. */
enum jn_status local_functions_load(struct local_functions *out, const char *folder, const char *region,
                                    const char *account, const struct base_log *log, struct jn_error *err);
void local_functions_clear(struct local_functions *f);

/* The function called `name`, or NULL. */
const struct local_function *local_functions_find(const struct local_functions *f, jn_str name);

/* Fills handler, description, timeout, memory and environment from the text of a function.json ("" gives the defaults).
 * The texts are copied into `a`. */
enum jn_status local_function_settings(struct jn_arena *a, jn_str text, struct local_function *f,
                                       struct jn_error *err);

/* What differs from process to process. */
struct local_environment {
    const char *region, *access_key, *secret_key;
    const char *runtime_api;        /* "127.0.0.1:40123" */
    const char *log_stream;         /* "2026/03/14/[$LATEST]0123..." */
};

/* The whole environment of a process (our spec, section 7.4): Lambda's variables, a few of the system's, then the
 * function's own, which may replace the system's.  In `a`; NULL when it has failed. */
const char *const *local_function_environment(struct jn_arena *a, const struct local_function *f,
                                              const struct local_environment *e);

#endif
