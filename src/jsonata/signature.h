/* signature.h - the <s-n:b> signatures of functions (spec 8.1), compiled once, applied to every call. */
#ifndef JSONATA_SIGNATURE_H
#define JSONATA_SIGNATURE_H

#include "jsonata/eval.h"

struct jsonata_signature;

/* Compiles "<...>" into `a`.  NULL on failure with fault->code S0401 or S0402 (NULL code: memory). */
struct jsonata_signature *jsonata_signature_compile(struct jn_arena *a, jn_str text, struct jsonata_fault *fault);

/* Checks `count` arguments and writes the ones to call with to `out` (room for count + JSONATA_MAX_ARITY), context
 * inserted and single values wrapped as the signature says.  Returns how many; raises T0410, T0411, T0412. */
uint32_t jsonata_signature_apply(struct jsonata_eval *e, const struct jsonata_signature *s, jn_value context,
                                 const jn_value *args, uint32_t count, jn_value *out);

/* The usual case: every argument is of a type that its parameter takes as it is.  Then `args`, with nothing for the
 * parameters that are left out, is what jsonata_signature_apply() would make of it; it has room for them.  Gives how
 * many there are, or UINT32_MAX when it is another case. */
uint32_t jsonata_signature_fits(const struct jsonata_signature *s, jn_value *args, uint32_t count);

/* How many arguments it can take: UINT32_MAX when a parameter takes any number.  NULL takes none. */
uint32_t jsonata_signature_most(const struct jsonata_signature *s);

#endif
