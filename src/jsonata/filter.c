/* filter.c - predicates: [3], [x > 1], [[0, 2]] (spec 7.4).
 *
 * A literal number selects; a condition keeps or drops.  Of any other expression only its value tells which it is: a
 * number or an array of numbers are positions, everything else is a condition.  Nothing is filtered like one item, and
 * a condition may keep it: x[$not($exists(y))]. */
#include "jsonata/join.h"
#include "jsonata/path.h"

#include <math.h>

static const jn_value *members(const jn_value *v, uint32_t *n)
{
    *n = v->type == JN_ARRAY ? v->as.array->len : 1;
    return v->type == JN_ARRAY ? v->as.array->items : v;
}

/* The member that a literal index selects; undefined when there is none. */
static jn_value select_at(double at, jn_value v)
{
    uint32_t n;
    const jn_value *m = members(&v, &n);
    const double i = at < 0 ? at + n : at;
    return i >= 0 && i < n ? m[(uint32_t)i] : jn_undefined();
}

static bool is_position(struct jsonata_eval *e, jn_value v, uint32_t i, uint32_t n)
{
    double d = floor(jn_num(v));
    if (isinf(d))
        jsonata_raise(e, (struct jsonata_fault){ .code = "D1001", .value = v });
    if (d < 0)
        d += n;
    return d == i;
}

static bool is_number(jn_value v)
{
    return v.type == JN_NUMBER && !isnan(jn_num(v));
}

static bool all_numbers(jn_value v)
{
    for (uint32_t i = 0; i < v.as.array->len; i++) {
        if (!is_number(v.as.array->items[i]))
            return false;
    }
    return true;
}

uint32_t filter_count(struct jsonata_eval *e, jn_value value, uint32_t i, uint32_t n)
{
    if (is_number(value))
        return is_position(e, value, i, n);
    if (value.type != JN_ARRAY || !all_numbers(value))
        return jsonata_is_true(e, value);
    uint32_t times = 0;
    for (uint32_t k = 0; k < value.as.array->len; k++)
        times += is_position(e, value.as.array->items[k], i, n);
    return times;
}

/* ---- a field and a constant ---------------------------------------------------------------------------------- */

enum answer { NO, YES, ASK };       /* ASK: evaluate the test */

static enum answer compare_numbers(enum ast_op op, double x, double y)
{
    switch (op) {
    case OP_EQUAL:          return x == y;
    case OP_NOT_EQUAL:      return x != y;
    case OP_LESS:           return x < y;
    case OP_LESS_EQUAL:     return x <= y;
    case OP_GREATER:        return x > y;
    default:                return x >= y;
    }
}

static bool is_equality(enum ast_op op)
{
    return op == OP_EQUAL || op == OP_NOT_EQUAL;
}

static inline enum answer ask_field(const struct field_test *t, struct jsonata_eval *e, jn_value item)
{
    if (item.type != JN_OBJECT || e->depth + t->depth > e->max_depth)
        return ASK;
    const jn_value v = path_field(e, t->site, t->name, item.as.object);
    if (jn_is_undefined(v))
        return is_equality(t->op) || t->is_ordered ? NO : ASK;
    if (v.type == JN_NUMBER && t->constant.type == JN_NUMBER) {
        const double d = jn_num(v);
        return isfinite(d) ? compare_numbers(t->op, d, t->number) : ASK;
    }
    if (v.type == JN_ARRAY || !is_equality(t->op))
        return ASK;
    bool is_equal = v.type == t->constant.type && v.len == t->constant.len;     // null, false and true are their `len`
    if (is_equal && v.type == JN_STRING)
        is_equal = !memcmp(v.as.text, t->constant.as.text, v.len);
    return is_equal == (t->op == OP_EQUAL);
}

static bool is_literal(const struct ast_node *ast)
{
    const bool is_one = ast->kind == AST_STRING || ast->kind == AST_NUMBER || ast->kind == AST_VALUE;
    return is_one && !ast->rare->predicates.len && !ast->rare->group && !ast->keep_array;
}

static const struct ast_node *lone_field(const struct ast_node *ast)
{
    if (ast->kind != AST_PATH || ast->items.len != 1 || ast->keep_singleton_array || ast->rare->group || ast->tuple)
        return NULL;
    const struct ast_node *name = ast->items.at[0];
    const bool is_bare = !name->rare->predicates.len && !name->rare->stages.len && !name->tuple && !name->keep_array;
    return name->kind == AST_NAME && is_bare ? name : NULL;
}

static const struct field_test *compile_field_test(struct compiler *c, const struct ast_node *ast)
{
    if (c->program->is_plain || c->program->is_dynamic || ast->kind != AST_BINARY || ast->op < OP_EQUAL ||
        ast->op > OP_GREATER_EQUAL || ast->rare->predicates.len || ast->rare->group || ast->keep_array)
        return NULL;
    const struct ast_node *field = lone_field(ast->left);
    if (!field || !is_literal(ast->right))
        return NULL;
    struct field_test *t = COMPILE_NEW(c, struct field_test);
    *t = (struct field_test){ .op = ast->op, .name = field->text, .site = c->program->sites++,
                              .constant = ast->right->literal, .depth = 3 };    // the operator, the path, the name
    t->is_ordered = t->constant.type == JN_NUMBER || t->constant.type == JN_STRING;
    if (t->constant.type == JN_NUMBER)
        t->number = jn_num(t->constant);
    return t;
}

bool filter_is_safe(const struct filter *fi)
{
    return fi->quick && is_equality(fi->quick->op);
}

/* ---- applying ------------------------------------------------------------------------------------------------ */

static inline uint32_t passes(const struct filter *fi, struct jsonata_eval *e, jn_value item, uint32_t i, uint32_t n,
                              struct jsonata_frame *f)
{
    if (fi->quick) {
        const enum answer a = ask_field(fi->quick, e, item);
        if (a != ASK)
            return a;
    }
    const jn_value v = node_eval(fi->test, e, item, f);
    return v.type == JN_BOOLEAN ? jn_bool(v) : filter_count(e, v, i, n);
}

static bool can_probe(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f,
                      struct join_probe *probe)
{
    return fi->join && v.type == JN_ARRAY && join_probe(e, fi->join, v.as.array, f, probe);
}

static jn_value apply_probe(const struct filter *fi, struct jsonata_eval *e, const struct jn_array *x,
                            const struct join_probe *probe, struct jsonata_frame *f)
{
    jn_value kept = jsonata_array(e, 4, JN_SEQUENCE);
    for (uint32_t at = probe->first; at && jsonata_step(e); at = join_next(probe->table, at, probe->hash)) {
        if (passes(fi, e, x->items[at - 1], at - 1, x->len, f) && !jsonata_failed(e))
            jsonata_push_item(e, kept, x->items[at - 1]);
    }
    return kept;
}

static jn_value apply_one(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f)
{
    struct join_probe probe;
    if (can_probe(fi, e, v, f, &probe))
        return apply_probe(fi, e, v.as.array, &probe, f);
    if (fi->kind == FILTER_AT) {
        const jn_value found = select_at(fi->at, v);
        if (found.type == JN_ARRAY)
            return found;
        jn_value one = jsonata_array(e, 1, JN_SEQUENCE);
        jsonata_push(e, one, found);
        return one;
    }
    uint32_t n;
    const jn_value *m = members(&v, &n);
    jn_value kept = jsonata_array(e, 4, JN_SEQUENCE);
    for (uint32_t i = 0; i < n && jsonata_step(e); i++) {
        for (uint32_t times = passes(fi, e, m[i], i, n, f); times && !jsonata_failed(e); times--)
            jsonata_push_item(e, kept, m[i]);
    }
    return kept;
}

jn_value filters_apply(const struct filters *fs, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f)
{
    if (v.type == JN_ARRAY && v.flags & JN_TUPLE_STREAM)
        return tuple_filter(fs, e, v, f);
    for (uint32_t i = 0; i < fs->len && !jsonata_failed(e); i++)
        v = apply_one(&fs->at[i], e, v, f);
    return v;
}

/* A step whose filter let nothing pass has still given a result, an empty one: two results are never "the only one". */
static const struct jn_array nothing_kept = { .len = 0 };

static bool give_nothing(struct sink *next)
{
    return next->give(next, jn_array_value((struct jn_array *)&nothing_kept, JN_SEQUENCE));
}

static bool give_probe(const struct filter *fi, struct jsonata_eval *e, const struct jn_array *x,
                       const struct join_probe *probe, struct jsonata_frame *f, struct sink *next)
{
    uint32_t kept = 0;
    for (uint32_t at = probe->first; at; at = join_next(probe->table, at, probe->hash)) {
        if (!jsonata_step(e))
            return false;
        if (!passes(fi, e, x->items[at - 1], at - 1, x->len, f))
            continue;
        kept++;
        if (jsonata_failed(e) || !next->item(next, x->items[at - 1]))
            return false;
    }
    return !jsonata_failed(e) && (kept || give_nothing(next));
}

bool filter_give(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f,
                 struct sink *next)
{
    struct join_probe probe;
    if (can_probe(fi, e, v, f, &probe))
        return give_probe(fi, e, v.as.array, &probe, f, next);
    if (fi->kind == FILTER_AT) {
        const jn_value found = select_at(fi->at, v);
        if (jn_is_undefined(found))
            return give_nothing(next);
        return found.type == JN_ARRAY ? next->give(next, found) : next->item(next, found);
    }
    uint32_t n, kept = 0;
    const jn_value *m = members(&v, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (!jsonata_step(e))
            return false;
        for (uint32_t times = passes(fi, e, m[i], i, n, f); times; times--, kept++) {
            if (jsonata_failed(e) || !next->item(next, m[i]))
                return false;
        }
    }
    if (jsonata_failed(e))
        return false;
    return kept || give_nothing(next);
}

static void compile_filter(struct compiler *c, const struct ast_node *ast, struct filter *fi)
{
    if (ast->kind == AST_INDEX) {
        fi->kind = FILTER_INDEX;
        fi->name = ast->text;
        return;
    }
    if (ast->left->kind == AST_NUMBER) {            // whatever predicates it has itself
        fi->kind = FILTER_AT;
        fi->at = floor(jn_num(ast->left->literal));
        return;
    }
    fi->test = compile_node(c, ast->left);
    fi->quick = compile_field_test(c, ast->left);
    fi->join = compile_plain_join(c, ast->left);
    fi->kind = fi->test->is_boolean ? FILTER_TEST : FILTER_ANY;
}

struct filters compile_filters(struct compiler *c, const struct ast_list *list)
{
    struct filters fs = { .tuples = c->tuples };
    if (!list->len || c->failed)
        return fs;
    fs.at = compile_alloc(c, list->len * sizeof *fs.at);
    for (uint32_t i = 0; i < list->len && !c->failed; i++) {
        compile_filter(c, list->at[i], &fs.at[i]);
        fs.len++;
    }
    return fs;
}
