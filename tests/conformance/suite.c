/* suite.c - reads and runs cases of the official test suite.  What a case's fields mean is told in the suite's own
 * runner and in our specification, section 2: precedence of expectations, comparison, the two hooks. */
#include "suite.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_TIMEOUT_MS = 10 * 1000, USUAL_BYTES = 512 << 20 };

static jn_str text(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

static jn_value field(jn_value object, const char *name)
{
    return jn_member(object, text(name));
}

static bool has(jn_value object, const char *name)
{
    return field(object, name).type != JN_UNDEFINED;
}

static bool is_text(jn_value v, jn_str expected)
{
    const jn_str s = jn_get_string(v);
    return v.type == JN_STRING && s.len == expected.len && memcmp(s.data, expected.data, s.len) == 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

char *suite_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *data = NULL;
    size_t cap = 0;
    *len = 0;
    for (size_t n = 1; n > 0; *len += n) {
        if (cap - *len < 65536)
            data = realloc(data, cap = cap * 2 + 131072);
        if (!data)
            break;
        n = fread(data + *len, 1, cap - *len - 1, f);
    }
    fclose(f);
    if (data)
        data[*len] = '\0';
    return data;
}

/* A growing array: room for one more. */
static void *room(void *at, size_t len, size_t *cap, size_t size)
{
    if (len < *cap)
        return at;
    *cap = *cap ? *cap * 2 : 16;
    void *grown = realloc(at, *cap * size);
    if (!grown)
        abort();
    return grown;
}

static void add_case(struct suite_group *g, const char *folder, const char *id, jn_value spec)
{
    g->cases = room(g->cases, g->len, &g->cap, sizeof *g->cases);
    struct suite_case *c = &g->cases[g->len++];
    c->spec = spec;
    snprintf(c->id, sizeof c->id, "%s", id);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
}

static bool load_file(struct suite_group *g, const char *folder, const char *group, const char *file)
{
    char path[700], id[160];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    char *content = suite_read_file(path, &len);
    if (!content)
        return false;
    g->texts = room(g->texts, g->texts_len, &g->texts_cap, sizeof *g->texts);
    g->texts[g->texts_len++] = content;

    jn_value v;
    struct jn_error err = { 0 };
    if (jn_read(g->arena, (jn_str){ content, len }, NULL, &v, NULL, &err)) {
        fprintf(stderr, "%s: line %u: %s\n", path, err.line, err.message);
        return false;
    }
    const int stem = (int)(strlen(file) - strlen(".json"));
    if (v.type != JN_ARRAY) {
        snprintf(id, sizeof id, "%s/%.*s", group, stem, file);
        add_case(g, folder, id, v);
    }
    for (size_t i = 0; v.type == JN_ARRAY && i < jn_length(v); i++) {
        snprintf(id, sizeof id, "%s/%.*s#%zu", group, stem, file, i);
        add_case(g, folder, id, jn_at(v, i));
    }
    return true;
}

static int is_json_file(const struct dirent *d)
{
    const size_t len = strlen(d->d_name);
    return len > 5 && strcmp(d->d_name + len - 5, ".json") == 0;
}

bool suite_group_load(const struct suite *s, const char *name, struct suite_group *g)
{
    char folder[200];
    snprintf(folder, sizeof folder, "%s/groups/%s", s->root, name);
    *g = (struct suite_group){ .arena = jn_arena_new(0) };
    struct dirent **files;
    const int n = g->arena ? scandir(folder, &files, is_json_file, alphasort) : -1;
    if (n < 0) {
        fprintf(stderr, "cannot read %s\n", folder);
        return false;
    }
    bool ok = true;
    for (int i = 0; i < n; i++) {
        if (ok && !load_file(g, folder, name, files[i]->d_name)) {
            fprintf(stderr, "cannot read %s/%s\n", folder, files[i]->d_name);
            ok = false;
        }
        free(files[i]);
    }
    free(files);
    return ok;
}

void suite_group_clear(struct suite_group *g)
{
    for (size_t i = 0; i < g->texts_len; i++)
        free(g->texts[i]);
    free(g->texts);
    free(g->cases);
    jn_arena_free(g->arena);
    *g = (struct suite_group){ 0 };
}

char *suite_expression(const struct suite_case *c)
{
    const jn_str file = jn_get_string(field(c->spec, "expr-file")), inline_text = jn_get_string(field(c->spec, "expr"));
    if (!file.len)
        return strndup(inline_text.len ? inline_text.data : "", inline_text.len);
    char path[500];
    size_t len;
    snprintf(path, sizeof path, "%s/%.*s", c->folder, (int)file.len, file.data);
    char *content = suite_read_file(path, &len);
    return content ? content : strdup("");
}

/* The input: `data`, even null; else the dataset, read into the context; else nothing. */
static jn_value input_of(const struct suite *s, const struct suite_case *c, struct jsonata_context *context,
                         char **held)
{
    jn_value v = field(c->spec, "data");
    const jn_str name = jn_get_string(field(c->spec, "dataset"));
    if (v.type != JN_UNDEFINED || !name.len)
        return v;
    char path[400];
    size_t len;
    snprintf(path, sizeof path, "%s/datasets/%.*s.json", s->root, (int)name.len, name.data);
    *held = suite_read_file(path, &len);
    const struct jn_read_options opt = { .shapes = jsonata_context_shapes(context) };
    if (!*held || jn_read(jsonata_context_arena(context), (jn_str){ *held, len }, &opt, &v, NULL, NULL))
        return (jn_value){ 0 };
    return v;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static struct jsonata_limits limits_of(const struct suite_case *c)
{
    const jn_value time = field(c->spec, "timelimit"), depth = field(c->spec, "depth");
    if (time.type != JN_NUMBER || depth.type != JN_NUMBER)
        return (struct jsonata_limits){ .max_bytes = USUAL_BYTES, .timeout_ms = USUAL_TIMEOUT_MS };
    return (struct jsonata_limits){ .max_bytes = USUAL_BYTES, .timeout_ms = (int64_t)jn_get_number(time),
                                    .max_depth = (uint32_t)jn_get_number(depth), .timeout_code = "U1001",
                                    .depth_code = "U1001" };
}

static char *format(const char *fmt, ...) JN_PRINTF(1, 2);
static char *format(const char *fmt, ...)
{
    char *out = NULL;
    va_list args;
    va_start(args, fmt);
    if (vasprintf(&out, fmt, args) < 0)
        out = NULL;
    va_end(args);
    return out;
}

static char *value_text(jn_value v)
{
    if (v.type == JN_UNDEFINED || v.type == JN_FUNCTION)
        return format("%s", v.type == JN_FUNCTION ? "a function" : "nothing");
    char *t = jn_write_text(v, NULL, NULL, NULL);
    return t ? t : format("(a value that cannot be written)");
}

static char *error_text(enum jn_status status, const struct jsonata_error *e)
{
    const jn_str token = jn_get_string(e->token);
    return format("error %s (status %d) at %lld, token \"%.*s\": %s", e->code, status, (long long)e->position,
                  (int)token.len, token.data ? token.data : "", e->message);
}

/* Every member of the expectation must be in the error. */
static bool error_agrees(jn_value expected, const struct jsonata_error *e)
{
    const struct {
        const char *name;
        jn_value got;
    } members[] = {
        { "code", jn_make_string(text(e->code)) },
        { "token", e->token },
        { "message", jn_make_string(text(e->message)) },
        { "value", e->value },
        { "functionName", jn_make_string(text(e->function)) },
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (has(expected, members[i].name) && !jn_equal(field(expected, members[i].name), members[i].got))
            return false;
    return true;
}

static bool code_agrees(const struct suite_case *c, const struct jsonata_error *e)
{
    const jn_value token = field(c->spec, "token");
    if (token.type != JN_UNDEFINED && !jn_equal(token, e->token))
        return false;
    if (has(c->spec, "error"))
        return error_agrees(field(c->spec, "error"), e);
    return is_text(field(c->spec, "code"), text(e->code));
}

static bool agrees(const struct suite_case *c, enum jn_status status, jn_value result, const struct jsonata_error *e)
{
    if (jn_get_boolean(field(c->spec, "undefinedResult")))
        return status == JN_OK && result.type == JN_UNDEFINED;
    if (has(c->spec, "result"))
        return status == JN_OK && jn_equal(result, field(c->spec, "result"));
    return status != JN_OK && code_agrees(c, e);
}

static bool evaluate(const struct suite *s, const struct suite_case *c, const struct jsonata *program,
                     struct jsonata_context *context, char **got)
{
    char *held = NULL;
    jn_value result = { 0 };
    struct jsonata_error err = { 0 };
    const struct jsonata_limits limits = limits_of(c);
    jsonata_context_reset(context);
    jsonata_context_limit(context, &limits);
    const jn_value input = input_of(s, c, context, &held);
    const enum jn_status status =
        jsonata_evaluate(program, context, input, field(c->spec, "bindings"), &result, &err);
    const bool ok = agrees(c, status, result, &err);
    if (!ok)
        *got = status ? error_text(status, &err) : value_text(result);
    jsonata_context_reset(context);
    free(held);
    return ok;
}

bool suite_run(const struct suite *s, const struct suite_case *c, struct jsonata_context *context, char **got)
{
    char *expression = suite_expression(c);
    jn_str source = expression ? text(expression) : text("");
    if (!has(c->spec, "expr-file"))         // may hold a NUL
        source = jn_get_string(field(c->spec, "expr"));
    struct jsonata *program;
    struct jsonata_error err = { 0 };
    const struct jsonata_compile_options options = { .plain = getenv("JSONATA_PLAIN") != NULL };
    const enum jn_status status = jsonata_compile(source, &options, &program, &err);
    bool ok;
    if (status) {
        ok = !has(c->spec, "result") && !has(c->spec, "undefinedResult") && code_agrees(c, &err);
        *got = ok ? NULL : error_text(status, &err);
    } else {
        ok = evaluate(s, c, program, context, got);
        jsonata_free(program);
    }
    free(expression);
    return ok;
}

char *suite_expectation(const struct suite_case *c)
{
    if (has(c->spec, "undefinedResult"))
        return format("nothing");
    if (has(c->spec, "result"))
        return value_text(field(c->spec, "result"));
    char *error = value_text(field(c->spec, has(c->spec, "error") ? "error" : "code"));
    char *out = format("error %s", error ? error : "");
    free(error);
    return out;
}
