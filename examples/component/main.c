/* main.c - a whole component in one file: two actions against sailor/action.h, and a main that is all there is to say.
 *
 *   echo        emits the message's body as it came
 *   greet       keeps a setting from its configuration, checks what comes, answers later, from a timer
 *
 * Built as `example-component`; tests/step/publish_test.py runs it as a step of a flow. */
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/timer.h"
#include "core/arena.h"
#include "sailor/sailor.h"

/* ---- echo: nothing to open, nothing to keep ------------------------------------------------------------------ */

static void echo(void *self, struct sailor_task *t)
{
    (void)self;
    const struct sailor_message *m = sailor_task_message(t);
    const struct sailor_message out = { .body = m->body.data ? m->body : JN_STR("{}"), .headers = JN_STR("{}") };
    sailor_task_emit_data(t, &out, NULL, NULL);
    sailor_task_end(t);
}

/* ---- greet: configuration, errors, and an answer that takes its time ----------------------------------------- */

struct greeter {
    struct base_loop *loop;
    char greeting[64];
};

struct greeting {
    struct sailor_task *task;
    const struct greeter *greeter;
    struct base_timer *timer;
};

static enum jn_status open_greeter(const struct sailor_step *step, void **self, struct jn_error *err)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_str text = sailor_text_of(&a, sailor_member(&a, step->config, JN_STR("greeting")));
    struct greeter *g = text.len ? calloc(1, sizeof *g) : NULL;
    enum jn_status s = JN_OK;
    if (!text.len)
        s = jn_fail(err, JN_BAD_VALUE, "no greeting is configured");
    else if (!g)
        s = jn_fail(err, JN_NO_MEMORY, "no memory for a greeter");
    if (!s) {
        g->loop = step->loop;
        snprintf(g->greeting, sizeof g->greeting, "%.*s", JN_ARG(text));
        *self = g;
    }
    jn_arena_clear(&a);
    return s;
}

static void on_due(struct base_timer *timer, void *arg)
{
    const struct greeting *x = arg;
    struct sailor_task *t = x->task;
    struct jn_arena *a = sailor_task_arena(t);
    const jn_str name = sailor_text_of(a, sailor_member(a, sailor_task_message(t)->body, JN_STR("name")));
    struct jn_buf body;
    jn_buf_init(&body, 0);
    jn_buf_append_z(&body, "{\"text\":");
    char text[256];
    snprintf(text, sizeof text, "%s, %.*s!", x->greeter->greeting, JN_ARG(name));
    sailor_put_string(&body, jn_str_of(text));
    jn_buf_append_char(&body, '}');
    sailor_task_emit_data(t, &(struct sailor_message){ .body = jn_buf_str(&body), .headers = JN_STR("{}") }, NULL,
                          NULL);
    jn_buf_clear(&body);
    base_timer_free(timer);
    sailor_task_end(t);         // what was in the task's arena, `x` too, is gone
}

static void on_abort(struct sailor_task *t, void *arg)
{
    (void)t;
    base_timer_free(((struct greeting *)arg)->timer);
}

static void fail(struct sailor_task *t, const char *message)
{
    const struct sailor_failure f = { .name = JN_STR("GreetingError"), .message = jn_str_of(message) };
    sailor_task_emit_error(t, &f);
    sailor_task_end(t);
}

static void greet(void *self, struct sailor_task *t)
{
    struct jn_arena *a = sailor_task_arena(t);
    const struct greeter *g = self;
    if (!sailor_text_of(a, sailor_member(a, sailor_task_message(t)->body, JN_STR("name"))).len) {
        fail(t, "the message's body has no name in it");
        return;
    }
    struct greeting *x = jn_arena_zalloc(a, sizeof *x);
    if (!x || base_timer_new(g->loop, on_due, x, &x->timer, NULL)) {
        fail(t, "no memory for a greeting");
        return;
    }
    x->task = t;
    x->greeter = g;
    sailor_task_on_abort(t, on_abort, x);
    base_timer_start(x->timer, 10);
}

/* ---- the component ------------------------------------------------------------------------------------------- */

static const struct sailor_action echo_action = { .key = "echo", .process = echo };
static const struct sailor_action greet_action = { .key = "greet", .open = open_greeter, .close = free,
                                                   .process = greet };
static const struct sailor_action *const actions[] = { &echo_action, &greet_action, NULL };
static const struct sailor_component component = { .name = "example-component", .version = "1.0.0",
                                                   .actions = actions };

int main(int argc, char **argv)
{
    if (argc > 1)
        return sailor_serve(&component, base_env_system(), argv[1]);
    return sailor_run(&component, base_env_system());
}
