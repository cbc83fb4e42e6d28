/* runtime.c - one table of runtimes. */
#include "local/runtime.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/buf.h"

/* runtimes/node.mjs and runtimes/python.py, as bytes: see CMakeLists.txt. */
extern const char local_program_node[], local_program_python[];
extern const size_t local_program_node_size, local_program_python_size;

enum { SOURCE_MAX_BYTES = 1 << 20 };

static const struct local_runtime runtimes[] = {
    [LOCAL_PROVIDED] = {
        .family = LOCAL_PROVIDED, .name = "provided", .newest = "provided.al2023", .default_handler = "bootstrap",
    },
    [LOCAL_NODEJS] = {
        .family = LOCAL_NODEJS, .name = "nodejs", .newest = "nodejs22.x", .default_handler = "index.handler",
        .interpreter = "node", .package = "nodejs", .arguments = { "--input-type=module", "-" },
        .program = local_program_node, .program_size = &local_program_node_size,
    },
    [LOCAL_PYTHON] = {
        .family = LOCAL_PYTHON, .name = "python", .newest = "python3.13",
        .default_handler = "lambda_function.lambda_handler",
        .interpreter = "python3", .package = "python3", .arguments = { "-u", "-" },
        .program = local_program_python, .program_size = &local_program_python_size,
    },
};
enum { RUNTIMES = sizeof runtimes / sizeof *runtimes };

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* What may follow a family's name: "22.x", "3.12", "3", ".al2023". */
static bool is_release(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '.')
            return false;
    }
    return s.len == 0 || s.data[0] == '.' || (s.data[0] >= '0' && s.data[0] <= '9');
}

const struct local_runtime *local_runtime_find(jn_str name)
{
    for (size_t i = 0; i < RUNTIMES; i++) {
        const jn_str family = jn_str_of(runtimes[i].name);
        if (jn_str_starts(name, family) && is_release(jn_str_sub(name, family.len, name.len)))
            return &runtimes[i];
    }
    return NULL;
}

bool local_runtime_handles_errors(const char *name)
{
    static const char *const names[] = { "nodejs4.3", "nodejs6.10", "nodejs8.10" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* ---- folders --------------------------------------------------------------------------------------------------- */

static bool has(const char *folder, const char *name, bool is_program)
{
    char *path = base_path_join(folder, name);
    const bool is_there = path && (is_program ? base_is_executable(path) : access(path, F_OK) == 0);
    free(path);
    return is_there;
}

/* Whether the source begins a line with `def lambda_handler`, `async def lambda_handler` or `lambda_handler =`. */
static bool defines_lambda_handler(jn_str source)
{
    while (source.len > 0) {
        const size_t end = jn_str_find(source, JN_STR("\n"), 0);
        jn_str line = jn_str_sub(source, 0, end);
        source = end == SIZE_MAX ? JN_STR("") : jn_str_sub(source, end + 1, source.len);
        if (jn_str_starts(line, JN_STR("async ")))
            line = jn_str_sub(line, 6, line.len);
        const bool is_def = jn_str_starts(line, JN_STR("def "));
        if (is_def)
            line = jn_str_sub(line, 4, line.len);
        const jn_str name = JN_STR("lambda_handler");
        if (!jn_str_starts(line, name))
            continue;
        const jn_str rest = jn_str_trim(jn_str_sub(line, name.len, line.len));
        if (rest.len > 0 && rest.data[0] == (is_def ? '(' : '='))
            return true;
    }
    return false;
}

static bool file_defines_lambda_handler(const char *folder, const char *name)
{
    struct jn_buf source;
    char *path = base_path_join(folder, name);
    jn_buf_init(&source, SOURCE_MAX_BYTES);
    const bool defines = path && base_file_read(path, &source, NULL) == JN_OK &&
                         defines_lambda_handler(jn_buf_str(&source));
    jn_buf_clear(&source);
    free(path);
    return defines;
}

/* Both names of a handler are usual in both files; which one it is, the file knows. */
static const char *python_handler(const char *folder)
{
    if (has(folder, "app.py", false))
        return file_defines_lambda_handler(folder, "app.py") ? "app.lambda_handler" : "app.handler";
    if (has(folder, "lambda_function.py", false))
        return file_defines_lambda_handler(folder, "lambda_function.py") ? "lambda_function.lambda_handler"
                                                                          : "lambda_function.handler";
    return NULL;
}

const struct local_runtime *local_runtime_detect(const char *folder, const char **handler)
{
    *handler = "bootstrap";
    if (has(folder, "bootstrap", true))
        return &runtimes[LOCAL_PROVIDED];
    *handler = "index.handler";
    if (has(folder, "index.mjs", false) || has(folder, "index.js", false) || has(folder, "index.cjs", false))
        return &runtimes[LOCAL_NODEJS];
    *handler = python_handler(folder);
    return *handler ? &runtimes[LOCAL_PYTHON] : NULL;
}

/* ---- interpreters ---------------------------------------------------------------------------------------------- */

char *local_runtime_interpreter(const struct local_runtime *r, const char *path, struct jn_error *err)
{
    jn_str rest = jn_str_of(path);
    while (rest.len > 0) {
        const size_t colon = jn_str_find(rest, JN_STR(":"), 0);
        const jn_str folder = jn_str_sub(rest, 0, colon);
        char *copy = strndup(folder.data, folder.len);
        char *file = copy ? base_path_join(copy, r->interpreter) : NULL;
        free(copy);
        if (file && base_is_executable(file))
            return file;
        free(file);
        rest = colon == SIZE_MAX ? JN_STR("") : jn_str_sub(rest, colon + 1, rest.len);
    }
    jn_fail(err, JN_NOT_FOUND, "there is no program called %s in PATH (%s); it comes with the package %s",
            r->interpreter, path, r->package);
    return NULL;
}
