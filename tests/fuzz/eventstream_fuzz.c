/* eventstream_fuzz.c - bytes that a server might send as an event stream.  The first byte says in which pieces they
 * come.  Claims: in pieces or whole, the events are the same, and so is the end; an event lies in the bytes that were
 * fed or in memory of the decoder's that is bounded by what came; after the end nothing is called.
 *
 * Checksums would keep a fuzzer out, so those of the messages that lengths can be found for are put right first, unless
 * the first byte is odd. */
#include <assert.h>
#include <stdlib.h>

#include "core/buf.h"
#include "lambda/crc32.h"
#include "lambda/eventstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the events were: their number, and a checksum over all they say. */
struct seen {
    size_t events;
    uint32_t sum;
    bool is_over;
};

static void mix(struct seen *s, jn_str text)
{
    s->sum = (s->sum << 1 | s->sum >> 31) ^ lambda_crc32(text) ^ (uint32_t)text.len;
}

static bool on_event(const struct lambda_stream_event *e, void *arg)
{
    struct seen *s = arg;
    assert(!s->is_over);
    s->events++;
    s->sum += (uint32_t)e->kind;
    mix(s, e->code);
    mix(s, e->message);
    mix(s, e->payload);
    s->is_over = e->kind != LAMBDA_STREAM_CHUNK && e->kind != LAMBDA_STREAM_OTHER;
    return true;
}

static uint32_t get(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put(char *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(n >> (24 - 8 * i) & 0xff);
}

static void put_checksums_right(char *data, size_t size)
{
    for (size_t at = 0; size - at >= 16;) {
        const uint32_t total = get(data + at);
        put(data + at + 8, lambda_crc32((jn_str){ data + at, 8 }));
        if (total < 16 || total > size - at)
            return;
        put(data + at + total - 4, lambda_crc32((jn_str){ data + at, total - 4 }));
        at += total;
    }
}

/* Feeds in pieces of `each` bytes and ends. */
static enum jn_status play(jn_str bytes, size_t each, struct seen *out)
{
    struct lambda_stream s;
    enum jn_status status = JN_OK;
    lambda_stream_init(&s);
    for (size_t at = 0; !status && at < bytes.len; at += each) {
        status = lambda_stream_feed(&s, jn_str_sub(bytes, at, at + each), on_event, out, NULL);
        assert(s.pending.cap <= 64 + 2 * bytes.len);
    }
    if (!status)
        status = lambda_stream_end(&s, NULL);
    lambda_stream_clear(&s);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const size_t len = size - 1, each = 1 + data[0] / 2;
    char *bytes = malloc(len ? len : 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, len);
    if (data[0] % 2 == 0)
        put_checksums_right(bytes, len);
    struct seen whole = { 0 }, pieces = { 0 };
    const enum jn_status status = play((jn_str){ bytes, len }, len ? len : 1, &whole);
    assert(play((jn_str){ bytes, len }, each, &pieces) == status);
    assert(whole.events == pieces.events && whole.sum == pieces.sum && whole.is_over == pieces.is_over);
    free(bytes);
    return 0;
}
