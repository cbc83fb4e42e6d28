/* regex_pool.c - see regex_pool.h. */
#include "jsonata/regex_pool.h"

struct jsonata_regex *regex_pool_find(const struct regex_pool *p, jn_str pattern, bool ignore_case, bool multiline)
{
    for (unsigned i = 0; i < p->len; i++)
        if (p->at[i].ignore_case == ignore_case && p->at[i].multiline == multiline &&
            jn_str_eq(jsonata_regex_pattern(p->at[i].regex), pattern))
            return p->at[i].regex;
    return NULL;
}

bool regex_pool_add(struct regex_pool *p, struct jsonata_regex *r, bool ignore_case, bool multiline)
{
    if (p->len == REGEX_POOL_PLACES)
        return false;
    p->at[p->len].regex = r;
    p->at[p->len].ignore_case = ignore_case;
    p->at[p->len].multiline = multiline;
    p->len++;
    return true;
}

void regex_pool_clear(struct regex_pool *p)
{
    while (p->len)
        jsonata_regex_free(p->at[--p->len].regex);
}

void regex_pool_reset(struct regex_pool *p)
{
    if (p->len == REGEX_POOL_PLACES)
        regex_pool_clear(p);
}
