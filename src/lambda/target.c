/* target.c - from settings to an endpoint.  First match wins: what was given, environment, profile, the region's own. */
#include "lambda/target.h"

#include <stdio.h>

#include "lambda/endpoint.h"
#include "lambda/setting.h"

/* AWS_ENDPOINT_URL_<SERVICE>, and `services.<service>.endpoint_url` as lambda_cred_setting() names it: in each place
 * the service's own endpoint counts more than the one for all services. */
static jn_str configured_endpoint(const struct lambda_settings *from, const char *service)
{
    char variable[32], property[48];
    snprintf(variable, sizeof variable, "AWS_ENDPOINT_URL_%s", service);
    for (char *c = variable; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c & ~32 : *c);
    snprintf(property, sizeof property, "services.%s.endpoint_url", service);
    const char *text = base_env_get(from->env, variable);
    if (!text)
        text = base_env_get(from->env, "AWS_ENDPOINT_URL");
    if (text)
        return jn_str_of(text);
    const jn_str own = lambda_setting_property(from, property);
    return own.data ? own : lambda_setting_property(from, "endpoint_url");
}

static enum jn_status find_endpoint(struct lambda_target *t, jn_str region, const struct lambda_target_options *opt,
                                    struct jn_error *err)
{
    const struct lambda_settings from = { opt->env, opt->cred, opt->profiles, opt->profile };
    struct lambda_endpoint_options e = { .service = opt->service, .region = region };
    bool is_ignored = false;
    enum jn_status s = JN_OK;
    if (opt->endpoint && *opt->endpoint)
        e.custom = jn_str_of(opt->endpoint);
    else
        s = lambda_setting_switch(&from, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls",
                                  &is_ignored, err);
    if (!e.custom.data && !is_ignored)
        e.custom = configured_endpoint(&from, opt->service);
    if (!s)
        s = lambda_setting_switch(&from, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &e.use_fips, err);
    if (!s)
        s = lambda_setting_switch(&from, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &e.use_dual_stack,
                                  err);
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
    const struct lambda_settings from = { .env = env, .cred = cred };
    return lambda_setting_text(&from, "AWS_CA_BUNDLE", "ca_bundle", NULL).data;
}
