/* timer.h - one-shot timers on a loop. */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/loop.h"

struct base_timer;
typedef void base_timer_fn(struct base_timer *t, void *arg);

/* A timer that is not running. */
enum jn_status base_timer_new(struct base_loop *l, base_timer_fn *fn, void *arg, struct base_timer **out,
                              struct jn_error *err);

/* Calls back once, `ms` milliseconds from now; starting again replaces the earlier start. */
void base_timer_start(struct base_timer *t, int64_t ms);
void base_timer_stop(struct base_timer *t);
bool base_timer_is_running(const struct base_timer *t);

/* A timer that does not keep the loop alive. */
void base_timer_set_background(struct base_timer *t);
void base_timer_free(struct base_timer *t);

#endif
