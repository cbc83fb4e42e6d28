/* config.c - see config.h. */
#include "component/config.h"

#include "core/buf.h"
#include "core/value.h"
#include "lambda/sts.h"

enum { MAX_RETRIES = 10, MAX_TIMEOUT_MS = 1140000 };    /* 19 minutes: what the platform's REST API component allows */

/* ---- reading ------------------------------------------------------------------------------------------------- */

#define KEY(member, key, label, option) key,
static const char *const keys[] = { COMPONENT_FIELDS(KEY) };
#undef KEY

/* A text, or what a form may give in place of one: numbers, a ticked box. */
static jn_str read_field(struct jn_arena *a, jn_value v)
{
    if (jn_is(v, JN_BOOLEAN))
        return jn_get_boolean(v) ? JN_STR("on") : JN_STR("");
    if (!jn_is(v, JN_NUMBER))
        return jn_arena_copy(a, jn_str_trim(jn_get_string(v)));
    struct jn_buf text;
    jn_buf_init(&text, 0);
    const jn_str copy = jn_write(&text, v, NULL, NULL) ? JN_STR("") : jn_arena_copy(a, jn_buf_str(&text));
    jn_buf_clear(&text);
    return copy;
}

static const enum component_field secrets[] = { COMPONENT_SECRET_KEY, COMPONENT_SESSION_TOKEN };
enum { SECRET_COUNT = sizeof secrets / sizeof *secrets };

/* A text with escapes is decoded by the reader: of a secret nobody else would wipe that copy. */
static void wipe_decoded(jn_str json, jn_value v)
{
    const jn_str s = jn_get_string(v);
    const bool is_in_json = s.data >= json.data && s.data < json.data + json.len;
    if (s.len && !is_in_json)
        explicit_bzero((char *)s.data, s.len);
}

enum jn_status component_config_read(struct jn_arena *a, jn_str json, struct component_config *out,
                                     struct jn_error *err)
{
    jn_value v;
    const enum jn_status s = jn_read(a, json, NULL, &v, NULL, err);
    if (s)
        return s;
    struct component_config c = { .is_command_line = false };
    for (size_t i = 0; i < COMPONENT_FIELD_COUNT; i++)
        c.text[i] = read_field(a, jn_member(v, jn_str_of(keys[i])));
    for (size_t i = 0; i < SECRET_COUNT; i++)
        wipe_decoded(json, jn_member(v, jn_str_of(keys[secrets[i]])));
    if (jn_arena_failed(a))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the configuration");
    *out = c;
    return JN_OK;
}

void component_config_wipe(struct component_config *c)
{
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        const jn_str secret = c->text[secrets[i]];
        if (secret.len)
            explicit_bzero((char *)secret.data, secret.len);
        c->text[secrets[i]] = (jn_str){ NULL, 0 };
    }
}

const char *component_field_name(const struct component_config *c, enum component_field field)
{
#define LABEL(member, key, label, option) label " (" key ")",
#define OPTION(member, key, label, option) option,
    static const char *const labels[] = { COMPONENT_FIELDS(LABEL) }, *const options[] = { COMPONENT_FIELDS(OPTION) };
#undef LABEL
#undef OPTION
    return c->is_command_line ? options[field] : labels[field];
}

/* ---- texts --------------------------------------------------------------------------------------------------- */

static enum jn_status choose(const struct component_config *c, enum component_field written,
                             enum component_field listed, jn_str *out, struct jn_error *err)
{
    const jn_str text = c->text[written], item = c->text[listed];
    if (text.len && item.len && !jn_str_eq(text, item))
        return jn_fail(err, JN_BAD_VALUE, "%s says \"%.*s\", and %s says \"%.*s\"; leave one of the two empty",
                       component_field_name(c, written), JN_ARG(jn_str_sub(text, 0, 140)),
                       component_field_name(c, listed), JN_ARG(jn_str_sub(item, 0, 140)));
    *out = text.len ? text : item;
    return JN_OK;
}

enum jn_status component_config_function(const struct component_config *c, jn_str *out, struct jn_error *err)
{
    const enum jn_status s = choose(c, COMPONENT_FUNCTION_NAME, COMPONENT_FUNCTION_FROM_LIST, out, err);
    if (s || out->len)
        return s;
    return jn_fail(err, JN_BAD_VALUE, "no function is named: fill in %s with a name, partial ARN or ARN%s",
                   component_field_name(c, COMPONENT_FUNCTION_NAME),
                   c->is_command_line ? "" : ", or choose one in Function From List (functionFromList)");
}

enum jn_status component_config_qualifier(const struct component_config *c, jn_str *out, struct jn_error *err)
{
    return choose(c, COMPONENT_QUALIFIER, COMPONENT_QUALIFIER_FROM_LIST, out, err);
}

/* ---- choices and numbers ------------------------------------------------------------------------------------- */

/* The index of what was chosen among `names`; 0 when nothing was.  `more` may say why something is not among them. */
static enum jn_status read_choice(const struct component_config *c, enum component_field field,
                                  const char *const *names, size_t count, const char *more, unsigned *out,
                                  struct jn_error *err)
{
    const jn_str text = c->text[field];
    for (size_t i = 0; i < count; i++) {
        if (text.len == 0 || jn_str_eq(text, jn_str_of(names[i]))) {
            *out = (unsigned)i;
            return JN_OK;
        }
    }
    struct jn_buf all;
    jn_buf_init(&all, 0);
    for (size_t i = 0; i < count; i++)
        jn_buf_append_fmt(&all, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", names[i]);
    const jn_str list = jn_buf_str(&all);
    const enum jn_status s = jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"%s; choose %.*s", component_field_name(c, field),
                                     JN_ARG(jn_str_sub(text, 0, 100)), more, JN_ARG(list));
    jn_buf_clear(&all);
    return s;
}

/* A whole number from `least` to `most`; `none` when nothing was filled in. */
static enum jn_status read_number(const struct component_config *c, enum component_field field, int64_t least,
                                  int64_t most, const char *unit, int64_t none, int64_t *out, struct jn_error *err)
{
    const jn_str text = c->text[field];
    int64_t n = 0;
    bool is_number = text.len > 0 && text.len <= 9;
    for (size_t i = 0; is_number && i < text.len; i++) {
        is_number = text.data[i] >= '0' && text.data[i] <= '9';
        n = 10 * n + (text.data[i] - '0');
    }
    if (text.len && (!is_number || n < least || n > most))
        return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it takes a whole number%s from %lld to %lld",
                       component_field_name(c, field), JN_ARG(jn_str_sub(text, 0, 60)), unit, (long long)least,
                       (long long)most);
    *out = text.len ? n : none;
    return JN_OK;
}

static bool is_ticked(const struct component_config *c, enum component_field field)
{
    const jn_str text = c->text[field];
    return text.len && !jn_str_eq(text, JN_STR("false")) && !jn_str_eq(text, JN_STR("off"));
}

/* ---- the client ---------------------------------------------------------------------------------------------- */

static enum jn_status check_keys(const struct component_config *c, struct jn_error *err)
{
    const bool has_access = c->text[COMPONENT_ACCESS_KEY].len > 0;
    if (has_access && c->text[COMPONENT_SECRET_KEY].len)
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "the %s is missing in the credentials of this step",
                   component_field_name(c, has_access ? COMPONENT_SECRET_KEY : COMPONENT_ACCESS_KEY));
}

enum jn_status component_config_role(const struct component_config *c, struct jn_error *err)
{
    const jn_str arn = c->text[COMPONENT_ROLE_ARN], id = c->text[COMPONENT_EXTERNAL_ID];
    if (!arn.len && id.len)
        return jn_fail(err, JN_BAD_VALUE, "%s is given, but there is no role that it is for: fill in %s, too",
                       component_field_name(c, COMPONENT_EXTERNAL_ID), component_field_name(c, COMPONENT_ROLE_ARN));
    const struct lambda_sts_role role = { .arn = arn, .session_name = JN_STR("session"),
                                          .external_id = id.len ? id : (jn_str){ NULL, 0 } };
    const enum jn_status s = arn.len ? lambda_sts_role_check(&role, err) : JN_OK;
    if (s)
        jn_error_prefix(err, "%s", component_field_name(c, COMPONENT_ROLE_ARN));
    return s;
}

static const char *text_or_null(const struct component_config *c, enum component_field field)
{
    return c->text[field].len ? c->text[field].data : NULL;
}

enum jn_status component_config_client(const struct component_config *c, bool needs_keys,
                                       struct lambda_client_options *out, struct jn_error *err)
{
    int64_t timeout_ms;
    enum jn_status s = needs_keys ? check_keys(c, err) : JN_OK;
    if (!s && needs_keys && !c->text[COMPONENT_REGION].len)
        s = jn_fail(err, JN_BAD_VALUE, "the %s is missing in the configuration of this step",
                    component_field_name(c, COMPONENT_REGION));
    if (!s)
        s = component_config_role(c, err);
    if (!s)
        s = read_number(c, COMPONENT_TIMEOUT, 1, MAX_TIMEOUT_MS, " of milliseconds", 0, &timeout_ms, err);
    if (s)
        return s;
    out->cred.access_key = text_or_null(c, COMPONENT_ACCESS_KEY);
    out->cred.secret_key = text_or_null(c, COMPONENT_SECRET_KEY);
    out->cred.session_token = text_or_null(c, COMPONENT_SESSION_TOKEN);
    out->cred.role_arn = text_or_null(c, COMPONENT_ROLE_ARN);
    out->cred.external_id = text_or_null(c, COMPONENT_EXTERNAL_ID);
    out->region = text_or_null(c, COMPONENT_REGION);
    out->retry_unknown_outcome = is_ticked(c, COMPONENT_RETRY_UNKNOWN);
    if (timeout_ms)
        out->call_timeout_ms = timeout_ms;
    return JN_OK;
}

/* ---- the calls ----------------------------------------------------------------------------------------------- */

static enum jn_status read_types(const struct component_config *c, struct component_call_settings *out,
                                 struct jn_error *err)
{
    static const char *const types[] = { "RequestResponse", "Event" }, *const logs[] = { "None", "Tail" };
    const bool is_dry = jn_str_eq(c->text[COMPONENT_INVOCATION_TYPE], JN_STR("DryRun"));
    unsigned type = 0, log = 0;
    enum jn_status s = read_choice(c, COMPONENT_INVOCATION_TYPE, types, 2,
                                   is_dry ? ", which is not supported: it runs nothing" : "", &type, err);
    if (!s)
        s = read_choice(c, COMPONENT_LOG_TYPE, logs, 2, "", &log, err);
    if (!s && log && type)
        s = jn_fail(err, JN_BAD_VALUE, "%s is Tail, which works with invocation type RequestResponse only: for an "
                    "Event the log does not exist yet when the answer comes",
                    component_field_name(c, COMPONENT_LOG_TYPE));
    out->type = type ? LAMBDA_EVENT : LAMBDA_REQUEST_RESPONSE;
    out->log_tail = log;
    return s;
}

/* A message of the command line has no queue to go back to. */
static enum jn_status refuse_rebound(const struct component_config *c, enum component_field field, bool is_rebound,
                                     struct jn_error *err)
{
    if (!c->is_command_line || !is_rebound)
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is rebound, which is for steps of the platform: it is the platform that "
                   "sends a message again; choose another one", component_field_name(c, field));
}

static enum jn_status read_policies(const struct component_config *c, struct component_policy *out,
                                    struct jn_error *err)
{
    static const char *const errors[] = { "byComponent", "rebound", "throwError", "emit" };
    static const char *const function_errors[] = { "throw", "rebound", "emit" };
    unsigned e = 0, f = 0;
    enum jn_status s = read_choice(c, COMPONENT_ERROR_POLICY, errors, 4, "", &e, err);
    if (!s)
        s = read_choice(c, COMPONENT_FUNCTION_ERROR_POLICY, function_errors, 3, "", &f, err);
    if (!s)
        s = refuse_rebound(c, COMPONENT_ERROR_POLICY, e == COMPONENT_REBOUND_ERRORS, err);
    if (!s)
        s = refuse_rebound(c, COMPONENT_FUNCTION_ERROR_POLICY, f == COMPONENT_REBOUND_FUNCTION, err);
    out->errors = e;
    out->function_errors = f;
    return s;
}

static enum jn_status read_codes(const struct component_config *c, struct component_codes *out, struct jn_error *err)
{
    const enum jn_status s = component_codes_read(c->text[COMPONENT_ERROR_CODES], out, err);
    if (s)
        jn_error_prefix(err, "%s", component_field_name(c, COMPONENT_ERROR_CODES));
    return s;
}

enum jn_status component_config_call(const struct component_config *c, struct component_call_settings *out,
                                     struct jn_error *err)
{
    struct component_call_settings r = { .trace_context = is_ticked(c, COMPONENT_TRACE_CONTEXT) };
    int64_t retries = -1;
    enum jn_status s = read_types(c, &r, err);
    if (!s)
        s = read_policies(c, &r.policy, err);
    if (!s)
        s = read_codes(c, &r.policy.codes, err);
    if (!s)
        s = read_number(c, COMPONENT_MAX_RETRIES, 0, MAX_RETRIES, "", -1, &retries, err);
    if (s)
        return s;
    r.policy.max_attempts = (unsigned)(retries + 1);
    r.policy.retry_unknown_outcome = is_ticked(c, COMPONENT_RETRY_UNKNOWN);
    *out = r;
    return JN_OK;
}
