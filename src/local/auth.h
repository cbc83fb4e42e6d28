/* auth.h - is a request signed by one of the key pairs that may call?  And if not, what AWS says (our spec, sections 1.8
 * and 4.3). */
#ifndef LOCAL_AUTH_H
#define LOCAL_AUTH_H

#include "lambda/sigv4.h"
#include "local/refusal.h"
#include "local/site.h"

/* Checks the signature of `req` for `service` ("lambda", "sts") against the site's keys and region at `now_ms`.  False
 * with the refusal filled in. */
bool local_auth_check(const struct local_site *site, const struct lambda_sigv4_request *req, const char *service,
                      int64_t now_ms, struct local_refusal *refusal);

#endif
