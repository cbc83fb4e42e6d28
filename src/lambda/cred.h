/* cred.h - AWS credentials: a chain of sources, of which the first that is configured gives the keys; one that is
 * configured but faulty is an error, never skipped (our spec, section 6.1).  Settings, environment, shared files,
 * roles, programs, web identities, containers, instances: docs/credentials.md.
 *
 * Keys that end are renewed ahead of their end, once for everybody, while the old ones are still given out. */
#ifndef LAMBDA_CRED_H
#define LAMBDA_CRED_H

#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"

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
    const struct base_env *env;     /* required; during the call */
    const struct base_clock *clock; /* required */
    const char *role_arn, *external_id, *role_session_name; /* a role to assume with what the chain gives; NULL: none */
    unsigned role_duration_s;       /* 0: 3600 */
    const char *region;             /* of STS; NULL: that of environment or profile, else us-east-1 */
    const char *ca_bundle;          /* NULL: AWS_CA_BUNDLE, profile, else the system's */
    const char *extra_ca;           /* PEM file of authorities beside the system's; a bundle has precedence */
    struct base_random *random;     /* NULL: the system's */
    const struct base_log *log;     /* what was asked and what came of it; never a secret.  NULL: silence */
};

struct lambda_cred;     /* the chain */

/* Decides which source is configured; asks nobody yet.  JN_BAD_VALUE when it is set up in a way that cannot work. */
enum jn_status lambda_cred_new(struct base_loop *l, const struct lambda_cred_options *opt, struct lambda_cred **out,
                               struct jn_error *err);

/* Ends whatever is being asked; nobody is called back any more. */
void lambda_cred_free(struct lambda_cred *c);

/* `keys` is borrowed (take a ref to keep it) and NULL when `failed` tells why there are none. */
typedef void lambda_cred_fn(struct lambda_keys *keys, const struct jn_error *failed, void *arg);

/* Keys already at hand, or NULL: the way that costs nothing.  Starts to renew them when it is time. */
struct lambda_keys *lambda_cred_cached(struct lambda_cred *c);

/* Calls back once, never inside the call, with keys or the reason; all who wait are served by one asking. */
enum jn_status lambda_cred_get(struct lambda_cred *c, lambda_cred_fn *fn, void *arg, struct jn_error *err);

/* The service says that `keys` have expired or are no longer good: they are not given out again.  False when they are
 * the only ones that will ever be (static keys), so that trying again makes no sense. */
bool lambda_cred_refuse(struct lambda_cred *c, const struct lambda_keys *keys);

/* What the keys come from, for people: "the environment", "role arn:... with the keys of profile "dev"", ... */
const char *lambda_cred_source(const struct lambda_cred *c);

/* The region that environment and profile name: AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; NULL: none.
 * And other settings of the profile, {NULL, 0} when unset: "endpoint_url", "services.lambda.endpoint_url",
 * "ca_bundle". */
const char *lambda_cred_region(const struct lambda_cred *c);
jn_str lambda_cred_setting(const struct lambda_cred *c, const char *property);

#endif
