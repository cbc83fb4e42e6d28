/* date_iso8601.c - $toMillis without a picture: the forms of ISO 8601 that Date of ECMAScript reads (spec 12.3).
 *
 *      YYYY ('-' MM ('-' DD)?)? ('T' hh ':' mm ':' ss)? ('.' digits)? (('+' | '-') hh ':'? mm | 'Z')?
 *
 * Without an offset it is UTC; there is no local time here.  What has this form but is in no calendar, as month 13,
 * gives NaN, as in the reference. */
#include "jsonata/datetime.h"
#include "jsonata/picture.h"

#include <math.h>

struct cursor {
    jn_str text;
    size_t at;
};

/* Exactly `count` digits into *value.  False, without moving, when they are not there. */
static bool take_digits(struct cursor *c, size_t count, double *value)
{
    double n = 0;
    if (count > c->text.len - c->at)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char digit = c->text.data[c->at + i];
        if (digit < '0' || digit > '9')
            return false;
        n = n * 10 + (digit - '0');
    }
    c->at += count;
    *value = n;
    return true;
}

static bool take(struct cursor *c, char expected)
{
    if (c->at >= c->text.len || c->text.data[c->at] != expected)
        return false;
    c->at++;
    return true;
}

struct iso8601 {
    double year, month, day, hour, minute, second, millisecond, zone;   /* zone in minutes */
    bool has_time, has_fraction, has_offset;
};

/* 'T' hh ':' mm ':' ss */
static bool take_time(struct cursor *c, struct iso8601 *d)
{
    d->has_time = take(c, 'T');
    if (!d->has_time)
        return true;
    return take_digits(c, 2, &d->hour) && take(c, ':') && take_digits(c, 2, &d->minute) && take(c, ':')
           && take_digits(c, 2, &d->second) && d->minute < 60 && d->second < 60;
}

/* '.' digits: three count, the others are dropped */
static bool take_fraction(struct cursor *c, struct iso8601 *d)
{
    double digit, unit = 100;
    d->has_fraction = take(c, '.');
    if (!d->has_fraction)
        return true;
    if (!take_digits(c, 1, &digit))
        return false;
    do {
        d->millisecond += unit >= 1 ? digit * unit : 0;
        unit /= 10;
    } while (take_digits(c, 1, &digit));
    return true;
}

/* ('+' | '-') hh ':'? mm | 'Z' */
static bool take_offset(struct cursor *c, struct iso8601 *d)
{
    double hours, minutes;
    const bool plus = take(c, '+'), minus = !plus && take(c, '-');
    d->has_offset = plus || minus;
    if (!d->has_offset) {
        take(c, 'Z');
        return true;
    }
    if (!take_digits(c, 2, &hours))
        return false;
    take(c, ':');
    if (!take_digits(c, 2, &minutes) || minutes >= 60)
        return false;
    d->zone = hours < 24 ? (minus ? -1 : 1) * (hours * 60 + minutes) : NAN;
    return true;
}

/* YYYY ('-' MM ('-' DD)?)? time? fraction? offset? */
static bool take_iso8601(struct cursor *c, struct iso8601 *d)
{
    if (!take_digits(c, 4, &d->year))
        return false;
    for (int i = 0; i < 2; i++) {
        const size_t before = c->at;
        if (!take(c, '-'))
            break;
        if (!take_digits(c, 2, i == 0 ? &d->month : &d->day) || (c->at < c->text.len && c->text.data[c->at] == ':')) {
            c->at = before;                     // an offset without a time; refused below
            break;
        }
    }
    return take_time(c, d) && take_fraction(c, d) && take_offset(c, d) && c->at == c->text.len;
}

/* What the pattern lets through but no calendar has.  Day 29 to 31 of a shorter month rolls over. */
static bool is_sound(const struct iso8601 *d)
{
    return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= 31
           && (d->has_time || (!d->has_fraction && !d->has_offset))
           && (d->hour < 24 || (d->hour == 24 && d->minute == 0 && d->second == 0 && d->millisecond == 0));
}

jn_value jsonata_parse_iso8601(struct jsonata_eval *e, jn_str text)
{
    struct cursor c = { text, 0 };
    struct iso8601 d = { .month = 1, .day = 1 };
    if (!take_iso8601(&c, &d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3110", .value = jsonata_string(e, text) });
    if (!is_sound(&d))
        return jn_number(NAN);
    const double millis = jsonata_millis_of(d.year, d.month, d.day, d.hour, d.minute, d.second, d.millisecond);
    return jn_number(millis - d.zone * 60000);
}
