/* picture_date.h - the analysed form of a date picture; shared by picture_date.c, date_format.c and date_parse.c. */
#ifndef JSONATA_PICTURE_DATE_H
#define JSONATA_PICTURE_DATE_H

#include "jsonata/datetime.h"
#include "jsonata/picture.h"

enum jsonata_part_form {
    PART_LITERAL,
    PART_NAME,          /* month, weekday; of other components it is refused when it is used */
    PART_INTEGER,
    PART_ZONE,
    PART_OTHER,         /* am and pm, calendar, era; components that do not exist */
};

struct jsonata_date_part {
    enum jsonata_part_form form;
    uint16_t component;                     /* Y M D d F W w X x H h P m s f Z z C E, or any other; 0 for a literal */
    jn_str text;                            /* the literal */
    enum jsonata_letter_case letter_case;   /* names */
    bool has_width, has_max;
    double width_max;                       /* NaN when there is none, or no number */
    double year_digits;                     /* Y: so many digits from the right; -1: all */
    bool is_z_for_zero;                     /* zone with the modifier t */
    const struct jsonata_integer_picture *integer;  /* INTEGER, ZONE */
    uint32_t digits;                        /* parsing: exactly so many digits; 0: as many as there are */
};

struct jsonata_date_picture {
    struct jsonata_date_part *parts;
    uint32_t count;
};

/* Analyses through the context's cache: valid until the next picture is asked for.  NULL after raising D3131,
 * D3132, D3135. */
const struct jsonata_date_picture *jsonata_date_picture(struct jsonata_eval *e, jn_str picture);

/* "January", "Monday": `i` from 1. */
jn_str jsonata_month_name(int i);
jn_str jsonata_weekday_name(int i);

/* The component as a string, for errors: a code unit. */
jn_value jsonata_component_text(struct jsonata_eval *e, uint16_t component);

#endif
