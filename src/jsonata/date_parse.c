/* date_parse.c - text to instants: $toMillis (spec 12.3).
 *
 * The parts of a picture are matched against the text one after the other.  A part that can take more or less of it (a
 * run of digits, letters or number words) takes as much as it can and gives back when what follows does not match; that
 * a part failed at a place is remembered, so that no place is tried twice. */
#include "jsonata/picture_date.h"

#include <math.h>

#include "jsonata/regex_class.h"

/* ---- matching a picture -------------------------------------------------------------------------------------- */

/* What was matched by each part. */
struct span {
    size_t from, to;
};

struct matcher {
    struct jsonata_eval *e;
    const struct jsonata_date_picture *picture;
    jn_str text;
    struct span *spans;
    uint8_t *failed;            /* a bit per part and offset: it was tried there in vain */
    bool *word_ends;            /* scratch for number words, text.len + 1 places per part */
    uint32_t *word_lengths;     /* by offset: jsonata_word_lengths() of what follows */
};

static bool match_from(struct matcher *m, uint32_t part, size_t at);

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t run_of_letters(jn_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && is_letter(s.data[at + n]))
        n++;
    return n;
}

static size_t run_of_digits(jn_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && s.data[at + n] >= '0' && s.data[at + n] <= '9')
        n++;
    return n;
}

static size_t run_of_romans(jn_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && s.data[at + n] && strchr("MDCLXVImdclxvi", s.data[at + n]))
        n++;
    return n;
}

/* Digits of the picture's own script, in bytes. */
static size_t run_of_script_digits(jn_str s, size_t at, uint32_t zero)
{
    const size_t from = at;
    while (at < s.len) {
        size_t next = at;
        const uint32_t c = jn_utf8_next(s, &next);
        if (c < zero || c > zero + 9)
            break;
        at = next;
    }
    return at - from;
}

static bool accept(struct matcher *m, uint32_t part, size_t from, size_t to)
{
    m->spans[part] = (struct span){ from, to };
    return jsonata_step(m->e) && match_from(m, part + 1, to);
}

/* From `longest` bytes down to `shortest`, in steps of `unit`. */
static bool accept_run(struct matcher *m, uint32_t part, size_t at, size_t longest, size_t unit)
{
    for (size_t n = longest; n >= unit && n > 0; n -= unit)
        if (accept(m, part, at, at + n))
            return true;
    return false;
}

static uint32_t fold(jn_str s, size_t *at)
{
    const uint32_t c = jn_utf8_next(s, at);
    return c <= 0xFFFF ? jsonata_fold_unit((uint16_t)c) : c;
}

/* A literal, letters in either case. */
static bool match_literal(struct matcher *m, uint32_t part, size_t from)
{
    const jn_str literal = m->picture->parts[part].text;
    size_t at = from;
    for (size_t i = 0; i < literal.len;)
        if (at >= m->text.len || fold(literal, &i) != fold(m->text, &at))
            return false;
    return accept(m, part, from, at);
}

/* Length of an ordinal suffix at `at`, in any case. */
static size_t suffix_at(jn_str s, size_t at)
{
    static const char *const suffixes[] = { "th", "st", "nd", "rd" };
    if (s.len - at < 2)
        return 0;
    for (size_t i = 0; i < 4; i++)
        if ((s.data[at] | 0x20) == suffixes[i][0] && (s.data[at + 1] | 0x20) == suffixes[i][1])
            return 2;
    return 0;
}

/* The digit 0 of the part's script; pictures without digits have none of their own. */
static uint32_t zero_of_part(const struct jsonata_date_part *part)
{
    return part->integer->zero ? part->integer->zero : '0';
}

static bool match_decimal(struct matcher *m, uint32_t index, size_t at)
{
    const struct jsonata_date_part *part = &m->picture->parts[index];
    const uint32_t zero = zero_of_part(part);
    const size_t unit = zero < 0x80 ? 1 : zero < 0x800 ? 2 : 3;         // bytes of a digit
    const size_t longest = run_of_script_digits(m->text, at, zero);
    if (part->digits)
        return longest >= part->digits * unit && accept(m, index, at, at + part->digits * unit);
    if (!part->integer->is_ordinal || part->component == 'f')
        return accept_run(m, index, at, longest, unit);
    const size_t suffix = suffix_at(m->text, at + longest);
    return longest && suffix && accept(m, index, at, at + longest + suffix);
}

/* A run of number words.  Where it may end is found first, as sixty is also six and a rest; then the longest is tried,
 * and shorter ones. */
static bool match_words(struct matcher *m, uint32_t part, size_t at)
{
    bool *ends = m->word_ends + (size_t)part * (m->text.len + 1);
    size_t last = at;
    memset(ends + at, 0, m->text.len + 1 - at);
    ends[at] = true;
    for (size_t i = at; i <= last; i++)
        for (uint32_t n = 1, lengths = ends[i] ? m->word_lengths[i] >> 1 : 0; lengths; n++, lengths >>= 1)
            if (lengths & 1) {
                ends[i + n] = true;
                last = i + n > last ? i + n : last;
            }
    for (size_t to = last; to > at; to--)
        if (ends[to] && accept(m, part, at, to))
            return true;
    return false;
}

static bool match_integer(struct matcher *m, uint32_t part, size_t at)
{
    const struct jsonata_date_part *p = &m->picture->parts[part];
    if (p->component == 'f')                                            // a fraction: digits, whatever the picture
        return match_decimal(m, part, at);
    switch (p->integer->numbering) {
    case NUMBERING_LETTERS: return accept_run(m, part, at, run_of_letters(m->text, at), 1);
    case NUMBERING_ROMAN: return accept_run(m, part, at, run_of_romans(m->text, at), 1);
    case NUMBERING_WORDS: return match_words(m, part, at);
    case NUMBERING_DECIMAL: break;
    }
    return match_decimal(m, part, at);
}

/* zone := 'GMT'? ('+' | '-') digits (separator digits)?, with a separator when the picture has a regular one. */
static bool match_zone(struct matcher *m, uint32_t part, size_t from)
{
    const struct jsonata_date_part *p = &m->picture->parts[part];
    size_t at = from;
    if (p->component == 'z') {
        for (size_t i = 0; i < 3; i++, at++)
            if (at >= m->text.len || (m->text.data[at] & ~0x20) != "GMT"[i])
                return false;
    }
    if (at >= m->text.len || (m->text.data[at] != '+' && m->text.data[at] != '-'))
        return false;
    at++;
    const size_t digits = run_of_digits(m->text, at);
    if (!p->integer || !p->integer->regular) {
        for (size_t n = digits; n > 0; n--)
            if (accept(m, part, from, at + n))
                return true;
        return false;
    }
    at += digits;
    if (!digits || at >= m->text.len || jn_utf8_next(m->text, &at) != p->integer->separators[0].character)
        return false;
    for (size_t n = run_of_digits(m->text, at); n > 0; n--)
        if (accept(m, part, from, at + n))
            return true;
    return false;
}

static bool match_part(struct matcher *m, uint32_t part, size_t at)
{
    switch (m->picture->parts[part].form) {
    case PART_LITERAL: return match_literal(m, part, at);
    case PART_NAME: return accept_run(m, part, at, run_of_letters(m->text, at), 1);
    case PART_INTEGER: return match_integer(m, part, at);
    case PART_ZONE: break;
    }
    return match_zone(m, part, at);
}

/* Matches the parts from `part` on against all of the text from `at` on.  Recursion is as deep as there are parts, of
 * which prepare() allows so many. */
static bool match_from(struct matcher *m, uint32_t part, size_t at)
{
    if (part == m->picture->count)
        return at == m->text.len;
    const size_t bit = (size_t)part * (m->text.len + 1) + at;
    if (m->failed[bit / 8] >> bit % 8 & 1)
        return false;
    if (match_part(m, part, at))
        return true;
    m->failed[bit / 8] |= (uint8_t)(1 << bit % 8);
    return false;
}

/* ---- components ---------------------------------------------------------------------------------------------- */

/* The value of each component by its letter; `is_set` tells which were given. */
struct components {
    double value[128];
    bool is_set[128];
};

static jn_str cut(jn_str name, int64_t width)
{
    return width < 0 ? name : jn_str_sub(name, 0, (size_t)width);
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

static double fraction_value(jn_str text, uint32_t zero)
{
    double value = 0, unit = 100;
    for (size_t at = 0; at < text.len && unit >= 1; unit /= 10)
        value += (jn_utf8_next(text, &at) - zero) * unit;
    return value;
}

static double leading_number(jn_str s)
{
    double n = 0;
    size_t at = s.len && (s.data[0] == '+' || s.data[0] == '-');
    for (; at < s.len && s.data[at] >= '0' && s.data[at] <= '9'; at++)
        n = n * 10 + (s.data[at] - '0');
    return s.len && s.data[0] == '-' ? -n : n;
}

/* Minutes.  The sign goes with the hours only, so that -05:30 is minus five hours plus thirty minutes: the reference's
 * reading, and the inverse of how it writes -04:30. */
static double zone_value(const struct jsonata_date_part *part, jn_str text)
{
    if (part->component == 'z')
        text = jn_str_sub(text, 3, text.len);
    size_t hours_end = text.len <= 3 ? text.len : 3, minutes = hours_end;
    if (part->integer && part->integer->regular) {
        hours_end = 1 + run_of_digits(text, 1);
        minutes = hours_end;
        if (minutes < text.len)
            jn_utf8_next(text, &minutes);
    }
    return leading_number(jn_str_sub(text, 0, hours_end)) * 60 + leading_number(jn_str_sub(text, minutes, text.len));
}

static void read_components(const struct matcher *m, struct components *c)
{
    *c = (struct components){ 0 };
    for (uint32_t i = 0; i < m->picture->count; i++) {
        const struct jsonata_date_part *part = &m->picture->parts[i];
        const jn_str text = jn_str_sub(m->text, m->spans[i].from, m->spans[i].to);
        const size_t at = (size_t)(unsigned char)part->component & 127;
        if (part->form == PART_LITERAL)
            continue;
        c->is_set[at] = true;
        if (part->form == PART_NAME)
            c->value[at] = name_value(part, text, &c->is_set[at]);
        else if (part->form == PART_ZONE)
            c->value[at] = zone_value(part, text);
        else if (part->component == 'f')
            c->value[at] = fraction_value(text, zero_of_part(part));
        else
            c->value[at] = jsonata_parse_integer(m->e, text, part->integer);
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
 * least.  A gap in between is an error.  (The reference forgets d here: it refuses a time after a day of the year, which
 * the language allows, and we read it.) */
static bool complete(struct jsonata_eval *e, struct components *c, const char *order)
{
    const struct jsonata_date now = jsonata_date_of(e->now_ms);
    bool has_begun = false, has_ended = false;
    for (; *order; order++) {
        const int i = *order;
        if (c->is_set[i] && has_ended) {
            jsonata_raise(e, (struct jsonata_fault){ .code = "D3136" });
            return false;
        }
        if (c->is_set[i]) {
            has_begun = true;
        } else if (has_begun) {
            has_ended = true;
            c->value[i] = strchr("MDd", i) ? 1 : 0;
        } else {
            c->value[i] = now_value(&now, *order);
        }
    }
    return true;
}

/* A year of one or two digits is of the twentieth century, as Date.UTC has it. */
static double full_year(double year)
{
    return trunc(year) >= 0 && trunc(year) <= 99 ? 1900 + trunc(year) : year;
}

/* Month and day of a day of the year; the year stays, even when the day is beyond its end. */
static void set_day_of_year(struct components *c)
{
    const double millis = jsonata_millis_of(full_year(c->value['Y']), 1, c->value['d'], 0, 0, 0, 0);
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
    char order[16] = "";
    if (by_week)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3136" });
    strncat(order, by_day_of_year ? "Yd" : "YMD", sizeof order - 1);
    strncat(order, by_half_day ? "Phmsf" : "Hmsf", sizeof order - 1 - strlen(order));
    if (!complete(e, c, order))
        return jn_undefined();
    if (by_day_of_year)
        set_day_of_year(c);
    if (by_half_day)
        c->value['H'] = (c->value['h'] == 12 ? 0 : c->value['h']) + (c->value['P'] == 1 ? 12 : 0);
    // No month 0: the reference takes it, and text that is no number, for January.
    const double month = c->value['M'] > 0 || by_day_of_year ? c->value['M'] : 1;
    const double millis = jsonata_millis_of(full_year(c->value['Y']), month, c->value['D'], c->value['H'],
                                            c->value['m'], c->value['s'], c->value['f']);
    const double zone = c->value['Z'] != 0 && !isnan(c->value['Z']) ? c->value['Z'] : c->value['z'];
    return jn_number(millis - (isnan(zone) ? 0 : zone) * 60000);
}

/* ---- $toMillis with a picture -------------------------------------------------------------------------------- */

/* Components without names to read: their pictures are refused, whatever the text. */
static bool can_parse(struct jsonata_eval *e, const struct jsonata_date_picture *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->parts[i].form == PART_NAME && !strchr("MxFP", p->parts[i].component)) {
            char *letter = jsonata_string_begin(e, 1);
            if (letter) {
                *letter = p->parts[i].component;
                jsonata_raise(e, (struct jsonata_fault){
                    .code = "D3133", .value = jsonata_string_end(e, letter, 1, 1),
                });
            }
            return false;
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

static bool prepare_words(struct matcher *m, size_t places)
{
    m->word_ends = jn_arena_alloc(m->e->arena, places * sizeof *m->word_ends);
    m->word_lengths = jn_arena_alloc(m->e->arena, (m->text.len + 1) * sizeof *m->word_lengths);
    if (!m->word_ends || !m->word_lengths) {
        jsonata_raise_memory(m->e);
        return false;
    }
    for (size_t i = 0; i <= m->text.len; i++)
        m->word_lengths[i] = jsonata_word_lengths(jn_str_sub(m->text, i, m->text.len));
    return true;
}

/* Memory of the search is parts x length, time parts x length x length at worst; no date needs much of either. */
static bool prepare(struct matcher *m)
{
    enum { MAX_PARTS = 100, MAX_LENGTH = 4096 };
    const size_t places = (size_t)m->picture->count * (m->text.len + 1);
    if (m->picture->count > MAX_PARTS || m->text.len > MAX_LENGTH) {
        if (!jsonata_failed(m->e))
            m->e->status = JN_LIMIT;
        return false;
    }
    bool has_words = false;
    for (uint32_t i = 0; i < m->picture->count; i++)
        has_words |= m->picture->parts[i].form == PART_INTEGER
                     && m->picture->parts[i].integer->numbering == NUMBERING_WORDS;
    if (has_words && !prepare_words(m, places))
        return false;
    m->spans = jn_arena_alloc(m->e->arena, m->picture->count * sizeof *m->spans);
    m->failed = jn_arena_zalloc(m->e->arena, places / 8 + 1);
    if (m->spans && m->failed)
        return true;
    jsonata_raise_memory(m->e);
    return false;
}

/* The picture's program and the memory of the search are all that is made: the caller gives it back. */
static jn_value parse(struct jsonata_eval *e, jn_str text, jn_str picture)
{
    const struct jsonata_date_picture *p = jsonata_date_picture(e, picture);
    struct matcher m = { .e = e, .picture = p, .text = text };
    struct components c;
    if (!p || !can_parse(e, p) || !has_component(p) || !prepare(&m) || !match_from(&m, 0, 0))
        return jn_undefined();
    read_components(&m, &c);
    return instant(e, &c);
}

jn_value jsonata_parse_date(struct jsonata_eval *e, jn_str text, jn_str picture)
{
    const jn_mark scratch = jn_arena_mark(e->arena);
    const jn_value millis = parse(e, text, picture);
    if (!jsonata_failed(e))                     // an error may carry values made since then
        jn_arena_rewind(e->arena, scratch);
    return millis;
}
