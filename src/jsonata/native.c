/* native.c - the host's functions: registering them, calling them, and what they may ask for while they run. */
#include "jsonata/context.h"
#include "jsonata/signature.h"

/* ---- calling ------------------------------------------------------------------------------------------------- */

struct jsonata_call {
    struct jsonata_eval *e;
};

struct jn_arena *jsonata_call_arena(struct jsonata_call *call)
{
    return call->e->arena;
}

jn_value jsonata_call_fail(struct jsonata_call *call, const char *code, const char *message)
{
    struct jsonata_eval *e = call->e;
    jn_str kept = jn_arena_copy(e->arena, jn_str_of(code));
    jn_str text = jn_arena_copy(e->arena, jn_str_of(message));
    if (!kept.data || !text.data)
        return jsonata_raise_memory(e);
    return jsonata_raise(e, (struct jsonata_fault){ .code = kept.data, .value = jn_string(text, 0),
                                                    .message = text.data });
}

jn_value jsonata_call_invoke(struct jsonata_call *call, jn_value function, const jn_value *args, size_t count)
{
    struct jsonata_eval *e = call->e;
    if (count > UINT32_MAX / 4) {
        e->status = JN_LIMIT;
        return jn_undefined();
    }
    const jn_value v = jsonata_call_function(e, function, args, (uint32_t)count);
    return jsonata_failed(e) ? jn_undefined() : v;
}

bool jsonata_call_failed(const struct jsonata_call *call)
{
    return jsonata_failed(call->e);
}

jn_value native_call(struct jsonata_eval *e, const struct jsonata_function *fn, jn_value *base, uint32_t count,
                     jn_value context)
{
    if (fn->signature && !function_check(e, fn->signature, base, &count, context))
        return jn_undefined();
    for (uint32_t i = 1; i <= count; i++)
        base[i] = jsonata_without_holes(e, base[i]);
    if (jsonata_failed(e))
        return jn_undefined();
    e->is_dynamic_past = true;          /* the host may keep what it allocates in our arena */
    e->has_called_host = true;
    jsonata_native_fn *call = NULL;
    memcpy(&call, &fn->as.native.call, sizeof call);    /* a function's address kept as void * */
    struct jsonata_call c = { e };
    context_lend(e);
    const jn_value v = call(&c, base + 1, count, fn->as.native.host);
    return jsonata_failed(e) ? jn_undefined() : v;
}

/* ---- registering --------------------------------------------------------------------------------------------- */

static struct registered *find(struct jsonata_context *c, jn_str name)
{
    for (struct registered *r = c->registered; r; r = r->next) {
        if (jn_str_eq(r->name, name))
            return r;
    }
    return NULL;
}

/* A new entry called `name`; NULL when memory is out. */
static struct registered *add(struct jsonata_context *c, jn_str name)
{
    struct registered *r = jn_arena_zalloc(&c->lasting, sizeof *r);
    struct jsonata_function *f = jn_arena_zalloc(&c->lasting, sizeof *f);
    const jn_str kept = jn_arena_copy(&c->lasting, name);
    if (!r || !f || !kept.data)
        return NULL;
    *r = (struct registered){ .name = kept, .function = jsonata_function_value(f), .next = c->registered };
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

/* A signature, compiled and as text; both NULL when there is none. */
struct checked {
    const struct jsonata_signature *compiled;
    const char *text;
};

/* With memory of `a`, which gets it back on failure. */
static enum jn_status check(struct jn_arena *a, const char *signature, struct checked *out, struct jsonata_error *err)
{
    struct jsonata_fault fault = { .code = NULL };
    const jn_mark mark = jn_arena_mark(a);
    const jn_str text = jn_arena_copy(a, jn_str_of(signature));
    *out = (struct checked){ .text = text.data };
    if (text.data)
        out->compiled = jsonata_signature_compile(a, text, &fault);
    if (out->compiled)
        return JN_OK;
    jn_arena_rewind(a, mark);
    if (!fault.code)
        return context_fail(err, JN_NO_MEMORY, NULL);
    context_fill(err, &fault);
    return JN_BAD_TEXT;
}

/* Another signature than before: in memory of its own, which the next one takes over. */
static enum jn_status change(struct jsonata_context *c, struct registered *r, const char *signature,
                             struct checked *out, struct jsonata_error *err)
{
    struct jn_arena fresh = { 0 };
    if (signature) {
        jn_arena_init(&fresh, 0);
        fresh.budget = &c->budget;
        const enum jn_status failed = check(&fresh, signature, out, err);
        if (failed) {
            jn_arena_clear(&fresh);
            return failed;
        }
    }
    jn_arena_clear(&r->later);
    r->later = fresh;
    return JN_OK;
}

/* The same function registered again, for every message, say, takes no memory; with another signature each time it
 * takes no more and more. */
enum jn_status jsonata_context_register(struct jsonata_context *c, const char *name, const char *signature,
                                        jsonata_native_fn *fn, void *host, struct jsonata_error *err)
{
    struct registered *r = find(c, jn_str_of(name));
    struct checked s = { NULL, NULL };
    if (r && r->signature && signature && strcmp(r->signature, signature) == 0) {
        s = (struct checked){ jsonata_function_of(r->function)->signature, r->signature };
    } else if (r || signature) {
        const enum jn_status failed = r ? change(c, r, signature, &s, err) : check(&c->lasting, signature, &s, err);
        if (failed)
            return failed;
    }
    if (!r && !(r = add(c, jn_str_of(name))))
        return context_fail(err, JN_NO_MEMORY, NULL);
    r->signature = s.text;
    struct jsonata_function *f = jsonata_function_of(r->function);
    *f = (struct jsonata_function){ .kind = FUNCTION_NATIVE, .signature = s.compiled };
    f->arity = signature ? signature_arity(signature) : JSONATA_MAX_ARITY;
    memcpy(&f->as.native.call, &fn, sizeof fn);         /* a function's address kept as void * */
    f->as.native.host = host;
    f->as.native.name = r->name.data;
    return JN_OK;
}
