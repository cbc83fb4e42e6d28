/* backoff.h - how long to wait before trying again, as a pure function. */
#ifndef SAILOR_BACKOFF_H
#define SAILOR_BACKOFF_H

#include <stdint.h>

/* base x 2^n, `cap` at most; n from 0.  `chance` in [0, 1) shortens it by up to a quarter, so that many who failed at
 * once do not come back at once; 0: not at all. */
int64_t sailor_backoff_ms(int64_t base_ms, unsigned n, int64_t cap_ms, double chance);

#endif
