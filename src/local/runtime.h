/* runtime.h - the runtimes that a function's code can be written for, and what is run for each. */
#ifndef LOCAL_RUNTIME_H
#define LOCAL_RUNTIME_H

#include "core/status.h"
#include "core/str.h"

enum local_runtime_family { LOCAL_PROVIDED, LOCAL_NODEJS, LOCAL_PYTHON };

struct local_runtime {
    enum local_runtime_family family;
    const char *name;               /* the family's: "provided", "nodejs", "python" */
    const char *interpreter;        /* a program on the PATH of who started us; NULL: the folder's bootstrap */
    const char *package;            /* that has it, on Debian */
    const char *newest;             /* AWS's name for the newest of the family */
    const char *default_handler;    /* when nothing says better */
    const char *arguments[4];       /* behind the interpreter, NULL at the end */
    const char *program;            /* what it finds on its standard input; NULL: nothing */
    const size_t *program_size;
};

/* The runtime of a function's "runtime": a family's name, or AWS's identifier of one ("nodejs22.x", "python3.12",
 * "provided.al2023"; "Lambda runtimes" in the Developer Guide).  NULL: none of that name. */
const struct local_runtime *local_runtime_find(jn_str name);

/* Whether a runtime of that name said of its functions' own errors that they were handled, as Node.js did up to 8.10. */
bool local_runtime_handles_errors(const char *name);

/* What a folder holds: an executable bootstrap is provided; index.mjs, index.js or index.cjs is nodejs; app.py or
 * lambda_function.py is python.  *handler is the handler that fits, static.  NULL: no function. */
const struct local_runtime *local_runtime_detect(const char *folder, const char **handler);

/* Where the interpreter is in the folders of `path`, a text as PATH has it; the caller frees.  NULL with `err` saying
 * which program is missing, and what has it. */
char *local_runtime_interpreter(const struct local_runtime *r, const char *path, struct jn_error *err);

#endif
