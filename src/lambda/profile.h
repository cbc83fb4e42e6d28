/* profile.h - the INI dialect of ~/.aws/config and ~/.aws/credentials (our spec, section 6.3; "Configuration and
 * credential file settings" of the AWS CLI User Guide). */
#ifndef LAMBDA_PROFILE_H
#define LAMBDA_PROFILE_H

#include "base/env.h"
#include "core/value.h"

struct lambda_profiles;

/* Parses both texts (either may be empty) and merges them, the credentials file winning per property.  Nothing in such
 * a file is an error: lines that mean nothing are skipped, as the official clients do.  JN_NO_MEMORY. */
enum jn_status lambda_profiles_parse(jn_str config, jn_str credentials, struct lambda_profiles **out,
                                     struct jn_error *err);

/* Reads the two files that `env` names (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else under HOME).  A file that
 * does not exist counts as empty; one that cannot be read is an error. */
enum jn_status lambda_profiles_load(const struct base_env *env, struct lambda_profiles **out, struct jn_error *err);
void lambda_profiles_free(struct lambda_profiles *p);

/* Does the profile exist; the value of a property, with a NUL behind it, or {NULL, 0}.  Nested properties are "outer.name"; other sections
 * are "services.NAME" and "sso-session.NAME". */
bool lambda_profile_exists(const struct lambda_profiles *p, jn_str profile);
jn_str lambda_profile_get(const struct lambda_profiles *p, jn_str profile, const char *property);

/* A setting of a profile: a property, or "services.NAME.property", which is `NAME.property` in the section that the
 * profile's `services` names.  `p` may be NULL: nothing is set. */
jn_str lambda_profile_setting(const struct lambda_profiles *p, jn_str profile, const char *setting);

/* All of it as an object of objects, for tests and diagnosis.  Borrows from `p`. */
jn_value lambda_profiles_value(const struct lambda_profiles *p);

#endif
