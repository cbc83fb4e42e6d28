/* join.c - joins by hashing:  A@$a.B@$b[$b.k = $a.k]  and  A.($a := $; $$.B[k = $a.k])
 *
 * Such filters look at every item of B for every item of A.  When the filter begins with equations between the item
 * and what was known before, a table of B's items by the values of their keys names the few that can pass.  The filter
 * itself is still evaluated for those, so that the table need only be right about what it leaves out:
 *
 *   - `=` is false for what it leaves out: the keys differ, or the item has none.  Nothing raises an error on the way
 *     there: keys are plain paths from a variable or the context, and the conjuncts before them, keys too.
 *   - Order stays that of the loops, since the places of one hash are linked in their order.
 *
 * The table is made when the loop meets the same array for the second time; whether the expression for B depends on $a
 * thus needs no thought.  A key that is an array or object anywhere in B makes the table useless; one in A makes that
 * row look at all items. */
#include "jsonata/join.h"

#include "jsonata/hash_set.h"

enum { JOIN_KEYS = 4, JOIN_LEAST = 8 };     /* equations looked at; items that make a table worth while */

struct join_plan {
    uint32_t len;
    const struct node *inner[JOIN_KEYS], *outer[JOIN_KEYS];
};

/* ---- finding equations --------------------------------------------------------------------------------------- */

static bool is_bare(const struct ast_node *ast)
{
    return !ast->rare->predicates.len && !ast->rare->stages.len && !ast->rare->group && !ast->keep_array &&
           !ast->tuple &&
           !ast->rare->focus.data && !ast->rare->index.data && !ast->rare->ancestor && !ast->rare->seeking;
}

/* A variable or name, and names after it: the head, or NULL. */
static const struct ast_node *plain_head(const struct ast_node *ast)
{
    if (!is_bare(ast))
        return NULL;
    if (ast->kind != AST_PATH)
        return ast->kind == AST_VARIABLE ? ast : NULL;
    if (ast->keep_singleton_array)
        return NULL;
    for (uint32_t i = 0; i < ast->items.len; i++) {
        const struct ast_node *step = ast->items.at[i];
        if (!is_bare(step) || !(step->kind == AST_NAME || (i == 0 && step->kind == AST_VARIABLE)))
            return NULL;
    }
    return ast->items.at[0];
}

static bool is_literal(const struct ast_node *ast)
{
    return is_bare(ast) && (ast->kind == AST_STRING || ast->kind == AST_NUMBER || ast->kind == AST_VALUE);
}

enum side { SIDE_NEITHER, SIDE_INNER, SIDE_OUTER };

/* Names that the step binds besides the item are neither: they differ from item to item. */
static bool is_numbered(const struct ast_rare *step, jn_str name)
{
    bool found = step->index.data && jn_str_eq(step->index, name);
    for (uint32_t i = 0; i < step->stages.len; i++) {
        const struct ast_node *stage = step->stages.at[i];
        found = found || (stage->kind == AST_INDEX && jn_str_eq(stage->text, name));
    }
    return found;
}

/* With a focus (@$b) the item is $b, and the context is what it was before the step; without, the item is the
 * context. */
static enum side side_of(const struct ast_rare *step, const struct ast_node *ast)
{
    const struct ast_node *head = plain_head(ast);
    if (!head)
        return is_literal(ast) ? SIDE_OUTER : SIDE_NEITHER;
    if (head->kind != AST_VARIABLE || head->text.len == 0)
        return step->focus.data ? SIDE_OUTER : SIDE_INNER;
    if (is_numbered(step, head->text))
        return SIDE_NEITHER;
    return step->focus.data && jn_str_eq(step->focus, head->text) ? SIDE_INNER : SIDE_OUTER;
}

static bool add_equation(struct compiler *c, struct join_plan *p, const struct ast_rare *step,
                         const struct ast_node *ast)
{
    if (ast->kind != AST_BINARY || ast->op != OP_EQUAL || !is_bare(ast) || p->len == JOIN_KEYS)
        return false;
    const enum side left = side_of(step, ast->left), right = side_of(step, ast->right);
    if (left == right || left == SIDE_NEITHER || right == SIDE_NEITHER)
        return false;
    const bool is_left = left == SIDE_INNER;
    p->inner[p->len] = compile_node(c, is_left ? ast->left : ast->right);
    p->outer[p->len++] = compile_node(c, is_left ? ast->right : ast->left);
    return true;
}

/* a and b and c leans to the left.  Equations count up to the first conjunct that is none. */
static bool add_conjuncts(struct compiler *c, struct join_plan *p, const struct ast_rare *step,
                          const struct ast_node *ast)
{
    enum { MANY = 16 };
    const struct ast_node *conjuncts[MANY];
    uint32_t n = 0;
    for (; ast->kind == AST_BINARY && ast->op == OP_AND && is_bare(ast); ast = ast->left) {
        if (n == MANY)
            return false;
        conjuncts[n++] = ast->right;
    }
    bool more = add_equation(c, p, step, ast);
    while (more && n)
        more = add_equation(c, p, step, conjuncts[--n]);
    return p->len > 0;
}

static const struct join_plan *compile_plan(struct compiler *c, const struct ast_rare *step,
                                             const struct ast_node *test)
{
    struct join_plan p = { .len = 0 };
    if (!add_conjuncts(c, &p, step, test) || c->failed)
        return NULL;
    struct join_plan *kept = COMPILE_NEW(c, struct join_plan);
    *kept = p;
    return c->failed ? NULL : kept;
}

const struct join_plan *compile_join(struct compiler *c, const struct ast_node *step)
{
    const struct ast_list *stages = &step->rare->stages;
    if (!stages->len || stages->at[0]->kind != AST_FILTER || !stages->at[0]->left)
        return NULL;
    return compile_plan(c, step->rare, stages->at[0]->left);
}

const struct join_plan *compile_plain_join(struct compiler *c, const struct ast_node *test)
{
    return c->program->is_plain || c->program->is_dynamic ? NULL : compile_plan(c, &ast_rare_none, test);
}

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static enum join_keys hash_keys(const struct node *const *keys, uint32_t len, struct join_scope *s, uint64_t *hash)
{
    uint64_t h = 0;
    enum join_keys kind = JOIN_HASHED;
    for (uint32_t i = 0; i < len; i++) {
        const jn_value v = node_eval(keys[i], s->e, s->context, s->f);
        if (jn_is_undefined(v) || hash_is_nan(v))
            return JOIN_NONE;
        if (!hash_is_scalar(v))
            kind = JOIN_ALL;
        else
            h = hash_mix(h, hash_value(v));
    }
    *hash = h;
    return kind;
}

enum join_keys join_outer(const struct join_plan *p, struct join_scope *s, uint64_t *hash)
{
    return hash_keys(p->outer, p->len, s, hash);
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

static bool make_room(struct join_table *t, struct jsonata_eval *e, uint32_t len)
{
    if (len > t->cap) {
        uint64_t size = 16;
        while (size < (uint64_t)len * 2)
            size *= 2;
        t->head = jn_arena_alloc(e->arena, size * sizeof *t->head);
        t->next = jn_arena_alloc(e->arena, len * sizeof *t->next);
        t->hash = jn_arena_alloc(e->arena, len * sizeof *t->hash);
        if (!t->head || !t->next || !t->hash) {
            t->cap = 0;
            jsonata_raise_memory(e);
            return false;
        }
        t->cap = len;
        t->mask = (uint32_t)(size - 1);
    }
    memset(t->head, 0, (t->mask + (size_t)1) * sizeof *t->head);
    return true;
}

/* From the end to the beginning, since each item is put in front of those with the same hash. */
static void build(struct join_table *t, const struct join_plan *p, struct join_scope *s, const struct jn_array *array)
{
    if (!make_room(t, s->e, array->len))
        return;
    const jn_value context = s->context, bound = s->slot ? *s->slot : jn_undefined();
    for (uint32_t i = array->len; i-- > 0 && !t->is_useless && jsonata_step(s->e);) {
        if (s->slot)
            *s->slot = array->items[i];
        else
            s->context = array->items[i];
        const enum join_keys kind = hash_keys(p->inner, p->len, s, &t->hash[i]);
        t->is_useless = kind == JOIN_ALL;
        if (kind != JOIN_HASHED)
            continue;
        uint32_t *head = &t->head[t->hash[i] & t->mask];
        t->next[i] = *head;
        *head = i + 1;
    }
    s->context = context;
    if (s->slot)
        *s->slot = bound;
    t->is_built = !t->is_useless && !jsonata_failed(s->e);
}

bool join_open(struct join_table *t, const struct join_plan *p, struct join_scope *s, const struct jn_array *array)
{
    /* Keys nest a little deeper than they are counted here: where that could matter, count as the filter does. */
    enum { KEY_DEPTH = 64 };
    if (array->len < JOIN_LEAST || s->e->max_depth - s->e->depth < KEY_DEPTH)
        return false;
    if (t->array != array || t->len != array->len) {
        t->array = array;
        t->len = array->len;
        t->is_built = t->is_useless = false;
        return false;
    }
    if (!t->is_built && !t->is_useless)
        build(t, p, s, array);
    return t->is_built;
}

static uint32_t of_hash(const struct join_table *t, uint32_t place, uint64_t hash)
{
    while (place && t->hash[place - 1] != hash)
        place = t->next[place - 1];
    return place;
}

uint32_t join_first(const struct join_table *t, uint64_t hash)
{
    return of_hash(t, t->head[hash & t->mask], hash);
}

uint32_t join_next(const struct join_table *t, uint32_t place, uint64_t hash)
{
    return of_hash(t, t->next[place - 1], hash);
}

/* ---- tables of an evaluation --------------------------------------------------------------------------------- */

struct join_memory {
    const struct join_plan *plan;
    struct join_table table;
    struct join_memory *next;
};

/* Nothing may be forgotten from here on: the memory of an array that is gone could become another one. */
static struct join_memory *remember(struct jsonata_eval *e, const struct join_plan *p, const struct jn_array *array)
{
    e->keeps_memory = true;
    struct join_memory *m = jn_arena_alloc(e->arena, sizeof *m);
    if (!m) {
        jsonata_raise_memory(e);
        return NULL;
    }
    *m = (struct join_memory){ p, { .array = array, .len = array->len }, e->joins };
    return e->joins = m;
}

static struct join_memory *recall(struct jsonata_eval *e, const struct join_plan *p, const struct jn_array *array)
{
    enum { MOST = 16 };
    unsigned n = 0;
    for (struct join_memory *m = e->joins; m; m = m->next, n++) {
        if (m->plan == p && m->table.array == array && m->table.len == array->len)
            return m;
    }
    struct jsonata_join_met *met = &e->joins_met[((uintptr_t)p >> 4) % JSONATA_ARRAYS_MET];
    if (met->plan == p && met->array == array && n < MOST)
        return remember(e, p, array);
    *met = (struct jsonata_join_met){ p, array };
    return NULL;
}

bool join_probe(struct jsonata_eval *e, const struct join_plan *p, const struct jn_array *array,
                struct jsonata_frame *f, struct join_probe *probe)
{
    struct join_scope scope = { .e = e, .f = f };
    struct join_memory *m = array->len < JOIN_LEAST ? NULL : recall(e, p, array);
    if (!m || !join_open(&m->table, p, &scope, array))
        return false;
    const enum join_keys kind = join_outer(p, &scope, &probe->hash);
    probe->table = &m->table;
    probe->first = kind == JOIN_HASHED ? join_first(&m->table, probe->hash) : 0;
    return kind != JOIN_ALL;
}

/* What was read from text is never changed in place, and knows where it was read from. */
void join_forget(struct jsonata_eval *e)
{
    for (struct join_memory **link = &e->joins; *link;) {
        if ((*link)->table.array->span)
            link = &(*link)->next;
        else
            *link = (*link)->next;
    }
}
