/* cred_container.c - keys from the credential service of a container: ECS, EKS Pod Identity, Greengrass (our spec,
 * section 6.7).  The service is on this machine or on its link: never through a proxy, redirects are not followed, and
 * an http: URL may name no other host, since keys come back and a token goes there. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/timer.h"
#include "lambda/cred_source.h"

enum { TIMEOUT_MS = 2000, ATTEMPTS = 4, PAUSE_MS = 1000, MAX_ANSWER = 64 << 10 };

static const char host_of_ecs[] = "http://169.254.170.2";
static const char relative_name[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
static const char full_name[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
static const char token_name[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
static const char file_name[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/* ---- where --------------------------------------------------------------------------------------------------- */

/* byte '.' byte '.' byte '.' byte, the first being 127 */
static bool is_loopback4(jn_str host)
{
    char text[16];
    unsigned a, b, c, d;
    int used = 0;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return strspn(text, "0123456789.") == host.len && sscanf(text, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &used) == 4 &&
           (size_t)used == host.len && a == 127 && b < 256 && c < 256 && d < 256;
}

static bool may_be_http(jn_str host)
{
    static const char *const hosts[] = { "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (host.len == strlen(hosts[i]) && strncasecmp(host.data, hosts[i], host.len) == 0)
            return true;
    }
    return is_loopback4(host);
}

static enum jn_status check_url(const char *variable, jn_str text, struct jn_error *err)
{
    struct base_url url;
    struct jn_error why = { 0 };
    const enum jn_status s = base_url_parse(text, &url, &why);
    if (s)
        return jn_fail(err, JN_BAD_VALUE, "%s: %s", variable, why.message);
    if (url.is_https || may_be_http(url.host))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s names the host %.*s: without TLS keys may only come from this machine "
                   "(127.0.0.1, localhost, [::1]), ECS (169.254.170.2) or EKS (169.254.170.23, [fd00:ec2::23]); use "
                   "https", variable, JN_ARG(jn_str_sub(url.host, 0, 80)));
}

enum jn_status lambda_container_url(const char *relative, const char *full, struct jn_buf *out, struct jn_error *err)
{
    if (!relative && !full)
        return JN_NOT_FOUND;
    if (relative && relative[0] != '/')
        return jn_fail(err, JN_BAD_VALUE, "%s is \"%.80s\"; it must begin with a slash", relative_name, relative);
    if (relative)
        jn_buf_append_z(out, host_of_ecs);
    jn_buf_append_z(out, relative ? relative : full);
    if (out->failed)
        return jn_fail(err, out->failed, "no memory for the URL of a credential service");
    return check_url(relative ? relative_name : full_name, jn_buf_str(out), err);
}

/* ---- the source ---------------------------------------------------------------------------------------------- */

struct container_source {
    struct lambda_source head;
    struct jn_buf url;
    char *token, *token_file;           /* authorization; the file wins */
    struct jn_buf authorization;        /* of the request in flight */
    struct base_http_call *call;
    struct base_timer *pause;
    unsigned attempts;
};

static void cancel_container(struct lambda_source *head)
{
    struct container_source *s = (struct container_source *)head;
    if (s->call)
        base_http_cancel(s->call);
    s->call = NULL;
    if (s->pause)
        base_timer_stop(s->pause);
    jn_buf_wipe(&s->authorization);
}

static void free_container(struct lambda_source *head)
{
    struct container_source *s = (struct container_source *)head;
    base_timer_free(s->pause);
    jn_buf_clear(&s->url);
    if (s->token)
        base_wipe(s->token, strlen(s->token));
    free(s->token);
    free(s->token_file);
    free(s);
}

static void answer(struct container_source *s, struct lambda_keys *keys, const struct jn_error *failed)
{
    cancel_container(&s->head);
    lambda_source_answer(&s->head, keys, failed);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

/* The document of an error has its members in either casing. */
static void error_text(jn_str body, const char *lower, const char *upper, char *out, size_t size)
{
    lambda_document_text(body, lower, out, size);
    if (!out[0])
        lambda_document_text(body, upper, out, size);
}

static enum jn_status fail_status(const struct container_source *s, const struct base_http_response *r,
                                  struct jn_error *err)
{
    char code[64], message[200];
    error_text(r->body, "code", "Code", code, sizeof code);
    error_text(r->body, "message", "Message", message, sizeof message);
    const bool is_refused = r->http_status == 401 || r->http_status == 403;
    return jn_fail_code(err, JN_REMOTE, jn_str_of(code), "%s answered HTTP %d%s%s%s%s%s", s->head.name, r->http_status,
                        code[0] ? ", " : "", code, message[0] ? ": " : "", message,
                        !is_refused      ? "" : s->token || s->token_file ? "; it does not take the authorization token"
                                                   : "; does it want AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE?");
}

/* Reads the answer; *is_passing: asking again may help. */
static enum jn_status read_answer(const struct container_source *s, const struct base_http_response *r,
                                  struct lambda_keys **keys, bool *is_passing, struct jn_error *err)
{
    *is_passing = true;
    if (r->status)
        return jn_fail(err, r->status, "%s: %s", s->head.name, r->error.message);
    if (r->http_status != 200) {
        *is_passing = r->http_status >= 500 || r->http_status == 429;
        return fail_status(s, r, err);
    }
    const struct lambda_key_document doc = { .text = r->body, .token = "Token", .needs_end = true,
                                             .place = s->head.name };
    return lambda_keys_read(&doc, keys, err);
}

static void on_answer(const struct base_http_response *r, void *arg)
{
    struct container_source *s = arg;
    struct lambda_keys *keys = NULL;
    struct jn_error err = { 0 };
    bool is_passing;
    s->call = NULL;
    const enum jn_status status = read_answer(s, r, &keys, &is_passing, &err);
    if (status && status != JN_NO_MEMORY && is_passing && s->attempts < ATTEMPTS) {
        base_timer_start(s->pause, s->head.site->pause_ms ? s->head.site->pause_ms : PAUSE_MS);
        return;
    }
    answer(s, status ? NULL : keys, status ? &err : NULL);
    lambda_keys_unref(keys);
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

/* A line end would end the header, and begin another one of somebody else's choice. */
static enum jn_status check_token(jn_str token, const char *name, struct jn_error *err)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] == '\r' || token.data[i] == '\n' || !token.data[i])
            return jn_fail(err, JN_BAD_VALUE, "the authorization token of %s holds a line end or NUL; it must be one "
                           "line", name);
    }
    return JN_OK;
}

/* The authorization of this request into its buffer; empty: none. */
static enum jn_status find_token(struct container_source *s, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    if (s->token_file)
        status = lambda_token_read(s->token_file, file_name, &s->authorization, err);
    else
        jn_buf_append_z(&s->authorization, s->token);
    if (!status && s->authorization.failed)
        status = jn_fail(err, JN_NO_MEMORY, "no memory for an authorization token");
    return status ? status : check_token(jn_buf_str(&s->authorization), s->token_file ? file_name : token_name, err);
}

static enum jn_status send_request(struct container_source *s, struct jn_error *err)
{
    struct base_http *http;
    jn_buf_wipe(&s->authorization);
    enum jn_status status = find_token(s, err);
    if (!status)
        status = lambda_cred_http(s->head.site, &http, err);
    if (status)
        return status;
    const struct base_header headers[] = { { JN_STR("Accept"), JN_STR("application/json") },
                                           { JN_STR("Authorization"), jn_buf_str(&s->authorization) } };
    const int64_t timeout_ms = s->head.site->timeout_ms ? s->head.site->timeout_ms : TIMEOUT_MS;
    const struct base_http_request req = {
        .method = "GET", .url = s->url.data, .headers = headers, .header_count = s->authorization.len ? 2 : 1,
        .connect_timeout_ms = timeout_ms, .total_timeout_ms = timeout_ms, .max_response = MAX_ANSWER,
        .no_proxy = true, .is_secret = true,
    };
    s->attempts++;
    return base_http_send(http, &req, on_answer, s, &s->call, err);
}

static void on_pause_over(struct base_timer *t, void *arg)
{
    struct container_source *s = arg;
    struct jn_error err = { 0 };
    (void)t;
    if (send_request(s, &err))
        answer(s, NULL, &err);
}

static enum jn_status ask_container(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct container_source *s = (struct container_source *)head;
    (void)done, (void)arg;
    s->attempts = 0;
    const enum jn_status status = send_request(s, err);
    if (status)
        cancel_container(head);
    return status;
}

static const struct lambda_source_type container_type = { ask_container, cancel_container, free_container, false };

/* ---- making it ----------------------------------------------------------------------------------------------- */

static bool copy(char **to, jn_str text)
{
    *to = text.len ? strndup(text.data, text.len) : NULL;
    return *to || !text.len;
}

/* Variables made from files often keep the file's last line end. */
static jn_str without_line_end(jn_str text)
{
    return jn_str_ends(text, JN_STR("\n")) ? jn_str_sub(text, 0, text.len - 1) : text;
}

static enum jn_status set_up(struct container_source *s, struct lambda_cred_site *site, struct jn_error *err)
{
    const struct base_env *env = site->env;
    const jn_str file = jn_str_of(base_env_get(env, file_name));
    const jn_str token = file.len ? (jn_str){ NULL, 0 } : without_line_end(jn_str_of(base_env_get(env, token_name)));
    jn_buf_init(&s->url, 0);
    jn_buf_init(&s->authorization, 0);
    enum jn_status status = lambda_container_url(base_env_get(env, relative_name), base_env_get(env, full_name),
                                                 &s->url, err);
    if (!status)
        status = check_token(token, token_name, err);
    if (!status && (!copy(&s->token_file, file) || !copy(&s->token, token)))
        status = jn_fail(err, JN_NO_MEMORY, "no memory for a container's credentials");
    return status ? status : base_timer_new(site->loop, on_pause_over, s, &s->pause, err);
}

enum jn_status lambda_source_container(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err)
{
    const char *relative = base_env_get(site->env, relative_name), *full = base_env_get(site->env, full_name);
    if (!relative && !full)
        return JN_NOT_FOUND;
    struct container_source *s = lambda_source_new(&container_type, sizeof *s, site, err, "the container credential "
                                                   "service (%s)", relative ? relative_name : full_name);
    if (!s)
        return JN_NO_MEMORY;
    const enum jn_status status = set_up(s, site, err);
    if (status)
        lambda_source_free(&s->head);
    else
        *out = &s->head;
    return status;
}
