/* output.c - strings that grow. */
#include "jsonata/output.h"

#include "jsonata/unicode.h"

void jsonata_output_begin(struct jsonata_output *out, struct jsonata_eval *e, size_t cap)
{
    *out = (struct jsonata_output){ .e = e, .cap = cap, .flags = JN_STR_ASCII | JN_STR_PLAIN };
    out->data = jsonata_string_begin(e, cap);
}

static bool has_room(struct jsonata_output *out, size_t extra)
{
    if (jsonata_failed(out->e))
        return false;
    if (out->cap - out->len >= extra)
        return true;
    const size_t cap = (out->len + extra) * 2;
    if (cap >= UINT32_MAX)                      // more than a value can hold
        out->e->arena->failed = JN_LIMIT;
    char *data = jn_arena_grow(out->e->arena, out->data, out->cap, cap);
    if (!data || jn_arena_failed(out->e->arena)) {
        jsonata_raise_memory(out->e);
        return false;
    }
    out->has_moved = true;
    out->data = data;
    out->cap = cap;
    return true;
}

void jsonata_output_append(struct jsonata_output *out, jn_str s, unsigned flags)
{
    if (!s.len || !has_room(out, s.len))
        return;
    const size_t seam = out->len;
    memcpy(out->data + seam, s.data, s.len);
    out->len += s.len;
    out->flags &= flags;
    if (jsonata_is_low_surrogate(s, 0))
        out->len = jn_wtf8_join(out->data, out->len, seam);
}

void jsonata_output_value(struct jsonata_output *out, jn_value v)
{
    if (!jn_is(v, JN_STRING))
        v = jsonata_to_string(out->e, v, false);
    if (!jn_is_undefined(v))
        jsonata_output_append(out, jn_text(v), v.flags);
}

void jsonata_output_char(struct jsonata_output *out, uint32_t c)
{
    char bytes[4];
    if (c < 0x80 && out->cap > out->len && !jsonata_failed(out->e)) {
        out->data[out->len++] = (char)c;
        if (c < ' ' || c == '"' || c == '\\')
            out->flags &= ~(unsigned)JN_STR_PLAIN;
        return;
    }
    const bool is_plain = c >= ' ' && c < 0x7F && c != '"' && c != '\\';
    jsonata_output_append(out, (jn_str){ bytes, jn_utf8_put(bytes, c) }, is_plain ? JN_STR_ASCII | JN_STR_PLAIN : 0);
}

jn_value jsonata_output_end(struct jsonata_output *out)
{
    if (jsonata_failed(out->e))
        return jn_undefined();
    jn_value v = jsonata_string_end(out->e, out->data, out->cap, out->len);
    v.flags |= (uint8_t)out->flags;
    return v;
}

jn_value jsonata_output_end_scratch(struct jsonata_output *out, jn_mark scratch)
{
    // An error may carry values made since then, and a text that moved stands behind the mark.
    if (!jsonata_failed(out->e) && !out->has_moved)
        jn_arena_rewind(out->e->arena, scratch);
    return jsonata_output_end(out);
}
