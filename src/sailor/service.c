/* service.c - service mode: the platform asks one question about a configuration, and the answer is posted to where it
 * says (platform-protocol.md, 2.8).
 *
 *     checks -> the component's answer -> new credentials stored -> result posted -> (error posted) -> exit
 *
 * Whatever goes wrong in the checks or in the component is a result as well, with the status "error"; the process fails
 * only when the platform could not be told. */
#include "sailor/sailor.h"

#include "sailor/boot.h"

struct service {
    struct sailor_boot boot;
    enum sailor_mode mode;              /* 0: a method that does not exist */
    const char *method;
    struct sailor_reply *reply;         /* that is waited for */
    struct jn_buf result;               /* the document to be posted */
    bool is_success;                    /* ... and what it says */
    int exit_status;
};

static enum sailor_mode mode_of(const char *method)
{
    static const struct {
        const char *name;
        enum sailor_mode mode;
    } methods[] = {
        { "verifyCredentials", SAILOR_VERIFY },
        { "getMetaModel", SAILOR_META_MODEL },
        { "selectModel", SAILOR_SELECT_MODEL },
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(method, methods[i].name) == 0)
            return methods[i].mode;
    }
    return 0;
}

bool sailor_is_service(const char *word)
{
    return mode_of(word) != 0;
}

/* ---- posting ------------------------------------------------------------------------------------------------- */

static void end(struct service *s, int exit_status)
{
    s->exit_status = exit_status;
    base_loop_stop(s->boot.loop);
}

static void fail(struct service *s, const struct jn_error *why)
{
    sailor_log_error(&s->boot.log, BASE_FATAL, why, (jn_str){ NULL, 0 }, (jn_str){ NULL, 0 }, "service mode failed");
    end(s, 1);
}

static void on_second_report(const struct jn_error *failed, jn_str body, void *arg)
{
    (void)body;
    struct service *s = arg;
    if (failed)
        base_log(&s->boot.log.base, BASE_ERROR, NULL, "the error could not be reported either: %s", failed->message);
    end(s, 1);
}

static void write_error(struct service *s, jn_str message)
{
    jn_buf_truncate(&s->result, 0);
    s->is_success = false;
    jn_buf_append_z(&s->result, "{\"status\":\"error\",\"data\":{\"message\":");
    sailor_put_string(&s->result, message);
    jn_buf_append_z(&s->result, "}}");
}

/* The platform said no, or did not hear a report of failure: that is the end.  A success that it did not hear is
 * reported once more as a failure, so that it is not waited for. */
static void on_posted(const struct jn_error *failed, jn_str body, void *arg)
{
    (void)body;
    struct service *s = arg;
    if (!failed) {
        end(s, 0);
        return;
    }
    sailor_log_error(&s->boot.log, BASE_FATAL, failed, (jn_str){ NULL, 0 }, (jn_str){ NULL, 0 },
                     "the result could not be posted");
    if (failed->status == JN_REMOTE || !s->is_success) {
        end(s, 1);
        return;
    }
    write_error(s, jn_str_of(failed->message));
    if (sailor_platform_post_result(s->boot.platform, jn_buf_str(&s->result), on_second_report, s))
        end(s, 1);
}

static void post(struct service *s)
{
    const struct jn_error no_memory = { .status = JN_NO_MEMORY, .message = "no memory for the result" };
    if (s->result.failed || jn_arena_failed(&s->boot.arena) ||
        sailor_platform_post_result(s->boot.platform, jn_buf_str(&s->result), on_posted, s))
        fail(s, &no_memory);
}

static void post_error(struct service *s, const char *message)
{
    write_error(s, jn_str_of(message));
    post(s);
}

/* ---- the component's answer ---------------------------------------------------------------------------------- */

/* verifyCredentials: what it says if that is a verdict; that it said something is consent; failing is none. */
static void write_verdict(struct service *s, const struct sailor_failure *failed, jn_str value)
{
    struct jn_buf *out = &s->result;
    if (failed) {
        jn_buf_append_z(out, "{\"verified\":false,\"reason\":");
        sailor_put_string(out, failed->message.len ? failed->message : JN_STR("Not Available"));
        jn_buf_append_char(out, '}');
    } else if (value.data && sailor_member(&s->boot.arena, value, JN_STR("verified")).data) {
        jn_buf_append(out, value);
    } else {
        jn_buf_append_z(out, "{\"verified\":true}");
    }
}

/* The document of an answer.  A model that is nothing leaves `data` out, as JSON.stringify() does. */
static void write_answer(struct service *s, const struct sailor_failure *failed, jn_str value)
{
    if (failed && s->mode != SAILOR_VERIFY) {
        write_error(s, failed->message.len ? failed->message : JN_STR("Not Available"));
        return;
    }
    s->is_success = true;
    jn_buf_append_z(&s->result, "{\"status\":\"success\"");
    if (s->mode == SAILOR_VERIFY || value.data)
        jn_buf_append_z(&s->result, ",\"data\":");
    if (s->mode == SAILOR_VERIFY)
        write_verdict(s, failed, value);
    else if (value.data)
        jn_buf_append(&s->result, value);
    jn_buf_append_char(&s->result, '}');
}

static void on_keys_stored(const struct jn_error *failed, jn_str body, void *arg)
{
    (void)body;
    struct service *s = arg;
    if (failed)
        base_log(&s->boot.log.base, BASE_ERROR, NULL, "new credentials could not be stored: %s", failed->message);
    post(s);
}

/* New credentials are stored before the result is posted; a failure is no reason to keep the result back. */
static void store_keys(struct service *s, jn_str keys)
{
    struct jn_arena *a = &s->boot.arena;
    const jn_str account = sailor_text_of(a, sailor_member(a, s->boot.step.config, JN_STR("_account")));
    if (account.len &&
        !sailor_platform_put_account(s->boot.platform, account, keys, on_keys_stored, s))
        return;
    base_log(&s->boot.log.base, BASE_ERROR, NULL,
             "new credentials could not be stored: the configuration has no _account");
    post(s);
}

static void on_reply(const struct sailor_failure *failed, jn_str value, void *arg)
{
    struct service *s = arg;
    const jn_str keys = sailor_reply_keys(s->reply);
    write_answer(s, failed, value);
    if (keys.data)
        store_keys(s, keys);
    else
        post(s);
}

/* ---- the question -------------------------------------------------------------------------------------------- */

static const struct sailor_action *find_action(const struct service *s)
{
    for (const struct sailor_action *const *a = s->boot.component->actions; *a; a++) {
        if (s->boot.settings.action_or_trigger && strcmp((*a)->key, s->boot.settings.action_or_trigger) == 0)
            return *a;
    }
    return NULL;
}

typedef void ask_fn(const struct sailor_step *step, struct sailor_reply *reply);

static ask_fn *find_select(const struct sailor_action *a, const char *method)
{
    for (const struct sailor_select_model *m = a ? a->select_models : NULL; m && m->method; m++) {
        if (strcmp(m->method, method) == 0)
            return m->select;
    }
    return NULL;
}

/* What answers the question; NULL: nothing does. */
static ask_fn *find_method(const struct service *s)
{
    const struct sailor_action *a = find_action(s);
    if (s->mode == SAILOR_VERIFY)
        return s->boot.component->verify;
    if (s->mode == SAILOR_META_MODEL)
        return a ? a->meta_model : NULL;
    return find_select(a, s->boot.settings.get_model_method);
}

static void verify_nothing(const struct sailor_step *step, struct sailor_reply *reply)
{
    (void)step;
    sailor_reply_value(reply, JN_STR("{\"verified\":true}"));
}

static enum jn_status check_config(struct service *s, struct jn_error *err)
{
    const jn_str text = jn_str_trim(jn_str_of(s->boot.settings.cfg));
    struct sailor_message ignored;
    if (sailor_message_read(&s->boot.arena, text, &ignored, NULL))
        return jn_fail(err, JN_BAD_TEXT, "Unable to parse CFG");
    s->boot.step.config = text;
    return JN_OK;
}

/* For verifyCredentials component.json has to be there, and nothing in it. */
static enum jn_status check_descriptor(const struct service *s, struct jn_error *err)
{
    struct sailor_descriptor_entry entry;
    struct jn_error why = { 0 };
    const char *function = s->mode == SAILOR_VERIFY ? "" : s->boot.settings.action_or_trigger;
    const enum jn_status status = sailor_descriptor_find(s->boot.settings.component_path, function, &entry, &why);
    if (!status || (status == JN_NOT_FOUND && s->mode == SAILOR_VERIFY))
        return JN_OK;
    return jn_fail(err, status, "%s", why.message);
}

/* In the order of 2.8. */
static enum jn_status check(struct service *s, struct jn_error *err)
{
    if (!s->mode)
        return jn_fail(err, JN_BAD_VALUE, "Unknown service method \"%s\"", s->method);
    enum jn_status status = sailor_settings_read(s->boot.env, s->mode, &s->boot.settings, err);
    if (!status)
        status = check_config(s, err);
    if (!status)
        status = check_descriptor(s, err);
    if (!status && s->mode != SAILOR_VERIFY && !find_method(s))
        status = jn_fail(err, JN_NOT_FOUND, "Method \"%s\" is not found in \"%s\" action or trigger",
                         s->mode == SAILOR_META_MODEL ? s->method : s->boot.settings.get_model_method,
                         s->boot.settings.action_or_trigger);
    return status;
}

static void ask(struct service *s)
{
    struct jn_error err = { 0 };
    if (check(s, &err) || sailor_reply_new(s->boot.loop, on_reply, s, &s->reply, &err)) {
        post_error(s, err.message);
        return;
    }
    s->boot.step.function = s->boot.settings.action_or_trigger ? s->boot.settings.action_or_trigger : "";
    ask_fn *method = find_method(s);
    (method ? method : verify_nothing)(&s->boot.step, s->reply);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static enum jn_status open_service(struct service *s, struct jn_error *err)
{
    // As far as it goes: that a variable is missing is reported, too.
    sailor_settings_read(s->boot.env, SAILOR_VERIFY, &s->boot.settings, NULL);
    if (!s->boot.settings.post_result_url)
        return jn_fail(err, JN_BAD_VALUE, "ELASTICIO_POST_RESULT_URL is not provided");
    return sailor_boot_open(&s->boot, err);
}

static void run(struct service *s)
{
    struct jn_error err = { .status = JN_OK };
    if (open_service(s, &err)) {
        sailor_log_error(&s->boot.log, BASE_FATAL, &err, (jn_str){ NULL, 0 }, (jn_str){ NULL, 0 },
                         "service mode failed");
        return;
    }
    ask(s);
    base_loop_run(s->boot.loop);
}

int sailor_serve(const struct sailor_component *component, const struct base_env *env, const char *method)
{
    struct service s = { .mode = mode_of(method), .method = method, .exit_status = 1 };
    jn_buf_init(&s.result, 0);
    if (sailor_boot_begin(&s.boot, component, env) == JN_OK)
        run(&s);
    sailor_boot_clear(&s.boot);
    jn_buf_wipe(&s.result);
    return s.exit_status;
}
