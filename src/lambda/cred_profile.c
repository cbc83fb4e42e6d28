/* cred_profile.c - what a profile of the shared files gives (our spec, section 6.3).  First match wins:
 *
 *   1. a role (role_arn), assumed with the keys of another profile (source_profile) or another source
 *      (credential_source); a profile that is only such a source gives its own keys first
 *   2. keys
 *   3. a role by web identity (web_identity_token_file with role_arn)
 *   4. a program that prints keys (credential_process)
 *   5. another source directly (credential_source without a role)
 *
 * What needs a person - a second factor, SSO, a console login - is refused with a sentence that says what works
 * instead: silently going on would call AWS with other keys than meant. */
#include <stdio.h>

#include "lambda/cred_source.h"

enum { MAX_DEPTH = 16 };        /* profiles that lead to one another */

/* A profile being looked at, and those that led here. */
struct visit {
    struct lambda_cred_site *site;
    jn_str profile;
    const struct visit *from;   /* NULL: this is the first */
};

static jn_str get(const struct visit *v, const char *property)
{
    return lambda_profile_get(v->site->profiles, v->profile, property);
}

static jn_str shown(jn_str name)
{
    return jn_str_sub(name, 0, 64);
}

static enum jn_status resolve(const struct visit *v, struct lambda_source **out, struct jn_error *err);

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static enum jn_status make_static(const struct visit *v, struct lambda_source **out, struct jn_error *err)
{
    char place[96];
    snprintf(place, sizeof place, "profile \"%.*s\"", JN_ARG(shown(v->profile)));
    const struct lambda_key_pair pair = {
        .access = get(v, "aws_access_key_id"),
        .secret = get(v, "aws_secret_access_key"),
        .token = get(v, "aws_session_token"),
        .access_name = "aws_access_key_id",
        .secret_name = "aws_secret_access_key",
        .token_name = "aws_session_token",
        .place = place,
    };
    struct lambda_keys *keys;
    const enum jn_status s = lambda_keys_of(&pair, &keys, err);
    return s ? s : lambda_source_static(v->site, keys, place, out, err);
}

/* ---- other sources ------------------------------------------------------------------------------------------- */

/* credential_source := 'Environment' | 'Ec2InstanceMetadata' | 'EcsContainer' */
static enum jn_status make_named(const struct visit *v, struct lambda_source **out, struct jn_error *err)
{
    const jn_str name = get(v, "credential_source");
    const char *missing;
    enum jn_status s;
    if (jn_str_eq(name, JN_STR("Environment"))) {
        s = lambda_source_env(v->site, out, err);
        missing = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set";
    } else if (jn_str_eq(name, JN_STR("Ec2InstanceMetadata"))) {
        s = lambda_source_imds(v->site, v->profile, out, err);
        missing = "AWS_EC2_METADATA_DISABLED switches it off";
    } else if (jn_str_eq(name, JN_STR("EcsContainer"))) {
        s = lambda_source_container(v->site, out, err);
        missing = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set";
    } else {
        return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" has credential_source = \"%.*s\"; it must be Environment, "
                       "Ec2InstanceMetadata or EcsContainer", JN_ARG(shown(v->profile)), JN_ARG(shown(name)));
    }
    return s != JN_NOT_FOUND ? s
                             : jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" takes its keys from %.*s "
                                       "(credential_source), but %s", JN_ARG(shown(v->profile)), JN_ARG(name), missing);
}

/* "a -> b -> c" of the way here. */
static void put_way(const struct visit *v, struct jn_buf *out)
{
    if (v->from) {
        put_way(v->from, out);
        jn_buf_append_z(out, " -> ");
    }
    jn_buf_append(out, shown(v->profile));
}

static enum jn_status fail_cycle(const struct visit *v, jn_str next, bool is_cycle, struct jn_error *err)
{
    struct jn_buf way;
    jn_buf_init(&way, 300);
    put_way(v, &way);
    jn_fail(err, JN_BAD_VALUE, "%s in source_profile: %s -> %.*s", is_cycle ? "a circle" : "too long a way",
            way.data ? way.data : "", JN_ARG(shown(next)));
    jn_buf_clear(&way);
    return JN_BAD_VALUE;
}

/* The profile that source_profile names.  Naming itself means its own keys. */
static enum jn_status make_other(const struct visit *v, jn_str name, struct lambda_source **out, struct jn_error *err)
{
    const struct visit next = { v->site, name, v };
    unsigned depth = 0;
    if (!lambda_profile_exists(v->site->profiles, name))
        return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" has source_profile = \"%.*s\", and there is no such "
                       "profile", JN_ARG(shown(v->profile)), JN_ARG(shown(name)));
    for (const struct visit *at = v; at; at = at->from, depth++) {
        const bool has_own_keys = at == v && get(v, "aws_access_key_id").len;
        if (jn_str_eq(at->profile, name) && !has_own_keys)
            return fail_cycle(v, name, true, err);
    }
    return depth < MAX_DEPTH ? resolve(&next, out, err) : fail_cycle(v, name, false, err);
}

/* ---- roles --------------------------------------------------------------------------------------------------- */

static enum jn_status read_duration(const struct visit *v, unsigned *out, struct jn_error *err)
{
    const jn_str text = get(v, "duration_seconds");
    unsigned value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > 100000)
            return jn_fail(err, JN_BAD_VALUE, "it has duration_seconds = \"%.*s\"; it must be a whole number from "
                           "900 to 43200", JN_ARG(shown(text)));
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    *out = value;
    return JN_OK;
}

static enum jn_status read_role(const struct visit *v, struct lambda_role_options *out, struct jn_error *err)
{
    *out = (struct lambda_role_options){
        .arn = get(v, "role_arn"),
        .session_name = get(v, "role_session_name"),
        .external_id = get(v, "external_id"),
        .region = get(v, "region").data,        // ends with a NUL, see lambda_profile_get()
        .profile = v->profile,
        .token_file = get(v, "web_identity_token_file"),
        .token_name = "web_identity_token_file",
    };
    if (get(v, "mfa_serial").len)
        return jn_fail(err, JN_BAD_VALUE, "it wants a code of a second factor (mfa_serial), and nobody is there to "
                       "type it; let the AWS CLI get the keys: "
                       "eval \"$(aws configure export-credentials --profile %.*s --format env)\"",
                       JN_ARG(shown(v->profile)));
    return read_duration(v, &out->duration_s, err);
}

static enum jn_status make_role(const struct visit *v, struct lambda_source **out, struct jn_error *err)
{
    const jn_str profile = get(v, "source_profile"), source = get(v, "credential_source");
    struct lambda_role_options role;
    struct lambda_source *base = NULL;
    if (profile.len && source.len)
        return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" has both source_profile and credential_source; a role is "
                       "assumed with the keys of one", JN_ARG(shown(v->profile)));
    if (!profile.len && !source.len)
        return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" has role_arn, but nothing that says with which keys to "
                       "assume the role: add source_profile, credential_source or web_identity_token_file",
                       JN_ARG(shown(v->profile)));
    enum jn_status s = read_role(v, &role, err);
    if (!s)
        s = profile.len ? make_other(v, profile, &base, err) : make_named(v, &base, err);
    if (!s)
        s = lambda_source_role(v->site, &role, base, out, err);
    if (s)
        jn_error_prefix(err, "profile \"%.*s\"", JN_ARG(shown(v->profile)));
    return s;
}

static enum jn_status make_web(const struct visit *v, struct lambda_source **out, struct jn_error *err)
{
    struct lambda_role_options role;
    if (!get(v, "role_arn").len)
        return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" has web_identity_token_file without role_arn, the role to "
                       "assume", JN_ARG(shown(v->profile)));
    enum jn_status s = read_role(v, &role, err);
    if (!s)
        s = lambda_source_web(v->site, &role, out, err);
    if (s)
        jn_error_prefix(err, "profile \"%.*s\"", JN_ARG(shown(v->profile)));
    return s;
}

/* ---- what needs a person ------------------------------------------------------------------------------------- */

static const struct {
    const char *property, *what;
} refused[] = {
    { "sso_session", "uses IAM Identity Center (SSO)" },
    { "sso_start_url", "uses IAM Identity Center (SSO)" },
    { "login_session", "uses a console login" },
};

static enum jn_status refuse(const struct visit *v, struct jn_error *err)
{
    const jn_str name = shown(v->profile);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (get(v, refused[i].property).len)
            return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" %s (%s), which needs a person to log in; let the AWS "
                           "CLI get the keys, by a profile with credential_process = aws configure export-credentials "
                           "--profile %.*s, or: eval \"$(aws configure export-credentials --profile %.*s --format "
                           "env)\"", JN_ARG(name), refused[i].what, refused[i].property, JN_ARG(name), JN_ARG(name));
    }
    return JN_NOT_FOUND;
}

/* ---- resolution ---------------------------------------------------------------------------------------------- */

static bool has_role(const struct visit *v)
{
    const bool has_source = get(v, "source_profile").len || get(v, "credential_source").len;
    return get(v, "role_arn").len && (has_source || !get(v, "web_identity_token_file").len);
}

static enum jn_status resolve(const struct visit *v, struct lambda_source **out, struct jn_error *err)
{
    enum jn_status s = JN_NOT_FOUND;
    if (v->from)
        s = make_static(v, out, err);           // a source of another profile gives its keys, role or not
    if (s == JN_NOT_FOUND && has_role(v))
        return make_role(v, out, err);
    if (s == JN_NOT_FOUND && !v->from)
        s = make_static(v, out, err);
    if (s == JN_NOT_FOUND && get(v, "web_identity_token_file").len)
        return make_web(v, out, err);
    if (s == JN_NOT_FOUND && get(v, "credential_process").len)
        return lambda_source_process(v->site, v->profile, get(v, "credential_process"), out, err);
    if (s == JN_NOT_FOUND && get(v, "credential_source").len)
        return make_named(v, out, err);
    if (s == JN_NOT_FOUND)
        s = refuse(v, err);
    if (s == JN_NOT_FOUND && v->from)
        s = jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\", a source_profile, holds no keys and no way to get some",
                    JN_ARG(shown(v->profile)));
    return s;
}

enum jn_status lambda_source_profile(struct lambda_cred_site *site, jn_str profile, struct lambda_source **out,
                                     struct jn_error *err)
{
    const struct visit first = { site, profile, NULL };
    return lambda_profile_exists(site->profiles, profile) ? resolve(&first, out, err) : JN_NOT_FOUND;
}
