/* sigv4.h - AWS Signature Version 4, in the steps its specification names (AWS General Reference, "Create a signed AWS
 * API request"; our spec aws-lambda.md, section 4).  Pure: time and credentials are arguments, each intermediate text
 * can be had, so that every stage is compared with published vectors.  Also used, the other way round, to verify. */
#ifndef LAMBDA_SIGV4_H
#define LAMBDA_SIGV4_H

#include "base/http.h"
#include "core/buf.h"

struct lambda_sigv4_request {
    jn_str method;
    jn_str path;                        /* on the wire: encoded once */
    jn_str query;                       /* on the wire, without '?' */
    const struct base_header *headers;  /* all that are to be signed, host among them */
    size_t header_count;
    jn_str body;
};

struct lambda_sigv4_scope {
    jn_str access_key, secret_key;
    jn_str session_token;               /* {NULL, 0}: none */
    jn_str region, service;
    int64_t time_ms;
};

struct lambda_sigv4_options {
    bool no_normalize;                  /* keep dot segments and double slashes */
    bool no_content_sha256;             /* do not add the header x-amz-content-sha256 */
    bool unsigned_body;                 /* hash of the empty body, whatever the body is */
    bool token_unsigned;                /* add the session token after signing */
    int64_t expires_s;                  /* query form: X-Amz-Expires */
};

/* Everything on the way to a signature.  Initialised by lambda_sigv4_init(), memory freed and keys wiped by
 * lambda_sigv4_clear(); reusable. */
struct lambda_sigv4 {
    struct jn_buf canonical_request, string_to_sign, signed_headers, credential;
    struct jn_buf authorization;        /* header form: the value of Authorization */
    struct jn_buf query;                /* query form: the whole query with the signature */
    char payload_hash[65], signature[65], date[32];
    unsigned char key[32];              /* the signing key of `key_source` */

    struct jn_buf key_source;           /* what the key was derived from; it stays while that stays the same */
    struct jn_buf header_lines;         /* the canonical request's headers */
    struct jn_buf text, items;          /* scratch: encoded parameters or a path; the list being sorted */
};

void lambda_sigv4_init(struct lambda_sigv4 *s);
void lambda_sigv4_clear(struct lambda_sigv4 *s);

/* Signs with an Authorization header.  The caller then sends, besides its own headers: X-Amz-Date (`date`),
 * X-Amz-Content-Sha256 (`payload_hash`, unless switched off), X-Amz-Security-Token, Authorization. */
enum jn_status lambda_sigv4_sign(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                 const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt,
                                 struct jn_error *err);

/* Signs in the query ("presigned"). */
enum jn_status lambda_sigv4_presign(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                    const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt,
                                    struct jn_error *err);

/* True for headers that must not be signed because intermediaries or libraries change them. */
bool lambda_sigv4_never_signed(jn_str header_name);

/* How a received request fails verification; texts in AWS's words are made by the caller. */
enum lambda_sigv4_verdict {
    LAMBDA_SIGV4_OK,
    LAMBDA_SIGV4_MISSING,           /* no Authorization header */
    LAMBDA_SIGV4_INCOMPLETE,        /* it lacks a part, or is no AWS4-HMAC-SHA256 */
    LAMBDA_SIGV4_UNKNOWN_KEY,
    LAMBDA_SIGV4_BAD_TOKEN,         /* the session token is missing or another */
    LAMBDA_SIGV4_BAD_SCOPE,         /* date, service or terminator differ */
    LAMBDA_SIGV4_UNSIGNED_HEADER,   /* host or an x-amz-* header is not among the signed ones */
    LAMBDA_SIGV4_EXPIRED,           /* more than the allowed skew in the past */
    LAMBDA_SIGV4_NOT_YET,           /* ... in the future */
    LAMBDA_SIGV4_MISMATCH,
};

/* Recomputes the signature of a received request.  `scope` holds the only key pair known, the service, and the time
 * now; region {NULL, 0} accepts any.  `s` keeps canonical_request and string_to_sign as computed here. */
enum lambda_sigv4_verdict lambda_sigv4_verify(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                              const struct lambda_sigv4_scope *scope, int64_t max_skew_ms);

#endif
