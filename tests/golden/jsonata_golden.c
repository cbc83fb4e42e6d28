/* jsonata_golden.c - runs our own JSONata cases: tests/golden/jsonata/, one file per subject.
 *
 *     { "inputs": [ ... ],                       documents that the cases share
 *       "cases": [ { "expression": "a.b",
 *                    "input": 0,                 which of the inputs, or a document itself; absent: none
 *                    "bindings": { ... },        may be absent
 *                    "result": 5 } ] }           or "nothing": true, or "error": { "code": "T2001", ... }
 *
 * A case with "ast" is not evaluated: it has the tree of its expression, whose text must be the same byte for byte;
 * "recover": true asks for recover mode.
 * An error may also say position, token, value, index, message, functionName, each of which must then agree; `message`
 * is compared as it is.  Run one file, or one case of it:  jsonata_golden tests/golden/jsonata/paths.json 17
 * Public headers only.  Silent when all is well. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"

struct golden {
    const char *path;
    struct jn_arena *arena;             /* of the file */
    struct jsonata_context *context;
    size_t cases, failures;
};

static jn_str text(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

static jn_value field(jn_value object, const char *name)
{
    return jn_member(object, text(name));
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *data = fseek(f, 0, SEEK_END) ? NULL : malloc((size_t)ftell(f) + 1);
    const size_t size = data ? (size_t)ftell(f) : 0;
    rewind(f);
    *len = data ? fread(data, 1, size, f) : 0;
    fclose(f);
    return data;
}

/* ---- one case ---------------------------------------------------------------------------------------------------- */

struct outcome {
    struct jsonata *program;            /* the result may be in it */
    enum jn_status status;
    jn_value result;
    struct jsonata_error error;
};

static bool same(jn_value a, jn_value b)
{
    return a.type == JN_UNDEFINED || b.type == JN_UNDEFINED ? a.type == b.type : jn_equal(a, b);
}

static bool error_agrees(jn_value expected, const struct jsonata_error *e)
{
    const struct {
        const char *name;
        jn_value got;
    } members[] = {
        { "code", jn_make_string(text(e->code)) },          { "position", jn_make_number((double)e->position) },
        { "token", e->token },                              { "value", e->value },
        { "index", jn_make_number((double)e->index) },      { "message", jn_make_string(text(e->message)) },
        { "functionName", jn_make_string(text(e->function)) },
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const jn_value wanted = field(expected, members[i].name);
        if (wanted.type != JN_UNDEFINED && !same(wanted, members[i].got))
            return false;
    }
    return true;
}

/* Trees are the same when their texts are. */
static bool same_text(jn_value a, jn_value b)
{
    char *x = jn_write_text(a, NULL, NULL, NULL), *y = jn_write_text(b, NULL, NULL, NULL);
    const bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

static bool agrees(jn_value c, const struct outcome *o)
{
    if (field(c, "ast").type != JN_UNDEFINED)
        return o->status == JN_OK && same_text(field(c, "ast"), o->result);
    if (field(c, "error").type != JN_UNDEFINED)
        return o->status != JN_OK && error_agrees(field(c, "error"), &o->error);
    if (jn_get_boolean(field(c, "nothing")))
        return o->status == JN_OK && o->result.type == JN_UNDEFINED;
    return o->status == JN_OK && same(field(c, "result"), o->result);
}

static void print_value(const char *label, jn_value v)
{
    char *t = v.type == JN_UNDEFINED ? NULL : jn_write_text(v, NULL, NULL, NULL);
    printf("    %-10s %s\n", label, t ? t : v.type == JN_FUNCTION ? "a function" : "nothing");
    free(t);
}

static void tell_failure(const struct golden *g, size_t number, jn_value c, const struct outcome *o)
{
    const jn_str token = jn_get_string(o->error.token);
    printf("%s, case %zu\n", g->path, number);
    print_value("expression", field(c, "expression"));
    print_value("expected", field(c, field(c, "error").type != JN_UNDEFINED ? "error"
                                     : field(c, "ast").type != JN_UNDEFINED ? "ast" : "result"));
    if (o->status)
        printf("    got        %s at %lld, token \"%.*s\": %s\n", o->error.code, (long long)o->error.position,
               (int)token.len, token.data ? token.data : "", o->error.message);
    else
        print_value("got", o->result);
    printf("    again with jsonata_golden %s %zu\n", g->path, number);
}

static void evaluate_case(struct golden *g, jn_value inputs, jn_value c, struct outcome *o)
{
    const struct jsonata_compile_options options = { .plain = getenv("JSONATA_PLAIN") != NULL };
    const jn_value which = field(c, "input");
    const jn_value input = which.type == JN_NUMBER ? jn_at(inputs, (size_t)jn_get_number(which)) : which;
    o->status = jsonata_compile(jn_get_string(field(c, "expression")), &options, &o->program, &o->error);
    if (!o->status)
        o->status = jsonata_evaluate(o->program, g->context, input, field(c, "bindings"), &o->result, &o->error);
}

static void parse_case(struct golden *g, jn_value c, struct outcome *o)
{
    const struct jsonata_compile_options options = { .recover = jn_get_boolean(field(c, "recover")) };
    o->status = jsonata_ast(jsonata_context_arena(g->context), jn_get_string(field(c, "expression")), &options,
                            &o->result, &o->error);
}

static void run_case(struct golden *g, size_t number, jn_value inputs, jn_value c)
{
    struct outcome o = { 0 };
    if (field(c, "ast").type != JN_UNDEFINED)
        parse_case(g, c, &o);
    else
        evaluate_case(g, inputs, c, &o);
    g->cases++;
    if (!agrees(c, &o)) {
        g->failures++;
        tell_failure(g, number, c, &o);
    }
    jsonata_free(o.program);
    jsonata_context_reset(g->context);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* `only`: number of one case, or SIZE_MAX. */
static bool run_file(struct golden *g, const char *path, size_t only)
{
    size_t len;
    char *content = read_file(path, &len);
    jn_value file;
    struct jn_error err = { 0 };
    g->path = path;
    if (!content || jn_read(g->arena, (jn_str){ content, len }, NULL, &file, NULL, &err)) {
        printf("%s: line %u: %s\n", path, err.line, content ? err.message : "cannot be read");
        free(content);
        return false;
    }
    const jn_value cases = field(file, "cases"), inputs = field(file, "inputs");
    for (size_t i = 0; i < jn_length(cases); i++)
        if (only == SIZE_MAX || only == i)
            run_case(g, i, inputs, jn_at(cases, i));
    jn_arena_reset(g->arena);
    free(content);
    return true;
}

static int is_json_file(const struct dirent *d)
{
    const size_t len = strlen(d->d_name);
    return len > 5 && strcmp(d->d_name + len - 5, ".json") == 0;
}

static bool run_folder(struct golden *g, const char *folder)
{
    struct dirent **files;
    const int n = scandir(folder, &files, is_json_file, alphasort);
    bool ok = n > 0;
    for (int i = 0; i < n; i++) {
        char path[sizeof files[i]->d_name + 200];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name);
        ok &= run_file(g, path, SIZE_MAX);
        free(files[i]);
    }
    if (n > 0)
        free(files);
    return ok;
}

int main(int argc, char **argv)
{
    const struct jsonata_limits limits = { .max_bytes = 256 << 20, .timeout_ms = 10 * 1000 };
    struct golden g = { .arena = jn_arena_new(0), .context = jsonata_context_new(&limits) };
    if (!g.arena || !g.context)
        return 1;
    const bool ok = argc > 1 ? run_file(&g, argv[1], argc > 2 ? strtoul(argv[2], NULL, 10) : SIZE_MAX)
                             : run_folder(&g, "tests/golden/jsonata");
    jsonata_context_free(g.context);
    jn_arena_free(g.arena);
    if (ok && g.cases == 0)
        printf("no cases found\n");
    return !ok || g.failures > 0 || g.cases == 0;
}
