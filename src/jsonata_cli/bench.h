/* bench.h - measures one expression on one document: see jsonata(1), --bench. */
#ifndef JSONATA_CLI_BENCH_H
#define JSONATA_CLI_BENCH_H

#include "options.h"

int bench(const struct options *o, jn_str expression);

#endif
