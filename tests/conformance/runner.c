/* runner.c - runs the official JSONata test suite against libjsonata.
 *
 *     conformance_runner                     all groups, a line each, and the total
 *     conformance_runner --group joins       one group; also --case joins/index#3
 *     conformance_runner --failures          with expression, expectation and outcome of each case that fails
 *     conformance_runner --record            writes tests/conformance/known-failures.txt anew
 *
 * With JSONATA_PLAIN=1 in the environment, all of it without the engine's fast paths.
 *
 * The suite is other people's data and no part of this repository: it is looked for in $ALC_SHARED, else in ../shared;
 * without it the program says so and exits with 77.  Each group runs in a process of its own, so that a crash or a hang
 * costs one case: the outcome of each case is noted in memory that both processes see. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "known.h"
#include "suite.h"

enum {
    MAX_CASES = 2000,           /* in a group; the largest has about 100 */
    HANG_SECONDS = 40,          /* beyond the evaluation's own limit of ten seconds */
    SKIPPED = 77,
};

static const char known_path[] = "tests/conformance/known-failures.txt";

struct options {
    const char *group, *only;   /* NULL: all */
    bool failures, record;
};

/* What the child tells, also when it dies. */
struct board {
    size_t current;
    bool passed[MAX_CASES];
};

struct totals {
    size_t passed, all, surprises, fixed;
    FILE *record;
};

struct runner {
    struct suite suite;
    struct options options;
    struct known known;
    struct board *board;
    struct totals totals;
};

/* ---- one group --------------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct runner *r, const struct suite_case *c)
{
    return !r->options.only || strcmp(c->id, r->options.only) == 0;
}

static void tell_failure(const struct suite_case *c, const char *got)
{
    char *expression = suite_expression(c), *expectation = suite_expectation(c);
    printf("%s\n    expression %s\n    expected   %s\n    got        %s\n", c->id, expression, expectation, got);
    free(expression);
    free(expectation);
}

/* In the child: runs the cases from `from` on. */
static void run_cases(const struct runner *r, const struct suite_group *g, size_t from)
{
    struct jsonata_context *context = jsonata_context_new(NULL);
    for (size_t i = from; context && i < g->len; i++) {
        if (!is_wanted(r, &g->cases[i]))
            continue;
        char *got = NULL;
        r->board->current = i;
        alarm(HANG_SECONDS);
        r->board->passed[i] = suite_run(&r->suite, &g->cases[i], context, &got);
        if (!r->board->passed[i] && r->options.failures)
            tell_failure(&g->cases[i], got ? got : "");
        free(got);
    }
    r->board->current = g->len;
    jsonata_context_free(context);
}

/* Runs cases until one kills the process; returns the number of the case after that, or g->len. */
static size_t run_in_child(struct runner *r, struct suite_group *g, size_t from)
{
    fflush(stdout);
    r->board->current = from;
    const pid_t child = fork();
    if (child == 0) {
        run_cases(r, g, from);
        suite_group_clear(g);
        known_clear(&r->known);
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return g->len;
    if (status == 0)
        return g->len;
    if (r->board->current >= g->len) {
        printf("the process failed after its last case\n");
        return g->len;
    }
    char got[80];
    if (WIFSIGNALED(status))
        snprintf(got, sizeof got, "a crash or hang: signal %d", WTERMSIG(status));
    else
        snprintf(got, sizeof got, "the end of the process, with status %d", WEXITSTATUS(status));
    tell_failure(&g->cases[r->board->current], got);
    return r->board->current + 1;
}

static void note_outcome(struct runner *r, const struct suite_case *c, bool passed)
{
    const bool is_known = known_has(&r->known, c->id);
    r->totals.all++;
    r->totals.passed += passed;
    r->totals.fixed += passed && is_known;
    if (passed)
        return;
    if (!is_known) {
        r->totals.surprises++;
        if (!r->options.record)
            printf("not expected to fail: %s\n", c->id);
    }
    if (r->totals.record)
        fprintf(r->totals.record, "%s\n", c->id);
}

static bool run_group(struct runner *r, const char *name)
{
    struct suite_group g;
    if (!suite_group_load(&r->suite, name, &g) || g.len > MAX_CASES) {
        suite_group_clear(&g);
        return false;
    }
    memset(r->board, 0, sizeof *r->board);
    for (size_t i = 0; i < g.len;)
        i = run_in_child(r, &g, i);
    size_t passed = 0, all = 0;
    for (size_t i = 0; i < g.len; i++)
        if (is_wanted(r, &g.cases[i])) {
            all++;
            passed += r->board->passed[i];
            note_outcome(r, &g.cases[i], r->board->passed[i]);
        }
    if (all)
        printf("%s %-40s %zu/%zu\n", passed == all ? " " : "*", name, passed, all);
    suite_group_clear(&g);
    return true;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static int is_folder(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* A case's group is in its id. */
static bool is_group_wanted(const struct options *o, const char *name)
{
    const size_t len = strlen(name);
    if (o->only)
        return strncmp(o->only, name, len) == 0 && o->only[len] == '/';
    return !o->group || strcmp(o->group, name) == 0;
}

static bool run_groups(struct runner *r)
{
    char path[300];
    struct dirent **groups;
    snprintf(path, sizeof path, "%s/groups", r->suite.root);
    const int n = scandir(path, &groups, is_folder, alphasort);
    bool ok = n > 0;
    for (int i = 0; i < n; i++) {
        if (is_group_wanted(&r->options, groups[i]->d_name))
            ok &= run_group(r, groups[i]->d_name);
        free(groups[i]);
    }
    if (n > 0)
        free(groups);
    return ok;
}

static int run_and_judge(struct runner *r)
{
    const bool is_part = r->options.group || r->options.only;
    const bool ok = run_groups(r);
    const struct totals *t = &r->totals;
    printf("%zu of %zu passed\n", t->passed, t->all);
    if (t->fixed && !r->options.record)
        printf("%zu cases pass that were expected to fail: run with --record\n", t->fixed);
    if (!ok || t->all == 0)
        return 1;
    if (is_part)
        return t->passed < t->all;
    if (r->options.record)
        return 0;
    if (t->passed < r->known.passed)
        printf("%zu passed when the expectation was recorded\n", r->known.passed);
    return t->surprises > 0 || t->passed < r->known.passed;
}

/* The count can only be written at the end, but belongs at the top: the ids are kept in a temporary file until then. */
static int record(struct runner *r)
{
    r->totals.record = tmpfile();
    FILE *out = r->totals.record ? fopen(known_path, "w") : NULL;
    if (!out) {
        fprintf(stderr, "cannot write %s: run in the source folder\n", known_path);
        return 1;
    }
    const int status = run_and_judge(r);
    fprintf(out, "# Cases of the official suite that fail, and how many pass; written by conformance_runner --record.\n"
                 "\npassed %zu\n\n", r->totals.passed);
    rewind(r->totals.record);
    for (int c; (c = getc(r->totals.record)) != EOF;)
        putc(c, out);
    fclose(r->totals.record);
    return fclose(out) ? 1 : status;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--failures") == 0)
            o->failures = true;
        else if (strcmp(argv[i], "--record") == 0)
            o->record = true;
        else if (strcmp(argv[i], "--group") == 0 && i + 1 < argc)
            o->group = argv[++i];
        else if (strcmp(argv[i], "--case") == 0 && i + 1 < argc)
            o->only = argv[++i];
        else
            return false;
    }
    return !(o->record && (o->group || o->only));
}

int main(int argc, char **argv)
{
    struct runner r = { 0 };
    if (!read_options(&r.options, argc, argv)) {
        fprintf(stderr, "usage: conformance_runner [--group NAME | --case ID] [--failures] | --record\n");
        return 2;
    }
    const char *shared = getenv("ALC_SHARED");
    char root[200];
    snprintf(root, sizeof root, "%s/jsonata-test-suite", shared ? shared : "../shared");
    r.suite.root = root;
    if (access(root, R_OK) != 0) {
        printf("1686 cases skipped: the JSONata test suite is not at %s\n", root);
        return SKIPPED;
    }
    r.board = mmap(NULL, sizeof *r.board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r.board == MAP_FAILED)
        return 1;
    known_load(&r.known, known_path);
    const int status = r.options.record ? record(&r) : run_and_judge(&r);
    known_clear(&r.known);
    munmap(r.board, sizeof *r.board);
    return status;
}
