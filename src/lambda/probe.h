/* probe.h - questions about the way to the service that no invocation asks: is somebody there, and who are we?  For
 * looking into things; nothing is invoked by them. */
#ifndef LAMBDA_PROBE_H
#define LAMBDA_PROBE_H

#include "lambda/client.h"
#include "lambda/preview.h"
#include "lambda/sts.h"

/* What an unsigned GET of the endpoint came to: an answer with any HTTP status is one.  `peer` is in it. */
struct lambda_probe {
    const struct base_http_response *answer;
    bool has_clock;                 /* the answer says what time it is */
    int64_t clock_offset_ms;        /* the service's clock minus ours, to a second */
};

typedef void lambda_probe_fn(const struct lambda_probe *p, void *arg);

/* Calls back once, never inside the call. */
enum jn_status lambda_client_probe(struct lambda_client *c, lambda_probe_fn *fn, void *arg, struct jn_error *err);

/* Who the keys belong to. */
struct lambda_whoami {
    const struct jn_error *no_keys;     /* the source gave none */
    const struct jn_error *failed;      /* there are keys, but STS did not say yes: JN_REMOTE, or could not be asked */
    const struct lambda_identity *who;  /* NULL: see above */
    char access_key[LAMBDA_MASKED_KEY];
    bool has_session;
    int64_t expires_ms;                 /* 0: never */
};

typedef void lambda_whoami_fn(const struct lambda_whoami *w, void *arg);

/* Asks the client's source of keys, and GetCallerIdentity with them, once.  Calls back once, never inside the call.  The
 * client must not be freed before. */
enum jn_status lambda_client_whoami(struct lambda_client *c, const struct base_env *env, lambda_whoami_fn *fn,
                                    void *arg, struct jn_error *err);

#endif
