/* regex_fuzz.c - flags, a pattern and a subject, one to a line: what PCRE2 finds must be what our own matcher finds,
 * which is to say that the pattern was written rightly for PCRE2, or rightly kept from it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"
#include "core/buf.h"
#include "jsonata/regex_backtrack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jsonata_limits limits = { .max_bytes = 64 << 20, .timeout_ms = 2000, .max_match_steps = 20000 };

enum { LONGEST = 400 };                 /* of pattern and subject: longer ones find nothing more, slowly */

static jn_str take_line(jn_str *rest)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    const jn_str line = { rest->data, end ? (size_t)(end - rest->data) : rest->len };
    rest->data += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

/* ---- our own matcher ------------------------------------------------------------------------------------------- */

struct own {
    struct jsonata_backtrack_code *code;
    struct jsonata_backtracker memory;
    struct jn_arena arena;
    struct jsonata_units subject;
    uint32_t groups;
};

static bool own_open(struct own *o, jn_str pattern, jn_value subject, bool ignore_case, bool multiline)
{
    struct jsonata_eval e = { .arena = &o->arena };
    struct jsonata_units units;
    struct jsonata_regex_tree tree;
    jn_arena_init(&o->arena, 0);
    if (!jsonata_units_open(&e, jn_string(pattern, 0), &units) || !jsonata_units_open(&e, subject, &o->subject))
        return false;
    uint16_t *wide = jn_arena_alloc(&o->arena, (units.len + 1) * sizeof *wide);
    for (size_t i = 0; i < units.len; i++)
        wide[i] = units.is_ascii ? (unsigned char)pattern.data[i] : units.wide[i];
    const struct jsonata_regex_source source = { wide, units.len, ignore_case, multiline };
    if (!jsonata_regex_parse(&o->arena, &source, &tree))
        return false;
    o->groups = tree.groups;
    o->code = jsonata_backtrack_compile(&tree, NULL);
    return o->code != NULL;
}

static void own_close(struct own *o)
{
    jsonata_backtrack_free(o->code);
    jsonata_backtracker_clear(&o->memory, NULL);
    jn_arena_clear(&o->arena);
}

static enum jsonata_match own_find(struct own *o)
{
    enum jsonata_match found = JSONATA_NO_MATCH;
    for (size_t at = 0; at <= o->subject.len && found == JSONATA_NO_MATCH; at++) {
        uint32_t steps = limits.max_match_steps;
        found = jsonata_backtrack_at(o->code, &o->memory, &o->subject, at, &steps, NULL);
    }
    return found;
}

/* ---- both ------------------------------------------------------------------------------------------------------ */

static double number(jn_value match, const char *name)
{
    return jn_get_number(jn_member(match, (jn_str){ name, strlen(name) }));
}

/* True when group `i` is set in the one as in the other, and as long. */
static bool same_group(const struct own *o, jn_value group, uint32_t i)
{
    const uint32_t from = o->memory.slots[2 * i], to = o->memory.slots[2 * i + 1];
    if (from == UINT32_MAX || to == UINT32_MAX)
        return group.type == JN_NULL;
    return group.type == JN_STRING && jn_utf16_count(jn_get_string(group)) == to - from;
}

static void compare(struct own *o, jn_value match)
{
    const enum jsonata_match found = own_find(o);
    if (found != JSONATA_MATCH && found != JSONATA_NO_MATCH)
        return;                         // a limit: the two do not count alike
    if ((found == JSONATA_MATCH) != (match.type == JN_OBJECT))
        abort();
    if (found == JSONATA_NO_MATCH)
        return;
    if (number(match, "start") != o->memory.slots[0] || number(match, "end") != o->memory.slots[1])
        abort();
    for (uint32_t i = 1; i <= o->groups; i++)
        if (!same_group(o, jn_at(jn_member(match, JN_STR("groups")), i - 1), i))
            abort();
}

/* The expression "/pattern/flags($)"; false for patterns that the expression's lexer would end elsewhere. */
static bool write_expression(struct jn_buf *b, jn_str pattern, jn_str flags)
{
    if (!pattern.len || memchr(pattern.data, '/', pattern.len) || pattern.data[0] == '*'
        || pattern.data[pattern.len - 1] == '\\')
        return false;
    jn_buf_append_char(b, '/');
    jn_buf_append(b, pattern);
    jn_buf_append_char(b, '/');
    jn_buf_append(b, flags);
    jn_buf_append_z(b, "($)");
    return !b->failed;
}

static void run(jn_str expression, jn_str pattern, jn_str flags, jn_value subject)
{
    struct own own = { 0 };
    struct jsonata *program = NULL;
    struct jsonata_context *c = jsonata_context_new(&limits);
    jn_value match;
    const bool ignore_case = memchr(flags.data, 'i', flags.len), multiline = memchr(flags.data, 'm', flags.len);
    if (c && jsonata_compile(expression, NULL, &program, NULL) == JN_OK
        && own_open(&own, pattern, subject, ignore_case, multiline)
        && jsonata_evaluate(program, c, subject, (jn_value){ 0 }, &match, NULL) == JN_OK)
        compare(&own, match);
    own_close(&own);
    jsonata_free(program);
    jsonata_context_free(c);
}

static bool is_flags(jn_str s)
{
    return s.len == 0 || (s.len == 1 && (*s.data == 'i' || *s.data == 'm')) || (s.len == 2 && !memcmp(s.data, "im", 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    jn_str rest = { (const char *)data, size };
    struct jn_buf expression;
    const jn_str flags = take_line(&rest), pattern = take_line(&rest);
    if (!is_flags(flags) || pattern.len > LONGEST || rest.len > LONGEST || jn_utf8_invalid(pattern) != pattern.len
        || jn_utf8_invalid(rest) != rest.len)
        return 0;
    jn_buf_init(&expression, 0);
    if (write_expression(&expression, pattern, flags))
        run(jn_buf_str(&expression), pattern, flags, jn_make_string(rest));
    jn_buf_clear(&expression);
    return 0;
}
