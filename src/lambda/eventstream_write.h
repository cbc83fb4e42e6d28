/* eventstream_write.h - messages of the event stream that InvokeWithResponseStream answers with, encoded (our spec,
 * section 1.6).  Pure; compared with recorded streams, byte by byte.  eventstream.h is the other direction. */
#ifndef LAMBDA_EVENTSTREAM_WRITE_H
#define LAMBDA_EVENTSTREAM_WRITE_H

#include "core/buf.h"

/* Each appends one message; without memory the buffer has failed, and no part of a message is to be sent. */

/* Bytes of the answer, at most LAMBDA_STREAM_MAX_PAYLOAD of them. */
void lambda_stream_put_chunk(struct jn_buf *out, jn_str bytes);

/* The last message: `document` is a JSON object with ErrorCode, ErrorDetails and LogResult, each optional. */
void lambda_stream_put_complete(struct jn_buf *out, jn_str document);

/* Ends the stream, too: `code` is the service's ("ServiceException"), `document` its JSON error object. */
void lambda_stream_put_exception(struct jn_buf *out, jn_str code, jn_str document);

#endif
