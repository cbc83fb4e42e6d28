/* datetime.h - instants and the proleptic Gregorian calendar in UTC, by arithmetic; no libc, no time zone database. */
#ifndef JSONATA_DATETIME_H
#define JSONATA_DATETIME_H

#include <stdint.h>

struct jsonata_date {
    int64_t year;
    int month, day;             /* from 1 */
    int hour, minute, second, millisecond;
    int weekday;                /* 1 Monday ... 7 Sunday */
    int day_of_year;            /* from 1 */
};

/* Days since 1970-01-01 of a date; month may be out of 1..12 and day out of range: they roll over. */
int64_t jsonata_days_from_civil(int64_t year, int64_t month, int64_t day);

/* Milliseconds since the epoch to a date. */
struct jsonata_date jsonata_date_of(int64_t millis);

#endif
