/* main.c - jsonata: a filter for JSON, as jq is one, in JSONata.  Uses the public headers only, and so shows that they
 * suffice. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "bench.h"
#include "filter.h"
#include "jsonata/version.h"
#include "options.h"
#include "repl.h"
#include "report.h"

static int dump(const struct options *o, jn_str expression)
{
    static const char *const stages[] = { "tokens", "tree" };
    for (int i = 0; i < 2; i++) {
        if (strcmp(o->stage, stages[i]) != 0)
            continue;
        struct jsonata_error e = { 0 };
        char *picture = jsonata_dump_text(expression, (enum jsonata_dump)i, &e);
        if (!picture) {
            report_error(expression, &e);
            return COMPILE_ERROR;
        }
        fputs(picture, stdout);
        free(picture);
        return OK;
    }
    return complain(USAGE, "--dump takes tokens or tree");
}

static int show_tree(const struct options *o, jn_str expression)
{
    jn_value tree;
    struct jsonata_error e = { 0 };
    struct jn_error err = { 0 };
    const struct jsonata_compile_options how = { .recover = o->recover };
    const enum jn_status s = jsonata_ast(o->arena, expression, &how, &tree, &e);
    if (s) {
        report_error(expression, &e);
        return COMPILE_ERROR;
    }
    if (!print_value(stdout, tree, &o->print, o->limits.timeout_ms, &err))
        return complain(EVALUATION_ERROR, err.message);
    putchar('\n');
    return OK;
}

static int with_expression(const struct options *o)
{
    jn_str expression;
    char *text = options_expression(o, &expression.len);
    if (!text)
        return USAGE;
    expression.data = text;
    const int status = o->mode == MODE_DUMP ? dump(o, expression) : o->mode == MODE_AST ? show_tree(o, expression)
                     : o->mode == MODE_BENCH ? bench(o, expression) : filter(o, expression);
    free(text);
    return status;
}

static int run(const struct options *o)
{
    switch (o->mode) {
    case MODE_HELP:
        options_help();
        return OK;
    case MODE_VERSION:
        puts("jsonata " JSONATA_VERSION " (JSONata " JSONATA_LANGUAGE_VERSION ")");
        return OK;
    case MODE_BATCH:
        return batch(o);
    case MODE_REPL:
        return repl(o);
    default:
        return with_expression(o);
    }
}

/* The C library gives freed memory back to the system at once above 128 KB, and has to ask for it again, page by page,
 * for the next expression or value: that costs more than compiling.  A filter keeps what it needed. */
static void keep_memory(void)
{
    enum { KEPT = 64 << 20 };
    mallopt(M_MMAP_THRESHOLD, KEPT);
    mallopt(M_TRIM_THRESHOLD, KEPT);
}

/* What waits in the buffer has to get out, too: a full disk often shows only now. */
static int finish_output(int status)
{
    const bool is_out = fflush(stdout) == 0 && !ferror(stdout);
    if (is_out || (status != OK && status != FALSE_RESULT))
        return status;
    return complain(INPUT_ERROR, "standard output cannot be written");
}

int main(int argc, char **argv)
{
    keep_memory();
    signal(SIGPIPE, SIG_DFL);       // `jsonata ... | head` ends quietly
    struct options o;
    int status = options_read(&o, argc, argv);
    if (status == OK)
        status = finish_output(run(&o));
    options_clear(&o);
    return status;
}
