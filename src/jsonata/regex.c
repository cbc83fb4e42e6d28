/* regex.c - patterns compiled and matched by PCRE2, the one file that knows it.
 *
 * Every pattern is compiled twice: for the 8-bit library, which matches ASCII subjects where they are, and for the
 * 16-bit library without UTF, whose code units are exactly ECMAScript's.  Both are compiled at once, by the JIT where
 * the system lets it, so that the object never changes and threads may share it.
 *
 * Patterns and subjects come from users.  What a match may cost is bounded by PCRE2's limits, written into the pattern
 * itself; a long subject is searched in windows, with a look at the evaluation's guardrails after each. */
#include "jsonata/regex.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 0
#include <pcre2.h>

#include "jsonata/regex_translate.h"

/* MATCH: rounds of backtracking from one start; (a+)+$ on 25 letters needs 10 times as many, honest patterns a few per
 * character.  The interpreter, where there is no JIT, is bounded in depth and memory as well. */
#define LIMIT_MATCH 2000000
#define LIMIT_DEPTH 100000
#define LIMIT_HEAP_KIB 32768
#define STRINGIFY(x) STRINGIFY_(x)
#define STRINGIFY_(x) #x
#define LIMITS "(*LIMIT_MATCH=" STRINGIFY(LIMIT_MATCH) ")(*LIMIT_DEPTH=" STRINGIFY(LIMIT_DEPTH) ")" \
               "(*LIMIT_HEAP=" STRINGIFY(LIMIT_HEAP_KIB) ")"

enum {
    WINDOW = 2048,                      /* starts that are tried between two looks at the clock */
    JIT_STACK_START = 64 * 1024,        /* for the few matches that need more than the 32 KiB of the machine stack */
    JIT_STACK_MAX = 8 * 1024 * 1024,
};

struct jsonata_regex {
    jn_str pattern;
    jn_str literal;                     /* data != NULL: the pattern is this ASCII text, nothing else */
    uint32_t groups;
    pcre2_code_8 *narrow;
    pcre2_code_16 *wide;
};

/* ---- compiling ----------------------------------------------------------------------------------------------- */

static const char *compile_error(int code)
{
    switch (code) {
    case PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH:
    case PCRE2_ERROR_LOOKBEHIND_TOO_COMPLICATED:
    case PCRE2_ERROR_LOOKBEHIND_TOO_LONG:
        return "each alternative of a look-behind must have a fixed length";
    case PCRE2_ERROR_PATTERN_TOO_LARGE:
    case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
        return "too large: repetitions in repetitions multiply";
    default:
        return "too complicated";
    }
}

static uint32_t compile_options(bool ignore_case)
{
    return PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_UTF
           | PCRE2_NEVER_UCP | (ignore_case ? PCRE2_CASELESS : 0);
}

static pcre2_code_8 *compile_narrow(jn_str text, bool ignore_case, int *error)
{
    PCRE2_SIZE at;
    pcre2_code_8 *code = pcre2_compile_8((PCRE2_SPTR8)text.data, text.len, compile_options(ignore_case), error, &at,
                                         NULL);
    if (code)
        pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE);      // refused on some systems: then it is interpreted
    return code;
}

static pcre2_code_16 *compile_wide(jn_str text, bool ignore_case, int *error)
{
    uint16_t *units = malloc((text.len + 1) * sizeof *units);
    if (!units) {
        *error = PCRE2_ERROR_HEAP_FAILED;
        return NULL;
    }
    for (size_t i = 0; i < text.len; i++)
        units[i] = (unsigned char)text.data[i];
    PCRE2_SIZE at;
    pcre2_code_16 *code = pcre2_compile_16(units, text.len, compile_options(ignore_case), error, &at, NULL);
    free(units);
    if (code)
        pcre2_jit_compile_16(code, PCRE2_JIT_COMPLETE);
    return code;
}

static void fault_of(struct jsonata_fault *fault, const char *reason, size_t at)
{
    fault->code = "S0302/pattern";
    fault->value = jn_string(jn_str_of(reason), JN_STR_ASCII);
    fault->index = (int64_t)at + 1;
}

/* Rewrites and compiles for one of the libraries.  False with the fault's code set, or without it for memory. */
static bool build(struct jsonata_regex *r, const struct jsonata_regex_source *source, bool wide,
                  struct jsonata_fault *fault)
{
    struct jsonata_regex_text out = { 0 };
    int error = 0;
    jn_buf_init(&out.text, 0);
    jn_buf_init(&out.literal, 0);
    jn_buf_append_z(&out.text, LIMITS);
    if (jsonata_regex_translate(source, wide, &out)) {
        r->groups = out.groups;
        if (wide)
            r->wide = compile_wide(jn_buf_str(&out.text), source->ignore_case, &error);
        else
            r->narrow = compile_narrow(jn_buf_str(&out.text), source->ignore_case, &error);
        if (!wide && out.is_literal && out.literal.len) {
            r->literal.len = out.literal.len;
            r->literal.data = jn_buf_detach(&out.literal);
        }
    }
    if (out.error)
        fault_of(fault, out.error, out.error_at);
    else if (error > 0 && error != PCRE2_ERROR_HEAP_FAILED && !(wide ? (void *)r->wide : (void *)r->narrow))
        fault_of(fault, compile_error(error), 0);
    jn_buf_clear(&out.text);
    jn_buf_clear(&out.literal);
    return wide ? r->wide != NULL : r->narrow != NULL;
}

/* The pattern in code units, for the caller to free; NULL when memory is out. */
static uint16_t *to_units(jn_str text, size_t *len)
{
    uint16_t *units = malloc((text.len + 1) * sizeof *units);
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

struct jsonata_regex *jsonata_regex_compile(jn_str pattern, bool ignore_case, bool multiline,
                                            struct jsonata_fault *fault)
{
    *fault = (struct jsonata_fault){ 0 };
    struct jsonata_regex *r = calloc(1, sizeof *r);
    char *copy = malloc(pattern.len + 1);
    struct jsonata_regex_source source = { .ignore_case = ignore_case, .multiline = multiline };
    uint16_t *units = to_units(pattern, &source.len);
    source.units = units;
    bool ok = r && copy && units;
    if (ok) {
        memcpy(copy, pattern.data, pattern.len);
        r->pattern = (jn_str){ copy, pattern.len };
        copy = NULL;
        ok = build(r, &source, false, fault) && build(r, &source, true, fault);
    }
    free(units);
    free(copy);
    if (ok)
        return r;
    jsonata_regex_free(r);
    return NULL;
}

void jsonata_regex_free(struct jsonata_regex *r)
{
    if (!r)
        return;
    pcre2_code_free_8(r->narrow);
    pcre2_code_free_16(r->wide);
    free((char *)r->pattern.data);
    free((char *)r->literal.data);
    free(r);
}

jn_str jsonata_regex_pattern(const struct jsonata_regex *r)
{
    return r->pattern;
}

uint32_t jsonata_regex_groups(const struct jsonata_regex *r)
{
    return r->groups;
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

bool jsonata_search_open(struct jsonata_search *s, struct jsonata_eval *e, const struct jsonata_regex *r,
                         jn_value subject)
{
    *s = (struct jsonata_search){ .e = e, .regex = r };
    if (!jsonata_units_open(e, subject, &s->units))
        return false;
    if (s->units.is_ascii && r->literal.data)
        return true;
    if (s->units.is_ascii)
        s->data = pcre2_match_data_create_from_pattern_8(r->narrow, NULL);
    else
        s->data = pcre2_match_data_create_from_pattern_16(r->wide, NULL);
    if (s->data)
        return true;
    e->status = jsonata_failed(e) ? e->status : JN_NO_MEMORY;
    return false;
}

void jsonata_search_close(struct jsonata_search *s)
{
    if (s->units.is_ascii)
        pcre2_match_data_free_8(s->data);
    else
        pcre2_match_data_free_16(s->data);
    s->data = NULL;
}

/* One call of the library; starts beyond `last_start` are not tried.  `context` may be NULL: no such end. */
static int match_narrow(struct jsonata_search *s, size_t from, pcre2_match_context_8 *context)
{
    return pcre2_match_8(s->regex->narrow, (PCRE2_SPTR8)s->units.text.data, s->units.len, from, 0, s->data, context);
}

static int match_wide(struct jsonata_search *s, size_t from, pcre2_match_context_16 *context)
{
    return pcre2_match_16(s->regex->wide, s->units.wide, s->units.len, from, 0, s->data, context);
}

/* The same with options: an end for starts, and a JIT stack of its own for matches that overflow the machine stack's
 * share.  Both are rare enough to be made for the one call. */
static int match_narrow_with(struct jsonata_search *s, size_t from, size_t last_start, bool big_stack)
{
    pcre2_match_context_8 *context = pcre2_match_context_create_8(NULL);
    pcre2_jit_stack_8 *stack = big_stack ? pcre2_jit_stack_create_8(JIT_STACK_START, JIT_STACK_MAX, NULL) : NULL;
    int rc = PCRE2_ERROR_NOMEMORY;
    if (context && (stack || !big_stack)) {
        pcre2_set_offset_limit_8(context, last_start);
        pcre2_jit_stack_assign_8(context, NULL, stack);
        rc = match_narrow(s, from, context);
    }
    pcre2_jit_stack_free_8(stack);
    pcre2_match_context_free_8(context);
    return rc;
}

static int match_wide_with(struct jsonata_search *s, size_t from, size_t last_start, bool big_stack)
{
    pcre2_match_context_16 *context = pcre2_match_context_create_16(NULL);
    pcre2_jit_stack_16 *stack = big_stack ? pcre2_jit_stack_create_16(JIT_STACK_START, JIT_STACK_MAX, NULL) : NULL;
    int rc = PCRE2_ERROR_NOMEMORY;
    if (context && (stack || !big_stack)) {
        pcre2_set_offset_limit_16(context, last_start);
        pcre2_jit_stack_assign_16(context, NULL, stack);
        rc = match_wide(s, from, context);
    }
    pcre2_jit_stack_free_16(stack);
    pcre2_match_context_free_16(context);
    return rc;
}

static int match_with(struct jsonata_search *s, size_t from, size_t last_start, bool big_stack)
{
    return s->units.is_ascii ? match_narrow_with(s, from, last_start, big_stack)
                             : match_wide_with(s, from, last_start, big_stack);
}

static int match_window(struct jsonata_search *s, size_t from, size_t last_start)
{
    int rc;
    if (last_start < s->units.len)
        rc = match_with(s, from, last_start, false);
    else
        rc = s->units.is_ascii ? match_narrow(s, from, NULL) : match_wide(s, from, NULL);
    return rc == PCRE2_ERROR_JIT_STACKLIMIT ? match_with(s, from, last_start, true) : rc;
}

static bool raise_limit(struct jsonata_search *s, int rc)
{
    if (rc == PCRE2_ERROR_NOMEMORY) {
        if (!jsonata_failed(s->e))
            s->e->status = JN_NO_MEMORY;
        return false;
    }
    const char *limit = rc == PCRE2_ERROR_MATCHLIMIT ? STRINGIFY(LIMIT_MATCH) " steps of backtracking"
                        : rc == PCRE2_ERROR_DEPTHLIMIT ? STRINGIFY(LIMIT_DEPTH) " levels of backtracking"
                        : rc == PCRE2_ERROR_JIT_STACKLIMIT ? "8 MiB of memory for backtracking"
                        : "32 MiB of memory for backtracking";
    jsonata_raise(s->e, (struct jsonata_fault){
        .code = "D1012/regex", .token = s->regex->pattern, .value = jn_string(jn_str_of(limit), JN_STR_ASCII),
    });
    return false;
}

static bool find_literal(struct jsonata_search *s, size_t from)
{
    const size_t at = jn_str_find(s->units.text, s->regex->literal, from);
    if (at == SIZE_MAX)
        return false;
    s->start = at;
    s->end = at + s->regex->literal.len;
    return true;
}

/* Gives up the time slice: lets the evaluation look at its guardrails.  False when one of them tripped. */
static bool look_around(struct jsonata_eval *e)
{
    return jsonata_step(e) && jsonata_look_around(e);
}

static void remember(struct jsonata_search *s)
{
    const size_t *pair = s->units.is_ascii ? pcre2_get_ovector_pointer_8(s->data)
                                           : pcre2_get_ovector_pointer_16(s->data);
    s->start = pair[0];
    s->end = pair[1];
}

bool jsonata_search_find(struct jsonata_search *s, size_t from)
{
    if (from > s->units.len || jsonata_failed(s->e))
        return false;
    if (!s->data)
        return find_literal(s, from);
    for (;;) {
        const size_t last_start = s->units.len - from > 2 * WINDOW ? from + WINDOW : s->units.len;
        const int rc = match_window(s, from, last_start);
        if (rc >= 0) {
            remember(s);
            return true;
        }
        if (rc != PCRE2_ERROR_NOMATCH)
            return raise_limit(s, rc);
        if (last_start == s->units.len || !look_around(s->e))
            return false;
        from = last_start + 1;
    }
}

/* ---- matches as values --------------------------------------------------------------------------------------- */

jn_value jsonata_search_group(const struct jsonata_search *s, uint32_t i)
{
    if (!s->data || i > s->regex->groups)
        return jn_undefined();
    const size_t *pair = s->units.is_ascii ? pcre2_get_ovector_pointer_8(s->data)
                                           : pcre2_get_ovector_pointer_16(s->data);
    pair += 2 * (size_t)i;
    if (pair[0] == PCRE2_UNSET || pair[0] > pair[1])
        return jn_undefined();
    return jsonata_units_slice(s->e, &s->units, pair[0], pair[1]);
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
            .code = "D1004", .value = jn_string(s->regex->pattern, 0),
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
