/* eval_text.c - $eval: text compiled and run in the caller's scope (spec 9), and a context's memory of such texts.
 *
 * A text that was compiled is kept, since the usual $eval has the same text for every item.  Values and functions that
 * came of a program may point into it until the context is reset; so programs are dropped between evaluations only:
 * all of them at the reset that finds no place left, and those that were not used since the last one when memory is
 * short.  Texts that find no place, or are long, are compiled into the evaluation's own memory. */
#include "jsonata/context.h"
#include "jsonata/parse.h"

#include <stdlib.h>

enum { LONGEST_KEPT = 4096 };       /* bytes of text */

/* ---- what is kept --------------------------------------------------------------------------------------------- */

static void drop(struct jsonata_context *c, struct eval_text *t)
{
    if (!t->program)
        return;
    program_clear(t->program);
    jn_arena_clear(&t->program->own);
    jn_budget_give(&c->budget, sizeof *t->program);
    free(t->program);
    *t = (struct eval_text){ .program = NULL };
}

void eval_texts_clear(struct jsonata_context *c)
{
    for (unsigned i = 0; i < EVAL_TEXTS; i++)
        drop(c, &c->eval_texts[i]);
}

void eval_texts_reclaim(struct jsonata_context *c)
{
    for (unsigned i = 0; i < EVAL_TEXTS; i++)
        if (!c->eval_texts[i].is_used)
            drop(c, &c->eval_texts[i]);
}

void eval_texts_reset(struct jsonata_context *c)
{
    if (c->eval_texts[EVAL_TEXTS - 1].program)
        eval_texts_clear(c);
    for (unsigned i = 0; i < EVAL_TEXTS; i++)
        c->eval_texts[i].is_used = false;
}

/* ---- compiling ------------------------------------------------------------------------------------------------ */

static bool is_kept(const struct eval_text *t, jn_str text, bool is_plain)
{
    return t->program && t->program->is_plain == is_plain && jn_str_eq(t->program->text, text);
}

/* The place of a text, or a free one, or NULL. */
static struct eval_text *place_of(struct jsonata_context *c, jn_str text, bool is_plain)
{
    if (text.len > LONGEST_KEPT)
        return NULL;
    struct eval_text *free_place = NULL;
    for (unsigned i = 0; i < EVAL_TEXTS; i++) {
        if (is_kept(&c->eval_texts[i], text, is_plain))
            return &c->eval_texts[i];
        if (!c->eval_texts[i].program && !free_place)
            free_place = &c->eval_texts[i];
    }
    return free_place;
}

/* A program without memory yet, counted. */
static struct jsonata *new_program(struct jsonata_context *c)
{
    if (!jn_budget_take(&c->budget, sizeof(struct jsonata)))
        return NULL;
    struct jsonata *p = calloc(1, sizeof *p);
    if (!p) {
        jn_budget_give(&c->budget, sizeof *p);
        return NULL;
    }
    jn_arena_init(&p->own, 0);
    p->own.budget = &c->budget;
    p->arena = &p->own;
    return p;
}

/* False after raising. */
static bool compile(struct jsonata_eval *e, struct jsonata *p, jn_str text)
{
    struct jsonata_fault fault = { .code = NULL };
    p->is_dynamic = true;
    p->is_plain = e->program->is_plain;
    if (program_compile(p, text, 0, NULL, &fault))
        return true;
    if (fault.code)
        jsonata_raise_inner(e, "D3120", &fault);
    else if (!jsonata_failed(e) && jn_arena_failed(p->arena))
        e->status = jn_arena_failed(p->arena);
    else
        jsonata_raise_memory(e);
    return false;
}

static const struct jsonata *compile_kept(struct jsonata_eval *e, struct eval_text *t, jn_str text)
{
    struct jsonata_context *c = e->context;
    t->is_used = true;
    if (t->program)
        return t->program;
    t->program = new_program(c);
    if (!t->program) {
        e->status = JN_NO_MEMORY;
        return NULL;
    }
    if (compile(e, t->program, text))
        return t->program;
    drop(c, t);
    return NULL;
}

static const struct jsonata *compile_once(struct jsonata_eval *e, jn_str text)
{
    struct jsonata *p = jn_arena_zalloc(e->arena, sizeof *p);
    if (!p) {
        jsonata_raise_memory(e);
        return NULL;
    }
    p->arena = e->arena;
    const bool done = compile(e, p, text);
    context_adopt(e, p);
    return done ? p : NULL;
}

static const struct jsonata *compile_text(struct jsonata_eval *e, jn_str text)
{
    struct eval_text *t = place_of(e->context, text, e->program->is_plain);
    return t ? compile_kept(e, t, text) : compile_once(e, text);
}

/* ---- running -------------------------------------------------------------------------------------------------- */

/* An error inside becomes D3121, which carries the inner message. */
static void rename_fault(struct jsonata_eval *e)
{
    if (!e->fault.code || e->has_tripped)
        return;
    const struct jsonata_fault inner = e->fault;
    e->fault = (struct jsonata_fault){ .code = NULL };
    jsonata_raise_inner(e, "D3121", &inner);
}

jn_value jsonata_eval_text(struct jsonata_eval *e, jn_str text, jn_value context, bool has_context)
{
    struct jsonata_frame *f = e->program->is_dynamic ? e->call_frame : NULL;
    if (!has_context)
        context = e->call_context;
    else if (context.type == JN_ARRAY && !(context.flags & JN_SEQUENCE))
        context = context_wrap(e, context);
    if (!f)
        f = frame_new(e, 0, NULL);
    e->is_dynamic_past = true;
    const size_t levels = text.len < JSONATA_DEFAULT_DEPTH ? text.len : JSONATA_DEFAULT_DEPTH;
    const struct jsonata *p = f && node_has_stack_for(e, levels) ? compile_text(e, text) : NULL;
    if (!p)
        return jn_undefined();
    const jn_value v = node_eval(p->root, e, context, f);
    rename_fault(e);
    return v;
}
