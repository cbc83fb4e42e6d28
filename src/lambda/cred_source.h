/* cred_source.h - the sources of the chain; private to this folder.  A source gives JN_OK with keys that the caller
 * owns, JN_NOT_FOUND (and no error) when it is absent, or the reason why it is set up but cannot be used. */
#ifndef LAMBDA_CRED_SOURCE_H
#define LAMBDA_CRED_SOURCE_H

#include "lambda/cred.h"
#include "lambda/profile.h"

/* A pair as some place gave it; NULL or "" is unset.  The names are for sentences: "AWS_ACCESS_KEY_ID", ... */
struct lambda_key_pair {
    jn_str access, secret, token;
    const char *access_name, *secret_name, *token_name;
    const char *place;              /* "the environment", "profile "dev"" */
    int64_t expires_ms;             /* 0: never */
};

/* Keys from a whole pair, JN_NOT_FOUND from none, JN_BAD_VALUE from half of one or from text that cannot be a key.  No
 * sentence quotes a secret. */
enum jn_status lambda_keys_of(const struct lambda_key_pair *pair, struct lambda_keys **out, struct jn_error *err);

/* The environment's keys. */
enum jn_status lambda_cred_from_env(const struct base_env *env, const struct base_clock *clock,
                                    struct lambda_keys **out, struct jn_error *err);

/* Sources that the environment sets up and this program cannot ask: JN_BAD_VALUE naming them, else JN_NOT_FOUND.  The
 * first comes before profiles in the chain, the second after them. */
enum jn_status lambda_cred_env_web_identity(const struct base_env *env, struct jn_error *err);
enum jn_status lambda_cred_env_container(const struct base_env *env, struct jn_error *err);

/* A profile's static keys. */
enum jn_status lambda_cred_from_profile(const struct lambda_profiles *profiles, jn_str profile,
                                        struct lambda_keys **out, struct jn_error *err);

#endif
