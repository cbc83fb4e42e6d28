/* stream_events.h - what a call's answer is as an event stream (our spec, section 1.6).  Pure. */
#ifndef LOCAL_STREAM_EVENTS_H
#define LOCAL_STREAM_EVENTS_H

#include "local/call.h"

/* Appends `bytes` as PayloadChunk events, as many as it takes; none for no bytes. */
void local_put_chunks(struct jn_buf *out, jn_str bytes);

/* Appends what remains once the outcome is known: a response that was not streamed, as chunks, and InvokeComplete.
 * ErrorCode is the platform's type of failure, and "Unhandled" when the function reported one; ErrorDetails is the
 * document that a caller of Invoke would get. */
void local_put_stream_end(struct jn_buf *out, const struct local_call *c, bool wants_log);

/* Appends the exception that ends a stream whose call has no outcome, because the local Lambda stops. */
void local_put_stream_cancelled(struct jn_buf *out);

#endif
