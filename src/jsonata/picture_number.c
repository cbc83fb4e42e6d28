/* picture_number.c - $formatNumber: numbers by XPath's decimal format (spec 13.1).
 *
 * A picture has one or two sub-pictures, for positive and negative numbers.  A sub-picture is
 *
 *      prefix  integer part . fraction part e exponent  suffix
 *
 * where everything but prefix and suffix consists of active characters.  It is analysed into struct sub_picture, which
 * says all that formatting needs.
 *
 * Which characters are active is for the options to say, and they may be empty or of several characters: the reference
 * then does what its string functions do, and so do we, in code units.  A character of the picture is one of the
 * options when that has this one unit. */
#include "jsonata/picture.h"

#include <math.h>

#include "jsonata/decimal.h"
#include "jsonata/picture_cache.h"
#include "jsonata/picture_line.h"
#include "jsonata/power.h"

enum { MOST_PLACES = 100 };                     /* of ECMAScript's toFixed() */

/* The characters of the decimal format. */
enum option { DECIMAL, GROUPING, EXPONENT, DIGIT, ZERO, SEPARATOR, PERCENT, PER_MILLE, MINUS, OPTIONS };

static const struct {
    jn_str name, usual;
} option_table[OPTIONS] = {
    [DECIMAL] = { JN_STR_INIT("decimal-separator"), JN_STR_INIT(".") },
    [GROUPING] = { JN_STR_INIT("grouping-separator"), JN_STR_INIT(",") },
    [EXPONENT] = { JN_STR_INIT("exponent-separator"), JN_STR_INIT("e") },
    [DIGIT] = { JN_STR_INIT("digit"), JN_STR_INIT("#") },
    [ZERO] = { JN_STR_INIT("zero-digit"), JN_STR_INIT("0") },
    [SEPARATOR] = { JN_STR_INIT("pattern-separator"), JN_STR_INIT(";") },
    [PERCENT] = { JN_STR_INIT("percent"), JN_STR_INIT("%") },
    [PER_MILLE] = { JN_STR_INIT("per-mille"), JN_STR_INIT("\u2030") },
    [MINUS] = { JN_STR_INIT("minus-sign"), JN_STR_INIT("-") },
};

struct format {
    struct units_text option[OPTIONS];
};

/* Grouping separators: how many digits are between each and the decimal separator. */
struct groups {
    size_t *at;
    size_t count;
};

struct sub_picture {
    struct units_text whole, prefix, active, suffix, mantissa, integer, fraction, exponent;
    bool has_exponent;
    size_t regular;                             /* distance of grouping separators that repeat; 0: listed ones */
    struct groups integer_groups, fraction_groups;
    size_t min_integer, min_fraction, max_fraction, min_exponent;
    int scaling;                                /* digits before the point when there is an exponent */
};

/* A picture with its options, analysed. */
struct number_picture {
    struct format format;
    struct sub_picture sub[2];
    size_t count;
};

/* ---- characters ---------------------------------------------------------------------------------------------- */

/* One of the ten units from the zero digit on. */
static bool is_digit(const struct format *f, uint16_t c)
{
    const struct units_text zero = f->option[ZERO];
    return zero.len && (uint16_t)(c - zero.at[0]) < 10;
}

static bool is_option(const struct format *f, enum option o, uint16_t c)
{
    return f->option[o].len == 1 && f->option[o].at[0] == c;
}

static bool is_place(const struct format *f, uint16_t c)
{
    return is_digit(f, c) || is_option(f, DIGIT, c);
}

static bool is_active(const struct format *f, uint16_t c)
{
    return is_place(f, c) || is_option(f, DECIMAL, c) || is_option(f, EXPONENT, c) || is_option(f, GROUPING, c)
           || is_option(f, SEPARATOR, c);
}

static size_t count_digits(const struct format *f, struct units_text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += is_digit(f, t.at[i]);
    return n;
}

static size_t count_places(const struct format *f, struct units_text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += is_place(f, t.at[i]);
    return n;
}

static size_t find(const struct format *f, struct units_text t, enum option o, size_t from)
{
    return units_find(t, f->option[o], from);
}

static bool has(const struct format *f, struct units_text t, enum option o)
{
    return find(f, t, o, 0) != SIZE_MAX;
}

static bool has_twice(const struct format *f, struct units_text t, enum option o)
{
    return find(f, t, o, 0) != units_find_last(t, f->option[o]);
}

/* True when the character at `i`, which is nothing beyond the ends, is the grouping separator. */
static bool is_grouping_at(const struct format *f, struct units_text t, size_t i)
{
    return i < t.len ? is_option(f, GROUPING, t.at[i]) : f->option[GROUPING].len == 0;
}

/* ---- options ------------------------------------------------------------------------------------------------- */

/* The texts of all options.  False after raising. */
static bool read_options(struct jsonata_eval *e, jn_value options, jn_str texts[OPTIONS])
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const jn_value v = jn_member(options, option_table[i].name);
        texts[i] = jn_is(v, JN_STRING) ? jn_text(v) : option_table[i].usual;
        if (!jn_is_undefined(v) && !jn_is(v, JN_STRING)) {
            jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 3, .value = v });
            return false;
        }
    }
    return true;
}

/* ---- analysing ----------------------------------------------------------------------------------------------- */

/* An exponent separator does not end the prefix or begin the suffix: "each" may stand there. */
static bool ends_affix(const struct format *f, uint16_t c)
{
    return is_active(f, c) && !is_option(f, EXPONENT, c);
}

static void split_affixes(const struct format *f, struct sub_picture *p)
{
    const struct units_text whole = p->whole;
    size_t from = 0, to = whole.len;
    while (from < whole.len && !ends_affix(f, whole.at[from]))
        from++;
    while (to > 0 && !ends_affix(f, whole.at[to - 1]))
        to--;
    if (from >= to)
        from = 0, to = whole.len;               // no active character: let the checks say so
    p->prefix = units_sub(whole, 0, from);
    p->active = units_sub(whole, from, to);
    p->suffix = units_sub(whole, to, whole.len);
}

/* The reference looks for the exponent from the start of the sub-picture but cuts the active part there, so that one
 * after a prefix is refused (D3093); and without a decimal separator it takes the suffix for the fraction, where
 * nothing can be found.  Kept, as pictures are shared between engines. */
static void split(const struct format *f, struct sub_picture *p)
{
    split_affixes(f, p);
    const size_t at = find(f, p->whole, EXPONENT, p->prefix.len);
    p->has_exponent = at != SIZE_MAX && at <= p->whole.len - p->suffix.len;
    p->mantissa = p->has_exponent ? units_sub(p->active, 0, at) : p->active;
    p->exponent = p->has_exponent ? units_sub(p->active, at + 1, SIZE_MAX) : (struct units_text){ 0 };
    const size_t point = find(f, p->mantissa, DECIMAL, 0);
    p->integer = units_sub(p->mantissa, 0, point);
    p->fraction = point == SIZE_MAX ? p->suffix : units_sub(p->mantissa, point + 1, SIZE_MAX);
}

static bool has_passive(const struct format *f, struct units_text active)
{
    for (size_t i = 0; i < active.len; i++)
        if (!is_active(f, active.at[i]))
            return true;
    return false;
}

static bool has_grouping_twice(const struct format *f, struct units_text t)
{
    const struct units_text grouping = f->option[GROUPING];
    for (size_t at = find(f, t, GROUPING, 0); grouping.len && at != SIZE_MAX; at = find(f, t, GROUPING, at + 1))
        if (units_starts(units_sub(t, at + grouping.len, SIZE_MAX), grouping))
            return true;
    return !grouping.len;
}

static const char *check_separators(const struct format *f, const struct sub_picture *p)
{
    const char *code = NULL;
    const size_t point = find(f, p->whole, DECIMAL, 0);
    if (point != SIZE_MAX) {
        if (is_grouping_at(f, p->whole, point - 1) || is_grouping_at(f, p->whole, point + 1))
            code = "D3087";
    } else if (is_grouping_at(f, p->integer, p->integer.len - 1)) {
        code = "D3088";
    }
    return has_grouping_twice(f, p->whole) ? "D3089" : code;
}

static const char *check_digits(const struct format *f, const struct sub_picture *p)
{
    const size_t first = find(f, p->integer, DIGIT, 0);
    const size_t last = units_find_last(p->fraction, f->option[DIGIT]);
    if (last != SIZE_MAX && count_digits(f, units_sub(p->fraction, last, SIZE_MAX)))
        return "D3091";
    return first != SIZE_MAX && count_digits(f, units_sub(p->integer, 0, first)) ? "D3090" : NULL;
}

/* The code of the last rule that the sub-picture breaks, as the reference has it; NULL when it breaks none. */
static const char *check(const struct format *f, const struct sub_picture *p)
{
    const bool percent = has(f, p->whole, PERCENT), per_mille = has(f, p->whole, PER_MILLE);
    const char *code = NULL, *later;
    if (has_twice(f, p->whole, DECIMAL))
        code = "D3081";
    if (has_twice(f, p->whole, PERCENT))
        code = "D3082";
    if (has_twice(f, p->whole, PER_MILLE))
        code = "D3083";
    if (percent && per_mille)
        code = "D3084";
    if (!count_places(f, p->mantissa))
        code = "D3085";
    if (has_passive(f, p->active))
        code = "D3086";
    if ((later = check_separators(f, p)))
        code = later;
    if ((later = check_digits(f, p)))
        code = later;
    if (p->exponent.len && (percent || per_mille))
        code = "D3092";
    if (p->has_exponent && (p->exponent.len == 0 || count_digits(f, p->exponent) != p->exponent.len))
        code = "D3093";
    return code;
}

/* Separators of the integer part are counted to the right, those of the fraction to the left.  The second and later
 * ones of the fraction are looked for in the integer part: kept, it shows only where the fraction has more than one. */
static struct groups find_groups(const struct format *f, struct jn_arena *a, const struct sub_picture *p,
                                 struct units_text part, bool to_left)
{
    struct groups groups = { jn_arena_alloc(a, (part.len + p->integer.len) * sizeof *groups.at), 0 };
    for (size_t at = find(f, part, GROUPING, 0); groups.at && at != SIZE_MAX;
         at = find(f, p->integer, GROUPING, at + 1))
        groups.at[groups.count++] = count_places(f, to_left ? units_sub(part, 0, at) : units_sub(part, at, SIZE_MAX));
    return groups;
}

static size_t gcd(size_t a, size_t b)
{
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The distance that all separators keep, or 0. */
static size_t regular_distance(const struct groups *g)
{
    size_t distance = 0;
    for (size_t i = 0; i < g->count; i++)
        distance = gcd(distance, g->at[i]);
    for (size_t k = 1; distance && k <= g->count; k++) {
        size_t i = 0;
        while (i < g->count && g->at[i] != k * distance)
            i++;
        if (i == g->count)
            return 0;
    }
    return distance;
}

static void measure(const struct format *f, struct jn_arena *a, struct sub_picture *p)
{
    p->integer_groups = find_groups(f, a, p, p->integer, false);
    p->fraction_groups = find_groups(f, a, p, p->fraction, true);
    p->regular = regular_distance(&p->integer_groups);
    p->min_integer = count_digits(f, p->integer);
    p->scaling = (int)p->min_integer;
    p->min_fraction = count_digits(f, p->fraction);
    p->max_fraction = count_places(f, p->fraction);
    if (p->min_integer == 0 && p->max_fraction == 0) {
        if (p->has_exponent)
            p->min_fraction = p->max_fraction = 1;
        else
            p->min_integer = 1;
    }
    if (p->has_exponent && p->min_integer == 0 && has(f, p->integer, DIGIT))
        p->min_integer = 1;
    if (p->min_integer == 0 && p->min_fraction == 0)
        p->min_fraction = 1;
    p->min_exponent = count_digits(f, p->exponent);
}

/* Cuts the picture at the pattern separator; an empty one cuts between all characters.  False for too many parts. */
static bool cut(const struct format *f, struct units_text whole, struct number_picture *p)
{
    const struct units_text separator = f->option[SEPARATOR];
    if (!separator.len) {
        p->count = whole.len;
        for (size_t i = 0; i < whole.len && i < 2; i++)
            p->sub[i].whole = units_sub(whole, i, i + 1);
        return whole.len <= 2;
    }
    const size_t at = units_find(whole, separator, 0);
    p->count = at == SIZE_MAX ? 1 : 2;
    p->sub[0].whole = units_sub(whole, 0, at);
    p->sub[1].whole = at == SIZE_MAX ? (struct units_text){ 0 } : units_sub(whole, at + separator.len, SIZE_MAX);
    return at == SIZE_MAX || units_find(p->sub[1].whole, separator, 0) == SIZE_MAX;
}

static bool check_parts(struct jsonata_eval *e, struct number_picture *p)
{
    for (size_t i = 0; i < p->count; i++)
        split(&p->format, &p->sub[i]);
    for (size_t i = 0; i < p->count; i++) {
        const char *code = check(&p->format, &p->sub[i]);
        if (code) {
            jsonata_raise(e, (struct jsonata_fault){ .code = code });
            return false;
        }
    }
    return true;
}

/* What is to be analysed. */
struct number_request {
    jn_str picture;
    jn_str options[OPTIONS];
};

static void *analyse(struct jsonata_eval *e, struct jn_arena *a, jn_str key, const void *arg)
{
    (void)key;
    const struct number_request *request = arg;
    struct number_picture *p = jn_arena_zalloc(a, sizeof *p);
    if (!p)
        return NULL;
    for (size_t i = 0; i < OPTIONS; i++)
        p->format.option[i] = units_text_of(a, request->options[i]);
    const struct units_text whole = units_text_of(a, request->picture);
    if (jn_arena_failed(a))
        return NULL;
    if (!cut(&p->format, whole, p)) {
        jsonata_raise(e, (struct jsonata_fault){ .code = "D3080" });
        return NULL;
    }
    if (!check_parts(e, p))
        return NULL;
    for (size_t i = 0; i < p->count; i++)
        measure(&p->format, a, &p->sub[i]);
    return jn_arena_failed(a) ? NULL : p;
}

/* Pictures without options have keys of their own, so that none can be taken for the other. */
static void *analyse_usual(struct jsonata_eval *e, struct jn_arena *a, jn_str key, const void *arg)
{
    return analyse(e, a, key, arg);
}

/* The options, each behind its length, and the picture: what the analysed form depends on. */
static jn_str write_key(struct jsonata_eval *e, const struct number_request *request)
{
    size_t len = request->picture.len;
    for (size_t i = 0; i < OPTIONS; i++)
        len += sizeof(uint32_t) + request->options[i].len;
    char *key = jn_arena_alloc(e->arena, len), *at = key;
    for (size_t i = 0; key && i < OPTIONS; i++) {
        const uint32_t option_len = (uint32_t)request->options[i].len;
        memcpy(at, &option_len, sizeof option_len);
        memcpy(at + sizeof option_len, request->options[i].data, option_len);
        at += sizeof option_len + option_len;
    }
    if (key)
        memcpy(at, request->picture.data, request->picture.len);
    return (jn_str){ key, key ? len : 0 };
}

/* NULL after raising. */
static const struct number_picture *number_picture(struct jsonata_eval *e, jn_str picture, jn_value options)
{
    struct number_request request = { .picture = picture };
    if (!read_options(e, options, request.options))
        return NULL;
    const jn_str key = jn_is_undefined(options) ? picture : write_key(e, &request);
    if (key.data)
        return jsonata_picture_get(e, jn_is_undefined(options) ? analyse_usual : analyse, key, &request);
    jsonata_raise_memory(e);
    return NULL;
}

/* ---- formatting ---------------------------------------------------------------------------------------------- */

struct formatter {
    struct jsonata_eval *e;
    const struct format *format;
    const struct sub_picture *picture;
    struct line line;
};

/* Brings the mantissa to the picture's number of integer digits; gives the exponent.  Repeated multiplication, not a
 * logarithm: so it is in the reference, whose last digits are compared. */
static int scale(double *mantissa, int scaling)
{
    const double max = jsonata_power(10, scaling), min = jsonata_power(10, scaling - 1);
    int exponent = 0;
    if (*mantissa == 0)
        return 0;
    for (; fabs(*mantissa) < min; exponent--)
        *mantissa *= 10;
    for (; fabs(*mantissa) > max; exponent++)
        *mantissa /= 10;
    return exponent;
}

/* Appends text that is a number in ASCII, its digits in the picture's family. */
static void put_ascii(struct line *l, const struct format *f, const char *text, size_t len)
{
    const struct units_text zero = f->option[ZERO];
    for (size_t i = 0; i < len; i++) {
        const bool is_number = text[i] >= '0' && text[i] <= '9';
        const uint16_t unit = (uint16_t)((is_number && zero.len ? zero.at[0] - '0' : 0) + text[i]);
        if (!is_number || zero.len)
            line_append(l, (struct units_text){ &unit, 1 });
    }
}

/* ECMAScript's toFixed() of |value|, with the picture's digits and decimal separator; the latter also at the end. */
static void put_fixed(struct formatter *f, double value)
{
    const size_t places = f->picture->max_fraction;
    char *text = jn_arena_alloc(f->e->arena, JSONATA_FIXED_MAX + places);
    if (!text) {
        jsonata_raise_memory(f->e);
        return;
    }
    value = fabs(value);
    if (value < 1e21) {
        const size_t len = jsonata_fixed(text, value, places);
        put_ascii(&f->line, f->format, text, len - places);
        line_append(&f->line, f->format->option[DECIMAL]);
        put_ascii(&f->line, f->format, text + len - places, places);
        return;
    }
    const size_t len = jn_number_format(text, value);       // also NaN
    const char *point = memchr(text, '.', len);
    const size_t whole = point ? (size_t)(point - text) : len;
    put_ascii(&f->line, f->format, text, whole);
    line_append(&f->line, f->format->option[DECIMAL]);
    put_ascii(&f->line, f->format, text + whole + (point != NULL), len - whole - (point != NULL));
}

static bool is_zero_at(const struct formatter *f, size_t i)
{
    return is_option(f->format, ZERO, f->line.at[i]);
}

/* Place of the decimal separator; -1 when there is none any more. */
static int64_t find_point(const struct formatter *f)
{
    return (int64_t)units_find(line_text(&f->line), f->format->option[DECIMAL], 0);
}

/* Strips zeros at both ends, then adds those that the picture asks for. */
static void fit(struct formatter *f)
{
    struct line *l = &f->line;
    const struct units_text zero = f->format->option[ZERO];
    size_t zeros = 0;
    while (zeros < l->len && is_zero_at(f, zeros))
        zeros++;
    line_remove(l, 0, zeros);
    while (l->len && is_zero_at(f, l->len - 1))
        l->len--;
    const int64_t point = find_point(f), right = (int64_t)l->len - point - 1;
    for (int64_t i = right; i < (int64_t)f->picture->min_fraction; i++)
        line_append(l, zero);
    if (point < (int64_t)f->picture->min_integer)
        line_prepend(l, zero, (size_t)((int64_t)f->picture->min_integer - point));
}

static void group(struct formatter *f)
{
    const struct sub_picture *p = f->picture;
    const struct units_text grouping = f->format->option[GROUPING];
    const int64_t regular = (int64_t)p->regular;
    int64_t point = find_point(f);
    for (int64_t right = regular; regular && right < point; right += regular)
        line_insert(&f->line, point - right, grouping);
    for (size_t i = 0; !regular && i < p->integer_groups.count; i++)
        line_insert(&f->line, point++ - (int64_t)p->integer_groups.at[i], grouping);
    point = find_point(f);
    for (size_t i = 0; i < p->fraction_groups.count; i++)
        line_insert(&f->line, (int64_t)p->fraction_groups.at[i] + point + 1, grouping);
}

static void put_exponent(struct formatter *f, int exponent)
{
    char text[JSONATA_FIXED_MAX];
    const size_t len = jsonata_fixed(text, fabs((double)exponent), 0);
    line_append(&f->line, f->format->option[EXPONENT]);
    if (exponent < 0)
        line_append(&f->line, f->format->option[MINUS]);
    for (size_t i = len; i < f->picture->min_exponent; i++)
        line_append(&f->line, f->format->option[ZERO]);
    put_ascii(&f->line, f->format, text, len);
}

static void put_number(struct formatter *f, double value)
{
    const struct sub_picture *p = f->picture;
    if (has(f->format, p->whole, PERCENT))
        value *= 100;
    else if (has(f->format, p->whole, PER_MILLE))
        value *= 1000;
    if (p->min_exponent && isinf(value)) {      // the reference would divide by ten for ever
        jsonata_raise(f->e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(value) });
        return;
    }
    const int exponent = p->min_exponent ? scale(&value, p->scaling) : 0;
    put_fixed(f, jsonata_round(value, (int)p->max_fraction));
    fit(f);
    group(f);
    if (f->line.len && (!has(f->format, p->whole, DECIMAL) || find_point(f) + 1 == (int64_t)f->line.len))
        f->line.len--;
    if (p->min_exponent)
        put_exponent(f, exponent);
}

static void put_units(struct jsonata_output *out, struct units_text t)
{
    for (size_t i = 0; i < t.len && !jsonata_failed(out->e); i++)
        jsonata_output_char(out, t.at[i]);
}

static jn_value raise_picture(struct jsonata_eval *e, jn_str picture)
{
    return jsonata_raise(e, (struct jsonata_fault){
        .code = "T0410", .index = 2, .value = jsonata_string(e, picture),
    });
}

jn_value jsonata_format_number(struct jsonata_eval *e, double value, jn_str picture, jn_value options)
{
    struct jsonata_output out;
    jsonata_output_begin(&out, e, 64);
    const jn_mark scratch = jsonata_output_mark(&out);
    const struct number_picture *p = number_picture(e, picture, options);
    if (!p)
        return jn_undefined();
    const bool is_negative = !(value >= 0);
    const struct sub_picture *sub = &p->sub[is_negative && p->count > 1];
    if (!p->count || sub->max_fraction > MOST_PLACES)   // nothing to format by; more than toFixed() takes
        return raise_picture(e, picture);
    struct formatter f = { .e = e, .format = &p->format, .picture = sub };
    line_begin(&f.line, e);
    put_number(&f, value);
    if (is_negative && p->count == 1)
        put_units(&out, p->format.option[MINUS]);
    put_units(&out, sub->prefix);
    put_units(&out, line_text(&f.line));
    put_units(&out, sub->suffix);
    return jsonata_output_end_scratch(&out, scratch);
}
