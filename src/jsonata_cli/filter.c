/* filter.c - see filter.h.  Values are read, mapped and written one by one.  A value whose evaluation fails is reported
 * and the next one follows, as in jq; a text that is not JSON ends the run. */
#include "filter.h"

#include <stdio.h>

#include "report.h"
#include "values.h"

struct run {
    const struct options *o;
    jn_str text;
    struct jsonata *program;
    struct jsonata_context *context;
    jn_value last;                  /* only its type and truth are looked at */
    int status;
};

static int print_result(const struct run *r, jn_value v)
{
    if (v.type == JN_UNDEFINED)
        return OK;
    struct jn_error err = { 0 };
    if (!print_value(stdout, v, &r->o->print, r->o->limits.timeout_ms, &err) && !ferror(stdout))
        return complain(EVALUATION_ERROR, err.message);
    if (!r->o->join)
        fputc('\n', stdout);
    if (r->o->unbuffered)
        fflush(stdout);
    return ferror(stdout) ? complain(INPUT_ERROR, "standard output cannot be written") : OK;
}

/* False when nothing more can be done. */
static bool evaluate(struct run *r, jn_value input)
{
    jn_value result;
    struct jsonata_error e = { 0 };
    const enum jn_status s = jsonata_evaluate(r->program, r->context, input, r->o->bindings, &result, &e);
    if (s) {
        fflush(stdout);
        report_error(r->text, &e);
        r->status = EVALUATION_ERROR;
        return true;
    }
    r->last = result;
    const int status = print_result(r, result);
    r->status = status ? status : r->status;
    return status != INPUT_ERROR;
}

static bool input_failed(struct run *r, const struct jn_error *err)
{
    fflush(stdout);
    r->status = complain(INPUT_ERROR, err->message);
    return false;
}

/* One value, or one line.  False at the end. */
static bool evaluate_next(struct run *r, struct values *stream)
{
    jn_value v;
    jn_str line;
    struct jn_error err = { 0 };
    struct jn_arena *a = jsonata_context_arena(r->context);
    jsonata_context_reset(r->context);
    const enum values_result got =
        r->o->raw_input ? values_next_line(stream, (size_t)1 << 32, &line, &err)
                        : values_next(stream, a, jsonata_context_shapes(r->context), &v, &err);
    if (got == VALUES_FAILED)
        return input_failed(r, &err);
    if (got == VALUES_END)
        return false;
    if (r->o->raw_input)
        v = values_string(a, line);
    return evaluate(r, v);
}

static void evaluate_each(struct run *r)
{
    struct values stream = { .files = r->o->files };
    while (evaluate_next(r, &stream))
        ;
    values_close(&stream);
}

static void evaluate_slurped(struct run *r)
{
    jn_value all;
    struct jn_error err = { 0 };
    struct jn_arena *a = jsonata_context_arena(r->context);
    struct jn_shapes *shapes = jsonata_context_shapes(r->context);
    if (r->o->raw_input ? values_all_text(r->o->files, a, &all, &err)
                        : values_all(r->o->files, a, shapes, &all, &err))
        evaluate(r, all);
    else
        input_failed(r, &err);
}

static bool is_false(jn_value v)
{
    return v.type == JN_UNDEFINED || v.type == JN_NULL || (v.type == JN_BOOLEAN && !jn_get_boolean(v));
}

static void evaluate_input(struct run *r)
{
    if (r->o->null_input)
        evaluate(r, (jn_value){ 0 });
    else if (r->o->slurp)
        evaluate_slurped(r);
    else
        evaluate_each(r);
}

int filter(const struct options *o, jn_str expression)
{
    struct run r = { .o = o, .text = expression };
    struct jsonata_error e = { 0 };
    const struct jsonata_compile_options how = { .plain = o->plain };
    if (jsonata_compile(expression, &how, &r.program, &e)) {
        report_error(expression, &e);
        return COMPILE_ERROR;
    }
    r.context = jsonata_context_new(&o->limits);
    if (r.context)
        evaluate_input(&r);
    else
        r.status = complain(EVALUATION_ERROR, "no memory");
    const bool says_no = o->exit_status && is_false(r.last);
    jsonata_context_free(r.context);
    jsonata_free(r.program);
    return r.status == OK && says_no ? FALSE_RESULT : r.status;
}
