/* explain_show.c - see explain_show.h. */
#include "cli/explain_show.h"

#include "base/crypto.h"
#include "core/utf8.h"
#include "lambda/request.h"

static const char *const modes[] = { "standard", "standard", "adaptive" };
static const char *const types[] = { "RequestResponse", "Event", "DryRun" };
static const char *const error_policies[] = { "byComponent", "rebound", "throwError", "emit" };
static const char *const function_policies[] = { "throw", "rebound", "emit" };

/* ---- facts --------------------------------------------------------------------------------------------------- */

static size_t payload_limit(const struct lambda_invoke *invoke)
{
    return invoke->type == LAMBDA_EVENT ? LAMBDA_MAX_EVENT : LAMBDA_MAX_SYNC;
}

static unsigned attempts_of(const struct explain_view *v)
{
    const struct component_policy *p = &v->settings->policy;
    if (p->errors != COMPONENT_BY_COMPONENT)
        return 1;
    return p->max_attempts ? p->max_attempts : v->facts->max_attempts;
}

static void put_codes(struct jn_buf *out, const struct component_codes *codes)
{
    for (size_t i = 0; i < codes->count; i++) {
        jn_buf_append_z(out, i ? ", " : "");
        if (!codes->items[i].first)
            jn_buf_append_z(out, codes->items[i].name);
        else if (codes->items[i].first == codes->items[i].last)
            jn_buf_append_fmt(out, "%u", codes->items[i].first);
        else
            jn_buf_append_fmt(out, "%u-%u", codes->items[i].first, codes->items[i].last);
    }
}

/* The client context as the function finds it; undefined without one. */
static jn_value context_of(struct jn_arena *a, const struct lambda_invoke *invoke)
{
    struct jn_buf json;
    jn_value v = { .type = JN_UNDEFINED };
    jn_buf_init(&json, 0);
    if (invoke->client_context.len && base_base64_decode(&json, invoke->client_context))
        jn_read(a, jn_arena_copy(a, jn_buf_str(&json)), NULL, &v, NULL, NULL);
    jn_buf_clear(&json);
    return v;
}

/* What follows scheme and host. */
static jn_str target_of(const struct base_http_request *r)
{
    const jn_str url = jn_str_of(r->url);
    const size_t host = jn_str_find(url, JN_STR("://"), 0);
    const size_t path = host == SIZE_MAX ? SIZE_MAX : jn_str_find(url, JN_STR("/"), host + 3);
    return path == SIZE_MAX ? JN_STR("/") : jn_str_sub(url, path, url.len);
}

/* ---- for people ---------------------------------------------------------------------------------------------- */

static void text_usage(struct jn_buf *out, const char *what, size_t used, size_t limit, const char *unit)
{
    jn_buf_append_fmt(out, "\n%s: %zu of %zu %s (%.1f %%)\n", what, used, limit, unit,
                      100.0 * (double)used / (double)limit);
}

static void text_value(struct jn_buf *out, jn_value v)
{
    jn_write(out, v, &(struct jn_write_options){ .indent = 2 }, NULL);
    jn_buf_append_char(out, '\n');
}

static void text_payload(struct jn_buf *out, const struct explain_view *v, struct jn_arena *a)
{
    struct jn_buf pretty;
    jn_value value;
    jn_str text = v->preview->request->body;
    text_usage(out, "payload", text.len, payload_limit(v->preview->invoke), "bytes");
    jn_buf_init(&pretty, 0);
    if (v->pretty && !jn_read(a, text, NULL, &value, NULL, NULL) &&
        !jn_write(&pretty, value, &(struct jn_write_options){ .indent = 2 }, NULL))
        text = jn_buf_str(&pretty);
    jn_str shown = v->max_payload ? jn_str_sub(text, 0, v->max_payload) : text;
    if (shown.len < text.len)
        shown = jn_str_sub(shown, 0, jn_utf8_invalid(shown));
    jn_buf_append(out, shown);
    jn_buf_append_char(out, '\n');
    if (shown.len < text.len)
        jn_buf_append_fmt(out, "... %zu bytes more (--max-payload 0 shows all)\n", text.len - shown.len);
    jn_buf_clear(&pretty);
}

static void text_request(struct jn_buf *out, const struct explain_view *v)
{
    const struct lambda_preview *p = v->preview;
    const struct base_http_request *r = p->request;
    const jn_str target = target_of(r);
    jn_buf_append_fmt(out, "invoked: yes, %s\n", types[p->invoke->type]);
    jn_buf_append_fmt(out, "function: %.*s\n", JN_ARG(p->invoke->function));
    jn_buf_append_fmt(out, "qualifier: %.*s\n", JN_ARG(p->invoke->qualifier.len ? p->invoke->qualifier
                                                                               : JN_STR("none")));
    jn_buf_append_fmt(out, "region: %s\nendpoint: %s\n\n", v->facts->region, v->facts->endpoint);
    jn_buf_append_fmt(out, "%s %.*s HTTP/1.1\n", r->method, JN_ARG(target));
    for (size_t i = 0; i < r->header_count; i++)
        jn_buf_append_fmt(out, "%.*s: %.*s\n", JN_ARG(r->headers[i].name), JN_ARG(r->headers[i].value));
}

static void text_context(struct jn_buf *out, const struct explain_view *v, struct jn_arena *a)
{
    const struct lambda_invoke *invoke = v->preview->invoke;
    const jn_value context = context_of(a, invoke);
    if (context.type == JN_UNDEFINED) {
        jn_buf_append_z(out, "\nclient context: none\n");
        return;
    }
    text_usage(out, "client context", invoke->client_context.len, LAMBDA_MAX_CLIENT_CONTEXT, "characters of base64");
    text_value(out, context);
}

static void text_keys(struct jn_buf *out, const struct explain_view *v)
{
    const struct lambda_preview *p = v->preview;
    jn_buf_append_fmt(out, "\nkeys: from %s", v->facts->source);
    if (p && p->has_keys)
        jn_buf_append_fmt(out, "; access key %s%s", p->access_key, p->has_session ? ", with a session token" : "");
    else if (p)
        jn_buf_append_z(out, "; not asked for here, so that the signature would be another, and there may be a session "
                        "token");
    jn_buf_append_char(out, '\n');
    if (v->role.len)
        jn_buf_append_fmt(out, "role: %.*s, assumed with them\n", JN_ARG(v->role));
}

static void text_policy(struct jn_buf *out, const struct explain_view *v)
{
    static const char *const errors[] = {
        "are tried again, then the message fails", "send the message back to the platform, which repeats it",
        "are not tried again: the message fails", "are not tried again: the error is the result",
    };
    static const char *const functions[] = { "the message fails", "the message goes back to the platform",
                                             "its error document is the result" };
    const struct component_policy *p = &v->settings->policy;
    jn_buf_append_fmt(out, "\nattempts: at most %u (%s mode)\n", attempts_of(v), modes[v->facts->mode]);
    jn_buf_append_z(out, "failures: no answer, and ");
    put_codes(out, &p->codes);
    jn_buf_append_fmt(out, " %s\n", errors[p->errors]);
    jn_buf_append_fmt(out, "unknown outcome: a call that may have run is %s\n",
                      v->facts->retry_unknown_outcome ? "treated like others, so that the function may run twice"
                                                      : "never sent again");
    jn_buf_append_fmt(out, "a function that fails: %s\n", functions[p->function_errors]);
    jn_buf_append_fmt(out, "time limits: %g s to connect, %g s for each attempt\n",
                      (double)v->facts->connect_timeout_ms / 1e3, (double)v->facts->call_timeout_ms / 1e3);
}

void explain_text(struct jn_buf *out, const struct explain_view *v)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    if (v->preview) {
        text_request(out, v);
        text_context(out, v, &a);
        text_payload(out, v, &a);
    } else {
        jn_buf_append_z(out, "invoked: no, the message passes through as it is\n");
    }
    text_keys(out, v);
    text_policy(out, v);
    jn_arena_clear(&a);
}

/* ---- for programs -------------------------------------------------------------------------------------------- */

static void put(struct jn_arena *a, jn_value o, const char *key, jn_value v)
{
    jn_object_put(a, o, jn_str_of(key), v);
}

static void put_text(struct jn_arena *a, jn_value o, const char *key, jn_str text)
{
    put(a, o, key, text.len ? jn_make_string(jn_utf8_repair(a, text)) : jn_make_null());
}

static void put_size(struct jn_arena *a, jn_value o, const char *key, size_t used, size_t limit)
{
    const jn_value x = jn_make_object(a, 2);
    put(a, x, "used", jn_make_number((double)used));
    put(a, x, "limit", jn_make_number((double)limit));
    put(a, o, key, x);
}

static void put_request(struct jn_arena *a, jn_value o, const struct explain_view *v)
{
    const struct lambda_preview *p = v->preview;
    const struct base_http_request *r = p->request;
    const jn_value headers = jn_make_object(a, r->header_count), limits = jn_make_object(a, 2);
    const jn_value context = context_of(a, p->invoke);
    for (size_t i = 0; i < r->header_count; i++)
        jn_object_put(a, headers, r->headers[i].name, jn_make_string(r->headers[i].value));
    put_size(a, limits, "payload", r->body.len, payload_limit(p->invoke));
    put_size(a, limits, "clientContext", p->invoke->client_context.len, LAMBDA_MAX_CLIENT_CONTEXT);
    put_text(a, o, "function", p->invoke->function);
    put_text(a, o, "qualifier", p->invoke->qualifier);
    put_text(a, o, "invocationType", jn_str_of(types[p->invoke->type]));
    put_text(a, o, "method", jn_str_of(r->method));
    put_text(a, o, "url", jn_str_of(r->url));
    put(a, o, "headers", headers);
    put(a, o, "clientContext", context.type == JN_UNDEFINED ? jn_make_null() : context);
    put(a, o, "payload", jn_make_string(r->body));
    put(a, o, "limits", limits);
}

static void put_keys(struct jn_arena *a, jn_value o, const struct explain_view *v)
{
    const struct lambda_preview *p = v->preview;
    const bool are_known = p && p->has_keys;
    const jn_value keys = jn_make_object(a, 4);
    put_text(a, keys, "source", jn_str_of(v->facts->source));
    put_text(a, keys, "accessKeyId", jn_str_of(are_known ? p->access_key : NULL));
    put(a, keys, "sessionToken", are_known ? jn_make_boolean(p->has_session) : jn_make_null());
    put_text(a, keys, "role", v->role);
    put(a, o, "credentials", keys);
}

static void put_policy(struct jn_arena *a, jn_value o, const struct explain_view *v, jn_str codes)
{
    const struct component_policy *p = &v->settings->policy;
    const jn_value x = jn_make_object(a, 8);
    put(a, x, "maxAttempts", jn_make_number(attempts_of(v)));
    put_text(a, x, "mode", jn_str_of(modes[v->facts->mode]));
    put_text(a, x, "errorPolicy", jn_str_of(error_policies[p->errors]));
    put_text(a, x, "errorCodes", codes);
    put(a, x, "retryOnUnknownOutcome", jn_make_boolean(v->facts->retry_unknown_outcome));
    put_text(a, x, "functionErrorPolicy", jn_str_of(function_policies[p->function_errors]));
    put(a, x, "connectTimeoutMs", jn_make_number((double)v->facts->connect_timeout_ms));
    put(a, x, "requestTimeoutMs", jn_make_number((double)v->facts->call_timeout_ms));
    put(a, o, "policy", x);
}

void explain_json(struct jn_buf *out, const struct explain_view *v)
{
    struct jn_arena a;
    struct jn_buf codes;
    jn_arena_init(&a, 0);
    jn_buf_init(&codes, 0);
    put_codes(&codes, &v->settings->policy.codes);
    const jn_value o = jn_make_object(&a, 16);
    put(&a, o, "invoked", jn_make_boolean(v->preview != NULL));
    put_text(&a, o, "region", jn_str_of(v->facts->region));
    put_text(&a, o, "endpoint", jn_str_of(v->facts->endpoint));
    if (v->preview)
        put_request(&a, o, v);
    put_keys(&a, o, v);
    put_policy(&a, o, v, jn_buf_str(&codes));
    if (jn_arena_failed(&a) || codes.failed || jn_write(out, o, NULL, NULL))
        out->failed = JN_NO_MEMORY;
    jn_buf_append_char(out, '\n');
    jn_buf_clear(&codes);
    jn_arena_clear(&a);
}
