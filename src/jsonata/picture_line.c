/* picture_line.c - text in code units. */
#include "jsonata/picture_line.h"

struct units_text units_text_of(struct jn_arena *a, jn_str s)
{
    uint16_t *at = jn_arena_alloc(a, s.len * sizeof *at);       // a character has no more units than bytes
    size_t n = 0;
    for (size_t i = 0; at && i < s.len;) {
        const uint32_t c = jn_utf8_next(s, &i);
        at[n++] = (uint16_t)(c >= 0x10000 ? 0xD7C0 + (c >> 10) : c);
        if (c >= 0x10000)
            at[n++] = (uint16_t)(0xDC00 + (c & 0x3FF));
    }
    return (struct units_text){ at, n };
}

size_t units_find(struct units_text t, struct units_text needle, size_t from)
{
    for (size_t i = from; i <= t.len; i++)
        if (units_starts(units_sub(t, i, SIZE_MAX), needle))
            return i;
    return SIZE_MAX;
}

size_t units_find_last(struct units_text t, struct units_text needle)
{
    for (size_t i = t.len + 1; i-- > 0;)
        if (units_starts(units_sub(t, i, SIZE_MAX), needle))
            return i;
    return SIZE_MAX;
}

bool line_reserve(struct line *l, size_t extra)
{
    enum { LEAST = 64 };
    if (jsonata_failed(l->e))
        return false;
    if (l->cap - l->len >= extra)
        return true;
    const size_t cap = (l->len + extra) * 2 < LEAST ? LEAST : (l->len + extra) * 2;
    uint16_t *at = jn_arena_grow(l->e->arena, l->at, l->cap * sizeof *at, cap * sizeof *at);
    if (!at) {
        jsonata_raise_memory(l->e);
        return false;
    }
    l->at = at;
    l->cap = cap;
    return true;
}

void line_append(struct line *l, struct units_text t)
{
    if (!t.len || !line_reserve(l, t.len))
        return;
    memcpy(l->at + l->len, t.at, t.len * sizeof *t.at);
    l->len += t.len;
}

void line_insert(struct line *l, int64_t at, struct units_text t)
{
    const int64_t len = (int64_t)l->len, from = at < 0 ? (at + len < 0 ? 0 : at + len) : at < len ? at : len;
    enum { STEP = 64 };         // units moved that count as a step of work: pictures may ask for a million insertions
    if (!t.len || !line_reserve(l, t.len) || !jsonata_steps(l->e, (size_t)(len - from) / STEP))
        return;
    memmove(l->at + from + t.len, l->at + from, (size_t)(len - from) * sizeof *l->at);
    memcpy(l->at + from, t.at, t.len * sizeof *t.at);
    l->len += t.len;
}

void line_prepend(struct line *l, struct units_text t, size_t times)
{
    if (!t.len || !times || !line_reserve(l, t.len * times))
        return;
    memmove(l->at + t.len * times, l->at, l->len * sizeof *l->at);
    for (size_t i = 0; i < times; i++)
        memcpy(l->at + i * t.len, t.at, t.len * sizeof *t.at);
    l->len += t.len * times;
}

void line_remove(struct line *l, size_t from, size_t count)
{
    if (!count)
        return;
    memmove(l->at + from, l->at + from + count, (l->len - from - count) * sizeof *l->at);
    l->len -= count;
}
