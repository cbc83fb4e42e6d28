/* document.h - what the service says of functions, versions and aliases: the JSON of our spec, section 2.1. */
#ifndef LOCAL_DOCUMENT_H
#define LOCAL_DOCUMENT_H

#include "local/function.h"

/* FunctionConfiguration.  Lists leave its state out; the ARN has the version's number when it `is_qualified`. */
void local_put_function(struct jn_buf *out, struct local_version *v, bool is_qualified, bool is_in_list);

void local_put_alias(struct jn_buf *out, const struct local_function *f, const struct local_alias *alias);

/* What GetFunction answers. */
void local_put_function_and_code(struct jn_buf *out, struct local_version *v, bool is_qualified);

#endif
