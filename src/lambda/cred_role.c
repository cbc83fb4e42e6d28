/* cred_role.c - the keys of a role: those of another source, exchanged at AWS STS (our spec, section 6.5). */
#include <stdio.h>
#include <stdlib.h>

#include "lambda/cred_role.h"

/* ---- the role, for both ways to assume one ------------------------------------------------------------------- */

static bool copy(char **to, jn_str text)
{
    if (!text.len)
        return true;
    *to = strndup(text.data, text.len);
    return *to != NULL;
}

static enum jn_status find_target(struct lambda_role *r, const struct lambda_cred_site *site,
                                  const struct lambda_role_options *opt, struct jn_error *err)
{
    const char *region = opt->region && *opt->region ? opt->region : site->region;
    const struct lambda_target_options target = {
        .service = "sts", .region = region && *region ? region : "us-east-1", .env = site->env,
        .profiles = site->profiles, .profile = opt->profile.len ? opt->profile : site->profile,
    };
    return lambda_target_init(&r->target, &target, err);
}

enum jn_status lambda_role_init(struct lambda_role *r, const struct lambda_cred_site *site,
                                const struct lambda_role_options *opt, struct jn_error *err)
{
    r->duration_s = opt->duration_s;
    if (!copy(&r->arn, opt->arn) || !copy(&r->session_name, opt->session_name) ||
        !copy(&r->external_id, opt->external_id))
        return jn_fail(err, JN_NO_MEMORY, "no memory for a role");
    char name[64];
    const struct lambda_sts_role role = lambda_role_now(r, site->clock, name);
    const enum jn_status s = lambda_sts_role_check(&role, err);
    return s ? s : find_target(r, site, opt, err);
}

void lambda_role_clear(struct lambda_role *r)
{
    lambda_target_clear(&r->target);
    free(r->arn);
    free(r->session_name);
    free(r->external_id);
}

struct lambda_sts_role lambda_role_now(const struct lambda_role *r, const struct base_clock *clock, char name[64])
{
    if (!r->session_name)
        lambda_session_name(name, clock);
    return (struct lambda_sts_role){
        .arn = jn_str_of(r->arn),
        .session_name = jn_str_of(r->session_name ? r->session_name : name),
        .external_id = jn_str_of(r->external_id),
        .duration_s = r->duration_s,
    };
}

enum jn_status lambda_role_sts(const struct lambda_role *r, struct lambda_cred_site *site,
                               struct lambda_sts_options *out, struct jn_error *err)
{
    *out = (struct lambda_sts_options){ .clock = site->clock, .loop = site->loop, .random = site->random,
                                        .target = &r->target };
    return lambda_cred_http(site, &out->http, err);
}

/* ---- the source ---------------------------------------------------------------------------------------------- */

struct role_source {
    struct lambda_source head;
    struct lambda_source *base;
    struct lambda_role role;
    struct lambda_sts_call *call;       /* NULL: none in flight */
};

/* The reason, and whose it is. */
static void fail(struct role_source *s, const struct jn_error *failed)
{
    struct jn_error err = *failed;
    jn_error_prefix(&err, "role %.120s", s->role.arn);
    lambda_source_answer(&s->head, NULL, &err);
}

static void on_role_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct role_source *s = arg;
    s->call = NULL;
    if (failed)
        fail(s, failed);
    else
        lambda_source_answer(&s->head, keys, NULL);
}

static void on_base_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct role_source *s = arg;
    struct jn_error err = { 0 };
    struct lambda_sts_options opt;
    if (failed) {
        fail(s, failed);
        return;
    }
    char name[64];
    const struct lambda_sts_role role = lambda_role_now(&s->role, s->head.site->clock, name);
    enum jn_status status = lambda_role_sts(&s->role, s->head.site, &opt, &err);
    opt.keys = keys;
    if (!status)
        status = lambda_sts_assume_role(&opt, &role, on_role_keys, s, &s->call, &err);
    if (status)
        fail(s, &err);
}

static enum jn_status ask_role(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct role_source *s = (struct role_source *)head;
    (void)done, (void)arg;
    return lambda_source_ask(s->base, on_base_keys, s, err);
}

static void cancel_role(struct lambda_source *head)
{
    struct role_source *s = (struct role_source *)head;
    if (s->call)
        lambda_sts_cancel(s->call);
    s->call = NULL;
    if (s->base)
        lambda_source_cancel(s->base);
}

static void free_role(struct lambda_source *head)
{
    struct role_source *s = (struct role_source *)head;
    lambda_source_free(s->base);
    lambda_role_clear(&s->role);
    free(s);
}

static const struct lambda_source_type role_type = { ask_role, cancel_role, free_role, false };

enum jn_status lambda_source_role(struct lambda_cred_site *site, const struct lambda_role_options *opt,
                                  struct lambda_source *base, struct lambda_source **out, struct jn_error *err)
{
    struct role_source *s = lambda_source_new(&role_type, sizeof *s, site, err, "role %.*s with the keys of %s",
                                              JN_ARG(jn_str_sub(opt->arn, 0, 80)), base->name);
    if (!s) {
        lambda_source_free(base);
        return JN_NO_MEMORY;
    }
    s->base = base;
    const enum jn_status status = lambda_role_init(&s->role, site, opt, err);
    if (status)
        lambda_source_free(&s->head);
    else
        *out = &s->head;
    return status;
}
