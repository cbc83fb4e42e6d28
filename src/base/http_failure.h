/* http_failure.h - what a person is told of a request that failed: http.c's knowledge in sentences.  Pure; for src/base
 * alone. */
#ifndef BASE_HTTP_FAILURE_H
#define BASE_HTTP_FAILURE_H

#include "core/status.h"

enum base_http_fault {
    BASE_HTTP_OTHER,            /* `reason` says it */
    BASE_HTTP_NO_MEMORY,
    BASE_HTTP_TOO_LARGE,
    BASE_HTTP_TIMED_OUT,
    BASE_HTTP_STALLED,
    BASE_HTTP_NO_HOST,          /* its name has no address */
    BASE_HTTP_NO_PROXY_HOST,
    BASE_HTTP_NOT_CONNECTED,
    BASE_HTTP_BAD_CA,
    BASE_HTTP_NOT_TRUSTED,
    BASE_HTTP_NO_TLS,
    BASE_HTTP_BROKEN_OFF,       /* a connection ended too early */
};

struct base_http_failure {
    enum base_http_fault fault;
    const char *where;          /* host:port */
    const char *reason;         /* libcurl's words, which may be OpenSSL's; not NULL */
    const char *ca_file;        /* in use; "": none of ours */
    int os_error;               /* of connecting; 0: unknown */
    int proxy_status;           /* what a proxy answered when it was asked for a tunnel; 0: nothing */
    bool is_connected, is_answering, may_be_sent;
    size_t received, max_response;
    int64_t promised;           /* bytes of body that the answer's head speaks of; -1: it does not */
    int64_t connect_timeout_ms, total_timeout_ms, stall_timeout_ms;
};

enum jn_status base_http_fail(const struct base_http_failure *f, struct jn_error *err);

#endif
