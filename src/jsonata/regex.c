/* regex.c - patterns compiled and matched: by PCRE2, whose only user this file is, or by our own matcher where PCRE2
 * and ECMAScript part (regex_translate.c says where).
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

#include "core/msan.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 0
#include <pcre2.h>

#include "jsonata/regex_backtrack.h"
#include "jsonata/regex_translate.h"

/* The interpreter, where there is no JIT, is bounded in depth and memory as well. */
#define LIMIT_DEPTH 100000
#define LIMIT_HEAP_KIB 32768

enum {
    WINDOW = 4096,                          /* starts that are tried between two looks at the clock */
    QUICK_STEPS = 10000,                    /* from each of them at first: 50 microseconds */
    STEPS_UNSEEN = 65536,                   /* and steps, for our own matcher */
    JIT_STACK_START = 64 * 1024,            /* for the few matches that need more than the 32 KiB of the machine stack */
    JIT_STACK_MAX = 8 * 1024 * 1024,
    KEPT_SPACE = 65536,                     /* bytes that a scratch may keep for backtracking */
};

struct jsonata_regex {
    struct jn_budget *budget;
    jn_str pattern;
    int64_t position;
    jn_str literal;                     /* data != NULL: the pattern is this ASCII text, nothing else */
    uint32_t groups;
    pcre2_code_8 *narrow;               /* NULL: the pattern is not for PCRE2 ... */
    pcre2_code_16 *wide;
    struct jsonata_backtrack_code *own; /* ... but for this */
};

/* ---- compiling ----------------------------------------------------------------------------------------------- */

static uint32_t compile_options(bool ignore_case)
{
    return PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_UTF
           | PCRE2_NEVER_UCP | (ignore_case ? PCRE2_CASELESS : 0);
}

/* The JIT takes memory of its own, of which the budget is told afterwards.  Without it, for want of budget or because
 * the system refuses it, patterns are interpreted. */
static size_t jit_narrow(const pcre2_code_8 *code)
{
    size_t size = 0;
    if (code)
        pcre2_pattern_info_8(code, PCRE2_INFO_JITSIZE, &size);
    return size;
}

static size_t jit_wide(const pcre2_code_16 *code)
{
    size_t size = 0;
    if (code)
        pcre2_pattern_info_16(code, PCRE2_INFO_JITSIZE, &size);
    return size;
}

static size_t size_narrow(const pcre2_code_8 *code)
{
    size_t size = 0;
    pcre2_pattern_info_8(code, PCRE2_INFO_SIZE, &size);
    return size;
}

static size_t size_wide(const pcre2_code_16 *code)
{
    size_t size = 0;
    pcre2_pattern_info_16(code, PCRE2_INFO_SIZE, &size);
    return size;
}

/* Bytes that the JIT may need for a pattern whose code has so many. */
static size_t jit_estimate(size_t code)
{
    return 4096 + 16 * code;
}

static void add_jit_narrow(pcre2_code_8 *code, struct jn_budget *b)
{
    const size_t size = size_narrow(code), estimate = jit_estimate(size);
    jn_written(code, size);
    if (!jn_budget_take(b, estimate))
        return;
    pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE);
    jn_budget_give(b, estimate);
    jn_budget_force(b, jit_narrow(code));
}

static void add_jit_wide(pcre2_code_16 *code, struct jn_budget *b)
{
    const size_t size = size_wide(code), estimate = jit_estimate(size);
    jn_written(code, size);
    if (!jn_budget_take(b, estimate))
        return;
    pcre2_jit_compile_16(code, PCRE2_JIT_COMPLETE);
    jn_budget_give(b, estimate);
    jn_budget_force(b, jit_wide(code));
}

/* NULL when PCRE2 finds the pattern too complicated, or memory is out. */
static pcre2_code_8 *compile_narrow(jn_str text, bool ignore_case, struct jn_budget *b)
{
    PCRE2_SIZE at;
    int error;
    pcre2_general_context_8 *memory = pcre2_general_context_create_8(jn_budget_alloc, jn_budget_free, b);
    pcre2_compile_context_8 *context = memory ? pcre2_compile_context_create_8(memory) : NULL;
    pcre2_code_8 *code = !context ? NULL : pcre2_compile_8((PCRE2_SPTR8)text.data, text.len,
                                                           compile_options(ignore_case), &error, &at, context);
    pcre2_compile_context_free_8(context);
    pcre2_general_context_free_8(memory);
    if (code)
        add_jit_narrow(code, b);
    return code;
}

static uint16_t *widen(jn_str text, struct jn_budget *b)
{
    uint16_t *units = jn_budget_alloc((text.len + 1) * sizeof *units, b);
    for (size_t i = 0; units && i < text.len; i++)
        units[i] = (unsigned char)text.data[i];
    return units;
}

static pcre2_code_16 *compile_wide(jn_str text, bool ignore_case, struct jn_budget *b)
{
    PCRE2_SIZE at;
    int error;
    pcre2_general_context_16 *memory = pcre2_general_context_create_16(jn_budget_alloc, jn_budget_free, b);
    pcre2_compile_context_16 *context = memory ? pcre2_compile_context_create_16(memory) : NULL;
    uint16_t *units = widen(text, b);
    pcre2_code_16 *code = !context || !units ? NULL
                                             : pcre2_compile_16(units, text.len, compile_options(ignore_case), &error,
                                                                &at, context);
    jn_budget_free(units, b);
    pcre2_compile_context_free_16(context);
    pcre2_general_context_free_16(memory);
    if (code)
        add_jit_wide(code, b);
    return code;
}

/* For one of the libraries, unless the pattern is beyond it.  False when memory is out. */
static bool build_for_pcre2(struct jsonata_regex *r, const struct jsonata_regex_tree *tree, bool wide)
{
    if (jsonata_regex_is_beyond_pcre2(tree, wide))
        return true;
    struct jn_buf text;
    jn_buf_init(&text, 0);
    text.budget = r->budget;
    jsonata_regex_translate(tree, wide, &text);
    const bool ok = !text.failed;
    if (ok && wide)
        r->wide = compile_wide(jn_buf_str(&text), tree->ignore_case, r->budget);
    else if (ok)
        r->narrow = compile_narrow(jn_buf_str(&text), tree->ignore_case, r->budget);
    jn_buf_clear(&text);
    return ok;
}

static bool build(struct jsonata_regex *r, const struct jsonata_regex_tree *tree)
{
    struct jn_buf literal;
    jn_buf_init(&literal, 0);
    if (jsonata_regex_literal(tree, &literal)) {
        r->literal.len = literal.len;
        r->literal.data = jn_buf_detach(&literal);
    }
    jn_buf_clear(&literal);
    r->groups = tree->groups;
    if (!build_for_pcre2(r, tree, false) || !build_for_pcre2(r, tree, true))
        return false;
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
    char *copy = jn_budget_alloc(pattern.len + 1, r->budget);
    if (!copy)
        return false;
    memcpy(copy, pattern.data, pattern.len);
    r->pattern = (jn_str){ copy, pattern.len };
    return true;
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
    jn_budget_give(r->budget, jit_narrow(r->narrow) + jit_wide(r->wide));
    pcre2_code_free_8(r->narrow);
    pcre2_code_free_16(r->wide);
    jsonata_backtrack_free(r->own);
    jn_budget_free((char *)r->pattern.data, r->budget);
    free((char *)r->literal.data);
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
    pcre2_match_data_8 *narrow;
    pcre2_match_data_16 *wide;
    uint32_t narrow_groups, wide_groups;    /* that they have room for */
    struct jsonata_backtracker own;
};

struct jsonata_matching {
    struct jn_budget *budget;
    pcre2_general_context_8 *narrow_memory;     /* PCRE2's way to the budget */
    pcre2_general_context_16 *wide_memory;
    pcre2_match_context_8 *narrow;
    pcre2_match_context_16 *wide;
    pcre2_jit_stack_8 *narrow_stack;
    pcre2_jit_stack_16 *wide_stack;
    struct scratch *idle;
};

static void free_scratch(struct jsonata_matching *m, struct scratch *s)
{
    pcre2_match_data_free_8(s->narrow);
    pcre2_match_data_free_16(s->wide);
    jsonata_backtracker_clear(&s->own, m->budget);
    jn_budget_free(s, m->budget);
}

void jsonata_matching_trim(struct jsonata_matching *m)
{
    while (m && m->idle) {
        struct scratch *s = m->idle;
        m->idle = s->next;
        free_scratch(m, s);
    }
}

void jsonata_matching_free(struct jsonata_matching *m)
{
    if (!m)
        return;
    jsonata_matching_trim(m);
    jn_budget_give(m->budget, (m->narrow_stack ? JIT_STACK_MAX : 0) + (m->wide_stack ? JIT_STACK_MAX : 0));
    pcre2_jit_stack_free_8(m->narrow_stack);
    pcre2_jit_stack_free_16(m->wide_stack);
    pcre2_match_context_free_8(m->narrow);
    pcre2_match_context_free_16(m->wide);
    pcre2_general_context_free_8(m->narrow_memory);
    pcre2_general_context_free_16(m->wide_memory);
    jn_budget_free(m, m->budget);
}

static bool open_pcre2(struct jsonata_matching *m)
{
    m->narrow_memory = pcre2_general_context_create_8(jn_budget_alloc, jn_budget_free, m->budget);
    m->wide_memory = pcre2_general_context_create_16(jn_budget_alloc, jn_budget_free, m->budget);
    m->narrow = m->narrow_memory ? pcre2_match_context_create_8(m->narrow_memory) : NULL;
    m->wide = m->wide_memory ? pcre2_match_context_create_16(m->wide_memory) : NULL;
    if (!m->narrow || !m->wide)
        return false;
    pcre2_set_depth_limit_8(m->narrow, LIMIT_DEPTH);
    pcre2_set_depth_limit_16(m->wide, LIMIT_DEPTH);
    pcre2_set_heap_limit_8(m->narrow, LIMIT_HEAP_KIB);
    pcre2_set_heap_limit_16(m->wide, LIMIT_HEAP_KIB);
    return true;
}

struct jsonata_matching *jsonata_matching_new(struct jn_budget *budget)
{
    struct jsonata_matching *m = jn_budget_alloc(sizeof *m, budget);
    if (!m)
        return NULL;
    *m = (struct jsonata_matching){ .budget = budget };
    if (open_pcre2(m))
        return m;
    jsonata_matching_free(m);
    return NULL;
}

/* ---- searching ----------------------------------------------------------------------------------------------- */

enum { LITERAL, NARROW, WIDE, OWN };    /* who searches */

static int way_of(const struct jsonata_search *s)
{
    if (s->units.is_ascii)
        return s->regex->literal.data ? LITERAL : s->regex->narrow ? NARROW : OWN;
    return s->regex->wide ? WIDE : OWN;
}

/* Match data with room for the captures; grown when a pattern has more of them than any before. */
static bool fit_scratch(const struct jsonata_matching *m, struct scratch *s, int way, uint32_t groups)
{
    enum { LEAST = 15 };
    const uint32_t room = groups < LEAST ? LEAST : groups;
    if (way == NARROW && (!s->narrow || s->narrow_groups < groups)) {
        pcre2_match_data_free_8(s->narrow);
        s->narrow = pcre2_match_data_create_8(room + 1, m->narrow_memory);
        s->narrow_groups = room;
    } else if (way == WIDE && (!s->wide || s->wide_groups < groups)) {
        pcre2_match_data_free_16(s->wide);
        s->wide = pcre2_match_data_create_16(room + 1, m->wide_memory);
        s->wide_groups = room;
    }
    return way == OWN || (way == NARROW ? (void *)s->narrow : (void *)s->wide);
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
    if (s->scratch && fit_scratch(m, s->scratch, s->way, r->groups))
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

/* Starts from `from` to `last`, each with so many steps. */
static int match_starts(struct jsonata_search *s, size_t from, size_t last, uint32_t steps)
{
    const struct jsonata_matching *m = s->e->matching;
    if (s->way == NARROW) {
        pcre2_set_match_limit_8(m->narrow, steps);
        pcre2_set_offset_limit_8(m->narrow, last);
        return pcre2_match_8(s->regex->narrow, (PCRE2_SPTR8)s->units.text.data, s->units.len, from, 0,
                             s->scratch->narrow, m->narrow);
    }
    pcre2_set_match_limit_16(m->wide, steps);
    pcre2_set_offset_limit_16(m->wide, last);
    return pcre2_match_16(s->regex->wide, s->units.wide, s->units.len, from, 0, s->scratch->wide, m->wide);
}

/* A larger stack for the JIT's code, kept from then on.  False when there is one already, or no memory for it. */
static bool add_stack(struct jsonata_search *s)
{
    struct jsonata_matching *m = s->e->matching;
    if ((s->way == NARROW ? (void *)m->narrow_stack : (void *)m->wide_stack)
        || !jn_budget_take(m->budget, JIT_STACK_MAX))
        return false;
    if (s->way == NARROW) {
        m->narrow_stack = pcre2_jit_stack_create_8(JIT_STACK_START, JIT_STACK_MAX, m->narrow_memory);
        pcre2_jit_stack_assign_8(m->narrow, NULL, m->narrow_stack);
    } else {
        m->wide_stack = pcre2_jit_stack_create_16(JIT_STACK_START, JIT_STACK_MAX, m->wide_memory);
        pcre2_jit_stack_assign_16(m->wide, NULL, m->wide_stack);
    }
    const bool done = s->way == NARROW ? m->narrow_stack != NULL : m->wide_stack != NULL;
    if (!done)
        jn_budget_give(m->budget, JIT_STACK_MAX);
    return done;
}

static bool raise_pcre2(struct jsonata_search *s, int rc)
{
    switch (rc) {
    case PCRE2_ERROR_NOMEMORY: return raise_status(s, JN_NO_MEMORY);
    case PCRE2_ERROR_MATCHLIMIT: return raise_steps(s);
    case PCRE2_ERROR_DEPTHLIMIT: return raise_limit(s, "100000 levels of backtracking");
    case PCRE2_ERROR_JIT_STACKLIMIT: return raise_limit(s, "8 MiB of memory for backtracking");
    default: return raise_limit(s, "32 MiB of memory for backtracking");
    }
}

static const size_t *pcre2_pairs(const struct jsonata_search *s)
{
    size_t *pairs = s->way == NARROW ? pcre2_get_ovector_pointer_8(s->scratch->narrow)
                                     : pcre2_get_ovector_pointer_16(s->scratch->wide);
    jn_written(pairs, 2 * (s->regex->groups + (size_t)1) * sizeof *pairs);
    return pairs;
}

static int match_window(struct jsonata_search *s, size_t from, size_t last, uint32_t steps)
{
    const int rc = match_starts(s, from, last, steps);
    return rc == PCRE2_ERROR_JIT_STACKLIMIT && add_stack(s) ? match_starts(s, from, last, steps) : rc;
}

static bool find_by_pcre2(struct jsonata_search *s, size_t from)
{
    const uint32_t limit = match_limit(s->e);
    uint32_t steps = limit < QUICK_STEPS ? limit : QUICK_STEPS;
    for (size_t window = WINDOW;;) {
        const size_t last = s->units.len - from > 2 * window ? from + window : s->units.len;
        const int rc = match_window(s, from, last, steps);
        if (rc >= 0) {
            s->start = pcre2_pairs(s)[0];
            s->end = pcre2_pairs(s)[1];
            return true;
        }
        if (rc == PCRE2_ERROR_MATCHLIMIT && steps < limit) {
            steps = limit;                      // slowly, then
            window = 1;
            continue;
        }
        if (rc != PCRE2_ERROR_NOMATCH)
            return raise_pcre2(s, rc);
        if (last == s->units.len || !look_around(s->e))
            return false;
        from = last + 1;
        window = window < WINDOW ? window * 2 : window;
    }
}

/* ---- by our own matcher -------------------------------------------------------------------------------------- */

static bool raise_own(struct jsonata_search *s, enum jsonata_match result)
{
    switch (result) {
    case JSONATA_MATCH_STEPS: return raise_steps(s);
    case JSONATA_MATCH_SPACE: return raise_limit(s, "32 MiB of memory for backtracking");
    case JSONATA_MATCH_BUDGET: return raise_status(s, JN_LIMIT);
    default: return raise_status(s, JN_NO_MEMORY);
    }
}

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
            return raise_own(s, result);
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
        from = slots[2 * i] == UINT32_MAX ? PCRE2_UNSET : slots[2 * i];
        to = slots[2 * i + 1];
    } else {
        from = pcre2_pairs(s)[2 * (size_t)i];
        to = pcre2_pairs(s)[2 * (size_t)i + 1];
    }
    return from == PCRE2_UNSET || from > to ? jn_undefined() : jsonata_units_slice(s->e, &s->units, from, to);
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
