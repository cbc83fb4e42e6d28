/* retry.h - when a failed attempt is followed by another, and after how long: the standard mode of AWS's clients
 * (revision of 2026) and the rate limiter of the adaptive mode.  Pure: time and chance are arguments; compared with
 * recorded walks (our spec, sections 5.1 and 5.3).  Private to this folder. */
#ifndef LAMBDA_RETRY_H
#define LAMBDA_RETRY_H

#include "lambda/response.h"

enum {
    LAMBDA_USUAL_ATTEMPTS = 3,          /* when nobody says otherwise, the first one included */
    LAMBDA_MAX_ATTEMPTS = 1000,         /* that can be asked for */
};

/* The retry quota: shared by all calls of a client, so that a service in trouble is not asked by everyone again. */
struct lambda_quota {
    int capacity;
};

void lambda_quota_init(struct lambda_quota *q);
/* Takes what a retry of this class costs; false: not enough left, no retry. */
bool lambda_quota_take(struct lambda_quota *q, enum lambda_retry class);
/* A call succeeded; `last` is the class of its last retry, LAMBDA_RETRY_NONE when the first attempt did. */
void lambda_quota_give(struct lambda_quota *q, enum lambda_retry last);

/* Milliseconds before retry number `index` (0: the first).  `random` is in [0, 1); `hint_ms` < 0: no hint. */
int64_t lambda_backoff_ms(enum lambda_retry class, unsigned index, double random, int64_t hint_ms);

/* The adaptive mode's rate limiter.  Times are seconds of one clock. */
struct lambda_limiter {
    bool is_enabled, has_refilled;      /* it slows nobody down before the first throttling */
    double tokens, fill_rate, max_capacity, tx_rate, last_max, window, bucket, last_throttle, last_refill;
    unsigned count;
};

void lambda_limiter_init(struct lambda_limiter *l, double now);
/* Takes a token; 0: taken.  Otherwise seconds to wait before asking again. */
double lambda_limiter_take(struct lambda_limiter *l, double now);
/* An attempt ended, in whatever way. */
void lambda_limiter_after(struct lambda_limiter *l, double now, bool is_throttled);

#endif
