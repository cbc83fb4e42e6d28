/* amqp_fuzz.c - a broker that says anything.  The first byte tells in which pieces the rest comes.
 * Claims: reading ends, in an event, a failure, or for want of bytes; the pieces do not matter; texts lie in readable
 * memory and headers are values that JSON can hold; what was read can be published again, and what is written is read
 * as the same. */
#include <assert.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "sailor/amqp_codec.h"
#include "sailor/amqp_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every octet is looked at, so that the sanitizers see it. */
static uint64_t touch(jn_str s)
{
    uint64_t sum = s.len;
    for (size_t i = 0; i < s.len; i++)
        sum = sum * 31 + (unsigned char)s.data[i];
    return sum;
}

static uint64_t touch_properties(const struct sailor_properties *p)
{
    const jn_str texts[] = { p->content_type, p->content_encoding, p->correlation_id, p->reply_to, p->expiration,
                             p->message_id, p->type, p->user_id, p->app_id };
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        sum = sum * 31 + touch(texts[i]);
    if (p->headers.type) {
        size_t len = 0;
        char *text = jn_write_text(p->headers, NULL, &len, NULL);
        assert(text && jn_utf8_invalid((jn_str){ text, len }) == len);
        sum = sum * 31 + touch((jn_str){ text, len });
        free(text);
    }
    return sum;
}

static const char announcement[] = "\1\0\1\0\0\0\21\0\74\0\74\0\0\0\0\0\0\0\0\1\0\0\0\0\316";

/* Publishes the content and reads it back as a delivery. */
static void check_round_trip(const struct sailor_properties *p)
{
    struct sailor_codec *c;
    struct jn_buf out, in;
    jn_buf_init(&out, 0);
    jn_buf_init(&in, 0);
    assert(sailor_codec_new(&c, NULL) == JN_OK);
    if (sailor_put_publish(c, 1, JN_STR(""), JN_STR(""), false, p, JN_STR(""), &out, NULL) == JN_OK) {
        struct sailor_amqp_event e;
        bool has_event;
        jn_buf_append(&in, (jn_str){ announcement, sizeof announcement - 1 });
        const size_t skip = SAILOR_FRAME_OVERHEAD + sailor_get_uint(out.data + 3, 4);
        jn_buf_append(&in, jn_str_sub(jn_buf_str(&out), skip, out.len));
        jn_str rest = jn_buf_str(&in);
        assert(sailor_codec_read(c, &rest, &e, &has_event, NULL) == JN_OK && has_event);
        assert(sailor_codec_read(c, &rest, &e, &has_event, NULL) == JN_OK && has_event);
        assert(e.kind == SAILOR_AMQP_CONTENT && !e.is_malformed && rest.len == 0);
        assert(touch_properties(&e.properties) == touch_properties(p));
    }
    sailor_codec_free(c);
    jn_buf_clear(&out);
    jn_buf_clear(&in);
}

static uint64_t touch_event(const struct sailor_amqp_event *e)
{
    uint64_t sum = (uint64_t)e->kind * 31 + (uint64_t)e->code;
    if (e->kind == SAILOR_AMQP_CONTENT) {
        sum += touch_properties(&e->properties);
        check_round_trip(&e->properties);
    }
    assert(sailor_amqp_event_name(e->kind));
    return sum * 31 + touch(e->text) + touch(e->exchange) + touch(e->routing_key);
}

/* A digest of all that is not a body, whose pieces differ, and of the bodies' bytes. */
static uint64_t read_in_pieces(jn_str data, size_t piece, enum jn_status *status)
{
    struct sailor_codec *c;
    uint64_t sum = 0, body = 0;
    *status = JN_OK;
    assert(sailor_codec_new(&c, NULL) == JN_OK);
    for (size_t i = 0; i < data.len && !*status; i += piece) {
        jn_str rest = jn_str_sub(data, i, i + piece);
        bool has_event = true;
        while (has_event && !*status) {
            struct sailor_amqp_event e;
            *status = sailor_codec_read(c, &rest, &e, &has_event, NULL);
            if (*status || !has_event)
                continue;
            if (e.kind == SAILOR_AMQP_BODY) {
                for (size_t k = 0; k < e.text.len; k++)
                    body = body * 31 + (unsigned char)e.text.data[k];
                body += e.is_last;
            } else {
                sum = sum * 31 + touch_event(&e);
            }
        }
        assert(*status || rest.len == 0);
    }
    sailor_codec_free(c);
    return *status ? sum : sum ^ body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const jn_str rest = { (const char *)data + 1, size - 1 };
    enum jn_status whole, parts;
    const uint64_t at_once = read_in_pieces(rest, rest.len + 1, &whole);
    const uint64_t in_pieces = read_in_pieces(rest, (size_t)data[0] + 1, &parts);
    assert(whole == parts && at_once == in_pieces);
    return 0;
}
