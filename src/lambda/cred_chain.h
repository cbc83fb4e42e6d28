/* cred_chain.h - the choice of a source.  Private. */
#ifndef LAMBDA_CRED_CHAIN_H
#define LAMBDA_CRED_CHAIN_H

#include "lambda/cred_source.h"

/* The configured source; NULL: there is none, and no instance metadata either.  *is_last_resort: nothing is configured,
 * and the source is the instance's metadata, which may be absent.  JN_BAD_VALUE and its like: what is configured cannot
 * work. */
enum jn_status lambda_chain_make(struct lambda_cred_site *site, const struct lambda_cred_options *opt, jn_str profile,
                                 struct lambda_source **out, bool *is_last_resort, struct jn_error *err);

/* The sentence for no keys at all: where was looked.  `metadata` says what became of that. */
void lambda_chain_explain(const struct lambda_profiles *profiles, jn_str profile, const char *metadata,
                          struct jn_error *err);

#endif
