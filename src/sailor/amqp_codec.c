/* amqp_codec.c - methods, properties and tables, with rabbitmq-c's decoders and encoders; see amqp_codec.h.
 *
 * The library recurses into tables as deep as they are, and checks little; so it is given only what amqp_frame.c found
 * sane, only methods that a broker sends, and texts that fit.  Its pools are recycled when the memory in them is no
 * longer promised to anyone: what a connection needs stays the same however many messages pass.
 *
 * A message is three things in a row on its channel: a method that announces it, a content header, and bodies until
 * body_size is reached.  Only heartbeats and methods of channel 0 may come between them. */
#include "sailor/amqp_codec.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/utf8.h"
#include "sailor/amqp_frame.h"

enum {
    CHANNEL = 1,                        /* the only one that we open */
    CONNECTION_CLASS = 10,
    POOL_PAGE = 4096,
    SHORT_STRING = 255,
    HEADERS_MAX = 16 << 20,             /* what the headers of one message may take as values */
};

/* Memory of one thing that was decoded. */
struct part {
    struct jn_buf frame;
    amqp_pool_t pool;
};

struct sailor_codec {
    struct sailor_frame_reader reader;
    struct part method, announcement, header;
    struct jn_arena values;             /* the headers of the message */
    amqp_pool_t outgoing;
    bool wants_header;                  /* a message was announced */
    bool in_body;                       /* its header said that there is one, whose end was not seen yet */
    uint64_t body_left;
};

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void part_init(struct part *p)
{
    jn_buf_init(&p->frame, 0);
    init_amqp_pool(&p->pool, POOL_PAGE);
}

static void part_clear(struct part *p)
{
    jn_buf_clear(&p->frame);
    empty_amqp_pool(&p->pool);
}

/* Takes over the reader's frame, and gives it the memory of the one before. */
static jn_str part_take(struct part *p, struct sailor_frame_reader *r)
{
    const struct jn_buf old = p->frame;
    p->frame = r->payload;
    r->payload = old;
    recycle_amqp_pool(&p->pool);
    return jn_buf_str(&p->frame);
}

enum jn_status sailor_codec_new(struct sailor_codec **out, struct jn_error *err)
{
    struct sailor_codec *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for AMQP frames");
    sailor_frame_reader_init(&c->reader);
    part_init(&c->method);
    part_init(&c->announcement);
    part_init(&c->header);
    jn_arena_init(&c->values, HEADERS_MAX);
    init_amqp_pool(&c->outgoing, POOL_PAGE);
    *out = c;
    return JN_OK;
}

void sailor_codec_free(struct sailor_codec *c)
{
    if (!c)
        return;
    sailor_frame_reader_clear(&c->reader);
    part_clear(&c->method);
    part_clear(&c->announcement);
    part_clear(&c->header);
    jn_arena_clear(&c->values);
    empty_amqp_pool(&c->outgoing);
    free(c);
}

void sailor_codec_set_frame_max(struct sailor_codec *c, int64_t bytes)
{
    c->reader.frame_max = bytes > SAILOR_FRAME_MIN ? (size_t)bytes : SAILOR_FRAME_MIN;
}

struct sailor_properties sailor_properties_none(void)
{
    return (struct sailor_properties){ .priority = -1, .delivery_mode = -1, .timestamp = -1 };
}

/* ---- values from tables -------------------------------------------------------------------------------------- */

static jn_str str_of(amqp_bytes_t b)
{
    return (jn_str){ b.bytes ? b.bytes : "", b.len };
}

static jn_value string_from(struct jn_arena *a, amqp_bytes_t b)
{
    return jn_make_string(jn_utf8_repair(a, str_of(b)));
}

static jn_value object_from(struct jn_arena *a, const amqp_table_t *table);
static jn_value array_from(struct jn_arena *a, const amqp_array_t *array);

static double decimal_from(const amqp_decimal_t *d)
{
    return (double)(int32_t)d->value / pow(10, d->decimals);
}

static jn_value value_from(struct jn_arena *a, const amqp_field_value_t *f)
{
    switch (f->kind) {
    case AMQP_FIELD_KIND_BOOLEAN:   return jn_make_boolean(f->value.boolean != 0);
    case AMQP_FIELD_KIND_I8:        return jn_make_number(f->value.i8);
    case AMQP_FIELD_KIND_U8:        return jn_make_number(f->value.u8);
    case AMQP_FIELD_KIND_I16:       return jn_make_number(f->value.i16);
    case AMQP_FIELD_KIND_U16:       return jn_make_number(f->value.u16);
    case AMQP_FIELD_KIND_I32:       return jn_make_number(f->value.i32);
    case AMQP_FIELD_KIND_U32:       return jn_make_number(f->value.u32);
    case AMQP_FIELD_KIND_I64:       return jn_make_number((double)f->value.i64);
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP: return jn_make_number((double)f->value.u64);
    case AMQP_FIELD_KIND_F32:       return jn_make_number(f->value.f32);
    case AMQP_FIELD_KIND_F64:       return jn_make_number(f->value.f64);
    case AMQP_FIELD_KIND_DECIMAL:   return jn_make_number(decimal_from(&f->value.decimal));
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:     return string_from(a, f->value.bytes);
    case AMQP_FIELD_KIND_ARRAY:     return array_from(a, &f->value.array);
    case AMQP_FIELD_KIND_TABLE:     return object_from(a, &f->value.table);
    default:                        return jn_make_null();
    }
}

static jn_value array_from(struct jn_arena *a, const amqp_array_t *array)
{
    const jn_value v = jn_make_array(a, (size_t)array->num_entries);
    for (int i = 0; i < array->num_entries && !jn_arena_failed(a); i++)
        jn_array_add(a, v, value_from(a, &array->entries[i]));
    return v;
}

static jn_value object_from(struct jn_arena *a, const amqp_table_t *table)
{
    const jn_value v = jn_make_object(a, (size_t)table->num_entries);
    for (int i = 0; i < table->num_entries && !jn_arena_failed(a); i++)
        jn_object_put(a, v, jn_utf8_repair(a, str_of(table->entries[i].key)), value_from(a, &table->entries[i].value));
    return v;
}

/* ---- methods in ---------------------------------------------------------------------------------------------- */

static const amqp_field_value_t *find_field(const amqp_table_t *table, const char *name)
{
    for (int i = 0; i < table->num_entries; i++)
        if (jn_str_eq(str_of(table->entries[i].key), jn_str_of(name)))
            return &table->entries[i].value;
    return NULL;
}

static void read_start(const void *method, struct sailor_amqp_event *e)
{
    const amqp_connection_start_t *m = method;
    const amqp_field_value_t *f = find_field(&m->server_properties, "capabilities");
    f = f && f->kind == AMQP_FIELD_KIND_TABLE ? find_field(&f->value.table, "connection.blocked") : NULL;
    e->code = f && f->kind == AMQP_FIELD_KIND_BOOLEAN && f->value.boolean;
    e->text = str_of(m->mechanisms);
}

static void read_tune(const void *method, struct sailor_amqp_event *e)
{
    const amqp_connection_tune_t *m = method;
    e->channel_max = m->channel_max;
    e->frame_max = m->frame_max;
    e->heartbeat_s = m->heartbeat;
}

static void read_connection_close(const void *method, struct sailor_amqp_event *e)
{
    const amqp_connection_close_t *m = method;
    e->code = m->reply_code;
    e->text = str_of(m->reply_text);
}

static void read_channel_close(const void *method, struct sailor_amqp_event *e)
{
    const amqp_channel_close_t *m = method;
    e->code = m->reply_code;
    e->text = str_of(m->reply_text);
}

static void read_blocked(const void *method, struct sailor_amqp_event *e)
{
    e->text = str_of(((const amqp_connection_blocked_t *)method)->reason);
}

static void read_consume_ok(const void *method, struct sailor_amqp_event *e)
{
    e->text = str_of(((const amqp_basic_consume_ok_t *)method)->consumer_tag);
}

static void read_cancel(const void *method, struct sailor_amqp_event *e)
{
    e->text = str_of(((const amqp_basic_cancel_t *)method)->consumer_tag);
}

static void read_cancel_ok(const void *method, struct sailor_amqp_event *e)
{
    e->text = str_of(((const amqp_basic_cancel_ok_t *)method)->consumer_tag);
}

static void read_deliver(const void *method, struct sailor_amqp_event *e)
{
    const amqp_basic_deliver_t *m = method;
    e->tag = m->delivery_tag;
    e->redelivered = m->redelivered != 0;
    e->text = str_of(m->consumer_tag);
    e->exchange = str_of(m->exchange);
    e->routing_key = str_of(m->routing_key);
}

static void read_return(const void *method, struct sailor_amqp_event *e)
{
    const amqp_basic_return_t *m = method;
    e->code = m->reply_code;
    e->text = str_of(m->reply_text);
    e->exchange = str_of(m->exchange);
    e->routing_key = str_of(m->routing_key);
}

static void read_ack(const void *method, struct sailor_amqp_event *e)
{
    const amqp_basic_ack_t *m = method;
    e->tag = m->delivery_tag;
    e->multiple = m->multiple != 0;
}

static void read_nack(const void *method, struct sailor_amqp_event *e)
{
    const amqp_basic_nack_t *m = method;
    e->tag = m->delivery_tag;
    e->multiple = m->multiple != 0;
}

/* Every method that a broker sends to one who consumes and publishes. */
struct method {
    amqp_method_number_t id;
    enum sailor_amqp_event_kind kind;
    void (*read)(const void *method, struct sailor_amqp_event *e);      /* NULL: it says nothing */
};

static const struct method methods[] = {
    { AMQP_CONNECTION_START_METHOD, SAILOR_AMQP_START, read_start },
    { AMQP_CONNECTION_TUNE_METHOD, SAILOR_AMQP_TUNE, read_tune },
    { AMQP_CONNECTION_OPEN_OK_METHOD, SAILOR_AMQP_OPEN_OK, NULL },
    { AMQP_CONNECTION_CLOSE_METHOD, SAILOR_AMQP_CONNECTION_CLOSE, read_connection_close },
    { AMQP_CONNECTION_CLOSE_OK_METHOD, SAILOR_AMQP_CONNECTION_CLOSE_OK, NULL },
    { AMQP_CONNECTION_BLOCKED_METHOD, SAILOR_AMQP_BLOCKED, read_blocked },
    { AMQP_CONNECTION_UNBLOCKED_METHOD, SAILOR_AMQP_UNBLOCKED, NULL },
    { AMQP_CHANNEL_OPEN_OK_METHOD, SAILOR_AMQP_CHANNEL_OPEN_OK, NULL },
    { AMQP_CHANNEL_CLOSE_METHOD, SAILOR_AMQP_CHANNEL_CLOSE, read_channel_close },
    { AMQP_CHANNEL_CLOSE_OK_METHOD, SAILOR_AMQP_CHANNEL_CLOSE_OK, NULL },
    { AMQP_BASIC_QOS_OK_METHOD, SAILOR_AMQP_QOS_OK, NULL },
    { AMQP_CONFIRM_SELECT_OK_METHOD, SAILOR_AMQP_CONFIRM_OK, NULL },
    { AMQP_BASIC_CONSUME_OK_METHOD, SAILOR_AMQP_CONSUME_OK, read_consume_ok },
    { AMQP_BASIC_CANCEL_METHOD, SAILOR_AMQP_CANCEL, read_cancel },
    { AMQP_BASIC_CANCEL_OK_METHOD, SAILOR_AMQP_CANCEL_OK, read_cancel_ok },
    { AMQP_BASIC_DELIVER_METHOD, SAILOR_AMQP_DELIVER, read_deliver },
    { AMQP_BASIC_RETURN_METHOD, SAILOR_AMQP_RETURN, read_return },
    { AMQP_BASIC_ACK_METHOD, SAILOR_AMQP_ACK, read_ack },
    { AMQP_BASIC_NACK_METHOD, SAILOR_AMQP_NACK, read_nack },
};

const char *sailor_amqp_event_name(enum sailor_amqp_event_kind kind)
{
    static const char *const names[] = {
        [SAILOR_AMQP_START] = "connection.start", [SAILOR_AMQP_TUNE] = "connection.tune",
        [SAILOR_AMQP_OPEN_OK] = "connection.open-ok", [SAILOR_AMQP_CONNECTION_CLOSE] = "connection.close",
        [SAILOR_AMQP_CONNECTION_CLOSE_OK] = "connection.close-ok", [SAILOR_AMQP_BLOCKED] = "connection.blocked",
        [SAILOR_AMQP_UNBLOCKED] = "connection.unblocked", [SAILOR_AMQP_CHANNEL_OPEN_OK] = "channel.open-ok",
        [SAILOR_AMQP_CHANNEL_CLOSE] = "channel.close", [SAILOR_AMQP_CHANNEL_CLOSE_OK] = "channel.close-ok",
        [SAILOR_AMQP_QOS_OK] = "basic.qos-ok", [SAILOR_AMQP_CONFIRM_OK] = "confirm.select-ok",
        [SAILOR_AMQP_CONSUME_OK] = "basic.consume-ok", [SAILOR_AMQP_CANCEL] = "basic.cancel",
        [SAILOR_AMQP_CANCEL_OK] = "basic.cancel-ok", [SAILOR_AMQP_DELIVER] = "basic.deliver",
        [SAILOR_AMQP_RETURN] = "basic.return", [SAILOR_AMQP_ACK] = "basic.ack", [SAILOR_AMQP_NACK] = "basic.nack",
        [SAILOR_AMQP_CONTENT] = "content header", [SAILOR_AMQP_BODY] = "body", [SAILOR_AMQP_HEARTBEAT] = "heartbeat",
        [SAILOR_AMQP_OTHER] = "another method",
    };
    return names[kind];
}

static const struct method *find_method(uint32_t id)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].id == id)
            return &methods[i];
    return NULL;
}

static bool has_sane_table(uint32_t id, jn_str arguments)
{
    size_t at = 2;                          // behind the version
    return id != AMQP_CONNECTION_START_METHOD || sailor_table_is_sane(arguments, &at);
}

static enum jn_status broken(int result, const char *what, struct jn_error *err)
{
    if (result == AMQP_STATUS_NO_MEMORY)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a frame of the broker");
    return jn_fail(err, JN_BAD_TEXT, "the broker sent a broken %s", what);
}

static enum jn_status on_method(struct sailor_codec *c, const struct sailor_frame *frame, struct sailor_amqp_event *e,
                                struct jn_error *err)
{
    if (frame->payload.len < 4)
        return broken(0, "method", err);
    if (frame->channel == CHANNEL && (c->wants_header || c->in_body))
        return jn_fail(err, JN_BAD_TEXT, "the broker sent a method in the middle of a message");

    const uint32_t id = sailor_get_uint(frame->payload.data, 4);
    const struct method *m = find_method(id);
    e->kind = m ? m->kind : SAILOR_AMQP_OTHER;
    if ((id >> 16 == CONNECTION_CLASS) != (frame->channel == 0))
        return jn_fail(err, JN_BAD_TEXT, "the broker sent %s on channel %d", sailor_amqp_event_name(e->kind),
                       frame->channel);
    const bool has_content = amqp_method_has_content(id);
    if (!m && has_content)
        return jn_fail(err, JN_BAD_TEXT, "the broker sent a message that nobody asked for");
    if (!m || !m->read)
        return JN_OK;

    c->wants_header |= has_content;
    struct part *part = has_content ? &c->announcement : &c->method;
    const jn_str payload = part_take(part, &c->reader), arguments = jn_str_sub(payload, 4, payload.len);
    void *decoded = NULL;
    int result = AMQP_STATUS_BAD_AMQP_DATA;
    if (has_sane_table(id, arguments))
        result = amqp_decode_method(id, &part->pool, (amqp_bytes_t){ arguments.len, (void *)arguments.data }, &decoded);
    if (result < 0)
        return broken(result, sailor_amqp_event_name(e->kind), err);
    m->read(decoded, e);
    return JN_OK;
}

/* ---- content in ---------------------------------------------------------------------------------------------- */

static void read_properties(const amqp_basic_properties_t *in, struct jn_arena *a, struct sailor_properties *out)
{
    const struct { amqp_flags_t flag; const amqp_bytes_t *from; jn_str *to; } texts[] = {
        { AMQP_BASIC_CONTENT_TYPE_FLAG, &in->content_type, &out->content_type },
        { AMQP_BASIC_CONTENT_ENCODING_FLAG, &in->content_encoding, &out->content_encoding },
        { AMQP_BASIC_CORRELATION_ID_FLAG, &in->correlation_id, &out->correlation_id },
        { AMQP_BASIC_REPLY_TO_FLAG, &in->reply_to, &out->reply_to },
        { AMQP_BASIC_EXPIRATION_FLAG, &in->expiration, &out->expiration },
        { AMQP_BASIC_MESSAGE_ID_FLAG, &in->message_id, &out->message_id },
        { AMQP_BASIC_TYPE_FLAG, &in->type, &out->type },
        { AMQP_BASIC_USER_ID_FLAG, &in->user_id, &out->user_id },
        { AMQP_BASIC_APP_ID_FLAG, &in->app_id, &out->app_id },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (in->_flags & texts[i].flag)
            *texts[i].to = str_of(*texts[i].from);
    if (in->_flags & AMQP_BASIC_PRIORITY_FLAG)
        out->priority = in->priority;
    if (in->_flags & AMQP_BASIC_DELIVERY_MODE_FLAG)
        out->delivery_mode = in->delivery_mode;
    if (in->_flags & AMQP_BASIC_TIMESTAMP_FLAG)
        out->timestamp = (int64_t)(in->timestamp & INT64_MAX);
    if (in->_flags & AMQP_BASIC_HEADERS_FLAG)
        out->headers = object_from(a, &in->headers);
}

/* Properties come from whoever published: when they are broken or nested too deep, the message is told to be
 * malformed, and the connection, which is sound, lives on. */
static enum jn_status decode_properties(struct sailor_codec *c, jn_str list, struct sailor_amqp_event *e,
                                        struct jn_error *err)
{
    void *decoded = NULL;
    int result = AMQP_STATUS_BAD_AMQP_DATA;
    e->properties = sailor_properties_none();
    jn_arena_reset(&c->values);
    if (sailor_properties_are_sane(list))
        result = amqp_decode_properties(AMQP_BASIC_CLASS, &c->header.pool,
                                        (amqp_bytes_t){ list.len, (void *)list.data }, &decoded);
    if (result == AMQP_STATUS_NO_MEMORY)
        return broken(result, "", err);
    if (result >= 0)
        read_properties(decoded, &c->values, &e->properties);
    if (jn_arena_failed(&c->values) == JN_NO_MEMORY)
        return broken(AMQP_STATUS_NO_MEMORY, "", err);
    e->is_malformed = result < 0 || jn_arena_failed(&c->values);
    if (e->is_malformed)
        e->properties = sailor_properties_none();
    return JN_OK;
}

/* content header := class(2) weight(2) body-size(8) properties */
static enum jn_status on_header(struct sailor_codec *c, struct sailor_amqp_event *e, struct jn_error *err)
{
    const jn_str payload = part_take(&c->header, &c->reader);
    if (!c->wants_header)
        return jn_fail(err, JN_BAD_TEXT, "the broker sent a content header that belongs to no message");
    if (payload.len < 12 || sailor_get_uint(payload.data, 2) != AMQP_BASIC_CLASS)
        return broken(0, "content header", err);
    c->wants_header = false;
    c->body_left = (uint64_t)sailor_get_uint(payload.data + 4, 4) << 32 | sailor_get_uint(payload.data + 8, 4);
    e->kind = SAILOR_AMQP_CONTENT;
    e->body_size = c->body_left;
    e->is_last = c->body_left == 0;
    c->in_body = !e->is_last;
    return decode_properties(c, jn_str_sub(payload, 12, payload.len), e, err);
}

/* The last piece counts as such once the frame's end has been seen. */
static enum jn_status on_body(struct sailor_codec *c, const struct sailor_frame *frame, struct sailor_amqp_event *e,
                              struct jn_error *err)
{
    if (!c->in_body || frame->payload.len > c->body_left)
        return jn_fail(err, JN_BAD_TEXT, "the broker sent more of a body than it announced");
    c->body_left -= frame->payload.len;
    e->kind = SAILOR_AMQP_BODY;
    e->text = frame->payload;
    e->is_last = c->body_left == 0 && frame->is_whole;
    c->in_body = !e->is_last;
    return JN_OK;
}

static enum jn_status on_frame(struct sailor_codec *c, const struct sailor_frame *frame, struct sailor_amqp_event *e,
                               struct jn_error *err)
{
    *e = (struct sailor_amqp_event){ .kind = SAILOR_AMQP_HEARTBEAT, .channel = frame->channel };
    const bool has_content = frame->type == SAILOR_FRAME_HEADER || frame->type == SAILOR_FRAME_BODY;
    if (frame->channel > CHANNEL || (has_content && frame->channel != CHANNEL))
        return jn_fail(err, JN_BAD_TEXT, "the broker sent a frame for channel %d, which is not open", frame->channel);
    switch (frame->type) {
    case SAILOR_FRAME_METHOD:
        return on_method(c, frame, e, err);
    case SAILOR_FRAME_HEADER:
        return on_header(c, e, err);
    case SAILOR_FRAME_BODY:
        return on_body(c, frame, e, err);
    default:
        return JN_OK;
    }
}

enum jn_status sailor_codec_read(struct sailor_codec *c, jn_str *data, struct sailor_amqp_event *event, bool *has_event,
                                 struct jn_error *err)
{
    struct sailor_frame frame;
    *has_event = false;
    const enum jn_status status = sailor_frame_read(&c->reader, data, &frame, has_event, err);
    return status || !*has_event ? status : on_frame(c, &frame, event, err);
}

/* ---- tables from values -------------------------------------------------------------------------------------- */

/* A table being built, and the bytes it takes at most. */
struct table_writer {
    amqp_pool_t *pool;
    size_t bytes;
    struct jn_error *err;
};

static amqp_bytes_t bytes_of(jn_str s)
{
    return (amqp_bytes_t){ s.len, (void *)s.data };
}

static enum jn_status write_table(struct table_writer *w, jn_value object, int depth, amqp_table_t *out);
static enum jn_status write_array(struct table_writer *w, jn_value array, int depth, amqp_array_t *out);

/* The smallest signed integer that holds it, else a double. */
static void write_number(struct table_writer *w, double d, amqp_field_value_t *out)
{
    w->bytes += 8;
    if (d != floor(d) || fabs(d) >= 0x1p63) {       // NaN and infinities are unequal or too large
        out->kind = AMQP_FIELD_KIND_F64;
        out->value.f64 = d;
        return;
    }
    const int64_t i = (int64_t)d;
    if (i == (int8_t)i) {
        out->kind = AMQP_FIELD_KIND_I8;
        out->value.i8 = (int8_t)i;
    } else if (i == (int16_t)i) {
        out->kind = AMQP_FIELD_KIND_I16;
        out->value.i16 = (int16_t)i;
    } else if (i == (int32_t)i) {
        out->kind = AMQP_FIELD_KIND_I32;
        out->value.i32 = (int32_t)i;
    } else {
        out->kind = AMQP_FIELD_KIND_I64;
        out->value.i64 = i;
    }
}

static enum jn_status write_value(struct table_writer *w, jn_value v, int depth, amqp_field_value_t *out)
{
    w->bytes += 1;
    switch (v.type) {
    case JN_BOOLEAN:
        w->bytes += 1;
        out->kind = AMQP_FIELD_KIND_BOOLEAN;
        out->value.boolean = jn_get_boolean(v);
        return JN_OK;
    case JN_NUMBER:
        write_number(w, jn_get_number(v), out);
        return JN_OK;
    case JN_STRING:
        out->kind = AMQP_FIELD_KIND_UTF8;
        out->value.bytes = bytes_of(jn_get_string(v));
        w->bytes += 4 + out->value.bytes.len;
        return JN_OK;
    case JN_ARRAY:
        out->kind = AMQP_FIELD_KIND_ARRAY;
        return write_array(w, v, depth - 1, &out->value.array);
    case JN_OBJECT:
        out->kind = AMQP_FIELD_KIND_TABLE;
        return write_table(w, v, depth - 1, &out->value.table);
    default:
        out->kind = AMQP_FIELD_KIND_VOID;
        return JN_OK;
    }
}

static void *entries_for(struct table_writer *w, size_t n, size_t size)
{
    w->bytes += 4;
    return n <= INT32_MAX / size ? amqp_pool_alloc(w->pool, n * size) : NULL;
}

static enum jn_status check_container(const struct table_writer *w, const void *entries, size_t n, int depth)
{
    if (depth == 0)
        return jn_fail(w->err, JN_LIMIT, "headers of a message are nested deeper than %d", SAILOR_TABLE_DEPTH);
    return n && !entries ? jn_fail(w->err, JN_NO_MEMORY, "no memory for the headers of a message") : JN_OK;
}

static bool is_written(jn_value v)
{
    return v.type != JN_UNDEFINED && v.type != JN_FUNCTION;
}

static enum jn_status write_array(struct table_writer *w, jn_value array, int depth, amqp_array_t *out)
{
    const size_t n = jn_length(array);
    *out = (amqp_array_t){ .entries = entries_for(w, n, sizeof *out->entries) };
    enum jn_status status = check_container(w, out->entries, n, depth);
    for (size_t i = 0; i < n && !status; i++) {
        const jn_value v = jn_at(array, i);
        if (is_written(v))
            status = write_value(w, v, depth, &out->entries[out->num_entries++]);
    }
    return status;
}

static enum jn_status write_table(struct table_writer *w, jn_value object, int depth, amqp_table_t *out)
{
    const size_t n = jn_length(object);
    *out = (amqp_table_t){ .entries = entries_for(w, n, sizeof *out->entries) };
    enum jn_status status = check_container(w, out->entries, n, depth);
    for (size_t i = 0; i < n && !status; i++) {
        const jn_str key = jn_key_at(object, i);
        const jn_value v = jn_at(object, i);
        if (!is_written(v))
            continue;
        if (key.len > SHORT_STRING)
            return jn_fail(w->err, JN_LIMIT, "the header name %.40s... is longer than AMQP's 255 bytes", key.data);
        w->bytes += 1 + key.len;
        assert(out->entries);               // check_container() has seen to it
        amqp_table_entry_t *entry = &out->entries[out->num_entries++];
        entry->key = bytes_of(key);
        status = write_value(w, v, depth, &entry->value);
    }
    return status;
}

/* ---- methods out --------------------------------------------------------------------------------------------- */

static amqp_bytes_t name_of(jn_str s)
{
    return bytes_of(jn_str_sub(s, 0, SHORT_STRING));
}

/* A method whose arguments take `room` bytes at most. */
static void put_method(struct jn_buf *out, int channel, uint32_t id, void *arguments, size_t room)
{
    char *to = jn_buf_reserve(out, SAILOR_FRAME_OVERHEAD + 4 + room);
    if (!to)
        return;
    sailor_put_uint(to + SAILOR_FRAME_HEAD, 4, id);
    const int n = amqp_encode_method(id, arguments, (amqp_bytes_t){ room, to + SAILOR_FRAME_HEAD + 4 });
    assert(n >= 0);                         // there is room for everything: texts were cut or measured
    sailor_frame_finish(out, SAILOR_FRAME_METHOD, channel, 4 + (size_t)n);
}

enum { FIXED = 64, NAME = SHORT_STRING + 1 };   /* room for the arguments of fixed length, and for a short string */

void sailor_put_protocol_header(struct jn_buf *out)
{
    jn_buf_append(out, (jn_str){ "AMQP\0\0\11\1", 8 });
}

static amqp_table_entry_t text_entry(const char *key, jn_str value)
{
    return (amqp_table_entry_t){ amqp_cstring_bytes(key),
                                 { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes_of(value) } };
}

static amqp_table_entry_t true_entry(const char *key)
{
    return (amqp_table_entry_t){ amqp_cstring_bytes(key), { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } };
}

/* SASL PLAIN (RFC 4616) without an identity to act for: NUL user NUL password. */
void sailor_put_start_ok(struct sailor_codec *c, jn_str user, jn_str password, jn_str connection_name,
                         struct jn_buf *out)
{
    (void)c;
    amqp_table_entry_t can[] = {
        true_entry("publisher_confirms"), true_entry("exchange_exchange_bindings"), true_entry("basic.nack"),
        true_entry("consumer_cancel_notify"), true_entry("connection.blocked"),
        true_entry("authentication_failure_close"),
    };
    amqp_table_entry_t properties[] = {
        text_entry("product", JN_STR("aws-lambda-component")), text_entry("version", JN_STR(ALC_VERSION)),
        text_entry("platform", JN_STR("C")), text_entry("connection_name", connection_name),
        { amqp_cstring_bytes("capabilities"),
          { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { sizeof can / sizeof *can, can } } },
    };
    struct jn_buf login;
    jn_buf_init(&login, 0);
    jn_buf_append_char(&login, '\0');
    jn_buf_append(&login, user);
    jn_buf_append_char(&login, '\0');
    jn_buf_append(&login, password);
    amqp_connection_start_ok_t m = {
        .client_properties = { sizeof properties / sizeof *properties, properties },
        .mechanism = amqp_cstring_bytes("PLAIN"), .response = bytes_of(jn_buf_str(&login)),
        .locale = amqp_cstring_bytes("en_US"),
    };
    put_method(out, 0, AMQP_CONNECTION_START_OK_METHOD, &m, 1024 + connection_name.len + login.len);
    jn_buf_wipe(&login);
}

void sailor_put_tune_ok(struct sailor_codec *c, int64_t channel_max, int64_t frame_max, int64_t heartbeat_s,
                        struct jn_buf *out)
{
    (void)c;
    amqp_connection_tune_ok_t m = { (uint16_t)channel_max, (uint32_t)frame_max, (uint16_t)heartbeat_s };
    put_method(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD, &m, FIXED);
}

void sailor_put_open(struct sailor_codec *c, jn_str vhost, struct jn_buf *out)
{
    (void)c;
    amqp_connection_open_t m = { .virtual_host = name_of(vhost) };
    put_method(out, 0, AMQP_CONNECTION_OPEN_METHOD, &m, FIXED + NAME);
}

void sailor_put_channel_open(struct sailor_codec *c, int channel, struct jn_buf *out)
{
    (void)c;
    amqp_channel_open_t m = { 0 };
    put_method(out, channel, AMQP_CHANNEL_OPEN_METHOD, &m, FIXED);
}

void sailor_put_qos(struct sailor_codec *c, int channel, int prefetch, struct jn_buf *out)
{
    (void)c;
    amqp_basic_qos_t m = { .prefetch_count = (uint16_t)(prefetch < UINT16_MAX ? prefetch : UINT16_MAX) };
    put_method(out, channel, AMQP_BASIC_QOS_METHOD, &m, FIXED);
}

void sailor_put_confirm_select(struct sailor_codec *c, int channel, struct jn_buf *out)
{
    (void)c;
    amqp_confirm_select_t m = { 0 };
    put_method(out, channel, AMQP_CONFIRM_SELECT_METHOD, &m, FIXED);
}

void sailor_put_consume(struct sailor_codec *c, int channel, jn_str queue, struct jn_buf *out)
{
    (void)c;
    amqp_basic_consume_t m = { .queue = name_of(queue) };
    put_method(out, channel, AMQP_BASIC_CONSUME_METHOD, &m, FIXED + NAME);
}

void sailor_put_cancel(struct sailor_codec *c, int channel, jn_str consumer_tag, struct jn_buf *out)
{
    (void)c;
    amqp_basic_cancel_t m = { .consumer_tag = name_of(consumer_tag) };
    put_method(out, channel, AMQP_BASIC_CANCEL_METHOD, &m, FIXED + NAME);
}

void sailor_put_ack(struct sailor_codec *c, int channel, uint64_t tag, struct jn_buf *out)
{
    (void)c;
    amqp_basic_ack_t m = { .delivery_tag = tag };
    put_method(out, channel, AMQP_BASIC_ACK_METHOD, &m, FIXED);
}

void sailor_put_reject(struct sailor_codec *c, int channel, uint64_t tag, bool requeue, struct jn_buf *out)
{
    (void)c;
    amqp_basic_reject_t m = { .delivery_tag = tag, .requeue = requeue };
    put_method(out, channel, AMQP_BASIC_REJECT_METHOD, &m, FIXED);
}

enum { REPLY_SUCCESS = 200 };

void sailor_put_channel_close(struct sailor_codec *c, int channel, struct jn_buf *out)
{
    (void)c;
    amqp_channel_close_t m = { .reply_code = REPLY_SUCCESS };
    put_method(out, channel, AMQP_CHANNEL_CLOSE_METHOD, &m, FIXED);
}

void sailor_put_channel_close_ok(struct sailor_codec *c, int channel, struct jn_buf *out)
{
    (void)c;
    amqp_channel_close_ok_t m = { 0 };
    put_method(out, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &m, FIXED);
}

void sailor_put_connection_close(struct sailor_codec *c, struct jn_buf *out)
{
    (void)c;
    amqp_connection_close_t m = { .reply_code = REPLY_SUCCESS };
    put_method(out, 0, AMQP_CONNECTION_CLOSE_METHOD, &m, FIXED);
}

void sailor_put_connection_close_ok(struct sailor_codec *c, struct jn_buf *out)
{
    (void)c;
    amqp_connection_close_ok_t m = { 0 };
    put_method(out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &m, FIXED);
}

void sailor_put_heartbeat(struct sailor_codec *c, struct jn_buf *out)
{
    (void)c;
    if (jn_buf_reserve(out, SAILOR_FRAME_OVERHEAD))
        sailor_frame_finish(out, SAILOR_FRAME_HEARTBEAT, 0, 0);
}

/* ---- messages out -------------------------------------------------------------------------------------------- */

static enum jn_status check_name(jn_str name, const char *what, struct jn_error *err)
{
    if (name.len <= SHORT_STRING)
        return JN_OK;
    return jn_fail(err, JN_LIMIT, "the %s %.40s... is longer than AMQP's 255 bytes", what, name.data);
}

/* The texts among the properties; absent ones have no data. */
static enum jn_status write_texts(const struct sailor_properties *in, amqp_basic_properties_t *out,
                                  struct jn_error *err)
{
    const struct { const char *name; jn_str from; amqp_flags_t flag; amqp_bytes_t *to; } texts[] = {
        { "content_type", in->content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, &out->content_type },
        { "content_encoding", in->content_encoding, AMQP_BASIC_CONTENT_ENCODING_FLAG, &out->content_encoding },
        { "correlation_id", in->correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG, &out->correlation_id },
        { "reply_to", in->reply_to, AMQP_BASIC_REPLY_TO_FLAG, &out->reply_to },
        { "expiration", in->expiration, AMQP_BASIC_EXPIRATION_FLAG, &out->expiration },
        { "message_id", in->message_id, AMQP_BASIC_MESSAGE_ID_FLAG, &out->message_id },
        { "type", in->type, AMQP_BASIC_TYPE_FLAG, &out->type },
        { "user_id", in->user_id, AMQP_BASIC_USER_ID_FLAG, &out->user_id },
        { "app_id", in->app_id, AMQP_BASIC_APP_ID_FLAG, &out->app_id },
    };
    enum jn_status status = JN_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !status; i++) {
        if (!texts[i].from.data)
            continue;
        status = check_name(texts[i].from, texts[i].name, err);
        out->_flags |= texts[i].flag;
        *texts[i].to = bytes_of(texts[i].from);
    }
    return status;
}

enum { TEXTS = 9 * NAME };

/* *room: bytes that the property list takes at most. */
static enum jn_status write_properties(struct sailor_codec *c, const struct sailor_properties *in,
                                       amqp_basic_properties_t *out, size_t *room, struct jn_error *err)
{
    *out = (amqp_basic_properties_t){ 0 };
    enum jn_status status = write_texts(in, out, err);
    if (in->priority >= 0) {
        out->_flags |= AMQP_BASIC_PRIORITY_FLAG;
        out->priority = (uint8_t)in->priority;
    }
    if (in->delivery_mode >= 0) {
        out->_flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
        out->delivery_mode = (uint8_t)in->delivery_mode;
    }
    if (in->timestamp >= 0) {
        out->_flags |= AMQP_BASIC_TIMESTAMP_FLAG;
        out->timestamp = (uint64_t)in->timestamp;
    }
    recycle_amqp_pool(&c->outgoing);
    struct table_writer w = { .pool = &c->outgoing, .err = err };
    if (!status && in->headers.type == JN_OBJECT) {
        out->_flags |= AMQP_BASIC_HEADERS_FLAG;
        status = write_table(&w, in->headers, SAILOR_TABLE_DEPTH, &out->headers);
    }
    *room = FIXED + TEXTS + w.bytes;
    return status;
}

/* The frame of the content header; JN_LIMIT when it is longer than was agreed upon, and then not appended. */
static enum jn_status put_content_header(struct sailor_codec *c, int channel, size_t body_size,
                                         amqp_basic_properties_t *properties, size_t room, struct jn_buf *out,
                                         struct jn_error *err)
{
    char *to = jn_buf_reserve(out, SAILOR_FRAME_OVERHEAD + 12 + room);
    if (!to)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a message to be published");
    to += SAILOR_FRAME_HEAD;
    sailor_put_uint(to, 4, (uint64_t)AMQP_BASIC_CLASS << 16);
    sailor_put_uint(to + 4, 8, body_size);
    const int n = amqp_encode_properties(AMQP_BASIC_CLASS, properties, (amqp_bytes_t){ room, to + 12 });
    assert(n >= 0);                         // measured by write_properties()
    const size_t size = 12 + (size_t)n, most = c->reader.frame_max - SAILOR_FRAME_OVERHEAD;
    if (size > most)
        return jn_fail(err, JN_LIMIT, "headers and properties of a message have %zu bytes, and the broker takes %zu",
                       size, most);
    sailor_frame_finish(out, SAILOR_FRAME_HEADER, channel, size);
    return JN_OK;
}

static void put_body(struct sailor_codec *c, int channel, jn_str body, struct jn_buf *out)
{
    const size_t most = c->reader.frame_max - SAILOR_FRAME_OVERHEAD;
    while (body.len) {
        const jn_str piece = jn_str_sub(body, 0, most);
        char *to = jn_buf_reserve(out, SAILOR_FRAME_OVERHEAD + piece.len);
        if (!to)
            return;
        memcpy(to + SAILOR_FRAME_HEAD, piece.data, piece.len);
        sailor_frame_finish(out, SAILOR_FRAME_BODY, channel, piece.len);
        body = jn_str_sub(body, piece.len, body.len);
    }
}

enum jn_status sailor_put_publish(struct sailor_codec *c, int channel, jn_str exchange, jn_str routing_key,
                                  bool mandatory, const struct sailor_properties *properties, jn_str body,
                                  struct jn_buf *out, struct jn_error *err)
{
    amqp_basic_properties_t p;
    size_t room;
    enum jn_status status = check_name(exchange, "exchange", err);
    if (!status)
        status = check_name(routing_key, "routing key", err);
    if (!status)
        status = write_properties(c, properties, &p, &room, err);
    if (status)
        return status;

    const size_t before = out->len, frames = body.len / (c->reader.frame_max - SAILOR_FRAME_OVERHEAD) + 3;
    const size_t names = exchange.len + routing_key.len;
    if (!jn_buf_reserve(out, body.len + frames * SAILOR_FRAME_OVERHEAD + FIXED + names + room))    // all of it at once
        return jn_fail(err, JN_NO_MEMORY, "no memory for a message to be published");
    amqp_basic_publish_t m = { .exchange = bytes_of(exchange), .routing_key = bytes_of(routing_key),
                               .mandatory = mandatory };
    put_method(out, channel, AMQP_BASIC_PUBLISH_METHOD, &m, FIXED / 2 + names);
    status = put_content_header(c, channel, body.len, &p, room, out, err);
    if (status)
        jn_buf_truncate(out, before);
    else
        put_body(c, channel, body, out);
    return status;
}
