/* target.h - where calls go: region, endpoint, Host header, from options, environment and profile (our spec, sections
 * 3.2 to 3.5).  Private to this folder. */
#ifndef LAMBDA_TARGET_H
#define LAMBDA_TARGET_H

#include "base/url.h"
#include "lambda/client.h"

struct lambda_target {
    struct jn_buf region;           /* the plain name, without FIPS marks; never empty */
    struct jn_buf endpoint;         /* "https://host[:port][/base]", without a slash at its end */
    struct jn_buf host;             /* what the Host header says: lower case, the port unless it is the scheme's own */
    struct base_url url;            /* of `endpoint` */
};

/* JN_BAD_VALUE when there is no region, or endpoint and switches do not go together.  Clear it in either case. */
enum jn_status lambda_target_init(struct lambda_target *t, const struct lambda_client_options *opt,
                                  const struct lambda_cred *cred, struct jn_error *err);
void lambda_target_clear(struct lambda_target *t);

/* The CA bundle in use; NULL: the system's.  Borrows from options, environment or `cred`. */
const char *lambda_ca_bundle(const struct lambda_client_options *opt, const struct lambda_cred *cred);

#endif
