/* fn_boolean.c - $boolean, $not, $exists, $type, $error and $assert (spec 9). */
#include "jsonata/fn.h"

#include <math.h>

BUILTIN(fn_boolean)
{
    return jsonata_to_boolean(e, args[0]);
}

BUILTIN(fn_not)
{
    const jn_value v = jsonata_to_boolean(e, args[0]);
    return jn_is_undefined(args[0]) ? args[0] : jn_boolean(!jn_bool(v));
}

BUILTIN(fn_exists)
{
    return jn_boolean(!jn_is_undefined(args[0]));
}

BUILTIN(fn_type)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const double d = args[0].type == JN_NUMBER ? jn_num(args[0]) : 0;
    if (isinf(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = args[0] });
    const char *name = isnan(d) ? "object" : jn_type_name(args[0]);     // not a number: so the reference has it
    return jn_string(jn_str_of(name), JN_STR_ASCII | JN_STR_PLAIN);
}

/* The sentence of D3137 and D3141 is the user's; an empty one is none. */
static jn_value raise_message(struct jsonata_eval *e, const char *code, jn_value message, const char *otherwise)
{
    const jn_str text = jn_get_string(message);
    if (text.len)
        otherwise = jn_arena_copy(e->arena, text).data;
    return otherwise ? jsonata_raise(e, (struct jsonata_fault){ .code = code, .message = otherwise })
                     : jsonata_raise_memory(e);
}

BUILTIN(fn_error)
{
    return raise_message(e, "D3137", args[0], "$error() function evaluated");
}

BUILTIN(fn_assert)
{
    if (jn_is(args[0], JN_BOOLEAN) && jn_bool(args[0]))
        return jn_undefined();
    return raise_message(e, "D3141", args[1], "$assert() statement failed");
}

const struct jsonata_builtin jsonata_fn_boolean[] = {
    { "boolean", "<x-:b>", 1, fn_boolean },
    { "not", "<x-:b>", 1, fn_not },
    { "exists", "<x:b>", 1, fn_exists },
    { "type", "<x:s>", 1, fn_type },
    { "error", "<s?:x>", 1, fn_error },
    { "assert", "<bs?:x>", 2, fn_assert },
    { 0 },
};
