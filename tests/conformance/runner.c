/* runner.c - runs the official JSONata conformance data through the public interface.
 *
 *     conformance_runner [--failures] [--group NAME] [--record FILE] [--known FILE]
 *
 * Prints a line per group and a total.  A case that fails must stand in the file of known failures, which holds names
 * of cases only: `group/file#number`.  The data is other people's and not part of this repository: it is looked for in
 * $ALC_SHARED, else in ../shared. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "jsonata/jsonata.h"

enum { CASES = 1686, PATH_SIZE = 1024, SKIPPED = 77, USUAL_TIMEOUT_MS = 10000 };

struct runner {
    char suite[PATH_SIZE];
    const char *only_group;
    bool show_failures;
    FILE *record;
    char *known;                    /* text of the known failures */
    const char *group;
    unsigned passed, total, group_passed, group_total, surprises;
    struct jsonata_context *context;
    struct jn_arena *arena;         /* of the case file */
};

static jn_str text_of(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

static jn_value member(jn_value o, const char *name)
{
    return jn_member(o, text_of(name));
}

/* The whole file in the arena of the case; {NULL, 0} when it cannot be read. */
static jn_str read_file(const struct runner *r, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return (jn_str){ NULL, 0 };
    struct stat st;
    char *text = fstat(fileno(f), &st) ? NULL : malloc((size_t)st.st_size + 1);
    const size_t n = text ? fread(text, 1, (size_t)st.st_size, f) : 0;
    fclose(f);
    const jn_value kept = jn_copy_string(r->arena, (jn_str){ text ? text : "", n });
    free(text);
    return jn_get_string(kept);
}

static bool read_json(const struct runner *r, const char *path, jn_value *out)
{
    const jn_str text = read_file(r, path);
    struct jn_error err = { 0 };
    if (text.data && jn_read(r->arena, text, NULL, out, NULL, &err) == JN_OK)
        return true;
    fprintf(stderr, "%s: %s\n", path, text.data ? err.message : "cannot be read");
    return false;
}

/* ---- what a case expects ----------------------------------------------------------------------------------------- */

struct outcome {
    struct jsonata *program;        /* values may point into it */
    enum jn_status status;
    bool is_compile_error;
    jn_value result;
    struct jsonata_error error;
};

static bool text_is(jn_value expected, const char *text)
{
    const jn_str s = jn_get_string(expected);
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

static bool same(jn_value a, jn_value b)
{
    return a.type == b.type && (a.type == JN_UNDEFINED || jn_equal(a, b));
}

/* Members of the `error` object that the interface has, each of which must be equal. */
static bool error_matches(jn_value expected, const struct jsonata_error *e)
{
    const jn_value code = member(expected, "code"), token = member(expected, "token"), value = member(expected, "value");
    const jn_value function = member(expected, "functionName");
    return (code.type == JN_UNDEFINED || text_is(code, e->code)) && (token.type == JN_UNDEFINED || same(token, e->token)) &&
           (value.type == JN_UNDEFINED || same(value, e->value)) &&
           (function.type == JN_UNDEFINED || text_is(function, e->function));
}

static bool matches(jn_value c, const struct outcome *o)
{
    const jn_value code = member(c, "code"), error = member(c, "error"), token = member(c, "token");
    if (o->status && code.type != JN_UNDEFINED)
        return text_is(code, o->error.code) && (!o->is_compile_error || token.type == JN_UNDEFINED || same(token, o->error.token));
    if (o->status)
        return error.type != JN_UNDEFINED && error_matches(error, &o->error);
    if (jn_get_boolean(member(c, "undefinedResult")))
        return o->result.type == JN_UNDEFINED;
    return member(c, "result").type != JN_UNDEFINED && same(member(c, "result"), o->result);
}

/* ---- running one --------------------------------------------------------------------------------------------------- */

static bool input_of(const struct runner *r, jn_value c, jn_value *input)
{
    *input = member(c, "data");
    const jn_value dataset = member(c, "dataset");
    if (input->type != JN_UNDEFINED || dataset.type != JN_STRING)
        return true;
    char path[PATH_SIZE + 300];
    snprintf(path, sizeof path, "%s/datasets/%.*s.json", r->suite, (int)jn_get_string(dataset).len,
             jn_get_string(dataset).data);
    return read_json(r, path, input);
}

static jn_str expression_of(const struct runner *r, jn_value c)
{
    const jn_value file = member(c, "expr-file");
    if (file.type != JN_STRING)
        return jn_get_string(member(c, "expr"));
    char path[PATH_SIZE + 600];
    snprintf(path, sizeof path, "%s/groups/%s/%.*s", r->suite, r->group, (int)jn_get_string(file).len,
             jn_get_string(file).data);
    return read_file(r, path);
}

static void set_limits(const struct runner *r, jn_value c)
{
    struct jsonata_limits limits = { .timeout_ms = USUAL_TIMEOUT_MS };
    if (member(c, "timelimit").type == JN_NUMBER) {
        limits.timeout_ms = (int64_t)jn_get_number(member(c, "timelimit"));
        limits.max_depth = (uint32_t)jn_get_number(member(c, "depth"));
        limits.depth_code = limits.timeout_code = "U1001";
    }
    jsonata_context_limit(r->context, &limits);
}

static struct outcome run_case(const struct runner *r, jn_value c)
{
    struct outcome o = { 0 };
    jn_value input;
    jsonata_context_reset(r->context);
    set_limits(r, c);
    if (!input_of(r, c, &input)) {
        o.status = JN_IO;
        return o;
    }
    o.status = jsonata_compile(expression_of(r, c), NULL, &o.program, &o.error);
    o.is_compile_error = o.status != JN_OK;
    if (!o.status)
        o.status = jsonata_evaluate(o.program, r->context, input, member(c, "bindings"), &o.result, &o.error);
    return o;
}

static void print_value(const char *title, jn_value v)
{
    char *text = v.type == JN_UNDEFINED || v.type == JN_FUNCTION ? NULL : jn_write_text(v, NULL, NULL, NULL);
    printf("    %s %.300s\n", title, text ? text : jn_type_name(v));
    free(text);
}

static void show(const struct runner *r, const char *name, jn_value c, const struct outcome *o)
{
    const jn_str expression = expression_of(r, c);
    printf("  %s: %.*s\n", name, expression.len > 300 ? 300 : (int)expression.len, expression.data);
    if (member(c, "code").type != JN_UNDEFINED)
        print_value("expected code", member(c, "code"));
    else if (member(c, "error").type != JN_UNDEFINED)
        print_value("expected error", member(c, "error"));
    else
        print_value("expected", member(c, "result"));
    if (o->status)
        printf("    got %s %s\n", o->error.code, o->error.message);
    else
        print_value("got", o->result);
}

static bool is_known(const struct runner *r, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = r->known; at && (at = strstr(at, name)) != NULL; at += len) {
        if ((at == r->known || at[-1] == '\n') && at[len] == '\n')
            return true;
    }
    return false;
}

static void note_failure(struct runner *r, const char *name, jn_value c, const struct outcome *o)
{
    const bool known = is_known(r, name);
    r->surprises += !known;
    if (r->record)
        fprintf(r->record, "%s\n", name);
    if (r->show_failures || (!known && !r->record))
        show(r, name, c, o);
}

static void judge(struct runner *r, const char *name, jn_value c)
{
    const struct outcome o = run_case(r, c);
    r->group_total++;
    if (matches(c, &o))
        r->group_passed++;
    else
        note_failure(r, name, c, &o);
    jsonata_free(o.program);
}

/* ---- files and groups ------------------------------------------------------------------------------------------------ */

static void run_file(struct runner *r, const char *file)
{
    char path[PATH_SIZE + 600], name[600];
    jn_value cases;
    jn_arena_reset(r->arena);
    snprintf(path, sizeof path, "%s/groups/%s/%s", r->suite, r->group, file);
    if (!read_json(r, path, &cases)) {
        r->surprises++;
        return;
    }
    const size_t n = cases.type == JN_ARRAY ? jn_length(cases) : 1;
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s/%s#%zu", r->group, file, i);
        judge(r, name, cases.type == JN_ARRAY ? jn_at(cases, i) : cases);
    }
}

static int only_json(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int no_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void run_group(struct runner *r, const char *group)
{
    char path[PATH_SIZE + 300];
    struct dirent **files = NULL;
    snprintf(path, sizeof path, "%s/groups/%s", r->suite, group);
    const int n = scandir(path, &files, only_json, alphasort);
    r->group = group;
    r->group_passed = r->group_total = 0;
    for (int i = 0; i < n; i++) {
        run_file(r, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    printf("%s %-32s %u/%u\n", r->group_passed == r->group_total ? " " : "!", group, r->group_passed, r->group_total);
    r->passed += r->group_passed;
    r->total += r->group_total;
}

static bool run_all(struct runner *r)
{
    char path[PATH_SIZE + 20];
    struct dirent **groups = NULL;
    snprintf(path, sizeof path, "%s/groups", r->suite);
    const int n = scandir(path, &groups, no_dots, alphasort);
    for (int i = 0; i < n; i++) {
        if (!r->only_group || strcmp(r->only_group, groups[i]->d_name) == 0)
            run_group(r, groups[i]->d_name);
        free(groups[i]);
    }
    free(groups);
    return n > 0;
}

static char *load(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    if (f && text)
        text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
    if (f)
        fclose(f);
    return text;
}

static bool read_arguments(struct runner *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--failures") == 0)
            r->show_failures = true;
        else if (strcmp(argv[i], "--group") == 0 && has_value)
            r->only_group = argv[++i];
        else if (strcmp(argv[i], "--record") == 0 && has_value)
            r->record = fopen(argv[++i], "w");
        else if (strcmp(argv[i], "--known") == 0 && has_value)
            r->known = load(argv[++i]);
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct runner r = { 0 };
    const char *shared = getenv("ALC_SHARED");
    if (!read_arguments(&r, argc, argv)) {
        fputs("usage: conformance_runner [--failures] [--group NAME] [--record FILE] [--known FILE]\n", stderr);
        return 2;
    }
    snprintf(r.suite, sizeof r.suite, "%s/jsonata-test-suite", shared ? shared : "../shared");
    r.context = jsonata_context_new(NULL);
    r.arena = jn_arena_new(0);
    setvbuf(stdout, NULL, _IOLBF, 0);       // a crash shows where it was
    const bool found = r.context && r.arena && run_all(&r);
    if (found)
        printf("%u of %u cases pass\n", r.passed, r.total);
    else
        printf("skipped: %d cases of the JSONata conformance suite, which is not here\n", CASES);
    if (r.record)
        fclose(r.record);
    free(r.known);
    jn_arena_free(r.arena);
    jsonata_context_free(r.context);
    return !found ? SKIPPED : r.surprises && !r.record ? 1 : 0;
}
