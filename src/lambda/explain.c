/* explain.c - what to do about the errors that people meet most (our spec, section 1.8). */
#include "lambda/explain.h"

#include <stdio.h>

#include "core/utf8.h"

typedef void advise_fn(const struct lambda_explain *x, char *out, size_t size);

enum { MAX_MESSAGE = 240, MAX_ADVICE = 224 };   // of 511 bytes that a sentence may have, with the code before them

/* ---- advice that needs more than words ----------------------------------------------------------------------- */

static void advise_signature(const struct lambda_explain *x, char *out, size_t size)
{
    const int64_t seconds = x->skew_ms / 1000, distance = seconds < 0 ? -seconds : seconds;
    if (distance >= 60)
        snprintf(out, size, "the clock of this machine is %lld minutes %lld seconds %s that of AWS, and 5 minutes are "
                 "allowed: set it right", (long long)(distance / 60), (long long)(distance % 60),
                 seconds < 0 ? "ahead of" : "behind");
    else if (x->service->retry == LAMBDA_RETRY_CLOCK_SKEW)
        snprintf(out, size, "the clock of this machine is wrong by more than 5 minutes: set it right");
    else
        snprintf(out, size, "the secret key does not belong to access key %.*s: copy it again, whole and without "
                 "blanks",
                 JN_ARG(x->access_key));
}

static void advise_unknown_key(const struct lambda_explain *x, char *out, size_t size)
{
    snprintf(out, size, "access key %.*s is unknown or was deleted, its session token is not its own, or region %.*s "
             "is not enabled for the account", JN_ARG(x->access_key), JN_ARG(x->region));
}

static void advise_expired(const struct lambda_explain *x, char *out, size_t size)
{
    snprintf(out, size, "the session of access key %.*s has ended: get new keys", JN_ARG(x->access_key));
}

static void advise_not_found(const struct lambda_explain *x, char *out, size_t size)
{
    const jn_str function = jn_str_sub(x->function, 0, 80), qualifier = jn_str_sub(x->qualifier, 0, 40);
    snprintf(out, size, "region %.*s has no function \"%.*s\"%s%.*s%s for this account: check name, version or alias, "
             "and region", JN_ARG(x->region), JN_ARG(function), qualifier.len ? " with qualifier \"" : "",
             JN_ARG(qualifier),
             qualifier.len ? "\"" : "");
}

static void advise_access(const struct lambda_explain *x, char *out, size_t size)
{
    const jn_str function = jn_str_sub(x->function, 0, 80);
    snprintf(out, size, "allow %s%s%.*s%s to the owner of access key %.*s",
             x->action ? x->action : "lambda:InvokeFunction", function.len ? " on function \"" : "", JN_ARG(function),
             function.len ? "\"" : "", JN_ARG(x->access_key));
}

static void advise_throttled(const struct lambda_explain *x, char *out, size_t size)
{
    static const struct { const char *reason, *text; } reasons[] = {
        { "ConcurrentInvocationLimitExceeded", "all of the account's concurrent executions in the region are in use" },
        { "FunctionInvocationRateLimitExceeded", "the function is called more often per second than it may be" },
        { "ReservedFunctionConcurrentInvocationLimitExceeded",
          "the function's reserved concurrency is used up; if it is 0, the function is switched off" },
        { "ReservedFunctionInvocationRateLimitExceeded", "the function's reserved rate is used up" },
        { "CallerRateLimitExceeded", "this caller calls more often per second than it may" },
        { "ConcurrentSnapshotCreateLimitExceeded", "too many snapshots are being made at once" },
    };
    const jn_str reason = x->service->reason;
    const char *text = NULL;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons && !text; i++) {
        if (jn_str_eq(reason, jn_str_of(reasons[i].reason)))
            text = reasons[i].text;
    }
    snprintf(out, size, "%s%s%.*s%s: call again later, or less often at once", text ? text : "calls are throttled",
             reason.len ? " (" : "", JN_ARG(jn_str_sub(reason, 0, 64)), reason.len ? ")" : "");
}

static void advise_region(const struct lambda_explain *x, char *out, size_t size)
{
    snprintf(out, size, "enable region %.*s for the account, or choose another", JN_ARG(x->region));
}

static void advise_endpoint(const struct lambda_explain *x, char *out, size_t size)
{
    snprintf(out, size, "is %.*s the endpoint of AWS Lambda?", JN_ARG(jn_str_sub(x->endpoint, 0, 120)));
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

#define LATER "wait until that is done and call again"

static const struct advice {
    const char *code;
    advise_fn *fn;
    const char *text;       // when fn is NULL
} advices[] = {
    { "UnrecognizedClientException", advise_unknown_key, NULL },
    { "InvalidClientTokenId", advise_unknown_key, NULL },
    { "InvalidSignatureException", advise_signature, NULL },
    { "SignatureDoesNotMatch", advise_signature, NULL },
    { "RequestExpired", advise_signature, NULL },
    { "ExpiredTokenException", advise_expired, NULL },
    { "ExpiredToken", advise_expired, NULL },
    { "ResourceNotFoundException", advise_not_found, NULL },
    { "AccessDeniedException", advise_access, NULL },
    { "AccessDenied", advise_access, NULL },
    { "TooManyRequestsException", advise_throttled, NULL },
    { "ThrottlingException", advise_throttled, NULL },
    { "OptInRequired", advise_region, NULL },
    { "UnknownOperationException", advise_endpoint, NULL },
    { "MissingAuthenticationTokenException", advise_endpoint, NULL },
    { "ResourceConflictException", NULL, "the function is being created or changed: " LATER },
    { "SnapStartNotReadyException", NULL, "the function's snapshot is being made: " LATER },
    { "CodeArtifactUserPendingException", NULL, "the function's code is being prepared: " LATER },
    { "InvalidRequestContentException", NULL, "payload and client context must be JSON" },
    { "KMSAccessDeniedException", NULL, "let the function's role use the KMS key of its environment variables" },
    { "KMSDisabledException", NULL, "enable the KMS key of the function's environment variables" },
    { "KMSNotFoundException", NULL, "give the function an existing KMS key for its environment variables" },
    { "RecursiveInvocationException", NULL, "the function calls itself, directly or through a queue: break the loop" },
    { "NoPublishedVersionException", NULL, "publish a version of the function" },
    { "ModeNotSupportedException", NULL, "choose the other invocation type" },
};

static void advise(const struct lambda_explain *x, char out[MAX_ADVICE])
{
    out[0] = '\0';
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (!jn_str_eq(x->service->code, jn_str_of(advices[i].code)))
            continue;
        if (advices[i].fn)
            advices[i].fn(x, out, MAX_ADVICE);
        else
            snprintf(out, MAX_ADVICE, "%s", advices[i].text);
        return;
    }
}

/* ---- sentences ----------------------------------------------------------------------------------------------- */

/* AWS's words, cut at a character, without the full stop that another half of the sentence will follow. */
static jn_str shortened(jn_str message)
{
    message = jn_str_trim(message);
    if (message.len > MAX_MESSAGE) {
        message = jn_str_sub(message, 0, MAX_MESSAGE);
        message = jn_str_sub(message, 0, jn_utf8_invalid(message));
    }
    while (message.len && message.data[message.len - 1] == '.')
        message.len--;
    return message;
}

/* An answer without a code was not written by Lambda. */
static enum jn_status explain_stranger(const struct lambda_explain *x, struct jn_error *err)
{
    const jn_str message = shortened(x->service->message), endpoint = jn_str_sub(x->endpoint, 0, 120);
    if (x->location.data)
        return jn_fail(err, JN_REMOTE, "%.*s answered HTTP %d, a redirect to %.*s; AWS Lambda does not redirect: is "
                       "this its endpoint?", JN_ARG(endpoint), x->http_status, JN_ARG(jn_str_sub(x->location, 0, 120)));
    const char *who = x->http_status >= 500 ? "; the answer is not AWS Lambda's own but that of something between"
                                            : "; is this the endpoint of AWS Lambda?";
    return jn_fail(err, JN_REMOTE, "%.*s answered HTTP %d%s%.*s%s", JN_ARG(endpoint), x->http_status,
                   message.len ? ": " : " and nothing more", JN_ARG(message), who);
}

enum jn_status lambda_explain(const struct lambda_explain *x, struct jn_error *err)
{
    const jn_str code = jn_str_sub(x->service->code, 0, 63);
    if (code.len == 0)
        return explain_stranger(x, err);
    char advice[MAX_ADVICE];
    advise(x, advice);
    const jn_str message = shortened(x->service->message);
    return jn_fail_code(err, JN_REMOTE, code, "%.*s%s%.*s%s%s", JN_ARG(code), message.len ? ": " : "", JN_ARG(message),
                        advice[0] ? "; " : "", advice);
}
