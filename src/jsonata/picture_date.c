/* picture_date.c - date pictures into parts (spec 12.1, after XPath's fn:format-dateTime).
 *
 *      picture := (text | '[[' | ']]' | '[' marker ']')*
 *      marker  := component presentation? modifier? (',' width)?         white space means nothing in it
 *      width   := min ('-' max)?                                         '*': no limit
 *
 * Only what makes the picture unreadable is an error here.  A component that cannot be written or read as the picture
 * wants it is one when it is its turn, since the reference finds it then. */
#include "jsonata/picture_date.h"

#include "jsonata/picture_cache.h"

#include <math.h>

static const char *const months[12] = {
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
};
static const char *const weekdays[7] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
};

jn_str jsonata_month_name(int i)
{
    return jn_str_of(months[i - 1]);
}

jn_str jsonata_weekday_name(int i)
{
    return jn_str_of(weekdays[i - 1]);
}

/* The presentation of a marker that has none. */
static const char *usual_presentation(char component)
{
    switch (component) {
    case 'Y': case 'M': case 'D': case 'd': case 'W': case 'w': case 'X': case 'x': case 'H': case 'h': case 'f':
        return "1";
    case 'F': case 'P': case 'C': case 'E':
        return "n";
    case 'm': case 's':
        return "01";
    case 'Z': case 'z':
        return "01:01";
    default:
        return NULL;
    }
}

struct reader {
    struct jsonata_eval *e;
    struct jn_arena *a;         /* of the analysed picture */
    jn_str picture;
    size_t at;
    struct jsonata_date_picture *out;
};

static struct jsonata_date_part *add_part(struct reader *r, enum jsonata_part_form form)
{
    struct jsonata_date_part *part = &r->out->parts[r->out->count++];
    *part = (struct jsonata_date_part){ .form = form, .width_max = NAN, .year_digits = -1 };
    return part;
}

static void add_literal(struct reader *r, size_t from, size_t to)
{
    if (from < to)
        add_part(r, PART_LITERAL)->text = jn_str_sub(r->picture, from, to);
}

/* A marker without its white space. */
static jn_str squeeze(struct jn_arena *a, jn_str s)
{
    char *out = jn_arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t at = 0; out && at < s.len;) {
        const size_t from = at;
        if (jsonata_is_blank(jn_utf8_next(s, &at)))
            continue;
        memcpy(out + n, s.data + from, at - from);
        n += at - from;
    }
    return (jn_str){ out, n };
}

/* The number that `s` starts with; NaN when there is none. */
static double read_width(jn_str s)
{
    const size_t sign = s.len && (s.data[0] == '-' || s.data[0] == '+');
    double n = NAN;
    for (size_t i = sign; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++)
        n = (isnan(n) ? 0 : n) * 10 + (s.data[i] - '0');
    return s.len && s.data[0] == '-' ? -n : n;
}

/* Cuts ",min-max" off the end of the marker. */
static jn_str take_width(jn_str marker, struct jsonata_date_part *part, double *min)
{
    size_t comma = marker.len;
    while (comma > 0 && marker.data[comma - 1] != ',')
        comma--;
    *min = NAN;
    if (comma == 0)
        return marker;
    part->has_width = true;
    const jn_str width = jn_str_sub(marker, comma, marker.len);
    const size_t dash = jn_str_find(width, JN_STR("-"), 0);
    *min = read_width(jn_str_sub(width, 0, dash));
    part->has_max = dash != SIZE_MAX && !jn_str_eq(jn_str_sub(width, dash + 1, width.len), JN_STR("*"));
    if (part->has_max)
        part->width_max = read_width(jn_str_sub(width, dash + 1, width.len));
    // A marker that begins with the comma has it as component and, by an accident of substring(), as presentation.
    return comma == 1 ? JN_STR(",,") : jn_str_sub(marker, 0, comma - 1);
}

jn_value jsonata_component_text(struct jsonata_eval *e, uint16_t component)
{
    char text[4];
    return jsonata_string(e, (jn_str){ text, component ? jn_utf8_put(text, component) : 0 });
}

/* The integer picture "presentation;modifier"; the modifier may be '\0'. */
static struct jsonata_integer_picture *integer_picture(struct reader *r, jn_str presentation, char modifier)
{
    char *text = jn_arena_alloc(r->a, presentation.len + 2);
    if (!text)
        return NULL;
    memcpy(text, presentation.data, presentation.len);
    text[presentation.len] = ';';
    text[presentation.len + 1] = modifier;
    return jsonata_integer_picture(r->e, r->a, (jn_str){ text, presentation.len + (modifier ? 2 : 0) });
}

static void set_name(struct jsonata_date_part *part, jn_str presentation)
{
    part->form = PART_NAME;
    part->letter_case = presentation.data[0] == 'n' ? CASE_LOWER
                        : presentation.len > 1 && presentation.data[1] == 'n' ? CASE_TITLE : CASE_UPPER;
}

/* Digits that are asked for: what is no number, or less than nothing, asks for none. */
static uint32_t digits_of(double n)
{
    return n >= 1 && n < UINT32_MAX ? (uint32_t)n : n >= UINT32_MAX ? UINT32_MAX - 1 : 0;
}

static void set_year(struct jsonata_date_part *part, struct jsonata_integer_picture *p)
{
    if (part->has_max) {
        part->year_digits = part->width_max;
        p->mandatory = digits_of(part->width_max);
    } else if (p->numbering == NUMBERING_DECIMAL && p->mandatory + p->optional >= 2) {
        part->year_digits = (double)p->mandatory + p->optional;
    }
}

static void set_integer(struct reader *r, struct jsonata_date_part *part, jn_str presentation, char modifier,
                        double min)
{
    struct jsonata_integer_picture *p = integer_picture(r, presentation, modifier);
    if (!p)
        return;
    part->form = PART_INTEGER;
    if (p->numbering == NUMBERING_DECIMAL && min > p->mandatory)
        p->mandatory = digits_of(min);
    if (part->component == 'Y')
        set_year(part, p);
    part->integer = p;
    // Two numbers side by side: the first takes exactly its digits, or nobody could tell where it ends.
    if (part > r->out->parts && part[-1].form == PART_INTEGER && part[-1].integer->numbering == NUMBERING_DECIMAL)
        part[-1].digits = part[-1].integer->mandatory;
}

/* A component that is half of a surrogate pair leaves the other half to the presentation: there is one in any case. */
static jn_str take_component(jn_str marker, struct jsonata_date_part *part, bool *has_rest)
{
    size_t at = 0;
    const uint32_t c = marker.len ? jn_utf8_next(marker, &at) : 0;
    part->component = (uint16_t)(c >= 0x10000 ? 0xD7C0 + (c >> 10) : c);
    *has_rest = c >= 0x10000 || at < marker.len;
    return jn_str_sub(marker, at, marker.len);
}

static bool is_among(const char *letters, uint16_t component)
{
    return component && component < 0x80 && strchr(letters, component);
}

static void set_form(struct reader *r, struct jsonata_date_part *part, jn_str presentation, double min)
{
    char modifier = '\0';
    if (presentation.len > 1 && strchr("atco", presentation.data[presentation.len - 1])
        && presentation.data[presentation.len - 1])
        modifier = presentation.data[--presentation.len];
    part->form = PART_OTHER;
    part->is_z_for_zero = modifier == 't';
    if (presentation.len && (presentation.data[0] == 'n' || presentation.data[0] == 'N'))
        set_name(part, presentation);
    else if (is_among("YMDdFWwXxHhmsf", part->component))
        set_integer(r, part, presentation, modifier, min);
    if (is_among("PCE", part->component)) {
        part->form = PART_OTHER;
    } else if (is_among("Zz", part->component)) {
        part->form = PART_ZONE;
        part->integer = integer_picture(r, presentation, '\0');
    } else if (part->form == PART_NAME && !is_among("YMDdFWwXxHhmsf", part->component)) {
        part->form = PART_OTHER;
    }
}

static void add_marker(struct reader *r, jn_str marker)
{
    struct jsonata_date_part *part = add_part(r, PART_OTHER);
    double min;
    bool has_presentation;
    const jn_str rest = take_component(take_width(marker, part, &min), part, &has_presentation);
    const char *usual = part->component < 0x80 ? usual_presentation((char)part->component) : NULL;
    if (has_presentation || usual)
        set_form(r, part, has_presentation ? rest : jn_str_of(usual), min);
    else
        jsonata_raise(r->e, (struct jsonata_fault){
            .code = "D3132", .value = jsonata_component_text(r->e, part->component),
        });
}

/* The marker at r->at, which is behind its '['. */
static void read_marker(struct reader *r)
{
    const size_t end = jn_str_find(r->picture, JN_STR("]"), r->at);
    if (end == SIZE_MAX) {
        jsonata_raise(r->e, (struct jsonata_fault){ .code = "D3135" });
        return;
    }
    const jn_str marker = squeeze(r->a, jn_str_sub(r->picture, r->at, end));
    if (marker.data)
        add_marker(r, marker);
    r->at = end + 1;
}

static void read_picture(struct reader *r)
{
    size_t literal = 0;                                         // where the text at hand began
    while (r->at < r->picture.len && !jsonata_failed(r->e) && !jn_arena_failed(r->a)) {
        const char c = r->picture.data[r->at];
        const bool is_double = r->at + 1 < r->picture.len && r->picture.data[r->at + 1] == c;
        if (c != '[' && !(c == ']' && is_double)) {
            r->at++;
        } else if (is_double) {
            add_literal(r, literal, r->at + 1);
            r->at += 2;
            literal = r->at;
        } else {
            add_literal(r, literal, r->at);
            r->at++;
            read_marker(r);
            literal = r->at;
        }
    }
    if (!jsonata_failed(r->e))
        add_literal(r, literal, r->at);
}

static void *analyse(struct jsonata_eval *e, struct jn_arena *a, jn_str picture, const void *arg)
{
    (void)arg;
    struct jsonata_date_picture *out = jn_arena_zalloc(a, sizeof *out);
    size_t brackets = 0;                                        // each ends a literal and may begin a marker
    for (size_t i = 0; i < picture.len; i++)
        brackets += picture.data[i] == '[' || picture.data[i] == ']';
    if (out)
        out->parts = jn_arena_alloc(a, (2 * brackets + 1) * sizeof *out->parts);
    if (!out || !out->parts)
        return NULL;
    struct reader r = { .e = e, .a = a, .picture = picture, .out = out };
    read_picture(&r);
    return jsonata_failed(e) || jn_arena_failed(a) ? NULL : out;
}

const struct jsonata_date_picture *jsonata_date_picture(struct jsonata_eval *e, jn_str picture)
{
    return jsonata_picture_get(e, analyse, picture, NULL);
}
