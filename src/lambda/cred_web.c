/* cred_web.c - the keys of a role, for a token that an identity provider gives to this workload (our spec, section
 * 6.6: IAM roles for service accounts of Kubernetes, OIDC).  The token's file is rewritten by others, so it is read
 * each time, and once more when AWS says that the token is no good: it may have been replaced in between. */
#include <stdlib.h>

#include "lambda/cred_role.h"

struct web_source {
    struct lambda_source head;
    struct lambda_role role;
    char *path;
    const char *path_name;              /* where it was named */
    struct lambda_sts_call *call;       /* NULL: none in flight */
    bool has_read_again;
};

static lambda_cred_fn on_keys;

static enum jn_status ask_sts(struct web_source *s, struct jn_error *err)
{
    struct jn_buf token;
    struct lambda_sts_options opt;
    char name[64];
    const struct lambda_sts_role role = lambda_role_now(&s->role, s->head.site->clock, name);
    jn_buf_init(&token, 0);
    enum jn_status status = lambda_token_read(s->path, s->path_name, &token, err);
    if (!status)
        status = lambda_role_sts(&s->role, s->head.site, &opt, err);
    if (!status)
        status = lambda_sts_assume_role_with_web_identity(&opt, &role, jn_buf_str(&token), on_keys, s, &s->call, err);
    jn_buf_wipe(&token);
    return status;
}

static void fail(struct web_source *s, const struct jn_error *failed)
{
    struct jn_error err = *failed;
    jn_error_prefix(&err, "role %.120s by web identity", s->role.arn);
    lambda_source_answer(&s->head, NULL, &err);
}

static bool is_about_token(const struct jn_error *failed)
{
    return strcmp(failed->code, "ExpiredTokenException") == 0 || strcmp(failed->code, "InvalidIdentityToken") == 0;
}

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct web_source *s = arg;
    struct jn_error err = { 0 };
    s->call = NULL;
    if (!failed) {
        lambda_source_answer(&s->head, keys, NULL);
    } else if (s->has_read_again || !is_about_token(failed)) {
        fail(s, failed);
    } else {
        s->has_read_again = true;
        if (ask_sts(s, &err))
            fail(s, &err);
    }
}

static enum jn_status ask_web(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct web_source *s = (struct web_source *)head;
    (void)done, (void)arg;
    s->has_read_again = false;
    return ask_sts(s, err);
}

static void cancel_web(struct lambda_source *head)
{
    struct web_source *s = (struct web_source *)head;
    if (s->call)
        lambda_sts_cancel(s->call);
    s->call = NULL;
}

static void free_web(struct lambda_source *head)
{
    struct web_source *s = (struct web_source *)head;
    lambda_role_clear(&s->role);
    free(s->path);
    free(s);
}

static const struct lambda_source_type web_type = { ask_web, cancel_web, free_web, false };

static enum jn_status set_up(struct web_source *s, const struct lambda_cred_site *site,
                             const struct lambda_role_options *opt, struct jn_error *err)
{
    s->path_name = opt->token_name;
    s->path = strndup(opt->token_file.data, opt->token_file.len);
    return s->path ? lambda_role_init(&s->role, site, opt, err)
                   : jn_fail(err, JN_NO_MEMORY, "no memory for the path of a token");
}

enum jn_status lambda_source_web(struct lambda_cred_site *site, const struct lambda_role_options *opt,
                                 struct lambda_source **out, struct jn_error *err)
{
    struct web_source *s = lambda_source_new(&web_type, sizeof *s, site, err, "role %.*s by web identity (%s)",
                                             JN_ARG(jn_str_sub(opt->arn, 0, 80)), opt->token_name);
    if (!s)
        return JN_NO_MEMORY;
    const enum jn_status status = set_up(s, site, opt, err);
    if (status)
        lambda_source_free(&s->head);
    else
        *out = &s->head;
    return status;
}

enum jn_status lambda_source_env_web(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err)
{
    const struct base_env *env = site->env;
    static const char variable[] = "AWS_WEB_IDENTITY_TOKEN_FILE";
    const char *path = base_env_get(env, variable), *arn = base_env_get(env, "AWS_ROLE_ARN");
    if (!path)
        return JN_NOT_FOUND;
    if (!arn)
        return jn_fail(err, JN_BAD_VALUE, "%s is set without AWS_ROLE_ARN: set that, too, to the ARN of the role to "
                       "assume, or neither", variable);
    const struct lambda_role_options opt = {
        .arn = jn_str_of(arn), .session_name = jn_str_of(base_env_get(env, "AWS_ROLE_SESSION_NAME")),
        .token_file = jn_str_of(path), .token_name = variable,
    };
    const enum jn_status s = lambda_source_web(site, &opt, out, err);
    if (s)
        jn_error_prefix(err, "%s", "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE");
    return s;
}
