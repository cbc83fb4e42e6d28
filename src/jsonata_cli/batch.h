/* batch.h - a machine's interface: requests in, answers out, one JSON object a line each; see jsonata(1). */
#ifndef JSONATA_CLI_BATCH_H
#define JSONATA_CLI_BATCH_H

#include "options.h"

int batch(const struct options *o);

#endif
