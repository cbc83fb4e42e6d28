/* backoff.c - see backoff.h. */
#include "sailor/backoff.h"

int64_t sailor_backoff_ms(int64_t base_ms, unsigned n, int64_t cap_ms, double chance)
{
    int64_t ms = base_ms;
    while (n-- && ms < cap_ms)
        ms = ms > INT64_MAX / 2 ? INT64_MAX : ms * 2;
    if (ms > cap_ms)
        ms = cap_ms;
    return ms - (int64_t)((double)ms * chance / 4);
}
