/* region_table.h - what region_table.c holds; private to this folder. */
#ifndef LAMBDA_REGION_TABLE_H
#define LAMBDA_REGION_TABLE_H

#include "lambda/endpoint.h"

struct lambda_partition {
    const char *id, *dns_suffix, *dual_stack_suffix;
    const char *global_region;      /* where services without regions are signed */
    const char *pseudo[2];          /* names that stand for the whole partition; NULL ends */
    const char *heads[12];          /* a region of it is one of these, a word, '-' and a number; NULL ends */
};

extern const struct lambda_partition lambda_partitions[];
extern const size_t lambda_partition_count;
extern const struct lambda_region lambda_regions[];
extern const size_t lambda_region_count;

#endif
