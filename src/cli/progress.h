/* progress.h - counting outcomes, and telling a person about them: a line that renews itself on a terminal, and a
 * summary. Latencies go into buckets of logarithmic width (about 6 %), so that memory does not grow with the input. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdio.h>

#include "core/str.h"

enum { PROGRESS_BUCKETS = 16 * 44 };

struct progress {
    bool on_terminal;
    int64_t started_us, last_drawn_us;
    uint64_t succeeded, failed, not_started;
    uint64_t in_flight;
    int64_t bytes_done, bytes_total;        /* total -1: not known */
    uint32_t buckets[PROGRESS_BUCKETS];     /* latencies of calls that were answered */
    uint64_t measured;
    bool drawn;
};

/* `on_terminal`: standard error is one, and nobody asked for quiet. */
void progress_init(struct progress *p, bool on_terminal, int64_t now_us);

void progress_measure(struct progress *p, int64_t latency_us);

/* The latency in microseconds that `share` (0 to 1) of the calls did not exceed; 0 without calls. */
int64_t progress_percentile(const struct progress *p, double share);

/* Draws the line when it is due (ten times a second). */
void progress_draw(struct progress *p, int64_t now_us);

/* Takes the line off the terminal, before something else is printed. */
void progress_erase(struct progress *p);

/* "300 messages in 2.1 s: 297 succeeded, 3 failed; 143 a second; latency 12 ms median, 35 ms at most for 99 %". */
void progress_summary(const struct progress *p, int64_t now_us, FILE *out);

#endif
