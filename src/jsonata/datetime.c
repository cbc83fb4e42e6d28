/* datetime.c - the calendar.  Days are counted in eras of 400 years, 146,097 days each, that begin on March 1: so the
 * leap day is the last day of a year, and the lengths of months follow a straight line. */
#include "jsonata/datetime.h"

#include <math.h>

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    return a - floor_div(a, b) * b;
}

int64_t jsonata_days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year += floor_div(month - 1, 12);
    month = floor_mod(month - 1, 12) + 1;
    year -= month <= 2;                                             // years begin in March
    const int64_t era = floor_div(year, 400), year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468 + day - 1;            // 719468: from 0000-03-01 to 1970-01-01
}

static void set_civil(struct jsonata_date *d, int64_t days)
{
    days += 719468;
    const int64_t era = floor_div(days, 146097), day_of_era = days - era * 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153;              // 0 is March
    d->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    d->month = (int)(month < 10 ? month + 3 : month - 9);
    d->year = year_of_era + era * 400 + (d->month <= 2);
}

struct jsonata_date jsonata_date_of(int64_t millis)
{
    struct jsonata_date d;
    const int64_t days = floor_div(millis, JSONATA_DAY_MS), time = millis - days * JSONATA_DAY_MS;
    set_civil(&d, days);
    d.hour = (int)(time / 3600000);
    d.minute = (int)(time / 60000 % 60);
    d.second = (int)(time / 1000 % 60);
    d.millisecond = (int)(time % 1000);
    d.weekday = (int)floor_mod(days + 3, 7) + 1;                    // 1970-01-01 was a Thursday
    d.day_of_year = (int)(days - jsonata_days_from_civil(d.year, 1, 1)) + 1;
    return d;
}

double jsonata_millis_of(double year, double month, double day, double hour, double minute, double second,
                         double millisecond)
{
    // Far outside of the range of instants, and far inside of what the integers below can hold.
    if (!(fabs(year) < 1e6 && fabs(month) < 1e7 && fabs(day) < 1e10))
        return NAN;
    const double days = (double)jsonata_days_from_civil((int64_t)year, (int64_t)month, 1) + trunc(day) - 1;
    const double time = trunc(hour) * 3600000 + trunc(minute) * 60000 + trunc(second) * 1000 + trunc(millisecond);
    const double millis = days * JSONATA_DAY_MS + time;
    return fabs(millis) <= JSONATA_MAX_MILLIS ? millis : NAN;
}

/* ---- weeks --------------------------------------------------------------------------------------------------- */

/* The Monday of the first week of a month, in days; of a year: of its January. */
static int64_t first_monday(int64_t year, int64_t month)
{
    const int64_t first = jsonata_days_from_civil(year, month, 1);
    const int64_t weekday = floor_mod(first + 3, 7);                // 0 Monday ... 6 Sunday
    return weekday <= 3 ? first - weekday : first + 7 - weekday;    // up to Thursday, the week is this month's
}

/* The week of `day` among periods of `months` months, starting from the one that holds the day. */
static struct jsonata_week week_in(int64_t day, int64_t year, int64_t month, int months)
{
    int64_t start = first_monday(year, month);
    if (day < start)
        start = first_monday(year, month -= months);
    else if (day >= first_monday(year, month + months))
        start = first_monday(year, month += months);
    return (struct jsonata_week){
        .year = year + floor_div(month - 1, 12), .month = (int)floor_mod(month - 1, 12) + 1,
        .number = (int)((day - start) / 7) + 1,
    };
}

struct jsonata_week jsonata_week_of_year(const struct jsonata_date *d)
{
    return week_in(jsonata_days_from_civil(d->year, d->month, d->day), d->year, 1, 12);
}

struct jsonata_week jsonata_week_of_month(const struct jsonata_date *d)
{
    return week_in(jsonata_days_from_civil(d->year, d->month, d->day), d->year, d->month, 1);
}
