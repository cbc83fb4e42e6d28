/* eventstream.c - event stream messages out of pieces of bytes.
 *
 *   message := prelude, headers, payload, CRC-32 of all before it
 *   prelude := length of the message, length of the headers, CRC-32 of these two; 4 bytes each, the highest first
 *   header  := length of the name (1), name, type (1), value
 *
 * A message is decoded where it lies when a piece holds all of it; only what a piece ends in the middle of is kept.
 * That grows as bytes arrive, whatever length the prelude promises, and never beyond the ceilings. */
#include "lambda/eventstream.h"

#include "lambda/crc32.h"

enum {
    PRELUDE = 12,
    CHECKSUM = 4,
    OVERHEAD = PRELUDE + CHECKSUM,
    MAX_MESSAGE = OVERHEAD + LAMBDA_STREAM_MAX_HEADERS + LAMBDA_STREAM_MAX_PAYLOAD,
    WARM_BYTES = 1 << 16,               // more is not kept for the next stream
};

void lambda_stream_init(struct lambda_stream *s)
{
    *s = (struct lambda_stream){ 0 };
    jn_buf_init(&s->pending, MAX_MESSAGE);
}

void lambda_stream_clear(struct lambda_stream *s)
{
    jn_buf_clear(&s->pending);
    s->is_over = s->is_broken = false;
}

void lambda_stream_reset(struct lambda_stream *s)
{
    if (s->pending.failed || s->pending.cap > WARM_BYTES)
        jn_buf_clear(&s->pending);
    jn_buf_truncate(&s->pending, 0);
    s->is_over = s->is_broken = false;
}

/* ---- numbers ------------------------------------------------------------------------------------------------- */

static size_t get_uint16(const char *p)
{
    return (size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static uint32_t get_uint32(const char *p)
{
    return (uint32_t)get_uint16(p) << 16 | (uint32_t)get_uint16(p + 2);
}

/* ---- the prelude --------------------------------------------------------------------------------------------- */

/* Whether the lengths can be believed. */
static enum jn_status check_prelude(const char *p, struct jn_error *err)
{
    const uint32_t total = get_uint32(p), headers = get_uint32(p + 4);
    if (lambda_crc32((jn_str){ p, 8 }) != get_uint32(p + 8))
        return jn_fail(err, JN_BAD_TEXT, "the checksum of a message's prelude in the event stream is wrong");
    if (total < OVERHEAD || headers > total - OVERHEAD)
        return jn_fail(err, JN_BAD_TEXT, "a message of %u bytes with %u bytes of headers in the event stream: these "
                       "lengths contradict each other", (unsigned)total, (unsigned)headers);
    const uint32_t payload = total - OVERHEAD - headers;
    if (headers > LAMBDA_STREAM_MAX_HEADERS || payload > LAMBDA_STREAM_MAX_PAYLOAD)
        return jn_fail(err, JN_BAD_TEXT, "a message with %u bytes of headers and %u of payload in the event stream; at "
                       "most %d and %d are allowed", (unsigned)headers, (unsigned)payload, LAMBDA_STREAM_MAX_HEADERS,
                       LAMBDA_STREAM_MAX_PAYLOAD);
    return JN_OK;
}

/* ---- headers ------------------------------------------------------------------------------------------------- */

enum { TYPE_BYTES = 6, TYPE_STRING = 7 };

struct header {
    jn_str name, value;
    bool is_text;
};

/* The headers that say what a message is; {NULL, 0}: not given. */
struct labels {
    jn_str message_type, event_type, exception_type, error_code, error_message;
};

/* Bytes of a value; SIZE_MAX when the type is unknown or nothing is left to tell. */
static size_t value_length(int type, jn_str rest)
{
    static const unsigned char fixed[] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };
    if (type == TYPE_BYTES || type == TYPE_STRING)
        return rest.len < 2 ? SIZE_MAX : 2 + get_uint16(rest.data);
    return type < (int)sizeof fixed ? fixed[type] : SIZE_MAX;
}

/* Takes a header from the front of `block`; false when what is there is none. */
static bool take_header(jn_str *block, struct header *out)
{
    const size_t name_len = (unsigned char)block->data[0];
    if (name_len == 0 || block->len < 1 + name_len + 1)
        return false;
    const int type = (unsigned char)block->data[1 + name_len];
    const jn_str rest = jn_str_sub(*block, 1 + name_len + 1, block->len);
    const size_t value_len = value_length(type, rest);
    if (value_len > rest.len)
        return false;
    out->name = jn_str_sub(*block, 1, 1 + name_len);
    out->is_text = type == TYPE_STRING;
    out->value = jn_str_sub(rest, out->is_text ? 2 : 0, value_len);
    *block = jn_str_sub(rest, value_len, rest.len);
    return true;
}

/* Where the value of a header called `name` belongs; NULL: nowhere. */
static jn_str *label_called(struct labels *l, jn_str name)
{
    const struct {
        jn_str name;
        jn_str *label;
    } known[] = {
        { JN_STR(":message-type"), &l->message_type },   { JN_STR(":event-type"), &l->event_type },
        { JN_STR(":exception-type"), &l->exception_type }, { JN_STR(":error-code"), &l->error_code },
        { JN_STR(":error-message"), &l->error_message },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (jn_str_eq(name, known[i].name))
            return known[i].label;
    }
    return NULL;
}

static enum jn_status read_headers(jn_str block, struct labels *out, struct jn_error *err)
{
    const size_t size = block.len;
    while (block.len) {
        const size_t at = size - block.len;
        struct header h;
        if (!take_header(&block, &h))
            return jn_fail(err, JN_BAD_TEXT, "byte %zu of a message's headers in the event stream begins no header",
                           at);
        jn_str *label = label_called(out, h.name);
        if (label && (!h.is_text || label->data))
            return jn_fail(err, JN_BAD_TEXT, "header \"%.*s\" of a message in the event stream is %s",
                           JN_ARG(h.name), h.is_text ? "there twice" : "no text");
        if (label)
            *label = h.value;
    }
    return JN_OK;
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static jn_str or_empty(jn_str s)
{
    return s.data ? s : JN_STR("");
}

static enum lambda_stream_kind kind_of_event(jn_str type)
{
    return jn_str_eq(type, JN_STR("PayloadChunk"))     ? LAMBDA_STREAM_CHUNK
           : jn_str_eq(type, JN_STR("InvokeComplete")) ? LAMBDA_STREAM_COMPLETE : LAMBDA_STREAM_OTHER;
}

/* What a message with these headers is. */
static enum jn_status make_event(const struct labels *l, jn_str payload, struct lambda_stream_event *out,
                                 struct jn_error *err)
{
    const jn_str type = or_empty(l->message_type);
    *out = (struct lambda_stream_event){ .code = JN_STR(""), .message = JN_STR(""), .payload = payload };
    if (jn_str_eq(type, JN_STR("event")) && l->event_type.data) {
        out->kind = kind_of_event(l->event_type);
        out->code = l->event_type;
    } else if (jn_str_eq(type, JN_STR("exception")) && l->exception_type.data) {
        out->kind = LAMBDA_STREAM_EXCEPTION;
        out->code = l->exception_type;
    } else if (jn_str_eq(type, JN_STR("error"))) {
        out->kind = LAMBDA_STREAM_ERROR;
        out->code = or_empty(l->error_code);
        out->message = or_empty(l->error_message);
    } else {
        return jn_fail(err, JN_BAD_TEXT, "a message of type \"%.*s\" in the event stream, where event, exception or "
                       "error was expected", JN_ARG(jn_str_sub(type, 0, 60)));
    }
    return JN_OK;
}

static enum jn_status decode(struct lambda_stream *s, jn_str message, lambda_stream_fn *fn, void *arg,
                             struct jn_error *err)
{
    const size_t checked = message.len - CHECKSUM, headers_end = PRELUDE + get_uint32(message.data + 4);
    if (lambda_crc32(jn_str_sub(message, 0, checked)) != get_uint32(message.data + checked))
        return jn_fail(err, JN_BAD_TEXT, "the checksum of a message in the event stream is wrong");
    struct labels labels = { 0 };
    struct lambda_stream_event e;
    enum jn_status status = read_headers(jn_str_sub(message, PRELUDE, headers_end), &labels, err);
    if (!status)
        status = make_event(&labels, jn_str_sub(message, headers_end, checked), &e, err);
    if (status)
        return status;
    s->is_over = e.kind == LAMBDA_STREAM_COMPLETE || e.kind == LAMBDA_STREAM_EXCEPTION || e.kind == LAMBDA_STREAM_ERROR;
    return fn(&e, arg) ? JN_OK : JN_CANCELLED;
}

/* ---- pieces -------------------------------------------------------------------------------------------------- */

/* Moves bytes from the front of `piece` until `pending` has `size` of them, or `piece` none. */
static enum jn_status fill_up(struct lambda_stream *s, jn_str *piece, size_t size, struct jn_error *err)
{
    const jn_str taken = jn_str_sub(*piece, 0, size - s->pending.len);
    *piece = jn_str_sub(*piece, taken.len, piece->len);
    jn_buf_append(&s->pending, taken);
    return s->pending.failed ? jn_fail(err, s->pending.failed, "no memory for a message of the event stream") : JN_OK;
}

/* The message that was begun: as much further as `piece` goes. */
static enum jn_status go_on(struct lambda_stream *s, jn_str *piece, lambda_stream_fn *fn, void *arg,
                            struct jn_error *err)
{
    enum jn_status status = JN_OK;
    if (s->pending.len < PRELUDE) {
        status = fill_up(s, piece, PRELUDE, err);
        if (!status && s->pending.len == PRELUDE)
            status = check_prelude(s->pending.data, err);
        if (status || s->pending.len < PRELUDE)
            return status;
    }
    const size_t size = get_uint32(s->pending.data);
    status = fill_up(s, piece, size, err);
    if (status || s->pending.len < size)
        return status;
    status = decode(s, jn_buf_str(&s->pending), fn, arg, err);
    if (status != JN_CANCELLED)
        jn_buf_truncate(&s->pending, 0);
    return status;
}

/* A message at the front of `piece`: decoded where it lies, when it is whole. */
static enum jn_status begin(struct lambda_stream *s, jn_str *piece, lambda_stream_fn *fn, void *arg,
                            struct jn_error *err)
{
    if (piece->len < PRELUDE)
        return go_on(s, piece, fn, arg, err);
    const enum jn_status status = check_prelude(piece->data, err);
    if (status)
        return status;
    const size_t size = get_uint32(piece->data);
    if (piece->len < size)
        return fill_up(s, piece, size, err);
    const jn_str message = jn_str_sub(*piece, 0, size);
    *piece = jn_str_sub(*piece, size, piece->len);
    return decode(s, message, fn, arg, err);
}

enum jn_status lambda_stream_feed(struct lambda_stream *s, jn_str piece, lambda_stream_fn *fn, void *arg,
                                  struct jn_error *err)
{
    enum jn_status status = s->is_broken ? jn_fail(err, JN_BAD_TEXT, "the event stream is broken") : JN_OK;
    while (!status && !s->is_over && piece.len)
        status = s->pending.len ? go_on(s, &piece, fn, arg, err) : begin(s, &piece, fn, arg, err);
    if (status && status != JN_CANCELLED)
        s->is_broken = true;
    return status;
}

enum jn_status lambda_stream_end(const struct lambda_stream *s, struct jn_error *err)
{
    if (s->is_broken)
        return jn_fail(err, JN_BAD_TEXT, "the event stream is broken");
    if (s->is_over)
        return JN_OK;
    if (s->pending.len)
        return jn_fail(err, JN_BAD_TEXT, "the event stream ended in the middle of a message");
    return jn_fail(err, JN_BAD_TEXT, "the event stream ended without InvokeComplete");
}
