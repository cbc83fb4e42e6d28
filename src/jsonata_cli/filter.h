/* filter.h - the command's main use: an expression over a stream of values. */
#ifndef JSONATA_CLI_FILTER_H
#define JSONATA_CLI_FILTER_H

#include "options.h"

/* Evaluates and prints; gives the exit status. */
int filter(const struct options *o, jn_str expression);

#endif
