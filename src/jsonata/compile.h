/* compile.h - tree to program: names resolved to slots or built-ins, paths flattened, constants and shapes prepared.
 * The compiled form is a tree of closures: each node holds the function that evaluates it, specialised by what is known
 * of its operands.  A program is immutable; what an evaluation caches per node lives in the context. */
#ifndef JSONATA_COMPILE_H
#define JSONATA_COMPILE_H

#include "jsonata/ast.h"
#include "jsonata/eval.h"

#endif
