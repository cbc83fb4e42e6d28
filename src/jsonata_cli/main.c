/* main.c - jsonata: a filter for JSON, as jq is one, in JSONata.  Uses the public headers only, and so shows that they
 * suffice.  Values are read, mapped and written one by one. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"
#include "jsonata/version.h"
#include "values.h"

enum status { OK = 0, FALSE_RESULT = 1, USAGE = 2, COMPILE_ERROR = 3, INPUT_ERROR = 4, EVALUATION_ERROR = 5 };

static const char help[] =
    "usage: jsonata [OPTION...] EXPRESSION [FILE...]\n"
    "       jsonata [OPTION...] -f FILE [FILE...]\n"
    "\n"
    "Evaluates a JSONata expression for each JSON value in the FILEs or on standard input,\n"
    "and prints each result. A result that is nothing prints nothing.\n"
    "\n"
    "  -f FILE             the expression is in FILE\n"
    "  -n                  no input: evaluate once, with $ being nothing\n"
    "  -s                  slurp: all values as one array\n"
    "  -c                  compact: one line per result\n"
    "  -r                  results that are strings are printed as they are\n"
    "  --indent N          spaces per level (2)\n"
    "  --tab               a tab per level\n"
    "  --arg NAME TEXT     variable $NAME is a string\n"
    "  --argjson NAME JSON variable $NAME is a JSON value\n"
    "  -e                  exit status 1 when the last result is false, null or nothing\n"
    "  --dump=STAGE        show the expression's tokens or tree instead\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 fine, 1 see -e, 2 wrong usage, 3 the expression is faulty, 4 the input\n"
    "cannot be read, 5 the evaluation failed.\n"
    "\n"
    "  jsonata '$sum(lines.(price * quantity))' order.json\n"
    "  jsonata -r 'customer.(first & \" \" & last)' orders.ndjson\n"
    "  jsonata -c 'orders[total > 100].{\"id\": id, \"total\": total}' shop.json\n"
    "  jsonata -n '[1..5].($ * $)'\n";

struct settings {
    const char *expression, *expression_file, *dump;
    char **files;
    bool no_input, slurp, compact, raw, exit_status;
    struct jn_write_options write;
    jn_value bindings;
    struct jn_arena *arena;         /* of the bindings */
};

static int complain(int status, const char *what)
{
    fprintf(stderr, "jsonata: %s\n", what);
    return status;
}

/* ---- the command line ------------------------------------------------------------------------------------------ */

static jn_str text_of(const char *z)
{
    return (jn_str){ z, strlen(z) };
}

static int bind(struct settings *s, const char *name, const char *text, bool is_json)
{
    jn_value v = jn_make_string(text_of(text));
    struct jn_error err = { 0 };
    if (is_json && jn_read(s->arena, text_of(text), NULL, &v, NULL, &err)) {
        fprintf(stderr, "jsonata: --argjson %s: %s\n", name, err.message);
        return USAGE;
    }
    jn_object_put(s->arena, s->bindings, text_of(name), v);
    return OK;
}

/* An option with values behind it; moves *i over them. */
static int read_long(struct settings *s, char **argv, int argc, int *i)
{
    const char *name = argv[*i];
    const int needs = strcmp(name, "--arg") == 0 || strcmp(name, "--argjson") == 0 ? 2 : 1;
    if (argc - *i <= needs) {
        fprintf(stderr, "jsonata: %s needs %d value%s; see --help\n", name, needs, needs > 1 ? "s" : "");
        return USAGE;
    }
    char **values = &argv[*i + 1];
    *i += needs;
    if (strcmp(name, "-f") == 0) {
        s->expression_file = values[0];
        return OK;
    }
    if (strcmp(name, "--indent") == 0) {
        s->write.indent = (unsigned)strtoul(values[0], NULL, 10);
        if (s->write.indent > 10)
            return complain(USAGE, "--indent takes 0 to 10");
        return OK;
    }
    return bind(s, values[0], values[1], name[5] != '\0');
}

static bool read_letters(struct settings *s, const char *letters)
{
    for (; *letters; letters++) {
        bool *const flag = *letters == 'n' ? &s->no_input : *letters == 's' ? &s->slurp : *letters == 'c' ? &s->compact
                         : *letters == 'r' ? &s->raw : *letters == 'e' ? &s->exit_status : NULL;
        if (!flag)
            return false;
        *flag = true;
    }
    return true;
}

static int read_option(struct settings *s, char **argv, int argc, int *i)
{
    const char *name = argv[*i];
    static const char *const with_values[] = { "-f", "--indent", "--arg", "--argjson" };
    for (size_t k = 0; k < sizeof with_values / sizeof *with_values; k++) {
        if (strcmp(name, with_values[k]) == 0)
            return read_long(s, argv, argc, i);
    }
    if (strcmp(name, "--tab") == 0)
        s->write.tabs = true;
    else if (strncmp(name, "--dump=", 7) == 0)
        s->dump = name + 7;
    else if (name[1] == '-' || !read_letters(s, name + 1)) {
        fprintf(stderr, "jsonata: unknown option %s; see --help\n", name);
        return USAGE;
    }
    return OK;
}

/* What is no option is the expression, then files. */
static int read_arguments(struct settings *s, int argc, char **argv)
{
    int rest = 0;
    bool only_rest = false;
    for (int i = 1; i < argc; i++) {
        if (!only_rest && strcmp(argv[i], "--") == 0) {
            only_rest = true;
        } else if (only_rest || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[rest++] = argv[i];
        } else {
            const int status = read_option(s, argv, argc, &i);
            if (status)
                return status;
        }
    }
    argv[rest] = NULL;
    s->files = argv;
    if (!s->expression_file)
        s->expression = *s->files ? *s->files++ : NULL;
    if (!s->expression && !s->expression_file)
        return complain(USAGE, "no expression is given; see --help");
    return OK;
}

/* ---- errors ---------------------------------------------------------------------------------------------------- */

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

enum { SHOWN_BEFORE = 70, SHOWN_AFTER = 40 };       /* bytes of a long line around the place */

static void find_window(jn_str text, size_t at, size_t *from, size_t *to)
{
    *from = *to = at;
    while (*from > 0 && text.data[*from - 1] != '\n' &&
           (at - *from < SHOWN_BEFORE || is_inside_character(text.data[*from])))
        --*from;
    while (*to < text.len && text.data[*to] != '\n' && (*to - at < SHOWN_AFTER || is_inside_character(text.data[*to])))
        ++*to;
}

/* The line of the expression with a caret under the place. */
static void show_place(jn_str text, int64_t position)
{
    const size_t end = jsonata_byte_offset(text, position);
    const size_t at = end > 0 ? end - 1 : 0;        // positions are just after what they mean
    size_t from, to;
    find_window(text, at, &from, &to);
    const bool is_cut = from > 0 && text.data[from - 1] != '\n';
    const bool goes_on = to < text.len && text.data[to] != '\n';
    fprintf(stderr, "  %s%.*s%s\n  %s", is_cut ? "..." : "", (int)(to - from), text.data + from, goes_on ? "..." : "",
            is_cut ? "   " : "");
    for (size_t i = from; i < at; i++) {
        if (!is_inside_character(text.data[i + 1]))
            fputc(text.data[i] == '\t' ? '\t' : ' ', stderr);
    }
    fputs("^\n", stderr);
}

static void show_error(jn_str text, const struct jsonata_error *e)
{
    fprintf(stderr, "jsonata: %s%s%s\n", e->code, *e->code ? ": " : "", e->message);
    if (e->position >= 0)
        show_place(text, e->position);
}

/* ---- evaluating ------------------------------------------------------------------------------------------------ */

struct run {
    const struct settings *s;
    jn_str text;
    struct jsonata *program;
    struct jsonata_context *context;
    jn_value last;                  /* only its type and truth are looked at */
};

static int print_result(const struct run *r, jn_value v)
{
    if (v.type == JN_UNDEFINED)
        return OK;
    if (r->s->raw && v.type == JN_STRING) {
        const jn_str text = jn_get_string(v);
        fwrite(text.data, 1, text.len, stdout);
    } else {
        struct jn_error err = { 0 };
        size_t len;
        char *text = jn_write_text(v, &r->s->write, &len, &err);
        if (!text)
            return complain(EVALUATION_ERROR, err.message);
        fwrite(text, 1, len, stdout);
        free(text);
    }
    fputc('\n', stdout);
    return ferror(stdout) ? complain(INPUT_ERROR, "standard output cannot be written") : OK;
}

static int evaluate(struct run *r, jn_value input)
{
    jn_value result;
    struct jsonata_error e = { 0 };
    const enum jn_status s = jsonata_evaluate(r->program, r->context, input, r->s->bindings, &result, &e);
    if (s) {
        show_error(r->text, &e);
        return EVALUATION_ERROR;
    }
    r->last = result;
    return print_result(r, result);
}

static int evaluate_each(struct run *r)
{
    struct values stream = { .files = r->s->files };
    struct jn_arena *a = jsonata_context_arena(r->context);
    int status = OK;
    while (status == OK) {
        jn_value v;
        struct jn_error err = { 0 };
        jsonata_context_reset(r->context);
        const enum values_result got = values_next(&stream, a, jsonata_context_shapes(r->context), &v, &err);
        if (got == VALUES_END)
            break;
        status = got == VALUES_ONE ? evaluate(r, v) : complain(INPUT_ERROR, err.message);
        fflush(stdout);
    }
    values_close(&stream);
    return status;
}

/* One array of all values.  They borrow from the stream's text, so each is copied by writing and reading it again. */
static int evaluate_slurped(struct run *r)
{
    struct values stream = { .files = r->s->files };
    struct jn_arena *a = jsonata_context_arena(r->context), *one = jn_arena_new(0);
    const jn_value all = jn_make_array(a, 16);
    int status = one ? OK : complain(INPUT_ERROR, "no memory");
    for (;;) {
        jn_value v;
        struct jn_error err = { 0 };
        const enum values_result got = status ? VALUES_END : values_next(&stream, one, NULL, &v, &err);
        if (got == VALUES_END)
            break;
        size_t len;
        char *text = got == VALUES_ONE ? jn_write_text(v, NULL, &len, &err) : NULL;
        const jn_value copy = text ? jn_copy_string(a, (jn_str){ text, len }) : (jn_value){ 0 };
        free(text);
        if (jn_read(a, jn_get_string(copy), NULL, &v, NULL, &err) || !jn_array_add(a, all, v))
            status = complain(INPUT_ERROR, err.message);
        jn_arena_reset(one);
    }
    values_close(&stream);
    jn_arena_free(one);
    return status ? status : evaluate(r, all);
}

static int run(const struct settings *s, jn_str text)
{
    struct run r = { .s = s, .text = text };
    struct jsonata_error e = { 0 };
    if (jsonata_compile(text, NULL, &r.program, &e)) {
        show_error(text, &e);
        return COMPILE_ERROR;
    }
    r.context = jsonata_context_new(NULL);
    int status;
    if (!r.context)
        status = complain(EVALUATION_ERROR, "no memory");
    else if (s->no_input)
        status = evaluate(&r, (jn_value){ 0 });
    else
        status = s->slurp ? evaluate_slurped(&r) : evaluate_each(&r);
    const bool is_false = r.last.type == JN_UNDEFINED || r.last.type == JN_NULL ||
                          (r.last.type == JN_BOOLEAN && !jn_get_boolean(r.last));
    jsonata_context_free(r.context);
    jsonata_free(r.program);
    return status == OK && s->exit_status && is_false ? FALSE_RESULT : status;
}

static int dump(const struct settings *s, jn_str text)
{
    static const char *const stages[] = { "tokens", "tree" };
    for (int i = 0; i < 2; i++) {
        if (strcmp(s->dump, stages[i]) != 0)
            continue;
        struct jsonata_error e = { 0 };
        char *picture = jsonata_dump_text(text, (enum jsonata_dump)i, &e);
        if (!picture) {
            show_error(text, &e);
            return COMPILE_ERROR;
        }
        fputs(picture, stdout);
        free(picture);
        return OK;
    }
    return complain(USAGE, "--dump takes tokens or tree");
}

static int with_expression(const struct settings *s)
{
    struct jn_error err = { 0 };
    jn_str text = text_of(s->expression ? s->expression : "");
    char *from_file = NULL;
    if (s->expression_file) {
        from_file = values_slurp(s->expression_file, &text.len, &err);
        if (!from_file)
            return complain(USAGE, err.message);
        text.data = from_file;
    }
    const int status = s->dump ? dump(s, text) : run(s, text);
    free(from_file);
    return status;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL);       // `jsonata ... | head` ends quietly
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return OK;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("jsonata " JSONATA_VERSION " (JSONata " JSONATA_LANGUAGE_VERSION ")");
            return OK;
        }
    }
    struct settings s = { .write = { .indent = 2 }, .arena = jn_arena_new(0) };
    if (!s.arena)
        return complain(USAGE, "no memory");
    s.bindings = jn_make_object(s.arena, 8);
    int status = read_arguments(&s, argc, argv);
    if (s.compact)
        s.write = (struct jn_write_options){ 0 };
    if (status == OK)
        status = with_expression(&s);
    jn_arena_free(s.arena);
    return status;
}
