/* trace_context.c - see trace_context.h. */
#include "component/trace_context.h"

#include <stdio.h>

/* Where the parts of a traceparent begin, and its length: version-trace_id-parent_id-flags. */
enum { TRACE_ID = 3, PARENT_ID = 36, FLAGS = 53, LENGTH = 55 };

/* `len` digits in lower case, not all of them 0. */
static bool is_id(jn_str s, size_t at, size_t len)
{
    bool is_zero = true;
    for (size_t i = at; i < at + len; i++) {
        const char c = s.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        is_zero = is_zero && c == '0';
    }
    return !is_zero;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool component_trace_id(jn_str s, char out[COMPONENT_TRACE_ID])
{
    // Later versions may be longer and begin with the same parts; ff is none.
    if (s.len < LENGTH || digit(s.data[0]) < 0 || digit(s.data[1]) < 0 || jn_str_starts(s, JN_STR("ff")))
        return false;
    if (jn_str_starts(s, JN_STR("00")) ? s.len != LENGTH : s.len > LENGTH && s.data[LENGTH] != '-')
        return false;
    if (s.data[TRACE_ID - 1] != '-' || s.data[PARENT_ID - 1] != '-' || s.data[FLAGS - 1] != '-' ||
        !is_id(s, TRACE_ID, 32) || !is_id(s, PARENT_ID, 16) || digit(s.data[FLAGS]) < 0 || digit(s.data[FLAGS + 1]) < 0)
        return false;
    snprintf(out, COMPONENT_TRACE_ID, "Root=1-%.8s-%.24s;Parent=%.16s;Sampled=%d", s.data + TRACE_ID,
             s.data + TRACE_ID + 8, s.data + PARENT_ID, digit(s.data[FLAGS + 1]) & 1);
    return true;
}
