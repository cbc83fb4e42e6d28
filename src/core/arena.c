/* arena.c - a list of chunks, of which those before `current` are full and those after it are warm and empty.
 *
 *   first -> [full] -> [full] -> [current: used | free] -> [warm] -> [warm]
 *
 * A rewind only moves `current` back; the chunks behind it stay for the next round.  Chunk sizes double from 16 KB to
 * 1 MB, so that the number of calls to the system is logarithmic at first and one per megabyte later; a request that is
 * larger gets a chunk of its own.  A reset gives those back that the round before it did not touch: a stream of large
 * documents asks the system for nothing, and the memory of a single one is not kept for ever. */
#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

/* The C library adds a word or two to a block, and rounds large ones up to pages: sizes that leave room for that take
 * from the system what they are counted for. */
enum { OVERHEAD = 16, PAGE = 4096 };
enum { SMALLEST_CHUNK = 16 * 1024, LARGEST_CHUNK = 1024 * 1024 - OVERHEAD };

/* Memory follows the header; both are 16-aligned. */
struct jn_arena_chunk {
    struct jn_arena_chunk *next;
    size_t size;                    /* all of it, header included */
};

_Static_assert(sizeof(struct jn_arena_chunk) <= 16, "the header of a chunk takes one unit of alignment");

static char *chunk_start(struct jn_arena_chunk *c)
{
    return (char *)c + 16;
}

static char *chunk_end(struct jn_arena_chunk *c)
{
    return (char *)c + c->size;
}

void jn_arena_init(struct jn_arena *a, size_t ceiling)
{
    *a = (struct jn_arena){ .ceiling = ceiling ? ceiling : SIZE_MAX };
}

/* Takes the chunk at *link out of the list. */
static void drop(struct jn_arena *a, struct jn_arena_chunk **link)
{
    struct jn_arena_chunk *c = *link;
    *link = c->next;
    a->taken -= c->size;
    jn_budget_give(a->budget, c->size);
    free(c);
}

void jn_arena_clear(struct jn_arena *a)
{
    while (a->first)
        drop(a, &a->first);
    *a = (struct jn_arena){ .ceiling = a->ceiling, .budget = a->budget };
}

void jn_arena_wipe(struct jn_arena *a)
{
    for (struct jn_arena_chunk *c = a->first; c; c = c->next)
        explicit_bzero(chunk_start(c), (size_t)(chunk_end(c) - chunk_start(c)));
    jn_arena_clear(a);
}

static struct jn_arena_chunk **first_warm(struct jn_arena *a)
{
    return a->current ? &a->current->next : &a->first;
}

void jn_arena_trim(struct jn_arena *a)
{
    for (struct jn_arena_chunk **link = first_warm(a); *link;)
        drop(a, link);
}

struct jn_arena *jn_arena_new(size_t ceiling)
{
    struct jn_arena *a = malloc(sizeof *a);
    if (a)
        jn_arena_init(a, ceiling);
    return a;
}

void jn_arena_free(struct jn_arena *a)
{
    if (!a)
        return;
    jn_arena_clear(a);
    free(a);
}

/* Forgets the growing blocks that are not before the mark. */
static void forget_growths(struct jn_arena *a, jn_mark m)
{
    a->is_growing = false;
    for (struct jn_growth *g = a->growth; g < a->growth + JN_GROWTHS; g++) {
        bool is_kept = m.chunk && g->chunk == m.chunk && g->block < m.at;
        for (const struct jn_arena_chunk *c = a->first; g->block && c && c != m.chunk && m.chunk; c = c->next)
            is_kept = is_kept || c == g->chunk;
        if (!is_kept)
            *g = (struct jn_growth){ .block = NULL };
        a->is_growing = a->is_growing || is_kept;
    }
}

static void enter(struct jn_arena *a, struct jn_arena_chunk *c, char *at)
{
    a->current = c;
    a->at = at;
    a->end = c ? chunk_end(c) : NULL;
}

/* Whether what is kept warm would leave too little for a round that needs it in another way. */
static bool is_tight(const struct jn_arena *a)
{
    return a->taken > a->ceiling / 2 || (a->budget && a->budget->used > a->budget->limit / 2);
}

void jn_arena_reset(struct jn_arena *a)
{
    if (is_tight(a))
        enter(a, NULL, NULL);
    for (struct jn_arena_chunk **link = first_warm(a); *link;) {
        if ((*link)->size > LARGEST_CHUNK)
            drop(a, link);
        else
            link = &(*link)->next;
    }
    a->failed = JN_OK;
    forget_growths(a, (jn_mark){ NULL, NULL });
    enter(a, NULL, NULL);
}

jn_mark jn_arena_mark(const struct jn_arena *a)
{
    return (jn_mark){ a->current, a->at };
}

void jn_arena_rewind(struct jn_arena *a, jn_mark m)
{
    if (a->is_growing)
        forget_growths(a, m);
    if (!a->failed)                 // a failed arena has no free part, and a rewind must not give it one
        enter(a, m.chunk, m.at);
}

bool jn_arena_is_since(const struct jn_arena *a, jn_mark m, const void *p)
{
    const uintptr_t at = (uintptr_t)p;
    struct jn_arena_chunk *c = m.chunk ? m.chunk : a->first;
    for (uintptr_t from = m.chunk ? (uintptr_t)m.at : 0; c; c = c->next, from = 0) {
        if (at >= (uintptr_t)chunk_start(c) && at < (uintptr_t)chunk_end(c))
            return at >= from;
        if (c == a->current)
            return false;
    }
    return false;
}

static void *fail(struct jn_arena *a, enum jn_status s)
{
    if (!a->failed)
        a->failed = s;
    a->at = a->end = NULL;          // so that the fast path finds no room either
    return NULL;
}

/* The link to the warm chunk with at least `need` bytes, or NULL.  A large chunk is not spent on a small need: the next
 * large need would then have to ask for another. */
static struct jn_arena_chunk **find_warm(struct jn_arena *a, size_t need)
{
    for (struct jn_arena_chunk **link = first_warm(a); *link; link = &(*link)->next)
        if ((*link)->size >= need && ((*link)->size <= LARGEST_CHUNK || (*link)->size / 2 <= need))
            return link;
    return NULL;
}

/* How large a new chunk for `need` bytes is best. */
static size_t best_size(const struct jn_arena *a, size_t need)
{
    size_t size = a->current ? a->current->size * 2 : SMALLEST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size >= need)
        return size;
    return need > LARGEST_CHUNK ? ((need + OVERHEAD + PAGE - 1) & ~(size_t)(PAGE - 1)) - OVERHEAD : need;
}

static bool take(struct jn_arena *a, size_t size)
{
    return size <= a->ceiling && a->taken <= a->ceiling - size && jn_budget_take(a->budget, size);
}

/* Counts a new chunk for `need` bytes, just large enough when this is the last bit below a limit; 0 when there is no
 * room for it.  Warm chunks that are too small for the need do not count against it. */
static size_t take_chunk(struct jn_arena *a, size_t need)
{
    const size_t best = best_size(a, need);
    if (take(a, best))
        return best;
    if (take(a, need))
        return need;
    jn_arena_trim(a);
    return take(a, need) ? need : 0;
}

static struct jn_arena_chunk *new_chunk(struct jn_arena *a, size_t need)
{
    const size_t size = take_chunk(a, need);
    if (!size)
        return fail(a, JN_LIMIT);
    struct jn_arena_chunk *c = aligned_alloc(16, size);
    if (!c) {
        jn_budget_give(a->budget, size);
        return fail(a, JN_NO_MEMORY);
    }
    c->size = size;
    a->taken += size;
    a->system_allocations++;
    return c;
}

void *jn_arena_alloc_slow(struct jn_arena *a, size_t size)
{
    if (a->failed)
        return NULL;
    if (size > SIZE_MAX / 2)
        return fail(a, JN_NO_MEMORY);
    size = (size + 15) & ~(size_t)15;

    struct jn_arena_chunk **link = find_warm(a, size + 16), *c;
    if (link) {
        c = *link;
        *link = c->next;
    } else if (!(c = new_chunk(a, size + 16))) {
        return NULL;
    }
    struct jn_arena_chunk **place = a->current ? &a->current->next : &a->first;
    c->next = *place;
    *place = c;
    enter(a, c, chunk_start(c) + size);
    return chunk_start(c);
}

void *jn_arena_zalloc(struct jn_arena *a, size_t size)
{
    void *p = jn_arena_alloc(a, size);
    return p ? memset(p, 0, size) : NULL;
}

void *jn_arena_grow(struct jn_arena *a, void *p, size_t old, size_t size)
{
    if (size <= old)
        return p;
    const size_t held = old ? (old + 15) & ~(size_t)15 : 16;
    if (size <= held && p)
        return p;
    if (p && (char *)p + held == a->at && size - held <= (size_t)(a->end - a->at)) {
        a->at = (char *)p + ((size + 15) & ~(size_t)15);
        return p;
    }
    void *q = jn_arena_alloc(a, size);
    return q && p ? memcpy(q, p, old) : q;
}

/* ---- growing blocks ------------------------------------------------------------------------------------------ */

static struct jn_growth *find_growth(struct jn_arena *a, const void *block, size_t len)
{
    for (struct jn_growth *g = a->growth; a->is_growing && g < a->growth + JN_GROWTHS; g++)
        if (g->block == block && g->len == len && block)
            return g;
    return NULL;
}

/* A hit outweighs half a dozen newcomers, each of which halves what the others have. */
enum { A_HIT = 64, MANY_HITS = 1024 };

/* The one that was of least use gives way; the others must go on being of use. */
static struct jn_growth *least_growth(struct jn_arena *a)
{
    const unsigned turn = a->turn++;            // of equals, each in its turn
    struct jn_growth *least = &a->growth[turn % JN_GROWTHS];
    for (unsigned i = 0; i < JN_GROWTHS; i++) {
        struct jn_growth *g = &a->growth[(turn + i) % JN_GROWTHS];
        if (least->block && (!g->block || g->hits < least->hits))
            least = g;
        g->hits /= 2;
    }
    return least;
}

/* Bytes that may be set aside for further growth without coming near a limit. */
static size_t spare_room(const struct jn_arena *a, size_t size)
{
    size_t left = a->ceiling > a->taken ? a->ceiling - a->taken : 0;
    if (a->budget && a->budget->limit - a->budget->used < left)
        left = a->budget->limit - a->budget->used;
    return size < left / 4 ? size : 0;
}

static bool grow_in_place(struct jn_arena *a, struct jn_growth *g, size_t size)
{
    if (size > g->cap) {
        const size_t cap = (size + 15) & ~(size_t)15;
        if (g->block + g->cap != a->at || cap - g->cap > (size_t)(a->end - a->at))
            return false;
        a->at = g->block + cap;
        g->cap = cap;
    }
    g->len = size;
    g->hits = g->hits < MANY_HITS ? g->hits + A_HIT : g->hits;
    return true;
}

void *jn_arena_append(struct jn_arena *a, const void *block, size_t len, size_t more)
{
    const size_t size = more < SIZE_MAX / 4 - len ? len + more : SIZE_MAX / 4;
    struct jn_growth *g = find_growth(a, block, len);
    if (g && grow_in_place(a, g, size))
        return g->block;
    const size_t cap = (size + (g ? spare_room(a, size) : 0) + !size + 15) & ~(size_t)15;
    char *to = jn_arena_alloc(a, cap);
    if (!to)
        return NULL;
    if (len)
        memcpy(to, block, len);
    const uint32_t hits = g ? g->hits + A_HIT : 0;
    if (!g)
        g = least_growth(a);
    *g = (struct jn_growth){ to, size, cap, a->current, hits };
    a->is_growing = true;
    return to;
}

jn_str jn_arena_copy(struct jn_arena *a, jn_str s)
{
    char *p = s.len < SIZE_MAX ? jn_arena_alloc(a, s.len + 1) : NULL;
    if (!p)
        return (jn_str){ NULL, 0 };
    if (s.len)
        memcpy(p, s.data, s.len);
    p[s.len] = '\0';
    return (jn_str){ p, s.len };
}
