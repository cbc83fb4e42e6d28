/* xml.c - the little XML that STS answers with: elements, text, the five predefined entities and numeric references, an
 * optional declaration, any namespace prefix (our spec, section 2.2).  Comments are skipped too; nothing else
 * occurs. */
#include "core/arena.h"
#include "core/utf8.h"
#include "lambda/response.h"

/* ---- tags ---------------------------------------------------------------------------------------------------- */

static bool ends_name(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' || c == '>';
}

/* The name in a tag's inside, without its namespace prefix. */
static jn_str tag_name(jn_str inside)
{
    size_t start = 0, end = 0;
    for (; end < inside.len && !ends_name(inside.data[end]); end++) {
        if (inside.data[end] == ':')
            start = end + 1;
    }
    return jn_str_sub(inside, start, end);
}

/* Offset behind the construct that begins at the '<' at `at`. */
static size_t skip_markup(jn_str xml, size_t at)
{
    const jn_str rest = jn_str_sub(xml, at, xml.len);
    const jn_str end = jn_str_starts(rest, JN_STR("<!--")) ? JN_STR("-->") : JN_STR(">");
    const size_t hit = jn_str_find(xml, end, at);
    return hit == SIZE_MAX ? xml.len : hit + end.len;
}

/* ---- text ---------------------------------------------------------------------------------------------------- */

/* reference := '#' digit+ | '#x' hex+ ; 0 when it is neither or no character */
static uint32_t numeric_reference(jn_str body)
{
    const bool is_hex = body.len > 1 && (body.data[1] | 32) == 'x';
    uint32_t c = 0;
    size_t i = is_hex ? 2 : 1;
    if (i >= body.len)
        return 0;
    for (; i < body.len; i++) {
        const char d = body.data[i], lower = (char)(d | 32);
        const bool is_digit = d >= '0' && d <= '9', is_letter = is_hex && lower >= 'a' && lower <= 'f';
        if (!is_digit && !is_letter)
            return 0;
        c = c * (is_hex ? 16 : 10) + (uint32_t)(is_digit ? d - '0' : lower - 'a' + 10);
        if (c > 0x10ffff)
            return 0;
    }
    return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

static uint32_t reference(jn_str body)
{
    static const struct { jn_str name; char c; } entities[] = {
        { JN_STR_INIT("amp"), '&' }, { JN_STR_INIT("lt"), '<' }, { JN_STR_INIT("gt"), '>' },
        { JN_STR_INIT("quot"), '"' }, { JN_STR_INIT("apos"), '\'' },
    };
    if (body.len && body.data[0] == '#')
        return numeric_reference(body);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (jn_str_eq(body, entities[i].name))
            return (uint32_t)entities[i].c;
    }
    return 0;
}

/* `raw` with its references replaced; one that means nothing stays as it is.  The text only gets shorter: the shortest
 * reference to a character of n bytes has more than n. */
static jn_str decode(struct jn_arena *a, jn_str raw)
{
    if (jn_str_find(raw, JN_STR("&"), 0) == SIZE_MAX)
        return raw;
    char *out = jn_arena_alloc(a, raw.len);
    if (!out)
        return (jn_str){ NULL, 0 };
    size_t len = 0;
    for (size_t i = 0; i < raw.len;) {
        const size_t end = raw.data[i] == '&' ? jn_str_find(jn_str_sub(raw, 0, i + 12), JN_STR(";"), i) : SIZE_MAX;
        const uint32_t c = end == SIZE_MAX ? 0 : reference(jn_str_sub(raw, i + 1, end));
        if (c) {
            len += jn_utf8_put(out + len, c);
            i = end + 1;
        } else {
            out[len++] = raw.data[i++];
        }
    }
    return (jn_str){ out, len };
}

jn_str lambda_xml_text(struct jn_arena *a, jn_str xml, const char *name)
{
    const jn_str wanted = jn_str_of(name);
    for (size_t at = jn_str_find(xml, JN_STR("<"), 0); at != SIZE_MAX;) {
        const size_t end = skip_markup(xml, at);
        const jn_str inside = jn_str_sub(xml, at + 1, end);
        if (jn_str_eq(tag_name(inside), wanted) && inside.len > wanted.len) {
            if (jn_str_ends(inside, JN_STR("/>")))
                return JN_STR("");
            return decode(a, jn_str_sub(xml, end, jn_str_find(xml, JN_STR("<"), end)));
        }
        at = jn_str_find(xml, JN_STR("<"), end);
    }
    return (jn_str){ NULL, 0 };
}
