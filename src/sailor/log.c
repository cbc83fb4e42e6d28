/* log.c - lines in bunyan's shape, whose order of members the platform's log viewer knows (platform-protocol.md, 7):
 *
 *   {"name":"sailor","hostname":"h","pid":7,"ELASTICIO_...":"...","tag":"flow",         the origin's
 *    "threadId":"t","messageId":"m","parentMessageId":"p",                              the ids' of the moment
 *    "consumerTag":"c","deliveryTag":1,"redelivered":false,"exchange":"e","routingKey":"r",
 *    "field":"value","err":{"message":"..."},                                           the line's own
 *    "level":30,"msg":"...","time":"2026-11-22T06:46:54.269Z","v":0}
 *
 * What does not change is written once. */
#include "sailor/log.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "sailor/message.h"

struct sailor_log_origin {
    struct base_log base;           /* of every log made from this */
    struct jn_buf prefix;           /* ,"hostname":... to "tag" */
};

/* ---- the origin ---------------------------------------------------------------------------------------------- */

static void put_name(struct jn_buf *out, const char *name)
{
    jn_buf_append_char(out, ',');
    sailor_put_string(out, jn_str_of(name));
    jn_buf_append_char(out, ':');
}

static void put_text(struct jn_buf *out, const char *name, jn_str value)
{
    put_name(out, name);
    sailor_put_string(out, value);
}

static void put_prefix(struct jn_buf *out, const struct base_env *env)
{
    static const char *const names[] = {
        "ELASTICIO_API_USERNAME", "ELASTICIO_COMP_ID", "ELASTICIO_COMP_NAME", "ELASTICIO_CONTAINER_ID",
        "ELASTICIO_CONTRACT_ID", "ELASTICIO_EXEC_ID", "ELASTICIO_EXEC_TYPE", "ELASTICIO_EXECUTION_RESULT_ID",
        "ELASTICIO_FLOW_ID", "ELASTICIO_FLOW_VERSION", "ELASTICIO_FUNCTION", "ELASTICIO_STEP_ID",
        "ELASTICIO_TASK_USER_EMAIL", "ELASTICIO_TENANT_ID", "ELASTICIO_USER_ID", "ELASTICIO_WORKSPACE_ID",
    };
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    put_text(out, "hostname", jn_str_of(host));
    jn_buf_append_fmt(out, ",\"pid\":%d", (int)getpid());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (base_env_get(env, names[i]))
            put_text(out, names[i], jn_str_of(base_env_get(env, names[i])));
    if (base_env_get(env, "ELASTICIO_FLOW_ID"))
        put_text(out, "tag", jn_str_of(base_env_get(env, "ELASTICIO_FLOW_ID")));
}

static enum jn_status read_level(const struct base_env *env, enum base_log_level *level, struct jn_error *err)
{
    static const struct {
        const char *name;
        enum base_log_level level;
    } levels[] = { { "trace", BASE_TRACE }, { "debug", BASE_DEBUG }, { "info", BASE_INFO },
                   { "warn", BASE_WARN },   { "error", BASE_ERROR }, { "fatal", BASE_FATAL } };
    const char *wanted = base_env_get(env, "LOG_LEVEL");
    *level = BASE_INFO;
    if (!wanted)
        return JN_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcasecmp(levels[i].name, wanted) == 0) {
            *level = levels[i].level;
            return JN_OK;
        }
    }
    return jn_fail(err, JN_BAD_VALUE, "LOG_LEVEL is \"%.40s\"; it must be trace, debug, info, warn, error or fatal",
                   wanted);
}

static void put_line(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                     jn_str message, struct jn_buf *line);

enum jn_status sailor_log_origin_new(const struct base_env *env, const struct base_clock *clock,
                                     struct sailor_log_origin **out, struct jn_error *err)
{
    enum base_log_level level;
    const enum jn_status s = read_level(env, &level, err);
    if (s)
        return s;
    struct sailor_log_origin *o = calloc(1, sizeof *o);
    if (!o)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the log");
    base_log_init(&o->base, STDOUT_FILENO, clock, env);
    o->base.level = level;
    o->base.format = put_line;
    jn_buf_init(&o->prefix, 0);
    put_prefix(&o->prefix, env);
    if (o->prefix.failed) {
        sailor_log_origin_free(o);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the log");
    }
    *out = o;
    return JN_OK;
}

void sailor_log_origin_free(struct sailor_log_origin *o)
{
    if (!o)
        return;
    jn_buf_clear(&o->prefix);
    free(o);
}

struct sailor_log sailor_log_of(const struct sailor_log_origin *o, const char *name, const struct sailor_log_ids *ids)
{
    struct sailor_log l = { .base = o->base, .origin = o, .ids = ids };
    l.base.name = name;
    return l;
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

/* The name of a field whose value is JSON: told from others of that name by its address. */
static const char error_field[] = "err";

static void put_id(struct jn_buf *out, const char *name, jn_str id, bool of_delivery)
{
    if (id.data)
        put_text(out, name, id);
    else if (of_delivery)
        put_text(out, name, JN_STR("unknown"));
}

static void put_ids(struct jn_buf *out, const struct sailor_log_ids *ids)
{
    put_id(out, "threadId", ids->thread_id, ids->of_delivery);
    put_id(out, "messageId", ids->message_id, ids->of_delivery);
    put_id(out, "parentMessageId", ids->parent_message_id, ids->of_delivery);
    if (!ids->of_delivery)
        return;
    put_text(out, "consumerTag", ids->consumer_tag);
    jn_buf_append_fmt(out, ",\"deliveryTag\":%llu,\"redelivered\":%s", (unsigned long long)ids->delivery_tag,
                      ids->redelivered ? "true" : "false");
    put_text(out, "exchange", ids->exchange);
    put_text(out, "routingKey", ids->routing_key);
}

static void put_fields(struct jn_buf *out, const struct base_field *f)
{
    for (; f && f->name; f++) {
        put_name(out, f->name);
        if (f->name == error_field)
            jn_buf_append(out, f->value);
        else
            sailor_put_string(out, f->value);
    }
}

static void put_line(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                     jn_str message, struct jn_buf *line)
{
    const struct sailor_log *log = (const struct sailor_log *)(const void *)l;      // its first member
    char time[32];
    jn_buf_append_z(line, "{\"name\":");
    sailor_put_string(line, jn_str_of(l->name));
    jn_buf_append(line, jn_buf_str(&log->origin->prefix));
    if (log->ids)
        put_ids(line, log->ids);
    put_fields(line, fields);
    jn_buf_append_fmt(line, ",\"level\":%d,\"msg\":", ((int)level - BASE_TRACE + 1) * 10);
    sailor_put_string(line, message);
    base_time_iso(time, l->clock->wall_ms(l->clock));
    jn_buf_append_fmt(line, ",\"time\":\"%s\",\"v\":0}", time);
}

void sailor_log_error(const struct sailor_log *l, enum base_log_level level, const struct jn_error *err, jn_str name,
                      jn_str stack, const char *message)
{
    struct jn_buf json;
    jn_buf_init(&json, 0);
    jn_buf_append_z(&json, "{\"message\":");
    sailor_put_string(&json, jn_str_of(err->message));
    put_text(&json, "name", name.data ? name : JN_STR("Error"));
    if (stack.data)
        put_text(&json, "stack", stack);
    if (err->code[0])
        put_text(&json, "code", jn_str_of(err->code));
    jn_buf_append_char(&json, '}');
    const struct base_field fields[] = { { error_field, jn_buf_str(&json) }, { NULL, { NULL, 0 } } };
    base_log(&l->base, level, json.failed ? NULL : fields, "%s", message);
    jn_buf_clear(&json);
}
