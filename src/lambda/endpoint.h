/* endpoint.h - regions, partitions and host names (our spec, section 3).  The table is region_table.c. */
#ifndef LAMBDA_ENDPOINT_H
#define LAMBDA_ENDPOINT_H

#include "core/buf.h"

struct lambda_region {
    const char *code, *name, *partition;
    bool opt_in;
};

/* The known regions, sorted by code; NULL past the end. */
const struct lambda_region *lambda_region_at(size_t i);

/* The known region with this code, or NULL. */
const struct lambda_region *lambda_region_find(jn_str code);

/* JN_BAD_VALUE when `region` cannot be a host label: it must never reach a URL. */
enum jn_status lambda_region_check(jn_str region, struct jn_error *err);

/* The partition of any region, listed or not: "aws" when nothing else matches. */
const char *lambda_partition_of(jn_str region);

/* SDKs know "fips-us-east-1" and "us-east-1-fips" as names of us-east-1 with FIPS switched on: the plain name, and
 * whether it was such a name. */
jn_str lambda_region_plain(jn_str region, bool *is_fips);

/* The region that goes into a signature: the plain name; for "aws-global" and its like where the partition keeps its
 * global services. */
jn_str lambda_signing_region(jn_str region);

struct lambda_endpoint_options {
    const char *service;            /* "lambda" or "sts" */
    jn_str region;                  /* {NULL, 0}: none */
    jn_str custom;                  /* endpoint URL that was set somewhere; {NULL, 0}: none */
    bool use_fips, use_dual_stack;
};

/* Appends "https://host" or the custom endpoint without a trailing slash.  JN_BAD_VALUE with the reason. */
enum jn_status lambda_endpoint(const struct lambda_endpoint_options *opt, struct jn_buf *out, struct jn_error *err);

#endif
