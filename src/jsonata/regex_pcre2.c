/* regex_pcre2.c - patterns compiled and matched by PCRE2, without UTF: by the JIT where the system lets it.
 *
 * PCRE2 takes its memory from the budget.  The JIT's it takes from the system; the budget is told of it. */
#include "jsonata/regex_pcre2.h"

#include "core/msan.h"

#define PCRE2_CODE_UNIT_WIDTH 0
#include <pcre2.h>

/* The interpreter, where there is no JIT, is bounded in depth and memory as well. */
enum {
    LIMIT_DEPTH = 100000,
    LIMIT_HEAP_KIB = 32768,
    JIT_STACK_START = 64 * 1024,        /* for the few matches that need more than the 32 KiB of the machine stack */
    JIT_STACK_MAX = 8 * 1024 * 1024,
};

struct jsonata_pcre2_code {
    struct jn_budget *budget;
    uint32_t groups;
    pcre2_code_8 *narrow;               /* one of the two */
    pcre2_code_16 *wide;
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

struct jsonata_pcre2_code *jsonata_pcre2_compile(const struct jsonata_regex_tree *tree, bool wide, struct jn_budget *b)
{
    struct jsonata_pcre2_code *code = jn_budget_alloc(sizeof *code, b);
    struct jn_buf text;
    if (!code)
        return NULL;
    *code = (struct jsonata_pcre2_code){ .budget = b, .groups = tree->groups };
    jn_buf_init(&text, 0);
    text.budget = b;
    jsonata_regex_translate(tree, wide, &text);
    if (!text.failed && wide)
        code->wide = compile_wide(jn_buf_str(&text), tree->ignore_case, b);
    else if (!text.failed)
        code->narrow = compile_narrow(jn_buf_str(&text), tree->ignore_case, b);
    jn_buf_clear(&text);
    if (code->wide || code->narrow)
        return code;
    jsonata_pcre2_code_free(code);
    return NULL;
}

void jsonata_pcre2_code_free(struct jsonata_pcre2_code *code)
{
    if (!code)
        return;
    jn_budget_give(code->budget, jit_narrow(code->narrow) + jit_wide(code->wide));
    pcre2_code_free_8(code->narrow);
    pcre2_code_free_16(code->wide);
    jn_budget_free(code, code->budget);
}

/* ---- what a context keeps ------------------------------------------------------------------------------------ */

struct jsonata_pcre2 {
    struct jn_budget *budget;
    pcre2_general_context_8 *narrow_memory;     /* PCRE2's way to the budget */
    pcre2_general_context_16 *wide_memory;
    pcre2_match_context_8 *narrow;
    pcre2_match_context_16 *wide;
    pcre2_jit_stack_8 *narrow_stack;
    pcre2_jit_stack_16 *wide_stack;
};

void jsonata_pcre2_free(struct jsonata_pcre2 *p)
{
    if (!p)
        return;
    jn_budget_give(p->budget, (p->narrow_stack ? JIT_STACK_MAX : 0) + (p->wide_stack ? JIT_STACK_MAX : 0));
    pcre2_jit_stack_free_8(p->narrow_stack);
    pcre2_jit_stack_free_16(p->wide_stack);
    pcre2_match_context_free_8(p->narrow);
    pcre2_match_context_free_16(p->wide);
    pcre2_general_context_free_8(p->narrow_memory);
    pcre2_general_context_free_16(p->wide_memory);
    jn_budget_free(p, p->budget);
}

static bool open_contexts(struct jsonata_pcre2 *p)
{
    p->narrow_memory = pcre2_general_context_create_8(jn_budget_alloc, jn_budget_free, p->budget);
    p->wide_memory = pcre2_general_context_create_16(jn_budget_alloc, jn_budget_free, p->budget);
    p->narrow = p->narrow_memory ? pcre2_match_context_create_8(p->narrow_memory) : NULL;
    p->wide = p->wide_memory ? pcre2_match_context_create_16(p->wide_memory) : NULL;
    if (!p->narrow || !p->wide)
        return false;
    pcre2_set_depth_limit_8(p->narrow, LIMIT_DEPTH);
    pcre2_set_depth_limit_16(p->wide, LIMIT_DEPTH);
    pcre2_set_heap_limit_8(p->narrow, LIMIT_HEAP_KIB);
    pcre2_set_heap_limit_16(p->wide, LIMIT_HEAP_KIB);
    return true;
}

struct jsonata_pcre2 *jsonata_pcre2_new(struct jn_budget *budget)
{
    struct jsonata_pcre2 *p = jn_budget_alloc(sizeof *p, budget);
    if (!p)
        return NULL;
    *p = (struct jsonata_pcre2){ .budget = budget };
    if (open_contexts(p))
        return p;
    jsonata_pcre2_free(p);
    return NULL;
}

/* A larger stack for the JIT's code, kept from then on.  False when there is one already, or no memory for it. */
static bool add_stack(struct jsonata_pcre2 *p, bool wide)
{
    if ((wide ? (void *)p->wide_stack : (void *)p->narrow_stack) || !jn_budget_take(p->budget, JIT_STACK_MAX))
        return false;
    if (wide) {
        p->wide_stack = pcre2_jit_stack_create_16(JIT_STACK_START, JIT_STACK_MAX, p->wide_memory);
        pcre2_jit_stack_assign_16(p->wide, NULL, p->wide_stack);
    } else {
        p->narrow_stack = pcre2_jit_stack_create_8(JIT_STACK_START, JIT_STACK_MAX, p->narrow_memory);
        pcre2_jit_stack_assign_8(p->narrow, NULL, p->narrow_stack);
    }
    const bool done = wide ? p->wide_stack != NULL : p->narrow_stack != NULL;
    if (!done)
        jn_budget_give(p->budget, JIT_STACK_MAX);
    return done;
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

void jsonata_pcre2_clear(struct jsonata_pcre2_data *data)
{
    pcre2_match_data_free_8(data->narrow);
    pcre2_match_data_free_16(data->wide);
    *data = (struct jsonata_pcre2_data){ 0 };
}

bool jsonata_pcre2_fit(const struct jsonata_pcre2 *p, struct jsonata_pcre2_data *data,
                       const struct jsonata_pcre2_code *code)
{
    enum { LEAST = 15 };
    const uint32_t room = code->groups < LEAST ? LEAST : code->groups;
    if (code->narrow && (!data->narrow || data->narrow_groups < code->groups)) {
        pcre2_match_data_free_8(data->narrow);
        data->narrow = pcre2_match_data_create_8(room + 1, p->narrow_memory);
        data->narrow_groups = room;
    } else if (code->wide && (!data->wide || data->wide_groups < code->groups)) {
        pcre2_match_data_free_16(data->wide);
        data->wide = pcre2_match_data_create_16(room + 1, p->wide_memory);
        data->wide_groups = room;
    }
    return code->narrow ? data->narrow : data->wide;
}

static int match(struct jsonata_pcre2 *p, struct jsonata_pcre2_data *data, const struct jsonata_pcre2_code *code,
                 const struct jsonata_units *subject, size_t from)
{
    if (code->wide)
        return pcre2_match_16(code->wide, subject->wide, subject->len, from, 0, data->wide, p->wide);
    const PCRE2_SPTR8 text = (PCRE2_SPTR8)subject->text.data;
    return pcre2_match_8(code->narrow, text, subject->len, from, 0, data->narrow, p->narrow);
}

static enum jsonata_match outcome(int rc)
{
    switch (rc) {
    case PCRE2_ERROR_NOMATCH: return JSONATA_NO_MATCH;
    case PCRE2_ERROR_MATCHLIMIT: return JSONATA_MATCH_STEPS;
    case PCRE2_ERROR_NOMEMORY: return JSONATA_MATCH_NO_MEMORY;
    case PCRE2_ERROR_DEPTHLIMIT: return JSONATA_MATCH_DEPTH;
    case PCRE2_ERROR_JIT_STACKLIMIT: return JSONATA_MATCH_STACK;
    default: return rc >= 0 ? JSONATA_MATCH : JSONATA_MATCH_SPACE;
    }
}

enum jsonata_match jsonata_pcre2_find(struct jsonata_pcre2 *p, struct jsonata_pcre2_data *data,
                                      const struct jsonata_pcre2_code *code, const struct jsonata_units *subject,
                                      size_t from, size_t last, uint32_t steps)
{
    if (code->wide) {
        pcre2_set_match_limit_16(p->wide, steps);
        pcre2_set_offset_limit_16(p->wide, last);
    } else {
        pcre2_set_match_limit_8(p->narrow, steps);
        pcre2_set_offset_limit_8(p->narrow, last);
    }
    int rc = match(p, data, code, subject, from);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT && add_stack(p, code->wide))
        rc = match(p, data, code, subject, from);
    return outcome(rc);
}

const size_t *jsonata_pcre2_pairs(const struct jsonata_pcre2_data *data, const struct jsonata_pcre2_code *code)
{
    size_t *pairs = code->wide ? pcre2_get_ovector_pointer_16(data->wide) : pcre2_get_ovector_pointer_8(data->narrow);
    jn_written(pairs, 2 * (code->groups + (size_t)1) * sizeof *pairs);
    return pairs;
}
