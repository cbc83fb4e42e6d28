/* tuple.h - what the files of tuple streams share: tuple.c (layouts, rows, the general run), tuple_loop.c (the same as
 * nested loops), join.h (loops that a hash table shortens). */
#ifndef JSONATA_TUPLE_H
#define JSONATA_TUPLE_H

#include "jsonata/join.h"
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

#endif
