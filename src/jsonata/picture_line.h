/* picture_line.h - text in UTF-16 code units, as ECMAScript's string functions see it: what pictures of numbers are
 * made of, and a line that a number's text grows in. */
#ifndef JSONATA_PICTURE_LINE_H
#define JSONATA_PICTURE_LINE_H

#include "jsonata/eval.h"

struct units_text {
    const uint16_t *at;
    size_t len;
};

/* The units of `s` in memory of `a`; at is NULL when the arena has failed. */
struct units_text units_text_of(struct jn_arena *a, jn_str s);

/* Units [from, to), both clamped. */
static inline struct units_text units_sub(struct units_text t, size_t from, size_t to)
{
    to = to < t.len ? to : t.len;
    from = from < to ? from : to;
    return (struct units_text){ t.at + from, to - from };
}

static inline bool units_starts(struct units_text t, struct units_text head)
{
    return t.len >= head.len && (head.len == 0 || memcmp(t.at, head.at, head.len * sizeof *head.at) == 0);
}

/* Place of the first `needle` at or after `from`, and of the last one; SIZE_MAX when there is none. */
size_t units_find(struct units_text t, struct units_text needle, size_t from);
size_t units_find_last(struct units_text t, struct units_text needle);

/* Grows in the evaluation's arena.  Sticky: after a failure, which is raised, changes do nothing. */
struct line {
    struct jsonata_eval *e;
    uint16_t *at;
    size_t len, cap;
};

static inline void line_begin(struct line *l, struct jsonata_eval *e)
{
    *l = (struct line){ .e = e };
}

static inline struct units_text line_text(const struct line *l)
{
    return (struct units_text){ l->at, l->len };
}

/* Makes room for `extra` more units, before work that cannot be finished without. */
bool line_reserve(struct line *l, size_t extra);

void line_append(struct line *l, struct units_text t);

/* Inserts at a place as slice() of ECMAScript takes it: counted from the end when negative, clamped. */
void line_insert(struct line *l, int64_t at, struct units_text t);

/* Puts `t` in front, `times` times. */
void line_prepend(struct line *l, struct units_text t, size_t times);

/* Takes `count` units from `from` on out. */
void line_remove(struct line *l, size_t from, size_t count);

#endif
