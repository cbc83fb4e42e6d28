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

double jsonata_full_year(double year)
{
    return trunc(year) >= 0 && trunc(year) <= 99 ? 1900 + trunc(year) : year;
}

/* The day of a date as Date.UTC has it: years below 100 are of the twentieth century, and beyond the range of instants
 * there are none.  `month` may be 0 or 13. */
static double day_of(int64_t year, int month, int day)
{
    year += month < 1 ? -1 : month > 12;
    month = month < 1 ? 12 : month > 12 ? 1 : month;
    return jsonata_millis_of(jsonata_full_year((double)year), month, day, 0, 0, 0, 0) / JSONATA_DAY_MS;
}

/* The Monday of the first week of a month, in days; of a year: of its January. */
static double first_monday(int64_t year, int month)
{
    const double first = day_of(year, month, 1);
    if (isnan(first))
        return first;
    const double weekday = (double)floor_mod((int64_t)first + 3, 7);        // 0 Monday ... 6 Sunday
    return weekday <= 3 ? first - weekday : first + 7 - weekday;            // up to Thursday, the week is this month's
}

/* Weeks from `start` to `day`, the first is 1.  More than `most` of them may be the first of what follows, and before
 * the first they are the last of what came before. */
static double week_between(double start, double day, double most, double following, double before)
{
    const double week = (day - start) / 7 + 1;
    if (week > most)
        return day >= following ? 1 : floor(week);
    return floor(week < 1 ? (day - before) / 7 + 1 : week);
}

double jsonata_week_of_year(const struct jsonata_date *d)
{
    return week_between(first_monday(d->year, 1), day_of(d->year, d->month, d->day), 52, first_monday(d->year + 1, 1),
                        first_monday(d->year - 1, 1));
}

double jsonata_week_of_month(const struct jsonata_date *d)
{
    return week_between(first_monday(d->year, d->month), day_of(d->year, d->month, d->day), 4,
                        first_monday(d->year, d->month + 1), first_monday(d->year, d->month - 1));
}

double jsonata_week_year(const struct jsonata_date *d)
{
    const double day = (double)jsonata_days_from_civil(d->year, d->month, d->day);
    return (double)d->year + (day < first_monday(d->year, 1) ? -1 : day >= first_monday(d->year + 1, 1) ? 1 : 0);
}

int jsonata_week_month(const struct jsonata_date *d)
{
    const double day = (double)jsonata_days_from_civil(d->year, d->month, d->day);
    if (day < first_monday(d->year, d->month))
        return d->month == 1 ? 12 : d->month - 1;
    return day >= first_monday(d->year, d->month + 1) ? d->month % 12 + 1 : d->month;
}

double jsonata_day_of_year(const struct jsonata_date *d)
{
    if (d->year > 99)
        return d->day_of_year;
    return day_of(d->year, d->month, d->day) - day_of(d->year, 1, 1) + 1;
}
