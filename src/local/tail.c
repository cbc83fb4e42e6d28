/* tail.c - the log of one invocation.
 *
 * AWS keeps no more than 4096 bytes for the caller, however much a function prints, so a ring of that size is all that
 * is needed: memory per invocation does not depend on what the function does. */
#include "local/tail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void local_tail_add(struct local_tail *t, jn_str bytes)
{
    if (bytes.len > LOCAL_TAIL_MAX) {
        t->total += bytes.len - LOCAL_TAIL_MAX;     // as if written and overwritten
        bytes = jn_str_sub(bytes, bytes.len - LOCAL_TAIL_MAX, bytes.len);
    }
    const size_t at = t->total % LOCAL_TAIL_MAX, room = LOCAL_TAIL_MAX - at;
    const jn_str head = jn_str_sub(bytes, 0, room), rest = jn_str_sub(bytes, room, bytes.len);
    if (head.len > 0)
        memcpy(t->ring + at, head.data, head.len);
    if (rest.len > 0)
        memcpy(t->ring, rest.data, rest.len);
    t->total += bytes.len;
}

void local_tail_add_line(struct local_tail *t, jn_str line)
{
    local_tail_add(t, line);
    local_tail_add(t, JN_STR("\n"));
}

void local_tail_copy(const struct local_tail *t, struct jn_buf *out)
{
    if (t->total <= LOCAL_TAIL_MAX) {
        jn_buf_append(out, (jn_str){ t->ring, t->total });
        return;
    }
    const size_t at = t->total % LOCAL_TAIL_MAX;
    jn_buf_append(out, (jn_str){ t->ring + at, LOCAL_TAIL_MAX - at });
    jn_buf_append(out, (jn_str){ t->ring, at });
}

/* ---- Lambda's own lines --------------------------------------------------------------------------------------- */

JN_PRINTF(2, 3)
static void add_fmt(struct local_tail *t, const char *fmt, ...)
{
    char text[512];     // ids, numbers and words of ours: the longest line has about 250
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len > 0)
        local_tail_add(t, jn_str_sub((jn_str){ text, sizeof text - 1 }, 0, (size_t)len));
}

void local_tail_start(struct local_tail *t, const char *id, const char *version)
{
    add_fmt(t, "START RequestId: %s Version: %s\n", id, version);
}

void local_tail_end(struct local_tail *t, const char *id)
{
    add_fmt(t, "END RequestId: %s\n", id);
}

/* Milliseconds with two decimals, rounded half up, without a detour through floating point and locales. */
static void add_ms(struct local_tail *t, const char *label, int64_t us)
{
    const int64_t hundredths = (us + 5) / 10;
    add_fmt(t, "%s: %" PRId64 ".%02d ms\t", label, hundredths / 100, (int)(hundredths % 100));
}

static int64_t round_up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit;
}

static void add_status(struct local_tail *t, const char *status, const char *error_type)
{
    add_fmt(t, "Status: %s", status);
    if (error_type)
        add_fmt(t, "\tError Type: %s", error_type);
}

void local_tail_report(struct local_tail *t, const struct local_report *r)
{
    const int64_t billed_us = r->duration_us + (r->init_us > 0 ? r->init_us : 0);
    add_fmt(t, "REPORT RequestId: %s\t", r->id);
    add_ms(t, "Duration", r->duration_us);
    add_fmt(t, "Billed Duration: %" PRId64 " ms\t", round_up(billed_us, 1000));
    add_fmt(t, "Memory Size: %d MB\t", r->memory_mb);
    add_fmt(t, "Max Memory Used: %" PRId64 " MB\t", round_up(r->peak_memory_bytes, 1 << 20));
    if (r->init_us >= 0)
        add_ms(t, "Init Duration", r->init_us);
    if (r->status) {
        add_status(t, r->status, r->error_type);
        add_fmt(t, "\t");
    }
    add_fmt(t, "\n");
}

void local_tail_init_report(struct local_tail *t, int64_t duration_us, const char *phase, const char *status,
                            const char *error_type)
{
    add_fmt(t, "INIT_REPORT ");
    add_ms(t, "Init Duration", duration_us);
    add_fmt(t, "Phase: %s\t", phase);
    add_status(t, status, error_type);
    add_fmt(t, "\n");
}
