/* loop.h - the event loop, and our lifetime rules over libuv's handles.
 *
 *   1. One thread owns a loop and everything made on it.
 *   2. A callback never runs inside the call that started it.
 *   3. If starting fails, the callback never runs; if it succeeds, it runs exactly once (sources: once per event).
 *   4. X_free() may be called at any time, also from X's own callback; memory that libuv still needs is kept until its
 *      close callback, and no callback of X runs after X_free(). */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "core/status.h"

struct base_loop;

enum jn_status base_loop_new(struct base_loop **out, struct jn_error *err);

/* Runs what is still closing, then frees.  Everything made on the loop must have been freed before (asserted). */
void base_loop_free(struct base_loop *l);

/* Runs until base_loop_stop() or until nothing is left that could happen. */
void base_loop_run(struct base_loop *l);
void base_loop_stop(struct base_loop *l);

/* Milliseconds of a clock that never goes back; cached per round of the loop. */
int64_t base_loop_now_ms(const struct base_loop *l);

/* Runs `fn` in this or the next round of the loop, after the current callback has returned. */
typedef void base_deferred_fn(void *arg);
enum jn_status base_loop_defer(struct base_loop *l, base_deferred_fn *fn, void *arg);

#endif
