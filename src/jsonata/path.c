/* path.c - paths, by pushing (spec 7.2, 7.3, 7.6).
 *
 * A path is a row of steps, each with a sink (step.c).  Items run through the whole path one by one, and nothing is
 * collected between the steps.
 *
 *     context --> [step 0] --> [step 1] --> ... --> [collector]
 *
 * Sorting needs all items at once: it divides the path into segments, each of them run like that.  Paths with tuples
 * (@ # %) are tuple.c's. */
#include "jsonata/path.h"
#include "jsonata/units.h"

/* ---- running ------------------------------------------------------------------------------------------------- */

jn_value path_input(const struct path_node *p, struct jsonata_eval *e, jn_value context)
{
    if (context.type == JN_ARRAY && !p->steps[0].is_variable)
        return context;
    return jsonata_sequence(e, context);
}

/* Where a path ends before its last step. */
static bool is_nothing(jn_value items)
{
    if (items.type == JN_ARRAY)
        return items.as.array->len == 0;
    return jn_is_undefined(items) || (items.type == JN_STRING && items.len == 0);
}

/* The steps after such a first one go through what it gave by index: a string has code units, everything else that is
 * no array has nothing. */
static jn_value once_items(struct jsonata_eval *e, jn_value v)
{
    struct jsonata_units u;
    if (v.type == JN_ARRAY || is_nothing(v))
        return v;
    if (v.type != JN_STRING || !jsonata_units_open(e, v, &u))
        return jn_undefined();
    jn_value items = jsonata_array(e, 4, JN_SEQUENCE);
    for (size_t i = 0; i < u.len && jsonata_step(e); i++)
        jsonata_push(e, items, jsonata_units_slice(e, &u, i, i + 1));
    return items;
}

jn_value path_first(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const jn_value v = node_eval(p->steps[0].node, e, path_input(p, e, context), f);
    const bool is_end = p->len == 1 || p->steps[1].kind == STEP_SORT || jsonata_failed(e);
    return is_end ? v : once_items(e, v);
}

/* The items of the first step to be run in full: what an array constructor gave, even if that is an empty array. */
static jn_value first_items(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                            struct jsonata_frame *f)
{
    if (p->steps[0].is_once)
        return path_first(p, e, context, f);
    const jn_value items = path_input(p, e, context);
    return items.type == JN_ARRAY && items.as.array->len == 0 ? jn_undefined() : items;
}

static void push_members(struct sink *s, jn_value v)
{
    if (v.type != JN_ARRAY) {
        s->item(s, v);
        return;
    }
    for (uint32_t i = 0; i < v.as.array->len; i++) {
        if (!jsonata_step(s->e) || !s->item(s, v.as.array->items[i]))
            return;
    }
}

/* Sinks for steps from..to-1, before `next`. */
static struct sink *chain(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                          uint32_t to, struct sink *sinks, struct sink *next)
{
    for (uint32_t i = to; i-- > from;) {
        const struct step *step = &p->steps[i];
        const bool joined = step->item_joined && i + 1 < to;
        sinks[i - from] = (struct sink){ joined ? step->give_joined : step->give,
                                         joined ? step->item_joined : step->item, e, f, step, next };
        next = &sinks[i - from];
    }
    return next;
}

struct sink *path_sinks(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                        struct sink *sinks, struct sink *end)
{
    return chain(p, e, f, from, p->len, sinks, end);
}

/* Runs steps [from, to) on `items` (an array's members, or one item) into `end`. */
static void run_segment(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                        uint32_t to, jn_value items, struct sink *end)
{
    enum { FEW = 8 };
    struct sink few[FEW];
    struct sink *sinks = to - from <= FEW ? few : jn_arena_alloc(e->arena, (to - from) * sizeof *sinks);
    if (!sinks) {
        jsonata_raise_memory(e);
        return;
    }
    push_members(chain(p, e, f, from, to, sinks, end), items);
}

void path_push(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
               struct sink *end)
{
    const bool is_one = p->steps[0].is_variable && context.type == JN_ARRAY;
    run_segment(p, e, f, 0, p->len, is_one ? jsonata_sequence(e, context) : context, end);
}

/* [a..b].step: the numbers are pushed, and stand in no array. */
static bool is_counted(const struct path_node *p, const struct jsonata_eval *e)
{
    return p->steps[0].is_once && p->len > 1 && p->steps[0].node->kind == NODE_RANGE_ARRAY && range_has_depth(e);
}

static jn_value run_counted(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                            struct jsonata_frame *f, bool wrap)
{
    enum { FEW = 8 };
    struct sink few[FEW];
    struct sink *sinks = p->len - 1 <= FEW ? few : jn_arena_alloc(e->arena, (p->len - 1) * sizeof *sinks);
    double number;
    uint32_t len;
    if (!sinks)
        return jsonata_raise_memory(e);
    if (!range_bounds(array_range(p->steps[0].node), e, path_input(p, e, context), f, &number, &len))
        return jsonata_failed(e) ? jn_undefined() : jsonata_array(e, 0, JN_CONS);
    struct collector out;
    collector_init(&out, e);
    struct sink *first = chain(p, e, f, 1, p->len, sinks, &out.sink);
    for (bool more = true; len && more; len--)
        more = jsonata_step(e) && first->item(first, jn_number(number++));
    return jsonata_failed(e) ? jn_undefined() : collector_end(&out, wrap);
}

static jn_value run_steps(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                          struct jsonata_frame *f, bool wrap)
{
    if (is_counted(p, e))
        return run_counted(p, e, context, f, wrap);
    struct collector out;
    collector_init(&out, e);
    uint32_t from = 0;
    jn_value items = context;
    if (p->steps[0].is_once) {
        items = path_first(p, e, context, f);
        if (p->len == 1 || is_nothing(items) || jsonata_failed(e))
            return items;
        from = 1;
    } else if (p->steps[0].is_variable && context.type == JN_ARRAY) {
        items = jsonata_sequence(e, context);
    }
    run_segment(p, e, f, from, p->len, items, &out.sink);
    return jsonata_failed(e) ? jn_undefined() : collector_end(&out, wrap);
}

/* ---- segments between sorts ----------------------------------------------------------------------------------- */

static bool is_step_by_step(const struct jsonata_eval *e)
{
    return e->is_ordered || e->program->is_plain || e->max_sequence != UINT32_MAX;
}

/* The items that a segment before a sort has found, as an array. */
static jn_value collected_items(struct collector *out, struct jsonata_eval *e)
{
    jn_value v = collector_end(out, true);
    if (v.type != JN_ARRAY)
        return v;
    if (v.flags & JN_CONS)
        return jsonata_sequence(e, v);
    v.flags = JN_SEQUENCE;
    return v;
}

/* Sorts need all items, and so end a segment of steps that push. */
static jn_value run_sorted(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                           struct jsonata_frame *f)
{
    jn_value items = first_items(p, e, context, f);
    uint32_t at = p->steps[0].is_once;
    const bool is_stepwise = is_step_by_step(e);
    struct collector out;
    if (at == 0 && is_nothing(items))
        return jn_undefined();
    while (at < p->len && !is_nothing(items) && !jsonata_failed(e)) {
        if (p->steps[at].kind == STEP_SORT) {
            items = sort_items(&p->steps[at], e, items, f, NULL);
            if (p->steps[at].filters.len && !jsonata_failed(e))
                items = filters_apply(&p->steps[at].filters, e, items, f);
            at++;
            continue;
        }
        uint32_t to = at;
        while (to < p->len && p->steps[to].kind != STEP_SORT && !(is_stepwise && to > at))
            to++;
        collector_init(&out, e);
        run_segment(p, e, f, at, to, items, &out.sink);
        items = to == p->len ? collector_end(&out, true) : collected_items(&out, e);
        at = to;
    }
    return items;
}

/* ---- order of errors ----------------------------------------------------------------------------------------- */

/* The reference finishes each step for all items before it begins the next, so that of two errors it reports the one in
 * the earlier step; we meet the one of the earlier item.  When a path fails and that can make a difference, it is run
 * again step by step, which finds the reference's error.  Only the outermost path does so. */
static jn_value run_ordered(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                            struct jsonata_frame *f)
{
    if (p->has_sort)
        return run_sorted(p, e, context, f);
    jn_value items = first_items(p, e, context, f);
    for (uint32_t i = p->steps[0].is_once; i + 1 < p->len && !is_nothing(items) && !jsonata_failed(e); i++)
        items = path_step_all(&p->steps[i], e, items, f);
    if (is_nothing(items) || jsonata_failed(e))
        return items;
    struct collector out;
    collector_init(&out, e);
    run_segment(p, e, f, p->len - 1, p->len, items, &out.sink);
    return jsonata_failed(e) ? jn_undefined() : collector_end(&out, true);
}

bool path_can_repeat(const struct jsonata_eval *e)
{
    return e->fault.code && !e->has_tripped && !e->has_called_host;
}

static void find_first_error(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                             struct jsonata_frame *f, jn_value *top)
{
    const struct jsonata_fault met = e->fault;
    if (!path_can_repeat(e))
        return;
    e->fault = (struct jsonata_fault){ .code = NULL };
    e->is_ordered = true;
    e->top = top;
    run_ordered(p, e, context, f);
    e->is_ordered = false;
    if (!jsonata_failed(e))
        e->fault = met;
}

static jn_value run_fused(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                          struct jsonata_frame *f, bool wrap)
{
    return p->has_sort ? run_sorted(p, e, context, f) : run_steps(p, e, context, f, wrap);
}

static jn_value run_path(const struct path_node *p, struct jsonata_eval *e, jn_value context,
                         struct jsonata_frame *f, bool wrap)
{
    if ((!p->has_order && e->max_sequence == UINT32_MAX) || p->len < 2)
        return run_fused(p, e, context, f, wrap);
    if (is_step_by_step(e)) {
        const jn_value v = run_ordered(p, e, context, f);
        return wrap ? v : jsonata_unwrap(v);
    }
    if (jsonata_failed(e))
        return jn_undefined();          // another's error, which must not be taken for one of ours
    jn_value *top = e->top;
    const uint32_t depth = e->depth;
    e->fused++;
    const jn_value v = run_fused(p, e, context, f, wrap);
    if (--e->fused == 0 && jsonata_failed(e)) {
        e->depth = depth;
        find_first_error(p, e, context, f, top);
    }
    return v;
}

jn_value path_step_all(const struct step *step, struct jsonata_eval *e, jn_value items, struct jsonata_frame *f)
{
    struct collector out;
    collector_init(&out, e);
    struct sink s = { step->give, step->item, e, f, step, &out.sink };
    push_members(&s, items);
    return jsonata_failed(e) ? jn_undefined() : collected_items(&out, e);
}

/* ---- evaluating ---------------------------------------------------------------------------------------------- */

static jn_value keep_singleton(struct jsonata_eval *e, jn_value v)
{
    if (jn_is_undefined(v))
        return v;
    if (v.type != JN_ARRAY || (v.flags & JN_CONS && !(v.flags & JN_SEQUENCE)))
        v = jsonata_sequence(e, v);
    v.flags |= JN_KEEP_SINGLETON;
    return v;
}

jn_value path_finish(const struct path_node *p, struct jsonata_eval *e, jn_value found, struct jsonata_frame *f)
{
    if (jsonata_failed(e))
        return jn_undefined();
    if (p->keep_singleton)
        found = keep_singleton(e, found);
    if (p->group) {
        if (found.type == JN_ARRAY)
            found = group_eval(p->group, e, found.as.array->items, found.as.array->len, f);
        else
            found = group_eval(p->group, e, &found, !jn_is_undefined(found), f);
    }
    return node_done(&p->node, found);
}

static jn_value eval_path(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct path_node *p = (const struct path_node *)n;
    if (jsonata_failed(e))                  // an operand before this one: its error stays
        return jn_undefined();
    if (!node_enter(n, e))
        return jn_undefined();
    jn_value v;
    if (p->tuples)
        v = tuple_path(p, e, context, f);
    else if (p->has_sort || p->keep_singleton || p->group || n->raw)
        v = path_finish(p, e, run_path(p, e, context, f, true), f);
    else
        v = run_path(p, e, context, f, false);
    node_leave(e);
    return v;
}

/* Names only: as long as there are no arrays on the way, there is nothing to push. */
JN_APART static jn_value find_names(const struct node *n, struct jsonata_eval *e, jn_value context,
                                    struct jsonata_frame *f)
{
    const struct path_node *p = (const struct path_node *)n;
    jn_value v = context;
    for (uint32_t i = 0; i < p->len; i++) {
        if (v.type != JN_OBJECT)
            return v.type == JN_ARRAY ? eval_path(n, e, context, f) : jn_undefined();
        v = path_field(e, p->steps[i].site, p->steps[i].name, v.as.object);
    }
    return v.type == JN_ARRAY && v.flags & JN_SEQUENCE ? eval_path(n, e, context, f) : v;
}

/* The same where all on the way are objects that the sites know. */
static jn_value eval_names(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    const struct path_node *p = (const struct path_node *)n;
    if (context.type != JN_OBJECT)
        return find_names(n, e, context, f);
    const struct jn_object *o = context.as.object;
    for (uint32_t i = 0;; i++) {
        const jn_value *v = path_known_field(e, p->steps[i].site, o);
        if (v && i + 1 == p->len && v->type != JN_ARRAY)
            return *v;
        if (!v || i + 1 == p->len || v->type != JN_OBJECT)
            return find_names(n, e, context, f);
        o = v->as.object;
    }
}

JN_APART static jn_value find_name(const struct node *n, struct jsonata_eval *e, jn_value context,
                                   struct jsonata_frame *f)
{
    const struct path_node *p = (const struct path_node *)n;
    if (context.type != JN_OBJECT)
        return context.type == JN_ARRAY ? eval_path(n, e, context, f) : jn_undefined();
    const jn_value v = path_field(e, p->site, p->name, context.as.object);
    return v.type == JN_ARRAY && v.flags & JN_SEQUENCE ? eval_path(n, e, context, f) : v;
}

static jn_value eval_name(const struct node *n, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f)
{
    if (context.type == JN_OBJECT) {
        const jn_value *v = path_known_field(e, ((const struct path_node *)n)->site, context.as.object);
        if (v && v->type != JN_ARRAY)
            return *v;
    }
    return find_name(n, e, context, f);
}

/* Steps from number `from` on, of what the one before it has found. */
JN_APART static jn_value run_rest(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f,
                                   uint32_t from, jn_value v)
{
    enum { FEW = 8 };
    struct sink few[FEW];
    struct sink *sinks = p->len - from <= FEW ? few : jn_arena_alloc(e->arena, (p->len - from) * sizeof *sinks);
    if (!sinks)
        return jsonata_raise_memory(e);
    struct collector out;
    collector_init(&out, e);
    struct sink *first = chain(p, e, f, from, p->len, sinks, &out.sink);
    first->give(first, v);
    return jsonata_failed(e) ? jn_undefined() : collector_end(&out, false);
}

/* The names from number `i` on, as long as there are objects. */
JN_APART static jn_value find_rest(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f,
                                   uint32_t i, jn_value v)
{
    for (; i < p->len; i++) {
        if (v.type != JN_OBJECT)
            return v.type == JN_ARRAY && !jsonata_failed(e) ? run_rest(p, e, f, i, v) : jn_undefined();
        v = path_field(e, p->steps[i].site, p->steps[i].name, v.as.object);
        if (v.type == JN_ARRAY && v.flags & JN_SEQUENCE)
            v = jsonata_unwrap(v);
    }
    return v.type == JN_ARRAY ? run_rest(p, e, f, p->len, v) : v;
}

/* head.name...: one field after the other. */
static jn_value eval_head_names(const struct node *n, struct jsonata_eval *e, jn_value context,
                                struct jsonata_frame *f)
{
    const struct path_node *p = (const struct path_node *)n;
    if (context.type == JN_ARRAY || n->raw || e->is_ordered || e->max_sequence != UINT32_MAX)
        return eval_path(n, e, context, f);
    if (!node_enter(n, e))
        return jn_undefined();
    jn_value v = node_eval(p->steps[0].node, e, context, f);
    node_leave(e);
    uint32_t i = 1;
    for (; v.type == JN_OBJECT; i++) {
        const jn_value *x = path_known_field(e, p->steps[i].site, v.as.object);
        if (!x || x->type == JN_ARRAY)
            break;
        if (i + 1 == p->len)
            return *x;
        v = *x;
    }
    return find_rest(p, e, f, i, v);
}

/* A string with filters at the head of a path is a name whose filters belong to it and not to the step: a[0].b finds
 * the first a of each item, "a"[0].b the first of all that the name finds in the item. */
struct name_node {
    struct node node;
    jn_str name;
};

static jn_value eval_lone_name(const struct node *n, struct jsonata_eval *e, jn_value context,
                               struct jsonata_frame *f)
{
    (void)f;
    return node_done(n, jsonata_lookup(e, context, ((const struct name_node *)n)->name));
}

/* ---- compiling ----------------------------------------------------------------------------------------------- */

struct node *compile_name(struct compiler *c, const struct ast_node *ast)
{
    struct name_node *n = COMPILE_NEW(c, struct name_node);
    n->name = ast->text;
    return compile_init(&n->node, ast, eval_lone_name);
}

static uint32_t new_site(struct compiler *c)
{
    return c->program->is_dynamic ? NO_SITE : c->program->sites++;
}

static uint32_t column(const struct path_node *p, jn_str name)
{
    return name.len ? tuple_column(p->tuples, name) : UINT32_MAX;       // a@$ binds nothing
}

static void step_columns(struct compiler *c, const struct path_node *p, struct step *s, const struct ast_node *ast)
{
    s->is_tuple = ast->tuple;
    s->is_focused = ast->rare->focus.data != NULL;
    s->focus = column(p, ast->rare->focus);
    s->index = column(p, ast->rare->index);
    s->ancestor = ast->rare->ancestor ? column(p, tuple_label(c, ast->rare->ancestor)) : UINT32_MAX;
    for (uint32_t i = 0; i < s->filters.len; i++)
        s->filters.at[i].column = column(p, s->filters.at[i].name);
}

static void compile_step(struct compiler *c, struct path_node *p, uint32_t i, const struct ast_node *ast)
{
    struct step *s = &p->steps[i];
    s->is_first = i == 0;
    s->is_last = i + 1 == p->len;
    s->is_variable = ast->kind == AST_VARIABLE;
    s->keep_array = ast->keep_array;
    s->is_once = i == 0 && ast->cons_array;
    s->site = NO_SITE;
    if (ast->kind == AST_SORT) {
        s->kind = STEP_SORT;
        p->has_sort = true;
        compile_sort(c, ast, s);
    } else if (ast->kind == AST_NAME && !ast->rare->predicates.len && !ast->rare->group && !s->is_once) {
        s->kind = STEP_NAME;
        s->name = ast->text;
        s->site = new_site(c);
    } else {
        s->kind = STEP_NODE;
        s->node = compile_node(c, ast);
        compile_needs(&p->node, s->node);
    }
    s->filters = compile_filters(c, &ast->rare->stages);
    if (p->tuples)
        step_columns(c, p, s, ast);
    s->is_safe = s->node && (ast->kind == AST_WILDCARD || ast->kind == AST_DESCENDANTS) && !ast->rare->predicates.len;
    step_sinks(c, s, ast);
}

static bool may_raise(const struct step *s)
{
    for (uint32_t i = 0; i < s->filters.len; i++) {
        const struct filter *fi = &s->filters.at[i];
        if (fi->test && !filter_is_safe(fi))
            return true;
    }
    if (s->kind != STEP_NODE || s->is_safe)
        return false;
    const uint8_t kind = s->node->kind;
    return kind != NODE_CONSTANT && kind != NODE_CONTEXT && kind != NODE_LOCAL && kind != NODE_VARIABLE;
}

static uint32_t raising_steps(const struct path_node *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->len; i++)
        n += may_raise(&p->steps[i]);
    return n;
}

bool path_is_simple(const struct path_node *p)
{
    return !p->tuples && !p->has_sort && !p->keep_singleton && !p->group && p->len && !p->steps[0].is_once;
}

static bool all_names(const struct path_node *p)
{
    for (uint32_t i = 0; i < p->len; i++) {
        if (p->steps[i].kind != STEP_NAME || p->steps[i].filters.len)
            return false;
    }
    return path_is_simple(p);
}

/* The path is one name. */
static void settle_name(struct path_node *p)
{
    p->node.eval = eval_name;
    p->node.kind = NODE_NAME;
    p->name = p->steps[0].name;
    p->site = p->steps[0].site;
}

static void choose(struct compiler *c, struct path_node *p)
{
    p->node.kind = NODE_PATH;
    if (c->program->is_plain) {
        p->has_order = p->can_raise = true;
        return;
    }
    const uint32_t raising = raising_steps(p);
    p->can_raise = raising > 0;
    p->has_order = raising > 1;
    for (uint32_t i = 0; i + 1 < p->len && !p->tuples; i++)
        step_join(&p->steps[i], &p->steps[i + 1]);
    if (!all_names(p))
        return;
    p->node.eval = eval_names;
    if (p->len == 1)
        settle_name(p);
}

/* Anything, and then nothing but names. */
static bool are_head_names(const struct path_node *p)
{
    const struct step *head = p->steps;
    for (uint32_t i = 1; i < p->len; i++) {
        if (p->steps[i].kind != STEP_NAME || p->steps[i].filters.len || p->steps[i].keep_array)
            return false;
    }
    return p->len > 1 && path_is_simple(p) && head->kind == STEP_NODE && !head->filters.len && !head->keep_array &&
           !head->node->raw;
}

static bool is_bare_name(const struct ast_node *ast)
{
    return ast->kind == AST_NAME && ast->rare == &ast_rare_none && !ast->keep_array && !ast->cons_array && !ast->tuple;
}

static bool is_row_of_names(const struct ast_node *path)
{
    if (path->rare != &ast_rare_none || path->keep_singleton_array || path->scope || !path->items.len)
        return false;
    for (uint32_t i = 0; i < path->items.len; i++) {
        if (!is_bare_name(path->items.at[i]))
            return false;
    }
    return true;
}

/* a.b.c, as most paths are: what all others are asked need not be asked. */
static struct node *compile_names(struct compiler *c, const struct ast_node *ast)
{
    struct path_node *p = COMPILE_NEW(c, struct path_node);
    compile_init(&p->node, ast, eval_names);
    p->node.kind = NODE_PATH;
    p->node.need = 1;
    p->steps = compile_alloc(c, ast->items.len * sizeof *p->steps);
    if (c->failed)
        return &p->node;
    p->len = ast->items.len;
    for (uint32_t i = 0; i < p->len; i++) {
        struct step *s = &p->steps[i];
        s->kind = STEP_NAME;
        s->name = ast->items.at[i]->text;
        s->site = new_site(c);
        step_sinks_of_name(s);
    }
    p->steps[0].is_first = p->steps[p->len - 1].is_last = true;
    if (p->len == 1)
        settle_name(p);
    return &p->node;
}

struct node *compile_path(struct compiler *c, const struct ast_node *ast)
{
    if (!c->program->is_plain && is_row_of_names(ast))
        return compile_names(c, ast);
    struct path_node *p = COMPILE_NEW(c, struct path_node);
    compile_init(&p->node, ast, eval_path);
    struct scope *outer = scope_enter(c, ast);
    const struct tuple_layout *outer_tuples = c->tuples;
    p->tuples = ast->scope ? compile_tuples(c, ast) : NULL;
    if (p->tuples)
        c->tuples = p->tuples;
    p->keep_singleton = ast->keep_singleton_array;
    p->node.need = 1;                       /* a name in it */
    p->steps = compile_alloc(c, ast->items.len * sizeof *p->steps);
    p->len = ast->items.len;
    for (uint32_t i = 0; i < ast->items.len && !c->failed; i++)
        compile_step(c, p, i, ast->items.at[i]);
    if (ast->rare->group)
        p->group = compile_group(c, ast->rare->group, p->tuples);
    if (p->tuples && !c->failed)
        tuple_choose(c, p, ast);
    scope_leave(c, outer);
    c->tuples = outer_tuples;
    if (!c->failed)
        choose(c, p);
    if (!c->failed && !c->program->is_plain && are_head_names(p))
        p->node.eval = eval_head_names;
    return &p->node;
}
