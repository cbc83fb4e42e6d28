/* clock.c - the time, and its texts.  UTC only; no locale, no time zone database, no libc calendar functions.
 *
 * Days are counted in years that begin in March, so that the leap day is the last day of a year; 400 years are always
 * 146,097 days, and within a year the months from March have 153 days per five. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

/* ---- clocks -------------------------------------------------------------------------------------------------- */

static int64_t system_wall_ms(const struct base_clock *c)
{
    (void)c;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_monotonic_us(const struct base_clock *c)
{
    (void)c;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static const struct base_clock system_clock = { .wall_ms = system_wall_ms, .monotonic_us = system_monotonic_us };

const struct base_clock *base_clock_system(void)
{
    return &system_clock;
}

static int64_t scripted_wall_ms(const struct base_clock *c)
{
    return c->scripted_ms;
}

static int64_t scripted_monotonic_us(const struct base_clock *c)
{
    return c->scripted_ms * 1000;
}

struct base_clock base_clock_scripted(int64_t wall_ms)
{
    return (struct base_clock){ scripted_wall_ms, scripted_monotonic_us, wall_ms };
}

/* ---- calendar ------------------------------------------------------------------------------------------------ */

enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };    /* DAYS_TO_1970: from 0000-03-01 */

static const int64_t ms_per_day = 86400000;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01; month from 1. */
static int64_t days_of(int64_t year, int month, int day)
{
    const int64_t y = month > 2 ? year : year - 1;
    const int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_1970;
}

struct base_civil base_civil_of(int64_t wall_ms)
{
    const int64_t days = floor_div(wall_ms, ms_per_day), ms = wall_ms - days * ms_per_day;
    const int64_t shifted = days + DAYS_TO_1970;
    const int64_t era = floor_div(shifted, DAYS_PER_ERA), day_of_era = shifted - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t from_march = (5 * day_of_year + 2) / 153;
    const int month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    return (struct base_civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1),
        .hour = (int)(ms / 3600000),
        .minute = (int)(ms / 60000 % 60),
        .second = (int)(ms / 1000 % 60),
        .millisecond = (int)(ms % 1000),
    };
}

/* ---- texts --------------------------------------------------------------------------------------------------- */

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekday_names[] = "ThuFriSatSunMonTueWed";     /* 1970-01-01 was a Thursday */

/* The last `count` digits of `value`; returns their end. */
static char *put_digits(char *to, int value, int count)
{
    for (int i = count; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + count;
}

/* Each signature needs it: printf would take longer than the rest of the date. */
void base_time_amz(char out[32], int64_t wall_ms)
{
    const struct base_civil c = base_civil_of(wall_ms);
    if (c.year < 0 || c.year > 9999) {
        snprintf(out, 32, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
        return;
    }
    char *to = put_digits(put_digits(put_digits(out, c.year, 4), c.month, 2), c.day, 2);
    *to++ = 'T';
    to = put_digits(put_digits(put_digits(to, c.hour, 2), c.minute, 2), c.second, 2);
    memcpy(to, "Z", 2);
}

void base_time_iso(char out[32], int64_t wall_ms)
{
    const struct base_civil c = base_civil_of(wall_ms);
    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute, c.second,
             c.millisecond);
}

void base_time_http(char out[32], int64_t wall_ms)
{
    const struct base_civil c = base_civil_of(wall_ms);
    const int64_t days = floor_div(wall_ms, ms_per_day);
    const int weekday = (int)(days - floor_div(days, 7) * 7);
    snprintf(out, 32, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", weekday_names + (ptrdiff_t)3 * weekday, c.day,
             month_names + (ptrdiff_t)3 * (c.month - 1), c.year, c.hour, c.minute, c.second);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* `n` digits at the start of *s as a number; -1 when they are not there. */
static int take_digits(jn_str *s, size_t n)
{
    if (s->len < n)
        return -1;
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        const char c = s->data[i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    *s = jn_str_sub(*s, n, s->len);
    return value;
}

/* 1 to 12 for a month's three letters; -1. */
static int take_month(jn_str *s)
{
    for (int i = 0; i < 12; i++) {
        if (jn_str_starts(*s, (jn_str){ month_names + (ptrdiff_t)3 * i, 3 })) {
            *s = jn_str_sub(*s, 3, s->len);
            return i + 1;
        }
    }
    return -1;
}

/* The day's name is not compared with the date: a wrong one does not make the time less clear. */
static bool skip_letters(jn_str *s)
{
    size_t n = 0;
    while (n < s->len && ((s->data[n] | 32) >= 'a' && (s->data[n] | 32) <= 'z'))
        n++;
    *s = jn_str_sub(*s, n, s->len);
    return n >= 3;
}

static int take_padded_day(jn_str *s)
{
    if (s->len && s->data[0] == ' ') {
        *s = jn_str_sub(*s, 1, s->len);
        return take_digits(s, 1);
    }
    return take_digits(s, 2);
}

/* Years of two digits: RFC 9110 would have the 50 years around now; a pivot at 70 needs no clock and differs from that
 * only for dates that nobody sends. */
static int take_short_year(jn_str *s)
{
    const int y = take_digits(s, 2);
    return y < 0 ? -1 : y < 70 ? 2000 + y : 1900 + y;
}

/* Takes what one letter of a pattern stands for; any other character stands for itself. */
static bool take_part(jn_str *s, char part, struct base_civil *c)
{
    switch (part) {
    case 'W': return skip_letters(s);
    case 'Y': return (c->year = take_digits(s, 4)) >= 0;
    case 'y': return (c->year = take_short_year(s)) >= 0;
    case 'N': return (c->month = take_digits(s, 2)) >= 0;
    case 'B': return (c->month = take_month(s)) >= 0;
    case 'D': return (c->day = take_digits(s, 2)) >= 0;
    case 'd': return (c->day = take_padded_day(s)) >= 0;
    case 'h': return (c->hour = take_digits(s, 2)) >= 0;
    case 'm': return (c->minute = take_digits(s, 2)) >= 0;
    case 's': return (c->second = take_digits(s, 2)) >= 0;
    default:
        if (!s->len || s->data[0] != part)
            return false;
        *s = jn_str_sub(*s, 1, s->len);
        return true;
    }
}

static bool take_pattern(jn_str *s, const char *pattern, struct base_civil *c)
{
    for (; *pattern; pattern++) {
        if (!take_part(s, *pattern, c))
            return false;
    }
    return true;
}

/* fraction := '.' digit+ ; more than three digits are cut, not rounded. */
static bool take_fraction(jn_str *s, struct base_civil *c)
{
    if (!s->len || (s->data[0] != '.' && s->data[0] != ','))
        return true;
    int weight = 100;
    size_t n = 1;
    for (; n < s->len && s->data[n] >= '0' && s->data[n] <= '9'; n++, weight /= 10)
        c->millisecond += (s->data[n] - '0') * weight;
    *s = jn_str_sub(*s, n, s->len);
    return n > 1;
}

/* zone := 'Z' | ('+' | '-') hh [':'] mm ; to the end of the text. */
static bool take_zone(jn_str s, int *minutes)
{
    *minutes = 0;
    if (jn_str_eq(s, JN_STR("Z")))
        return true;
    if (!s.len || (s.data[0] != '+' && s.data[0] != '-'))
        return false;
    const int sign = s.data[0] == '-' ? -1 : 1;
    s = jn_str_sub(s, 1, s.len);
    const int hour = take_digits(&s, 2);
    if (s.len == 3 && s.data[0] == ':')
        s = jn_str_sub(s, 1, s.len);
    const int minute = take_digits(&s, 2);
    *minutes = sign * (hour * 60 + minute);
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && s.len == 0;
}

static bool is_iso(jn_str s, struct base_civil *c, int *zone_minutes)
{
    return take_pattern(&s, "Y-N-DTh:m:s", c) && take_fraction(&s, c) && take_zone(s, zone_minutes);
}

/* The forms without a zone of their own: all of them are UTC. */
static bool is_other_form(jn_str text, struct base_civil *c)
{
    static const char *const patterns[] = {
        "YNDThmsZ",                 // SigV4's long form
        "W, D B Y h:m:s GMT",       // IMF-fixdate
        "W, D-B-y h:m:s GMT",       // RFC 850
        "W B d h:m:s Y",            // asctime()
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        jn_str s = text;
        *c = (struct base_civil){ 0 };
        if (take_pattern(&s, patterns[i], c) && s.len == 0)
            return true;
    }
    return false;
}

static int days_in_month(int year, int month)
{
    static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Second 60 is a leap second; it counts as the next minute's first, as POSIX has it. */
static bool is_real(const struct base_civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= days_in_month(c->year, c->month) &&
           c->hour < 24 && c->minute < 60 && c->second <= 60;
}

bool base_time_parse(jn_str text, int64_t *wall_ms)
{
    struct base_civil c = { 0 };
    int zone_minutes = 0;
    if (!is_iso(text, &c, &zone_minutes)) {
        zone_minutes = 0;
        if (!is_other_form(text, &c))
            return false;
    }
    if (!is_real(&c))
        return false;
    const int64_t minutes = (int64_t)c.hour * 60 + c.minute - zone_minutes;
    *wall_ms = days_of(c.year, c.month, c.day) * ms_per_day + minutes * 60000 + c.second * 1000 + c.millisecond;
    return true;
}
