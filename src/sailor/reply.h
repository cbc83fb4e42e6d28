/* reply.h - the other side of the answers that action.h asks of an action: who waits for one.  Private to this folder. */
#ifndef SAILOR_REPLY_H
#define SAILOR_REPLY_H

#include "base/timer.h"
#include "sailor/action.h"

/* `failed` is NULL for a value, which may be {NULL, 0}.  Valid during the call. */
typedef void sailor_replied_fn(const struct sailor_failure *failed, jn_str value, void *arg);

/* An answer that is waited for.  It calls back once, never inside the call that answers; then it is freed. */
enum jn_status sailor_reply_new(struct base_loop *l, sailor_replied_fn *fn, void *arg, struct sailor_reply **out,
                                struct jn_error *err);

/* What sailor_reply_update_keys() was given; {NULL, 0}: nothing.  For the callback. */
jn_str sailor_reply_keys(const struct sailor_reply *r);

/* Nobody waits any more: the answer, which may still come, is dropped, and the reply freed with it. */
void sailor_reply_forget(struct sailor_reply *r);

#endif
