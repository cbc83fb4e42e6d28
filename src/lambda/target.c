/* target.c - from settings to an endpoint.  First match wins: what was given, environment, profile, the region's own. */
#include "lambda/target.h"

#include <stdio.h>
#include <strings.h>

#include "lambda/endpoint.h"

/* A property of the profile; {NULL, 0}: unset. */
static jn_str setting(const struct lambda_target_options *opt, const char *property)
{
    return opt->cred ? lambda_cred_setting(opt->cred, property)
                     : lambda_profile_setting(opt->profiles, opt->profile, property);
}

/* A switch's value: "true" or "false", from the environment, else the profile; anything else is an error. */
static enum jn_status read_switch(const struct lambda_target_options *opt, const char *variable, const char *property,
                                  bool *out, struct jn_error *err)
{
    const char *text = base_env_get(opt->env, variable);
    const jn_str value = text ? jn_str_of(text) : setting(opt, property);
    *out = value.len == 4 && strncasecmp(value.data, "true", 4) == 0;
    if (*out || value.len == 0 || (value.len == 5 && strncasecmp(value.data, "false", 5) == 0))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be true or false", text ? variable : property,
                   JN_ARG(jn_str_sub(value, 0, 40)));
}

/* AWS_ENDPOINT_URL_<SERVICE>, and `services.<service>.endpoint_url` as lambda_cred_setting() names it. */
static const char *env_endpoint(const struct lambda_target_options *opt)
{
    char name[32] = "AWS_ENDPOINT_URL_";
    size_t len = strlen(name);
    for (const char *c = opt->service; *c && len + 1 < sizeof name; c++)
        name[len++] = (char)(*c & ~32);
    name[len] = '\0';
    const char *text = base_env_get(opt->env, name);
    return text ? text : base_env_get(opt->env, "AWS_ENDPOINT_URL");
}

static jn_str profile_endpoint(const struct lambda_target_options *opt)
{
    char name[48];
    snprintf(name, sizeof name, "services.%s.endpoint_url", opt->service);
    const jn_str text = setting(opt, name);
    return text.data ? text : setting(opt, "endpoint_url");
}

/* The endpoint that was set somewhere, else {NULL, 0}. */
static enum jn_status find_custom(const struct lambda_target_options *opt, jn_str *out, struct jn_error *err)
{
    *out = (jn_str){ NULL, 0 };
    if (opt->endpoint && *opt->endpoint) {
        *out = jn_str_of(opt->endpoint);
        return JN_OK;
    }
    bool is_ignored;
    const enum jn_status s = read_switch(opt, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls",
                                         &is_ignored, err);
    if (s || is_ignored)
        return s;
    const char *text = env_endpoint(opt);
    *out = text ? jn_str_of(text) : profile_endpoint(opt);
    return JN_OK;
}

static enum jn_status find_endpoint(struct lambda_target *t, jn_str region, const struct lambda_target_options *opt,
                                    struct jn_error *err)
{
    struct lambda_endpoint_options e = { .service = opt->service, .region = region };
    enum jn_status s = find_custom(opt, &e.custom, err);
    if (!s)
        s = read_switch(opt, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &e.use_fips, err);
    if (!s)
        s = read_switch(opt, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &e.use_dual_stack, err);
    return s ? s : lambda_endpoint(&e, &t->endpoint, err);
}

/* Host is signed, so it must be exactly what is sent. */
static enum jn_status set_host(struct lambda_target *t, struct jn_error *err)
{
    const enum jn_status s = base_url_parse(jn_buf_str(&t->endpoint), &t->url, err);
    if (s)
        return s;
    for (size_t i = 0; i < t->url.host.len; i++) {
        const char c = t->url.host.data[i];
        jn_buf_append_char(&t->host, (char)(c >= 'A' && c <= 'Z' ? c | 32 : c));
    }
    if (t->url.port != (t->url.is_https ? 443 : 80))
        jn_buf_append_fmt(&t->host, ":%d", t->url.port);
    return t->host.failed ? jn_fail(err, t->host.failed, "no memory for the endpoint") : JN_OK;
}

/* The region's name as it was given, which may carry a FIPS mark. */
static const char *find_region(const struct lambda_target_options *opt)
{
    if (opt->region && *opt->region)
        return opt->region;
    if (opt->cred)
        return lambda_cred_region(opt->cred);
    const char *region = base_env_get(opt->env, "AWS_REGION");
    return region ? region : base_env_get(opt->env, "AWS_DEFAULT_REGION");
}

enum jn_status lambda_target_init(struct lambda_target *t, const struct lambda_target_options *opt,
                                  struct jn_error *err)
{
    *t = (struct lambda_target){ 0 };
    jn_buf_init(&t->region, 0);
    jn_buf_init(&t->endpoint, 0);
    jn_buf_init(&t->host, 0);
    const char *name = find_region(opt);
    if (!name)
        return jn_fail(err, JN_BAD_VALUE, "no AWS region: give one, for example us-east-1, or set AWS_REGION, or "
                       "\"region\" in a profile of ~/.aws/config");
    bool is_fips;
    const jn_str region = lambda_region_plain(jn_str_of(name), &is_fips);
    enum jn_status s = lambda_region_check(region, err);
    if (s)
        return s;
    jn_buf_append(&t->region, region);
    if (t->region.failed)
        return jn_fail(err, t->region.failed, "no memory for the AWS region");
    t->signing_region = lambda_signing_region(jn_buf_str(&t->region));
    s = find_endpoint(t, jn_str_of(name), opt, err);
    return s ? s : set_host(t, err);
}

void lambda_target_clear(struct lambda_target *t)
{
    jn_buf_clear(&t->region);
    jn_buf_clear(&t->endpoint);
    jn_buf_clear(&t->host);
}

const char *lambda_ca_bundle(const char *given, const struct base_env *env, const struct lambda_cred *cred)
{
    if (given && *given)
        return given;
    const char *path = base_env_get(env, "AWS_CA_BUNDLE");
    return path || !cred ? path : lambda_cred_setting(cred, "ca_bundle").data;
}
