/* join.h - the items of an array by the values of their keys, for filters that begin with equations:
 *
 *     A@$a.B@$b[$b.k = $a.k]          tuple streams: tuple_loop.c
 *     B[k = $a.k]                     filters of plain paths: filter.c */
#ifndef JSONATA_JOIN_H
#define JSONATA_JOIN_H

#include "jsonata/compile.h"

/* A filter demands that values of the item (`inner`) equal values known before (`outer`). */
struct join_plan;

/* Looks for such equations at the head of a tuple step's first filter, or of a plain step's filter with the condition
 * `test`: NULL when there are none. */
const struct join_plan *compile_join(struct compiler *c, const struct ast_node *step);
const struct join_plan *compile_plain_join(struct compiler *c, const struct ast_node *test);

/* ---- one table ----------------------------------------------------------------------------------------------- */

/* The items of one array by the values of their inner keys.  All zero: nothing known yet. */
struct join_table {
    const struct jn_array *array;       /* met last */
    uint32_t len;
    bool is_built, is_useless;
    uint32_t mask, cap;
    uint32_t *head;                     /* by hash: first item + 1 */
    uint32_t *next;                     /* by item: the next one of that hash + 1, always a later one */
    uint64_t *hash;                     /* by item */
};

/* What keys are evaluated with: `slot` is where the item is bound to a variable, or NULL when it is the context. */
struct join_scope {
    struct jsonata_eval *e;
    struct jsonata_frame *f;
    jn_value context;
    jn_value *slot;
};

/* Readies the table for one more loop over `array`.  False when the loop is to be run in full. */
bool join_open(struct join_table *t, const struct join_plan *p, struct join_scope *s, const struct jn_array *array);

/* The outer keys.  JOIN_NONE: no item equals them; JOIN_ALL: they are of a kind that is not hashed. */
enum join_keys { JOIN_NONE, JOIN_HASHED, JOIN_ALL };
enum join_keys join_outer(const struct join_plan *p, struct join_scope *s, uint64_t *hash);

/* The first place whose item may pass the filter, and the next one after `place`, counted from 1; 0: no more.  What is
 * left out would not have passed. */
uint32_t join_first(const struct join_table *t, uint64_t hash);
uint32_t join_next(const struct join_table *t, uint32_t place, uint64_t hash);

/* ---- tables of an evaluation --------------------------------------------------------------------------------- */

/* The places of `array` that a plain filter need look at. */
struct join_probe {
    const struct join_table *table;
    uint64_t hash;
    uint32_t first;                     /* as join_first() has it */
};

/* False when the filter has to look at all of them.  An array that is asked again gets a table for the rest of the
 * evaluation. */
bool join_probe(struct jsonata_eval *e, const struct join_plan *p, const struct jn_array *array,
                struct jsonata_frame *f, struct join_probe *probe);

/* Objects are about to change in place, as a transform's matches do: forgets the tables that may be of such. */
void join_forget(struct jsonata_eval *e);

#endif
