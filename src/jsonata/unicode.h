/* unicode.h - case and white space by Unicode's tables, independent of the locale; unicode.c alone includes
 * libunistring. */
#ifndef JSONATA_UNICODE_H
#define JSONATA_UNICODE_H

#include "jsonata/eval.h"

/* Full case mapping (SpecialCasing.txt, final sigma included, no locale): $uppercase, $lowercase.  ASCII is done
 * without the tables.  undefined after raising. */
jn_value jsonata_upper(struct jsonata_eval *e, jn_str s);
jn_value jsonata_lower(struct jsonata_eval *e, jn_str s);

#endif
