/* trace_context.h - W3C trace context (https://www.w3.org/TR/trace-context/, version 00) as AWS X-Ray writes it. */
#ifndef COMPONENT_TRACE_CONTEXT_H
#define COMPONENT_TRACE_CONTEXT_H

#include <stdbool.h>

#include "core/str.h"

enum { COMPONENT_TRACE_ID = 80 };

/* "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" as
 * "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1".  False for what is no traceparent. */
bool component_trace_id(jn_str traceparent, char out[COMPONENT_TRACE_ID]);

#endif
