/* signed.c - see signed.h.  Path and query are signed as they stand in the URL: they are parts of it. */
#include "lambda/signed.h"

#include <assert.h>

#include "base/url.h"

void lambda_signed_init(struct lambda_signed *s)
{
    lambda_sigv4_init(&s->sigv4);
    jn_buf_init(&s->url, 0);
}

void lambda_signed_clear(struct lambda_signed *s)
{
    lambda_sigv4_clear(&s->sigv4);
    jn_buf_clear(&s->url);
}

const char *lambda_signed_url(const struct lambda_signed *s)
{
    return s->url.data ? s->url.data : "";
}

/* ---- the URL ------------------------------------------------------------------------------------------------- */

void lambda_path(struct jn_buf *out, jn_str base_path, const char *pattern, jn_str label)
{
    const jn_str text = jn_str_of(pattern);
    const size_t star = jn_str_find(text, JN_STR("*"), 0);
    jn_buf_append(out, base_path);
    jn_buf_append(out, jn_str_sub(text, 0, star));
    if (star == SIZE_MAX)
        return;
    base_url_encode(out, label, false);
    jn_buf_append(out, jn_str_sub(text, star + 1, text.len));
}

void lambda_query_add(struct jn_buf *out, size_t start, const char *name, jn_str value)
{
    if (out->len > start)
        jn_buf_append_char(out, '&');
    base_url_encode(out, jn_str_of(name), false);
    jn_buf_append_char(out, '=');
    base_url_encode(out, value, false);
}

static enum jn_status build_url(struct jn_buf *url, const struct lambda_signed_request *req, jn_str *path,
                                jn_str *query, struct jn_error *err)
{
    const jn_str endpoint = jn_buf_str(&req->target->endpoint), base_path = req->target->url.path;
    if (url->failed)
        jn_buf_clear(url);
    jn_buf_truncate(url, 0);
    jn_buf_append(url, jn_str_sub(endpoint, 0, endpoint.len - base_path.len));
    const size_t path_at = url->len;
    lambda_path(url, base_path, req->pattern, req->label);
    const size_t path_end = url->len;
    if (req->query_count)
        jn_buf_append_char(url, '?');
    const size_t query_at = url->len;
    for (size_t i = 0; i < req->query_count; i++)
        lambda_query_add(url, query_at, req->query[i].name, req->query[i].value);
    if (url->failed)
        return jn_fail(err, url->failed, "no memory for the URL");
    *path = jn_str_sub(jn_buf_str(url), path_at, path_end);
    *query = jn_str_sub(jn_buf_str(url), query_at, url->len);
    return JN_OK;
}

/* ---- the signature ------------------------------------------------------------------------------------------- */

/* Signs `headers`, `*count` of them, and adds what the signature needs. */
static enum jn_status sign(struct lambda_sigv4 *sigv4, const struct lambda_signed_request *req, jn_str path,
                           jn_str query, struct base_header *headers, size_t *count, struct jn_error *err)
{
    const struct lambda_sigv4_request request = {
        .method = jn_str_of(req->method), .path = path, .query = query,
        .headers = headers, .header_count = *count, .body = req->body,
    };
    const struct lambda_sigv4_scope scope = {
        .access_key = lambda_keys_access(req->keys), .secret_key = lambda_keys_secret(req->keys),
        .session_token = lambda_keys_token(req->keys), .region = req->target->signing_region,
        .service = jn_str_of(req->service), .time_ms = req->now_ms,
    };
    const struct lambda_sigv4_options opt = { .no_content_sha256 = true };     // neither Lambda nor STS asks for it
    const enum jn_status s = lambda_sigv4_sign(sigv4, &request, &scope, &opt, err);
    if (s)
        return s;
    headers[(*count)++] = (struct base_header){ JN_STR("X-Amz-Date"), jn_str_of(sigv4->date) };
    if (scope.session_token.data)
        headers[(*count)++] = (struct base_header){ JN_STR("X-Amz-Security-Token"), scope.session_token };
    headers[(*count)++] = (struct base_header){ JN_STR("Authorization"), jn_buf_str(&sigv4->authorization) };
    return JN_OK;
}

enum jn_status lambda_signed_build(struct lambda_signed *s, const struct lambda_signed_request *req,
                                   struct base_header headers[LAMBDA_WIRE_HEADERS], struct base_http_request *out,
                                   struct jn_error *err)
{
    jn_str path, query;
    enum jn_status status = build_url(&s->url, req, &path, &query, err);
    if (status)
        return status;
    size_t count = req->header_count;
    assert(count <= LAMBDA_SIGNED_HEADERS);
    if (count)
        memcpy(headers, req->headers, count * sizeof *headers);
    headers[count++] = (struct base_header){ JN_STR("Host"), jn_buf_str(&req->target->host) };
    status = req->keys ? sign(&s->sigv4, req, path, query, headers, &count, err) : JN_OK;
    if (status)
        return status;
    headers[count++] = (struct base_header){ JN_STR("User-Agent"), JN_STR("aws-lambda-component/" ALC_VERSION) };
    *out = (struct base_http_request){
        .method = req->method, .url = s->url.data, .headers = headers, .header_count = count, .body = req->body,
        .connect_timeout_ms = req->connect_timeout_ms, .total_timeout_ms = req->total_timeout_ms,
        .stall_timeout_ms = req->stall_timeout_ms, .on_data = req->on_data,
        .is_secret = req->is_secret,
    };
    return JN_OK;
}

enum jn_status lambda_signed_send(struct lambda_signed *s, struct base_http *http,
                                  const struct lambda_signed_request *req, base_http_done_fn *done, void *arg,
                                  struct base_http_call **out, struct jn_error *err)
{
    struct base_header headers[LAMBDA_WIRE_HEADERS];
    struct base_http_request request;
    const enum jn_status status = lambda_signed_build(s, req, headers, &request, err);
    return status ? status : base_http_send(http, &request, done, arg, out, err);
}
