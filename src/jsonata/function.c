/* function.c - calling function values of every kind.
 *
 * Arguments stand on the value stack, with one place before them for the head of a frame:
 *
 *      base      base + 1 ...                     top
 *      | head    | arg 0 | arg 1 | other slots ... |
 *
 * so that a lambda whose frame nothing captures runs on its arguments where they are.  Tail calls loop in
 * function_invoke(): the body returns VALUE_TAIL and leaves callee and arguments in e->tail; the arguments move down to
 * `base`, and the next callee takes the place of the last.  Neither stack grows, nor does the arena when only scalars
 * are handed on: see can_forget(). */
#include "jsonata/function.h"

#include "jsonata/compile.h"
#include "jsonata/context.h"
#include "jsonata/ecma.h"
#include "jsonata/regex.h"
#include "jsonata/signature.h"

#include <math.h>

/* ---- function objects ---------------------------------------------------------------------------------------- */

struct jsonata_function *jsonata_function_new(struct jsonata_eval *e, enum jsonata_function_kind kind, uint8_t arity)
{
    struct jsonata_function *f = jn_arena_zalloc(e->arena, sizeof *f);
    if (!f) {
        jsonata_raise_memory(e);
        return NULL;
    }
    f->kind = kind;
    f->arity = arity;
    return f;
}

jn_value function_compose(struct jsonata_eval *e, jn_value first, jn_value then)
{
    struct jsonata_function *f = jsonata_function_new(e, FUNCTION_COMPOSED, 1);
    if (f) {
        f->as.composed.first = first.as.function;
        f->as.composed.then = then.as.function;
    }
    return jsonata_function_value(f);
}

uint32_t jsonata_arity(jn_value f)
{
    return f.type == JN_FUNCTION ? jsonata_function_of(f)->arity : 0;
}

/* ---- the value stack ----------------------------------------------------------------------------------------- */

enum { SLACK = 64 };        /* places that a call may use beyond what it asked for: checked arguments */

static bool has_room(struct jsonata_eval *e, const jn_value *from, size_t places)
{
    while ((size_t)(e->top_end - from) < places + SLACK) {
        if (!context_more_values(e))
            return node_stack_exceeded(e);
    }
    return true;
}

jn_value *function_open(struct jsonata_eval *e, uint32_t count)
{
    jn_value *base = e->top;
    if (!has_room(e, base, 2 * (size_t)count + 1))
        return NULL;
    e->top = base + 1 + count;
    return base;
}

/* ---- lambdas ------------------------------------------------------------------------------------------------- */

bool function_check(struct jsonata_eval *e, const struct jsonata_signature *s, jn_value *base, uint32_t *count,
                    jn_value context)
{
    const uint32_t fitting = jsonata_signature_fits(s, base + 1, *count);
    if (fitting != UINT32_MAX) {
        *count = fitting;
        return true;
    }
    jn_value *out = base + 1 + *count;
    e->top = out + *count + JSONATA_MAX_ARITY;
    *count = jsonata_signature_apply(e, s, context, base + 1, *count, out);
    memmove(base + 1, out, *count * sizeof *out);
    return !jsonata_failed(e);
}

/* The frame where the arguments are. */
static struct jsonata_frame *frame_in_place(struct jsonata_eval *e, const struct jsonata_program_lambda *code,
                                            jn_value *base, uint32_t count)
{
    if (!has_room(e, base, code->slots + 1))
        return NULL;
    struct jsonata_frame *f = (struct jsonata_frame *)(void *)base;
    for (uint32_t i = count; i < code->parameters; i++)
        f->slot[i] = jn_undefined();
    for (uint32_t i = code->parameters; i < code->slots; i++)
        f->slot[i].type = VALUE_UNBOUND;
    f->names = NULL;
    e->top = base + 1 + code->slots;
    return f;
}

static struct jsonata_frame *frame_apart(struct jsonata_eval *e, const struct jsonata_program_lambda *code,
                                         const jn_value *base, uint32_t count)
{
    struct jsonata_frame *f = frame_new(e, code->slots, NULL);
    for (uint32_t i = 0; f && i < code->parameters; i++) {
        const jn_value v = i < count ? base[1 + i] : jn_undefined();
        if (code->is_dynamic)
            frame_bind(e, f, code->names[i], v);
        else
            f->slot[code->parameter_slot[i]] = v;
    }
    return f;
}

static jn_value run_body(struct jsonata_eval *e, const struct jsonata_function *fn, struct jsonata_frame *f)
{
    const struct jsonata_program_lambda *code = fn->as.lambda.code;
    if (code->program == e->program || code->is_dynamic)
        return node_eval(code->body, e, fn->as.lambda.context, f);
    struct program_state outer;
    if (!context_switch(e, code->program, &outer))
        return jn_undefined();
    const jn_value v = node_eval(code->body, e, fn->as.lambda.context, f);
    context_leave(e, outer);
    return v;
}

static jn_value run_lambda(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t count,
                           jn_value context, bool is_partial)
{
    const struct jsonata_program_lambda *code = fn->as.lambda.code;
    if (fn->signature && !is_partial && !function_check(e, fn->signature, base, &count, context))
        return jn_undefined();
    struct jsonata_frame *f = code->is_captured ? frame_apart(e, code, base, count)
                                                : frame_in_place(e, code, base, count);
    if (!f)
        return jn_undefined();
    f->outer = fn->as.lambda.frame;
    return run_body(e, fn, f);
}

/* ---- built-ins ---------------------------------------------------------------------------------------------- */

/* Whether going through `v` takes so long that the guardrails should be looked at on the way. */
static bool is_long(jn_value v)
{
    enum { BYTES = 65536, MEMBERS = 4096 };
    switch (v.type) {
    case JN_STRING: return v.len >= BYTES;
    case JN_ARRAY: return v.as.array->len >= MEMBERS;
    case JN_OBJECT: return jn_object_len(v) >= MEMBERS;
    default: return false;
    }
}

/* `args` has a place for each parameter. */
static jn_value call_builtin(struct jsonata_eval *e, const struct jsonata_builtin *b, jn_value *args, uint32_t count,
                             jn_value context)
{
    if (count && is_long(args[0]) && !jsonata_look_around(e))
        return jn_undefined();
    const jn_value outer = e->call_context;
    e->call_context = context;
    const jn_value v = b->call(e, args, count);
    e->call_context = outer;
    return is_long(v) && !jsonata_look_around(e) ? jn_undefined() : v;
}

static jn_value run_builtin(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t count,
                            jn_value context)
{
    if (fn->signature && !function_check(e, fn->signature, base, &count, context))
        return jn_undefined();
    const struct jsonata_builtin *b = fn->as.builtin;
    jn_value *args = base + 1;
    for (uint32_t i = count; i < JSONATA_MAX_ARITY; i++)
        args[i] = jn_undefined();
    e->top = args + (count < JSONATA_MAX_ARITY ? JSONATA_MAX_ARITY : count);
    return call_builtin(e, b, args, count, context);
}

/* ---- the other kinds ----------------------------------------------------------------------------------------- */

/* Where a pattern starts to look: its second argument as ECMAScript's lastIndex, be it only the key that $each
 * gives. */
static int64_t start_of(struct jsonata_eval *e, jn_value v)
{
    const double from = jsonata_ecma_number(e, v);
    return from > 0 && from < 4e9 ? (int64_t)from : from > 0 ? (int64_t)4e9 : 0;
}

static jn_value run_regex(struct jsonata_eval *e, const struct jsonata_function *fn, const jn_value *args,
                          uint32_t count)
{
    if (fn->kind == FUNCTION_NEXT)
        return jsonata_regex_call(e, fn->as.next.regex, fn->as.next.subject, (int64_t)fn->as.next.from, true);
    const int64_t from = count > 1 ? start_of(e, args[1]) : 0;
    const jn_value subject = jsonata_ecma_string(e, count ? args[0] : jn_undefined());
    return jn_is_undefined(subject) ? subject : jsonata_regex_call(e, fn->as.regex, subject, from, false);
}

/* Merges bound and given arguments at `base`; gives how many there are. */
static bool fill_partial(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t *count)
{
    const uint32_t n = fn->as.partial.count, given = *count;
    if (!has_room(e, base, 1 + 2 * (size_t)n + given))
        return false;
    jn_value *saved = base + 1 + n;
    memmove(saved, base + 1, given * sizeof *saved);
    for (uint32_t i = 0, k = 0; i < n; i++) {
        const bool is_open = fn->as.partial.is_open[i];
        base[1 + i] = !is_open ? fn->as.partial.args[i] : k < given ? saved[k] : jn_undefined();
        k += is_open;
    }
    *count = n;
    e->top = base + 1 + n;
    return true;
}

/* f ~> g is function($f, $g) { function($x){ $g($f($x)) } } of them, and errors say so: these are its places. */
static const struct call_site first_site = { { "f", 1 }, 39 }, then_site = { { "g", 1 }, 35 };

static jn_value run_composed(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t count)
{
    jn_value *inner = function_open(e, 1);
    if (!inner)
        return jn_undefined();
    inner[1] = count ? base[1] : jn_undefined();
    if (inner[1].type == JN_FUNCTION)
        inner[1].flags = FUNCTION_PASSED;
    const jn_value then = jsonata_function_value(fn->as.composed.then);
    function_remember(e, then, &then_site);         // before its argument, like all tail calls
    const jn_value first = jsonata_function_value(fn->as.composed.first);
    base[1] = jsonata_unwrap(function_invoke(e, inner, first, 1, jn_null(), &first_site));
    e->tail = jsonata_failed(e) ? (struct jsonata_tail){ .base = base }     // the composition itself has been left
                                : (struct jsonata_tail){ then, base, 1, false, &then_site };
    return (jn_value){ .type = VALUE_TAIL };
}

/* One call.  A partial application hands over to its target: *count changes, and a lambda's signature is no longer
 * looked at. */
static jn_value apply(struct jsonata_eval *e, jn_value *base, jn_value callee, uint32_t *count, jn_value context)
{
    bool is_partial = false;
    for (;;) {
        const struct jsonata_function *fn = jsonata_function_of(callee);
        if (!jsonata_step(e))
            return jn_undefined();
        if (!fn)
            return jsonata_raise(e, (struct jsonata_fault){ .code = "T1006" });
        switch (fn->kind) {
        case FUNCTION_LAMBDA:
            return run_lambda(e, fn, base, *count, context, is_partial);
        case FUNCTION_BUILTIN:
            return run_builtin(e, fn, base, *count, context);
        case FUNCTION_NATIVE:
            return native_call(e, fn, base, *count, context);
        case FUNCTION_TRANSFORM:
            return transform_call(e, fn, base + 1, *count);
        case FUNCTION_REGEX:
        case FUNCTION_NEXT:
            return run_regex(e, fn, base + 1, *count);
        case FUNCTION_PARTIAL:
            if (!fill_partial(e, fn, base, count))
                return jn_undefined();
            callee = jsonata_function_value(fn->as.partial.target);
            is_partial = true;
            break;
        case FUNCTION_COMPOSED:
            return run_composed(e, fn, base, *count);
        }
    }
}

/* ---- tail calls ---------------------------------------------------------------------------------------------- */

static bool is_scalar(jn_value v)
{
    return v.type == JN_UNDEFINED || v.type == JN_NULL || v.type == JN_BOOLEAN || v.type == JN_NUMBER;
}

/* Whether what a call of `callee` allocates is garbage once it has returned a scalar: no closure keeps its frame, and
 * no function of the host and no $eval has run. */
static bool can_forget(const struct jsonata_eval *e, jn_value callee)
{
    const struct jsonata_function *fn = jsonata_function_of(callee);
    return fn && fn->kind == FUNCTION_LAMBDA && !fn->as.lambda.code->is_captured && !e->is_dynamic_past &&
           !e->keeps_memory;
}

/* Numbers may be kept as text, which may be in the arena. */
static jn_value settle(jn_value v)
{
    return v.type == JN_NUMBER && v.flags & JN_NUM_TEXT ? jn_number(jn_num(v)) : v;
}

/* Moves the pending tail call's arguments down to `base`; true when they are all scalars, settled. */
static bool take_tail(struct jsonata_eval *e, jn_value *base)
{
    bool scalars = e->tail.is_outer;
    for (uint32_t i = 0; i < e->tail.count; i++) {
        const jn_value v = e->tail.base[1 + i];
        scalars = scalars && is_scalar(v);
        base[1 + i] = settle(v);
    }
    e->top = base + 1 + e->tail.count;
    return scalars;
}

/* ---- errors on their way out --------------------------------------------------------------------------------- */

/* An error takes the position of each function that it leaves, and the name of the first (spec 14).  A function's place
 * is where it was last called by name, which the reference keeps in the function itself: in a recursion that is not the
 * call that is being left, but the one made last.  Calls by what is no name, of functions that were arguments, and of
 * patterns leave no trace; a call in tail position always does. */
static const struct call_site **place_of_builtin(struct jsonata_eval *e, const struct jsonata_function *fn)
{
    struct jsonata_context *c = e->context;
    if (!e->called && c->running == 1) {        // not in an evaluation that the host starts inside another one
        memset(c->called, 0, sizeof c->called);
        e->called = c->called;
    }
    return e->called ? &e->called[fn->number] : NULL;
}

static const struct call_site **place_of(struct jsonata_eval *e, jn_value callee)
{
    struct jsonata_function *fn = jsonata_function_of(callee);
    switch (fn->kind) {
    case FUNCTION_BUILTIN:
        return place_of_builtin(e, fn);
    case FUNCTION_NATIVE:
    case FUNCTION_REGEX:
    case FUNCTION_NEXT:
        return NULL;
    default:
        return &fn->last;
    }
}

void function_remember(struct jsonata_eval *e, jn_value callee, const struct call_site *site)
{
    const struct call_site **place = site && !(callee.flags & FUNCTION_PASSED) ? place_of(e, callee) : NULL;
    if (place)
        *place = site;
}

static void stamp(struct jsonata_eval *e, const struct call_site *site)
{
    if (!site)
        return;
    if (!e->fault.token.data)
        e->fault.token = site->token;
    if (site->position)
        e->fault.position = site->position;
}

/* `site`: the call by name, if it was one; `tail`: the call in tail position that took its place, if there was one. */
static void stamp_call(struct jsonata_eval *e, jn_value callee, const struct call_site *site,
                       const struct call_site *tail)
{
    if (!e->fault.code)
        return;
    const struct call_site **place = callee.type == JN_FUNCTION ? place_of(e, callee) : NULL;
    stamp(e, place ? *place : NULL);
    stamp(e, tail && (!place || callee.flags & FUNCTION_PASSED) ? tail : NULL);
    if (site && !e->fault.position)
        e->fault.position = site->position;
    if (site && !e->fault.token.len)
        e->fault.token = site->token;
}

/* ---- invoking ------------------------------------------------------------------------------------------------ */

/* A built-in has no calls in tail position, and what it allocates may be part of its result. */
static jn_value invoke_builtin(struct jsonata_eval *e, jn_value *base, jn_value callee, uint32_t count,
                               jn_value context, const struct call_site *site)
{
    function_remember(e, callee, site);
    if (callee.flags & FUNCTION_PASSED)
        context = jn_null();
    const jn_value v = jsonata_step(e) ? run_builtin(e, callee.as.function, base, count, context) : jn_undefined();
    e->top = base;
    if (jsonata_failed(e))
        stamp_call(e, callee, site, NULL);
    return v;
}

/* What a built-in makes of arguments that fit as they are; `count` of them, and nothing after those. */
static jn_value run_fitting(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *args, uint32_t count,
                            jn_value context)
{
    const struct jsonata_builtin *b = fn->as.builtin;
    for (uint32_t i = count; i < b->arity; i++)
        args[i] = jn_undefined();
    return call_builtin(e, b, args, count, context);
}

jn_value function_call_builtin(struct jsonata_eval *e, jn_value callee, const struct node *const *nodes, uint32_t count,
                               jn_value context, struct jsonata_frame *f, const struct call_site *site)
{
    const struct jsonata_function *fn = callee.as.function;
    jn_value *base = e->top, *args = base + 1;
    if (!has_room(e, base, 2 * (size_t)count + 1))
        return jn_undefined();
    e->top = args + (count < JSONATA_MAX_ARITY ? JSONATA_MAX_ARITY : count);
    for (uint32_t i = 0; i < count && !jsonata_failed(e); i++) {
        args[i] = node_eval(nodes[i], e, context, f);
        if (args[i].type == JN_FUNCTION)
            args[i].flags = FUNCTION_PASSED;
    }
    e->call_frame = f;
    const uint32_t fitting = fn->signature && count <= JSONATA_MAX_ARITY && !jsonata_failed(e)
        ? jsonata_signature_fits(fn->signature, args, count) : UINT32_MAX;
    jn_value v = jn_undefined();
    if (fitting <= JSONATA_MAX_ARITY) {
        if (site)
            function_remember_builtin(e, callee, site);
        if (jsonata_step(e))
            v = run_fitting(e, fn, args, fitting, context);
        if (jsonata_failed(e))
            stamp_call(e, callee, site, NULL);
    } else if (!jsonata_failed(e)) {
        e->top = args + count;
        v = invoke_builtin(e, base, callee, count, context, site);
    }
    e->top = base;
    return v;
}

jn_value function_invoke(struct jsonata_eval *e, jn_value *base, jn_value callee, uint32_t count, jn_value context,
                         const struct call_site *site)
{
    if (callee.type == JN_FUNCTION && jsonata_function_of(callee)->kind == FUNCTION_BUILTIN)
        return invoke_builtin(e, base, callee, count, context, site);
    const jn_mark mark = jn_arena_mark(e->arena);
    struct jsonata_frame *caller = e->call_frame;   /* also of tail calls: $eval in one sees the first caller */
    const struct call_site *tail = NULL;
    bool flat = can_forget(e, callee);
    if (callee.type == JN_FUNCTION)
        function_remember(e, callee, site);
    if (callee.flags & FUNCTION_PASSED)
        context = jn_null();
    jn_value v = apply(e, base, callee, &count, context);
    while (v.type == VALUE_TAIL) {
        flat = take_tail(e, base) && flat && can_forget(e, callee);
        if (flat && e->arena->at != mark.at)
            jn_arena_rewind(e->arena, mark);
        callee = e->tail.callee;
        count = e->tail.count;
        tail = e->tail.site;
        e->call_frame = caller;
        v = apply(e, base, callee, &count, callee.flags & FUNCTION_PASSED ? jn_null() : context);
    }
    e->top = base;
    if (jsonata_failed(e))
        stamp_call(e, callee, site, tail);
    else if (flat && e->arena->at != mark.at && is_scalar(v) && can_forget(e, callee)) {
        v = settle(v);
        jn_arena_rewind(e->arena, mark);
    }
    return v;
}

jn_value jsonata_call_function(struct jsonata_eval *e, jn_value f, const jn_value *args, uint32_t count)
{
    jn_value *base = jsonata_failed(e) ? NULL : function_open(e, count);
    if (!base)
        return jn_undefined();
    for (uint32_t i = 0; i < count; i++)
        base[1 + i] = args[i];
    return function_invoke(e, base, f, count, jn_null(), NULL);
}
