/* main.c - a component for tests, whose actions do what a script says: a list of steps in the message's body
 * ("script"), or else in the configuration.  Each step is an object:
 *
 *   {"data": MESSAGE}  {"echo": true}  {"error": FAILURE}  {"rebound": "reason"}  {"snapshot": V}  {"updateSnapshot": V}
 *   {"updateKeys": V}  {"httpReply": V}  {"wait": MS}  {"never": true}  {"crash": STATUS}  {"burst": N}
 *
 * `echo` emits a body of what the action was given: {"message", "snapshot", "config", "variables"}.  `burst` emits N
 * data messages at once, the others wait until what they emit is complete; what fails becomes an error of the message.
 * Hooks answer what the configuration has under "startup", "init", "shutdown": {"value": V} or {"error": "text"}; in
 * service mode, what it has under "metaModel", "select", "verify", where {"keys": V} are new credentials.
 * Each message that is begun is a line in the file that ALC_EXECUTIONS names, so that tests can count. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timer.h"
#include "core/value.h"
#include "sailor/sailor.h"

struct script {
    const struct sailor_step *step;
};

struct run {
    const struct sailor_step *step;
    struct sailor_task *task;
    struct base_timer *timer;
    jn_value steps;
    size_t at;
};

/* ---- values as text ------------------------------------------------------------------------------------------ */

static jn_str text_of(struct run *r, jn_value v)
{
    size_t len = 0;
    char *text = jn_write_text(v, NULL, &len, NULL);
    const jn_str copy = jn_arena_copy(sailor_task_arena(r->task), (jn_str){ text, len });
    free(text);
    return copy;
}

static void add_member(struct jn_buf *out, const char *name, jn_str value)
{
    jn_buf_append_fmt(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    jn_buf_append(out, value);
}

static jn_str echo_of(struct run *r)
{
    struct jn_buf out, message;
    jn_buf_init(&out, 0);
    jn_buf_init(&message, 0);
    sailor_message_write(sailor_task_message(r->task), &message);
    jn_buf_append_char(&out, '{');
    add_member(&out, "message", jn_buf_str(&message));
    add_member(&out, "snapshot", sailor_task_snapshot(r->task));
    add_member(&out, "config", r->step->config);
    add_member(&out, "variables", r->step->variables);
    jn_buf_append_char(&out, '}');
    const jn_str copy = jn_arena_copy(sailor_task_arena(r->task), jn_buf_str(&out));
    jn_buf_clear(&out);
    jn_buf_clear(&message);
    return copy;
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

static void end(struct run *r)
{
    struct sailor_task *t = r->task;
    base_timer_free(r->timer);
    free(r);
    sailor_task_end(t);
}

static void go_on(struct run *r);

static void on_emitted(const struct jn_error *failed, void *arg)
{
    struct run *r = arg;
    if (failed) {
        sailor_task_emit_error(r->task, &(struct sailor_failure){ .message = jn_str_of(failed->message) });
        r->at = jn_length(r->steps);
    }
    go_on(r);
}

static void on_waited(struct base_timer *timer, void *arg)
{
    (void)timer;
    go_on(arg);
}

static void on_abort(struct sailor_task *t, void *arg)
{
    struct run *r = arg;
    base_log(sailor_task_log(t), BASE_INFO, NULL, "aborted");
    base_timer_free(r->timer);
    free(r);
}

static bool emit_data(struct run *r, jn_value v)
{
    struct sailor_message m;
    if (sailor_message_read(sailor_task_arena(r->task), text_of(r, v), &m, NULL))
        abort();
    sailor_task_emit_data(r->task, &m, on_emitted, r);
    return true;
}

static bool emit_echo(struct run *r, jn_value v)
{
    (void)v;
    const struct sailor_message m = { .body = echo_of(r), .headers = JN_STR("{}") };
    sailor_task_emit_data(r->task, &m, on_emitted, r);
    return true;
}

static bool emit_burst(struct run *r, jn_value v)
{
    char body[64];
    for (int i = 0; i < (int)jn_get_number(v); i++) {
        snprintf(body, sizeof body, "{\"n\":%d}", i);
        sailor_task_emit_data(r->task, &(struct sailor_message){ .body = jn_str_of(body) }, NULL, NULL);
    }
    return false;
}

static bool emit_error(struct run *r, jn_value v)
{
    struct sailor_failure f = { .message = jn_get_string(v) };
    if (jn_is(v, JN_OBJECT)) {
        f.name = jn_get_string(jn_member(v, JN_STR("name")));
        f.message = jn_get_string(jn_member(v, JN_STR("message")));
        f.stack = jn_get_string(jn_member(v, JN_STR("stack")));
    }
    sailor_task_emit_error(r->task, &(struct sailor_failure){
        f.name.len ? f.name : (jn_str){ NULL, 0 }, f.message.len ? f.message : (jn_str){ NULL, 0 },
        f.stack.len ? f.stack : (jn_str){ NULL, 0 } });
    return false;
}

static bool emit_rebound(struct run *r, jn_value v)
{
    sailor_task_emit_rebound(r->task, jn_get_string(v));
    return false;
}

static bool emit_snapshot(struct run *r, jn_value v)
{
    sailor_task_emit_snapshot(r->task, text_of(r, v), on_emitted, r);
    return true;
}

static bool emit_update_snapshot(struct run *r, jn_value v)
{
    sailor_task_emit_update_snapshot(r->task, text_of(r, v), on_emitted, r);
    return true;
}

static bool emit_update_keys(struct run *r, jn_value v)
{
    sailor_task_emit_update_keys(r->task, text_of(r, v), on_emitted, r);
    return true;
}

static bool emit_http_reply(struct run *r, jn_value v)
{
    sailor_task_emit_http_reply(r->task, text_of(r, v), on_emitted, r);
    return true;
}

static bool wait_a_while(struct run *r, jn_value v)
{
    if (!r->timer && base_timer_new(r->step->loop, on_waited, r, &r->timer, NULL))
        abort();
    base_timer_start(r->timer, (int64_t)jn_get_number(v));
    return true;
}

static bool never_end(struct run *r, jn_value v)
{
    (void)r, (void)v;
    return true;
}

static bool crash(struct run *r, jn_value v)
{
    (void)r;
    _exit((int)jn_get_number(v));
}

/* True: it goes on by itself. */
static const struct {
    const char *name;
    bool (*run)(struct run *r, jn_value v);
} kinds[] = {
    { "data", emit_data }, { "echo", emit_echo }, { "burst", emit_burst }, { "error", emit_error },
    { "rebound", emit_rebound }, { "snapshot", emit_snapshot }, { "updateSnapshot", emit_update_snapshot },
    { "updateKeys", emit_update_keys }, { "httpReply", emit_http_reply }, { "wait", wait_a_while },
    { "never", never_end }, { "crash", crash },
};

/* Runs one step; true when it goes on by itself. */
static bool run_step(struct run *r, jn_value step)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const jn_value v = jn_member(step, jn_str_of(kinds[i].name));
        if (!jn_is_undefined(v))
            return kinds[i].run(r, v);
    }
    abort();
}

static void go_on(struct run *r)
{
    while (r->at < jn_length(r->steps))
        if (run_step(r, jn_at(r->steps, r->at++)))
            return;
    end(r);
}

/* ---- the action ---------------------------------------------------------------------------------------------- */

static void count_execution(const struct run *r)
{
    const char *path = base_env_get(r->step->env, "ALC_EXECUTIONS");
    const int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
    const jn_str id = sailor_task_header(r->task, "messageId");
    char line[128];
    const int n = snprintf(line, sizeof line, "%.*s\n", (int)id.len, id.data ? id.data : "");
    if (fd >= 0) {
        if (write(fd, line, (size_t)n) != n)
            abort();
        close(fd);
    }
}

static jn_value script_in(struct jn_arena *a, jn_str object)
{
    const jn_str text = sailor_member(a, object, JN_STR("script"));
    jn_value steps = jn_undefined();
    if (text.data)
        jn_read(a, text, NULL, &steps, NULL, NULL);
    return steps;
}

static void process(void *self, struct sailor_task *t)
{
    const struct script *s = self;
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *r = (struct run){ .step = s->step, .task = t };
    count_execution(r);
    base_log(sailor_task_log(t), BASE_INFO, NULL, "processing");
    sailor_task_on_abort(t, on_abort, r);
    const jn_str body = sailor_task_message(t)->body;
    if (body.data)
        r->steps = script_in(sailor_task_arena(t), body);
    if (!jn_is(r->steps, JN_ARRAY))
        r->steps = script_in(sailor_task_arena(t), s->step->config);
    go_on(r);
}

static enum jn_status open_script(const struct sailor_step *step, void **self, struct jn_error *err)
{
    struct script *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory");
    s->step = step;
    *self = s;
    return JN_OK;
}

static void close_script(void *self)
{
    free(self);
}

/* ---- hooks --------------------------------------------------------------------------------------------------- */

/* Answers with what the configuration has under `name`. */
static void answer(const struct sailor_step *step, const char *name, struct sailor_reply *reply)
{
    struct jn_arena *a = jn_arena_new(0);
    const jn_str wanted = sailor_member(a, step->config, jn_str_of(name));
    const jn_str value = wanted.data ? sailor_member(a, wanted, JN_STR("value")) : (jn_str){ NULL, 0 };
    const jn_str error = wanted.data ? sailor_member(a, wanted, JN_STR("error")) : (jn_str){ NULL, 0 };
    const jn_str keys = wanted.data ? sailor_member(a, wanted, JN_STR("keys")) : (jn_str){ NULL, 0 };
    if (keys.data)
        sailor_reply_update_keys(reply, keys);
    base_log(step->log, BASE_INFO, NULL, "%s hook", name);
    if (error.data)
        sailor_reply_failure(reply, &(struct sailor_failure){ .message = sailor_text_of(a, error) });
    else
        sailor_reply_value(reply, value);
    jn_arena_free(a);
}

static void startup(const struct sailor_step *step, struct sailor_reply *reply)
{
    answer(step, "startup", reply);
}

static void init(const struct sailor_step *step, struct sailor_reply *reply)
{
    answer(step, "init", reply);
}

static void shutdown_hook(const struct sailor_step *step, jn_str state, struct sailor_reply *reply)
{
    base_log(step->log, BASE_INFO, NULL, "shutdown with state %.*s", (int)state.len, state.data);
    answer(step, "shutdown", reply);
}

/* ---- service mode -------------------------------------------------------------------------------------------- */

static void meta_model(const struct sailor_step *step, struct sailor_reply *reply)
{
    answer(step, "metaModel", reply);
}

static void select_fruit(const struct sailor_step *step, struct sailor_reply *reply)
{
    answer(step, "select", reply);
}

static void verify(const struct sailor_step *step, struct sailor_reply *reply)
{
    answer(step, "verify", reply);
}

static const struct sailor_select_model select_models[] = { { "fruit", select_fruit }, { NULL, NULL } };

static const struct sailor_action script = {
    .key = "script", .open = open_script, .close = close_script, .process = process, .startup = startup, .init = init,
    .shutdown = shutdown_hook, .meta_model = meta_model, .select_models = select_models,
};
static const struct sailor_action plain = {
    .key = "plain", .open = open_script, .close = close_script, .process = process,
};
static const struct sailor_action unresolved = {
    .key = "unresolved", .open = open_script, .close = close_script, .process = process,
};

int main(int argc, char **argv)
{
    static const struct sailor_action *const actions[] = { &script, &plain, &unresolved, NULL };
    static const struct sailor_component component = { .name = "test-component", .version = "1.0.0",
                                                       .actions = actions, .verify = verify };
    return argc > 1 ? sailor_serve(&component, base_env_system(), argv[1]) : sailor_run(&component, base_env_system());
}
