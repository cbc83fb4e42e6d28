/* cred_env.c - keys from environment variables, under the names that AWS's own clients read (our spec, section 6.2). */
#include "lambda/cred_source.h"

/* botocore's old name of the token is understood too. */
static const char *token_variable(const struct base_env *env)
{
    return base_env_get(env, "AWS_SESSION_TOKEN") || !base_env_get(env, "AWS_SECURITY_TOKEN") ? "AWS_SESSION_TOKEN"
                                                                                              : "AWS_SECURITY_TOKEN";
}

static enum jn_status read_expiration(const struct base_env *env, const struct base_clock *clock, int64_t *expires_ms,
                                      struct jn_error *err)
{
    const char *text = base_env_get(env, "AWS_CREDENTIAL_EXPIRATION");
    *expires_ms = 0;
    if (!text)
        return JN_OK;
    if (!base_time_parse(jn_str_of(text), expires_ms))
        return jn_fail(err, JN_BAD_VALUE, "AWS_CREDENTIAL_EXPIRATION is \"%.40s\"; it must be a time such as "
                       "2026-03-14T16:09:26Z", text);
    if (*expires_ms <= clock->wall_ms(clock))
        return jn_fail(err, JN_BAD_VALUE, "the AWS keys in the environment have expired (AWS_CREDENTIAL_EXPIRATION is "
                       "%s); get new ones", text);
    return JN_OK;
}

static enum jn_status read_keys(const struct lambda_cred_site *site, struct lambda_keys **out, struct jn_error *err)
{
    const struct base_env *env = site->env;
    struct lambda_key_pair pair = {
        .access = jn_str_of(base_env_get(env, "AWS_ACCESS_KEY_ID")),
        .secret = jn_str_of(base_env_get(env, "AWS_SECRET_ACCESS_KEY")),
        .token = jn_str_of(base_env_get(env, token_variable(env))),
        .access_name = "AWS_ACCESS_KEY_ID",
        .secret_name = "AWS_SECRET_ACCESS_KEY",
        .token_name = token_variable(env),
        .place = "the environment",
    };
    if (pair.access.len && pair.secret.len) {
        const enum jn_status s = read_expiration(env, site->clock, &pair.expires_ms, err);
        if (s)
            return s;
    }
    return lambda_keys_of(&pair, out, err);
}

enum jn_status lambda_source_env(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err)
{
    struct lambda_keys *keys;
    const enum jn_status s = read_keys(site, &keys, err);
    return s ? s : lambda_source_static(site, keys, "the environment", out, err);
}
