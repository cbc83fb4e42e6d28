/* json_reader.h - the state of a reading under way, shared by the two that move it on.  Private to core.
 *
 * json_read.c knows everything and goes step by step; json_quick.c knows what is usual and goes as far as it can.  Both
 * leave the reader as the other one expects it:
 *
 *   stage         the text at p is                              and the innermost frame
 *   AT_VALUE      a value (or white space before it)            has its bracket, comma or key read
 *   AFTER_VALUE   what follows a complete value                 counts that value among its members
 *   AT_KEY        a key (or white space before it)              is an object's
 */
#ifndef JN_JSON_READER_H
#define JN_JSON_READER_H

#include "core/demand.h"
#include "core/json_source.h"
#include "core/map.h"

enum jn_stage { JN_AT_VALUE, JN_AFTER_VALUE, JN_AT_KEY };

struct jn_frame {
    const char *start;          /* the opening bracket */
    struct jn_shape *shape;     /* objects: its first keys are those read so far; arrays: NULL */
    struct jn_shape *child;     /* of the latest member that was an object with a shared shape */
    const struct jn_demand *demand;     /* of its members; NULL: everything */
    jn_value *base;             /* where its members begin among the values */
    uint32_t site;
    uint32_t again;             /* slot + 1 of the duplicate key whose value is being read, or 0 */
};

struct jn_reader {
    struct jn_source src;
    jn_value *values;
    uint32_t len, cap;          /* of values; there is room for JN_OVERCOPY more */
    enum jn_stage stage;
    bool is_plain;              /* the general way only */
    struct jn_frame *frames;    /* frames[0] stands for the document */
    size_t depth, max_depth, frames_cap;
    struct jn_shapes *shapes;
};

/* Members are copied four at a time where that is quicker, so that up to three behind the last are read too. */
enum { JN_OVERCOPY = 3 };

/* The quick way looks at this many bytes without asking where the text ends. */
enum { JN_QUICK_MARGIN = 40 };

#define JN_INLINE inline __attribute__((always_inline))
#define JN_LIKELY(x) __builtin_expect(!!(x), 1)
#define JN_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline uint32_t jn_reader_mix(uint32_t site, uint32_t which)
{
    const uint32_t mixed = (site ^ which) * UINT32_C(0x9e3779b1);
    return mixed ^ mixed >> 15;
}

/* The site of the n-th member (from 0) of `f`.  Members of an array share a site, and so do those of a private shape,
 * whose keys are rather data than names. */
static inline uint32_t jn_reader_site(const struct jn_frame *f, uint32_t n)
{
    return jn_reader_mix(f->site, f->shape && f->shape->shared ? n + 1 : 0);
}

static inline struct jn_shape **jn_reader_site_entry(const struct jn_reader *r, uint32_t site)
{
    return &r->shapes->sites[site % JN_SHAPE_SITES];
}

/* Goes on from p as long as the text is what was predicted, or nearly so; returns where it stopped, with r->stage set,
 * or NULL when the text has failed.  Does nothing within JN_QUICK_MARGIN of the end. */
const char *jn_read_quickly(struct jn_reader *r, const char *p);

/* Validates the object at p, whose site is `site`, without building it; the result is the place behind it, or NULL: it
 * is to be read, for better or worse. */
const char *jn_skip_object(struct jn_reader *r, const char *p, uint32_t site);

/* Makes an unread object of the one at p.  Returns the place behind it, p when it is to be read, NULL when memory is
 * out. */
const char *jn_reader_skip(struct jn_reader *r, const char *p, uint32_t site, jn_value *out);

#endif
