/* regex.c - patterns compiled and matched: by PCRE2 (regex_pcre2.c), or by our own matcher (regex_backtrack.c) where
 * PCRE2 and ECMAScript part (regex_translate.c says where).
 *
 * A pattern that is a plain text is searched by memmem.  Every other is compiled twice: for PCRE2's 8-bit library,
 * which matches ASCII subjects where they are, and for the 16-bit library without UTF, whose code units are exactly
 * ECMAScript's.  Both are compiled at once, by the JIT where the system lets it, so that the object never changes and
 * threads may share it.
 *
 * Patterns and subjects come from users.  What a match may cost is bounded per start.  At first it is bounded closely;
 * when that is not enough, the search goes on in windows that double, with a look at the evaluation's guardrails after
 * each, so that it takes at most twice as long as it may. */
#include "jsonata/regex.h"

#include <stdio.h>

#include "jsonata/regex_pcre2.h"

enum {
    WINDOW = 4096,                          /* starts that are tried between two looks at the clock */
    QUICK_STEPS = 10000,                    /* from each of them at first: 50 microseconds */
    STEPS_UNSEEN = 65536,                   /* and steps, for our own matcher */
    KEPT_SPACE = 65536,                     /* bytes that a scratch may keep for backtracking */
};

struct jsonata_regex {
    struct jn_budget *budget;
    jn_str pattern;
    int64_t position;
    jn_str literal;                     /* data != NULL: the pattern is this ASCII text, nothing else */
    uint32_t groups;
    struct jsonata_pcre2_code *narrow, *wide;   /* NULL: the pattern is not for PCRE2 ... */
    struct jsonata_backtrack_code *own;         /* ... but for this */
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
    if (!r->narrow || !r->wide)
        r->own = jsonata_backtrack_compile(tree, r->budget);
    return (r->narrow && r->wide) || r->own;
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
    return code_of(s) ? PCRE2 : OWN;
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
    s->way = way_of(s);
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

static bool raise_steps(struct jsonata_search *s)
{
    char text[64];
    snprintf(text, sizeof text, "%u steps of backtracking", (unsigned)match_limit(s->e));
    return raise_limit(s, text);
}

/* Lets the evaluation look at its guardrails.  False when one of them tripped. */
static bool look_around(struct jsonata_eval *e)
{
    return jsonata_step(e) && jsonata_look_around(e);
}

static bool find_literal(struct jsonata_search *s, size_t from)
{
    s->start = jn_str_find(s->units.text, s->regex->literal, from);
    s->end = s->start + s->regex->literal.len;
    return s->start != SIZE_MAX;
}

/* ---- by PCRE2 ------------------------------------------------------------------------------------------------ */

static bool raise_match(struct jsonata_search *s, enum jsonata_match result)
{
    switch (result) {
    case JSONATA_MATCH_STEPS: return raise_steps(s);
    case JSONATA_MATCH_DEPTH: return raise_limit(s, "100000 levels of backtracking");
    case JSONATA_MATCH_STACK: return raise_limit(s, "8 MiB of memory for backtracking");
    case JSONATA_MATCH_SPACE: return raise_limit(s, "32 MiB of memory for backtracking");
    case JSONATA_MATCH_BUDGET: return raise_status(s, JN_LIMIT);
    default: return raise_status(s, JN_NO_MEMORY);
    }
}

static bool find_by_pcre2(struct jsonata_search *s, size_t from)
{
    const struct jsonata_pcre2_code *code = code_of(s);
    struct jsonata_pcre2_data *data = &s->scratch->pcre2;
    const uint32_t limit = match_limit(s->e);
    uint32_t steps = limit < QUICK_STEPS ? limit : QUICK_STEPS;
    for (size_t window = WINDOW;;) {
        const size_t last = s->units.len - from > 2 * window ? from + window : s->units.len;
        const enum jsonata_match result = jsonata_pcre2_find(s->e->matching->pcre2, data, code, &s->units, from, last,
                                                             steps);
        if (result == JSONATA_MATCH) {
            s->start = jsonata_pcre2_pairs(data, code)[0];
            s->end = jsonata_pcre2_pairs(data, code)[1];
            return true;
        }
        if (result == JSONATA_MATCH_STEPS && steps < limit) {
            steps = limit;                      // slowly, then
            window = 1;
            continue;
        }
        if (result != JSONATA_NO_MATCH)
            return raise_match(s, result);
        if (last == s->units.len || !look_around(s->e))
            return false;
        from = last + 1;
        window = window < WINDOW ? window * 2 : window;
    }
}

/* ---- by our own matcher -------------------------------------------------------------------------------------- */

static bool find_by_own(struct jsonata_search *s, size_t from)
{
    struct jsonata_backtracker *b = &s->scratch->own;
    uint32_t seen = 0;
    for (size_t at = from; at <= s->units.len; at++) {
        uint32_t steps = match_limit(s->e);
        const enum jsonata_match result = jsonata_backtrack_at(s->regex->own, b, &s->units, at, &steps, s->e->budget);
        if (result == JSONATA_MATCH) {
            s->start = b->slots[0];
            s->end = b->slots[1];
            return true;
        }
        if (result != JSONATA_NO_MATCH)
            return raise_match(s, result);
        seen += match_limit(s->e) - steps;
        if (seen > STEPS_UNSEEN ? !look_around(s->e) : !jsonata_step(s->e))
            return false;
        seen = seen > STEPS_UNSEEN ? 0 : seen;
    }
    return false;
}

bool jsonata_search_find(struct jsonata_search *s, size_t from)
{
    if (from > s->units.len || jsonata_failed(s->e))
        return false;
    switch (s->way) {
    case LITERAL: return find_literal(s, from);
    case OWN: return find_by_own(s, from);
    default: return find_by_pcre2(s, from);
    }
}

/* ---- matches as values --------------------------------------------------------------------------------------- */

jn_value jsonata_search_group(const struct jsonata_search *s, uint32_t i)
{
    if (s->way == LITERAL || i > s->regex->groups)
        return jn_undefined();
    size_t from, to;
    if (s->way == OWN) {
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
    for (uint32_t i = 1; i <= s->regex->groups && !jsonata_failed(s->e); i++) {
        const jn_value text = jsonata_search_group(s, i);
        jsonata_push(s->e, groups, jn_is_undefined(text) ? jn_null() : text);
    }
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
