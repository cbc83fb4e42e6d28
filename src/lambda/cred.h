/* cred.h - AWS credentials: a chain of sources, asked in order.  A source that is absent is skipped; one that is
 * configured but faulty ends the chain with its error (our spec, section 6.1).
 * Getting credentials is asynchronous in form, since sources to come ask servers; static keys, environment and shared
 * files answer in the next round of the loop. */
#ifndef LAMBDA_CRED_H
#define LAMBDA_CRED_H

#include "base/clock.h"
#include "base/env.h"
#include "base/loop.h"

/* A set of keys.  Shared between calls in flight: lambda_keys_ref() and _unref(); the last one wipes them. */
struct lambda_keys;
/* NULL without memory.  `session_token` may be {NULL, 0}; expires_ms 0: never. */
struct lambda_keys *lambda_keys_new(jn_str access_key, jn_str secret_key, jn_str session_token, int64_t expires_ms);
struct lambda_keys *lambda_keys_ref(struct lambda_keys *k);
void lambda_keys_unref(struct lambda_keys *k);
jn_str lambda_keys_access(const struct lambda_keys *k);
jn_str lambda_keys_secret(const struct lambda_keys *k);
jn_str lambda_keys_token(const struct lambda_keys *k);      /* {NULL, 0}: none */
int64_t lambda_keys_expires_ms(const struct lambda_keys *k);    /* 0: never */

struct lambda_cred_options {
    const char *access_key, *secret_key, *session_token;    /* explicit: first in the chain; both keys or none */
    const char *profile;            /* explicit profile; NULL: AWS_PROFILE, else "default" */
    const struct base_env *env;     /* required */
    const struct base_clock *clock; /* required */
};

struct lambda_cred;     /* the chain */

enum jn_status lambda_cred_new(struct base_loop *l, const struct lambda_cred_options *opt, struct lambda_cred **out,
                               struct jn_error *err);
void lambda_cred_free(struct lambda_cred *c);

/* `keys` is borrowed (take a ref to keep it) and NULL when `failed` tells why there are none. */
typedef void lambda_cred_fn(struct lambda_keys *keys, const struct jn_error *failed, void *arg);

/* Keys already at hand, or NULL: the way that costs nothing. */
struct lambda_keys *lambda_cred_cached(struct lambda_cred *c);

/* Calls back once with keys or the reason. */
enum jn_status lambda_cred_get(struct lambda_cred *c, lambda_cred_fn *fn, void *arg, struct jn_error *err);

/* The service says that these keys have expired or are no longer good: they are not given out again where there may be
 * others.  Keys that were given or written down stay: whoever asks gets them again, and can tell. */
void lambda_cred_refuse(struct lambda_cred *c, const struct lambda_keys *keys);

/* The region that environment and profile name: AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; NULL: none.
 * And other settings of the profile, {NULL, 0} when unset: "endpoint_url", "services.lambda.endpoint_url",
 * "ca_bundle". */
const char *lambda_cred_region(const struct lambda_cred *c);
jn_str lambda_cred_setting(const struct lambda_cred *c, const char *property);

#endif
