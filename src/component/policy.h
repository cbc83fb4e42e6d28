/* policy.h - what becomes of a message whose invocation failed: tried again, thrown, rebounded, or emitted as data.
 * The keys and their meaning are those of the platform's own REST API component (version 2), so that a user who knows
 * one form knows the other: docs/action.md.  Pure. */
#ifndef COMPONENT_POLICY_H
#define COMPONENT_POLICY_H

#include "lambda/client.h"

enum component_error_policy {
    COMPONENT_BY_COMPONENT,         /* listed failures are tried again, then thrown */
    COMPONENT_REBOUND_ERRORS,       /* listed ones go back to the platform, which sends the message again */
    COMPONENT_THROW_ERRORS,
    COMPONENT_EMIT_ERRORS,          /* listed ones are data */
};

/* Failures by their HTTP code or by AWS's name. */
enum { COMPONENT_MAX_CODES = 32, COMPONENT_CODE_NAME = 63 };
struct component_codes {
    struct {
        uint16_t first, last;       /* 0: it is the name that counts */
        char name[COMPONENT_CODE_NAME + 1];
    } items[COMPONENT_MAX_CODES];
    size_t count;
};

struct component_policy {
    enum component_error_policy errors;
    enum { COMPONENT_THROW_FUNCTION, COMPONENT_REBOUND_FUNCTION, COMPONENT_EMIT_FUNCTION } function_errors;
    struct component_codes codes;
    unsigned max_attempts;          /* 0: the client's usual */
    bool retry_unknown_outcome;
};

/* Reads "408, 423, 500-599, TooManyRequestsException"; an empty text stands for "408, 423, 429, 500-599".
 * JN_BAD_VALUE tells which item is none. */
enum jn_status component_codes_read(jn_str text, struct component_codes *out, struct jn_error *err);

/* Whether a failed call is one of those: by HTTP code, by name; throttling also where 429 is, since AWS says it with
 * other codes as well.  Failures without an answer (no connection, no TLS, time) always are; those of our own (no
 * memory, no credentials) never. */
bool component_codes_have(const struct component_codes *codes, const struct lambda_outcome *o);

/* For lambda_invoke.is_retryable: whether the component itself tries again.  (A clock that was wrong and keys that have
 * expired are put right by the client, whatever this says.) */
bool component_policy_retries(const struct component_policy *p, const struct lambda_outcome *o);

/* What is to be done in the end. */
enum component_verdict { COMPONENT_EMIT, COMPONENT_THROW, COMPONENT_REBOUND };

/* The service did not take the call, or no answer came. */
enum component_verdict component_policy_failed(const struct component_policy *p, const struct lambda_outcome *o);

/* The function ran and failed. */
enum component_verdict component_policy_function_failed(const struct component_policy *p);

#endif
