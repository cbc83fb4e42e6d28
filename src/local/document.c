/* document.c - functions, versions and aliases as the service describes them.
 *
 * What there is nothing of here (a role, tracing, layers) has the value that it has on AWS when nobody has set it. */
#include "local/document.h"

#include "base/clock.h"
#include "local/text.h"

static void put_text(struct jn_buf *out, const char *name, const char *value)
{
    jn_buf_append_fmt(out, "\"%s\":", name);
    local_put_json_string(out, jn_str_of(value));
    jn_buf_append_char(out, ',');
}

/* "2026-03-14T15:09:26.000+0000" */
static void put_modified(struct jn_buf *out, int64_t wall_ms)
{
    const struct base_civil t = base_civil_of(wall_ms);
    jn_buf_append_fmt(out, "\"LastModified\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03d+0000\",", t.year, t.month, t.day, t.hour,
                      t.minute, t.second, t.millisecond);
}

static void put_arn(struct jn_buf *out, const char *name, const struct local_function *f, const char *qualifier)
{
    jn_buf_append_fmt(out, "\"%s\":\"%s%s%s\",", name, f->arn, qualifier ? ":" : "", qualifier ? qualifier : "");
}

static void put_code(struct jn_buf *out, struct local_version *v)
{
    local_version_measure(v);
    jn_buf_append_fmt(out, "\"CodeSize\":%lld,\"CodeSha256\":\"%s\",", (long long)v->code_size, v->code_sha256);
}

static void put_environment(struct jn_buf *out, const struct local_configuration *c)
{
    if (!c->environment[0])
        return;
    jn_buf_append_z(out, "\"Environment\":{\"Variables\":");
    local_put_variables(out, c->environment);
    jn_buf_append_z(out, "},");
}

void local_put_function(struct jn_buf *out, struct local_version *v, bool is_qualified, bool is_in_list)
{
    const struct local_function *f = v->function;
    const struct local_configuration *c = &v->config;
    jn_buf_append_char(out, '{');
    put_text(out, "FunctionName", f->name);
    put_arn(out, "FunctionArn", f, is_qualified ? v->number : NULL);
    put_text(out, "Runtime", c->runtime_name);
    jn_buf_append_fmt(out, "\"Role\":\"arn:aws:iam::%s:role/local\",", f->site->account);
    put_text(out, "Handler", c->handler);
    put_code(out, v);
    put_text(out, "Description", c->description);
    jn_buf_append_fmt(out, "\"Timeout\":%d,\"MemorySize\":%d,", c->timeout_s, c->memory_mb);
    put_modified(out, v->modified_ms);
    put_text(out, "Version", v->number);
    put_environment(out, c);
    jn_buf_append_z(out, "\"TracingConfig\":{\"Mode\":\"PassThrough\"},\"PackageType\":\"Zip\",");
    jn_buf_append_fmt(out, "\"Architectures\":[\"%s\"],\"EphemeralStorage\":{\"Size\":512},", c->architecture);
    jn_buf_append_z(out, "\"SnapStart\":{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"},");
    if (!is_in_list)
        jn_buf_append_z(out, "\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\",");
    jn_buf_append_fmt(out, "\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"/aws/lambda/%s\"},", f->name);
    jn_buf_append_fmt(out, "\"RevisionId\":\"%s\"}", v->revision_id);
}

void local_put_alias(struct jn_buf *out, const struct local_function *f, const struct local_alias *alias)
{
    jn_buf_append_char(out, '{');
    put_arn(out, "AliasArn", f, alias->name);
    put_text(out, "Name", alias->name);
    put_text(out, "FunctionVersion", alias->version);
    put_text(out, "Description", alias->description);
    if (alias->other_version) {
        jn_buf_append_fmt(out, "\"RoutingConfig\":{\"AdditionalVersionWeights\":{\"%s\":", alias->other_version);
        local_put_json_number(out, alias->other_weight);
        jn_buf_append_z(out, "}},");
    }
    jn_buf_append_fmt(out, "\"RevisionId\":\"%s\"}", alias->revision_id ? alias->revision_id : f->latest->revision_id);
}

void local_put_function_and_code(struct jn_buf *out, struct local_version *v, bool is_qualified)
{
    const int reserved = local_function_reserved(v->function);
    jn_buf_append_z(out, "{\"Configuration\":");
    local_put_function(out, v, is_qualified, false);
    jn_buf_append_z(out, ",\"Code\":{\"RepositoryType\":\"S3\",\"Location\":");
    struct jn_buf location;
    jn_buf_init(&location, 0);
    jn_buf_append_fmt(&location, "file://%s", v->folder);
    local_put_json_string(out, jn_buf_str(&location));
    jn_buf_clear(&location);
    jn_buf_append_z(out, "}");
    if (reserved >= 0)
        jn_buf_append_fmt(out, ",\"Concurrency\":{\"ReservedConcurrentExecutions\":%d}", reserved);
    jn_buf_append_char(out, '}');
}
