/* auth.c - signatures, refused in AWS's words.
 *
 * The verdict comes from lambda/sigv4.h; here it becomes the sentence.  A request whose signature is wrong is shown the
 * canonical request and the string to sign as they should have been: comparing them with one's own finds every mistake.
 * Both are made of what the caller sent, and of no secret. */
#include "local/auth.h"

#include <strings.h>

#include "base/clock.h"

enum { SKEW_MINUTES = 5 };      /* what Lambda allows (our spec, section 4.3) */

static jn_str header(const struct lambda_sigv4_request *req, const char *name)
{
    return base_header_get(req->headers, req->header_count, name);
}

/* ---- parts of the Authorization header, for sentences about them ---------------------------------------------- */

/* The value of `name=` in it, up to a comma or blank; {NULL, 0}: not there. */
static jn_str parameter(jn_str authorization, jn_str name)
{
    const size_t at = jn_str_find(authorization, name, 0);
    if (at == SIZE_MAX)
        return (jn_str){ NULL, 0 };
    size_t end = at + name.len;
    while (end < authorization.len && authorization.data[end] != ',' && authorization.data[end] != ' ')
        end++;
    return jn_str_sub(authorization, at + name.len, end);
}

/* Part `n` of "key/day/region/service/aws4_request". */
static jn_str scope_part(jn_str credential, int n)
{
    size_t at = 0;
    for (; n > 0; n--) {
        const size_t slash = jn_str_find(credential, JN_STR("/"), at);
        if (slash == SIZE_MAX)
            return JN_STR("");
        at = slash + 1;
    }
    return jn_str_sub(credential, at, jn_str_find(credential, JN_STR("/"), at));
}

/* ---- the sentences -------------------------------------------------------------------------------------------- */

static void refuse_incomplete(const struct lambda_sigv4_request *req, struct local_refusal *r)
{
    const jn_str authorization = header(req, "authorization");
    if (!jn_str_starts(authorization, JN_STR("AWS4-HMAC-SHA256"))) {
        local_refuse(r, LOCAL_REFUSED_INCOMPLETE, "Unsupported AWS 'algorithm': the Authorization header must begin "
                     "with AWS4-HMAC-SHA256.");
        return;
    }
    const bool has_credential = parameter(authorization, JN_STR("Credential=")).len > 0;
    const bool has_signature = parameter(authorization, JN_STR("Signature=")).len > 0;
    const bool has_list = parameter(authorization, JN_STR("SignedHeaders=")).len > 0;
    const bool has_date = header(req, "x-amz-date").len > 0;
    if (has_credential && has_signature && has_list && has_date) {
        local_refuse(r, LOCAL_REFUSED_INCOMPLETE, "Credential must have exactly 5 slash-delimited elements, and "
                     "X-Amz-Date must be in ISO-8601 'basic format', as 20260314T150926Z.");
        return;
    }
    local_refuse(r, LOCAL_REFUSED_INCOMPLETE, "%s%s%s%s",
                 has_credential ? "" : "Authorization header requires 'Credential' parameter. ",
                 has_signature ? "" : "Authorization header requires 'Signature' parameter. ",
                 has_list ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
                 has_date ? "" : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                                 "header. ");
}

static void refuse_scope(const struct local_site *site, const struct lambda_sigv4_request *req,
                         const char *right_service, struct local_refusal *r)
{
    const jn_str credential = parameter(header(req, "authorization"), JN_STR("Credential="));
    const jn_str day = scope_part(credential, 1), region = scope_part(credential, 2),
                 service = scope_part(credential, 3), date = header(req, "x-amz-date");
    if (!jn_str_eq(region, jn_str_of(site->region)))
        local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "Credential should be scoped to a valid region, not '%.*s'. "
                     "This is '%s'.", JN_ARG(region), site->region);
    else if (!jn_str_equal(service, right_service))
        local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "Credential should be scoped to correct service: '%s'. ",
                     right_service);
    else if (!jn_str_eq(day, jn_str_sub(date, 0, 8)))
        local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "Date in Credential scope does not match YYYYMMDD from "
                     "ISO-8601 version of date from HTTP: '%.*s' != '%.*s', from '%.*s'.", JN_ARG(day),
                     JN_ARG(jn_str_sub(date, 0, 8)), JN_ARG(date));
    else
        local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "Credential should be scoped with a valid terminator: "
                     "'aws4_request', not '%.*s'. ", JN_ARG(scope_part(credential, 4)));
}

static bool is_signed(jn_str list, jn_str name)
{
    for (size_t at = 0; at < list.len;) {
        const size_t end = jn_str_find(list, JN_STR(";"), at);
        const jn_str one = jn_str_sub(list, at, end);
        if (one.len == name.len && strncasecmp(one.data, name.data, name.len) == 0)
            return true;
        at = end == SIZE_MAX ? list.len : end + 1;
    }
    return false;
}

static bool is_amazon(jn_str name)
{
    return name.len > 6 && strncasecmp(name.data, "x-amz-", 6) == 0;
}

static void refuse_unsigned(const struct lambda_sigv4_request *req, struct local_refusal *r)
{
    const jn_str list = parameter(header(req, "authorization"), JN_STR("SignedHeaders="));
    if (!is_signed(list, JN_STR("host"))) {
        local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                     "Authorization.");
        return;
    }
    for (size_t i = 0; i < req->header_count; i++) {
        const jn_str name = req->headers[i].name;
        if (is_amazon(name) && !is_signed(list, name))
            local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "'%.*s' must be a 'SignedHeader' in the AWS "
                         "Authorization.", JN_ARG(name));
    }
    local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "A header that must be signed is not among the SignedHeaders.");
}

static void refuse_clock(const struct lambda_sigv4 *s, int64_t now_ms, bool is_expired, struct local_refusal *r)
{
    const int64_t skew_ms = (int64_t)SKEW_MINUTES * 60000;
    char now[32], limit[32];
    base_time_amz(now, now_ms);
    base_time_amz(limit, is_expired ? now_ms - skew_ms : now_ms + skew_ms);
    local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE, "%s: %s is %s than %s (%s %c %d min.)",
                 is_expired ? "Signature expired" : "Signature not yet current", s->date,
                 is_expired ? "now earlier" : "still later", limit, now, is_expired ? '-' : '+', SKEW_MINUTES);
}

static void refuse_mismatch(const struct lambda_sigv4 *s, struct local_refusal *r)
{
    const jn_str request = jn_buf_str(&s->canonical_request), to_sign = jn_buf_str(&s->string_to_sign);
    local_refuse(r, LOCAL_REFUSED_INVALID_SIGNATURE,
                 "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                 "Access Key and signing method. Consult the service documentation for details.\n\n"
                 "The Canonical String for this request should have been\n'%.*s'\n\n"
                 "The String-to-Sign should have been\n'%.*s'\n", JN_ARG(request), JN_ARG(to_sign));
}

static void refuse(const struct local_site *site, const struct lambda_sigv4_request *req, const struct lambda_sigv4 *s,
                   const struct lambda_sigv4_scope *scope, enum lambda_sigv4_verdict verdict, struct local_refusal *r)
{
    switch (verdict) {
    case LAMBDA_SIGV4_OK:
        break;
    case LAMBDA_SIGV4_MISSING:
        local_refuse(r, LOCAL_REFUSED_MISSING_TOKEN, "Missing Authentication Token");
        break;
    case LAMBDA_SIGV4_INCOMPLETE:
        refuse_incomplete(req, r);
        break;
    case LAMBDA_SIGV4_UNKNOWN_KEY:
    case LAMBDA_SIGV4_BAD_TOKEN:
        local_refuse(r, LOCAL_REFUSED_UNKNOWN_CLIENT, "The security token included in the request is invalid.");
        break;
    case LAMBDA_SIGV4_BAD_SCOPE:
        refuse_scope(site, req, scope->service.data, r);
        break;
    case LAMBDA_SIGV4_UNSIGNED_HEADER:
        refuse_unsigned(req, r);
        break;
    case LAMBDA_SIGV4_EXPIRED:
    case LAMBDA_SIGV4_NOT_YET:
        refuse_clock(s, scope->time_ms, verdict == LAMBDA_SIGV4_EXPIRED, r);
        break;
    case LAMBDA_SIGV4_MISMATCH:
        refuse_mismatch(s, r);
        break;
    }
}

/* The pair that the caller says he signed with; the first when he says nothing that we know. */
static const struct local_key *key_of(const struct local_site *site, const struct lambda_sigv4_request *req)
{
    const jn_str named = scope_part(parameter(header(req, "authorization"), JN_STR("Credential=")), 0);
    for (size_t i = 0; i < site->key_count; i++) {
        if (jn_str_eq(named, site->keys[i].access_key))
            return &site->keys[i];
    }
    return &site->keys[0];
}

bool local_auth_check(const struct local_site *site, const struct lambda_sigv4_request *req, const char *service,
                      int64_t now_ms, struct local_refusal *refusal)
{
    struct lambda_sigv4 s;
    const struct local_key *key = key_of(site, req);
    const struct lambda_sigv4_scope scope = {
        .access_key = key->access_key, .secret_key = key->secret_key, .session_token = key->session_token,
        .region = jn_str_of(site->region), .service = jn_str_of(service), .time_ms = now_ms,
    };
    lambda_sigv4_init(&s);
    const enum lambda_sigv4_verdict verdict = lambda_sigv4_verify(&s, req, &scope, (int64_t)SKEW_MINUTES * 60000);
    refuse(site, req, &s, &scope, verdict, refusal);
    lambda_sigv4_clear(&s);
    return verdict == LAMBDA_SIGV4_OK;
}
