/* sts.h - the AWS Security Token Service (our spec, section 2.2): who a pair of keys belongs to (GetCallerIdentity,
 * which needs no permission, so that an answer means that the keys are good), and temporary keys of a role.
 *
 * Asking twice does no harm here, so whatever may pass is tried again in the standard mode of AWS's clients. */
#ifndef LAMBDA_STS_H
#define LAMBDA_STS_H

#include "base/http.h"
#include "base/random.h"
#include "lambda/cred.h"

struct lambda_target;

struct lambda_sts_options {
    struct base_http *http;         /* borrowed until the callback */
    const struct base_env *env;     /* AWS_REGION, AWS_ENDPOINT_URL_STS, ...: when there is no `target` */
    const struct base_clock *clock;
    struct lambda_keys *keys;       /* who asks */
    const char *region;             /* NULL: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1 */
    int64_t timeout_ms;             /* of one attempt; 0: 15 s */
    struct base_loop *loop;         /* for pauses between attempts; NULL: there is one attempt */
    struct base_random *random;     /* NULL: the system's */
    const struct lambda_target *target;     /* where STS is (target.h), borrowed until the callback; NULL: see above */
};

/* Texts are valid during the callback. */
struct lambda_identity {
    jn_str account, arn, user_id;
};

/* `failed` is NULL for keys that are good.  JN_REMOTE: AWS refused them, with its code and a sentence that says what to
 * do; anything else: AWS could not be asked. */
typedef void lambda_sts_fn(const struct jn_error *failed, const struct lambda_identity *who, void *arg);

struct lambda_sts_call;

/* Calls back once, never inside the call; so do the two below. */
enum jn_status lambda_sts_ask(const struct lambda_sts_options *opt, lambda_sts_fn *fn, void *arg,
                              struct lambda_sts_call **out, struct jn_error *err);

/* The role to assume. */
struct lambda_sts_role {
    jn_str arn, session_name;       /* both required; for the second see lambda_session_name() */
    jn_str external_id;             /* {NULL, 0}: none */
    unsigned duration_s;            /* 0: 3600 */
};

/* JN_BAD_VALUE when something about the role cannot be right, so that STS need not be asked: what, and why. */
enum jn_status lambda_sts_role_check(const struct lambda_sts_role *role, struct jn_error *err);

/* A session name that nobody else uses: "aws-lambda-component-" and milliseconds.  `out` needs 64 bytes. */
void lambda_session_name(char out[64], const struct base_clock *clock);

/* AssumeRole, with `keys`; AssumeRoleWithWebIdentity with a token of the role's identity provider, not signed.
 * `failed` as above; its code is STS's. */
enum jn_status lambda_sts_assume_role(const struct lambda_sts_options *opt, const struct lambda_sts_role *role,
                                      lambda_cred_fn *fn, void *arg, struct lambda_sts_call **out,
                                      struct jn_error *err);
enum jn_status lambda_sts_assume_role_with_web_identity(const struct lambda_sts_options *opt,
                                                        const struct lambda_sts_role *role, jn_str token,
                                                        lambda_cred_fn *fn, void *arg, struct lambda_sts_call **out,
                                                        struct jn_error *err);

/* Ends it without the callback. */
void lambda_sts_cancel(struct lambda_sts_call *c);

#endif
