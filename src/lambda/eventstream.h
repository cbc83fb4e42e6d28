/* eventstream.h - the event stream that InvokeWithResponseStream answers with, decoded as it arrives, in whatever
 * pieces (our spec, section 1.6).  Pure; compared with recorded streams, whole, byte by byte and in random pieces. */
#ifndef LAMBDA_EVENTSTREAM_H
#define LAMBDA_EVENTSTREAM_H

#include "core/buf.h"

enum {
    LAMBDA_STREAM_MAX_HEADERS = 131072,     /* bytes of a message's headers and of its payload: the ceilings of AWS's */
    LAMBDA_STREAM_MAX_PAYLOAD = 25165824,   /* clients */
};

enum lambda_stream_kind {
    LAMBDA_STREAM_CHUNK,        /* `payload`: bytes of the answer, maybe none */
    LAMBDA_STREAM_COMPLETE,     /* `payload`: the JSON of InvokeComplete; ends the stream */
    LAMBDA_STREAM_EXCEPTION,    /* `code`, and `payload`: a JSON error document; ends the stream */
    LAMBDA_STREAM_ERROR,        /* `code`, `message`; ends the stream */
    LAMBDA_STREAM_OTHER,        /* an event that means nothing here: `code` is its type */
};

/* Valid during the callback.  Texts that were not given are "". */
struct lambda_stream_event {
    enum lambda_stream_kind kind;
    jn_str code, message, payload;
};

/* False ends the decoding: neither the callback nor anything of the stream is touched any more, which may be gone. */
typedef bool lambda_stream_fn(const struct lambda_stream_event *e, void *arg);

struct lambda_stream {
    struct jn_buf pending;      /* the beginning of a message that is not whole yet */
    bool is_over;               /* an event that ends the stream was seen */
    bool is_broken;             /* feeding failed: nothing that follows can be understood */
};

void lambda_stream_init(struct lambda_stream *s);
void lambda_stream_clear(struct lambda_stream *s);

/* Ready for another stream.  The memory stays, unless it is large. */
void lambda_stream_reset(struct lambda_stream *s);

/* Decodes a piece; a message that lies whole in it is not copied.  JN_BAD_TEXT names what is broken: a checksum (the
 * prelude's before any length is believed), a length, a header; JN_CANCELLED: the callback said so.  What comes after
 * the end is ignored. */
enum jn_status lambda_stream_feed(struct lambda_stream *s, jn_str piece, lambda_stream_fn *fn, void *arg,
                                  struct jn_error *err);

/* The bytes have ended: JN_BAD_TEXT when a message was cut in the middle, or none ended the stream. */
enum jn_status lambda_stream_end(const struct lambda_stream *s, struct jn_error *err);

#endif
