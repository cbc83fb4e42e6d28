/* context.c - the public functions: compiling, contexts, evaluating, the host's functions.
 *
 * A context owns all memory of evaluations and keeps it warm: the arena, the value stack, the C stack, key lists, and
 * per program the sites where evaluations remember shapes.  A program that was freed and another that happens to get
 * its address are told apart by the hash of their texts. */
#include "jsonata/jsonata.h"

#include "core/buf.h"
#include "jsonata/compile.h"
#include "jsonata/picture_cache.h"
#include "jsonata/signature.h"
#include "jsonata/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* What a context remembers of one program. */
struct program_memory {
    const struct jsonata *program;
    uint64_t id;
    struct jsonata_site *sites;
    struct jn_shape **site_shapes;
};

enum { PROGRAMS = 32 };         /* per context; more replace each other in turn */

struct registered {
    jn_str name;
    jn_value function;
    struct registered *next;
};

struct jsonata_context {
    struct jn_arena arena;              /* input, results */
    struct jn_arena lasting;            /* registered functions */
    struct jn_shapes *shapes;
    struct jsonata_limits limits;
    struct reserve values, stack;
    struct program_memory programs[PROGRAMS];
    unsigned next_program;
    struct registered *registered;
    jn_value builtins;                  /* of programs with $eval: functions by name, in `lasting` */
    struct regex_link *regexes;         /* of texts evaluated by $eval since the last reset */
    struct jn_buf text;                 /* for built-ins, while they run */
    struct jn_buf out;                  /* the last result of jsonata_evaluate_text() */
    struct jsonata_pictures *pictures;
    uint64_t random[2];
    jn_value *top;                      /* where an evaluation inside an evaluation starts */
    const char *stack_limit;            /* while one runs on our stack */
    unsigned running;                   /* evaluations in progress, one inside the other */
};

/* ---- programs ------------------------------------------------------------------------------------------------ */

static enum jn_status fail(struct jsonata_error *err, enum jn_status s)
{
    if (err) {
        *err = (struct jsonata_error){ .position = -1 };
        snprintf(err->message, sizeof err->message, "%s", jn_status_text(s));
    }
    return s;
}

static void fill(struct jsonata_error *err, const struct jsonata_fault *fault)
{
    if (!err)
        return;
    jsonata_error_fill(err, fault);
    if (fault->message)
        snprintf(err->message, sizeof err->message, "%s", fault->message);
}

/* Parsing and compiling nest with the text; they get a stack of their own when the text is long. */
struct compilation {
    struct jsonata *program;
    jn_str text;
    size_t max_depth;
    struct jsonata_fault fault;
    bool done;
};

static void run_compilation(void *arg)
{
    struct compilation *c = arg;
    c->done = program_compile(c->program, c->text, c->max_depth, &c->fault);
}

static void compile_on_stack(struct compilation *c)
{
    enum { SHORT = 8192, LEAST = 1 << 20 };
    struct reserve stack;
    if (c->text.len <= SHORT || !reserve_open(&stack, (size_t)64 << 20, LEAST)) {
        run_compilation(c);
        return;
    }
    reserve_run(&stack, run_compilation, c);
    reserve_close(&stack);
}

enum jn_status jsonata_compile(jn_str text, const struct jsonata_compile_options *opt, struct jsonata **out,
                               struct jsonata_error *err)
{
    struct jsonata *p = calloc(1, sizeof *p);
    if (!p)
        return fail(err, JN_NO_MEMORY);
    jn_arena_init(&p->own, SIZE_MAX);
    p->arena = &p->own;
    p->is_plain = opt && opt->plain;
    struct compilation c = { .program = p, .text = text, .max_depth = opt && opt->max_depth ? opt->max_depth : 1000 };
    compile_on_stack(&c);
    if (c.done) {
        *out = p;
        return JN_OK;
    }
    if (c.fault.code)
        fill(err, &c.fault);
    const enum jn_status s = c.fault.code ? JN_BAD_TEXT : fail(err, JN_NO_MEMORY);
    jsonata_free(p);
    return s;
}

void jsonata_free(struct jsonata *program)
{
    if (!program)
        return;
    program_clear(program);
    jn_arena_clear(&program->own);
    free(program);
}

/* ---- contexts ------------------------------------------------------------------------------------------------ */

static void seed(uint64_t random[2])
{
    if (getrandom(random, 2 * sizeof *random, 0) != (ssize_t)(2 * sizeof *random) || !(random[0] | random[1])) {
        random[0] = (uint64_t)time(NULL) | 1;
        random[1] = (uintptr_t)random;
    }
}

struct jsonata_context *jsonata_context_new(const struct jsonata_limits *limits)
{
    struct jsonata_context *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    jn_arena_init(&c->arena, SIZE_MAX);
    jn_arena_init(&c->lasting, SIZE_MAX);
    jn_buf_init(&c->text, 0);
    jn_buf_init(&c->out, 0);
    jsonata_context_limit(c, limits);
    seed(c->random);
    c->shapes = jn_shapes_new(0);
    c->pictures = jsonata_pictures_new();
    if (!c->shapes || !c->pictures || !reserve_open(&c->values, (size_t)256 << 20, 1 << 16)) {
        jsonata_context_free(c);
        return NULL;
    }
    c->top = (jn_value *)(void *)reserve_first(&c->values);
    return c;
}

static void free_regexes(struct jsonata_context *c)
{
    struct jsonata holder = { .regexes = c->regexes };
    program_clear(&holder);
    c->regexes = NULL;
}

void jsonata_context_free(struct jsonata_context *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < PROGRAMS; i++) {
        free(c->programs[i].sites);
        free(c->programs[i].site_shapes);
    }
    free_regexes(c);
    jn_arena_clear(&c->arena);
    jn_arena_clear(&c->lasting);
    jn_shapes_free(c->shapes);
    jsonata_pictures_free(c->pictures);
    jn_buf_clear(&c->text);
    jn_buf_clear(&c->out);
    reserve_close(&c->values);
    reserve_close(&c->stack);
    free(c);
}

void jsonata_context_limit(struct jsonata_context *c, const struct jsonata_limits *limits)
{
    c->limits = limits ? *limits : (struct jsonata_limits){ .max_bytes = 0 };
    c->arena.ceiling = c->limits.max_bytes ? c->limits.max_bytes : (size_t)1 << 30;
}

struct jn_arena *jsonata_context_arena(struct jsonata_context *c)
{
    return &c->arena;
}

struct jn_shapes *jsonata_context_shapes(struct jsonata_context *c)
{
    return c->shapes;
}

void jsonata_context_reset(struct jsonata_context *c)
{
    free_regexes(c);
    jn_arena_reset(&c->arena);
    reserve_trim(&c->values, false);
    reserve_trim(&c->stack, true);
}

/* ---- services to the evaluator ------------------------------------------------------------------------------- */

const char *jsonata_limit_code(const struct jsonata_eval *e, bool is_time)
{
    const struct jsonata_limits *l = &e->context->limits;
    const char *code = is_time ? l->timeout_code : l->depth_code;
    return code ? code : is_time ? "D1012" : "D1011";
}

double jsonata_limit_value(const struct jsonata_eval *e, bool is_time)
{
    return is_time ? (double)e->context->limits.timeout_ms : e->context->limits.max_depth;
}

struct jn_buf *jsonata_text_buffer(struct jsonata_eval *e)
{
    struct jn_buf *b = &e->context->text;
    if (b->failed)
        jn_buf_clear(b);
    jn_buf_truncate(b, 0);
    return b;
}

jn_value context_wrap(struct jsonata_eval *e, jn_value array)
{
    jn_value one = jsonata_array(e, 1, JN_SEQUENCE | JN_OUTER_WRAPPER);
    jsonata_push(e, one, array);
    return one;
}

jn_value jsonata_raise_inner(struct jsonata_eval *e, const char *code, const struct jsonata_fault *inner)
{
    struct jsonata_error error;
    fill(&error, inner);
    const jn_value text = jsonata_string(e, jn_str_of(error.message));
    return jsonata_raise(e, (struct jsonata_fault){ .code = code, .value = text });
}

void context_lend(struct jsonata_eval *e)
{
    e->context->top = e->top;
}

void context_adopt(struct jsonata_eval *e, struct jsonata *program)
{
    struct regex_link *last = program->regexes;
    if (!last)
        return;
    while (last->next)
        last = last->next;
    last->next = e->context->regexes;
    e->context->regexes = program->regexes;
    program->regexes = NULL;
}

/* ---- names outside of the program ---------------------------------------------------------------------------- */

static jn_value find_registered(const struct jsonata_context *c, jn_str name)
{
    for (const struct registered *r = c->registered; r; r = r->next) {
        if (jn_str_eq(r->name, name))
            return r->function;
    }
    return jn_undefined();
}

/* What the caller says about a name; undefined when he says nothing. */
static jn_value find_given(const struct jsonata_eval *e, jn_str name)
{
    if (jn_str_eq(name, JN_STR("$")))
        return e->input;
    const jn_value v = jn_member(e->bindings, name);
    return jn_is_undefined(v) ? find_registered(e->context, name) : v;
}

jn_value context_global(struct jsonata_eval *e, jn_str name)
{
    struct jsonata_context *c = e->context;
    const jn_value given = find_given(e, name);
    const struct jsonata_builtin *b = jn_is_undefined(given) ? jsonata_library_find(name) : NULL;
    if (!b)
        return given;
    if (jn_is_undefined(c->builtins))
        c->builtins = jn_object_value(jn_object_new(&c->lasting, 16));
    if (jn_is_undefined(c->builtins))
        return jsonata_raise_memory(e);
    const jn_value known = jn_object_get(c->builtins.as.object, name);
    if (!jn_is_undefined(known))
        return known;
    const jn_value made = library_function(&c->lasting, b);
    if (jn_is_undefined(made) ||
        !jn_object_set(&c->lasting, c->builtins.as.object, jn_str_of(b->name), made))
        return jsonata_raise_memory(e);
    return made;
}

/* ---- a program's memory -------------------------------------------------------------------------------------- */

static struct program_memory *remember(struct jsonata_context *c, const struct jsonata *p)
{
    for (unsigned i = 0; i < PROGRAMS; i++) {
        if (c->programs[i].program == p && c->programs[i].id == p->id)
            return &c->programs[i];
    }
    struct program_memory *m = &c->programs[c->next_program];
    free(m->sites);
    free(m->site_shapes);
    *m = (struct program_memory){ p, p->id, calloc(p->sites + 1U, sizeof *m->sites),
                                  calloc(p->site_shapes + 1U, sizeof *m->site_shapes) };
    if (!m->sites || !m->site_shapes) {
        free(m->sites);
        free(m->site_shapes);
        *m = (struct program_memory){ .program = NULL };
        return NULL;
    }
    c->next_program = (c->next_program + 1) % PROGRAMS;
    return m;
}

static bool use_program(struct jsonata_eval *e, const struct jsonata *p, jn_value *globals)
{
    struct program_memory *m = remember(e->context, p);
    if (!m || !globals) {
        e->status = JN_NO_MEMORY;
        return false;
    }
    const bool is_plain = jn_is_undefined(e->bindings) && !e->context->registered;
    for (uint32_t i = 0; i < p->globals; i++) {
        const jn_value given = is_plain && p->global_name[i].data[0] != '$' ? jn_undefined()
                                                                            : find_given(e, p->global_name[i]);
        globals[i] = jn_is_undefined(given) ? p->global_default[i] : given;
    }
    e->program = p;
    e->sites = m->sites;
    e->site_shapes = m->site_shapes;
    e->globals = globals;
    return true;
}

struct program_state context_switch(struct jsonata_eval *e, const struct jsonata *program)
{
    const struct program_state state = { e->program, e->sites, e->site_shapes, e->globals };
    if (!use_program(e, program, jn_arena_alloc(e->arena, program->globals * sizeof(jn_value))))
        jsonata_raise_memory(e);
    return state;
}

void context_switch_back(struct jsonata_eval *e, struct program_state state)
{
    e->program = state.program;
    e->sites = state.sites;
    e->site_shapes = state.site_shapes;
    e->globals = state.globals;
}

/* ---- evaluating ---------------------------------------------------------------------------------------------- */

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void begin(struct jsonata_eval *e, struct jsonata_context *c, jn_value input, jn_value bindings)
{
    *e = (struct jsonata_eval){ .arena = &c->arena, .shapes = c->shapes, .context = c,
                                .pictures = c->pictures, .input = input, .bindings = bindings, .now_ms = clock_ms(CLOCK_REALTIME) };
    e->max_depth = c->limits.max_depth ? c->limits.max_depth : UINT32_MAX / 2;
    e->deadline_ms = c->limits.timeout_ms ? clock_ms(CLOCK_MONOTONIC) + c->limits.timeout_ms : 0;
    e->top = c->top;
    e->top_end = (jn_value *)(void *)(c->values.start + c->values.size);
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

static void run(void *arg)
{
    struct evaluation *v = arg;
    struct jsonata_eval *e = &v->e;
    jn_value *globals = function_open(e, v->program->globals);
    if (!globals || !use_program(e, v->program, globals + 1))
        return;
    const jn_value context = e->input.type == JN_ARRAY ? context_wrap(e, e->input) : e->input;
    struct jsonata_frame *f = root_frame(e, v->program);
    if (f && !jsonata_failed(e))
        v->result = jsonata_unwrap(tuple_items(e, node_eval(v->program->root, e, context, f)));
    if (jn_arena_failed(e->arena))
        jsonata_raise_memory(e);
}

/* Runs on the caller's stack when the program nests little, else on ours. */
static void run_on_stack(struct evaluation *v)
{
    enum { SHALLOW = 256 << 10, LEAST = 1 << 20 };      /* of the caller's stack; of ours */
    struct jsonata_context *c = v->e.context;
    const char *outer = c->stack_limit;
    const bool is_deep = v->program->is_deep || v->program->is_dynamic;
    if (outer || !is_deep || (!c->stack.size && !reserve_open(&c->stack, (size_t)512 << 20, LEAST))) {
        v->e.stack_limit = outer ? outer : (const char *)__builtin_frame_address(0) - SHALLOW;
        run(v);
        return;
    }
    /* Half of what an evaluation may have, since nesting is memory too. */
    c->stack_limit = v->e.stack_limit = reserve_limit(&c->stack, c->arena.ceiling / 2);
    reserve_run(&c->stack, run, v);
    c->stack_limit = NULL;
}

enum jn_status jsonata_evaluate(const struct jsonata *program, struct jsonata_context *c, jn_value input,
                                jn_value bindings, jn_value *result, struct jsonata_error *err)
{
    struct evaluation v = { .program = program };
    jn_value *outer = c->top;
    begin(&v.e, c, input, bindings);
    c->running++;
    run_on_stack(&v);
    c->running--;
    c->top = outer;
    c->random[0] = v.e.random[0];
    c->random[1] = v.e.random[1];
    if (v.e.fault.code) {
        fill(err, &v.e.fault);
        return JN_EVALUATION;
    }
    if (v.e.status)
        return fail(err, v.e.status);
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

static enum jn_status read_input(struct jsonata_context *c, jn_str text, jn_value *input, struct jsonata_error *err)
{
    const struct jn_read_options opt = { .shapes = c->shapes };
    struct jn_error cause;
    *input = jn_undefined();
    cause.status = JN_OK;               // the rest is written when there is something to say
    if (!text.data || !jn_read(&c->arena, text, &opt, input, NULL, &cause))
        return JN_OK;
    return fail_text(err, &cause, cause.status == JN_BAD_TEXT ? "the input is not JSON" : "the input cannot be read");
}

static void open_output(struct jsonata_context *c)
{
    jn_buf_truncate(&c->out, 0);
    if (c->out.failed)
        jn_buf_clear(&c->out);
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
    if (jn_write(&c->out, result, opt, &cause))
        return fail_text(err, &cause, "the result cannot be written");
    *out = jn_buf_str(&c->out);
    return JN_OK;
}

enum jn_status jsonata_evaluate_text(const struct jsonata *program, struct jsonata_context *c, jn_str text,
                                     jn_value bindings, const struct jn_write_options *opt, jn_str *out,
                                     struct jsonata_error *err)
{
    jn_value input, result;
    if (!c->running)
        jsonata_context_reset(c);
    enum jn_status s = read_input(c, text, &input, err);
    if (!s)
        s = jsonata_evaluate(program, c, input, bindings, &result, err);
    return s ? s : write_result(c, result, opt, out, err);
}

/* ---- the host's functions ------------------------------------------------------------------------------------ */

static struct registered *registered_place(struct jsonata_context *c, jn_str name)
{
    for (struct registered *r = c->registered; r; r = r->next) {
        if (jn_str_eq(r->name, name))
            return r;
    }
    struct registered *r = jn_arena_zalloc(&c->lasting, sizeof *r);
    if (!r)
        return NULL;
    r->name = jn_arena_copy(&c->lasting, name);
    r->next = c->registered;
    if (!r->name.data)
        return NULL;
    c->registered = r;
    return r;
}

/* How many arguments higher-order functions may pass: one per parameter of the signature. */
static uint8_t signature_arity(const char *signature)
{
    unsigned n = 0, nested = 0;
    for (const char *s = signature; *s && *s != ':'; s++) {
        nested += *s == '(';
        n += nested == 0 && strchr("snblaofjx", *s) != NULL;
        if (*s == ')')
            nested--, n++;
        if (*s == '<' && s != signature)
            s = strchr(s, '>') ? strchr(s, '>') : s;
    }
    return (uint8_t)(n < JSONATA_MAX_ARITY ? n : JSONATA_MAX_ARITY);
}

enum jn_status jsonata_context_register(struct jsonata_context *c, const char *name, const char *signature,
                                        jsonata_native_fn *fn, void *host, struct jsonata_error *err)
{
    struct jsonata_fault fault = { .code = NULL };
    const struct jsonata_signature *s = NULL;
    if (signature) {
        const jn_str text = jn_arena_copy(&c->lasting, jn_str_of(signature));
        s = text.data ? jsonata_signature_compile(&c->lasting, text, &fault) : NULL;
        if (!s && fault.code)
            fill(err, &fault);
        if (!s)
            return fault.code ? JN_BAD_TEXT : fail(err, JN_NO_MEMORY);
    }
    struct jsonata_function *f = jn_arena_zalloc(&c->lasting, sizeof *f);
    struct registered *r = f ? registered_place(c, jn_str_of(name)) : NULL;
    if (!r)
        return fail(err, JN_NO_MEMORY);
    f->kind = FUNCTION_NATIVE;
    f->arity = signature ? signature_arity(signature) : JSONATA_MAX_ARITY;
    f->signature = s;
    memcpy(&f->as.native.call, &fn, sizeof fn);
    f->as.native.host = host;
    f->as.native.name = r->name.data;
    r->function = jsonata_function_value(f);
    return JN_OK;
}
