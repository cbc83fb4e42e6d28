/* picture_cache.h - pictures and formats that a context has analysed, by their text: analysing one costs more than
 * using it a few times, and an expression uses the same few for every item.
 *
 * The cache is bounded (16 pictures of at most 256 bytes) and forgets all of them when a seventeenth comes: simpler
 * than choosing one, and who uses more than that in turn is no worse off than without.  What it gives is valid until
 * the next call. */
#ifndef JSONATA_PICTURE_CACHE_H
#define JSONATA_PICTURE_CACHE_H

#include "jsonata/eval.h"

struct jsonata_pictures;

/* Its memory counts against the budget.  NULL when memory is out. */
struct jsonata_pictures *jsonata_pictures_new(struct jn_budget *b);
void jsonata_pictures_free(struct jsonata_pictures *p);

/* Analyses `text` into memory of `a`, where `text` lives as well.  NULL after raising, or when `a` has failed. */
typedef void *jsonata_picture_fn(struct jsonata_eval *e, struct jn_arena *a, jn_str text, const void *arg);

/* What `analyse` made of `text`, now or earlier.  `arg` is handed to it; `text` must say all that it depends on.  Long
 * texts are analysed into the evaluation's arena.  NULL after raising. */
const void *jsonata_picture_get(struct jsonata_eval *e, jsonata_picture_fn *analyse, jn_str text, const void *arg);

#endif
