/* cred_role.h - a role to assume: what sources with keys and sources with tokens have in common.  Private. */
#ifndef LAMBDA_CRED_ROLE_H
#define LAMBDA_CRED_ROLE_H

#include "lambda/cred_source.h"
#include "lambda/sts.h"

struct lambda_role {
    char *arn, *session_name, *external_id;     /* session_name NULL: a new one each time */
    unsigned duration_s;
    struct lambda_target target;                /* STS */
};

/* Fills a zeroed one; JN_BAD_VALUE when role or endpoint cannot be right.  Clear it in either case. */
enum jn_status lambda_role_init(struct lambda_role *r, const struct lambda_cred_site *site,
                                const struct lambda_role_options *opt, struct jn_error *err);
void lambda_role_clear(struct lambda_role *r);

/* As STS is asked for it now; `name` is where a session name of our making goes. */
struct lambda_sts_role lambda_role_now(const struct lambda_role *r, const struct base_clock *clock, char name[64]);

/* How STS is asked; keys are still to be put in. */
enum jn_status lambda_role_sts(const struct lambda_role *r, struct lambda_cred_site *site,
                               struct lambda_sts_options *out, struct jn_error *err);

#endif
