/* name.h - function names: plain, partial ARN, full ARN, each with or without a qualifier (our spec, section 1.1). */
#ifndef LAMBDA_NAME_H
#define LAMBDA_NAME_H

#include "core/status.h"

struct lambda_name {
    jn_str partition, region, account;      /* {NULL, 0}: not in the name */
    jn_str function;
    jn_str qualifier;                       /* {NULL, 0}: none */
};

/* Takes a name apart; parts point into `text`.  JN_BAD_VALUE names what is wrong: empty, too long, a character that is
 * not allowed. */
enum jn_status lambda_name_parse(jn_str text, struct lambda_name *out, struct jn_error *err);

/* A version, an alias or $LATEST: 1 to 128 of letters, digits, - and _, or $LATEST[.PUBLISHED]. */
enum jn_status lambda_qualifier_check(jn_str qualifier, struct jn_error *err);

#endif
