/* options.c - see options.h.  An option has a long name, perhaps a letter, and up to two values behind it; letters may
 * share one dash ("-rc"), a single value may follow "=" ("--indent=4"), and options stand before or behind the
 * expression.  Names and letters are those that users of jq know. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "values.h"

typedef int apply_fn(struct options *o, char **values);

struct option {
    const char *name;
    char letter;                    /* 0: none */
    uint8_t values;
    apply_fn *apply;
    const char *arguments, *help;   /* no help: not for people */
};

/* ---- what each does ---------------------------------------------------------------------------------------------- */

#define FLAG(name, member)                                          \
    static int set_##name(struct options *o, char **values)         \
    {                                                               \
        (void)values;                                               \
        o->member = true;                                           \
        return OK;                                                  \
    }
FLAG(null_input, null_input)
FLAG(slurp, slurp)
FLAG(raw_input, raw_input)
FLAG(raw, print.raw)
FLAG(sort, print.sort)
FLAG(ascii, print.ascii)
FLAG(colour, print.colour)
FLAG(tab, print.write.tabs)
FLAG(exit_status, exit_status)
FLAG(unbuffered, unbuffered)
FLAG(recover, recover)
FLAG(plain, plain)

static int set_compact(struct options *o, char **values)
{
    (void)values;
    o->print.write = (struct jn_write_options){ 0 };
    return OK;
}

static int set_monochrome(struct options *o, char **values)
{
    (void)values;
    o->print.colour = false;
    return OK;
}

static int set_join(struct options *o, char **values)
{
    (void)values;
    o->print.raw = o->join = true;
    return OK;
}

static int set_file(struct options *o, char **values)
{
    o->expression_file = values[0];
    return OK;
}

/* A number from `text`, all of it, within the bounds. */
static bool read_number(const char *text, double least, double most, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= least && *out <= most;
}

static int set_indent(struct options *o, char **values)
{
    double n;
    if (!read_number(values[0], 0, 10, &n))
        return complain(USAGE, "--indent takes 0 to 10");
    o->print.write.indent = (unsigned)n;
    return OK;
}

static int complain_about(const char *option, const char *name, const char *message)
{
    fprintf(stderr, "jsonata: %s %s: %s\n", option, name, message);
    return USAGE;
}

static int bind(struct options *o, const char *name, jn_value v)
{
    if (*name == '$')
        name++;
    return jn_object_put(o->arena, o->bindings, text_of(name), v) ? OK : complain(USAGE, "no memory");
}

static int set_arg(struct options *o, char **values)
{
    return bind(o, values[0], values_string(o->arena, text_of(values[1])));
}

static int set_argjson(struct options *o, char **values)
{
    jn_value v;
    struct jn_error err = { 0 };
    if (jn_read(o->arena, text_of(values[1]), NULL, &v, NULL, &err))
        return complain_about("--argjson", values[0], err.message);
    return bind(o, values[0], v);
}

static int set_slurpfile(struct options *o, char **values)
{
    jn_value all;
    struct jn_error err = { 0 };
    char *const file[] = { values[1], NULL };
    if (!o->keys && !(o->keys = jsonata_context_new(NULL)))
        return complain(USAGE, "no memory");
    if (!values_all(file, o->arena, jsonata_context_shapes(o->keys), &all, &err))
        return complain_about("--slurpfile", values[0], err.message);
    return bind(o, values[0], all);
}

static int set_rawfile(struct options *o, char **values)
{
    size_t len;
    struct jn_error err = { 0 };
    char *text = values_slurp(values[1], &len, &err);
    if (!text)
        return complain_about("--rawfile", values[0], err.message);
    const jn_value v = values_string(o->arena, (jn_str){ text, len });
    const jn_value copy = jn_copy_string(o->arena, jn_get_string(v));
    free(text);
    return bind(o, values[0], copy);
}

static int set_timelimit(struct options *o, char **values)
{
    double n;
    if (!read_number(values[0], 1, 1e12, &n))
        return complain(USAGE, "--timelimit takes milliseconds");
    o->limits.timeout_ms = (int64_t)n;
    return OK;
}

static int set_depth(struct options *o, char **values)
{
    double n;
    if (!read_number(values[0], 1, 1e9, &n))
        return complain(USAGE, "--depth takes a number of nested evaluations");
    o->limits.max_depth = (uint32_t)n;
    return OK;
}

static int set_memory(struct options *o, char **values)
{
    double n;
    if (!read_number(values[0], 1, 1e6, &n))
        return complain(USAGE, "--memory takes megabytes");
    o->limits.max_bytes = (size_t)(n * 1048576);
    return OK;
}

static int set_dump(struct options *o, char **values)
{
    o->mode = MODE_DUMP;
    o->stage = values[0];
    return OK;
}

static int set_ast(struct options *o, char **values)
{
    (void)values;
    o->mode = MODE_AST;
    return OK;
}

static int set_repl(struct options *o, char **values)
{
    (void)values;
    o->mode = MODE_REPL;
    return OK;
}

static int set_batch(struct options *o, char **values)
{
    (void)values;
    o->mode = MODE_BATCH;
    return OK;
}

static int set_bench(struct options *o, char **values)
{
    o->mode = MODE_BENCH;
    if (!read_number(values[0], 0, 3600, &o->seconds))
        return complain(USAGE, "--bench takes seconds");
    return OK;
}

static int set_help(struct options *o, char **values)
{
    (void)values;
    o->mode = MODE_HELP;
    return OK;
}

static int set_version(struct options *o, char **values)
{
    (void)values;
    o->mode = MODE_VERSION;
    return OK;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct option table[] = {
    { "from-file", 'f', 1, set_file, "FILE", "the expression is in FILE" },
    { "null-input", 'n', 0, set_null_input, "", "no input: evaluate once, with $ being nothing" },
    { "slurp", 's', 0, set_slurp, "", "all values as one array" },
    { "raw-input", 'R', 0, set_raw_input, "", "each line of the input is a string; with -s, all of it is one" },
    { "compact-output", 'c', 0, set_compact, "", "one line per result" },
    { "raw-output", 'r', 0, set_raw, "", "results that are strings are printed as they are" },
    { "join-output", 'j', 0, set_join, "", "the same, and no newline after a result" },
    { "sort-keys", 'S', 0, set_sort, "", "members of objects in the order of their keys" },
    { "ascii-output", 'a', 0, set_ascii, "", "everything above ASCII as \\u" },
    { "color-output", 'C', 0, set_colour, "", "colours, also when the output is no terminal" },
    { "monochrome-output", 'M', 0, set_monochrome, "", "no colours" },
    { "indent", 0, 1, set_indent, "N", "spaces per level (2)" },
    { "tab", 0, 0, set_tab, "", "a tab per level" },
    { "unbuffered", 0, 0, set_unbuffered, "", "each result is on its way before the next is made" },
    { "arg", 0, 2, set_arg, "NAME TEXT", "variable $NAME is a string" },
    { "argjson", 0, 2, set_argjson, "NAME JSON", "variable $NAME is a JSON value" },
    { "slurpfile", 0, 2, set_slurpfile, "NAME FILE", "variable $NAME is the array of the JSON values in FILE" },
    { "rawfile", 0, 2, set_rawfile, "NAME FILE", "variable $NAME is the text of FILE" },
    { "exit-status", 'e', 0, set_exit_status, "", "exit status 1 when the last result is false, null or nothing" },
    { "timelimit", 0, 1, set_timelimit, "MS", "an evaluation may take so many milliseconds" },
    { "depth", 0, 1, set_depth, "N", "evaluations may nest so deep" },
    { "memory", 0, 1, set_memory, "MB", "an evaluation may take so much memory (1024)" },
    { "ast", 0, 0, set_ast, "", "show the expression's tree as JSON, as the reference's ast() has it" },
    { "recover", 0, 0, set_recover, "", "with --ast: a tree in spite of errors, and the list of them" },
    { "dump", 0, 1, set_dump, "STAGE", "show the expression's tokens or tree" },
    { "repl", 0, 0, set_repl, "", "read expressions and show what they give; also without EXPRESSION on a terminal" },
    { "batch", 0, 0, set_batch, "", "answer requests, one a line: see jsonata(1)" },
    { "bench", 0, 1, set_bench, "SECONDS", "measure the expression on a document" },
    { "plain", 0, 0, set_plain, "", "evaluate without fast paths, for comparing" },
    { "help", 'h', 0, set_help, "", "this" },
    { "version", 'V', 0, set_version, "", "which one this is" },
};

enum { OPTIONS = sizeof table / sizeof *table };

void options_help(void)
{
    fputs("usage: jsonata [OPTION...] EXPRESSION [FILE...]\n"
          "       jsonata [OPTION...] -f FILE [FILE...]\n"
          "       jsonata [--repl [FILE]]\n"
          "       jsonata --batch [FILE]\n"
          "\n"
          "Evaluates a JSONata expression for each JSON value in the FILEs or on standard input,\n"
          "and prints each result. A result that is nothing prints nothing.\n\n", stdout);
    for (size_t i = 0; i < OPTIONS; i++) {
        char name[40], letter[4] = { table[i].letter ? '-' : ' ', table[i].letter ? table[i].letter : ' ', '\0' };
        snprintf(name, sizeof name, "--%s %s", table[i].name, table[i].arguments);
        printf("  %s  %-24s%s\n", letter, name, table[i].help);
    }
    fputs("\n"
          "What stands behind -- is no option: jsonata -- '-price' order.json\n"
          "\n"
          "Exit status: 0 fine, 1 see -e, 2 wrong usage, 3 the expression is faulty, 4 the input\n"
          "cannot be read or the output cannot be written, 5 an evaluation failed.\n"
          "\n"
          "  jsonata '$sum(lines.(price * quantity))' order.json\n"
          "  jsonata -r 'customer.(first & \" \" & last)' orders.ndjson\n"
          "  jsonata -c 'orders[total > 100].{\"id\": id, \"total\": total}' shop.json\n"
          "  jsonata -n '[1..5].($ * $)'\n", stdout);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* What is left of the arguments; values of options are taken from its front. */
struct arguments {
    char **next;                    /* NULL at the end */
};

static int unknown(const char *argument)
{
    fprintf(stderr, "jsonata: unknown option %s; see --help\n", argument);
    return USAGE;
}

static int apply(struct options *o, const struct option *option, struct arguments *a)
{
    char **values = a->next;
    for (int i = 0; i < option->values; i++) {
        if (!*a->next) {
            fprintf(stderr, "jsonata: --%s needs %s; see --help\n", option->name, option->arguments);
            return USAGE;
        }
        a->next++;
    }
    return option->apply(o, values);
}

static int read_letters(struct options *o, const char *argument, struct arguments *a)
{
    for (const char *letter = argument + 1; *letter; letter++) {
        size_t i = 0;
        while (i < OPTIONS && table[i].letter != *letter)
            i++;
        const int status = i < OPTIONS ? apply(o, &table[i], a) : unknown(argument);
        if (status)
            return status;
    }
    return OK;
}

/* --name, or --name=value where there is one value. */
static int read_name(struct options *o, char *argument, struct arguments *a)
{
    char *name = argument + 2, *equals = strchr(name, '=');
    const size_t len = equals ? (size_t)(equals - name) : strlen(name);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(table[i].name) != len || memcmp(table[i].name, name, len) != 0)
            continue;
        if (!equals)
            return apply(o, &table[i], a);
        if (table[i].values == 1)
            return table[i].apply(o, (char *[]){ equals + 1 });
    }
    return unknown(argument);
}

/* What is no option moves to the front of `argv`. */
static int read_arguments(struct options *o, char **argv)
{
    struct arguments a = { argv + 1 };
    char **rest = argv;
    bool only_rest = false;
    int status = OK;
    while (*a.next && status == OK) {
        char *argument = *a.next++;
        if (only_rest || argument[0] != '-' || argument[1] == '\0')
            *rest++ = argument;
        else if (strcmp(argument, "--") == 0)
            only_rest = true;
        else
            status = argument[1] == '-' ? read_name(o, argument, &a) : read_letters(o, argument, &a);
    }
    *rest = NULL;
    o->files = argv;
    return status;
}

static bool needs_expression(enum mode mode)
{
    return mode == MODE_FILTER || mode == MODE_DUMP || mode == MODE_AST || mode == MODE_BENCH;
}

/* Colours are for terminals, and not for people who say no (no-color.org). */
static bool wants_colour(void)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return !(no && *no) && !(terminal && strcmp(terminal, "dumb") == 0) && isatty(STDOUT_FILENO);
}

int options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){ .print = { .write.indent = 2, .colour = wants_colour() },
                           .limits = { .max_bytes = (size_t)1 << 30 },
                           .arena = jn_arena_new(0), .files = argv + argc };
    if (!o->arena || argc < 1)
        return complain(USAGE, "no memory");
    o->bindings = jn_make_object(o->arena, 8);
    const int status = read_arguments(o, argv);
    if (status)
        return status;
    if (!needs_expression(o->mode))
        return OK;
    if (!o->expression_file)
        o->expression = *o->files ? *o->files++ : NULL;
    if (!o->expression && !o->expression_file && argc == 1 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        o->mode = MODE_REPL;
    if (o->mode == MODE_REPL)
        return OK;
    return o->expression || o->expression_file ? OK : complain(USAGE, "no expression is given; see --help");
}

void options_clear(struct options *o)
{
    jn_arena_free(o->arena);
    jsonata_context_free(o->keys);
    o->arena = NULL;
    o->keys = NULL;
}

char *options_expression(const struct options *o, size_t *len)
{
    struct jn_error err = { 0 };
    char *text = NULL;
    if (o->expression_file) {
        text = values_slurp(o->expression_file, len, &err);
    } else {
        *len = strlen(o->expression);
        text = strdup(o->expression);
    }
    if (!text)
        complain(USAGE, *err.message ? err.message : "no memory");
    return text;
}
