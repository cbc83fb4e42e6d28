/* loop_internal.h - what the other files of src/base may know of a loop.  Nobody outside this folder includes it. */
#ifndef BASE_LOOP_INTERNAL_H
#define BASE_LOOP_INTERNAL_H

#include <uv.h>

#include "base/loop.h"

uv_loop_t *base_loop_uv(struct base_loop *l);

/* Every object on the loop counts itself in when it is made and out when its user frees it, which is earlier than its
 * memory goes.  base_loop_free() asserts that nobody was forgotten. */
void base_loop_hold(struct base_loop *l);
void base_loop_release(struct base_loop *l);

/* What to give uv_timer_start() for `ms` from now: libuv counts from the start of the round, which may be a while
 * ago. */
uint64_t base_loop_delay(struct base_loop *l, int64_t ms);

#endif
