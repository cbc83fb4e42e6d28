/* arena.h - bump memory with mark and rewind.  Chunks double from 16 KB to 1 MB and stay warm across resets; larger
 * ones stay as long as every round needs them.  An arena that once failed stays failed until it is reset, and every
 * allocation gives NULL: a long computation may check once, at its end, through jn_arena_failed(). */
#ifndef JN_ARENA_H
#define JN_ARENA_H

#include "core/budget.h"
#include "core/status.h"

struct jn_arena_chunk;

/* A block that may get longer at its end; see jn_arena_append(). */
struct jn_growth {
    char *block;                        /* NULL: none */
    size_t len, cap;
    struct jn_arena_chunk *chunk;
    uint32_t hits;
};

enum { JN_GROWTHS = 4 };

struct jn_arena {
    char *at, *end;                     /* the free part of the current chunk */
    struct jn_arena_chunk *current, *first;
    size_t ceiling;                     /* bytes that may be taken from the system; SIZE_MAX for no ceiling */
    size_t taken;                       /* bytes taken from the system */
    uint64_t system_allocations;        /* how often the system was asked, ever; steady state keeps it still */
    enum jn_status failed;
    struct jn_budget *budget;           /* shared with others; NULL: only the ceiling counts */
    struct jn_growth growth[JN_GROWTHS];
    unsigned turn;
    bool is_growing;                    /* some of them are in use */
};

/* A place in the arena; everything allocated after it is forgotten by a rewind. */
typedef struct jn_mark {
    struct jn_arena_chunk *chunk;
    char *at;
} jn_mark;

void jn_arena_init(struct jn_arena *a, size_t ceiling);
void jn_arena_clear(struct jn_arena *a);

/* The same, but overwrites the memory first: for secrets. */
void jn_arena_wipe(struct jn_arena *a);

/* Gives the chunks back that nothing is in. */
void jn_arena_trim(struct jn_arena *a);

static inline enum jn_status jn_arena_failed(const struct jn_arena *a)
{
    return a->failed;
}

jn_mark jn_arena_mark(const struct jn_arena *a);
void jn_arena_rewind(struct jn_arena *a, jn_mark m);

/* Whether the block at `p` was allocated after the mark: false also for blocks of other arenas. */
bool jn_arena_is_since(const struct jn_arena *a, jn_mark m, const void *p);

/* The slow path of jn_arena_alloc(): opens or reuses a chunk. */
void *jn_arena_alloc_slow(struct jn_arena *a, size_t size);

/* `size` bytes, 16-aligned, not zeroed; NULL when the arena has failed.  Size 0 gives a valid pointer. */
static inline void *jn_arena_alloc(struct jn_arena *a, size_t size)
{
    size += size == 0;
    if (size <= (size_t)(a->end - a->at)) {     // both are 16-aligned: then the rounded size fits as well
        void *p = a->at;
        a->at += (size + 15) & ~(size_t)15;
        return p;
    }
    return jn_arena_alloc_slow(a, size);
}

/* The same, zeroed. */
void *jn_arena_zalloc(struct jn_arena *a, size_t size);

/* Grows the block `p` of `old` bytes to `size`: in place when it is the last one and fits, else by a copy. */
void *jn_arena_grow(struct jn_arena *a, void *p, size_t old, size_t size);

/* `len` bytes like those of `block`, with room for `more` behind them: in place when `block` is what an earlier call
 * gave, as long as it was made then, and nobody has appended to it since; so that text or an array made longer bit by
 * bit costs what it is long.  Whoever holds the block sees its first `len` bytes unchanged in either case.  NULL when
 * the arena has failed. */
void *jn_arena_append(struct jn_arena *a, const void *block, size_t len, size_t more);

/* A copy of `s`, followed by a NUL; {NULL, 0} when the arena has failed. */
jn_str jn_arena_copy(struct jn_arena *a, jn_str s);

#endif
