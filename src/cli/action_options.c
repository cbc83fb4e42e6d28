/* action_options.c - see action_options.h. */
#include "cli/action_options.h"

enum { MAX_TIMEOUT_S = 1140 };

enum jn_status cli_action_options_check(const struct cli_action_options *o, struct jn_error *err)
{
    if (!o->function && !o->config)
        return jn_fail(err, JN_BAD_VALUE, "no function is named; give --function NAME");
    if (o->expression && o->expression_file)
        return jn_fail(err, JN_BAD_VALUE, "give --expression or --expression-file, not both");
    if (o->timeout_s != -1 && (o->timeout_s < 1 || o->timeout_s > MAX_TIMEOUT_S))
        return jn_fail(err, JN_BAD_VALUE, "--timeout is %lld; choose 1 to %d seconds", (long long)o->timeout_s,
                       MAX_TIMEOUT_S);
    return JN_OK;
}

void cli_action_options_put(const struct cli_action_options *o, jn_str expression, struct component_config *c)
{
    const struct {
        enum component_field field;
        const char *text;
    } given[] = {
        { COMPONENT_ROLE_ARN, o->role_arn },
        { COMPONENT_EXTERNAL_ID, o->external_id },
        { COMPONENT_FUNCTION_NAME, o->function },
        { COMPONENT_REGION, o->region },
        { COMPONENT_INVOCATION_TYPE, o->invocation_type },
        { COMPONENT_LOG_TYPE, o->log_type },
        { COMPONENT_QUALIFIER, o->qualifier },
        { COMPONENT_EXPRESSION, o->expression },
        { COMPONENT_CLIENT_CONTEXT, o->client_context },
        { COMPONENT_INVOKE_WHEN, o->invoke_when },
        { COMPONENT_RESULT_EXPRESSION, o->result },
        { COMPONENT_FUNCTION_ERROR_POLICY, o->function_error_policy },
        { COMPONENT_ERROR_POLICY, o->error_policy },
        { COMPONENT_ERROR_CODES, o->error_codes },
        { COMPONENT_MAX_RETRIES, o->max_retries },
        { COMPONENT_RETRY_UNKNOWN, o->retry_unknown ? "on" : NULL },
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].text)
            c->text[given[i].field] = jn_str_of(given[i].text);
    }
    if (o->function)
        c->text[COMPONENT_FUNCTION_FROM_LIST] = (jn_str){ NULL, 0 };
    if (o->qualifier)
        c->text[COMPONENT_QUALIFIER_FROM_LIST] = (jn_str){ NULL, 0 };
    if (o->expression_file)
        c->text[COMPONENT_EXPRESSION] = expression;
}
