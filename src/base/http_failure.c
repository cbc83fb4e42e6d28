/* http_failure.c - see http_failure.h. */
#include "base/http_failure.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum { PARTY = 280 };

/* Who could not be reached: the server, or the proxy on the way, of which libcurl tells in words only. */
static const char *party(const struct base_http_failure *f, char out[PARTY])
{
    char host[256];
    int port;
    if (sscanf(f->reason, "Failed to connect to %255s port %d", host, &port) != 2)
        return f->where;
    snprintf(out, PARTY, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    return strcasecmp(out, f->where) == 0 ? f->where : out;
}

static enum jn_status fail_connect(const struct base_http_failure *f, struct jn_error *err)
{
    char text[PARTY];
    const char *who = party(f, text), *reason = f->os_error ? strerrordesc_np(f->os_error) : NULL;
    const char *way = who == f->where ? "" : ", the proxy on the way to ", *end = who == f->where ? "" : f->where;
    if (f->os_error == ECONNREFUSED)
        return jn_fail(err, JN_IO, "connection refused by %s%s%s", who, way, end);
    return jn_fail(err, JN_IO, "cannot connect to %s%s%s: %s", who, way, end, reason ? reason : f->reason);
}

static enum jn_status fail_timeout(const struct base_http_failure *f, struct jn_error *err)
{
    const int64_t connect_ms =
        f->connect_timeout_ms < f->total_timeout_ms ? f->connect_timeout_ms : f->total_timeout_ms;
    if (!f->is_connected)
        return jn_fail(err, JN_TIMEOUT, "no connection to %s within %lld ms", f->where, (long long)connect_ms);
    if (f->is_answering)
        return jn_fail(err, JN_TIMEOUT, "the answer of %s did not end within %lld ms", f->where,
                       (long long)f->total_timeout_ms);
    return jn_fail(err, JN_TIMEOUT, "no answer from %s within %lld ms", f->where, (long long)f->total_timeout_ms);
}

static enum jn_status fail_stalled(const struct base_http_failure *f, struct jn_error *err)
{
    if (f->is_answering)
        return jn_fail(err, JN_TIMEOUT, "the answer of %s stood still for %lld ms after %zu bytes", f->where,
                       (long long)f->stall_timeout_ms, f->received);
    return jn_fail(err, JN_TIMEOUT, "%s took no byte of the request for %lld ms", f->where,
                   (long long)f->stall_timeout_ms);
}

/* OpenSSL's words, without libcurl's introduction. */
static enum jn_status fail_tls(const struct base_http_failure *f, struct jn_error *err)
{
    static const char intro[] = "SSL certificate problem: ";
    const jn_str where = jn_str_of(f->where);
    size_t colon = where.len;
    while (colon > 0 && where.data[colon - 1] != ':')
        colon--;
    const jn_str host = jn_str_sub(where, 0, colon ? colon - 1 : where.len);
    const char *reason = f->reason;
    if (strncmp(reason, intro, sizeof intro - 1) == 0)
        reason += sizeof intro - 1;
    if (f->fault == BASE_HTTP_BAD_CA)
        return jn_fail(err, JN_TLS, "cannot use the CA bundle %s: %s", f->ca_file, reason);
    if (f->fault == BASE_HTTP_NOT_TRUSTED)
        return jn_fail(err, JN_TLS, "the TLS certificate of host %.*s is not trusted: %s", JN_ARG(host), reason);
    return jn_fail(err, JN_TLS, "no TLS connection to host %.*s: %s", JN_ARG(host), reason);
}

/* A connection that ended too early, in each of the stages. */
static enum jn_status fail_broken(const struct base_http_failure *f, struct jn_error *err)
{
    if (f->proxy_status >= 300)
        return jn_fail(err, JN_IO, "the proxy on the way to %s answered HTTP %d; check its settings, and what it allows",
                       f->where, f->proxy_status);
    if (!f->is_answering && f->may_be_sent)
        return jn_fail(err, JN_IO, "%s closed the connection without an answer; whether it handled the request is "
                       "unknown", f->where);
    if (!f->is_answering)
        return jn_fail(err, JN_IO, "%s closed the connection before it had the whole request", f->where);
    if (f->promised > 0)
        return jn_fail(err, JN_IO, "the answer of %s broke off after %zu of %lld bytes", f->where, f->received,
                       (long long)f->promised);
    return jn_fail(err, JN_IO, "the answer of %s broke off after %zu bytes", f->where, f->received);
}

enum jn_status base_http_fail(const struct base_http_failure *f, struct jn_error *err)
{
    switch (f->fault) {
    case BASE_HTTP_NO_MEMORY:
        return jn_fail(err, JN_NO_MEMORY, "no memory for the exchange with %s", f->where);
    case BASE_HTTP_TOO_LARGE:
        return jn_fail(err, JN_LIMIT, "the answer of %s is larger than the %zu bytes allowed", f->where,
                       f->max_response);
    case BASE_HTTP_TIMED_OUT:
        return fail_timeout(f, err);
    case BASE_HTTP_STALLED:
        return fail_stalled(f, err);
    case BASE_HTTP_NO_HOST:
        return jn_fail(err, JN_IO, "there is no address for the host of %s; check the name and the network", f->where);
    case BASE_HTTP_NO_PROXY_HOST:
        return jn_fail(err, JN_IO, "there is no address for the proxy on the way to %s", f->where);
    case BASE_HTTP_NOT_CONNECTED:
        return fail_connect(f, err);
    case BASE_HTTP_BAD_CA:
    case BASE_HTTP_NOT_TRUSTED:
    case BASE_HTTP_NO_TLS:
        return fail_tls(f, err);
    case BASE_HTTP_BROKEN_OFF:
        return fail_broken(f, err);
    case BASE_HTTP_OTHER:
        break;
    }
    return jn_fail(err, JN_IO, "the exchange with %s failed: %s", f->where, f->reason);
}
