/* config.h - the fields of the form, by one table: key, label, option of the command line.  Read as texts, checked, and
 * every sentence about one names it the way its reader knows it: by label and key, or by the option. */
#ifndef COMPONENT_CONFIG_H
#define COMPONENT_CONFIG_H

#include "component/policy.h"
#include "core/arena.h"
#include "lambda/client.h"

/*    member                 key in component.json     label                        option of `invoke` */
#define COMPONENT_FIELDS(X)                                                                                            \
    X(ACCESS_KEY,            "aws_access_key_id",      "AWS Access Key",            "AWS_ACCESS_KEY_ID")               \
    X(SECRET_KEY,            "aws_secret_access_key",  "AWS Access Secret",         "AWS_SECRET_ACCESS_KEY")           \
    X(SESSION_TOKEN,         "sessionToken",           "AWS Session Token",         "AWS_SESSION_TOKEN")               \
    X(ROLE_ARN,              "roleArn",                "Role ARN",                  "--role-arn")                      \
    X(EXTERNAL_ID,           "externalId",             "External ID",               "--external-id")                   \
    X(FUNCTION_NAME,         "functionName",           "FunctionName",              "--function")                      \
    X(FUNCTION_FROM_LIST,    "functionFromList",       "Function From List",        "functionFromList")                \
    X(REGION,                "region",                 "AWS Region",                "--region")                        \
    X(INVOCATION_TYPE,       "invocationType",         "Invocation Type",           "--invocation-type")               \
    X(LOG_TYPE,              "logType",                "Log Type",                  "--log-type")                      \
    X(QUALIFIER,             "qualifier",              "Qualifier",                 "--qualifier")                     \
    X(QUALIFIER_FROM_LIST,   "qualifierFromList",      "Qualifier From List",       "qualifierFromList")               \
    X(EXPRESSION,            "expression",             "JSONata Expression",        "--expression")                    \
    X(CLIENT_CONTEXT,        "clientContext",          "Client Context",            "--client-context")                \
    X(INVOKE_WHEN,           "invokeWhen",             "Invoke When",               "--invoke-when")                   \
    X(RESULT_EXPRESSION,     "resultExpression",       "Result Expression",         "--result")                        \
    X(FUNCTION_ERROR_POLICY, "functionErrorPolicy",    "Function Error Policy",     "--function-error-policy")         \
    X(ERROR_POLICY,          "errorPolicy",            "Error Handling Policy",     "--error-policy")                  \
    X(ERROR_CODES,           "errorCodes",             "Error Codes",               "--error-codes")                   \
    X(MAX_RETRIES,           "maxRetries",             "Maximum Retries",           "--max-retries")                   \
    X(TIMEOUT,               "requestTimeoutPeriod",   "Request Timeout",           "--timeout")                       \
    X(RETRY_UNKNOWN,         "retryOnUnknownOutcome",  "Retry on Unknown Outcome",  "--retry-on-unknown-outcome")      \
    X(TRACE_CONTEXT,         "traceContext",           "Trace Context",             "traceContext")                    \
    X(OUTPUT_SAMPLE,         "outputSample",           "Sample of the Result",      "outputSample")

#define COMPONENT_FIELD(member, key, label, option) COMPONENT_##member,
enum component_field { COMPONENT_FIELDS(COMPONENT_FIELD) COMPONENT_FIELD_COUNT };
#undef COMPONENT_FIELD

/* What was filled in.  A text without data, or an empty one, was left out. */
struct component_config {
    jn_str text[COMPONENT_FIELD_COUNT];
    jn_str variables;               /* of the flow, for $getFlowVariables(): an object; {NULL, 0}: not offered */
    bool is_command_line;           /* fields are called by their options; there is no platform to rebound to */
};

/* Reads a step's configuration, a JSON object.  Blanks at the ends of texts are removed, each is followed by a NUL;
 * numbers and `true` count as their texts.  Everything is in `a`: component_config_wipe() when it has been used. */
enum jn_status component_config_read(struct jn_arena *a, jn_str json, struct component_config *out,
                                     struct jn_error *err);

/* Overwrites the secrets. */
void component_config_wipe(struct component_config *c);

/* What a person calls a field: "AWS Region (region)", or "--region". */
const char *component_field_name(const struct component_config *c, enum component_field field);

/* The function and the qualifier that were asked for, whether written or chosen from a list.  JN_BAD_VALUE when both
 * were done and differ. */
enum jn_status component_config_function(const struct component_config *c, jn_str *out, struct jn_error *err);
enum jn_status component_config_qualifier(const struct component_config *c, jn_str *out, struct jn_error *err);

/* JN_BAD_VALUE when role and external id cannot be right: an id without a role, a role that is no ARN. */
enum jn_status component_config_role(const struct component_config *c, struct jn_error *err);

/* Fills what the form says about the client; the rest of `out` stays.  Texts are borrowed from `c`.  With
 * `needs_keys`, credentials must be there. */
enum jn_status component_config_client(const struct component_config *c, bool needs_keys,
                                       struct lambda_client_options *out, struct jn_error *err);

/* What calls have in common. */
struct component_call_settings {
    enum lambda_invocation_type type;
    bool log_tail, trace_context;
    struct component_policy policy;
};

/* JN_BAD_VALUE names the field, what it holds, and what it may hold. */
enum jn_status component_config_call(const struct component_config *c, struct component_call_settings *out,
                                     struct jn_error *err);

#endif
