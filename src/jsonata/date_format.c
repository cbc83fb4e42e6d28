/* date_format.c - instants to text: $fromMillis and $now (spec 12.2). */
#include "jsonata/picture_date.h"

#include <math.h>

#define PLAIN (JN_STR_ASCII | JN_STR_PLAIN)

/* Offset of a time zone as the argument says it: hours and minutes, both with their sign.  They come from the number
 * hhmm by floor and remainder, so that -0330 is -4 hours and -30 minutes: the reference's reading, kept. */
struct zone {
    int64_t hours, minutes;
    int64_t number;             /* hours * 100 + minutes: what a picture prints */
};

static bool is_utc(jn_str s)
{
    return s.len == 0 || jn_str_eq(s, JN_STR("Z")) || jn_str_eq(s, JN_STR("UTC")) || jn_str_eq(s, JN_STR("GMT"));
}

/* zone := ('+' | '-')? digits ... */
static bool read_zone(struct jsonata_eval *e, jn_str s, struct zone *z)
{
    *z = (struct zone){ 0 };
    if (is_utc(s))
        return true;
    size_t at = s.data[0] == '+' || s.data[0] == '-';
    const size_t first = at;
    int64_t n = 0;
    for (; at < s.len && s.data[at] >= '0' && s.data[at] <= '9' && n < 1000000; at++)
        n = n * 10 + (s.data[at] - '0');
    if (at == first || n >= 1000000) {
        jsonata_raise(e, (struct jsonata_fault){
            .code = "T0410/zone", .value = jsonata_string(e, s),
        });
        return false;
    }
    if (s.data[0] == '-')
        n = -n;
    z->hours = n / 100 - (n % 100 < 0);
    z->minutes = n % 100;
    z->number = z->hours * 100 + z->minutes;
    return true;
}

/* ---- ISO 8601, the usual form ------------------------------------------------------------------------------- */

static char *put_digits(char *at, int64_t n, int count)
{
    for (int i = count; i-- > 0; n /= 10)
        at[i] = (char)('0' + n % 10);
    return at + count;
}

/* "2018-03-23T10:33:36.617Z": the picture [Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]. */
static jn_value format_iso8601(struct jsonata_eval *e, const struct jsonata_date *d, const struct zone *z)
{
    enum { ROOM = 48 };
    char *text = jsonata_string_begin(e, ROOM), *at = text;
    if (!text)
        return jn_undefined();
    if (d->year % 10000 < 0)
        *at++ = '-';
    at = put_digits(at, d->year < 0 ? -d->year : d->year, 4);
    *at++ = '-';
    at = put_digits(at, d->month, 2);
    *at++ = '-';
    at = put_digits(at, d->day, 2);
    *at++ = 'T';
    at = put_digits(at, d->hour, 2);
    *at++ = ':';
    at = put_digits(at, d->minute, 2);
    *at++ = ':';
    at = put_digits(at, d->second, 2);
    *at++ = '.';
    at = put_digits(at, d->millisecond, 3);
    if (z->number == 0) {
        *at++ = 'Z';
    } else {
        const int64_t n = z->number < 0 ? -z->number : z->number;
        *at++ = z->number < 0 ? '-' : '+';
        at = put_digits(at, n / 100, n >= 100000 ? 4 : n >= 10000 ? 3 : 2);
        *at++ = ':';
        at = put_digits(at, n % 100, 2);
    }
    jn_value v = jsonata_string_end(e, text, ROOM, (size_t)(at - text));
    v.flags |= PLAIN;
    return v;
}

/* ---- by picture ---------------------------------------------------------------------------------------------- */

static void put_name(struct jsonata_output *out, const struct jsonata_date_part *part, jn_str name)
{
    if (part->width_max >= 0)
        name = jn_str_sub(name, 0, (size_t)part->width_max);
    for (size_t i = 0; i < name.len; i++) {
        const uint32_t c = (unsigned char)name.data[i];             // the first is a capital, the others are not
        if (part->letter_case == CASE_UPPER)
            jsonata_output_char(out, c & ~0x20u);
        else
            jsonata_output_char(out, part->letter_case == CASE_LOWER ? c | 0x20u : c);
    }
}

static void put_half_day(struct jsonata_output *out, const struct jsonata_date_part *part, const struct jsonata_date *d)
{
    const bool is_upper = part->letter_case == CASE_UPPER;
    jsonata_output_append(out, d->hour >= 12 ? (is_upper ? JN_STR("PM") : JN_STR("pm"))
                                             : (is_upper ? JN_STR("AM") : JN_STR("am")), PLAIN);
}

static void put_named(struct jsonata_output *out, const struct jsonata_date_part *part, const struct jsonata_date *d)
{
    switch (part->component) {
    case 'M': put_name(out, part, jsonata_month_name(d->month)); break;
    case 'x': put_name(out, part, jsonata_month_name(jsonata_week_of_month(d).month)); break;
    case 'F': put_name(out, part, jsonata_weekday_name(d->weekday)); break;
    case 'P': put_half_day(out, part, d); break;
    default: jsonata_output_append(out, JN_STR("ISO"), PLAIN); break;   // C and E: calendar and era
    }
}

static double number_of(const struct jsonata_date_part *part, const struct jsonata_date *d)
{
    switch (part->component) {
    case 'Y':
        return part->year_digits < 0 ? (double)d->year : fmod((double)d->year, pow(10, (double)part->year_digits));
    case 'M': return d->month;
    case 'D': return d->day;
    case 'd': return d->day_of_year;
    case 'F': return d->weekday;
    case 'W': return jsonata_week_of_year(d).number;
    case 'w': return jsonata_week_of_month(d).number;
    case 'X': return (double)jsonata_week_of_year(d).year;
    case 'x': return jsonata_week_of_month(d).month;
    case 'H': return d->hour;
    case 'h': return d->hour % 12 ? d->hour % 12 : 12;
    case 'm': return d->minute;
    case 's': return d->second;
    default: return d->millisecond;
    }
}

static const struct jsonata_integer_picture two_digits = { .zero = '0', .mandatory = 2 };

/* Regular separators (01:01) and three or four digits print the number hhmm; one or two digits the hours, and minutes
 * only when there are some. */
static void put_zone(struct jsonata_output *out, const struct jsonata_date_part *part, const struct zone *z)
{
    const struct jsonata_integer_picture *p = part->integer;
    if (z->number == 0 && part->is_z_for_zero && p && (p->regular || p->mandatory <= 4)) {
        jsonata_output_char(out, 'Z');
        return;
    }
    if (!p || (!p->regular && p->mandatory > 4)) {
        jsonata_raise(out->e, (struct jsonata_fault){ .code = "D3134" });
        return;
    }
    if (part->component == 'z')
        jsonata_output_append(out, JN_STR("GMT"), PLAIN);
    if (z->number >= 0)
        jsonata_output_char(out, '+');
    if (p->regular || p->mandatory > 2) {
        jsonata_put_integer(out, (double)z->number, p);
        return;
    }
    jsonata_put_integer(out, (double)z->hours, p);
    if (z->minutes) {
        jsonata_output_char(out, ':');
        jsonata_put_integer(out, (double)z->minutes, &two_digits);
    }
}

static void put_part(struct jsonata_output *out, const struct jsonata_date_part *part, const struct jsonata_date *d,
                     const struct zone *z)
{
    switch (part->form) {
    case PART_LITERAL: jsonata_output_append(out, part->text, 0); break;
    case PART_NAME: put_named(out, part, d); break;
    case PART_INTEGER: jsonata_put_integer(out, number_of(part, d), part->integer); break;
    case PART_ZONE: put_zone(out, part, z); break;
    }
}

jn_value jsonata_format_date(struct jsonata_eval *e, double millis, jn_str picture, jn_str zone)
{
    struct zone z = { 0 };
    if (zone.data && !read_zone(e, zone, &z))
        return jn_undefined();
    const double local = trunc(millis) + (double)(z.hours * 60 + z.minutes) * 60000;
    if (!(fabs(millis) <= JSONATA_MAX_MILLIS && fabs(local) <= JSONATA_MAX_MILLIS))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001/date", .value = jn_number(millis) });
    const struct jsonata_date d = jsonata_date_of((int64_t)local);
    if (!picture.data)
        return format_iso8601(e, &d, &z);
    struct jsonata_output out;
    jsonata_output_begin(&out, e, picture.len + 64);
    const jn_mark scratch = jsonata_output_mark(&out);
    const struct jsonata_date_picture *p = jsonata_date_picture(e, picture);
    for (uint32_t i = 0; p && i < p->count && !jsonata_failed(e); i++)
        put_part(&out, &p->parts[i], &d, &z);
    return jsonata_output_end_scratch(&out, scratch);
}
