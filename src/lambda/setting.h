/* setting.h - settings that the environment or the profile make.  Private to this folder. */
#ifndef LAMBDA_SETTING_H
#define LAMBDA_SETTING_H

#include "lambda/cred.h"
#include "lambda/profile.h"

/* Where to look: a variable of the environment, else a property of the profile (NULL: there is none for it). */
struct lambda_settings {
    const struct base_env *env;
    const struct lambda_cred *cred;     /* for the profile; NULL: */
    const struct lambda_profiles *profiles;     /* where sources of a chain find it while that is made; NULL: nowhere */
    jn_str profile;
};

/* The property of the profile; {NULL, 0}: unset. */
jn_str lambda_setting_property(const struct lambda_settings *from, const char *property);

/* {NULL, 0}: neither is set.  `*source` (may be NULL) becomes the name of the one that is. */
jn_str lambda_setting_text(const struct lambda_settings *from, const char *variable, const char *property,
                           const char **source);

/* "true" or "false" in any case; unset is false, anything else JN_BAD_VALUE. */
enum jn_status lambda_setting_switch(const struct lambda_settings *from, const char *variable, const char *property,
                                     bool *out, struct jn_error *err);

/* A whole number from 1 to `max`; unset is 0, anything else JN_BAD_VALUE. */
enum jn_status lambda_setting_number(const struct lambda_settings *from, const char *variable, const char *property,
                                     unsigned max, unsigned *out, struct jn_error *err);

#endif
