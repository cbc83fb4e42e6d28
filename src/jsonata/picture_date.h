/* picture_date.h - the analysed form of a date picture; shared by picture_date.c, date_format.c and date_parse.c. */
#ifndef JSONATA_PICTURE_DATE_H
#define JSONATA_PICTURE_DATE_H

#include "jsonata/datetime.h"
#include "jsonata/picture.h"

enum jsonata_part_form {
    PART_LITERAL,
    PART_NAME,          /* month, weekday, am and pm, era */
    PART_INTEGER,
    PART_ZONE,
};

struct jsonata_date_part {
    enum jsonata_part_form form;
    char component;                         /* Y M D d F W w X x H h P m s f Z z C E; 0 for a literal */
    jn_str text;                            /* the literal */
    enum jsonata_letter_case letter_case;   /* names */
    int64_t width_max;                      /* -1: none */
    int64_t year_digits;                    /* Y: so many digits from the right; -1: all */
    bool is_z_for_zero;                     /* zone with the modifier t */
    const struct jsonata_integer_picture *integer;  /* zones: NULL when theirs is no digit pattern */
    uint32_t digits;                        /* parsing: exactly so many digits; 0: as many as there are */
};

struct jsonata_date_picture {
    struct jsonata_date_part *parts;
    uint32_t count;
};

/* Analyses through the context's cache: valid until the next picture is asked for.  NULL after raising D3130 to
 * D3135. */
const struct jsonata_date_picture *jsonata_date_picture(struct jsonata_eval *e, jn_str picture);

/* "January", "Monday": `i` from 1. */
jn_str jsonata_month_name(int i);
jn_str jsonata_weekday_name(int i);

#endif
