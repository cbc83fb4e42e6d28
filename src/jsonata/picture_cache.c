/* picture_cache.c - the pictures of a context: a short list, searched from its start, and one arena for all of it. */
#include "jsonata/picture_cache.h"

#include <stdlib.h>

enum { PLACES = 16, LONGEST = 256 };

struct place {
    jsonata_picture_fn *analyse;        /* which family of pictures it is of */
    jn_str text;
    const void *picture;
};

struct jsonata_pictures {
    struct jn_arena arena;
    size_t count;
    struct place places[PLACES];
};

struct jsonata_pictures *jsonata_pictures_new(struct jn_budget *b)
{
    struct jsonata_pictures *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    jn_arena_init(&p->arena, 0);
    p->arena.budget = b;
    return p;
}

void jsonata_pictures_free(struct jsonata_pictures *p)
{
    if (!p)
        return;
    jn_arena_clear(&p->arena);
    free(p);
}

static const void *find(const struct jsonata_pictures *p, jsonata_picture_fn *analyse, jn_str text)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].analyse == analyse && jn_str_eq(p->places[i].text, text))
            return p->places[i].picture;
    return NULL;
}

static const void *add(struct jsonata_eval *e, jsonata_picture_fn *analyse, jn_str text, const void *arg)
{
    struct jsonata_pictures *p = e->pictures;
    if (p->count == PLACES || jn_arena_failed(&p->arena)) {
        jn_arena_reset(&p->arena);
        p->count = 0;
    }
    const jn_mark mark = jn_arena_mark(&p->arena);
    const jn_str kept = jn_arena_copy(&p->arena, text);
    const void *picture = kept.data ? analyse(e, &p->arena, kept, arg) : NULL;
    if (picture)
        p->places[p->count++] = (struct place){ analyse, kept, picture };
    else
        jn_arena_rewind(&p->arena, mark);       // a mistake: raised, and its memory is free again
    return picture;
}

const void *jsonata_picture_get(struct jsonata_eval *e, jsonata_picture_fn *analyse, jn_str text, const void *arg)
{
    const void *picture = find(e->pictures, analyse, text);
    if (!picture)
        picture = text.len <= LONGEST ? add(e, analyse, text, arg) : analyse(e, e->arena, text, arg);
    if (!picture)
        jsonata_raise_memory(e);                // unless analysing has raised something
    return picture;
}
