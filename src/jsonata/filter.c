/* filter.c - predicates: [3], [x > 1], [[0, 2]] (spec 7.4).
 *
 * A literal number selects; a condition keeps or drops.  Of any other expression only its value tells which it is: a
 * number or an array of numbers are positions, everything else is a condition.  Nothing is filtered like one item, and
 * a condition may keep it: x[$not($exists(y))]. */
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

static inline uint32_t passes(const struct filter *fi, struct jsonata_eval *e, jn_value item, uint32_t i, uint32_t n,
                              struct jsonata_frame *f)
{
    const jn_value v = node_eval(fi->test, e, item, f);
    return v.type == JN_BOOLEAN ? jn_bool(v) : filter_count(e, v, i, n);
}

static jn_value apply_one(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f)
{
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
    return next->give(next, jn_array_value((struct jn_array *)(uintptr_t)&nothing_kept, JN_SEQUENCE));
}

bool filter_give(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f,
                 struct sink *next)
{
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
