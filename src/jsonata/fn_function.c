/* fn_function.c - $map, $filter, $single, $reduce and $eval (spec 9).
 * A function is given (value, index, whole array), as many of them as it takes; see fn_hof_count(). */
#include "jsonata/fn.h"

/* Calls `f` for member `i` of `array`. */
static inline jn_value call_for(struct jsonata_eval *e, jn_value f, uint32_t count, jn_value array, uint32_t i)
{
    const jn_value args[] = { jn_array_at(array, i), jn_number(i), array };
    return jsonata_call_function(e, f, args, count);
}

BUILTIN(fn_map)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const uint32_t len = jn_array_len(args[0]), given = fn_hof_count(args[1]);
    const jn_value result = jsonata_array(e, len, JN_SEQUENCE);
    for (uint32_t i = 0; i < len && jsonata_step(e); i++) {
        const jn_value v = call_for(e, args[1], given, args[0], i);
        if (!jn_is_undefined(v) && !jsonata_failed(e))
            jsonata_push(e, result, v);
    }
    return jsonata_failed(e) ? jn_undefined() : result;
}

BUILTIN(fn_filter)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const uint32_t len = jn_array_len(args[0]), given = fn_hof_count(args[1]);
    const jn_value result = jsonata_array(e, 0, JN_SEQUENCE);
    for (uint32_t i = 0; i < len && jsonata_step(e); i++)
        if (jsonata_is_true(e, call_for(e, args[1], given, args[0], i)) && !jsonata_failed(e))
            jsonata_push_item(e, result, jn_array_at(args[0], i));
    return jsonata_failed(e) ? jn_undefined() : result;
}

/* Without a function every member matches. */
static bool matches(struct jsonata_eval *e, const jn_value *args, uint32_t given, uint32_t i)
{
    return jn_is_undefined(args[1]) || jsonata_is_true(e, call_for(e, args[1], given, args[0], i));
}

BUILTIN(fn_single)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const uint32_t len = jn_array_len(args[0]), given = fn_hof_count(args[1]);
    jn_value found = jn_undefined();
    bool is_found = false;              // a member can be nothing
    for (uint32_t i = 0; i < len && jsonata_step(e); i++) {
        if (!matches(e, args, given, i))
            continue;
        if (is_found)
            return jsonata_raise(e, (struct jsonata_fault){ .code = "D3138", .index = i });
        found = jn_array_at(args[0], i);
        is_found = true;
    }
    if (!is_found)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3139" });
    return jsonata_failed(e) ? jn_undefined() : found;
}

BUILTIN(fn_reduce)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    const uint32_t arity = jsonata_arity(args[1]), len = jn_array_len(args[0]);
    if (arity < 2)
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3050", .index = 1 });
    const bool has_start = !jn_is_undefined(args[2]);
    if (!has_start && !len)
        return jn_undefined();
    jn_value so_far = has_start ? args[2] : jn_array_at(args[0], 0);
    for (uint32_t i = has_start ? 0 : 1; i < len && jsonata_step(e); i++) {
        const jn_value given[] = { so_far, jn_array_at(args[0], i), jn_number(i), args[0] };
        so_far = jsonata_call_function(e, args[1], given, arity < 4 ? arity : 4);
    }
    return jsonata_failed(e) ? jn_undefined() : so_far;
}

BUILTIN(fn_eval)
{
    if (jn_is_undefined(args[0]))
        return jn_undefined();
    return jsonata_eval_text(e, jn_text(args[0]), args[1], !jn_is_undefined(args[1]));
}

const struct jsonata_builtin jsonata_fn_function[] = {
    { "map", "<af>", 2, fn_map },
    { "filter", "<af>", 2, fn_filter },
    { "single", "<af?>", 2, fn_single },
    { "reduce", "<afj?:j>", 3, fn_reduce },
    { "eval", "<sx?:x>", 2, fn_eval },
    { 0 },
};
