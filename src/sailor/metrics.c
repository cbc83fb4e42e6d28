/* metrics.c - what a step counts, as Prometheus reads it.  One table has every counter: its name, the sentence about
 * it, the label and its values; docs/operations.md lists them. */
#include "sailor/metrics.h"

#include "core/number.h"

/* ---- histograms ---------------------------------------------------------------------------------------------- */

static uint64_t bucket_us(unsigned i)
{
    return UINT64_C(500) << i;
}

void sailor_histogram_add(struct sailor_histogram *h, int64_t us)
{
    const uint64_t n = us > 0 ? (uint64_t)us : 0;
    unsigned i = 0;
    while (i < SAILOR_BUCKETS && n > bucket_us(i))
        i++;
    h->count[i]++;
    h->sum_us += n;
}

static void put_seconds(struct jn_buf *out, uint64_t us)
{
    char text[JN_NUMBER_MAX];
    jn_buf_append(out, (jn_str){ text, jn_number_format(text, (double)us / 1e6) });
}

static void put_head(struct jn_buf *out, const char *name, const char *help, const char *type)
{
    jn_buf_append_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name_suffix{labels} with a space behind */
static void put_sample(struct jn_buf *out, const char *name, const char *suffix, const char *labels)
{
    jn_buf_append_fmt(out, *labels ? "%s%s{%s} " : "%s%s%s ", name, suffix, labels);
}

static void put_buckets(struct jn_buf *out, const char *name, const char *labels, const struct sailor_histogram *h)
{
    uint64_t so_far = 0;
    for (unsigned i = 0; i <= SAILOR_BUCKETS; i++) {
        jn_buf_append_fmt(out, "%s_bucket{%s%sle=\"", name, labels, *labels ? "," : "");
        if (i < SAILOR_BUCKETS)
            put_seconds(out, bucket_us(i));
        else
            jn_buf_append_z(out, "+Inf");
        so_far += h->count[i];
        jn_buf_append_fmt(out, "\"} %llu\n", (unsigned long long)so_far);
    }
    put_sample(out, name, "_sum", labels);
    put_seconds(out, h->sum_us);
    jn_buf_append_char(out, '\n');
    put_sample(out, name, "_count", labels);
    jn_buf_append_fmt(out, "%llu\n", (unsigned long long)so_far);
}

void sailor_metrics_write_histogram(struct jn_buf *out, const char *name, const char *help, const char *labels,
                                    const struct sailor_histogram *h)
{
    put_head(out, name, help, "histogram");
    put_buckets(out, name, labels, h);
}

/* ---- counters ------------------------------------------------------------------------------------------------ */

#define AT(member) offsetof(struct sailor_metrics, member)

static const char *const outcomes[] = { [SAILOR_DONE] = "done", [SAILOR_FAILED] = "failed",
                                        [SAILOR_REBOUNDED] = "rebounded", [SAILOR_UNDECODABLE] = "undecodable",
                                        [SAILOR_DUPLICATE] = "duplicate" };
static const char *const kinds[] = { "data", "error", "rebound", "snapshot", "http_reply" };
static const char *const connections[] = { "read", "write" };

/* A row is one family; `values` name the elements of an array of uint64_t at `offset`. */
static const struct {
    const char *name, *help;
    size_t offset;
    const char *label;
    const char *const *values;
    size_t count;
} counters[] = {
    { "sailor_messages_total", "Messages that were settled, by outcome.", AT(messages), "outcome", outcomes,
      SAILOR_OUTCOMES },
    { "sailor_emitted_total", "What was emitted, by kind.", AT(emitted), "kind", kinds, 5 },
    { "sailor_publish_retries_total", "Attempts to publish after a failed one.", AT(publish_retries), NULL, NULL, 1 },
    { "sailor_publish_returned_total", "Publications that found no queue.", AT(returned), NULL, NULL, 1 },
    { "sailor_publish_nacked_total", "Publications that the broker refused.", AT(nacked), NULL, NULL, 1 },
    { "sailor_reconnects_total", "Connections to the broker after a lost one.", AT(reconnects), "connection",
      connections, 2 },
    { "sailor_throttle_waits_total", "Emissions that waited for their turn.", AT(throttle_waits), NULL, NULL, 1 },
    { "sailor_received_bytes_total", "Bytes of the payloads that came in.", AT(bytes_in), NULL, NULL, 1 },
    { "sailor_published_bytes_total", "Bytes of the payloads that were confirmed.", AT(bytes_out), NULL, NULL, 1 },
    { "sailor_platform_requests_total", "Requests to the platform's API and object storage.", AT(platform_requests),
      NULL, NULL, 1 },
    { "sailor_platform_failures_total", "Those of them that failed.", AT(platform_failures), NULL, NULL, 1 },
};

static uint64_t counter_at(const struct sailor_metrics *m, size_t offset, size_t i)
{
    uint64_t n;
    memcpy(&n, (const char *)m + offset + i * sizeof n, sizeof n);
    return n;
}

static void put_counter(struct jn_buf *out, const char *name, const char *label, const char *value, uint64_t n)
{
    if (label)
        jn_buf_append_fmt(out, "%s{%s=\"%s\"} %llu\n", name, label, value, (unsigned long long)n);
    else
        jn_buf_append_fmt(out, "%s %llu\n", name, (unsigned long long)n);
}

void sailor_metrics_write(const struct sailor_metrics *m, struct jn_buf *out)
{
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        put_head(out, counters[i].name, counters[i].help, "counter");
        for (size_t k = 0; k < counters[i].count; k++)
            put_counter(out, counters[i].name, counters[i].label, counters[i].label ? counters[i].values[k] : "",
                        counter_at(m, counters[i].offset, k));
    }
    put_head(out, "sailor_in_flight", "Messages in process.", "gauge");
    jn_buf_append_fmt(out, "sailor_in_flight %lld\n", (long long)m->in_flight);
    sailor_metrics_write_histogram(out, "sailor_processing_seconds", "From delivery to settlement.", "",
                                   &m->processing);
    sailor_metrics_write_histogram(out, "sailor_publish_seconds", "From publishing to the broker's confirm.", "",
                                   &m->publish);
}
