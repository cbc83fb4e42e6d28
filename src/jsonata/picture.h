/* picture.h - picture strings: integers (spec 13.2), numbers (13.1), dates (12).
 * A picture is analysed into a small structure first; formatting and parsing then never look at its text. */
#ifndef JSONATA_PICTURE_H
#define JSONATA_PICTURE_H

#include "jsonata/output.h"

/* ---- integers: picture_integer.c ----------------------------------------------------------------------------- */

enum jsonata_numbering {
    NUMBERING_DECIMAL, NUMBERING_LETTERS, NUMBERING_ROMAN, NUMBERING_WORDS,
    NUMBERING_NONE,             /* no digits: refused when it is used */
};
enum jsonata_letter_case { CASE_LOWER, CASE_UPPER, CASE_TITLE };

/* A separator, and how many digits are to the right of it. */
struct jsonata_separator {
    uint32_t position, character;
};

struct jsonata_integer_picture {
    enum jsonata_numbering numbering;
    enum jsonata_letter_case letter_case;
    jn_str token;                           /* NUMBERING_NONE: what stands there */
    bool is_ordinal;
    uint32_t zero;                          /* the digit 0 of the decimal family */
    uint32_t mandatory, optional;           /* digits */
    uint32_t regular;                       /* 0, or: separators[0] repeats every so many digits */
    uint32_t separator_count;
    struct jsonata_separator *separators;   /* from left to right */
};

/* Analyses `picture`, which must live as long, into memory of `a`.  NULL after raising D3131, or when `a` has
 * failed. */
struct jsonata_integer_picture *jsonata_integer_picture(struct jsonata_eval *e, struct jn_arena *a, jn_str picture);

/* The same through the context's cache: valid until the next picture is asked for.  NULL after raising. */
const struct jsonata_integer_picture *jsonata_integer_picture_get(struct jsonata_eval *e, jn_str picture);

/* True for ECMAScript's white space and line terminators. */
bool jsonata_is_blank(uint32_t c);

/* Appends the text of the integer `value`.  Raises D3130 for pictures without digits, D1001 for numbers without end in
 * words, and Roman ones from ten million on. */
void jsonata_put_integer(struct jsonata_output *out, double value, const struct jsonata_integer_picture *p);

/* $formatInteger: the text of floor(value). */
jn_value jsonata_format_integer(struct jsonata_eval *e, double value, jn_str picture);

/* $parseInteger: lenient; NaN for unknown text, and after raising D3130, or T0410 for characters below the
 * picture's digits. */
double jsonata_parse_integer(struct jsonata_eval *e, jn_str text, const struct jsonata_integer_picture *p);

/* Both for the numbering by decimal digits, of a value >= 0 or not a number: picture_decimal.c. */
void jsonata_put_decimal(struct jsonata_output *out, double value, const struct jsonata_integer_picture *p);
double jsonata_parse_decimal(struct jsonata_eval *e, jn_str text, const struct jsonata_integer_picture *p);

/* ---- English: picture_words.c -------------------------------------------------------------------------------- */

/* Appends `value` (an integer >= 0) in words: "one hundred and first". */
void jsonata_put_words(struct jsonata_output *out, double value, enum jsonata_letter_case letter_case, bool is_ordinal);

/* The number in words, or NaN. */
double jsonata_parse_words(jn_str text);

/* What a number in words is made of: words, "and", and one of hyphen, comma, blank.  The length of number `i` of them
 * when `s` starts with it, in any case, else 0. */
size_t jsonata_word_count(void);
size_t jsonata_word_length(jn_str s, size_t i);

/* ---- numbers: picture_number.c ------------------------------------------------------------------------------- */

/* $formatNumber; `options` is an object or undefined. */
jn_value jsonata_format_number(struct jsonata_eval *e, double value, jn_str picture, jn_value options);

/* ---- dates: picture_date.c, date_format.c, date_parse.c ------------------------------------------------------ */

/* $fromMillis with a picture (data NULL: ISO 8601) and a time zone (data NULL: UTC). */
jn_value jsonata_format_date(struct jsonata_eval *e, double millis, jn_str picture, jn_str zone);

/* $toMillis; undefined when the text does not match the picture. */
jn_value jsonata_parse_date(struct jsonata_eval *e, jn_str text, jn_str picture);

/* $toMillis without picture: ISO 8601; D3110. */
jn_value jsonata_parse_iso8601(struct jsonata_eval *e, jn_str text);

#endif
