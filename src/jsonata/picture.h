/* picture.h - picture strings: integers (spec 13.2), numbers (13.1), dates (12). */
#ifndef JSONATA_PICTURE_H
#define JSONATA_PICTURE_H

#include "jsonata/eval.h"

/* An analysed integer picture: primary form, grouping, ordinal. */
struct jsonata_integer_picture;

/* NULL after raising D3130, D3131. */
struct jsonata_integer_picture *jsonata_integer_picture(struct jsonata_eval *e, jn_str picture);

/* $formatInteger: the text of floor(value). */
jn_value jsonata_format_integer(struct jsonata_eval *e, double value, const struct jsonata_integer_picture *p);

/* $parseInteger: lenient; NaN for unknown text. */
double jsonata_parse_integer(struct jsonata_eval *e, jn_str text, const struct jsonata_integer_picture *p);

/* $formatNumber; `options` is an object or undefined. */
jn_value jsonata_format_number(struct jsonata_eval *e, double value, jn_str picture, jn_value options);

/* $fromMillis with a picture ({NULL, 0}: ISO 8601) and a time zone ({NULL, 0}: UTC). */
jn_value jsonata_format_date(struct jsonata_eval *e, double millis, jn_str picture, jn_str zone);

/* $toMillis; undefined when the text does not match the picture. */
jn_value jsonata_parse_date(struct jsonata_eval *e, jn_str text, jn_str picture);

/* $toMillis without picture: ISO 8601; D3110. */
jn_value jsonata_parse_iso8601(struct jsonata_eval *e, jn_str text);

#endif
