/* signed.h - one request to a service of AWS: its URL built, signed with the date of that moment, and sent.  What
 * Invoke, the control calls and STS have in common.  Private to this folder. */
#ifndef LAMBDA_SIGNED_H
#define LAMBDA_SIGNED_H

#include "lambda/sigv4.h"
#include "lambda/target.h"

enum {
    LAMBDA_SIGNED_HEADERS = 12,         /* headers of the caller's at most */
    LAMBDA_WIRE_HEADERS = LAMBDA_SIGNED_HEADERS + 5,    /* Host, X-Amz-Date, X-Amz-Security-Token, Authorization,
                                                           User-Agent are added */
};

/* Buffers that every request of a client uses in turn: building and sending happen between two events of the loop. */
struct lambda_signed {
    struct lambda_sigv4 sigv4;
    struct jn_buf url;
};

void lambda_signed_init(struct lambda_signed *s);
void lambda_signed_clear(struct lambda_signed *s);

struct lambda_query {
    const char *name;
    jn_str value;
};

struct lambda_signed_request {
    const struct lambda_target *target;
    const char *service;                /* in the signature: "lambda", "sts" */
    const char *method;
    const char *pattern;                /* path; '*' stands for `label`, encoded */
    jn_str label;
    const struct lambda_query *query;
    size_t query_count;
    const struct base_header *headers;  /* signed, unless the signer leaves a name out (sigv4.h) */
    size_t header_count;
    jn_str body;                        /* borrowed until the callback */
    const struct lambda_keys *keys;     /* NULL: not signed (AssumeRoleWithWebIdentity) */
    int64_t now_ms;                     /* wall clock, corrected by what is known of the service's */
    int64_t connect_timeout_ms, total_timeout_ms, stall_timeout_ms; /* as in base/http.h */
    base_http_data_fn *on_data;         /* as in base/http.h; NULL: the body is collected */
    bool is_secret;                     /* likewise */
};

/* Appends base path and pattern, with `label`, encoded, in place of the pattern's '*' (when it has one). */
void lambda_path(struct jn_buf *out, jn_str base_path, const char *pattern, jn_str label);

/* Appends "name=value", behind '&' unless it is the first after `start`, where the query begins. */
void lambda_query_add(struct jn_buf *out, size_t start, const char *name, jn_str value);

/* Makes the request as it goes out, with `headers` for its headers.  Texts are borrowed from `s` and `req`. */
enum jn_status lambda_signed_build(struct lambda_signed *s, const struct lambda_signed_request *req,
                                   struct base_header headers[LAMBDA_WIRE_HEADERS], struct base_http_request *out,
                                   struct jn_error *err);

/* Builds and starts the request; as base_http_send() in all that follows. */
enum jn_status lambda_signed_send(struct lambda_signed *s, struct base_http *http,
                                  const struct lambda_signed_request *req, base_http_done_fn *done, void *arg,
                                  struct base_http_call **out, struct jn_error *err);

/* The URL of the request sent last: for the log. */
const char *lambda_signed_url(const struct lambda_signed *s);

#endif
