/* signal.h - signals as events of the loop. */
#ifndef BASE_SIGNAL_H
#define BASE_SIGNAL_H

#include "base/loop.h"

struct base_signal;
typedef void base_signal_fn(int signum, void *arg);

/* Calls `fn` each time `signum` arrives, until freed.  Does not keep the loop alive. */
enum jn_status base_signal_new(struct base_loop *l, int signum, base_signal_fn *fn, void *arg, struct base_signal **out,
                               struct jn_error *err);
void base_signal_free(struct base_signal *s);

#endif
