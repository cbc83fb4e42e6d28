/* retry.c - see retry.h.  The numbers are those of AWS's clients (our spec, sections 5.1 and 5.3). */
#include "lambda/retry.h"

#include <math.h>

enum {
    CAPACITY = 500,
    COST_TRANSIENT = 14,
    COST_THROTTLING = 5,
    BASE_TRANSIENT_MS = 50,
    BASE_THROTTLING_MS = 1000,
    LONGEST_MS = 20000,
    HINT_SLACK_MS = 5000,               // a server may stretch a wait by this much
};

/* ---- quota and waits ----------------------------------------------------------------------------------------- */

static int cost(enum lambda_retry class)
{
    return class == LAMBDA_RETRY_THROTTLING ? COST_THROTTLING : COST_TRANSIENT;
}

void lambda_quota_init(struct lambda_quota *q)
{
    q->capacity = CAPACITY;
}

bool lambda_quota_take(struct lambda_quota *q, enum lambda_retry class)
{
    if (q->capacity < cost(class))
        return false;
    q->capacity -= cost(class);
    return true;
}

void lambda_quota_give(struct lambda_quota *q, enum lambda_retry last)
{
    q->capacity += last == LAMBDA_RETRY_NONE ? 1 : cost(last);
    if (q->capacity > CAPACITY)
        q->capacity = CAPACITY;
}

int64_t lambda_backoff_ms(enum lambda_retry class, unsigned index, double random, int64_t hint_ms)
{
    const double base = class == LAMBDA_RETRY_THROTTLING ? BASE_THROTTLING_MS : BASE_TRANSIENT_MS;
    const double longest = index < 16 ? fmin(base * (double)(1u << index), LONGEST_MS) : LONGEST_MS;
    const int64_t wait_ms = (int64_t)(random * longest);
    if (hint_ms <= wait_ms)
        return wait_ms;
    return hint_ms < wait_ms + HINT_SLACK_MS ? hint_ms : wait_ms + HINT_SLACK_MS;
}

/* ---- the rate limiter ---------------------------------------------------------------------------------------- */

static const double beta = 0.7, scale = 0.4, smooth = 0.8, least_rate = 0.5, least_capacity = 1;

void lambda_limiter_init(struct lambda_limiter *l, double now)
{
    *l = (struct lambda_limiter){
        .fill_rate = least_rate, .max_capacity = least_capacity, .bucket = floor(now), .last_throttle = now,
    };
}

static void refill(struct lambda_limiter *l, double now)
{
    if (l->has_refilled)
        l->tokens = fmin(l->max_capacity, l->tokens + (now - l->last_refill) * l->fill_rate);
    l->has_refilled = true;
    l->last_refill = now;
}

double lambda_limiter_take(struct lambda_limiter *l, double now)
{
    if (!l->is_enabled)
        return 0;
    refill(l, now);
    if (l->tokens < 1)
        return (1 - l->tokens) / l->fill_rate;
    l->tokens -= 1;
    return 0;
}

/* Attempts per second, in halves of a second, smoothed. */
static void measure(struct lambda_limiter *l, double now)
{
    const double bucket = floor(now * 2) / 2;
    l->count++;
    if (bucket <= l->bucket)
        return;
    l->tx_rate = smooth * l->count / (bucket - l->bucket) + (1 - smooth) * l->tx_rate;
    l->count = 0;
    l->bucket = bucket;
}

static void find_window(struct lambda_limiter *l)
{
    l->window = cbrt(l->last_max * (1 - beta) / scale);
}

/* Throttled: down by a third.  Else a cubic curve that is flat where it was throttled last, as in TCP CUBIC. */
static double next_rate(struct lambda_limiter *l, double now, bool is_throttled)
{
    if (is_throttled) {
        l->last_max = l->is_enabled ? fmin(l->tx_rate, l->fill_rate) : l->tx_rate;
        find_window(l);
        l->last_throttle = now;
        l->is_enabled = true;
        return beta * l->last_max;
    }
    find_window(l);
    return scale * pow(now - l->last_throttle - l->window, 3) + l->last_max;
}

void lambda_limiter_after(struct lambda_limiter *l, double now, bool is_throttled)
{
    measure(l, now);
    const double rate = fmin(next_rate(l, now, is_throttled), 2 * l->tx_rate);
    refill(l, now);
    l->fill_rate = fmax(rate, least_rate);
    l->max_capacity = fmax(rate, least_capacity);
    l->tokens = fmin(l->tokens, l->max_capacity);
}
