/* date_match.h - which piece of a text belongs to which part of a date picture: $toMillis. */
#ifndef JSONATA_DATE_MATCH_H
#define JSONATA_DATE_MATCH_H

#include "jsonata/picture_date.h"

struct date_span {
    size_t from, to;            /* bytes */
};

/* Matches the picture, whose parts can all be read, against all of `text`; spans has room for one per part.  False when
 * it does not match, or after raising. */
bool date_match(struct jsonata_eval *e, const struct jsonata_date_picture *picture, jn_str text,
                struct date_span *spans);

/* What stands between hours and minutes of a zone; 0: nothing. */
uint32_t date_zone_separator(const struct jsonata_date_part *part);

#endif
