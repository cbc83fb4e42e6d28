/* configuration.c - function.json and its relatives.
 *
 * The members, their limits and the names of variables that are refused are AWS's own (CreateFunction and CreateAlias in
 * the API reference; "Defined runtime environment variables" in the Developer Guide). */
#include "local/configuration.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include "lambda/name.h"
#include "local/member.h"
#include "local/text.h"

struct reading {
    struct jn_arena *a;
    struct local_configuration *c;
    struct jn_error *err;
};

typedef enum jn_status set_fn(struct reading *r, const char *name, jn_value v);

/* ---- kinds of values ------------------------------------------------------------------------------------------ */

static enum jn_status read_number(struct reading *r, const char *name, jn_value v, int min, int max, int *out)
{
    return local_member_number(name, v, min, max, out, r->err);
}

static enum jn_status read_text(struct reading *r, const char *name, jn_value v, const char **out)
{
    return local_member_text(r->a, name, v, out, r->err);
}

/* ---- members ------------------------------------------------------------------------------------------------- */

static enum jn_status set_timeout(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 1, 900, &r->c->timeout_s);
}

static enum jn_status set_memory(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 128, 10240, &r->c->memory_mb);
}

static enum jn_status set_handler(struct reading *r, const char *name, jn_value v)
{
    return read_text(r, name, v, &r->c->handler);
}

static enum jn_status set_description(struct reading *r, const char *name, jn_value v)
{
    return read_text(r, name, v, &r->c->description);
}

/* ---- environment ---------------------------------------------------------------------------------------------- */

/* Variables that belong to Lambda: a function cannot set them. */
static bool is_reserved(jn_str name)
{
    static const char *const names[] = { "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION",
                                         "AWS_EXECUTION_ENV", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
                                         "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT",
                                         "LAMBDA_RUNTIME_DIR" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (jn_str_eq(name, jn_str_of(names[i])))
            return true;
    }
    return jn_str_starts(name, JN_STR("AWS_LAMBDA_"));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* variable := [a-zA-Z] [a-zA-Z0-9_]+ */
static bool is_variable_name(jn_str s)
{
    if (s.len < 2 || !is_letter(s.data[0]))
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (!is_letter(s.data[i]) && !is_digit(s.data[i]) && s.data[i] != '_')
            return false;
    }
    return true;
}

static enum jn_status check_variable(struct reading *r, jn_str name)
{
    if (is_reserved(name))
        return jn_fail(r->err, JN_BAD_VALUE, "\"environment\" sets %.*s, which belongs to Lambda", JN_ARG(name));
    if (!is_variable_name(name))
        return jn_fail(r->err, JN_BAD_VALUE, "\"environment\" has the name \"%.*s\": names are a letter, then letters, "
                       "digits and _, two characters at least", JN_ARG(name));
    return JN_OK;
}

static const char *join_variable(struct jn_arena *a, jn_str name, jn_str value)
{
    char *text = jn_arena_alloc(a, name.len + value.len + 2);
    if (!text)
        return NULL;
    memcpy(text, name.data, name.len);
    text[name.len] = '=';
    if (value.len > 0)
        memcpy(text + name.len + 1, value.data, value.len);
    text[name.len + 1 + value.len] = '\0';
    return text;
}

static enum jn_status read_variable(struct reading *r, jn_str name, jn_value v, const char **out)
{
    enum jn_status s = check_variable(r, name);
    const char *value = NULL, *printed = s ? "" : jn_arena_copy(r->a, name).data;
    if (!printed)
        return JN_NO_MEMORY;
    if (!s)
        s = read_text(r, printed, v, &value);
    if (s)
        return s;
    *out = join_variable(r->a, name, jn_str_of(value));
    return *out ? JN_OK : JN_NO_MEMORY;
}

static enum jn_status set_environment(struct reading *r, const char *name, jn_value v)
{
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" must be an object of strings, it is %s", name, jn_type_name(v));
    const size_t count = jn_length(v);
    const char **list = jn_arena_zalloc(r->a, (count + 1) * sizeof *list);
    if (!list)
        return JN_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const enum jn_status s = read_variable(r, jn_key_at(v, i), jn_at(v, i), &list[i]);
        if (s)
            return s;
    }
    r->c->environment = list;
    return JN_OK;
}

/* ---- runtime and architecture --------------------------------------------------------------------------------- */

static enum jn_status set_runtime(struct reading *r, const char *name, jn_value v)
{
    const enum jn_status s = read_text(r, name, v, &r->c->runtime_name);
    if (s)
        return s;
    r->c->runtime = local_runtime_find(jn_str_of(r->c->runtime_name));
    return r->c->runtime ? JN_OK : jn_fail(r->err, JN_BAD_VALUE, "\"%s\" is \"%s\"; there are provided, nodejs and "
                                           "python here, also by AWS's names, as in nodejs22.x", name,
                                           r->c->runtime_name);
}

static enum jn_status set_architecture(struct reading *r, const char *name, jn_value v)
{
    const enum jn_status s = read_text(r, name, v, &r->c->architecture);
    if (s || strcmp(r->c->architecture, "x86_64") == 0 || strcmp(r->c->architecture, "arm64") == 0)
        return s;
    return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" is \"%s\"; it must be x86_64 or arm64", name, r->c->architecture);
}

static enum jn_status set_folder(struct reading *r, const char *name, jn_value v)
{
    return read_text(r, name, v, &r->c->folder);
}

static enum jn_status set_reserved(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 0, 1000000, &r->c->reserved_concurrency);
}

/* ---- aliases -------------------------------------------------------------------------------------------------- */

static bool is_version(jn_str s)
{
    bool is_number = s.len > 0 && s.data[0] != '0';
    for (size_t i = 0; i < s.len; i++)
        is_number = is_number && is_digit(s.data[i]);
    return is_number || jn_str_equal(s, "$LATEST");
}

static bool is_alias_name(jn_str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter(s.data[i]) && !is_digit(s.data[i]) && s.data[i] != '-' && s.data[i] != '_')
            return false;
        digits += is_digit(s.data[i]);
    }
    return s.len > 0 && s.len <= 128 && digits < s.len;
}

enum jn_status local_alias_check(const struct local_alias *alias, struct jn_error *err)
{
    if (!is_alias_name(jn_str_of(alias->name)))
        return jn_fail(err, JN_BAD_VALUE, "the alias name \"%s\" must have 1 to 128 letters, digits, - and _, not only "
                       "digits", alias->name);
    if (!is_version(jn_str_of(alias->version)))
        return jn_fail(err, JN_BAD_VALUE, "the alias %s leads to \"%s\"; a version is a number or $LATEST",
                       alias->name, alias->version);
    if (!alias->other_version)
        return JN_OK;
    if (!is_version(jn_str_of(alias->other_version)) || strcmp(alias->other_version, alias->version) == 0)
        return jn_fail(err, JN_BAD_VALUE, "Invalid function version %s. Function version in additional version weights "
                       "must be another published version.", alias->other_version);
    if (strcmp(alias->version, "$LATEST") == 0 || strcmp(alias->other_version, "$LATEST") == 0)
        return jn_fail(err, JN_BAD_VALUE, "$LATEST is not supported for an alias pointing to more than 1 version");
    if (!(alias->other_weight >= 0 && alias->other_weight <= 1))
        return jn_fail(err, JN_BAD_VALUE, "the weight of version %s must be a number from 0 to 1",
                       alias->other_version);
    return JN_OK;
}

/* weights := '{' version ':' number '}'; one at most, as on AWS. */
static enum jn_status read_weights(struct reading *r, struct local_alias *out, jn_value v)
{
    if (!jn_is(v, JN_OBJECT) || jn_length(v) > 1)
        return jn_fail(r->err, JN_BAD_VALUE, "the weights of alias %s must be an object with one version at most, as "
                       "{\"2\": 0.1}", out->name);
    if (jn_length(v) == 0)
        return JN_OK;
    const jn_value weight = jn_at(v, 0);
    out->other_version = jn_arena_copy(r->a, jn_key_at(v, 0)).data;
    out->other_weight = jn_is(weight, JN_NUMBER) ? jn_get_number(weight) : -1;
    return out->other_version ? JN_OK : JN_NO_MEMORY;
}

static enum jn_status read_alias_member(struct reading *r, struct local_alias *out, jn_str key, jn_value v)
{
    if (jn_str_equal(key, "version"))
        return read_text(r, "version", v, &out->version);
    if (jn_str_equal(key, "description"))
        return read_text(r, "description", v, &out->description);
    if (jn_str_equal(key, "revisionId"))
        return read_text(r, "revisionId", v, &out->revision_id);
    if (jn_str_equal(key, "weights"))
        return read_weights(r, out, v);
    return jn_fail(r->err, JN_BAD_VALUE, "\"%.*s\" is not a setting of an alias; there are version, description and "
                   "weights", JN_ARG(key));
}

/* alias := version | '{' "version": version, "description": text, "weights": weights '}' */
enum jn_status local_alias_read(struct jn_arena *a, const char *name, jn_value v, struct local_alias *out,
                                struct jn_error *err)
{
    struct reading r = { .a = a, .err = err };
    enum jn_status s = JN_OK;
    *out = (struct local_alias){ .name = name, .version = "", .description = "" };
    if (!jn_is(v, JN_OBJECT))
        s = read_text(&r, name, v, &out->version);
    for (size_t i = 0; !s && jn_is(v, JN_OBJECT) && i < jn_length(v); i++)
        s = read_alias_member(&r, out, jn_key_at(v, i), jn_at(v, i));
    return s ? s : local_alias_check(out, err);
}

void local_alias_put(struct jn_buf *out, const struct local_alias *alias)
{
    jn_buf_append_z(out, "{\"version\":");
    local_put_json_string(out, jn_str_of(alias->version));
    jn_buf_append_z(out, ",\"description\":");
    local_put_json_string(out, jn_str_of(alias->description));
    if (alias->other_version) {
        jn_buf_append_z(out, ",\"weights\":{");
        local_put_json_string(out, jn_str_of(alias->other_version));
        jn_buf_append_char(out, ':');
        local_put_json_number(out, alias->other_weight);
        jn_buf_append_char(out, '}');
    }
    if (alias->revision_id) {
        jn_buf_append_z(out, ",\"revisionId\":");
        local_put_json_string(out, jn_str_of(alias->revision_id));
    }
    jn_buf_append_char(out, '}');
}

static enum jn_status set_aliases(struct reading *r, const char *name, jn_value v)
{
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" must be an object of versions, as {\"prod\": \"1\"}; it is %s",
                       name, jn_type_name(v));
    const size_t count = jn_length(v);
    struct local_alias *list = jn_arena_zalloc(r->a, (count + 1) * sizeof *list);
    enum jn_status s = list ? JN_OK : JN_NO_MEMORY;
    for (size_t i = 0; !s && i < count; i++) {
        const char *alias = jn_arena_copy(r->a, jn_key_at(v, i)).data;
        s = alias ? local_alias_read(r->a, alias, jn_at(v, i), &list[i], r->err) : JN_NO_MEMORY;
    }
    r->c->aliases = list;
    r->c->alias_count = count;
    return s;
}

/* ---- events --------------------------------------------------------------------------------------------------- */

static enum jn_status set_retries(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 0, 2, &r->c->events.retries);
}

static enum jn_status set_max_age(struct reading *r, const char *name, jn_value v)
{
    return read_number(r, name, v, 60, LOCAL_EVENT_AGE_MAX_S, &r->c->events.max_age_s);
}

bool local_destination_file(const char *destination, const char **path)
{
    static const char scheme[] = "file:";
    const bool is_file = strncmp(destination, scheme, sizeof scheme - 1) == 0;
    *path = is_file ? destination + sizeof scheme - 1 : NULL;
    return is_file;
}

/* destination := "file:" path | name or ARN of a function */
static enum jn_status read_destination(struct reading *r, const char *name, jn_value v, const char **out)
{
    struct lambda_name function;
    const char *path;
    const enum jn_status s = read_text(r, name, v, out);
    if (s)
        return s;
    const bool is_good = local_destination_file(*out, &path) ? *path != '\0'
                                                             : !lambda_name_parse(jn_str_of(*out), &function, NULL);
    if (!is_good)
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" is \"%s\"; it must be the name or ARN of a function here, or "
                       "file:PATH", name, *out);
    return JN_OK;
}

static enum jn_status set_on_success(struct reading *r, const char *name, jn_value v)
{
    return read_destination(r, name, v, &r->c->events.on_success);
}

static enum jn_status set_on_failure(struct reading *r, const char *name, jn_value v)
{
    return read_destination(r, name, v, &r->c->events.on_failure);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    set_fn *set;
} members[] = {
    { "runtime", set_runtime },         { "handler", set_handler },
    { "timeout", set_timeout },         { "memory", set_memory },
    { "environment", set_environment }, { "description", set_description },
    { "architecture", set_architecture },
    { "reservedConcurrency", set_reserved }, { "aliases", set_aliases },
    { "maximumRetryAttempts", set_retries }, { "maximumEventAgeInSeconds", set_max_age },
    { "onSuccess", set_on_success },    { "onFailure", set_on_failure },
    { "folder", set_folder },
};
enum { MEMBERS = sizeof members / sizeof *members };

static enum jn_status refuse_member(struct reading *r, jn_str name)
{
    struct jn_buf known;
    jn_buf_init(&known, 0);
    for (size_t i = 0; i < MEMBERS; i++)
        jn_buf_append_fmt(&known, "%s%s", i == 0 ? "" : i + 1 == MEMBERS ? " and " : ", ", members[i].name);
    const enum jn_status s = jn_fail(r->err, JN_BAD_VALUE, "\"%.*s\" is not a setting; there are %.*s", JN_ARG(name),
                                     JN_ARG(jn_buf_str(&known)));
    jn_buf_clear(&known);
    return s;
}

static enum jn_status read_member(struct reading *r, jn_str name, jn_value v)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (jn_str_equal(name, members[i].name))
            return members[i].set(r, members[i].name, v);
    }
    return refuse_member(r, name);
}

enum jn_status local_configuration_read(struct jn_arena *a, jn_value v, struct local_configuration *c,
                                        struct jn_error *err)
{
    struct reading r = { a, c, err };
    enum jn_status s = JN_OK;
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(err, JN_BAD_VALUE, "a function's settings must be an object, they are %s", jn_type_name(v));
    for (size_t i = 0; !s && i < jn_length(v); i++)
        s = read_member(&r, jn_key_at(v, i), jn_at(v, i));
    return s == JN_NO_MEMORY ? jn_fail(err, s, "no memory for a function's settings") : s;
}

enum jn_status local_configuration_parse(struct jn_arena *a, jn_str text, struct local_configuration *c,
                                         struct jn_error *err)
{
    jn_value v = jn_undefined();
    const enum jn_status s = text.len > 0 ? jn_read(a, text, NULL, &v, NULL, err) : JN_OK;
    return s || text.len == 0 ? s : local_configuration_read(a, v, c, err);
}

static const char *machine(void)
{
    struct utsname u;
    return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "x86_64";
}

struct local_configuration local_configuration_usual(void)
{
    static const char *const nothing[] = { NULL };
    return (struct local_configuration){
        .description = "", .architecture = machine(), .timeout_s = 3, .memory_mb = 128, .environment = nothing,
        .reserved_concurrency = -1, .events = { .retries = 2, .max_age_s = LOCAL_EVENT_AGE_MAX_S },
    };
}

enum jn_status local_configuration_complete(struct local_configuration *c, const char *folder, struct jn_error *err)
{
    const char *handler = NULL;
    const struct local_runtime *found = local_runtime_detect(folder, &handler);
    if (!c->runtime && !found)
        return jn_fail(err, JN_NOT_FOUND, "%s is no function: it has no executable bootstrap, index.mjs, index.js, "
                       "index.cjs, app.py or lambda_function.py, and its settings name no runtime", folder);
    const bool is_found = !c->runtime || c->runtime == found;
    if (!c->runtime) {
        c->runtime = found;
        c->runtime_name = found->newest;
    }
    if (!c->handler)
        c->handler = is_found && handler ? handler : c->runtime->default_handler;
    return JN_OK;
}

static void put_member(struct jn_buf *out, const char *name, const char *value)
{
    jn_buf_append_fmt(out, "\"%s\":", name);
    local_put_json_string(out, jn_str_of(value));
    jn_buf_append_char(out, ',');
}

void local_put_variables(struct jn_buf *out, const char *const *environment)
{
    jn_buf_append_char(out, '{');
    for (const char *const *v = environment; *v; v++) {
        const char *equals = strchr(*v, '=');
        if (v != environment)
            jn_buf_append_char(out, ',');
        local_put_json_string(out, (jn_str){ *v, (size_t)(equals - *v) });
        jn_buf_append_char(out, ':');
        local_put_json_string(out, jn_str_of(equals + 1));
    }
    jn_buf_append_char(out, '}');
}

void local_configuration_put(struct jn_buf *out, const struct local_configuration *c)
{
    put_member(out, "runtime", c->runtime_name);
    put_member(out, "handler", c->handler);
    put_member(out, "description", c->description);
    put_member(out, "architecture", c->architecture);
    jn_buf_append_fmt(out, "\"timeout\":%d,\"memory\":%d,\"environment\":", c->timeout_s, c->memory_mb);
    local_put_variables(out, c->environment);
}

static bool is_same_list(const char *const *a, const char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0)
        a++, b++;
    return !*a && !*b;
}

bool local_configuration_is_same(const struct local_configuration *a, const struct local_configuration *b)
{
    return strcmp(a->runtime_name, b->runtime_name) == 0 && strcmp(a->handler, b->handler) == 0 &&
           strcmp(a->description, b->description) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           a->timeout_s == b->timeout_s && a->memory_mb == b->memory_mb &&
           is_same_list(a->environment, b->environment);
}
