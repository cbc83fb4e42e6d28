/* metrics.h - what a step counts, and its Prometheus text (exposition format 0.0.4).  Plain numbers in one struct: the
 * loop's thread writes and reads them. */
#ifndef SAILOR_METRICS_H
#define SAILOR_METRICS_H

#include "core/buf.h"

enum { SAILOR_BUCKETS = 14 };

/* Latencies in buckets of 0.5 ms x 2^i and one without an end. */
struct sailor_histogram {
    uint64_t count[SAILOR_BUCKETS + 1];
    uint64_t sum_us;
};
void sailor_histogram_add(struct sailor_histogram *h, int64_t us);

enum sailor_outcome {
    SAILOR_DONE,            /* acked */
    SAILOR_FAILED,          /* error published, rejected */
    SAILOR_REBOUNDED,
    SAILOR_UNDECODABLE,
    SAILOR_DUPLICATE,       /* a copy of one in process */
    SAILOR_OUTCOMES
};

struct sailor_metrics {
    uint64_t messages[SAILOR_OUTCOMES];
    uint64_t emitted[5];            /* data, error, rebound, snapshot, httpReply */
    uint64_t publish_retries, returned, nacked;
    uint64_t reconnects[2];         /* read, write */
    uint64_t throttle_waits;
    uint64_t bytes_in, bytes_out;
    uint64_t platform_requests, platform_failures;
    int64_t in_flight;
    struct sailor_histogram processing, publish;
};

/* What an action adds of its own: appends whole families. */
typedef void sailor_metrics_more_fn(struct jn_buf *out, void *arg);

void sailor_metrics_write(const struct sailor_metrics *m, struct jn_buf *out);

/* Appends one histogram family: "# HELP", "# TYPE", buckets in seconds, sum and count.  `labels` may be "". */
void sailor_metrics_write_histogram(struct jn_buf *out, const char *name, const char *help, const char *labels,
                                    const struct sailor_histogram *h);

#endif
