/* invoke_check.c - what an Invoke request asks for, and the reasons to refuse it.
 *
 * A chain of checks as in target.c, which is the first of them. */
#include "local/invoke_check.h"

#include "base/crypto.h"
#include "core/value.h"
#include "local/text.h"

enum { CONTEXT_MAX = 3583 };    /* characters of base64 (Invoke in the API reference) */

struct checking {
    struct local_invoke *v;
    struct local_refusal *r;
};

typedef bool check_fn(struct checking *c);

/* ---- size ----------------------------------------------------------------------------------------------------- */

bool local_invoke_is_streamed(const struct local_invoke *v)
{
    return v->operation.kind == LOCAL_OP_INVOKE_STREAMED;
}

/* A streamed call is nobody's event, whatever it says. */
static bool is_event(const struct local_invoke *v)
{
    return jn_str_eq(v->type_header, JN_STR("Event")) && !local_invoke_is_streamed(v);
}

static size_t size_limit(const struct local_invoke *v)
{
    if (v->operation.kind == LOCAL_OP_INVOKE_ASYNC)
        return LOCAL_ASYNC_MAX;
    return is_event(v) ? LOCAL_EVENT_MAX : LOCAL_REQUEST_MAX;
}

bool local_invoke_check_size(const struct local_invoke *v, struct local_refusal *r)
{
    const size_t limit = size_limit(v);
    if (!v->is_oversized && v->body_size <= limit)
        return true;
    return local_refuse(r, LOCAL_REFUSED_TOO_LARGE, "%zu byte payload is too large for the %s invocation type (limit "
                        "%zu bytes)", v->body_size, limit < LOCAL_REQUEST_MAX ? "Event" : "RequestResponse", limit);
}

/* ---- headers -------------------------------------------------------------------------------------------------- */

static bool check_type(struct checking *c)
{
    static const char *const names[] = {
        [LOCAL_REQUEST_RESPONSE] = "RequestResponse", [LOCAL_EVENT] = "Event", [LOCAL_DRY_RUN] = "DryRun",
    };
    const jn_str asked = c->v->type_header;
    const bool is_streamed = local_invoke_is_streamed(c->v);
    if (c->v->operation.kind == LOCAL_OP_INVOKE_ASYNC)
        c->v->type = LOCAL_EVENT;
    if (c->v->operation.kind == LOCAL_OP_INVOKE_ASYNC || asked.len == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        c->v->type = (enum local_invocation_type)i;
        if (jn_str_eq(asked, jn_str_of(names[i])) && !(is_streamed && i == LOCAL_EVENT))
            return true;
    }
    return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'invocationType' "
                        "failed to satisfy constraint: Member must satisfy enum value set: [%sRequestResponse, "
                        "DryRun]", JN_ARG(asked), is_streamed ? "" : "Event, ");
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
static const char *context_text(struct jn_arena *a, jn_str text, jn_value v)
{
    if (!has_control(text))
        return local_print(a, "%.*s", JN_ARG(text));
    struct jn_buf b;
    jn_buf_init(&b, 0);
    const bool written = jn_write(&b, jn_deep_copy(a, v), NULL, NULL) == JN_OK;
    const char *copy = written ? local_print(a, "%.*s", JN_ARG(jn_buf_str(&b))) : NULL;
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
    return c->v->type != LOCAL_REQUEST_RESPONSE || c->v->client_context || local_refuse_memory(c->r);
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
        return local_refuse_memory(c->r);
    return !s || local_refuse(c->r, LOCAL_REFUSED_INVALID_CONTENT, "Could not parse request body into json: %s (line "
                              "%u, column %u)", err.message, err.line, err.column);
}

bool local_invoke_check(struct local_invoke *v, const struct local_site *site, struct local_registry *functions,
                        struct local_refusal *r)
{
    static check_fn *const checks[] = { check_type, check_log, check_context, check_body };
    struct checking c = { .v = v, .r = r };
    if (!local_target_find(site, functions, v->memory, v->operation.labels[0], v->query, &v->target, r))
        return false;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (!checks[i](&c))
            return false;
    }
    return true;
}
