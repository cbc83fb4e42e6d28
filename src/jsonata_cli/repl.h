/* repl.h - reads expressions from a person, evaluates them against a document, prints what comes out. */
#ifndef JSONATA_CLI_REPL_H
#define JSONATA_CLI_REPL_H

#include "options.h"

int repl(const struct options *o);

#endif
