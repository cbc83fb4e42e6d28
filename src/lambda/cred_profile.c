/* cred_profile.c - keys from a profile of the shared files.  A profile that gets its keys by asking someone is refused
 * with a sentence that says whom, and what works instead: silently going on would call AWS with other keys than
 * meant. */
#include "lambda/cred_source.h"

#include <stdio.h>

/* Properties that make a profile more than a pair of keys, in the order in which AWS's clients look at them. */
static const struct need {
    const char *property, *what;
    bool before_keys;           /* wins over keys in the same profile */
} needs[] = {
    { "role_arn", "assumes a role, which needs a call to AWS STS", true },
    { "credential_source", "takes its keys from a server (credential_source)", false },
    { "web_identity_token_file", "uses a web identity, which needs a call to AWS STS", false },
    { "credential_process", "runs a program for its keys", false },
    { "sso_session", "uses IAM Identity Center (SSO)", false },
    { "sso_start_url", "uses IAM Identity Center (SSO)", false },
    { "login_session", "uses a console login", false },
};

static enum jn_status refuse_need(const struct need *need, jn_str profile, struct jn_error *err)
{
    const int n = (int)(profile.len < 64 ? profile.len : 64);
    return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" %s (%s), and this version cannot do that; use a profile with "
                   "aws_access_key_id and aws_secret_access_key, or let the AWS CLI get the keys: "
                   "eval \"$(aws configure export-credentials --profile %.*s --format env)\"",
                   n, profile.data, need->what, need->property, n, profile.data);
}

static enum jn_status check_needs(const struct lambda_profiles *p, jn_str profile, bool before_keys,
                                  struct jn_error *err)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (needs[i].before_keys == before_keys && lambda_profile_get(p, profile, needs[i].property).data)
            return refuse_need(&needs[i], profile, err);
    }
    return JN_OK;
}

enum jn_status lambda_cred_from_profile(const struct lambda_profiles *p, jn_str profile, struct lambda_keys **out,
                                        struct jn_error *err)
{
    if (!lambda_profile_exists(p, profile))
        return JN_NOT_FOUND;
    enum jn_status s = check_needs(p, profile, true, err);
    if (s)
        return s;
    char place[96];
    snprintf(place, sizeof place, "profile \"%.*s\"", (int)(profile.len < 64 ? profile.len : 64), profile.data);
    const struct lambda_key_pair pair = {
        .access = lambda_profile_get(p, profile, "aws_access_key_id"),
        .secret = lambda_profile_get(p, profile, "aws_secret_access_key"),
        .token = lambda_profile_get(p, profile, "aws_session_token"),
        .access_name = "aws_access_key_id",
        .secret_name = "aws_secret_access_key",
        .token_name = "aws_session_token",
        .place = place,
    };
    s = lambda_keys_of(&pair, out, err);
    const enum jn_status need = s == JN_NOT_FOUND ? check_needs(p, profile, false, err) : JN_OK;
    return need ? need : s;
}
