/* date_iso8601.c - $toMillis without a picture (spec 12.3).  The reference takes what has the form
 *
 *      YYYY ('-' [01]D)? ('-' [0-3]D)? ('T' [0-2]D ':' [0-5]D ':' [0-5]D)? ('.' D+)? ([+-] [0-2]D ':'? [0-5]D | 'Z')?
 *
 * and gives it to the Date of its engine.  What is a date of ISO 8601 is read as one; without an offset it is UTC,
 * there is no local time here.  Other texts of that form, such as 2018-12.4 or 2018-05:30, V8 reads by an older parser,
 * which takes numbers as they come; so does the second half of this file. */
#include "jsonata/datetime.h"
#include "jsonata/picture.h"

#include <math.h>

static bool is_digit(jn_str s, size_t at, char last)
{
    return at < s.len && s.data[at] >= '0' && s.data[at] <= last;
}

static double two_digits(jn_str s, size_t at)
{
    return (s.data[at] - '0') * 10 + (s.data[at + 1] - '0');
}

/* A digit up to `last`, and any digit. */
static bool is_pair(jn_str s, size_t at, char last)
{
    return is_digit(s, at, last) && is_digit(s, at + 1, '9');
}

static bool is_char(jn_str s, size_t at, char c)
{
    return at < s.len && s.data[at] == c;
}

/* ---- the form ------------------------------------------------------------------------------------------------ */

struct pieces {
    double month, day, hour, minute, second, millisecond, offset;   /* offset in minutes */
    bool has_time, has_fraction, has_offset;
};

static void take_time(jn_str s, size_t *at, struct pieces *p)
{
    const size_t i = *at;
    p->has_time = is_char(s, i, 'T') && is_pair(s, i + 1, '2') && is_char(s, i + 3, ':') && is_pair(s, i + 4, '5')
                  && is_char(s, i + 6, ':') && is_pair(s, i + 7, '5');
    if (!p->has_time)
        return;
    p->hour = two_digits(s, i + 1);
    p->minute = two_digits(s, i + 4);
    p->second = two_digits(s, i + 7);
    *at += 9;
}

/* Three digits count, the others are dropped. */
static void take_fraction(jn_str s, size_t *at, struct pieces *p)
{
    double unit = 100;
    p->has_fraction = is_char(s, *at, '.') && is_digit(s, *at + 1, '9');
    if (!p->has_fraction)
        return;
    for (++*at; is_digit(s, *at, '9'); ++*at, unit /= 10)
        p->millisecond += unit >= 1 ? (s.data[*at] - '0') * unit : 0;
}

static void take_offset(jn_str s, size_t *at, struct pieces *p)
{
    const size_t minute = *at + 3 + is_char(s, *at + 3, ':');
    if (is_char(s, *at, 'Z')) {
        p->has_offset = true;
        ++*at;
    } else if ((is_char(s, *at, '+') || is_char(s, *at, '-')) && is_pair(s, *at + 1, '2') && is_pair(s, minute, '5')) {
        const double hours = two_digits(s, *at + 1);
        p->has_offset = true;
        p->offset = (s.data[*at] == '-' ? -1 : 1) * (hours < 24 ? hours * 60 + two_digits(s, minute) : NAN);
        *at = minute + 2;
    }
}

/* With a month, a day, both or none of them. */
static bool has_form(jn_str s, bool with_month, bool with_day, struct pieces *p)
{
    size_t at = 4;
    *p = (struct pieces){ .month = 1, .day = 1 };
    if ((with_month && !(is_char(s, at, '-') && is_pair(s, at + 1, '1'))))
        return false;
    p->month = with_month ? two_digits(s, at + 1) : 1;
    at += with_month ? 3 : 0;
    if ((with_day && !(is_char(s, at, '-') && is_pair(s, at + 1, '3'))))
        return false;
    p->day = with_day ? two_digits(s, at + 1) : 1;
    at += with_day ? 3 : 0;
    take_time(s, &at, p);
    take_fraction(s, &at, p);
    take_offset(s, &at, p);
    return at == s.len;
}

/* In the order in which an expression with optional pieces tries them. */
static bool has_any_form(jn_str s, struct pieces *p, bool *is_iso)
{
    if (!is_pair(s, 0, '9') || !is_pair(s, 2, '9'))
        return false;
    *is_iso = has_form(s, true, true, p) || has_form(s, true, false, p);
    if (!*is_iso && has_form(s, false, true, p))
        return true;
    *is_iso = *is_iso || has_form(s, false, false, p);
    return *is_iso;
}

/* ---- the older parser ---------------------------------------------------------------------------------------- */

/* V8's knows times with seconds, and offsets behind a time.  Here there is at most hh:mm, and nothing behind it: the form
 * has a colon elsewhere only behind a T, which the parser does not take. */
struct old_parser {
    jn_str s;
    size_t at;
    int64_t day[3], hour, minute;
    int days;
};

static bool skip(struct old_parser *p, char c)
{
    const bool is_there = is_char(p->s, p->at, c);
    p->at += is_there;
    return is_there;
}

/* A run of digits, nine of which count. */
static int64_t take_number(struct old_parser *p, size_t *len)
{
    const size_t from = p->at;
    int64_t n = 0;
    for (int significant = 0; is_digit(p->s, p->at, '9'); p->at++) {
        significant += significant > 0 || p->s.data[p->at] != '0';
        n = significant <= 9 ? n * 10 + (p->s.data[p->at] - '0') : n;
    }
    *len = p->at - from;
    return n;
}

static bool add_day(struct old_parser *p, int64_t n)
{
    if (p->days == 3)
        return false;
    p->day[p->days++] = n;
    return true;
}

/* What ISO 8601 has of the date; the rest is left as it stands. */
static void take_date(struct old_parser *p)
{
    size_t len;
    add_day(p, take_number(p, &len));
    for (int i = 0; i < 2 && skip(p, '-'); i++) {
        const size_t before = p->at;
        const int64_t n = take_number(p, &len);
        if (len != 2 || n < 1 || n > (i == 0 ? 12 : 31)) {
            p->at = before;
            return;
        }
        add_day(p, n);
    }
}

static bool take_next_number(struct old_parser *p)
{
    size_t len;
    const int64_t n = take_number(p, &len);
    if (skip(p, ':')) {
        p->hour = n;
        p->minute = take_number(p, &len);
        return true;
    }
    const bool ok = add_day(p, n);
    skip(p, '-');
    return ok;
}

/* A sign is an offset's, which has no time before it. */
static bool take_token(struct old_parser *p)
{
    const char c = p->s.data[p->at];
    if (c >= '0' && c <= '9')
        return take_next_number(p);
    p->at++;
    return c != '+' && c != '-' && c != 'T';
}

/* Year, month, day; or month, day, year, when the first of three numbers can be a day. */
static double date_of(const struct old_parser *p)
{
    const bool is_year_first = p->days == 3 && !(p->day[0] >= 1 && p->day[0] <= 31);
    int64_t d[3] = { 1, 1, 1 };
    for (int i = 0; i < p->days; i++)
        d[i] = p->day[i];
    int64_t year = is_year_first ? d[0] : p->days == 3 ? d[2] : 0;
    const int64_t month = is_year_first ? d[1] : d[0], day = is_year_first ? d[2] : d[1];
    year += year < 50 ? 2000 : year < 100 ? 1900 : 0;
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return NAN;
    return jsonata_millis_of((double)year, (double)month, (double)day, 0, 0, 0, 0);
}

static double parse_by_numbers(jn_str s)
{
    struct old_parser p = { .s = s };
    take_date(&p);
    while (p.at < s.len)
        if (!take_token(&p))
            return NAN;
    while (p.days < 3)
        add_day(&p, 1);
    if (p.hour > 24 || (p.hour == 24 && p.minute))
        return NAN;
    return date_of(&p) + (double)((p.hour * 60 + p.minute) * 60000);
}

/* ---- both ---------------------------------------------------------------------------------------------------- */

static bool is_sound(const struct pieces *p)
{
    return p->month >= 1 && p->month <= 12 && p->day >= 1 && p->day <= 31
           && (p->has_time || (!p->has_fraction && !p->has_offset))
           && (p->hour < 24 || (p->hour == 24 && p->minute == 0 && p->second == 0 && p->millisecond == 0));
}

/* Day 29 to 31 of a shorter month rolls over. */
jn_value jsonata_parse_iso8601(struct jsonata_eval *e, jn_str text)
{
    struct pieces p;
    bool is_iso;
    if (!has_any_form(text, &p, &is_iso))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3110", .value = jsonata_string(e, text) });
    if (!is_iso || (!is_sound(&p) && !p.has_time))
        return jn_number(parse_by_numbers(text));
    if (!is_sound(&p))
        return jn_number(NAN);
    const double year = two_digits(text, 0) * 100 + two_digits(text, 2);
    const double millis = jsonata_millis_of(year, p.month, p.day, p.hour, p.minute, p.second, p.millisecond);
    return jn_number(millis - p.offset * 60000);
}
