/* fn_regex.c - $match, $contains, $replace and $split (spec 9 and 10).
 *
 * The four take a pattern that is a regex, a string ($match excepted), or any function that behaves as a matcher:
 * called with the text it returns nothing or {match, start, end, groups, next}, where `next` is called for the match
 * after.  `struct matcher` makes them all look alike.  A string is found by memmem; a regex is matched without making
 * objects that nobody looks at. */
#include "jsonata/fn.h"
#include "jsonata/output.h"
#include "jsonata/regex.h"

#include <math.h>

/* ---- matchers ------------------------------------------------------------------------------------------------ */

/* A walk over the matches in one text. */
struct matcher {
    struct jsonata_eval *e;
    struct jsonata_search search;       /* units: the text; the rest only for a regex */
    const struct jsonata_regex *regex;  /* NULL: the pattern is some other function */
    size_t start, end;                  /* the match at hand, clamped to the text */
    jn_value object;                    /* ... as its matcher returned it; undefined for a regex */
};

/* A place as ECMAScript's substring() takes it. */
static size_t place_in(const struct matcher *m, jn_value place)
{
    const double d = place.type == JN_NUMBER ? jn_num(place) : 0;
    if (!(d > 0))
        return 0;
    return d < (double)m->search.units.len ? (size_t)d : m->search.units.len;
}

static bool refuse(struct matcher *m)
{
    jsonata_raise(m->e, (struct jsonata_fault){ .code = "T1010" });
    return false;
}

/* Looks at what a function returned as a match.  False when there is none, or after raising. */
static bool accept(struct matcher *m, jn_value object)
{
    m->object = object;
    if (jn_is_undefined(object) || jsonata_failed(m->e))
        return false;
    const jn_value start = jn_member(object, JN_STR("start")), end = jn_member(object, JN_STR("end"));
    if (start.type != JN_NUMBER && end.type != JN_NUMBER && !jn_is(jn_member(object, JN_STR("groups")), JN_ARRAY)
        && !jn_is(jn_member(object, JN_STR("next")), JN_FUNCTION))
        return refuse(m);
    m->start = place_in(m, start);
    m->end = place_in(m, end);
    return true;
}

static bool find(struct matcher *m, size_t from)
{
    const bool found = jsonata_search_find(&m->search, from);
    m->start = m->search.start;
    m->end = m->search.end;
    return found;
}

/* The first match of `pattern`, a function, in `text`.  matcher_close() is due in any case. */
static bool matcher_first(struct matcher *m, struct jsonata_eval *e, jn_value pattern, jn_value text)
{
    const struct jsonata_function *f = jsonata_function_of(pattern);
    *m = (struct matcher){ .e = e, .regex = f->kind == FUNCTION_REGEX ? f->as.regex : NULL };
    if (m->regex)
        return jsonata_search_open(&m->search, e, m->regex, text) && find(m, 0);
    return jsonata_units_open(e, text, &m->search.units)
           && accept(m, jsonata_call_function(e, pattern, &text, 1));
}

/* The match after the one at hand.  An empty one is an error: the walk would never end. */
static bool matcher_next(struct matcher *m)
{
    if (!jsonata_step(m->e))
        return false;
    if (!m->regex) {
        const jn_value next = jn_member(m->object, JN_STR("next"));
        return jn_is(next, JN_FUNCTION) ? accept(m, jsonata_call_function(m->e, next, NULL, 0)) : refuse(m);
    }
    if (m->end >= m->search.units.len || !find(m, m->end))
        return false;
    if (m->start < m->end)
        return true;
    jsonata_raise(m->e, (struct jsonata_fault){
        .code = "D1004", .position = jsonata_regex_position(m->regex),
        .value = jsonata_string(m->e, jsonata_regex_pattern(m->regex)),
    });
    return false;
}

static void matcher_close(struct matcher *m)
{
    if (m->regex)
        jsonata_search_close(&m->search);
}

/* Text between two places, in either order, as ECMAScript's substring() has it. */
static jn_value between(const struct matcher *m, size_t a, size_t b)
{
    return jsonata_units_slice(m->e, &m->search.units, a < b ? a : b, a < b ? b : a);
}

static jn_value match_text(const struct matcher *m)
{
    return m->regex ? between(m, m->start, m->end) : jn_member(m->object, JN_STR("match"));
}

static jn_value match_groups(const struct matcher *m)
{
    return m->regex ? jsonata_search_groups(&m->search) : jn_member(m->object, JN_STR("groups"));
}

/* The match as the functions of users get it. */
static jn_value match_object(const struct matcher *m)
{
    return m->regex ? jsonata_search_match(&m->search) : m->object;
}

/* Limits count matches and may be fractions: the walk goes on while count < limit. */
static double limit_of(jn_value v)
{
    return jn_is_undefined(v) ? INFINITY : jn_num(v);
}

/* ---- $match -------------------------------------------------------------------------------------------------- */

/* The three members of a result, in order; a matcher of the user's may leave some of them out. */
static const jn_str result_keys[3] = { JN_STR_INIT("match"), JN_STR_INIT("index"), JN_STR_INIT("groups") };

/* The shape that all complete results share; NULL when the context's table of shapes is full. */
static struct jn_shape *result_shape(struct jsonata_eval *e)
{
    struct jn_shape *shape = jn_shapes_root(e->shapes);
    for (size_t i = 0; i < 3 && shape; i++)
        shape = jn_shapes_extend(e->shapes, shape, result_keys[i]);
    return shape;
}

static struct jn_object *result_object(struct jsonata_eval *e, struct jn_shape *shape, const jn_value values[3])
{
    const bool is_complete = !jn_is_undefined(values[0]) && !jn_is_undefined(values[1]) && !jn_is_undefined(values[2]);
    struct jn_object *o = shape && is_complete ? jn_object_of(e->arena, shape) : jn_object_new(e->arena, 3);
    for (size_t i = 0; o && i < 3; i++)
        if (shape && is_complete)
            o->values[i] = values[i];
        else if (!jn_is_undefined(values[i]) && !jn_object_set(e->arena, o, result_keys[i], values[i]))
            return NULL;
    return o;
}

static void push_match(const struct matcher *m, struct jn_shape *shape, jn_value list)
{
    const jn_value values[3] = {
        match_text(m), m->regex ? jn_number((double)m->start) : jn_member(m->object, JN_STR("start")), match_groups(m),
    };
    if (jsonata_failed(m->e))
        return;
    struct jn_object *o = result_object(m->e, shape, values);
    if (o)
        jsonata_push(m->e, list, jn_object_value(o));
    else
        jsonata_raise_memory(m->e);
}

BUILTIN(fn_match)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double limit = limit_of(args[2]);
    if (limit < 0)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3040", .value = args[2], .index = 3 });
    struct matcher m;
    struct jn_shape *shape = result_shape(e);
    const jn_value list = jsonata_array(e, 0, JN_SEQUENCE);
    if (jsonata_failed(e) || !(limit > 0))
        return list;
    bool more = matcher_first(&m, e, args[1], args[0]);
    for (double found = 0; more && found < limit; found++) {
        push_match(&m, shape, list);
        more = matcher_next(&m);
    }
    matcher_close(&m);
    return jsonata_failed(e) ? jn_undefined() : list;
}

/* ---- $contains ----------------------------------------------------------------------------------------------- */

/* Both in code units, for texts that may begin or end within a pair. */
struct unit_search {
    struct jsonata_units text, needle;
};

static bool unit_search_open(struct unit_search *u, struct jsonata_eval *e, jn_value text, jn_value needle)
{
    return jsonata_units_open(e, text, &u->text) && jsonata_units_open(e, needle, &u->needle);
}

static bool contains_text(struct jsonata_eval *e, jn_value text, jn_value needle)
{
    struct unit_search u;
    if (!jsonata_may_split_pairs(jn_text(needle)))
        return jn_str_find(jn_text(text), jn_text(needle), 0) != SIZE_MAX;
    return unit_search_open(&u, e, text, needle) && jsonata_units_find(e, &u.text, &u.needle, 0) != SIZE_MAX;
}

BUILTIN(fn_contains)
{
    if (jn_is_undefined(args[0]) || jn_is_undefined(args[1]))
        return jn_undefined();
    if (jn_is(args[1], JN_STRING))
        return jn_boolean(contains_text(e, args[0], args[1]));
    struct matcher m;
    const jn_mark scratch = jn_arena_mark(e->arena);
    const bool found = matcher_first(&m, e, args[1], args[0]);
    matcher_close(&m);
    if (jsonata_failed(e))
        return jn_undefined();
    if (m.regex)                            // a function of the user's may have made values that live on
        jn_arena_rewind(e->arena, scratch);
    return jn_boolean(found);
}

/* ---- $split -------------------------------------------------------------------------------------------------- */

/* Into code units: half a surrogate pair is a text of its own. */
static void split_units(struct jsonata_eval *e, jn_value text, double limit, jn_value list)
{
    struct jsonata_units u;
    if (!jsonata_units_open(e, text, &u))
        return;
    for (size_t i = 0; i < u.len && (double)i < limit && !jsonata_failed(e); i++)
        jsonata_push(e, list, jsonata_units_slice(e, &u, i, i + 1));
}

static void split_at_text(struct jsonata_eval *e, jn_value text, jn_str separator, double limit, jn_value list)
{
    const jn_str s = jn_text(text);
    double count = 0;
    size_t from = 0, at;
    do {
        if (!(count++ < limit) || !jsonata_step(e))
            return;
        at = jn_str_find(s, separator, from);
        jsonata_push(e, list, jn_string(jn_str_sub(s, from, at), text.flags));
        from = at + separator.len;
    } while (at != SIZE_MAX);
}

/* The same at a text that may begin or end within a pair. */
static void split_at_units(struct jsonata_eval *e, jn_value text, jn_value separator, double limit, jn_value list)
{
    struct unit_search u;
    size_t from = 0, at = 0;
    if (!unit_search_open(&u, e, text, separator))
        return;
    for (double count = 0; at != SIZE_MAX && count < limit && !jsonata_failed(e); count++) {
        at = jsonata_units_find(e, &u.text, &u.needle, from);
        jsonata_push(e, list, jsonata_units_slice(e, &u.text, from, at == SIZE_MAX ? u.text.len : at));
        from = at + u.needle.len;
    }
}

static void split_at_matches(struct jsonata_eval *e, jn_value text, jn_value pattern, double limit, jn_value list)
{
    struct matcher m;
    double count = 0;
    size_t from = 0;
    bool more = matcher_first(&m, e, pattern, text);
    for (; more && count < limit; count++) {
        jsonata_push(e, list, between(&m, from, m.start));
        from = m.end;
        more = matcher_next(&m);
    }
    if (count < limit && !jsonata_failed(e))
        jsonata_push(e, list, between(&m, from, m.search.units.len));
    matcher_close(&m);
}

/* The limit as ECMAScript's split() takes it. */
static double to_uint32(double limit)
{
    return isinf(limit) ? limit : fmod(trunc(limit), 4294967296.0);
}

BUILTIN(fn_split)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double limit = limit_of(args[2]);
    if (limit < 0)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3020", .value = args[2], .index = 3 });
    const jn_value list = jsonata_array(e, 0, 0);
    if (jsonata_failed(e) || !(limit > 0))
        return list;
    if (jn_is_undefined(args[1]))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 2 });
    if (!jn_is(args[1], JN_STRING))
        split_at_matches(e, args[0], args[1], limit, list);
    else if (args[1].len == 0)
        split_units(e, args[0], to_uint32(limit), list);
    else if (jsonata_may_split_pairs(jn_text(args[1])))
        split_at_units(e, args[0], args[1], to_uint32(limit), list);
    else
        split_at_text(e, args[0], jn_text(args[1]), to_uint32(limit), list);
    return jsonata_failed(e) ? jn_undefined() : list;
}

/* ---- $replace ------------------------------------------------------------------------------------------------ */

/* Capture number `i`, from 1; a capture that took no part is an empty text. */
static void append_group(struct jsonata_output *out, const struct matcher *m, jn_value groups, uint32_t i)
{
    const jn_value text = m->regex ? jsonata_search_group(&m->search, i) : jn_at(groups, i - 1);
    if (!jn_is_undefined(text) && !jn_is(text, JN_NULL))
        jsonata_output_value(out, text);
}

/* Reads up to `digits` decimal digits; *number stays below 10^digits.  Returns how many there were. */
static size_t read_number(jn_str s, size_t digits, uint32_t *number)
{
    size_t n = 0;
    for (*number = 0; n < digits && n < s.len && s.data[n] >= '0' && s.data[n] <= '9'; n++)
        *number = *number * 10 + (uint32_t)(s.data[n] - '0');
    return n;
}

static size_t digits_in(uint32_t n)
{
    size_t digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

/* What `$` and `rest` after it stand for: $$ a dollar, $0 the match, $n a capture, anything else itself.  As many
 * digits belong to n as the number of captures has, one less when that is too large.  Returns the bytes of `rest` that
 * are used up. */
static size_t append_dollar(struct jsonata_output *out, const struct matcher *m, jn_value groups, jn_str rest)
{
    uint32_t number;
    const uint32_t count = m->regex ? jsonata_regex_groups(m->regex) : (uint32_t)jn_length(groups);
    if (rest.len && rest.data[0] == '0') {
        jsonata_output_value(out, match_text(m));
        return 1;
    }
    const size_t digits = digits_in(count);
    size_t used = read_number(rest, digits, &number);
    if (digits > 1 && used == digits && number > count)
        used = read_number(rest, digits - 1, &number);
    if (used == 0) {
        jsonata_output_append(out, JN_STR("$"), JN_STR_ASCII | JN_STR_PLAIN);
        return rest.len && rest.data[0] == '$';
    }
    if (number >= 1 && number <= count)
        append_group(out, m, groups, number);
    return used;
}

/* The replacement text with its $ resolved. */
static void append_template(struct jsonata_output *out, const struct matcher *m, jn_value replacement)
{
    const jn_str s = jn_text(replacement);
    const jn_value groups = m->regex ? jn_undefined() : match_groups(m);
    for (size_t from = 0; from < s.len && !jsonata_failed(out->e);) {
        const size_t dollar = jn_str_find(s, JN_STR("$"), from);
        jsonata_output_append(out, jn_str_sub(s, from, dollar), replacement.flags);
        if (dollar == SIZE_MAX)
            return;
        from = dollar + 1;
        from += append_dollar(out, m, groups, jn_str_sub(s, from, s.len));
    }
}

static jn_value raise_replacement(struct jsonata_eval *e, jn_value got)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = "D3012", .value = got });
}

static void append_replacement(struct jsonata_output *out, const struct matcher *m, jn_value replacement)
{
    if (jn_is(replacement, JN_STRING) || jn_is_undefined(replacement)) {
        if (jn_is_undefined(replacement))
            raise_replacement(out->e, replacement);
        else
            append_template(out, m, replacement);
        return;
    }
    const jn_value match = match_object(m);
    if (jsonata_failed(out->e))
        return;
    const jn_value text = jsonata_call_function(out->e, replacement, &match, 1);
    if (jn_is(text, JN_STRING))
        jsonata_output_append(out, jn_text(text), text.flags);
    else
        raise_replacement(out->e, text);
}

/* Where the match ends: by the length of its text, which a matcher of the user's may choose freely. */
static size_t end_of_match(const struct matcher *m)
{
    if (m->regex)
        return m->end;
    const jn_value text = match_text(m);
    if (!jn_is(text, JN_STRING)) {
        jsonata_raise(m->e, (struct jsonata_fault){ .code = "T1010" });
        return m->end;
    }
    const size_t len = jn_utf16_count(jn_text(text));
    return len < m->search.units.len - m->start ? m->start + len : m->search.units.len;
}

static jn_value replace_matches(struct jsonata_eval *e, const jn_value *args, double limit)
{
    struct matcher m;
    struct jsonata_output out;
    size_t from = 0;
    bool more = matcher_first(&m, e, args[1], args[0]);
    jn_value result = args[0];
    if (more) {
        jsonata_output_begin(&out, e, args[0].len + 64);
        for (double count = 0; more && count < limit; count++) {
            jsonata_output_value(&out, between(&m, from, m.start));
            append_replacement(&out, &m, args[2]);
            from = end_of_match(&m);
            more = !jsonata_failed(e) && matcher_next(&m);
        }
        if (!jsonata_failed(e))
            jsonata_output_value(&out, between(&m, from, m.search.units.len));
        result = jsonata_output_end(&out);
    }
    matcher_close(&m);
    return jsonata_failed(e) ? jn_undefined() : result;
}

static jn_value replace_text(struct jsonata_eval *e, const jn_value *args, double limit)
{
    const jn_str s = jn_text(args[0]), pattern = jn_text(args[1]);
    size_t from = 0, at = jn_str_find(s, pattern, 0);
    struct jsonata_output out;
    if (at == SIZE_MAX)
        return args[0];
    if (!jn_is(args[2], JN_STRING))
        return raise_replacement(e, args[2]);
    jsonata_output_begin(&out, e, s.len + 64);
    for (double count = 0; at != SIZE_MAX && count < limit && jsonata_step(e); count++) {
        jsonata_output_append(&out, jn_str_sub(s, from, at), args[0].flags);
        jsonata_output_append(&out, jn_text(args[2]), args[2].flags);
        from = at + pattern.len;
        at = jn_str_find(s, pattern, from);
    }
    jsonata_output_append(&out, jn_str_sub(s, from, s.len), args[0].flags);
    return jsonata_output_end(&out);
}

/* The same for a pattern that may begin or end within a pair. */
static jn_value replace_units(struct jsonata_eval *e, const jn_value *args, double limit)
{
    struct unit_search u;
    struct jsonata_output out;
    if (!unit_search_open(&u, e, args[0], args[1]))
        return jn_undefined();
    size_t from = 0, at = jsonata_units_find(e, &u.text, &u.needle, 0);
    if (at == SIZE_MAX || !(limit > 0))
        return args[0];
    jsonata_output_begin(&out, e, args[0].len + 64);
    for (double count = 0; at != SIZE_MAX && count < limit && !jsonata_failed(e); count++) {
        jsonata_output_value(&out, jsonata_units_slice(e, &u.text, from, at));
        jsonata_output_append(&out, jn_text(args[2]), args[2].flags);
        from = at + u.needle.len;
        at = jsonata_units_find(e, &u.text, &u.needle, from);
    }
    jsonata_output_value(&out, jsonata_units_slice(e, &u.text, from, u.text.len));
    return jsonata_output_end(&out);
}

BUILTIN(fn_replace)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double limit = limit_of(args[3]);
    if (jn_is(args[1], JN_STRING) && args[1].len == 0)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3010", .value = args[1], .index = 2 });
    if (limit < 0)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3011", .value = args[3], .index = 4 });
    if (!(limit > 0))
        return args[0];
    if (jn_is_undefined(args[1]))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 2 });
    if (!jn_is(args[1], JN_STRING))
        return replace_matches(e, args, limit);
    return jsonata_may_split_pairs(jn_text(args[1])) ? replace_units(e, args, limit) : replace_text(e, args, limit);
}

const struct jsonata_builtin jsonata_fn_regex[] = {
    { "match", "<s-f<s:o>n?:a<o>>", 3, fn_match },
    { "contains", "<s-(sf):b>", 2, fn_contains },
    { "replace", "<s-(sf)(sf)n?:s>", 4, fn_replace },
    { "split", "<s-(sf)n?:a<s>>", 3, fn_split },
    { 0 },
};
