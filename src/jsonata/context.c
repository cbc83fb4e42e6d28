/* context.c - compiling, contexts, and what a name means in one.
 *
 * A context owns all memory of evaluations and keeps it warm: the arena, the value stack, the C stack, key lists, and
 * per program the sites where evaluations remember shapes.  A program that was freed and another that happens to get
 * its address are told apart by the hash of their texts. */
#include "jsonata/context.h"

#include "jsonata/parse.h"
#include "jsonata/picture_cache.h"
#include "jsonata/version.h"
#include "jsonata/regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* ---- programs ------------------------------------------------------------------------------------------------ */

enum jn_status context_fail(struct jsonata_error *err, enum jn_status s, const char *sentence)
{
    if (err) {
        *err = (struct jsonata_error){ .position = -1 };
        snprintf(err->message, sizeof err->message, "%s", sentence ? sentence : jn_status_text(s));
    }
    return s;
}

void context_fill(struct jsonata_error *err, const struct jsonata_fault *fault)
{
    if (!err)
        return;
    jsonata_error_fill(err, fault);
    if (fault->message)
        snprintf(err->message, sizeof err->message, "%s", fault->message);
}

/* Parsing and compiling nest with the text: when it does so more than a little, they get a stack of their own. */
struct compilation {
    struct jsonata *program;
    jn_str text;
    size_t max_depth;
    bool recovers;
    struct jsonata_fault fault;
    bool done;
};

static void run_compilation(void *arg)
{
    struct compilation *c = arg;
    struct ast_errors errors = { 0 };
    c->done = program_compile(c->program, c->text, c->max_depth, c->recovers ? &errors : NULL, &c->fault);
}

/* The program that did not compile is about to be freed, and the value with it: a string moves into the error. */
static void keep_value(struct jsonata_error *err)
{
    if (err->value.type != JN_STRING)
        return;
    const jn_str s = jn_get_string(err->value);
    size_t n = s.len < sizeof err->value_text ? s.len : sizeof err->value_text - 1;
    while (n < s.len && n > 0 && ((unsigned char)s.data[n] & 0xC0) == 0x80)
        n--;                        // not inside a character
    memcpy(err->value_text, s.data, n);
    err->value_text[n] = '\0';
    err->value = jn_make_string((jn_str){ err->value_text, n });
}

static void compile_on_stack(struct compilation *c)
{
    const size_t max_depth = c->max_depth;
    if (max_depth > JSONATA_SHALLOW_DEPTH)
        c->max_depth = JSONATA_SHALLOW_DEPTH;
    run_compilation(c);
    if (max_depth == c->max_depth || !jsonata_is_too_deep(&c->fault))
        return;
    jn_arena_reset(c->program->arena);
    c->fault = (struct jsonata_fault){ .code = NULL };
    c->max_depth = max_depth;
    reserve_call(run_compilation, c);
}

static enum jn_status fail_compilation(const struct jsonata *p, struct jsonata_error *err)
{
    char sentence[100];
    if (jn_arena_failed(&p->own) != JN_LIMIT)
        return context_fail(err, JN_NO_MEMORY, NULL);
    snprintf(sentence, sizeof sentence, "the expression needs more memory than its limit of %zu bytes",
             p->budget.limit);
    return context_fail(err, JN_LIMIT, sentence);
}

enum jn_status jsonata_compile(jn_str text, const struct jsonata_compile_options *opt, struct jsonata **out,
                               struct jsonata_error *err)
{
    struct jsonata *p = calloc(1, sizeof *p);
    if (!p)
        return context_fail(err, JN_NO_MEMORY, NULL);
    jn_arena_init(&p->own, SIZE_MAX);
    p->arena = &p->own;
    p->is_plain = opt && opt->plain;
    p->budget.limit = opt ? opt->max_bytes : 0;
    p->own.budget = p->budget.limit ? &p->budget : NULL;
    struct compilation c = { .program = p, .text = text, .max_depth = opt && opt->max_depth ? opt->max_depth : 1000,
                             .recovers = opt && opt->recover };
    compile_on_stack(&c);
    if (c.done) {
        *out = p;
        return JN_OK;
    }
    if (c.fault.code)
        context_fill(err, &c.fault);
    if (c.fault.code && err)
        keep_value(err);
    const enum jn_status s = c.fault.code ? JN_BAD_TEXT : fail_compilation(p, err);
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

size_t jsonata_error_count(const struct jsonata *program)
{
    return program->errors.len;
}

void jsonata_error_at(const struct jsonata *program, size_t index, struct jsonata_error *err)
{
    if (index < program->errors.len)
        context_fill(err, &program->errors.at[index]->fault);
    else
        *err = (struct jsonata_error){ .position = -1 };
}

const char *jsonata_version(void)
{
    return JSONATA_VERSION;
}

/* ---- contexts ------------------------------------------------------------------------------------------------ */

static void seed(uint64_t random[2])
{
    if (getrandom(random, 2 * sizeof *random, 0) != (ssize_t)(2 * sizeof *random) || !(random[0] | random[1])) {
        random[0] = (uint64_t)time(NULL) | 1;
        random[1] = (uintptr_t)random;
    }
}

/* The budget is about to refuse: gives back what is only kept warm. */
static void reclaim(struct jn_budget *b)
{
    struct jsonata_context *c = (struct jsonata_context *)b;
    jn_arena_trim(&c->arena);
    jsonata_matching_trim(c->matching);
    eval_texts_reclaim(c);
    if (!c->is_writing)
        jn_buf_clear(&c->out);
}

_Static_assert(offsetof(struct jsonata_context, budget) == 0, "reclaim() takes a budget for its context");

/* Everything that draws on the budget is told so here. */
static void open_memory(struct jsonata_context *c)
{
    c->budget = (struct jn_budget){ .limit = SIZE_MAX, .reclaim = reclaim };
    jn_arena_init(&c->arena, 0);
    jn_arena_init(&c->lasting, 0);
    jn_buf_init(&c->text, 0);
    jn_buf_init(&c->out, 0);
    c->arena.budget = c->lasting.budget = c->text.budget = c->out.budget = &c->budget;
}

struct jsonata_context *jsonata_context_new(const struct jsonata_limits *limits)
{
    struct jsonata_context *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    open_memory(c);
    seed(c->random);
    c->shapes = jn_shapes_new_on(&c->budget, 0);
    c->pictures = jsonata_pictures_new(&c->budget);
    c->matching = jsonata_matching_new(&c->budget);
    if (!c->shapes || !c->pictures || !c->matching || !reserve_open(&c->values, (size_t)256 << 20, 1 << 18, false)) {
        jsonata_context_free(c);
        return NULL;
    }
    c->top = (jn_value *)(void *)reserve_first(&c->values);
    jsonata_context_limit(c, limits);
    return c;
}

static void free_regexes(struct jsonata_context *c)
{
    struct jsonata holder = { .regexes = c->regexes };
    program_clear(&holder);
    c->regexes = NULL;
}

static void forget(struct jsonata_context *c, struct program_memory *m)
{
    free(m->sites);
    free(m->site_shapes);
    jn_budget_give(&c->budget, m->bytes);
    *m = (struct program_memory){ .program = NULL };
}

void jsonata_context_free(struct jsonata_context *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < PROGRAMS; i++)
        forget(c, &c->programs[i]);
    free_regexes(c);
    eval_texts_clear(c);
    for (struct registered *r = c->registered; r; r = r->next)
        jn_arena_clear(&r->later);
    jn_arena_clear(&c->arena);
    jn_arena_clear(&c->lasting);
    jn_shapes_free(c->shapes);
    jsonata_pictures_free(c->pictures);
    jsonata_matching_free(c->matching);
    jn_buf_clear(&c->text);
    jn_buf_clear(&c->out);
    reserve_close(&c->values, &c->budget);
    reserve_close(&c->stack, &c->budget);
    free(c);
}

void jsonata_context_limit(struct jsonata_context *c, const struct jsonata_limits *limits)
{
    c->limits = limits ? *limits : (struct jsonata_limits){ .max_bytes = 0 };
    c->budget.limit = c->limits.max_bytes ? c->limits.max_bytes : (size_t)1 << 30;
    c->out.ceiling = c->limits.max_output && c->limits.max_output < SIZE_MAX ? c->limits.max_output : SIZE_MAX - 1;
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
    if (c->running)
        return;                 // a function of the host must not pull the ground from under its caller
    free_regexes(c);
    eval_texts_reset(c);
    jn_arena_reset(&c->arena);
    reserve_trim(&c->values, &c->budget);
    reserve_trim(&c->stack, &c->budget);
}

void jsonata_context_trim(struct jsonata_context *c)
{
    jsonata_context_reset(c);
    if (c->running)
        return;
    eval_texts_clear(c);
    jn_arena_trim(&c->arena);
    jsonata_matching_trim(c->matching);
    jn_buf_clear(&c->text);
    jn_buf_clear(&c->out);
}

/* ---- services to the evaluator ------------------------------------------------------------------------------- */

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
    context_fill(&error, inner);
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

jn_value context_given(const struct jsonata_context *c, jn_value bindings, jn_str name)
{
    const jn_value v = jn_member(bindings, name);
    if (!jn_is_undefined(v))
        return v;
    for (const struct registered *r = c->registered; r; r = r->next) {
        if (jn_str_eq(r->name, name))
            return r->function;
    }
    return jn_undefined();
}

/* What the caller says about a name; undefined when he says nothing. */
static jn_value find_given(const struct jsonata_eval *e, jn_str name)
{
    return jn_str_eq(name, JN_STR("$")) ? e->input : context_given(e->context, e->bindings, name);
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

/* The place of the program whose turn it is to be forgotten; NULL when all of them are being evaluated. */
static struct program_memory *free_place(struct jsonata_context *c)
{
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct program_memory *m = &c->programs[c->next_program];
        c->next_program = (c->next_program + 1) % PROGRAMS;
        if (!m->users) {
            forget(c, m);
            return m;
        }
    }
    return NULL;
}

static enum jn_status make_memory(struct jsonata_context *c, const struct jsonata *p, struct program_memory **out)
{
    struct program_memory *m = free_place(c);
    const size_t bytes = (p->sites + 1U) * sizeof *m->sites + (p->site_shapes + 1U) * sizeof *m->site_shapes;
    if (!m || !jn_budget_take(&c->budget, bytes))
        return JN_LIMIT;
    *m = (struct program_memory){ .program = p, .id = p->id, .bytes = bytes };
    m->sites = calloc(p->sites + 1U, sizeof *m->sites);
    m->site_shapes = calloc(p->site_shapes + 1U, sizeof *m->site_shapes);
    if (m->sites && m->site_shapes) {
        *out = m;
        return JN_OK;
    }
    forget(c, m);
    return JN_NO_MEMORY;
}

static enum jn_status remember(struct jsonata_context *c, const struct jsonata *p, struct program_memory **out)
{
    for (unsigned i = 0; i < PROGRAMS; i++) {
        if (c->programs[i].program == p && c->programs[i].id == p->id) {
            *out = &c->programs[i];
            return JN_OK;
        }
    }
    return make_memory(c, p, out);
}

/* The values of the program's free names. */
static void find_globals(struct jsonata_eval *e, const struct jsonata *p, jn_value *globals)
{
    const bool is_plain = jn_is_undefined(e->bindings) && !e->context->registered;
    for (uint32_t i = 0; i < p->globals; i++) {
        const jn_value given = is_plain && p->global_name[i].data[0] != '$' ? jn_undefined()
                                                                            : find_given(e, p->global_name[i]);
        globals[i] = jn_is_undefined(given) ? p->global_default[i] : given;
        e->has_overrides |= !jn_is_undefined(given) && !jn_is_undefined(p->global_default[i]);
    }
}

bool context_enter(struct jsonata_eval *e, const struct jsonata *p, jn_value *globals, struct program_state *outer)
{
    *outer = (struct program_state){ e->program, e->memory, e->sites, e->site_shapes, e->globals };
    struct program_memory *m = NULL;
    const enum jn_status s = globals ? remember(e->context, p, &m) : JN_NO_MEMORY;
    if (s) {
        if (!jsonata_failed(e))
            e->status = jn_arena_failed(e->arena) ? jn_arena_failed(e->arena) : s;
        return false;
    }
    find_globals(e, p, globals);
    m->users++;
    e->program = p;
    e->memory = m;
    e->sites = m->sites;
    e->site_shapes = m->site_shapes;
    e->globals = globals;
    return true;
}

void context_leave(struct jsonata_eval *e, struct program_state outer)
{
    e->memory->users--;
    e->program = outer.program;
    e->memory = outer.memory;
    e->sites = outer.sites;
    e->site_shapes = outer.site_shapes;
    e->globals = outer.globals;
}

bool context_switch(struct jsonata_eval *e, const struct jsonata *program, struct program_state *outer)
{
    return context_enter(e, program, jn_arena_alloc(e->arena, program->globals * sizeof(jn_value)), outer);
}
