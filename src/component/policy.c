/* policy.c - see policy.h.
 *
 * Nothing is executed again, be it by the component or by the platform, when the function may have run, unless the user
 * allows it: a rebound is a second execution like any other. */
#include "component/policy.h"

static const jn_str default_codes = JN_STR_INIT("408, 423, 429, 500-599");

/* ---- codes --------------------------------------------------------------------------------------------------- */

/* code := digit digit digit, 100 to 599 */
static bool read_code(jn_str s, uint16_t *out)
{
    if (s.len != 3)
        return false;
    unsigned n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        n = 10 * n + (unsigned)(s.data[i] - '0');
    }
    *out = (uint16_t)n;
    return n >= 100 && n <= 599;
}

/* range := code '-' code */
static bool read_range(jn_str s, uint16_t *first, uint16_t *last)
{
    const size_t dash = jn_str_find(s, JN_STR("-"), 0);
    if (dash == SIZE_MAX) {
        const bool is_code = read_code(s, first);
        *last = *first;
        return is_code;
    }
    return read_code(jn_str_trim(jn_str_sub(s, 0, dash)), first) &&
           read_code(jn_str_trim(jn_str_sub(s, dash + 1, s.len)), last) && *first <= *last;
}

/* name := letter (letter | digit | '.' | '_')* */
static bool is_name(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.data[i], lower = (char)(c | 32);
        const bool is_letter = lower >= 'a' && lower <= 'z';
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '_')))
            return false;
    }
    return s.len > 0 && s.len <= COMPONENT_CODE_NAME;
}

static enum jn_status add_code(struct component_codes *codes, jn_str item, struct jn_error *err)
{
    uint16_t first = 0, last = 0;
    if (codes->count == COMPONENT_MAX_CODES)
        return jn_fail(err, JN_BAD_VALUE, "there are more than %d codes", COMPONENT_MAX_CODES);
    if (!read_range(item, &first, &last)) {
        first = last = 0;
        if (!is_name(item))
            return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is neither an HTTP code (100 to 599), nor a range of them "
                           "(500-599), nor an error name of AWS (TooManyRequestsException)",
                           JN_ARG(jn_str_sub(item, 0, 80)));
        memcpy(codes->items[codes->count].name, item.data, item.len);
    }
    codes->items[codes->count].first = first;
    codes->items[codes->count].last = last;
    codes->count++;
    return JN_OK;
}

enum jn_status component_codes_read(jn_str text, struct component_codes *out, struct jn_error *err)
{
    struct component_codes codes = { .count = 0 };
    jn_str rest = jn_str_trim(text).len ? text : default_codes;
    enum jn_status s = JN_OK;
    while (!s && rest.len) {
        const size_t comma = jn_str_find(rest, JN_STR(","), 0);
        const jn_str item = jn_str_trim(jn_str_sub(rest, 0, comma));
        rest = comma == SIZE_MAX ? JN_STR("") : jn_str_sub(rest, comma + 1, rest.len);
        if (item.len)
            s = add_code(&codes, item, err);
    }
    if (!s)
        *out = codes;
    return s;
}

static bool has_http(const struct component_codes *codes, int status)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (codes->items[i].first && codes->items[i].first <= status && status <= codes->items[i].last)
            return true;
    }
    return false;
}

static bool has_name(const struct component_codes *codes, jn_str name)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (!codes->items[i].first && jn_str_eq(jn_str_of(codes->items[i].name), name))
            return true;
    }
    return false;
}

bool component_codes_have(const struct component_codes *codes, const struct lambda_outcome *o)
{
    if (o->status != JN_REMOTE)
        return o->status == JN_IO || o->status == JN_TIMEOUT || o->status == JN_TLS;
    return has_http(codes, o->http_status) || has_name(codes, o->service.code) ||
           (o->service.retry == LAMBDA_RETRY_THROTTLING && has_http(codes, 429));
}

/* ---- policies ------------------------------------------------------------------------------------------------ */

bool component_policy_retries(const struct component_policy *p, const struct lambda_outcome *o)
{
    return p->errors == COMPONENT_BY_COMPONENT && component_codes_have(&p->codes, o);
}

enum component_verdict component_policy_failed(const struct component_policy *p, const struct lambda_outcome *o)
{
    if (!component_codes_have(&p->codes, o))
        return COMPONENT_THROW;
    if (p->errors == COMPONENT_EMIT_ERRORS)
        return COMPONENT_EMIT;
    const bool may_repeat = !o->outcome_unknown || p->retry_unknown_outcome;
    return p->errors == COMPONENT_REBOUND_ERRORS && may_repeat ? COMPONENT_REBOUND : COMPONENT_THROW;
}

enum component_verdict component_policy_function_failed(const struct component_policy *p)
{
    static const enum component_verdict verdicts[] = {
        [COMPONENT_THROW_FUNCTION] = COMPONENT_THROW,
        [COMPONENT_REBOUND_FUNCTION] = COMPONENT_REBOUND,
        [COMPONENT_EMIT_FUNCTION] = COMPONENT_EMIT,
    };
    return verdicts[p->function_errors];
}
