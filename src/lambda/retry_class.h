/* retry_class.h - whether a failed answer is worth another attempt; private to this folder. */
#ifndef LAMBDA_RETRY_CLASS_H
#define LAMBDA_RETRY_CLASS_H

#include "lambda/response.h"

/* `skew_ms`: how far the server's clock, by its Date header, is ahead of ours; 0 when it did not say. */
enum lambda_retry lambda_retry_class(int http_status, jn_str code, jn_str message, int64_t skew_ms);

/* x-amz-retry-after (milliseconds), else Retry-After (seconds, or a date seen from the answer's own Date); -1:
 * neither. */
int64_t lambda_retry_hint(const struct base_header *headers, size_t count, int64_t now_ms);

enum {
    LAMBDA_SKEW_MS = 240 * 1000,        /* AWS allows 5 minutes; from 4 on the clock is the likelier cause */
    LAMBDA_STALE_US = 900 * 1000000,    /* an answer that took longer says nothing about the time */
};

/* The service's time, by its Date header; false: there is none, or a cache answered (Age), so that it tells nothing. */
bool lambda_server_time(const struct base_header *headers, size_t count, int64_t *ms);

/* The correction that a difference of the clocks makes necessary: none for a few seconds, since a date comes late and
 * has whole seconds only. */
int64_t lambda_clock_offset(int64_t skew_ms);

/* The Date header minus `now_ms`; 0 when there is none, or a cache answered (Age), so that it tells nothing. */
int64_t lambda_clock_skew(const struct base_header *headers, size_t count, int64_t now_ms);

#endif
