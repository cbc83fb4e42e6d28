/* amqp_frame.h - AMQP's framing (0-9-1, 4.2.3): cuts bytes into frames, and checks what must be checked before anyone
 * decodes them.  Bodies are handed out as they come, without a copy; other frames once they are whole. */
#ifndef SAILOR_AMQP_FRAME_H
#define SAILOR_AMQP_FRAME_H

#include "core/buf.h"

/*      0      1         3             7                  size + 7
 *      +------+---------+-------------+  +------------+  +-----------+
 *      | type | channel |     size    |  |  payload   |  | 0xCE      |
 *      +------+---------+-------------+  +------------+  +-----------+    */
enum {
    SAILOR_FRAME_METHOD = 1,
    SAILOR_FRAME_HEADER = 2,
    SAILOR_FRAME_BODY = 3,
    SAILOR_FRAME_HEARTBEAT = 8,

    SAILOR_FRAME_HEAD = 7,
    SAILOR_FRAME_OVERHEAD = 8,          /* head and end */
    SAILOR_FRAME_MIN = 4096,            /* what every peer must take */
    SAILOR_FRAME_USUAL = 131072,        /* what RabbitMQ offers */
    SAILOR_TABLE_DEPTH = 64,            /* tables in tables; those of real life have three */
};

struct sailor_frame_reader {
    size_t frame_max;
    unsigned char head[SAILOR_FRAME_HEAD];
    size_t head_len;
    size_t left;                        /* bytes of payload that have not come */
    struct jn_buf payload;              /* of a frame that is not a body */
};

struct sailor_frame {
    int type, channel;
    jn_str payload;                     /* of a body: the next piece */
    bool is_whole;                      /* a body's last piece, or any other frame */
};

void sailor_frame_reader_init(struct sailor_frame_reader *r);
void sailor_frame_reader_clear(struct sailor_frame_reader *r);

/* Takes bytes from the front of *data until there is a frame, or a piece of a body (*has_frame), or all are taken.  The
 * payload is valid until the next call; a body's points into *data.  JN_BAD_TEXT for what is no AMQP. */
enum jn_status sailor_frame_read(struct sailor_frame_reader *r, jn_str *data, struct sailor_frame *frame,
                                 bool *has_frame, struct jn_error *err);

/* Writes head and end around `size` bytes of payload, which are at out's end + SAILOR_FRAME_HEAD already; room was
 * reserved for the whole frame. */
void sailor_frame_finish(struct jn_buf *out, int type, int channel, size_t size);

/* Whether the field table at *at (4.2.5.5) is complete, of known types, and no deeper than SAILOR_TABLE_DEPTH: what the
 * library's decoder, which recurses, may be given.  Moves *at behind it. */
bool sailor_table_is_sane(jn_str s, size_t *at);

/* The same for the property list of a content header, which begins with its flags. */
bool sailor_properties_are_sane(jn_str s);

uint32_t sailor_get_uint(const char *from, int bytes);
void sailor_put_uint(char *to, int bytes, uint64_t value);

#endif
