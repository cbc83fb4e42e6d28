/* options.c - see options.h. */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELP_COLUMN = 30 };

static const struct cli_option *find(const struct cli_option *options, size_t count, jn_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (jn_str_eq(jn_str_of(options[i].name), name))
            return &options[i];
    }
    return NULL;
}

static enum jn_status store_count(const char *name, const char *text, int64_t *out, struct jn_error *err)
{
    char *end;
    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end || n < 0)
        return jn_fail(err, JN_BAD_VALUE, "%s needs a whole number, not \"%s\"", name, text);
    *out = n;
    return JN_OK;
}

static enum jn_status store(const struct cli_option *o, const char *value, void *into, struct jn_error *err)
{
    void *at = (char *)into + o->offset;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)at = true;
        return JN_OK;
    case CLI_TEXT:
        *(const char **)at = value;
        return JN_OK;
    case CLI_COUNT:
        return store_count(o->name, value, at, err);
    }
    return JN_OK;
}

/* One option at argv[*i]; moves *i over its value. */
static enum jn_status read_one(const struct cli_option *options, size_t count, void *into, int argc, char **argv,
                               int *i, struct jn_error *err)
{
    const char *equals = strchr(argv[*i], '=');
    const size_t name_len = equals ? (size_t)(equals - argv[*i]) : strlen(argv[*i]);
    const struct cli_option *o = find(options, count, (jn_str){ argv[*i], name_len });
    if (!o)
        return jn_fail(err, JN_BAD_VALUE, "unknown option %.*s; --help lists them all", (int)name_len, argv[*i]);
    if (o->kind == CLI_FLAG)
        return equals ? jn_fail(err, JN_BAD_VALUE, "%s takes no value", o->name) : store(o, NULL, into, err);
    if (equals)
        return store(o, equals + 1, into, err);
    if (*i + 1 >= argc)
        return jn_fail(err, JN_BAD_VALUE, "%s needs a value: %s %s", o->name, o->name, o->argument);
    return store(o, argv[++*i], into, err);
}

enum jn_status cli_options_read(const struct cli_option *options, size_t count, void *into, int argc, char **argv,
                                int *rest, struct jn_error *err)
{
    int kept = 0;
    bool only_rest = false;
    for (int i = 0; i < argc; i++) {
        if (!only_rest && strcmp(argv[i], "--") == 0) {
            only_rest = true;
        } else if (only_rest || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[kept++] = argv[i];
        } else {
            enum jn_status s = read_one(options, count, into, argc, argv, &i, err);
            if (s)
                return s;
        }
    }
    *rest = kept;
    return JN_OK;
}

/* Help texts may hold newlines: each line goes to the same column. */
static void print_help_text(const char *help)
{
    for (;;) {
        const char *end = strchrnul(help, '\n');
        printf("%.*s\n", (int)(end - help), help);
        if (!*end)
            return;
        help = end + 1;
        printf("%*s", HELP_COLUMN, "");
    }
}

void cli_options_print(const struct cli_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cli_option *o = &options[i];
        const int n = printf("  %s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
        printf("%*s", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "");
        print_help_text(o->help);
    }
}
