/* tuple.h - what the files of tuple streams share: tuple.c (layouts, rows, the general run), tuple_loop.c (the same as
 * nested loops), join.c (loops that a hash table shortens). */
#ifndef JSONATA_TUPLE_H
#define JSONATA_TUPLE_H

#include "jsonata/path.h"

/* ---- rows (tuple.c) ------------------------------------------------------------------------------------------ */

/* A row with a copy of `columns` (NULL: nothing is bound); NULL after raising. */
struct tuple *tuple_new(struct jsonata_eval *e, const struct tuple_layout *t, const jn_value *columns, jn_value item);

static inline jn_value tuple_value(struct tuple *row)
{
    return row ? (jn_value){ .type = VALUE_TUPLE, .as.function = row } : jn_undefined();
}

/* Puts what an inner path's row binds into the columns of the path around it. */
void tuple_join(const struct tuple_layout *t, jn_value *columns, const struct tuple *inner);

/* ---- loops (tuple_loop.c) ------------------------------------------------------------------------------------ */

/* What loops need to know of a path, settled when it is compiled. */
struct loop_plan {
    const struct join_plan **joins;     /* by step, NULL for none */
};

/* NULL when the path is not for loops.  Call when all its steps are compiled. */
const struct loop_plan *compile_loops(struct compiler *c, const struct path_node *p, const struct ast_node *ast);

/* How far loops can go from step `from` on, which is no sort: up to (not including) a sort, or a step with positions in
 * its filters. */
uint32_t loop_reach(const struct path_node *p, uint32_t from);

/* Runs steps [from, to) on `source`, an array of items or a stream of rows, and gives the stream of what comes out, or
 * only its items. */
jn_value loop_run(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                  uint32_t to, jn_value source, bool only_items);

/* ---- joins (join.c) ------------------------------------------------------------------------------------------ */

/* A step's first filter demands that values of the item (`inner`) equal values known before (`outer`). */
struct join_plan;

/* Looks for such equations at the head of the step's first filter: NULL when there are none. */
const struct join_plan *compile_join(struct compiler *c, const struct ast_node *step);

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

/* The first place after `place - 1` (0 to begin) whose item may pass the filter, plus 1; 0 for none.  What is left out
 * would not have passed.  `hash` is join_hash() of the outer keys. */
uint32_t join_first(const struct join_table *t, uint64_t hash);
uint32_t join_next(const struct join_table *t, uint32_t place, uint64_t hash);

/* The outer keys.  JOIN_NONE: no item equals them; JOIN_ALL: they are of a kind that is not hashed. */
enum join_keys { JOIN_NONE, JOIN_HASHED, JOIN_ALL };
enum join_keys join_outer(const struct join_plan *p, struct join_scope *s, uint64_t *hash);

#endif
