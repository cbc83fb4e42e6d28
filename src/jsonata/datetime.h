/* datetime.h - instants and the proleptic Gregorian calendar in UTC, by arithmetic; no libc, no time zone database. */
#ifndef JSONATA_DATETIME_H
#define JSONATA_DATETIME_H

#include <stdbool.h>
#include <stdint.h>

enum { JSONATA_DAY_MS = 86400000 };

/* ECMAScript's range of instants: 100,000,000 days to either side of 1970. */
#define JSONATA_MAX_MILLIS 8.64e15

struct jsonata_date {
    int64_t year;
    int month, day;             /* from 1 */
    int hour, minute, second, millisecond;
    int weekday;                /* 1 Monday ... 7 Sunday */
    int day_of_year;            /* from 1 */
};

/* Days since 1970-01-01 of a date; month may be out of 1..12 and day out of range: they roll over.
 * |year| and |month| up to 10^15. */
int64_t jsonata_days_from_civil(int64_t year, int64_t month, int64_t day);

/* Milliseconds since the epoch to a date. */
struct jsonata_date jsonata_date_of(int64_t millis);

/* Milliseconds of a date whose members may be out of range or not even integers (they are truncated), as ECMAScript's
 * Date.UTC has it, year as it is; NaN beyond the range of instants. */
double jsonata_millis_of(double year, double month, double day, double hour, double minute, double second,
                         double millisecond);

/* A year of one or two digits is of the twentieth century, as Date.UTC has it. */
double jsonata_full_year(double year);

/* The number of the week in the year or month, and the year or month that it belongs to.  Weeks begin on Monday; the
 * first week of a year or month is the one with its first Thursday (ISO 8601, section 3.1.1.23).  As in the reference,
 * the calendar of the years 0 to 99 is that of 1900 to 1999, also for the day of the year; NaN at the ends of time. */
double jsonata_week_of_year(const struct jsonata_date *d);
double jsonata_week_of_month(const struct jsonata_date *d);
double jsonata_week_year(const struct jsonata_date *d);
int jsonata_week_month(const struct jsonata_date *d);
double jsonata_day_of_year(const struct jsonata_date *d);

#endif
