/* settings.c - environment variables into a struct, and the manual of them, both from the program's table.
 *
 * The rules are those of the platform's reference runtime, down to `0` being true and `0` being no number: an operator
 * who has written HOOK_SHUTDOWN=no finds it on in both. */
#include "base/settings.h"

#include "core/utf8.h"

/* ---- JavaScript's parseInt ----------------------------------------------------------------------------------- */

/* ECMA-262, WhiteSpace and LineTerminator. */
static bool is_blank(uint32_t c)
{
    return (c >= '\t' && c <= '\r') || c == ' ' || c == 0xa0 || c == 0xfeff || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static jn_str skip_blanks(jn_str s)
{
    size_t at = 0, start = 0;
    s.len = jn_utf8_invalid(s);             // what follows is no digit either
    while (at < s.len && is_blank(jn_utf8_next(s, &at)))
        start = at;
    return jn_str_sub(s, start, s.len);
}

static int digit_of(char c, int radix)
{
    const char lower = (char)(c | 0x20);
    const int d = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : radix;
    return d < radix ? d : -1;
}

/* blank* [+-]? ( '0' [xX] hex+ | digit+ ) anything */
bool base_parse_int(jn_str text, int64_t *out)
{
    text = skip_blanks(text);
    const bool negative = text.len && text.data[0] == '-';
    if (text.len && (negative || text.data[0] == '+'))
        text = jn_str_sub(text, 1, text.len);
    int radix = 10;
    if (text.len > 1 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
        text = jn_str_sub(text, 2, text.len);
        radix = 16;
    }
    if (text.len == 0 || digit_of(text.data[0], radix) < 0)
        return false;
    int64_t n = 0;
    for (size_t i = 0; i < text.len && digit_of(text.data[i], radix) >= 0; i++) {
        if (__builtin_mul_overflow(n, radix, &n) || __builtin_add_overflow(n, digit_of(text.data[i], radix), &n)) {
            n = INT64_MAX;
            break;
        }
    }
    *out = negative ? -n : n;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static bool parse_boolean(const char *value)
{
    return *value && strcmp(value, "false") != 0;
}

bool base_setting_boolean(const struct base_env *env, const char *name, bool fallback)
{
    const char *value = env->get(env, name);
    return value ? parse_boolean(value) : fallback;
}

static int64_t read_integer(const struct base_setting *s, const char *value)
{
    int64_t n;
    if (value && base_parse_int(jn_str_of(value), &n) && n != 0)
        return n;
    return s->fallback && base_parse_int(jn_str_of(s->fallback), &n) ? n : 0;
}

static void read_one(const struct base_setting *s, const struct base_env *env, char *into)
{
    const char *value = base_env_get(env, s->name);
    void *member = into + s->offset;
    switch (s->kind) {
    case BASE_SETTING_TEXT:
    case BASE_SETTING_SECRET:
        *(const char **)member = value ? value : s->fallback;
        break;
    case BASE_SETTING_INTEGER:
        *(int64_t *)member = read_integer(s, value);
        break;
    case BASE_SETTING_BOOLEAN:
        *(bool *)member = base_setting_boolean(env, s->name, s->fallback && parse_boolean(s->fallback));
        break;
    case BASE_SETTING_ELSEWHERE:
        break;
    }
}

enum jn_status base_settings_read(const struct base_setting *table, size_t count, const struct base_env *env,
                                  unsigned mode, void *into, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    for (const struct base_setting *s = table; s < table + count; s++) {
        read_one(s, env, into);
        if (!status && (s->modes & mode) && !base_env_get(env, s->name))
            status = jn_fail(err, JN_BAD_VALUE, "%s is missing", s->name);
    }
    return status;
}

/* ---- the manual ---------------------------------------------------------------------------------------------- */

/* "## heading", text, and the head of a table. */
static void put_group(struct jn_buf *out, const char *group)
{
    const char *text = strchr(group, '\n');
    jn_buf_append_fmt(out, "\n## %.*s\n", text ? (int)(text - group) : (int)strlen(group), group);
    if (text)
        jn_buf_append_fmt(out, "\n%s\n", text + 1);
    jn_buf_append_z(out, "\n| variable | kind | default | meaning |\n|---|---|---|---|\n");
}

static const char *kind_name(enum base_setting_kind k)
{
    static const char *const names[] = {
        [BASE_SETTING_TEXT] = "text", [BASE_SETTING_SECRET] = "secret", [BASE_SETTING_INTEGER] = "integer",
        [BASE_SETTING_BOOLEAN] = "boolean", [BASE_SETTING_ELSEWHERE] = "",
    };
    return names[k];
}

static void put_default(struct jn_buf *out, const struct base_setting *s)
{
    if (s->modes)
        jn_buf_append_z(out, "**required**");
    else if (s->fallback)
        jn_buf_append_fmt(out, "`%s`%s%s", s->fallback, *s->unit ? " " : "", s->unit);
    else if (s->kind == BASE_SETTING_BOOLEAN)
        jn_buf_append_z(out, "`false`");
    else if (*s->unit)
        jn_buf_append_fmt(out, "none (%s)", s->unit);
}

void base_settings_manual(const struct base_setting *table, size_t count, struct jn_buf *out)
{
    for (const struct base_setting *s = table; s < table + count; s++) {
        if (s->group)
            put_group(out, s->group);
        jn_buf_append_fmt(out, "| `%s` | %s | ", s->name, kind_name(s->kind));
        put_default(out, s);
        jn_buf_append_fmt(out, " | %s |\n", s->meaning);
    }
}
