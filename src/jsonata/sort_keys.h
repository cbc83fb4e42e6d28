/* sort_keys.h - stable sorting of places by what stands there, all numbers or all strings: order-by and $sort. */
#ifndef JSONATA_SORT_KEYS_H
#define JSONATA_SORT_KEYS_H

#include "jsonata/eval.h"

/* The place of a value in its column, and a number that orders values as far as 64 bits go. */
struct sort_key {
    uint64_t prefix;
    uint32_t index;
};

/* What is sorted: the value of place i is values[i * stride]. */
struct sort_column {
    const jn_value *values;
    size_t stride;
    bool is_text;               /* strings, by UTF-16 code units; else numbers, none of them NaN */
    bool is_descending;
};

/* Sorts k[0..n), whose indexes are set, by the column; equal ones stay in their order.  `spare` has room for n. */
void sort_keys(const struct sort_column *c, struct sort_key *k, struct sort_key *spare, uint32_t n);

/* How many of the sorted k[0..n), n > 0, are equal to the first. */
uint32_t sort_keys_equal(const struct sort_column *c, const struct sort_key *k, uint32_t n);

#endif
