/* evaluate.c - evaluations: a value to a value, a text to a text, and the guardrails around them.
 *
 * What a guardrail costs: depth is a comparison per node; time, steps and cancellation are looked at every few thousand
 * steps; memory is counted when the system is asked for it, by everything that asks (core/budget.h). */
#include "jsonata/context.h"
#include "jsonata/path.h"

#include <stdio.h>
#include <time.h>

/* ---- stacks -------------------------------------------------------------------------------------------------- */

enum { STEP = 64 * 1024 };          /* bytes by which stacks grow: looked at rarely, wasted little */

/* Raises a guardrail's error.  Always false. */
static bool trip(struct jsonata_eval *e, const char *code, double value)
{
    if (!jsonata_failed(e)) {
        e->has_tripped = true;
        jsonata_raise(e, (struct jsonata_fault){ .code = code, .value = jn_number(value) });
    }
    return false;
}

bool node_stack_exceeded(struct jsonata_eval *e)
{
    return trip(e, "D1011/stack", e->depth);
}

/* The C stack is a guardrail of its own: nesting that the caller did not limit ends here and not in a crash.  An
 * evaluation inside this one may have made it grow already. */
bool node_stack_more(struct jsonata_eval *e)
{
    struct jsonata_context *c = e->context;
    if (!c->is_on_stack)
        return node_stack_exceeded(e);
    if (reserve_limit(&c->stack) == e->stack_limit && !reserve_grow(&c->stack, &c->budget, STEP))
        return node_stack_exceeded(e);
    e->stack_limit = reserve_limit(&c->stack);
    return true;
}

bool node_has_stack_for(struct jsonata_eval *e, size_t levels)
{
    enum { LEVEL = 720 };           /* bytes of stack that one takes at most, parsing or evaluating */
    const char *here = __builtin_frame_address(0);
    while (e->context->is_on_stack && (size_t)(here - e->stack_limit) < levels * LEVEL) {
        if (!node_stack_more(e))
            return false;
    }
    return true;
}

bool context_more_values(struct jsonata_eval *e)
{
    struct reserve *values = &e->context->values;
    const char *end = (const char *)e->top_end;
    if (reserve_end(values) == end && !reserve_grow(values, e->budget, STEP))
        return false;
    e->top_end = (jn_value *)(void *)reserve_end(values);
    return true;
}

/* ---- depth, time, steps -------------------------------------------------------------------------------------- */

bool node_depth_exceeded(struct jsonata_eval *e)
{
    const struct jsonata_limits *l = &e->context->limits;
    return trip(e, l->depth_code ? l->depth_code : "D1011", l->max_depth);
}

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Steps until the next look around: some 100 microseconds of them, or what the limit leaves. */
static void refuel(struct jsonata_eval *e)
{
    enum { FUEL = 4096 };
    e->fuel_given = e->fuel = e->steps_left < FUEL ? (uint32_t)e->steps_left : FUEL;
}

static void look_at_time(struct jsonata_eval *e)
{
    const struct jsonata_limits *l = &e->context->limits;
    if (e->deadline_ms && clock_ms(CLOCK_MONOTONIC) > e->deadline_ms)
        trip(e, l->timeout_code ? l->timeout_code : "D1012", (double)l->timeout_ms);
}

static void look_at_steps(struct jsonata_eval *e)
{
    if (e->context->limits.max_steps) {
        e->steps_left -= e->fuel_given;
        if (!e->steps_left)
            trip(e, "D1012/steps", (double)e->context->limits.max_steps);
    }
    refuel(e);
}

bool jsonata_look_around(struct jsonata_eval *e)
{
    const struct jsonata_limits *l = &e->context->limits;
    if (jn_arena_failed(e->arena))
        jsonata_raise_memory(e);
    look_at_time(e);
    if (l->cancelled && !jsonata_failed(e) && l->cancelled(l->host))
        e->status = JN_CANCELLED;
    return !jsonata_failed(e);
}

bool jsonata_step_slow(struct jsonata_eval *e)
{
    look_at_steps(e);
    return jsonata_look_around(e);
}

/* ---- evaluating ---------------------------------------------------------------------------------------------- */

static void begin(struct jsonata_eval *e, struct jsonata_context *c, jn_value input, jn_value bindings)
{
    const struct jsonata_limits *l = &c->limits;
    *e = (struct jsonata_eval){ .arena = &c->arena, .shapes = c->shapes, .context = c, .pictures = c->pictures,
                                .matching = c->matching, .budget = &c->budget, .input = input, .bindings = bindings,
                                .now_ms = clock_ms(CLOCK_REALTIME) };
    e->max_depth = l->max_depth ? l->max_depth : UINT32_MAX / 2;
    e->max_sequence = l->max_sequence ? l->max_sequence : UINT32_MAX;
    e->max_match_steps = l->max_match_steps;
    e->deadline_ms = l->timeout_ms ? clock_ms(CLOCK_MONOTONIC) + l->timeout_ms : 0;
    e->steps_left = l->max_steps ? l->max_steps : UINT64_MAX;
    refuel(e);
    e->top = c->top;
    e->top_end = (jn_value *)(void *)reserve_end(&c->values);
    e->random[0] = c->random[0];
    e->random[1] = c->random[1];
}

/* The program's frame: on the value stack unless something may keep it. */
static struct jsonata_frame *root_frame(struct jsonata_eval *e, const struct jsonata *p)
{
    if (p->is_captured)
        return frame_new(e, p->slots, NULL);
    struct jsonata_frame *f = (struct jsonata_frame *)(void *)function_open(e, p->slots);
    if (!f)
        return NULL;
    f->outer = NULL;
    f->names = NULL;
    for (uint32_t i = 0; i < p->slots; i++)
        f->slot[i] = (jn_value){ .type = VALUE_UNBOUND };
    return f;
}

struct evaluation {
    struct jsonata_eval e;
    const struct jsonata *program;
    jn_value result;
};

/* Rows that the outermost path was to hand on are a sequence after all. */
static jn_value result_of(struct jsonata_eval *e, jn_value v)
{
    return v.type == JN_ARRAY && v.flags & JN_TUPLE_STREAM ? jsonata_unwrap(tuple_items(e, v)) : v;
}

static void fill_holes(struct evaluation *v)
{
    jsonata_fill_holes(&v->e, v->result);
    jsonata_fill_holes(&v->e, v->e.fault.value);
    jsonata_fill_holes(&v->e, v->e.fault.value2);
}

static void run(void *arg)
{
    struct evaluation *v = arg;
    struct jsonata_eval *e = &v->e;
    struct program_state outer;
    jn_value *globals = function_open(e, v->program->globals);
    if (!globals || !context_enter(e, v->program, globals + 1, &outer))
        return;
    const jn_value context = e->input.type == JN_ARRAY ? context_wrap(e, e->input) : e->input;
    struct jsonata_frame *f = root_frame(e, v->program);
    if (f && !jsonata_failed(e) && node_has_stack_for(e, v->program->nesting))
        v->result = result_of(e, node_eval(v->program->root, e, context, f));
    if (e->has_holes)
        fill_holes(v);
    if (jn_arena_failed(e->arena))
        jsonata_raise_memory(e);
    context_leave(e, outer);
}

/* Runs on the caller's stack when the program nests little, else on ours. */
static void run_on_stack(struct evaluation *v)
{
    enum { SHALLOW = 256 << 10, LEAST = 1 << 20 };      /* of the caller's stack; of ours */
    struct jsonata_context *c = v->e.context;
    const bool is_deep = v->program->is_deep || v->program->is_dynamic;
    if (c->is_on_stack) {
        v->e.stack_limit = reserve_limit(&c->stack);
        run(v);
    } else if (!is_deep || (!c->stack.size && !reserve_open(&c->stack, (size_t)512 << 20, LEAST, true))) {
        v->e.stack_limit = (const char *)__builtin_frame_address(0) - SHALLOW;
        run(v);
    } else {
        v->e.stack_limit = reserve_limit(&c->stack);
        c->is_on_stack = true;
        reserve_run(&c->stack, run, v);
        c->is_on_stack = false;
    }
}

static enum jn_status report(struct jsonata_context *c, enum jn_status s, struct jsonata_error *err)
{
    char sentence[100];
    snprintf(sentence, sizeof sentence, "the evaluation needs more memory than its limit of %zu bytes",
             c->budget.limit);
    return context_fail(err, s, s == JN_LIMIT ? sentence : s == JN_CANCELLED ? "the evaluation was cancelled" : NULL);
}

enum jn_status jsonata_evaluate(const struct jsonata *program, struct jsonata_context *c, jn_value input,
                                jn_value bindings, jn_value *result, struct jsonata_error *err)
{
    struct evaluation v;                // not zeroed twice: begin() fills the evaluation
    jn_value *outer = c->top;
    v.program = program;
    v.result = jn_undefined();
    begin(&v.e, c, input, bindings);
    c->running++;
    run_on_stack(&v);
    c->running--;
    c->top = outer;
    c->random[0] = v.e.random[0];
    c->random[1] = v.e.random[1];
    if (v.e.fault.code) {
        context_fill(err, &v.e.fault);
        return JN_EVALUATION;
    }
    if (v.e.status)
        return report(c, v.e.status, err);
    *result = v.result;
    return JN_OK;
}

/* ---- text in, text out --------------------------------------------------------------------------------------- */

/* An error of reading or writing as an evaluation reports it. */
static enum jn_status fail_text(struct jsonata_error *err, const struct jn_error *cause, const char *what)
{
    if (!err)
        return cause->status;
    *err = (struct jsonata_error){ .position = -1, .line = cause->line, .column = cause->column };
    if (cause->line)
        snprintf(err->message, sizeof err->message, "%s, line %u, column %u: %.400s", what, cause->line, cause->column,
                 cause->message);
    else
        snprintf(err->message, sizeof err->message, "%s: %.400s", what, cause->message);
    return cause->status;
}

static enum jn_status read_input(struct jsonata_context *c, jn_str text, const struct jn_demand *demand,
                                 jn_value *input, struct jsonata_error *err)
{
    const struct jn_read_options opt = { .shapes = c->shapes, .demand = demand };
    struct jn_error cause;
    *input = jn_undefined();
    cause.status = JN_OK;               // the rest is written when there is something to say
    if (!text.data || !jn_read(&c->arena, text, &opt, input, NULL, &cause))
        return JN_OK;
    if (jn_arena_failed(&c->arena) == JN_LIMIT)
        return report(c, JN_LIMIT, err);
    return fail_text(err, &cause, cause.status == JN_BAD_TEXT ? "the input is not JSON" : "the input cannot be read");
}

static void open_output(struct jsonata_context *c)
{
    jn_buf_truncate(&c->out, 0);
    if (c->out.failed)
        jn_buf_clear(&c->out);
}

static enum jn_status fail_length(struct jsonata_context *c, struct jsonata_error *err)
{
    char sentence[100];
    snprintf(sentence, sizeof sentence, "the result is longer than its limit of %zu bytes", c->limits.max_output);
    return context_fail(err, JN_LIMIT, sentence);
}

/* The output has two limits: the one of texts, and the one of memory that it shares with everything else. */
static enum jn_status fail_output(struct jsonata_context *c, const struct jn_error *cause, struct jsonata_error *err)
{
    if (c->out.failed != JN_LIMIT)
        return fail_text(err, cause, "the result cannot be written");
    return c->out.is_full ? fail_length(c, err) : report(c, JN_LIMIT, err);
}

static enum jn_status write_result(struct jsonata_context *c, jn_value result, const struct jn_write_options *opt,
                                   jn_str *out, struct jsonata_error *err)
{
    struct jn_error cause;
    cause.status = JN_OK;
    open_output(c);
    if (result.type == JN_UNDEFINED) {
        *out = (jn_str){ NULL, 0 };
        return JN_OK;
    }
    c->is_writing = true;
    const enum jn_status s = jn_write(&c->out, result, opt, &cause);
    c->is_writing = false;
    if (s)
        return fail_output(c, &cause, err);
    *out = jn_buf_str(&c->out);
    return JN_OK;
}

char *jsonata_detach_text(struct jsonata_context *c)
{
    return c->out.len ? jn_buf_detach(&c->out) : NULL;
}

/* What of the input need be built.  What is laid out anew is better read. */
static const struct jn_demand *demand_of(const struct jsonata *program, const struct jsonata_context *c,
                                         jn_value bindings, const struct jn_write_options *opt)
{
    if (!program->demand || (opt && (opt->indent || opt->tabs)))
        return NULL;
    for (const jn_str *name = jsonata_counting; name->len; name++)
        if (!jn_is_undefined(context_given(c, bindings, *name)))
            return NULL;
    return program->demand;
}

enum jn_status jsonata_evaluate_text(const struct jsonata *program, struct jsonata_context *c, jn_str text,
                                     jn_value bindings, const struct jn_write_options *opt, jn_str *out,
                                     struct jsonata_error *err)
{
    jn_value input, result = jn_undefined();
    jsonata_context_reset(c);
    enum jn_status s = read_input(c, text, demand_of(program, c, bindings, opt), &input, err);
    if (!s)
        s = jsonata_evaluate(program, c, input, bindings, &result, err);
    return s ? s : write_result(c, result, opt, out, err);
}

