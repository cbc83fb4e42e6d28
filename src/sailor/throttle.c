/* throttle.c - see throttle.h.  A window that is full moves on by one interval, also past others who wait already. */
#include "sailor/throttle.h"

int64_t sailor_throttle_take(struct sailor_throttle *t, int64_t now_ms)
{
    if (t->limit < 1)
        return now_ms;
    if (now_ms - t->window_ms > t->interval_ms) {
        t->window_ms = now_ms;
        t->count = 1;
    } else if (t->count < t->limit) {
        t->count++;
    } else {
        t->window_ms += t->interval_ms;
        t->count = 1;
    }
    return t->window_ms > now_ms ? t->window_ms : now_ms;
}
