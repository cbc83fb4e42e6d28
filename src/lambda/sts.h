/* sts.h - asks AWS who a pair of keys belongs to: STS GetCallerIdentity, which needs no permission, so that an answer
 * means that the keys are good (our spec, section 2). */
#ifndef LAMBDA_STS_H
#define LAMBDA_STS_H

#include "base/http.h"
#include "lambda/cred.h"

struct lambda_sts_options {
    struct base_http *http;         /* borrowed until the callback */
    const struct base_env *env;     /* AWS_REGION, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL */
    const struct base_clock *clock;
    struct lambda_keys *keys;       /* borrowed during the call */
    const char *region;             /* NULL: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1 */
    int64_t timeout_ms;             /* 0: 15 s */
};

/* Texts are valid during the callback. */
struct lambda_identity {
    jn_str account, arn, user_id;
};

/* `failed` is NULL for keys that are good.  JN_REMOTE: AWS refused them, with its code and a sentence that says what to
 * do; anything else: AWS could not be asked. */
typedef void lambda_sts_fn(const struct jn_error *failed, const struct lambda_identity *who, void *arg);

struct lambda_sts_call;

/* Calls back once, never inside the call. */
enum jn_status lambda_sts_ask(const struct lambda_sts_options *opt, lambda_sts_fn *fn, void *arg,
                              struct lambda_sts_call **out, struct jn_error *err);

/* Ends it without the callback. */
void lambda_sts_cancel(struct lambda_sts_call *c);

#endif
