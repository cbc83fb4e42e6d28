/* scope.c - which name means which place.
 *
 * A scope is the program, a lambda, a block, or a path with tuples.  The reference makes a frame of variables for each
 * at run time; we settle places beforehand.  Names bound anywhere in a scope (parameters, :=, @, #, ancestors of %) get
 * slots.  A block's slots stand in the frame around it, unless a lambda may capture them: each round of the block must
 * then have its own.  A reference lists all scopes that bind its name, innermost first, since whether `:=` has been
 * evaluated yet is known at run time only; a parameter ends the list.
 *
 * A program that mentions $eval is different: its texts can name and bind anything.  Every scope then has a frame, and
 * variables are found by name (frame_find). */
#include "jsonata/path.h"

struct scope {
    struct scope *outer;
    struct jn_object *names;        /* name -> nothing of interest; the slot in its shape is what counts */
    uint32_t parameters;            /* so many of the names are bound for certain */
    bool is_lambda, has_closure;
    struct scope_layout layout;
    struct scope *owner;            /* whose frame holds the slots */
};

/* Scopes and what is still to be visited: no recursion, since a chain of operators may be very long. */
struct visit {
    struct ast_node *ast;
    struct scope *scope;
};

struct walk {
    struct compiler *c;
    struct visit *at;
    uint32_t len, cap;
    struct scope **scopes;          /* in the order found: outer ones first */
    uint32_t scope_len, scope_cap;
};

enum { MANY = 32, FEW_PLACES = 2 };     /* room to begin with */

static void *grow(struct compiler *c, void *p, uint32_t len, uint32_t *cap, uint32_t first, size_t size)
{
    if (len < *cap)
        return p;
    const uint32_t more = *cap ? *cap * 2 : first;
    void *q = jn_arena_grow(c->arena, p, *cap * size, more * size);
    if (!q)
        c->failed = true;
    else
        *cap = more;
    return q;
}

/* ---- names --------------------------------------------------------------------------------------------------- */

/* What the program knows of a name, wherever it stands. */
struct known_name {
    jn_str text;
    uint32_t hash;
    uint32_t global;            /* its number, or NO_GLOBAL */
    bool is_bound;              /* somewhere */
    bool is_looked_up;          /* in the library */
    const struct jsonata_builtin *builtin;
};

enum { NO_GLOBAL = UINT32_MAX };

/* The place of a name in the table: its own, or the empty one where it belongs. */
static struct known_name **place_of_name(const struct compiler *c, jn_str text, uint32_t hash)
{
    for (uint32_t i = hash;; i++) {
        struct known_name **place = &c->names[i & (c->names_cap - 1)];
        if (!*place || ((*place)->hash == hash && jn_str_eq((*place)->text, text)))
            return place;
    }
}

/* Twice the places, a power of two. */
static bool more_names(struct compiler *c)
{
    const uint32_t old_cap = c->names_cap, cap = old_cap ? old_cap * 2 : 64;
    struct known_name **old = c->names, **names = jn_arena_zalloc(c->arena, cap * sizeof(struct known_name *));
    if (!names)
        return false;
    c->names = names;
    c->names_cap = cap;
    for (uint32_t i = 0; i < old_cap; i++)
        if (old[i])
            *place_of_name(c, old[i]->text, old[i]->hash) = old[i];
    return true;
}

/* NULL after failing. */
static struct known_name *name_of(struct compiler *c, jn_str text)
{
    const uint32_t hash = jn_hash(text);
    if (2 * c->names_len >= c->names_cap && !more_names(c)) {
        c->failed = true;
        return NULL;
    }
    struct known_name **place = place_of_name(c, text, hash), *known = *place;
    if (known)
        return known;
    struct known_name *name = jn_arena_alloc(c->arena, sizeof *name);
    if (!name) {
        c->failed = true;
        return NULL;
    }
    *name = (struct known_name){ .text = text, .hash = hash, .global = NO_GLOBAL };
    c->names_len++;
    return *place = name;
}

static const struct jsonata_builtin *builtin_of(struct known_name *name)
{
    if (!name->is_looked_up)
        name->builtin = jsonata_library_find(name->text);
    name->is_looked_up = true;
    return name->builtin;
}

const struct jsonata_builtin *scope_builtin(struct compiler *c, jn_str name)
{
    struct known_name *known = name_of(c, name);
    return known ? builtin_of(known) : NULL;
}

/* ---- scopes -------------------------------------------------------------------------------------------------- */

static struct scope *scope_new(struct walk *w, struct scope *outer)
{
    struct scope *s = compile_alloc(w->c, sizeof *s);
    s->outer = outer;
    w->scopes = grow(w->c, w->scopes, w->scope_len, &w->scope_cap, MANY, sizeof(struct scope *));
    if (w->scopes && !w->c->failed)
        w->scopes[w->scope_len++] = s;
    return s;
}

static void declare(struct walk *w, struct scope *s, jn_str name)
{
    struct known_name *known = name_of(w->c, name);
    if (!s->names)
        s->names = jn_object_new(w->c->arena, 4);
    if (!known || !s->names || !jn_object_set(w->c->arena, s->names, name, jn_null()))
        w->c->failed = true;
    else
        known->is_bound = true;
}

/* Nothing below, and nothing bound. */
static inline bool is_leaf(const struct ast_node *ast)
{
    const uint64_t leaves = UINT64_C(1) << AST_NAME | UINT64_C(1) << AST_STRING | UINT64_C(1) << AST_NUMBER |
                            UINT64_C(1) << AST_VALUE;
    if (ast->rare != &ast_rare_none)
        return false;
    return leaves >> ast->kind & 1 || (ast->kind == AST_VARIABLE && !jn_str_eq(ast->text, JN_STR("eval")));
}

static bool is_row_of_leaves(const struct ast_node *path)
{
    if (path->kind != AST_PATH || path->rare != &ast_rare_none)
        return false;
    for (uint32_t i = 0; i < path->items.len; i++)
        if (!is_leaf(path->items.at[i]))
            return false;
    return true;
}

static void visit_later(struct walk *w, struct ast_node *ast, struct scope *s)
{
    if (is_row_of_leaves(ast) || w->c->failed)
        return;
    if (w->len == w->cap)
        w->at = grow(w->c, w->at, w->len, &w->cap, MANY, sizeof(struct visit));
    if (!w->c->failed)
        w->at[w->len++] = (struct visit){ ast, s };
}

static inline void visit(struct walk *w, struct ast_node *ast, struct scope *s)
{
    if (ast && !ast->is_unscoped && !is_leaf(ast))
        visit_later(w, ast, s);
}

static void visit_list(struct walk *w, const struct ast_list *l, struct scope *s)
{
    for (uint32_t i = 0; i < l->len; i++)
        visit(w, l->at[i], s);
}

/* A lambda or transform made here keeps all frames around it. */
static void mark_closure(struct scope *s)
{
    for (; s && !s->has_closure; s = s->outer)
        s->has_closure = true;
}

static bool has_tuples(const struct ast_node *path)
{
    for (uint32_t i = 0; i < path->items.len; i++) {
        if (path->items.at[i]->tuple)
            return true;
    }
    return false;
}

/* The path whose tuples a step hands through: itself, or what a block ends with. */
static const struct ast_node *inner_path(const struct ast_node *step)
{
    while (step && step->kind == AST_BLOCK)
        step = step->items.len ? step->items.at[step->items.len - 1] : NULL;
    return step && step->kind == AST_PATH && has_tuples(step) ? step : NULL;
}

/* The columns of a path's tuples are variables of its scope. */
static void declare_tuples(struct walk *w, struct scope *s, const struct ast_node *path)
{
    for (uint32_t i = 0; i < path->items.len; i++) {
        const struct ast_node *step = path->items.at[i];
        if (step->rare->focus.data)
            declare(w, s, step->rare->focus);
        if (step->rare->index.data)
            declare(w, s, step->rare->index);
        if (step->rare->ancestor)
            declare(w, s, tuple_label(w->c, step->rare->ancestor));
        for (uint32_t k = 0; k < step->rare->stages.len; k++) {
            if (step->rare->stages.at[k]->kind == AST_INDEX)
                declare(w, s, step->rare->stages.at[k]->text);
        }
        const struct ast_node *inner = inner_path(step);
        if (inner)
            declare_tuples(w, s, inner);
    }
}

static struct scope *open_lambda(struct walk *w, struct ast_node *ast, struct scope *outer)
{
    mark_closure(outer);
    struct scope *s = scope_new(w, outer);
    s->is_lambda = true;
    for (uint32_t i = 0; i < ast->items.len; i++)
        declare(w, s, ast->items.at[i]->text);
    s->parameters = s->names ? s->names->shape->len : 0;
    return s;
}

static void visit_one(struct walk *w, struct ast_node *ast, struct scope *s)
{
    struct scope *around = s;           // of what hangs on a block or lambda: its own names end with it
    switch (ast->kind) {
    case AST_LAMBDA:
        ast->scope = s = open_lambda(w, ast, s);
        break;
    case AST_BLOCK:
        ast->scope = s = scope_new(w, s);
        break;
    case AST_PATH:
        if (has_tuples(ast)) {
            ast->scope = s = around = scope_new(w, s);
            declare_tuples(w, s, ast);
        }
        break;
    case AST_TRANSFORM:
        mark_closure(s);
        break;
    case AST_BIND:
        declare(w, s, ast->text);
        s->layout.has_bind = true;
        break;
    case AST_VARIABLE:
        if (jn_str_eq(ast->text, JN_STR("eval")))
            w->c->program->is_dynamic = true;
        break;
    default:
        break;
    }
    if (ast->kind != AST_BIND)
        visit(w, ast->left, s);
    if (!ast_is_shared(ast))
        visit(w, ast->right, s);
    visit(w, ast->third, s);
    visit_list(w, &ast->items, s);
    if (ast->rare == &ast_rare_none)
        return;
    visit_list(w, &ast->rare->predicates, around);
    visit_list(w, &ast->rare->stages, around);
    visit(w, ast->rare->group, around);
}

static void lay_out(struct scope *s, bool is_dynamic)
{
    const uint32_t n = s->names ? s->names->shape->len : 0;
    struct scope_layout *l = &s->layout;
    l->count = n;
    l->has_frame = !s->outer || s->is_lambda || is_dynamic || (s->has_closure && n);
    l->is_captured = s->has_closure || is_dynamic;
    s->owner = l->has_frame ? s : s->outer->owner;
    l->first = s->owner->layout.slots;
    s->owner->layout.slots += n;
}

void scope_prepare(struct compiler *c, struct ast_node *root)
{
    struct walk w = { .c = c };
    struct scope *s = scope_new(&w, NULL);
    visit(&w, root, s);
    while (w.len && !c->failed) {
        const struct visit v = w.at[--w.len];
        visit_one(&w, v.ast, v.scope);
    }
    for (uint32_t i = 0; i < w.scope_len && !c->failed; i++)
        lay_out(w.scopes[i], c->program->is_dynamic);
    c->scope = s;
    c->program->slots = s->layout.slots;
    c->program->is_captured = s->layout.is_captured;
}

struct scope *scope_enter(struct compiler *c, const struct ast_node *ast)
{
    struct scope *outer = c->scope;
    if (ast->scope)
        c->scope = ast->scope;
    return outer;
}

void scope_leave(struct compiler *c, struct scope *outer)
{
    c->scope = outer;
}

struct scope_layout scope_layout(const struct scope *s)
{
    struct scope_layout l = s->layout;
    l.slots = s->owner ? s->owner->layout.slots : 0;
    return l;
}

uint32_t scope_names(const struct compiler *c, jn_str **names)
{
    const struct jn_object *o = c->scope->names;
    const uint32_t n = o ? o->shape->len : 0;
    *names = jn_arena_alloc(c->arena, n * sizeof **names);
    for (uint32_t i = 0; *names && i < n; i++)
        (*names)[i] = o->shape->keys[i].name;
    return *names ? n : 0;
}

static int find_name(const struct scope *s, jn_str name)
{
    return s->names ? jn_shape_find(s->names->shape, name) : -1;
}

/* The same for a name that is bound somewhere. */
static uint32_t find_places(struct compiler *c, jn_str name, struct place **places)
{
    uint32_t n = 0, cap = 0, hops = 0;
    for (const struct scope *s = c->scope; s; s = s->outer) {
        const int i = find_name(s, name);
        if (i >= 0) {
            *places = grow(c, *places, n, &cap, FEW_PLACES, sizeof(struct place));
            if (c->failed)
                return 0;
            (*places)[n++] = (struct place){ hops, s->layout.first + (uint32_t)i };
            if ((uint32_t)i < s->parameters)
                return n;
        }
        hops += s->layout.has_frame;
    }
    return n;
}

uint32_t scope_find(struct compiler *c, jn_str name, struct place **places)
{
    const struct known_name *known = name_of(c, name);
    *places = NULL;
    return known && known->is_bound ? find_places(c, name, places) : 0;
}

struct place scope_place(struct compiler *c, jn_str name)
{
    const int i = find_name(c->scope, name);
    if (i < 0)
        c->failed = true;       /* cannot be: scope_prepare() has seen every binding */
    return (struct place){ 0, c->scope->layout.first + (uint32_t)(i < 0 ? 0 : i) };
}

static bool more_globals(struct compiler *c)
{
    struct jsonata *p = c->program;
    const uint32_t old = c->global_cap, cap = old ? old * 2 : 16;
    p->global_name = jn_arena_grow(c->arena, p->global_name, old * sizeof(jn_str), cap * sizeof(jn_str));
    p->global_default = jn_arena_grow(c->arena, p->global_default, old * sizeof(jn_value), cap * sizeof(jn_value));
    c->global_cap = cap;
    return p->global_name && p->global_default;
}

static uint32_t global_of(struct compiler *c, struct known_name *name)
{
    struct jsonata *p = c->program;
    if (name->global != NO_GLOBAL)
        return name->global;
    if (c->failed || (p->globals == c->global_cap && !more_globals(c))) {
        c->failed = true;
        return 0;
    }
    const struct jsonata_builtin *b = builtin_of(name);
    p->global_name[p->globals] = name->text;
    p->global_default[p->globals] = b ? library_function(c->arena, b) : jn_undefined();
    return name->global = p->globals++;
}

uint32_t scope_global(struct compiler *c, jn_str name)
{
    struct known_name *known = name_of(c, name);
    return known ? global_of(c, known) : 0;
}

void scope_settle(struct compiler *c, struct variable_node *v)
{
    struct known_name *known = name_of(c, v->name);
    if (!known)
        return;
    v->places = known->is_bound ? find_places(c, v->name, &v->place) : 0;
    v->global = global_of(c, known);
}
