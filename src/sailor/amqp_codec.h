/* amqp_codec.h - AMQP 0-9-1 frames: bytes in, events out; calls in, bytes out.  No socket, no clock, no state but that
 * of the frame being read.  amqp_codec.c alone includes rabbitmq-c, whose decoders and encoders of methods, properties
 * and tables it drives; its sockets and its waiting are not used, so that nothing here can block.
 *
 * Header tables are JSON objects: strings, numbers, booleans, null, objects, arrays.  A timestamp reads as a number, a
 * byte array as a string (repaired to UTF-8).  Written are S, t, the smallest of b s I l, d, F, A, V
 * (platform-protocol.md, 3.3). */
#ifndef SAILOR_AMQP_CODEC_H
#define SAILOR_AMQP_CODEC_H

#include "core/buf.h"

/* {NULL, 0}, -1 and undefined: absent. */
struct sailor_properties {
    jn_str content_type, content_encoding, correlation_id, reply_to, expiration, message_id, type, user_id, app_id;
    int priority, delivery_mode;
    int64_t timestamp;
    jn_value headers;
};

/* All absent. */
struct sailor_properties sailor_properties_none(void);

/* What arrived.  Texts and headers are valid until the next sailor_codec_read() on the same codec; those of DELIVER,
 * RETURN and CONTENT until the next message begins. */
enum sailor_amqp_event_kind {
    SAILOR_AMQP_START,              /* text: mechanisms; code: whether connection.blocked and the like are offered */
    SAILOR_AMQP_TUNE,               /* channel_max, frame_max, heartbeat_s */
    SAILOR_AMQP_OPEN_OK,
    SAILOR_AMQP_CONNECTION_CLOSE,   /* code, text */
    SAILOR_AMQP_CONNECTION_CLOSE_OK,
    SAILOR_AMQP_BLOCKED,            /* text: why */
    SAILOR_AMQP_UNBLOCKED,
    SAILOR_AMQP_CHANNEL_OPEN_OK,
    SAILOR_AMQP_CHANNEL_CLOSE,      /* code, text */
    SAILOR_AMQP_CHANNEL_CLOSE_OK,
    SAILOR_AMQP_QOS_OK,
    SAILOR_AMQP_CONFIRM_OK,
    SAILOR_AMQP_CONSUME_OK,         /* text: consumer tag */
    SAILOR_AMQP_CANCEL,             /* by the broker: the queue is gone; text: consumer tag */
    SAILOR_AMQP_CANCEL_OK,
    SAILOR_AMQP_DELIVER,            /* tag, redelivered, text: consumer tag, exchange, routing_key; then CONTENT */
    SAILOR_AMQP_RETURN,             /* code, text, exchange, routing_key; then CONTENT */
    SAILOR_AMQP_ACK, SAILOR_AMQP_NACK,  /* tag, multiple */
    SAILOR_AMQP_CONTENT,            /* properties, body_size, is_last, is_malformed */
    SAILOR_AMQP_BODY,               /* text: the next piece of the body, perhaps empty; is_last */
    SAILOR_AMQP_HEARTBEAT,
    SAILOR_AMQP_OTHER,              /* a method that we know and do not use */
};

struct sailor_amqp_event {
    enum sailor_amqp_event_kind kind;
    int channel;
    int code;
    jn_str text, exchange, routing_key;
    uint64_t tag;
    bool redelivered, multiple;
    bool is_last;                   /* the message is whole */
    bool is_malformed;              /* the properties could not be read, or are nested too deep: all absent */
    uint64_t body_size;
    int64_t channel_max, frame_max, heartbeat_s;
    struct sailor_properties properties;
};

/* "basic.deliver" and the like, for traces. */
const char *sailor_amqp_event_name(enum sailor_amqp_event_kind kind);

struct sailor_codec;
enum jn_status sailor_codec_new(struct sailor_codec **out, struct jn_error *err);
void sailor_codec_free(struct sailor_codec *c);

/* Frames are not longer than this from now on (connection.tune); 131072 until then. */
void sailor_codec_set_frame_max(struct sailor_codec *c, int64_t bytes);

/* Takes bytes from the front of *data, until one event is complete (*has_event) or all are taken.  JN_BAD_TEXT for what
 * is no AMQP: the connection cannot go on. */
enum jn_status sailor_codec_read(struct sailor_codec *c, jn_str *data, struct sailor_amqp_event *event, bool *has_event,
                                 struct jn_error *err);

/* Each appends one method (and what belongs to it) to `out`.  Names are cut to AMQP's 255 bytes: no broker knows longer
 * ones. */
void sailor_put_protocol_header(struct jn_buf *out);
void sailor_put_start_ok(struct sailor_codec *c, jn_str user, jn_str password, jn_str connection_name,
                         struct jn_buf *out);
void sailor_put_tune_ok(struct sailor_codec *c, int64_t channel_max, int64_t frame_max, int64_t heartbeat_s,
                        struct jn_buf *out);
void sailor_put_open(struct sailor_codec *c, jn_str vhost, struct jn_buf *out);
void sailor_put_channel_open(struct sailor_codec *c, int channel, struct jn_buf *out);
void sailor_put_qos(struct sailor_codec *c, int channel, int prefetch, struct jn_buf *out);
void sailor_put_confirm_select(struct sailor_codec *c, int channel, struct jn_buf *out);
void sailor_put_consume(struct sailor_codec *c, int channel, jn_str queue, struct jn_buf *out);
void sailor_put_cancel(struct sailor_codec *c, int channel, jn_str consumer_tag, struct jn_buf *out);
void sailor_put_ack(struct sailor_codec *c, int channel, uint64_t tag, struct jn_buf *out);
void sailor_put_reject(struct sailor_codec *c, int channel, uint64_t tag, bool requeue, struct jn_buf *out);
void sailor_put_channel_close(struct sailor_codec *c, int channel, struct jn_buf *out);
void sailor_put_channel_close_ok(struct sailor_codec *c, int channel, struct jn_buf *out);
void sailor_put_connection_close(struct sailor_codec *c, struct jn_buf *out);
void sailor_put_connection_close_ok(struct sailor_codec *c, struct jn_buf *out);
void sailor_put_heartbeat(struct sailor_codec *c, struct jn_buf *out);

/* basic.publish, its header frame, its body in frames.  JN_LIMIT when a text is longer than AMQP allows (255 bytes for
 * names and properties other than headers), or headers do not fit a frame or are nested deeper than 64; then nothing is
 * appended.  Members of headers that are undefined or functions are left out. */
enum jn_status sailor_put_publish(struct sailor_codec *c, int channel, jn_str exchange, jn_str routing_key,
                                  bool mandatory, const struct sailor_properties *properties, jn_str body,
                                  struct jn_buf *out, struct jn_error *err);

#endif
