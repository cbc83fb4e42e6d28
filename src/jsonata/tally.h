/* tally.h - aggregates of a path, taken while the path runs: $sum(a.b) needs no sequence of all a.b.
 *
 * A tally is what has been seen so far; a tally sink stands at the end of a path's steps and adds to one.  What only
 * the general way can judge (a member that is no number, an empty array as the only result) makes a tally odd: whoever
 * asked for it then evaluates the call as it is written. */
#ifndef JSONATA_TALLY_H
#define JSONATA_TALLY_H

#include "jsonata/hash_set.h"
#include "jsonata/path.h"

#define TALLY_KINDS(X)                                                                                              \
    X(COUNT, "count") X(EXISTS, "exists") X(SUM, "sum") X(AVERAGE, "average") X(MAX, "max") X(MIN, "min")           \
    X(DISTINCT, "distinct")

enum tally_kind {
#define X(kind, name) TALLY_##kind,
    TALLY_KINDS(X)
#undef X
    TALLY_FIRST,                /* EXISTS, for paths whose further items cannot raise an error */
    TALLY_PATH,                 /* no aggregate: what the path finds */
    TALLY_KINDS_LEN
};

struct tally {
    uint32_t results, count;    /* what steps gave, and how many items that made */
    bool is_odd, has_special;       /* special: an array among them, a function, or nothing */
    double number;              /* the sum, or the largest so far */
    struct found found;         /* PATH; DISTINCT: the first item, then those that differ */
    struct hash_set *seen;      /* DISTINCT, once there are many */
};

struct tally_sink {
    struct sink sink;
    struct tally *to;
};

void tally_sink_init(struct tally_sink *s, enum tally_kind kind, struct jsonata_eval *e, struct tally *to);

/* The aggregate of what was seen; sets is_odd when that is for the general way to say. */
jn_value tally_end(struct tally *t, enum tally_kind kind, struct jsonata_eval *e);

/* ---- aggregates of a grouping's values (aggregate.c, group.c) ------------------------------------------------- */

/* The aggregates that the values of a grouping ask for, to be taken while the items are put into their groups: in
 * Product{Name: {"n": $sum(Quantity)}} each product is looked at once, however many aggregates there are. */
struct tally_entry {
    enum tally_kind kind;
    const struct path_node *path;
    uint32_t from;              /* its first step for an item: 1 after $ */
    uint32_t pair;              /* of which pair's value */
    bool is_names;              /* all its steps are names without anything */
};

struct tally_plan {
    struct tally_entry *at;
    uint32_t len, cap;
    uint32_t pair;              /* whose value is being compiled */
    uint32_t nesting;           /* of evaluations, at most */
    bool has_calls;             /* of built-ins; the host may put its functions in their place */
    bool is_fixed;              /* no value binds variables: they mean the same before and after */
};

struct tally_plan *tally_plan_new(struct compiler *c, const struct ast_node *group);

/* The tallies of all groups of one grouping, while they are made. */
struct tallies {
    const struct tally_plan *plan;      /* NULL: none are taken */
    struct jsonata_eval *e;
    struct tally_sink *ends;            /* by entry of the plan */
    struct sink **heads;
    struct tally *at;                   /* by group and entry */
    uint32_t cap;                       /* groups */
};

/* Prepares for `plan`, if it fits here and now; else for none. */
void tallies_open(struct tallies *t, const struct tally_plan *plan, struct jsonata_eval *e, struct jsonata_frame *f);

/* Counts `item` in for what the value of `pair` asks of its group. */
void tallies_add(struct tallies *t, uint32_t group, uint32_t pair, jn_value item);

/* The group's tallies, for e->tallies. */
static inline struct tally *tallies_of(const struct tallies *t, uint32_t group)
{
    return t->plan ? &t->at[(size_t)group * t->plan->len] : NULL;
}

/* Whether tallies would show in nothing but speed, here and now. */
bool tally_plan_fits(const struct tally_plan *p, const struct jsonata_eval *e);

#endif
