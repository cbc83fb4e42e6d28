/* convert.c - what a value is as a boolean, as text, and as the copy that a JSON round trip would give.
 *
 * $string and & print numbers at 15 digits; so does $clone, since it goes through $string (spec 11.2).  A container's
 * text is therefore that of its clone, and the clone shares what the round trip would not change. */
#include "jsonata/eval.h"
#include "jsonata/compile.h"

#include "core/buf.h"

#include <math.h>

/* ---- booleans ------------------------------------------------------------------------------------------------ */

static jn_value number_to_boolean(struct jsonata_eval *e, jn_value v)
{
    const double d = jn_num(v);
    if (isinf(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = v });
    return jn_boolean(d != 0 && !isnan(d));
}

/* One member: its own cast, through any number of brackets.  More: any true member will do, but all are asked, since an
 * infinity among them is an error. */
static jn_value array_to_boolean(struct jsonata_eval *e, jn_value v)
{
    while (v.type == JN_ARRAY && v.as.array->len == 1)
        v = v.as.array->items[0];
    if (v.type != JN_ARRAY)
        return jsonata_to_boolean(e, v);
    bool is_true = false;
    for (uint32_t i = 0; i < v.as.array->len && jsonata_step(e); i++) {
        const jn_value m = v.as.array->items[i];
        if (m.type == JN_ARRAY && !node_has_stack(e))
            return jn_undefined();
        is_true |= jsonata_is_true(e, m);
    }
    return jn_boolean(is_true);
}

jn_value jsonata_to_boolean(struct jsonata_eval *e, jn_value v)
{
    switch (v.type) {
    case JN_BOOLEAN:    return v;
    case JN_NUMBER:     return number_to_boolean(e, v);
    case JN_STRING:     return jn_boolean(v.len != 0);
    case JN_ARRAY:      return array_to_boolean(e, v);
    case JN_OBJECT:     return jn_boolean(jn_object_len(v) != 0);
    case JN_NULL:
    case JN_FUNCTION:   return jn_boolean(false);
    default:            return jn_undefined();
    }
}

static bool step_on(void *e)
{
    return jsonata_step(e);
}

bool jsonata_equal(struct jsonata_eval *e, jn_value a, jn_value b)
{
    return jn_equal_in(e->arena, a, b, step_on, e);
}

bool jsonata_is_true(struct jsonata_eval *e, jn_value v)
{
    const jn_value b = jsonata_to_boolean(e, v);
    return b.type == JN_BOOLEAN && jn_bool(b);
}

/* ---- texts --------------------------------------------------------------------------------------------------- */

static jn_value number_to_string(struct jsonata_eval *e, jn_value v)
{
    if (v.flags & JN_NUM_CANONICAL)
        return jn_string((jn_str){ v.as.text, v.len }, JN_STR_ASCII | JN_STR_PLAIN);
    const double d = jn_num(v);
    if (!isfinite(d))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "D3001", .value = v });
    char *text = jsonata_string_begin(e, JN_NUMBER_MAX);
    if (!text)
        return jn_undefined();
    const size_t len = jn_number_format15(text, d);
    jn_value s = jsonata_string_end(e, text, JN_NUMBER_MAX, len);
    s.flags = JN_STR_ASCII | JN_STR_PLAIN;
    return s;
}

static jn_value container_to_string(struct jsonata_eval *e, jn_value v, bool prettify)
{
    const jn_mark mark = jn_arena_mark(e->arena);
    const jn_value clone = jsonata_clone_shared(e, v);
    struct jn_buf *b = jsonata_text_buffer(e);
    if (jsonata_failed(e))
        return jn_undefined();
    const enum jn_status s = jn_write(b, clone, &(struct jn_write_options){ .indent = prettify ? 2 : 0 }, NULL);
    jn_arena_rewind(e->arena, mark);
    if (s) {
        e->status = s == JN_BAD_VALUE ? JN_LIMIT : s;
        return jn_undefined();
    }
    return jsonata_string(e, jn_buf_str(b));
}

jn_value jsonata_to_string(struct jsonata_eval *e, jn_value v, bool prettify)
{
    if (v.type == JN_ARRAY && v.flags & JN_OUTER_WRAPPER)
        v = v.as.array->items[0];
    switch (v.type) {
    case JN_STRING:     return v;
    case JN_NULL:       return jn_string(JN_STR("null"), JN_STR_ASCII | JN_STR_PLAIN);
    case JN_BOOLEAN:
        return jn_string(jn_bool(v) ? JN_STR("true") : JN_STR("false"), JN_STR_ASCII | JN_STR_PLAIN);
    case JN_NUMBER:     return number_to_string(e, v);
    case JN_FUNCTION:   return jn_string(JN_STR(""), JN_STR_ASCII | JN_STR_PLAIN);
    case JN_ARRAY:
    case JN_OBJECT:     return container_to_string(e, v, prettify);
    default:            return jn_undefined();
    }
}
