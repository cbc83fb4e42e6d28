/* stream_events.c - a call's answer as events. */
#include "local/stream_events.h"

#include "base/crypto.h"
#include "lambda/eventstream_write.h"
#include "local/text.h"

enum { CHUNK_MAX = 65536 };     /* bytes of an event; the service's own are of about this size */

void local_put_chunks(struct jn_buf *out, jn_str bytes)
{
    for (size_t at = 0; at < bytes.len; at += CHUNK_MAX)
        lambda_stream_put_chunk(out, jn_str_sub(bytes, at, at + CHUNK_MAX < bytes.len ? at + CHUNK_MAX : bytes.len));
}

static void put_log(struct jn_buf *out, const struct local_tail *tail)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    local_tail_copy(tail, &text);
    jn_buf_append_z(out, "\"LogResult\":\"");
    base_base64_encode(out, jn_buf_str(&text));
    jn_buf_append_char(out, '"');
    if (text.failed && !out->failed)
        out->failed = text.failed;
    jn_buf_clear(&text);
}

static void put_document(struct jn_buf *out, const struct local_call *c, bool wants_log)
{
    const char *type = local_failure_type(c->failure);
    jn_buf_append_char(out, '{');
    if (c->failure) {
        jn_buf_append_fmt(out, "\"ErrorCode\":\"%s\",\"ErrorDetails\":", type ? type : "Unhandled");
        local_put_json_string(out, jn_buf_str(&c->payload));
    }
    if (c->failure && wants_log)
        jn_buf_append_char(out, ',');
    if (wants_log)
        put_log(out, &c->tail);
    jn_buf_append_char(out, '}');
}

void local_put_stream_end(struct jn_buf *out, const struct local_call *c, bool wants_log)
{
    struct jn_buf document;
    jn_buf_init(&document, 0);
    put_document(&document, c, wants_log);
    if (!c->failure)
        local_put_chunks(out, jn_buf_str(&c->payload));
    lambda_stream_put_complete(out, jn_buf_str(&document));
    if (!out->failed)
        out->failed = document.failed ? document.failed : c->payload.failed;
    jn_buf_clear(&document);
}

void local_put_stream_cancelled(struct jn_buf *out)
{
    lambda_stream_put_exception(out, JN_STR("ServiceException"),
                                JN_STR("{\"Type\":\"Service\",\"Message\":\"The local Lambda is stopping.\"}"));
}
