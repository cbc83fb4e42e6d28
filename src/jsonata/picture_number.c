/* picture_number.c - $formatNumber: numbers by XPath's decimal format (spec 13.1).
 *
 * A picture has one or two sub-pictures, for positive and negative numbers.  A sub-picture is
 *
 *      prefix  integer part . fraction part e exponent  suffix
 *
 * where everything but prefix and suffix consists of active characters.  It is analysed into struct sub_picture, which
 * says all that formatting needs.  Which characters are active is for the options to say, so the picture is looked at
 * as an array of code points. */
#include "jsonata/picture.h"

#include <math.h>

#include "jsonata/decimal.h"
#include "jsonata/picture_cache.h"

enum { NO_CHARACTER = -1 };

struct text {
    const int32_t *at;
    size_t len;
};

/* The characters of the decimal format.  Those that must be single are NO_CHARACTER when the option is not. */
struct format {
    int32_t decimal, grouping, exponent, digit, zero;
    struct text separator, percent, per_mille;
    jn_str minus;
};

struct sub_picture {
    struct text whole, prefix, active, suffix, integer, fraction, exponent;
    bool has_exponent;
    size_t regular;                             /* distance of grouping separators that repeat; 0: listed ones */
    size_t *integer_groups, *fraction_groups;
    size_t integer_group_count, fraction_group_count;
    size_t min_integer, min_fraction, max_fraction, min_exponent;
    int scaling;                                /* digits before the point when there is an exponent */
};

/* A picture with its options, analysed. */
struct number_picture {
    struct format format;
    struct sub_picture positive, negative;
    bool has_negative;
};

/* ---- text as code points ------------------------------------------------------------------------------------- */

static struct text to_text(struct jn_arena *a, jn_str s)
{
    int32_t *at = jn_arena_alloc(a, s.len * sizeof *at);
    size_t n = 0;
    if (!at)
        return (struct text){ 0 };
    for (size_t i = 0; i < s.len;)
        at[n++] = (int32_t)jn_utf8_next(s, &i);
    return (struct text){ at, n };
}

static struct text sub(struct text t, size_t from, size_t to)
{
    to = to < t.len ? to : t.len;
    from = from < to ? from : to;
    return (struct text){ t.at + from, to - from };
}

/* Place of the first `c` at or after `from`, SIZE_MAX when there is none. */
static size_t find(struct text t, int32_t c, size_t from)
{
    for (size_t i = from; i < t.len; i++)
        if (t.at[i] == c)
            return i;
    return SIZE_MAX;
}

static size_t find_text(struct text t, struct text needle, size_t from)
{
    for (size_t i = from; needle.len && i + needle.len <= t.len; i++)
        if (memcmp(t.at + i, needle.at, needle.len * sizeof *needle.at) == 0)
            return i;
    return SIZE_MAX;
}

static bool has_text(struct text t, struct text needle)
{
    return find_text(t, needle, 0) != SIZE_MAX;
}

static bool has_text_twice(struct text t, struct text needle)
{
    const size_t first = find_text(t, needle, 0);
    return first != SIZE_MAX && find_text(t, needle, first + 1) != SIZE_MAX;
}

static bool is_digit(const struct format *f, int32_t c)
{
    return c >= f->zero && c <= f->zero + 9;
}

static size_t count_digits(const struct format *f, struct text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += is_digit(f, t.at[i]);
    return n;
}

static size_t count_places(const struct format *f, struct text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += is_digit(f, t.at[i]) || t.at[i] == f->digit;
    return n;
}

/* ---- options ------------------------------------------------------------------------------------------------- */

/* The characters that can be chosen, in the order of struct format. */
enum { OPTIONS = 9 };
static const struct {
    jn_str name, usual;
} option_table[OPTIONS] = {
    { JN_STR_INIT("decimal-separator"), JN_STR_INIT(".") },  { JN_STR_INIT("grouping-separator"), JN_STR_INIT(",") },
    { JN_STR_INIT("exponent-separator"), JN_STR_INIT("e") }, { JN_STR_INIT("digit"), JN_STR_INIT("#") },
    { JN_STR_INIT("zero-digit"), JN_STR_INIT("0") },         { JN_STR_INIT("pattern-separator"), JN_STR_INIT(";") },
    { JN_STR_INIT("percent"), JN_STR_INIT("%") },            { JN_STR_INIT("per-mille"), JN_STR_INIT("\u2030") },
    { JN_STR_INIT("minus-sign"), JN_STR_INIT("-") },
};

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

static int32_t character(jn_str s)
{
    size_t at = 0;
    const uint32_t c = s.len ? jn_utf8_next(s, &at) : 0;
    return s.len && at == s.len ? (int32_t)c : NO_CHARACTER;
}

static void set_format(struct format *f, struct jn_arena *a, const jn_str texts[OPTIONS])
{
    size_t at = 0;
    f->decimal = character(texts[0]);
    f->grouping = character(texts[1]);
    f->exponent = character(texts[2]);
    f->digit = character(texts[3]);
    f->zero = texts[4].len ? (int32_t)jn_utf8_next(texts[4], &at) : '0';
    f->separator = to_text(a, texts[5]);
    f->percent = to_text(a, texts[6]);
    f->per_mille = to_text(a, texts[7]);
    f->minus = jn_arena_copy(a, texts[8]);
}

/* ---- analysing ----------------------------------------------------------------------------------------------- */

static bool is_active(const struct format *f, int32_t c)
{
    return is_digit(f, c) || c == f->digit || c == f->decimal || c == f->grouping || c == f->exponent
           || (f->separator.len == 1 && c == f->separator.at[0]);
}

/* An exponent separator does not end the prefix or begin the suffix: "each" may stand there. */
static bool ends_affix(const struct format *f, int32_t c)
{
    return is_active(f, c) && c != f->exponent;
}

static void split(const struct format *f, struct sub_picture *p)
{
    const struct text whole = p->whole;
    size_t from = 0, to = whole.len;
    while (from < whole.len && !ends_affix(f, whole.at[from]))
        from++;
    while (to > 0 && !ends_affix(f, whole.at[to - 1]))
        to--;
    if (from >= to)
        from = 0, to = whole.len;               // no active character: let the checks say so
    p->prefix = sub(whole, 0, from);
    p->active = sub(whole, from, to);
    p->suffix = sub(whole, to, whole.len);
    // The reference counts this place from the start of the sub-picture but cuts the active part by it, so that an
    // exponent after a prefix is refused (D3093).  Kept, as pictures are shared between engines.
    const size_t at = find(whole, f->exponent, from);
    p->has_exponent = at <= to && at != SIZE_MAX;
    const struct text mantissa = p->has_exponent ? sub(p->active, 0, at) : p->active;
    p->exponent = p->has_exponent ? sub(p->active, at + 1, p->active.len) : (struct text){ 0 };
    const size_t point = find(mantissa, f->decimal, 0);
    p->integer = sub(mantissa, 0, point);
    p->fraction = point == SIZE_MAX ? (struct text){ 0 } : sub(mantissa, point + 1, mantissa.len);
}

static bool has_passive(const struct format *f, struct text active)
{
    for (size_t i = 0; i < active.len; i++)
        if (!is_active(f, active.at[i]))
            return true;
    return false;
}

static const char *check_separators(const struct format *f, const struct sub_picture *p)
{
    const char *code = NULL;
    const struct text w = p->whole;
    const size_t point = find(w, f->decimal, 0);
    if (point != SIZE_MAX) {
        if ((point > 0 && w.at[point - 1] == f->grouping) || (point + 1 < w.len && w.at[point + 1] == f->grouping))
            code = "D3087";
    } else if (p->integer.len && p->integer.at[p->integer.len - 1] == f->grouping) {
        code = "D3088";
    }
    for (size_t i = 0; i + 1 < w.len; i++)
        if (w.at[i] == f->grouping && w.at[i + 1] == f->grouping)
            code = "D3089";
    return code;
}

static const char *check_digits(const struct format *f, const struct sub_picture *p)
{
    const char *code = NULL;
    const size_t first = find(p->integer, f->digit, 0);
    if (first != SIZE_MAX && count_digits(f, sub(p->integer, 0, first)))
        code = "D3090";
    for (size_t i = p->fraction.len; i-- > 0;)
        if (p->fraction.at[i] == f->digit) {
            if (count_digits(f, sub(p->fraction, i, p->fraction.len)))
                code = "D3091";
            break;
        }
    return code;
}

/* The code of the last rule that the sub-picture breaks, as the reference has it; NULL when it breaks none. */
static const char *check(const struct format *f, const struct sub_picture *p)
{
    const struct text w = p->whole;
    const bool percent = has_text(w, f->percent), per_mille = has_text(w, f->per_mille);
    const size_t point = find(w, f->decimal, 0);
    const char *code = NULL, *later;
    if (point != SIZE_MAX && find(w, f->decimal, point + 1) != SIZE_MAX)
        code = "D3081";
    if (has_text_twice(w, f->percent))
        code = "D3082";
    if (has_text_twice(w, f->per_mille))
        code = "D3083";
    if (percent && per_mille)
        code = "D3084";
    if (!count_places(f, p->integer) && !count_places(f, p->fraction))
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

static size_t count(struct text t, int32_t c)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += t.at[i] == c;
    return n;
}

/* Where the separators of the integer part stand: how many digits are to the right of each. */
static void group_integer(const struct format *f, struct jn_arena *a, struct sub_picture *p)
{
    const struct text t = p->integer;
    p->integer_groups = jn_arena_alloc(a, count(t, f->grouping) * sizeof *p->integer_groups);
    for (size_t at = find(t, f->grouping, 0); p->integer_groups && at != SIZE_MAX; at = find(t, f->grouping, at + 1))
        p->integer_groups[p->integer_group_count++] = count_places(f, sub(t, at, t.len));
}

/* The same for the fraction, counted to the left.  The reference looks for the second and later ones in the integer
 * part: kept, it shows only where the fraction has more than one. */
static void group_fraction(const struct format *f, struct jn_arena *a, struct sub_picture *p)
{
    const size_t most = 1 + count(p->integer, f->grouping);
    p->fraction_groups = jn_arena_alloc(a, most * sizeof *p->fraction_groups);
    for (size_t at = find(p->fraction, f->grouping, 0); p->fraction_groups && at != SIZE_MAX;
         at = find(p->integer, f->grouping, at + 1))
        p->fraction_groups[p->fraction_group_count++] = count_places(f, sub(p->fraction, 0, at));
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

/* The distance that all separators of the integer part keep, or 0. */
static size_t regular_distance(const struct sub_picture *p)
{
    size_t distance = 0;
    for (size_t i = 0; i < p->integer_group_count; i++)
        distance = gcd(distance, p->integer_groups[i]);
    for (size_t k = 1; distance && k <= p->integer_group_count; k++) {
        size_t i = 0;
        while (i < p->integer_group_count && p->integer_groups[i] != k * distance)
            i++;
        if (i == p->integer_group_count)
            return 0;
    }
    return distance;
}

static void measure(const struct format *f, struct jn_arena *a, struct sub_picture *p)
{
    group_integer(f, a, p);
    group_fraction(f, a, p);
    p->regular = regular_distance(p);
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
    if (p->has_exponent && p->min_integer == 0 && find(p->integer, f->digit, 0) != SIZE_MAX)
        p->min_integer = 1;
    if (p->min_integer == 0 && p->min_fraction == 0)
        p->min_fraction = 1;
    p->min_exponent = count_digits(f, p->exponent);
}

static bool analyse_sub(struct jsonata_eval *e, struct jn_arena *a, const struct format *f, struct text whole,
                        struct sub_picture *p)
{
    *p = (struct sub_picture){ .whole = whole };
    split(f, p);
    const char *code = check(f, p);
    if (code)
        jsonata_raise(e, (struct jsonata_fault){ .code = code });
    else
        measure(f, a, p);
    return !code;
}

/* What is to be analysed. */
struct number_request {
    jn_str picture;
    jn_str options[OPTIONS];
};

static void *analyse(struct jsonata_eval *e, struct jn_arena *a, jn_str key, const void *arg)
{
    const struct number_request *request = arg;
    struct number_picture *p = jn_arena_zalloc(a, sizeof *p);
    if (!p)
        return NULL;
    const struct format *f = &p->format;
    set_format(&p->format, a, request->options);
    const struct text whole = to_text(a, jn_str_sub(key, key.len - request->picture.len, key.len));
    const size_t cut = find_text(whole, f->separator, 0);
    p->has_negative = cut != SIZE_MAX;
    const struct text second = p->has_negative ? sub(whole, cut + f->separator.len, whole.len) : (struct text){ 0 };
    if (has_text(second, f->separator)) {
        jsonata_raise(e, (struct jsonata_fault){ .code = "D3080" });
        return NULL;
    }
    if (jn_arena_failed(a) || !analyse_sub(e, a, f, sub(whole, 0, cut), &p->positive)
        || (p->has_negative && !analyse_sub(e, a, f, second, &p->negative)))
        return NULL;
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

/* The number's digits, and where the point is among them. */
struct digits {
    char *at;
    size_t len, point;
};

/* Brings the mantissa to the picture's number of integer digits; gives the exponent.  Repeated multiplication, not a
 * logarithm: so it is in the reference, whose last digits are compared. */
static int scale(double *mantissa, int scaling)
{
    const double max = pow(10, scaling), min = pow(10, scaling - 1);
    int exponent = 0;
    if (*mantissa == 0)
        return 0;
    for (; *mantissa < min; exponent--)
        *mantissa *= 10;
    for (; *mantissa > max; exponent++)
        *mantissa /= 10;
    return exponent;
}

/* Strips zeros that the picture does not ask for. */
static void trim(struct digits *d, const struct sub_picture *p)
{
    while (d->point > 0 && *d->at == '0')
        d->at++, d->len--, d->point--;
    while (d->len - d->point > p->min_fraction && d->at[d->len - 1] == '0')
        d->len--;
}

static bool is_group_end(const struct sub_picture *p, size_t right)
{
    if (p->regular)
        return right % p->regular == 0;
    for (size_t i = 0; i < p->integer_group_count; i++)
        if (p->integer_groups[i] == right)
            return true;
    return false;
}

static void put_integer_part(struct jsonata_output *out, const struct format *f, const struct sub_picture *p,
                             const struct digits *d)
{
    const size_t total = d->point < p->min_integer ? p->min_integer : d->point;
    for (size_t i = 0; i < total; i++) {
        const size_t right = total - i, padding = total - d->point;
        if (i > 0 && p->integer_group_count && is_group_end(p, right))
            jsonata_output_char(out, (uint32_t)f->grouping);
        jsonata_output_char(out, (uint32_t)(f->zero + (i < padding ? 0 : d->at[i - padding] - '0')));
    }
}

/* A separator is put at its place in the text that has those before it already: the reference counts so. */
static void put_fraction_part(struct jsonata_output *out, const struct format *f, const struct sub_picture *p,
                              const struct digits *d)
{
    const size_t len = d->len - d->point;
    size_t group = 0, written = 0;
    for (size_t i = 0; i < len; i++, written++) {
        for (; group < p->fraction_group_count && p->fraction_groups[group] <= written; group++, written++)
            jsonata_output_char(out, (uint32_t)f->grouping);
        jsonata_output_char(out, (uint32_t)(f->zero + (d->at[d->point + i] - '0')));
    }
}

static void put_exponent(struct jsonata_output *out, const struct format *f, const struct sub_picture *p, int exponent)
{
    char digits[JSONATA_FIXED_MAX];
    const size_t len = jsonata_fixed(digits, exponent < 0 ? -(double)exponent : exponent, 0);
    jsonata_output_char(out, (uint32_t)f->exponent);
    if (exponent < 0)
        jsonata_output_append(out, f->minus, 0);
    for (size_t i = len; i < p->min_exponent; i++)
        jsonata_output_char(out, (uint32_t)f->zero);
    for (size_t i = 0; i < len; i++)
        jsonata_output_char(out, (uint32_t)(f->zero + (digits[i] - '0')));
}

static void put_text(struct jsonata_output *out, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        jsonata_output_char(out, (uint32_t)t.at[i]);
}

static void put_number(struct jsonata_output *out, const struct format *f, const struct sub_picture *p, double value)
{
    if (has_text(p->whole, f->percent))
        value *= 100;
    else if (has_text(p->whole, f->per_mille))
        value *= 1000;
    const int exponent = p->min_exponent ? scale(&value, p->scaling) : 0;
    char *memory = jn_arena_alloc(out->e->arena, JSONATA_FIXED_MAX + p->max_fraction);
    if (!memory || !isfinite(value)) {
        if (memory)
            jsonata_raise(out->e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(value) });
        else
            jsonata_raise_memory(out->e);
        return;
    }
    struct digits d = { .at = memory };
    d.len = jsonata_fixed(memory, fabs(jsonata_round(value, (int)p->max_fraction)), p->max_fraction);
    d.point = d.len - p->max_fraction;
    trim(&d, p);
    put_text(out, p->prefix);
    put_integer_part(out, f, p, &d);
    if (d.len > d.point)
        jsonata_output_char(out, (uint32_t)f->decimal);
    put_fraction_part(out, f, p, &d);
    if (p->min_exponent)
        put_exponent(out, f, p, exponent);
    put_text(out, p->suffix);
}

jn_value jsonata_format_number(struct jsonata_eval *e, double value, jn_str picture, jn_value options)
{
    struct jsonata_output out;
    jsonata_output_begin(&out, e, 64);
    const jn_mark scratch = jsonata_output_mark(&out);
    const struct number_picture *p = number_picture(e, picture, options);
    if (!p)
        return jn_undefined();
    if (!isfinite(value))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = jn_number(value) });
    const bool as_negative = value < 0 && p->has_negative;
    if (value < 0 && !as_negative)
        jsonata_output_append(&out, p->format.minus, 0);
    put_number(&out, &p->format, as_negative ? &p->negative : &p->positive, fabs(value));
    return jsonata_output_end_scratch(&out, scratch);
}
