/* messages.h - messages of an event stream, written plainly, for what is not among the recordings. */
#ifndef LAMBDA_TEST_MESSAGES_H
#define LAMBDA_TEST_MESSAGES_H

#include "core/buf.h"
#include "lambda/crc32.h"

static inline void put_uint32(struct jn_buf *out, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        jn_buf_append_char(out, (char)(n >> shift & 0xff));
}

static inline void put_header(struct jn_buf *out, jn_str name, jn_str text)
{
    jn_buf_append_char(out, (char)name.len);
    jn_buf_append(out, name);
    jn_buf_append_char(out, 7);
    jn_buf_append_char(out, (char)(text.len >> 8));
    jn_buf_append_char(out, (char)(text.len & 0xff));
    jn_buf_append(out, text);
}

/* A prelude with the right checksum, whatever it says. */
static inline void put_prelude(struct jn_buf *out, size_t total, size_t headers)
{
    const size_t at = out->len;
    put_uint32(out, total);
    put_uint32(out, headers);
    put_uint32(out, lambda_crc32(jn_str_sub(jn_buf_str(out), at, out->len)));
}

/* A message with these bytes as its headers. */
static inline void put_message(struct jn_buf *out, jn_str headers, jn_str payload)
{
    const size_t at = out->len;
    put_prelude(out, 16 + headers.len + payload.len, headers.len);
    jn_buf_append(out, headers);
    jn_buf_append(out, payload);
    put_uint32(out, lambda_crc32(jn_str_sub(jn_buf_str(out), at, out->len)));
}

/* A message of a type ("event"), with one header more (":event-type", "PayloadChunk"). */
static inline void put_typed(struct jn_buf *out, const char *type, const char *name, const char *value, jn_str payload)
{
    struct jn_buf headers;
    jn_buf_init(&headers, 0);
    put_header(&headers, JN_STR(":message-type"), jn_str_of(type));
    if (name)
        put_header(&headers, jn_str_of(name), jn_str_of(value));
    put_message(out, jn_buf_str(&headers), payload);
    jn_buf_clear(&headers);
}

static inline void put_event(struct jn_buf *out, const char *type, jn_str payload)
{
    put_typed(out, "event", ":event-type", type, payload);
}

#endif
