/* function.c - the functions folder and function.json.
 *
 * A function is a folder with an executable `bootstrap`, as in a deployment package for a custom runtime (AWS Lambda
 * Developer Guide, "Building a custom runtime").  What AWS keeps in the function's configuration is in function.json
 * beside it; its members, their limits and the names of variables that are refused are AWS's own (CreateFunction in the
 * API reference; "Defined runtime environment variables").  An unknown member is refused: a misspelt "timeout" that is
 * silently ignored costs an afternoon. */
#include "local/function.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "core/value.h"
#include "local/text.h"

enum { NAME_MAX_LENGTH = 64, SETTINGS_MAX_BYTES = 1 << 20 };

/* ---- function.json: the members ------------------------------------------------------------------------------- */

struct reading {
    struct jn_arena *a;
    struct local_function *f;
    struct jn_error *err;
};

typedef enum jn_status set_fn(struct reading *r, const char *name, jn_value v);

static enum jn_status read_number(struct reading *r, const char *name, jn_value v, int min, int max, int *out)
{
    const double d = jn_get_number(v);
    if (!jn_is(v, JN_NUMBER) || d < min || d > max || d != (double)(int)d)
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" must be a whole number from %d to %d", name, min, max);
    *out = (int)d;
    return JN_OK;
}

/* A text that can be an argument or a variable: a NUL would cut it short. */
static enum jn_status read_text(struct reading *r, const char *name, jn_value v, const char **out)
{
    const jn_str s = jn_get_string(v);
    if (!jn_is(v, JN_STRING))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" must be a string, it is %s", name, jn_type_name(v));
    if (s.len > 0 && memchr(s.data, '\0', s.len))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" holds a NUL character", name);
    *out = jn_arena_copy(r->a, s).data;
    return *out ? JN_OK : JN_NO_MEMORY;
}

static enum jn_status set_timeout(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 1, 900, &r->f->timeout_s);
}

static enum jn_status set_memory(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 128, 10240, &r->f->memory_mb);
}

static enum jn_status set_handler(struct reading *r, const char *name, jn_value v)
{
    return read_text(r, name, v, &r->f->handler);
}

static enum jn_status set_description(struct reading *r, const char *name, jn_value v)
{
    return read_text(r, name, v, &r->f->description);
}

/* Variables that belong to Lambda: a function cannot set them. */
static bool is_reserved(jn_str name)
{
    static const char *const names[] = { "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION",
                                         "AWS_EXECUTION_ENV", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
                                         "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT",
                                         "LAMBDA_RUNTIME_DIR" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (jn_str_eq(name, jn_str_of(names[i])))
            return true;
    }
    return jn_str_starts(name, JN_STR("AWS_LAMBDA_"));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* variable := [a-zA-Z] [a-zA-Z0-9_]+ */
static bool is_variable_name(jn_str s)
{
    if (s.len < 2 || !is_letter(s.data[0]))
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (!is_letter(s.data[i]) && !is_digit(s.data[i]) && s.data[i] != '_')
            return false;
    }
    return true;
}

static enum jn_status check_variable(struct reading *r, jn_str name)
{
    if (is_reserved(name))
        return jn_fail(r->err, JN_BAD_VALUE, "\"environment\" sets %.*s, which belongs to Lambda", JN_ARG(name));
    if (!is_variable_name(name))
        return jn_fail(r->err, JN_BAD_VALUE, "\"environment\" has the name \"%.*s\": names are a letter, then letters, "
                       "digits and _, two characters at least", JN_ARG(name));
    return JN_OK;
}

static const char *join_variable(struct jn_arena *a, jn_str name, jn_str value)
{
    char *text = jn_arena_alloc(a, name.len + value.len + 2);
    if (!text)
        return NULL;
    memcpy(text, name.data, name.len);
    text[name.len] = '=';
    if (value.len > 0)
        memcpy(text + name.len + 1, value.data, value.len);
    text[name.len + 1 + value.len] = '\0';
    return text;
}

static enum jn_status read_variable(struct reading *r, jn_str name, jn_value v, const char **out)
{
    enum jn_status s = check_variable(r, name);
    const char *value = NULL, *printed = s ? "" : jn_arena_copy(r->a, name).data;
    if (!printed)
        return JN_NO_MEMORY;
    if (!s)
        s = read_text(r, printed, v, &value);
    if (s)
        return s;
    *out = join_variable(r->a, name, jn_str_of(value));
    return *out ? JN_OK : JN_NO_MEMORY;
}

static enum jn_status set_environment(struct reading *r, const char *name, jn_value v)
{
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" must be an object of strings, it is %s", name, jn_type_name(v));
    const size_t count = jn_length(v);
    const char **list = jn_arena_zalloc(r->a, (count + 1) * sizeof *list);
    if (!list)
        return JN_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const enum jn_status s = read_variable(r, jn_key_at(v, i), jn_at(v, i), &list[i]);
        if (s)
            return s;
    }
    r->f->environment = list;
    return JN_OK;
}

static const struct {
    const char *name;
    set_fn *set;
} members[] = {
    { "timeout", set_timeout },         { "memory", set_memory },
    { "environment", set_environment }, { "handler", set_handler },
    { "description", set_description },
};

static enum jn_status read_member(struct reading *r, jn_str name, jn_value v)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (jn_str_eq(name, jn_str_of(members[i].name)))
            return members[i].set(r, members[i].name, v);
    }
    return jn_fail(r->err, JN_BAD_VALUE, "\"%.*s\" is not a setting; there are timeout, memory, environment, handler "
                   "and description", JN_ARG(name));
}

static enum jn_status read_settings(struct reading *r, jn_str text)
{
    jn_value v = jn_undefined();
    enum jn_status s = jn_read(r->a, text, NULL, &v, NULL, r->err);
    if (s)
        return s;
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(r->err, JN_BAD_VALUE, "the file must hold an object, it holds %s", jn_type_name(v));
    for (size_t i = 0; !s && i < jn_length(v); i++)
        s = read_member(r, jn_key_at(v, i), jn_at(v, i));
    return s;
}

enum jn_status local_function_settings(struct jn_arena *a, jn_str text, struct local_function *f, struct jn_error *err)
{
    static const char *const nothing[] = { NULL };
    f->timeout_s = 3;           // the defaults of CreateFunction
    f->memory_mb = 128;
    f->handler = "bootstrap";
    f->description = "";
    f->environment = nothing;
    struct reading r = { a, f, err };
    const enum jn_status s = text.len > 0 ? read_settings(&r, text) : JN_OK;
    return s == JN_NO_MEMORY ? jn_fail(err, s, "no memory for a function's settings") : s;
}

/* ---- the folder ----------------------------------------------------------------------------------------------- */

struct loading {
    struct local_functions *out;
    const char *folder, *region, *account;
    const struct base_log *log;
    struct jn_error *err;
    enum jn_status status;
    size_t capacity;
};

static bool is_function_name(jn_str s)
{
    if (s.len == 0 || s.len > NAME_MAX_LENGTH)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter(s.data[i]) && !is_digit(s.data[i]) && s.data[i] != '-' && s.data[i] != '_')
            return false;
    }
    return true;
}

static enum jn_status load_settings(struct loading *l, struct local_function *f)
{
    struct jn_arena *a = l->out->memory;
    const char *path = local_print(a, "%s/function.json", f->folder);
    if (!path)
        return JN_NO_MEMORY;

    struct jn_buf text;
    jn_buf_init(&text, SETTINGS_MAX_BYTES);
    struct jn_error reason = { 0 };
    enum jn_status s = base_file_read(path, &text, &reason);
    if (s == JN_NOT_FOUND) {
        s = JN_OK;
        reason = (struct jn_error){ 0 };
    }
    if (!s)
        s = local_function_settings(a, jn_buf_str(&text), f, &reason);
    jn_buf_clear(&text);
    if (s && reason.line)
        jn_error_prefix(&reason, "%s, line %u, column %u", path, reason.line, reason.column);
    else if (s)
        jn_error_prefix(&reason, "%s", path);
    if (s && l->err && !l->err->status)
        *l->err = reason;
    return s;
}

static struct local_function *add_function(struct loading *l)
{
    struct local_functions *fs = l->out;
    if (fs->count == l->capacity) {
        const size_t capacity = l->capacity ? 2 * l->capacity : 16, size = sizeof *fs->list;
        struct local_function *list = jn_arena_grow(fs->memory, fs->list, l->capacity * size, capacity * size);
        if (!list)
            return NULL;
        fs->list = list;
        l->capacity = capacity;
    }
    struct local_function *f = &fs->list[fs->count++];
    *f = (struct local_function){ 0 };
    return f;
}

static enum jn_status load_function(struct loading *l, const char *name)
{
    struct jn_arena *a = l->out->memory;
    struct local_function *f = add_function(l);
    if (!f)
        return JN_NO_MEMORY;
    f->name = local_print(a, "%s", name);
    f->folder = local_print(a, "%s/%s", l->folder, name);
    f->program = local_print(a, "%s/%s/bootstrap", l->folder, name);
    f->arn = local_print(a, "arn:aws:lambda:%s:%s:function:%s", l->region, l->account, name);
    return jn_arena_failed(a) ? JN_NO_MEMORY : load_settings(l, f);
}

static bool load_entry(const char *name, void *arg)
{
    struct loading *l = arg;
    char *folder = base_path_join(l->folder, name);
    char *program = folder ? base_path_join(folder, "bootstrap") : NULL;
    const struct base_field fields[] = { { "folder", jn_str_of(folder) }, { NULL, { NULL, 0 } } };

    if (!program)
        l->status = JN_NO_MEMORY;
    else if (base_is_executable(program) && is_function_name(jn_str_of(name)))
        l->status = load_function(l, name);
    else if (base_is_executable(program))
        base_log(l->log, BASE_WARN, fields, "not served: a function's name has letters, digits, - and _, 64 at most");
    else if (access(program, F_OK) == 0)
        base_log(l->log, BASE_WARN, fields, "not served: its bootstrap is not an executable file (chmod +x)");
    free(program);
    free(folder);
    return l->status == JN_OK;
}

enum jn_status local_functions_load(struct local_functions *out, const char *folder, const char *region,
                                    const char *account, const struct base_log *log, struct jn_error *err)
{
    *out = (struct local_functions){ .memory = jn_arena_new(0) };
    if (!out->memory)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the functions");

    char *absolute = base_path_absolute(folder, err);
    struct loading l = { .out = out, .folder = absolute, .region = region, .account = account, .log = log, .err = err };
    const enum jn_status listed = absolute ? base_directory_list(absolute, load_entry, &l, err) : JN_NOT_FOUND;
    l.status = listed ? listed : l.status;
    free(absolute);
    if (!l.status && out->count == 0)
        l.status = jn_fail(err, JN_NOT_FOUND, "no functions in %s: a function is a subfolder with an executable file "
                           "called bootstrap", folder);
    if (l.status)
        local_functions_clear(out);
    return l.status == JN_NO_MEMORY ? jn_fail(err, l.status, "no memory for the functions") : l.status;
}

void local_functions_clear(struct local_functions *f)
{
    jn_arena_free(f->memory);
    *f = (struct local_functions){ 0 };
}

const struct local_function *local_functions_find(const struct local_functions *f, jn_str name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (jn_str_eq(name, jn_str_of(f->list[i].name)))
            return &f->list[i];
    }
    return NULL;
}
