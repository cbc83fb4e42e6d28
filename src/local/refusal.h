/* refusal.h - how the service refuses a call before any function has run (our spec, section 1.8). */
#ifndef LOCAL_REFUSAL_H
#define LOCAL_REFUSAL_H

#include "core/buf.h"

/*    name               HTTP  code                                    Type       the text member's name */
#define LOCAL_REFUSALS(X)                                                                              \
    X(NOT_FOUND,          404, "ResourceNotFoundException",            "User",    "Message")           \
    X(INVALID_PARAMETER,  400, "InvalidParameterValueException",       "User",    "message")           \
    X(INVALID_CONTENT,    400, "InvalidRequestContentException",       "User",    "message")           \
    X(TOO_LARGE,          413, "RequestEntityTooLargeException",       "User",    "message")           \
    X(THROTTLED,          429, "TooManyRequestsException",             "User",    "message")           \
    X(CONFLICT,           409, "ResourceConflictException",            "User",    "message")           \
    X(PRECONDITION,       412, "PreconditionFailedException",          "User",    "message")           \
    X(SERVICE,            500, "ServiceException",                     "Service", "Message")           \
    X(VALIDATION,         400, "ValidationException",                  NULL,      "message")           \
    X(MISSING_TOKEN,      403, "MissingAuthenticationTokenException",  NULL,      "message")           \
    X(INCOMPLETE,         403, "IncompleteSignatureException",         NULL,      "message")           \
    X(UNKNOWN_CLIENT,     403, "UnrecognizedClientException",          NULL,      "message")           \
    X(INVALID_SIGNATURE,  403, "InvalidSignatureException",            NULL,      "message")           \
    X(SERIALIZATION,      400, "SerializationException",               "User",    "message")           \
    X(EXPIRED_TOKEN,      403, "ExpiredTokenException",                NULL,      "message")           \
    X(UNKNOWN_OPERATION,  404, "UnknownOperationException",            NULL,      "message")           \
    X(UNAVAILABLE,        503, "ServiceUnavailableException",          NULL,      "message")

enum local_refusal_kind {
    LOCAL_REFUSED_NOT,          /* nothing is wrong */
#define X(name, status, code, type, member) LOCAL_REFUSED_##name,
    LOCAL_REFUSALS(X)
#undef X
};

/* Why a call is refused.  Zeroed and then local_refusal_init()ed: not refused. */
struct local_refusal {
    enum local_refusal_kind kind;
    struct jn_buf message;
    const char *reason;                 /* of THROTTLED, one of AWS's words; borrowed */
    int retry_after_s;                  /* of THROTTLED */
};

void local_refusal_init(struct local_refusal *r);
void local_refusal_clear(struct local_refusal *r);

/* Refuses, unless it is already: the first reason wins.  Returns false, for `return local_refuse(...)` in checks. */
bool local_refuse(struct local_refusal *r, enum local_refusal_kind kind, const char *fmt, ...) JN_PRINTF(3, 4);

int local_refusal_status(enum local_refusal_kind kind);
const char *local_refusal_code(enum local_refusal_kind kind);

/* Appends the error document. */
void local_put_refusal(struct jn_buf *out, const struct local_refusal *r);

#endif
