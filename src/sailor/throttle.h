/* throttle.h - events per interval, with the reference's algorithm (platform-protocol.md, 3.11): a pure clockwork.  Who
 * waits keeps its own timer. */
#ifndef SAILOR_THROTTLE_H
#define SAILOR_THROTTLE_H

#include <stdint.h>

struct sailor_throttle {
    int64_t limit, interval_ms;     /* set by the owner; limit < 1: no limit */
    int64_t window_ms, count;       /* private */
};

/* Takes a turn at `now_ms` and returns when it is due: now, or later. */
int64_t sailor_throttle_take(struct sailor_throttle *t, int64_t now_ms);

#endif
