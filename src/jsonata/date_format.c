/* date_format.c - instants to text: $fromMillis and $now (spec 12.2).
 *
 * An instant beyond the range of instants, or a time zone that is no number, makes every component NaN, and NaN is
 * printed: so it is in the reference. */
#include "jsonata/picture_date.h"

#include <math.h>

#include "jsonata/power.h"

#define PLAIN (JN_STR_ASCII | JN_STR_PLAIN)

/* An instant, in local time, and the offset that it is local to.  Hours and minutes come from the number hhmm by floor
 * and remainder, so that -0330 is -4 hours and -30 minutes: the reference's reading, kept. */
struct moment {
    struct jsonata_date date;
    bool is_valid;
    double hours, minutes;
    double offset;              /* hours * 100 + minutes: what a picture prints */
};

/* ECMAScript's parseInt() of a time zone. */
static double read_zone(struct jsonata_eval *e, jn_str zone)
{
    static const struct jsonata_integer_picture decimal = { .zero = '0', .mandatory = 1 };
    return jsonata_parse_decimal(e, zone, &decimal);
}

static struct moment moment_of(struct jsonata_eval *e, double millis, jn_str zone)
{
    struct moment m = { 0 };
    if (zone.data) {
        const double n = read_zone(e, zone);
        m.hours = floor(n / 100);
        m.minutes = fmod(n, 100);
        m.offset = m.hours * 100 + m.minutes;
    }
    const double local = trunc(millis + (60 * m.hours + m.minutes) * 60000);
    m.is_valid = fabs(local) <= JSONATA_MAX_MILLIS;
    if (m.is_valid)
        m.date = jsonata_date_of((int64_t)local);
    return m;
}

/* ---- ISO 8601, the usual form ------------------------------------------------------------------------------- */

#define ISO8601_PICTURE "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

static char *put_digits(char *at, int64_t n, int count)
{
    for (int i = count; i-- > 0; n /= 10)
        at[i] = (char)('0' + n % 10);
    return at + count;
}

static char *put_offset(char *at, int64_t offset)
{
    if (offset == 0) {
        *at++ = 'Z';
        return at;
    }
    const int64_t n = offset < 0 ? -offset : offset;
    *at++ = offset < 0 ? '-' : '+';
    at = put_digits(at, n / 100, 2);
    *at++ = ':';
    return put_digits(at, n % 100, 2);
}

/* "2018-03-23T10:33:36.617Z": ISO8601_PICTURE, of a valid date and an offset of at most four digits. */
static jn_value format_iso8601(struct jsonata_eval *e, const struct moment *m)
{
    enum { ROOM = 48 };
    const struct jsonata_date *d = &m->date;
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
    at = put_offset(at, (int64_t)m->offset);
    jn_value v = jsonata_string_end(e, text, ROOM, (size_t)(at - text));
    v.flags |= PLAIN;
    return v;
}

/* ---- by picture ---------------------------------------------------------------------------------------------- */

static void raise_component(struct jsonata_output *out, const struct jsonata_date_part *part)
{
    jsonata_raise(out->e, (struct jsonata_fault){
        .code = "D3133", .value = jsonata_component_text(out->e, part->component),
    });
}

static void put_cased(struct jsonata_output *out, const struct jsonata_date_part *part, jn_str name)
{
    if (part->width_max < (double)name.len)                         // not when it is NaN
        name = jn_str_sub(name, 0, part->width_max > 0 ? (size_t)part->width_max : 0);
    for (size_t i = 0; i < name.len; i++) {
        const uint32_t c = (unsigned char)name.data[i];             // the first is a capital, the others are not
        if (part->letter_case == CASE_UPPER)
            jsonata_output_char(out, c & ~0x20u);
        else
            jsonata_output_char(out, part->letter_case == CASE_LOWER ? c | 0x20u : c);
    }
}

/* The name of no month: in title case, and without a width, the reference prints what it has none of. */
static void put_no_name(struct jsonata_output *out, const struct jsonata_date_part *part)
{
    if (part->letter_case == CASE_TITLE && !part->has_width)
        jsonata_output_append(out, JN_STR("undefined"), PLAIN);
    else
        jsonata_raise(out->e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(NAN) });
}

static void put_name(struct jsonata_output *out, const struct jsonata_date_part *part, const struct moment *m)
{
    if (part->component != 'M' && part->component != 'x' && part->component != 'F')
        raise_component(out, part);
    else if (!m->is_valid)
        put_no_name(out, part);
    else if (part->component == 'F')
        put_cased(out, part, jsonata_weekday_name(m->date.weekday));
    else
        put_cased(out, part, jsonata_month_name(part->component == 'M' ? m->date.month : jsonata_week_month(&m->date)));
}

/* am and pm, calendar and era; of a component that does not exist the reference prints what it has none of. */
static void put_other(struct jsonata_output *out, const struct jsonata_date_part *part, const struct moment *m)
{
    const bool is_upper = part->letter_case == CASE_UPPER, is_afternoon = m->is_valid && m->date.hour >= 12;
    if (part->component == 'C' || part->component == 'E')
        jsonata_output_append(out, JN_STR("ISO"), PLAIN);
    else if (part->component != 'P')
        jsonata_output_append(out, JN_STR("undefined"), PLAIN);
    else if (is_upper)
        jsonata_output_append(out, is_afternoon ? JN_STR("PM") : JN_STR("AM"), PLAIN);
    else
        jsonata_output_append(out, is_afternoon ? JN_STR("pm") : JN_STR("am"), PLAIN);
}

static double year_of(const struct jsonata_date_part *part, const struct jsonata_date *d)
{
    if (part->year_digits == -1)
        return (double)d->year;
    return part->year_digits == 4 ? (double)(d->year % 10000)
                                  : fmod((double)d->year, jsonata_power(10, part->year_digits));
}

static double number_of(const struct jsonata_date_part *part, const struct moment *m)
{
    const struct jsonata_date *d = &m->date;
    if (!m->is_valid)
        return NAN;
    switch (part->component) {
    case 'Y': return year_of(part, d);
    case 'M': return d->month;
    case 'D': return d->day;
    case 'd': return jsonata_day_of_year(d);
    case 'F': return d->weekday;
    case 'W': return jsonata_week_of_year(d);
    case 'w': return jsonata_week_of_month(d);
    case 'X': return jsonata_week_year(d);
    case 'x': return jsonata_week_month(d);
    case 'H': return d->hour;
    case 'h': return d->hour % 12 ? d->hour % 12 : 12;
    case 'm': return d->minute;
    case 's': return d->second;
    default: return d->millisecond;
    }
}

static const struct jsonata_integer_picture two_digits = { .zero = '0', .mandatory = 2 };

/* One or two digits print the hours, and minutes only when there are some. */
static void put_hours(struct jsonata_output *out, const struct jsonata_integer_picture *p, const struct moment *m)
{
    jsonata_put_integer(out, m->hours, p);
    if (m->minutes != 0) {
        jsonata_output_char(out, ':');
        jsonata_put_integer(out, m->minutes, &two_digits);
    }
}

/* Regular separators (01:01) and three or four digits print the number hhmm. */
static void put_zone(struct jsonata_output *out, const struct jsonata_date_part *part, const struct moment *m)
{
    const struct jsonata_integer_picture *p = part->integer;
    const bool is_decimal = p->numbering == NUMBERING_DECIMAL;
    if (!is_decimal || (!p->regular && p->mandatory > 4)) {
        const jn_value digits = is_decimal ? jn_number(p->mandatory) : jn_undefined();
        jsonata_raise(out->e, (struct jsonata_fault){ .code = "D3134", .value = digits });
        return;
    }
    if (m->offset == 0 && part->is_z_for_zero) {
        jsonata_output_char(out, 'Z');
        return;
    }
    if (part->component == 'z')
        jsonata_output_append(out, JN_STR("GMT"), PLAIN);
    if (m->offset >= 0)
        jsonata_output_char(out, '+');
    if (p->regular || p->mandatory > 2)
        jsonata_put_integer(out, m->offset, p);
    else
        put_hours(out, p, m);
}

static void put_part(struct jsonata_output *out, const struct jsonata_date_part *part, const struct moment *m)
{
    switch (part->form) {
    case PART_LITERAL: jsonata_output_append(out, part->text, 0); break;
    case PART_NAME: put_name(out, part, m); break;
    case PART_INTEGER: jsonata_put_integer(out, number_of(part, m), part->integer); break;
    case PART_ZONE: put_zone(out, part, m); break;
    case PART_OTHER: put_other(out, part, m); break;
    }
}

jn_value jsonata_format_date(struct jsonata_eval *e, double millis, jn_str picture, jn_str zone)
{
    const struct moment m = moment_of(e, millis, zone);
    if (!picture.data && m.is_valid && fabs(m.offset) < 10000)
        return format_iso8601(e, &m);
    if (!picture.data)
        picture = JN_STR(ISO8601_PICTURE);
    struct jsonata_output out;
    jsonata_output_begin(&out, e, picture.len + 64);
    const jn_mark scratch = jsonata_output_mark(&out);
    const struct jsonata_date_picture *p = jsonata_date_picture(e, picture);
    for (uint32_t i = 0; p && i < p->count && jsonata_step(e); i++)
        put_part(&out, &p->parts[i], &m);
    return jsonata_output_end_scratch(&out, scratch);
}
