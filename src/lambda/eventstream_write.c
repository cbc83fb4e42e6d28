/* eventstream_write.c - event stream messages into a buffer; eventstream.c has the layout.  The order of the headers,
 * which has no meaning, is that of the recordings. */
#include "lambda/eventstream_write.h"

#include "lambda/crc32.h"

enum { OVERHEAD = 16, TYPE_STRING = 7 };

static void put_uint16(struct jn_buf *out, size_t n)
{
    jn_buf_append_char(out, (char)(n >> 8 & 0xff));
    jn_buf_append_char(out, (char)(n & 0xff));
}

static void put_uint32(struct jn_buf *out, size_t n)
{
    put_uint16(out, n >> 16);
    put_uint16(out, n);
}

static void put_checksum(struct jn_buf *out, size_t from)
{
    put_uint32(out, lambda_crc32(jn_str_sub(jn_buf_str(out), from, out->len)));
}

struct header {
    jn_str name, value;
};

static void put_header(struct jn_buf *out, const struct header *h)
{
    jn_buf_append_char(out, (char)h->name.len);
    jn_buf_append(out, h->name);
    jn_buf_append_char(out, TYPE_STRING);
    put_uint16(out, h->value.len);
    jn_buf_append(out, h->value);
}

static size_t length_of(const struct header *headers, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += 1 + headers[i].name.len + 1 + 2 + headers[i].value.len;
    return length;
}

static void put_message(struct jn_buf *out, const struct header *headers, size_t count, jn_str payload)
{
    const size_t start = out->len, length = length_of(headers, count);
    jn_buf_reserve(out, OVERHEAD + length + payload.len);
    put_uint32(out, OVERHEAD + length + payload.len);
    put_uint32(out, length);
    put_checksum(out, start);
    for (size_t i = 0; i < count; i++)
        put_header(out, &headers[i]);
    jn_buf_append(out, payload);
    put_checksum(out, start);
}

static void put_typed(struct jn_buf *out, jn_str message_type, struct header kind, jn_str content_type, jn_str payload)
{
    const struct header headers[] = {
        kind, { JN_STR(":content-type"), content_type }, { JN_STR(":message-type"), message_type },
    };
    put_message(out, headers, sizeof headers / sizeof *headers, payload);
}

void lambda_stream_put_chunk(struct jn_buf *out, jn_str bytes)
{
    put_typed(out, JN_STR("event"), (struct header){ JN_STR(":event-type"), JN_STR("PayloadChunk") },
              JN_STR("application/octet-stream"), bytes);
}

void lambda_stream_put_complete(struct jn_buf *out, jn_str document)
{
    put_typed(out, JN_STR("event"), (struct header){ JN_STR(":event-type"), JN_STR("InvokeComplete") },
              JN_STR("application/json"), document);
}

void lambda_stream_put_exception(struct jn_buf *out, jn_str code, jn_str document)
{
    put_typed(out, JN_STR("exception"), (struct header){ JN_STR(":exception-type"), code },
              JN_STR("application/json"), document);
}
