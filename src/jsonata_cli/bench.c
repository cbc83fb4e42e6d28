/* bench.c - see bench.h.  Each figure is taken the same way: once to warm up; a batch that grows until it takes two
 * milliseconds; batches for the given time, three at least; the fastest and the median batch, per operation.
 *
 *   compile     text of the expression -> program
 *   parse       text of the input -> value
 *   eval        value -> value, in a context that keeps its memory, reset each time
 *   serialize   value -> text
 *   e2e         text -> text as one operation: what a service does for one document
 *
 * Memory is that of one end-to-end operation in a fresh context, before anything is warm: the heap with the input's
 * text in it, and the resident pages of the process.  Allocations are counted in the steady state. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "heap.h"
#include "report.h"
#include "values.h"

enum { BATCH_NS = 2 * 1000 * 1000, MOST_PER_BATCH = 1000 * 1000, LEAST_BATCHES = 3 };

struct figure {
    double best, median;            /* nanoseconds per operation */
};

struct work {
    const struct options *o;
    jn_str expression, input;       /* input.data NULL: none */
    struct jsonata *program;
    struct jsonata_context *context;
    struct jn_arena *document;      /* memory of `value` */
    jn_value value, result;
    size_t bytes_out;
    uint64_t operations;            /* of e2e */
    struct jsonata_error error;     /* the first */
    bool failed;
};

typedef void operation_fn(struct work *w);

/* ---- the operations ---------------------------------------------------------------------------------------------- */

/* Where the first error goes: into its place, since it points into itself. */
static struct jsonata_error *error_of(struct work *w)
{
    return w->failed ? NULL : &w->error;
}

static void fail_with(struct work *w, const char *message)
{
    if (!w->failed) {
        w->error = (struct jsonata_error){ .position = -1 };
        snprintf(w->error.message, sizeof w->error.message, "%s", message);
    }
    w->failed = true;
}

static void compile(struct work *w)
{
    struct jsonata *p;
    const struct jsonata_compile_options how = { .plain = w->o->plain };
    if (jsonata_compile(w->expression, &how, &p, error_of(w)))
        w->failed = true;
    else
        jsonata_free(p);
}

static jn_value parse_into(struct work *w, struct jn_arena *a)
{
    jn_value v = { 0 };
    struct jn_error err = { 0 };
    const struct jn_read_options how = { .shapes = jsonata_context_shapes(w->context) };
    if (w->input.data && jn_read(a, w->input, &how, &v, NULL, &err))
        fail_with(w, err.message);
    return v;
}

static void parse(struct work *w)
{
    jn_arena_reset(w->document);
    w->value = parse_into(w, w->document);
}

static void evaluate_value(struct work *w, jn_value input)
{
    if (jsonata_evaluate(w->program, w->context, input, w->o->bindings, &w->result, error_of(w)))
        w->failed = true;
}

static void evaluate(struct work *w)
{
    jsonata_context_reset(w->context);
    evaluate_value(w, w->value);
}

static void serialize(struct work *w)
{
    struct jn_error err = { 0 };
    if (w->failed || w->result.type == JN_UNDEFINED || w->result.type == JN_FUNCTION) {
        w->bytes_out = 0;
        return;
    }
    char *text = jn_write_text(w->result, NULL, &w->bytes_out, &err);
    if (!text)
        fail_with(w, err.message);
    free(text);
}

static void end_to_end(struct work *w)
{
    jn_str out = { NULL, 0 };
    const enum jn_status s =
        jsonata_evaluate_text(w->program, w->context, w->input, w->o->bindings, NULL, &out, error_of(w));
    if (s && s != JN_BAD_VALUE)     // a function has no text, but was evaluated
        w->failed = true;
    w->bytes_out = out.len;
    w->operations++;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t run_batch(struct work *w, operation_fn *operation, int64_t size)
{
    const int64_t start = now_ns();
    for (int64_t i = 0; i < size; i++)
        operation(w);
    return now_ns() - start;
}

/* The size of a batch of two milliseconds. */
static int64_t batch_size(struct work *w, operation_fn *operation)
{
    for (int64_t size = 1;;) {
        const int64_t ns = run_batch(w, operation, size);
        if (ns >= BATCH_NS || size > MOST_PER_BATCH)
            return size;
        const int64_t needed = size * (BATCH_NS + BATCH_NS / 4) / (ns > 0 ? ns : 1) + 1;
        size = needed > 2 * size ? needed : 2 * size;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct figure measure(struct work *w, operation_fn *operation)
{
    operation(w);
    const int64_t size = batch_size(w, operation), end = now_ns() + (int64_t)(w->o->seconds * 1e9);
    double *per = NULL;
    size_t n = 0, cap = 0;
    while (!w->failed && (n < LEAST_BATCHES || now_ns() < end)) {
        if (n == cap) {
            double *grown = realloc(per, (cap = cap * 2 + 1024) * sizeof *per);
            if (!grown)
                break;
            per = grown;
        }
        per[n++] = (double)run_batch(w, operation, size) / (double)size;
    }
    struct figure f = { 0 };
    if (n) {
        qsort(per, n, sizeof *per, compare_doubles);
        f = (struct figure){ per[0], per[n / 2] };
    }
    free(per);
    return f;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

struct memory {
    bool is_counted;
    int64_t peak, resident;         /* bytes */
    double allocations_per_eval;
};

static int64_t resident_peak(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? 0 : (int64_t)u.ru_maxrss * 1024;
}

static void count_steady_state(struct work *w, struct memory *m)
{
    enum { WARM = 3, COUNTED = 16 };
    for (int i = 0; i < WARM; i++)
        evaluate(w);
    const uint64_t before = heap_look().allocations;
    for (int i = 0; i < COUNTED; i++)
        evaluate(w);
    m->allocations_per_eval = (double)(heap_look().allocations - before) / COUNTED;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void put_figure(const char *name, struct figure f)
{
    printf("\"%s\":{\"best\":%.1f,\"median\":%.1f},", name, f.best, f.median);
}

static void put_error(const struct jsonata_error *e)
{
    char *code = jn_write_text(jn_make_string(text_of(e->code)), NULL, NULL, NULL);
    char *message = jn_write_text(jn_make_string(text_of(e->message)), NULL, NULL, NULL);
    printf("\"error\":{\"code\":%s,\"message\":%s},", code ? code : "\"\"", message ? message : "\"\"");
    free(message);
    free(code);
}

static void put_memory(const struct memory *m)
{
    if (m->is_counted)
        printf("\"system_allocations_per_eval\":%.4g,\"peak_bytes\":%lld,", m->allocations_per_eval,
               (long long)m->peak);
    else
        fputs("\"system_allocations_per_eval\":null,\"peak_bytes\":null,", stdout);
    printf("\"peak_resident_bytes\":%lld}\n", (long long)m->resident);
}

static int measure_all(struct work *w, struct memory *m)
{
    printf("{");
    put_figure("compile_ns", measure(w, compile));
    put_figure("parse_ns", measure(w, parse));
    evaluate(w);
    if (!w->failed) {
        put_figure("eval_ns", measure(w, evaluate));
        put_figure("serialize_ns", measure(w, serialize));
        w->operations = 0;
        put_figure("e2e_ns", measure(w, end_to_end));
        heap_count(m->is_counted);
        count_steady_state(w, m);
        heap_count(false);
    }
    if (w->failed)
        put_error(&w->error);
    printf("\"iterations\":%llu,\"bytes_in\":%zu,\"bytes_out\":%zu,", (unsigned long long)w->operations, w->input.len,
           w->bytes_out);
    put_memory(m);
    if (w->failed)
        report_error(w->expression, &w->error);
    return w->failed ? EVALUATION_ERROR : OK;
}

/* The first operation, whose memory is looked at. */
static int measure_with(struct work *w, struct memory *m)
{
    struct jsonata_error e = { 0 };
    const struct jsonata_compile_options how = { .plain = w->o->plain };
    if (jsonata_compile(w->expression, &how, &w->program, &e)) {
        report_error(w->expression, &e);
        return COMPILE_ERROR;
    }
    w->context = jsonata_context_new(&w->o->limits);
    w->document = jn_arena_new(0);
    if (!w->context || !w->document)
        return complain(EVALUATION_ERROR, "no memory");
    end_to_end(w);
    m->peak = heap_look().peak;
    m->resident = resident_peak() - m->resident;
    heap_count(false);
    if (w->failed && !*w->error.code)
        return complain(INPUT_ERROR, w->error.message);
    w->failed = false;              // it will fail again, after what can be measured
    return measure_all(w, m);
}

int bench(const struct options *o, jn_str expression)
{
    struct work w = { .o = o, .expression = expression };
    struct memory m = { .is_counted = heap_count(true), .resident = resident_peak() };
    struct jn_error err = { 0 };
    heap_forget_peak();
    char *text = NULL;
    if (!o->null_input) {
        w.input.data = text = values_slurp(*o->files ? *o->files : "-", &w.input.len, &err);
        if (!text)
            return complain(INPUT_ERROR, err.message);
    }
    const int status = measure_with(&w, &m);
    jn_arena_free(w.document);
    jsonata_context_free(w.context);
    jsonata_free(w.program);
    free(text);
    return status;
}
