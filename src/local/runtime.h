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
    const char *default_handler;    /* when nothing says better */
    const char *arguments[4];       /* behind the interpreter, NULL at the end */
    jn_str program;                 /* what the interpreter finds on its standard input; empty for provided */
};

const struct local_runtime *local_runtime_find(jn_str name);
const struct local_runtime *local_runtime_detect(const char *folder, const char **handler);
char *local_runtime_interpreter(const struct local_runtime *r, const char *path, struct jn_error *err);

#endif
