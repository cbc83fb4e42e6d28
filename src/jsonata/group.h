/* group.h - what object constructors and groupings are compiled to. */
#ifndef JSONATA_GROUP_H
#define JSONATA_GROUP_H

#include "jsonata/path.h"

struct pair {
    const struct node *key, *value;
    jn_str name;                /* of a constant key */
};

struct group {
    struct pair *pairs;
    uint32_t len;
    bool is_constant;           /* keys are literals, all different, in their order of iteration */
    uint32_t site;              /* NO_SITE: none */
    int64_t position;
    const struct tuple_layout *tuples;
    const struct tally_plan *plan;      /* what the values ask for, or NULL */
};

/* One object with the keys of `g`, which are constant: its values are evaluated in order for one item. */
jn_value object_constant(const struct group *g, struct jsonata_eval *e, jn_value item, struct jsonata_frame *f);

#endif
