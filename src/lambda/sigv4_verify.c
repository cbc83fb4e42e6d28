/* sigv4_verify.c - the other side of sigv4.c: is this request signed by the one key pair that we know?  For the local
 * Lambda, which refuses what AWS refuses and, as AWS does, for the first reason that applies. */
#include "lambda/sigv4_stage.h"

#include <strings.h>

#include "base/clock.h"
#include "base/crypto.h"

/* What an Authorization header says; parts point into it. */
struct claim {
    jn_str credential, signed_headers, signature;
    jn_str access_key, day, region, service, terminator;
};

/* ---- reading the claim --------------------------------------------------------------------------------------- */

/* Cuts the part behind the last `separator` off `*s`; false when there is none. */
static bool cut_last(jn_str *s, char separator, jn_str *part)
{
    size_t i = s->len;
    while (i > 0 && s->data[i - 1] != separator)
        i--;
    if (i == 0)
        return false;
    *part = jn_str_sub(*s, i, s->len);
    s->len = i - 1;
    return true;
}

/* credential := access-key '/' day '/' region '/' service '/' terminator */
static bool split_credential(struct claim *c)
{
    jn_str rest = c->credential;
    if (!cut_last(&rest, '/', &c->terminator) || !cut_last(&rest, '/', &c->service) ||
        !cut_last(&rest, '/', &c->region) || !cut_last(&rest, '/', &c->day))
        return false;
    c->access_key = rest;
    return rest.len > 0;
}

static void take_member(struct claim *c, jn_str member)
{
    const size_t equals = jn_str_find(member, JN_STR("="), 0);
    const jn_str name = jn_str_sub(member, 0, equals);
    const jn_str value = equals == SIZE_MAX ? JN_STR("") : jn_str_sub(member, equals + 1, member.len);
    if (jn_str_eq(name, JN_STR("Credential")))
        c->credential = value;
    else if (jn_str_eq(name, JN_STR("SignedHeaders")))
        c->signed_headers = value;
    else if (jn_str_eq(name, JN_STR("Signature")))
        c->signature = value;
}

/* authorization := 'AWS4-HMAC-SHA256' blank member (',' member)* ; member := name '=' value */
static bool read_claim(jn_str text, struct claim *c)
{
    const jn_str algorithm = JN_STR("AWS4-HMAC-SHA256");
    *c = (struct claim){ 0 };
    text = jn_str_trim(text);
    if (!jn_str_starts(text, algorithm) || text.len == algorithm.len || text.data[algorithm.len] != ' ')
        return false;
    for (size_t at = algorithm.len; at < text.len;) {
        const size_t comma = jn_str_find(text, JN_STR(","), at);
        take_member(c, jn_str_trim(jn_str_sub(text, at, comma)));
        at = comma == SIZE_MAX ? text.len : comma + 1;
    }
    return c->credential.len && c->signed_headers.len && c->signature.len && split_credential(c);
}

/* ---- checking it --------------------------------------------------------------------------------------------- */

static bool same_name(jn_str a, jn_str b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool is_listed(jn_str list, jn_str name)
{
    for (size_t at = 0; at < list.len;) {
        const size_t end = jn_str_find(list, JN_STR(";"), at);
        if (same_name(jn_str_sub(list, at, end), name))
            return true;
        at = end == SIZE_MAX ? list.len : end + 1;
    }
    return false;
}

static bool must_be_signed(jn_str name)
{
    return same_name(name, JN_STR("host")) || (name.len > 6 && strncasecmp(name.data, "x-amz-", 6) == 0);
}

static jn_str header(const struct lambda_sigv4_request *req, const char *name)
{
    return base_header_get(req->headers, req->header_count, name);
}

/* Host and each x-amz-* header that came must be signed, and each header said to be signed must have come. */
static bool are_headers_covered(const struct lambda_sigv4_request *req, jn_str list)
{
    for (size_t i = 0; i < req->header_count; i++) {
        if (must_be_signed(req->headers[i].name) && !is_listed(list, req->headers[i].name))
            return false;
    }
    return is_listed(list, JN_STR("host"));
}

static bool is_scope_ours(const struct claim *c, const struct lambda_sigv4 *s, const struct lambda_sigv4_scope *scope)
{
    return jn_str_eq(c->terminator, JN_STR("aws4_request")) && jn_str_eq(c->service, scope->service) &&
           (!scope->region.data || jn_str_eq(c->region, scope->region)) &&
           c->day.len == 8 && memcmp(c->day.data, s->date, 8) == 0;
}

static bool is_token_right(jn_str token, jn_str wanted)
{
    return token.data ? wanted.data && base_equal_secret(token, wanted) : !wanted.data;
}

/* A body hash that was sent must be the body's: it is signed, and so stands for the body. */
static bool is_body_hash_right(const struct lambda_sigv4 *s, jn_str sent)
{
    return !sent.data || jn_str_eq(sent, jn_str_of(s->payload_hash));
}

static void recompute(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req, const struct claim *c,
                      jn_str secret_key)
{
    for (size_t i = 0; i < req->header_count; i++) {
        if (is_listed(c->signed_headers, req->headers[i].name))
            lambda_sigv4_add_item(s, req->headers[i].name, req->headers[i].value);
    }
    jn_buf_append(&s->credential, c->credential);
    lambda_sigv4_hash_payload(s, req->body);
    lambda_sigv4_headers(s);
    lambda_sigv4_canonical(s, req->method, req->path, req->query, true);
    lambda_sigv4_string_to_sign(s, c->access_key);
    lambda_sigv4_derive_key(s, secret_key, c->region, c->service);
    lambda_sigv4_seal(s);
}

static enum lambda_sigv4_verdict check_time(int64_t signed_ms, int64_t now_ms, int64_t max_skew_ms)
{
    if (signed_ms < now_ms - max_skew_ms)
        return LAMBDA_SIGV4_EXPIRED;
    return signed_ms > now_ms + max_skew_ms ? LAMBDA_SIGV4_NOT_YET : LAMBDA_SIGV4_OK;
}

static enum lambda_sigv4_verdict check_claim(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                             const struct lambda_sigv4_scope *scope, const struct claim *c)
{
    if (!jn_str_eq(c->access_key, scope->access_key))
        return LAMBDA_SIGV4_UNKNOWN_KEY;
    if (!is_token_right(header(req, "x-amz-security-token"), scope->session_token))
        return LAMBDA_SIGV4_BAD_TOKEN;
    if (!is_scope_ours(c, s, scope))
        return LAMBDA_SIGV4_BAD_SCOPE;
    return are_headers_covered(req, c->signed_headers) ? LAMBDA_SIGV4_OK : LAMBDA_SIGV4_UNSIGNED_HEADER;
}

/* The signature is checked last, so that a stale but otherwise right request is told about its clock, as AWS does. */
enum lambda_sigv4_verdict lambda_sigv4_verify(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                              const struct lambda_sigv4_scope *scope, int64_t max_skew_ms)
{
    struct claim c;
    int64_t signed_ms;
    lambda_sigv4_begin(s);
    const jn_str authorization = header(req, "authorization"), date = header(req, "x-amz-date");
    if (!authorization.data)
        return LAMBDA_SIGV4_MISSING;
    if (!read_claim(authorization, &c) || date.len != 16 || date.data[8] != 'T' || !base_time_parse(date, &signed_ms))
        return LAMBDA_SIGV4_INCOMPLETE;
    base_time_amz(s->date, signed_ms);

    enum lambda_sigv4_verdict verdict = check_claim(s, req, scope, &c);
    if (verdict)
        return verdict;
    recompute(s, req, &c, scope->secret_key);
    verdict = check_time(signed_ms, scope->time_ms, max_skew_ms);
    if (verdict)
        return verdict;
    const bool right = !lambda_sigv4_finish(s, NULL) && is_body_hash_right(s, header(req, "x-amz-content-sha256")) &&
                       base_equal_secret(c.signature, jn_str_of(s->signature));
    return right ? LAMBDA_SIGV4_OK : LAMBDA_SIGV4_MISMATCH;
}
