/* tuple_loop.c - paths with tuples as nested loops.
 *
 * tuple.c makes an array of rows for every step.  Here each step is a loop that binds its variables in their slots and
 * runs the steps after it, so that a row exists only where somebody keeps it: before a sort, for a group, for the path
 * around this one.
 *
 *     library.loans@$l.books@$b[$l.isbn = $b.isbn].{...}
 *
 *     for $l in loans                      each loop leaves the columns as it found them: what a step binds is
 *         for $b in books                  unbound again for the steps before it
 *             if $l.isbn = $b.isbn         a join (join.c) visits those $b only that can pass
 *                 push {...}
 *
 * Where variables need a frame per row, since a lambda may keep them, each evaluation gets a copy of the columns.
 *
 * Errors come in the order of rows here and in the order of steps in the reference; tuple.c runs a path that failed
 * again with rows, to find the reference's error. */
#include "jsonata/tuple.h"

enum { LOOPED_STEPS = 64, NUMBERED = 4 };   /* nesting that the C stack bears easily; #$i in filters of one step */

struct loops {
    const struct path_node *p;
    const struct tuple_layout *t;
    struct jsonata_eval *e;
    struct jsonata_frame *f;            /* around the path; the columns are in it, unless the path has its own frames */
    struct jsonata_frame *own;          /* else they are here */
    jn_value *columns;
    uint32_t from, to;
    uint32_t *numbers;                  /* by step and filter: #$i counts all that comes by */
    struct join_table *tables;          /* by step */
    jn_value out;
    bool only_items;
};

static bool loop_step(struct loops *l, uint32_t i, jn_value item);

/* ---- columns ------------------------------------------------------------------------------------------------- */

/* The frame for an evaluation that may keep it. */
static struct jsonata_frame *frame_of(struct loops *l)
{
    if (!l->own)
        return l->f;
    struct jsonata_frame *f = frame_new(l->e, l->t->scope.slots, l->f);
    if (f && l->t->len)
        memcpy(&f->slot[l->t->scope.first], l->columns, l->t->len * sizeof(jn_value));
    return f;
}

/* What a step binds, as it was before. */
struct bound {
    jn_value focus, index, ancestor;
};

static jn_value column(const struct loops *l, uint32_t c)
{
    return c == UINT32_MAX ? jn_undefined() : l->columns[c];
}

static void set(struct loops *l, uint32_t c, jn_value v)
{
    if (c != UINT32_MAX)
        l->columns[c] = v;
}

static struct bound bound_by(const struct loops *l, const struct step *s)
{
    return (struct bound){ column(l, s->focus), column(l, s->index), column(l, s->ancestor) };
}

static void unbind(struct loops *l, const struct step *s, const struct bound *b)
{
    set(l, s->focus, b->focus);
    set(l, s->index, b->index);
    set(l, s->ancestor, b->ancestor);
}

/* ---- the end of the loops ------------------------------------------------------------------------------------ */

static bool emit(struct loops *l, jn_value item)
{
    jsonata_push_item(l->e, l->out, l->only_items ? item : tuple_value(tuple_new(l->e, l->t, l->columns, item)));
    return !jsonata_failed(l->e);
}

/* ---- one member of a step's value ---------------------------------------------------------------------------- */

/* The filters of step `i` from number `k` on, then the steps after it. */
static bool pass(struct loops *l, uint32_t i, uint32_t k, jn_value item)
{
    const struct filters *fs = &l->p->steps[i].filters;
    for (; k < fs->len; k++) {
        const struct filter *fi = &fs->at[k];
        if (fi->kind == FILTER_INDEX) {
            const jn_value before = column(l, fi->column);
            set(l, fi->column, jn_number(l->numbers[(i - l->from) * NUMBERED + k]++));
            const bool more = pass(l, i, k + 1, item);
            set(l, fi->column, before);
            return more;
        }
        struct jsonata_frame *f = frame_of(l);
        const jn_value v = f ? node_eval(fi->test, l->e, item, f) : jn_undefined();
        if (v.type != JN_BOOLEAN || !jn_bool(v))
            return !jsonata_failed(l->e);
    }
    return loop_step(l, i + 1, item);
}

static bool member(struct loops *l, uint32_t i, jn_value item, jn_value m, uint32_t position)
{
    const struct step *s = &l->p->steps[i];
    set(l, s->focus, m);
    set(l, s->index, jn_number(position));
    set(l, s->ancestor, item);
    return jsonata_step(l->e) && pass(l, i, 0, s->focus == UINT32_MAX ? m : item);
}

/* ---- one step ------------------------------------------------------------------------------------------------ */

/* The step is a path that gives rows of its own. */
static bool each_row(struct loops *l, uint32_t i, const struct jn_array *rows)
{
    const uint32_t len = l->t->len;
    jn_value *before = jn_arena_alloc(l->e->arena, len * sizeof *before);
    if (!before)
        return !jn_is_undefined(jsonata_raise_memory(l->e));
    if (len)
        memcpy(before, l->columns, len * sizeof *before);
    bool more = true;
    for (uint32_t k = 0; k < rows->len && more && jsonata_step(l->e); k++) {
        const struct tuple *row = tuple_of(rows->items[k]);
        tuple_join(l->t, l->columns, row);
        more = pass(l, i, 0, row->item);
        if (len)
            memcpy(l->columns, before, len * sizeof *before);
    }
    return more;
}

/* The members that a table names.  False with *done unset when there is no table (yet). */
static bool joined(struct loops *l, uint32_t i, jn_value item, const struct jn_array *x, bool *done)
{
    const struct step *s = &l->p->steps[i];
    const struct join_plan *plan = l->t->loops->joins[i];
    struct join_table *t = &l->tables[i - l->from];
    struct join_scope scope = { l->e, l->own ? l->own : l->f, item, NULL };
    if (s->focus != UINT32_MAX)
        scope.slot = &l->columns[s->focus];
    if (!plan || !join_open(t, plan, &scope, x))
        return false;
    uint64_t hash = 0;
    const enum join_keys kind = join_outer(plan, &scope, &hash);
    if (kind == JOIN_ALL)
        return false;
    *done = true;
    bool more = true;
    for (uint32_t at = kind == JOIN_NONE ? 0 : join_first(t, hash); at && more; at = join_next(t, at, hash))
        more = member(l, i, item, x->items[at - 1], at - 1);
    return more;
}

static bool each_member(struct loops *l, uint32_t i, jn_value item, const struct jn_array *x)
{
    bool done = false;
    const bool more = joined(l, i, item, x, &done);
    if (done || jsonata_failed(l->e))
        return more && !jsonata_failed(l->e);
    for (uint32_t k = 0; k < x->len; k++) {
        if (!member(l, i, item, x->items[k], k))
            return false;
    }
    return true;
}

static bool loop_step(struct loops *l, uint32_t i, jn_value item)
{
    if (i == l->to)
        return emit(l, item);
    const struct step *s = &l->p->steps[i];
    struct jsonata_frame *f = s->kind == STEP_NAME ? l->f : frame_of(l);
    const jn_value found = f ? path_step_value(s, l->e, item, f) : jn_undefined();
    if (jn_is_undefined(found) || jsonata_failed(l->e))
        return !jsonata_failed(l->e);
    if (found.type == JN_ARRAY && found.flags & JN_TUPLE_STREAM)
        return each_row(l, i, found.as.array);
    const struct bound before = bound_by(l, s);
    const bool more = found.type == JN_ARRAY ? each_member(l, i, item, found.as.array)
                                             : member(l, i, item, found, 0);
    unbind(l, s, &before);
    return more;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static bool open_columns(struct loops *l)
{
    const struct scope_layout *scope = &l->t->scope;
    l->own = scope->has_frame ? frame_new(l->e, scope->slots, l->f) : NULL;
    if (scope->has_frame && !l->own)
        return false;
    l->columns = &(l->own ? l->own : l->f)->slot[scope->first];
    for (uint32_t i = 0; i < l->t->len; i++)
        l->columns[i].type = VALUE_UNBOUND;
    return true;
}

static bool open_memory(struct loops *l, jn_value source)
{
    const uint32_t steps = l->to - l->from;
    l->numbers = jn_arena_zalloc(l->e->arena, (size_t)steps * NUMBERED * sizeof *l->numbers);
    l->tables = jn_arena_zalloc(l->e->arena, steps * sizeof *l->tables);
    l->out = jsonata_array(l->e, source.as.array->len, l->only_items ? JN_SEQUENCE : JN_SEQUENCE | JN_TUPLE_STREAM);
    if (!l->numbers || !l->tables)
        jsonata_raise_memory(l->e);
    return !jsonata_failed(l->e) && open_columns(l);
}

jn_value loop_run(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                  uint32_t to, jn_value source, bool only_items)
{
    struct loops l = { .p = p, .t = p->tuples, .e = e, .f = f, .from = from, .to = to, .only_items = only_items };
    if (!open_memory(&l, source))
        return jn_undefined();
    const struct jn_array *x = source.as.array;
    const bool are_rows = source.flags & JN_TUPLE_STREAM;
    for (uint32_t i = 0; i < x->len && jsonata_step(e); i++) {
        const struct tuple *row = are_rows ? tuple_of(x->items[i]) : NULL;
        if (row && l.t->len)
            memcpy(l.columns, row->column, l.t->len * sizeof(jn_value));
        if (!loop_step(&l, from, row ? row->item : x->items[i]))
            break;
    }
    return jsonata_failed(e) ? jn_undefined() : l.out;
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

/* A step that a loop can run: its filters keep or drop, and do not count places. */
static bool is_loop(const struct step *s)
{
    for (uint32_t i = 0; i < s->filters.len; i++) {
        const enum filter_kind kind = s->filters.at[i].kind;
        if (i == NUMBERED || (kind != FILTER_TEST && kind != FILTER_INDEX))
            return false;
    }
    return s->kind != STEP_SORT;
}

uint32_t loop_reach(const struct path_node *p, uint32_t from)
{
    uint32_t to = from;
    while (to < p->len && to - from < LOOPED_STEPS && is_loop(&p->steps[to]))
        to++;
    return to;
}

const struct loop_plan *compile_loops(struct compiler *c, const struct path_node *p, const struct ast_node *ast)
{
    struct loop_plan *plan = COMPILE_NEW(c, struct loop_plan);
    plan->joins = compile_alloc(c, p->len * sizeof *plan->joins);
    for (uint32_t i = 0; plan->joins && i < p->len && !c->failed; i++) {
        if (p->steps[i].filters.len && p->steps[i].filters.at[0].kind == FILTER_TEST)
            plan->joins[i] = compile_join(c, ast->items.at[i]);
    }
    return c->failed ? NULL : plan;
}
