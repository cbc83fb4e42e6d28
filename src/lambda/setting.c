/* setting.c - see setting.h. */
#include "lambda/setting.h"

#include <strings.h>

jn_str lambda_setting_property(const struct lambda_settings *from, const char *property)
{
    return from->cred ? lambda_cred_setting(from->cred, property)
                      : lambda_profile_setting(from->profiles, from->profile, property);
}

jn_str lambda_setting_text(const struct lambda_settings *from, const char *variable, const char *property,
                           const char **source)
{
    const char *text = base_env_get(from->env, variable);
    if (source)
        *source = text ? variable : property;
    if (text)
        return jn_str_of(text);
    return property ? lambda_setting_property(from, property) : (jn_str){ NULL, 0 };
}

enum jn_status lambda_setting_switch(const struct lambda_settings *from, const char *variable, const char *property,
                                     bool *out, struct jn_error *err)
{
    const char *source;
    const jn_str value = lambda_setting_text(from, variable, property, &source);
    *out = value.len == 4 && strncasecmp(value.data, "true", 4) == 0;
    if (*out || value.len == 0 || (value.len == 5 && strncasecmp(value.data, "false", 5) == 0))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be true or false", source,
                   JN_ARG(jn_str_sub(value, 0, 40)));
}

enum jn_status lambda_setting_number(const struct lambda_settings *from, const char *variable, const char *property,
                                     unsigned max, unsigned *out, struct jn_error *err)
{
    const char *source;
    const jn_str value = lambda_setting_text(from, variable, property, &source);
    unsigned number = 0;
    size_t i = 0;
    while (i < value.len && value.data[i] >= '0' && value.data[i] <= '9' && number <= max)
        number = number * 10 + (unsigned)(value.data[i++] - '0');
    *out = number;
    if (i == value.len && (value.len == 0 || (number >= 1 && number <= max)))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be a whole number from 1 to %u", source,
                   JN_ARG(jn_str_sub(value, 0, 40)), max);
}
