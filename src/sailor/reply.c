/* reply.c - see reply.h and action.h.  Texts are copied when the answer is given, and the callback runs from a timer. */
#include "sailor/reply.h"

#include <assert.h>
#include <stdlib.h>

struct sailor_reply {
    struct base_timer *timer;
    struct jn_arena arena;
    sailor_replied_fn *fn;          /* NULL: nobody waits */
    void *arg;
    bool is_answered, has_failed;
    struct sailor_failure failure;
    jn_str value, keys;
};

static void free_reply(struct sailor_reply *r)
{
    base_timer_free(r->timer);
    jn_arena_clear(&r->arena);
    free(r);
}

static void on_due(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_reply *r = arg;
    sailor_replied_fn *fn = r->fn;
    r->fn = NULL;
    fn(r->has_failed ? &r->failure : NULL, r->value, r->arg);
    free_reply(r);
}

enum jn_status sailor_reply_new(struct base_loop *l, sailor_replied_fn *fn, void *arg, struct sailor_reply **out,
                                struct jn_error *err)
{
    struct sailor_reply *r = calloc(1, sizeof *r);
    if (!r)
        return jn_fail(err, JN_NO_MEMORY, "no memory for an answer");
    jn_arena_init(&r->arena, 0);
    r->fn = fn;
    r->arg = arg;
    const enum jn_status s = base_timer_new(l, on_due, r, &r->timer, err);
    if (s)
        free(r);
    else
        *out = r;
    return s;
}

void sailor_reply_forget(struct sailor_reply *r)
{
    r->fn = NULL;
    if (r->is_answered)
        free_reply(r);
}

static void answer(struct sailor_reply *r)
{
    assert(!r->is_answered);
    r->is_answered = true;
    if (!r->fn) {
        free_reply(r);
        return;
    }
    if (jn_arena_failed(&r->arena)) {
        r->has_failed = true;
        r->failure = (struct sailor_failure){ .message = JN_STR("no memory for an answer") };
    }
    base_timer_start(r->timer, 0);
}

void sailor_reply_value(struct sailor_reply *r, jn_str value)
{
    r->value = value.data ? jn_arena_copy(&r->arena, value) : value;
    answer(r);
}

void sailor_reply_update_keys(struct sailor_reply *r, jn_str keys)
{
    r->keys = jn_arena_copy(&r->arena, keys);
}

jn_str sailor_reply_keys(const struct sailor_reply *r)
{
    return r->keys;
}

static jn_str copy(struct jn_arena *a, jn_str s)
{
    return s.data ? jn_arena_copy(a, s) : s;
}

void sailor_reply_failure(struct sailor_reply *r, const struct sailor_failure *f)
{
    r->has_failed = true;
    r->failure = (struct sailor_failure){ copy(&r->arena, f->name), copy(&r->arena, f->message),
                                          copy(&r->arena, f->stack) };
    answer(r);
}

void sailor_reply_error(struct sailor_reply *r, const struct jn_error *err)
{
    const struct sailor_failure f = {
        .name = err->code[0] ? jn_str_of(err->code) : JN_STR("Error"), .message = jn_str_of(err->message),
    };
    sailor_reply_failure(r, &f);
}
