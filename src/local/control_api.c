/* control_api.c - the operations about functions: list, get, publish, alias, reserve (our spec, section 2.1; the API
 * reference's pages of the operations for those that change something).
 *
 * Each is a function that reads what it needs of the request and appends the answer to `out`. */
#include <stdlib.h>

#include "local/api.h"
#include "local/document.h"
#include "local/target.h"
#include "local/text.h"

enum { PAGE_MAX = 50, UNRESERVED_MIN = 100 };   /* of functions and versions, whatever is asked; AWS's floor */

struct control {
    struct local_request *q;
    struct local_refusal *r;
    struct local_target target;     /* of operations with a function */
    jn_str alias;                   /* the path's second label */
    jn_value body;                  /* undefined: there is none */
    struct jn_buf out;
    int status;
};

typedef bool control_fn(struct control *c);

/* What went wrong on the disk, or for want of memory. */
static bool fail(struct control *c, const struct jn_error *err)
{
    return local_refuse(c->r, LOCAL_REFUSED_SERVICE, "%s", err->message);
}

/* ---- reading requests ------------------------------------------------------------------------------------------ */

static bool read_body(struct control *c)
{
    const jn_str text = base_httpd_body(c->q->http);
    struct jn_error err = { 0 };
    c->body = jn_undefined();
    if (text.len == 0)
        return true;
    if (jn_read(c->q->memory, text, NULL, &c->body, NULL, &err))
        return local_refuse(c->r, LOCAL_REFUSED_SERIALIZATION, "Could not parse request body into json: %s (line %u, "
                            "column %u)", err.message, err.line, err.column);
    return jn_is(c->body, JN_OBJECT) ||
           local_refuse(c->r, LOCAL_REFUSED_SERIALIZATION, "The request body must be a JSON object.");
}

/* The text of a member with a NUL behind it; NULL: not there, or no text. */
static const char *member_text(struct control *c, const char *name)
{
    const jn_value v = jn_member(c->body, jn_str_of(name));
    return jn_is(v, JN_STRING) ? jn_arena_copy(c->q->memory, jn_get_string(v)).data : NULL;
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

/* Which part of a list is asked for.  A marker is the number of the first entry that was not given. */
struct page {
    size_t from, to, total;
};

static bool read_page(struct control *c, size_t total, size_t most, struct page *out)
{
    const jn_str query = base_httpd_query(c->q->http);
    const jn_str marker = local_query_get(query, "Marker"), items = local_query_get(query, "MaxItems");
    char *end = NULL;
    const size_t from = marker.len ? strtoul(marker.data, &end, 10) : 0;
    if (marker.len && (end != marker.data + marker.len || from > total))
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "Invalid marker: %.*s", JN_ARG(marker));
    const size_t asked = items.len ? strtoul(items.data, &end, 10) : most;
    if (items.len && (end != items.data + items.len || asked < 1 || asked > 10000))
        return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'maxItems' "
                            "failed to satisfy constraint: Member must be between 1 and 10000", JN_ARG(items));
    const size_t size = asked < most ? asked : most;
    *out = (struct page){ .from = from, .to = total - from < size ? total : from + size, .total = total };
    return true;
}

static void put_end_of_page(struct control *c, const struct page *p)
{
    jn_buf_append_char(&c->out, ']');
    if (p->to < p->total)
        jn_buf_append_fmt(&c->out, ",\"NextMarker\":\"%zu\"", p->to);
    jn_buf_append_char(&c->out, '}');
}

/* ---- functions and versions ------------------------------------------------------------------------------------- */

/* $LATEST comes before the published versions. */
static struct local_version *version_at(const struct local_function *f, size_t i)
{
    return i == 0 ? f->latest : f->versions[i - 1];
}

static bool list_all_versions(struct control *c)
{
    const struct local_registry *functions = c->q->api->registry;
    const size_t count = local_registry_count(functions);
    size_t total = 0, n = 0;
    struct page p = { 0 };
    for (size_t i = 0; i < count; i++)
        total += 1 + local_registry_at(functions, i)->version_count;
    if (!read_page(c, total, PAGE_MAX, &p))
        return false;
    jn_buf_append_z(&c->out, "{\"Functions\":[");
    for (size_t i = 0; i < count; i++) {
        const struct local_function *f = local_registry_at(functions, i);
        for (size_t k = 0; k <= f->version_count; k++, n++) {
            if (n < p.from || n >= p.to)
                continue;
            jn_buf_append_z(&c->out, n > p.from ? "," : "");
            local_put_function(&c->out, version_at(f, k), true, true);
        }
    }
    put_end_of_page(c, &p);
    return true;
}

static bool list_functions(struct control *c)
{
    struct local_registry *functions = c->q->api->registry;
    struct page p = { 0 };
    local_registry_look(functions);
    if (jn_str_equal(local_query_get(base_httpd_query(c->q->http), "FunctionVersion"), "ALL"))
        return list_all_versions(c);
    if (!read_page(c, local_registry_count(functions), PAGE_MAX, &p))
        return false;
    jn_buf_append_z(&c->out, "{\"Functions\":[");
    for (size_t i = p.from; i < p.to; i++) {
        jn_buf_append_z(&c->out, i > p.from ? "," : "");
        local_put_function(&c->out, local_registry_at(functions, i)->latest, false, true);
    }
    put_end_of_page(c, &p);
    return true;
}

static bool get_function(struct control *c)
{
    local_put_function_and_code(&c->out, c->target.version, c->target.qualifier.data != NULL);
    return true;
}

static bool get_configuration(struct control *c)
{
    local_put_function(&c->out, c->target.version, c->target.qualifier.data != NULL, false);
    return true;
}

static bool list_versions(struct control *c)
{
    const struct local_function *f = c->target.function;
    struct page p = { 0 };
    if (!read_page(c, 1 + f->version_count, PAGE_MAX, &p))
        return false;
    jn_buf_append_z(&c->out, "{\"Versions\":[");
    for (size_t i = p.from; i < p.to; i++) {
        jn_buf_append_z(&c->out, i > p.from ? "," : "");
        local_put_function(&c->out, version_at(f, i), true, true);
    }
    put_end_of_page(c, &p);
    return true;
}

static bool check_revision(struct control *c, const char *now)
{
    const char *asked = member_text(c, "RevisionId");
    return !asked || strcmp(asked, now) == 0 ||
           local_refuse(c->r, LOCAL_REFUSED_PRECONDITION, "The RevisionId provided does not match the latest RevisionId. "
                        "Call the GetFunction or the GetAlias API to retrieve the latest RevisionId.");
}

static bool publish_version(struct control *c)
{
    struct local_function *f = c->target.function;
    struct local_version *v = NULL;
    struct jn_error err = { 0 };
    const char *digest = member_text(c, "CodeSha256");
    local_version_measure(f->latest);
    if (digest && strcmp(digest, f->latest->code_sha256) != 0)
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "CodeSHA256 (%s) is different from current CodeSHA256 "
                            "in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", digest,
                            f->latest->code_sha256);
    if (!check_revision(c, f->latest->revision_id))
        return false;
    if (local_function_publish(f, member_text(c, "Description"), &v, &err))
        return fail(c, &err);
    c->status = 201;
    local_put_function(&c->out, v, true, false);
    return true;
}

/* ---- aliases --------------------------------------------------------------------------------------------------- */

static bool leads_to(const struct local_alias *alias, jn_str version)
{
    return !version.data || jn_str_equal(version, alias->version) ||
           (alias->other_version && jn_str_equal(version, alias->other_version));
}

static bool list_aliases(struct control *c)
{
    const jn_str version = local_query_get(base_httpd_query(c->q->http), "FunctionVersion");
    size_t all = 0, count = 0;
    const struct local_alias **list = local_function_aliases(c->target.function, c->q->memory, &all);
    struct page p = { 0 };
    if (!list)
        return local_refuse_memory(c->r);
    for (size_t i = 0; i < all; i++) {
        if (leads_to(list[i], version.data ? local_decode(c->q->memory, version) : version))
            list[count++] = list[i];
    }
    if (!read_page(c, count, 10000, &p))
        return false;
    jn_buf_append_z(&c->out, "{\"Aliases\":[");
    for (size_t i = p.from; i < p.to; i++) {
        jn_buf_append_z(&c->out, i > p.from ? "," : "");
        local_put_alias(&c->out, c->target.function, list[i]);
    }
    put_end_of_page(c, &p);
    return true;
}

/* The alias that the path names. */
static const struct local_alias *find_alias(struct control *c)
{
    const struct local_alias *alias = local_function_alias(c->target.function, c->alias);
    if (!alias)
        local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND, "Cannot find alias arn: %s:%.*s", c->target.function->arn,
                     JN_ARG(c->alias));
    return alias;
}

static bool get_alias(struct control *c)
{
    const struct local_alias *alias = find_alias(c);
    if (alias)
        local_put_alias(&c->out, c->target.function, alias);
    return alias != NULL;
}

/* RoutingConfig := '{' "AdditionalVersionWeights": '{' version: weight '}' '}'; an empty one takes the split back. */
static bool read_routing(struct control *c, struct local_alias *alias)
{
    const jn_value weights = jn_member(jn_member(c->body, JN_STR("RoutingConfig")), JN_STR("AdditionalVersionWeights"));
    if (jn_is_undefined(jn_member(c->body, JN_STR("RoutingConfig"))))
        return true;
    alias->other_version = NULL;
    if (!jn_is(weights, JN_OBJECT) || jn_length(weights) == 0)
        return true;
    if (jn_length(weights) > 1)
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "Number of items in AdditionalVersionWeights cannot be "
                            "greater than 1");
    alias->other_version = jn_arena_copy(c->q->memory, jn_key_at(weights, 0)).data;
    alias->other_weight = jn_is(jn_at(weights, 0), JN_NUMBER) ? jn_get_number(jn_at(weights, 0)) : -1;
    return alias->other_version || local_refuse_memory(c->r);
}

static bool has_version(struct control *c, const char *number)
{
    const struct local_function *f = c->target.function;
    if (!number || strcmp(number, "$LATEST") == 0 || local_function_version(f, jn_str_of(number)))
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND, "Function not found: %s:%s", f->arn, number);
}

/* Sets what the body says, checks it, keeps it, and answers with it. */
static bool put_alias(struct control *c, struct local_alias alias)
{
    struct jn_error err = { 0 };
    const char *version = member_text(c, "FunctionVersion"), *description = member_text(c, "Description");
    if (version)
        alias.version = version;
    if (description)
        alias.description = description;
    if (!read_routing(c, &alias))
        return false;
    if (local_alias_check(&alias, &err))
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "%s", err.message);
    if (!has_version(c, alias.version) || !has_version(c, alias.other_version))
        return false;
    if (local_function_put_alias(c->target.function, &alias, &err))
        return fail(c, &err);
    local_put_alias(&c->out, c->target.function, local_function_alias(c->target.function, jn_str_of(alias.name)));
    return true;
}

static bool create_alias(struct control *c)
{
    const char *name = member_text(c, "Name"), *version = member_text(c, "FunctionVersion");
    if (!name || !version)
        return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value null at '%s' failed to "
                            "satisfy constraint: Member must not be null", name ? "functionVersion" : "name");
    if (local_function_alias(c->target.function, jn_str_of(name)))
        return local_refuse(c->r, LOCAL_REFUSED_CONFLICT, "Alias already exists: %s:%s", c->target.function->arn, name);
    c->status = 201;
    return put_alias(c, (struct local_alias){ .name = name, .version = version, .description = "" });
}

static bool update_alias(struct control *c)
{
    const struct local_alias *alias = find_alias(c);
    if (!alias || !check_revision(c, alias->revision_id ? alias->revision_id : c->target.function->latest->revision_id))
        return false;
    struct local_alias next = *alias;
    next.name = c->alias.data;          // `alias` is gone once the next one holds
    return put_alias(c, next);
}

/* On AWS it is no mistake when there is none; one that function.json has cannot be taken away here. */
static bool delete_alias(struct control *c)
{
    struct local_function *f = c->target.function;
    struct jn_error err = { 0 };
    const enum jn_status s = local_function_delete_alias(f, c->alias, &err);
    if (s == JN_NOT_FOUND && local_function_alias(f, c->alias))
        return local_refuse(c->r, LOCAL_REFUSED_CONFLICT, "The alias %.*s is in the settings of %s (function.json or "
                            "functions.json): remove it there.", JN_ARG(c->alias), f->name);
    if (s && s != JN_NOT_FOUND)
        return fail(c, &err);
    c->status = 204;
    return true;
}

/* ---- concurrency and the account --------------------------------------------------------------------------------- */

static bool get_concurrency(struct control *c)
{
    const int reserved = local_function_reserved(c->target.function);
    if (reserved >= 0)
        jn_buf_append_fmt(&c->out, "{\"ReservedConcurrentExecutions\":%d}", reserved);
    else
        jn_buf_append_z(&c->out, "{}");
    return true;
}

static bool put_concurrency(struct control *c)
{
    struct local_function *f = c->target.function;
    const jn_value v = jn_member(c->body, JN_STR("ReservedConcurrentExecutions"));
    const double asked = jn_get_number(v);
    struct jn_error err = { 0 };
    if (!jn_is(v, JN_NUMBER) || asked < 0 || asked != (double)(int)asked)
        return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value at "
                            "'reservedConcurrentExecutions' failed to satisfy constraint: Member must be a whole number, "
                            "0 or more");
    const int had = local_function_reserved(f) > 0 ? local_function_reserved(f) : 0;
    if (asked > local_fleet_unreserved(c->q->api->fleet) + had - UNRESERVED_MIN)
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "Specified ReservedConcurrentExecutions for function "
                            "decreases account's UnreservedConcurrentExecution below its minimum value of [%d].",
                            UNRESERVED_MIN);
    if (local_function_reserve(f, (int)asked, &err))
        return fail(c, &err);
    return get_concurrency(c);
}

static bool delete_concurrency(struct control *c)
{
    struct jn_error err = { 0 };
    if (local_function_reserve(c->target.function, -1, &err))
        return fail(c, &err);
    c->status = 204;
    return true;
}

/* The limits of storage are AWS's for an account; nothing enforces them here. */
static bool account_settings(struct control *c)
{
    const struct local_api *api = c->q->api;
    int64_t size = 0;
    local_registry_look(api->registry);
    const size_t count = local_registry_count(api->registry);
    for (size_t i = 0; i < count; i++) {
        struct local_version *v = local_registry_at(api->registry, i)->latest;
        local_version_measure(v);
        size += v->code_size;
    }
    jn_buf_append_fmt(&c->out, "{\"AccountLimit\":{\"TotalCodeSize\":80530636800,\"CodeSizeUnzipped\":262144000,"
                      "\"CodeSizeZipped\":52428800,\"ConcurrentExecutions\":%d,\"UnreservedConcurrentExecutions\":%d},"
                      "\"AccountUsage\":{\"TotalCodeSize\":%lld,\"FunctionCount\":%zu}}", api->site->concurrency,
                      local_fleet_unreserved(api->fleet), (long long)size, count);
    return true;
}

/* ---- which is which ---------------------------------------------------------------------------------------------- */

static control_fn *const operations[] = {
    [LOCAL_OP_LIST_FUNCTIONS] = list_functions,
    [LOCAL_OP_GET_FUNCTION] = get_function,
    [LOCAL_OP_GET_CONFIGURATION] = get_configuration,
    [LOCAL_OP_LIST_VERSIONS] = list_versions,
    [LOCAL_OP_PUBLISH_VERSION] = publish_version,
    [LOCAL_OP_LIST_ALIASES] = list_aliases,
    [LOCAL_OP_CREATE_ALIAS] = create_alias,
    [LOCAL_OP_GET_ALIAS] = get_alias,
    [LOCAL_OP_UPDATE_ALIAS] = update_alias,
    [LOCAL_OP_DELETE_ALIAS] = delete_alias,
    [LOCAL_OP_ACCOUNT_SETTINGS] = account_settings,
    [LOCAL_OP_PUT_CONCURRENCY] = put_concurrency,
    [LOCAL_OP_DELETE_CONCURRENCY] = delete_concurrency,
    [LOCAL_OP_GET_CONCURRENCY] = get_concurrency,
};

static bool find_target(struct control *c)
{
    const struct local_request *q = c->q;
    if (!q->operation.labels[0].data)
        return true;
    if (q->operation.labels[1].data) {
        c->alias = local_decode(q->memory, q->operation.labels[1]);
        if (!c->alias.data)
            return local_refuse_memory(c->r);
    }
    return local_target_find(q->api->site, q->api->registry, q->memory, q->operation.labels[0],
                             base_httpd_query(q->http), &c->target, c->r);
}

static void reply(const struct control *c)
{
    struct local_answer a = { .count = 0 };
    if (c->out.len > 0)
        local_answer_add(&a, "Content-Type", JN_STR("application/json"));
    local_answer_add_common(&a, c->q->id);
    base_httpd_reply(c->q->http, c->status, a.headers, a.count, jn_buf_str(&c->out));
}

bool local_control_run(struct local_request *q, struct local_refusal *r)
{
    struct control c = { .q = q, .r = r, .status = 200 };
    jn_buf_init(&c.out, 0);
    bool ok = read_body(&c) && find_target(&c) && operations[q->operation.kind](&c);
    if (ok && (c.out.failed || jn_arena_failed(q->memory)))
        ok = local_refuse_memory(r);
    if (ok)
        reply(&c);
    jn_buf_clear(&c.out);
    return ok;
}
