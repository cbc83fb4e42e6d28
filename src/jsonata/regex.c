/* regex.c - patterns compiled and matched: by PCRE2 (regex_pcre2.c), or by our own matcher (regex_backtrack.c) where
 * PCRE2 and ECMAScript part (regex_translate.c says where).
 *
 * A pattern that is a plain text is searched by memmem.  Every other is compiled twice: for PCRE2's 8-bit library,
 * which matches ASCII subjects where they are, and for the 16-bit library without UTF, whose code units are exactly
 * ECMAScript's.  Both are compiled at once, by the JIT where the system lets it, so that the object never changes and
 * threads may share it.
 *
 * Patterns and subjects come from users.  PCRE2 counts per start, and not all that it does: it gets few steps for each,
 * and few starts between two looks at the evaluation's guardrails.  Where that is not enough, it gets more for a single
 * start when the pattern is light (enum jsonata_regex_weight); else our own matcher goes on, which counts everything.
 * Either counts against what the whole search may take.  Heavy patterns are our own matcher's from the beginning, unless
 * the subject is short. */
#include "jsonata/regex.h"

#include <stdio.h>

#include "jsonata/regex_pcre2.h"

enum {
    WINDOW = 4096, LEAST_WINDOW = 64,       /* starts that PCRE2 tries between two looks at the clock ... */
    UNITS_UNSEEN = 1 << 24,                 /* ... by how many units it may go through from all of them */
    QUICK_STEPS = 1000,                     /* from each of them: 5 microseconds */
    STEPS_UNSEEN = 65536,                   /* of our own matcher between two looks: a millisecond */
    STEPS_PER_STEP = 16,                    /* of it, in one of the evaluation's */
    STEPS_PER_UNIT = 1024,                    /* what a search may take for the length of its subject ... */
    LIGHT_STEPS_PER_UNIT = 40960,           /* ... of PCRE2's cheap ones, and these are rounded up to a power of 4 */
    SHORT_SUBJECT = 1024,                   /* where a heavy pattern is PCRE2's */
    KEPT_SPACE = 65536,                     /* bytes that a scratch may keep for backtracking */
};

struct jsonata_regex {
    struct jn_budget *budget;
    jn_str pattern;
    int64_t position;
    jn_str literal;                     /* data != NULL: the pattern is this ASCII text, nothing else */
    uint32_t groups;
    enum jsonata_regex_weight weight;
    struct jsonata_pcre2_code *narrow, *wide;   /* NULL: the pattern is not for PCRE2 */
    struct jsonata_backtrack_code *own;
};

/* ---- compiling ----------------------------------------------------------------------------------------------- */

static jn_str copy_text(jn_str text, struct jn_budget *b)
{
    char *copy = jn_budget_alloc(text.len + 1, b);
    if (!copy)
        return (jn_str){ NULL, 0 };
    memcpy(copy, text.data, text.len);
    return (jn_str){ copy, text.len };
}

/* Without memory there is no literal, and the general way is taken. */
static void keep_literal(struct jsonata_regex *r, const struct jsonata_regex_tree *tree)
{
    struct jn_buf literal;
    jn_buf_init(&literal, 0);
    literal.budget = r->budget;
    if (jsonata_regex_literal(tree, &literal) && !literal.failed)
        r->literal = copy_text(jn_buf_str(&literal), r->budget);
    jn_buf_clear(&literal);
}

static bool build(struct jsonata_regex *r, const struct jsonata_regex_tree *tree)
{
    keep_literal(r, tree);
    r->groups = tree->groups;
    if (!jsonata_regex_is_beyond_pcre2(tree, false))
        r->narrow = jsonata_pcre2_compile(tree, false, r->budget);
    if (!jsonata_regex_is_beyond_pcre2(tree, true))
        r->wide = jsonata_pcre2_compile(tree, true, r->budget);
    r->weight = jsonata_regex_weigh(tree);
    r->own = jsonata_backtrack_compile(tree, r->budget);
    return r->own;
}

/* The pattern in code units, for the caller to free; NULL when memory is out. */
static uint16_t *to_units(jn_str text, size_t *len, struct jn_budget *b)
{
    uint16_t *units = jn_budget_alloc((text.len + 1) * sizeof *units, b);
    size_t n = 0;
    for (size_t at = 0; units && at < text.len;) {
        const uint32_t c = jn_utf8_next(text, &at);
        if (c >= 0x10000)
            units[n++] = (uint16_t)(0xD7C0 + (c >> 10));
        units[n++] = (uint16_t)(c >= 0x10000 ? 0xDC00 + (c & 0x3FF) : c);
    }
    *len = n;
    return units;
}

static bool compile(struct jsonata_regex *r, const struct jsonata_regex_source *source, struct jsonata_fault *fault)
{
    struct jsonata_regex_tree tree;
    struct jn_arena a;
    jn_arena_init(&a, 0);
    a.budget = r->budget;
    const bool ok = jsonata_regex_parse(&a, source, &tree) && build(r, &tree);
    if (tree.error && !jn_arena_failed(&a))     // a parser without memory sees mistakes where there are none
        *fault = (struct jsonata_fault){
            .code = "S0302/pattern", .value = jn_string(jn_str_of(tree.error), JN_STR_ASCII),
            .index = (int64_t)tree.error_at + 1,
        };
    jn_arena_clear(&a);
    return ok;
}

static bool copy_pattern(struct jsonata_regex *r, jn_str pattern)
{
    r->pattern = copy_text(pattern, r->budget);
    return r->pattern.data;
}

struct jsonata_regex *jsonata_regex_compile(jn_str pattern, bool ignore_case, bool multiline, struct jn_budget *budget,
                                            struct jsonata_fault *fault)
{
    *fault = (struct jsonata_fault){ 0 };
    struct jsonata_regex *r = jn_budget_alloc(sizeof *r, budget);
    if (!r)
        return NULL;
    *r = (struct jsonata_regex){ .budget = budget };
    struct jsonata_regex_source source = { .ignore_case = ignore_case, .multiline = multiline };
    uint16_t *units = to_units(pattern, &source.len, budget);
    source.units = units;
    const bool ok = units && copy_pattern(r, pattern) && compile(r, &source, fault);
    jn_budget_free(units, budget);
    if (ok)
        return r;
    jsonata_regex_free(r);
    return NULL;
}

void jsonata_regex_free(struct jsonata_regex *r)
{
    if (!r)
        return;
    jsonata_pcre2_code_free(r->narrow);
    jsonata_pcre2_code_free(r->wide);
    jsonata_backtrack_free(r->own);
    jn_budget_free((char *)r->pattern.data, r->budget);
    jn_budget_free((char *)r->literal.data, r->budget);
    jn_budget_free(r, r->budget);
}

jn_str jsonata_regex_pattern(const struct jsonata_regex *r)
{
    return r->pattern;
}

void jsonata_regex_locate(struct jsonata_regex *r, int64_t position)
{
    r->position = position;
}

int64_t jsonata_regex_position(const struct jsonata_regex *r)
{
    return r->position;
}

uint32_t jsonata_regex_groups(const struct jsonata_regex *r)
{
    return r->groups;
}

/* ---- what a context keeps ------------------------------------------------------------------------------------ */

/* The memory of one search.  Searches nest: a replacement may be a function that searches. */
struct scratch {
    struct scratch *next;
    struct jsonata_pcre2_data pcre2;
    struct jsonata_backtracker own;
};

struct jsonata_matching {
    struct jn_budget *budget;
    struct jsonata_pcre2 *pcre2;
    struct scratch *idle;
};

void jsonata_matching_trim(struct jsonata_matching *m)
{
    while (m && m->idle) {
        struct scratch *s = m->idle;
        m->idle = s->next;
        jsonata_pcre2_clear(&s->pcre2);
        jsonata_backtracker_clear(&s->own, m->budget);
        jn_budget_free(s, m->budget);
    }
}

void jsonata_matching_free(struct jsonata_matching *m)
{
    if (!m)
        return;
    jsonata_matching_trim(m);
    jsonata_pcre2_free(m->pcre2);
    jn_budget_free(m, m->budget);
}

struct jsonata_matching *jsonata_matching_new(struct jn_budget *budget)
{
    struct jsonata_matching *m = jn_budget_alloc(sizeof *m, budget);
    if (!m)
        return NULL;
    *m = (struct jsonata_matching){ .budget = budget, .pcre2 = jsonata_pcre2_new(budget) };
    if (m->pcre2)
        return m;
    jsonata_matching_free(m);
    return NULL;
}

/* ---- searching ----------------------------------------------------------------------------------------------- */

enum { LITERAL, PCRE2, OWN };           /* who searches */

/* The pattern for this kind of subject. */
static const struct jsonata_pcre2_code *code_of(const struct jsonata_search *s)
{
    return s->units.is_ascii ? s->regex->narrow : s->regex->wide;
}

static int way_of(const struct jsonata_search *s)
{
    if (s->units.is_ascii && s->regex->literal.data)
        return LITERAL;
    return code_of(s)
                   && (s->regex->weight < JSONATA_REGEX_HEAVY || s->units.len <= SHORT_SUBJECT) ? PCRE2 : OWN;
}

static struct scratch *take_scratch(struct jsonata_matching *m)
{
    struct scratch *s = m->idle ? m->idle : jn_budget_alloc(sizeof *s, m->budget);
    if (s && s == m->idle)
        m->idle = s->next;
    else if (s)
        *s = (struct scratch){ 0 };
    return s;
}

static uint32_t match_limit(const struct jsonata_eval *e)
{
    return e->max_match_steps ? e->max_match_steps : JSONATA_REGEX_STEPS;
}

static unsigned steps_per_unit(const struct jsonata_search *s)
{
    return s->way == PCRE2 && s->regex->weight == JSONATA_REGEX_LIGHT ? LIGHT_STEPS_PER_UNIT : STEPS_PER_UNIT;
}

static bool raise_status(struct jsonata_search *s, enum jn_status status)
{
    if (!jsonata_failed(s->e))
        s->e->status = status;
    return false;
}

bool jsonata_search_open(struct jsonata_search *s, struct jsonata_eval *e, const struct jsonata_regex *r,
                         jn_value subject)
{
    struct jsonata_matching *m = e->matching;
    *s = (struct jsonata_search){ .e = e, .regex = r };
    if (!jsonata_units_open(e, subject, &s->units))
        return false;
    s->way = s->found_by = way_of(s);
    s->most_steps = s->steps_left = match_limit(e) + (uint64_t)steps_per_unit(s) * s->units.len;
    if (s->way == LITERAL)
        return true;
    s->scratch = take_scratch(m);
    if (s->scratch && (s->way == OWN || jsonata_pcre2_fit(m->pcre2, &s->scratch->pcre2, code_of(s))))
        return true;
    return raise_status(s, JN_NO_MEMORY);
}

void jsonata_search_close(struct jsonata_search *s)
{
    if (!s->scratch)
        return;
    struct jsonata_matching *m = s->e->matching;
    if (jsonata_backtracker_size(&s->scratch->own) > KEPT_SPACE)
        jsonata_backtracker_clear(&s->scratch->own, m->budget);
    s->scratch->next = m->idle;
    m->idle = s->scratch;
    s->scratch = NULL;
}

static bool raise_limit(struct jsonata_search *s, const char *limit)
{
    jsonata_raise(s->e, (struct jsonata_fault){
        .code = "D1012/regex", .token = s->regex->pattern, .value = jsonata_string(s->e, jn_str_of(limit)),
    });
    return false;
}

/* One start needs more than it may, or all of them together. */
static bool raise_steps(struct jsonata_search *s)
{
    char text[64];
    const uint64_t limit = s->steps_left ? match_limit(s->e) : s->most_steps;
    snprintf(text, sizeof text, "%llu steps of backtracking", (unsigned long long)limit);
    return raise_limit(s, text);
}

static bool find_literal(struct jsonata_search *s, size_t from)
{
    s->start = jn_str_find(s->units.text, s->regex->literal, from);
    s->end = s->start + s->regex->literal.len;
    return s->start != SIZE_MAX;
}

/* ---- by our own matcher -------------------------------------------------------------------------------------- */

static bool raise_match(struct jsonata_search *s, enum jsonata_match result)
{
    switch (result) {
    case JSONATA_MATCH_STEPS: return raise_steps(s);
    case JSONATA_MATCH_SPACE: return raise_limit(s, "32 MiB of memory for backtracking");
    case JSONATA_MATCH_BUDGET: return raise_status(s, JN_LIMIT);
    default: return raise_status(s, JN_NO_MEMORY);
    }
}

/* Lets the evaluation look at its guardrails, now and then.  False when one of them tripped. */
static bool count_steps(struct jsonata_search *s, uint32_t used)
{
    s->steps_left -= used;
    s->steps_unseen += used;
    if (s->steps_unseen < STEPS_UNSEEN)
        return jsonata_step(s->e);
    const size_t steps = s->steps_unseen / STEPS_PER_STEP;
    s->steps_unseen = 0;
    return jsonata_steps(s->e, steps) && jsonata_look_around(s->e);
}

static bool find_by_own(struct jsonata_search *s, size_t from, size_t last)
{
    struct jsonata_backtracker *b = &s->scratch->own;
    for (size_t at = from; at <= last; at++) {
        const uint32_t limit = match_limit(s->e), given = s->steps_left < limit ? (uint32_t)s->steps_left : limit;
        uint32_t steps = given;
        const enum jsonata_match result = jsonata_backtrack_at(s->regex->own, b, &s->units, at, &steps, s->e->budget);
        const bool goes_on = count_steps(s, given - steps);
        if (result != JSONATA_MATCH && result != JSONATA_NO_MATCH)
            return raise_match(s, result);
        if (!goes_on)
            return false;
        if (result == JSONATA_MATCH) {
            s->start = b->slots[0];
            s->end = b->slots[1];
            s->found_by = OWN;
            return true;
        }
    }
    return false;
}

/* ---- by PCRE2 ------------------------------------------------------------------------------------------------ */

/* The more there is to go through from each start, the fewer of them. */
static size_t window_of(const struct jsonata_search *s)
{
    const size_t window = UNITS_UNSEEN / (s->units.len + 1);
    return window > WINDOW ? WINDOW : window < LEAST_WINDOW ? LEAST_WINDOW : window;
}

static enum jsonata_match try_pcre2(struct jsonata_search *s, size_t from, size_t last, uint32_t steps)
{
    const struct jsonata_pcre2_code *code = code_of(s);
    struct jsonata_pcre2_data *data = &s->scratch->pcre2;
    const enum jsonata_match result = jsonata_pcre2_find(s->e->matching->pcre2, data, code, &s->units, from, last,
                                                         steps);
    if (result == JSONATA_MATCH) {
        s->start = jsonata_pcre2_pairs(data, code)[0];
        s->end = jsonata_pcre2_pairs(data, code)[1];
        s->found_by = PCRE2;
    }
    return result;
}

static uint32_t quick_steps(const struct jsonata_search *s)
{
    return match_limit(s->e) < QUICK_STEPS ? match_limit(s->e) : QUICK_STEPS;
}

/* One start, with ever more steps. */
static enum jsonata_match try_harder(struct jsonata_search *s, size_t at)
{
    const uint64_t limit = match_limit(s->e);
    uint64_t steps = quick_steps(s);
    enum jsonata_match result;
    while ((result = try_pcre2(s, at, at, (uint32_t)steps)) == JSONATA_MATCH_STEPS && steps < limit) {
        if (s->steps_left <= steps * 4) {
            s->steps_left = 0;
            break;
        }
        steps = steps * 4 < limit ? steps * 4 : limit;
    }
    if (steps > quick_steps(s) && s->steps_left)
        s->steps_left -= steps;
    return result;
}

/* The starts of a window that needs more steps than it got.  False when there is no match, or after raising. */
static bool find_slowly(struct jsonata_search *s, size_t from, size_t last)
{
    if (s->regex->weight != JSONATA_REGEX_LIGHT)
        return find_by_own(s, from, last);
    for (size_t at = from; at <= last && jsonata_step(s->e) && jsonata_look_around(s->e); at++) {
        const enum jsonata_match result = try_harder(s, at);
        if (result == JSONATA_MATCH)
            return true;
        if (result == JSONATA_MATCH_STEPS)
            return raise_steps(s);
        if (result != JSONATA_NO_MATCH)
            return find_by_own(s, at, last);
    }
    return false;
}

static bool find_by_pcre2(struct jsonata_search *s, size_t from)
{
    const size_t window = window_of(s);
    for (;;) {
        const size_t last = s->units.len - from > window ? from + window : s->units.len;
        const enum jsonata_match result = try_pcre2(s, from, last, quick_steps(s));
        if (result == JSONATA_MATCH || (result != JSONATA_NO_MATCH && find_slowly(s, from, last)))
            return true;
        if (last == s->units.len || !jsonata_step(s->e) || !jsonata_look_around(s->e))
            return false;
        from = last + 1;
    }
}

bool jsonata_search_find(struct jsonata_search *s, size_t from)
{
    if (from > s->units.len || jsonata_failed(s->e))
        return false;
    switch (s->way) {
    case LITERAL: return find_literal(s, from);
    case OWN: return find_by_own(s, from, s->units.len);
    default: return find_by_pcre2(s, from);
    }
}

/* ---- matches as values --------------------------------------------------------------------------------------- */

jn_value jsonata_search_group(const struct jsonata_search *s, uint32_t i)
{
    if (s->way == LITERAL || i > s->regex->groups)
        return jn_undefined();
    size_t from, to;
    if (s->found_by == OWN) {
        const uint32_t *slots = s->scratch->own.slots;
        from = slots[2 * i] == UINT32_MAX ? SIZE_MAX : slots[2 * i];
        to = slots[2 * i + 1];
    } else {
        const size_t *pairs = jsonata_pcre2_pairs(&s->scratch->pcre2, code_of(s));
        from = pairs[2 * (size_t)i];
        to = pairs[2 * (size_t)i + 1];
    }
    return from == SIZE_MAX || from > to ? jn_undefined() : jsonata_units_slice(s->e, &s->units, from, to);
}

jn_value jsonata_search_groups(const struct jsonata_search *s)
{
    const jn_value groups = jsonata_array(s->e, s->regex->groups, 0);
    for (uint32_t i = 1; i <= s->regex->groups && !jsonata_failed(s->e); i++)
        jsonata_push_item(s->e, groups, jsonata_search_group(s, i));
    return groups;
}

jn_value jsonata_search_match(const struct jsonata_search *s)
{
    struct jsonata_eval *e = s->e;
    struct jsonata_function *next = jsonata_function_new(e, FUNCTION_NEXT, 0);
    struct jn_object *match = jn_object_new(e->arena, 5);
    const jn_value text = jsonata_units_slice(e, &s->units, s->start, s->end);
    const jn_value groups = jsonata_search_groups(s);
    if (jsonata_failed(e))
        return jn_undefined();
    if (!next || !match)
        return jsonata_raise_memory(e);
    next->as.next.regex = (struct jsonata_regex *)s->regex;
    next->as.next.subject = jn_string(s->units.text, s->units.flags);
    next->as.next.from = s->end;
    const bool ok = jn_object_set(e->arena, match, JN_STR("match"), text)
                    && jn_object_set(e->arena, match, JN_STR("start"), jn_number((double)s->start))
                    && jn_object_set(e->arena, match, JN_STR("end"), jn_number((double)s->end))
                    && jn_object_set(e->arena, match, JN_STR("groups"), groups)
                    && jn_object_set(e->arena, match, JN_STR("next"), jsonata_function_value(next));
    return ok ? jn_object_value(match) : jsonata_raise_memory(e);
}

/* What a matcher is called with, as text: ECMAScript's String() of scalars.  undefined: nothing to match. */
static jn_value subject_text(struct jsonata_eval *e, jn_value v)
{
    char digits[JN_NUMBER_MAX];
    switch (v.type) {
    case JN_STRING: return v;
    case JN_NUMBER: return jsonata_string(e, (jn_str){ digits, jn_number_format(digits, jn_num(v)) });
    case JN_BOOLEAN: return jn_string(jn_bool(v) ? JN_STR("true") : JN_STR("false"), JN_STR_ASCII);
    case JN_NULL: return jn_string(JN_STR("null"), JN_STR_ASCII);
    default: return jn_undefined();
    }
}

static jn_value call(struct jsonata_search *s, jn_value subject, int64_t from16, bool is_next)
{
    if (!jsonata_search_open(s, s->e, s->regex, subject))
        return jn_undefined();
    const size_t from = from16 > 0 ? (size_t)from16 : 0;
    if (is_next && from >= s->units.len)
        return jn_undefined();
    if (!jsonata_search_find(s, from))
        return jn_undefined();
    if (is_next && s->start == s->end)
        return jsonata_raise(s->e, (struct jsonata_fault){
            .code = "D1004", .position = s->regex->position, .value = jn_string(s->regex->pattern, 0),
        });
    return jsonata_search_match(s);
}

jn_value jsonata_regex_call(struct jsonata_eval *e, struct jsonata_regex *r, jn_value subject, int64_t from16,
                            bool is_next)
{
    const jn_value text = subject_text(e, subject);
    if (jn_is_undefined(text))
        return text;
    struct jsonata_search s = { .e = e, .regex = r };
    const jn_value match = call(&s, text, from16, is_next);
    jsonata_search_close(&s);
    return match;
}
