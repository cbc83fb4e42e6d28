/* fn_datetime.c - $now, $millis, $fromMillis, $toMillis, and the built-ins that format by a picture: $formatNumber,
 * $formatInteger, $parseInteger (spec 9, 12 and 13). */
#include "jsonata/fn.h"
#include "jsonata/picture.h"

/* A string argument; data NULL when it is missing. */
static jn_str text_or_none(jn_value v)
{
    return jn_is_undefined(v) ? (jn_str){ NULL, 0 } : jn_text(v);
}

static jn_value raise_argument(struct jsonata_eval *e, int64_t index, jn_value v)
{
    return jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = index, .value = v });
}

BUILTIN(fn_now)
{
    return jsonata_format_date(e, (double)e->now_ms, text_or_none(args[0]), text_or_none(args[1]));
}

BUILTIN(fn_millis)
{
    return jn_number((double)e->now_ms);
}

BUILTIN(fn_from_millis)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    return jsonata_format_date(e, jn_num(args[0]), text_or_none(args[1]), text_or_none(args[2]));
}

BUILTIN(fn_to_millis)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    if (jn_is_undefined(args[1]))
        return jsonata_parse_iso8601(e, jn_text(args[0]));
    return jsonata_parse_date(e, jn_text(args[0]), jn_text(args[1]));
}

BUILTIN(fn_format_number)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    if (jn_is_undefined(args[1]))
        return raise_argument(e, 2, args[1]);
    return jsonata_format_number(e, jn_num(args[0]), jn_text(args[1]), args[2]);
}

BUILTIN(fn_format_integer)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    if (jn_is_undefined(args[1]))
        return raise_argument(e, 2, args[1]);
    return jsonata_format_integer(e, jn_num(args[0]), jn_text(args[1]));
}

BUILTIN(fn_parse_integer)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    if (jn_is_undefined(args[1]))
        return raise_argument(e, 2, args[1]);
    const jn_mark scratch = jn_arena_mark(e->arena);
    const struct jsonata_integer_picture *p = jsonata_integer_picture_get(e, jn_text(args[1]));
    if (!p)
        return jn_undefined();
    const double value = jsonata_parse_integer(e, jn_text(args[0]), p);
    if (jsonata_failed(e))
        return jn_undefined();
    jn_arena_rewind(e->arena, scratch);
    return jn_number(value);
}

const struct jsonata_builtin jsonata_fn_datetime[] = {
    { "now", "<s?s?:s>", 2, fn_now },
    { "millis", "<:n>", 0, fn_millis },
    { "fromMillis", "<n-s?s?:s>", 3, fn_from_millis },
    { "toMillis", "<s-s?:n>", 2, fn_to_millis },
    { "formatNumber", "<n-so?:s>", 3, fn_format_number },
    { "formatInteger", "<n-s:s>", 2, fn_format_integer },
    { "parseInteger", "<s-s:n>", 2, fn_parse_integer },
    { 0 },
};
