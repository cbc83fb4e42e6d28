/* boot.c - see boot.h. */
#include "sailor/boot.h"

#include <stdio.h>

#include "base/core_dump.h"

/* A log level that does not exist is found before there is a log; the reference crashes with a trace on standard
 * error. */
static enum jn_status set_up_log(struct sailor_boot *b)
{
    struct jn_error why = { .status = JN_OK };
    const enum jn_status s = sailor_log_origin_new(b->env, base_clock_system(), &b->origin, &why);
    if (s) {
        struct base_log log;
        base_log_init(&log, 2, base_clock_system(), b->env);
        base_log(&log, BASE_FATAL, NULL, "%s", why.message);
        return s;
    }
    b->log = sailor_log_of(b->origin, "sailor", NULL);
    b->component_log = sailor_log_of(b->origin, "component", NULL);
    return JN_OK;
}

enum jn_status sailor_boot_begin(struct sailor_boot *b, const struct sailor_component *component,
                                 const struct base_env *env)
{
    base_core_dump_forbid();
    *b = (struct sailor_boot){ .component = component, .env = env };
    jn_arena_init(&b->arena, 0);
    return set_up_log(b);
}

enum jn_status sailor_boot_open(struct sailor_boot *b, struct jn_error *err)
{
    enum jn_status s = base_loop_new(&b->loop, err);
    if (!s)
        s = sailor_platform_http(b->loop, &b->settings, b->env, &b->log.base, &b->http, err);
    if (!s)
        s = sailor_platform_new(b->loop, &b->settings, b->http, &b->metrics, &b->log.base, &b->platform, err);
    b->step = (struct sailor_step){
        .loop = b->loop, .env = b->env, .clock = base_clock_system(), .random = &b->random,
        .log = &b->component_log.base, .function = b->settings.function ? b->settings.function : "",
        .config = JN_STR("{}"), .variables = JN_STR("{}"),
    };
    return s;
}

enum jn_status sailor_boot_init(struct sailor_boot *b, const struct sailor_component *component,
                                const struct base_env *env, enum sailor_mode mode)
{
    struct jn_error why = { .status = JN_OK };
    enum jn_status s = sailor_boot_begin(b, component, env);
    if (s)
        return s;
    s = sailor_settings_read(env, mode, &b->settings, &why);
    if (!s)
        s = sailor_boot_open(b, &why);
    if (s)
        sailor_log_error(&b->log, BASE_FATAL, &why, JN_STR("Error"), (jn_str){ NULL, 0 }, "process.uncaughtException");
    return s;
}

void sailor_boot_clear(struct sailor_boot *b)
{
    sailor_platform_free(b->platform);
    base_http_free(b->http);
    base_loop_free(b->loop);
    sailor_log_origin_free(b->origin);
    jn_arena_clear(&b->arena);
}

static bool ignore(jn_str key, jn_str value, void *arg)
{
    (void)key, (void)value, (void)arg;
    return false;
}

/* A member that is an object, else {}. */
static jn_str object_of(struct jn_arena *a, jn_str body, jn_str name)
{
    const jn_str member = sailor_member(a, body, name);
    return member.data && sailor_members(a, member, ignore, NULL) ? member : JN_STR("{}");
}

enum jn_status sailor_boot_take_step(struct sailor_boot *b, jn_str body, struct jn_error *err)
{
    const jn_str copy = jn_arena_copy(&b->arena, body);
    if (!copy.data)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the step's data");
    b->step.config = object_of(&b->arena, copy, JN_STR("config"));
    b->step.variables = object_of(&b->arena, copy, JN_STR("variables"));
    b->snapshot = sailor_member(&b->arena, copy, JN_STR("snapshot"));
    if (!b->snapshot.len || jn_str_eq(b->snapshot, JN_STR("null")))
        b->snapshot = JN_STR("{}");
    b->is_passthrough = jn_str_eq(sailor_member(&b->arena, copy, JN_STR("is_passthrough")), JN_STR("true"));
    return jn_arena_failed(&b->arena) ? jn_fail(err, JN_NO_MEMORY, "no memory for the step's data") : JN_OK;
}

enum jn_status sailor_boot_find_action(struct sailor_boot *b, struct jn_error *err)
{
    const enum jn_status s = sailor_descriptor_find(b->settings.component_path, b->settings.function, &b->entry, err);
    if (s)
        return s;
    for (size_t i = 0; b->component->actions[i]; i++)
        if (strcmp(b->component->actions[i]->key, b->settings.function) == 0)
            b->action = b->component->actions[i];
    return b->action ? JN_OK : jn_fail(err, JN_NOT_FOUND, "component.json names the function \"%s\", but %s has no code "
                                       "for it", b->settings.function, b->component->name);
}

void sailor_boot_fatal(const struct sailor_boot *b, const struct sailor_failure *f, const char *message)
{
    struct jn_error why = { .status = JN_OK };
    jn_fail(&why, JN_REMOTE, "%.*s", JN_ARG(f->message));
    sailor_log_error(&b->log, BASE_FATAL, &why, f->name.data ? f->name : JN_STR("Error"), f->stack, message);
}

jn_str sailor_boot_state(jn_str result)
{
    const jn_str text = jn_str_trim(result.data ? result : JN_STR(""));
    const bool is_list = text.len && text.data[0] == '[' && jn_str_trim(jn_str_sub(text, 1, text.len - 1)).len > 0;
    const bool is_object = text.len && text.data[0] == '{' && !sailor_is_empty(text);
    const bool is_text = text.len > 2 && text.data[0] == '"';
    return is_list || is_object || is_text ? text : JN_STR("{}");
}
