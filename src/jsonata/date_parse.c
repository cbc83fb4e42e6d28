/* date_parse.c - text to instants: $toMillis (spec 12.3).
 *
 * The reference makes a regular expression of the picture; date_match.c finds what it would find.  Here its pieces
 * become components, and the components an instant. */
#include "jsonata/date_match.h"

#include <math.h>
#include <stdio.h>

/* ---- components ---------------------------------------------------------------------------------------------- */

/* The value of each component by its letter; `is_set` tells which were given. */
struct components {
    double value[128];
    bool is_set[128];
};

/* A width of nothing, or that is no number, is none. */
static jn_str cut(jn_str name, double width)
{
    return isnan(width) || width == 0 ? name : jn_str_sub(name, 0, width > 0 && width < 64 ? (size_t)width : 64);
}

/* Number of a name, 0 when it is unknown.  The tables' capitalisation counts, whatever the picture's. */
static double name_value(const struct jsonata_date_part *part, jn_str text, bool *is_known)
{
    *is_known = true;
    if (part->component == 'P') {
        if (jn_str_eq(text, JN_STR("am")) || jn_str_eq(text, JN_STR("AM")))
            return 0;
        if (jn_str_eq(text, JN_STR("pm")) || jn_str_eq(text, JN_STR("PM")))
            return 1;
    }
    for (int i = 1; i <= 12 && part->component != 'P'; i++) {
        if (part->component != 'F' && jn_str_eq(text, cut(jsonata_month_name(i), part->width_max)))
            return i;
        if (part->component == 'F' && i <= 7 && jn_str_eq(text, cut(jsonata_weekday_name(i), part->width_max)))
            return i;
    }
    *is_known = false;
    return 0;
}

static double fraction_value(jn_str text)
{
    double value = 0, unit = 100;
    for (size_t at = 0; at < text.len && unit >= 1; unit /= 10)
        value += (text.data[at++] - '0') * unit;
    return value;
}

/* ('-' | '+')? digit*; NaN without a digit. */
static double leading_number(jn_str s)
{
    const bool is_signed = s.len && (s.data[0] == '+' || s.data[0] == '-');
    double n = NAN;
    for (size_t at = is_signed; at < s.len && s.data[at] >= '0' && s.data[at] <= '9'; at++)
        n = (isnan(n) ? 0 : n) * 10 + (s.data[at] - '0');
    return s.len && s.data[0] == '-' ? -n : n;
}

/* Minutes.  The sign goes with the hours only, so that -05:30 is minus five hours plus thirty minutes: the reference's
 * reading, and the inverse of how it writes -04:30. */
static double zone_value(const struct jsonata_date_part *part, jn_str text)
{
    const uint32_t separator = date_zone_separator(part);
    if (part->component == 'z')
        text = jn_str_sub(text, 3, text.len);
    if (!separator) {
        const bool has_minutes = text.len > 3;
        return leading_number(jn_str_sub(text, 0, 3)) * 60
               + (has_minutes ? leading_number(jn_str_sub(text, 3, text.len)) : 0);
    }
    char bytes[4];
    const jn_str needle = { bytes, jn_utf8_put(bytes, separator) };
    const size_t at = jn_str_find(text, needle, 0);
    if (at == SIZE_MAX)                         // a dot of the picture has matched something else
        return NAN;
    return leading_number(jn_str_sub(text, 0, at)) * 60
           + leading_number(jn_str_sub(text, at + needle.len, text.len));
}

static void read_components(struct jsonata_eval *e, const struct jsonata_date_picture *p, jn_str whole,
                            const struct date_span *spans, struct components *c)
{
    *c = (struct components){ 0 };
    for (uint32_t i = 0; i < p->count && !jsonata_failed(e); i++) {
        const struct jsonata_date_part *part = &p->parts[i];
        const jn_str text = jn_str_sub(whole, spans[i].from, spans[i].to);
        const size_t at = (size_t)(unsigned char)part->component & 127;
        if (part->form == PART_LITERAL)
            continue;
        c->is_set[at] = true;
        if (part->component == 'f')                 // digits, whatever the picture: see date_match.c
            c->value[at] = fraction_value(text);
        else if (part->form == PART_NAME || part->form == PART_OTHER)
            c->value[at] = name_value(part, text, &c->is_set[at]);
        else if (part->form == PART_ZONE)
            c->value[at] = zone_value(part, text);
        else
            c->value[at] = jsonata_parse_integer(e, text, part->integer);
    }
}

/* ---- components to an instant -------------------------------------------------------------------------------- */

/* True when at least one of `letters` has a value other than 0, and none of `others` has: which set of components dates
 * the text.  A 0 does not count, as in the reference. */
static bool only(const struct components *c, const char *letters, const char *others)
{
    bool some = false;
    for (; *others; others++)
        if (c->is_set[(int)*others] && !(c->value[(int)*others] == 0) && !isnan(c->value[(int)*others]))
            return false;
    for (; *letters; letters++)
        some |= c->is_set[(int)*letters] && !(c->value[(int)*letters] == 0) && !isnan(c->value[(int)*letters]);
    return some;
}

static double now_value(const struct jsonata_date *now, char component)
{
    switch (component) {
    case 'Y': return (double)now->year;
    case 'M': return now->month;
    case 'D': return now->day;
    case 'd': return now->day_of_year;
    case 'H': return now->hour;
    case 'h': return now->hour % 12 ? now->hour % 12 : 12;
    case 'm': return now->minute;
    case 's': return now->second;
    case 'f': return now->millisecond;
    default: return 0;                          // P: what is missing there never moves an hour
    }
}

/* Fills in what is missing, most significant first: before the first component given, from now; after the last, the
 * least.  A gap in between is an error. */
static bool complete(struct jsonata_eval *e, struct components *c, const char *order)
{
    const struct jsonata_date now = jsonata_date_of(e->now_ms);
    bool has_begun = false, has_ended = false;
    for (; *order; order++) {
        const unsigned char i = (unsigned char)*order;
        if (c->is_set[i] && has_ended) {
            jsonata_raise(e, (struct jsonata_fault){ .code = "D3136" });
            return false;
        }
        if (c->is_set[i]) {
            has_begun = true;
        } else if (has_begun) {
            has_ended = true;
            c->value[i] = strchr("MD", i) ? 1 : 0;
        } else {
            c->value[i] = now_value(&now, *order);
        }
    }
    return true;
}

/* Month and day of a day of the year; the year stays, even when the day is beyond its end. */
static void set_day_of_year(struct components *c)
{
    const double millis = jsonata_millis_of(jsonata_full_year(c->value['Y']), 1, c->value['d'], 0, 0, 0, 0);
    c->value['M'] = c->value['D'] = NAN;
    if (isnan(millis))
        return;
    const struct jsonata_date d = jsonata_date_of((int64_t)millis);
    c->value['M'] = d.month;
    c->value['D'] = d.day;
}

static jn_value instant(struct jsonata_eval *e, struct components *c)
{
    const bool by_day_of_year = !only(c, "YMD", "XxWwd") && only(c, "Yd", "XMxWwD");
    const bool by_week = only(c, "Xxw", "YMWdD") || only(c, "XW", "YMxwdD");
    const bool by_half_day = !only(c, "Hmsf", "Ph") && only(c, "Phmsf", "H");
    char order[16];
    if (by_week)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3136" });
    // D, not d: as in the reference
    snprintf(order, sizeof order, "%s%s", by_day_of_year ? "YD" : "YMD", by_half_day ? "Phmsf" : "Hmsf");
    if (!complete(e, c, order))
        return jn_undefined();
    if (by_day_of_year)
        set_day_of_year(c);
    if (by_half_day)
        c->value['H'] = (c->value['h'] == 12 ? 0 : c->value['h']) + (c->value['P'] == 1 ? 12 : 0);
    // No month 0: the reference takes it, and text that is no number, for January.
    const double month = c->value['M'] > 0 || by_day_of_year ? c->value['M'] : 1;
    const double millis = jsonata_millis_of(jsonata_full_year(c->value['Y']), month, c->value['D'], c->value['H'],
                                            c->value['m'], c->value['s'], c->value['f']);
    const double zone = c->value['Z'] != 0 && !isnan(c->value['Z']) ? c->value['Z'] : c->value['z'];
    return jn_number(millis - (isnan(zone) ? 0 : zone) * 60000);
}

/* ---- $toMillis with a picture -------------------------------------------------------------------------------- */

static bool is_readable_name(const struct jsonata_date_part *p)
{
    return p->component == 'M' || p->component == 'x' || p->component == 'F' || p->component == 'P';
}

/* Parts that cannot be read: refused, whatever the text. */
static bool can_parse(struct jsonata_eval *e, const struct jsonata_date_picture *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct jsonata_date_part *part = &p->parts[i];
        const bool is_name = part->form == PART_NAME || part->form == PART_OTHER;
        if (is_name && part->component != 'f' && !is_readable_name(part)) {
            const jn_value component = jsonata_component_text(e, part->component);
            jsonata_raise(e, (struct jsonata_fault){ .code = "D3133", .value = component });
            return false;
        }
        if (part->form == PART_INTEGER && part->component != 'f' && part->integer->numbering == NUMBERING_NONE) {
            jsonata_parse_integer(e, JN_STR(""), part->integer);        // raises
            return false;
        }
    }
    return true;
}

static bool has_component(const struct jsonata_date_picture *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->parts[i].form != PART_LITERAL)
            return true;
    return false;
}

/* The memory of the search is all that is made: the caller gives it back. */
static jn_value parse(struct jsonata_eval *e, jn_str text, jn_str picture)
{
    const struct jsonata_date_picture *p = jsonata_date_picture(e, picture);
    struct components c;
    if (!p || !can_parse(e, p))
        return jn_undefined();
    struct date_span *spans = jn_arena_alloc(e->arena, p->count * sizeof *spans);
    if (!spans)
        return jsonata_raise_memory(e);
    if (!date_match(e, p, text, spans) || !has_component(p))
        return jn_undefined();
    read_components(e, p, text, spans, &c);
    return jsonata_failed(e) ? jn_undefined() : instant(e, &c);
}

jn_value jsonata_parse_date(struct jsonata_eval *e, jn_str text, jn_str picture)
{
    const jn_mark scratch = jn_arena_mark(e->arena);
    const jn_value millis = parse(e, text, picture);
    if (!jsonata_failed(e))                     // an error may carry values made since then
        jn_arena_rewind(e->arena, scratch);
    return millis;
}
