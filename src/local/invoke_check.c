/* invoke_check.c - what an Invoke request asks for, and the reasons to refuse it.
 *
 * A chain of checks, each of which reads one thing and returns false when the call is refused; the order is the
 * service's, so that a request with two mistakes is told about the same one as on AWS. */
#include "local/invoke_api.h"

#include "base/crypto.h"
#include "base/url.h"
#include "core/value.h"
#include "lambda/name.h"
#include "local/text.h"

enum { CONTEXT_MAX = 3583 };    /* characters of base64 (Invoke in the API reference) */

/* What the API reference prints for FunctionName; part of the service's error text. */
static const char name_pattern[] =
    "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:|(((eusc-)?[a-z]{2}"
    "((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?))(function:)?([a-zA-Z0-9-_\\.]+)"
    "(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

/* A check's scratch: where the name and the qualifier are between the checks. */
struct checking {
    struct local_invoke *v;
    const struct local_site *site;
    const struct local_functions *functions;
    struct local_refusal *r;
    jn_str name_text;                   /* decoded */
    struct lambda_name name;
    jn_str qualifier;                   /* of name or query; {NULL, 0}: none */
};

typedef bool check_fn(struct checking *c);

static bool no_memory(struct checking *c)
{
    return local_refuse(c->r, LOCAL_REFUSED_SERVICE, "out of memory");
}

/* `s` with %XX decoded, in the call's memory. */
static jn_str decode(struct checking *c, jn_str s)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    base_url_decode(&b, s);
    const jn_str copy = jn_arena_copy(c->v->memory, jn_buf_str(&b));
    jn_buf_clear(&b);
    return copy;
}

/* ---- size ----------------------------------------------------------------------------------------------------- */

/* What stands around the name in the path of an operation. */
static const struct {
    jn_str head, end;
} paths[] = {
    { JN_STR_INIT("/2015-03-31/functions/"), JN_STR_INIT("/invocations") },
    { JN_STR_INIT("/2021-11-15/functions/"), JN_STR_INIT("/response-streaming-invocations") },
};

/* The name in the path, still encoded; {NULL, 0}: the path is not of this operation. */
static jn_str label_in(jn_str path, bool is_streamed)
{
    const jn_str head = paths[is_streamed].head, end = paths[is_streamed].end;
    const bool fits = jn_str_starts(path, head) && jn_str_ends(path, end) && path.len > head.len + end.len;
    return fits ? jn_str_sub(path, head.len, path.len - end.len) : (jn_str){ NULL, 0 };
}

/* A streamed call is nobody's event, whatever it says. */
static bool is_event(const struct local_invoke *v)
{
    return jn_str_eq(v->type_header, JN_STR("Event")) && !label_in(v->path, true).data;
}

bool local_invoke_check_size(struct local_invoke *v, struct local_refusal *r)
{
    const size_t limit = is_event(v) ? LOCAL_EVENT_MAX : LOCAL_REQUEST_MAX;
    if (!v->is_oversized && v->body_size <= limit)
        return true;
    return local_refuse(r, LOCAL_REFUSED_TOO_LARGE, "%zu byte payload is too large for the %s invocation type (limit "
                        "%zu bytes)", v->body_size, is_event(v) ? "Event" : "RequestResponse", limit);
}

/* ---- path and name -------------------------------------------------------------------------------------------- */

/* path := '/2015-03-31/functions/' name '/invocations'
 *       | '/2021-11-15/functions/' name '/response-streaming-invocations' */
static bool check_path(struct checking *c)
{
    const jn_str path = c->v->path;
    c->v->is_streamed = label_in(path, true).data != NULL;
    const jn_str label = label_in(path, c->v->is_streamed);
    if (!label.data || jn_str_find(label, JN_STR("/"), 0) != SIZE_MAX || !jn_str_eq(c->v->method, JN_STR("POST")))
        return local_refuse(c->r, LOCAL_REFUSED_UNKNOWN_OPERATION, "Unable to determine service/operation name to be "
                            "authorized: there is no %.*s %.*s here", JN_ARG(c->v->method), JN_ARG(path));
    c->name_text = decode(c, label);
    return c->name_text.data || no_memory(c);
}

static bool check_name(struct checking *c)
{
    if (lambda_name_parse(c->name_text, &c->name, NULL) == JN_OK)
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'functionName' "
                        "failed to satisfy constraint: Member must satisfy regular expression pattern: %s",
                        JN_ARG(c->name_text), name_pattern);
}

/* The value of a query parameter, still encoded; {NULL, 0}: absent. */
static jn_str parameter(jn_str query, jn_str name)
{
    for (size_t at = 0; at < query.len;) {
        const size_t end = jn_str_find(query, JN_STR("&"), at);
        const jn_str pair = jn_str_sub(query, at, end);
        const size_t equals = jn_str_find(pair, JN_STR("="), 0);
        if (jn_str_eq(jn_str_sub(pair, 0, equals), name))
            return equals == SIZE_MAX ? JN_STR("") : jn_str_sub(pair, equals + 1, pair.len);
        at = end == SIZE_MAX ? query.len : end + 1;
    }
    return (jn_str){ NULL, 0 };
}

static bool check_qualifier(struct checking *c)
{
    const jn_str encoded = parameter(c->v->query, JN_STR("Qualifier"));
    c->qualifier = c->name.qualifier;
    if (!encoded.data)
        return true;

    const jn_str asked = decode(c, encoded);
    if (!asked.data)
        return no_memory(c);
    if (lambda_qualifier_check(asked, NULL))
        return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'qualifier' "
                            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
                            "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", JN_ARG(asked));
    if (c->name.qualifier.data && !jn_str_eq(asked, c->name.qualifier))
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "The derived qualifier from the function name does "
                            "not match the specified qualifier.");
    c->qualifier = asked;
    return true;
}

static bool check_region(struct checking *c)
{
    const jn_str region = c->name.region;
    if (!region.data || jn_str_eq(region, jn_str_of(c->site->region)))
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND, "Functions from '%.*s' are not reachable in this region ('%s')",
                        JN_ARG(region), c->site->region);
}

/* There are no versions and no aliases here: $LATEST is all that a qualifier can find. */
static bool check_function(struct checking *c)
{
    const jn_str account = c->name.account.data ? c->name.account : jn_str_of(c->site->account);
    const jn_str qualifier = c->qualifier.data ? c->qualifier : JN_STR("$LATEST");
    const bool is_ours = jn_str_eq(account, jn_str_of(c->site->account)) && jn_str_eq(qualifier, JN_STR("$LATEST"));
    c->v->function = is_ours ? local_functions_find(c->functions, c->name.function) : NULL;
    if (!c->v->function)
        return local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND,
                            "Function not found: arn:aws:lambda:%s:%.*s:function:%.*s:%.*s",
                            c->site->region, JN_ARG(account), JN_ARG(c->name.function), JN_ARG(qualifier));

    c->v->arn = local_print(c->v->memory, "%s%s%.*s", c->v->function->arn, c->qualifier.data ? ":" : "",
                            JN_ARG(c->qualifier));
    return c->v->arn || no_memory(c);
}

/* ---- headers -------------------------------------------------------------------------------------------------- */

static bool check_type(struct checking *c)
{
    static const char *const names[] = {
        [LOCAL_REQUEST_RESPONSE] = "RequestResponse", [LOCAL_EVENT] = "Event", [LOCAL_DRY_RUN] = "DryRun",
    };
    const jn_str asked = c->v->type_header;
    if (asked.len == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        c->v->type = (enum local_invocation_type)i;
        if (jn_str_eq(asked, jn_str_of(names[i])) && !(c->v->is_streamed && i == LOCAL_EVENT))
            return true;
    }
    return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'invocationType' "
                        "failed to satisfy constraint: Member must satisfy enum value set: [%sRequestResponse, "
                        "DryRun]", JN_ARG(asked), c->v->is_streamed ? "" : "Event, ");
}

static bool check_log(struct checking *c)
{
    const jn_str asked = c->v->log_header;
    const bool is_tail = jn_str_eq(asked, JN_STR("Tail"));
    c->v->wants_log = is_tail && c->v->type == LOCAL_REQUEST_RESPONSE;
    if (asked.len == 0 || is_tail || jn_str_eq(asked, JN_STR("None")))
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'logType' failed "
                        "to satisfy constraint: Member must satisfy enum value set: [None, Tail]", JN_ARG(asked));
}

static bool has_control(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
            return true;
    }
    return false;
}

/* The text as it came, unless a header cannot carry it: a client context may be written over several lines. */
static char *context_text(struct jn_arena *a, jn_str text, jn_value v)
{
    if (!has_control(text))
        return local_print(a, "%.*s", JN_ARG(text));
    struct jn_buf b;
    jn_buf_init(&b, 0);
    const bool written = jn_write(&b, jn_deep_copy(a, v), NULL, NULL) == JN_OK;
    char *copy = written ? local_print(a, "%.*s", JN_ARG(jn_buf_str(&b))) : NULL;
    jn_buf_clear(&b);
    return copy;
}

static bool check_decoded_context(struct checking *c, jn_str text)
{
    jn_value v = jn_undefined();
    if (jn_read(c->v->memory, text, NULL, &v, NULL, NULL) || !jn_is(v, JN_OBJECT))
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_CONTENT, "Client context must be a valid Base64-encoded JSON "
                            "object.");
    if (c->v->type == LOCAL_REQUEST_RESPONSE)       // an event's is accepted and dropped, as on AWS
        c->v->client_context = context_text(c->v->memory, text, v);
    return c->v->type != LOCAL_REQUEST_RESPONSE || c->v->client_context || no_memory(c);
}

static bool check_context(struct checking *c)
{
    const jn_str encoded = c->v->context_header;
    if (encoded.len == 0)
        return true;
    if (encoded.len > CONTEXT_MAX)
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_CONTENT, "Client context is %zu characters long; the limit "
                            "is %d of base64.", encoded.len, CONTEXT_MAX);
    struct jn_buf text;
    jn_buf_init(&text, 0);
    const bool ok = base_base64_decode(&text, encoded)
        ? check_decoded_context(c, jn_buf_str(&text))
        : local_refuse(c->r, LOCAL_REFUSED_INVALID_CONTENT, "Client context must be a valid Base64-encoded JSON "
                       "object.");
    jn_buf_clear(&text);
    return ok;
}

/* ---- body ----------------------------------------------------------------------------------------------------- */

static bool check_body(struct checking *c)
{
    struct jn_arena a;
    struct jn_error err = { 0 };
    jn_value v;
    if (c->v->body.len == 0)
        return true;
    jn_arena_init(&a, 0);
    const enum jn_status s = jn_read(&a, c->v->body, NULL, &v, NULL, &err);
    jn_arena_clear(&a);
    if (s == JN_NO_MEMORY)
        return no_memory(c);
    return !s || local_refuse(c->r, LOCAL_REFUSED_INVALID_CONTENT, "Could not parse request body into json: %s (line "
                              "%u, column %u)", err.message, err.line, err.column);
}

bool local_invoke_check(struct local_invoke *v, const struct local_site *site, const struct local_functions *functions,
                        struct local_refusal *r)
{
    static check_fn *const checks[] = { check_path, check_name,    check_qualifier, check_region, check_function,
                                        check_type, check_log,     check_context,   check_body };
    struct checking c = { .v = v, .site = site, .functions = functions, .r = r };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (!checks[i](&c))
            return false;
    }
    return true;
}
