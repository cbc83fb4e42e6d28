/* path.h - what paths are compiled to, and how their parts work together: steps, filters, sorting, groups. */
#ifndef JSONATA_PATH_H
#define JSONATA_PATH_H

#include "jsonata/compile.h"

/* ---- paths --------------------------------------------------------------------------------------------------- */

/* Where a stage of a path puts what it finds.  `give` takes a step's result, whose members are items when it is an
 * array (unless CONS); `item` takes one item as it is.  False: stop, no more is wanted (or an error was raised). */
struct sink {
    bool (*give)(struct sink *s, jn_value result);
    bool (*item)(struct sink *s, jn_value item);
    struct jsonata_eval *e;
    struct jsonata_frame *f;
    const struct step *step;
    struct sink *next;
};

enum filter_kind {
    FILTER_AT,                  /* [3], [-1] */
    FILTER_TEST,                /* a condition that is true, false or nothing */
    FILTER_ANY,                 /* known at run time only: number, array of numbers, condition */
    FILTER_INDEX,               /* no filter: #$i after filters, in tuple streams */
};

struct filter {
    enum filter_kind kind;
    double at;
    const struct node *test;
    const struct field_test *quick;     /* the same, for the ordinary item; or NULL */
    const struct join_plan *join;       /* which items of an array can pass at all; or NULL */
    jn_str name;                /* FILTER_INDEX */
    uint32_t column;
};

/* A field compared with a constant: [type = "shipping"], [price > 10]. */
struct field_test {
    enum ast_op op;             /* the field on the left */
    jn_str name;
    uint32_t site;
    jn_value constant;          /* a number's double is in `number` */
    double number;
    bool is_ordered;            /* a number or a string: `nothing` may be compared with it by < and the like */
    uint8_t depth;              /* evaluations that the test nests */
};

struct filters {
    struct filter *at;
    uint32_t len;
    const struct tuple_layout *tuples;  /* of the path around, for values that are streams of tuples; or NULL */
};

enum step_kind { STEP_NODE, STEP_NAME, STEP_SORT };

struct sort_term {
    const struct node *key;
    bool is_descending;
};

struct step {
    enum step_kind kind;
    const struct node *node;            /* STEP_NODE */
    jn_str name;                        /* STEP_NAME */
    uint32_t site;
    struct filters filters;
    struct sort_term *terms;            /* STEP_SORT */
    uint32_t term_count;
    int64_t position;
    bool is_first, is_last;
    bool is_variable;                   /* $, $x: an array in context is one item */
    bool is_safe;                       /* * and **: raise no errors */
    bool keep_array;                    /* a[]: one member stays a sequence */
    bool is_once;                       /* [...] at the head of a path: evaluated once for all items */
    bool (*give)(struct sink *s, jn_value result);
    bool (*item)(struct sink *s, jn_value item);
    bool (*give_joined)(struct sink *s, jn_value result);       /* for this step and the next; or NULL */
    bool (*item_joined)(struct sink *s, jn_value item);

    /* tuple steps: columns of the row, UINT32_MAX for none */
    bool is_tuple;
    bool is_focused;                    /* @$ or @$x: the context stays, even if there is no column */
    uint32_t focus, index, ancestor;
};

struct path_node {
    struct node node;
    struct step *steps;
    uint32_t len;
    bool keep_singleton;
    bool has_sort;
    bool can_raise;                     /* one or more of its steps */
    bool has_order;                     /* two or more steps may raise: their order can be seen */
    const struct group *group;
    struct tuple_layout *tuples;        /* NULL: none of its steps makes tuples */
    jn_str name;                        /* NODE_NAME: of the one step */
    uint32_t site;
};

/* What a path has found so far, by the rules of the last step (spec 7.3).  Zeroed: nothing. */
struct found {
    enum { FOUND_NONE, FOUND_RESULT, FOUND_ITEM, FOUND_MANY } state;
    jn_value single;
    jn_value array;
};
void found_give(struct found *to, struct jsonata_eval *e, jn_value result);
void found_item(struct found *to, struct jsonata_eval *e, jn_value item);

/* Finished (a lone item is that item), or, with `wrap`, always as the sequence it is, for those who go on with it. */
jn_value found_end(const struct found *f, struct jsonata_eval *e, bool wrap);

/* The sink that finds. */
struct collector {
    struct sink sink;
    struct found found;
};
void collector_init(struct collector *c, struct jsonata_eval *e);
jn_value collector_end(const struct collector *c, bool wrap);

/* Makes the sinks of steps from..p->len-1, before `end`; gives the first.  `sinks` has room for that many. */
struct sink *path_sinks(const struct path_node *p, struct jsonata_eval *e, struct jsonata_frame *f, uint32_t from,
                        struct sink *sinks, struct sink *end);

/* Runs all steps into `end`.  For paths that path_is_simple(). */
void path_push(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f,
               struct sink *end);

/* Nothing but steps that take one item at a time: no sorting, tuples, grouping, [] and no array constructor first. */
bool path_is_simple(const struct path_node *p);

/* A sequence of one item, which may be nothing. */
jn_value jsonata_sequence(struct jsonata_eval *e, jn_value v);

/* Chooses a step's `give` and `item`. */
void step_sinks(struct compiler *c, struct step *s, const struct ast_node *ast);

/* The same for a name without filters. */
void step_sinks_of_name(struct step *s);

/* Chooses give_joined and item_joined, now that the step after it is known. */
void step_join(struct step *s, const struct step *next);

/* A field of an object by the site's memory, or the long way. */
jn_value path_field_slow(struct jsonata_eval *e, uint32_t site, jn_str name, const struct jn_object *o);

enum { NO_SITE = UINT32_MAX };

/* Where the site's memory says that the field is, `nothing` when there is none; NULL when it knows no such objects.
 * Who looks at the value in its place and hands it on as a whole spares gcc taking it to pieces. */
static inline const jn_value *path_known_field(const struct jsonata_eval *e, uint32_t site, const struct jn_object *o)
{
    static const jn_value nothing = { .type = JN_UNDEFINED };
    if (site == NO_SITE || e->sites[site].shape != o->shape)
        return NULL;
    if (e->sites[site].slot < 0)
        return &nothing;
    JN_KNOWN(o->values);
    return &o->values[e->sites[site].slot];
}

static inline jn_value path_field(struct jsonata_eval *e, uint32_t site, jn_str name, const struct jn_object *o)
{
    if (site != NO_SITE && e->sites[site].shape == o->shape)
        return e->sites[site].slot < 0 ? jn_undefined() : o->values[e->sites[site].slot];
    return path_field_slow(e, site, name, o);
}

/* ---- filters, groups, sorting, tuples ------------------------------------------------------------------------ */

struct filters compile_filters(struct compiler *c, const struct ast_list *list);

/* Applies filters to a value; gives a sequence, or an array that an index selected. */
jn_value filters_apply(const struct filters *fs, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f);

/* Keeps what one filter lets pass of `v`, straight into a sink. */
bool filter_give(const struct filter *fi, struct jsonata_eval *e, jn_value v, struct jsonata_frame *f,
                 struct sink *next);

/* Whether a filter cannot raise an error. */
bool filter_is_safe(const struct filter *fi);

/* Whether the item at `i` of `n` passes, how often, given the filter's value. */
uint32_t filter_count(struct jsonata_eval *e, jn_value value, uint32_t i, uint32_t n);

/* `ast` has the pairs: an AST_GROUP or AST_OBJECT.  With `tuples`, what it groups are rows. */
const struct group *compile_group(struct compiler *c, const struct ast_node *ast, struct tuple_layout *tuples);

/* Groups `n` items (of tuples, when the group was compiled with a layout). */
jn_value group_eval(const struct group *g, struct jsonata_eval *e, const jn_value *items, uint32_t n,
                    struct jsonata_frame *f);

/* What a lambda like function($a, $b){ $a.x > $b.x } says about order, for $sort. */
struct sort_order {
    const struct node *key;             /* $a.x with $a as the context; NULL: $a itself */
    bool is_descending;
    bool is_reversed;                   /* >= and <=: equal ones change places */
};

/* NULL when the lambda is anything else. */
const struct sort_order *compile_order(struct compiler *c, const struct ast_node *lambda);

/* A path in a value of a grouping (c->plan): the same, or taken from a tally. */
struct node *compile_tallied_path(struct compiler *c, const struct ast_node *ast, struct node *path);

void compile_sort(struct compiler *c, const struct ast_node *ast, struct step *step);

/* Sorts an array's items by a step's terms; `tuples` tells how to read the items when they are tuples. */
jn_value sort_items(const struct step *step, struct jsonata_eval *e, jn_value items, struct jsonata_frame *f,
                    const struct tuple_layout *tuples);

/* A stream of tuples: rows with the item and one column per variable or ancestor.  A row is a jn_value of type
 * VALUE_TUPLE in an array flagged JN_TUPLE_STREAM; only paths and groups see it. */
enum { VALUE_TUPLE = 0xfd };

struct tuple {
    const struct tuple_layout *layout;
    jn_value item;
    jn_value column[];
};

struct tuple_layout {
    uint32_t len;
    jn_str *name;                       /* by column; ancestors have names like "!3" */
    uint32_t *slot;                     /* by column, in the frame below */
    struct scope_layout scope;
    uint32_t slots;                     /* of the frame, when the path has one of its own */
    bool is_dynamic;
    bool is_result;                     /* the path gives its tuples to an enclosing path */
    const struct loop_plan *loops;      /* how it runs as nested loops (tuple_loop.c), or NULL */
};

struct tuple_layout *compile_tuples(struct compiler *c, const struct ast_node *path);

/* Once the path's steps are compiled: settles how it is to run. */
void tuple_choose(struct compiler *c, const struct path_node *p, const struct ast_node *path);
uint32_t tuple_column(const struct tuple_layout *t, jn_str name);
jn_str tuple_label(struct compiler *c, const struct ast_slot *slot);

static inline struct tuple *tuple_of(jn_value v) { return v.as.function; }

/* The frame in which a row's variables are visible. */
struct jsonata_frame *tuple_frame(struct jsonata_eval *e, const struct tuple_layout *t, const struct tuple *row,
                                  struct jsonata_frame *f);

/* Filters on a stream of tuples that an inner path gave: (a.b)[%.c]. */
jn_value tuple_filter(const struct filters *fs, struct jsonata_eval *e, jn_value rows, struct jsonata_frame *f);

/* The items of a stream, as a sequence; any other value as it is. */
jn_value tuple_items(struct jsonata_eval *e, jn_value v);

/* Runs a path with tuples to its stream, or to the sequence of its items. */
jn_value tuple_path(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f);

/* One plain step over an array of items; spreads results into a new sequence. */
jn_value path_step_all(const struct step *s, struct jsonata_eval *e, jn_value items, struct jsonata_frame *f);

/* What one step finds from one item: its value, filters not applied. */
jn_value path_step_value(const struct step *s, struct jsonata_eval *e, jn_value item, struct jsonata_frame *f);

/* The items a path starts from, as an array. */
jn_value path_input(const struct path_node *p, struct jsonata_eval *e, jn_value context);

/* An array constructor at the head of a path: evaluated once, for all items.  Gives the next step's items. */
jn_value path_first(const struct path_node *p, struct jsonata_eval *e, jn_value context, struct jsonata_frame *f);

/* Whether the path that has just failed may be run once more to find the reference's error. */
bool path_can_repeat(const struct jsonata_eval *e);

/* What comes after the last step: keepArray, grouping, unwrapping.  `found` is a sequence or an array as it is. */
jn_value path_finish(const struct path_node *p, struct jsonata_eval *e, jn_value found, struct jsonata_frame *f);

#endif
