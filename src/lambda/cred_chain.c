/* cred_chain.c - which source is configured.  Order (our spec, section 6.1, the one recommended for servers):
 *
 *   1. keys given explicitly
 *   2. a profile given explicitly: whoever names one wants no other
 *   3. the environment's keys
 *   4. web identity from the environment
 *   5. the profile AWS_PROFILE, else "default"
 *   6. container credentials
 *   7. the instance's metadata, which only asking tells to be there
 *
 * An absent source is skipped, a faulty one ends the chain.  A role given explicitly is assumed with what the chain
 * gives. */
#include "lambda/cred_chain.h"

static enum jn_status make_explicit(struct lambda_cred_site *site, const struct lambda_cred_options *opt,
                                    struct lambda_source **out, struct jn_error *err)
{
    const struct lambda_key_pair pair = {
        .access = jn_str_of(opt->access_key),
        .secret = jn_str_of(opt->secret_key),
        .token = jn_str_of(opt->session_token),
        .access_name = "the access key",
        .secret_name = "the secret key",
        .token_name = "the session token",
        .place = "the settings",
    };
    struct lambda_keys *keys;
    const enum jn_status s = lambda_keys_of(&pair, &keys, err);
    return s ? s : lambda_source_static(site, keys, "the settings", out, err);
}

static enum jn_status make_profile(struct lambda_cred_site *site, jn_str profile, struct lambda_source **out,
                                   struct jn_error *err)
{
    if (!site->profiles)
        return jn_fail(err, site->files.status, "%s", site->files.message);
    return lambda_source_profile(site, profile, out, err);
}

/* A profile that was asked for by name must exist and give keys; "default" may be absent. */
static enum jn_status make_named_profile(struct lambda_cred_site *site, jn_str profile, const char *named_by,
                                         struct lambda_source **out, struct jn_error *err)
{
    const enum jn_status s = make_profile(site, profile, out, err);
    if (s != JN_NOT_FOUND || !named_by)
        return s;
    const jn_str name = jn_str_sub(profile, 0, 64);
    if (!lambda_profile_exists(site->profiles, profile))
        return jn_fail(err, JN_BAD_VALUE, "there is no profile \"%.*s\" (%s) in the AWS config and credentials files",
                       JN_ARG(name), named_by);
    return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" (%s) holds no keys: aws_access_key_id and "
                   "aws_secret_access_key are missing, and so is another way to get some", JN_ARG(name), named_by);
}

static enum jn_status walk(struct lambda_cred_site *site, const struct lambda_cred_options *opt, jn_str profile,
                           struct lambda_source **out, bool *is_last_resort, struct jn_error *err)
{
    *is_last_resort = false;
    enum jn_status s = make_explicit(site, opt, out, err);
    if (s == JN_NOT_FOUND && opt->profile)
        return make_named_profile(site, profile, "given in the settings", out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_source_env(site, out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_source_env_web(site, out, err);
    if (s == JN_NOT_FOUND)
        s = make_named_profile(site, profile, base_env_get(site->env, "AWS_PROFILE") ? "named by AWS_PROFILE" : NULL,
                               out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_source_container(site, out, err);
    if (s != JN_NOT_FOUND)
        return s;
    *is_last_resort = true;
    s = lambda_source_imds(site, profile, out, err);
    return s == JN_NOT_FOUND ? JN_OK : s;
}

enum jn_status lambda_chain_make(struct lambda_cred_site *site, const struct lambda_cred_options *opt, jn_str profile,
                                 struct lambda_source **out, bool *is_last_resort, struct jn_error *err)
{
    struct lambda_source *source = NULL;
    enum jn_status s = walk(site, opt, profile, &source, is_last_resort, err);
    if (!s && source && opt->role_arn && *opt->role_arn) {
        const struct lambda_role_options role = {
            .arn = jn_str_of(opt->role_arn), .external_id = jn_str_of(opt->external_id),
            .session_name = jn_str_of(opt->role_session_name), .duration_s = opt->role_duration_s,
        };
        s = lambda_source_role(site, &role, source, &source, err);
        if (s)
            jn_error_prefix(err, "%s", "the role in the settings");
    }
    if (!s)
        *out = source;
    return s;
}

/* ---- nothing found ------------------------------------------------------------------------------------------- */

void lambda_chain_explain(const struct lambda_profiles *profiles, jn_str profile, const char *metadata,
                          struct jn_error *err)
{
    jn_fail(err, JN_NOT_FOUND, "no AWS keys found.  Looked at: the settings (access key and secret key); the "
            "environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_WEB_IDENTITY_TOKEN_FILE; "
            "AWS_CONTAINER_CREDENTIALS_*); profile \"%.*s\" in ~/.aws/credentials and ~/.aws/config (%s); "
            "%.120s.  Give keys in one of these places", JN_ARG(jn_str_sub(profile, 0, 40)),
            lambda_profile_exists(profiles, profile) ? "it holds no keys" : "there is no such profile", metadata);
}
