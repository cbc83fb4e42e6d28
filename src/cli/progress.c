/* progress.c - see progress.h. */
#include "cli/progress.h"

enum { REDRAW_US = 100000, SUB = 16 };

void progress_init(struct progress *p, bool on_terminal, int64_t now_us)
{
    *p = (struct progress){ .on_terminal = on_terminal, .started_us = now_us, .bytes_total = -1 };
}

/* Buckets 0..15 hold single microseconds; then 16 buckets for each power of two. */
static unsigned bucket_of(uint64_t us)
{
    if (us < SUB)
        return (unsigned)us;
    const unsigned exponent = 63 - (unsigned)__builtin_clzll(us);       // 4 and up
    const unsigned b = (exponent - 3) * SUB + (unsigned)(us >> (exponent - 4)) - SUB;
    return b < PROGRESS_BUCKETS ? b : PROGRESS_BUCKETS - 1;
}

/* The highest value in a bucket. */
static int64_t bucket_top(unsigned b)
{
    if (b < SUB)
        return b;
    const unsigned exponent = b / SUB + 3;
    return (int64_t)(((uint64_t)(b % SUB) + SUB + 1) << (exponent - 4)) - 1;
}

void progress_measure(struct progress *p, int64_t latency_us)
{
    p->buckets[bucket_of(latency_us > 0 ? (uint64_t)latency_us : 0)]++;
    p->measured++;
}

int64_t progress_percentile(const struct progress *p, double share)
{
    const uint64_t rank = (uint64_t)(share * (double)p->measured);
    uint64_t seen = 0;
    for (unsigned b = 0; b < PROGRESS_BUCKETS; b++) {
        seen += p->buckets[b];
        if (seen > rank || (seen && seen == p->measured))
            return bucket_top(b);
    }
    return 0;
}

static double seconds_since(const struct progress *p, int64_t now_us)
{
    const int64_t us = now_us - p->started_us;
    return us > 1000 ? (double)us / 1e6 : 0.001;
}

/* "  ETA 12 s" when the size is known and something is done. */
static void print_eta(const struct progress *p, double seconds)
{
    if (p->bytes_total <= 0 || p->bytes_done <= 0)
        return;
    const double share = (double)p->bytes_done / (double)p->bytes_total;
    if (share < 1)
        fprintf(stderr, "  %.0f %%, %.0f s to go", share * 100, seconds / share - seconds);
}

void progress_draw(struct progress *p, int64_t now_us)
{
    if (!p->on_terminal || (p->drawn && now_us - p->last_drawn_us < REDRAW_US))
        return;
    p->drawn = true;
    p->last_drawn_us = now_us;
    const uint64_t done = p->succeeded + p->failed;
    const double seconds = seconds_since(p, now_us);
    fprintf(stderr, "\r\033[K%llu done, %llu failed, %llu in flight, %.0f a second", (unsigned long long)done,
            (unsigned long long)p->failed, (unsigned long long)p->in_flight, (double)done / seconds);
    print_eta(p, seconds);
    fflush(stderr);
}

void progress_erase(struct progress *p)
{
    if (!p->drawn)
        return;
    p->drawn = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

void progress_summary(const struct progress *p, int64_t now_us, FILE *out)
{
    const uint64_t done = p->succeeded + p->failed;
    const double seconds = seconds_since(p, now_us);
    fprintf(out, "%llu message%s in %.1f s: %llu succeeded, %llu failed", (unsigned long long)done,
            done == 1 ? "" : "s", seconds, (unsigned long long)p->succeeded, (unsigned long long)p->failed);
    if (p->not_started)
        fprintf(out, ", %llu read but not sent", (unsigned long long)p->not_started);
    fprintf(out, "; %.0f a second", (double)done / seconds);
    if (p->measured)
        fprintf(out, "; calls took %.1f ms (median), %.1f ms (99 %%)", (double)progress_percentile(p, 0.5) / 1000,
                (double)progress_percentile(p, 0.99) / 1000);
    fputc('\n', out);
}
