/* sample.h - a sample as a description of itself: JSON text in, a JSON schema in the platform's dialect out, so that
 * the mapper of the next step knows the fields of a result (platform-protocol.md, 8.2). */
#ifndef COMPONENT_SAMPLE_H
#define COMPONENT_SAMPLE_H

#include "core/buf.h"

/* Appends the schema of `sample`.  Members of an array are taken together: an object in it has the fields of all.  What
 * is null, or differs from member to member, has no type.  JN_BAD_TEXT with the place for what is no JSON. */
enum jn_status component_sample_schema(jn_str sample, struct jn_buf *out, struct jn_error *err);

#endif
