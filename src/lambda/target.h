/* target.h - where calls go: region, endpoint, Host header, from settings, environment and profile (our spec, sections
 * 3.2 to 3.5).  Private to this folder. */
#ifndef LAMBDA_TARGET_H
#define LAMBDA_TARGET_H

#include "base/url.h"
#include "lambda/cred.h"
#include "lambda/profile.h"

struct lambda_target {
    struct jn_buf region;           /* the plain name, without FIPS marks; never empty */
    jn_str signing_region;          /* in the signature: `region`, or where its partition keeps its global services */
    struct jn_buf endpoint;         /* "https://host[:port][/base]", without a slash at its end */
    struct jn_buf host;             /* what the Host header says: lower case, the port unless it is the scheme's own */
    struct base_url url;            /* of `endpoint` */
};

struct lambda_target_options {
    const char *service;            /* "lambda", "sts" */
    const char *region, *endpoint;  /* given by the user; NULL or "": environment, profile, the region's own */
    const struct base_env *env;
    const struct lambda_cred *cred; /* for the profile; NULL: */
    const struct lambda_profiles *profiles;     /* where sources of a chain find it while that is made; NULL: nowhere */
    jn_str profile;
};

/* JN_BAD_VALUE when there is no region, or endpoint and switches do not go together.  Clear it in either case. */
enum jn_status lambda_target_init(struct lambda_target *t, const struct lambda_target_options *opt,
                                  struct jn_error *err);
void lambda_target_clear(struct lambda_target *t);

/* The CA bundle in use: `given`, else AWS_CA_BUNDLE, the profile's; NULL: the system's.  Borrows from them. */
const char *lambda_ca_bundle(const char *given, const struct base_env *env, const struct lambda_cred *cred);

#endif
