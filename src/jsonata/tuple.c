/* tuple.c - paths that bind variables on the way: @$v, #$i, and the ancestors that % asks for (spec 7.5).
 *
 * The stream of such a path is an array of rows: the item, and a column per variable or ancestor of the path.  While a
 * step is evaluated for a row, its columns stand in the slots that the compiler gave these names (or, when a lambda may
 * capture them, in a frame made for the row).  A path in a block may hand its rows to the path around it, whose layout
 * has all the names of the inner one.
 *
 * That is the general way, step by step as the reference goes.  Most paths run as nested loops instead (tuple_loop.c),
 * from one sort to the next, and come here for an array of rows only where one is needed. */
#include "jsonata/tuple.h"

#include "jsonata/group.h"

#include <stdio.h>

/* ---- layouts ------------------------------------------------------------------------------------------------- */

jn_str tuple_label(struct compiler *c, const struct ast_slot *slot)
{
    char text[16];
    const int n = snprintf(text, sizeof text, "!%u", slot ? (unsigned)slot->label : 0U);
    const jn_str s = jn_arena_copy(c->arena, (jn_str){ text, (size_t)n });
    if (!s.data)
        c->failed = true;
    return s.data ? s : JN_STR("!");
}

uint32_t tuple_column(const struct tuple_layout *t, jn_str name)
{
    for (uint32_t i = 0; i < t->len; i++) {
        if (jn_str_eq(t->name[i], name))
            return i;
    }
    return UINT32_MAX;
}

struct tuple_layout *compile_tuples(struct compiler *c, const struct ast_node *path)
{
    struct tuple_layout *t = COMPILE_NEW(c, struct tuple_layout);
    t->len = scope_names(c, &t->name);
    t->scope = scope_layout(c->scope);
    t->is_dynamic = c->program->is_dynamic;
    t->is_result = path->tuple;
    return t;
}

void tuple_choose(struct compiler *c, const struct path_node *p, const struct ast_node *path)
{
    struct tuple_layout *t = p->tuples;
    if (!c->program->is_plain && !t->is_dynamic && !t->scope.has_bind)
        t->loops = compile_loops(c, p, path);
}

/* ---- frames of rows ------------------------------------------------------------------------------------------ */

static struct jsonata_frame *named_frame(struct jsonata_eval *e, const struct tuple_layout *t,
                                         const struct tuple *row, struct jsonata_frame *f)
{
    struct jsonata_frame *own = frame_new(e, 0, f);
    for (uint32_t i = 0; own && i < t->len; i++) {
        if (row->column[i].type != VALUE_UNBOUND)
            frame_bind(e, own, t->name[i], row->column[i]);
    }
    return own;
}

struct jsonata_frame *tuple_frame(struct jsonata_eval *e, const struct tuple_layout *t, const struct tuple *row,
                                  struct jsonata_frame *f)
{
    if (t->is_dynamic)
        return named_frame(e, t, row, f);
    if (t->scope.has_frame)
        f = frame_new(e, t->scope.slots, f);
    if (f && t->len)
        memcpy(&f->slot[t->scope.first], row->column, t->len * sizeof(jn_value));
    return f;
}

/* The frame in which nothing is bound yet: for the steps before the first that makes tuples. */
static struct jsonata_frame *empty_frame(struct jsonata_eval *e, const struct tuple_layout *t,
                                         struct jsonata_frame *f)
{
    if (t->scope.has_frame)
        return frame_new(e, t->is_dynamic ? 0 : t->scope.slots, f);
    for (uint32_t i = 0; i < t->scope.count; i++)
        f->slot[t->scope.first + i].type = VALUE_UNBOUND;
    return f;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

struct tuple *tuple_new(struct jsonata_eval *e, const struct tuple_layout *t, const jn_value *columns, jn_value item)
{
    struct tuple *row = jn_arena_alloc(e->arena, sizeof *row + t->len * sizeof(jn_value));
    if (!row) {
        jsonata_raise_memory(e);
        return NULL;
    }
    row->layout = t;
    row->item = item;
    for (uint32_t i = 0; i < t->len; i++)
        row->column[i] = columns ? columns[i] : (jn_value){ .type = VALUE_UNBOUND };
    return row;
}

void tuple_join(const struct tuple_layout *t, jn_value *columns, const struct tuple *inner)
{
    for (uint32_t i = 0; i < inner->layout->len; i++) {
        const uint32_t to = tuple_column(t, inner->layout->name[i]);
        if (to != UINT32_MAX && inner->column[i].type != VALUE_UNBOUND)
            columns[to] = inner->column[i];
    }
}

/* A run over a path's stream. */
struct stream {
    const struct tuple_layout *t;
    struct jsonata_eval *e;
    struct jsonata_frame *f;            /* around the path */
    struct jsonata_frame *plain;        /* with nothing bound: for steps before the first that makes tuples */
    bool is_looped;
    bool is_bare;                       /* the rows are but objects: see bare_object() */
};

static struct tuple *row_new(struct stream *s, const struct tuple *from, jn_value item)
{
    return tuple_new(s->e, s->t, from ? from->column : NULL, item);
}

static jn_value stream_new(struct stream *s)
{
    return jsonata_array(s->e, 8, JN_SEQUENCE | JN_TUPLE_STREAM);
}

static jn_value stream_start(struct stream *s, jn_value items)
{
    jn_value rows = stream_new(s);
    for (uint32_t i = 0; i < items.as.array->len && !jsonata_failed(s->e); i++)
        jsonata_push(s->e, rows, tuple_value(row_new(s, NULL, items.as.array->items[i])));
    return rows;
}

/* A row of the path inside a step joins ours: its item, and what its columns bind. */
static void join_inner(struct stream *s, struct tuple *row, const struct tuple *inner)
{
    row->item = inner->item;
    tuple_join(s->t, row->column, inner);
}

static void bind_row(const struct step *step, struct tuple *row, jn_value found, uint32_t position)
{
    const jn_value before = row->item;
    if (step->focus != UINT32_MAX)
        row->column[step->focus] = found;
    else
        row->item = found;
    if (step->index != UINT32_MAX)
        row->column[step->index] = jn_number(position);
    if (step->ancestor != UINT32_MAX)
        row->column[step->ancestor] = before;
}

/* The rows that one row becomes by a step. */
static void step_row(struct stream *s, const struct step *step, const struct tuple *from, jn_value rows)
{
    struct jsonata_eval *e = s->e;
    struct jsonata_frame *f = step->kind == STEP_NAME ? s->f : tuple_frame(e, s->t, from, s->f);
    const jn_value found = f ? path_step_value(step, e, from->item, f) : jn_undefined();
    if (jn_is_undefined(found) || jsonata_failed(e))
        return;
    const bool is_array = found.type == JN_ARRAY;
    const uint32_t n = is_array ? found.as.array->len : 1;
    for (uint32_t i = 0; i < n && jsonata_step(e); i++) {
        struct tuple *row = row_new(s, from, from->item);
        const jn_value m = is_array ? found.as.array->items[i] : found;
        if (!row)
            return;
        if (is_array && found.flags & JN_TUPLE_STREAM)
            join_inner(s, row, tuple_of(m));
        else
            bind_row(step, row, m, i);
        jsonata_push(e, rows, tuple_value(row));
    }
}

/* ---- stages -------------------------------------------------------------------------------------------------- */

static jn_value select_row(struct stream *s, const struct filter *fi, jn_value rows)
{
    jn_value one = stream_new(s);
    const uint32_t n = rows.as.array->len;
    const double i = fi->at < 0 ? fi->at + n : fi->at;
    if (i >= 0 && i < n)
        jsonata_push(s->e, one, rows.as.array->items[(uint32_t)i]);
    return one;
}

/* Sorting two or more rows makes the reference forget that they are rows.  Until the next step, filters and a grouping
 * see each as the object that it keeps it in: {"@": item, "i": 0}, its variables as members. */
static jn_value bare_object(struct jsonata_eval *e, const struct tuple *row)
{
    const struct tuple_layout *t = row->layout;
    struct jn_object *o = jn_object_new(e->arena, t->len + 1);
    bool done = o && (jn_is_undefined(row->item) || jn_object_set(e->arena, o, JN_STR("@"), row->item));
    for (uint32_t i = 0; done && i < t->len; i++) {
        const jn_value v = row->column[i];
        done = v.type == VALUE_UNBOUND || jn_is_undefined(v) || jn_object_set(e->arena, o, t->name[i], v);
    }
    return done ? jn_object_value(o) : jsonata_raise_memory(e);
}

/* What a filter sees of a row: its item, and the frame. */
static jn_value row_context(struct stream *s, const struct tuple *row, struct jsonata_frame **f)
{
    *f = s->is_bare ? empty_frame(s->e, s->t, s->f) : tuple_frame(s->e, s->t, row, s->f);
    return s->is_bare ? bare_object(s->e, row) : row->item;
}

static jn_value filter_rows(struct stream *s, const struct filter *fi, jn_value rows)
{
    jn_value kept = stream_new(s);
    const uint32_t n = rows.as.array->len;
    for (uint32_t i = 0; i < n && jsonata_step(s->e); i++) {
        struct jsonata_frame *f;
        const jn_value item = row_context(s, tuple_of(rows.as.array->items[i]), &f);
        if (!f)
            break;
        const jn_value v = node_eval(fi->test, s->e, item, f);
        for (uint32_t times = filter_count(s->e, v, i, n); times && !jsonata_failed(s->e); times--)
            jsonata_push(s->e, kept, rows.as.array->items[i]);
    }
    return kept;
}

static jn_value number_rows(struct stream *s, uint32_t column, jn_value rows)
{
    jn_value out = stream_new(s);
    for (uint32_t i = 0; i < rows.as.array->len && jsonata_step(s->e); i++) {
        const struct tuple *from = tuple_of(rows.as.array->items[i]);
        struct tuple *row = row_new(s, from, from->item);
        if (row && column != UINT32_MAX)
            row->column[column] = jn_number(i);
        jsonata_push(s->e, out, tuple_value(row));
    }
    return out;
}

static jn_value apply_stages(struct stream *s, const struct filters *fs, jn_value rows)
{
    for (uint32_t i = 0; i < fs->len && !jsonata_failed(s->e); i++) {
        const struct filter *fi = &fs->at[i];
        if (fi->kind == FILTER_INDEX)
            rows = number_rows(s, fi->column, rows);
        else
            rows = fi->kind == FILTER_AT ? select_row(s, fi, rows) : filter_rows(s, fi, rows);
    }
    return rows;
}

/* ---- the path ------------------------------------------------------------------------------------------------ */

/* A row that stands for another as the object it is kept in; the other is behind the columns, which bind nothing. */
static jn_value bare_row(struct stream *s, jn_value of)
{
    const uint32_t n = s->t->len;
    struct tuple *row = jn_arena_alloc(s->e->arena, sizeof *row + (n + 1) * sizeof(jn_value));
    if (!row)
        return jsonata_raise_memory(s->e);
    row->layout = s->t;
    row->item = bare_object(s->e, tuple_of(of));
    for (uint32_t i = 0; i < n; i++)
        row->column[i].type = VALUE_UNBOUND;
    row->column[n] = of;
    return tuple_value(row);
}

/* Sorting once more what was sorted. */
static jn_value sort_bare(struct stream *s, const struct step *step, jn_value rows)
{
    jn_value bare = stream_new(s), sorted = stream_new(s);
    for (uint32_t i = 0; i < rows.as.array->len && jsonata_step(s->e); i++)
        jsonata_push(s->e, bare, bare_row(s, rows.as.array->items[i]));
    if (!jsonata_failed(s->e))
        bare = sort_items(step, s->e, bare, s->f, s->t);
    for (uint32_t i = 0; !jsonata_failed(s->e) && i < bare.as.array->len; i++)
        jsonata_push(s->e, sorted, tuple_of(bare.as.array->items[i])->column[s->t->len]);
    return sorted;
}

static jn_value sort_step(struct stream *s, const struct step *step, jn_value rows, jn_value items)
{
    if (s->is_bare)
        return sort_bare(s, step, rows);
    s->is_bare = !jn_is_undefined(rows) && rows.as.array->len > 1;
    if (!jn_is_undefined(rows))
        return sort_items(step, s->e, rows, s->f, s->t);
    const jn_value sorted = sort_items(step, s->e, items, s->plain, NULL);
    if (jsonata_failed(s->e))
        return jn_undefined();
    return number_rows(s, step->index, stream_start(s, sorted));
}

static jn_value tuple_step(struct stream *s, const struct step *step, jn_value rows, jn_value items)
{
    if (step->kind == STEP_SORT) {
        rows = sort_step(s, step, rows, items);
    } else {
        const jn_value from = jn_is_undefined(rows) ? stream_start(s, items) : rows;
        if (jsonata_failed(s->e))
            return jn_undefined();
        rows = stream_new(s);
        s->is_bare = false;
        for (uint32_t i = 0; i < from.as.array->len && jsonata_step(s->e); i++)
            step_row(s, step, tuple_of(from.as.array->items[i]), rows);
    }
    return apply_stages(s, &step->filters, rows);
}

jn_value tuple_items(struct jsonata_eval *e, jn_value v)
{
    if (v.type != JN_ARRAY || !(v.flags & JN_TUPLE_STREAM))
        return v;
    jn_value out = jsonata_array(e, v.as.array->len, JN_SEQUENCE);
    for (uint32_t i = 0; i < v.as.array->len; i++)
        jsonata_push_item(e, out, tuple_of(v.as.array->items[i])->item);
    return out;
}

jn_value tuple_filter(const struct filters *fs, struct jsonata_eval *e, jn_value rows, struct jsonata_frame *f)
{
    if (!fs->tuples)
        return filters_apply(fs, e, tuple_items(e, rows), f);
    struct stream s = { fs->tuples, e, f, f, false, false };
    jn_value ours = stream_new(&s);
    for (uint32_t i = 0; i < rows.as.array->len && jsonata_step(e); i++) {
        struct tuple *row = row_new(&s, NULL, jn_undefined());
        if (row)
            join_inner(&s, row, tuple_of(rows.as.array->items[i]));
        jsonata_push(e, ours, tuple_value(row));
    }
    return jsonata_failed(e) ? jn_undefined() : apply_stages(&s, fs, ours);
}

static jn_value run_plain_step(const struct path_node *p, struct stream *s, uint32_t i, jn_value items)
{
    const struct step *step = &p->steps[i];
    if (step->kind == STEP_SORT) {
        items = sort_items(step, s->e, items, s->plain, NULL);
        return filters_apply(&step->filters, s->e, items, s->plain);
    }
    return path_step_all(step, s->e, items, s->plain);
}

static jn_value as_items(struct stream *s, jn_value v)
{
    if (v.type == JN_ARRAY || jn_is_undefined(v))
        return v;
    jn_value one = jsonata_array(s->e, 1, JN_SEQUENCE);
    jsonata_push(s->e, one, v);
    return one;
}

/* Nobody looks at the rows of the path, just at their items. */
static bool wants_items(const struct path_node *p)
{
    return !p->group && !p->tuples->is_result;
}

/* One step, or as many as loops can do: *at becomes the last one done. */
static jn_value stream_steps(const struct path_node *p, struct stream *s, uint32_t *at, jn_value rows, jn_value items)
{
    const uint32_t from = *at, to = s->is_looped ? loop_reach(p, from) : from;
    if (to == from)
        return tuple_step(s, &p->steps[from], rows, items);
    *at = to - 1;
    s->is_bare = false;
    return loop_run(p, s->e, s->f, from, to, jn_is_undefined(rows) ? items : rows, to == p->len && wants_items(p));
}

/* An array constructor at the head makes no tuples even where it should: [a, b]@$v leaves items as they were and $v
 * unbound.  False when the path ends here. */
static bool run_first(const struct path_node *p, struct stream *s, jn_value context, jn_value *items, jn_value *found)
{
    const struct step *step = &p->steps[0];
    *found = as_items(s, path_first(p, s->e, context, s->plain));
    if (!step->is_tuple && (jn_is_undefined(*found) || (*found).as.array->len == 0))
        return false;
    if (!step->is_focused)
        *items = *found;
    return !jn_is_undefined(*items);
}

/* The rows; undefined when the path ended before its first tuple, with what it had then in *found. */
static jn_value run(const struct path_node *p, struct stream *s, jn_value context, jn_value *found)
{
    jn_value items = path_input(p, s->e, context), rows = jn_undefined();
    bool streaming = p->steps[0].is_tuple;
    if (p->steps[0].is_once && !run_first(p, s, context, &items, found))
        return rows;
    for (uint32_t i = p->steps[0].is_once; i < p->len && !jsonata_failed(s->e); i++) {
        streaming = streaming || p->steps[i].is_tuple;
        if (streaming) {
            rows = stream_steps(p, s, &i, rows, items);
            continue;
        }
        *found = items = as_items(s, run_plain_step(p, s, i, items));
        if (jn_is_undefined(items) || items.as.array->len == 0)
            return jn_undefined();
    }
    return rows;
}

/* What is grouped when a path ended before its first tuple: one item that is nothing, or the empty array of a
 * constructor when the path is to give an array. */
static jn_value stream_of_nothing(const struct path_node *p, struct stream *s, jn_value found)
{
    const bool is_kept = p->keep_singleton && found.type == JN_ARRAY && found.flags & JN_CONS;
    jn_value rows = stream_new(s);
    jsonata_push(s->e, rows, tuple_value(row_new(s, NULL, is_kept ? found : jn_undefined())));
    return rows;
}

/* How a stream ended, beside its rows. */
struct stream_end {
    jn_value found;                     /* without rows: what the path had */
    bool is_bare;
};

static jn_value run_stream(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                           struct jsonata_frame *f, bool is_looped, struct stream_end *end)
{
    struct stream s = { p->tuples, e, f, empty_frame(e, p->tuples, f), is_looped, false };
    const jn_value rows = s.plain ? run(p, &s, context, &end->found) : jn_undefined();
    end->is_bare = s.is_bare;
    return jn_is_undefined(rows) && p->group && !jsonata_failed(e) ? stream_of_nothing(p, &s, end->found) : rows;
}

/* Loops meet the error of the first row, the reference that of the first step: see path.c, "order of errors". */
static jn_value run_loops(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
                          struct stream_end *end)
{
    if (jsonata_failed(e))
        return jn_undefined();
    jn_value *top = e->top;
    const uint32_t depth = e->depth;
    e->fused++;
    const jn_value rows = run_stream(p, e, context, f, true, end);
    if (--e->fused || !jsonata_failed(e) || !path_can_repeat(e))
        return rows;
    const struct jsonata_fault met = e->fault;
    e->fault = (struct jsonata_fault){ .code = NULL };
    e->is_ordered = true;
    e->top = top;
    e->depth = depth;
    run_stream(p, e, context, f, false, end);
    e->is_ordered = false;
    if (!jsonata_failed(e))
        e->fault = met;
    return jn_undefined();
}

static jn_value group_bare(const struct group *g, struct jsonata_eval *e, jn_value rows, struct jsonata_frame *f)
{
    struct group plain = *g;
    plain.tuples = NULL;
    jn_value objects = jsonata_array(e, rows.as.array->len, 0);
    for (uint32_t i = 0; i < rows.as.array->len && jsonata_step(e); i++)
        jsonata_push(e, objects, bare_object(e, tuple_of(rows.as.array->items[i])));
    if (!f || jsonata_failed(e))
        return jn_undefined();
    return group_eval(&plain, e, objects.as.array->items, objects.as.array->len, f);
}

jn_value tuple_path(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    /* A limit counts the rows between steps, too. */
    const bool is_looped = p->tuples->loops && !e->is_ordered && e->max_sequence == UINT32_MAX;
    struct stream_end end = { .is_bare = false };
    const jn_value rows = is_looped ? run_loops(p, e, context, f, &end)
                                    : run_stream(p, e, context, f, false, &end);
    if (jsonata_failed(e))
        return jn_undefined();
    if (jn_is_undefined(rows))
        return path_finish(p, e, end.found, f);
    if (p->group && end.is_bare)
        return node_done(&p->node, group_bare(p->group, e, rows, empty_frame(e, p->tuples, f)));
    if (p->group)
        return node_done(&p->node, group_eval(p->group, e, rows.as.array->items, rows.as.array->len, f));
    if (p->tuples->is_result)
        return rows;
    return path_finish(p, e, tuple_items(e, rows), f);
}
