/* picture_date.c - date pictures into parts (spec 12.1, after XPath's fn:format-dateTime).
 *
 *      picture := (text | '[[' | ']]' | '[' marker ']')*
 *      marker  := component presentation? modifier? (',' width)?         white space means nothing in it
 *      width   := min ('-' max)?                                         '*' or anything but a number: no limit */
#include "jsonata/picture_date.h"

#include "jsonata/picture_cache.h"

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
    jn_value nameless;          /* the first component that has no names but was asked for one */
};

static struct jsonata_date_part *add_part(struct reader *r, enum jsonata_part_form form)
{
    struct jsonata_date_part *part = &r->out->parts[r->out->count++];
    *part = (struct jsonata_date_part){ .form = form, .width_max = -1, .year_digits = -1 };
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
    for (size_t i = 0; out && i < s.len; i++)
        if (s.data[i] != ' ' && !(s.data[i] >= '\t' && s.data[i] <= '\r'))
            out[n++] = s.data[i];
    return (jn_str){ out, n };
}

/* Leading digits, -1 when there are none; capped, far beyond any use. */
static int64_t read_width(jn_str s)
{
    int64_t n = -1;
    for (size_t i = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9' && n < 10000; i++)
        n = (n < 0 ? 0 : n) * 10 + (s.data[i] - '0');
    return n;
}

/* Cuts ",min-max" off the end of the marker. */
static jn_str take_width(jn_str marker, int64_t *min, int64_t *max)
{
    size_t comma = marker.len;
    while (comma > 0 && marker.data[comma - 1] != ',')
        comma--;
    *min = *max = -1;
    if (comma == 0)
        return marker;
    const jn_str width = jn_str_sub(marker, comma, marker.len);
    const size_t dash = jn_str_find(width, JN_STR("-"), 0);
    *min = read_width(jn_str_sub(width, 0, dash));
    if (dash != SIZE_MAX)
        *max = read_width(jn_str_sub(width, dash + 1, width.len));
    return jn_str_sub(marker, 0, comma - 1);
}

static jn_value component_text(struct jsonata_eval *e, jn_str marker)
{
    size_t at = 0;
    if (marker.len)
        jn_utf8_next(marker, &at);
    return jsonata_string(e, jn_str_sub(marker, 0, at));
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

static void set_name(struct reader *r, struct jsonata_date_part *part, jn_str marker, jn_str presentation)
{
    part->form = PART_NAME;
    part->letter_case = presentation.data[0] == 'n' ? CASE_LOWER
                        : presentation.len > 1 && presentation.data[1] == 'n' ? CASE_TITLE : CASE_UPPER;
    if (!strchr("MxFPCE", part->component) && jn_is_undefined(r->nameless))
        r->nameless = component_text(r->e, marker);
}

static void set_zone(struct reader *r, struct jsonata_date_part *part, jn_str presentation, char modifier)
{
    part->form = PART_ZONE;
    part->is_z_for_zero = modifier == 't';
    // A zone is read whatever its picture; only writing needs digits.  So a picture without is no error yet.
    bool has_digit = false;
    for (size_t at = 0; at < presentation.len && !has_digit;)
        has_digit = jsonata_is_decimal_digit(jn_utf8_next(presentation, &at));
    part->integer = has_digit ? integer_picture(r, presentation, '\0') : NULL;
}

static void set_integer(struct reader *r, struct jsonata_date_part *part, jn_str presentation, char modifier,
                        int64_t min)
{
    struct jsonata_integer_picture *p = integer_picture(r, presentation, modifier);
    if (!p)
        return;
    part->form = PART_INTEGER;
    if (p->numbering == NUMBERING_DECIMAL && min > (int64_t)p->mandatory)
        p->mandatory = (uint32_t)min;
    if (part->component == 'Y' && part->width_max >= 0) {
        part->year_digits = part->width_max;
        p->mandatory = (uint32_t)part->width_max;
    } else if (part->component == 'Y' && p->mandatory + p->optional >= 2) {
        part->year_digits = (int64_t)p->mandatory + p->optional;
    }
    part->integer = p;
    // Two numbers side by side: the first takes exactly its digits, or nobody could tell where it ends.
    if (part > r->out->parts && part[-1].form == PART_INTEGER)
        part[-1].digits = part[-1].integer->mandatory;
}

static void add_marker(struct reader *r, jn_str marker)
{
    struct jsonata_date_part *part = add_part(r, PART_NAME);
    int64_t min;
    const jn_str component = take_width(marker, &min, &part->width_max);
    const char *usual = marker.len ? usual_presentation(marker.data[0]) : NULL;
    if (!usual) {
        jsonata_raise(r->e, (struct jsonata_fault){ .code = "D3132", .value = component_text(r->e, marker) });
        return;
    }
    jn_str presentation = jn_str_sub(component, 1, component.len);
    char modifier = '\0';
    if (presentation.len > 1 && strchr("atco", presentation.data[presentation.len - 1])) {
        modifier = presentation.data[presentation.len - 1];
        presentation.len--;
    } else if (presentation.len == 0) {
        presentation = jn_str_of(usual);
    }
    part->component = marker.data[0];
    if (part->component == 'Z' || part->component == 'z')
        set_zone(r, part, presentation, modifier);
    else if (presentation.data[0] == 'n' || presentation.data[0] == 'N')
        set_name(r, part, marker, presentation);
    else if (!strchr("PCE", part->component))
        set_integer(r, part, presentation, modifier, min);
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
    if (!jn_is_undefined(r.nameless))           // a picture that cannot be read (D3135) is the greater error
        jsonata_raise(e, (struct jsonata_fault){ .code = "D3133", .value = r.nameless });
    return jsonata_failed(e) || jn_arena_failed(a) ? NULL : out;
}

const struct jsonata_date_picture *jsonata_date_picture(struct jsonata_eval *e, jn_str picture)
{
    return jsonata_picture_get(e, analyse, picture, NULL);
}
