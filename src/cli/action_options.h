/* action_options.h - the options that say what the action is to do: the same for every command that has to do with it. */
#ifndef CLI_ACTION_OPTIONS_H
#define CLI_ACTION_OPTIONS_H

#include "cli/options.h"
#include "component/config.h"

/* The head of such a command's options.  NULL: not given. */
struct cli_action_options {
    const char *config;
    const char *function, *region, *qualifier, *invocation_type, *log_type;
    const char *expression, *expression_file;
    const char *client_context, *invoke_when, *result;
    const char *function_error_policy, *error_policy, *error_codes, *max_retries;
    const char *endpoint, *ca_bundle, *profile, *role_arn, *external_id;
    int64_t timeout_s;                  /* -1: not given */
    bool retry_unknown, log_json;
};

#define CLI_ACTION_OPTIONS_UNSET { .timeout_s = -1 }

#define CLI_ACTION_OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct cli_action_options, member) }

/* Rows of a command's table. */
#define CLI_ACTION_OPTIONS                                                                                             \
    CLI_ACTION_OPTION("--function", "NAME", CLI_TEXT, function,                                                        \
        "the function: name, partial ARN or ARN (required);\n{% JSONata %} names one for each message"),               \
    CLI_ACTION_OPTION("--config", "FILE", CLI_TEXT, config,                                                            \
        "the configuration of a step, as the platform gives it\n(JSON); options count more than its fields"),          \
    CLI_ACTION_OPTION("--expression", "E", CLI_TEXT, expression,                                                       \
        "JSONata that makes the payload of a message;\nwithout one the message itself is the payload"),                \
    CLI_ACTION_OPTION("--expression-file", "F", CLI_TEXT, expression_file, "the same, from a file"),                   \
    CLI_ACTION_OPTION("--region", "R", CLI_TEXT, region, "else AWS_REGION, AWS_DEFAULT_REGION or the profile's"),      \
    CLI_ACTION_OPTION("--qualifier", "Q", CLI_TEXT, qualifier, "version or alias, or {% JSONata %}; else $LATEST"),    \
    CLI_ACTION_OPTION("--invocation-type", "T", CLI_TEXT, invocation_type,                                             \
        "RequestResponse (default), or Event: queue it and do\nnot wait for the result"),                              \
    CLI_ACTION_OPTION("--log-type", "L", CLI_TEXT, log_type,                                                           \
        "None (default), or Tail: the last 4 KB of each call's\nlog on standard error"),                               \
    CLI_ACTION_OPTION("--client-context", "E", CLI_TEXT, client_context,                                               \
        "JSONata that yields an object, for the function's\ncontext (`custom` of its client context)"),                \
    CLI_ACTION_OPTION("--invoke-when", "E", CLI_TEXT, invoke_when,                                                     \
        "JSONata: messages for which it is not true pass\nthrough as they are"),                                       \
    CLI_ACTION_OPTION("--result", "E", CLI_TEXT, result,                                                               \
        "JSONata that makes the result of what the function\nreturned; it has $response and $input (the message)"),    \
    CLI_ACTION_OPTION("--function-error-policy", "P", CLI_TEXT, function_error_policy,                                 \
        "throw (default): a function that fails is a failure;\nemit: its error document is the result"),               \
    CLI_ACTION_OPTION("--error-policy", "P", CLI_TEXT, error_policy,                                                   \
        "byComponent (default): try again what may succeed;\nthrowError: never; emit: the error is the result"),       \
    CLI_ACTION_OPTION("--error-codes", "LIST", CLI_TEXT, error_codes,                                                  \
        "which failures: HTTP codes, ranges, AWS's names;\n408, 423, 429, 500-599 if not given"),                      \
    CLI_ACTION_OPTION("--max-retries", "N", CLI_TEXT, max_retries,                                                     \
        "0 to 10; else AWS_MAX_ATTEMPTS or the profile say, or 2"),                                                    \
    CLI_ACTION_OPTION("--retry-on-unknown-outcome", NULL, CLI_FLAG, retry_unknown,                                     \
        "also when the function may have run: it may run\ntwice then"),                                                \
    CLI_ACTION_OPTION("--timeout", "SECONDS", CLI_COUNT, timeout_s, "for each attempt of a call; 910 if not given"),   \
    CLI_ACTION_OPTION("--endpoint", "URL", CLI_TEXT, endpoint,                                                         \
        "else AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the\nprofile's, or the region's own"),                        \
    CLI_ACTION_OPTION("--ca-bundle", "FILE", CLI_TEXT, ca_bundle,                                                      \
        "certificates to trust; else AWS_CA_BUNDLE or the system's"),                                                  \
    CLI_ACTION_OPTION("--profile", "NAME", CLI_TEXT, profile, "in ~/.aws/config and credentials; else AWS_PROFILE"),   \
    CLI_ACTION_OPTION("--role-arn", "ARN", CLI_TEXT, role_arn, "a role to assume with the credentials"),               \
    CLI_ACTION_OPTION("--external-id", "ID", CLI_TEXT, external_id, "if the role's owner gave you one"),               \
    CLI_ACTION_OPTION("--log-json", NULL, CLI_FLAG, log_json, "log lines as JSON")

/* JN_BAD_VALUE when two options contradict each other, or there is neither a configuration nor a function. */
enum jn_status cli_action_options_check(const struct cli_action_options *o, struct jn_error *err);

/* Replaces the fields for which an option was given; texts are borrowed.  `expression`: of --expression-file. */
void cli_action_options_put(const struct cli_action_options *o, jn_str expression, struct component_config *c);

#endif
