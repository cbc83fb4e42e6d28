/* repl.c - see repl.h.
 *
 * `$name := value` lasts: the value is copied and bound for the lines to come.  A function cannot be copied; its line
 * is kept instead and goes in front of each later one, in a block, so that functions see each other and what is
 * assigned later.  An expression that ends too early goes on in the next line. */
#include "repl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "complete.h"
#include "jsonata/version.h"
#include "line.h"
#include "report.h"
#include "values.h"

struct definition {
    char *name, *text;              /* "f", "$f := function..." */
};

struct repl {
    const struct options *o;
    struct line_reader *lines;
    struct jsonata_context *context;
    struct jn_arena *document_arena, *scratch;
    jn_value document;
    struct definition *definitions;
    char **names;                   /* of the definitions, for completion */
    size_t definitions_len;
    bool is_over;
};

/* ---- interruptions ----------------------------------------------------------------------------------------------- */

/* A signal handler reaches nothing else. */
static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    was_interrupted = 1;
}

static bool is_cancelled(void *host)
{
    (void)host;
    return was_interrupted != 0;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* `b` behind `a`, which is freed; NULL when there is no memory. */
static char *joined(char *a, const char *between, const char *b)
{
    char *out = NULL;
    if (asprintf(&out, "%s%s%s", a ? a : "", a ? between : "", b) < 0)
        out = NULL;
    free(a);
    return out;
}

static const char *after_space(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* The path of the history, with its folder made; NULL when there is nowhere. */
static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (!(state && *state == '/') && !(home && *home))
        return NULL;
    if (asprintf(&path, "%s%s/jsonata/history", state && *state == '/' ? state : home,
                 state && *state == '/' ? "" : "/.local/state") < 0)
        return NULL;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);          // most are there; what cannot be made shows when the history is written
        *slash = '/';
    }
    return path;
}

/* ---- names that last --------------------------------------------------------------------------------------------- */

static bool holds_function(jn_value v, unsigned depth)
{
    enum { DEEPEST = 1000 };
    bool found = v.type == JN_FUNCTION || depth == DEEPEST;
    const bool is_container = v.type == JN_ARRAY || v.type == JN_OBJECT;
    for (size_t i = 0; is_container && !found && i < jn_length(v); i++)
        found = holds_function(jn_at(v, i), depth + 1);
    return found;
}

/* The name that the expression assigns to, undefined when it does something else. */
static jn_value assigned_name(const struct repl *r, jn_str expression)
{
    jn_value tree;
    jn_arena_reset(r->scratch);
    if (jsonata_ast(r->scratch, expression, NULL, &tree, NULL))
        return (jn_value){ 0 };
    const jn_str type = jn_get_string(jn_member(tree, text_of("type")));
    if (type.len != 4 || memcmp(type.data, "bind", 4) != 0)
        return (jn_value){ 0 };
    return jn_member(jn_member(tree, text_of("lhs")), text_of("value"));
}

static void forget_definition(struct repl *r, const char *name)
{
    for (size_t i = 0; i < r->definitions_len; i++) {
        struct definition *d = &r->definitions[i];
        if (strcmp(d->name, name) != 0)
            continue;
        free(d->name);
        free(d->text);
        r->definitions_len--;
        memmove(d, d + 1, (r->definitions_len - i) * sizeof *d);
        memmove(&r->names[i], &r->names[i + 1], (r->definitions_len - i) * sizeof *r->names);
        return;
    }
}

static bool make_room(struct repl *r, size_t n)
{
    struct definition *d = realloc(r->definitions, n * sizeof *d);
    if (!d)
        return false;
    r->definitions = d;
    char **names = realloc(r->names, n * sizeof *names);
    if (!names)
        return false;
    r->names = names;
    return true;
}

static bool add_definition(struct repl *r, const char *name, const char *text)
{
    const size_t n = r->definitions_len;
    if (!make_room(r, n + 1))
        return false;
    r->definitions[n] = (struct definition){ strdup(name), strdup(text) };
    r->names[n] = r->definitions[n].name;
    r->definitions_len = n + 1;
    if (r->definitions[n].name && r->definitions[n].text)
        return true;
    free(r->definitions[n].name);
    free(r->definitions[n].text);
    r->definitions_len = n;
    return false;
}

/* Copies a value into memory that lasts: what the evaluation leaves is gone with the next one. */
static bool bind_copy(const struct repl *r, jn_str name, jn_value v)
{
    size_t len;
    jn_value copy = { 0 };
    struct jn_arena *a = r->o->arena;
    char *text = jn_write_text(v, NULL, &len, NULL);
    const jn_value kept = text ? jn_copy_string(a, (jn_str){ text, len }) : copy;
    const jn_value key = jn_copy_string(a, name);
    free(text);
    return kept.type == JN_STRING && key.type == JN_STRING &&
           jn_read(a, jn_get_string(kept), NULL, &copy, NULL, NULL) == JN_OK &&
           jn_object_put(a, r->o->bindings, jn_get_string(key), copy);
}

static void remember_assignment(struct repl *r, jn_str expression, jn_value result)
{
    const jn_value assigned = assigned_name(r, expression);
    const jn_str name = jn_get_string(assigned);
    char *z = assigned.type == JN_STRING ? strndup(name.data, name.len) : NULL;
    if (!z)
        return;
    forget_definition(r, z);
    const bool ok = result.type == JN_UNDEFINED ? true : holds_function(result, 0)
                  ? add_definition(r, z, expression.data) : bind_copy(r, name, result);
    if (!ok)
        complain(EVALUATION_ERROR, "no memory to keep the variable");
    free(z);
}

/* ---- evaluating -------------------------------------------------------------------------------------------------- */

/* "(definitions; " and the length of that in UTF-16 units, by which places move. */
static char *with_definitions(const struct repl *r, const char *expression, int64_t *moved)
{
    char *text = strdup("(");
    for (size_t i = 0; text && i < r->definitions_len; i++)
        text = joined(joined(text, "", r->definitions[i].text), "", ";\n");
    if (!text)
        return NULL;
    *moved = 0;
    for (const char *p = text; *p; p++)
        *moved += ((unsigned char)*p & 0xc0) != 0x80 ? 1 + ((unsigned char)*p >= 0xf0) : 0;
    return joined(joined(text, "", expression), "", "\n)");
}

static void print(const struct repl *r, jn_value v)
{
    struct jn_error err = { 0 };
    if (v.type == JN_FUNCTION)
        puts("(a function)");
    else if (v.type != JN_UNDEFINED && print_value(stdout, v, &r->o->print, r->o->limits.timeout_ms, &err))
        putchar('\n');
    else if (v.type != JN_UNDEFINED)
        complain(EVALUATION_ERROR, err.message);
}

static void evaluate_program(struct repl *r, const struct jsonata *program, jn_str expression, int64_t moved)
{
    jn_value result;
    struct jsonata_error e = { 0 };
    struct jsonata_limits limits = r->o->limits;
    limits.cancelled = is_cancelled;
    was_interrupted = 0;
    jsonata_context_reset(r->context);
    jsonata_context_limit(r->context, &limits);
    const enum jn_status s = jsonata_evaluate(program, r->context, r->document, r->o->bindings, &result, &e);
    fflush(stdout);
    if (s) {
        e.position = e.position > moved ? e.position - moved : -1;      // in a definition: no place to show
        report_error(expression, &e);
        return;
    }
    remember_assignment(r, expression, result);
    print(r, result);
}

/* The expression has been compiled by itself, so that syntax errors are told in its own words. */
static void evaluate(struct repl *r, const struct jsonata *alone, jn_str expression)
{
    int64_t moved = 0;
    struct jsonata *program = NULL;
    struct jsonata_error e = { 0 };
    if (!r->definitions_len) {
        evaluate_program(r, alone, expression, 0);
        return;
    }
    char *text = with_definitions(r, expression.data, &moved);
    if (!text || jsonata_compile(text_of(text), NULL, &program, &e))
        complain(EVALUATION_ERROR, text ? e.message : "no memory");
    else
        evaluate_program(r, program, expression, moved);
    jsonata_free(program);
    free(text);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

/* The first value of the file becomes the document. */
static bool load(struct repl *r, const char *path)
{
    size_t len;
    struct jn_error err = { 0 };
    char *text = values_slurp(path, &len, &err);
    if (!text) {
        complain(INPUT_ERROR, err.message);
        return false;
    }
    jn_value v;
    const jn_str kept = jn_get_string(jn_copy_string(r->document_arena, (jn_str){ text, len }));
    free(text);
    if (jn_read(r->document_arena, kept, NULL, &v, NULL, &err)) {
        fprintf(stderr, "jsonata: %s, line %u, column %u: %s\n", path, err.line, err.column, err.message);
        return false;
    }
    r->document = v;
    return true;
}

static void command_load(struct repl *r, const char *argument)
{
    if (load(r, argument))
        printf("%s: %s\n", argument, jn_type_name(r->document));
}

static void command_ast(struct repl *r, const char *argument)
{
    jn_value tree;
    struct jsonata_error e = { 0 };
    jn_arena_reset(r->scratch);
    if (jsonata_ast(r->scratch, text_of(argument), NULL, &tree, &e))
        report_error(text_of(argument), &e);
    else
        print(r, tree);
}

static void command_names(struct repl *r, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < jn_length(r->o->bindings); i++) {
        const jn_str name = jn_key_at(r->o->bindings, i);
        printf("$%.*s := ", (int)name.len, name.data);
        print(r, jn_at(r->o->bindings, i));
    }
    for (size_t i = 0; i < r->definitions_len; i++)
        puts(r->definitions[i].text);
}

static void command_functions(struct repl *r, const char *argument)
{
    (void)r;
    const char *name, *signature, *wanted = *argument == '$' ? argument + 1 : argument;
    for (size_t i = 0; (name = jsonata_function_at(i, &signature)) != NULL; i++) {
        if (strstr(name, wanted))
            printf("$%s%s%s\n", name, signature ? "  " : "", signature ? signature : "");
    }
}

static void command_quit(struct repl *r, const char *argument)
{
    (void)argument;
    r->is_over = true;
}

static void command_help(struct repl *r, const char *argument);

static const struct command {
    const char *name, *argument, *help;
    void (*run)(struct repl *r, const char *argument);
} commands[] = {
    { "load", " FILE", "the document becomes the JSON in FILE", command_load },
    { "ast", " EXPRESSION", "the expression's tree", command_ast },
    { "names", "", "the variables that are assigned", command_names },
    { "functions", " [TEXT]", "built-in functions with TEXT in their name, and their signatures", command_functions },
    { "help", "", "this", command_help },
    { "quit", "", "leave; so does ^D", command_quit },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void command_help(struct repl *r, const char *argument)
{
    (void)r, (void)argument;
    puts("An expression is evaluated with $ being the document; $name := ... lasts.\n"
         "Tab completes functions, variables and fields; ^C drops the line or stops an evaluation.\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        char usage[40];
        snprintf(usage, sizeof usage, ":%s%s", commands[i].name, commands[i].argument);
        printf("  %-20s%s\n", usage, commands[i].help);
    }
}

/* ":name argument"; the beginning of a name is enough. */
static void run_command(struct repl *r, const char *line)
{
    const size_t len = strcspn(line, " \t");
    char *argument = strdup(after_space(line + len));
    const struct command *found = NULL;
    for (size_t i = 0; i < COMMANDS && !found; i++)
        if (len && strncmp(commands[i].name, line, len) == 0)
            found = &commands[i];
    for (size_t n = argument ? strlen(argument) : 0; n > 0 && strchr(" \t\r", argument[n - 1]); n--)
        argument[n - 1] = '\0';
    if (found && argument && (*argument || found->argument[0] == '\0' || found->argument[1] == '['))
        found->run(r, argument);
    else
        complain(USAGE, found ? "the command needs an argument; see :help" : "there is no such command; see :help");
    free(argument);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* Codes of expressions that end before they are complete. */
static bool is_open(const struct jsonata_error *e, jn_str text)
{
    static const char *const codes[] = { "S0101", "S0105", "S0106", "S0203", "S0207", "S0302" };
    bool is_listed = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        is_listed |= strcmp(e->code, codes[i]) == 0;
    return is_listed && (e->code[2] != '2' || jsonata_byte_offset(text, e->position) >= text.len);
}

/* Reads on while the expression is open and the person goes on.  The program, or NULL after a report; `*text` grows. */
static struct jsonata *compile_open(struct repl *r, char **text)
{
    for (;;) {
        struct jsonata *program;
        struct jsonata_error e = { 0 };
        if (!jsonata_compile(text_of(*text), NULL, &program, &e))
            return program;
        char *more = NULL;
        const enum line_result got = is_open(&e, text_of(*text)) ? line_read(r->lines, "... ", &more) : LINE_END;
        if (got != LINE_ONE || !*more) {
            free(more);
            if (got != LINE_CANCELLED)
                report_error(text_of(*text), &e);
            return NULL;
        }
        *text = joined(*text, "\n", more);
        free(more);
        if (!*text)
            return NULL;
    }
}

static void run_expression(struct repl *r, char **text)
{
    struct jsonata *program = compile_open(r, text);
    if (program)
        evaluate(r, program, text_of(*text));
    jsonata_free(program);
}

static void run_line(struct repl *r, char *line)
{
    char *text = line;
    const char *start = after_space(line);
    if (*start == ':')
        run_command(r, start + 1);
    else if (*start)
        run_expression(r, &text);
    for (char *p = text; p && *p; p++)      // the history has one line for each entry
        *p = *p == '\n' ? ' ' : *p;
    if (text && *after_space(text))
        line_remember(r->lines, text);
    free(text);
}

static void run_lines(struct repl *r)
{
    while (!r->is_over) {
        char *line;
        const enum line_result got = line_read(r->lines, "jsonata> ", &line);
        if (got == LINE_END)
            break;
        if (got == LINE_ONE)
            run_line(r, line);
    }
}

static void complete_command(const char *typed, size_t len, struct line_words *out)
{
    out->typed = len;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strncmp(commands[i].name, typed, len) == 0)
            line_words_add(out, commands[i].name, strlen(commands[i].name));
}

static void complete(void *arg, const char *before, size_t len, struct line_words *out)
{
    const struct repl *r = arg;
    if (len && *before == ':' && !memchr(before, ' ', len)) {
        complete_command(before + 1, len - 1, out);
        return;
    }
    const struct completion c = { r->document, r->o->bindings, r->names, r->definitions_len, r->context };
    complete_names(&c, (jn_str){ before, len }, out);
}

static void close_all(struct repl *r)
{
    line_close(r->lines);
    while (r->definitions_len)
        forget_definition(r, r->names[r->definitions_len - 1]);
    free(r->definitions);
    free(r->names);
    jsonata_context_free(r->context);
    jn_arena_free(r->document_arena);
    jn_arena_free(r->scratch);
}

int repl(const struct options *o)
{
    struct repl r = { .o = o, .context = jsonata_context_new(&o->limits), .document_arena = jn_arena_new(0),
                      .scratch = jn_arena_new(0) };
    const struct sigaction interrupt = { .sa_handler = on_interrupt };
    char *history = history_path();
    r.lines = line_open(history, complete, &r);
    free(history);
    sigaction(SIGINT, &interrupt, NULL);
    int status = r.lines && r.context && r.document_arena && r.scratch ? OK : complain(EVALUATION_ERROR, "no memory");
    if (status == OK && *o->files && !load(&r, *o->files))
        status = INPUT_ERROR;
    if (status == OK)
        run_lines(&r);
    close_all(&r);
    return status;
}
