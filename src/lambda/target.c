/* target.c - from settings to an endpoint.  First match wins: options, environment, profile, the region's own. */
#include "lambda/target.h"

#include <strings.h>

#include "lambda/endpoint.h"

/* A switch's value: "true" or "false", from the environment, else the profile; anything else is an error. */
static enum jn_status read_switch(const struct base_env *env, const char *variable, const struct lambda_cred *cred,
                                  const char *property, bool *out, struct jn_error *err)
{
    const char *text = base_env_get(env, variable);
    const jn_str value = text ? jn_str_of(text) : lambda_cred_setting(cred, property);
    *out = value.len == 4 && strncasecmp(value.data, "true", 4) == 0;
    if (*out || value.len == 0 || (value.len == 5 && strncasecmp(value.data, "false", 5) == 0))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is \"%.*s\"; it must be true or false", text ? variable : property,
                   JN_ARG(jn_str_sub(value, 0, 40)));
}

/* The endpoint that was set somewhere, else {NULL, 0}. */
static enum jn_status find_custom(const struct lambda_client_options *opt, const struct lambda_cred *cred, jn_str *out,
                                  struct jn_error *err)
{
    const struct base_env *env = opt->cred.env;
    *out = (jn_str){ NULL, 0 };
    if (opt->endpoint && *opt->endpoint) {
        *out = jn_str_of(opt->endpoint);
        return JN_OK;
    }
    bool is_ignored;
    const enum jn_status s = read_switch(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", cred,
                                         "ignore_configured_endpoint_urls", &is_ignored, err);
    if (s || is_ignored)
        return s;
    const char *text = base_env_get(env, "AWS_ENDPOINT_URL_LAMBDA");
    if (!text)
        text = base_env_get(env, "AWS_ENDPOINT_URL");
    *out = text ? jn_str_of(text) : lambda_cred_setting(cred, "services.lambda.endpoint_url");
    if (!out->data)
        *out = lambda_cred_setting(cred, "endpoint_url");
    return JN_OK;
}

static enum jn_status find_endpoint(struct lambda_target *t, jn_str region, const struct lambda_client_options *opt,
                                    const struct lambda_cred *cred, struct jn_error *err)
{
    const struct base_env *env = opt->cred.env;
    struct lambda_endpoint_options e = { .service = "lambda", .region = region };
    enum jn_status s = find_custom(opt, cred, &e.custom, err);
    if (!s)
        s = read_switch(env, "AWS_USE_FIPS_ENDPOINT", cred, "use_fips_endpoint", &e.use_fips, err);
    if (!s)
        s = read_switch(env, "AWS_USE_DUALSTACK_ENDPOINT", cred, "use_dualstack_endpoint", &e.use_dual_stack, err);
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

enum jn_status lambda_target_init(struct lambda_target *t, const struct lambda_client_options *opt,
                                  const struct lambda_cred *cred, struct jn_error *err)
{
    *t = (struct lambda_target){ 0 };
    jn_buf_init(&t->region, 0);
    jn_buf_init(&t->endpoint, 0);
    jn_buf_init(&t->host, 0);
    const char *name = opt->region && *opt->region ? opt->region : lambda_cred_region(cred);
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
    s = find_endpoint(t, jn_str_of(name), opt, cred, err);
    return s ? s : set_host(t, err);
}

void lambda_target_clear(struct lambda_target *t)
{
    jn_buf_clear(&t->region);
    jn_buf_clear(&t->endpoint);
    jn_buf_clear(&t->host);
}

const char *lambda_ca_bundle(const struct lambda_client_options *opt, const struct lambda_cred *cred)
{
    if (opt->ca_bundle && *opt->ca_bundle)
        return opt->ca_bundle;
    const char *path = base_env_get(opt->cred.env, "AWS_CA_BUNDLE");
    return path ? path : lambda_cred_setting(cred, "ca_bundle").data;
}
